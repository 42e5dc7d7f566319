"""An hour of two connections in one program, in trouble by turns: every change is in the history once."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import cycle, groupby
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from farmwatch.aws.model import Fault, FaultKind, Page, Session, SessionRef
from farmwatch.config.state import StateFile
from farmwatch.history.events import EventKind
from farmwatch.history.recorder import Recorder
from farmwatch.history.store import History
from farmwatch.listings.discovery import JobRef
from farmwatch.monitor.marks import Marks
from farmwatch.monitor.monitor import Monitor
from tests.canned import (
    FARM_ID,
    JOB_ID,
    QUEUE_ID,
    CannedFarm,
    HandClock,
    a_fault,
    a_job,
    a_session,
    a_summary,
)

STATUSES = ("STARTED", "UPDATE_IN_PROGRESS", "UPDATE_SUCCEEDED", "UPDATE_FAILED")
TROUBLES = (FaultKind.NETWORK, FaultKind.SLOW_DOWN, FaultKind.LOGIN)
"""Killed, throttled, logged out."""


class Farm:
    """A farm of one job, whose sessions change; it tells what is, or what is wrong just now."""

    def __init__(self, seed: int, clock: HandClock) -> None:
        self.rng = random.Random(seed)
        self.clock = clock
        self.fault: Fault | None = None
        self.statuses = {a_summary(number).session_id: "STARTED" for number in range(3)}
        self.told: dict[str, list[str]] = {}
        self.api = CannedFarm(
            session=lambda ref: self.answer(lambda: self.session(ref.session_id)),
            sessions_by_id=lambda refs: self.answer(lambda: self.many(refs)),
            sessions=lambda *_: self.answer(
                lambda: Page(tuple(replace(a_summary(0), session_id=one) for one in self.statuses))
            ),
            session_actions=lambda *_: self.answer(lambda: Page(())),
            job=lambda *_: self.answer(lambda: a_job(1, "RUNNING", job_id=JOB_ID)),
            farms=lambda *_: self.answer(lambda: Page(())),
        )

    def answer(self, tell: Any) -> Any:
        return tell() if self.fault is None else self.fault

    def session(self, session_id: str) -> Session:
        status = self.statuses[session_id]
        self.told.setdefault(session_id, []).append(status)
        return a_session(session_id=session_id, lifecycle_status=status)

    def many(self, refs: Sequence[SessionRef]) -> Mapping[str, Session]:
        return {ref.session_id: self.session(ref.session_id) for ref in refs}

    def pass_a_second(self) -> None:
        for session_id, status in list(self.statuses.items()):
            if self.rng.random() < 1 / 45:
                self.statuses[session_id] = self.rng.choice([one for one in STATUSES if one != status])
        if self.rng.random() < 1 / 900:
            self.statuses[a_summary(len(self.statuses)).session_id] = "STARTED"
        self.api.asked.clear()


def test_every_change_of_both_is_in_the_history_once(tmp_path: Path) -> None:
    clock = HandClock()
    farms = {"west": Farm(1, clock), "east": Farm(2, clock)}
    recorder = Recorder(tmp_path / "history.sqlite", watcher="mira", clock=clock)
    monitor = Monitor(
        {name: lambda *_, farm=farm: farm.api for name, farm in farms.items()}, recorder, clock=clock
    )
    marks = Marks(monitor, StateFile(None))
    monitor.check_connections()
    for name in farms:
        marks.toggle(JobRef(name, FARM_ID, QUEUE_ID, JOB_ID), "")
    turns = cycle((name, kind) for kind in TROUBLES for name in farms)
    saw_trouble, saw_well = set[tuple[str, ...]](), False
    for second in range(3600):
        if second % 120 == 60:
            name, kind = next(turns)
            farms[name].fault = a_fault(kind)
        elif second % 120 == 0:
            for farm in farms.values():
                farm.fault = None
        clock.move(1)
        for farm in farms.values():
            farm.pass_a_second()
        monitor.run_due()
        recorder.run_due()
        saw_trouble.add(monitor.in_trouble)
        saw_well = saw_well or (bool(saw_trouble - {()}) and not monitor.in_trouble)
    recorder.run_due()
    recorder.close()
    assert saw_trouble >= {(), ("west",), ("east",)}
    assert saw_well, "what was in trouble answers again"

    history = History(tmp_path / "history.sqlite", run="reader")
    entries = [one for one in history.entries(limit=10**6) if one.kind is EventKind.STATUS]
    history.close()
    for name, farm in farms.items():
        assert len(farm.told) > 3, "sessions that came later are watched too"
        recorded: dict[str, list[str | None]] = {}
        for entry in entries:
            if entry.ref.connection == name:
                recorded.setdefault(entry.ref.session_id, []).append(entry.new)
        assert recorded == {one: [status for status, _ in groupby(told)] for one, told in farm.told.items()}
    assert len(entries) > 200
