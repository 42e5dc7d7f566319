"""The clock, handed to everything that follows something, so that tests can move it by hand."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The time of day, in UTC: for what people read."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back: for when to ask next."""
        ...

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        """Wait, the condition held, until it is notified or ``seconds`` have passed (``None``: no end)."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        condition.wait(seconds)
