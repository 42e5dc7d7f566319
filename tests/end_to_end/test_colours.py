"""What a terminal of few colours, or of none, is sent: the codes themselves, on every screen."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyte.screens import Char

from tests.end_to_end.terminal import FARMWATCH, Terminal
from tests.end_to_end.walk import every_screen

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows"),
]

SGR = re.compile(r"\x1b\[([0-9;:]*)m")
SIXTEEN = {*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)}
DEFAULT = {39, 49}
STYLES = {0, 1, 2, 3, 4, 7, 9, 22, 23, 24, 27, 29}

FEW = {
    "xterm-16color": {"TERM": "xterm-16color", "COLORTERM": ""},
    "xterm": {"TERM": "xterm", "COLORTERM": ""},
    "screen": {"TERM": "screen", "COLORTERM": ""},
}


WALKED_WHOLE = "xterm-16color"
"""The others as far as the session: how many colours there are is found out once, in the beginning."""


def codes(sent: str) -> set[int]:
    """Every number in every sequence that sets how text looks."""
    return {int(number or 0) for found in SGR.findall(sent) for number in re.split("[;:]", found)}


def words_on(terminal: Terminal, word: str) -> Iterator[Char]:
    """The first cell of every place where a word stands."""
    for y, line in enumerate(terminal.screen.display):
        for found in re.finditer(re.escape(word), line):
            yield terminal.screen.buffer[y][found.start()]


@pytest.mark.parametrize("name", FEW)
def test_a_terminal_of_16_colours_gets_its_own_and_failed_is_red(name: str, tmp_path: Path) -> None:
    terminal = Terminal([*FARMWATCH, "--demo"], tmp_path, environ=FEW[name])
    reds, others = set(), set()
    try:
        for screen in every_screen(terminal):
            assert codes(terminal.bytes) <= SIXTEEN | DEFAULT | STYLES, screen
            if screen in ("session", "history, unfolded"):
                reds |= {cell.fg for cell in words_on(terminal, "✗")}
                others |= {cell.fg for cell in words_on(terminal, "○")} | {
                    cell.fg for cell in words_on(terminal, "–")
                }
            if screen == "session" and name != WALKED_WHOLE:
                break
    finally:
        terminal.process.close(force=True)
    assert reds == {"brightred"}
    assert others
    assert not others & {"red", "brightred"}


def test_without_colours_none_is_sent_and_errors_are_bold(tmp_path: Path) -> None:
    terminal = Terminal([*FARMWATCH, "--demo"], tmp_path, environ={"NO_COLOR": "1"})
    try:
        for screen in every_screen(terminal):
            assert codes(terminal.bytes) <= DEFAULT | STYLES, screen
            if screen == "session":
                assert all(cell.bold for cell in words_on(terminal, "✗"))
                assert not all(cell.bold for cell in words_on(terminal, "○"))
            if screen == "jobs":
                assert any(cell.reverse for cell in words_on(terminal, "▸")), "the cursor is seen"
    finally:
        terminal.process.close(force=True)
