"""Scripted nights: what goes wrong on a farm is found in its time, told once, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from farmwatch.alerts.alert import Alert, Notice, State
from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.client import DeadlineClient
from farmwatch.aws.log_reader import LogReader
from farmwatch.cli.demo import SPEED
from farmwatch.config.settings import Settings
from farmwatch.config.state import StateFile
from farmwatch.monitor.monitor import Monitor
from farmwatch.monitor.walls import Walls
from farmwatch.wall.values import WallObserved
from moto_deadline.simulation import host
from moto_deadline.simulation.account import Record
from moto_deadline.simulation.agent import open_session
from moto_deadline.simulation.jobs import Run, submit
from moto_deadline.simulation.script import FAILS, session_play
from moto_deadline.simulation.world import Play
from tests.wall.large import NAME, LargeWall


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    with mock_aws():
        yield


class Logs:
    """Answers as a botocore client of CloudWatch Logs does, out of what the farm's sessions have written."""

    def __init__(self, wall: LargeWall, on_ask: Callable[[], None]) -> None:
        self._wall = wall
        self._on_ask = on_ask
        self.of_workers = 0
        """How often the log of a worker was asked for."""

    def get_log_events(self, **asked: Any) -> Mapping[str, Any]:
        self._on_ask()
        self.of_workers += asked["logStreamName"].startswith("worker-")
        stream = self._wall.simulation.logs.stream(asked["logGroupName"], asked["logStreamName"])
        events, backward, forward = stream.get_log_events(
            asked.get("startTime"),
            asked.get("endTime"),
            asked["limit"],
            asked.get("nextToken"),
            asked["startFromHead"],
        )
        return {"events": events, "nextBackwardToken": backward, "nextForwardToken": forward}


class Watched:
    """A night, or the farm of the demonstration, and a Farmwatch without a screen that watches it: a Monitor
    with its wall, whose logs are read, and its alerts; all of it in one thread, on a clock moved by hand.
    While it ``is_cut_off`` no call is answered."""

    def __init__(self, night: str | None, speed: float = 1.0, ahead: float = 0.0) -> None:
        self.wall = LargeWall(night=night, speed=speed)
        self.wall.step(ahead)
        self.wall.client.on_ask = self._ask
        client: Any = self.wall.client
        self.logs = Logs(self.wall, self._answer)
        door: Any = SimpleNamespace(logs=self.logs)
        api = DeadlineClient(client, logs=LogReader(door, by_role=False))
        self.begin = self.wall.clock.now()
        self.is_cut_off = False
        self.notices: list[Notice] = []
        self.suspect: dict[str, set[str]] = {}
        """What the rules have found of rows, certain or not, by the names of the rules."""

        self._on_request: Callable[[], None] = lambda: None

        def connect(on_request: Callable[[], None], _: object) -> DeadlineApi:
            self._on_request = on_request
            return api

        self.monitor = Monitor({NAME: connect}, clock=self.wall.clock)
        self.walls = Walls(self.monitor, StateFile(None), Settings())
        self.walls.told_to(self.notices.append)
        self.handle = self.walls.judge_always()

    def _ask(self) -> None:
        # Logs have a budget of their own, and count for themselves.
        self._on_request()
        self._answer()

    def _answer(self) -> None:
        if self.is_cut_off:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")

    @property
    def alerts(self) -> tuple[Alert, ...]:
        assert self.walls.alerts is not None
        return self.walls.alerts.observed.alerts

    @property
    def observed(self) -> WallObserved:
        (observed,) = self.handle.observed
        return observed

    def pass_minutes(self, minutes: int) -> None:
        """Look every ten seconds, as the wall does, and two more times for what a budget has put off."""
        for _ in range(6 * minutes):
            self.pass_seconds(8, 1, 1)

    def pass_seconds(self, *steps: float) -> None:
        """Let time pass, and after each of these steps look at all that is due by then."""
        for seconds in steps:
            self.wall.step(seconds)
            while self.monitor.run_due():
                pass
        for row in self.observed.rows:
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


@pytest.mark.long
def test_a_slow_session_that_goes_on_is_no_more_than_suspect() -> None:
    watched = Watched("slow")
    watched.pass_minutes(100)
    assert watched.suspect == {"straggler": {watched.subject()}}
    assert watched.told == []


def hang(watched: Watched) -> None:
    simulation, ids = watched.wall.simulation, watched.wall.simulation.cast["subject"]
    host.hang(simulation, simulation.account.sessions[ids.job_id][ids.session_id])


