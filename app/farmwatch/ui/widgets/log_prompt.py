"""The line in which something is typed for the log: what to search for, to filter by, or where to save."""

from __future__ import annotations

from enum import StrEnum

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from farmwatch.logs.scan import BadPattern, Query
from farmwatch.ui.content import content


class Asks(StrEnum):
    """What is asked for."""

    SEARCH = "search"
    FILTER = "filter"
    SAVE = "save"


_HINTS = {
    Asks.SEARCH: "what to look for",
    Asks.FILTER: "show only the lines with this",
    Asks.SAVE: "the file to save to",
}


class LogPrompt(Horizontal):
    """Not there until something is asked for. Escape leaves it as it was before."""

    BINDINGS = [
        *(
            Binding(
                "enter", f"enter('{asks}')", asks.capitalize(), key_display="⏎", priority=True, id="enter"
            )
            for asks in Asks
        ),
        Binding(
            "ctrl+r",
            "regex",
            "Regular expression",
            key_display="^r",
            tooltip="By a regular expression, or by words",
            priority=True,
            id="regex",
        ),
        Binding("escape", "leave", "Cancel", key_display="esc", priority=True, id="cancel"),
    ]

    class Typed(Message):
        """What is typed has changed; ``query`` is what it asks to look for, if anything."""

        def __init__(self, asks: Asks, query: Query | None) -> None:
            super().__init__()
            self.asks = asks
            self.query = query

    class Entered(Message):
        """It is entered."""

        def __init__(self, asks: Asks, text: str, query: Query | None) -> None:
            super().__init__()
            self.asks = asks
            self.text = text
            self.query = query

    class Left(Message):
        """It is given up."""

        def __init__(self, asks: Asks) -> None:
            super().__init__()
            self.asks = asks

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as every widget
        super().__init__(id=id)
        self._asks = Asks.SEARCH
        self._is_regex = False

    def compose(self) -> ComposeResult:
        """What is asked for, the text, and what is wrong with it."""
        yield Static(id="prompt-label")
        yield Input(id="prompt-text", compact=True)
        yield Static(id="prompt-fault")

    def ask(self, asks: Asks, text: str = "", *, is_regex: bool = False) -> None:
        """Ask for something, beginning with a text."""
        self._asks, self._is_regex = asks, is_regex
        self.display = True
        box = self.query_one(Input)
        box.placeholder = _HINTS[asks]
        box.value = text
        box.cursor_position = len(text)
        # At once: what is typed right after the key belongs here.
        self.screen.set_focus(box)
        self.refresh_bindings()
        self._show()

    def _show(self, fault: str = "") -> None:
        label = {Asks.SEARCH: "/", Asks.FILTER: "&", Asks.SAVE: "save to"}[self._asks]
        regex: tuple[str, str] = (" regex", "accent") if self._is_regex else ("", "")
        self.query_one("#prompt-label", Static).update(content((label, "strong"), regex))
        self.query_one("#prompt-fault", Static).update(content((fault, "error")))

    def _query(self) -> Query | None:
        text = self.query_one(Input).value
        if not text or self._asks is Asks.SAVE:
            self._show()
            return None
        try:
            query = Query(text, self._is_regex)
        except BadPattern as error:
            self._show(f"✗ {error}"[:60])
            return None
        self._show()
        return query

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self.display:
            self.post_message(self.Typed(self._asks, self._query()))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter has the name of what is asked for; a file to save to is no regular expression."""
        if action == "enter":
            return parameters == (self._asks.value,)
        return action != "regex" or self._asks is not Asks.SAVE

    def action_enter(self, asks: str) -> None:  # noqa: ARG002 - it tells the keys of three prompts apart
        """Close the prompt and tell what was entered; it stays open where the expression is not valid."""
        query, text = self._query(), self.query_one(Input).value
        if text and query is None and self._asks is not Asks.SAVE:
            return
        self.display = False
        self.post_message(self.Entered(self._asks, text, query))

    def action_regex(self) -> None:
        """Read what is typed as a regular expression, or as words again."""
        self._is_regex = not self._is_regex
        self.post_message(self.Typed(self._asks, self._query()))

    def action_leave(self) -> None:
        """Close the prompt, and give up what was typed."""
        self.display = False
        self.post_message(self.Left(self._asks))
