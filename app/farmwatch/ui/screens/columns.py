"""Choosing the columns of a list, while the list behind shows what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import SelectionList
from textual.widgets.selection_list import Selection

from farmwatch.ui.content import content
from farmwatch.ui.themes import style_sheet
from farmwatch.ui.widgets.table_columns import Arrangement, Column
from farmwatch.words.keys import key

NARROWEST, WIDEST = 4, 120
"""Cells that a column may be made to have."""


class ColumnsScreen(ModalScreen[None]):
    """Shows every column, with a mark at those that are shown; tells of every change at once."""

    CSS_PATH = style_sheet("page")
    BINDINGS = [
        Binding("escape,q,C", "take", "Close", id="close"),
        Binding("J,shift+down", "shift(1)", "Later", tooltip="Column further right", id="column-right"),
        Binding("K,shift+up", "shift(-1)", "Earlier", tooltip="Column further left", id="column-left"),
        Binding(
            "greater_than_sign,plus",
            "widen(1)",
            "Wider",
            key_display=">",
            tooltip="Wider column",
            id="column-wider",
        ),
        Binding(
            "less_than_sign,minus",
            "widen(-1)",
            "Narrower",
            key_display="<",
            tooltip="Narrower column",
            id="column-narrower",
        ),
        Binding(
            "equals_sign",
            "own_width",
            "Own width",
            key_display="=",
            tooltip="Width by what is in it",
            id="column-own-width",
        ),
    ]

    def __init__(
        self,
        columns: Sequence[Column],
        arrangement: Arrangement,
        widths: Mapping[str, int],
        tell: Callable[[Arrangement], None],
    ) -> None:
        """``widths`` are those that the columns have now; ``tell`` takes every new arrangement."""
        super().__init__()
        self._columns = columns
        self._arrangement = arrangement
        self._widths = dict(widths)
        self._tell = tell

    def compose(self) -> ComposeResult:
        """A line for each column; the first stays shown, for a list without it says nothing."""
        with Vertical(classes="page box") as page:
            page.border_title = content("Columns")
            page.border_subtitle = content(
                f"space shows   {key('column-left', 'K')}/{key('column-right', 'J')} moves   "
                f"{key('column-narrower', '<')}/{key('column-wider', '>')} width   "
                f"{key('close', 'esc')} closes"
            )
            yield SelectionList[str](*self._lines(), id="choices", compact=True)

    def _lines(self) -> list[Selection[str]]:
        columns = [self._columns[number] for number in self._arrangement.ordered(self._columns)]
        return [
            Selection(
                content((f"{one.title:<16}", ""), (self._width_words(one.key), "muted")),
                one.key,
                one.key not in self._arrangement.hidden,
            )
            for one in columns
        ]

    def _width_words(self, of: str) -> str:
        chosen = self._arrangement.widths.get(of)
        return "" if chosen is None else f"{chosen} wide"

    @property
    def _list(self) -> SelectionList[str]:
        return self.query_one("#choices", SelectionList)

    def _chosen(self) -> str | None:
        """The key of the column under the cursor."""
        highlighted = self._list.highlighted
        if highlighted is None:
            return None
        return str(self._list.get_option_at_index(highlighted).value)

    @on(SelectionList.SelectedChanged)
    def _show_or_hide(self) -> None:
        self._list.select(self._columns[0].key)
        shown = set(self._list.selected)
        hidden = tuple(one.key for one in self._columns[1:] if one.key not in shown)
        if hidden != self._arrangement.hidden:
            self._take(replace(self._arrangement, hidden=hidden))

    def action_shift(self, by: int) -> None:
        """Move the column under the cursor on by so many places; the first stays the first."""
        chosen = self._chosen()
        order = [self._columns[number].key for number in self._arrangement.ordered(self._columns)]
        if chosen is None:
            return
        place = order.index(chosen)
        there = max(1, min(place + by, len(order) - 1))
        if place and there != place:
            order.insert(there, order.pop(place))
            self._take(replace(self._arrangement, order=tuple(order)))
            self._draw_again(there)

    def action_widen(self, by: int) -> None:
        """Make the column under the cursor so many cells wider."""
        chosen = self._chosen()
        if chosen is not None:
            now = self._arrangement.widths.get(chosen, self._widths.get(chosen, NARROWEST))
            width = max(NARROWEST, min(now + by, WIDEST))
            self._take(replace(self._arrangement, widths={**self._arrangement.widths, chosen: width}))
            self._draw_again(self._list.highlighted)

    def action_own_width(self) -> None:
        """Let the column under the cursor be as wide as what is in it again."""
        chosen = self._chosen()
        widths = {name: width for name, width in self._arrangement.widths.items() if name != chosen}
        if widths != self._arrangement.widths:
            self._take(replace(self._arrangement, widths=widths))
            self._draw_again(self._list.highlighted)

    def _take(self, arrangement: Arrangement) -> None:
        self._arrangement = arrangement
        self._tell(arrangement)

    def _draw_again(self, highlighted: int | None) -> None:
        choices = self._list
        with self.prevent(SelectionList.SelectedChanged):
            choices.clear_options()
            choices.add_options(self._lines())
        choices.highlighted = highlighted

    def action_take(self) -> None:
        """Close it; what was chosen holds already."""
        self.dismiss(None)
