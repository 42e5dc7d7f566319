"""How long tasks take, as it is remembered of the steps."""

from __future__ import annotations

from datetime import timedelta

from farmwatch.aws.session_action import SessionAction
from farmwatch.wall.outcomes import SIBLINGS, STEPS, Outcomes
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
