"""What AWS's worker agent 0.33 writes into the log of its worker, as captured (``tests/data/agent``).

Each event is one JSON object, ``level`` first; what is not of the agent's own types has a message alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from moto_deadline.simulation.account import Record
from moto_deadline.simulation.world import World

_PICTURES = {
    "AWSCreds": "🔑",
    "FileSystem": "💾",
    "Metrics": "📊",
    "Session": "🔷",
    "Worker": "💻",
    "Req": "📤",
    "Resp": "📥",
    "Start": "🟢",
    "End": "🟣",
    "Cancel": "🟨",
}

UPDATE_INTERVAL = 15
"""Seconds between two reports of a worker, as the service asks for."""

KEPT = 3000
"""Events of a worker's log that are kept for certain: a farm has to run for weeks."""

KEPT_FOR = timedelta(days=1)
"""Events older than this when the world begins are gone."""

_REPEATED = "(Duplicate removed, see previous response)"
_HIDDEN = "*REDACTED*"

_AGENTS_USER = (
    "Running as the Worker Agent's user. This configuration is not recommended; "
    "please see the Security chapter of the User Guide."
)

_RUNTIME = (
    "openjd.model Library Version: 0.14.0",
    "openjd.sessions Library Version: 0.14.0",
    "Installed at: /opt/deadline/worker/lib/python3.11/site-packages/openjd",
    "Python Interpreter: /opt/deadline/worker/bin/python3",
    "Python Version: 3.11.2 (main, Apr 28 2025, 14:11:48) [GCC 12.2.0]",
    "Platform: linux",
)


def worker_event(of: str, subtype: str, level: str, members: Record) -> Record:
    """One event of a type of the agent's own."""
    picture = _PICTURES.get(subtype if of in ("API", "Action") else of, "")
    return {"level": level, "ti": picture, "type": of, "subtype": subtype, **members}


def plain_event(message: str) -> Record:
    """One event that has no type."""
    return {"level": "INFO", "message": message}


def metrics_event(cpu: float, memory: int) -> Record:
    """What a worker tells of its machine every minute: ``cpu`` is how busy its processor is, in per cent,
    ``memory`` how much of its 64 GiB is in use."""
    is_busy = cpu > 50
    members = {
        "cpu-usage-percent": f"{cpu:.1f}",
        "memory-total-bytes": f"{64 << 30}",
        "memory-used-bytes": f"{memory << 30}",
        "memory-used-percent": f"{100 * memory / 64:.1f}",
        "swap-used-bytes": "0",
        "total-disk-bytes": f"{250 << 30}",
        "total-disk-used-bytes": f"{25 << 30}",
        "total-disk-used-percent": "10.0",
        "user-disk-available-bytes": f"{76 << 30}",
        "network-sent-bytes-per-second": "137545" if is_busy else "22938",
        "network-recv-bytes-per-second": "624230" if is_busy else "22938",
        "disk-read-bytes-per-second": "63078" if is_busy else "0",
        "disk-write-bytes-per-second": "158106" if is_busy else "22938",
    }
    return worker_event("Metrics", "System", "INFO", members)


