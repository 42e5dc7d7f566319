"""How the lines of a log view are drawn: gutter, text, marks, one row or several."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from farmwatch.logs.browse import Browser, Line, Shown
from farmwatch.logs.lanes import WORKER
from farmwatch.ui.content import toned
from farmwatch.ui.widgets.table_cells import fitted, wrapped
from farmwatch.words.log_line import LogTimes, line_parts, time_text
from farmwatch.words.text import Part

StyleOf = Callable[[str], Style]
"""The style of a tone, on the row in question."""

StyleOn = Callable[[str, bool, bool], Style]
"""The style of a tone, on the cursor or not, selected or not."""

CACHED = 2_000
"""Lines that are kept as they were drawn."""

LANE_COLOURS = 6
"""Colours that the logs of several sessions have, one after the other and from the first again."""

NAME_WIDTH = 16
"""Columns that the name of a line's log takes, where the logs of several sessions are shown."""

WIDE = 100
"""Columns from which on times are shown to the millisecond."""


def fitting_name(name: str, width: int) -> str:
    """A name in exactly so many cells: its end is what tells names of jobs apart, so it is cut in front."""
    if cell_len(name) > width:
        kept = name
        while cell_len(kept) > width - 1:
            kept = kept[1:]
        name = f"…{kept}"
    return set_cell_size(name, width)


class LogStyles:
    """The styles of a log view, looked up once each: a `StyleOn`."""

    def __init__(self, view: Widget) -> None:
        self._view = view
        self._styles: dict[tuple[str, bool, bool], Style] = {}

    def forget(self) -> None:
        """Look them up anew: the theme is another one."""
        self._styles.clear()

    def __call__(self, tone: str, on_cursor: bool, selected: bool) -> Style:
        """The style of a tone, ``""`` for plain text, or of a ``match``; looked up where it was not yet."""
        style = self._styles.get((tone, on_cursor, selected))
        if style is None:
            view = self._view
            style = view.rich_style
            if selected:
                style += view.get_component_rich_style("log-view--selected")
            if on_cursor:
                style += view.get_component_rich_style("log-view--cursor")
            if tone == "match":
                style += view.get_component_rich_style("log-view--match", partial=True)
            else:
                style = toned(style, tone, view.app)
            self._styles[tone, on_cursor, selected] = style
        return style


