"""The poller: a few daemon threads that ask about what is followed, and tell what they learnt.

Daemon threads, because quitting must not wait for a call in flight; threads at all, because boto3
blocks; and a plain callback to tell, because a terminal that has stopped reading must not stop the
polling. One request at the most is under way for a target. Whoever looks (the screens) only leaves
wishes here, under a lock that is never held while the network is waited for.
"""

from __future__ import annotations

import heapq
import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault, FaultKind
from farmwatch.polling.clock import Clock
from farmwatch.polling.connection import CancellableCall, Connection, GivenUp, hung_call, internal_error
from farmwatch.polling.freshness import Rhythm
from farmwatch.polling.schedule import RequestBudget
from farmwatch.polling.target import PollResult, Target, TargetUpdate

_log = logging.getLogger(__name__)

THREADS = 3
"""Enough that a call held up by the network leaves the others room; more would only share one core."""

HUNG_AFTER = 30.0
"""Seconds after which a call is given up, with its thread and its connection. The time-outs of a call are
shorter, but each is for one piece of the answer: a reply that drips in can take for ever."""

GIVEN_UP_AT_MOST = 20
"""Threads that may be lost to calls which never return; beyond it, calls that hang are waited for."""

CLOCK_JUMP = 5.0
"""Seconds between the time of day and the time that has passed, from which on this machine was asleep, or its
clock was set."""

ASLEEP = 15.0
"""Seconds without a look, which comes every second: the program was stopped."""

LOST_CONNECTION = (FaultKind.LOGIN, FaultKind.SETUP)
"""Faults that a running client does not recover from: the next poll starts with a new one."""


NOBODY = Fault(FaultKind.SETUP, "Nobody is asked.", "", "", "")
"""What a target is handed that asks nobody."""


EARLY = 0.5
"""How much of its interval before its time a target may be polled with others of its group: one call for all
of them costs less than a call now and another one soon."""


class _Followed(Struct, eq=False):
    target: Target
    due: float | None
    asking_since: datetime | None = None
    paused: bool = False
    urgent: bool = True
    again: bool = False
    dropped: bool = False
    told: Any = None
    """What was told of it last."""


class _Call(Struct, eq=False):
    """What one thread asks at once: one target, or some of a group."""

    followed: list[_Followed]
    gate: CancellableCall | None = None
    began: float = 0.0


