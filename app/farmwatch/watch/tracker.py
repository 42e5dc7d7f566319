"""Answer after answer about one session: what changed, what was seen when, whether it is final."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from farmwatch.cloud.model import ENDED, Fault, Session, SessionRef
from farmwatch.watch.actions import ActionsTarget
from farmwatch.watch.cadence import Cadence
from farmwatch.watch.changes import NOT_WATCHED, SESSION_CALLS, Changes, is_gap, session_values
from farmwatch.watch.clock import Clock
from farmwatch.watch.entries import Entry, Kind, NoRecords, Past, Records, Watched
from farmwatch.watch.ledger import Ledger, Trouble
from farmwatch.watch.questions import Questions
from farmwatch.watch.target import Polled

KEPT_MOMENTS = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """A lifecycle status as it was observed: it came about after ``after`` (the poll before, ``None`` for
    the first one) and not later than ``at``. What lay between two polls cannot be seen."""

    status: str
    target: str | None
    after: datetime | None
    at: datetime
    by: str = ""
    """Who saw it, where the history tells; empty for what this program has seen since it was started."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nothing was seen, and why."""

    after: datetime
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class SessionObserved:
    """All that is known about a session after a poll, and what the history knows from before.

    ``session`` is the newest good reply, received at ``seen_at``; ``fault`` says that the newest answer was
    none. ``changed`` names the members of `Session` in which the newest good reply differs from the one
    before.
    """

    ref: SessionRef
    session: Session | None = None
    seen_at: datetime | None = None
    fault: Fault | None = None
    changed: frozenset[str] = frozenset()
    moments: tuple[Moment, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    gaps: tuple[Gap, ...] = ()
    until: datetime | None = None
    """When the session was last seen: by this program, or by one before it."""

    @property
    def is_final(self) -> bool:
        return self.session is not None and self.session.is_final


class SessionTracker:
    """Turns the answers about one session into what was observed."""

    def __init__(self, ref: SessionRef) -> None:
        self._ledger = Ledger()
        self._moments: list[Moment] = []
        self._gaps: list[Gap] = []
        self._last_fault: Fault | None = None
        self.observed = SessionObserved(ref)

    def remember(self, past: Past) -> None:
        """Begin with what the history knows about the session."""
        self._ledger.remember(past.entries, SESSION_CALLS, members=True)
        self._moments = _moments_of(past.entries)
        self._gaps = [
            Gap(entry.after, entry.at, entry.new or NOT_WATCHED)
            for entry in past.entries
            if entry.kind is Kind.GAP and entry.after is not None
        ]
        self.observed = replace(self.observed, until=past.session_until)

    def observe(
        self, answer: Session | Fault, at: datetime, interval: timedelta = timedelta(0)
    ) -> SessionObserved:
        """Take an answer received at ``at``; a fault leaves the last good reply as it was. ``interval`` is
        how often it is asked for while all is well."""
        if isinstance(answer, Fault):
            self._ledger.take_fault(answer, at)
            session, seen_at, fault = self.observed.session, self.observed.seen_at, answer
            changed: frozenset[str] = frozenset()
            self._last_fault = fault
        else:
            self._ledger.take_session(answer, at)
            self._note_gap(at, interval)
            self._note_status(answer, at)
            self._last_fault = None
            changed = _differences(self.observed.session, answer)
            session, seen_at, fault = answer, at, None
        self.observed = SessionObserved(
            ref=self.observed.ref,
            session=session,
            seen_at=seen_at,
            fault=fault,
            changed=changed,
            moments=tuple(self._moments),
            troubles=self._ledger.entries,
            gaps=tuple(self._gaps),
            until=seen_at or self.observed.until,
        )
        return self.observed

    def _note_status(self, session: Session, at: datetime) -> None:
        last = self._moments[-1] if self._moments else None
        status, target = session.lifecycle_status, session.target_lifecycle_status
        if last is None or (last.status, last.target) != (status, target):
            self._moments.append(Moment(status, target, self.observed.until, at))
            del self._moments[:-KEPT_MOMENTS]

    def _note_gap(self, at: datetime, interval: timedelta) -> None:
        until, last = self.observed.until, self._moments[-1] if self._moments else None
        # Nothing is missed of what was over.
        if until is None or not is_gap(until, at, interval) or (last is not None and last.status == ENDED):
            return
        reason = NOT_WATCHED if self._last_fault is None else self._last_fault.kind.value
        self._gaps.append(Gap(until, at, reason))
        del self._gaps[:-KEPT_MOMENTS]


class SessionTarget:
    """Follows one session with GetSession. What it saw is written down in ``records`` before anybody is
    told.

    ``actions`` follows the session's actions, where they are followed: it learns here that the session is
    final, whoever looks at it, and is asked about at once when the session has changed.
    """

    def __init__(
        self,
        ref: SessionRef,
        interval: timedelta,
        records: Records | None = None,
        actions: ActionsTarget | None = None,
    ) -> None:
        self.key = ref.session_id
        self._actions = actions
        self.cadence = Cadence(interval, is_adaptive=True)
        self.observed = SessionObserved(ref)
        self._tracker = SessionTracker(ref)
        self._changes = Changes(ref, records or NoRecords(), SESSION_CALLS)

    def poll(self, asked: Questions | Fault, clock: Clock) -> Polled:
        past = self._changes.open()
        if past is not None:
            self._tracker.remember(past)
        answer = asked if isinstance(asked, Fault) else asked.session(self.observed.ref)
        before = self._tracker.observed
        observed = self._tracker.observe(answer, clock.now(), self.cadence.in_force)
        self._write(before, observed, clock.now())
        self.observed = observed
        wakes: tuple[str, ...] = ()
        if self._actions is not None and observed.fault is None:
            self._actions.session_is_final = observed.is_final
            if observed.changed or observed.is_final != before.is_final:
                wakes = (self._actions.key,)
        return Polled(observed.fault, final=observed.is_final, changed=bool(observed.changed), wakes=wakes)

    def _write(self, before: SessionObserved, observed: SessionObserved, now: datetime) -> None:
        ref, session = observed.ref, observed.session
        values = self._changes.faults(observed.troubles)
        may_end = frozenset({Kind.FAULT})
        if observed.fault is None and session is not None:
            values |= session_values(session)
            may_end |= {Kind.TARGET, Kind.LOG_ERROR, Kind.WORKER_LOG_ERROR}
        self._changes.write(
            values,
            may_end=may_end,
            after=before.until,
            at=now if observed.seen_at is None or observed.fault is not None else observed.seen_at,
            watched=Watched(ref, session_until=observed.seen_at),
            first=[
                Entry(ref, Kind.GAP, "", None, gap.reason, at=gap.at, after=gap.after)
                for gap in observed.gaps[-1:]
                if gap not in before.gaps
            ],
        )


def _moments_of(entries: Iterable[Entry]) -> list[Moment]:
    """The statuses and targets that the history tells of. What was seen in one reply is one moment."""
    moments: list[Moment] = []
    status, target = "", None
    for entry in entries:
        if entry.kind is Kind.STATUS:
            status = entry.new or ""
        elif entry.kind is Kind.TARGET:
            target = entry.new
        else:
            continue
        if moments and moments[-1].at == entry.at:
            moments.pop()
        if status:
            moments.append(Moment(status, target, entry.after, entry.at, entry.watcher or "somebody"))
    return moments


def _differences(before: Session | None, after: Session) -> frozenset[str]:
    if before is None:
        return frozenset()
    names = (one.name for one in fields(after))
    return frozenset(name for name in names if getattr(before, name) != getattr(after, name))
