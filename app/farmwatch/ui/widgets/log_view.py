"""A view of logs that draws only what is visible, follows their end, and never slides.

Stock widgets hold every line as an object of its own, or animate their scrolling. This one asks its `Browser`
for the lines in sight; a line is known by its lane and its number, so that nothing moves under a reader when
lines come in at either end.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import ClassVar, TypeAlias

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollDown, ScrollTo, ScrollUp
from textual.strip import Strip

from farmwatch.logs.browse import Browser, Line
from farmwatch.ui.widgets import log_messages as messages
from farmwatch.ui.widgets.log_digest import Digest
from farmwatch.ui.widgets.log_drawing import LogDrawing, LogStyles
from farmwatch.ui.widgets.log_page import LogPage
from farmwatch.words.text import Part

NEAR_START = 200
"""Rows before the first at which older lines are asked for."""


class LogView(ScrollView, can_focus=True):
    """Lines of logs with a cursor. It follows the end until somebody moves up, and again from the end on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="move-up"),
        Binding("down,j", "move(1)", "Down", show=False, id="move-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="page-up"),
        Binding("pagedown,space", "page(1)", "Page down", show=False, id="page-down"),
        Binding("home,g", "first", "First", show=False, id="first"),
        Binding("end,G", "last", "Follow", show=False, tooltip="To the end, and follow it", id="last"),
        Binding("left", "aside(-16)", "Left", show=False, id="left"),
        Binding("right", "aside(16)", "Right", show=False, id="right"),
        Binding(
            "v", "mark", "Select", show=False, tooltip="Begin, or end, a selection of lines", id="select"
        ),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {"log-view--cursor", "log-view--selected", "log-view--match"}

    Moved: TypeAlias = messages.Moved
    NearStart: TypeAlias = messages.NearStart
    Worked: TypeAlias = messages.Worked

    def __init__(self, browser: Browser, *, id: str | None = None) -> None:  # noqa: A002 - as every widget
        super().__init__(id=id)
        self.browser = browser
        self.drawing = LogDrawing(browser)
        self.following = True
        self.empty: Sequence[Part] = ()
        self._page = LogPage(self._height)
        self._cursor: Line | None = None
        # The line that the cursor was put on, and on which row of the screen that was. While it is left out
        # the cursor is on the one that stands for it, and comes back to it afterwards.
        self._chosen: Line | None = None
        self._chosen_y = 0
        self._anchor: Line | None = None
        self._seen: Sequence[int] = ()
        self._style = LogStyles(self)
        self._digest = Digest(self, self._work, self._digested)
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
        """The line under the cursor, which is always in sight."""
        return self._cursor

    @property
    def below(self) -> int:
        """Lines below the last one in sight."""
        return self.rows - 1 - self._page.last if self.rows else 0

    @property
    def new_below(self) -> int:
        """How many of the lines below have come in since the end is no longer followed."""
        if self.following or not self.below:
            return 0
        return self.browser.count_below(self._page.last, self._seen)

    @property
    def is_selecting(self) -> bool:
        """Whether moving the cursor selects lines."""
        return self._anchor is not None

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
        self._digest.soon()
        self.refresh()

    def _work(self, until: float) -> bool:
        return self.browser.work(monotonic, until)

    def _digested(self) -> None:
        self.drawing.forget()
        self.rebuild()

    def rebuild(self) -> None:
        """Work the rows out anew; the line under the cursor stays where it is on the screen, or the end in
        sight."""
        before = (self.rows, self._page.top, self._page.sub, self._cursor)
        self.browser.rebuild()
        self._measure()
        if not self.rows:
            self._cursor = None
        elif self.following:
            self._to_end()
        else:
            self._back_in_place()
        self._show_place()
        if before != (self.rows, self._page.top, self._page.sub, self._cursor):
            self.refresh()

    def _measure(self) -> None:
        page = self._page
        page.rows, page.size = self.rows, max(1, self.scrollable_content_region.height)
        page.is_even = not self.wrap

    # --- scrolling --------------------------------------------------------------------------------------

    def _show_place(self) -> None:
        """Bring the scroll bar to where the text is."""
        page = self._page
        position, height = page.bar
        self.virtual_size = Size(self.scrollable_content_region.width, height)
        self.scroll_to(y=position, animate=False, immediate=True, force=True)
        if height > page.size and self.is_attached:
            # A bar that only comes with the next layout is told of no scrolling before.
            self.vertical_scrollbar.position = round(self.scroll_y)
        if self.rows and page.top < NEAR_START:
            self.post_message(self.NearStart(self))

    def _to_end(self) -> None:
        """The last line at the bottom."""
        self._page.to_end()
        self._choose(self.rows - 1)

    def _back_in_place(self) -> None:
        """The line that was chosen, or what stands for it, on the row of the screen where it was."""
        row = 0 if self._chosen is None else self.browser.row_near(self._chosen) or 0
        y = min(self._chosen_y, self._page.size - 1)
        self._cursor = self.browser.rows.line(row)
        self._page.put(row, y)
        if y > 0:
            # All of it, where it is wrapped.
            self._page.show(row)

    def _choose(self, row: int) -> None:
        """The cursor on a row that is in sight."""
        self._cursor = self._chosen = self.browser.rows.line(row)
        self._chosen_y = self._page.y_of(row) or 0

    def _choose_in_sight(self) -> None:
        """The cursor where it is, or on the nearest row in sight."""
        if self._cursor is not None:
            row = self.browser.rows.row_of(*self._cursor)
            self._choose(max(self._page.top, min(row, self._page.last)))

    def _height(self, row: int) -> int:
        """How many rows of the screen a row takes when it is wrapped."""
        return len(self._strips_of(self.browser.rows.line(row)))

    def go_to(self, line: Line, *, centre: bool = True) -> None:
        """The cursor on a line, its section unfolded; following ends. Where it is not read yet, as soon as it
        is."""
        self.browser.unfold_to(line)
        self._stop_following()
        self._measure()
        page, row = self._page, self.browser.row_near(line)
        y = page.size // 3 if centre else 0
        if row is None:
            self._chosen, self._chosen_y = line, y
            return
        self._back_in_place()
        shown_y = page.y_of(row)
        if shown_y is None or shown_y < 0 or shown_y + page.height(row) > page.size:
            page.put(row, y)
        self._choose(row)
        self._chosen = line
        self._moved()

    def _stop_following(self) -> None:
        if self.following:
            self.following = False
            self._seen = [lane.store.end for lane in self.browser.lanes]

    def _moved(self) -> None:
        self._show_place()
        self.refresh()
        self.post_message(self.Moved(self))

    def on_resize(self) -> None:
        """Lines are drawn for another width; the cursor's stays where it is, or the end in sight."""
        self.drawing.forget()
        self.rebuild()
        self._moved()

    # --- keys and mouse ---------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Up or down by a line; one that is longer than the page is read to its end first, and below the last
        one the end is followed."""
        if self._cursor is None:
            return
        page, row = self._page, self.browser.rows.row_of(*self._cursor)
        if by < 0:
            self._stop_following()
        y, height = page.y_of(row) or 0, page.height(row)
        if (y < 0 and by < 0) or (y + height > page.size and by > 0):
            # A line that is longer than the page is read to its end first.
            page.scroll(by)
            self._choose(row)
            self._moved()
        elif row + by >= self.rows:
            self.action_last()
        elif row + by >= 0:
            if by < 0 and page.height(row + by) > page.size:
                page.scroll(by)
            else:
                page.show(row + by)
            self._choose(row + by)
            self._moved()

    def action_page(self, by: int) -> None:
        """By a page less one row, the cursor staying on its row of the screen; from the end on, follow."""
        if self._cursor is None:
            return
        page, row = self._page, self.browser.rows.row_of(*self._cursor)
        before, y = (page.top, page.sub), max(0, page.y_of(row) or 0)
        if by < 0:
            self._stop_following()
        page.scroll(by * max(1, page.size - 1))
        placed = page.at(y)
        if by > 0 and (page.is_at_end or placed is None):
            self.action_last()
        elif placed is not None:
            # Where the page can go no further up, the cursor does.
            self._choose(0 if before == (page.top, page.sub) else placed[0])
            self._moved()

    def action_first(self) -> None:
        """To the first of the lines there are; the end is no longer followed."""
        self._stop_following()
        if self.rows:
            self._page.put(0, 0)
            self._choose(0)
        self._moved()

    def action_last(self) -> None:
        """To the last line, and follow the end from now on."""
        self.following = True
        if self.rows:
            self._to_end()
        self._moved()

    def action_aside(self, by: int) -> None:
        """Move long lines by so many cells, negative to the left, as far as the longest in sight goes;
        wrapped lines stay."""
        if self.wrap:
            return
        page, width = self._page, self.scrollable_content_region.width
        lines = [self.browser.rows.line(row) for row in range(page.top, page.last + 1)]
        most = max((self.drawing.hidden(line, width) for line in lines), default=0)
        self.drawing.aside = max(0, min(self.drawing.aside + by, most))
        self.drawing.forget()
        self._moved()

    def action_mark(self) -> None:
        """Begin a selection at the cursor, or give it up."""
        self._anchor = self._cursor if self._anchor is None else None
        self._moved()

    def unmark(self) -> bool:
        """Give a selection up; whether there was one."""
        had, self._anchor = self._anchor is not None, None
        if had:
            self._moved()
        return had

    def _scroll_page(self, event: Message, by: int) -> None:
        """Up or down by rows of the screen; the cursor stays in sight, and the end is followed again."""
        event.stop()
        event.prevent_default()
        if by < 0 or not self.following:
            self._stop_following()
            self._page.scroll(by)
            self._scrolled(down=by > 0)

    def _scrolled(self, *, down: bool) -> None:
        if down and self._page.is_at_end:
            self.action_last()
        else:
            self._choose_in_sight()
            self._moved()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three rows of the screen down; from the end on that is followed again."""
        self._scroll_page(event, 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three rows of the screen up; the end is no longer followed."""
        self._scroll_page(event, -3)

    def on_scroll_up(self, event: ScrollUp) -> None:
        """A click above the thumb of the scroll bar."""
        self._scroll_page(event, -max(1, self._page.size - 1))

    def on_scroll_down(self, event: ScrollDown) -> None:
        """A click below the thumb."""
        self._scroll_page(event, max(1, self._page.size - 1))

    def on_scroll_to(self, event: ScrollTo) -> None:
        """The thumb is drawn."""
        event.stop()
        event.prevent_default()
        if event.y is None or not self.rows:
            return
        self._stop_following()
        before = self._page.bar[0]
        self._page.follow_bar(event.y)
        self._scrolled(down=event.y > before)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the line that was clicked on; the end is no longer followed."""
        at = event.get_content_offset(self)
        placed = None if at is None else self._page.at(at.y)
        if placed is not None:
            self._stop_following()
            self._choose(placed[0])
            self._moved()

    # --- drawing ----------------------------------------------------------------------------------------

    def notify_style_update(self) -> None:
        """Another theme or style: what was drawn in the one before is forgotten."""
        super().notify_style_update()
        self._style.forget()
        self.drawing.forget()

    def watch_has_focus(self, has_focus: bool) -> None:
        """The cursor looks other with the focus than without it: draw every line anew."""
        super().watch_has_focus(has_focus)
        self.drawing.forget()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line on a row of the screen, or its part there; why there is none where the log is empty."""
        width = self.scrollable_content_region.width
        placed = self._page.at(y) if self.rows else None
        if placed is None:
            return self._drawn_empty(y, width)
        row, part = placed
        strips = self._strips_of(self.browser.rows.line(row))
        return strips[min(part, len(strips) - 1)]

    def render_lines(self, crop: Region) -> list[Strip]:
        """What is selected is worked out once for a page."""
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
        return self.drawing.empty(self.empty, y, Size(width, self._page.size), self._style)
