"""Waiting for something to come about, on a machine that is busy with something else."""

from __future__ import annotations

import time
from collections.abc import Callable

LONG = 60.0
"""Seconds after which something is taken not to come any more. Far more than it takes; only a test that fails
waits for so long."""


def eventually(condition: Callable[[], object], what: str = "waited in vain") -> None:
    """Return as soon as the condition holds, which another thread or process brings about."""
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)
