"""What Deadline Cloud tells about a job, as a frozen, validated value; and what jobs it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from farmwatch.aws.cleaning import clean
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

ACTIVE_TASK_RUN_STATUSES = ("RUNNING", "ASSIGNED", "STARTING", "SCHEDULED", "INTERRUPTING")
"""Task run statuses in which a worker has, or is about to have, something to do for the job."""

TASK_RUN_STATUSES = (
    *ACTIVE_TASK_RUN_STATUSES,
    *("PENDING", "READY", "SUSPENDED", "CANCELED", "FAILED", "SUCCEEDED", "NOT_COMPATIBLE"),
)
"""All task run statuses that are known (service model)."""


class Job(Struct, frozen=True):
    """A job, as SearchJobs, ListJobs and GetJob tell it.

    SearchJobs promises no member at all, so only the id and the name are insisted on.
    ``task_counts`` has the task run statuses that occur, with the number of tasks in each.
    """

    job_id: str
    name: str
    lifecycle_status: str
    task_run_status: str
    task_counts: Mapping[str, int]
    priority: int | None
    created_at: datetime | None
    created_by: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    updated_by: str = ""
    target_task_run_status: str = ""
    lifecycle_message: str = ""
    task_retries: int | None = None
    max_failed_tasks: int | None = None
    max_retries_per_task: int | None = None
    max_workers: int | None = None
    source_job_id: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    queue_id: str | None = None
    """The queue that it is in, as SearchJobs tells it; ``None`` where a reply does not."""

    @property
    def key(self) -> str:
        """Its id, by which a list tells it from other jobs."""
        return self.job_id

    @property
    def tasks(self) -> int:
        """How many tasks the job has in all."""
        return sum(self.task_counts.values())

    @property
    def tasks_succeeded(self) -> int:
        """How many of its tasks are SUCCEEDED."""
        return self.task_counts.get("SUCCEEDED", 0)

    @property
    def tasks_failed(self) -> int:
        """How many of its tasks are FAILED."""
        return self.task_counts.get("FAILED", 0)

    @property
    def tasks_over(self) -> int:
        """Tasks that nothing more will happen to unless somebody asks: succeeded, failed, canceled."""
        return self.tasks_succeeded + self.tasks_failed + self.task_counts.get("CANCELED", 0)

    @property
    def is_active(self) -> bool:
        """Whether a worker has, or is about to have, something to do for it."""
        return self.task_run_status in ACTIVE_TASK_RUN_STATUSES

    @classmethod
    def from_reply(cls, reply: Reply) -> Job:
        """Of GetJob's reply, or a member of that of SearchJobs or ListJobs; raises `BadReply`. Statuses that
        no task is in (the service counts 0 for them) are left out."""
        counts = mapping(reply, "taskRunStatusCounts") or {}
        if not all(isinstance(value, int) and value >= 0 for value in counts.values()):
            raise BadReply("taskRunStatusCounts holds something that is not a count")
        return cls(
            job_id=id_of_kind(reply, "jobId", "job"),
            name=text(reply, "name"),
            lifecycle_status=optional_text(reply, "lifecycleStatus") or "",
            task_run_status=optional_text(reply, "taskRunStatus") or "",
            task_counts={clean(str(status)): count for status, count in counts.items() if count},
            priority=_optional_whole(reply, "priority"),
            created_at=optional_time(reply, "createdAt"),
            created_by=optional_text(reply, "createdBy") or "",
            started_at=optional_time(reply, "startedAt"),
            ended_at=optional_time(reply, "endedAt"),
            updated_at=optional_time(reply, "updatedAt"),
            updated_by=optional_text(reply, "updatedBy") or "",
            target_task_run_status=optional_text(reply, "targetTaskRunStatus") or "",
            lifecycle_message=optional_text(reply, "lifecycleStatusMessage") or "",
            task_retries=_optional_whole(reply, "taskFailureRetryCount"),
            max_failed_tasks=_optional_whole(reply, "maxFailedTasksCount"),
            max_retries_per_task=_optional_whole(reply, "maxRetriesPerTask"),
            max_workers=_optional_whole(reply, "maxWorkerCount"),
            source_job_id=optional_text(reply, "sourceJobId") or "",
            parameters=_job_parameters(reply),
            queue_id=None if reply.get("queueId") is None else id_of_kind(reply, "queueId", "queue"),
        )


def _optional_whole(reply: Reply, name: str) -> int | None:
    return None if reply.get(name) is None else whole(reply, name)


def _job_parameters(reply: Reply) -> dict[str, str]:
    """A job's parameters as text: each is a map of its type to its value. SearchJobs names the member
    ``jobParameters``, GetJob ``parameters``; values that are lists come as they are written there."""
    given = mapping(reply, "jobParameters") or mapping(reply, "parameters") or {}
    found = {}
    for name, typed in given.items():
        if not isinstance(typed, Mapping):
            raise BadReply("a job parameter is not a map of its type to its value")
        found[clean(str(name))] = clean(str(next(iter(typed.values()), "")))
    return found


class JobSearch(Struct, frozen=True):
    """Which jobs SearchJobs is to find, and in which order.

    ``text`` is looked for in what the service searches; unless ``plainly``, it is a status as well, or a part
    of one (``failed``), and jobs of ``users`` are found too. ``only`` keeps the jobs of these task run
    statuses, ``without`` those of all others. ``sort`` is the name of a field as SearchJobs knows it
    (CREATED_AT, NAME, PRIORITY...); ``limit`` the size of a page, 1 to 100. Up to nine ``other_queue_ids`` of
    the farm are searched as well.
    """

    farm_id: str
    queue_id: str
    text: str = ""
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    sort: str = "CREATED_AT"
    descending: bool = True
    users: tuple[str, ...] = ()
    plainly: bool = False
    limit: int = 100
    other_queue_ids: tuple[str, ...] = ()
