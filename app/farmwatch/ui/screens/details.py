"""A page over the screen below: names and whole values, to read, select and copy."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from farmwatch.ui.content import content
from farmwatch.ui.themes import style_sheet
from farmwatch.words.keys import key


class DetailsScreen(ModalScreen[None]):
    """Shows rows of name and value; every value in full, wrapped."""

    CSS_PATH = style_sheet("page")
    BINDINGS = [
        Binding("escape,q,enter,d", "dismiss", "Close", id="close"),
        Binding("y", "copy", "Copy all", id="copy"),
    ]

    def __init__(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._heading = title
        self._rows = rows

    def compose(self) -> ComposeResult:
        """A row for each pair, the values below each other; the page scrolls."""
        width = max((len(name) for name, _ in self._rows), default=0)
        with VerticalScroll(classes="page box") as page:
            page.border_title = content(self._heading)
            page.border_subtitle = content(f"{key('copy', 'y')} copies all   {key('close', 'esc')} closes")
            for name, value in self._rows:
                yield Static(content((f"{name:<{width}}  ", "muted"), (value, "")), classes="row")

    def action_copy(self) -> None:
        """Copy all rows: a line each, with a tab between name and value."""
        self.app.copy_to_clipboard("\n".join(f"{name}\t{value}" for name, value in self._rows))
        self.notify("Copied", timeout=2)
