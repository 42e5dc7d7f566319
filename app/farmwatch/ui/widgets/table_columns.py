"""The columns of the virtual table: how wide each becomes, and how a line is laid out in them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from farmwatch.ui.widgets.table_cells import Cell, Cut, fitted, joined, width_of

GAP = 2
"""Blank cells between two columns."""

MARK = 2
"""Cells at the left of every row, for the mark of the cursor."""


class Column(Struct, frozen=True):
    """One column.

    ``width`` fixes it; else it is as wide as what has been visible, between ``min_width`` and
    ``max_width``. A ``flex`` column takes what is left. Where there is no room for all, those with the
    lowest ``keep`` are left out.
    """

    key: str
    title: str
    width: int | None = None
    min_width: int = 4
    max_width: int = 60
    right: bool = False
    flex: bool = False
    cut: Cut = "end"
    keep: int = 0


class Arrangement(Struct, frozen=True):
    """Columns as somebody wants them, by their keys: which are ``hidden``, the ``order`` of those that are
    named in it before all others, and the ``widths`` of those that are not to have their own."""

    hidden: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    widths: Mapping[str, int] = {}

    def ordered(self, columns: Sequence[Column]) -> list[int]:
        """The indexes of all columns in this order."""
        places = {key: place for place, key in enumerate(self.order)}
        return sorted(range(len(columns)), key=lambda i: (places.get(columns[i].key, len(places)), i))


def share_out(
    columns: Sequence[Column], seen: Sequence[int], room: int, hidden: Container[str] = ()
) -> list[tuple[int, int]]:
    """Which columns there is room for, and their widths: pairs of index and width, in order.

    ``seen`` is the widest text that each column has shown so far; ``room`` the cells for all of them. Those
    of the keys in ``hidden`` are left out.
    """
    wanted = [
        column.width
        if column.width is not None
        else max(column.min_width, min(column.max_width, max(widest, cell_len(column.title) + 2)))
        for column, widest in zip(columns, seen, strict=True)
    ]
    least = [
        column.min_width if column.flex else width for column, width in zip(columns, wanted, strict=True)
    ]
    shown = [i for i, column in enumerate(columns) if column.key not in hidden] or [0]
    while len(shown) > 1 and sum(least[i] for i in shown) + GAP * (len(shown) - 1) > room:
        shown.remove(min(shown, key=lambda i: (columns[i].keep, -i)))
    left = room - sum(least[i] for i in shown) - GAP * (len(shown) - 1)
    flexible = [i for i in shown if columns[i].flex]
    widths = {i: least[i] for i in shown}
    for number, i in enumerate(flexible):
        share = max(0, left) // (len(flexible) - number)
        widths[i] += share
        left -= share
    if len(shown) == 1:
        widths[shown[0]] = max(1, min(widths[shown[0]], room) if not flexible else room)
    return [(i, widths[i]) for i in shown]


class Layout:
    """Columns in the room there is; they grow to what has been in sight, and never shrink while it is."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self.columns = tuple(columns)
        self._given = self.columns
        self._order = list(range(len(self.columns)))
        self.arrangement = Arrangement()
        self.forget()

    def arrange(self, arrangement: Arrangement) -> None:
        """Show the columns as they are wanted from now on."""
        self.arrangement = arrangement
        self._order = arrangement.ordered(self._given)
        self.columns = tuple(
            replace(one, width=arrangement.widths[one.key], flex=False)
            if one.key in arrangement.widths
            else one
            for one in self._given
        )
        self.forget()

    def forget(self) -> None:
        """Begin anew: other rows, or another width."""
        self._seen = [0] * len(self.columns)
        self._shown: list[tuple[int, int]] = []

    def grow(self, rows: Iterable[Sequence[Cell]], width: int) -> bool:
        """Take rows that are in sight into account; whether that moved a column."""
        grown = not self._shown
        for cells in rows:
            if _spans(cells, self.columns):
                continue
            for number, cell in enumerate(cells):
                wide = width_of(cell)
                if wide > self._seen[number]:
                    self._seen[number] = wide
                    grown = True
        if grown:
            room = max(1, width - MARK)
            shared = dict(share_out(self.columns, self._seen, room, self.arrangement.hidden))
            self._shown = [(number, shared[number]) for number in self._order if number in shared]
        return grown

    def line(self, mark: Segment, cells: Sequence[Cell], style_of: Callable[[str], Style]) -> Strip:
        """A mark and cells with gaps; a cell alone takes the whole line. What draws it works by the segment,
        so like joins like."""
        if _spans(cells, self.columns):
            wide = sum(wide + GAP for _, wide in self._shown)
            return Strip(joined([mark, *fitted(cells[0], wide, style_of)]), MARK + wide)
        segments, gap = [mark], Segment(" " * GAP, style_of(""))
        for number, wide in self._shown:
            column = self.columns[number]
            segments += fitted(cells[number], wide, style_of, right=column.right, cut=column.cut)
            segments.append(gap)
        return Strip(joined(segments), MARK + sum(wide + GAP for _, wide in self._shown))

    def widths(self) -> dict[str, int]:
        """The widths of the columns that are shown, by their keys, in their order."""
        return {self.columns[number].key: wide for number, wide in self._shown}

    def at(self, x: int) -> Column | None:
        """The column that lies ``x`` cells from the left."""
        start = MARK
        for number, wide in self._shown:
            if start <= x < start + wide:
                return self.columns[number]
            start += wide + GAP
        return None


def _spans(cells: Sequence[Cell], columns: Sequence[Column]) -> bool:
    return len(cells) == 1 < len(columns)
