"""The rows of a list of the picker as its table wants them: filtered, sorted, drawn as they are seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from farmwatch.listings.lists import ListObserved
from farmwatch.listings.queue_counts import TaskCount
from farmwatch.polling.freshness import GRACE, MISSED_POLLS
from farmwatch.ui.screens.orders import Sort
from farmwatch.ui.screens.picker.list_view import LevelView, View
from farmwatch.ui.widgets.table_cells import spans
from farmwatch.ui.widgets.virtual_table import Cell
from farmwatch.words.text import muted


class PickerRows:
    """The rows of a list as the table wants them: filtered, sorted, drawn one by one as they are seen."""

    def __init__(self, level: LevelView) -> None:
        self._level = level
        self._items: list[Any] = []
        self._at: dict[str, int] = {}
        self._observed: ListObserved[Any] = ListObserved()
        self.now: datetime | None = None
        self.fresh = True
        self.marked: frozenset[str] = frozenset()
        """The ids of the rows that are marked."""
        self.on_wall: frozenset[str] = frozenset()
        """The ids of the rows that were put on the wall."""
        self.counts: Mapping[tuple[str, str], TaskCount] = {}
        """How many tasks of each queue were counted, by its id and what is counted."""

    def show(
        self, observed: ListObserved[Any], sort: Sort | None, text: str = "", *, backwards: bool = False
    ) -> None:
        """Take a new list. ``sort`` orders it in this list; ``None`` leaves it as the service ordered it."""
        self._observed = observed
        items = list(observed.items)
        if text:
            wanted, view = text.casefold().split(), self.view()
            told = ((item, self._level.words(item, view).casefold()) for item in items)
            items = [item for item, words in told if all(word in words for word in wanted)]
        if sort is not None:
            items.sort(key=sort.key, reverse=backwards)
        self._items = items
        self._at = {item.key: index for index, item in enumerate(items)}

    def __len__(self) -> int:
        return len(self._items)

    def key(self, index: int) -> str:
        """The id of the farm, queue, job or session."""
        key: str = self._items[index].key
        return key

    def index(self, key: str) -> int | None:
        """Where the row is; ``None`` where it is filtered out or not loaded."""
        return self._at.get(key)

    def item(self, key: str | None) -> Any | None:
        """What the row is about; ``None`` where there is no such row."""
        index = self._at.get(key or "")
        return None if index is None else self._items[index]

    def view(self) -> View:
        """What cells draw on besides the row. Raises `ValueError` while the time is not known."""
        if self.now is None:
            raise ValueError("rows are drawn before they know the time")
        observed = self._observed
        return View(self.now, observed.hosts, observed.failures, self.marked, self.on_wall, self.counts)

    def cells(self, index: int) -> Sequence[Cell]:
        """A cell for each column of the level; muted where the list, or this row, is not fresh."""
        item = self._items[index]
        cells = self._level.cells(item, self.view())
        return cells if self._is_fresh(item.key) else [muted(spans(cell)) for cell in cells]

    def _is_fresh(self, key: str) -> bool:
        """A row out of sight is not asked for again: when it is scrolled to it must not look fresh."""
        seen = self._observed.seen.get(key)
        if not self.fresh or seen is None or self.now is None:
            return self.fresh
        return self.now - seen <= MISSED_POLLS * self._level.interval + GRACE
