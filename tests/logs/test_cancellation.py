"""Who has canceled an action: what is asked for, how far, and how often."""

from __future__ import annotations

from typing import Any

from farmwatch.aws.model import FaultKind
from farmwatch.aws.task import Step, Task
from farmwatch.logs.cancellation import CancellationTarget, TargetStatus
from tests.canned import JOB_ID, QUEUE_ID, START, STEP_ID, CannedFarm, HandClock, a_fault, a_job, an_action
from tests.canned import REF as SESSION

DENIED = a_fault(FaultKind.DENIED)
AWAY = a_fault(FaultKind.NETWORK)


def a_task(target: str = "", by: str = "") -> Task:
    return Task(
        "task-1",
        STEP_ID,
        JOB_ID,
        QUEUE_ID,
        "CANCELED",
        updated_at=START,
        target_run_status=target,
        updated_by=by,
    )


class Asking:
    """A target whose farm answers from a list, and what it has asked."""

    def __init__(self, action: Any = None, **answers: Any) -> None:
        given = {"job": a_job(1), "step": "Render", "task": a_task(), **answers}
        self.farm = CannedFarm(**given)
        self.target = CancellationTarget(SESSION, action or an_action(0, "CANCELED"))

    def look(self) -> bool:
        """Ask once; whether that is final."""
        self.farm.asked.clear()
        return self.target.poll(self.farm, HandClock()).final

    @property
    def asked(self) -> list[str]:
        return [question[0] for question in self.farm.asked]


def test_a_job_that_was_canceled_as_a_whole_says_so_and_nothing_else_is_asked() -> None:
    job = a_job(1, target_task_run_status="CANCELED", updated_by="mira", updated_at=START)
    asking = Asking(job=job)
    assert asking.look()
    assert asking.asked == ["job"]
    assert asking.target.observed == (
        TargetStatus("job", "GetJob", "targetTaskRunStatus CANCELED", "mira", START),
    )


def test_a_step_is_asked_after_the_job_and_the_task_last() -> None:
    asking = Asking(step=Step("Render", "CANCELED", START, "jon"))
    assert asking.look()
    assert asking.asked == ["job", "step"]
    assert asking.target.observed[-1] == TargetStatus(
        "step", "GetStep", "targetTaskRunStatus CANCELED", "jon", START
    )
    asking = Asking(task=a_task("CANCELED", "mira"))
    assert asking.look()
    assert asking.farm.asked[-1][1:] == (SESSION, STEP_ID, an_action(0).task_id)
    assert asking.asked == ["job", "step", "task"]
    assert asking.target.observed[-1] == TargetStatus(
        "task", "GetTask", "targetRunStatus CANCELED", "mira", START
    )


def test_of_what_has_no_task_only_the_job_is_asked() -> None:
    asking = Asking(an_action(0, "CANCELED", kind="envEnter", step_id=None, task_id=None))
    assert asking.look()
    assert asking.asked == ["job"]


def test_one_that_may_not_be_read_keeps_nobody_from_asking_the_next_and_is_asked_again() -> None:
    asking = Asking(step=[DENIED, Step("Render")])
    assert not asking.look()
    assert [one.fault for one in asking.target.observed] == [None, DENIED, None]
    assert asking.look()
    assert asking.asked == ["step"], "the others have answered"
    assert [one.fault for one in asking.target.observed] == [None, None, None]


def test_without_the_service_nothing_more_is_asked_and_what_was_told_stays() -> None:
    asking = Asking(step=[AWAY, Step("Render")], task=[AWAY])
    assert not asking.look()
    assert asking.asked == ["job", "step"]
    assert [one.fault for one in asking.target.observed] == [None, AWAY]
    assert not asking.target.poll(AWAY, HandClock()).final
    assert [one.fault for one in asking.target.observed] == [None, AWAY]


def test_whoever_asks_once_more_is_answered_anew() -> None:
    asking = Asking(task=[a_task(), a_task("CANCELED")])
    assert asking.look()
    assert asking.target.observed[-1].target == ""
    assert asking.look()
    assert asking.asked == ["job", "step", "task"]
    assert asking.target.observed[-1].target == "targetRunStatus CANCELED"
