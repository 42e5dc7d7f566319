"""The poller: a few daemon threads that ask about what is followed, and tell what they learnt.

Daemon threads, because quitting must not wait for a call in flight; threads at all, because boto3
blocks; and a plain callback to tell, because a terminal that has stopped reading must not stop the
polling. One request at the most is under way for a target. Whoever looks (the screens) only leaves
wishes here, under a lock that is never held while the network is waited for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from farmwatch.cloud.model import Fault, FaultKind
from farmwatch.watch.cadence import Budget, Cadence
from farmwatch.watch.clock import Clock
from farmwatch.watch.freshness import Rhythm
from farmwatch.watch.questions import Questions

_log = logging.getLogger(__name__)

THREADS = 3
"""Enough that a call held up by the network leaves the others room; more would only share one core."""

RECONNECT_EVERY = 2.0
"""Seconds at least between two new sessions with AWS, however many targets ask for one: each costs CPU,
and memory that is not given back."""

LOST_CONNECTION = (FaultKind.LOGIN, FaultKind.SETUP)
"""Faults that a running client does not recover from: the next poll starts with a new one."""


NOBODY = Fault(FaultKind.SETUP, "Nobody is asked.", "", "", "")
"""What a target is handed that asks nobody."""


@dataclass(frozen=True, slots=True)
class Polled:
    """How a poll went: its fault if any, whether what is followed is final, and how soon the target wants
    to go on (seconds) where that is not left to its cadence."""

    fault: Fault | None = None
    final: bool = False
    again_in: float | None = None


class Target(Protocol):
    """What one rhythm follows: a session, or a list on screen. Only one thread at once calls `poll`.

    A target may have a ``budget`` of its own, which it spends itself, and a ``rank`` among those that are
    due: the lowest goes first. One that ``asks_nobody`` needs no connection.
    """

    cadence: Cadence

    @property
    def key(self) -> str: ...

    @property
    def observed(self) -> Any:
        """The newest of what is known; an immutable value."""
        ...

    def poll(self, asked: Questions | Fault, clock: Clock) -> Polled:
        """Ask and take note. ``asked`` is a `Fault` where there is nobody to ask."""
        ...


@dataclass(frozen=True, slots=True)
class News:
    """Told after every poll, and when a rhythm changes: what is known about the target of that key."""

    key: str
    observed: Any
    rhythm: Rhythm


@dataclass(eq=False)
class _Followed:
    target: Target
    due: float | None
    asking_since: datetime | None = None
    paused: bool = False
    urgent: bool = True
    again: bool = False
    dropped: bool = False


class Poller:
    """Follows targets until told to drop them.

    ``connect`` makes the thing that answers questions; it is called in a poller's thread, at first and
    again after a fault that only a new connection mends. ``tell`` receives `News` in a poller's thread.
    """

    def __init__(
        self,
        connect: Callable[[], Questions | Fault],
        tell: Callable[[News], None],
        clock: Clock,
        budget: Budget | None = None,
    ) -> None:
        self._connect = connect
        self._tell = tell
        self._clock = clock
        self.budget = budget or Budget()
        self.other_budgets: list[Budget] = []
        """Budgets that targets have for themselves, for the sum of all requests."""
        self._followed: dict[str, _Followed] = {}
        self._asking: set[int] = set()
        self._changed = threading.Condition()
        self._door = threading.Lock()
        self._questions: Questions | Fault | None = None
        self._connected_at = float("-inf")
        self._stopped = False
        self._threads: list[threading.Thread] = []

    # --- wishes, from any thread -------------------------------------------------------------------

    def start(self) -> None:
        for number in range(THREADS):
            thread = threading.Thread(target=self._run, name=f"poller-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Ask for nothing more. Does not wait for calls in flight: the threads are daemons."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def follow(self, target: Target) -> None:
        """Ask about this target from now on; a former target of the same key is dropped."""
        with self._changed:
            former = self._followed.get(target.key)
            if former is not None and former.target is target:
                former.urgent, former.due = True, self._clock.monotonic()
                self._changed.notify()
                return
            if former is not None:
                former.dropped = True
            self._followed[target.key] = _Followed(target, due=self._clock.monotonic())
            self._changed.notify()

    def drop(self, key: str) -> None:
        """Ask no more; an answer still on its way is thrown away."""
        with self._changed:
            followed = self._followed.pop(key, None)
            if followed is not None:
                followed.dropped = True

    def now(self, key: str) -> None:
        """Poll at once, be it paused, stopped or waiting out a fault."""
        with self._changed:
            followed = self._followed.get(key)
            if followed is None:
                return
            followed.urgent = True
            followed.again = followed.asking_since is not None
            followed.due = self._clock.monotonic()
            self._changed.notify()

    def soon(self, key: str, seconds: float) -> None:
        """Poll not later than in so many seconds, if the target is being polled at all."""
        with self._changed:
            followed = self._followed.get(key)
            if followed is None or followed.due is None or followed.paused:
                return
            if not followed.target.cadence.faults_in_a_row:
                followed.due = min(followed.due, self._clock.monotonic() + seconds)
                self._changed.notify()

    def pause(self, key: str, paused: bool) -> None:
        """Stop asking about a target, or go on with it."""
        with self._changed:
            followed = self._followed.get(key)
            if followed is None or followed.paused == paused:
                return
            followed.paused = paused
            if not paused:
                followed.due = self._clock.monotonic()
            self._changed.notify()
            news = self._news(followed)
        self._tell(news)

    def set_interval(self, key: str, interval: timedelta) -> None:
        """How often to ask while all is well."""
        with self._changed:
            followed = self._followed.get(key)
            if followed is None:
                return
            followed.target.cadence.interval = interval
            if followed.due is not None and not followed.target.cadence.faults_in_a_row:
                soonest = self._clock.monotonic() + interval.total_seconds()
                followed.due = min(followed.due, soonest)
            self._changed.notify()
            news = self._news(followed)
        self._tell(news)

    # --- the threads -------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                followed = self._take_due()
                if followed is None:
                    self._clock.wait(self._changed, self._seconds_to_next())
                    continue
            self._poll(followed)

    def run_due(self) -> int:
        """Poll all that is due, in this thread; for tests with a clock moved by hand. How many were."""
        count = 0
        while True:
            with self._changed:
                followed = self._take_due()
            if followed is None:
                return count
            self._poll(followed)
            count += 1

    def _take_due(self) -> _Followed | None:
        now = self._clock.monotonic()
        due = [f for f in self._followed.values() if self._is_due(f, now)]
        if not due:
            return None
        followed = min(due, key=lambda f: (not f.urgent, getattr(f.target, "rank", 0), f.due))
        self._asking.add(id(followed.target))
        followed.urgent = followed.again = False
        followed.asking_since = self._clock.now()
        return followed

    def _is_due(self, followed: _Followed, now: float) -> bool:
        if followed.asking_since is not None or followed.due is None or followed.due > now:
            return False
        # Dropped and followed again while it was being asked about: one thread at once.
        if id(followed.target) in self._asking:
            return False
        budget = self._budget_of(followed)
        # What somebody waits for may overdraw the budget; it never ignores a service that says "slower".
        if (budget.slowed_until > now) if followed.urgent else (budget.wait(now) > 0):
            return False
        return followed.urgent or not followed.paused

    def _budget_of(self, followed: _Followed) -> Budget:
        return getattr(followed.target, "budget", None) or self.budget

    def requests_last_minute(self) -> int:
        """Requests made in the last 60 seconds, out of every budget that is known."""
        now = self._clock.monotonic()
        return sum(budget.last_minute(now) for budget in (self.budget, *self.other_budgets))

    def _seconds_to_next(self) -> float | None:
        now = self._clock.monotonic()
        waits = [
            max(f.due - now, self._budget_of(f).wait(now), 0.01)
            for f in self._followed.values()
            if f.asking_since is None and f.due is not None and (f.urgent or not f.paused)
        ]
        return min(waits, default=None)

    def _poll(self, followed: _Followed) -> None:
        try:
            asks_nobody = getattr(followed.target, "asks_nobody", False)
            asked = NOBODY if asks_nobody else self._ask_whom()
            polled = followed.target.poll(asked, self._clock)
        except Exception as error:  # noqa: BLE001 - a fault of the monitor itself must not end the polling
            _log.exception("polling %s failed", followed.target.key)
            polled = Polled(_own_fault(error))
        if polled.fault is not None and polled.fault.kind in LOST_CONNECTION:
            self._questions = polled.fault
        with self._changed:
            self._asking.discard(id(followed.target))
            self._schedule(followed, polled)
            self._changed.notify()
            if followed.dropped or self._stopped:
                return
            news = self._news(followed)
        self._tell(news)

    def _schedule(self, followed: _Followed, polled: Polled) -> None:
        now = self._clock.monotonic()
        wait = followed.target.cadence.after(polled.fault, now=now, final=polled.final)
        if polled.fault is not None and polled.fault.kind is FaultKind.SLOW_DOWN and wait is not None:
            self._budget_of(followed).slow_down(now + wait)
        if polled.again_in is not None:
            wait = polled.again_in
        followed.asking_since = None
        if followed.again:
            followed.again, wait = False, 0.0
        followed.due = None if wait is None else now + wait

    def _ask_whom(self) -> Questions | Fault:
        # Held while connecting, so that the other threads wait for the one connection instead of making
        # their own; only poller threads ever take it, never the one that draws.
        with self._door:
            found = self._questions
            if found is None or isinstance(found, Fault):
                now = self._clock.monotonic()
                if isinstance(found, Fault) and now - self._connected_at < RECONNECT_EVERY:
                    return found
                self._connected_at = now
                found = self._questions = self._connect()
            return found

    def _news(self, followed: _Followed) -> News:
        now = self._clock.monotonic()
        next_at = None
        if followed.due is not None and not followed.paused:
            next_at = self._clock.now() + timedelta(seconds=max(0.0, followed.due - now))
        rhythm = Rhythm(
            interval=followed.target.cadence.interval,
            next_at=next_at,
            asking_since=followed.asking_since,
            paused=followed.paused,
            stopped=followed.due is None and followed.asking_since is None,
        )
        return News(followed.target.key, followed.target.observed, rhythm)


def _own_fault(error: Exception) -> Fault:
    return Fault(
        kind=FaultKind.BAD_REPLY,
        sentence="The monitor stumbled over this answer.",
        remedy="Nothing to do: it asks again. Please report it with the debug log.",
        operation="farmwatch",
        code=type(error).__name__,
    )
