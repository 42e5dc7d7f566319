"""Notices in terminals of several kinds: one that answers, one that is silent, and one behind tmux."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from farmwatch.notify.terminal import query
from tests.end_to_end.telling import FIRED
from tests.end_to_end.terminal import Terminal
from tests.payloads import ESCAPES

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows"),
]

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

ANSWER = "\x1b]99;i=farmwatch-query:p=?;a=focus,report:o=always:p=title,body,?:u=0,1,2\x1b\\"

Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Terminal] = []

    def begin(**environ: str) -> Terminal:
        command = [sys.executable, "-m", "tests.end_to_end.telling"]
        terminal = Terminal(command, tmp_path, cwd=ROOT, environ=environ)
        running.append(terminal)
        terminal.wait_for("Northlight")
        return terminal

    yield begin
    for one in running:
        one.process.close(force=True)


def wait_for_bytes(terminal: Terminal, pattern: str) -> re.Match[str]:
    found: list[re.Match[str]] = []

    def has_come(_: str) -> bool:
        found.extend(re.finditer(pattern, terminal.bytes, re.DOTALL))
        return bool(found)

    terminal.wait_for(has_come)
    return found[-1]


def tell(terminal: Terminal) -> None:
    """Have the next notice told, from the list that the program begins with."""
    terminal.press(":")
    terminal.wait_for("or a command")
    terminal.press(*"test-notice")
    terminal.wait_for("to see that it arrives")
    terminal.press("enter")


def test_one_that_answers_late_and_in_pieces_is_told_by_osc_99(start: Start) -> None:
    terminal = start()
    wait_for_bytes(terminal, re.escape(query()))
    # The first frame did not wait for it.
    assert terminal.bytes.index("farmwatch") < terminal.bytes.index(query())
    for piece in (ANSWER[:9], ANSWER[9:30], ANSWER[30:-1], ANSWER[-1:]):
        terminal.process.send(piece)
        # For longer than it takes a lone Escape to be a key.
        terminal.read(0.2)
    tell(terminal)
    terminal.wait_for("stuck:")
    told = wait_for_bytes(terminal, r"\x1b\]99;i=([^:;]+):d=0[^;]*;([^\x1b]+)\x1b\\\x1b\]99;([^\x1b]+)\x1b\\")
    assert told[1] == FIRED.id
    title = base64.b64decode(told[2]).decode()
    assert title.startswith("stuck: sq010;")
    assert not CONTROLS.search(title)
    for payload in ESCAPES.values():
        if CONTROLS.search(payload) and len(payload) > 4:
            assert payload not in terminal.bytes
    # Its end takes the place of it, without a sound.
    tell(terminal)
    over = wait_for_bytes(terminal, r"\x1b\]99;i=([^:;]+):d=0[^;]*:s=[^;]*;([^\x1b]+)\x1b\\")
    assert over[1] == FIRED.id
    assert base64.b64decode(over[2]).startswith(b"resolved: ")
    # A click leads to the alerts. No letter of all that was answered was a key.
    assert "Alerts" not in terminal.trail
    terminal.process.send(f"\x1b]99;i={FIRED.id};\x1b\\")
    terminal.wait_for(lambda _: "Alerts" in terminal.trail)


def test_one_that_is_silent_rings_once_and_is_told_no_end(start: Start) -> None:
    terminal = start()
    tell(terminal)
    terminal.wait_for("stuck:")
    tell(terminal)
    terminal.wait_for("resolved:")
    terminal.press("q")
    assert terminal.wait_for_end() == 0
    rest = re.sub(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)", "", terminal.bytes)
    assert rest.count("\x07") == 1


def test_one_behind_tmux_is_not_asked_and_gets_what_tmux_is_to_hand_on(start: Start) -> None:
    terminal = start(TERM="tmux-256color", TMUX="/nowhere/default,1,0", KONSOLE_VERSION="230804")
    tell(terminal)
    told = wait_for_bytes(terminal, r"\x1bPtmux;\x1b\x1b\]777;notify;([^\x07]*)\x07\x1b\\")
    assert not CONTROLS.search(told[1])
    assert told[1].count(";") == 1
    assert query() not in terminal.bytes
