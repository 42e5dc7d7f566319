"""What the things that follow ask of the farm: the seam between what is watched and AWS.

The real one is `farmwatch.aws.client.DeadlineClient`; tests answer from a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from farmwatch.aws.log_page import LogPage, LogSource
    from farmwatch.aws.model import (
        Farm,
        Fault,
        Job,
        JobSearch,
        Page,
        Queue,
        Session,
        SessionRef,
        SessionSummary,
    )
    from farmwatch.aws.session_action import SessionAction
    from farmwatch.aws.task import Step, Task, TaskSearch, Worker, WorkerSession

OPERATIONS = {
    "farms": "ListFarms",
    "farm": "GetFarm",
    "queues": "ListQueues",
    "queue": "GetQueue",
    "search_jobs": "SearchJobs",
    "list_jobs": "ListJobs",
    "job": "GetJob",
    "sessions": "ListSessions",
    "session": "GetSession",
    "sessions_by_id": "BatchGetSession",
    "session_actions": "ListSessionActions",
    "session_action": "GetSessionAction",
    "session_actions_by_id": "BatchGetSessionAction",
    "actions_of_sessions": "BatchGetSessionAction",
    "search_tasks": "SearchTasks",
    "task_count": "SearchTasks",
    "task": "GetTask",
    "search_workers": "SearchWorkers",
    "worker_sessions": "ListSessionsForWorker",
    "fleets": "ListFleets",
    "jobs_by_id": "BatchGetJob",
    "step_names": "BatchGetStep",
    "step": "GetStep",
    "log_page": "GetLogEvents",
    "end_session": "UpdateSession",
    "update_task": "UpdateTask",
    "update_job": "UpdateJob",
}
"""The API operation behind each method of `DeadlineApi`."""


class DeadlineApi(Protocol):
    """Blocking questions, each answered by a value or a `Fault`; none raises."""

    @property
    def skew(self) -> timedelta | None:
        """How far this machine's clock is ahead of the service's, by the newest reply; none before that."""

    def close(self) -> None:
        """Drop the sockets that are open: the next question begins with a new one."""

    def farms(self, token: str | None = None) -> Page[Farm] | Fault:
        """A page of the farms (ListFarms): the first, or the one that the ``next`` before it names."""

    def farm(self, farm_id: str) -> Farm | Fault:
        """A farm by its id (GetFarm)."""

    def queues(self, farm_id: str, token: str | None = None) -> Page[Queue] | Fault:
        """A page of the queues of a farm (ListQueues); ``token`` as in `farms`, and so in all that follow."""

    def queue(self, farm_id: str, queue_id: str) -> Queue | Fault:
        """A queue by its id, and its farm's (GetQueue)."""

    def search_jobs(self, search: JobSearch, offset: int = 0) -> Page[Job] | Fault:
        """A page of what SearchJobs finds, from ``offset`` (0..10,000) on. Its ``next`` is the offset of the
        page that follows, as a text; its ``total`` is how many jobs are found in all."""

    def list_jobs(self, farm_id: str, queue_id: str, token: str | None = None) -> Page[Job] | Fault:
        """A page of all jobs of a queue (ListJobs), neither searched nor sorted by the service."""

    def job(self, farm_id: str, queue_id: str, job_id: str) -> Job | Fault:
        """A job by its id, and those above it (GetJob)."""

    def sessions(
        self, farm_id: str, queue_id: str, job_id: str, token: str | None = None
    ) -> Page[SessionSummary] | Fault:
        """A page of the sessions of a job (ListSessions), without their hosts and log configurations."""

    def session(self, ref: SessionRef) -> Session | Fault:
        """A session, with its host and both log configurations (GetSession)."""

    def sessions_by_id(self, refs: Sequence[SessionRef]) -> Mapping[str, Session | Fault] | Fault:
        """Up to 100 sessions (BatchGetSession) by their session ids, each with an answer of its own. A
        `Fault` alone is one of the whole call."""

    def session_actions(self, ref: SessionRef, token: str | None = None) -> Page[SessionAction] | Fault:
        """A page of the actions of a session (ListSessionActions), without messages and exit codes."""

    def session_action(self, ref: SessionRef, action_id: str) -> SessionAction | Fault:
        """An action of a session, with its message and exit code (GetSessionAction)."""

    def session_actions_by_id(
        self, ref: SessionRef, action_ids: Sequence[str]
    ) -> Mapping[str, SessionAction] | Fault:
        """Up to 100 actions by their ids, with messages and exit codes (BatchGetSessionAction). Those that
        could not be had are left out."""

    def search_tasks(self, search: TaskSearch, offset: int = 0) -> Page[Task] | Fault:
        """A page of the tasks that SearchTasks finds; paged as `search_jobs`."""

    def task(self, ref: SessionRef, step_id: str, task_id: str) -> Task | Fault:
        """A task of a session's job by its id (GetTask), with what it is told to become."""

    def task_count(self, farm_id: str, queue_ids: Sequence[str], statuses: Sequence[str]) -> int | Fault:
        """How many tasks of up to ten queues are in these run statuses, 10,000 at the most (SearchTasks)."""
        ...

    def search_workers(self, farm_id: str, fleet_ids: Sequence[str], offset: int = 0) -> Page[Worker] | Fault:
        """A page of the workers of up to ten fleets (SearchWorkers); paged as `search_jobs`."""

    def worker_sessions(
        self, farm_id: str, fleet_id: str, worker_id: str, token: str | None = None
    ) -> Page[WorkerSession] | Fault:
        """See `DeadlineClient.worker_sessions`."""
        ...

    def fleets(self, farm_id: str, token: str | None = None) -> Page[str] | Fault:
        """A page of the ids of a farm's fleets (ListFleets)."""

    def actions_of_sessions(
        self, wanted: Sequence[tuple[SessionRef, str]]
    ) -> Mapping[str, SessionAction] | Fault:
        """Up to 100 actions of whatever sessions (BatchGetSessionAction) by their ids, with messages and exit
        codes. Those that could not be had are left out."""

    def jobs_by_id(self, ids: Sequence[tuple[str, str, str]]) -> Mapping[str, Job] | Fault:
        """Up to 100 jobs (BatchGetJob) by their ids, each asked for with those of its farm and queue. Those
        that could not be had are left out."""

    def step_names(self, ids: Sequence[tuple[str, str, str, str]]) -> Mapping[str, str] | Fault:
        """The names of up to 100 steps (BatchGetStep) by their ids, each asked for with those of its farm,
        queue and job. Those that could not be had are left out."""

    def step(self, ref: SessionRef, step_id: str) -> Step | Fault:
        """A step of a session's job (GetStep): actions tell only the ids of steps."""

    def log_page(
        self,
        source: LogSource,
        token: str | None = None,
        *,
        from_head: bool = True,
        start: int | None = None,
        end: int | None = None,
        limit: int = 10_000,
    ) -> LogPage | Fault:
        """A page of a log (GetLogEvents), of at most ``limit`` events (1..10,000). Without a token it is the
        first (``from_head``) or the last page of the events from ``start`` on and before ``end``
        (milliseconds since 1970)."""

    # --- what changes something: asked for only where actions are allowed ---------------------------------

    def end_session(self, ref: SessionRef, client_token: str) -> Fault | None:
        """Tell a session to end (UpdateSession). ``client_token``, 1 to 64 characters, names the wish: a
        request that is repeated with it is the same wish. Taken where it is ``None``, here as below."""

    def update_task(
        self, ref: SessionRef, step_id: str, task_id: str, target: str, client_token: str
    ) -> Fault | None:
        """Give a task of a session's job another target run status (UpdateTask): READY requeues it."""

    def update_job(
        self, farm_id: str, queue_id: str, job_id: str, target: str, client_token: str
    ) -> Fault | None:
        """Give all tasks of a job another target run status (UpdateJob)."""
