"""Choosing the columns of a list."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import SelectionList
from textual.widgets.selection_list import Selection

from farmwatch.ui.content import content
from farmwatch.ui.widgets.table_columns import Column
from farmwatch.words.keys import key


class ColumnsScreen(ModalScreen[tuple[str, ...] | None]):
    """Shows every column with a mark at those that are shown; answers with the keys of the others."""

    BINDINGS = [
        Binding("escape,q,C", "take", "Close", id="close"),
    ]

    def __init__(self, columns: Sequence[Column], hidden: Collection[str]) -> None:
        super().__init__()
        self._columns = columns
        self._hidden = hidden

    def compose(self) -> ComposeResult:
        """A line for each column; the first stays, for a list without it says nothing."""
        with Vertical(classes="page box") as page:
            page.border_title = content("Columns")
            page.border_subtitle = content(f"space shows or hides   {key('close', 'esc')} closes")
            rows = [(content((one.title, "")), one.key, one.key not in self._hidden) for one in self._columns]
            yield SelectionList[str](
                *(Selection(*row, disabled=not number) for number, row in enumerate(rows)),
                id="choices",
                compact=True,
            )

    def action_take(self) -> None:
        """Close it, with what was chosen."""
        lists = list(self.query(SelectionList))
        if not lists:
            self.dismiss(None)
            return
        shown = set(lists[0].selected)
        self.dismiss(tuple(one.key for one in self._columns[1:] if one.key not in shown))
