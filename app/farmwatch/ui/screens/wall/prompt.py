"""The line of the wall to type a filter, a time or the name of a wall into."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from textual import on
from textual.message import Message
from textual.widgets import Input

from farmwatch.history.time_expression import FORMS


class For(StrEnum):
    """What the line is for."""

    FILTER = "filter"
    SINCE = "since"
    NAME = "name"


class WallPrompt(Input):
    """Not there until something is asked for. A filter counts with every letter, the others when entered."""

    class Filtered(Message):
        """A filter is being typed; this is what it is by now."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Entered(Message):
        """Something was entered."""

        def __init__(self, asked_for: For, text: str) -> None:
            super().__init__()
            self.asked_for = asked_for
            self.text = text

    asks_for = For.FILTER

    def ask_filter(self, fields: Iterable[str], text: str) -> None:
        """Ask for a filter, with the one there is; it may name these fields."""
        names = " ".join(f"{name}:" for name in fields)
        self._ask(For.FILTER, f"words, {names} and -words that are not wanted", text)

    def ask_since(self) -> None:
        """Ask for a time from which on failures are told."""
        self._ask(For.SINCE, f"since when: {FORMS}; empty: since the last visit")

    def ask_name(self, names: Iterable[str]) -> None:
        """Ask for the name of a wall; these there are."""
        others = ", ".join(filter(None, names))
        known = f"; there {'is' if ',' not in others else 'are'} {others}" if others else ""
        self._ask(For.NAME, f"name of a wall, empty for the one without a name{known}")

    def _ask(self, asks_for: For, hint: str, text: str = "") -> None:
        self.asks_for = asks_for
        self.placeholder = hint
        with self.prevent(Input.Changed):
            self.value = text
        self.cursor_position = len(text)
        self.display = True
        # At once: what is typed right after the key belongs here.
        self.screen.set_focus(self)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self.asks_for is For.FILTER and self.display:
            self.post_message(self.Filtered(event.value.strip()))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Entered(self.asks_for, event.value.strip()))
