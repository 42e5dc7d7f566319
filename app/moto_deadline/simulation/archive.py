"""Thousands of jobs of the last months: only what a list shows is made, until one is looked into."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from moto_deadline.simulation.account import Record, job_status, task_counts
from moto_deadline.simulation.agent import open_session
from moto_deadline.simulation.jobs import Run, make_tasks
from moto_deadline.simulation.script import ENTERING, FAILS, GAP, WELL, session_play
from moto_deadline.simulation.world import World

ARCHIVED = 5000
"""Jobs of the archive's queue."""

_STEPS = 2
"""How often a frame of the archive reports."""


def fill_archive(world: World, farm_id: str, queue_id: str, users: Sequence[str]) -> None:
    """Thousands of jobs of the last months, of which only what a list shows is made."""
    chance = world.chance("archive")
    at = world.start - timedelta(minutes=30)
    jobs: dict[str, Record] = {}
    for number in range(ARCHIVED):
        at -= timedelta(minutes=chance.uniform(5, 50))
        frames = chance.randrange(2, 13)
        fate = chance.choices((WELL, FAILS, None), (92, 6, 2))[0]
        counts = {"SUCCEEDED": frames - 1, "FAILED": 1} if fate == FAILS else {"SUCCEEDED": frames}
        if fate is None:
            counts = {"CANCELED": frames}
        job: Record = {
            "jobId": world.new_id("job"),
            "queueId": queue_id,
            "name": f"dailies_sq{number // 40:03}_sh{number * 10 % 9999:04}_v{chance.randrange(1, 30):03}",
            "lifecycleStatus": "CREATE_COMPLETE",
            "lifecycleStatusMessage": "Job creation completed successfully",
            "priority": chance.choice((20, 50, 50, 80)),
            "createdAt": at,
            "createdBy": chance.choice(users),
            "taskRunStatusCounts": task_counts(**counts),
            "taskRunStatus": job_status(counts),
        }
        if fate is not None:
            started = at + timedelta(seconds=chance.uniform(10, 200))
            job |= {"startedAt": started, "endedAt": started + timedelta(minutes=frames)}
        jobs[job["jobId"]] = job
        world.archive[job["jobId"]] = (farm_id, fate or WELL)
    world.account.jobs[queue_id] = jobs


def _frames(job: Record) -> int:
    return sum(job["taskRunStatusCounts"].values())


def _pace(job: Record) -> float:
    """How many seconds each frame of a job took."""
    took: timedelta = job["endedAt"] - job["startedAt"]
    return max(10.0, took.total_seconds() / (_frames(job) + 1))


def outline(world: World, job: Record, fate: str) -> None:
    """The step and the tasks of a job of long ago as they have been, without their sessions: a search over
    tasks goes through thousands of jobs."""
    frames = _frames(job)
    step_id = world.id_of("step", job["jobId"])
    step, tasks = make_tasks(job, step_id, job["createdAt"], frames, job["createdBy"])
    step |= {
        "taskRunStatus": job["taskRunStatus"],
        "taskRunStatusCounts": dict(job["taskRunStatusCounts"]),
        "updatedAt": job.get("endedAt", job["createdAt"]),
    }
    step |= {name: job[name] for name in ("startedAt", "endedAt") if name in job}
    at: datetime | None = job.get("startedAt")
    if at is not None:
        at += timedelta(seconds=ENTERING)
    stem = world.id_of("session", job["jobId"]).removeprefix("session-")
    for number, task in enumerate(tasks):
        if at is None:
            task |= {"runStatus": "CANCELED", "updatedAt": job["createdAt"]}
            continue
        at += timedelta(seconds=GAP)
        failed = fate == FAILS and number == frames - 1
        task |= {"runStatus": "FAILED" if failed else "SUCCEEDED", "startedAt": at}
        for _ in range(_STEPS):
            at += timedelta(seconds=_pace(job) / _STEPS)
        # The first action of the session enters the environment.
        task |= {
            "endedAt": at,
            "updatedAt": at,
            "latestSessionActionId": f"sessionaction-{stem}-{number + 1}",
        }
    world.account.steps[job["jobId"]][step_id] = step
    world.account.tasks[step_id] = {task["taskId"]: task for task in tasks}


def write_out_archived(world: World, farm_id: str, job: Record, fate: str) -> None:
    """The session of a job of long ago, as it has been."""
    if "startedAt" not in job:
        return
    frames = _frames(job)
    # The session runs over copies: looking into a job changes nothing of what its lists have said.
    played: Record = {**job, "taskRunStatusCounts": task_counts(READY=frames)}
    step, tasks = make_tasks(
        played, world.id_of("step", job["jobId"]), job["createdAt"], frames, job["createdBy"]
    )
    run = Run(world, farm_id, job["queueId"], played, step, tasks, deque(tasks))
    fleets = list(world.account.fleets[farm_id])
    chance = world.chance(job["jobId"])
    worker = chance.choice(list(world.account.workers[chance.choice(fleets)].values()))
    here, world.at = world.at, job["startedAt"]
    session = open_session(run, worker, session_id=world.id_of("session", job["jobId"]))
    world.at = here
    play = session_play(run, session, worker, fate=fate, fate_at=frames - 1, pace=_pace(job), steps=_STEPS)
    world.play_out(play, job["startedAt"])
