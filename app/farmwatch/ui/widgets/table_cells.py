"""The cells of the virtual table: what one is, how wide its text is, how it is cut to its column."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Literal

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from farmwatch.words.text import clean

Span = tuple[str, str]
"""A piece of text and its tone."""

Cell = str | Span | Sequence[Span]
"""What stands in a cell: plain text, text of one tone, or several pieces."""

Cut = Literal["end", "middle"]
"""Where long text is cut: at its end or, ids and paths, in its middle."""


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


def fitted(
    cell: Cell, width: int, style_of: Callable[[str], Style], *, right: bool = False, cut: Cut = "end"
) -> list[Segment]:
    """A cell's segments, exactly ``width`` cells wide."""
    if isinstance(cell, str) and cell.isascii() and cell.isprintable() and len(cell) <= width:
        padded = cell.rjust(width) if right else cell.ljust(width)
        return [Segment(padded, style_of(""))]
    pieces = [(one_line(text), tone) for text, tone in spans(cell)]
    total = sum(cell_len(text) for text, _ in pieces)
    if total > width:
        pieces = _cut_middle(pieces, width) if cut == "middle" else _cut_end(pieces, width)
        total = sum(cell_len(text) for text, _ in pieces)
    segments = [Segment(text, style_of(tone)) for text, tone in pieces if text]
    padding = Segment(" " * (width - total), style_of(""))
    if width > total:
        segments = [padding, *segments] if right else [*segments, padding]
    return segments


def joined(segments: Iterable[Segment]) -> list[Segment]:
    """The same line in as few segments as there are changes of style (by identity)."""
    runs: list[tuple[list[str], Style | None]] = []
    for text, style, _ in segments:
        if runs and runs[-1][1] is style:
            runs[-1][0].append(text)
        else:
            runs.append(([text], style))
    return [Segment("".join(texts), style) for texts, style in runs]


def _cut_end(pieces: list[Span], width: int) -> list[Span]:
    if width <= 0:
        return []
    kept: list[Span] = []
    room = width - 1
    for text, tone in pieces:
        needed = cell_len(text)
        if needed > room:
            return [*kept, (set_cell_size(text, room) + "…", tone)]
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
    return [(head + "…" + ending, tone)]


@lru_cache(maxsize=8)
def wrapped(text: str, width: int) -> tuple[str, ...]:
    """Prose in lines of at most ``width`` characters; its own line breaks are kept. An empty table asks for
    the same lines once for every line of its own."""
    return tuple(line for part in text.splitlines() for line in (textwrap.wrap(part, width) or [""]))
