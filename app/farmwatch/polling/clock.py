"""The clock, handed to everything that follows something, so that tests can move it by hand."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The time, and the waiting for it: this machine's (`SystemClock`), or one that a test moves."""

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
        """The time of day as this machine has it, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since a moment that means nothing by itself; to set the clock does not move them."""
        return time.monotonic()

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        """Wait as the condition itself does, in real seconds."""
        condition.wait(seconds)
