"""What comes of a request that was taken: looked at until it is known, told once, and for so long only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from farmwatch.actions.following import Became, Came, of_job, of_task
from farmwatch.actions.wishes import (
    CANCELED,
    READY,
    SUCCEEDED,
    SUSPENDED,
    UpdateJob,
    UpdateTask,
    Wish,
    confirmed,
)
from farmwatch.aws.model import FaultKind
from farmwatch.aws.task import Task
from farmwatch.history.events import EventKind
from farmwatch.monitor.update import RequestRef
from farmwatch.words.requests import became_words
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, REF, START, STEP_ID, a_fault, a_job
from tests.monitor.stage import Watching

TASK_ID = f"task-{STEP_ID[5:]}-3"
CANCEL = UpdateTask(REF, STEP_ID, TASK_ID, CANCELED)
REQUEUE = UpdateTask(REF, STEP_ID, TASK_ID, READY)
CANCEL_JOB = UpdateJob(REF.connection, FARM_ID, QUEUE_ID, JOB_ID, CANCELED)


def a_task(status: str, **changes: Any) -> Task:
    return replace(Task(TASK_ID, STEP_ID, JOB_ID, QUEUE_ID, status), **changes)


def act(wish: Wish, **answers: Any) -> Watching:
    """The wish is taken, and followed; the farm answers so."""
    watching = Watching(update_task=[None], update_job=[None], **answers)
    watching.monitor.act(confirmed(wish), follows=True)
    watching.run(60)
    return watching


def became(watching: Watching) -> list[Became]:
    told = [one.snapshot.observed.became for one in watching.updates if isinstance(one.subject, RequestRef)]
    return [one for one in told if one is not None]


def written(watching: Watching) -> list[str | None]:
    return [one.new for one in watching.notebook.entries if one.kind is EventKind.REQUEST]


def test_a_task_is_followed_until_it_is_canceled_and_that_is_in_the_history() -> None:
    watching = act(CANCEL, task=[a_task("RUNNING")])
    assert became(watching) == []
    watching.farm.answers["task"] = [a_task("CANCELED")]
    watching.run(1000)
    assert became(watching) == [Became(Came.DONE, "CANCELED")]
    assert written(watching) == ["ASKED", "TAKEN", "DONE: CANCELED"]
    assert watching.monitor.targets == (), "it is over"


def test_a_job_is_followed_as_well() -> None:
    watching = act(CANCEL_JOB, job=[a_job(1, "RUNNING")])
    watching.farm.answers["job"] = [a_job(1, "CANCELED", task_counts={"SUCCEEDED": 5, "CANCELED": 5})]
    watching.run(60)
    assert became(watching) == [Became(Came.DONE, "CANCELED")]


def test_what_nothing_comes_of_is_told_after_a_quarter_of_an_hour_and_asked_for_no_more() -> None:
    watching = act(CANCEL, task=[a_task("RUNNING")])
    watching.run(13 * 60)
    assert became(watching) == []
    watching.run(5 * 60)
    assert became(watching) == [Became(Came.LATE, "RUNNING")]
    asked = watching.farm.count("task")
    watching.run(600)
    assert watching.farm.count("task") == asked <= 92


def test_who_may_not_look_is_told_so_and_a_network_that_comes_back_goes_on() -> None:
    assert became(act(CANCEL, task=[a_fault(FaultKind.DENIED, code="AccessDenied")])) == [
        Became(Came.UNSEEN, "AccessDenied")
    ]
    watching = act(CANCEL, task=[a_fault()])
    assert became(watching) == []
    watching.farm.answers["task"] = [a_task("CANCELED")]
    watching.run(120)
    assert became(watching) == [Became(Came.DONE, "CANCELED")]


def test_a_task_that_ran_and_failed_again_between_two_looks_was_requeued() -> None:
    watching = act(REQUEUE, task=[a_task("FAILED", ended_at=START)])
    assert became(watching) == []
    watching.farm.answers["task"] = [a_task("FAILED", ended_at=START + timedelta(minutes=1))]
    watching.run(60)
    assert became(watching) == [Became(Came.DONE, "FAILED")]


def test_what_is_not_to_be_followed_is_not_looked_at() -> None:
    watching = Watching(update_task=[None])
    watching.monitor.act(confirmed(CANCEL))
    watching.run(600)
    assert watching.farm.count("task") == 0


@pytest.mark.parametrize(
    ("target", "status", "came"),
    [
        (CANCELED, "RUNNING", None),
        (CANCELED, "CANCELED", Came.DONE),
        (CANCELED, "SUCCEEDED", Came.OVER_BEFORE),
        (SUSPENDED, "INTERRUPTING", None),
        (SUSPENDED, "SUSPENDED", Came.DONE),
        (SUCCEEDED, "FAILED", None),
        (SUCCEEDED, "SUCCEEDED", Came.DONE),
        (READY, "FAILED", None),
        (READY, "SUSPENDED", None),
        (READY, "READY", Came.DONE),
        (READY, "RUNNING", Came.DONE),
    ],
)
def test_what_came_of_it_is_told_by_the_status_of_the_task(
    target: str, status: str, came: Came | None
) -> None:
    assert of_task(target, a_task(status), ran=False) is came


@pytest.mark.parametrize(
    ("target", "counts", "came"),
    [
        (CANCELED, {"SUCCEEDED": 5, "RUNNING": 1}, None),
        (CANCELED, {"CANCELED": 5, "SUSPENDED": 1}, None),
        (CANCELED, {"SUCCEEDED": 5, "CANCELED": 1}, Came.DONE),
        (CANCELED, {"SUCCEEDED": 6}, Came.OVER_BEFORE),
        (SUSPENDED, {"SUCCEEDED": 5, "READY": 1}, None),
        (SUSPENDED, {"SUCCEEDED": 5, "SUSPENDED": 1}, Came.DONE),
        (READY, {"CANCELED": 5, "FAILED": 1}, None),
        (READY, {"CANCELED": 5, "READY": 1}, Came.DONE),
    ],
)
def test_of_a_job_by_those_of_its_tasks(target: str, counts: dict[str, int], came: Came | None) -> None:
    assert of_job(target, a_job(1, task_counts=counts), ran=False) is came


def test_a_job_that_the_service_could_not_change_is_told() -> None:
    job = a_job(1, "RUNNING", lifecycle_status="UPDATE_FAILED")
    assert of_job(CANCELED, job, ran=False) is Came.FAILED


def test_what_came_of_several_is_told_together() -> None:
    ends = [("shot_1", Became(Came.DONE, "CANCELED")), ("shot_2", Became(Came.LATE, "RUNNING"))]
    words, severity = became_words("Cancel 2 tasks", ends)
    assert words == (
        "DONE (1 of 2)  Cancel 2 tasks. By now: CANCELED. NOT YET (1 of 2)  Cancel 2 tasks. "
        "It was taken 15 min ago, and nothing has come of it: RUNNING."
    )
    assert severity == "warning"
    assert became_words("Cancel the job", [("shot_1", Became(Came.DONE, "CANCELED"))]) == (
        "DONE  Cancel the job: shot_1. By now: CANCELED.",
        "information",
    )