class WorkerLog:
    """The events of one session in the log of its worker."""

    def __init__(self, world: World, worker: Record, session: Record) -> None:
        self._world = world
        self._worker = worker
        self._session = session
        self._queue_id: str = session["queueId"]
        self._ids = {"queue_id": session["queueId"], "job_id": session["jobId"]}
        self._requests = 0

    # --- events of one kind each ----------------------------------------------------------------------

    def write(self, *messages: Record) -> None:
        """Events in the worker's log, at the world's time; those from more than a day before its start
        are left out."""
        if self._world.start - self._world.at > KEPT_FOR:
            return
        options = self._worker["log"]["options"]
        self._world.logs.write(
            options["logGroupName"], options["logStreamName"], self._world.at, messages, keep=KEPT
        )

    def _of_session(self, subtype: str, message: str, level: str = "INFO", **more: Any) -> Record:
        members = {"session_id": self._session["sessionId"], "message": message, **more, **self._ids}
        return worker_event("Session", subtype, level, members)

    def _of_action(self, subtype: str, action: Record, kind: str, message: str, **more: str) -> Record:
        task = action["definition"].get("taskRun", {})
        members = {
            "session_id": self._session["sessionId"],
            "action_id": action["sessionActionId"],
            "kind": kind,
            "message": message,
            **more,
            **self._ids,
        }
        if task:
            members |= {"step_id": task["stepId"], "task_id": task["taskId"]}
        return worker_event("Action", subtype, "INFO", members)

    def _credentials(self, subtype: str, message: str, **more: str) -> Record:
        role = {"resource": self._queue_id, "role_arn": self._role}
        return worker_event("AWSCreds", subtype, "INFO", {"message": message, **more, **role})

    def _file(self, subtype: str, message: str, name: str = "") -> Record:
        path = f"/var/lib/deadline/queues/{self._queue_id}{name}"
        return worker_event("FileSystem", subtype, "INFO", {"message": message, "filepath": path})

    def _saved_profiles(self) -> list[Record]:
        return [self._file("Write", "Saving profile updates.", name) for name in ("/config", "/credentials")]

    def _call(self, operation: str, path: str, asked: Any, answer: Any) -> list[Record]:
        """A request of the agent and its response."""
        farm, fleet, worker = (self._worker[name] for name in ("farmId", "fleetId", "workerId"))
        host = f"https://scheduling.deadline.{self._world.region}.amazonaws.com/2023-10-12"
        request = {
            "operation": f"deadline:{operation}",
            "params": asked,
            "request_url": f"{host}/farms/{farm}/fleets/{fleet}/workers/{worker}{path}",
            "resource": {"farm-id": farm, "fleet-id": fleet, "worker-id": worker},
        }
        return [
            worker_event("API", "Req", "INFO", request),
            self._answered(operation, answer),
        ]

    def _answered(self, operation: str, answer: Any) -> Record:
        self._requests += 1
        mixed = hashlib.sha256(f"{self._session['sessionId']} {self._requests}".encode()).hexdigest()
        response = {
            "operation": f"deadline:{operation}",
            "status_code": 200,
            "params": answer,
            "request_id": mixed[:52],
        }
        return worker_event("API", "Resp", "INFO", response)

    def _entity(self, name: str, *ids: Record) -> list[Record]:
        asked = {"identifiers": [{name: one} for one in ids]}
        answer = {"entities": [{name: {**one, "template": _HIDDEN}} for one in ids], "errors": []}
        return self._call("BatchGetJobEntity", "/batchGetJobEntity", asked, answer)

    @property
    def _role(self) -> str:
        return f"arn:aws:iam::{self._world.account_id}:role/northlight-queue"

    # --- the session ----------------------------------------------------------------------------------

    def _assignment(self, assigned: Sequence[Record], canceled: Sequence[Record] = ()) -> Record:
        session_id = self._session["sessionId"]
        actions = [{name: one[name] for name in ("sessionActionId", "definition")} for one in assigned]
        members = {**{name: self._session[name] for name in ("queueId", "jobId")}, "sessionActions": actions}
        members["logConfiguration"] = self._session["log"]
        canceling = {session_id: [one["sessionActionId"] for one in canceled]} if canceled else {}
        return {
            "assignedSessions": {session_id: members},
            "cancelSessionActions": canceling,
            "updateIntervalSeconds": UPDATE_INTERVAL,
        }

    def assigned(self, actions: Sequence[Record]) -> None:
        """The service gives the worker the session, with its first actions."""
        self.write(
            self._answered("UpdateWorkerSchedule", self._assignment(actions)),
            self._of_session("Starting", "Starting new Session."),
        )

    def cannot_begin(self, error: str) -> None:
        """The session fails before its first action is begun: an event of level ERROR."""
        self.write(self._of_session("Failed", error, "ERROR"))

    def began(self, actions: Sequence[Record], *, installs: bool) -> None:
        """The session is set up. ``installs``: no other session of its queue runs on the worker, so that
        the queue's credentials have to be installed."""
        job = {"jobId": self._session["jobId"]}
        log = self._session["log"]["options"]
        destination = f"{log['logGroupName']}/{log['logStreamName']}"
        local = f"/var/log/amazon/deadline/{self._queue_id}/{self._session['sessionId']}.log"
        expiry = self._world.at + timedelta(hours=1)
        refresh = expiry - timedelta(minutes=15)
        self.write(
            *self._entity("jobDetails", job),
            self._added(actions),
            self._of_session("User", _AGENTS_USER, "WARNING", user="deadline-worker"),
            *(self._installed(f"{expiry}") if installs else ()),
            self._of_session("AWSCreds", "AWS Credentials are available."),
            self._of_session("Starting", "Selected session runtime: python (hint=None)"),
            *map(plain_event, _RUNTIME),
            self._of_session("Logs", "Logs streamed to: AWS CloudWatch Logs.", log_dest=destination),
            self._of_session("Logs", "Logs streamed to: local file.", log_dest=local),
            self._credentials("Refresh", "Refresh scheduled.", scheduled_time=refresh.isoformat()),
            self._of_session("Info", "Warming Job Entity Cache"),
            *self._entity("stepDetails", job),
            self._of_session("Info", "Fully warmed Job Entity Cache"),
        )

    def _installed(self, expiry: str) -> list[Record]:
        script = "/get_aws_credentials.sh"
        credentials = {
            "accessKeyId": "ASIAEMBEDDEDFARM0000",
            "secretAccessKey": _HIDDEN,
            "sessionToken": _HIDDEN,
            "expiration": expiry,
        }
        answer = {"credentials": credentials}
        profile = f"Installing Credential Process as profile deadline-{self._queue_id}."
        return [
            self._file("Create", "Credentials directory."),
            self._credentials("Install", profile),
            self._file("Write", "Credential Process script.", script),
            *self._saved_profiles(),
            self._credentials("Query", "Requesting AWS Credentials"),
            *self._call("AssumeQueueRoleForWorker", f"/queue-roles?queueId={self._queue_id}", {}, answer),
            self._credentials("Query", "Obtained temporary Queue AWS Credentials.", expiry=expiry),
        ]

    def complete(self, *, uninstalls: bool) -> None:
        """The session is over. ``uninstalls``: it was the worker's last one of its queue."""
        gone = [self._credentials("Delete", "Uninstalling Credential Process."), *self._saved_profiles()]
        self.write(self._of_session("Complete", "Session complete."), *(gone if uninstalls else ()))

    def _added(self, actions: Sequence[Record]) -> Record:
        ids = [action["sessionActionId"] for action in actions]
        return self._of_session(
            "Add", "Appended new SessionActions.", action_ids=ids, queued_action_count=len(ids)
        )

    def added(self, action: Record) -> None:
        """The worker takes another action into its queue."""
        self.write(self._added([action]))

    def removed(self, actions: Sequence[Record]) -> None:
        """Actions go from the worker's queue, never attempted."""
        ids = [action["sessionActionId"] for action in actions]
        self.write(
            self._of_session("Remove", "Removed SessionActions.", action_ids=ids, queued_action_count=0)
        )

    # --- actions --------------------------------------------------------------------------------------

    def action_started(self, action: Record, kind: str) -> None:
        """An action begins; ``kind`` is what the agent calls it (``TaskRun``)."""
        self.write(self._of_action("Start", action, kind, "Action started."))

    def action_canceled(self, action: Record, kind: str) -> None:
        """The agent begins to cancel an action."""
        self.write(self._of_action("Cancel", action, kind, "Canceling Action."))

    def action_ended(self, action: Record, kind: str) -> None:
        """An action is over, with the status it has by then."""
        self.write(self._of_action("End", action, kind, "Action complete.", status=action["status"]))

    def runtime(self, *lines: str) -> None:
        """What the runtime says, which stands in the session's log as well."""
        self.write(*(self._of_session("Runtime", line) for line in lines))

    def reported(self, *actions: Record) -> None:
        """The worker tells the service how actions go."""
        told = {action["sessionActionId"]: _told(action) for action in actions}
        call = self._call("UpdateWorkerSchedule", "/schedule", {"updatedSessionActions": told}, _REPEATED)
        self.write(*([self._metrics()] if self._requests % 4 == 0 else ()), *call)

    def told_to_cancel(self, actions: Sequence[Record]) -> None:
        """The service's answer to a report asks for the end of actions."""
        self.write(self._answered("UpdateWorkerSchedule", self._assignment(actions, actions)))

    def _metrics(self) -> Record:
        busy = (self._requests * 37) % 40
        return metrics_event(60 + busy + busy % 10 / 10, 8 + busy)

    # --- the worker -----------------------------------------------------------------------------------

    def worker_status(self, status: str) -> None:
        """The worker tells the service its status (UpdateWorker), and its log."""
        ids = {f"{name}_id": self._worker[f"{name}Id"] for name in ("farm", "fleet", "worker")}
        self.write(
            *self._call("UpdateWorker", "", {"status": status}, {}),
            worker_event("Worker", "Status", "INFO", {"message": f"Status set to {status}.", **ids}),
        )

    def says(self, *messages: str) -> None:
        """Events without a type, which name no session."""
        self.write(*map(plain_event, messages))


def _told(action: Record) -> Record:
    told: Record = {}
    if "startedAt" in action:
        told["startedAt"] = action["startedAt"].isoformat()
    if action["status"] != "RUNNING":
        told["completedStatus"] = action["status"]
    told |= {name: action[name] for name in ("processExitCode", "progressPercent") if name in action}
    if "progressMessage" in action:
        told["progressMessage"] = _HIDDEN
    if "endedAt" in action:
        told["endedAt"] = action["endedAt"].isoformat()
    return told
