"""Answer after answer about one session: what changed, what was seen when, whether it is final."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import ENDED, Fault, FaultKind, Session, SessionRef
from farmwatch.history.events import Event, EventKind, NoRecords, Past, Records, Watched
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import DENIED_WAIT, Schedule
from farmwatch.polling.target import PollResult, Target
from farmwatch.sessions.actions import ActionsTarget
from farmwatch.sessions.changes import NOT_WATCHED, SESSION_CALLS, Changes, is_gap, session_values
from farmwatch.sessions.error_log import ErrorLog, LoggedError

KEPT_MOMENTS = 200

BATCH = 100
"""Sessions in a call: the most that BatchGetSession takes."""

ONE_BY_ONE = (FaultKind.DENIED, FaultKind.GONE, FaultKind.REFUSED, FaultKind.BAD_REPLY)
"""Faults of a whole batch after which its sessions are asked for one by one: the single call may be allowed,
or one of them may be what the service refuses."""


class Moment(Struct, frozen=True):
    """A lifecycle status as it was observed: it came about after ``after`` (the poll before, ``None`` for
    the first one) and not later than ``at``. What lay between two polls cannot be seen."""

    status: str
    target: str | None
    after: datetime | None
    at: datetime
    by: str = ""
    """Who saw it, where the history tells; empty for what this program has seen since it was started."""


class Gap(Struct, frozen=True):
    """A time in which nothing was seen, and why."""

    after: datetime
    at: datetime
    reason: str


class SessionObserved(Struct, frozen=True):
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
    errors: tuple[LoggedError, ...] = ()
    gaps: tuple[Gap, ...] = ()
    until: datetime | None = None
    """When the session was last seen: by this program, or by one before it."""

    told_to_end_by: str | None = None
    """Who was the last to change it, besides its worker, while it had a target status. The worker's report of
    the end takes the place of that name in later replies."""

    @property
    def is_final(self) -> bool:
        """Whether the newest good reply says that the session has ended."""
        return self.session is not None and self.session.is_final


class SessionTracker:
    """Turns the answers about one session into what was observed."""

    def __init__(self, ref: SessionRef) -> None:
        self._error_log = ErrorLog()
        self._moments: list[Moment] = []
        self._gaps: list[Gap] = []
        self._last_fault: Fault | None = None
        self.observed = SessionObserved(ref)

    def remember(self, past: Past) -> None:
        """Begin with what the history knows about the session."""
        self._error_log.remember(past.entries, SESSION_CALLS, members=True)
        self._moments = _moments_of(past.entries)
        self._gaps = [
            Gap(entry.after, entry.at, entry.new or NOT_WATCHED)
            for entry in past.entries
            if entry.kind is EventKind.GAP and entry.after is not None
        ]
        self.observed = replace(self.observed, until=past.session_until)

    def observe(
        self, answer: Session | Fault, at: datetime, interval: timedelta = timedelta(0)
    ) -> SessionObserved:
        """Take an answer received at ``at``; a fault leaves the last good reply as it was. ``interval`` is
        how often it is asked for while all is well."""
        told_to_end_by = self.observed.told_to_end_by
        if isinstance(answer, Fault):
            self._error_log.take_fault(answer, at)
            session, seen_at, fault = self.observed.session, self.observed.seen_at, answer
            changed: frozenset[str] = frozenset()
            self._last_fault = fault
        else:
            self._error_log.take_session(answer, at)
            self._note_gap(at, interval)
            self._note_status(answer, at)
            self._last_fault = None
            changed = _differences(self.observed.session, answer)
            session, seen_at, fault = answer, at, None
            if answer.target_lifecycle_status is not None and answer.updated_by != answer.worker_id:
                told_to_end_by = answer.updated_by or told_to_end_by
        self.observed = SessionObserved(
            ref=self.observed.ref,
            session=session,
            seen_at=seen_at,
            fault=fault,
            changed=changed,
            moments=tuple(self._moments),
            errors=self._error_log.entries,
            gaps=tuple(self._gaps),
            until=seen_at or self.observed.until,
            told_to_end_by=told_to_end_by,
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


class SessionTarget(Target):
    """Follows one session, in a `SessionGroup`: what it saw is written down before anybody is told.

    ``actions`` follows the session's actions, where they are followed: it learns here that the session is
    final, whoever looks at it, and is asked about at once when the session has changed.
    """

    def __init__(
        self,
        ref: SessionRef,
        interval: timedelta,
        records: Records | None = None,
        actions: ActionsTarget | None = None,
        group: SessionGroup | None = None,
    ) -> None:
        self.key = ref.session_id
        self._actions = actions
        self.schedule = Schedule(interval, is_adaptive=True)
        self.observed = SessionObserved(ref)
        self.ref = ref
        self.group: SessionGroup = group or SessionGroup(records)
        self._tracker = SessionTracker(ref)
        self._changes = Changes(ref, NoRecords(), SESSION_CALLS)
        self._events: tuple[Event, ...] = ()

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        """Ask for this session alone, as a group of one."""
        return self.group.poll([self], api, clock)[0]

    @property
    def knows_its_past(self) -> bool:
        """Whether it has begun with what the history knows (`remember`)."""
        return self._changes.is_open

    def remember(self, past: Past) -> None:
        """Begin with what the history knows."""
        self._tracker.remember(self._changes.begin_with(past))

    def take(self, answer: Session | Fault, now: datetime) -> tuple[Sequence[Event], Watched]:
        """Take an answer; what is to be written down before `publish` shows it."""
        before = self._tracker.observed
        observed = self._tracker.observe(answer, now, self.schedule.in_force)
        session = observed.session
        values = self._changes.faults(observed.errors)
        may_end = frozenset({EventKind.FAULT})
        if observed.fault is None and session is not None:
            values |= session_values(session)
            may_end |= {EventKind.TARGET, EventKind.LOG_ERROR, EventKind.WORKER_LOG_ERROR}
        gaps = [
            Event(self.ref, EventKind.GAP, "", None, gap.reason, at=gap.at, after=gap.after)
            for gap in observed.gaps[-1:]
            if gap not in before.gaps
        ]
        changes = self._changes.compare(
            values,
            may_end=may_end,
            after=before.until,
            at=now if observed.seen_at is None or observed.fault is not None else observed.seen_at,
        )
        self._events = (*gaps, *changes)
        worker_id = "" if session is None else session.worker_id
        return self._events, Watched(self.ref, session_until=observed.seen_at, worker_id=worker_id)

    def publish(self) -> PollResult:
        """Show what was taken: it is safe now."""
        before, observed = self.observed, self._tracker.observed
        self.observed = observed
        wakes: tuple[str, ...] = ()
        if self._actions is not None and observed.fault is None:
            self._actions.session_is_final = observed.is_final
            if observed.changed or observed.is_final != before.is_final:
                wakes = (self._actions.key,)
        return PollResult(
            observed.fault,
            final=observed.is_final,
            changed=bool(observed.changed),
            events=self._events,
            wakes=wakes,
        )


class SessionGroup:
    """Sessions that are asked for together: one alone by GetSession, more by BatchGetSession, and what is
    seen of all of them is written down by one commit.

    Where BatchGetSession is denied, refused or missing (older botocore), each is asked for by itself.
    """

    def __init__(self, records: Records | None = None) -> None:
        self._records = records or NoRecords()
        self._alone_until = float("-inf")

    def limit(self, now: float) -> int:
        """Up to 100 sessions (service model), or 1 while there is no such call for them."""
        return 1 if now < self._alone_until else BATCH

    def poll(
        self, targets: Sequence[SessionTarget], api: DeadlineApi | Fault, clock: Clock
    ) -> Sequence[PollResult]:
        """Read the past of those that are new, ask, write down what was seen, and only then show it. Where
        the call for many fails by one of `ONE_BY_ONE`, all of them come again at once, each by itself."""
        strangers = [target for target in targets if not target.knows_its_past]
        if strangers:
            past = self._records.past([target.ref for target in strangers])
            for target in strangers:
                target.remember(past[target.ref])
        answers = self._answers(targets, api, clock)
        if answers is None:
            return [PollResult(again_in=0.0)] * len(targets)
        now, entries, watched = clock.now(), list[Event](), list[Watched]()
        for target, answer in zip(targets, answers, strict=True):
            its_entries, its_watched = target.take(answer, now)
            entries += its_entries
            watched.append(its_watched)
        self._records.record(entries, watched)
        return [target.publish() for target in targets]

    def _answers(
        self, targets: Sequence[SessionTarget], api: DeadlineApi | Fault, clock: Clock
    ) -> list[Session | Fault] | None:
        """An answer for each; ``None`` where they are to be asked for one by one."""
        if isinstance(api, Fault):
            return [api] * len(targets)
        if len(targets) == 1:
            return [api.session(targets[0].ref)]
        found = api.sessions_by_id([target.ref for target in targets])
        if not isinstance(found, Fault):
            return [found[target.ref.session_id] for target in targets]
        if found.kind in ONE_BY_ONE:
            self._alone_until = clock.monotonic() + DENIED_WAIT
            return None
        return [found] * len(targets)


def _moments_of(entries: Iterable[Event]) -> list[Moment]:
    """The statuses and targets that the history tells of. What was seen in one reply is one moment."""
    moments: list[Moment] = []
    status, target = "", None
    for entry in entries:
        if entry.kind is EventKind.STATUS:
            status = entry.new or ""
        elif entry.kind is EventKind.TARGET:
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
    names = type(after).__struct_fields__
    return frozenset(name for name in names if getattr(before, name) != getattr(after, name))
