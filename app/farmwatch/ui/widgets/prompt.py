"""The line of a screen to type something into: a filter, a time, a note or a name."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from textual import on
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input


class For(StrEnum):
    """What the line is for."""

    FILTER = "filter"
    SINCE = "since"
    UNTIL = "until"
    NAME = "name"
    NOTE = "note"


class Prompt(Input):
    """Not there until something is asked for, and open until it is closed: what was entered and makes no
    sense can be mended. A filter counts with every letter, the others when entered."""

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
    """What is asked for, or was asked for last."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as every widget
        super().__init__(id=id, compact=True)

    @property
    def is_open(self) -> bool:
        """Whether something is asked for."""
        return self.display

    def ask(self, asks_for: For, hint: str, text: str = "") -> None:
        """Ask for something, beginning with a text; the hint stands there as long as there is none."""
        self.asks_for = asks_for
        self.placeholder = hint
        with self.prevent(Input.Changed):
            self.value = text
        self.cursor_position = len(text)
        self.display = True
        # At once: what is typed right after the key belongs here.
        self.screen.set_focus(self)

    def ask_filter(self, fields: Iterable[str], text: str) -> None:
        """Ask for a filter, with the one there is; it may name these fields."""
        names = " ".join(f"{name}:" for name in fields)
        self.ask(For.FILTER, f"words, -words that are not wanted, {names}", text)

    def close(self, focus: Widget) -> None:
        """Be gone, and give the focus to another widget."""
        self.display = False
        focus.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self.asks_for is For.FILTER and self.is_open:
            self.post_message(self.Filtered(event.value.strip()))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Entered(self.asks_for, event.value.strip()))
