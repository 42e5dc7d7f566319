"""A session as AWS's worker agent runs it: what it reports to the service, and what stands in both logs."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import moto_deadline.simulation.session_log as session_log
from moto_deadline.simulation.account import Record, log_configuration
from moto_deadline.simulation.jobs import Run
from moto_deadline.simulation.session_log import ending
from moto_deadline.simulation.worker_log import WorkerLog
from moto_deadline.simulation.world import World

SPOT_MESSAGE = "The Worker received an EC2 spot interruption"
TIMEOUT_MESSAGE = "TIMEOUT - Exceeded the allotted runtime limit."

WARNED_BEFORE = timedelta(seconds=99)
"""How long before its end a spot instance is told of it."""

_KINDS = {
    "envEnter": "EnvEnter",
    "envExit": "EnvExit",
    "taskRun": "TaskRun",
    "syncInputJobAttachments": "JobAttachSyncInput",
}


def open_session(
    run: Run,
    worker: Record,
    *,
    session_id: str | None = None,
    log_error: str | None = None,
    worker_log_error: str | None = None,
) -> Record:
    """A worker takes up a session of a job, under a new id unless it is given one. With a ``log_error`` it
    is over at once: the agent attempts nothing that it could not log."""
    world = run.world
    session_id = session_id or world.new_id("session")
    group = f"/aws/deadline/{run.farm_id}/{run.queue_id}"
    worker_log = {**worker["log"]}
    if worker_log_error is not None:
        worker_log = {**worker_log, "error": worker_log_error}
    session: Record = {
        "sessionId": session_id,
        "queueId": run.queue_id,
        "jobId": run.job["jobId"],
        "fleetId": worker["fleetId"],
        "workerId": worker["workerId"],
        "startedAt": world.at,
        "lifecycleStatus": "STARTED",
        "log": log_configuration(group, session_id, log_error),
        "hostProperties": worker["hostProperties"],
        "workerLog": worker_log,
    }
    world.account.sessions[run.job["jobId"]][session_id] = session
    on = SessionOnWorker(run, session, worker)
    if log_error is None:
        on.begin()
    else:
        on.cannot_begin(f"Log provisioning error: {log_error}")
    return session


def under_way(world: World, session: Record) -> SessionOnWorker | None:
    """What the agent has of a session; nothing once that is over."""
    on = world.running.get(session["sessionId"])
    return on if isinstance(on, SessionOnWorker) else None


def all_on(world: World, worker: Record) -> list[SessionOnWorker]:
    """The sessions under way on a worker."""
    return [
        one
        for one in world.running.values()
        if isinstance(one, SessionOnWorker) and one.worker["workerId"] == worker["workerId"]
    ]


class SessionOnWorker:
    """One session under way, with the action that runs in it, if one does."""

    def __init__(self, run: Run, session: Record, worker: Record) -> None:
        self.run = run
        self.session = session
        self.worker = worker
        self.world = run.world
        self.log = WorkerLog(run.world, worker, session)
        digits = hashlib.sha256(session["sessionId"].encode()).hexdigest()
        self.folder = f"/sessions/{digits[:8]}"
        self.pid = 6700 + int(digits[8:12], 16) % 900
        self.action: Record | None = None
        self.task: Record | None = None
        self.kind = ""
        """What the agent calls an action like this one."""
        self.hangs = False
        """Whether its process does nothing any more."""

    @property
    def is_over(self) -> bool:
        """Whether the session has ended."""
        return bool(self.session["lifecycleStatus"] == "ENDED")

    @property
    def is_alone(self) -> bool:
        """Whether no other session runs on the worker."""
        return all(other is self for other in all_on(self.world, self.worker))

    # --- begin and end --------------------------------------------------------------------------------

    def begin(self) -> None:
        """The worker, started if it was stopped, is given the session and its first action."""
        if self.worker["status"] == "STOPPED":
            self.log.worker_status("STARTED")
            self.worker |= {"status": "RUNNING", "updatedAt": self.world.at}
        first = self._new_action(self.first_definition(), "SCHEDULED", keep=False)
        self.log.assigned([first])
        self.log.began([first], installs=self.is_alone)
        self.world.running[self.session["sessionId"]] = self

    def first_definition(self) -> Record:
        """What a session does first: download job attachments if there are any, else enter `environment`."""
        if self.run.attachments:
            return {"syncInputJobAttachments": {}}
        return {"envEnter": self.environment()}

    def environment(self) -> Record:
        """The environment of a definition that enters or leaves one: each job has one, named Toolset."""
        return {"environmentId": f"JOB:{self.run.job['jobId']}:Toolset"}

    def cannot_begin(self, error: str) -> None:
        """Its log could not be provisioned: the first action fails, the others are never attempted."""
        failed = self._new_action(self.first_definition(), "FAILED")
        failed |= {"startedAt": self.world.at, "endedAt": self.world.at, "progressMessage": error}
        self.log.assigned([failed])
        self.log.cannot_begin(error)
        queued = self._queue_next(error)
        self.log.reported(failed, *queued)
        self._set_ended()

    def end(self) -> None:
        """The session is over; the agent tidies up."""
        self._set_ended()
        self.tidy_up()

    def _set_ended(self) -> None:
        at = self.world.at
        self.session |= {"lifecycleStatus": "ENDED", "endedAt": at, "updatedAt": at}
        self.session["updatedBy"] = self.worker["workerId"]

    def tidy_up(self) -> None:
        """What is left to write in both logs once it is over; it does not count as running any more."""
        self.lines(session_log.cleanup(self.folder))
        self.log.complete(uninstalls=self.is_alone)
        self.world.running.pop(self.session["sessionId"], None)

    # --- actions --------------------------------------------------------------------------------------

    def lines(self, lines: list[str]) -> None:
        """Lines in the session's log."""
        self.world.log(self.session, lines)

    def _new_action(self, definition: Record, status: str, *, keep: bool = True) -> Record:
        actions = self.world.account.actions[self.session["sessionId"]]
        stem = self.session["sessionId"].removeprefix("session-")
        action: Record = {
            "sessionActionId": f"sessionaction-{stem}-{len(actions)}",
            "sessionId": self.session["sessionId"],
            "status": status,
            "definition": definition,
            "workerUpdatedAt": self.world.at,
        }
        if keep:
            actions[action["sessionActionId"]] = action
        return action

    def start(self, definition: Record, lines: list[str], task: Record | None = None) -> Record:
        """Begin an action; ``lines`` are the beginning of its section, whose process is `pid`."""
        action = self._new_action(definition, "RUNNING")
        action["startedAt"] = self.world.at
        if not action["sessionActionId"].endswith("-0"):
            self.log.added(action)
        self.action, self.task, self.kind = action, task, _KINDS[next(iter(definition))]
        if task is not None:
            self.run.set_status(task, "RUNNING")
            task["latestSessionActionId"] = action["sessionActionId"]
        self.log.action_started(action, self.kind)
        self.log.runtime(f"Command started as pid: {self.pid}")
        self.lines(lines)
        return action

    def assign(self, task: Record) -> Record:
        """A task is assigned to the session, which does not begin it."""
        action = self._new_action(self.task_definition(task), "ASSIGNED")
        self.log.added(action)
        self.run.set_status(task, "ASSIGNED")
        task["latestSessionActionId"] = action["sessionActionId"]
        return action

    def progress(self, action: Record, percent: float, message: str) -> None:
        """What the process says of its progress, reported to the service."""
        if percent:
            action["progressPercent"] = percent
        action |= {"progressMessage": message, "workerUpdatedAt": self.world.at}
        self.log.reported(action)

    def process_ended(self, exit_code: int, *lines: str) -> None:
        """The process of the action is over, after having printed its last lines."""
        self.lines([*lines, *ending(self.pid, exit_code)])
        self.log.runtime(*ending(self.pid, exit_code))

    def next_process(self) -> int:
        """The pid of another process, which is `pid` from now on."""
        self.pid += 3
        return self.pid

    def finish(self, status: str, exit_code: int | None, message: str | None = None) -> None:
        """The running action is over. Without a message the last status that its process gave stands."""
        action = self.action
        if action is None:
            return
        action |= {"status": status, "endedAt": self.world.at, "workerUpdatedAt": self.world.at}
        if exit_code is not None:
            action["processExitCode"] = exit_code
        if message is not None:
            action["progressMessage"] = message
        queued: list[Record] = []
        if status == "INTERRUPTED":
            queued = self._queue_next(message)
        else:
            self.log.action_ended(action, self.kind)
            if status != "SUCCEEDED":
                queued = self._queue_next(self._why_not_attempted(action, message))
        self.log.reported(action, *queued)
        if self.task is not None:
            self._release_task(status)
        self.action = self.task = None

    def _why_not_attempted(self, action: Record, message: str | None) -> str:
        if message == TIMEOUT_MESSAGE:
            return f"TIMEOUT - Previous action exceeded runtime limit: {action['sessionActionId']}"
        return message or f"Previous action failed: {action['sessionActionId']}"

    def _queue_next(self, message: str | None) -> list[Record]:
        """What is queued behind the action is never attempted; its task waits again."""
        if not self.run.waiting:
            return []
        action = self._new_action(self.task_definition(self.run.waiting[0]), "NEVER_ATTEMPTED")
        if message is not None:
            action["progressMessage"] = message
        self.log.removed([action])
        return [action]

    def task_definition(self, task: Record) -> Record:
        """The definition of an action that runs a task."""
        return {
            "taskRun": {
                "taskId": task["taskId"],
                "stepId": self.run.step["stepId"],
                "parameters": task["parameters"],
            }
        }

    def _release_task(self, status: str) -> None:
        task = self.task
        if task is None:
            return
        if status == "CANCELED" and "targetRunStatus" in task:
            self.run.set_status(task, task["targetRunStatus"])
        elif status == "INTERRUPTED" or (status == "CANCELED" and "targetTaskRunStatus" not in self.run.job):
            self.run.give_back(task)
        else:
            self.run.set_status(task, status)

    # --- from outside ---------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Whatever runs is canceled: the process is told to end, and does."""
        if self.action is None:
            return
        self.log.told_to_cancel([self.action])
        self.log.action_canceled(self.action, self.kind)
        self.tell_process_to_end()
        self.process_ended(143, "got TERM, saving")
        self.finish("CANCELED", 143)

    def tell_process_to_end(self) -> None:
        """The runtime sends the process a signal to end, and says so in both logs."""
        lines = session_log.canceling(self.pid, self.world.at)
        self.log.runtime(*lines)
        self.lines(lines)

    def interrupt(self) -> None:
        """The spot instance under the worker goes away: all of the worker's sessions are over."""
        at, sessions = self.world.at, all_on(self.world, self.worker)
        self.log.says(
            f"Spot terminate happening at {at + WARNED_BEFORE:%Y-%m-%dT%H:%M:%SZ}",
            f"Spot interruption detected. Termination in {WARNED_BEFORE}",
            "Main event loop exited.",
            "Draining any remaining Sessions.",
            f"Shutting down {len(sessions)} Sessions",
        )
        self.log.worker_status("STOPPING")
        for one in sessions:
            if one.action is not None:
                one.log.action_canceled(one.action, one.kind)
                one.tell_process_to_end()
                one.finish("INTERRUPTED", None, SPOT_MESSAGE)
                one.process_ended(143, "got TERM, saving")
            one.end()
        self.log.says("Worker shutdown complete", "Setting Worker state to STOPPED.")
        self.log.worker_status("STOPPED")
        self.worker |= {"status": "STOPPED", "updatedAt": at}
