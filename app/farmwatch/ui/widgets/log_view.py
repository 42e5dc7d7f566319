"""A view of logs that draws only what is visible, follows their end, and never slides.

Stock widgets hold every line as an object of its own, or animate their scrolling. This one asks its `Browser`
for the lines in sight; a line is known by its lane and its number, so that nothing moves under a reader when
lines come in at either end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeAlias

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from farmwatch.ui.text import Part
from farmwatch.ui.widgets import log_messages as messages
from farmwatch.ui.widgets.log_digest import Digest
from farmwatch.ui.widgets.log_drawing import LogDrawing
from farmwatch.watch.logs.browse import Browser, Line

NEAR_START = 200
"""Rows before the first at which older lines are asked for."""

TONES = ("success", "warning", "error", "accent", "muted", "strong", "title", "failure", "lane")


class LogView(ScrollView, can_focus=True):
    """Lines of logs with a cursor. It follows the end until somebody moves up, and again from the end on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
        Binding("home,g", "first", "First", show=False),
        Binding("end,G", "last", "Follow", show=False, tooltip="To the end, and follow it"),
        Binding("left", "aside(-16)", "Left", show=False),
        Binding("right", "aside(16)", "Right", show=False),
        Binding("v", "mark", "Select", show=False, tooltip="Begin, or end, a selection of lines"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log-view--cursor",
        "log-view--selected",
        "log-view--match",
        "log-view--gutter",
        "log-view--empty",
        *(f"log-view--{tone}" for tone in TONES),
    }

    Moved: TypeAlias = messages.Moved
    NearStart: TypeAlias = messages.NearStart
    Worked: TypeAlias = messages.Worked

    def __init__(self, browser: Browser, *, id: str | None = None) -> None:  # noqa: A002 - as every widget
        super().__init__(id=id)
        self.browser = browser
        self.drawing = LogDrawing(browser)
        self.following = True
        self.empty: Sequence[Part] = ()
        self._cursor: Line | None = None
        self._anchor: Line | None = None
        self._top: Line | None = None
        self._sub = 0
        self._seen_rows = 0
        self._styles: dict[tuple[str, bool, bool], Style] = {}
        self._digest = Digest(self)
        self._selected_rows = range(0)

    # --- what is there --------------------------------------------------------------------------------

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return len(self.browser.rows)

    @property
    def wrap(self) -> bool:
        """Whether long lines go on below, instead of out of sight."""
        return self.drawing.wrap

    @property
    def cursor(self) -> Line | None:
        """The line under the cursor."""
        return self._cursor

    @property
    def new_below(self) -> int:
        """Rows that came in below since somebody moved up."""
        return 0 if self.following else max(0, self.rows - self._seen_rows)

    @property
    def selection(self) -> list[Line]:
        """The selected lines; without a selection, the one under the cursor."""
        if self._cursor is None:
            return []
        rows = self.browser.rows
        ends = sorted(rows.row_of(*line) for line in (self._anchor or self._cursor, self._cursor))
        return [rows.line(row) for row in range(ends[0], min(ends[1] + 1, len(rows)))]

    def grew(self) -> None:
        """Lines have come in, at either end."""
        self.rebuild()
        self._digest.soon()

    def changed(self) -> None:
        """What is left out, or how lines are drawn, is other than before."""
        self.drawing.forget()
        self.rebuild()
        if self._cursor is not None and not self.following:
            self._keep_in_sight()
        self._digest.soon()
        self.refresh()

    def rebuild(self) -> None:
        """Work the rows out anew; the line on top stays there, or the end in sight."""
        before = self.rows
        top_row = None if self._top is None else self.browser.rows.row_of(*self._top)
        self.browser.rebuild()
        rows = self.browser.rows
        if not self.following and top_row is not None and self._top is not None:
            # What came in above is nothing new.
            self._seen_rows += rows.row_of(*self._top) - top_row
        self._measure()
        if not len(rows):
            self._cursor = self._top = None
            self.refresh()
            return
        if self.following:
            self._to_end()
        else:
            if self._cursor is not None:
                self._cursor = rows.line(rows.row_of(*self._cursor))
            self._show_top(0 if self._top is None else rows.row_of(*self._top))
        if len(rows) != before:
            self.refresh()

    def _measure(self) -> None:
        # Wrapped lines are scrolled by lines, and the last one may stand alone on the page.
        extra = self._page - 1 if self.wrap else 0
        self.virtual_size = Size(self.scrollable_content_region.width, self.rows + extra)

    # --- scrolling --------------------------------------------------------------------------------------

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height)

    @property
    def _top_row(self) -> int:
        return min(round(self.scroll_y), max(0, self.rows - 1))

    def _show_top(self, row: int, sub: int = 0) -> None:
        most = max(0, self.rows - (1 if self.wrap else self._page))
        row = max(0, min(row, most))
        self._sub = sub if self.wrap else 0
        if self.rows:
            self._top = self.browser.rows.line(row)
        self.scroll_to(y=row, animate=False, immediate=True, force=True)
        if row < NEAR_START:
            self.post_message(self.NearStart(self))

    def _to_end(self) -> None:
        """The last line at the bottom."""
        last = self.rows - 1
        if last < 0:
            return
        self._cursor = self.browser.rows.line(last)
        self._seen_rows = self.rows
        row, room = last, self._page
        if self.wrap:
            while row >= 0 and (height := self._height(row)) <= room:
                room -= height
                row -= 1
            # The topmost may be seen in part: its last rows.
            sub = self._height(row) - room if row >= 0 and room else 0
            self._show_top(row if sub else row + 1, sub)
        else:
            self._show_top(self.rows - self._page)

    def _keep_in_sight(self) -> None:
        if self._cursor is None:
            return
        row, top = self.browser.rows.row_of(*self._cursor), self._top_row
        if row < top or (row == top and self._sub):
            self._show_top(row)
        elif not self.wrap and row >= top + self._page:
            self._show_top(row - self._page + 1)
        elif self.wrap:
            below = (
                sum(self._height(one) for one in range(top, min(row + 1, top + self._page + 1))) - self._sub
            )
            if row > top + self._page or below > self._page:
                room, first = self._page, row
                while first >= 0 and (height := self._height(first)) <= room:
                    room -= height
                    first -= 1
                self._show_top(min(row, first + 1))

    def _height(self, row: int) -> int:
        """How many rows of the screen a row takes when it is wrapped."""
        return len(self._strips_of(self.browser.rows.line(row))) if self.wrap else 1

    def go_to(self, line: Line, *, centre: bool = True) -> None:
        """The cursor on a line, its section unfolded; following ends."""
        self.browser.unfold_to(line)
        self._measure()
        if not self.rows:
            return
        self._stop_following()
        row = self.browser.rows.row_of(*line)
        self._cursor = self.browser.rows.line(row)
        top = self._top_row
        if not top <= row < top + self._page - 1 or self.wrap:
            self._show_top(row - (self._page // 3 if centre else 0))
        self._moved()

    def _stop_following(self) -> None:
        if self.following:
            self.following = False
            self._seen_rows = self.rows

    def _moved(self) -> None:
        self.refresh()
        self.post_message(self.Moved(self))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) == round(new_value) or not self.rows:
            return
        self._top = self.browser.rows.line(self._top_row)
        if round(new_value) < NEAR_START:
            self.post_message(self.NearStart(self))

    def on_resize(self) -> None:
        self.drawing.forget()
        self.rebuild()
        if not self.following:
            self._keep_in_sight()

    # --- keys and mouse ---------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        if self._cursor is None:
            return
        rows = self.browser.rows
        row = rows.row_of(*self._cursor) + by
        if by < 0:
            self._stop_following()
        if not 0 <= row < len(rows):
            if by > 0:
                self.action_last()
            return
        self._cursor = rows.line(row)
        self._keep_in_sight()
        self._moved()

    def action_page(self, by: int) -> None:
        if self._cursor is None:
            return
        rows, row = self.browser.rows, self.browser.rows.row_of(*self._cursor)
        step = max(1, self._page - 1)
        if by > 0 and row + step >= len(rows) - 1:
            self.action_last()
            return
        if by < 0:
            self._stop_following()
        top = self._top_row + by * step
        self._cursor = rows.line(max(0, min(row + by * step, len(rows) - 1)))
        self._show_top(top)
        self._keep_in_sight()
        self._moved()

    def action_first(self) -> None:
        self._stop_following()
        if self.rows:
            self._cursor = self.browser.rows.line(0)
            self._show_top(0)
        self._moved()

    def action_last(self) -> None:
        self.following = True
        self._to_end()
        self._moved()

    def action_aside(self, by: int) -> None:
        if not self.wrap:
            self.drawing.aside = max(0, self.drawing.aside + by)
            self.drawing.forget()
            self.refresh()

    def action_mark(self) -> None:
        self._anchor = self._cursor if self._anchor is None else None
        self._moved()

    def unmark(self) -> bool:
        """Give a selection up; whether there was one."""
        had, self._anchor = self._anchor is not None, None
        if had:
            self._moved()
        return had

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        if not self.following:
            self._show_top(self._top_row + 3)
            if not self.wrap and self._top_row >= self.rows - self._page:
                self.action_last()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._stop_following()
        self._show_top(self._top_row - 3)
        self._moved()

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        placed = None if at is None else self._placed(at.y)
        if placed is not None:
            self._stop_following()
            self._cursor = self.browser.rows.line(placed[0])
            self._moved()

    # --- drawing ----------------------------------------------------------------------------------------

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self.drawing.forget()

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.drawing.forget()
        self.refresh()

    def _style(self, tone: str, on_cursor: bool, selected: bool) -> Style:
        style = self._styles.get((tone, on_cursor, selected))
        if style is None:
            style = self.rich_style
            if selected:
                style += self.get_component_rich_style("log-view--selected")
            if on_cursor:
                style += self.get_component_rich_style("log-view--cursor")
            if tone:
                style += self.get_component_rich_style(f"log-view--{tone}", partial=True)
            self._styles[tone, on_cursor, selected] = style
        return style

    def _placed(self, y: int) -> tuple[int, int] | None:
        """Row, and which of its strips, on a line of the screen."""
        row = self._top_row
        if not self.wrap:
            return (row + y, 0) if row + y < self.rows else None
        at = -self._sub
        while row < self.rows:
            height = self._height(row)
            if at + height > y:
                return row, y - at
            at += height
            row += 1
        return None

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        placed = self._placed(y) if self.rows else None
        if placed is None:
            return self._drawn_empty(y, width)
        row, part = placed
        strips = self._strips_of(self.browser.rows.line(row))
        return strips[min(part, len(strips) - 1)]

    def render_lines(self, crop: Region) -> list[Strip]:
        # What is selected is worked out once for a page.
        self._selected_rows = self._selected()
        return super().render_lines(crop)

    def _selected(self) -> range:
        if self._anchor is None or self._cursor is None:
            return range(0)
        rows = self.browser.rows
        first, last = sorted((rows.row_of(*self._anchor), rows.row_of(*self._cursor)))
        return range(first, last + 1)

    def _strips_of(self, line: Line) -> list[Strip]:
        on_cursor = line == self._cursor
        selected = bool(self._selected_rows) and self.browser.rows.row_of(*line) in self._selected_rows
        width = self.scrollable_content_region.width
        return self.drawing.strips(line, width, self._style, on_cursor=on_cursor, selected=selected)

    def _drawn_empty(self, y: int, width: int) -> Strip:
        if self.rows:
            return Strip.blank(width, self.rich_style)
        return self.drawing.empty(self.empty, y, Size(width, self._page), self._style)
