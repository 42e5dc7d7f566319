"""The virtual table: the cursor and the view stay on their rows, the columns fit, text stays text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.message import Message

from farmwatch.ui.themes import styles_folder, with_text_styles
from farmwatch.ui.widgets import virtual_table
from farmwatch.ui.widgets.table_cells import Cell, fitted
from farmwatch.ui.widgets.table_columns import GAP, Column, share_out
from farmwatch.ui.widgets.virtual_table import ListRows, VirtualTable
from farmwatch.words.text import clean
from tests.ui.stage import Steady, lines_of, until

COLUMNS = (
    Column("name", "Name", min_width=10, flex=True, keep=9),
    Column("status", "Status", keep=8),
    Column("created", "Created", width=8, keep=2),
    Column("by", "By", keep=1),
)


class Growing(ListRows):
    """Rows that others can take the place of, as a list that refreshes."""

    def become(self, rows: ListRows) -> None:
        super().__init__([(rows.key(index), rows.cells(index)) for index in range(len(rows))])


def named(*names: str) -> Growing:
    return Growing([(name, (name, ("● RUNNING", "success"), "14:03", "mira")) for name in names])


def numbered(numbers: Sequence[int]) -> Growing:
    return named(*(f"row {number}" for number in numbers))


class TableApp(App[None]):
    """Nothing but the table, and what it said."""

    CSS_PATH = styles_folder() / "table.tcss"

    def __init__(self, table: VirtualTable | None = None) -> None:
        super().__init__()
        self.table = table or VirtualTable(COLUMNS, empty="No jobs.")
        self.said: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def get_css_variables(self) -> dict[str, str]:
        return with_text_styles(super().get_css_variables(), no_color=self.no_color)

    def on_mount(self) -> None:
        self.table.focus()

    def on_virtual_table_message(self, message: Message) -> None:
        self.said.append(message)

    on_row_highlighted = on_row_selected = on_header_clicked = on_virtual_table_message
    on_view_changed = on_near_end = on_virtual_table_message

    def change(self, rows: ListRows) -> None:
        """The model has other rows now."""
        assert isinstance(self.table.rows, Growing)
        self.table.rows.become(rows)
        self.table.rows_changed()

    def heard(self, kind: type[Message]) -> list[Message]:
        return [message for message in self.said if isinstance(message, kind)]

    @property
    def lines(self) -> list[str]:
        return [self.table.render_line(y).text for y in range(self.table.size.height)]


@asynccontextmanager
async def on_table(
    rows: ListRows, size: tuple[int, int] = (80, 12), table: VirtualTable | None = None
) -> AsyncIterator[tuple[TableApp, Steady]]:
    app = TableApp(table)
    async with app.run_test(size=size):
        pilot = Steady(app)
        app.table.rows = rows
        await pilot.pause()
        yield app, pilot


# --- cursor and view --------------------------------------------------------------------------------------


async def test_the_cursor_stays_on_its_row_when_others_come_in_above() -> None:
    async with on_table(numbered(range(5))) as (app, pilot):
        await pilot.press("down", "down")
        app.change(numbered([7, 8, *range(5)]))
        assert app.table.cursor_key == "row 2"
        assert app.table.cursor_index == 4


async def test_the_cursor_stays_at_its_place_when_its_row_goes_away() -> None:
    async with on_table(numbered(range(5))) as (app, pilot):
        await pilot.press("down", "down")
        app.change(numbered([0, 1, 3, 4]))
        assert app.table.cursor_key == "row 3"


async def test_the_cursor_comes_to_the_last_row_when_the_end_goes_away() -> None:
    async with on_table(numbered(range(5))) as (app, pilot):
        await pilot.press("end")
        app.change(numbered(range(2)))
        assert app.table.cursor_key == "row 1"


async def test_what_is_on_the_screen_stays_there_when_rows_come_in_above() -> None:
    async with on_table(numbered(range(100))) as (app, pilot):
        await pilot.press(*["pagedown"] * 3)
        before = app.lines
        app.change(numbered([*range(200, 205), *range(100)]))
        await pilot.pause()
        assert app.lines == before


async def test_a_view_scrolled_away_from_the_cursor_stays_on_its_rows() -> None:
    async with on_table(numbered(range(100))) as (app, pilot):
        app.table.scroll_to(y=50, animate=False, immediate=True, force=True)
        await pilot.pause()
        before = app.lines
        app.change(numbered([*range(200, 205), *range(100)]))
        await pilot.pause()
        assert app.lines == before


async def test_at_the_top_what_comes_in_is_seen() -> None:
    async with on_table(numbered(range(100))) as (app, _):
        app.change(numbered([777, *range(100)]))
        assert "row 777" in app.lines[1]
        assert app.table.cursor_key == "row 0"


async def test_the_cursor_waits_for_a_key_that_is_not_there_yet() -> None:
    async with on_table(numbered(range(3))) as (app, _):
        app.table.cursor_key = "row 9"
        assert app.table.cursor_key == "row 0"
        app.change(numbered(range(10)))
        assert app.table.cursor_key == "row 9"


async def test_it_waits_no_longer_once_somebody_has_moved_the_cursor() -> None:
    async with on_table(numbered(range(3))) as (app, pilot):
        app.table.cursor_key = "row 9"
        await pilot.press("down")
        app.change(numbered(range(10)))
        assert app.table.cursor_key == "row 1"


async def test_a_page_is_a_jump_of_what_fits() -> None:
    async with on_table(numbered(range(100)), size=(80, 12)) as (app, pilot):
        await pilot.press("pagedown")
        assert app.table.cursor_key == "row 11"
        assert "row 11" in app.lines[1]


@pytest.mark.parametrize(
    ("key", "row"), [("end", "row 99"), ("G", "row 99"), ("home", "row 0"), ("j", "row 51"), ("k", "row 49")]
)
async def test_keys_that_move(key: str, row: str) -> None:
    async with on_table(numbered(range(100))) as (app, pilot):
        app.table.cursor_key = "row 50"
        await pilot.press(key)
        assert app.table.cursor_key == row
        assert any(line.startswith("▸") and f" {row} " in line for line in app.lines)


# --- what it says -----------------------------------------------------------------------------------------


async def test_more_is_asked_for_once_for_every_number_of_rows() -> None:
    async with on_table(numbered(range(100))) as (app, pilot):
        assert not app.heard(VirtualTable.NearEnd)
        await pilot.press("end", "up", "down", "up")
        assert len(app.heard(VirtualTable.NearEnd)) == 1
        app.change(numbered(range(200)))
        await pilot.press("end")
        assert len(app.heard(VirtualTable.NearEnd)) == 2


async def test_it_says_which_rows_are_in_sight() -> None:
    async with on_table(numbered(range(100)), size=(80, 12)) as (app, pilot):
        await pilot.press("pagedown")
        newest = app.heard(VirtualTable.ViewChanged)[-1]
        assert isinstance(newest, VirtualTable.ViewChanged)
        assert (newest.first, newest.last) == (11, 21)


async def test_enter_selects_the_row_under_the_cursor() -> None:
    async with on_table(numbered(range(5))) as (app, pilot):
        await pilot.press("down", "enter")
        (selected,) = app.heard(VirtualTable.RowSelected)
        assert isinstance(selected, VirtualTable.RowSelected)
        assert selected.key == "row 1"


async def test_a_click_moves_the_cursor_and_a_second_one_selects() -> None:
    async with on_table(numbered(range(5))) as (app, pilot):
        await pilot.click(VirtualTable, offset=(5, 3))
        assert app.table.cursor_key == "row 2"
        assert not app.heard(VirtualTable.RowSelected)
        await pilot.click(VirtualTable, offset=(5, 3))
        assert app.heard(VirtualTable.RowSelected)


async def test_a_click_on_a_title_says_which_column() -> None:
    async with on_table(numbered(range(5))) as (app, pilot):
        await pilot.click(VirtualTable, offset=(app.lines[0].index("Status") + 1, 0))
        (clicked,) = app.heard(VirtualTable.HeaderClicked)
        assert isinstance(clicked, VirtualTable.HeaderClicked)
        assert clicked.column_key == "status"


async def test_the_column_that_orders_bears_an_arrow() -> None:
    async with on_table(numbered(range(5))) as (app, _):
        app.table.sort_column = "status"
        assert "Status ▲" in app.lines[0]
        app.table.sort_reverse = True
        assert "Status ▼" in app.lines[0]


async def test_an_empty_table_says_so() -> None:
    async with on_table(ListRows()) as (app, pilot):
        assert "No jobs." in "\n".join(app.lines)
        await pilot.press("down", "enter", "end")
        assert not app.heard(VirtualTable.RowSelected)


# --- columns ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "titles"),
    [(80, "Name Status Created By"), (36, "Name Status Created"), (26, "Name Status"), (14, "Name")],
)
async def test_what_has_no_room_is_left_out_least_important_first(width: int, titles: str) -> None:
    async with on_table(numbered(range(5)), size=(width, 12)) as (app, _):
        assert app.lines[0].split() == titles.split()


async def test_columns_grow_with_what_is_seen_and_never_shrink() -> None:
    def width_of_status(app: TableApp) -> int:
        return app.lines[0].index("Created") - app.lines[0].index("Status")

    async with on_table(named("a")) as (app, _):
        narrow = width_of_status(app)
        app.change(ListRows([("b", ("b", "UPDATE_IN_PROGRESS", "14:03", "mira"))]))
        wide = width_of_status(app)
        assert wide > narrow
        app.change(named("a"))
        assert width_of_status(app) == wide


@pytest.mark.parametrize(
    "name", ["渲染_灯光_序列", "🎬 shot 🎥", "مشهد_الإضاءة", "[bold]x[/]", "quo\"te's", "e\u0301clair"]
)
async def test_columns_stay_in_line_whatever_the_name(name: str) -> None:
    async with on_table(named("plain", name)) as (app, _):
        at = [cell_len(line[: line.index("● RUNNING")]) for line in app.lines if "RUNNING" in line]
        assert len(at) == 2
        assert len(set(at)) == 1


async def test_markup_and_escapes_in_a_cell_are_text() -> None:
    async with on_table(named("[@click=app.quit]x[/]\x1b]0;pwn\x07\u202e")) as (app, _):
        drawn = "".join(app.lines)
        assert "[@click=app.quit]x[/]" in drawn
        assert drawn.isprintable()


async def test_only_the_rows_in_sight_are_asked_for() -> None:
    asked: list[int] = []

    class Counting(ListRows):
        def cells(self, index: int) -> Sequence[Cell]:
            asked.append(index)
            return super().cells(index)

    rows = Counting([(str(n), (str(n), "", "", "")) for n in range(100_000)])
    async with on_table(rows, size=(80, 12)) as (_, pilot):
        await pilot.press("end", "pageup")
        assert len(set(asked)) < 50


AWKWARD = "a漢🎬☺\u200d\ufe0f\u0301\u200b\x1b"
WORD = st.text(alphabet=st.sampled_from(AWKWARD) | st.characters(codec="utf-8"), max_size=40)
CELL = (
    WORD
    | st.tuples(WORD, st.sampled_from(["", "error"]))
    | st.lists(st.tuples(WORD, st.just("")), max_size=3)
)


@given(cell=CELL, width=st.integers(0, 30), right=st.booleans(), cut=st.sampled_from(["end", "middle"]))
@settings(max_examples=200)
def test_a_cell_is_exactly_as_wide_as_its_column(cell: Cell, width: int, right: bool, cut: str) -> None:
    column = Column("x", "X", right=right, cut="end" if cut == "end" else "middle")
    segments: list[Segment] = fitted(cell, width, lambda _: Style(), right=column.right, cut=column.cut)
    assert cell_len("".join(segment.text for segment in segments)) == width
    assert all(segment.text == clean(segment.text) for segment in segments)


COLUMN = st.builds(
    Column,
    key=st.just("x"),
    title=st.text(max_size=10),
    width=st.none() | st.integers(1, 20),
    min_width=st.integers(1, 10),
    flex=st.booleans(),
    keep=st.integers(0, 9),
)


@given(columns=st.lists(COLUMN, min_size=1, max_size=7), seen=st.integers(0, 50), room=st.integers(1, 220))
@settings(max_examples=200)
def test_the_columns_never_take_more_than_there_is(columns: list[Column], seen: int, room: int) -> None:
    shown = share_out(columns, [seen] * len(columns), room)
    assert shown
    assert sum(width for _, width in shown) + GAP * (len(shown) - 1) <= room


class Seen(VirtualTable):
    """Knows of which of its rows it was drawn anew."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.drawn: list[list[int]] = []

    def refresh(self, *regions: Region, **more: Any) -> Self:
        if regions:
            self.drawn.append(sorted(region.y - 1 for region in regions))
        return super().refresh(*regions, **more)


async def test_rows_that_change_are_drawn_the_first_at_once_and_many_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cells = {str(n): [f"row {n}", "old", "02:10", "mira"] for n in range(5)}
    table = Seen(COLUMNS, empty="No jobs.")
    async with on_table(ListRows(list(cells.items())), table=table) as (app, pilot):
        # All of it happens at one moment, however long it takes.
        monkeypatch.setattr(virtual_table, "monotonic", lambda: 0.0)
        table.drawn.clear()
        for row in cells.values():
            row[1] = "new"
        for key in cells:
            table.row_changed(key)
        assert table.drawn == [[0]]
        await until(pilot, lambda: len(table.drawn) > 1)
        assert table.drawn == [[0], [1, 2, 3, 4]]
        assert sum("new" in line for line in lines_of(app)) == 5
