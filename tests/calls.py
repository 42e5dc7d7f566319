"""Counts what Python does, where seconds would say more about the machine than about the program."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any


@dataclass
class Calls:
    """Functions, of Python and of C, that were called in this thread."""

    total: int = 0


@contextmanager
def counted() -> Iterator[Calls]:
    """Count the calls that are made inside."""
    calls = Calls()

    def note(frame: FrameType, event: str, arg: Any) -> None:
        if event in ("call", "c_call"):
            calls.total += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)
