"""The rows of a tab of the wall as its table wants them: filtered, sorted, grouped, drawn one by one."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from farmwatch.ui.screens.orders import Sort
from farmwatch.ui.screens.wall.view import TabView, View
from farmwatch.ui.widgets.table_cells import spans
from farmwatch.ui.widgets.virtual_table import Cell
from farmwatch.wall.filtering import Filter
from farmwatch.words.text import Part, muted

REST = timedelta(seconds=5)
"""How long a hand that moved the cursor is given before rows change their places."""


class Order(Struct, frozen=True):
    """How rows are chosen and put in order: what is typed, the order and whether it is turned round, the
    field that they are grouped by, empty for none, and whether those of one cause stand as one."""

    text: str = ""
    sort: Sort | None = None
    backwards: bool = False
    group: str = ""
    folds: bool = False


class Heading(Struct, frozen=True):
    """A row that stands for several: a group, by the text of a field, or (``first`` is given) those of one
    cause, told by the first of them."""

    key: str
    words: str
    members: tuple[Any, ...]
    is_open: bool
    first: Any = None


class WallRows:
    """The rows of one tab. ``cause_of`` tells which rows stand as one where they are folded."""

    def __init__(self, tab: TabView, cause_of: Callable[[Any], str] | None = None) -> None:
        self.tab = tab
        self.view: View | None = None
        self.is_order_old = False
        """Whether rows would stand elsewhere by now, and wait for the hand to rest."""
        self.unknown: tuple[str, ...] = ()
        """Fields that were typed and that there are none of here."""
        self._cause_of = cause_of
        self._order = Order()
        self._items: dict[str, Any] = {}
        self._sorted: list[Any] = []
        self._rows: list[Any] = []
        self._at: dict[str, int] = {}
        self._turned = set[str]()
        """Keys of the headings that are not as they begin: of groups unfolded, of causes folded."""
        self._moved_at: datetime | None = None

    # --- taking rows ------------------------------------------------------------------------------------

    def was_moved(self, at: datetime) -> None:
        """A hand has moved the cursor: rows keep their places for a while."""
        self._moved_at = at

    def show(self, items: Sequence[Any], order: Order, view: View) -> None:
        """Take what there is now. Rows change their places only where no hand has moved the cursor lately, or
        where another order is wanted."""
        self.view = view
        wanted = Filter.of(order.text, self.tab.fields)
        self.unknown = wanted.unknown
        if wanted.terms:
            items = [item for item in items if self._is_left(item, wanted, view)]
        fresh = list(items)
        if order.sort is not None:
            fresh.sort(key=order.sort.key, reverse=order.backwards)
        self._items = {item.key: item for item in fresh}
        is_moving = self._moved_at is not None and view.now - self._moved_at < REST
        if order == self._order and is_moving and self._sorted:
            kept = [self._items[item.key] for item in self._sorted if item.key in self._items]
            known = {item.key for item in kept}
            kept += [item for item in fresh if item.key not in known]
            self.is_order_old = kept != fresh
            fresh = kept
        else:
            self.is_order_old = False
        self._order = order
        self._sorted = fresh
        self._lay_out()

    def _is_left(self, item: Any, wanted: Filter, view: View) -> bool:
        fields = self.tab.fields
        return wanted.leaves(lambda name: fields[name](item, view), fields)

    @property
    def needs_order(self) -> bool:
        """Whether the order is old, and the hand has rested."""
        view, moved = self.view, self._moved_at
        return self.is_order_old and view is not None and moved is not None and view.now - moved >= REST

    def _lay_out(self) -> None:
        rows: list[Any] = []
        if self._order.group:
            for words, members in sorted(self._grouped().items()):
                heading = self._heading(f"group {self._order.group} {words}", words, members)
                rows.append(heading)
                if heading.is_open:
                    rows += self._folded(members)
        else:
            rows = self._folded(self._sorted)
        self._rows = rows
        self._at = {row.key: index for index, row in enumerate(rows)}

    def _grouped(self) -> dict[str, list[Any]]:
        text_of, view = self.tab.groups[self._order.group], self._view()
        groups: dict[str, list[Any]] = {}
        for item in self._sorted:
            groups.setdefault(text_of(item, view), []).append(item)
        return groups

    def _folded(self, items: Sequence[Any]) -> list[Any]:
        if self._cause_of is None or not self._order.folds:
            return list(items)
        causes: dict[str, list[Any]] = {}
        for item in items:
            causes.setdefault(self._cause_of(item), []).append(item)
        rows: list[Any] = []
        for cause, members in causes.items():
            if len(members) == 1:
                rows += members
                continue
            heading = self._heading(f"cause {cause}", cause, members, members[0])
            rows.append(heading)
            if heading.is_open:
                rows += members
        return rows

    def _heading(self, key: str, words: str, members: Sequence[Any], first: Any = None) -> Heading:
        # Groups begin open, causes folded.
        is_open = (key in self._turned) is (first is not None)
        return Heading(key, words, tuple(members), is_open, first)

    # --- folding ----------------------------------------------------------------------------------------

    def turn(self, key: str | None) -> str | None:
        """Unfold a row, or fold it; of a row with nothing below it the one that it belongs to. Returns the
        key of the row that was turned, ``None`` where there is none."""
        index = self._at.get(key or "")
        if index is None:
            return None
        above = next((one for one in reversed(self._rows[: index + 1]) if isinstance(one, Heading)), None)
        if above is None or not (above.key == key or any(one.key == key for one in above.members)):
            return None
        self._turned ^= {above.key}
        self._lay_out()
        return above.key

    def turn_all(self) -> None:
        """Unfold everything; fold it where nothing is left to unfold."""
        headings = [row for row in self._rows if isinstance(row, Heading)]
        opens = any(not one.is_open for one in headings)
        self._turned ^= {one.key for one in headings if one.is_open is not opens}
        self._lay_out()

    # --- as rows of a table -------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def count(self) -> int:
        """How many things are shown, folded or not."""
        return len(self._sorted)

    def key(self, index: int) -> str:
        """What names the row, whatever its place."""
        key: str = self._rows[index].key
        return key

    def index(self, key: str) -> int | None:
        """Where the row is; ``None`` where it is folded away or left out."""
        return self._at.get(key)

    def item(self, key: str | None) -> Any | None:
        """What a row is about, of those of one cause the first; ``None`` for a group, and where there is no
        such row."""
        row = self.row(key)
        return row.first if isinstance(row, Heading) else row

    def items(self, keys: Container[str]) -> list[Any]:
        """What has these keys, in the order of the rows, be it folded away or not."""
        return [item for item in self._sorted if item.key in keys]

    def row(self, key: str | None) -> Any | None:
        """The row of that key, be it a heading; ``None`` where there is none."""
        index = self._at.get(key or "")
        return None if index is None else self._rows[index]

    def in_sight(self, first: int, last: int) -> list[Any]:
        """What the rows from the first to the last one are about."""
        shown = self._rows[first : last + 1]
        return [one for row in shown if (one := row.first if isinstance(row, Heading) else row) is not None]

    def _view(self) -> View:
        if self.view is None:
            raise ValueError("rows are drawn before they know the time")
        return self.view

    def cells(self, index: int) -> Sequence[Cell]:
        """A cell for each column, or one alone for a group; muted where the row's connection is not live."""
        row, view = self._rows[index], self._view()
        if not isinstance(row, Heading):
            return self._own_cells(row, view, "")
        fold = "▾ " if row.is_open else "▸ "
        if row.first is not None:
            return self._own_cells(row.first, view, f"{fold}{len(row.members):,} × ")
        words: list[Part] = [(fold, "muted"), (row.words or "–", "strong")]
        count = len(row.members)
        words.append((f"   {count:,} {self.tab.one if count == 1 else self.tab.many}", "muted"))
        troubled = sum(map(self.tab.is_troubled, row.members))
        return [[*words, (f"   {troubled:,} in trouble" if troubled else "", "error")]]

    def _own_cells(self, item: Any, view: View, before: str) -> Sequence[Cell]:
        cells = list(self.tab.cells(item, view))
        if before:
            cells[0] = [(before, "accent"), *spans(cells[0])]
        if self.tab.connection_of(item) in view.stale:
            return [muted(spans(cell)) for cell in cells]
        return cells

    def below(self, index: int) -> Cell:
        """What stands in the second line of a roomy row."""
        row = self._rows[index]
        item = row.first if isinstance(row, Heading) else row
        return "" if item is None else self.tab.below(item, self._view())
