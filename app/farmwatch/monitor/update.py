"""What the Monitor tells: which thing, what is known of it, and what was seen to change."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from farmwatch.aws.model import Fault, SessionRef, Who
from farmwatch.history.events import Event
from farmwatch.listings.connection_check import ConnectionObserved
from farmwatch.polling.freshness import Rhythm
from farmwatch.polling.schedule import LASTING
from farmwatch.sessions.actions import ActionsObserved
from farmwatch.sessions.error_log import LoggedError
from farmwatch.sessions.tracker import SessionObserved

if TYPE_CHECKING:
    from farmwatch.logs.cancellation import TargetStatus
    from farmwatch.logs.sources import Found
    from farmwatch.logs.tail import LogObserved


class LogRef(Struct, frozen=True):
    """Names a log of a session: ``lane`` 0 is the session's own, 1 its worker's."""

    session: SessionRef
    lane: int


class ListRef(Struct, frozen=True):
    """Names a list that somebody looks at. ``number`` tells apart two that look at the same."""

    connection: str
    key: str
    number: int


class NameRef(Struct, frozen=True):
    """Names the name of a farm, a queue or a job."""

    connection: str
    id: str


class IdentityRef(Struct, frozen=True):
    """Names as whom a connection asks."""

    connection: str


class ConnectionRef(Struct, frozen=True):
    """Names a connection, and whether it answers."""

    connection: str


class WallRef(Struct, frozen=True):
    """Names a connection's part of the wall."""

    connection: str


class RunningRef(Struct, frozen=True):
    """Names how many sessions ran over the last hours."""

    number: int


class WallLinesRef(Struct, frozen=True):
    """Names the newest lines of the logs of a connection's part of the wall."""

    connection: str


class WallMetricsRef(Struct, frozen=True):
    """Names how busy the workers of a connection's part of the wall are."""

    connection: str


class AlertsRef(Struct, frozen=True):
    """Names all alerts, of every connection."""


class HistoryRef(Struct, frozen=True):
    """Names a look at the history."""

    number: int


class RequestRef(Struct, frozen=True):
    """Names a request that changes something, by the token of its wish."""

    token: str


class SessionSnapshot(Struct, frozen=True):
    """All that is known about a session: its newest reply, its actions, their errors, how they are polled."""

    ref: SessionRef
    session: SessionObserved
    actions: ActionsObserved
    canceled: Mapping[str, tuple[TargetStatus, ...]]
    """What those above a canceled action have told of it, by its id, where somebody wants to know."""
    rhythm: Rhythm
    actions_rhythm: Rhythm

    @property
    def errors(self) -> tuple[LoggedError, ...]:
        """The errors of the session and of what is asked about its actions, newest first."""
        both = (*self.session.errors, *self.actions.errors)
        return tuple(sorted(both, key=lambda one: (one.last_at, one.first_at), reverse=True))

    @property
    def is_final(self) -> bool:
        """Whether nothing of it will change: it has ended, and its actions were seen to be over after that,
        or cannot be seen at all."""
        if not self.session.is_final:
            return False
        fault, seen_at = self.actions.fault, self.actions.seen_at
        if fault is not None:
            return fault.kind in LASTING
        ended_at = self.session.moments[-1].at if self.session.moments else self.session.seen_at
        was_seen = seen_at is not None and ended_at is not None and seen_at >= ended_at
        return was_seen and all(action.is_final for action in self.actions.actions)


class ConnectionSnapshot(Struct, frozen=True):
    """What is known of a connection: as whom it asks, and whether it answers."""

    name: str
    who: Who
    observed: ConnectionObserved
    rhythm: Rhythm

    @property
    def key(self) -> str:
        """Its name, by which a list tells it from others."""
        return self.name

    @property
    def seen_at(self) -> datetime | None:
        """When it last answered; ``None`` before that."""
        return self.observed.seen_at


class LogSnapshot(Struct, frozen=True):
    """What is known about a log: where it is, how far it is read, and how it is polled. ``log`` is ``None``
    where it is not asked for."""

    ref: LogRef
    found: Found
    log: LogObserved | None
    rhythm: Rhythm


class Snapshot(Struct, frozen=True):
    """What is known about a list, or of the history, and how it is polled."""

    observed: Any
    rhythm: Rhythm

    @property
    def seen_at(self) -> datetime | None:
        """When the newest good answer came; ``None`` where there is none."""
        return self.observed.seen_at  # type: ignore[no-any-return]

    @property
    def fault(self) -> Fault | None:
        """Why the newest look failed; ``None`` where it did not."""
        return self.observed.fault  # type: ignore[no-any-return]


class Update(Struct, frozen=True):
    """One thing that is watched, as it is known now. ``subject`` names it; ``snapshot`` is an immutable value
    of the kind that belongs to the subject; ``events`` were written down before anybody is told of them.

    ``connection`` is empty for what no connection tells, the history.
    """

    connection: str
    subject: Hashable
    snapshot: Any
    events: tuple[Event, ...] = ()
