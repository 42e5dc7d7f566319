"""What is put on a wall is what it shows: queues, jobs, sessions, all sessions of a worker."""

from __future__ import annotations

from datetime import timedelta

import pytest

from farmwatch.aws.model import Page
from farmwatch.aws.task import WorkerSession
from farmwatch.monitor.monitor import Monitor
from farmwatch.wall.item import WallItem
from farmwatch.wall.values import WallObserved
from tests.canned import FARM_ID, FLEET_ID, QUEUE_ID, START, HandClock
from tests.wall.night import OTHER_QUEUE_ID, Night, Run, session_id, worker_id

NAME = "default"
JOB_1 = f"job-{1:032x}"


def seen(farm: Night, *items: WallItem, refreshes: int = 3) -> WallObserved:
    """What a wall of these knows after some refreshes."""
    clock = HandClock()
    monitor = Monitor({NAME: lambda *_: farm}, clock=clock)
    handle = monitor.watch_wall(items, START - timedelta(hours=8))
    for _ in range(refreshes):
        for _ in range(40):
            monitor.run_due()
        clock.move(15)
    (observed,) = handle.observed
    handle.close()
    return observed


def a_night() -> Night:
    return Night(
        Run(1, job=1, worker=1),
        Run(2, job=1, worker=2),
        Run(3, job=2, worker=1),
        Run(4, job=3, worker=3, queue_id=OTHER_QUEUE_ID),
        Run(5, job=1, worker=2, status="FAILED", exit_code=1),
        Run(6, job=2, worker=1, status="FAILED", exit_code=2),
        Run(7, job=3, worker=3, status="FAILED", exit_code=3, queue_id=OTHER_QUEUE_ID),
    )


def running(observed: WallObserved) -> set[int]:
    return {int(row.ref.session_id.removeprefix("session-"), 16) for row in observed.rows}


def failed(observed: WallObserved) -> set[int | None]:
    return {failure.action.exit_code for failure in observed.failures}


@pytest.mark.parametrize(
    ("ids", "runs", "failures"),
    [
        ((), {1, 2, 3, 4}, {1, 2, 3}),
        ((FARM_ID,), {1, 2, 3, 4}, {1, 2, 3}),
        ((FARM_ID, QUEUE_ID), {1, 2, 3}, {1, 2}),
        ((FARM_ID, QUEUE_ID, JOB_1), {1, 2}, {1}),
        ((FARM_ID, QUEUE_ID, JOB_1, session_id(2)), {2}, set()),
        ((FARM_ID, QUEUE_ID, JOB_1, session_id(5)), {5}, {1}),
    ],
    ids=["connection", "farm", "queue", "job", "session", "failed session"],
)
def test_what_runs_and_fails_of_what_was_put_on_it_is_shown_and_nothing_else(
    ids: tuple[str, ...], runs: set[int], failures: set[int]
) -> None:
    observed = seen(a_night(), WallItem(NAME, ids))
    assert running(observed) == runs
    assert failed(observed) == failures
    workers = {run.worker for run in a_night().runs if run.number in runs or run.exit_code in failures}
    assert observed.workers.keys() == {worker_id(number) for number in workers}


def test_all_sessions_of_a_worker_are_shown_whatever_their_queue() -> None:
    sessions = Page(
        (
            WorkerSession(session_id(1), QUEUE_ID, JOB_1, "STARTED"),
            WorkerSession(session_id(3), QUEUE_ID, f"job-{2:032x}", "STARTED"),
            WorkerSession(session_id(6), QUEUE_ID, f"job-{2:032x}", "STARTED"),
        )
    )
    farm = a_night()
    farm.answers["worker_sessions"] = [sessions]
    observed = seen(farm, WallItem(NAME, (FARM_ID, FLEET_ID, worker_id(1))))
    assert running(observed) == {1, 3, 6}
    assert failed(observed) == {2}
    assert observed.fault is None
    asked = next(question for question in farm.asked if question[0] == "worker_sessions")
    assert asked[1:4] == (FARM_ID, FLEET_ID, worker_id(1))


def test_nothing_is_asked_of_a_connection_that_has_nothing_on_the_wall() -> None:
    farm = a_night()
    monitor = Monitor({NAME: lambda *_: farm}, clock=HandClock())
    handle = monitor.watch_wall([WallItem("another", ())], START)
    monitor.run_due()
    assert handle.observed == ()
    assert farm.asked == []


def test_the_names_of_queues_and_farms_are_known() -> None:
    observed = seen(a_night())
    assert observed.names[QUEUE_ID] == "lighting"
    assert observed.names[FARM_ID] == "Northlight"
