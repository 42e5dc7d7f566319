"""Hours of watching in seconds: a clock moved by hand, a session that changes, and faults at random.

Every simulated second is looked at. What must hold: each status that a good reply ever told is in the
history once, in its order, and none that no reply told; what is old is never called live; and after every
fault comes a good look, soon.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from farmwatch.aws.model import Fault, FaultKind, Session
from farmwatch.history.events import EventKind
from farmwatch.history.recorder import Recorder
from farmwatch.history.store import History
from farmwatch.polling.freshness import GRACE, MISSED_POLLS, State, freshness
from farmwatch.polling.poller import Poller
from farmwatch.polling.target import TargetUpdate
from farmwatch.sessions.tracker import SessionTarget
from tests.canned import REF, START, CannedFarm, HandClock, a_fault, a_session

INTERVAL = timedelta(seconds=2)
STATUSES = ("STARTED", "UPDATE_IN_PROGRESS", "UPDATE_SUCCEEDED", "UPDATE_FAILED", "SOMETHING_NEW")
LONG_WAITS = {FaultKind.DENIED: 300.0, FaultKind.GONE: 300.0, FaultKind.REFUSED: 300.0}
"""Seconds: these are asked about every five minutes, all others within a minute."""


@dataclass
class Simulated:
    """What happened in a run, and the worst that was seen."""

    hours: float = 0
    polls: int = 0
    changes: int = 0
    faults: int = 0
    restarts: int = 0
    told_live_while_old: int = 0
    longest_wait: dict[str, float] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)
    truth: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)


class _World:
    """The farm: it tells the status that is, or what is wrong just now."""

    def __init__(self, clock: HandClock, rng: random.Random) -> None:
        self.clock = clock
        self.rng = rng
        self.session = a_session(updated_at=START)
        self.fault: Fault | None = None
        self.told: list[str] = []
        self.told_at: datetime | None = None
        self.polls = 0

    def answer(self, _: Any) -> Session | Fault:
        self.polls += 1
        if self.fault is not None:
            return self.fault
        self.told.append(self.session.lifecycle_status)
        self.told_at = self.clock.now()
        return self.session

    def change(self) -> None:
        status = self.rng.choice([one for one in STATUSES if one != self.session.lifecycle_status])
        # Sometimes the service does not say when it changed.
        updated_at = self.clock.now() if self.rng.random() < 0.7 else None
        self.session = a_session(lifecycle_status=status, updated_at=updated_at)

    def break_down(self) -> tuple[float, float]:
        """Something goes wrong; for how long, and how long after it a good look may take."""
        kind = self.rng.choice([kind for kind in FaultKind if kind.value])
        asked_for = None
        if kind is FaultKind.SLOW_DOWN and self.rng.random() < 0.5:
            asked_for = timedelta(seconds=self.rng.choice([1, 5, 30, 120, 300]))
        self.fault = a_fault(kind, code=f"{kind.name}Exception", retry_after=asked_for)
        wait = max(LONG_WAITS.get(kind, 60.0), asked_for.total_seconds() if asked_for else 0.0)
        return self.rng.choice([1, 5, 20, 60, 300, 1500]), wait


class _Monitor:
    """A run of the program, from its start to its end, which may come at any moment."""

    def __init__(self, world: _World, clock: HandClock, path: Path, rng: random.Random) -> None:
        self.news: TargetUpdate | None = None
        self.recorder = Recorder(path, watcher="mira", clock=clock)
        farm = CannedFarm(session=world.answer)
        self.poller = Poller(lambda: farm, self._hear, clock)
        target = SessionTarget(REF, INTERVAL, self.recorder)
        target.schedule.jitter = rng
        self.farm = farm
        self.poller.follow(target)

    def _hear(self, news: TargetUpdate) -> None:
        self.news = news

    def step(self) -> None:
        self.poller.run_due()
        self.recorder.run_due()
        self.farm.asked.clear()


def simulate(path: Path, hours: float, seed: int) -> Simulated:
    """Watch for so long; the same seed is the same life."""
    rng, clock, result = random.Random(seed), HandClock(), Simulated(hours)
    world = _World(clock, rng)
    monitor = _Monitor(world, clock, path, rng)
    next_change, next_fault = rng.expovariate(1 / 90), rng.expovariate(1 / 400)
    mended_at, bound, due = float("inf"), 0.0, 0.0
    waiting_since: float | None = None
    for second in range(int(hours * 3600)):
        clock.move(1)
        if second >= next_change:
            world.change()
            result.changes += 1
            next_change = second + rng.expovariate(1 / 90)
        if second >= next_fault and world.fault is None:
            lasts, bound = world.break_down()
            result.faults += 1
            mended_at, waiting_since = second + lasts, None
            next_fault = mended_at + rng.expovariate(1 / 400)
        if world.fault is not None and second >= mended_at:
            kind, world.fault, waiting_since = world.fault.kind, None, second
            # A wait that a former fault asked for is still being waited.
            due = max(due, second + bound)
        if rng.random() < 1 / 7200:
            # Ended without a word: nothing is closed, nothing is flushed.
            result.restarts += 1
            monitor = _Monitor(world, clock, path, rng)
        good_before = len(world.told)
        monitor.step()
        if waiting_since is not None and len(world.told) > good_before:
            wait = second - waiting_since
            result.longest_wait[kind] = max(wait, result.longest_wait.get(kind, 0.0))
            if second > due:
                result.late.append(f"{kind}: {wait:.0f} s, {second - due:.0f} s too late")
            waiting_since = None
        result.told_live_while_old += _lies(monitor, world, clock.now())
    monitor.recorder.close()
    result.polls = world.polls
    result.truth = [status for status, _ in groupby(world.told)]
    result.history = _statuses(path)
    return result


def _lies(monitor: _Monitor, world: _World, now: datetime) -> bool:
    """Whether what is shown is called live although the last good reply is too old, or another one."""
    news = monitor.news
    if news is None:
        return False
    seen = news.observed
    fresh = freshness(news.rhythm, seen_at=seen.seen_at, fault=seen.fault, final=seen.is_final, now=now)
    if fresh.state is not State.LIVE:
        return False
    allowed = MISSED_POLLS * max(INTERVAL, news.rhythm.interval) + GRACE
    return (
        world.told_at is None
        or now - world.told_at > allowed
        or seen.session.lifecycle_status != world.told[-1]
    )


def _statuses(path: Path) -> list[str]:
    history = History(path, run="reader")
    found = [entry.new or "" for entry in history.entries(limit=10**9) if entry.kind is EventKind.STATUS]
    history.close()
    return found
