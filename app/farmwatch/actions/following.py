"""What comes of a request that was taken: the task or the job is looked at until it is what was wished."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from farmwatch.actions.wishes import CANCELED, READY, SUSPENDED, UpdateJob, UpdateTask
from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.job import Job
from farmwatch.aws.model import Fault
from farmwatch.aws.task import Task
from farmwatch.polling.schedule import LASTING

EVERY = timedelta(seconds=10)
"""How often it is looked at."""

FOLLOWED_FOR = timedelta(minutes=15)
"""After how long it is told that it is not what was wished."""

OVER = frozenset({"SUCCEEDED", "FAILED", "CANCELED", "NOT_COMPATIBLE"})
"""Task run statuses that only somebody's wish ends."""


class Came(StrEnum):
    """What came of a wish, after it was taken."""

    DONE = "DONE"
    OVER_BEFORE = "OVER BEFORE"
    """It ended by itself before it could be canceled or suspended."""
    FAILED = "UPDATE_FAILED"
    LATE = "NOT YET"
    UNSEEN = "NOT SEEN"
    """Nobody may look."""


class Became(Struct, frozen=True):
    """What came of a wish; ``status`` is the task run status that was seen last, or, where nobody may look,
    the code of the fault."""

    came: Came
    status: str

    def __str__(self) -> str:
        return f"{self.came}: {self.status}" if self.status else str(self.came)


class Following:
    """Looks at the task or the job of a wish until it is known what came of it."""

    def __init__(self, wish: UpdateTask | UpdateJob, taken_at: datetime) -> None:
        self._wish = wish
        self._until = taken_at + FOLLOWED_FOR
        self._first: Task | Job | None = None

    def look(self, api: DeadlineApi | Fault, now: datetime) -> Became | Fault | None:
        """Look once: what came of it; ``None`` while that is not known. A fault that does not last says
        nothing, unless it was followed for long enough. It blocks."""
        seen = api if isinstance(api, Fault) else self._ask(api)
        if isinstance(seen, Fault):
            is_over = now >= self._until or seen.kind in LASTING
            return Became(Came.UNSEEN, seen.code) if is_over else seen
        if self._first is None:
            self._first = seen
        # It was over, and by now is so anew: it has run meanwhile.
        ran = seen.ended_at not in (None, self._first.ended_at)
        if isinstance(seen, Task):
            came, status = of_task(self._wish.target, seen, ran=ran), seen.run_status
        else:
            came, status = of_job(self._wish.target, seen, ran=ran), seen.task_run_status
        came = Came.LATE if came is None and now >= self._until else came
        return None if came is None else Became(came, status)

    def _ask(self, api: DeadlineApi) -> Task | Job | Fault:
        wish = self._wish
        if isinstance(wish, UpdateTask):
            return api.task(wish.ref, wish.step_id, wish.task_id)
        return api.job(wish.farm_id, wish.queue_id, wish.job_id)


def of_task(target: str, task: Task, *, ran: bool) -> Came | None:
    """What came of the wish that a task is ``target``, by what it is now and whether it ``ran`` since;
    ``None`` while that is not known."""
    status = task.run_status
    if target == READY:
        return Came.DONE if ran or status not in (*OVER, SUSPENDED) else None
    if status == target:
        return Came.DONE
    return Came.OVER_BEFORE if status in OVER and target in (CANCELED, SUSPENDED) else None


def of_job(target: str, job: Job, *, ran: bool) -> Came | None:
    """The same of a job, by how many of its tasks are in which status."""
    statuses = set(job.task_counts) or {job.task_run_status}
    to_come = statuses - OVER - {SUSPENDED}
    if target == READY:
        is_done = ran or bool(to_come)
    else:
        is_done = not to_come and (target == SUSPENDED or SUSPENDED not in statuses)
    if is_done:
        return Came.DONE if target == READY or target in statuses else Came.OVER_BEFORE
    return Came.FAILED if job.lifecycle_status == "UPDATE_FAILED" else None
