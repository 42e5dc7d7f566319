"""Days of watching in minutes: the whole program on a clock moved by hand, with all that happens in a week.

A session is polled every five simulated seconds, slower while nothing changes; its log grows by ten lines
every five and is looked at; statuses change, faults come and go, toasts pop up; every hour another session is
opened, and the history is looked at.

It runs in a process of its own, whose memory, threads and files are nobody else's:
``python -m tests.soak.soaking DAYS POLLS FOLDER`` prints what came of it as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot

from farmwatch.aws.model import DEFAULT_CONNECTION, Fault, FaultKind, Page, Session, SessionRef
from farmwatch.config.settings import Settings
from farmwatch.history.recorder import Recorder
from farmwatch.listings.place import Place
from farmwatch.logs.times import milliseconds
from farmwatch.ui.app import FarmwatchApp
from farmwatch.ui.screens.history.screen import HistoryScreen
from farmwatch.ui.screens.log.screen import LogScreen
from tests.bench.bench_table import Paints
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, CannedFarm, HandClock, a_fault, a_session, an_action
from tests.logs.model_log import ModelLog
from tests.ui.stage import Steady, by_hand

STEP = 5
"""Simulated seconds between two polls."""

LINES = 10
ROOT = Path(__file__).resolve().parent.parent.parent
_POOL = "pool"

DRAWN_EVERY = 30
"""Polls between two frames with a key: as many polls as in life would take as long as in life."""

AN_HOUR = 3600 // STEP
TOAST_EVERY = 200
STATUSES = ("STARTED", "UPDATE_IN_PROGRESS", "UPDATE_SUCCEEDED", "UPDATE_FAILED")


@dataclass
class Soaked:
    """What a soak has taken. Memory in MiB, keys in seconds: of processor time, which is the same beside
    other work, and by the clock."""

    days: float
    polls: int = 0
    lines: int = 0
    toasts: int = 0
    sessions: int = 0
    changes: int = 0
    took: float = 0.0
    memory: list[float] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    keys: list[float] = field(default_factory=list)
    keys_by_the_clock: list[float] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """How much more memory than after the first hour."""
        return max(self.memory[1:], default=self.memory[0]) - self.memory[0]

    @property
    def slow_key(self) -> float:
        """Ninety-nine of a hundred keys took less processor time."""
        return _p99(self.keys)

    def figures(self) -> str:
        """Everything, in lines to print."""
        memory, key, waited = self.memory[0], 1000 * self.slow_key, 1000 * _p99(self.keys_by_the_clock)
        return f"""\
  {self.days:g} simulated days in {self.took:.0f} s: {self.polls:,} polls, {self.lines:,} log lines,
  {self.toasts:,} toasts, {self.sessions:,} sessions, {self.changes:,} changes in the history
  memory: {memory:.1f} MiB after the first hour, at most {self.growth:+.1f} MiB later
  threads: {min(self.threads)} to {max(self.threads)}; open files: {min(self.files)} to {max(self.files)}
  keys: {len(self.keys):,}, p99 {key:.0f} ms of processor time, {waited:.0f} ms by the clock"""


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


class _World:
    """A farm on which something happens all the time."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.rng = random.Random(7)
        self.number = 0
        self.status = "STARTED"
        self.fault: Fault | None = None
        self.polls = 0
        self.log, self.worker_log = ModelLog(), ModelLog()
        self.farm = CannedFarm(
            session=self._session,
            sessions=Page(()),
            session_actions=lambda *_: Page(tuple(an_action(n) for n in range(40))),
            session_actions_by_id=lambda ref, ids: {},
            step="Render",
        )
        self.next_session()

    def next_session(self) -> Place:
        self.number += 1
        self.status = "STARTED"
        self.log, self.worker_log = ModelLog(), ModelLog()
        self.farm.answers["log_page"] = [self.log]
        self.farm.answers["worker_log"] = [self.worker_log]
        return Place(DEFAULT_CONNECTION, FARM_ID, QUEUE_ID, JOB_ID, f"session-{self.number:032x}")

    def _session(self, ref: SessionRef) -> Session | Fault:
        self.polls += 1
        return self.fault or a_session(session_id=ref.session_id, lifecycle_status=self.status)

    def happen(self) -> None:
        if self.rng.random() < 1 / 30:
            self.status = self.rng.choice(STATUSES)
        if self.fault is not None:
            self.fault = None if self.rng.random() < 1 / 3 else self.fault
        elif self.rng.random() < 1 / 200:
            kinds = (FaultKind.NETWORK, FaultKind.SERVICE, FaultKind.BAD_REPLY, FaultKind.SLOW_DOWN)
            self.fault = a_fault(self.rng.choice(kinds), retry_after=timedelta(seconds=6))
        now = milliseconds(self.clock.now())
        for number in range(LINES):
            self.log.add(now + number, f"openjd_progress: {number} frame {self.rng.random()} of the night")
        # What was asked is of interest to a test of one question, not to one of a week.
        self.farm.asked.clear()


