"""A table that draws only what is visible, from rows that it asks for one by one.

The tables at hand hold every row in memory and measure every cell; at 10,000 rows that takes seconds. This
one asks its model for the rows in sight, so that its cost is that of the screen, whatever the list is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic
from typing import ClassVar, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from farmwatch.ui.content import toned
from farmwatch.ui.widgets import table_messages as messages
from farmwatch.ui.widgets.table_cells import Cell, Span, fitted, wrapped
from farmwatch.ui.widgets.table_columns import MARK, Arrangement, Column, Layout
from farmwatch.ui.widgets.table_rows import ListRows, Rows

__all__ = ["Arrangement", "Cell", "Column", "ListRows", "Rows", "Span", "VirtualTable"]

NEAR_END = 30
"""Rows before the end of what is loaded at which more is asked for."""

DRAWN_TOGETHER = 0.05
"""Seconds within which changes of single rows are drawn at once: nobody reads faster."""


class VirtualTable(ScrollView, can_focus=True):
    """A table with a cursor that stays on its row, by key, whatever comes in above or goes away."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="move-up"),
        Binding("down,j", "move(1)", "Down", show=False, id="move-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="page-up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="page-down"),
        Binding("home,g", "first", "First", show=False, id="first"),
        Binding("end,G", "last", "Last", show=False, id="last"),
        Binding("enter", "select", "Open", tooltip="Go into the row, or show all of it", id="open"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {"virtual-table--cursor", "virtual-table--cursor-blurred"}

    empty: reactive[str] = reactive("")
    sort_column: reactive[str | None] = reactive(None)
    sort_reverse: reactive[bool] = reactive(False)

    RowHighlighted: TypeAlias = messages.RowHighlighted
    RowSelected: TypeAlias = messages.RowSelected
    HeaderClicked: TypeAlias = messages.HeaderClicked
    ViewChanged: TypeAlias = messages.ViewChanged
    NearEnd: TypeAlias = messages.NearEnd

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        empty: str = "",
        id: str | None = None,  # noqa: A002 - as every widget of Textual
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._columns = Layout(columns)
        self._rows: Rows = ListRows()
        self._cells: dict[int, Sequence[Cell]] = {}
        self._styles: dict[tuple[str, bool], Style] = {}
        self._cursor = 0
        self._cursor_key: str | None = None
        self._awaited_key: str | None = None
        self._top_key: str | None = None
        self._view = (0, -1)
        self._told_end_at = -1
        self._changed: set[int] = set()
        self._drawn_at = float("-inf")
        self._below: Callable[[int], Cell] | None = None
        self._row_height = 1
        self.set_reactive(VirtualTable.empty, empty)

    def arrange_columns(self, arrangement: Arrangement) -> None:
        """Show the columns as they are wanted from now on."""
        if arrangement != self._columns.arrangement:
            self._columns.arrange(arrangement)
            self.rows_changed()

    def widths(self) -> Mapping[str, int]:
        """The columns that are shown, by their keys, and their widths."""
        return self._columns.widths()

    def stand_roomy(self, below: Callable[[int], Cell] | None) -> None:
        """Give every row a second line, whose words ``below`` tells by the row's index; ``None`` takes it
        away again."""
        top, self._below = self._offset, below
        self._row_height = 1 if below is None else 2
        self._measure_rows()
        self._jump(top)
        self._keep_in_sight()
        self._after_change()

    # --- the rows -------------------------------------------------------------------------------------

    @property
    def rows(self) -> Rows:
        """The model. After a change within it, call `rows_changed` or `row_changed`."""
        return self._rows

    @rows.setter
    def rows(self, rows: Rows) -> None:
        """A wholly new model: the cursor goes to its first row, or to the key that it waits for."""
        self._rows = rows
        self._columns.forget()
        self._told_end_at = -1
        self._cells.clear()
        self._cursor, self._cursor_key = 0, None
        self._measure_rows()
        self._jump(0)
        self._take_awaited()
        self._after_change()

    def rows_changed(self) -> None:
        """The model has changed: the cursor stays on its row, and that row where it is on the screen."""
        self._cells.clear()
        before, offset = self._cursor, self._offset
        following = None if self._cursor_key is None else self._rows.index(self._cursor_key)
        self._cursor = min(before, max(0, len(self._rows) - 1)) if following is None else following
        self._measure_rows()
        was_in_sight = self._view[0] <= before <= self._view[1]
        if following is not None and was_in_sight:
            moved = self._cursor - before
        else:
            top = None if self._top_key is None else self._rows.index(self._top_key)
            moved = 0 if top is None else top - offset
        # At the very top one wants to see what comes in, as long as the cursor stays in sight.
        if offset == 0 and self._cursor < self._page:
            moved = 0
        if moved:
            self._jump(offset + moved)
        self._take_awaited()
        self._after_change()

    def _take_awaited(self) -> None:
        index = None if self._awaited_key is None else self._rows.index(self._awaited_key)
        if index is not None:
            self._cursor, self._cursor_key, self._awaited_key = index, self._awaited_key, None
            self._keep_in_sight()

    def row_changed(self, key: str) -> None:
        """The cells of one row have changed; many that change quickly are drawn together."""
        index = self._rows.index(key)
        if index is None:
            return
        self._cells.pop(index, None)
        if self._view[0] <= index <= self._view[1]:
            wait = self._drawn_at + DRAWN_TOGETHER - monotonic()
            if not self._changed and wait > 0:
                self.set_timer(wait, self._draw_changed)
            self._changed.add(index)
            if wait <= 0:
                self._draw_changed()

    def _draw_changed(self) -> None:
        changed = [index for index in self._changed if index < len(self._rows)]
        self._changed.clear()
        self._drawn_at = monotonic()
        if self._grow(changed):
            self.refresh()
        else:
            self.refresh(*map(self._region_of, changed))

    @property
    def cursor_index(self) -> int:
        """The row under the cursor, from 0; 0 too where there are no rows."""
        return self._cursor

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor. Setting one that is not there yet makes the cursor wait for
        it, until it comes or somebody moves the cursor."""
        return self._cursor_key

    @cursor_key.setter
    def cursor_key(self, key: str | None) -> None:
        index = None if key is None else self._rows.index(key)
        if index is not None:
            self._move_to(index)
        self._awaited_key = key if index is None else None

    # --- what is in sight -----------------------------------------------------------------------------

    @property
    def in_view(self) -> tuple[int, int]:
        """The first and the last row in sight, as they were last drawn; the last before the first: none."""
        return self._view

    @property
    def _offset(self) -> int:
        return round(self.scroll_y) // self._row_height

    @property
    def _page(self) -> int:
        """Rows that fit below the header."""
        return max(1, (self.scrollable_content_region.height - 1) // self._row_height)

    def _measure_rows(self) -> None:
        width, height = self.scrollable_content_region.size
        # With what is left over of a page the last row can still come to the bottom.
        left_over = max(0, height - 1) % self._row_height
        self.virtual_size = Size(width, len(self._rows) * self._row_height + 1 + left_over)

    def _jump(self, offset: int) -> None:
        most = max(0, len(self._rows) - self._page)
        y = max(0, min(offset, most)) * self._row_height
        self.scroll_to(y=y, animate=False, immediate=True, force=True)

    def _region_of(self, index: int) -> Region:
        height = self._row_height
        return Region(0, (index - self._offset) * height + 1, self.size.width, height)

    def _keep_in_sight(self) -> None:
        if self._cursor < self._offset:
            self._jump(self._cursor)
        elif self._cursor >= self._offset + self._page:
            self._jump(self._cursor - self._page + 1)

    def _after_change(self) -> None:
        """Rows, scroll or size are other than before: measure what is in sight, and tell."""
        count = len(self._rows)
        first = min(self._offset, max(0, count - 1))
        last = min(first + self._page, count) - 1
        self._top_key = self._rows.key(first) if count else None
        key = self._rows.key(self._cursor) if count else None
        if key != self._cursor_key:
            self._cursor_key = key
            if key is not None:
                self.post_message(self.RowHighlighted(self, key))
        self._grow(range(first, last + 1))
        self.refresh()
        if (first, last) != self._view:
            self._view = (first, last)
            self.post_message(self.ViewChanged(self, first, last))
        self._tell_near_end()

    def _tell_near_end(self) -> None:
        count = len(self._rows)
        if count and max(self._cursor, self._view[1]) >= count - NEAR_END and self._told_end_at != count:
            self._told_end_at = count
            self.post_message(self.NearEnd(self))

    def _grow(self, indexes: Iterable[int]) -> bool:
        """Nothing jumps when data come in: columns only grow, and only for what is in sight."""
        width = self.scrollable_content_region.width
        return self._columns.grow((self._cells_of(index) for index in indexes), width)

    def _cells_of(self, index: int) -> Sequence[Cell]:
        cells = self._cells.get(index)
        if cells is None:
            if len(self._cells) > 1000:
                self._cells.clear()
            cells = self._cells[index] = self._rows.cells(index)
        return cells

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """However it was scrolled: where other rows are in sight, measure them and tell."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._after_change()

    def on_resize(self) -> None:
        """Share the columns' widths out anew, and keep the cursor in sight."""
        self._columns.forget()
        self._measure_rows()
        self._keep_in_sight()
        self._after_change()

    def notify_style_update(self) -> None:
        """Another theme or style: those that were looked up are forgotten."""
        super().notify_style_update()
        self._styles.clear()

    # --- drawing --------------------------------------------------------------------------------------

    def _style(self, tone: str, on_cursor: bool) -> Style:
        style = self._styles.get((tone, on_cursor))
        if style is None:
            style = self.rich_style
            if on_cursor:
                name = "virtual-table--cursor" if self.has_focus else "virtual-table--cursor-blurred"
                # Whole, not partial: its background lies half transparent over that of the table.
                style += self.get_component_rich_style(name)
            style = self._styles[tone, on_cursor] = toned(style, tone, self.app)
        return style

    def render_line(self, y: int) -> Strip:
        """The header on the first line, which never scrolls; then rows, or the words for an empty table."""
        width = self.scrollable_content_region.width
        if y == 0:
            return self._header(width)
        below, line_of_row = divmod(y - 1, self._row_height)
        index = self._offset + below
        if index >= len(self._rows):
            return self._empty_line(y, width)
        on_cursor = index == self._cursor

        def style_of(tone: str) -> Style:
            return self._style(tone, on_cursor)

        if line_of_row and self._below is not None:
            words = fitted(self._below(index), max(1, width - 2 * MARK), style_of)
            indented = Strip([Segment(" " * 2 * MARK, style_of("")), *words])
            return indented.adjust_cell_length(width, style_of(""))
        mark = ("▸ ", style_of("accent")) if on_cursor else (" " * MARK, style_of(""))
        line = self._columns.line(Segment(*mark), self._cells_of(index), style_of)
        return line.adjust_cell_length(width, style_of(""))

    def _header(self, width: int) -> Strip:
        style = self._style("heading", False)
        arrow = f" {'▼' if self.sort_reverse else '▲'}"
        titles = [
            column.title + (arrow if column.key == self.sort_column else "")
            for column in self._columns.columns
        ]
        line = self._columns.line(Segment(" " * MARK, style), titles, lambda _: style)
        return line.adjust_cell_length(width, style)

    def _empty_line(self, y: int, width: int) -> Strip:
        base = self._style("", False)
        lines = () if len(self._rows) else wrapped(self.empty, max(10, width - 4))
        first = 1 + max(0, (self._page - len(lines)) // 3)
        if not first <= y < first + len(lines):
            return Strip.blank(width, base)
        style = self._style("muted", False)
        text = fitted(lines[y - first].center(width - 1), max(1, width), lambda _: style)
        return Strip(text).adjust_cell_length(width, style)

    def watch_has_focus(self, has_focus: bool) -> None:
        """The cursor looks other with the focus than without it."""
        self._styles.clear()
        super().watch_has_focus(has_focus)
        self.refresh()

    # --- keys and mouse -------------------------------------------------------------------------------

    def _move_to(self, index: int) -> None:
        count = len(self._rows)
        if not count:
            return
        self._awaited_key = None
        before = self._cursor
        self._cursor = max(0, min(index, count - 1))
        key = self._rows.key(self._cursor)
        changed = key != self._cursor_key or self._cursor != before
        self._cursor_key = key
        offset = self._offset
        self._keep_in_sight()
        if not changed:
            return
        self.post_message(self.RowHighlighted(self, key))
        if self._offset == offset:
            for one in (before, self._cursor):
                self.refresh(self._region_of(one))
            self._tell_near_end()

    def action_move(self, by: int) -> None:
        """Up or down by so many rows, as far as there are any."""
        self._move_to(self._cursor + by)

    def action_page(self, by: int) -> None:
        """A page is a jump: the view and the cursor move by it, nothing slides."""
        offset = self._offset
        self._jump(offset + by * self._page)
        self._move_to(self._cursor + by * self._page)

    def action_first(self) -> None:
        """To the first row."""
        self._move_to(0)

    def action_last(self) -> None:
        """To the last row that is loaded."""
        self._move_to(len(self._rows) - 1)

    def action_select(self) -> None:
        """Tell whoever holds the table that the row under the cursor is to be gone into."""
        if self._cursor_key is not None:
            self.post_message(self.RowSelected(self, self._cursor_key))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three rows down at once; the cursor stays on its row, be it out of sight."""
        event.stop()
        self._jump(self._offset + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three rows up at once; the cursor stays on its row, be it out of sight."""
        event.stop()
        self._jump(self._offset - 3)

    def on_click(self, event: events.Click) -> None:
        """On a title: tell which column. On a row: put the cursor there; if it was there, or with a double
        click, go into the row."""
        at = event.get_content_offset(self)
        if at is None:
            return
        if at.y == 0:
            column = self._columns.at(at.x)
            if column is not None:
                self.post_message(self.HeaderClicked(self, column.key))
            return
        index = self._offset + (at.y - 1) // self._row_height
        if index >= len(self._rows):
            return
        if index == self._cursor or event.chain > 1:
            self._move_to(index)
            self.action_select()
        else:
            self._move_to(index)
