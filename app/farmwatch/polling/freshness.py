"""How fresh a thing on screen is, in one word, for every value it covers."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from farmwatch.aws.model import Fault, FaultKind

MISSED_POLLS = 2
GRACE = timedelta(seconds=3)
"""Allowed on top of the missed polls: a call takes time too."""


class State(StrEnum):
    """The words of the freshness line. A fault has the word of its kind."""

    WAITING = "waiting"
    LIVE = "live"
    STALE = "stale"
    PAUSED = "paused"
    FINAL = "final"
    FAULT = "fault"


class Rhythm(Struct, frozen=True):
    """What the poller is doing about one target: when it asks next (``None``: not by itself), how often it
    asks while all is well, since when a call is under way."""

    interval: timedelta
    next_at: datetime | None = None
    asking_since: datetime | None = None
    paused: bool = False
    stopped: bool = False


class Freshness(Struct, frozen=True):
    """``age`` is that of the newest good answer, ``None`` where there is none."""

    state: State
    age: timedelta | None
    fault: Fault | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether the values it covers may look fresh: live, or final and so not going to change."""
        return self.state in (State.LIVE, State.FINAL)

    @property
    def is_gone(self) -> bool:
        """Whether the service says that there is no such thing (any more)."""
        return self.fault is not None and self.fault.kind is FaultKind.GONE


def freshness(
    rhythm: Rhythm, *, seen_at: datetime | None, fault: Fault | None, final: bool, now: datetime
) -> Freshness:
    """Judge the newest good answer, received at ``seen_at``, as of ``now``. In doubt it is not fresh."""
    age = None if seen_at is None else max(now - seen_at, timedelta(0))
    if fault is not None:
        return Freshness(State.FAULT, age, fault)
    if age is None:
        return Freshness(State.PAUSED if rhythm.paused else State.WAITING, None)
    if final:
        return Freshness(State.FINAL, age)
    if rhythm.paused:
        return Freshness(State.PAUSED, age)
    if age > MISSED_POLLS * rhythm.interval + GRACE:
        return Freshness(State.STALE, age)
    return Freshness(State.LIVE, age)
