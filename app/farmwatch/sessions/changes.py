"""From what is observed to what is written down: the values that are followed, and in what they differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from msgspec.structs import replace

from farmwatch.aws.fault_source import CONNECTION, MONITOR, Origin
from farmwatch.aws.model import Fault, Session, SessionRef
from farmwatch.aws.session_action import SessionAction
from farmwatch.history.events import LONGEST_VALUE, Event, EventKind, Past, Records, Watched
from farmwatch.sessions.error_log import LoggedError

SHORTEST_GAP = timedelta(seconds=30)
MISSED_POLLS = 3
"""Nobody looked for longer than both: then what happened meanwhile may have been missed."""

REPORTED_AFTER = timedelta(minutes=1)
"""How much later than it happened the end of an action may come to be known (workers report every 15 s)."""

NOT_WATCHED = "not watched"
"""Why nothing was seen, where no fault was the reason: paused, asleep, not started, another one looked at."""

SESSION_CALLS = frozenset({CONNECTION.subject, MONITOR.subject, "GetSession", "BatchGetSession"})
ACTION_CALLS = frozenset({"ListSessionActions", "GetSessionAction", "BatchGetSessionAction"})
"""The calls whose faults are written down with the session, and with its actions. What is no call's (there is
no connection, the monitor itself failed) is the session's."""

Key = tuple[EventKind, str]
Values = Mapping[Key, tuple[str, datetime | None]]
"""What something is, and since when by the service's own account, by kind and subject."""

Ends = Mapping[Key, tuple[SessionAction, str]]
"""The actions, each with the name of its step, of which it is kept how they ended."""

NO_ENDS: Ends = MappingProxyType({})


class Changes:
    """Writes down what changed between one observation and the next, beginning with what the history knows.

    ``calls`` are those whose faults belong to it.
    """

    __slots__ = ("_calls", "_known", "_past", "_records", "_ref")

    def __init__(self, ref: SessionRef, records: Records, calls: frozenset[str]) -> None:
        self._ref = ref
        self._records = records
        self._calls = calls
        self._known: dict[Key, str] = {}
        self._past: Past | None = None

    def open(self) -> Past | None:
        """The past, read the first time this is called; then ``None``."""
        if self._past is not None:
            return None
        return self.begin_with(self._records.past([self._ref])[self._ref])

    @property
    def is_open(self) -> bool:
        """Whether the past was read."""
        return self._past is not None

    def begin_with(self, past: Past) -> Past:
        """Take what the history knows, from whoever has read it together with others'."""
        self._past = past
        self._known = {key: value for key, value in past.values.items() if value is not None}
        return past

    def write(
        self,
        values: Values,
        *,
        may_end: frozenset[EventKind],
        after: datetime | None,
        at: datetime,
        watched: Watched,
        first: Sequence[Event] = (),
        ends: Ends = NO_ENDS,
    ) -> tuple[Event, ...]:
        """Write down in what ``values``, seen at ``at``, differ from the ones before; returns that when it is
        safe. What is of a kind in ``may_end`` and not among them is no more."""
        entries = [*first, *self.compare(values, may_end=may_end, after=after, at=at, ends=ends)]
        self._records.record(entries, [watched])
        return tuple(entries)

    def compare(
        self,
        values: Values,
        *,
        may_end: frozenset[EventKind],
        after: datetime | None,
        at: datetime,
        ends: Ends = NO_ENDS,
    ) -> list[Event]:
        """In what ``values`` differ from the ones before, for whoever writes it down together with others."""
        entries: list[Event] = []
        ended = [key for key in self._known if key[0] in may_end and self._is_own(key) and key not in values]
        entries += (
            Event(self._ref, *key, old=self._known.pop(key), new=None, at=at, after=after) for key in ended
        )
        for key, (text, service_at) in values.items():
            new, old = text[:LONGEST_VALUE] or "(empty)", self._known.get(key)
            if new != old:
                self._known[key] = new
                entry = Event(self._ref, *key, old=old, new=new, at=at, after=after, service_at=service_at)
                entries.append(with_end(entry, *ends[key]) if key in ends else entry)
        return entries

    def has_seen(self, key: Key) -> bool:
        """Whether it ever was among the values."""
        return key in self._known

    def _is_own(self, key: Key) -> bool:
        return key[0] is not EventKind.FAULT or key[1] in self._calls

    def faults(self, errors: Iterable[LoggedError]) -> dict[Key, tuple[str, datetime | None]]:
        """The calls that fail, out of everything that is wrong."""
        return {
            (EventKind.FAULT, one.source.subject): (f"{one.kind}: {one.code}", None)
            for one in errors
            if one.is_open and one.source.origin is not Origin.MEMBER and one.source.subject in self._calls
        }


class CallFaults:
    """Writes down the faults of one thing that is asked for, and their ends; ``what`` names it."""

    def __init__(self, ref: SessionRef, records: Records, what: str) -> None:
        self._ref = ref
        self._what = what
        self._changes = Changes(ref, records, frozenset({what}))
        self._last: str | None = None

    def note(self, fault: Fault | None, at: datetime) -> tuple[Event, ...]:
        """How it went; what is written down of it, nothing where it goes as before."""
        value = "" if fault is None else f"{fault.kind}: {fault.code}"
        if value == self._last:
            return ()
        self._last = value
        self._changes.open()
        values = {(EventKind.FAULT, self._what): (value, None)} if value else {}
        watched = Watched(self._ref)
        return self._changes.write(
            values, may_end=frozenset({EventKind.FAULT}), after=None, at=at, watched=watched
        )


def session_values(session: Session) -> dict[Key, tuple[str, datetime | None]]:
    """What is followed of a session."""
    status = session.lifecycle_status
    since = session.ended_at if session.is_final else session.updated_at or session.started_at
    values: dict[Key, tuple[str, datetime | None]] = {(EventKind.STATUS, ""): (status, since)}
    if session.target_lifecycle_status:
        values[EventKind.TARGET, ""] = (session.target_lifecycle_status, session.updated_at)
    if session.log.error is not None:
        values[EventKind.LOG_ERROR, ""] = (session.log.error, None)
    if session.worker_log is not None and session.worker_log.error is not None:
        values[EventKind.WORKER_LOG_ERROR, ""] = (session.worker_log.error, None)
    return values


def action_value(action: SessionAction) -> tuple[str, datetime | None]:
    """What is followed of a session action."""
    return action.status, action.ended_at if action.is_final else action.started_at


def with_end(entry: Event, action: SessionAction, step: str) -> Event:
    """The change of an action, with how that ended and the name of its step, where it has ended."""
    return replace(entry, exit_code=action.exit_code, step=step) if action.is_final else entry


def was_over(action: SessionAction, until: datetime | None) -> bool:
    """Whether an action that nobody has seen before was over when somebody last looked at the session, or
    before anybody ever did."""
    if not action.is_final:
        return False
    return until is None or action.ended_at is None or action.ended_at < until - REPORTED_AFTER


def is_gap(after: datetime, at: datetime, interval: timedelta) -> bool:
    """Whether so much time lies between two looks that something may have been missed."""
    return at - after > max(SHORTEST_GAP, MISSED_POLLS * interval)
