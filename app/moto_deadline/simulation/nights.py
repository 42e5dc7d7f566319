"""Small farms in which one thing goes wrong, each a night of its own, to try on whether a client finds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from moto_deadline.simulation.account import Record, SessionIds
from moto_deadline.simulation.agent import all_on, open_session, under_way
from moto_deadline.simulation.host import hang, tells_of_itself
from moto_deadline.simulation.jobs import Run, submit
from moto_deadline.simulation.scenario import make_farm, make_fleet, make_queue
from moto_deadline.simulation.script import FAILS, NO_GPU, WELL, session_play, told_to_end, until
from moto_deadline.simulation.world import Play, World

WORKERS = 14
"""Workers of a night; each session has one of its own unless a night says otherwise."""

FRAME = 600.0
"""Seconds that a frame takes where all is well."""

_BEGINS_AFTER = 60.0
_RENDERS = 1500.0
_SAYS_NOTHING = 4 * 3600.0


def stage_night(world: World, name: str) -> None:
    """Fill the account of a world at its start; ``name`` is one of `NIGHTS`. The sessions that are the
    subject of the night are in the cast as ``subject`` and, where there are several, ``subject_2`` and so on.
    """
    farm_id = make_farm(world, "Northlight", 400)
    workers = make_fleet(world, farm_id, "gpu-spot", "g6e.2xlarge", WORKERS)
    queue_id = make_queue(world, farm_id, "lighting", "SCHEDULING")
    run = submit(world, farm_id, queue_id, "sq010_sh0010_lgt_v001", frames=400, by="mira")
    NIGHTS[name](world, run, workers)
    for worker in workers:
        world.play(tells_of_itself(world, worker), world.start)


def _open(run: Run, worker: Record) -> Record:
    """A session, the next of the subjects of the night."""
    session = open_session(run, worker)
    subjects = sum(name.startswith("subject") for name in run.world.cast)
    name = f"subject_{subjects + 1}" if subjects else "subject"
    ids = SessionIds(run.farm_id, run.queue_id, run.job["jobId"], session["sessionId"])
    run.world.cast[name] = ids
    return session


def _siblings(run: Run, workers: Sequence[Record]) -> None:
    """Sessions that render well, frame after frame."""
    for worker in workers:
        run.world.play(session_play(run, open_session(run, worker), worker, pace=FRAME, steps=10))


def _hangs(run: Run, worker: Record) -> None:
    session = _open(run, worker)
    run.world.play(_hanging(run, session, worker))


def _hanging(run: Run, session: Record, worker: Record) -> Play:
    yield from until(session_play(run, session, worker, pace=3 * _RENDERS, steps=60), _RENDERS)
    hang(run.world, session)


def _quiet(world: World, run: Run, workers: Sequence[Record]) -> None:
    """All goes well."""
    del world
    _siblings(run, workers)


def _stuck(world: World, run: Run, workers: Sequence[Record]) -> None:
    """A session renders for a while, and then has neither a line of log nor progress."""
    del world
    _hangs(run, workers[0])
    _siblings(run, workers[1:4])


def _silent_busy(world: World, run: Run, workers: Sequence[Record]) -> None:
    """A session tells of nothing for hours, and its worker is busy with it all the time."""
    session = _open(run, workers[0])
    world.play(session_play(run, session, workers[0], pace=_SAYS_NOTHING, steps=1))
    _siblings(run, workers[1:4])


def _silent_shared(world: World, run: Run, workers: Sequence[Record]) -> None:
    """A session hangs on a worker that is busy with another one."""
    del world
    _hangs(run, workers[0])
    _siblings(run, workers[:4])


def _slow(world: World, run: Run, workers: Sequence[Record]) -> None:
    """A session takes many times as long as its siblings, and goes on all the time."""
    session = _open(run, workers[0])
    world.play(session_play(run, session, workers[0], pace=12 * FRAME, steps=120))
    _siblings(run, workers[1:])


def _not_responding(world: World, run: Run, workers: Sequence[Record]) -> None:
    """A worker is not heard from any more."""
    _hangs(run, workers[0])
    _siblings(run, workers[1:4])
    world.play(_status(world, workers[0], "NOT_RESPONDING", _RENDERS))


def _status(world: World, worker: Record, status: str, seconds: float) -> Play:
    yield seconds
    worker |= {"status": status, "updatedAt": world.at}


def _dead_worker(world: World, run: Run, workers: Sequence[Record]) -> None:
    """Neither of the sessions of a worker has a sign of life any more, and the worker is said to run."""
    del world
    for _ in range(2):
        _hangs(run, workers[0])
    _siblings(run, workers[1:4])


def _bad_worker(world: World, run: Run, workers: Sequence[Record]) -> None:
    """Task after task fails on one worker, and the same job goes well on the others."""
    _siblings(run, workers[1:5])
    world.play(_failing(run, [workers[0]] * 4, NO_GPU, pause=2 * FRAME / 4, is_retried=False), world.start)


def _poison_task(world: World, run: Run, workers: Sequence[Record]) -> None:
    """One task fails on worker after worker."""
    world.play(_failing(run, workers[:3], FAILS, pause=30, is_retried=True), world.start)
    _siblings(run, workers[3:6])


def _failing(run: Run, workers: Sequence[Record], fate: str, *, pause: float, is_retried: bool) -> Play:
    yield _BEGINS_AFTER
    for worker in workers:
        session, task = _open(run, worker), run.waiting[0]
        yield from session_play(run, session, worker, fate=fate, pace=300, most=1, fate_at=0)
        if is_retried:
            task["failureRetryCount"] += 1
            run.give_back(task)
        yield pause


def _never_started(world: World, run: Run, workers: Sequence[Record]) -> None:
    """A task is assigned to a session, which does nothing."""
    _siblings(run, workers[1:4])
    world.play(_assigned(run, workers[0]), world.start)


def _assigned(run: Run, worker: Record) -> Play:
    session = _open(run, worker)
    # The environment is entered, and that is all.
    yield from until(session_play(run, session, worker, most=0), 7)
    on = under_way(run.world, session)
    if on is not None and run.waiting:
        if on.action is not None:
            on.finish("SUCCEEDED", 0)
        on.assign(run.waiting.popleft())


def _will_not_end(world: World, run: Run, workers: Sequence[Record]) -> None:
    """A session was told to end, and renders on."""
    session = _open(run, workers[0])
    world.play(session_play(run, session, workers[0], pace=12 * FRAME, steps=120))
    _siblings(run, workers[1:4])
    world.play(_told(world, session), world.start)


def _told(world: World, session: Record) -> Play:
    yield _BEGINS_AFTER
    yield from until(told_to_end(world, session, well=True), 1)


def _spot_storm(world: World, run: Run, workers: Sequence[Record]) -> None:
    """Most of the spot instances go away at once."""
    for worker in workers[:10]:
        world.play(session_play(run, _open(run, worker), worker, fate=WELL, pace=FRAME))
    _siblings(run, workers[10:])
    world.play(_storm(world, workers[:10]), world.start)


def _storm(world: World, workers: Sequence[Record]) -> Play:
    yield _BEGINS_AFTER
    for worker in workers:
        # All sessions of a worker go with it.
        for on in all_on(world, worker)[:1]:
            on.interrupt()


NIGHTS: dict[str, Callable[[World, Run, Sequence[Record]], None]] = {
    "quiet": _quiet,
    "stuck": _stuck,
    "silent-busy": _silent_busy,
    "silent-shared": _silent_shared,
    "slow": _slow,
    "not-responding": _not_responding,
    "dead-worker": _dead_worker,
    "bad-worker": _bad_worker,
    "poison-task": _poison_task,
    "never-started": _never_started,
    "will-not-end": _will_not_end,
    "spot-storm": _spot_storm,
}
"""What goes wrong, by the names of the nights."""
