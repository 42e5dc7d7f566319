"""When to ask next: the interval while all is well, the back-off while it is not, and the shared budget."""

from __future__ import annotations

import random
import threading
from collections import deque
from datetime import timedelta

from msgspec import Struct, field

from farmwatch.aws.model import Fault, FaultKind

SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(seconds=3600)

BACKOFF_CAP = 60.0
"""Seconds: the longest back-off from a network, a service or a reply that is at fault."""

LOGIN_WAIT = (15.0, 60.0)
"""Seconds between two tries while a login is needed, or the set-up is wrong: it may be mended meanwhile."""

FIRST_WAITS = (5.0, 15.0, 30.0, 60.0)
"""Seconds between the first tries of a call that is denied or refused, or of a thing that is not found: a
policy that was just mended, or a thing that was just made, takes some seconds to be known everywhere..."""

DENIED_WAIT = 300.0
"""...and between all further ones."""

LASTING = (FaultKind.DENIED, FaultKind.GONE, FaultKind.REFUSED)
"""Faults of one call, which others do not share and asking at once does not mend."""

GONE_FOR = 3600.0
"""Seconds after which a thing that stays not found, or refused, is no longer asked for."""

CLOCK_WAIT = 60.0
"""Seconds between two tries while this machine's clock is off."""

QUIET_AFTER = 600.0
"""Seconds without a change after which an adaptive rhythm becomes slower, bit by bit..."""

SLOWER_WITHIN = 600.0
"""...over so many seconds..."""

SLOWEST_FACTOR = 5.0
SLOWEST = timedelta(seconds=10)
"""...to five times its interval, and to no more than this."""

LAST_LOOKS = 3
"""Polls made after something was first seen final, in case the service still corrects itself."""

STEPS = tuple(timedelta(seconds=s) for s in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600))


def faster(interval: timedelta) -> timedelta:
    """The next shorter interval a person can choose."""
    return max((step for step in STEPS if step < interval), default=SHORTEST)


def slower(interval: timedelta) -> timedelta:
    """The next longer interval a person can choose."""
    return min((step for step in STEPS if step > interval), default=LONGEST)


def wait_after(refusals: int) -> float:
    """Seconds to wait after so many answers in a row (1 or more) that were a lasting fault."""
    return FIRST_WAITS[refusals - 1] if refusals <= len(FIRST_WAITS) else DENIED_WAIT


class Rest(Struct):
    """How long one call is left alone that is denied, while the others of its target go on."""

    refusals: int = 0
    began_at: float = float("-inf")

    def begin(self, now: float) -> None:
        """It was refused once more."""
        self.refusals, self.began_at = self.refusals + 1, now

    def end(self) -> None:
        """It was answered."""
        self.refusals, self.began_at = 0, float("-inf")

    def is_over(self, now: float, stirred_at: float | None = None) -> bool:
        """Whether to ask again: it is time, or somebody has wanted to know since (``stirred_at``)."""
        if not self.refusals or (stirred_at is not None and stirred_at > self.began_at):
            return True
        return now >= self.began_at + wait_after(self.refusals)


