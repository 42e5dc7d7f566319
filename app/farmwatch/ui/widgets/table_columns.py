"""The columns of the virtual table: what a cell is, how wide a column becomes, how a cell is cut to it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from farmwatch.ui.text import clean, glyph

Span = tuple[str, str]
"""A piece of text and its tone."""

Cell = str | Span | Sequence[Span]
"""What stands in a cell: plain text, text of one tone, or several pieces."""

GAP = 2
"""Blank cells between two columns."""

MARK = 2
"""Cells at the left of every row, for the mark of the cursor."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    ``width`` fixes it; else it is as wide as what has been visible, between ``min_width`` and
    ``max_width``. A ``flex`` column takes what is left. Where there is no room for all, those with the
    lowest ``keep`` are left out. Long text is ``cut`` at its end or, ids and paths, in its middle.
    """

    key: str
    title: str
    width: int | None = None
    min_width: int = 4
    max_width: int = 60
    right: bool = False
    flex: bool = False
    cut: Literal["end", "middle"] = "end"
    keep: int = 0


def spans(cell: Cell) -> Sequence[Span]:
    """A cell as pieces."""
    if isinstance(cell, str):
        return ((cell, ""),)
    if isinstance(cell, tuple) and len(cell) == 2 and isinstance(cell[0], str) and isinstance(cell[1], str):
        return ((cell[0], cell[1]),)
    return cell


def one_line(text: str) -> str:
    """Text from wherever, fit to stand in one line."""
    # A variation selector is printable, yet widens what stands before it.
    return text if text.isprintable() and "\ufe0f" not in text else clean(text)


def width_of(cell: Cell) -> int:
    """The terminal cells that a cell's text takes."""
    if isinstance(cell, str):
        return len(cell) if cell.isascii() else cell_len(one_line(cell))
    return sum(len(text) if text.isascii() else cell_len(one_line(text)) for text, _ in spans(cell))


def share_out(columns: Sequence[Column], seen: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Which columns there is room for, and their widths: pairs of index and width, in order.

    ``seen`` is the widest text that each column has shown so far; ``room`` the cells for all of them.
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
    shown = list(range(len(columns)))
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


def fitted(column: Column, cell: Cell, width: int, style_of: Callable[[str], Style]) -> list[Segment]:
    """A cell's segments, exactly ``width`` cells wide."""
    if isinstance(cell, str) and cell.isascii() and cell.isprintable() and len(cell) <= width:
        padded = cell.rjust(width) if column.right else cell.ljust(width)
        return [Segment(padded, style_of(""))]
    pieces = [(one_line(text), tone) for text, tone in spans(cell)]
    total = sum(cell_len(text) for text, _ in pieces)
    if total > width:
        pieces = _cut_middle(pieces, width) if column.cut == "middle" else _cut_end(pieces, width)
        total = sum(cell_len(text) for text, _ in pieces)
    segments = [Segment(text, style_of(tone)) for text, tone in pieces if text]
    padding = Segment(" " * (width - total), style_of(""))
    if width > total:
        segments = [padding, *segments] if column.right else [*segments, padding]
    return segments


def _cut_end(pieces: list[Span], width: int) -> list[Span]:
    if width <= 0:
        return []
    kept: list[Span] = []
    room = width - 1
    for text, tone in pieces:
        needed = cell_len(text)
        if needed > room:
            return [*kept, (set_cell_size(text, room) + glyph("…"), tone)]
        kept.append((text, tone))
        room -= needed
    return kept


def _cut_middle(pieces: list[Span], width: int) -> list[Span]:
    if width <= 0:
        return []
    text = "".join(piece for piece, _ in pieces)
    tone = pieces[0][1] if pieces else ""
    tail = (width - 1) // 2
    # A wide character may straddle the cut, so the tail is taken from its end until it fits.
    ending = text[len(text) - tail :] if tail else ""
    while cell_len(ending) > tail:
        ending = ending[1:]
    head = set_cell_size(text, width - 1 - cell_len(ending))
    return [(head + glyph("…") + ending, tone)]


def wrapped(text: str, width: int) -> list[str]:
    """Prose in lines of at most ``width`` characters; its own line breaks are kept."""
    return [line for part in text.splitlines() for line in (textwrap.wrap(part, width) or [""])]
