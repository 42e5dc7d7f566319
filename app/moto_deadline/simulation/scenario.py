"""Who is there when the world begins: farms, queues, fleets, workers, jobs, and what befalls them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count, cycle

from moto_deadline.log_stream import Generated, ServiceLogStream
from moto_deadline.simulation.account import Record, SessionIds, log_configuration, named
from moto_deadline.simulation.agent import open_session
from moto_deadline.simulation.archive import fill_archive
from moto_deadline.simulation.jobs import Run, submit
from moto_deadline.simulation.scenes import ago, perform, stage_troubles
from moto_deadline.simulation.script import (
    FAILS,
    INTERRUPTED,
    NO_GPU,
    TIMES_OUT,
    WELL,
    released_later,
    session_play,
    told_later,
    until,
)
from moto_deadline.simulation.session_log import rendering
from moto_deadline.simulation.world import Play, World

USERS = ("mira", "jon", "aiko", "tomas", "zeynep", "priya")

ODD_NAMES = (
    "[INFO] sh010 [/] [@click=app.quit]quit[/]",
    "the \"final\" v2, really 'final'",
    "🎬 trailer 🔥 cut",
    "夜の森_カット042_合成",
    "סצנה 12 – לילה",
    "a very long name " + "that goes on and on " * 5 + "until it ends",
)
"""Names that a list has to bear: markup, quotes, emoji, wide and right-to-left text, length."""

TOOLSET = """\
specificationVersion: environment-2023-09
parameterDefinitions:
- name: ToolsetVersion
  type: STRING
  default: comp-2026.2
  description: The version of the studio's toolset.
  userInterface:
    control: LINE_EDIT
    label: Toolset version
- name: RenderThreads
  type: INT
  default: 16
  minValue: 1
  description: Threads of a renderer.
  userInterface:
    control: SPIN_BOX
    label: Render threads
environment:
  name: Toolset
  script:
    actions:
      onEnter:
        command: bash
        args: ["{{Env.File.Enter}}"]
      onExit:
        command: bash
        args: ["{{Env.File.Exit}}"]
    embeddedFiles:
    - name: Enter
      type: TEXT
      data: |
        echo "openjd_status: Resolving toolset"
        echo "openjd_env: RENDER_THREADS={{Param.RenderThreads}}"
        echo "Loaded toolset {{Param.ToolsetVersion}}"
    - name: Exit
      type: TEXT
      data: echo "Cleaning up scratch"
