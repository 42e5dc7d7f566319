"""How tasks ended, and how long they took, as it is remembered."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from farmwatch.aws.session_action import SessionAction
from farmwatch.wall.names import Names
from farmwatch.wall.outcomes import FAILURES, SIBLINGS, STEPS, Outcomes
from tests.canned import REF, START


def has_lasted(step_id: str, number: int, seconds: float) -> SessionAction:
    """A task of a step that took so long."""
    return SessionAction(
        action_id=f"sessionaction-{step_id}-{number}",
        status="SUCCEEDED",
        kind="taskRun",
        step_id=step_id,
        task_id=f"task-{step_id}-{number}",
        started_at=START,
        ended_at=START + timedelta(seconds=seconds),
    )


def test_the_newest_tasks_of_the_newest_steps_are_remembered_and_no_more() -> None:
    outcomes = Outcomes("default", START, lambda _: None, lambda _: True)

    def judge(action: SessionAction) -> None:
        outcomes.judge(REF, action.action_id, action)

    for number in range(SIBLINGS):
        judge(has_lasted("long-lived", number, 1000))
    for step in range(STEPS):
        judge(has_lasted(f"step-{step}", 0, 60))
        judge(has_lasted("long-lived", SIBLINGS + step, 100))
    assert outcomes.median("step-0") == (None, 0)
    assert outcomes.median(f"step-{STEPS - 1}") == (timedelta(seconds=60), 1)
    assert outcomes.median("long-lived") == (timedelta(seconds=100), SIBLINGS)


def test_of_very_many_failures_the_newest_are_told_and_since_when_that_is_all_of_them() -> None:
    outcomes = Outcomes("default", START, lambda _: None, lambda _: True)
    for number in range(FAILURES + 1):
        # The newest first, as a search brings them.
        action = replace(has_lasted("step", number, FAILURES - number), status="FAILED")
        outcomes.judge(REF, action.action_id, action)
    told = list(outcomes.failures(Names()))
    assert len(told) == FAILURES * 9 // 10
    assert {failure.action.action_id for failure in told} == {
        f"sessionaction-step-{number}" for number in range(len(told))
    }
    assert outcomes.since == START + timedelta(seconds=FAILURES - len(told), microseconds=1)
    assert min(failure.at for failure in told) > outcomes.since
