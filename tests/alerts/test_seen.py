"""Alerts of a night: what the wall's rules find, refresh by refresh, and over the end of the program."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from farmwatch.alerts.alert import CONNECTION_LOST, Alert, Notice, State
from farmwatch.alerts.life import step
from farmwatch.alerts.seen import pass_of, strangers
from farmwatch.aws.model import DEFAULT_CONNECTION, FaultKind, Host, Page
from farmwatch.aws.task import Worker
from farmwatch.history.events import NoRecords
from farmwatch.wall.scope import Scope
from farmwatch.wall.target import WallTarget
from farmwatch.wall.values import LastLine
from tests.canned import FLEET_ID, START, HandClock, a_fault
from tests.wall.night import Night, Run, session_id, worker_id


class Watched:
    """A night, its wall moved by hand, and the alerts; ``lines`` has when the newest line of each log was
    written."""

    def __init__(self, *runs: Run) -> None:
        self.night = Night(*runs)
        self.clock = HandClock()
        self.lines: dict[int, datetime] = {}
        self.alerts: dict[str, Alert] = {}
        self.notices: list[Notice] = []
        self.begin()

    def begin(self) -> None:
        """The program begins: what its rules had found is forgotten, and the alerts are not."""
        since = START - timedelta(hours=8)
        self.target = WallTarget(DEFAULT_CONNECTION, Scope(), since, NoRecords(), rate=12.0)
        self.target.judging.lines = lambda: {
            f"{DEFAULT_CONNECTION} {session_id(number)}": LastLine("rendering", at, self.clock.now())
            for number, at in self.lines.items()
        }

    def refresh(self, minutes: float = 1.0, times: int = 1) -> None:
        for _ in range(times):
            self.clock.move(minutes * 60)
            subjects = [alert.subject for alert in self.alerts.values()]
            wanted = {subject.session_id or subject.worker_id for subject in subjects}
            self.target.want_well(wanted, strangers(self.target.observed, self.alerts.values()))
            api: Any = self.night
            while self.target.poll(api, self.clock).again_in == 0.0:
                pass
            now = self.clock.now()
            seen = pass_of(self.target.observed, self.alerts.values(), now)
            self.alerts, notices = step(self.alerts, seen, now)
            self.notices += notices

    @property
    def states(self) -> dict[str, State]:
        """By the rules of the alerts."""
        return {alert.rule: alert.state for alert in self.alerts.values()}

    @property
    def told(self) -> list[str]:
        return [f"{notice.kind.value}: {notice.alerts[0].rule}" for notice in self.notices]


def a_stuck_one() -> Watched:
    """A session that has rendered for a while, then stopped, and has fired."""
    watched = Watched(Run(1, minutes=5))
    for number in range(12):
        watched.night.runs[0].progress = 40.0 + number
        watched.lines[1] = watched.clock.now()
        watched.refresh()
    watched.refresh(times=45)
    assert watched.states == {"stuck": State.FIRING}
    assert watched.told == ["fired: stuck"]
    return watched


def test_a_stuck_session_is_one_alert_with_all_that_was_compared() -> None:
    watched = a_stuck_one()
    (alert,) = watched.alerts.values()
    assert alert.words == "silent 46 min of 62, progress frozen 45 min"
    assert "no baseline of siblings" in alert.evidence
    assert "before, it changed every" in alert.evidence
    assert alert.name == "shot_01 1"
    assert alert.subject.ref == alert.sessions[0]
    watched.night.runs[0].progress = 60.0
    watched.lines[1] = watched.clock.now()
    watched.refresh()
    assert watched.states == {"stuck": State.FIRING}
    watched.refresh()
    assert watched.states == {"stuck": State.RESOLVED}
    assert watched.told == ["fired: stuck", "resolved: stuck"]


def test_a_restart_neither_repeats_nor_forgets_and_what_is_seen_again_fires_on() -> None:
    failed = [Run(number, worker=number, status="FAILED", task_number=7) for number in range(1, 4)]
    watched = Watched(*failed)
    watched.refresh(times=4)
    assert watched.told == ["fired: poison task"]
    watched.begin()
    watched.refresh(times=20)
    assert watched.states == {"poison task": State.FIRING}
    assert watched.told == ["fired: poison task"]


def test_after_a_restart_nothing_is_well_that_is_only_not_known_yet() -> None:
    watched = a_stuck_one()
    watched.lines.clear()
    watched.begin()
    watched.refresh(times=40)
    # How often its progress used to change is forgotten, and nobody reads its log.
    assert watched.states == {"stuck": State.CANNOT_SEE}
    assert watched.told == ["fired: stuck"]
    for number in range(4):
        watched.night.runs[0].progress = 61.0 + number
        watched.lines[1] = watched.clock.now()
        watched.refresh()
    assert watched.states == {"stuck": State.RESOLVED}


def test_a_session_that_ended_while_nobody_watched_is_looked_at_and_over() -> None:
    watched = a_stuck_one()
    watched.night.runs[0].status, watched.night.runs[0].lifecycle = "CANCELED", "ENDED"
    watched.begin()
    watched.refresh(times=2)
    assert watched.states == {"stuck": State.RESOLVED}


def test_what_is_denied_resolves_nothing() -> None:
    watched = a_stuck_one()
    watched.night.answers["actions_of_sessions"] = [a_fault(FaultKind.DENIED)]
    watched.night.answers["sessions_by_id"] = [a_fault(FaultKind.DENIED)]
    watched.refresh(times=30)
    assert watched.states == {"stuck": State.FIRING}


def test_a_lost_connection_is_told_and_not_all_of_its_sessions() -> None:
    watched = a_stuck_one()
    answers = dict(watched.night.answers)
    watched.night.answers["search_tasks"] = [a_fault(FaultKind.NETWORK)]
    watched.refresh(times=3)
    assert watched.states == {"stuck": State.CANNOT_SEE, CONNECTION_LOST: State.FIRING}
    watched.night.answers.update(answers)
    watched.refresh(times=3)
    assert watched.states == {"stuck": State.FIRING, CONNECTION_LOST: State.RESOLVED}
    assert watched.told == ["fired: stuck", "fired: connection lost", "resolved: connection lost"]


def test_a_worker_that_does_not_respond_is_told_and_not_its_sessions() -> None:
    watched = a_stuck_one()

    def workers(status: str) -> Page[Worker]:
        return Page((Worker(worker_id(1), FLEET_ID, status, Host("ip-10-0-0-1", "g6e.2xlarge")),), total=1)

    watched.night.answers["search_workers"] = [workers("NOT_RESPONDING")]
    watched.refresh(times=6)
    assert watched.states == {"stuck": State.FIRING, "not responding": State.FIRING}
    alerts = {alert.rule: alert for alert in watched.alerts.values()}
    assert alerts["stuck"].muted_by == alerts["not responding"].id
    assert alerts["not responding"].name == "ip-10-0-0-1"
    assert len(alerts["not responding"].sessions) == 1
    watched.night.answers["search_workers"] = [workers("RUNNING")]
    watched.refresh(times=9)
    assert watched.states == {"stuck": State.FIRING, "not responding": State.RESOLVED}


def test_a_poison_task_is_told_once_and_forgiven() -> None:
    failed = [Run(number, worker=number, status="FAILED", task_number=7) for number in range(1, 4)]
    watched = Watched(*failed)
    watched.refresh(times=6)
    assert watched.states == {"poison task": State.FIRING}
    watched.refresh(60, times=5)
    assert watched.states == {"poison task": State.RESOLVED}
    assert watched.told[:2] == ["fired: poison task", "still firing: poison task"]
