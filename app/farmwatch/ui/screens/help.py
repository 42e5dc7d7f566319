"""The help page: every key of the screen below, and what the words and glyphs mean."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from farmwatch.ui.content import content
from farmwatch.ui.themes import style_sheet
from farmwatch.words.keys import key
from farmwatch.words.text import Part, lifecycle

MOVES = ("↑ ↓ PgUp PgDn Home End", "Move; also k j g G, and the mouse")

MEANINGS = (
    ("STARTED", "a worker runs the session"),
    ("UPDATE_IN_PROGRESS", "it was told to end (inferred from the names: nothing documents them)"),
    ("UPDATE_SUCCEEDED", "the change was taken; not final (inferred)"),
    ("UPDATE_FAILED", "the change was refused; not final (inferred)"),
    ("ENDED", "over"),
)

FRESHNESS = (
    ("● live", "the newest reply is this old"),
    ("◌ stale", "two refreshes were missed: what is shown may no longer be true"),
    ("– paused", "paused by you: nothing is refreshed"),
    ("○ final", "the session has ended: no more refreshes"),
    ("✗ OFFLINE, DENIED…", "the newest request failed: the last good values are shown, with their age"),
)


WHY_SEVERAL = (
    "A key is the first letter of its word; where two begin alike, each screen has the one it needs."
)


class HelpScreen(ModalScreen[None]):
    """``keys`` are pairs of key and meaning, of the screen that asked; ``several`` those keys that mean
    something else on other screens."""

    CSS_PATH = style_sheet("page")
    BINDINGS = [Binding("escape,q,enter,question_mark", "dismiss", "Close", id="close")]

    def __init__(self, keys: Iterable[tuple[str, str]], several: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__()
        self._keys = list(keys)
        self._several = list(several)

    def compose(self) -> ComposeResult:
        """The keys, how one moves first; then the lifecycle statuses and the words of freshness."""
        with VerticalScroll(classes="page box") as page:
            page.border_title = content("Keys")
            page.border_subtitle = content(f"{key('close', 'esc')} closes")
            yield Static(content(*self._key_parts()))
            yield Static(content(("Lifecycle status", "strong")), classes="heading")
            yield Static(content(*_pairs((lifecycle(status), text) for status, text in MEANINGS)))
            yield Static(content(("How fresh it is", "strong")), classes="heading")
            marks = (((word, ""), text) for word, text in FRESHNESS)
            yield Static(content(*_pairs(marks)))
            yield Static(content(("Keys that mean several things", "strong")), classes="heading")
            yield Static(content((WHY_SEVERAL + "\n", "muted"), *self._several_parts()))

    def _several_parts(self) -> list[Part]:
        return list(_pairs(((name, "accent"), text) for name, text in self._several))

    def _key_parts(self) -> list[Part]:
        keys = [MOVES, *self._keys]
        return list(_pairs(((name, "accent"), text) for name, text in keys))


def _pairs(rows: Iterable[tuple[Part, str]]) -> Iterable[Part]:
    for index, ((word, tone), text) in enumerate(rows):
        if index:
            yield "\n", ""
        yield f"{word:<24}", tone
        yield text, ""