class LogDrawing:
    """Draws lines; its members are what a person may choose. ``aside`` is how many cells of unwrapped lines
    lie out of sight on the left."""

    def __init__(self, browser: Browser) -> None:
        self.wrap = False
        self.numbers = False
        self.times = LogTimes.LOCAL
        self.aside = 0
        self._browser = browser
        self._drawn: dict[tuple[Line, int, bool, bool], list[Strip]] = {}

    def forget(self) -> None:
        """Draw every line anew: something is other than before."""
        self._drawn.clear()

    def strips(
        self, line: Line, width: int, style_on: StyleOn, *, on_cursor: bool, selected: bool
    ) -> list[Strip]:
        """A line, in one row of exactly ``width`` cells; wrapped, in as many as it takes."""
        key = (line, width, on_cursor, selected)
        strips = self._drawn.get(key)
        if strips is None:
            if len(self._drawn) > CACHED:
                self._drawn.clear()

            def style(tone: str) -> Style:
                return style_on(tone, on_cursor, selected)

            strips = self._drawn[key] = self._draw(line, width, style, on_cursor=on_cursor)
        return strips

    def empty(self, parts: Sequence[Part], y: int, size: Size, style_on: StyleOn) -> Strip:
        """A row of the page where there are no lines: words in its upper third, wrapped, in the middle."""
        base = style_on("", False, False)
        width = size.width
        lines = [
            (line, tone) for text, tone in parts for line in (wrapped(text, max(10, width - 8)) or ("",))
        ]
        first = max(0, (size.height - len(lines)) // 3)
        if not first <= y < first + len(lines):
            return Strip.blank(width, base)
        text, tone = lines[y - first]
        style = style_on(tone, False, False)
        return Strip(fitted(text.center(width), width, lambda _: style)).adjust_cell_length(width, base)

    def _draw(self, line: Line, width: int, style: StyleOf, *, on_cursor: bool) -> list[Strip]:
        lane, number = line
        try:
            text = self._browser.lanes[lane].store.text(number)
        except IndexError:
            # Dropped since the rows were worked out; they are about to be worked out anew.
            return [Strip.blank(width, style(""))]
        gutter = [Segment(" ▸ " if on_cursor else "   ", style("accent"))]
        gutter += [Segment(piece, style(tone)) for piece, tone in self._gutter(line, width) if piece]
        segments = self._marked(self._parts(line, text), style)
        taken = sum(segment.cell_length for segment in gutter)
        room = max(8, width - taken)
        if not self.wrap:
            if self.aside and segments:
                # One cell more than there is room for, so that a mark says where it is cut on the right.
                rest = Strip(segments).crop(self.aside + 1, self.aside + room + 1)
                segments = [Segment("‹", style("muted")), *rest]
            return [_in_one_row([*gutter, *segments], width, style)]
        blank = [Segment(" " * taken, style(""))]
        return [
            Strip([*(blank if index else gutter), *piece]).adjust_cell_length(width, style(""))
            for index, piece in enumerate(_folded(segments, room))
        ]

    def hidden(self, line: Line, width: int) -> int:
        """How many cells of a line there is no room for, in a row that is so wide."""
        try:
            text = self._browser.lanes[line[0]].store.text(line[1])
        except IndexError:
            return 0
        pieces = (*self._gutter(line, width), *self._parts(line, text))
        return max(0, 3 + sum(cell_len(piece) for piece, _ in pieces) - width)

    def _gutter(self, line: Line, width: int) -> list[Part]:
        lane, number = line
        store = self._browser.lanes[lane].store
        parts: list[Part] = []
        if self._browser.shown is Shown.MERGED:
            name = fitting_name(self._browser.names[lane], NAME_WIDTH)
            parts.append((f"{name}  ", f"lane-{lane % LANE_COLOURS}"))
        elif self._browser.shown is Shown.BOTH:
            parts.append(("worker  ", "lane") if lane == WORKER else ("session ", "muted"))
        if self.numbers:
            parts.append((f"{number - store.first + store.dropped + 1:>8,}  ", "muted"))
        if self.times is not LogTimes.OFF:
            began = None
            if self.times is LogTimes.ACTION:
                section = self._browser.section_of(line)
                began = None if section is None else section.at
            shown = time_text(store.at(number), self.times, began, wide=width >= WIDE)
            parts.append((f"{shown}  ", "muted"))
        return parts

    def _parts(self, line: Line, text: str) -> list[Part]:
        lane, number = line
        of = self._browser.lanes[lane]
        reduction = self._browser.reduction
        in_traceback = not of.of_worker and of.traceback_of(number) is not None
        parts = line_parts(text, self._browser.severities, of_worker=of.of_worker, in_traceback=in_traceback)
        section = of.section_of(number) if parts and parts[0][1] == "title" else None
        # (The upload of what a task wrote has a banner inside the section of its task.)
        if section is not None and section.head == number:
            folded = number in reduction.folded
            hidden = f"   {of.section_end(section) - section.first:,} lines" if folded else ""
            parts = [("▸ " if folded else "▾ ", "title"), *parts]
            parts += [(f"  {section.parameters}", "accent"), (hidden, "muted")]
        if reduction.repeats and (times := of.times_repeated(number)):
            parts = [*parts, (f"   ×{times + 1:,} the same", "muted")]
        return parts

    def _marked(self, parts: Sequence[Part], style: StyleOf) -> list[Segment]:
        """Pieces as segments, what is searched for and what is filtered by made visible."""
        queries = [one for one in (self._browser.search, self._browser.reduction.query) if one is not None]
        segments: list[Segment] = []
        for text, tone in parts:
            at = 0
            for low, high in sorted(span for query in queries for span in query.spans(text)):
                if low >= at:
                    segments += [Segment(text[at:low], style(tone)), Segment(text[low:high], style("match"))]
                    at = high
            segments.append(Segment(text[at:], style(tone)))
        return [segment for segment in segments if segment.text]


def _in_one_row(segments: Sequence[Segment], width: int, style: StyleOf) -> Strip:
    """Segments in a row of exactly ``width`` cells; where they are cut, a mark says so.

    By hand, because a page is drawn between two keys: a `Strip` for every step of it takes twice the time.
    """
    row: list[Segment] = []
    left = width
    for segment in segments:
        cells = len(segment.text) if segment.text.isascii() else segment.cell_length
        if cells > left:
            mark = Segment("›", style("muted"))
            if left:
                return Strip([*row, segment.split_cells(left - 1)[0], mark], width)
            # The row was just full: its last cell makes room for the mark.
            return Strip([*Strip(row).crop(0, width - 1), mark], width)
        row.append(segment)
        left -= cells
    if left:
        row.append(Segment(" " * left, style("")))
    return Strip(row, width)


def _folded(segments: Sequence[Segment], room: int) -> list[list[Segment]]:
    """Segments in rows of at most so many cells, of which there are enough for any character."""
    rows: list[list[Segment]] = [[]]
    left = room
    for text, style, _ in segments:
        while text:
            piece = Segment(chop_cells(text, left)[0] if left else "", style)
            if piece.text and piece.cell_length <= left:
                rows[-1].append(piece)
                left -= piece.cell_length
                text = text[len(piece.text) :]
            if text:
                rows.append([])
                left = room
    return rows
