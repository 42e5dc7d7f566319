"""The thresholds of the rules, each with its default."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

LEFT = 0.9
"""The share of a threshold below which what held is over, so that nothing comes and goes about it."""


class Thresholds(Struct, frozen=True):
    """When the rules of trouble fire. Durations are positive, shares above 0 and at most 1, factors and
    counts at least 1."""

    silent: timedelta = timedelta(minutes=30)
    """How long a log has had no new line."""
    silent_share: float = 0.5
    """The share of the run that it has had none."""
    frozen: timedelta = timedelta(minutes=20)
    """How long the per cent have not changed."""
    frozen_times: float = 3.0
    """The same, in medians of the action's own times between two changes."""
    straggler: timedelta = timedelta(minutes=60)
    """How long a task has run."""
    straggler_times: float = 3.0
    """The same, in medians of the finished tasks of its step."""
    siblings: int = 10
    """Finished tasks of a step whose median is a baseline."""
    few_siblings: int = 3
    """Finished tasks of a step by which a task is called slow; by fewer nothing is said."""
    never_started: timedelta = timedelta(minutes=10)
    """How long an action has waited in a session in which nothing runs."""
    will_not_end: timedelta = timedelta(minutes=10)
    """How long a session was to end, and has not."""
    failed_running: timedelta = timedelta(minutes=10)
    """How long a session goes on after an action of it failed."""
    bad_worker: int = 3
    """Failures of a step on one worker."""
    bad_worker_others: int = 2
    """Other workers on which the same step succeeds."""
    bad_worker_within: timedelta = timedelta(hours=1)
    """The time within which they fail and succeed."""
    bad_worker_forgiven: timedelta = timedelta(hours=5)
    """How long after its last failure a worker is forgiven."""
    poison_task: int = 3
    """Workers on which the same task failed."""


DEFAULTS = Thresholds()


@lru_cache(maxsize=256)
def relaxed(limits: Thresholds) -> Thresholds:
    """The thresholds below which what holds already is over; counts stay as they are."""
    return replace(
        limits,
        silent=limits.silent * LEFT,
        silent_share=limits.silent_share * LEFT,
        frozen=limits.frozen * LEFT,
        frozen_times=limits.frozen_times * LEFT,
        straggler=limits.straggler * LEFT,
        straggler_times=limits.straggler_times * LEFT,
        never_started=limits.never_started * LEFT,
        will_not_end=limits.will_not_end * LEFT,
        failed_running=limits.failed_running * LEFT,
    )
