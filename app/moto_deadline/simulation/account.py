"""What an account holds: records named and formed as the service model names and forms them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Record = dict[str, Any]
Records = dict[str, Record]


TASK_RUN_STATUSES = (
    "PENDING",
    "READY",
    "ASSIGNED",
    "STARTING",
    "SCHEDULED",
    "INTERRUPTING",
    "RUNNING",
    "SUSPENDED",
    "CANCELED",
    "FAILED",
    "SUCCEEDED",
    "NOT_COMPATIBLE",
)
"""Every status of a task, in the order of the service model."""


def task_counts(**counts: int) -> dict[str, int]:
    """How many tasks are in each status: the service sends the zeros too."""
    return dict.fromkeys(TASK_RUN_STATUSES, 0) | counts


@dataclass(frozen=True, slots=True)
class SessionIds:
    """The four ids of a session."""

    farm_id: str
    queue_id: str
    job_id: str
    session_id: str


@dataclass
class Account:
    """Records by id, within the id of what they belong to."""

    farms: Records = field(default_factory=dict)
    queues: dict[str, Records] = field(default_factory=lambda: defaultdict(dict))
    environments: dict[str, Records] = field(default_factory=lambda: defaultdict(dict))
    fleets: dict[str, Records] = field(default_factory=lambda: defaultdict(dict))
    workers: dict[str, Records] = field(default_factory=lambda: defaultdict(dict))
    jobs: dict[str, Records] = field(default_factory=lambda: defaultdict(dict))
    steps: dict[str, Records] = field(default_factory=lambda: defaultdict(dict))
    tasks: dict[str, Records] = field(default_factory=lambda: defaultdict(dict))
    sessions: dict[str, Records] = field(default_factory=lambda: defaultdict(dict))
    actions: dict[str, Records] = field(default_factory=lambda: defaultdict(dict))
    tasks_by_status: dict[tuple[str, str], Records] | None = None
    """The tasks by the id of their queue and their run status, and by their own, those first that have had it
    the longest; kept where there are so many tasks that a search cannot go through all of them."""

    def note_task(self, task: Record, former: str | None) -> None:
        """A task is new (no former run status), or has got another one."""
        if self.tasks_by_status is None:
            return
        queue_id, task_id = task["queueId"], task["taskId"]
        if former is not None:
            self.tasks_by_status[queue_id, former].pop(task_id, None)
        self.tasks_by_status.setdefault((queue_id, task["runStatus"]), {})[task_id] = task

    def forget_job(self, queue_id: str, job_id: str) -> list[Record]:
        """Take a job and all that belongs to it out; its sessions are given back."""
        self.jobs[queue_id].pop(job_id, None)
        for step_id in self.steps.pop(job_id, {}):
            for task in self.tasks.pop(step_id, {}).values():
                if self.tasks_by_status is not None:
                    del self.tasks_by_status[queue_id, task["runStatus"]][task["taskId"]]
        sessions = list(self.sessions.pop(job_id, {}).values())
        for session in sessions:
            self.actions.pop(session["sessionId"], None)
        return sessions


def named(farm_id: str, display_name: str, at: datetime, by: str) -> Record:
    """The members that farms, queues and fleets share."""
    return {"farmId": farm_id, "displayName": display_name, "createdAt": at, "createdBy": by}


def log_configuration(group: str, stream: str, error: str | None = None) -> Record:
    """A log configuration as the worker agent makes it."""
    configuration: Record = {
        "logDriver": "awslogs",
        "options": {"logGroupName": group, "logStreamName": stream},
        "parameters": {"interval": "15"} if stream.startswith("worker-") else {},
    }
    if error is not None:
        configuration["error"] = error
    return configuration


def job_status(counts: dict[str, int]) -> str:
    """A job's task run status as it follows from those of its tasks."""
    for status in ("INTERRUPTING", "RUNNING", "STARTING", "SCHEDULED", "ASSIGNED", "READY", "PENDING"):
        if counts.get(status):
            return status
    for status in ("FAILED", "CANCELED", "SUSPENDED", "NOT_COMPATIBLE"):
        if counts.get(status):
            return status
    return "SUCCEEDED"