class Poller:
    """Follows targets until told to drop them.

    ``connect`` makes the thing that answers questions; it is called in a poller's thread, at first and
    again after a fault that only a new connection mends. ``tell`` receives each `TargetUpdate` in a poller's
    thread.
    """

    def __init__(
        self,
        connect: Callable[[], DeadlineApi | Fault],
        tell: Callable[[TargetUpdate], None],
        clock: Clock,
        budget: RequestBudget | None = None,
    ) -> None:
        self._connection = Connection(connect, clock, self._wake)
        self._tell = tell
        self._clock = clock
        self.budget = budget or RequestBudget()
        self.other_budgets: list[RequestBudget] = []
        """Budgets that targets have for themselves, for the sum of all requests."""
        self._followed: dict[str, _Followed] = {}
        self._asking: set[int] = set()
        self._calls: list[_Call] = []
        self._changed = threading.Condition()
        self._given_up = 0
        self._looked_at: tuple[datetime, float] | None = None
        self._stopped = False
        self._threads: list[threading.Thread] = []

    # --- wishes, from any thread -------------------------------------------------------------------

    def start(self) -> None:
        """Start the threads: those that ask, and the one that calls `look_after`."""
        for _ in range(THREADS):
            self._start_thread()
        threading.Thread(target=self._watch, name="poller-watch", daemon=True).start()

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._run, name=f"poller-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """Ask for nothing more. Does not wait for calls in flight: the threads are daemons."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def follow(self, target: Target) -> None:
        """Ask about this target from now on, at once; a former target of the same key is dropped. One that is
        followed already and final is not asked about anew."""
        with self._changed:
            former = self._followed.get(target.key)
            if former is not None and former.target is target:
                if former.due is not None:
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
            followed.target.schedule.stir(self._clock.monotonic())
            followed.again = followed.asking_since is not None
            followed.due = self._clock.monotonic()
            self._changed.notify()

    def soon(self, key: str, seconds: float) -> None:
        """Poll not later than in so many seconds, if the target is being polled at all."""
        with self._changed:
            followed = self._followed.get(key)
            if followed is None or followed.due is None or followed.paused:
                return
            if not followed.target.schedule.faults_in_a_row:
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
            followed.target.schedule.interval = interval
            followed.target.schedule.stir(self._clock.monotonic())
            if followed.due is not None and not followed.target.schedule.faults_in_a_row:
                soonest = self._clock.monotonic() + interval.total_seconds()
                followed.due = min(followed.due, soonest)
            self._changed.notify()
            news = self._news(followed)
        self._tell(news)

    @property
    def targets(self) -> tuple[Target, ...]:
        """What is being asked about, or was and is paused or final."""
        with self._changed:
            return tuple(followed.target for followed in self._followed.values())

    # --- the threads -------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                call = self._take_due()
                if call is None:
                    self._clock.wait(self._changed, self._seconds_to_next())
                    continue
            if not self._poll(call):
                return

    def run_due(self) -> int:
        """Poll all that is due, in this thread; for tests with a clock moved by hand. How many were."""
        count = 0
        while True:
            with self._changed:
                call = self._take_due()
            if call is None:
                return count
            self._poll(call)
            count += len(call.followed)

    def _take_due(self) -> _Call | None:
        now = self._clock.monotonic()
        due = [f for f in self._followed.values() if self._is_due(f, now)]
        if not due:
            return None
        first = min(due, key=lambda f: (not f.urgent, f.target.rank, f.due))
        call = _Call([first, *self._beside(first, now)])
        if len(due) > 1:
            self._changed.notify()
        for followed in call.followed:
            self._asking.add(id(followed.target))
            followed.urgent = followed.again = False
            followed.asking_since = self._clock.now()
        return call

    def _beside(self, first: _Followed, now: float) -> list[_Followed]:
        """Those of its group that are due as well, or will be soon; the most overdue first."""
        group = first.target.group
        room = 0 if group is None else group.limit(now) - 1
        if room <= 0:
            return []
        near = [
            (followed.due or 0.0, number, followed)
            for number, followed in enumerate(self._followed.values())
            if followed is not first and followed.target.group is group and self._may_join(followed, now)
        ]
        return [followed for _, _, followed in heapq.nsmallest(room, near)]

    def _may_join(self, followed: _Followed, now: float) -> bool:
        if followed.due is None or not self._is_free(followed):
            return False
        early = 0.0
        if not followed.target.schedule.faults_in_a_row:
            early = EARLY * followed.target.schedule.in_force.total_seconds()
        return followed.due <= now + early and (followed.urgent or not followed.paused)

    def _is_free(self, followed: _Followed) -> bool:
        # Dropped and followed again while it was being asked about: one thread at once.
        return followed.asking_since is None and id(followed.target) not in self._asking

    def _is_due(self, followed: _Followed, now: float) -> bool:
        if followed.due is None or followed.due > now or not self._is_free(followed):
            return False
        budget = self._budget_of(followed)
        # What somebody waits for may overdraw the budget; it never ignores a service that says "slower".
        if (budget.slowed_until > now) if followed.urgent else (budget.wait(now) > 0):
            return False
        return followed.urgent or not followed.paused

    def _budget_of(self, followed: _Followed) -> RequestBudget:
        return followed.target.budget or self.budget

    @property
    def skew(self) -> timedelta | None:
        """How far this machine's clock is ahead of the service's, by its newest reply."""
        api = self._connection.api
        return None if api is None else api.skew

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

    def _poll(self, call: _Call) -> bool:
        """Whether the thread goes on: not where it was given up meanwhile."""
        targets = [followed.target for followed in call.followed]
        try:
            polled = self._ask(targets, self._whom(call))
        except GivenUp:
            return False
        except Exception as error:  # noqa: BLE001 - a fault of the monitor itself must not end the polling
            _log.exception("polling %s failed", ", ".join(target.key for target in targets[:3]))
            polled = self._fail(targets, internal_error(error))
        lost = next((p.fault for p in polled if p.fault and p.fault.kind in LOST_CONNECTION), None)
        if lost is not None:
            self._connection.lose(lost)
        self._settle(call, polled)
        return True

    def _ask(self, targets: Sequence[Target], api: DeadlineApi | Fault) -> Sequence[PollResult]:
        group = targets[0].group
        if group is None:
            return [targets[0].poll(api, self._clock)]
        return group.poll(targets, api, self._clock)

    def _whom(self, call: _Call) -> DeadlineApi | Fault:
        if not call.followed[0].target.needs_connection:
            return NOBODY
        found = self._connection.api_or_fault()
        if isinstance(found, Fault):
            return found
        gate, asked = CancellableCall.before(found)
        with self._changed:
            call.gate, call.began = gate, self._clock.monotonic()
            self._calls.append(call)
        return asked

    def _fail(self, targets: Sequence[Target], fault: Fault) -> list[PollResult]:
        """Let targets know that they failed, so that it is seen."""
        try:
            self._ask(targets, fault)
        except Exception:  # noqa: BLE001 - as above
            _log.exception("%s cannot take %s", targets[0].key, fault.code)
        return [PollResult(fault)] * len(targets)

    def _settle(self, call: _Call, polled: Sequence[PollResult]) -> None:
        news = []
        with self._changed:
            if call in self._calls:
                self._calls.remove(call)
            call.gate = None
            for followed, one in zip(call.followed, polled, strict=True):
                self._asking.discard(id(followed.target))
                self._schedule(followed, one)
            self._keep_together(call, polled)
            for key in (key for one in polled for key in one.wakes):
                self._wake_beside(key)
            if not self._stopped:
                news = [
                    self._news(followed, one.events)
                    for followed, one in zip(call.followed, polled, strict=True)
                    if not (followed.dropped or _tells_nothing(followed, one))
                ]
            if news:
                # Another one takes what is due while this one tells. One is enough: whoever finds more that
                # is due than it can take wakes the next.
                self._changed.notify()
        for one_news in news:
            self._tell(one_news)

    def _keep_together(self, call: _Call, polled: Sequence[PollResult]) -> None:
        """Those who failed by one call are asked for again by one call: jitter would part them for ever."""
        first = polled[0].fault
        if first is None or any(one.fault is not first for one in polled):
            return
        together = [followed for followed in call.followed if followed.due is not None]
        due = min((followed.due or 0.0 for followed in together), default=0.0)
        for followed in together:
            followed.due = due

    # --- looking after the calls -----------------------------------------------------------------------

    def _watch(self) -> None:
        # A condition of its own: it is to look every second, however much happens.
        tick = threading.Condition()
        while not self._stopped:
            self.look_after()
            with tick:
                self._clock.wait(tick, 1.0)

    def look_after(self) -> None:
        """Give up calls that hang, and begin anew where the clock has jumped. Called every second."""
        now, wall = self._clock.monotonic(), self._clock.now()
        before, self._looked_at = self._looked_at, (wall, now)
        if before is not None:
            passed = now - before[1]
            if passed > ASLEEP or abs((wall - before[0]).total_seconds() - passed) > CLOCK_JUMP:
                self._connection.drop_sockets()
                self._wake(everything=True)
        with self._changed:
            hung = [call for call in self._calls if now - call.began > HUNG_AFTER]
        for call in hung:
            self._give_up(call, now - call.began)

    def _give_up(self, call: _Call, seconds: float) -> None:
        gate = call.gate
        if self._given_up >= GIVEN_UP_AT_MOST or gate is None or not gate.shut():
            return
        # The thread is lost; its answer, if any comes, ends at the gate.
        self._given_up += 1
        self._connection.lose()
        if self._threads:
            self._start_thread()
        targets = [followed.target for followed in call.followed]
        self._settle(call, self._fail(targets, hung_call(seconds, gate.operation)))

    def _wake(self, *, everything: bool = False) -> None:
        """Ask at once about what is at fault, or about everything that is being asked about."""
        with self._changed:
            now = self._clock.monotonic()
            for followed in self._followed.values():
                schedule = followed.target.schedule
                if followed.due is not None and (everything or schedule.faults_in_a_row):
                    schedule.stir(now)
                    followed.due = now
            self._changed.notify_all()

    def _wake_beside(self, key: str) -> None:
        """Ask about this one at once, be it stopped; unless it is paused, or waits out a fault."""
        beside = self._followed.get(key)
        if beside is None or beside.paused or beside.target.schedule.faults_in_a_row:
            return
        # An answer that is under way may be of the time before.
        beside.again = beside.asking_since is not None
        beside.due = self._clock.monotonic()

    def _schedule(self, followed: _Followed, polled: PollResult) -> None:
        now = self._clock.monotonic()
        wait: float | None = 0.0
        if not polled.is_step:
            wait = followed.target.schedule.after(
                polled.fault, now=now, final=polled.final, changed=polled.changed
            )
        if polled.fault is not None and polled.fault.kind is FaultKind.SLOW_DOWN and wait is not None:
            self._budget_of(followed).slow_down(now + wait)
        if polled.again_in is not None:
            wait = polled.again_in
        followed.asking_since = None
        if followed.again:
            followed.again, wait = False, 0.0
        followed.due = None if wait is None else now + wait

    def _news(self, followed: _Followed, events: tuple[Any, ...] = ()) -> TargetUpdate:
        now = self._clock.monotonic()
        next_at = None
        if followed.due is not None and not followed.paused:
            next_at = self._clock.now() + timedelta(seconds=max(0.0, followed.due - now))
        rhythm = Rhythm(
            interval=followed.target.schedule.in_force,
            next_at=next_at,
            asking_since=followed.asking_since,
            paused=followed.paused,
            stopped=followed.due is None and followed.asking_since is None,
        )
        followed.told = followed.target.observed
        return TargetUpdate(followed.target.key, followed.told, rhythm, events)


def _tells_nothing(followed: _Followed, polled: PollResult) -> bool:
    """Whether it was a step after which nothing is known that was not known before."""
    return polled.is_step and not polled.events and followed.told is followed.target.observed