"""
"""The environment that every job of a queue enters first (Open Job Description)."""

CROWD = 300
"""Sessions of the job that has many."""

KEPT_JOBS = 40
"""Finished jobs that were born while the world ran, kept in each queue: it has to run for weeks."""


def stage(world: World) -> None:
    """Fill the account of a world at its start."""
    chance = world.chance("stage")
    farm_id = make_farm(world, "Northlight", 400)
    annex_id = make_farm(world, "Southgate [test] – מבחן", 90)
    crews = [make_fleet(world, farm_id, "gpu-spot", "g6e.2xlarge", 24)]
    crews.append(make_fleet(world, farm_id, "cpu-ondemand", "c7a.8xlarge", 16))
    crew = cycle(worker for pair in zip(*crews, strict=False) for worker in pair)
    lighting, fx, comp, archive = (
        make_queue(world, farm_id, name, status)
        for name, status in (
            ("lighting", "SCHEDULING"),
            ("fx", "SCHEDULING"),
            ("comp", "SCHEDULING"),
            ("dailies archive", "IDLE"),
        )
    )
    make_queue(world, farm_id, 'look-dev [WIP] "日本語" 🎬', "SCHEDULING_BLOCKED")
    make_queue(world, annex_id, "tests", "IDLE")
    make_fleet(world, annex_id, "spare", "c7a.large", 2)
    fill_archive(world, farm_id, archive, USERS)
    _odd_jobs(world, farm_id, comp, crew)
    _lighting(world, farm_id, lighting, crew, crews[0][-3])
    _talkers(world, farm_id, lighting, crews)
    stage_troubles(world, farm_id, lighting, crews[0][-8:-3])
    for queue_id, pause in ((lighting, 150.0), (fx, 60.0), (comp, 110.0)):
        world.play(_life(world, farm_id, queue_id, crew, pause, 1), world.start)
        world.play(_life(world, farm_id, queue_id, crew, pause, 2), ago(world, chance.uniform(20, 40)))
    fleet_id = crews[0][0]["fleetId"]
    bad, *well = (_add_worker(world, farm_id, fleet_id, "g6e.2xlarge") for _ in range(3))
    world.play(_bad_worker(world, farm_id, fx, bad, well), ago(world, BAD_FOR))
    others = [_add_worker(world, farm_id, crews[1][0]["fleetId"], "c7a.8xlarge") for _ in range(2)]
    _hung(world, farm_id, comp, *others)


def _hung(world: World, farm_id: str, queue_id: str, worker: Record, well: Record) -> None:
    """A session that has hung for more than an hour in a job whose other frames took less than half a minute.
    Its names are its own, so that all else is as it were without it."""
    world.at = ago(world, 80)
    job_id = world.id_of("job", "stuck")
    name = "sq060_sh0010_comp_v003"
    run = submit(world, farm_id, queue_id, name, frames=15, by="zeynep", job_id=job_id)
    session = open_session(run, worker, session_id=world.id_of("session", job_id, 1))
    world.play(until(session_play(run, session, worker, pace=1200), 600))
    world.at = ago(world, 5)
    other = open_session(run, well, session_id=world.id_of("session", job_id, 2))
    world.play(session_play(run, other, well, pace=20))
    world.cast["stuck"] = SessionIds(farm_id, queue_id, job_id, session["sessionId"])
    world.at = world.start


BAD_FOR = 14.0
"""Minutes that a worker has been bad at the start."""

KEPT_BAD_JOBS = 4
"""Jobs of which it had tasks that are kept: each takes half an hour, and has some fifty sessions."""


def _bad_worker(world: World, farm_id: str, queue_id: str, bad: Record, well: list[Record]) -> Play:
    """A worker on which almost every task fails within seconds, beside others of its fleet that do the tasks
    of the same jobs well. Its names and its chance are its own, so that all else is as it were without it."""
    chance = world.chance("bad worker")
    born: list[tuple[Run, list[Record]]] = []
    number = 0
    while True:
        number += 1
        name = f"sq050_sh{10 * chance.randrange(1, 99):04}_lgt_v{chance.randrange(1, 20):03}"
        job_id = world.id_of("job", "bad worker", number)
        run = submit(world, farm_id, queue_id, name, frames=90, by="aiko", priority=60, job_id=job_id)
        born.append((run, [bad, *well]))
        _forget(world, born, KEPT_BAD_JOBS)
        for worker in well:
            session = open_session(run, worker, session_id=world.id_of("session", job_id, worker["workerId"]))
            world.play(session_play(run, session, worker, pace=chance.uniform(70, 130)))
        for turn in count():
            if not run.waiting:
                break
            session = open_session(run, bad, session_id=world.id_of("session", job_id, turn))
            ids = SessionIds(farm_id, queue_id, job_id, session["sessionId"])
            world.cast.setdefault("bad_worker", ids)
            fate = chance.choices((NO_GPU, WELL), (95, 5))[0]
            yield from session_play(run, session, bad, fate=fate, pace=60, most=1, fate_at=0)
            yield chance.uniform(8, 25)
        # The others do what they have begun.
        yield 300


def make_farm(world: World, name: str, days: int) -> str:
    """A farm that has been there for so many days; its id."""
    farm_id = world.new_id("farm")
    at = world.start - timedelta(days=days)
    world.account.farms[farm_id] = {**named(farm_id, name, at, "mira"), "costScaleFactor": 1.0}
    return farm_id


def make_queue(world: World, farm_id: str, name: str, status: str) -> str:
    """A queue of a farm, with the environment that all its jobs enter; its id."""
    queue_id = world.new_id("queue")
    at = world.start - timedelta(days=60)
    queue: Record = {
        **named(farm_id, name, at, "mira"),
        "queueId": queue_id,
        "status": status,
        "defaultBudgetAction": "NONE",
    }
    if status == "SCHEDULING_BLOCKED":
        queue |= {"blockedReason": "NO_BUDGET_CONFIGURED"}
    world.account.queues[farm_id][queue_id] = queue
    environment: Record = {
        "queueEnvironmentId": world.new_id("queueenv"),
        "name": "Toolset",
        "priority": 1,
        "templateType": "YAML",
        "template": TOOLSET,
        "createdAt": at,
        "createdBy": "mira",
    }
    world.account.environments[queue_id] = {environment["queueEnvironmentId"]: environment}
    return queue_id


def make_fleet(world: World, farm_id: str, name: str, instance_type: str, size: int) -> list[Record]:
    """A fleet of a farm, with so many workers (65,000 at most); the workers."""
    fleet_id = world.new_id("fleet")
    at = world.start - timedelta(days=60)
    mode = {"mode": "NO_SCALING"}
    capabilities = {
        "vCpuCount": {"min": 8},
        "memoryMiB": {"min": 16384},
        "osFamily": "LINUX",
        "cpuArchitectureType": "x86_64",
    }
    world.account.fleets[farm_id][fleet_id] = {
        **named(farm_id, name, at, "mira"),
        "fleetId": fleet_id,
        "status": "ACTIVE",
        "autoScalingStatus": "STEADY",
        "targetWorkerCount": size,
        "workerCount": size,
        "minWorkerCount": 0,
        "maxWorkerCount": 2 * size,
        "configuration": {"customerManaged": {**mode, "workerCapabilities": capabilities}},
        "roleArn": f"arn:aws:iam::{world.account_id}:role/deadline-fleet-{name}",
    }
    workers = [_worker(world, farm_id, fleet_id, instance_type, number) for number in range(size)]
    world.account.workers[fleet_id] = {worker["workerId"]: worker for worker in workers}
    return workers


def _add_worker(world: World, farm_id: str, fleet_id: str, instance_type: str) -> Record:
    """One more worker of a fleet."""
    workers, fleet = world.account.workers[fleet_id], world.account.fleets[farm_id][fleet_id]
    worker = _worker(world, farm_id, fleet_id, instance_type, len(workers))
    workers[worker["workerId"]] = worker
    fleet["workerCount"] = fleet["targetWorkerCount"] = len(workers)
    return worker


def _worker(world: World, farm_id: str, fleet_id: str, instance_type: str, number: int) -> Record:
    worker_id = world.new_id("worker")
    digits = worker_id.removeprefix("worker-")
    network = int(fleet_id[-2:], 16)
    block, place = divmod(number + 10, 256)
    arn = f"arn:aws:ec2:{world.region}:{world.account_id}:instance/i-0{digits[:16]}"
    addresses = {
        "ipV4Addresses": [f"10.{block}.{network}.{place}"],
        # Written out, as the service model wants it.
        "ipV6Addresses": [f"2001:0DB8:0000:0000:0000:0000:{network:04X}:{number + 10:04X}"],
    }
    return {
        "farmId": farm_id,
        "fleetId": fleet_id,
        "workerId": worker_id,
        "hostProperties": {
            "hostName": f"ip-10-{block}-{network}-{place}",
            "ec2InstanceArn": arn,
            "ec2InstanceType": instance_type,
            "ipAddresses": addresses,
        },
        "status": "RUNNING",
        "log": log_configuration(f"/aws/deadline/{farm_id}/{fleet_id}", worker_id),
        "createdAt": ago(world, 900),
        "createdBy": "deadline.amazonaws.com",
    }


def _odd_jobs(world: World, farm_id: str, queue_id: str, crew: Iterator[Record]) -> None:
    for number, name in enumerate(ODD_NAMES):
        world.at = ago(world, 50 - number)
        run = submit(world, farm_id, queue_id, name[:128], frames=40, by=USERS[number % len(USERS)])
        perform(run, next(crew), pace=200)
    world.at = world.start


def _lighting(world: World, farm_id: str, queue_id: str, crew: Iterator[Record], spare: Record) -> None:
    """The queue that everything particular happens in. ``spare`` is a worker that nobody else has."""

    def job(minutes: float, name: str, frames: int, by: str = "mira", priority: int = 50) -> Run:
        world.at = ago(world, minutes)
        return submit(world, farm_id, queue_id, name, frames=frames, by=by, priority=priority)

    def later(minutes: float) -> None:
        world.at = ago(world, minutes)

    _crowd(world, job(400, "sq030_crowd_sim_v020", 720, "priya", 30), crew)
    for number in range(8):
        run = job(300 - 20 * number, f"sq010_sh0{300 + 10 * number}_lgt_v00{number + 1}", 3, "aiko")
        perform(run, next(crew), cast="succeeded" if number == 0 else None, pace=90)
    perform(job(200, "sq010_sh0410_lgt_v003", 24, "jon"), next(crew), cast="failed", fate=FAILS)
    run = job(190, "sq010_sh0430_sim_v002", 3, "tomas")
    perform(run, next(crew), cast="timed_out", fate=TIMES_OUT, pace=600)
    run = job(150, "sq020_sh0110_lgt_v001", 4, "zeynep")
    error = "Could not create log stream"
    perform(run, next(crew), cast="log_error", log_error=error)
    run = job(120, "sq020_sh0130_lgt_v002", 30, "aiko")
    next(crew)
    # A worker of its own: what befalls a worker befalls all of its sessions.
    perform(run, spare, cast="interrupted", fate=INTERRUPTED, fate_at=3)
    later(100)
    perform(run, next(crew), pace=900)
    run = job(90, "sq020_sh0120_lgt_v004", 200, "jon")
    perform(run, next(crew), cast="worker_log_error", worker_log_error="Missing log group", pace=240)
    run = job(75, "sq020_sh0100_lgt_v007", 300, "tomas", 60)
    for cast, well, seconds in (("update_failed", False, 30.0), ("update_succeeded", True, 50.0)):
        session = perform(run, next(crew), cast=cast, pace=300)
        world.play(told_later(world, session, seconds, well), world.start)
    run = job(43, "sq010_sh0420_lgt_v012", 400, "mira", 80)
    perform(run, next(crew), cast="living", pace=180)
    for _ in range(2):
        perform(run, next(crew), pace=210)
    run = job(2, "sq010_sh0440_lgt_v001", 2, "jon", 90)
    later(1.5)
    perform(run, next(crew), cast="ends_soon", pace=75)
    world.at = world.start


LONG_LOG = 1_000_000
"""Lines of the longest log."""

CHATTY = 2_000.0
"""Lines a second of the log that grows fastest."""

LATE = 60.0
"""Seconds until the log stream appears that is late."""


def _talkers(world: World, farm_id: str, queue_id: str, crews: list[list[Record]]) -> None:
    """Sessions whose logs are something particular. Their workers are taken from the ends of the fleets."""
    gpus, cpus = crews

    def job(minutes: float, name: str, frames: int) -> Run:
        world.at = ago(world, minutes)
        return submit(world, farm_id, queue_id, name, frames=frames, by="priya", priority=40)

    def stream_of(session: Record) -> ServiceLogStream:
        options = session["log"]["options"]
        return world.logs.stream(options["logGroupName"], options["logStreamName"])

    pace = 5000.0
    run = job(260, "sq040_sh0010_longlog_v001", 1)
    session = perform(run, gpus[-1], cast="long_log", pace=pace, steps=1)
    begins = int(session["startedAt"].timestamp() * 1000) + 7_000
    rate = LONG_LOG / (pace - 10)
    stream_of(session).generated = Generated(begins, rate, rendering(world.seed), LONG_LOG)

    run = job(55, "sq040_sh0020_chatty_v001", 1)
    session = perform(run, gpus[-2], cast="chatty", pace=1e9, steps=1)
    begins = int(world.start.timestamp() * 1000)
    stream_of(session).generated = Generated(begins, CHATTY, rendering(world.seed + 1))

    run = job(52, "sq040_sh0040_twins_v001", 80)
    for number in (1, 2):
        perform(run, cpus[-1], cast=f"shared_worker_{number}", pace=140)

    run = job(50, "sq040_sh0030_latelog_v001", 60)
    world.at = world.start
    session = open_session(run, cpus[-2])
    world.held[session["sessionId"]] = []
    world.play(session_play(run, session, cpus[-2], pace=120))
    world.play(released_later(world, session, LATE), world.start)
    world.cast["late_log"] = SessionIds(farm_id, queue_id, run.job["jobId"], session["sessionId"])


def _crowd(world: World, run: Run, crew: Iterator[Record]) -> None:
    """A job with hundreds of sessions: most of them are over, the last ones live on."""
    start = world.at
    living = 12
    for number in range(CROWD - living):
        world.play(
            _later_session(run, next(crew), pace=30, most=2, steps=2), start + timedelta(minutes=number)
        )
    world.at = ago(world, 20)
    for number in range(living):
        cast = "crowd" if number == 0 else None
        perform(run, next(crew), cast=cast, pace=1800, most=2)


def _later_session(run: Run, worker: Record, *, pace: float, most: int | None = None, steps: int = 5) -> Play:
    """A session that a worker takes up when its time has come."""
    if run.waiting:
        session = open_session(run, worker)
        yield from session_play(run, session, worker, pace=pace, most=most, steps=steps)


def _life(world: World, farm_id: str, queue_id: str, crew: Iterator[Record], pause: float, lane: int) -> Play:
    """New jobs for ever, some of which go wrong; the oldest that are over are forgotten."""
    born: list[tuple[Run, list[Record]]] = []
    number = 0
    while True:
        number += 1
        chance = world.chance("life", queue_id, lane, number)
        name = f"sq{chance.randrange(1, 60) * 10:03}_sh{chance.randrange(1, 99) * 10:04}"
        kind = chance.choice(("lgt", "fx", "comp", "sim"))
        run = submit(
            world,
            farm_id,
            queue_id,
            f"{name}_{kind}_v{chance.randrange(1, 20):03}",
            frames=chance.randrange(2, 9),
            by=chance.choice(USERS),
            priority=chance.choice((20, 50, 50, 80)),
        )
        workers = [next(crew) for _ in range(chance.randrange(1, 4))]
        fates = (WELL, FAILS, TIMES_OUT, INTERRUPTED)
        for worker in workers:
            session = open_session(run, worker)
            fate = chance.choices(fates, (80, 10, 4, 6))[0]
            pace = chance.uniform(40, 140)
            world.play(session_play(run, session, worker, fate=fate, pace=pace, fate_at=0))
        born.append((run, workers))
        _forget(world, born, KEPT_JOBS)
        yield chance.uniform(0.6, 1.6) * pause


def _forget(world: World, born: list[tuple[Run, list[Record]]], most: int) -> None:
    while len(born) > most:
        run, _ = born.pop(0)
        for session in world.account.forget_job(run.queue_id, run.job["jobId"]):
            options = session["log"]["options"]
            world.logs.forget(options["logGroupName"], options["logStreamName"])
