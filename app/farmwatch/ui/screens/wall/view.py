"""How a tab of the wall looks: what its columns, orders, groups and details are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from farmwatch.aws.model import SessionRef
from farmwatch.ui.screens.orders import Detail, Sort
from farmwatch.ui.widgets.virtual_table import Cell, Column
from farmwatch.wall.values import LastLine
from farmwatch.words.text import short_id


class View(Struct, frozen=True):
    """What a row may draw on besides what it is about: the time, names by ids, the newest lines of logs by
    the keys of their rows, the keys of the rows that are picked, and the connections whose rows are not
    live."""

    now: datetime
    names: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, LastLine] = field(default_factory=dict)
    picked: frozenset[str] = frozenset()
    stale: frozenset[str] = frozenset()

    def name(self, of: str) -> str:
        """The name of a farm or a queue; its short id before that is known."""
        return self.names.get(of) or short_id(of)


Text = Callable[[Any, View], str]


class TabView(Struct, frozen=True):
    """How a tab looks. ``one`` and ``many`` are what its rows are called. ``fields`` has by their names the
    texts that a filter looks in, ``groups`` those that rows can be grouped by, as they stand above a group;
    ``sorts[0]`` is the order it opens with. ``below`` is what a roomy row has in its second line."""

    key: str
    title: str
    one: str
    many: str
    columns: tuple[Column, ...]
    sorts: tuple[Sort, ...]
    cells: Callable[[Any, View], Sequence[Cell]]
    below: Callable[[Any, View], Cell]
    fields: Mapping[str, Text]
    groups: Mapping[str, Text]
    details: Callable[[Any, View], Sequence[Detail]]
    connection_of: Callable[[Any], str]
    ref_of: Callable[[Any], SessionRef | None]
    is_troubled: Callable[[Any], bool] = lambda _: False


def picked(key: str, name: str, view: View) -> Cell:
    """The first cell of a row, with a glyph before it where the row is picked."""
    return [("◆ ", "accent"), (name, "")] if key in view.picked else name


def short_worker(worker_id: str) -> str:
    """The first eight digits of a worker's id: ``7e203238``."""
    return short_id(worker_id).removeprefix("worker-")
