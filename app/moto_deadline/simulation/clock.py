"""The clock of a story. Times are always those of the wall, or of where the test has set it, and never lie
ahead; a story that is sped up takes shorter pauses between what happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

FROZEN_AT = datetime(2026, 3, 14, 2, 10, tzinfo=UTC)


class StoryClock(Protocol):
    """What a simulation goes by: `RealClock`, or `FrozenClock` that a test steps."""

    speed: float
    """How many seconds of the story pass in one."""

    def now(self) -> datetime:
        """The time of the wall, or where it has been set, in UTC."""


class RealClock:
    """The time of this machine."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed

    def now(self) -> datetime:
        """The time of day, in UTC, however much the story is sped up."""
        return datetime.now(UTC)


class FrozenClock:
    """Stands still until it is stepped."""

    def __init__(self, at: datetime = FROZEN_AT) -> None:
        self.speed = 1.0
        self._now = at

    def now(self) -> datetime:
        """Where it stands, in UTC."""
        return self._now

    def step(self, seconds: float) -> None:
        """Move it on; what becomes due by that happens when the simulation is looked at next."""
        self._now += timedelta(seconds=seconds)
