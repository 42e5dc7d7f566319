"""A night for the wall, written down: sessions that run, tasks that failed, workers; told as it is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from farmwatch.aws.model import (
    Farm,
    Fault,
    FaultKind,
    Host,
    LogConfiguration,
    Page,
    Queue,
    Session,
    SessionRef,
)
from farmwatch.aws.session_action import SessionAction
from farmwatch.aws.task import Task, TaskSearch, Worker
from tests.canned import FARM_ID, FLEET_ID, QUEUE_ID, START, STEP_ID, CannedFarm, a_job, a_session

OTHER_QUEUE_ID = "queue-0a848b67822d49299296e3e47d8cc599"
GROUP = f"/aws/deadline/{FARM_ID}/{QUEUE_ID}"
QUEUES = (
    Queue(QUEUE_ID, "lighting", "SCHEDULING", None, START, "mira"),
    Queue(OTHER_QUEUE_ID, "fx", "SCHEDULING", None, START, "mira"),
)


def session_id(number: int) -> str:
    return f"session-{number:032x}"


def worker_id(number: int) -> str:
    return f"worker-{number:08x}{0:024x}"


class Run(Struct):
    """A session and the task that it has: RUNNING, or over in one of the ways there are."""

    number: int
    job: int = 1
    status: str = "RUNNING"
    frame: int = 1
    worker: int = 1
    minutes: float = 5.0
    progress: float = 50.0
    message: str = "rendering"
    exit_code: int | None = None
    queue_id: str = QUEUE_ID
    log_error: str | None = None
    lifecycle: str = "STARTED"
    session_ended_at: datetime | None = None
    task_number: int = 0
    """That of its task, which several may have had; 0: its own."""
    action_number: int = 1

    @property
    def is_over(self) -> bool:
        return self.status != "RUNNING"

    @property
    def action_id(self) -> str:
        return f"sessionaction-{self.number:032x}-{self.action_number}"

    @property
    def task_id(self) -> str:
        return f"task-{self.task_number or self.number:032x}-0"

    @property
    def ended_at(self) -> datetime | None:
        return START - timedelta(minutes=1) if self.is_over else None

    def task(self) -> Task:
        return Task(
            self.task_id,
            STEP_ID,
            f"job-{self.job:032x}",
            self.queue_id,
            "READY" if self.status == "INTERRUPTED" else self.status,
            {"Frame": str(self.frame)},
            START - timedelta(minutes=self.minutes),
            self.ended_at,
            self.ended_at,
            action_id=self.action_id,
        )

    def action(self) -> SessionAction:
        return SessionAction(
            self.action_id,
            self.status,
            "taskRun",
            step_id=STEP_ID,
            task_id=self.task_id,
            parameters={"Frame": str(self.frame)},
            started_at=START - timedelta(minutes=self.minutes),
            ended_at=self.ended_at,
            worker_updated_at=START - timedelta(seconds=4),
            progress=self.progress,
            exit_code=self.exit_code,
            message=self.message,
            detailed=True,
        )

    def session(self) -> Session:
        return a_session(
            session_id=session_id(self.number),
            worker_id=worker_id(self.worker),
            lifecycle_status=self.lifecycle,
            ended_at=self.session_ended_at,
            log=LogConfiguration(
                "awslogs",
                {
                    "logGroupName": GROUP,
                    "logStreamName": session_id(self.number),
                },
                {},
            ),
            worker_log=LogConfiguration("awslogs", {}, {}, self.log_error),
            host=Host(f"ip-10-0-0-{self.worker}", "g6e.2xlarge"),
        )


class Night(CannedFarm):
    """Answers what the wall asks by its ``runs``; jobs are named by their numbers."""

    def __init__(self, *runs: Run, **answers: Any) -> None:
        self.runs = list(runs)
        given = {
            "farms": Page((Farm(FARM_ID, "Northlight", START, "mira"),)),
            "queues": Page(QUEUES),
            "farm": Farm(FARM_ID, "Northlight", START, "mira"),
            "queue": QUEUES[0],
            "job": a_job(1),
            "fleets": Page((FLEET_ID,)),
            "search_workers": lambda *_: self._workers(),
            "search_tasks": lambda search, _: self._tasks(search),
            "search_jobs": Page((), total=0),
            "sessions": Page(()),
            "sessions_by_id": lambda refs: self._sessions(refs),
            "session": lambda ref: self._sessions([ref])[ref.session_id],
            "actions_of_sessions": lambda wanted: self._actions(wanted),
            "session_actions": lambda ref, _: self._actions_of(ref),
            "session_actions_by_id": lambda ref, ids: self._actions([(ref, one) for one in ids]),
            "jobs_by_id": lambda ids: {job_id: self._job(job_id) for *_, job_id in ids},
            "step_names": lambda ids: {step_id: "Render" for *_, step_id in ids},
            "step": "Render",
        }
        super().__init__(**{**given, **answers})

    def _job(self, job_id: str) -> Any:
        number = int(job_id.removeprefix("job-"), 16)
        return a_job(number, job_id=job_id, name=f"shot_{number:02}", created_by=f"user{number}")

    def _tasks(self, search: TaskSearch) -> Page[Task]:
        tasks = [run.task() for run in self.runs if run.queue_id in search.queue_ids]
        found = tuple(task for task in tasks if task.run_status in search.statuses)
        return Page(found, total=len(found))

    def _sessions(self, refs: Sequence[SessionRef]) -> dict[str, Session | Fault]:
        known = {session_id(run.number): run.session() for run in self.runs}
        gone = Fault(
            FaultKind.GONE, "It is gone.", "Nothing.", "BatchGetSession", "ResourceNotFoundException"
        )
        return {ref.session_id: known.get(ref.session_id, gone) for ref in refs}

    def _actions(self, wanted: Sequence[tuple[SessionRef, str]]) -> dict[str, SessionAction]:
        known = {run.action_id: run.action() for run in self.runs}
        return {action_id: known[action_id] for _, action_id in wanted if action_id in known}

    def _actions_of(self, ref: SessionRef) -> Page[SessionAction]:
        found = [run.action() for run in self.runs if session_id(run.number) == ref.session_id]
        return Page(tuple(found))

    def _workers(self) -> Page[Worker]:
        numbers = sorted({run.worker for run in self.runs})
        found = [
            Worker(worker_id(one), FLEET_ID, "RUNNING", Host(f"ip-10-0-0-{one}", "g6e.2xlarge"))
            for one in numbers
        ]
        return Page(tuple(found), total=len(found))
