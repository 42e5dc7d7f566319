"""Sessions that something befalls, as it was captured of real workers (``tests/data/agent``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import cycle

from moto_deadline.simulation.account import Record, SessionIds
from moto_deadline.simulation.agent import open_session
from moto_deadline.simulation.jobs import Run, submit
from moto_deadline.simulation.script import (
    CANCELED,
    KILLED,
    NOT_FOUND,
    TRACEBACK,
    UPLOAD_FAILS,
    WELL,
    session_play,
)
from moto_deadline.simulation.world import World

TROUBLES = (
    # name in the cast, job, frames, attachments, fate, number of the frame that it befalls
    ("attached", "sq050_sh0010_attached_v001", 4, True, WELL, 0),
    ("upload_failed", "sq050_sh0020_upload_v002", 6, True, UPLOAD_FAILS, 1),
    ("canceled", "sq050_sh0030_canceled_v003", 30, False, CANCELED, 2),
    ("command_not_found", "sq050_sh0040_norenderer_v001", 8, False, NOT_FOUND, 0),
    ("traceback", "sq050_sh0050_traceback_v004", 8, False, TRACEBACK, 1),
    ("killed", "sq050_sh0060_memory_v001", 8, False, KILLED, 1),
)


def ago(world: World, minutes: float) -> datetime:
    """The time so many minutes before the world's start."""
    return world.start - timedelta(minutes=minutes)


def perform(
    run: Run,
    worker: Record,
    *,
    cast: str | None = None,
    fate: str = WELL,
    pace: float = 120.0,
    most: int | None = None,
    fate_at: int = 1,
    steps: int = 5,
    log_error: str | None = None,
    worker_log_error: str | None = None,
) -> Record:
    """Give a session of a job to a worker at the world's time, and a name in the cast."""
    world = run.world
    session = open_session(run, worker, log_error=log_error, worker_log_error=worker_log_error)
    play = session_play(run, session, worker, fate=fate, pace=pace, most=most, fate_at=fate_at, steps=steps)
    world.play(play)
    if cast is not None:
        ids = SessionIds(run.farm_id, run.queue_id, run.job["jobId"], session["sessionId"])
        world.cast[cast] = ids
    return session


def stage_troubles(world: World, farm_id: str, queue_id: str, workers: Sequence[Record]) -> None:
    """A job and a session for each of the `TROUBLES`, all of them over; no two share a worker at a time."""
    for number, (trouble, worker) in enumerate(zip(TROUBLES, cycle(workers), strict=False)):
        cast, name, frames, attachments, fate, fate_at = trouble
        world.at = ago(world, 140 - 12 * number)
        run = submit(world, farm_id, queue_id, name, frames=frames, by="zeynep", attachments=attachments)
        perform(run, worker, cast=cast, fate=fate, fate_at=fate_at, pace=60)
    world.at = world.start