def soak(days: float, folder: Path, *, polls: int = 0) -> Soaked:
    """Run the program for so many simulated days, and for longer until a session was polled so many times:
    how often that is in a day is the program's to decide."""
    command = [sys.executable, "-m", "tests.soak.soaking", str(days), str(polls), str(folder)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Soaked(**json.loads(done.stdout))


async def _soak(days: float, polls: int, folder: Path) -> Soaked:
    clock, result, began = HandClock(), Soaked(days), time.monotonic()
    # Textual's workers share these; how many of them there are at a moment is chance.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(4, _POOL))
    world = _World(clock)
    recorder = Recorder(folder / "history.sqlite", watcher="mira@ops1", clock=clock)
    recorder.start()
    settings = Settings(farm_id=FARM_ID, interval=timedelta(seconds=STEP))
    app = FarmwatchApp(settings, lambda _: lambda *_: world.farm, clock, recorder=recorder)
    app.driver_class = Paints
    by_hand(app)
    failed: list[BaseException] = []

    async def watch(_: Pilot[Any]) -> None:
        try:
            await _watch(Steady(app), world, result, polls)
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            app.exit()

    await app.run_async(size=(120, 36), auto_pilot=watch)
    if failed:
        raise failed[0]
    result.changes = len(recorder.ask(lambda history: history.entries(limit=10**9), 60) or ())
    recorder.close()
    result.polls, result.took = world.polls, time.monotonic() - began
    return result


async def _watch(pilot: Pilot[None], world: _World, result: Soaked, polls: int) -> None:
    app = pilot.app
    assert isinstance(app, FarmwatchApp)
    await pilot.pause()
    wanted = int(result.days * 86_400 / STEP)
    for step in count():
        if step >= wanted and world.polls >= polls:
            break
        assert step < 3 * wanted, f"only {world.polls:,} polls in {result.days:g} simulated days"
        result.days = (step + 1) * STEP / 86_400
        if step % AN_HOUR == 0:
            await _change_session(app, pilot, world)
            result.sessions += 1
        world.clock.move(STEP)
        world.happen()
        app.monitor.run_due()
        result.lines += LINES
        if step % TOAST_EVERY == 0:
            app.notify(f"Toast number {result.toasts}", markup=False, timeout=0.5)
            result.toasts += 1
        if step % DRAWN_EVERY == 0:
            app.tick()
            await pilot.pause()
            # Other times for every line: all of the log is drawn anew.
            await _answer(app, "t", result)
        if step % AN_HOUR == AN_HOUR - 1:
            # Nothing is being written, and no journal open.
            if app.recorder is not None:
                app.recorder.ask(lambda _: None, 60)
            _measure(result)
    await _leave(app, pilot)


async def _leave(app: FarmwatchApp, pilot: Pilot[None]) -> None:
    while len(app.screen_stack) > 1:
        app.pop_screen()
        await pilot.pause()


async def _answer(app: FarmwatchApp, key: str, result: Soaked) -> None:
    """Press a key, and note how long it takes to its paint."""
    driver = Paints.of(app)
    driver.painted.clear()
    began, worked = time.perf_counter(), time.process_time()
    app.post_message(events.Key(key, None))
    await asyncio.wait_for(driver.painted.wait(), 60)
    result.keys.append(time.process_time() - worked)
    result.keys_by_the_clock.append(time.perf_counter() - began)


async def _change_session(app: FarmwatchApp, pilot: Pilot[None], world: _World) -> None:
    """Look at the history, leave the session, open another one and its log."""
    await _press(app, pilot, "h")
    assert isinstance(app.screen, HistoryScreen)
    await _leave(app, pilot)
    app.go_to(world.next_session())
    await pilot.pause()
    await _press(app, pilot, "l")
    assert isinstance(app.screen, LogScreen)


async def _press(app: FarmwatchApp, pilot: Pilot[None], key: str) -> None:
    await pilot.press(key)
    app.monitor.run_due()
    await pilot.pause()


def _measure(result: Soaked) -> None:
    gc.collect()
    result.memory.append(_resident())
    result.threads.append(sum(not thread.name.startswith(_POOL) for thread in threading.enumerate()))
    result.files.append(len(list(Path("/dev/fd").iterdir())))


def _resident() -> float:
    """MiB of this process in memory just now."""
    words: Any = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(os.getpid())],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(words.stdout) / 1024


def main(days: str, polls: str, folder: str) -> None:
    result = asyncio.run(_soak(float(days), int(polls), Path(folder)))
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main(*sys.argv[1:])
