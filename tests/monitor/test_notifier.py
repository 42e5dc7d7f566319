"""Telling of alerts: from the wall to real receivers, over restarts, and with the heartbeat."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from farmwatch.aws.model import DEFAULT_CONNECTION
from farmwatch.config.alerts_table import AlertsTable
from farmwatch.config.notify_table import NotifyTable, TargetTable
from farmwatch.config.settings import ConnectionSettings, Settings
from farmwatch.config.state import KeptAsked, StateFile
from farmwatch.history.recorder import Recorder
from farmwatch.monitor.monitor import Monitor
from farmwatch.monitor.notifier import Notifier
from farmwatch.monitor.walls import Walls
from farmwatch.notify.heartbeat import Heartbeat
from tests.canned import FARM_ID, QUEUE_ID, HandClock, a_fault, present
from tests.notify.receiver import Receiver, receiving
from tests.waiting import eventually
from tests.wall.night import Night, Run, session_id, worker_id

SECRET = "xoxb-very-secret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.sqlite"


class Program:
    """A Farmwatch without screens that tells a webhook, and calls a heartbeat's address."""

    def __init__(
        self, night: Any, url: str, path: Path, state: StateFile | None = None, **settings: Any
    ) -> None:
        self.clock = HandClock()
        self.recorder = Recorder(path, clock=self.clock)
        self.recorder.start()
        self.monitor = Monitor({DEFAULT_CONNECTION: lambda *_: night}, self.recorder, clock=self.clock)
        targets = {"chat": TargetTable(webhook=f"{url}/{SECRET}")}
        given = {
            "notify": NotifyTable(targets=targets),
            "connections": (ConnectionSettings(monitor_url="https://studio.example/us-west-2"),),
            **settings,
        }
        self.settings = Settings(**given)
        self.state = state or StateFile(None)
        self.walls = Walls(self.monitor, self.state, self.settings, self.recorder)
        self.notifier = Notifier(self.walls, self.settings, self.clock, self.recorder)
        self.notifier.start()

    def run(self, seconds: float) -> None:
        """Let time go by, five seconds at once."""
        for _ in range(round(seconds / 5) + 1):
            while self.monitor.run_due():
                pass
            self.clock.move(5)

    def end(self) -> None:
        self.monitor.stop()
        self.notifier.stop()
        self.recorder.close(60.0)


def has_told_what_was_asked(program: Program) -> bool:
    """Whether that is so after a while more."""
    program.run(5)
    alerts = program.walls.judge().observed.alerts
    return any(one.is_asked and one.notified_at is not None for one in alerts)


def test_what_the_wall_finds_is_told_and_so_is_its_end(receiver: Receiver, path: Path) -> None:
    night = Night(Run(1, lifecycle="UPDATE_FAILED"))
    program = Program(night, receiver.url, path)
    program.run(60)
    eventually(lambda: receiver.told)
    (told,) = receiver.told
    assert (told["kind"], told["rule"]) == ("fired", "update failed")
    assert (told["farm"], told["queue"]) == ("Northlight", "lighting")
    assert (told["workerId"], told["worker"]) == (worker_id(1), "ip-10-0-0-1")
    assert told["frame"] == "1"
    assert told["link"].startswith("https://studio.example/us-west-2/farms/")
    night.runs[0].lifecycle = "STARTED"
    program.run(90)
    eventually(lambda: len(receiver.told) == 2)
    assert receiver.told[1]["kind"] == "resolved"
    assert receiver.told[1]["id"] == told["id"]
    assert program.notifier.deliveries.targets[0].where == "127.0.0.1"
    program.end()
    assert SECRET.encode() not in path.read_bytes()


def test_what_did_not_arrive_is_told_after_a_restart_and_only_then(receiver: Receiver, path: Path) -> None:
    night = Night(Run(1, lifecycle="UPDATE_FAILED"))
    receiver.answers = [(500, {})]
    program = Program(night, receiver.url, path)
    program.run(60)

    def is_at_rest() -> bool:
        next_at = program.notifier.deliveries.targets[0].next_at
        return next_at is not None and next_at > program.clock.now()

    eventually(is_at_rest)
    deliveries = program.notifier.deliveries
    assert (deliveries.waiting, deliveries.targets[0].fault) == (1, "HTTP 500 Internal Server Error")
    program.end()
    asked = len(receiver.asked)
    receiver.answers = [(200, {})]
    again = Program(night, receiver.url, path)
    again.clock.move(120)
    again.run(120)
    eventually(lambda: again.notifier.deliveries.targets[0].arrived)
    again.end()
    assert len(receiver.asked) == asked + 1


def test_what_two_programs_wait_for_a_target_is_told_once(receiver: Receiver, path: Path) -> None:
    night, state = Night(Run(1)), path.with_name("state.json")
    ids = (FARM_ID, QUEUE_ID, f"job-{1:032x}", session_id(1))
    one = Program(night, receiver.url, path, StateFile(state))
    one.walls.ask(KeptAsked(DEFAULT_CONNECTION, ids, "ended", one.clock.now(), "shot_01"))
    one.state.close(60)
    other = Program(night, receiver.url, path, StateFile(state))
    one.run(10)
    other.run(10)
    assert len(one.walls.own.waiting) == len(other.walls.own.waiting) == 1
    night.runs[0].lifecycle, night.runs[0].status = "ENDED", "SUCCEEDED"
    eventually(lambda: has_told_what_was_asked(one))
    eventually(lambda: has_told_what_was_asked(other))
    eventually(lambda: receiver.told)
    eventually(lambda: not one.notifier.deliveries.waiting + other.notifier.deliveries.waiting)
    for program in (one, other):
        program.end()
    (told,) = receiver.told
    assert (told["rule"], told["title"]) == ("asked: ended", "shot_01: it has ended: no action failed")


