"""Who has canceled a session action, as far as those above it tell: its job, its step, its task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault, Job, SessionRef
from farmwatch.aws.session_action import SessionAction
from farmwatch.aws.task import Step, Task
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import LASTING, Schedule
from farmwatch.polling.target import PollResult, Target

EVERY = timedelta(seconds=15)


class TargetStatus(Struct, frozen=True):
    """The target status of a job, a step or a task (``subject``, asked for by ``operation``): ``target`` has
    the member and its value, set at a time by somebody, and is empty where there is none. With a ``fault`` it
    could not be read."""

    subject: str
    operation: str
    target: str = ""
    by: str = ""
    at: datetime | None = None
    fault: Fault | None = None


Question = tuple[str, str, Callable[[DeadlineApi], Job | Step | Task | Fault]]
"""What is asked for, by which operation, and how."""


class CancellationTarget(Target):
    """Asks for the job of a canceled action, then for its step and its task, until one has a target status.

    ``observed`` is what each of them has told, as far as it was asked for; empty before that.
    """

    def __init__(self, ref: SessionRef, action: SessionAction) -> None:
        # The Monitor finds the session by the end of the key.
        self.key = f"cancellation of {action.action_id} of {ref.session_id}"
        self.schedule = Schedule(EVERY)
        self.observed: tuple[TargetStatus, ...] = ()
        self._questions = tuple(_questions(ref, action))
        self._known: dict[str, TargetStatus] = {}

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:  # noqa: ARG002 - as every target
        """Ask those that have not answered yet; what all have told is final, but for the last looks."""
        told: list[TargetStatus] = []
        fault: Fault | None = None
        for subject, operation, ask in self._questions:
            one = self._known.get(subject)
            if one is None:
                answer = api if isinstance(api, Fault) else ask(api)
                if isinstance(answer, Fault):
                    fault = fault or answer
                    told.append(TargetStatus(subject, operation, fault=answer))
                    if answer.kind in LASTING:
                        continue
                    break
                one = self._known[subject] = _target_status(subject, operation, answer)
            told.append(one)
            if one.target:
                break
        self.observed = tuple(told)
        if fault is not None:
            return PollResult(fault)
        # Who asks once more wants to know it anew.
        self._known.clear()
        return PollResult(final=True)


def _questions(ref: SessionRef, action: SessionAction) -> Iterator[Question]:
    """What is asked, the job first: where it was canceled as a whole nothing else is."""
    step_id, task_id = action.step_id, action.task_id
    yield "job", "GetJob", lambda api: api.job(ref.farm_id, ref.queue_id, ref.job_id)
    if step_id is None:
        return
    yield "step", "GetStep", lambda api: api.step(ref, step_id)
    if task_id is not None:
        yield "task", "GetTask", lambda api: api.task(ref, step_id, task_id)


def _target_status(subject: str, operation: str, answer: Job | Step | Task) -> TargetStatus:
    if isinstance(answer, Task):
        member, status = "targetRunStatus", answer.target_run_status
    else:
        member, status = "targetTaskRunStatus", answer.target_task_run_status
    target = f"{member} {status}" if status else ""
    return TargetStatus(subject, operation, target, answer.updated_by, answer.updated_at)
