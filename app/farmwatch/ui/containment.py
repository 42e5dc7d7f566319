"""What befalls a view stays in that view: an error panel in its place, and all else lives on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from farmwatch.ui.content import content
from farmwatch.words.keys import key
from farmwatch.words.text import clean

if TYPE_CHECKING:
    from textual.content import Content

_log = logging.getLogger(__name__)

TELL_EVERY = 5.0
"""Seconds between two notes about the same fault: what fails at every key, or sixty times a second, is not
said and not written down each time."""

AGAIN = 1.0
"""Seconds within which a widget that was well again and has failed again stays shown as failed."""

KEPT = 20
"""Faults of views that are remembered, for whoever wants to know whether there were any."""

KEPT_NOTED = 100
"""Different faults of which it is known when they were noted last."""


class ViewFaults:
    """The faults of views since the start."""

    def __init__(self, where: str) -> None:
        self.errors: list[BaseException] = []
        self._where = where
        self._noted_at: dict[tuple[str, str], float] = {}
        self._in_place: WeakKeyDictionary[Widget, dict[str, str]] = WeakKeyDictionary()
        """What is to be drawn instead of a widget, by the part of it that failed."""
        self._well_at: WeakKeyDictionary[Widget, float] = WeakKeyDictionary()
        self._stays_until: WeakKeyDictionary[Widget, float] = WeakKeyDictionary()

    def note(self, error: BaseException, doing: str) -> bool:
        """Remember a fault, whole in the debug log; whether it is new, or was not noted for a while."""
        self.errors = [*self.errors[1 - KEPT :], error]
        key, now = (type(error).__name__, doing), monotonic()
        if now - self._noted_at.get(key, float("-inf")) < TELL_EVERY:
            return False
        self._noted_at.pop(key, None)
        while len(self._noted_at) >= KEPT_NOTED:
            del self._noted_at[next(iter(self._noted_at))]
        self._noted_at[key] = now
        _log.error("%s failed", doing, exc_info=error)
        return True

    def words(self, error: BaseException, doing: str) -> Content:
        """What is said about a fault, in the place of the view or elsewhere."""
        return content(
            ("✗ This view failed  ", "error"),
            (clean(type(error).__name__, 60), "strong"),
            (f" while {clean(doing, 200)}\n", "muted"),
            ("  Everything else goes on. The details are in ", ""),
            (clean(self._where, 200), "strong"),
            (f".\n  Please report it with that file; {key('back', 'esc')} goes back.", "muted"),
        )

    def contain(self, panel: Static | None, doing: str, do: Callable[[], Any]) -> None:
        """Do something for a view; where that fails, show so in its panel, until it goes well again."""
        try:
            do()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the program
            self.note(error, doing)
            if panel is not None:
                panel.update(self.words(error, doing))
                panel.display = True
        else:
            if panel is not None and panel.display:
                panel.display = False

    def forget(self) -> None:
        """Note everything anew, as if it were the first time, and show nothing longer than it fails."""
        self._noted_at.clear()
        self._well_at.clear()
        self._stays_until.clear()

    # --- in the place of a widget ---------------------------------------------------------------------

    def put_in_place(self, widget: Widget, part: str, error: BaseException, doing: str) -> bool:
        """Draw a fault instead of a widget from now on; whether there was none of this part before."""
        is_new, now = part not in self._in_place.get(widget, {}), monotonic()
        if is_new and now - self._well_at.get(widget, float("-inf")) < AGAIN:
            # One part of it can be drawn and another one cannot: it must not change with every frame.
            self._stays_until[widget] = now + AGAIN
        self.note(error, doing)
        self._in_place.setdefault(widget, {})[part] = self.words(error, doing).plain
        return is_new

    def is_well(self, widget: Widget, part: str) -> bool:
        """A part of a widget is well; whether it was not so before."""
        if not self._in_place or monotonic() < self._stays_until.get(widget, float("-inf")):
            return False
        parts = self._in_place.get(widget, {})
        was_there = parts.pop(part, None) is not None
        if was_there:
            self._well_at[widget] = monotonic()
        if was_there and not parts:
            del self._in_place[widget]
        return was_there

    def is_in_place(self, widget: Widget, part: str) -> bool:
        """Whether a fault of this part is drawn instead of a widget."""
        return bool(self._in_place) and part in self._in_place.get(widget, {})

    def drawn_instead(self, widget: Widget, crop: Region) -> list[Strip] | None:
        """What stands in the place of a widget that fails; nothing where it does not."""
        parts = self._in_place.get(widget) if self._in_place else None
        if not parts:
            return None
        words = next(iter(parts.values())).split("\n")
        lines = [Strip([Segment(words[y] if y < len(words) else "")]) for y in crop.line_range]
        return [line.crop_extend(crop.x, crop.right, None) for line in lines]
