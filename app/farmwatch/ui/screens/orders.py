"""What lists and the wall have in common: their orders, and the details of a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from farmwatch.words.text import Part

Detail = tuple[str, Sequence[Part]]
"""A line of what is known of a row: what it is called, and what it says."""


class Sort(Struct, frozen=True):
    """One order of a list, in words both ways round.

    ``key`` sorts in this list what is loaded. Where the service sorts, ``field`` is its name for it and
    ``first`` the statuses that come before all others; ``here`` says that it cannot, so that the loaded rows
    are sorted in this list. ``descending``: the largest comes first, as far as a person is concerned.
    """

    column: str
    word: str
    backwards: str
    key: Callable[[Any], Any]
    descending: bool = False
    field: str = "CREATED_AT"
    field_descends: bool = True
    first: tuple[tuple[str, ...], ...] = ()
    here: bool = False


def newest(at: datetime | None) -> float:
    """A key that puts the newest first; what has no time comes last."""
    return -at.timestamp() if at else float("inf")
