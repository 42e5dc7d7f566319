"""What is handed over to whoever watches next, as values: what ran, failed, was interrupted and is in trouble
between two times, who knows of it, and what nobody saw."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from farmwatch.alerts.alert import Acknowledgement, Alert, Mute
from farmwatch.history.events import Event, EventKind, Watched

UNSEEN_AFTER = timedelta(minutes=5)
"""How long after somebody last looked at it a session is not told to run any more, but not to be seen."""


class JobRun(Struct, frozen=True):
    """What was seen of a job: its sessions, by what they were at the end, and its actions that ended.
    ``watched`` is one of its sessions, which has the names. A session that ended ``well`` had no failed and
    no interrupted action and no log error; of those ``unseen`` nobody knows whether they still run."""

    watched: Watched
    sessions: int = 0
    running: int = 0
    unseen: int = 0
    ended: int = 0
    well: int = 0
    succeeded: int = 0
    failed: int = 0
    interrupted: int = 0
    canceled: int = 0


class Cause(Struct, frozen=True):
    """Failures that are told as one: of one kind, with the same ``text`` (a log's error) or the same exit
    code in the same ``step`` of a job. ``example`` is the newest, ``watched`` its session; both times are the
    service's where it told one, else when it was seen."""

    kind: EventKind
    watched: Watched
    example: Event
    count: int
    first_at: datetime
    last_at: datetime
    sessions: int
    jobs: int
    workers: tuple[str, ...] = ()
    text: str = ""
    step: str = ""
    exit_code: int | None = None


class Interruptions(Struct, frozen=True):
    """Actions that were taken away from their workers."""

    count: int = 0
    jobs: int = 0
    workers: tuple[str, ...] = ()


class RequestsSent(Struct, frozen=True):
    """Requests of one person for the same thing of one job, with one outcome: ``wished`` has the operation
    and the status, ``outcome`` what came of it with why."""

    watched: Watched
    who: str
    wished: str
    outcome: str
    count: int
    first_at: datetime
    last_at: datetime
    example: str
    """The id of what the newest was about."""


class Gap(Struct, frozen=True):
    """From when to when nobody saw ``sessions`` of a connection, and why."""

    connection: str
    begin: datetime
    end: datetime
    sessions: int
    why: tuple[str, ...] = ()


class Digest(Struct, frozen=True):
    """All of it, for the time from ``since`` until ``until``, as it was read at ``now``.

    The alerts are as they were kept last: open, acknowledged, silenced (snoozed, or muted by a greater one),
    resolved in that time. ``looked_at`` is when somebody last looked at any session, ``None`` where nobody
    ever did in that time; ``watchers`` are all who saw something.
    """

    since: datetime
    until: datetime
    now: datetime
    jobs: tuple[JobRun, ...] = ()
    causes: tuple[Cause, ...] = ()
    interruptions: Interruptions = Interruptions()
    firing: tuple[Alert, ...] = ()
    acknowledged: tuple[Alert, ...] = ()
    silenced: tuple[Alert, ...] = ()
    resolved: tuple[Alert, ...] = ()
    asked: tuple[Alert, ...] = ()
    """What somebody asked to be told of and has happened: no trouble."""
    mutes: tuple[Mute, ...] = ()
    requests: tuple[RequestsSent, ...] = ()
    gaps: tuple[Gap, ...] = ()
    silences: tuple[tuple[datetime, datetime], ...] = ()
    """From when to when nothing was recorded: nobody watched, or nothing changed."""
    looked_at: datetime | None = None
    watchers: tuple[str, ...] = ()

    @property
    def is_behind(self) -> bool:
        """Whether nobody has looked for a while at the end of that time."""
        return self.looked_at is None or self.until - self.looked_at > UNSEEN_AFTER


def known_by(alert: Alert) -> Acknowledgement | None:
    """Who knows of it, or knew of it last."""
    return alert.acknowledgement or alert.was_known
