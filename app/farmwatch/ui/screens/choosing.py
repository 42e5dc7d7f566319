"""A dialog that lists what there is to choose from; for some of it something is typed, or confirmed, then."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from farmwatch.ui.content import content
from farmwatch.ui.themes import style_sheet
from farmwatch.words.keys import enter, key
from farmwatch.words.text import Part, clean


class Choosable(Protocol):
    """What a line of the list says: a ``title``, and of what that is."""

    @property
    def title(self) -> str:
        """What can be chosen."""

    @property
    def does(self) -> str:
        """What it is about."""


C = TypeVar("C", bound=Choosable)


class ChoosingScreen(ModalScreen[C | None], Generic[C]):
    """Ends with what was chosen, or with ``None``. A subclass has a binding for Escape, whose id is ``BACK``,
    and says with `_take` what becomes of a choice."""

    CSS_PATH = style_sheet("page")
    HEADING = ""
    BACK = ""
    TYPED = ""
    """The id of the line to type into."""

    def __init__(self, choices: Sequence[C]) -> None:
        super().__init__()
        self._choices = choices
        self._chosen: C | None = None
        """What was chosen, while something is still to be typed or confirmed."""

    def compose(self) -> ComposeResult:
        """What is asked, and below it what there is to choose from, or a line to type into."""
        with Vertical(classes="page box") as page:
            page.border_title = content(self.HEADING)
            yield Static(id="asks")
            yield OptionList(id="choices", markup=False, compact=True)
            yield Input(id=self.TYPED, compact=True)

    def on_mount(self) -> None:
        """Show the choices."""
        width = max(len(one.title) for one in self._choices)
        self.query_one(OptionList).add_options(
            Option(content((f"{one.title:<{width}}  ", ""), (clean(one.does, 200), "muted")), id=str(number))
            for number, one in enumerate(self._choices)
        )
        self._show_choices()

    @abstractmethod
    def _question(self) -> tuple[list[Part], str]:
        """What is asked above the list, and what Enter does there."""

    @abstractmethod
    def _take(self, choice: C) -> None:
        """Somebody has chosen this."""

    def _show_choices(self) -> None:
        self._chosen = None
        self._show(*self._question())
        options = self.query_one(OptionList)
        options.display, self.query_one(Input).display = True, False
        if options.highlighted is None:
            options.highlighted = 0
        options.focus()

    def _show(self, parts: list[Part], does: str) -> None:
        self.query_one("#asks", Static).update(content(*parts))
        keys = f"{enter()} {does}   {key(self.BACK, 'esc')} goes back"
        self.query_one(".page").border_subtitle = content(keys)

    def _show_chosen(self, choice: C, placeholder: str | None) -> None:
        """Have the list away, and a line to type into in its place where there is a ``placeholder``."""
        self._chosen = choice
        self.query_one(OptionList).display = False
        box = self.query_one(Input)
        box.display = placeholder is not None
        if placeholder is None:
            self.set_focus(None)
        else:
            box.placeholder = placeholder
            box.focus()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self._take(self._choices[event.option_index])

    def action_back(self) -> None:
        """Back to what there is to choose from; from there out."""
        if self._chosen is None:
            self.dismiss(None)
        else:
            self._show_choices()
