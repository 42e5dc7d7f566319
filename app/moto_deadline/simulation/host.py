"""The machine of a worker: what it tells of itself by what runs on it."""

from __future__ import annotations

from moto_deadline.simulation.account import Record
from moto_deadline.simulation.agent import SessionOnWorker, all_on, under_way
from moto_deadline.simulation.worker_log import KEPT, metrics_event
from moto_deadline.simulation.world import Play, World

TELLS_EVERY = 60.0
"""Seconds between two Metrics events of a worker."""

_IDLE = 0.4
_CPU = {"TaskRun": 92.0, "EnvEnter": 12.0, "EnvExit": 12.0, "JobAttachSyncInput": 18.0}
"""Per cent of the processor that an action takes, by its kind."""

_MEMORY = {"TaskRun": 20}
"""The same in GiB of memory."""


def hang(world: World, session: Record) -> None:
    """What runs in a session does nothing any more, and does not end either."""
    on = under_way(world, session)
    if on is not None:
        on.hangs = True


def tells_of_itself(world: World, worker: Record) -> Play:
    """A worker tells every minute how busy its machine is, for as long as it is heard from."""
    chance = world.chance("metrics", worker["workerId"])
    options = worker["log"]["options"]
    yield chance.uniform(0, TELLS_EVERY)
    while True:
        if worker["status"] not in ("STOPPED", "NOT_RESPONDING"):
            at_work = all_on(world, worker)
            cpu = min(99.9, _IDLE + sum(map(_cpu_of, at_work)) + chance.uniform(0, 2))
            memory = min(60, 4 + sum(_MEMORY.get(one.kind, 0) for one in at_work if one.action is not None))
            event = metrics_event(cpu, memory)
            world.logs.write(options["logGroupName"], options["logStreamName"], world.at, [event], keep=KEPT)
        yield TELLS_EVERY


def _cpu_of(on: SessionOnWorker) -> float:
    return 0.0 if on.action is None or on.hangs else _CPU.get(on.kind, 0.0)
