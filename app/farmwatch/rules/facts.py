"""What the rules are told: frozen values, each as of the time when it was seen, never as of now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from farmwatch.aws.model import SessionRef

# Thousands of these are made with every pass. They can be in no circle, so the garbage collector need not go
# through them (``gc=False``).


class ActionFacts(Struct, frozen=True, gc=False):
    """What a session does now, as it was ``seen_at``.

    ``progress`` is per cent, unchanged since it was first seen at ``progress_since``; ``gaps`` are the
    seconds that passed between the changes before that. ``waits_since`` is when it was first seen waiting,
    and ``runs_before`` whether an action before it in the session runs, ``None`` where that is not known.
    ``line_at`` is when the newest line of the log was written, by what was read at ``line_seen_at``; both
    ``None`` where nobody reads the log. ``median`` is how long tasks of the step took, in seconds, of
    ``siblings`` that ended. ``on_worker`` is how many sessions run on its worker, 0 where that is not known;
    ``cpu`` is how busy the worker's processor was ``cpu_at`` (per cent; the time is told in the zone that it
    has), both ``None`` where its log does not say so, or nobody reads it.
    """

    action_id: str
    status: str
    seen_at: datetime
    started_at: datetime | None = None
    progress: float = 0.0
    progress_since: datetime | None = None
    gaps: tuple[float, ...] = ()
    waits_since: datetime | None = None
    runs_before: bool | None = None
    line_at: datetime | None = None
    line_seen_at: datetime | None = None
    median: float | None = None
    siblings: int = 0
    on_worker: int = 0
    cpu: float | None = None
    cpu_at: datetime | None = None


class SessionFacts(Struct, frozen=True, gc=False):
    """A session, as it was ``seen_at``: ``status`` and ``target`` are lifecycle statuses. ``ending_since`` is
    when it was first seen to have the target ENDED; ``failed_at`` when its first failed action ended.
    ``queue`` and ``job`` are names, empty before they are known; ``worker_id`` is that of its worker."""

    ref: SessionRef
    status: str
    seen_at: datetime
    queue: str = ""
    job: str = ""
    target: str | None = None
    is_over: bool = False
    ending_since: datetime | None = None
    log_error: str | None = None
    worker_log_error: str | None = None
    failed_at: datetime | None = None
    action: ActionFacts | None = None
    worker_id: str = ""

    @property
    def subject(self) -> str:
        """What a wrangler speaks of who calls it not stuck: the id of what it does, else its own."""
        return self.ref.session_id if self.action is None else self.action.action_id


class WorkerFacts(Struct, frozen=True, gc=False):
    """A worker as of ``seen_at``; ``status`` is empty where it is not known.

    ``failures`` has by the ids of steps when tasks of them failed on it, ``successes`` when each worker, by
    its id, succeeded last in one; ``steps`` are the names of steps, as far as they are known. ``quiet_since``
    has of each of its sessions that run since when it has neither log nor progress, ``None`` where that is
    not known, or not so; status and quiet are seen anew where ``is_new``. Interruptions are no failures.
    """

    worker_id: str
    status: str
    seen_at: datetime
    failures: Mapping[str, tuple[datetime, ...]] = {}
    successes: Mapping[str, Mapping[str, datetime]] = {}
    steps: Mapping[str, str] = {}
    quiet_since: tuple[datetime | None, ...] = ()
    is_new: bool = True

    @property
    def subject(self) -> str:
        """What findings are about."""
        return self.worker_id


class TaskFacts(Struct, frozen=True, gc=False):
    """A task that failed, as of ``seen_at``: when, by the ids of the workers that it failed on."""

    task_id: str
    seen_at: datetime
    failed_on: Mapping[str, datetime]

    @property
    def subject(self) -> str:
        """What findings are about."""
        return self.task_id
