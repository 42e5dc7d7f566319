"""What is known of everything that runs: immutable values, one for each connection."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from farmwatch.aws.model import Fault, Session, SessionRef
from farmwatch.aws.session_action import SessionAction
from farmwatch.aws.task import Task, Worker
from farmwatch.rules.finding import Finding, Severity, summary


class WallRow(Struct, frozen=True, gc=False):
    """A session. ``task`` and ``action`` are what it does now, or did last, as far as it is known;
    ``session`` is the newest good reply about it, received at ``seen_at``; ``job`` and ``user`` are the name
    of its job and who has submitted it, empty before they are known. ``median`` is how long tasks of the
    step that were seen to end took, of ``siblings`` of them. ``fault`` says that the newest reply was none.
    """

    ref: SessionRef
    task: Task | None = None
    action: SessionAction | None = None
    session: Session | None = None
    seen_at: datetime | None = None
    job: str = ""
    user: str = ""
    step: str = ""
    median: timedelta | None = None
    siblings: int = 0
    fault: Fault | None = None
    failed: int = 0
    """How many of its actions were seen to fail."""
    ended_at: datetime | None = None
    """When it was seen to have ended; ``None`` while it runs."""
    findings: tuple[Finding, ...] = ()
    """What the rules of trouble say of it, and of the worker and the task that it has, the worst first."""

    @property
    def key(self) -> str:
        """By what a list tells it from others: its connection and its id."""
        return f"{self.ref.connection} {self.ref.session_id}"

    @property
    def frame(self) -> str:
        """The task's parameters: the value where there is one of them, else names and values."""
        return _in_short({} if self.task is None else self.task.parameters)

    @property
    def worker_id(self) -> str:
        """The worker that it runs on, empty before that is known."""
        return "" if self.session is None else self.session.worker_id

    @property
    def instance_type(self) -> str:
        """The type of the worker's instance, empty where it is not known, or has none."""
        host = None if self.session is None else self.session.host
        return "" if host is None else host.instance_type or ""

    @property
    def status(self) -> str:
        """The lifecycle status, empty before it was seen."""
        return "" if self.session is None else self.session.lifecycle_status

    @property
    def subject(self) -> str:
        """What is called not stuck (`SessionFacts.subject`): the id of what it does, else its own."""
        return self.ref.session_id if self.action is None else self.action.action_id

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is found of it in few words, the worst first; not what was called not stuck."""
        return summary(self.findings)

    @property
    def severity(self) -> Severity | None:
        """That of its worst finding; ``None`` where it has none, or none that was not called not stuck."""
        return next((one.severity for one in self.findings if not one.is_contradicted), None)

    @property
    def is_troubled(self) -> bool:
        """Whether it is certain to be in trouble, or suspected to be; what is only slow is
        not, nor what is quiet and works."""
        return self.severity not in (None, Severity.SLOW, Severity.WORKING)

    def running_for(self, now: datetime) -> timedelta | None:
        """How long its action has run, or ran; ``None`` where none has begun."""
        if self.action is not None and self.action.started_at is not None:
            return self.action.duration(now)
        if self.task is None or self.task.started_at is None:
            return None
        return max((self.task.ended_at or now) - self.task.started_at, timedelta(0))

    def projected(self, now: datetime) -> timedelta | None:
        """How long the action will have taken in the end if it goes on as it did; ``None`` before it tells of
        progress."""
        lasted, action = self.running_for(now), self.action
        if lasted is None or action is None or not action.progress or action.is_final:
            return None
        return lasted * (100.0 / action.progress)


class LastLine(Struct, frozen=True, gc=False):
    """The newest line of a session's log, written ``at``, as it was read at ``seen_at``. Without ``at`` it
    has no line; ``text`` may then say why."""

    text: str
    at: datetime | None
    seen_at: datetime


class WorkerCpu(Struct, frozen=True):
    """How busy the processor of a worker was, in per cent, by its log, ``at`` a time in the zone in which
    it is told."""

    percent: float
    at: datetime


class LogLine(Struct, frozen=True, gc=False):
    """A line of a log, written ``at``; ``None`` for a time that no calendar has."""

    text: str
    at: datetime | None


class Failure(Struct, frozen=True, gc=False):
    """A task that failed (FAILED) or was interrupted (INTERRUPTED), once: one session action.

    ``worker_id`` and ``host`` are empty before its session is known.
    """

    ref: SessionRef
    action: SessionAction
    at: datetime
    job: str = ""
    user: str = ""
    step: str = ""
    worker_id: str = ""
    host: str = ""
    retries: int = 0
    findings: tuple[Finding, ...] = ()
    """What the rules of trouble say of its task."""

    @property
    def key(self) -> str:
        """By what a list tells it from others: its connection and the action's id."""
        return f"{self.ref.connection} {self.action.action_id}"

    @property
    def frame(self) -> str:
        """The task's parameters: the value where there is one of them, else names and values."""
        return _in_short(self.action.parameters)

    @property
    def is_interruption(self) -> bool:
        """Whether it was interrupted, which is no failure of its own."""
        return self.action.status == "INTERRUPTED"


class WallObserved(Struct, frozen=True):
    """All that is known of what runs on a connection, after its newest refresh, which ended at ``seen_at``.

    ``refreshed`` of the ``running`` sessions were seen by that refresh, which took ``calls`` requests; with
    so many the next one comes ``interval`` later. ``failures`` are those since ``since``, ``failed`` of them
    failures and ``interrupted`` interruptions; ``troubled`` of the rows have a finding that is serious;
    ``worker_findings`` are by the ids of workers. ``well`` has, by the ids of sessions and workers of which
    that was asked, by which rules all is well, and when it was seen. ``names`` are those of farms and queues
    by their ids, as far as they are known. ``denied`` has by its operation why a call is not made.
    ``from_sessions`` says that sessions are found by ListSessions alone, without tasks. ``fault`` says
    that the newest refresh ended by one.
    """

    connection: str
    rows: tuple[WallRow, ...] = ()
    failures: tuple[Failure, ...] = ()
    workers: Mapping[str, Worker] = {}
    worker_findings: Mapping[str, tuple[Finding, ...]] = {}
    well: Mapping[str, Mapping[str, datetime]] = {}
    names: Mapping[str, str] = {}
    since: datetime | None = None
    running: int = 0
    troubled: int = 0
    failed: int = 0
    interrupted: int = 0
    refreshed: int = 0
    calls: int = 0
    interval: timedelta = timedelta(0)
    is_stretched: bool = False
    from_sessions: bool = False
    denied: Mapping[str, Fault] = {}
    seen_at: datetime | None = None
    fault: Fault | None = None


def _in_short(parameters: Mapping[str, str]) -> str:
    if len(parameters) == 1:
        return next(iter(parameters.values()))
    return " ".join(f"{name}={value}" for name, value in parameters.items())
