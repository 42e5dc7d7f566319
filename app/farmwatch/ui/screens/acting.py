"""Acting on something: what can be done to it, and whether that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual import on
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input

from farmwatch.ui.requests import make
from farmwatch.ui.screens.choosing import ChoosingScreen
from farmwatch.words.requests import HOW_TO_ALLOW, Choice
from farmwatch.words.text import Part, clean

if TYPE_CHECKING:
    from farmwatch.ui.program import Program

NAMED = 12
"""Things that are named before a confirmation; of more of them the rest is counted."""


def ask(screen: Screen[Any], program: Program, choices: Sequence[Choice]) -> None:
    """Ask over a screen of the program which of these is to be done, and do what is confirmed; where nothing
    may be changed say how to allow that."""
    if not program.settings.allow_actions:
        screen.notify(HOW_TO_ALLOW, markup=False, timeout=8)
    elif not choices:
        screen.notify("Nothing can be done to this from here.", markup=False, timeout=4)
    else:

        def do(choice: Choice | None) -> None:
            if choice is not None:
                make(screen.app, program.monitor, choice)

        screen.app.push_screen(ActScreen(choices), do)


class ActScreen(ChoosingScreen[Choice]):
    """Lists what can be done; what is chosen is named in full, and done when that is confirmed: by Enter, and
    where it is more than one thing by their number."""

    HEADING, BACK, TYPED = "Act", "act-back", "number"
    BINDINGS = [
        Binding("escape", "back", "Back", tooltip="Back, without doing anything", id="act-back"),
        Binding("enter", "confirm", "Do it", tooltip="Do what was chosen", id="act-confirm"),
    ]

    def _question(self) -> tuple[list[Part], str]:
        return [("What is to be done?", "strong")], "chooses"

    def _take(self, choice: Choice) -> None:
        count = len(choice.wishes)
        parts: list[Part] = [(choice.title, "warning"), (f": {choice.does}\n", "")]
        parts += [(f"\n  {clean(name, 200)}", "") for name in choice.names[:NAMED]]
        if count > NAMED:
            parts.append((f"\n  and {count - NAMED:,} more", "muted"))
        # A number that was typed for another choice confirms nothing.
        self.query_one(Input).value = ""
        self._show_chosen(choice, f"type {count} to do it to all of them" if count > 1 else None)
        self._show(parts, "does it, where the number is typed" if count > 1 else "does it")

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if self._chosen is None:
            return
        if event.value.strip() == str(len(self._chosen.wishes)):
            self.dismiss(self._chosen)
        else:
            self.notify("Nothing was done: that is not their number.", markup=False, timeout=4)

    def action_confirm(self) -> None:
        """Do the one thing that was chosen."""
        if self._chosen is not None and len(self._chosen.wishes) == 1:
            self.dismiss(self._chosen)
