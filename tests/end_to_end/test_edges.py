"""The edges of a run: put aside and taken up, a terminal that goes away, a service that never answers."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.test_fault_matrix import a_reply
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, SESSION_ID
from tests.end_to_end.terminal import FARMWATCH, Terminal
from tests.end_to_end.test_demo import assert_gone, children, is_running
from tests.fault_server import FaultServer, Way, error, fault_server, reply
from tests.waiting import eventually

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows"),
]

TOKEN = "FwoGZXIvYXdzEXAMPLETOKEN" + "a1B2c3D4" * 20
KEY = "ASIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00"
SESSION = r"GET /[^ ]*/sessions/[^/ ]+ "
"""The first line of a request for a session."""
PARAMETER = "the-license-of-the-renderer-0815"
SECRETS = (TOKEN, KEY, SECRET, PARAMETER)
KEYS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}


@pytest.fixture
def endless() -> Iterator[FaultServer]:
    with fault_server(Way("endless")) as server:
        yield server


def asking(server: FaultServer, home: Path, *options: str) -> Terminal:
    command = [*FARMWATCH, "--endpoint-url", server.url, "--region", "us-west-2", *options]
    return Terminal(command, home, environ=KEYS, cwd=home)


def test_quitting_does_not_wait_for_calls_under_way(endless: FaultServer, tmp_path: Path) -> None:
    terminal = asking(endless, tmp_path)
    terminal.wait_for("asking")
    terminal.wait_for(lambda _: endless.requests)
    terminal.press("q")
    # Who waited for the reply would wait for ever.
    assert terminal.wait_for_end() == 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no shell with jobs here")
def test_ctrl_z_puts_it_aside_and_fg_takes_it_up_again(tmp_path: Path) -> None:
    terminal = Terminal(["bash", "--norc", "-i"], tmp_path, environ={"PS1": "ready> "})
    terminal.wait_for("ready>")
    terminal.press(f"{shlex.join([*FARMWATCH, '--demo'])}\r")
    terminal.wait_for("Northlight")
    terminal.press("\x1a")
    terminal.wait_for("Stopped")
    assert terminal.bytes.rfind("\x1b[?1049l") > terminal.bytes.rfind("\x1b[?1049h")
    terminal.screen.reset()
    terminal.press("fg\r")
    terminal.wait_for(lambda text: "Northlight" in text and "● live" in text)
    terminal.screen.reset()
    terminal.press("q")
    terminal.wait_for("ready>")
    terminal.process.close(force=True)


def test_a_terminal_that_goes_away_takes_the_program_with_it(tmp_path: Path) -> None:
    terminal = Terminal([*FARMWATCH, "--demo"], tmp_path)
    terminal.wait_for("Northlight")
    pid = terminal.pid
    started = children(pid)
    os.close(terminal.process.child_fd)
    eventually(lambda: not is_running(pid))
    assert_gone(started)
    os.waitpid(pid, 0)


def take_a_picture(terminal: Terminal, folder: Path) -> None:
    """Of the screen, by the command palette."""
    before = len(list(folder.glob("*.svg")))
    terminal.press("\x10")
    terminal.wait_for("Search for commands")
    terminal.press("picture")
    # Not in the list of everything, which stands there before what is typed takes hold.
    terminal.wait_for(lambda text: "Save an SVG picture" in text and "All keys" not in text)
    terminal.press("enter")
    terminal.wait_for(lambda _: len(list(folder.glob("*.svg"))) > before)


@pytest.mark.long
def test_no_secret_reaches_the_screen_or_any_file_whatever_fails_at_debug(tmp_path: Path) -> None:
    loud = f"token={TOKEN} key {KEY} secret_access_key: {SECRET}"
    faults = [
        error(400, "ValidationException"),
        reply(
            {"message": loud, "__type": "x"},
            status=403,
            headers={"x-amzn-ErrorType": "ExpiredTokenException"},
        ),
        reply({"message": loud}, status=500),
        reply(loud.encode()),
        reply({"jobs": [{"parameters": {"license": {"string": PARAMETER}}}], "sessionId": loud}),
    ]
    log = {"logDriver": "awslogs", "options": {}, "parameters": {}, "error": f"cannot log: {loud}"}
    with fault_server(a_reply(log=log, parameters={"license": {"string": PARAMETER}})) as server:
        # By what is asked: which of the threads asks first is not known.
        server.answer(SESSION, *(way for fault in faults * 2 for way in (a_reply(log=log), fault)))
        server.answer("/sessions/[^/]+/|/session-actions|/steps/", *faults * 2)
        place = ["--farm-id", FARM_ID, "--queue-id", QUEUE_ID, "--job-id", JOB_ID, "--session-id", SESSION_ID]
        terminal = asking(server, tmp_path, "--debug", "--interval", "1", *place)
        terminal.wait_for("cannot log: ")
        terminal.press("d")
        terminal.wait_for("esc closes")
        take_a_picture(terminal, tmp_path)
        terminal.press("escape")
        terminal.wait_for(lambda text: "esc closes" not in text)
        terminal.press("h")
        terminal.wait_for("Seen by")
        take_a_picture(terminal, tmp_path)
        terminal.press("escape")
        terminal.wait_for(lambda text: "And not before" not in text)

        def all_were_met(_: str) -> bool:
            # Nobody waits here until it asks again by itself.
            terminal.press("r")
            return not server.left(SESSION)

        terminal.wait_for(all_were_met)
        terminal.press("q")
        assert terminal.wait_for_end() == 0
    written = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert any(path.name == "farmwatch.log" for path in written)
    assert any(path.name == "history.sqlite" for path in written)
    assert len([path for path in written if path.suffix == ".svg"]) == 2
    assert [path.name for path in written if path.stat().st_mode & 0o077] == []
    for secret in SECRETS:
        assert secret not in terminal.bytes
        assert [path.name for path, found in written.items() if secret.encode() in found] == []
    assert b"GetSession" in next(found for path, found in written.items() if path.name == "farmwatch.log")
