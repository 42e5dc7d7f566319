"""A large farm: thousands of sessions at once in ten queues, to find out what a client makes of so many.

Nothing particular happens here, and a session costs little: there are no worker logs, and each line of a
session's log is made when it is read. How many run stays the same: where one session ends another begins.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from moto_deadline.log_stream import Generated, ServiceLogStream
from moto_deadline.simulation.account import Record, log_configuration
from moto_deadline.simulation.agent import SPOT_MESSAGE
from moto_deadline.simulation.jobs import Run, submit
from moto_deadline.simulation.scenario import USERS, make_farm, make_fleet, make_queue
from moto_deadline.simulation.script import FAILS, INTERRUPTED, WELL
from moto_deadline.simulation.session_log import FAILURE_MESSAGE, rendering
from moto_deadline.simulation.world import Play, World

QUEUES = ("lighting", "fx", "comp", "lookdev", "crowd", "layout", "anim", "dailies", "matte", "turntables")
"""The queues of the farm, by their display names."""

FLEETS = (("gpu-spot", "g6e.2xlarge"), ("cpu-ondemand", "c7a.8xlarge"), ("cpu-spot", "c7a.4xlarge"))
"""The fleets, with the type of their instances; each has its share of the workers."""

PER_JOB = 50
"""About how many tasks of a job run at once."""

FRAMES = 200
"""Tasks of a job."""

PACE = (120.0, 420.0)
"""The shortest and the longest time that a frame takes, in seconds."""

FRAMES_OF_SESSION = (4, 16)
"""The fewest frames that a session does if nothing befalls it, and one more than the most."""

KEPT_JOBS = 60
"""Jobs that are over and not forgotten yet, with some thousands of sessions: it has to run for hours."""

_LINES_A_SECOND = 0.2
_QUARTERS = 4


def stage_scale(world: World, sessions: int) -> None:
    """Fill the account of a world at its start with a farm that runs so many sessions, each on a worker of
    its own; they have begun during the minutes before."""
    world.account.tasks_by_status = {}
    farm_id = make_farm(world, "Northlight at scale", 400)
    queues = [make_queue(world, farm_id, name, "SCHEDULING") for name in QUEUES]
    workers: list[Record] = []
    for number, (name, instance_type) in enumerate(FLEETS):
        size = len(range(number, sessions, len(FLEETS)))
        workers += make_fleet(world, farm_id, name, instance_type, size)
    # Few sessions are spread over all queues as well.
    count = max(-(-sessions // PER_JOB), min(len(QUEUES), sessions))
    over: deque[Run] = deque()
    lanes = [
        _Lane(world, farm_id, queues[number % len(queues)], world.chance("lane", number), over)
        for number in range(count)
    ]
    for number, worker in enumerate(workers):
        lane = lanes[number % count]
        began = world.start - timedelta(seconds=lane.chance.uniform(0, PACE[1]))
        world.play(_work(lane, worker), began)


@dataclass
class _Lane:
    """A job at a time of a queue, and the workers that have it; its next job comes when no task waits."""

    world: World
    farm_id: str
    queue_id: str
    chance: random.Random
    over: deque[Run]
    """The jobs of all lanes that are over, the oldest first."""
    runs: list[Run] = field(default_factory=list)
    """The jobs that are not over."""

    def job(self) -> Run:
        """The oldest job that has a task waiting; a new one where there is none."""
        for run in self.runs:
            if run.waiting:
                return run
        chance = self.chance
        name = f"sq{chance.randrange(1, 60) * 10:03}_sh{chance.randrange(1, 99) * 10:04}"
        kind = chance.choice(("lgt", "fx", "comp", "sim"))
        run = submit(
            self.world,
            self.farm_id,
            self.queue_id,
            f"{name}_{kind}_v{chance.randrange(1, 20):03}",
            frames=FRAMES,
            by=chance.choice(USERS),
            priority=chance.choice((20, 50, 50, 80)),
        )
        self.runs.append(run)
        return run

    def put_away(self, run: Run) -> None:
        """A job that is over is kept for a while; of too many of these the oldest is forgotten."""
        if "endedAt" not in run.job or run not in self.runs:
            return
        self.runs.remove(run)
        self.over.append(run)
        if len(self.over) > KEPT_JOBS:
            oldest = self.over.popleft()
            for session in self.world.account.forget_job(oldest.queue_id, oldest.job["jobId"]):
                options = session["log"]["options"]
                self.world.logs.forget(options["logGroupName"], options["logStreamName"])


def _work(lane: _Lane, worker: Record) -> Play:
    """A worker that has one session after another, each with its first frame at once."""
    while True:
        run = lane.job()
        session = _begin(run, worker)
        for _ in range(lane.chance.randrange(*FRAMES_OF_SESSION)):
            ended_well = run.waiting and (yield from _frame(lane, run, session))
            if not ended_well:
                break
        _end(run.world, session)
        lane.put_away(run)


def _begin(run: Run, worker: Record) -> Record:
    world = run.world
    session_id = world.new_id("session")
    session: Record = {
        "sessionId": session_id,
        "queueId": run.queue_id,
        "jobId": run.job["jobId"],
        "fleetId": worker["fleetId"],
        "workerId": worker["workerId"],
        "startedAt": world.at,
        "lifecycleStatus": "STARTED",
        "log": log_configuration(f"/aws/deadline/{run.farm_id}/{run.queue_id}", session_id),
        "hostProperties": worker["hostProperties"],
        "workerLog": worker["log"],
    }
    world.account.sessions[run.job["jobId"]][session_id] = session
    begins = int(world.at.timestamp() * 1000)
    seed = int(session_id[-8:], 16)
    _stream(world, session).generated = Generated(begins, _LINES_A_SECOND, rendering(seed))
    return session


def _stream(world: World, session: Record) -> ServiceLogStream:
    options = session["log"]["options"]
    return world.logs.stream(options["logGroupName"], options["logStreamName"])


def _end(world: World, session: Record) -> None:
    session |= {"lifecycleStatus": "ENDED", "endedAt": world.at, "updatedAt": world.at}
    stream = _stream(world, session)
    if stream.generated is not None:
        lines = stream.generated.size(int(world.at.timestamp() * 1000))
        stream.generated = replace(stream.generated, count=lines)


def _frame(lane: _Lane, run: Run, session: Record) -> Generator[float, None, bool]:
    """A frame, which reports each quarter of it; whether the session may go on to another."""
    fate = lane.chance.choices((WELL, FAILS, INTERRUPTED), (97, 2, 1))[0]
    pace = lane.chance.uniform(*PACE)
    fate_at = lane.chance.randrange(_QUARTERS)
    task = run.waiting.popleft()
    frame = task["parameters"]["Frame"]["int"]
    action = _start(run, session, task)
    for quarter in range(_QUARTERS):
        yield pace / _QUARTERS
        if session["lifecycleStatus"] == "UPDATE_SUCCEEDED":
            # Somebody has asked for the end of the session.
            _finish(run, action, "CANCELED", processExitCode=143)
            run.give_back(task)
            return False
        if "targetRunStatus" in task:
            # Somebody has canceled the task, or all of the job.
            _finish(run, action, "CANCELED", processExitCode=143)
            run.set_status(task, task["targetRunStatus"])
            return True
        if fate == FAILS and quarter == fate_at:
            _finish(run, action, "FAILED", processExitCode=7, progressMessage=FAILURE_MESSAGE)
            run.set_status(task, "FAILED")
            return False
        if fate == INTERRUPTED and quarter == fate_at:
            _finish(run, action, "INTERRUPTED", progressMessage=SPOT_MESSAGE)
            run.give_back(task)
            return False
        percent = 100 * (quarter + 1) // _QUARTERS
        action["progressPercent"] = float(percent)
        action["progressMessage"] = f"Frame {frame} tile {percent}%"
        action["workerUpdatedAt"] = run.world.at
    _finish(run, action, "SUCCEEDED", processExitCode=0, manifests=[])
    run.set_status(task, "SUCCEEDED")
    return True


def _start(run: Run, session: Record, task: Record) -> Record:
    at = run.world.at
    actions = run.world.account.actions[session["sessionId"]]
    action_id = f"sessionaction-{session['sessionId'].removeprefix('session-')}-{len(actions)}"
    ids = {"taskId": task["taskId"], "stepId": task["stepId"]}
    action: Record = {
        "sessionActionId": action_id,
        "sessionId": session["sessionId"],
        "status": "RUNNING",
        "definition": {"taskRun": {**ids, "parameters": task["parameters"]}},
        "startedAt": at,
        "workerUpdatedAt": at,
    }
    actions[action_id] = action
    task["latestSessionActionId"] = action_id
    run.set_status(task, "RUNNING")
    return action


def _finish(run: Run, action: Record, status: str, **members: object) -> None:
    at = run.world.at
    action |= {"status": status, "endedAt": at, "workerUpdatedAt": at, **members}
