"""A terminal whose encoding is ASCII gets a whole screen in ASCII."""

from pathlib import Path

import pytest

from tests.end_to_end.terminal import FARMWATCH, Terminal

pytestmark = pytest.mark.end_to_end


def test_a_locale_without_utf8_shows_the_whole_screen_in_ascii(tmp_path: Path) -> None:
    latin = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "NO_COLOR": "1"}
    terminal = Terminal([*FARMWATCH, "--region", "us-west-2"], tmp_path, environ=latin)
    try:
        terminal.wait_for("credentials")
        assert terminal.text.isascii()
        assert "\\u" not in terminal.text
    finally:
        terminal.process.close(force=True)
