"""What is known to be well, and what only looks like it because too little is known."""

from __future__ import annotations

from msgspec.structs import replace

from farmwatch.rules.facts import WorkerFacts
from farmwatch.rules.well import NOT_RESPONDING, STUCK_RULE, well_session, well_worker
from tests.rules.facts import NOW, a_session, ago, at_work, stuck


def test_a_session_at_work_is_well_by_every_rule() -> None:
    well = well_session(at_work(line_at=ago(1), line_seen_at=NOW, progress_since=ago(1), gaps=(60.0,)))
    assert well.keys() >= {
        STUCK_RULE,
        "will not end",
        "update failed",
        "failed, still running",
        "log trouble",
    }
    assert set(well.values()) == {NOW}


def test_a_stuck_session_is_not_well() -> None:
    assert STUCK_RULE not in well_session(stuck())


def test_a_session_that_is_quiet_and_works_is_not_stuck() -> None:
    busy = stuck()
    assert busy.action is not None
    action = replace(busy.action, siblings=10, median=3_000.0, on_worker=1, cpu=93.0, cpu_at=ago(1))
    assert STUCK_RULE in well_session(replace(busy, action=action))
    assert STUCK_RULE not in well_session(replace(busy, action=replace(action, cpu=7.0)))


def test_what_was_not_looked_at_for_long_is_not_known_to_be_well() -> None:
    # Its progress was never seen to change, and nobody reads its log.
    assert STUCK_RULE not in well_session(at_work(progress_since=ago(1)))
    # It waits, and that only the last minute was seen of it says nothing.
    assert "will not end" not in well_session(a_session(target="ENDED", ending_since=ago(1)))
    waits = at_work(status="ASSIGNED", started_at=None, waits_since=ago(1), runs_before=False)
    assert STUCK_RULE not in well_session(replace(waits, target="ENDED", ending_since=ago(1)))


def test_what_has_just_begun_cannot_be_stuck() -> None:
    assert STUCK_RULE in well_session(at_work(started_at=ago(5), progress_since=ago(1)))


def test_a_session_of_which_no_action_is_known_may_be_stuck() -> None:
    assert STUCK_RULE not in well_session(a_session())


def test_a_worker_is_well_by_what_is_known_of_it() -> None:
    unknown = WorkerFacts("worker-1", "", NOW)
    assert well_worker(unknown) == {}
    silent = WorkerFacts("worker-1", "NOT_RESPONDING", NOW)
    assert NOT_RESPONDING not in well_worker(silent)
    quiet = WorkerFacts("worker-1", "RUNNING", NOW, quiet_since=(None, None))
    assert well_worker(quiet).keys() == {NOT_RESPONDING}
    alive = WorkerFacts("worker-1", "RUNNING", NOW, quiet_since=(None, ago(1)))
    assert well_worker(alive).keys() == {NOT_RESPONDING, "dead worker"}
    failures = {"step-1": (ago(9), ago(8), ago(7))}
    others = {"step-1": {"worker-2": ago(6), "worker-3": ago(5)}}
    bad = WorkerFacts("worker-1", "RUNNING", NOW, failures, others)
    assert "bad worker" not in well_worker(bad)
    assert "bad worker" in well_worker(WorkerFacts("worker-1", "RUNNING", NOW, {"step-1": (ago(9),)}, others))
