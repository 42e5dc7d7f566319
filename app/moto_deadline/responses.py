"""Requests in, replies out: each operation is checked, asked of the backend, and cut to its shape."""

from __future__ import annotations

from typing import Any

from botocore import xform_name
from moto.core.responses import ActionResult, BaseResponse

from moto_deadline.models import DeadlineBackend, deadline_backends
from moto_deadline.validation import checked


class DeadlineResponse(BaseResponse):
    """Answers for Deadline Cloud. What has no method here answers as moto does for what it lacks."""

    def __init__(self) -> None:
        super().__init__("deadline")
        self.automated_parameter_parsing = True

    @property
    def deadline_backend(self) -> DeadlineBackend:
        return deadline_backends[self.current_account][self.region]

    def _answer(self, operation: str) -> ActionResult:
        asked = checked(operation, dict(self.params))
        backend = self.deadline_backend
        # The story moves when it is looked at; two requests must not move it at once.
        with backend.lock:
            answer: dict[str, Any] = getattr(backend, xform_name(operation))(asked)
        return ActionResult(answer)

    def list_farms(self) -> ActionResult:
        return self._answer("ListFarms")

    def get_farm(self) -> ActionResult:
        return self._answer("GetFarm")

    def list_queues(self) -> ActionResult:
        return self._answer("ListQueues")

    def get_queue(self) -> ActionResult:
        return self._answer("GetQueue")

    def list_fleets(self) -> ActionResult:
        return self._answer("ListFleets")

    def get_fleet(self) -> ActionResult:
        return self._answer("GetFleet")

    def list_workers(self) -> ActionResult:
        return self._answer("ListWorkers")

    def get_worker(self) -> ActionResult:
        return self._answer("GetWorker")

    def list_jobs(self) -> ActionResult:
        return self._answer("ListJobs")

    def get_job(self) -> ActionResult:
        return self._answer("GetJob")

    def search_jobs(self) -> ActionResult:
        return self._answer("SearchJobs")

    def list_steps(self) -> ActionResult:
        return self._answer("ListSteps")

    def get_step(self) -> ActionResult:
        return self._answer("GetStep")

    def list_tasks(self) -> ActionResult:
        return self._answer("ListTasks")

    def get_task(self) -> ActionResult:
        return self._answer("GetTask")

    def list_sessions(self) -> ActionResult:
        return self._answer("ListSessions")

    def list_sessions_for_worker(self) -> ActionResult:
        return self._answer("ListSessionsForWorker")

    def get_session(self) -> ActionResult:
        return self._answer("GetSession")

    def batch_get_session(self) -> ActionResult:
        return self._answer("BatchGetSession")

    def update_session(self) -> ActionResult:
        return self._answer("UpdateSession")

    def list_session_actions(self) -> ActionResult:
        return self._answer("ListSessionActions")

    def get_session_action(self) -> ActionResult:
        return self._answer("GetSessionAction")

    def batch_get_session_action(self) -> ActionResult:
        return self._answer("BatchGetSessionAction")

    def assume_queue_role_for_read(self) -> ActionResult:
        return self._answer("AssumeQueueRoleForRead")

    def assume_queue_role_for_user(self) -> ActionResult:
        return self._answer("AssumeQueueRoleForUser")

    def assume_fleet_role_for_read(self) -> ActionResult:
        return self._answer("AssumeFleetRoleForRead")
