"""No byte of a hostile text reaches the terminal, whatever part of the program shows it."""

import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.terminal import Terminal
from tests.payloads import ESCAPES

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    command = [sys.executable, "-m", "tests.end_to_end.hostile"]
    running = Terminal(command, tmp_path, cwd=ROOT, columns=160, rows=50)
    yield running
    running.process.close(force=True)


def close_dialog(terminal: Terminal) -> None:
    # The screen may be read in the middle of a frame: the dialog has to be whole before it can be gone.
    terminal.wait_for("esc closes")
    terminal.press("escape")
    terminal.wait_for(lambda text: "esc closes" not in text)


def walk(terminal: Terminal) -> None:
    """See every place that shows a text from the farm."""
    terminal.wait_for("00")
    terminal.press("/", "clear")
    terminal.wait_for("match")
    terminal.press("escape")
    terminal.wait_for("by name")
    terminal.wait_for("00")
    terminal.press("enter")
    terminal.wait_for("Queue")
    terminal.press("enter")
    terminal.wait_for("Tasks")
    terminal.press("end", "enter")
    terminal.wait_for("Lifecycle status")
    terminal.press("enter")
    terminal.wait_for("Session log")
    terminal.press("r")
    terminal.wait_for("DENIED")
    for key, shown in (("D", "sessionActionId"), ("enter", "request id")):
        terminal.press(key)
        terminal.wait_for(shown)
        close_dialog(terminal)
        terminal.press("\t")
    terminal.press("d")
    terminal.wait_for("lifecycleStatus")
    terminal.press("end")
    close_dialog(terminal)
    walk_through_logs(terminal)
    terminal.press("?")
    terminal.wait_for("Lifecycle status")


def walk_through_logs(terminal: Terminal) -> None:
    """See every place that shows a line of a log."""
    terminal.press("l")
    # The screen before it has lines of the log too.
    terminal.wait_for(lambda _: "session log" in terminal.trail)
    terminal.wait_for("following")
    terminal.wait_for("00")
    terminal.press("i")
    terminal.wait_for("session and worker log")
    terminal.press("i", "o")
    terminal.wait_for(lambda _: "Open" in terminal.foot)
    # Before the next key, because with that an escape would be one key with Alt.
    foot = terminal.foot
    terminal.press("escape")
    terminal.wait_for(lambda _: terminal.foot != foot)
    terminal.press("w")
    terminal.wait_for("wrap")
    terminal.press("/")
    terminal.wait_for("what to look for")
    terminal.press("clear")
    terminal.wait_for("/clear")
    terminal.press("enter")
    terminal.wait_for("reading")
    terminal.press("enter")
    close_dialog(terminal)
    log = terminal.trail
    terminal.press("c")
    terminal.wait_for("Problems")
    terminal.press("escape")
    terminal.wait_for(lambda _: terminal.trail == log)
    terminal.press("escape")
    terminal.wait_for(lambda text: "/clear" not in text)
    terminal.press("escape")
    terminal.wait_for(lambda _: terminal.trail != log)
    terminal.wait_for("Session actions")


@pytest.mark.long
def test_no_text_of_the_farm_is_obeyed(terminal: Terminal) -> None:
    walk(terminal)
    leaked = [name for name, payload in ESCAPES.items() if payload in terminal.bytes]
    assert leaked == []
    # Nor any character that a terminal might obey or hide, beyond what the program itself writes.
    written = set(terminal.bytes) - {"\x1b", "\r", "\n", "\x07"}
    assert {one for one in written if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")} == set()
    assert "\x1b]8;" not in terminal.bytes
    assert "[@click=app.quit]x[/]" in terminal.bytes
    close_dialog(terminal)
    terminal.press("q")
    assert terminal.wait_for_end() == 0
