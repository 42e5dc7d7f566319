"""Requests in, replies out: each operation is checked, asked of the backend, and cut to its shape."""

from __future__ import annotations

import json
from typing import Any

from botocore import xform_name
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionContext, ActionResult, BaseResponse
from moto.core.serialize import DefaultAttributePicker

from moto_deadline.exceptions import ValidationException
from moto_deadline.models import DeadlineBackend, backend_of
from moto_deadline.validation import checked

UNKNOWN_OPERATION = "UnknownOperationException"
"""How services of this protocol refuse an operation that they do not have; HTTP status 404."""


def refusal(what: str) -> tuple[dict[str, str], str]:
    """The headers and the body that refuse what the farm does not have."""
    body = {"__type": UNKNOWN_OPERATION, "message": f"The embedded farm does not have {what}."}
    return {"Content-Type": "application/json", "x-amzn-ErrorType": UNKNOWN_OPERATION}, json.dumps(body)


class _Answer(ActionResult):
    """A reply whose members have the names of the service model: moto tries several names for each, which
    takes longer than all else that a reply of a hundred costs."""

    def execute_result(self, context: ActionContext) -> TYPE_RESPONSE:
        serializer = context.serializer_class(
            operation_model=context.operation_model, value_picker=DefaultAttributePicker()
        )
        reply = serializer.serialize(self.result)
        return reply["status_code"], dict(reply["headers"]), reply["body"]


