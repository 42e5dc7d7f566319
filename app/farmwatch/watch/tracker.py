"""Answer after answer about one session: what changed, what was seen when, whether it is final."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from farmwatch.cloud.model import Fault, Session, SessionRef
from farmwatch.watch.cadence import Cadence
from farmwatch.watch.clock import Clock
from farmwatch.watch.ledger import Ledger, Trouble
from farmwatch.watch.poller import Polled
from farmwatch.watch.questions import Questions

KEPT_MOMENTS = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """A lifecycle status as it was observed: it came about after ``after`` (the poll before, ``None`` for
    the first one) and not later than ``at``. What lay between two polls cannot be seen."""

    status: str
    target: str | None
    after: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class SessionObserved:
    """All that is known about a session after a poll.

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

    @property
    def is_final(self) -> bool:
        return self.session is not None and self.session.is_final


class SessionTracker:
    """Turns the answers about one session into what was observed."""

    def __init__(self, ref: SessionRef) -> None:
        self._ledger = Ledger()
        self._moments: list[Moment] = []
        self.observed = SessionObserved(ref)

    def observe(self, answer: Session | Fault, at: datetime) -> SessionObserved:
        """Take an answer received at ``at``; a fault leaves the last good reply as it was."""
        if isinstance(answer, Fault):
            self._ledger.take_fault(answer, at)
            session, seen_at, fault = self.observed.session, self.observed.seen_at, answer
            changed: frozenset[str] = frozenset()
        else:
            self._ledger.take_session(answer, at)
            self._note_status(answer, at)
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
        )
        return self.observed

    def _note_status(self, session: Session, at: datetime) -> None:
        last = self._moments[-1] if self._moments else None
        status, target = session.lifecycle_status, session.target_lifecycle_status
        if last is None or (last.status, last.target) != (status, target):
            self._moments.append(Moment(status, target, self.observed.seen_at, at))
            del self._moments[:-KEPT_MOMENTS]


class SessionTarget:
    """Follows one session with GetSession."""

    def __init__(self, ref: SessionRef, interval: timedelta) -> None:
        self.key = ref.session_id
        self.cadence = Cadence(interval)
        self._tracker = SessionTracker(ref)

    @property
    def observed(self) -> SessionObserved:
        return self._tracker.observed

    def poll(self, asked: Questions | Fault, clock: Clock) -> Polled:
        answer = asked if isinstance(asked, Fault) else asked.session(self.observed.ref)
        observed = self._tracker.observe(answer, clock.now())
        return Polled(observed.fault, final=observed.is_final)


def _differences(before: Session | None, after: Session) -> frozenset[str]:
    if before is None:
        return frozenset()
    names = (one.name for one in fields(after))
    return frozenset(name for name in names if getattr(before, name) != getattr(after, name))
