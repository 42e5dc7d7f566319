"""How jobs and sessions go: each a generator that changes records, writes logs, and lets time pass."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from moto_deadline.story import logs
from moto_deadline.story.account import Record, log_configuration
from moto_deadline.story.jobs import Run

if TYPE_CHECKING:
    from moto_deadline.story.story import Play, Story

# What becomes of a session.
WELL = "well"
FAILS = "fails"
TIMES_OUT = "times out"
INTERRUPTED = "interrupted"

REPORT_EVERY = 15.0
"""Seconds between two reports of a worker (observed)."""

TOLD_BY = "mira"

ENTERING = 6.0
"""Seconds that it takes to enter the environment of a job."""


def open_session(
    run: Run,
    worker: Record,
    *,
    session_id: str | None = None,
    log_error: str | None = None,
    worker_log_error: str | None = None,
) -> Record:
    """A worker takes up a session of a job, under a new id unless it is given one."""
    story = run.story
    session_id = session_id or story.new_id("session")
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
        "startedAt": story.at,
        "lifecycleStatus": "STARTED",
        "log": log_configuration(group, session_id, log_error),
        "hostProperties": worker["hostProperties"],
        "workerLog": worker_log,
    }
    story.account.sessions[run.job["jobId"]][session_id] = session
    ids = {"session_id": session_id, "queue_id": run.queue_id, "job_id": run.job["jobId"]}
    story.worker_log(worker, "Session", "Starting", message="Starting new Session.", **ids)
    if log_error is None:
        story.worker_log(worker, "Session", "Logs", message="Logs streamed to: AWS CloudWatch Logs.", **ids)
    else:
        story.worker_log(worker, "Session", "Failed", "ERROR", message=log_error, **ids)
    return session


def _act(run: Run, session: Record, definition: Record, status: str = "RUNNING") -> Record:
    actions = run.story.account.actions[session["sessionId"]]
    stem = session["sessionId"].removeprefix("session-")
    action: Record = {
        "sessionActionId": f"sessionaction-{stem}-{len(actions)}",
        "sessionId": session["sessionId"],
        "status": status,
        "definition": definition,
    }
    if status == "RUNNING":
        action |= {"startedAt": run.story.at, "workerUpdatedAt": run.story.at}
    actions[action["sessionActionId"]] = action
    return action


def _end_action(story: Story, action: Record, status: str, exit_code: int | None, message: str = "") -> None:
    action |= {"status": status, "endedAt": story.at, "workerUpdatedAt": story.at}
    if exit_code is not None:
        action["processExitCode"] = exit_code
    if status == "SUCCEEDED":
        action["progressPercent"] = 100.0
    if message:
        action["progressMessage"] = message


def _end_session(run: Run, session: Record, worker: Record) -> None:
    story = run.story
    session |= {"lifecycleStatus": "ENDED", "endedAt": story.at, "updatedAt": story.at}
    session["updatedBy"] = worker["workerId"]
    ids = {"session_id": session["sessionId"], "queue_id": run.queue_id, "job_id": run.job["jobId"]}
    story.worker_log(worker, "Session", "Complete", message="Session complete.", **ids)


def session_play(
    run: Run,
    session: Record,
    worker: Record,
    *,
    fate: str = WELL,
    pace: float = 120.0,
    most: int | None = None,
    fate_at: int = 1,
    steps: int = 5,
) -> Play:
    """A session from its first action to its end.

    ``pace`` is how many seconds a frame takes, ``most`` how many frames the session does, ``fate_at`` the
    number of the frame at which a ``fate`` other than well befalls it, ``steps`` how often a frame reports.
    """
    story = run.story
    folder = f"/sessions/{session['sessionId']}"
    pid = 6700 + story.chance(session["sessionId"]).randrange(900)
    environment = {"environmentId": f"JOB:{run.job['jobId']}:Toolset"}

    entering = _act(run, session, {"envEnter": environment})
    _report(story, worker, run, session, entering, "EnvEnter", "Start", "Action started.")
    story.log(session, logs.beginning("Entering Environment: Toolset", "Env", folder, pid, {}))
    yield ENTERING
    story.log(session, ["openjd_status: Resolving toolset", "openjd_env: RENDER_THREADS=16"])
    story.log(session, ["Loaded toolset comp-2026.2", *logs.ending(pid, 0)])
    _end_action(story, entering, "SUCCEEDED", 0)
    _report(story, worker, run, session, entering, "EnvEnter", "End", "Action complete.", "SUCCEEDED")

    done = 0
    while run.waiting and (most is None or done < most):
        befalls = fate if done == fate_at else WELL
        task = run.waiting.popleft()
        pid += 3
        ended_badly = yield from _frame(run, session, worker, task, folder, pid, befalls, pace, steps)
        done += 1
        if session["lifecycleStatus"] == "ENDED":
            return
        if ended_badly:
            _never_attempt(run, session)
            break

    leaving = _act(run, session, {"envExit": environment})
    _report(story, worker, run, session, leaving, "EnvExit", "Start", "Action started.")
    story.log(session, logs.beginning("Exiting Environment: Toolset", "Env", folder, pid + 1, {}))
    yield 4
    story.log(session, ["Cleaning up scratch", *logs.ending(pid + 1, 0)])
    _end_action(story, leaving, "SUCCEEDED", 0)
    _report(story, worker, run, session, leaving, "EnvExit", "End", "Action complete.", "SUCCEEDED")
    yield 8
    if session["lifecycleStatus"] != "ENDED":
        _end_session(run, session, worker)


def _never_attempt(run: Run, session: Record) -> None:
    """What was queued behind an action that failed is never attempted; its task waits again."""
    if run.waiting:
        task = run.waiting[0]
        _act(run, session, _task_definition(run, task), "NEVER_ATTEMPTED")


def _task_definition(run: Run, task: Record) -> Record:
    return {
        "taskRun": {
            "taskId": task["taskId"],
            "stepId": run.step["stepId"],
            "parameters": task["parameters"],
        }
    }


def _frame(
    run: Run,
    session: Record,
    worker: Record,
    task: Record,
    folder: str,
    pid: int,
    fate: str,
    pace: float,
    steps: int,
) -> Generator[float, None, bool]:
    """One frame; whether it ended badly."""
    story = run.story
    frame = int(task["parameters"]["Frame"]["int"])
    run.set_status(task, "RUNNING")
    action = _act(run, session, _task_definition(run, task))
    task["latestSessionActionId"] = action["sessionActionId"]
    _report(story, worker, run, session, action, "TaskRun", "Start", "Action started.")
    beginning = logs.beginning("Running Task", "Task", folder, pid, {"Frame(INT)": str(frame)})
    story.log(session, [*beginning, f"Rendering frame {frame}"])
    for step in range(steps):
        yield pace / steps
        if session["lifecycleStatus"] == "ENDED":
            # Somebody told the session to end while this frame was under way.
            _end_action(story, action, "CANCELED", -15, "Canceled: the session was told to end.")
            story.log(session, logs.interrupted(pid, story.at))
            run.give_back(task)
            return True
        percent = round(100 * step / max(1, steps - 1))
        if percent:
            action["progressPercent"] = float(percent)
        action |= {"progressMessage": f"Frame {frame} tile {percent}%", "workerUpdatedAt": story.at}
        story.log(session, list(logs.progress(frame, percent)))
        if fate != WELL and step >= steps // 2:
            return _befall(run, session, worker, task, action, pid, fate)
    story.log(session, [f"Wrote /mnt/out/shot_010.{frame}.exr", *logs.ending(pid, 0)])
    _end_action(story, action, "SUCCEEDED", 0, f"Frame {frame} tile 100%")
    _report(story, worker, run, session, action, "TaskRun", "End", "Action complete.", "SUCCEEDED")
    run.set_status(task, "SUCCEEDED")
    return False


def _befall(
    run: Run, session: Record, worker: Record, task: Record, action: Record, pid: int, fate: str
) -> bool:
    """What goes wrong with a frame."""
    story = run.story
    if fate == FAILS:
        story.log(session, [*logs.FAILURE, *logs.ending(pid, 7)])
        message = "Failed to load asset /mnt/assets/tree_v07.abc"
        _end_action(story, action, "FAILED", 7, message)
    elif fate == TIMES_OUT:
        story.log(session, logs.timed_out(pid, story.at))
        _end_action(story, action, "FAILED", -9, "TIMEOUT - Exceeded the allotted runtime limit.")
    else:
        message = "The Worker received an EC2 spot interruption"
        _report(story, worker, run, session, action, "TaskRun", "Interrupt", message, level="WARNING")
        story.log(session, logs.interrupted(pid, story.at))
        _end_action(story, action, "INTERRUPTED", -15, message)
        run.give_back(task)
        _report(story, worker, run, session, action, "TaskRun", "End", "Action complete.", "INTERRUPTED")
        return True
    _report(story, worker, run, session, action, "TaskRun", "End", "Action complete.", "FAILED")
    run.set_status(task, "FAILED")
    return True


def _report(
    story: Story,
    worker: Record,
    run: Run,
    session: Record,
    action: Record,
    kind: str,
    subtype: str,
    message: str,
    status: str | None = None,
    level: str = "INFO",
) -> None:
    """An event of an action in the log of its worker."""
    members: dict[str, str] = {
        "session_id": session["sessionId"],
        "action_id": action["sessionActionId"],
        "kind": kind,
        "message": message,
    }
    if status is not None:
        members["status"] = status
    members |= {"queue_id": run.queue_id, "job_id": run.job["jobId"]}
    story.worker_log(worker, "Action", subtype, level, **members)


def told_to_end(story: Story, session: Record, well: bool) -> Play:
    """Somebody asks for the end of a session: UPDATE_IN_PROGRESS, then as it goes."""
    _update(story, session, "UPDATE_IN_PROGRESS", TOLD_BY)
    session["targetLifecycleStatus"] = "ENDED"
    yield 40
    if session["lifecycleStatus"] == "ENDED":
        return
    if not well:
        _update(story, session, "UPDATE_FAILED", "deadline.amazonaws.com")
        return
    _update(story, session, "UPDATE_SUCCEEDED", "deadline.amazonaws.com")
    yield 40
    if session["lifecycleStatus"] != "ENDED":
        _update(story, session, "ENDED", session["workerId"])
        session["endedAt"] = story.at


def _update(story: Story, session: Record, status: str, by: str) -> None:
    session |= {"lifecycleStatus": status, "updatedAt": story.at, "updatedBy": by}


def told_later(story: Story, session: Record, seconds: float, well: bool) -> Play:
    """Somebody will ask for the end of a session."""
    yield seconds
    if session["lifecycleStatus"] == "STARTED":
        story.play(told_to_end(story, session, well))


def released_later(story: Story, session: Record, seconds: float) -> Play:
    """The log stream of a session appears some time after the session has begun."""
    yield seconds
    story.release(session)
