"""How a level of the picker looks: what its columns, orders and details are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from farmwatch.aws.model import Host
from farmwatch.listings.queue_counts import TaskCount
from farmwatch.listings.session_facts import FailedCount
from farmwatch.ui.screens.orders import Detail, Sort, newest
from farmwatch.ui.widgets.virtual_table import Cell, Column
from farmwatch.words.text import Part, TimeStyle, clock_time_and_age


class View(Struct, frozen=True):
    """What the cells of a row may draw on besides the row: the time, the hosts found so far, how many actions
    of each session failed, the rows that are marked, those that were put on the wall, and how many tasks of
    each queue were counted."""

    now: datetime
    hosts: Mapping[str, Host | None] = field(default_factory=dict)
    failures: Mapping[str, FailedCount | None] = field(default_factory=dict)
    marked: frozenset[str] = frozenset()
    on_wall: frozenset[str] = frozenset()
    counts: Mapping[tuple[str, str], TaskCount] = field(default_factory=dict)


class LevelView(Struct, frozen=True):
    """How a level looks. ``sorts[0]`` is the order it opens with; ``words`` what the filter looks in: what a
    row shows."""

    singular: str
    interval: timedelta
    columns: tuple[Column, ...]
    sorts: tuple[Sort, ...]
    cells: Callable[[Any, View], Sequence[Cell]]
    words: Callable[[Any, View], str]
    details: Callable[[Any, View], Sequence[Detail]]
    ticks: bool = False


NEWEST_FIRST = Sort(
    "created",
    "newest first",
    "oldest first",
    lambda row: (newest(row.created_at), row.key),
    descending=True,
)
"""The order of what was created last, for every level that tells when."""


def named(name: str, key: str, view: View) -> list[Part]:
    """The name of a row, with a glyph before it where the row is marked, or on the wall."""
    glyphs = f"{'◆' if key in view.marked else ''}{'■' if key in view.on_wall else ''}"
    return [(f"{glyphs} ", "accent"), (name, "")] if glyphs else [(name, "")]


def when(at: datetime | None, view: View) -> list[Part]:
    """A time with its age, for a detail."""
    return [(clock_time_and_age(at, view.now, TimeStyle.LOCAL) if at else "–", "")]
