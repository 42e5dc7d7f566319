"""What the things that follow ask of the farm: the seam between ``watch`` and the cloud.

The real one is `farmwatch.aws.client.DeadlineClient`; tests answer from a list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

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
    "step_name": "GetStep",
    "log_page": "GetLogEvents",
}
"""The API operation behind each method of `DeadlineApi`."""


class DeadlineApi(Protocol):
    """Blocking questions, each answered by a value or a `Fault`; none raises."""

    def farms(self, token: str | None = None) -> Page[Farm] | Fault: ...

    def farm(self, farm_id: str) -> Farm | Fault: ...

    def queues(self, farm_id: str, token: str | None = None) -> Page[Queue] | Fault: ...

    def queue(self, farm_id: str, queue_id: str) -> Queue | Fault: ...

    def search_jobs(self, search: JobSearch, offset: int = 0) -> Page[Job] | Fault: ...

    def list_jobs(self, farm_id: str, queue_id: str, token: str | None = None) -> Page[Job] | Fault: ...

    def job(self, farm_id: str, queue_id: str, job_id: str) -> Job | Fault: ...

    def sessions(
        self, farm_id: str, queue_id: str, job_id: str, token: str | None = None
    ) -> Page[SessionSummary] | Fault: ...

    def session(self, ref: SessionRef) -> Session | Fault: ...

    def sessions_by_id(self, refs: Sequence[SessionRef]) -> Mapping[str, Session | Fault] | Fault: ...

    def session_actions(self, ref: SessionRef, token: str | None = None) -> Page[SessionAction] | Fault: ...

    def session_action(self, ref: SessionRef, action_id: str) -> SessionAction | Fault: ...

    def session_actions_by_id(
        self, ref: SessionRef, action_ids: Sequence[str]
    ) -> Mapping[str, SessionAction] | Fault: ...

    def step_name(self, ref: SessionRef, step_id: str) -> str | Fault: ...

    def log_page(
        self,
        source: LogSource,
        token: str | None = None,
        *,
        from_head: bool = True,
        start: int | None = None,
        end: int | None = None,
        limit: int = 10_000,
    ) -> LogPage | Fault: ...
