"""What befalls a view stays in that view: an error panel in its place, and all else lives on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from textual.app import App
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from farmwatch.ui.text import clean, content

if TYPE_CHECKING:
    from textual.content import Content

_log = logging.getLogger(__name__)

TELL_EVERY = 5.0
"""Seconds between two toasts about faults."""

KEPT = 20
"""Faults of views that are remembered, for whoever wants to know whether there were any."""


class ViewFaults:
    """The faults of views since the start."""

    def __init__(self, where: str) -> None:
        self.errors: list[BaseException] = []
        self._where = where
        self._told_at = float("-inf")

    def take(self, error: BaseException, doing: str) -> Content:
        """Note a fault, whole in the debug log; and what is to be shown in the place of the view."""
        _log.error("%s failed", doing, exc_info=error)
        self.errors = [*self.errors[-KEPT:], error]
        return content(
            ("✗ This view stumbled  ", "error"),
            (clean(type(error).__name__, 60), "strong"),
            (f" while {doing}\n", "muted"),
            ("  Everything else goes on. The details are in ", ""),
            (clean(self._where, 200), "strong"),
            (".\n  Please report it with that file; esc goes back.", "muted"),
        )

    def may_tell(self) -> bool:
        """Whether it is time for a word again: what fails at every key is not said at every key."""
        now = monotonic()
        if now - self._told_at < TELL_EVERY:
            return False
        self._told_at = now
        return True

    def contain(self, panel: Static | None, doing: str, do: Callable[[], Any]) -> None:
        """Do something for a view; where that fails, show so in its panel, until it goes well again."""
        try:
            do()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the program
            words = self.take(error, doing)
            if panel is not None:
                panel.update(words)
                panel.display = True
        else:
            if panel is not None and panel.display:
                panel.display = False


class Contained(Widget):
    """A widget, or a screen, whose faults stay its own: a message that cannot be handled is said and
    forgotten, and what cannot be drawn is a line that says so.

    It comes last among the bases: the styles of a widget are those of its first base.
    """

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the program
            tell_fault(self.app, error, f"handling {type(message).__name__}")

    def render_lines(self, crop: Region) -> list[Strip]:
        try:
            return super().render_lines(crop)
        except Exception as error:  # noqa: BLE001 - as above
            return broken_lines(self, error, crop)


def faults_of(app: App[Any]) -> ViewFaults | None:
    """Where faults of views are noted; nowhere in another program's app."""
    return getattr(app, "view_faults", None)


def tell_fault(app: App[Any], error: Exception, doing: str) -> None:
    """Note a fault and say so, once in a while."""
    faults = faults_of(app)
    if faults is None:
        raise error
    words = faults.take(error, doing)
    if faults.may_tell():
        app.notify(words.plain, severity="error", markup=False, timeout=10)


def broken_lines(widget: Widget, error: Exception, crop: Region) -> list[Strip]:
    """What stands in the place of a widget that cannot be drawn."""
    faults = faults_of(widget.app)
    if faults is None:
        raise error
    words = faults.take(error, f"drawing {type(widget).__name__}").plain.replace("\n", " ")
    lines = [Strip([Segment(words if crop.y + y == 0 else "")]) for y in range(crop.height)]
    return [line.crop_extend(crop.x, crop.right, None) for line in lines]
