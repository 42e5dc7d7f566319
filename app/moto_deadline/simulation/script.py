"""How sessions go: each a generator that lets time pass between what the worker agent does."""

from __future__ import annotations

from collections.abc import Generator

import moto_deadline.simulation.session_log as session_log
from moto_deadline.simulation.account import Record
from moto_deadline.simulation.agent import TIMEOUT_MESSAGE, SessionOnWorker, under_way
from moto_deadline.simulation.jobs import Run
from moto_deadline.simulation.world import Play, World

# What becomes of a session.
WELL = "well"
FAILS = "fails"
TIMES_OUT = "times out"
INTERRUPTED = "interrupted"
CANCELED = "canceled"
NOT_FOUND = "command not found"
TRACEBACK = "traceback"
KILLED = "killed"
UPLOAD_FAILS = "upload fails"
NO_GPU = "no GPU"

_AT_ONCE = (NOT_FOUND, TRACEBACK, NO_GPU)
"""What goes wrong before a renderer reports anything."""

TOLD_BY = "mira"

GAP = 0.25
"""Seconds between two actions of a session: the last lines of one never stand in the time of the next."""

ENTERING = 6.0
"""Seconds that it takes to enter the environment of a job."""


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
    del worker
    on = under_way(run.world, session)
    if on is None:
        return
    if run.attachments:
        yield from _download(on)
        yield GAP
    if not on.is_over:
        yield from _environment(on, "envEnter")
    done = 0
    while True:
        yield GAP
        if on.is_over or not run.waiting or done == most:
            break
        ended_badly = yield from _frame(
            on, run.waiting.popleft(), fate if done == fate_at else WELL, pace, steps
        )
        done += 1
        if ended_badly:
            yield GAP
            break
    if on.is_over:
        return
    yield from _environment(on, "envExit")
    yield 8
    if not on.is_over:
        on.end()


def _download(on: SessionOnWorker) -> Play:
    title = "Job Attachments Download for Job"
    beginning = session_log.attachments(title, on.folder, on.next_process())
    action = on.start({"syncInputJobAttachments": {}}, beginning)
    yield 5
    if on.action is not action:
        return
    on.progress(action, 100.0, session_log.DOWNLOADED)
    on.process_ended(0, *session_log.download())
    on.finish("SUCCEEDED", 0)


def _environment(on: SessionOnWorker, kind: str) -> Play:
    title, says, seconds = {
        "envEnter": (
            "Entering Environment: Toolset",
            [
                "openjd_status: Resolving toolset",
                "openjd_env: RENDER_THREADS=16",
                "Loaded toolset comp-2026.2",
            ],
            ENTERING,
        ),
        "envExit": ("Exiting Environment: Toolset", ["Cleaning up scratch"], 4.0),
    }[kind]
    beginning = session_log.environment(title, on.folder, on.next_process())
    action = on.start({kind: on.environment()}, beginning)
    yield seconds
    if on.action is not action:
        return
    if kind == "envEnter":
        action["progressMessage"] = "Resolving toolset"
    on.process_ended(0, *says)
    on.finish("SUCCEEDED", 0)


def _frame(
    on: SessionOnWorker, task: Record, fate: str, pace: float, steps: int
) -> Generator[float, None, bool]:
    """One frame; whether it ended badly."""
    frame = int(task["parameters"]["Frame"]["int"])
    beginning = session_log.task(on.folder, on.next_process(), {"Frame(INT)": str(frame)})
    action = on.start(on.task_definition(task), beginning, task)
    if fate == INTERRUPTED and not on.is_alone:
        # The others on the worker have fates of their own.
        fate = WELL
    if fate in _AT_ONCE:
        yield 1
        return on.action is not action or _befall(on, fate)
    on.lines([f"Rendering frame {frame}"])
    for step in range(steps):
        yield pace / steps
        if on.action is not action:
            # Somebody told the session to end while this frame was under way, or its worker went away.
            return True
        percent = round(100 * step / max(1, steps - 1))
        on.progress(action, float(percent), f"Frame {frame} tile {percent}%")
        on.lines(session_log.progress(frame, percent))
        if fate not in (WELL, UPLOAD_FAILS) and step >= steps // 2:
            return _befall(on, fate)
    on.process_ended(0, f"Wrote /mnt/out/shot_010.{frame}.exr")
    if on.run.attachments:
        went_well = yield from _upload(on, action, frame, fails=fate == UPLOAD_FAILS)
        if not went_well:
            return True
    else:
        action["manifests"] = []
    on.finish("SUCCEEDED", 0)
    return False


