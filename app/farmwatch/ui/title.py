"""The title of the terminal's window: how many alerts there are can be read in a bar of tabs too."""

from __future__ import annotations

from typing import Any

from textual.app import App

from farmwatch.ui.textual_terminal import write_to_terminal

NAME = "Farmwatch"


def tell_in_title(app: App[Any], alerts: int) -> None:
    """Tell in the title of the program, and of the terminal's window (OSC 2), how many alerts nobody has
    acknowledged. The window's title is left alone as long as there never was one."""
    title = NAME if not alerts else f"({alerts:,}) {NAME}"
    if title != app.title:
        app.title = title
        # Only digits and letters: nothing of the farm's ever goes here.
        write_to_terminal(app, f"\x1b]2;{title}\x07")