@pytest.mark.long
def test_a_silent_session_whose_worker_is_busy_with_it_is_quiet_and_works() -> None:
    watched = Watched("silent-busy")
    watched.pass_minutes(100)
    assert watched.told == []
    assert watched.suspect == {"quiet, working": {watched.subject()}, "straggler": {watched.subject()}}
    (row,) = [one for one in watched.observed.rows if one.ref.session_id == watched.subject()]
    assert row.troubles[-1] == "quiet, working"
    assert [one.evidence for one in row.findings if "CPU 9" in one.evidence and "(Metrics)" in one.evidence]
    # From twenty minutes on, every five minutes.
    assert 10 <= watched.logs.of_workers <= 100 / 5
    # As soon as it does nothing any more, what it says nothing of counts.
    hang(watched)
    watched.pass_minutes(6 + 2 + 6)
    assert watched.told == ["fired: stuck"]
    assert "CPU" in watched.notices[0].alerts[0].evidence


@pytest.mark.long
def test_the_same_session_on_a_worker_that_does_nothing_is_told() -> None:
    watched = Watched("silent-busy")
    watched.pass_minutes(1)
    hang(watched)
    watched.pass_minutes(75)
    assert watched.told == ["fired: stuck"]
    assert "quiet, working" not in watched.suspect


@pytest.mark.long
def test_a_silent_session_is_not_excused_by_what_else_runs_on_its_worker() -> None:
    watched = Watched("silent-shared")
    watched.pass_minutes(65)
    assert watched.told == ["fired: stuck"]
    assert watched.notices[0].alerts[0].subject.session_id == watched.subject()
    assert "2 sessions on its worker" in watched.notices[0].alerts[0].evidence
    assert watched.logs.of_workers == 0


@pytest.mark.parametrize("night", ["quiet", "spot-storm"])
def test_neither_a_quiet_night_nor_spot_interruptions_are_trouble(night: str) -> None:
    watched = Watched(night)
    watched.pass_minutes(45)
    assert watched.told == []
    assert watched.suspect == {}
    failures = watched.observed.failures
    assert len(failures) == (10 if night == "spot-storm" else 0)
    assert all(failure.is_interruption for failure in failures)


def tries(run: Run, workers: Sequence[Record]) -> Play:
    """A task that fails within seconds, on one worker after the other."""
    for worker in workers:
        task = run.waiting[0]
        yield from session_play(
            run, open_session(run, worker), worker, fate=FAILS, pace=10, most=1, fate_at=0
        )
        task["failureRetryCount"] += 1
        run.give_back(task)
        yield 1


@pytest.mark.parametrize(("seconds", "minutes"), [(10, 2), (60, 4)])
def test_a_task_that_fails_faster_than_the_wall_looks_is_found_among_many_jobs(
    seconds: int, minutes: int
) -> None:
    watched = Watched("quiet")
    world = watched.wall.simulation
    ((farm_id, queues),) = world.account.queues.items()
    (workers,) = (list(some.values()) for some in world.account.workers.values())
    runs = [
        submit(world, farm_id, next(iter(queues)), f"sq020_sh{number:04}_lgt_v001", frames=5, by="jon")
        for number in range(60)
    ]
    watched.pass_seconds(*600 // seconds * [seconds])
    begin = watched.wall.clock.now()
    world.play(tries(runs[30], workers[:3]))
    watched.pass_seconds(*600 // seconds * [seconds])
    assert watched.told == ["fired: poison task"]
    assert watched.notices[0].at - begin <= timedelta(minutes=minutes)
    assert len(watched.observed.failures) == 3


def states(watched: Watched) -> dict[str, State]:
    return {alert.rule: alert.state for alert in watched.alerts}


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
def test_a_dead_worker_mutes_what_its_sessions_have() -> None:
    watched = Watched("dead-worker")
    watched.pass_minutes(70)
    (dead,) = [alert for alert in watched.alerts if alert.rule == "dead worker"]
    stuck = [alert for alert in watched.alerts if alert.rule == "stuck"]
    assert {alert.subject.session_id for alert in stuck} == {watched.subject(), watched.subject(2)}
    assert {alert.muted_by for alert in stuck} == {dead.id}
    assert watched.told == ["fired: dead worker"]


@pytest.mark.long
@pytest.mark.parametrize("ahead", [0, 5])
def test_the_demonstration_has_its_troubles_told_within_fifty_seconds_one_notice_a_cause(ahead: int) -> None:
    # At the speed of `farmwatch --demo`, in which the farm may have begun some seconds before.
    watched = Watched(None, SPEED, ahead)
    watched.pass_seconds(*50 * [1])
    assert sorted(watched.told) == ["fired: bad worker", "fired: log trouble", "fired: update failed"]
    assert {len(notice.alerts) for notice in watched.notices} == {1}
    (stuck,) = [alert for alert in watched.alerts if alert.rule == "stuck"]
    assert stuck.state is State.PENDING
    assert stuck.subject.session_id == watched.wall.simulation.cast["stuck"].session_id
    watched.pass_minutes(6)
    assert watched.told[3:] == ["fired: stuck"]