def _upload(on: SessionOnWorker, action: Record, frame: int, *, fails: bool) -> Generator[float, None, bool]:
    """What a frame has made is uploaded, which belongs to its action; whether it went well."""
    on.log.action_started(action, "JobAttachSyncOutput")
    title = "Job Attachments Upload for Task"
    on.lines(session_log.attachments(title, on.folder, on.next_process()))
    on.log.runtime(f"Command started as pid: {on.pid}")
    yield 2
    if on.action is not action:
        return False
    if fails:
        on.process_ended(1, *session_log.failed_upload(on.world.at))
        on.finish("FAILED", 1)
        return False
    manifest = output_manifest(on, action)
    on.process_ended(0, *session_log.upload(on.folder, frame, manifest, on.world.at))
    action["manifests"] = [{"outputManifestPath": manifest, "outputManifestHash": f"{frame:032x}"}]
    return True


def output_manifest(on: SessionOnWorker, action: Record) -> str:
    """Where the manifest of a task's outputs is kept."""
    run = action["definition"]["taskRun"]
    ids = (on.run.farm_id, on.run.queue_id, on.run.job["jobId"], run["stepId"], run["taskId"])
    began = f"{action['startedAt']:%Y-%m-%dT%H:%M:%S.%fZ}"
    return f"{'/'.join(ids)}/{began}_{action['sessionActionId']}/outputs"


def _befall(on: SessionOnWorker, fate: str) -> bool:
    """What goes wrong with a frame; true, as it ends badly."""
    if fate == INTERRUPTED:
        on.interrupt()
    elif fate == CANCELED:
        on.run.job |= {"targetTaskRunStatus": "CANCELED", "updatedBy": TOLD_BY}
        on.cancel()
        on.run.cancel_waiting()
    elif fate == TIMES_OUT:
        lines = session_log.timed_out(on.pid, on.world.at)
        on.log.runtime(*lines)
        on.process_ended(-9, *lines)
        on.finish("FAILED", -9, TIMEOUT_MESSAGE)
    elif fate == FAILS:
        on.process_ended(7, *session_log.FAILURE)
        on.finish("FAILED", 7, session_log.FAILURE_MESSAGE)
    elif fate == NOT_FOUND:
        on.process_ended(127, *session_log.not_found(on.folder, on.pid))
        on.finish("FAILED", 127)
    elif fate == NO_GPU:
        on.process_ended(7, *session_log.NO_GPU)
        on.finish("FAILED", 7, session_log.NO_GPU_MESSAGE)
    elif fate == TRACEBACK:
        on.process_ended(1, *session_log.traceback(on.folder, on.pid))
        on.finish("FAILED", 1)
    else:
        on.process_ended(-9)
        on.finish("FAILED", -9)
    return True


def told_to_end(world: World, session: Record, well: bool) -> Play:
    """Somebody asks for the end of a session: UPDATE_IN_PROGRESS, then as it goes."""
    _update(world, session, "UPDATE_IN_PROGRESS", TOLD_BY)
    session["targetLifecycleStatus"] = "ENDED"
    yield 40
    if session["lifecycleStatus"] == "ENDED":
        return
    if not well:
        _update(world, session, "UPDATE_FAILED", "deadline.amazonaws.com")
        return
    _update(world, session, "UPDATE_SUCCEEDED", "deadline.amazonaws.com")
    yield 40
    on = under_way(world, session)
    if on is not None:
        on.cancel()
        on.end()


def _update(world: World, session: Record, status: str, by: str) -> None:
    session |= {"lifecycleStatus": status, "updatedAt": world.at, "updatedBy": by}


def told_later(world: World, session: Record, seconds: float, well: bool) -> Play:
    """Somebody will ask for the end of a session."""
    yield seconds
    if session["lifecycleStatus"] == "STARTED":
        world.play(told_to_end(world, session, well))


def released_later(world: World, session: Record, seconds: float) -> Play:
    """The log stream of a session appears some time after the session has begun."""
    yield seconds
    world.release(session)


def until(play: Play, seconds: float) -> Play:
    """The beginning of something, of so many seconds; after that nothing of it happens any more."""
    passed = 0.0
    for pause in play:
        passed += pause
        if passed > seconds:
            return
        yield pause
