"""A terminal whose encoding is ASCII gets every screen, and every printed line, in ASCII."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from farmwatch.config.paths import history_file
from farmwatch.history.events import Event, EventKind, Watched
from farmwatch.history.store import History
from tests.canned import REF
from tests.end_to_end.terminal import FARMWATCH, Terminal
from tests.end_to_end.walk import every_screen

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows"),
]

LOCALES = {
    "as it is": {"LC_ALL": "C", "LANG": "de_DE.UTF-8"},
    "by LANG alone": {"LC_ALL": "", "LANG": "C"},
    "without Python's UTF-8 mode": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


def test_every_screen_is_ascii_in_a_c_locale(tmp_path: Path) -> None:
    terminal = Terminal([*FARMWATCH, "--demo"], tmp_path, environ=LOCALES["as it is"])
    try:
        for screen in every_screen(terminal):
            assert terminal.bytes.isascii(), screen
    finally:
        terminal.process.close(force=True)


@pytest.mark.parametrize("locale", LOCALES.values(), ids=LOCALES)
def test_a_locale_without_utf8_is_taken_at_its_word(locale: dict[str, str], tmp_path: Path) -> None:
    terminal = Terminal([*FARMWATCH, "--region", "us-west-2"], tmp_path, environ=locale)
    try:
        terminal.wait_for("credentials")
        assert terminal.bytes.isascii()
        assert "enter Open" in terminal.text, "a key is named by a word, not by a stand-in for its sign"
    finally:
        terminal.process.close(force=True)


def test_where_no_locale_is_set_up_glyphs_are_drawn(tmp_path: Path) -> None:
    terminal = Terminal(
        [*FARMWATCH, "--region", "us-west-2"], tmp_path, environ={"LC_ALL": "", "LANG": "", "LC_CTYPE": ""}
    )
    try:
        terminal.wait_for("✗ LOGIN NEEDED")
    finally:
        terminal.process.close(force=True)


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["history"], ["history", "--json"], ["history", "--since", "1s"], ["doctor"], ["-x", "…"]],
    ids=" ".join,
)
def test_what_is_printed_is_ascii_as_well(arguments: list[str], tmp_path: Path) -> None:
    state = tmp_path / "state"
    history = History(history_file(state), run="one", watcher="mira@ops1")
    entry = Event(REF, EventKind.STATUS, "", None, "STARTED", datetime.now(UTC))
    history.write([(1, entry)], [Watched(REF, "Nördlicht", "lighting", "sq010")])
    history.close()
    variables = {
        "PATH": "",
        "HOME": str(tmp_path),
        "FARMWATCH_STATE": str(state),
        "AWS_EC2_METADATA_DISABLED": "true",
        "LC_ALL": "C",
    }
    done = subprocess.run([*FARMWATCH, *arguments], env=variables, capture_output=True, check=False)
    assert done.stdout + done.stderr
    assert (done.stdout + done.stderr).isascii()
    assert b"Traceback" not in done.stderr
    if "--json" in arguments:
        assert json.loads(done.stdout)[0]["farm"] == "Nördlicht", "a script gets the name as it is"
