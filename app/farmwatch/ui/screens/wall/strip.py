"""The line above the wall's table: the tabs, and the numbers of the night, which lead to their rows."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from farmwatch.ui.content import TONES


class WallStrip(Widget):
    """Words side by side; those that lead somewhere can be clicked on."""

    ALLOW_SELECT = False

    class Chosen(Message):
        """Somebody wants to see the rows that a number counts: the key of their tab, and a filter."""

        def __init__(self, tab: str, text: str) -> None:
            super().__init__()
            self.tab = tab
            self.text = text

    Part = tuple[str, str, "tuple[str, str] | None"]
    """Words, their tone (``current`` for the tab that is shown), and the tab and filter that they lead to."""

    def __init__(self) -> None:
        super().__init__()
        self._left: Sequence[WallStrip.Part] = ()
        self._right: Sequence[WallStrip.Part] = ()

    def show(self, left: Sequence[WallStrip.Part], right: Sequence[WallStrip.Part]) -> None:
        """``left`` stays where there is no room for both; of ``right`` the last parts stay longest."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def _placed(self) -> list[tuple[int, WallStrip.Part]]:
        """The parts that there is room for, each with its first cell."""
        width = self.content_size.width
        at, placed = 0, []
        for part in self._left:
            placed.append((at, part))
            at += cell_len(part[0])
        right = list(self._right)
        while right and at + 2 + sum(cell_len(part[0]) for part in right) > width:
            del right[0]
        at = width - sum(cell_len(part[0]) for part in right)
        for part in right:
            placed.append((at, part))
            at += cell_len(part[0])
        return placed

    def render(self) -> Content:
        """The line in the cells there are."""
        drawn: list[tuple[str, str]] = []
        at = 0
        for first, (words, tone, _) in self._placed():
            drawn += [(" " * (first - at), ""), (words, "bold reverse" if tone == "current" else TONES[tone])]
            at = first + cell_len(words)
        return Content.assemble(*drawn).truncate(self.content_size.width, ellipsis=True)

    def on_click(self, event: events.Click) -> None:
        """Tell which rows are wanted; between the words there are none."""
        offset = event.get_content_offset(self)
        for first, (words, _, target) in self._placed():
            if offset is not None and target and first <= offset.x < first + cell_len(words):
                self.post_message(self.Chosen(*target))
