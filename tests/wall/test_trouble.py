"""The rules of trouble on the wall: a night in which things go wrong, refresh by refresh."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from moto import mock_aws
from msgspec.structs import replace

from farmwatch.aws.model import DEFAULT_CONNECTION, Fault, FaultKind, Host, Page, SessionRef
from farmwatch.aws.session_action import SessionAction
from farmwatch.aws.task import Worker
from farmwatch.history.events import NoRecords
from farmwatch.rules.finding import Severity
from farmwatch.wall.scope import Scope
from farmwatch.wall.target import WallTarget
from farmwatch.wall.values import LastLine, WallObserved, WallRow
from farmwatch.wall.workers import workers_of
from tests.canned import FLEET_ID, START, HandClock, a_fault
from tests.wall.large import LargeWall
from tests.wall.night import Night, Run, session_id, worker_id


class Watch:
    """A wall of a night, moved by hand; ``lines`` are when the newest lines of logs were written, by the
    numbers of sessions."""

    def __init__(self, *runs: Run, **answers: Any) -> None:
        self.night = Night(*runs, **answers)
        self.clock = HandClock()
        self.lines: dict[int, datetime] = {}
        since = START - timedelta(hours=8)
        self.target = WallTarget(DEFAULT_CONNECTION, Scope(), since, NoRecords(), rate=12.0)
        self.target.judging.lines = lambda: {
            f"{DEFAULT_CONNECTION} {session_id(number)}": LastLine("rendering", at, self.clock.now())
            for number, at in self.lines.items()
        }

    def refresh(self, minutes: float = 0.5, times: int = 1) -> WallObserved:
        for _ in range(times):
            self.clock.move(minutes * 60)
            api: Any = self.night
            while self.target.poll(api, self.clock).again_in == 0.0:
                pass
        return self.target.observed

    def row(self, number: int) -> WallRow:
        rows = {row.ref.session_id: row for row in self.target.observed.rows}
        return rows[session_id(number)]

    def run(self, number: int) -> Run:
        return next(run for run in self.night.runs if run.number == number)


def freeze(watch: Watch, number: int) -> None:
    """Let a session render for twelve minutes, and then do nothing more."""
    for step in range(12):
        watch.run(number).progress = 40.0 + step
        watch.lines[number] = watch.clock.now()
        watch.refresh(1)


def test_a_session_that_stops_in_the_middle_is_found_to_be_stuck() -> None:
    watch = Watch(Run(1, minutes=5), Run(2, job=2, minutes=5))
    freeze(watch, 1)
    for step in range(45):
        watch.run(2).progress = step * 2.0
        watch.lines[2] = watch.clock.now()
        watch.refresh(1)
    row, other = watch.row(1), watch.row(2)
    assert row.troubles == ("stuck: silent 46 min of 62, progress frozen 45 min",)
    assert [one.severity for one in row.findings] == [Severity.STUCK, Severity.STUCK]
    assert "(median of 9)" in row.findings[1].evidence
    assert other.findings == ()
    assert watch.target.observed.troubled == 1
    watch.run(1).progress = 52.0
    watch.lines[1] = watch.clock.now()
    assert watch.refresh().troubled == 1
    assert watch.refresh().troubled == 0
    assert watch.row(1).findings == ()


def test_a_log_that_nobody_reads_is_not_silent() -> None:
    watch = Watch(Run(1, minutes=5))
    freeze(watch, 1)
    watch.lines.clear()
    watch.refresh(1, times=45)
    assert watch.row(1).troubles == ("suspect: progress frozen 45 min",)
    assert watch.row(1).is_troubled
    assert watch.target.observed.troubled == 0, "what is only suspect is not counted"


def test_what_is_lost_sight_of_stays_as_it_was_found() -> None:
    watch = Watch(Run(1, minutes=5))
    freeze(watch, 1)
    watch.refresh(1, times=45)
    found = watch.row(1).findings
    assert len(found) == 2
    answers = dict(watch.night.answers)
    watch.night.answers["actions_of_sessions"] = [a_fault(FaultKind.DENIED)]
    watch.night.answers["sessions_by_id"] = [a_fault(FaultKind.DENIED)]
    watch.refresh(1, times=5)
    assert watch.row(1).findings == found
    watch.night.answers.update(answers)
    watch.run(1).progress = 90.0
    watch.lines[1] = watch.clock.now() + timedelta(minutes=10)
    watch.refresh(1, times=15)
    assert watch.row(1).findings == ()


def test_a_straggler_is_compared_with_its_siblings() -> None:
    done = [Run(number, status="SUCCEEDED", minutes=11) for number in range(10, 22)]
    watch = Watch(Run(1, minutes=90), *done)
    watch.refresh(times=4)
    (finding,) = watch.row(1).findings
    assert (finding.rule, finding.severity) == ("straggler", Severity.SUSPECT)
    assert "siblings' median 10 min, n = 12" in finding.evidence


def waiting(number: int, action_number: int, before: str) -> tuple[Run, Night]:
    """A session whose task waits behind an action of another status."""
    run = Run(number, action_number=action_number)
    night = Night(run)

    def actions(wanted: list[tuple[SessionRef, str]]) -> dict[str, SessionAction]:
        own = replace(run.action(), status="ASSIGNED", started_at=None)
        stem = run.action_id.rpartition("-")[0]
        entering = SessionAction(f"{stem}-{action_number - 1}", before, "envEnter", started_at=START)
        known = {own.action_id: own, entering.action_id: entering}
        return {one: known[one] for _, one in wanted if one in known}

    night.answers["actions_of_sessions"] = [lambda wanted: actions(wanted)]
    return run, night


def test_a_task_that_waits_where_nothing_runs_never_started_and_behind_an_environment_it_waits() -> None:
    for before, words in (("SUCCEEDED", ("suspect: never started 12 min",)), ("RUNNING", ())):
        watch = Watch()
        _, watch.night = waiting(1, 2, before)
        watch.refresh(1, times=13)
        assert watch.row(1).troubles == words


def test_a_session_that_is_to_end_and_does_not_is_suspect() -> None:
    watch = Watch(Run(1))
    session = watch.run(1).session()
    ending = replace(session, target_lifecycle_status="ENDED", lifecycle_status="UPDATE_SUCCEEDED")
    watch.night.answers["sessions_by_id"] = [lambda refs: {ref.session_id: ending for ref in refs}]
    watch.refresh(1, times=10)
    assert watch.row(1).findings == ()
    watch.refresh(1, times=3)
    assert watch.row(1).troubles == ("suspect: will not end 12 min",)


def test_a_session_that_goes_on_long_after_its_action_failed_is_in_trouble() -> None:
    watch = Watch(Run(1))
    watch.refresh()
    watch.run(1).status = "FAILED"
    watch.refresh(1, times=8)
    assert watch.row(1).troubles == ()
    watch.refresh(1, times=3)
    assert watch.row(1).troubles == ("failed, still running 12 min",)
    assert watch.target.observed.troubled == 1


def test_a_worker_on_which_one_task_after_the_other_fails_is_bad_and_its_sessions_are_in_trouble() -> None:
    failed = [Run(number, worker=9, status="FAILED", minutes=20) for number in range(1, 4)]
    others = [Run(number, worker=number, minutes=9) for number in (4, 5)]
    watch = Watch(*failed, *others, Run(6, worker=9))
    watch.refresh(times=2)
    assert watch.target.observed.worker_findings == {}
    for run in watch.night.runs[3:5]:
        run.status = "SUCCEEDED"
    watch.refresh(1, times=6)
    workers = {one.worker_id: one for one in workers_of(watch.target.observed)}
    (finding,) = workers[worker_id(9)].findings
    assert finding.rule == "bad worker"
    assert "3 tasks of Render failed on it" in finding.evidence
    assert "2 other workers" in finding.evidence
    assert not workers[worker_id(4)].findings
    assert watch.row(6).troubles == ("bad worker: 3 failed",)


def test_interruptions_make_no_worker_bad_and_no_task_poison() -> None:
    runs = [
        Run(number, worker=9 - number % 3, status="INTERRUPTED", task_number=1) for number in range(1, 10)
    ]
    others = [Run(number, worker=number, minutes=9) for number in (14, 15)]
    watch = Watch(*runs, *others)
    watch.refresh(times=2)
    for run in watch.night.runs[9:]:
        run.status = "SUCCEEDED"
    observed = watch.refresh(1, times=6)
    assert observed.interrupted == 9
    assert observed.worker_findings == {}
    assert all(not failure.findings for failure in observed.failures)
    assert all(not row.findings for row in observed.rows)


def test_a_task_that_failed_on_three_workers_is_poison_wherever_it_is_told() -> None:
    failed = [Run(number, worker=number, status="FAILED", task_number=1) for number in range(1, 4)]
    watch = Watch(*failed, Run(4, worker=4, task_number=1), Run(5, worker=5))
    observed = watch.refresh(times=4)
    assert [len(failure.findings) for failure in observed.failures] == [1, 1, 1]
    assert watch.row(4).troubles == ("poison task: failed on 3 workers",)
    assert watch.row(5).findings == ()


def test_a_worker_that_does_not_respond_is_dead_and_comes_back_after_two_good_searches() -> None:
    watch = Watch(Run(1))

    def answer(status: str) -> None:
        worker = Worker(worker_id(1), FLEET_ID, status, Host("ip-10-0-0-1"))
        watch.night.answers["search_workers"] = [Page((worker,), total=1)]

    answer("NOT_RESPONDING")
    watch.refresh(1, times=6)
    assert watch.row(1).troubles == ("dead worker: not responding",)
    denied: Fault = a_fault(FaultKind.DENIED)
    watch.night.answers["search_workers"] = [denied]
    watch.refresh(1, times=6)
    assert watch.row(1).troubles, "it is not alive because nobody can see it"
    answer("RUNNING")
    watch.refresh(1, times=8)
    assert watch.row(1).troubles == ()


def test_how_an_action_went_is_no_measure_of_the_next_one() -> None:
    watch = Watch(Run(1))
    freeze(watch, 1)
    watch.run(1).action_number = 2
    watch.lines.clear()
    watch.refresh(1, times=60)
    assert watch.row(1).findings == ()


def test_the_embedded_farm_has_the_trouble_that_it_plays_and_none_is_invented() -> None:
    with mock_aws():
        wall = LargeWall(100)
        for _ in range(20):
            wall.refresh()
            wall.step(30)
        observed = wall.target.observed
    rules = {one.rule for row in observed.rows for one in row.findings}
    assert not rules - {"update failed", "log trouble", "bad worker"}
    assert {one.rule for found in observed.worker_findings.values() for one in found} <= {"bad worker"}
    by_status = {row.status for row in observed.rows if "update failed" in str(row.troubles)}
    assert by_status <= {"UPDATE_FAILED"}
