"""Jobs of one step, and their tasks as sessions take them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from moto_deadline.simulation.account import Record, job_status, task_counts
from moto_deadline.simulation.world import World

OVER = ("SUCCEEDED", "FAILED", "CANCELED")
"""What a task that is over can be."""


@dataclass
class Run:
    """A job being run: its tasks wait to be taken by sessions."""

    world: World
    farm_id: str
    queue_id: str
    job: Record
    step: Record
    tasks: list[Record]
    waiting: deque[Record] = field(default_factory=deque)
    attachments: bool = False
    """Whether its files are downloaded before, and uploaded after each task."""
    is_awaited: bool = False
    """Whether a worker is about to take it up again."""

    def set_status(self, task: Record, status: str) -> None:
        """A task has got another status, and so perhaps its step and its job."""
        at = self.world.at
        for counted in (self.job, self.step):
            counts = counted["taskRunStatusCounts"]
            counts[task["runStatus"]] -= 1
            counts[status] += 1
            counted["taskRunStatus"] = job_status(counts)
            counted["updatedAt"] = at
            if status == "RUNNING":
                counted.setdefault("startedAt", at)
            if all(status in OVER for status, count in counts.items() if count):
                counted["endedAt"] = at
            else:
                counted.pop("endedAt", None)
        former, task["runStatus"] = task["runStatus"], status
        task["updatedAt"] = at
        self.world.account.note_task(task, former)
        if status == "RUNNING":
            task["startedAt"] = at
        elif status in OVER and "startedAt" in task:
            task["endedAt"] = at

    def cancel_waiting(self) -> None:
        """What has not run when the job is canceled never will."""
        for task in self.waiting:
            self.set_status(task, "CANCELED")
        self.waiting.clear()

    def give_back(self, task: Record) -> None:
        """A task that was not finished waits again, before the others."""
        self.set_status(task, "READY")
        self.waiting.appendleft(task)


def submit(
    world: World,
    farm_id: str,
    queue_id: str,
    name: str,
    *,
    frames: int,
    by: str,
    priority: int = 50,
    attachments: bool = False,
    job_id: str | None = None,
) -> Run:
    """Submit a job of so many frames, under a new id unless it is given one."""
    at = world.at
    job: Record = {
        "jobId": job_id or world.new_id("job"),
        "queueId": queue_id,
        "name": name,
        "lifecycleStatus": "CREATE_COMPLETE",
        "lifecycleStatusMessage": "Job creation completed successfully",
        "priority": priority,
        "createdAt": at,
        "createdBy": by,
        "maxFailedTasksCount": 20,
        "maxRetriesPerTask": 5,
        "taskFailureRetryCount": 0,
        "parameters": {"Frames": {"string": f"1-{frames}"}, "Scene": {"path": f"/mnt/shows/{name}.usd"}},
    }
    if attachments:
        manifest = {"rootPath": f"/mnt/shows/{name}", "rootPathFormat": "posix"}
        job["attachments"] = {"manifests": [manifest], "fileSystem": "COPIED"}
    # Newest first, as a list of jobs is wanted.
    world.account.jobs[queue_id] = {job["jobId"]: job, **world.account.jobs[queue_id]}
    job |= {"taskRunStatus": "READY", "taskRunStatusCounts": task_counts(READY=frames)}
    step_id = world.new_id("step") if job_id is None else world.id_of("step", job_id)
    step, tasks = make_tasks(job, step_id, at, frames, by)
    world.account.steps[job["jobId"]][step["stepId"]] = step
    world.account.tasks[step["stepId"]] = {task["taskId"]: task for task in tasks}
    for task in tasks:
        world.account.note_task(task, None)
    run = Run(world, farm_id, queue_id, job, step, tasks, deque(tasks), attachments)
    world.runs[job["jobId"]] = run
    return run


def make_tasks(job: Record, step_id: str, at: datetime, frames: int, by: str) -> tuple[Record, list[Record]]:
    """The one step of a job, and a task for each of its frames, all of them ready."""
    ids = {"queueId": job["queueId"], "jobId": job["jobId"], "stepId": step_id}
    step: Record = {
        **ids,
        "name": "Render",
        "lifecycleStatus": "CREATE_COMPLETE",
        "taskRunStatus": "READY",
        "taskRunStatusCounts": task_counts(READY=frames),
        "createdAt": at,
        "createdBy": by,
        "parameterSpace": {"parameters": [{"name": "Frame", "type": "INT"}]},
    }
    stem = step_id.removeprefix("step-")
    tasks: list[Record] = [
        {
            **ids,
            "taskId": f"task-{stem}-{number}",
            "createdAt": at,
            "createdBy": by,
            "runStatus": "READY",
            "failureRetryCount": 0,
            "parameters": {"Frame": {"int": str(number + 1)}},
        }
        for number in range(frames)
    ]
    return step, tasks
