"""The keys of the program, and what the command palette offers: every key, the themes, a picture."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any

from textual.app import App, SystemCommand
from textual.binding import ActiveBinding, Binding, BindingType
from textual.screen import Screen

from farmwatch.config.paths import create_private
from farmwatch.words.text import clean

PROGRAM_BINDINGS: list[BindingType] = [
    Binding("ctrl+c", "copy_or_quit", show=False, priority=True, system=True, id="interrupt"),
    Binding("ctrl+z", "suspend_process", show=False, priority=True, system=True, id="suspend"),
    # As Textual has it, but for what that says of it in help, where the key of the screens stands already.
    Binding("ctrl+q", "quit", show=False, priority=True, system=True, id="leave"),
    Binding("h", "history", "History", show=False, tooltip="What happened, by session", id="history"),
    Binding(
        "M",
        "marked",
        "Marked",
        show=False,
        tooltip="What is marked, and watched in the background",
        id="marked",
    ),
    Binding("W", "wall", "Wall", show=False, tooltip="Everything that runs, and what failed", id="wall"),
    Binding("A", "alerts", "Alerts", show=False, tooltip="Alerts: what fires, and who knows", id="alerts"),
    Binding(
        "colon",
        "goto",
        "Go to",
        show=False,
        key_display=":",
        tooltip="Go anywhere: a name, an id, an address, or a command",
        id="goto",
    ),
    Binding(
        "minus",
        "last_place",
        "Last place",
        show=False,
        key_display="-",
        tooltip="Go to the last place, and back again",
        id="last-place",
    ),
    Binding(
        "left_square_bracket",
        "visited(-1)",
        "Back to",
        show=False,
        key_display="[",
        tooltip="Go back through the places visited",
        id="back-place",
    ),
    Binding(
        "right_square_bracket",
        "visited(1)",
        "Forward to",
        show=False,
        key_display="]",
        tooltip="Go forward through the places visited",
        id="forward-place",
    ),
    Binding(
        "f3",
        "connect",
        "Connect",
        show=False,
        tooltip="Add a connection: a profile in a region",
        id="connect",
    ),
    Binding("f2", "toggle_dark", "Light or dark", show=False, tooltip="Light or dark colours", id="theme"),
]
"""The keys of the program, on every screen."""

LEFT_OUT = {"Quit", "Keys", "Screenshot"}
"""Of the commands that Textual has: there is a key for it, or it is done better here."""


def keys_of(screen: Screen[Any]) -> Iterator[tuple[str, str, ActiveBinding]]:
    """What the keys do that can be pressed now, in words, and the key."""
    told = set[str]()
    for active in screen.active_bindings.values():
        words = active.binding.tooltip
        if words and active.enabled and words not in told:
            told.add(words)
            yield words, screen.app.get_key_display(active.binding), active


def commands(
    app: App[Any], screen: Screen[Any], textuals_own: Iterable[SystemCommand]
) -> Iterator[SystemCommand]:
    """What can be done on a screen, by words to look for."""
    yield from (command for command in textuals_own if command.title not in LEFT_OUT)
    yield SystemCommand(
        "Picture", "Save an SVG picture of the screen", partial(app.run_action, "app.picture")
    )
    for words, key, active in keys_of(screen):
        run = partial(app.run_action, active.binding.action, active.node)
        yield SystemCommand(words, f"Key {key}", run)


def keep_picture(app: App[Any], name: str) -> None:
    """Write a picture of the screen in the folder that Farmwatch was started in, and say that it was, or why
    it could not be."""
    try:
        path = save_picture(app.export_screenshot(), Path.cwd() / name)
    except OSError as error:
        words = f"Not saved: {name}: {error.strerror or type(error).__name__}"
        app.notify(clean(words), severity="error", markup=False)
    else:
        app.notify(clean(f"Saved {path}"), markup=False)


def save_picture(svg: str, path: Path) -> Path:
    """Write a picture for its owner's eyes: what is on the screen may be nobody else's business.

    Where that name is taken, as by another picture of the same second, the file gets the next number at its
    end; its path. Raises `OSError`.
    """
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    for free in chain([path], numbered):
        with suppress(FileExistsError):
            with os.fdopen(create_private(free), "w", encoding="utf-8") as file:
                file.write(svg)
            return free
    raise AssertionError("numbers do not end")
