"""The way through every screen of the demonstration, by keys alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.end_to_end.terminal import Terminal


def every_screen(terminal: Terminal) -> Iterator[str]:
    """Goes on to the next screen whenever it is asked; the name of each, once it is there. The session that
    is visited has failed."""

    def go(*keys: str, to: str | Callable[[str], object]) -> None:
        terminal.press(*keys)
        terminal.wait_for(to, seconds=60)

    def keys_change(*keys: str) -> None:
        # A prompt that opens or closes has keys of its own; what is typed before belongs to the other one.
        before = terminal.text.splitlines()[-1]
        go(*keys, to=lambda text: text.splitlines()[-1] != before)

    def back(gone: str) -> None:
        # What is typed right behind an escape is another key to a terminal.
        terminal.press("escape")
        terminal.wait_for(lambda text: gone not in text, seconds=60)

    terminal.wait_for("Northlight", seconds=60)
    yield "farms"
    go("enter", to="lighting")
    yield "queues"
    go("/", "lighting", "enter", to="1 match")
    go("enter", to="sq010_")
    yield "jobs"
    go("/", "sq010_sh0410", "enter", to="1 job")
    yield "a filtered list"
    go("enter", to="1 session")
    yield "sessions"
    go("enter", to="FAILED")
    yield "session"
    go("?", to="Lifecycle status")
    yield "help"
    back("Lifecycle status")
    go("d", to="lifecycleStatus")
    yield "details"
    back("lifecycleStatus")
    go("\x10", to="Search for commands")
    yield "palette"
    back("Search for commands")
    go("y", to="Copied session-")
    yield "a notice"
    go("c", to="Evidence")
    yield "why it failed"
    back("Evidence")
    go("l", to=lambda text: "log" in text.splitlines()[1])
    yield "log"
    keys_change("/")
    go("Frame", to="Frame")
    yield "search"
    keys_change("enter")
    go("o", to=lambda text: text.count("Outline") > 1)
    yield "outline"
    go("i", to=lambda text: "worker" in text.splitlines()[1])
    yield "both logs"
    go("h", to="Seen by")
    yield "history"
    go("Z", to="first seen")
    yield "history, unfolded"