class DeadlineResponse(BaseResponse):
    """Answers for Deadline Cloud. What has no method here is refused as an unknown operation."""

    use_raw_body = True
    """moto reads every other body as UTF-8 first, and raises for one that is not."""

    def __init__(self) -> None:
        super().__init__("deadline")
        self.automated_parameter_parsing = True
        self._cannot_be_read: ValidationException | None = None

    @property
    def deadline_backend(self) -> DeadlineBackend:
        """The backend of the account and the region that the request is for."""
        return backend_of(self.current_account, self.region)

    def parse_parameters(self, request: Any) -> None:
        """Read the parameters, where the service model has the path: else there are none to be read."""
        operation = self._get_action()
        if operation is None:
            return
        try:
            # moto takes a body that is no JSON for a message.
            json.loads(request.data or b"{}")
            super().parse_parameters(request)
        except Exception:  # noqa: BLE001 - of a value of a wrong type comes whatever moto then happens to do
            why = f"The request is not of the form that {operation} has."
            self._cannot_be_read = ValidationException(why, [], "CANNOT_PARSE")

    def _get_action(self) -> str:
        """By method and path alone; moto would take the word of a query or a header."""
        return self._get_action_from_method_and_request_uri(self.normalized_request)

    def call_action(self) -> TYPE_RESPONSE:
        """Answer by the operation's method; what has none is refused with `UNKNOWN_OPERATION`, status 404."""
        operation = self._get_action()
        if operation is not None and hasattr(type(self), xform_name(operation)):
            return super().call_action()
        # moto raises for what it lacks, which a server turns into a page of HTML with status 500.
        what = operation or f"{self.normalized_request.method} {self.normalized_request.path}"
        headers, body = refusal(what)
        return 404, {**headers, "status": "404"}, body

    def _answer(self, operation: str) -> ActionResult:
        if self._cannot_be_read is not None:
            raise self._cannot_be_read
        asked = checked(operation, dict(self.params))
        backend = self.deadline_backend
        # The simulation moves when it is looked at; two requests must not move it at once.
        with backend.lock:
            answer: dict[str, Any] = getattr(backend, xform_name(operation))(asked)
        return _Answer(answer)

    def list_farms(self) -> ActionResult:
        """ListFarms: every farm of the account, in pages."""
        return self._answer("ListFarms")

    def get_farm(self) -> ActionResult:
        """GetFarm: one farm."""
        return self._answer("GetFarm")

    def list_queues(self) -> ActionResult:
        """ListQueues: the queues of a farm, in pages; ``status`` may narrow them."""
        return self._answer("ListQueues")

    def get_queue(self) -> ActionResult:
        """GetQueue: one queue of a farm."""
        return self._answer("GetQueue")

    def list_queue_environments(self) -> ActionResult:
        """ListQueueEnvironments: the environments of a queue, in pages."""
        return self._answer("ListQueueEnvironments")

    def get_queue_environment(self) -> ActionResult:
        """GetQueueEnvironment: one environment of a queue."""
        return self._answer("GetQueueEnvironment")

    def list_fleets(self) -> ActionResult:
        """ListFleets: the fleets of a farm, in pages; ``status`` and ``displayName`` may narrow them."""
        return self._answer("ListFleets")

    def get_fleet(self) -> ActionResult:
        """GetFleet: one fleet of a farm."""
        return self._answer("GetFleet")

    def list_workers(self) -> ActionResult:
        """ListWorkers: the workers of a fleet, in pages."""
        return self._answer("ListWorkers")

    def get_worker(self) -> ActionResult:
        """GetWorker: one worker of a fleet."""
        return self._answer("GetWorker")

    def batch_get_worker(self) -> ActionResult:
        """BatchGetWorker: 1 to 100 workers, with ``errors`` for those that are not found."""
        return self._answer("BatchGetWorker")

    def search_workers(self) -> ActionResult:
        """SearchWorkers: workers of the fleets that are named, by filters and an offset."""
        return self._answer("SearchWorkers")

    def list_jobs(self) -> ActionResult:
        """ListJobs: the jobs of a queue, in pages."""
        return self._answer("ListJobs")

    def get_job(self) -> ActionResult:
        """GetJob: one job of a queue."""
        return self._answer("GetJob")

    def batch_get_job(self) -> ActionResult:
        """BatchGetJob: 1 to 100 jobs, with ``errors`` for those that are not found."""
        return self._answer("BatchGetJob")

    def search_jobs(self) -> ActionResult:
        """SearchJobs: jobs of the queues that are named, by filters and an offset."""
        return self._answer("SearchJobs")

    def list_steps(self) -> ActionResult:
        """ListSteps: the steps of a job, in pages."""
        return self._answer("ListSteps")

    def get_step(self) -> ActionResult:
        """GetStep: one step of a job."""
        return self._answer("GetStep")

    def batch_get_step(self) -> ActionResult:
        """BatchGetStep: 1 to 100 steps, with ``errors`` for those that are not found."""
        return self._answer("BatchGetStep")

    def search_steps(self) -> ActionResult:
        """SearchSteps: steps of the queues that are named, or of one job, by filters and an offset."""
        return self._answer("SearchSteps")

    def list_tasks(self) -> ActionResult:
        """ListTasks: the tasks of a step, in pages."""
        return self._answer("ListTasks")

    def get_task(self) -> ActionResult:
        """GetTask: one task of a step."""
        return self._answer("GetTask")

    def batch_get_task(self) -> ActionResult:
        """BatchGetTask: 1 to 100 tasks, with ``errors`` for those that are not found."""
        return self._answer("BatchGetTask")

    def search_tasks(self) -> ActionResult:
        """SearchTasks: tasks of the queues that are named, or of one job, by filters and an offset."""
        return self._answer("SearchTasks")

    def list_sessions(self) -> ActionResult:
        """ListSessions: the sessions of a job, in pages, without their hosts and log configurations."""
        return self._answer("ListSessions")

    def list_sessions_for_worker(self) -> ActionResult:
        """ListSessionsForWorker: the sessions of a worker, in pages."""
        return self._answer("ListSessionsForWorker")

    def get_session(self) -> ActionResult:
        """GetSession: one session of a job, with its host and log configurations."""
        return self._answer("GetSession")

    def batch_get_session(self) -> ActionResult:
        """BatchGetSession: 1 to 100 sessions, with ``errors`` for those that are not found."""
        return self._answer("BatchGetSession")

    def update_session(self) -> ActionResult:
        """UpdateSession: asks for the end of a session, the one target that there is; the reply is empty."""
        return self._answer("UpdateSession")

    def update_task(self) -> ActionResult:
        """UpdateTask: gives a task another target run status; the reply is empty."""
        return self._answer("UpdateTask")

    def update_job(self) -> ActionResult:
        """UpdateJob: gives the tasks of a job another target run status, or a job another priority; the reply
        is empty."""
        return self._answer("UpdateJob")

    def list_session_actions(self) -> ActionResult:
        """ListSessionActions: the actions of a session or of a task, in pages, without their messages."""
        return self._answer("ListSessionActions")

    def get_session_action(self) -> ActionResult:
        """GetSessionAction: one action of a session of a job, with its message and exit code."""
        return self._answer("GetSessionAction")

    def batch_get_session_action(self) -> ActionResult:
        """BatchGetSessionAction: 1 to 100 actions, with ``errors`` for those that are not found."""
        return self._answer("BatchGetSessionAction")

    def assume_queue_role_for_read(self) -> ActionResult:
        """AssumeQueueRoleForRead: credentials to read the logs of a queue's sessions with."""
        return self._answer("AssumeQueueRoleForRead")

    def assume_queue_role_for_user(self) -> ActionResult:
        """AssumeQueueRoleForUser: credentials to use a queue with."""
        return self._answer("AssumeQueueRoleForUser")

    def assume_fleet_role_for_read(self) -> ActionResult:
        """AssumeFleetRoleForRead: credentials to read the logs of a fleet's workers with."""
        return self._answer("AssumeFleetRoleForRead")
