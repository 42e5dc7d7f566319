"""What Deadline Cloud tells about a task and a worker that it searches for, as frozen, validated values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.model import Host
from farmwatch.aws.reply import (
    BadReply,
    Reply,
    id_of_kind,
    mapping,
    optional_text,
    optional_time,
    text,
    whole,
)
from farmwatch.aws.session_action import parameters_of

RUNNING_TASKS = ("RUNNING", "INTERRUPTING", "STARTING", "SCHEDULED", "ASSIGNED")
"""Task run statuses in which a session has, or is about to have, something to do for the task."""


class TaskSearch(Struct, frozen=True):
    """Which tasks SearchTasks is to find: of 1 to 10 queues of a farm, of these task run statuses, and, where
    ``since`` is given, those whose ``since_field`` (ENDED_AT, UPDATED_AT) is not before it.

    The names of the fields are documented nowhere (inferred from the members' names), so the service may
    refuse a search by them.
    """

    farm_id: str
    queue_ids: tuple[str, ...]
    statuses: tuple[str, ...] = RUNNING_TASKS
    since: datetime | None = None
    since_field: str = "ENDED_AT"
    sort: str = "STARTED_AT"
    descending: bool = False


class Task(Struct, frozen=True, gc=False):
    """A task, as SearchTasks and GetTask tell it. ``action_id`` is its newest session action, whose session
    follows from it: both ids have the same 32 digits. What it is told to become, and who has changed it last,
    is read of GetTask alone: of the thousands that are searched for, nobody asks."""

    task_id: str
    step_id: str
    job_id: str
    queue_id: str
    run_status: str
    parameters: Mapping[str, str] = {}
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    retries: int = 0
    action_id: str | None = None
    target_run_status: str = ""
    updated_by: str = ""

    @property
    def session_id(self) -> str | None:
        """The session that took the task last; ``None`` where none has yet."""
        return None if self.action_id is None else session_of(self.action_id)

    @classmethod
    def from_reply(cls, reply: Reply) -> Task:
        """Of a member of SearchTasks' reply; raises `BadReply`."""
        action_id = optional_text(reply, "latestSessionActionId")
        if action_id is not None and not action_id.startswith("sessionaction-"):
            raise BadReply("latestSessionActionId is not the id of a session action")
        return cls(
            task_id=text(reply, "taskId"),
            step_id=id_of_kind(reply, "stepId", "step"),
            job_id=id_of_kind(reply, "jobId", "job"),
            queue_id=id_of_kind(reply, "queueId", "queue"),
            run_status=text(reply, "runStatus"),
            parameters=parameters_of(mapping(reply, "parameters") or {}),
            started_at=optional_time(reply, "startedAt"),
            ended_at=optional_time(reply, "endedAt"),
            updated_at=optional_time(reply, "updatedAt"),
            retries=whole(reply, "failureRetryCount", 0),
            action_id=action_id,
        )

    @classmethod
    def from_own_reply(cls, reply: Reply, ids: Mapping[str, str]) -> Task:
        """Of GetTask's reply, which has of all ids that of the task alone; raises `BadReply`."""
        return replace(
            cls.from_reply({**reply, **ids}),
            target_run_status=optional_text(reply, "targetRunStatus") or "",
            updated_by=optional_text(reply, "updatedBy") or "",
        )


class Step(Struct, frozen=True):
    """A step, as GetStep tells it: its name, what its tasks are to become, and who has changed it last."""

    name: str
    target_task_run_status: str = ""
    updated_at: datetime | None = None
    updated_by: str = ""

    @classmethod
    def from_reply(cls, reply: Reply) -> Step:
        """Of GetStep's reply; raises `BadReply`."""
        return cls(
            name=text(reply, "name"),
            target_task_run_status=optional_text(reply, "targetTaskRunStatus") or "",
            updated_at=optional_time(reply, "updatedAt"),
            updated_by=optional_text(reply, "updatedBy") or "",
        )


def session_of(action_id: str) -> str:
    """The id of the session that a session action belongs to, which stands in its own."""
    return f"session-{action_id.split('-')[1]}"


class WorkerSession(Struct, frozen=True):
    """A session of a worker, as ListSessionsForWorker tells it."""

    session_id: str
    queue_id: str
    job_id: str
    lifecycle_status: str
    ended_at: datetime | None = None

    @classmethod
    def from_reply(cls, reply: Reply) -> WorkerSession:
        """Of a member of ListSessionsForWorker's reply; raises `BadReply`."""
        return cls(
            session_id=id_of_kind(reply, "sessionId", "session"),
            queue_id=id_of_kind(reply, "queueId", "queue"),
            job_id=id_of_kind(reply, "jobId", "job"),
            lifecycle_status=text(reply, "lifecycleStatus"),
            ended_at=optional_time(reply, "endedAt"),
        )


class Worker(Struct, frozen=True, gc=False):
    """A worker, as SearchWorkers tells it."""

    worker_id: str
    fleet_id: str
    status: str
    host: Host | None = None

    @classmethod
    def from_reply(cls, reply: Reply) -> Worker:
        """Of a member of SearchWorkers' reply, whose ``hostProperties`` may be missing; raises `BadReply`."""
        host = mapping(reply, "hostProperties")
        return cls(
            worker_id=id_of_kind(reply, "workerId", "worker"),
            fleet_id=id_of_kind(reply, "fleetId", "fleet"),
            status=text(reply, "status"),
            host=None if host is None else Host.from_reply(host),
        )
