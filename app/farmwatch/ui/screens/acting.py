"""Acting on something: what can be done to it, and whether that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from farmwatch.ui.content import content
from farmwatch.ui.requests import make
from farmwatch.words.keys import key
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


class ActScreen(ModalScreen[Choice | None]):
    """Lists what can be done; what is chosen is named in full, and done when that is confirmed: by Enter, and
    where it is more than one thing by their number."""

    BINDINGS = [
        Binding("escape", "back", "Back", tooltip="Back, without doing anything", id="act-back"),
        Binding("enter", "confirm", "Do it", tooltip="Do what was chosen", id="act-confirm"),
    ]

    def __init__(self, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._choices = choices
        self._chosen: Choice | None = None

    def compose(self) -> ComposeResult:
        """What is asked, and below it what there is to choose from, or a line for the number."""
        with Vertical(classes="page box") as page:
            page.border_title = content("Act")
            yield Static(id="asks")
            yield OptionList(id="choices", markup=False, compact=True)
            yield Input(id="number", compact=True)

    def on_mount(self) -> None:
        """Show the choices."""
        width = max(len(one.title) for one in self._choices)
        self.query_one(OptionList).add_options(
            Option(content((f"{one.title:<{width}}  ", ""), (one.does, "muted")), id=str(number))
            for number, one in enumerate(self._choices)
        )
        self._show_choices()

    def _show_choices(self) -> None:
        self._chosen = None
        self._show([("What is to be done?", "strong")], "⏎ chooses")
        options = self.query_one(OptionList)
        options.display, self.query_one(Input).display = True, False
        if options.highlighted is None:
            options.highlighted = 0
        options.focus()

    def _show(self, parts: list[Part], enter: str) -> None:
        self.query_one("#asks", Static).update(content(*parts))
        self.query_one(".page").border_subtitle = content(f"{enter}   {key('act-back', 'esc')} goes back")

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        choice = self._chosen = self._choices[event.option_index]
        count = len(choice.wishes)
        parts: list[Part] = [(choice.title, "warning"), (f": {choice.does}\n", "")]
        parts += [(f"\n  {clean(name, 200)}", "") for name in choice.names[:NAMED]]
        if count > NAMED:
            parts.append((f"\n  and {count - NAMED:,} more", "muted"))
        self.query_one(OptionList).display = False
        box = self.query_one(Input)
        box.display = count > 1
        if count > 1:
            box.value, box.placeholder = "", f"type {count} to do it to all of them"
            self._show(parts, "⏎ does it, where the number is typed")
            box.focus()
        else:
            self._show(parts, "⏎ does it")
            self.set_focus(None)

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

    def action_back(self) -> None:
        """Back to what can be done; from there out."""
        if self._chosen is None:
            self.dismiss(None)
        else:
            self._show_choices()