class Schedule(Struct):
    """The rhythm of one target. Seconds are what the clock's ``monotonic`` counts.

    `after` is told how each poll went and answers how long to wait, or ``None`` for "never again unless
    somebody asks". Faults in a row lengthen the wait with full jitter, so that many monitors that lost
    the same network do not come back all at once.
    """

    interval: timedelta
    is_adaptive: bool = False
    """Whether it becomes slower while nothing changes."""
    faults_in_a_row: int = 0
    refusals_in_a_row: int = 0
    final_looks: int = 0
    gone_since: float | None = None
    stirred_at: float | None = None
    """When there was last a change, or somebody who wanted to know."""
    slowed_to: timedelta | None = None
    jitter: random.Random = field(default_factory=random.Random)

    @property
    def in_force(self) -> timedelta:
        """How often it is asked just now, while all is well."""
        return max(self.interval, self.slowed_to or self.interval)

    def stir(self, now: float) -> None:
        """Be quick again."""
        self.stirred_at, self.slowed_to, self.refusals_in_a_row = now, None, 0

    def after(
        self, fault: Fault | None, *, now: float, final: bool = False, changed: bool = False
    ) -> float | None:
        """Seconds until the next poll, or ``None`` to stop."""
        if fault is not None:
            return self._after_fault(fault, now)
        if changed or self.faults_in_a_row or self.stirred_at is None:
            self.stir(now)
        self.faults_in_a_row = self.refusals_in_a_row = 0
        self.gone_since = None
        if final:
            self.final_looks += 1
            return self.interval.total_seconds() if self.final_looks <= LAST_LOOKS else None
        self.final_looks = 0
        if self.is_adaptive and self.stirred_at is not None:
            quiet = min(max(0.0, now - self.stirred_at - QUIET_AFTER) / SLOWER_WITHIN, 1.0)
            self.slowed_to = min(SLOWEST, self.interval * (1 + (SLOWEST_FACTOR - 1) * quiet))
        return self.in_force.total_seconds()

    def _after_fault(self, fault: Fault, now: float) -> float | None:
        self.faults_in_a_row += 1
        self.refusals_in_a_row = self.refusals_in_a_row + 1 if fault.kind in LASTING else 0
        if fault.kind in (FaultKind.GONE, FaultKind.REFUSED):
            self.gone_since = now if self.gone_since is None else self.gone_since
            return wait_after(self.refusals_in_a_row) if now - self.gone_since < GONE_FOR else None
        self.gone_since = None
        if fault.kind is FaultKind.DENIED:
            return wait_after(self.refusals_in_a_row)
        if fault.kind is FaultKind.CLOCK:
            return CLOCK_WAIT
        if fault.kind in (FaultKind.LOGIN, FaultKind.SETUP, FaultKind.CREDENTIALS):
            first, last = LOGIN_WAIT
            return min(last, first * min(self.faults_in_a_row, 4))
        # The exponent is capped because 2.0 ** 1024 raises, and a network may well be gone for a week.
        backoff = self.jitter.uniform(1.0, min(BACKOFF_CAP, 2.0 ** min(self.faults_in_a_row, 10)))
        if fault.retry_after is not None:
            return max(fault.retry_after.total_seconds(), SHORTEST.total_seconds())
        # A failing call is never repeated faster than a working one.
        return max(backoff, min(self.interval.total_seconds(), BACKOFF_CAP))


class RequestBudget:
    """The requests of one region, counted; and one brake for all targets when the service says "slower".

    AWS publishes no request rate for Deadline Cloud, so the budget is a guard against this program
    itself: ``rate`` requests a second on average, ``burst`` at once. Once it is spent it opens again for
    ``together`` requests (1 to ``burst``): right after each other they take less processor time than each by
    itself, after a sleep (of a wall of 10,000: an eighth of all).
    """

    def __init__(self, rate: float = 5.0, burst: float = 20.0, together: float = 1.0) -> None:
        self.rate = rate
        self.burst = burst
        self._together = together
        self._is_spent = False
        self.slowed_until = 0.0
        self._tokens = burst
        self._filled = 0.0
        self._requests: deque[float] = deque()
        self._lock = threading.Lock()

    def spend(self, now: float) -> None:
        """One request is being made. Tokens may go below zero: a list that needs three pages gets them."""
        with self._lock:
            self._fill(now)
            self._tokens -= 1
            self._requests.append(now)
            self._forget(now)

    def wait(self, now: float) -> float:
        """Seconds until another poll may start; 0 for at once."""
        with self._lock:
            self._fill(now)
            needed = self._together if self._is_spent else 1.0
            self._is_spent = self._tokens < needed
            lacking = (self._together - self._tokens) / self.rate if self._is_spent else 0.0
        return max(lacking, self.slowed_until - now, 0.0)

    def filled(self, now: float) -> float:
        """How much of ``burst`` is left, 0 to 1; nothing while the service is to be left alone."""
        with self._lock:
            self._fill(now)
        return 0.0 if self.slowed_until > now else max(0.0, self._tokens / self.burst)

    def slow_down(self, until: float) -> None:
        """The service throttles: nothing is asked before ``until``, by any target."""
        self.slowed_until = max(self.slowed_until, until)

    def last_minute(self, now: float) -> int:
        """Requests made in the last 60 seconds."""
        with self._lock:
            self._forget(now)
            return len(self._requests)

    def _fill(self, now: float) -> None:
        self._tokens = min(self.burst, self._tokens + max(0.0, now - self._filled) * self.rate)
        self._filled = now

    def _forget(self, now: float) -> None:
        while self._requests and self._requests[0] <= now - 60:
            self._requests.popleft()
