"""One request that changes something: made once, written down before and after, never repeated by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.actions.following import EVERY, Became, Following
from farmwatch.actions.wishes import EndSession, Wish, id_of, operation_of, ref_of, send, target_of
from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault, FaultKind
from farmwatch.history.events import Event, EventKind, Records
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import Schedule
from farmwatch.polling.target import PollResult, Target

ASKED = "ASKED"
"""What the history has of a request before its answer; for ever, where the program ended meanwhile."""


class Outcome(StrEnum):
    """What came of a request."""

    TAKEN = "TAKEN"
    """What becomes of it is seen by whoever watches the session, the task or the job."""
    REFUSED = "REFUSED"
    """The service does not want it, and says why."""
    DENIED = "DENIED"
    """The login may not do that."""
    NOT_DONE = "NOT DONE"
    """It did not come so far: no connection, no login, or the service asks to wait."""
    NOT_KNOWN = "NOT KNOWN"
    """It was sent, and no good answer came: it may have been taken, or not."""


_OF_FAULT = {
    FaultKind.DENIED: Outcome.DENIED,
    FaultKind.REFUSED: Outcome.REFUSED,
    FaultKind.GONE: Outcome.REFUSED,
    FaultKind.LOGIN: Outcome.NOT_DONE,
    FaultKind.CLOCK: Outcome.NOT_DONE,
    FaultKind.SETUP: Outcome.NOT_DONE,
    FaultKind.SLOW_DOWN: Outcome.NOT_DONE,
}
"""Faults by which it is sure that nothing was taken; after any other one that is not known."""


class Requested(Struct, frozen=True):
    """A wish, and what is known of it at ``seen_at``; no outcome while the answer is waited for. ``fault`` is
    why it was not taken, or why that is not known."""

    wish: Wish
    outcome: Outcome | None = None
    fault: Fault | None = None
    seen_at: datetime | None = None
    is_followed: bool = False
    """Whether it was taken, and is looked at until it is known what came of it."""
    became: Became | None = None
    """What came of it in the end, where it was followed."""


class RequestTarget(Target):
    """Sends a wish the first time that it is polled, and never again, however that goes."""

    def __init__(self, wish: Wish, records: Records, *, follows: bool = False) -> None:
        """``follows``: look at the task or the job until it is known what came of it."""
        self.key = f"request {wish.token}"
        self.schedule = Schedule(timedelta(hours=1))
        self.observed = Requested(wish)
        self._records = records
        self._is_sent = False
        self._follows = follows
        self._following: Following | None = None

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        """Write it down, send it, and write down what came of it. A call that hangs is given up by another
        poll, which is handed the fault."""
        wish = self.observed.wish
        if self._following is not None:
            return self._follow(self._following, api, clock)
        if self.observed.outcome is not None:
            return PollResult(final=True)
        if isinstance(api, Fault):
            return self._over(Outcome.NOT_KNOWN if self._is_sent else Outcome.NOT_DONE, api, clock)
        if self._is_sent:
            return PollResult(final=True)
        asked = self._event(None, ASKED, clock)
        self._records.record([asked], ())
        self._is_sent = True
        answer = send(wish, api)
        if answer is None:
            if self._follows and not isinstance(wish, EndSession):
                self._following = Following(wish, clock.now())
            return self._over(Outcome.TAKEN, None, clock, asked)
        return self._over(_OF_FAULT.get(answer.kind, Outcome.NOT_KNOWN), answer, clock, asked)

    def _over(self, outcome: Outcome, fault: Fault | None, clock: Clock, *before: Event) -> PollResult:
        # No words of the service, which may quote anything, are ever in the history.
        why = "" if fault is None else f": {fault.code}"
        ended = self._event(ASKED if self._is_sent else None, f"{outcome}{why}", clock)
        self._records.record([ended], ())
        is_followed = self._following is not None
        self.observed = replace(
            self.observed, outcome=outcome, fault=fault, seen_at=clock.now(), is_followed=is_followed
        )
        session_id = ref_of(self.observed.wish).session_id
        # What becomes of it is to be seen soon, where the session is watched.
        wakes = (session_id, f"actions of {session_id}")
        again_in = EVERY.total_seconds() if is_followed else None
        events = (*before, ended)
        return PollResult(final=not is_followed, again_in=again_in, events=events, wakes=wakes)

    def _follow(self, following: Following, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        now = clock.now()
        became = following.look(api, now)
        if isinstance(became, Fault):
            return PollResult(became)
        if became is None:
            return PollResult(again_in=EVERY.total_seconds())
        self._following = None
        told = self._event(self.observed.outcome, str(became), clock)
        self._records.record([told], ())
        self.observed = replace(self.observed, became=became, seen_at=now, is_followed=False)
        return PollResult(final=True, changed=True, events=(told,))

    def _event(self, old: str | None, new: str, clock: Clock) -> Event:
        wish = self.observed.wish
        # The token keeps apart what two people wish of one thing.
        subject = f"{operation_of(wish)} {target_of(wish)} {id_of(wish)} {wish.token}"
        return Event(ref_of(wish), EventKind.REQUEST, subject, old, new, at=clock.now())
