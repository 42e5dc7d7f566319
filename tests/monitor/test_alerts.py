"""Alerts of a Monitor: by whatever walls are followed, over restarts, and shared through the history."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from farmwatch.alerts.alert import Alert, MuteKind, Notice, State
from farmwatch.aws.model import DEFAULT_CONNECTION
from farmwatch.history.recorder import Recorder
from farmwatch.history.store import VERSION
from farmwatch.monitor.alerts import AlertsObserved
from farmwatch.monitor.monitor import Monitor
from farmwatch.monitor.update import AlertsRef, Update
from tests.canned import START, HandClock
from tests.wall.night import Night, Run


class Program:
    """A Farmwatch without screens: a Monitor with a wall, its alerts, and the history that it shares."""

    def __init__(self, night: Night, path: Path | None, clock: HandClock, watcher: str = "ada") -> None:
        self.clock = clock
        self.has_ended = False
        self.recorder = None if path is None else Recorder(path, watcher=watcher, clock=clock)
        answers: Any = night
        self.monitor = Monitor({DEFAULT_CONNECTION: lambda *_: answers}, self.recorder, clock=clock)
        self.notices: list[Notice] = []
        self.updates: list[AlertsObserved] = []
        self.handle = self.monitor.watch_alerts(self.recorder)
        self.handle.told_to(self.notices.append)
        self.monitor.subscribe(self._hear)
        self.wall = self.monitor.watch_wall((), START - timedelta(hours=8))

    def _hear(self, update: Update) -> None:
        if isinstance(update.subject, AlertsRef):
            self.updates.append(update.snapshot.observed)

    def run_due(self) -> None:
        while self.monitor.run_due():
            pass

    def end(self) -> None:
        if self.has_ended:
            return
        self.has_ended = True
        self.handle.close()
        self.wall.close()
        self.run_due()
        if self.recorder is not None:
            self.recorder.close()

    @property
    def alert(self) -> Alert:
        (alert,) = self.handle.observed.alerts
        return alert

    @property
    def told(self) -> list[str]:
        return [notice.kind.value for notice in self.notices]


def run(seconds: float, *programs: Program) -> None:
    """Let time go by, five seconds at once."""
    for _ in range(round(seconds / 5)):
        for program in programs:
            program.run_due()
        programs[0].clock.move(5)
    for program in programs:
        program.run_due()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.sqlite"


@pytest.fixture
def night() -> Night:
    """A night in which a session's update has failed."""
    return Night(Run(1, lifecycle="UPDATE_FAILED"))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def program(night: Night, path: Path, clock: HandClock) -> Iterator[Program]:
    made = Program(night, path, clock)
    yield made
    made.end()


def test_what_the_wall_finds_is_an_alert_that_is_kept_and_published(program: Program) -> None:
    run(60, program)
    assert (program.alert.rule, program.alert.state) == ("update failed", State.FIRING)
    assert program.handle.observed.open == 1
    assert program.handle.observed.is_kept
    assert program.updates[-1].alerts[0].id == program.alert.id
    assert program.told == ["fired"]


def test_an_acknowledgement_counts_at_once_and_says_who(program: Program) -> None:
    run(60, program)
    program.handle.acknowledge([program.alert.id], "on it", program.clock.now())
    known = program.alert.acknowledgement
    assert known is not None
    assert (known.who, known.note) == ("ada", "on it")
    assert program.handle.observed.open == 0
    program.handle.undo([program.alert.id], program.clock.now())
    assert program.handle.observed.open == 1


def test_a_restart_neither_repeats_nor_forgets(
    program: Program, night: Night, path: Path, clock: HandClock
) -> None:
    run(60, program)
    program.handle.acknowledge([program.alert.id], "on it", clock.now())
    run(10, program)
    before = program.alert
    program.end()
    again = Program(night, path, clock)
    run(120, again)
    assert again.alert.fired_at == before.fired_at
    assert again.alert.acknowledgement == before.acknowledgement
    assert again.told == []
    again.end()


def test_two_programs_on_one_history_see_what_the_other_one_is_told(
    program: Program, night: Night, path: Path, clock: HandClock
) -> None:
    other = Program(night, path, clock, "jon")
    run(60, program, other)
    other.handle.acknowledge([other.alert.id], "mine", clock.now())
    run(10, program, other)
    assert program.alert.acknowledgement == other.alert.acknowledgement
    assert program.alert.state is State.ACKNOWLEDGED
    program.handle.undo([program.alert.id], clock.now())
    run(10, program, other)
    assert other.alert.state is State.FIRING
    program.handle.mute(MuteKind.RULE, "update failed", clock.now() + timedelta(hours=2), clock.now())
    run(10, program, other)
    assert [mute.id for mute in other.handle.observed.mutes] == ["rule update failed"]
    other.handle.undo([other.alert.id], clock.now())
    run(10, program, other)
    assert program.handle.observed.mutes == ()
    other.end()


def test_an_acknowledgement_that_has_ended_with_its_trouble_has_ended_everywhere(
    program: Program, night: Night, path: Path, clock: HandClock
) -> None:
    run(60, program)
    program.handle.acknowledge([program.alert.id], "", clock.now())
    night.runs[0].lifecycle = "STARTED"
    run(90, program)
    assert program.alert.state is State.RESOLVED
    program.end()
    night.runs[0].lifecycle = "UPDATE_FAILED"
    again = Program(night, path, clock)
    run(60, again)
    assert again.alert.state is State.FIRING
    again.end()


def test_what_no_wall_is_about_any_more_cannot_be_seen(program: Program, night: Night) -> None:
    run(60, program)
    program.wall.close()
    night.runs[0].lifecycle = "STARTED"
    run(60, program)
    assert program.alert.state is State.CANNOT_SEE
    assert program.handle.observed.walls == 0
    assert program.handle.observed.open == 1


def test_what_a_former_run_has_kept_is_not_seen_before_it_is_seen(
    program: Program, night: Night, path: Path, clock: HandClock
) -> None:
    run(60, program)
    program.end()
    again = Program(night, path, clock)
    again.wall.close()
    run(10, again)
    assert again.alert.state is State.CANNOT_SEE
    again.end()


def test_without_a_history_alerts_live_as_long_as_the_program(night: Night, clock: HandClock) -> None:
    program = Program(night, None, clock)
    run(60, program)
    assert program.alert.state is State.FIRING
    assert not program.handle.observed.is_kept
    program.end()


def test_a_history_of_a_newer_farmwatch_is_read_and_says_why_it_is_not_written(
    program: Program, night: Night, path: Path, clock: HandClock
) -> None:
    run(60, program)
    fired_at = program.alert.fired_at
    program.end()
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    older = Program(night, path, clock)
    run(60, older)
    assert older.alert.fired_at == fired_at
    assert older.recorder is not None
    older.handle.acknowledge([older.alert.id], "", clock.now())
    night.runs[0].lifecycle = "ENDED"
    run(60, older)
    assert not older.handle.observed.is_kept
    assert older.recorder.trouble == "It was written by a newer Farmwatch: it is read, and nothing is added."
    older.end()


def test_a_teller_that_fails_keeps_nothing_from_the_others(program: Program) -> None:
    def fail(notice: Notice) -> None:
        raise OSError(notice.kind)

    told: list[Notice] = []
    program.handle.told_to(fail)
    program.handle.told_to(told.append)
    run(60, program)
    assert [notice.kind.value for notice in told] == ["fired"]
