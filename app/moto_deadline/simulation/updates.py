"""What somebody changes about tasks (UpdateTask, UpdateJob): canceled, suspended, requeued."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from moto_deadline.simulation.account import Record
from moto_deadline.simulation.agent import SessionOnWorker, open_session
from moto_deadline.simulation.jobs import OVER, Run
from moto_deadline.simulation.script import TOLD_BY, session_play
from moto_deadline.simulation.world import Play, World

TAKEN_UP_AFTER = 15.0
"""Seconds until a worker takes up a job that has got something to do again."""

PACE = 60.0
"""Seconds that a frame takes that was requeued."""


def may_become(status: str, target: str) -> bool:
    """Whether a task of that run status can be given that target. (Inferred: what the service allows is
    documented nowhere.)"""
    if target == "PENDING":
        return False
    if status in (*OVER, "SUSPENDED"):
        return target == "READY" or (target != "SUSPENDED" and target != status)
    return target != "READY"


def update_tasks(world: World, farm_id: str, job: Record, tasks: Sequence[Record], target: str) -> None:
    """Give tasks of a job another status: one that runs is told to end first, one that is READY again is
    taken up after a while."""
    job |= {"updatedAt": world.at, "updatedBy": TOLD_BY}
    if target != "READY":
        for task in tasks:
            _stop(world, farm_id, job, task, target)
        return
    job.pop("targetTaskRunStatus", None)
    for task in reversed(tasks):
        run = _run_of(world, farm_id, job, task)
        task.pop("targetRunStatus", None)
        task.pop("endedAt", None)
        run.give_back(task)
        if not run.is_awaited:
            run.is_awaited = True
            world.play(_taken_up(world, run))


def _stop(world: World, farm_id: str, job: Record, task: Record, target: str) -> None:
    task |= {"targetRunStatus": target, "updatedBy": TOLD_BY}
    running = next((on for on in _sessions(world) if on.task is task), None)
    if running is not None:
        running.cancel()
    elif task["runStatus"] != "RUNNING":
        run = _run_of(world, farm_id, job, task)
        if task in run.waiting:
            run.waiting.remove(task)
        run.set_status(task, target)


def _sessions(world: World) -> list[SessionOnWorker]:
    return [on for on in world.running.values() if isinstance(on, SessionOnWorker)]


def _run_of(world: World, farm_id: str, job: Record, task: Record) -> Run:
    """The job as it is run; one that nobody runs any more is taken up from its records."""
    run = world.runs.get(job["jobId"])
    if not isinstance(run, Run):
        step = world.account.steps[job["jobId"]][task["stepId"]]
        tasks = list(world.account.tasks[step["stepId"]].values())
        waiting = deque(one for one in tasks if one["runStatus"] == "READY")
        run = Run(world, farm_id, job["queueId"], job, step, tasks, waiting)
        world.runs[job["jobId"]] = run
    return run


def _taken_up(world: World, run: Run) -> Play:
    """Where no session of a job is left to take up what waits, a worker begins another one."""
    job_id = run.job["jobId"]
    yield TAKEN_UP_AFTER
    while run.waiting and job_id in world.account.jobs[run.queue_id]:
        sessions = world.account.sessions[job_id].values()
        if all(session["lifecycleStatus"] == "ENDED" for session in sessions):
            worker = world.chance("taken up", job_id, len(sessions)).choice(_workers(world, run.farm_id))
            yield from session_play(run, open_session(run, worker), worker, pace=PACE)
        yield TAKEN_UP_AFTER
    run.is_awaited = False


def _workers(world: World, farm_id: str) -> list[Record]:
    fleets = world.account.fleets[farm_id]
    return [worker for fleet_id in fleets for worker in world.account.workers[fleet_id].values()]
