"""What an alert is: frozen values, which are kept in the history as they are."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct

from farmwatch.aws.model import SessionRef
from farmwatch.rules.finding import Severity

CONNECTION_LOST = "connection lost"
"""The rule that nobody need judge: nothing can be asked."""

ASKED = "asked: "
"""How the rules begin by which somebody is told of what they asked for (`farmwatch.alerts.asked`)."""

LAST_STATES = 20
"""States, bad or good, by which it is told whether an alert is flapping."""


class State(StrEnum):
    """What has become of an alert; in the order in which a wrangler wants to see them."""

    FIRING = "firing"
    CANNOT_SEE = "cannot see"
    ACKNOWLEDGED = "acknowledged"
    PENDING = "pending"
    RESOLVED = "resolved"


class Subject(Struct, frozen=True):
    """What an alert is about: the ids that it has of a connection, farm, queue, job, session, task or worker,
    empty where it is about something greater; of what somebody asked for, the id of that too."""

    connection: str
    farm_id: str = ""
    queue_id: str = ""
    job_id: str = ""
    session_id: str = ""
    task_id: str = ""
    worker_id: str = ""
    asked: str = ""

    @property
    def ref(self) -> SessionRef | None:
        """The session that it is about; ``None`` where that is something else."""
        if not self.session_id:
            return None
        return SessionRef(self.connection, self.farm_id, self.queue_id, self.job_id, self.session_id)


def id_of(rule: str, subject: Subject) -> str:
    """The id of an alert: the same on every machine, and in every run of the program."""
    ids = (
        subject.connection,
        subject.farm_id,
        subject.queue_id,
        subject.job_id,
        subject.session_id,
        subject.task_id,
        subject.worker_id,
        *([subject.asked] if subject.asked else ()),
    )
    return sha256("\0".join((rule, *ids)).encode(errors="replace")).hexdigest()[:16]


class Found(Struct, frozen=True):
    """A trouble, as a pass over a connection has found it. ``name`` says in words what it is about;
    ``worker_id`` is the worker it is on; ``sessions`` are those that it covers. It is pending until ``needs``
    passes in a row have found it."""

    rule: str
    subject: Subject
    severity: Severity
    words: str
    evidence: str
    since: datetime
    name: str = ""
    worker_id: str = ""
    sessions: tuple[SessionRef, ...] = ()
    needs: int = 1

    @property
    def id(self) -> str:
        """That of its alert."""
        return id_of(self.rule, self.subject)


class Acknowledgement(Struct, frozen=True):
    """Somebody knows: who, since when, with which note, and how long that counts."""

    who: str
    at: datetime
    until: datetime
    note: str = ""


class Wish(Struct, frozen=True):
    """What somebody wants of an alert, said ``at``; the newest counts, whichever program it was said to."""

    at: datetime | None = None
    acknowledgement: Acknowledgement | None = None
    snoozed_until: datetime | None = None


class MuteKind(StrEnum):
    """Of what all alerts can be muted."""

    RULE = "rule"
    QUEUE = "queue"
    JOB = "job"


class Mute(Struct, frozen=True):
    """All alerts of a rule (by its name), a queue or a job (by their ids) are muted ``until``; ``at`` is when
    ``who`` said so. ``until`` is not after ``at`` where it was taken back."""

    kind: MuteKind
    value: str
    who: str
    at: datetime
    until: datetime

    @property
    def id(self) -> str:
        """What tells it from others."""
        return f"{self.kind.value} {self.value}"

    def covers(self, alert: Alert) -> bool:
        """Whether an alert is one of those."""
        match self.kind:
            case MuteKind.RULE:
                return alert.rule == self.value
            case MuteKind.QUEUE:
                return alert.subject.queue_id == self.value
            case MuteKind.JOB:
                return alert.subject.job_id == self.value


class Alert(Struct, frozen=True):
    """A trouble over time.

    ``since`` is when the trouble began, ``found_at`` when it was found first, ``fired_at`` when that was sure
    enough, ``resolved_at`` when it was over; ``unseen_since`` since when it cannot be seen, which resolves
    nothing. ``bad`` and ``good`` are the passes in a row that found it, or saw all well, the newest at
    ``well_at``. ``notified_at`` is when somebody was told last. ``muted_by`` is the id of the greater alert
    that it comes from, empty as a rule. ``states`` has the last ones, whether each was bad. ``was_known`` is
    the last acknowledgement that has ended, with the trouble or by its time.
    """

    id: str
    rule: str
    subject: Subject
    severity: Severity
    words: str
    evidence: str
    since: datetime
    found_at: datetime
    name: str = ""
    worker_id: str = ""
    sessions: tuple[SessionRef, ...] = ()
    needs: int = 1
    bad: int = 1
    good: int = 0
    well_at: datetime | None = None
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    unseen_since: datetime | None = None
    is_over: bool = False
    """Whether its session was seen to have ended."""
    notified_at: datetime | None = None
    muted_by: str = ""
    states: tuple[bool, ...] = (True,)
    is_flapping: bool = False
    flapping_told: bool = False
    wish: Wish = Wish()
    was_known: Acknowledgement | None = None

    @property
    def acknowledgement(self) -> Acknowledgement | None:
        """Who knows of it, as long as that counts."""
        return self.wish.acknowledgement

    @property
    def is_asked(self) -> bool:
        """Whether it is no trouble, but what somebody asked to be told of."""
        return self.rule.startswith(ASKED)

    @property
    def is_open(self) -> bool:
        """Whether it has fired, and is not resolved."""
        return self.fired_at is not None and self.resolved_at is None

    @property
    def state(self) -> State:
        """What has become of it."""
        if self.resolved_at is not None:
            return State.RESOLVED
        if self.fired_at is None:
            return State.PENDING
        if self.acknowledgement is not None:
            return State.ACKNOWLEDGED
        return State.FIRING if self.unseen_since is None else State.CANNOT_SEE

    def is_snoozed(self, now: datetime) -> bool:
        """Whether nobody is to be told of it for a while."""
        return self.wish.snoozed_until is not None and self.wish.snoozed_until > now


class NoticeKind(StrEnum):
    """What somebody is told."""

    FIRED = "fired"
    REPEATED = "still firing"
    RESOLVED = "resolved"
    FLAPPING = "flapping"


class Notice(Struct, frozen=True):
    """Something to be told: of one alert, or of several that have one cause, which ``cause`` then names."""

    kind: NoticeKind
    at: datetime
    alerts: tuple[Alert, ...]
    cause: str = ""


ACKNOWLEDGED_FOR = timedelta(hours=4)
"""How long an acknowledgement counts, at the most: nothing is silent for ever."""
