"""Alerts in a terminal: how many are open stands in the window's title, and not after the end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.terminal import FARMWATCH, Terminal
from tests.waiting import LONG

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows"),
]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal([*FARMWATCH, "--demo"], tmp_path)
    yield terminal
    terminal.process.close(force=True)


def test_what_fires_is_told_in_the_title_until_the_program_ends(demo: Terminal) -> None:
    demo.wait_for(lambda text: "Northlight" in text and "DEMO" in text, seconds=LONG)
    assert "\x1b]2;" not in demo.bytes
    demo.press("A")
    demo.wait_for(lambda text: "firing" in text and "log trouble" in text, seconds=LONG)
    demo.wait_for("✗ 1 alert", seconds=LONG)
    assert "\x1b]2;(1) Farmwatch\x07" in demo.bytes
    demo.press("q")
    assert demo.wait_for_end() == 0
    assert demo.bytes.rfind("\x1b]2;Farmwatch\x07") > demo.bytes.rfind("\x1b]2;(1) Farmwatch\x07")