def test_nobody_is_told_of_a_demo_and_its_alerts_are_judged_from_the_start(
    receiver: Receiver, path: Path
) -> None:
    program = Program(Night(Run(1, lifecycle="UPDATE_FAILED")), receiver.url, path, demo=True)
    program.run(60)
    assert program.walls.open_alerts == 1
    assert program.notifier.deliveries.targets == ()
    program.end()
    assert receiver.asked == []


@pytest.mark.parametrize(("from_start", "is_judged"), [(True, True), (False, False)])
def test_without_anybody_to_tell_alerts_are_judged_from_the_start_if_so_wanted(
    path: Path, from_start: bool, is_judged: bool
) -> None:
    night = Night(Run(1, lifecycle="UPDATE_FAILED"))
    program = Program(
        night, "http://h", path, notify=NotifyTable(), alerts=AlertsTable(from_start=from_start)
    )
    program.run(60)
    assert (program.walls.alerts is not None) is is_judged
    assert program.walls.open_alerts == int(is_judged)
    program.end()


def test_the_logs_are_read_though_nobody_looks_at_the_wall(receiver: Receiver, path: Path) -> None:
    night = Night(Run(1))
    program = Program(night, receiver.url, path)
    handle = present(program.walls.handle)
    program.run(30)
    handle.want_lines(None)
    asked = night.count("log_page")
    program.run(60)
    assert night.count("log_page") > asked > 0
    program.end()


def test_a_test_message_says_what_came_of_it(receiver: Receiver, path: Path) -> None:
    targets = {
        "chat": TargetTable(webhook=f"{receiver.url}/{SECRET}"),
        "pager": TargetTable(command=("/nowhere/page", SECRET)),
    }
    table = NotifyTable(targets=targets, heartbeat_url=f"{receiver.url}/beat")
    program = Program(Night(), receiver.url, path, notify=table)
    tried = program.notifier.test()
    assert [(one.name, one.kind, one.where) for one in tried] == [
        ("chat", "webhook", "127.0.0.1"),
        ("pager", "command", "page"),
        ("heartbeat", "heartbeat", "127.0.0.1"),
    ]
    assert [bool(one.fault) for one in tried] == [False, True, False]
    assert SECRET not in repr(tried)
    assert program.notifier.test("chat")[0].fault == ""
    with pytest.raises(KeyError):
        program.notifier.test("nobody")
    program.end()


# --- the heartbeat ------------------------------------------------------------------------------------------


def test_the_heartbeat_is_called_as_long_as_all_is_well(receiver: Receiver) -> None:
    clock, trouble = HandClock(), [""]
    table = NotifyTable(heartbeat_url=f"{receiver.url}/{SECRET}", heartbeat_minutes=5)
    beat = Heartbeat(table, clock, lambda: trouble[0])

    def run(minutes: int) -> int:
        for _ in range(minutes * 6):
            clock.move(10)
            beat.run_due()
        return len(receiver.asked)

    assert run(1) == 1
    assert run(20) == 5
    assert receiver.asked[0][:2] == ("GET", f"/{SECRET}")
    trouble[0] = "alerts are not judged"
    assert run(20) == 5
    assert (beat.state.fault, beat.state.where) == ("alerts are not judged", "127.0.0.1")
    trouble[0] = ""
    assert run(1) == 6
    assert beat.state.fault == ""
    receiver.answers = [(500, {}), (200, {})]
    while not beat.state.fault:
        clock.move(10)
        beat.run_due()
    assert beat.state.fault == "HTTP 500 Internal Server Error"
    # It is tried again before the usual time.
    assert run(1) == 8
    assert beat.state.fault == ""
    assert SECRET not in repr(beat.state)


def test_all_is_well_as_long_as_alerts_are_judged(receiver: Receiver, path: Path) -> None:
    program = Program(Night(Run(1)), receiver.url, path)
    assert program.notifier.trouble() == "alerts are not judged"
    program.run(60)
    assert program.notifier.trouble() == ""
    program.clock.move(100)
    assert program.notifier.trouble() == ""
    program.clock.move(60)
    assert program.notifier.trouble() == "alerts are not judged"
    program.end()


def test_a_target_that_cannot_be_told_is_not_well(receiver: Receiver, path: Path) -> None:
    receiver.answers = [(500, {})]
    program = Program(Night(Run(1, lifecycle="UPDATE_FAILED")), receiver.url, path)
    program.run(60)
    eventually(lambda: program.notifier.deliveries.failing)
    program.run(20 * 60)
    assert program.notifier.trouble() == "the target chat cannot be told"
    program.end()


def test_a_connection_that_is_away_is_an_alert_and_no_fault_of_the_watching(
    receiver: Receiver, path: Path
) -> None:
    program = Program(a_fault(), receiver.url, path)
    program.run(15 * 60)
    eventually(lambda: receiver.told)
    assert receiver.told[0]["rule"] == "connection lost"
    assert program.notifier.trouble() == ""
    program.end()
