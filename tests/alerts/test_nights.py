"""Scripted nights: what goes wrong on a farm is found in its time, told once, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from farmwatch.alerts.alert import Alert, Notice, State
from farmwatch.alerts.life import step
from farmwatch.alerts.seen import pass_of, strangers
from farmwatch.aws.log_page import LogEvent, LogPage, LogSource
from farmwatch.polling.schedule import RequestBudget
from farmwatch.wall.values import LastLine
from farmwatch.wall.worker_metrics import WorkerMetrics
from moto_deadline.simulation import host
from tests.wall.large import LargeWall


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    with mock_aws():
        yield


class WorkerLogs:
    """Answers for the newest pages of logs, out of the streams of the farm."""

    def __init__(self, wall: LargeWall) -> None:
        self.wall = wall
        self.asked = 0

    def log_page(self, source: LogSource, *, from_head: bool, limit: int) -> LogPage:
        self.asked += 1
        stream = self.wall.simulation.logs.stream(source.group, source.stream)
        events, back, on = stream.get_log_events(None, None, limit, None, from_head)
        return LogPage([LogEvent(one["timestamp"], one["message"]) for one in events], on, back)


class Watched:
    """A night, or the farm of the demonstration, its wall and its alerts, without a screen. While it
    ``is_cut_off`` no call is answered."""

    def __init__(self, night: str | None) -> None:
        self.wall = LargeWall(night=night)
        self.wall.target.judging.lines = self._lines
        self.wall.client.on_ask = self._answer
        self.logs = WorkerLogs(self.wall)
        target = self.wall.target
        self.metrics = WorkerMetrics(lambda: target.judging.silent, RequestBudget(rate=5.0, burst=5.0))
        target.judging.cpu = self.metrics.known
        self.begin = self.wall.clock.now()
        self.is_cut_off = False
        self.alerts: dict[str, Alert] = {}
        self.notices: list[Notice] = []
        self.suspect: dict[str, set[str]] = {}
        """What the rules have found of rows, certain or not, by the names of the rules."""

    def _answer(self) -> None:
        if self.is_cut_off:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")

    def _lines(self) -> Mapping[str, LastLine]:
        if self.is_cut_off:
            return {}
        world, now = self.wall.simulation, self.wall.clock.now()
        lines: dict[str, LastLine] = {}
        for row in self.wall.target.observed.rows:
            stream = world.logs.stream(
                f"/aws/deadline/{row.ref.farm_id}/{row.ref.queue_id}", row.ref.session_id
            )
            # What is generated has a line at any time.
            at = stream.written_until / 1000 if stream.generated is None else now.timestamp()
            if at > 0:
                lines[row.key] = LastLine("a line", datetime.fromtimestamp(at, UTC), now)
        return lines

    def pass_minutes(self, minutes: int) -> None:
        self.refresh(minutes, 60)

    def refresh(self, times: int, seconds: float) -> None:
        for _ in range(times):
            self.wall.step(seconds)
            subjects = [alert.subject for alert in self.alerts.values()]
            wanted = {one.session_id or one.worker_id for one in subjects}
            target = self.wall.target
            target.want_well(wanted, strangers(target.observed, self.alerts.values()))
            self.wall.refresh()
            logs: Any = self.logs
            while self.metrics.poll(logs, self.wall.clock).again_in == 0.0:
                pass
            now = self.wall.clock.now()
            seen = pass_of(target.observed, self.alerts.values(), now)
            self.alerts, notices = step(self.alerts, seen, now)
            self.notices += notices
            for row in target.observed.rows:
                for one in row.findings:
                    self.suspect.setdefault(one.rule, set()).add(row.ref.session_id)

    def subject(self, number: int = 1) -> str:
        """The id of a session that the night is about."""
        return self.wall.simulation.cast["subject" if number == 1 else f"subject_{number}"].session_id

    @property
    def told(self) -> list[str]:
        return [f"{one.kind.value}: {one.alerts[0].rule}" for one in self.notices]

    @property
    def told_after(self) -> timedelta:
        return self.notices[0].at - self.begin


@pytest.mark.parametrize(
    ("night", "rule", "minutes"),
    [
        # A session hangs after 25 minutes; it is silent after 30 more, and stuck after 5 more.
        ("stuck", "stuck", 25 + 30 + 6),
        ("not-responding", "not responding", 25 + 3),
        ("dead-worker", "dead worker", 25 + 30 + 3),
        # The others have not succeeded before ten minutes.
        ("bad-worker", "bad worker", 12 + 3),
        # It fails for the third time after 11 min 43 s.
        ("poison-task", "poison task", 12 + 3),
    ],
)
def test_what_goes_wrong_is_found_in_its_time_and_told_once(night: str, rule: str, minutes: int) -> None:
    watched = Watched(night)
    watched.pass_minutes(minutes + 30)
    assert watched.told == [f"fired: {rule}"]
    assert watched.told_after <= timedelta(minutes=minutes)
    (alert,) = watched.notices[0].alerts
    subject = watched.wall.simulation.cast["subject"]
    account = watched.wall.simulation.account
    session = account.sessions[subject.job_id][subject.session_id]
    action = account.actions[subject.session_id][
        f"sessionaction-{subject.session_id.removeprefix('session-')}-1"
    ]
    assert {alert.subject.session_id, alert.subject.worker_id, alert.subject.task_id} - {""} <= {
        subject.session_id,
        session["workerId"],
        action["definition"]["taskRun"]["taskId"],
    }


@pytest.mark.parametrize(
    ("night", "rule", "minutes"),
    [("never-started", "never started", 15), ("will-not-end", "will not end", 15)],
)
def test_one_signal_alone_is_shown_and_not_told(night: str, rule: str, minutes: int) -> None:
    watched = Watched(night)
    watched.pass_minutes(minutes)
    assert watched.suspect == {rule: {watched.subject()}}
    assert watched.told == []


def test_a_slow_session_that_goes_on_is_no_more_than_suspect() -> None:
    watched = Watched("slow")
    watched.pass_minutes(100)
    assert watched.suspect == {"straggler": {watched.subject()}}
    assert watched.told == []


def hang(watched: Watched) -> None:
    simulation, ids = watched.wall.simulation, watched.wall.simulation.cast["subject"]
    host.hang(simulation, simulation.account.sessions[ids.job_id][ids.session_id])


def test_a_silent_session_whose_worker_is_busy_with_it_is_quiet_and_works() -> None:
    watched = Watched("silent-busy")
    watched.pass_minutes(100)
    assert watched.told == []
    assert watched.suspect == {"quiet, working": {watched.subject()}, "straggler": {watched.subject()}}
    (row,) = [one for one in watched.wall.target.observed.rows if one.ref.session_id == watched.subject()]
    assert row.troubles[-1] == "quiet, working"
    assert [one.evidence for one in row.findings if "CPU 9" in one.evidence and "(Metrics)" in one.evidence]
    # From twenty minutes on, every five minutes.
    assert 10 <= watched.logs.asked <= 100 / 5
    # As soon as it does nothing any more, what it says nothing of counts.
    hang(watched)
    watched.pass_minutes(6 + 2 + 6)
    assert watched.told == ["fired: stuck"]
    assert "CPU" in watched.notices[0].alerts[0].evidence


def test_the_same_session_on_a_worker_that_does_nothing_is_told() -> None:
    watched = Watched("silent-busy")
    watched.pass_minutes(1)
    hang(watched)
    watched.pass_minutes(75)
    assert watched.told == ["fired: stuck"]
    assert "quiet, working" not in watched.suspect


def test_a_silent_session_is_not_excused_by_what_else_runs_on_its_worker() -> None:
    watched = Watched("silent-shared")
    watched.pass_minutes(65)
    assert watched.told == ["fired: stuck"]
    assert watched.notices[0].alerts[0].subject.session_id == watched.subject()
    assert "2 sessions on its worker" in watched.notices[0].alerts[0].evidence
    assert watched.logs.asked == 0


@pytest.mark.parametrize("night", ["quiet", "spot-storm"])
def test_neither_a_quiet_night_nor_spot_interruptions_are_trouble(night: str) -> None:
    watched = Watched(night)
    watched.pass_minutes(45)
    assert watched.told == []
    assert watched.suspect == {}
    failures = watched.wall.target.observed.failures
    assert len(failures) == (10 if night == "spot-storm" else 0)
    assert all(failure.is_interruption for failure in failures)


def states(watched: Watched) -> dict[str, State]:
    return {alert.rule: alert.state for alert in watched.alerts.values()}


def test_an_hour_without_network_resolves_nothing_and_nothing_is_told_twice_after_it() -> None:
    watched = Watched("stuck")
    watched.pass_minutes(65)
    watched.is_cut_off = True
    watched.pass_minutes(60)
    assert states(watched) == {"stuck": State.CANNOT_SEE, "connection lost": State.FIRING}
    watched.is_cut_off = False
    watched.pass_minutes(10)
    assert states(watched) == {"stuck": State.FIRING, "connection lost": State.RESOLVED}
    assert watched.told == ["fired: stuck", "fired: connection lost", "resolved: connection lost"]


def test_what_ended_during_an_outage_is_resolved_after_it() -> None:
    watched = Watched("stuck")
    watched.pass_minutes(65)
    watched.is_cut_off = True
    watched.pass_minutes(30)
    simulation, ids = watched.wall.simulation, watched.wall.simulation.cast["subject"]
    simulation.tell_to_end(simulation.account.sessions[ids.job_id][ids.session_id])
    watched.pass_minutes(30)
    assert states(watched)["stuck"] is State.CANNOT_SEE
    watched.is_cut_off = False
    watched.pass_minutes(5)
    assert states(watched) == {"stuck": State.RESOLVED, "connection lost": State.RESOLVED}
    assert sorted(watched.told) == sorted(
        ["fired: stuck", "fired: connection lost", "resolved: stuck", "resolved: connection lost"]
    )


def test_a_dead_worker_mutes_what_its_sessions_have() -> None:
    watched = Watched("dead-worker")
    watched.pass_minutes(70)
    (dead,) = [alert for alert in watched.alerts.values() if alert.rule == "dead worker"]
    stuck = [alert for alert in watched.alerts.values() if alert.rule == "stuck"]
    assert {alert.subject.session_id for alert in stuck} == {watched.subject(), watched.subject(2)}
    assert {alert.muted_by for alert in stuck} == {dead.id}
    assert watched.told == ["fired: dead worker"]


def test_the_demonstration_has_its_troubles_found_within_a_minute_one_notice_a_cause() -> None:
    watched = Watched(None)
    watched.refresh(6, 10)
    assert sorted(watched.told) == ["fired: bad worker", "fired: log trouble"]
    assert {len(notice.alerts) for notice in watched.notices} == {1}
    # A session is to end after 30 seconds, and fails to after 40 more: six times as fast, within a minute.
    watched.refresh(5, 10)
    assert sorted(watched.told) == ["fired: bad worker", "fired: log trouble", "fired: update failed"]
