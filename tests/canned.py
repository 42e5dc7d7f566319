"""A clock moved by hand, and a farm that answers from lists, for everything that follows something."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from msgspec.structs import replace

from farmwatch.aws.log_page import LogPage, LogSource
from farmwatch.aws.model import (
    DEFAULT_CONNECTION,
    Farm,
    Fault,
    FaultKind,
    Host,
    Job,
    JobSearch,
    LogConfiguration,
    Page,
    Queue,
    Session,
    SessionRef,
    SessionSummary,
)
from farmwatch.aws.session_action import SessionAction
from farmwatch.aws.task import Step, Task, TaskSearch, Worker, WorkerSession

START = datetime(2026, 3, 14, 2, 10, tzinfo=UTC)
FARM_ID = "farm-1b84ca8d938d47d99a00675ff4eedd41"
QUEUE_ID = "queue-f9848b67822d49299296e3e47d8cc523"
JOB_ID = "job-0a6b2c7e4f5d4b4f9d0e6c2f1a3b5c7d"
SESSION_ID = "session-61e4f38604894d6ca243b88e52d7ca07"
FLEET_ID = "fleet-75103c183347473db3300904feceb78c"
STEP_ID = "step-4b1b2c7e4f5d4b4f9d0e6c2f1a3b5c7d"
WORKER_ID = "worker-7e203238c28146709af6d89f10dffd2b"
REF = SessionRef(DEFAULT_CONNECTION, FARM_ID, QUEUE_ID, JOB_ID, SESSION_ID)

T = TypeVar("T")


def value(answer: T | Fault) -> T:
    """An answer that has to be none of the faults."""
    assert not isinstance(answer, Fault), answer
    return answer


def present(what: T | None) -> T:
    """What has to be there."""
    assert what is not None
    return what


class HandClock:
    """Stands still until it is moved."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        # The real threads of a poller on a clock that stands still look again when they are told to.
        condition.wait(0.02)

    def jump(self, seconds: float) -> None:
        """Be set anew, as the clock on the wall may be, while no time passes."""
        self._now += timedelta(seconds=seconds)

    def move(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds


def a_session(**changes: Any) -> Session:
    options = {
        "logGroupName": f"/aws/deadline/{FARM_ID}/{QUEUE_ID}",
        "logStreamName": SESSION_ID,
    }
    session = Session(
        session_id=SESSION_ID,
        fleet_id=FLEET_ID,
        worker_id=WORKER_ID,
        started_at=START - timedelta(minutes=42),
        lifecycle_status="STARTED",
        log=LogConfiguration("awslogs", options, {}),
        worker_log=LogConfiguration("awslogs", {"logStreamName": WORKER_ID}, {"interval": "15"}),
        host=Host("ip-10-0-0-12", "g6e.2xlarge", None, ("10.0.0.12", "2001:db8::12")),
    )
    return replace(session, **changes)


def a_summary(number: int, **changes: Any) -> SessionSummary:
    summary = SessionSummary(
        session_id=f"session-{number:032x}",
        fleet_id=FLEET_ID,
        worker_id=WORKER_ID,
        started_at=START - timedelta(minutes=number),
        lifecycle_status="STARTED",
    )
    return replace(summary, **changes)


def a_job(number: int, status: str = "SUCCEEDED", **changes: Any) -> Job:
    job = Job(
        job_id=f"job-{number:032x}",
        name=f"sq010_sh{number:04}_lgt_v001",
        lifecycle_status="CREATE_COMPLETE",
        task_run_status=status,
        task_counts={"SUCCEEDED": 5, "FAILED": 1, "RUNNING": 4},
        priority=50,
        created_at=START - timedelta(minutes=number),
        created_by="mira",
    )
    return replace(job, **changes)


def an_action(number: int, status: str = "SUCCEEDED", **changes: Any) -> SessionAction:
    action = SessionAction(
        action_id=f"sessionaction-{SESSION_ID.removeprefix('session-')}-{number}",
        status=status,
        kind="taskRun",
        step_id=STEP_ID,
        task_id=f"task-{number:032x}-{number}",
        parameters={"Frame": str(number)},
        started_at=None if status in ("ASSIGNED", "SCHEDULED", "NEVER_ATTEMPTED") else START,
    )
    return replace(action, **changes)


def a_fault(kind: FaultKind = FaultKind.NETWORK, **changes: Any) -> Fault:
    fault = Fault(kind, "The network is away.", "Wait for it.", "GetSession", "EndpointConnectionError")
    return replace(fault, **changes)


def no_answer(operation: str) -> Fault:
    return a_fault(FaultKind.BAD_REPLY, operation=operation, code="NoCannedAnswer")


NO_LINES = LogPage([], "f/0/s", "b/0/s")


class EmptyLog:
    """A log that is there, and empty."""

    def log_page(self, *_: Any, **__: Any) -> LogPage:
        return NO_LINES


NOTHING = {"session_actions": Page(()), "task_count": 0, "log_page": NO_LINES, "worker_log": EmptyLog()}
"""What a farm answers that was not told: no actions, no tasks, and empty logs."""


class CannedFarm:
    """Answers every question from a list of answers under its name; the last one is given again and again.

    An answer may be a function, which is called with what was asked. ``asked`` has every question.
    """

    skew: timedelta | None = None

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, list[Any]] = {
            name: list(given) if isinstance(given, list) else [given]
            for name, given in {**NOTHING, **answers}.items()
        }
        self.asked: list[tuple[Any, ...]] = []

    def _answer(self, name: str, *asked: Any) -> Any:
        self.asked.append((name, *asked))
        given = self.answers.get(name)
        if not given:
            return no_answer(name)
        answer = given.pop(0) if len(given) > 1 else given[0]
        return answer(*asked) if callable(answer) else answer

    def count(self, name: str) -> int:
        return sum(question[0] == name for question in self.asked)

    def close(self) -> None:
        """It has no sockets."""

    def farms(self, token: str | None = None) -> Page[Farm] | Fault:
        answer: Page[Farm] | Fault = self._answer("farms", token)
        return answer

    def farm(self, farm_id: str) -> Farm | Fault:
        answer: Farm | Fault = self._answer("farm", farm_id)
        return answer

    def queues(self, farm_id: str, token: str | None = None) -> Page[Queue] | Fault:
        answer: Page[Queue] | Fault = self._answer("queues", farm_id, token)
        return answer

    def queue(self, farm_id: str, queue_id: str) -> Queue | Fault:
        answer: Queue | Fault = self._answer("queue", farm_id, queue_id)
        return answer

    def search_jobs(self, search: JobSearch, offset: int = 0) -> Page[Job] | Fault:
        answer: Page[Job] | Fault = self._answer("search_jobs", search, offset)
        return answer

    def list_jobs(self, farm_id: str, queue_id: str, token: str | None = None) -> Page[Job] | Fault:
        answer: Page[Job] | Fault = self._answer("list_jobs", farm_id, queue_id, token)
        return answer

    def job(self, farm_id: str, queue_id: str, job_id: str) -> Job | Fault:
        answer: Job | Fault = self._answer("job", farm_id, queue_id, job_id)
        return answer

    def sessions(
        self, farm_id: str, queue_id: str, job_id: str, token: str | None = None
    ) -> Page[SessionSummary] | Fault:
        answer: Page[SessionSummary] | Fault = self._answer("sessions", farm_id, queue_id, job_id, token)
        return answer

    def session(self, ref: SessionRef) -> Session | Fault:
        answer: Session | Fault = self._answer("session", ref)
        return answer

    def sessions_by_id(self, refs: Sequence[SessionRef]) -> Mapping[str, Session | Fault] | Fault:
        answer: Mapping[str, Session | Fault] | Fault = self._answer("sessions_by_id", refs)
        return answer

    def session_actions(self, ref: SessionRef, token: str | None = None) -> Page[SessionAction] | Fault:
        answer: Page[SessionAction] | Fault = self._answer("session_actions", ref, token)
        return answer

    def session_action(self, ref: SessionRef, action_id: str) -> SessionAction | Fault:
        answer: SessionAction | Fault = self._answer("session_action", ref, action_id)
        return answer

    def session_actions_by_id(
        self, ref: SessionRef, action_ids: Sequence[str]
    ) -> Mapping[str, SessionAction] | Fault:
        answer: Mapping[str, SessionAction] | Fault = self._answer("session_actions_by_id", ref, action_ids)
        return answer

    def search_tasks(self, search: TaskSearch, offset: int = 0) -> Page[Task] | Fault:
        answer: Page[Task] | Fault = self._answer("search_tasks", search, offset)
        return answer

    def task(self, ref: SessionRef, step_id: str, task_id: str) -> Task | Fault:
        answer: Task | Fault = self._answer("task", ref, step_id, task_id)
        return answer

    def task_count(self, farm_id: str, queue_ids: Sequence[str], statuses: Sequence[str]) -> int | Fault:
        answer: int | Fault = self._answer("task_count", farm_id, queue_ids, statuses)
        return answer

    def search_workers(self, farm_id: str, fleet_ids: Sequence[str], offset: int = 0) -> Page[Worker] | Fault:
        answer: Page[Worker] | Fault = self._answer("search_workers", farm_id, fleet_ids, offset)
        return answer

    def worker_sessions(
        self, farm_id: str, fleet_id: str, worker_id: str, token: str | None = None
    ) -> Page[WorkerSession] | Fault:
        answer: Page[WorkerSession] | Fault = self._answer(
            "worker_sessions", farm_id, fleet_id, worker_id, token
        )
        return answer

    def fleets(self, farm_id: str, token: str | None = None) -> Page[str] | Fault:
        answer: Page[str] | Fault = self._answer("fleets", farm_id, token)
        return answer

    def actions_of_sessions(
        self, wanted: Sequence[tuple[SessionRef, str]]
    ) -> Mapping[str, SessionAction] | Fault:
        answer: Mapping[str, SessionAction] | Fault = self._answer("actions_of_sessions", wanted)
        return answer

    def jobs_by_id(self, ids: Sequence[tuple[str, str, str]]) -> Mapping[str, Job] | Fault:
        answer: Mapping[str, Job] | Fault = self._answer("jobs_by_id", ids)
        return answer

    def step_names(self, ids: Sequence[tuple[str, str, str, str]]) -> Mapping[str, str] | Fault:
        answer: Mapping[str, str] | Fault = self._answer("step_names", ids)
        return answer

    def step(self, ref: SessionRef, step_id: str) -> Step | Fault:
        """An answer may also be the step's name alone."""
        answer: str | Step | Fault = self._answer("step", ref, step_id)
        return Step(answer) if isinstance(answer, str) else answer

    def log_page(self, source: LogSource, token: str | None = None, **asked: Any) -> LogPage | Fault:
        """An answer may also be a model of a log, which is the session's."""
        page: LogPage | Fault
        given = self.answers["log_page"][0]
        if hasattr(given, "log_page"):
            self.asked.append(("log_page", source, token))
            log = self.answers["worker_log"][0] if source.queue_id is None else given
            page = log.log_page(source, token, **asked)
        else:
            page = self._answer("log_page", source, token)
        return page

    def end_session(self, ref: SessionRef, client_token: str) -> Fault | None:
        answer: Fault | None = self._answer("end_session", ref, client_token)
        return answer

    def update_task(
        self, ref: SessionRef, step_id: str, task_id: str, target: str, client_token: str
    ) -> Fault | None:
        answer: Fault | None = self._answer("update_task", ref, step_id, task_id, target, client_token)
        return answer

    def update_job(
        self, farm_id: str, queue_id: str, job_id: str, target: str, client_token: str
    ) -> Fault | None:
        answer: Fault | None = self._answer("update_job", farm_id, queue_id, job_id, target, client_token)
        return answer
