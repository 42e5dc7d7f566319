"""A terminal that goes away, in every way and on every screen: nothing stays behind."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.aws.test_fault_matrix import a_reply
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, SESSION_ID
from tests.end_to_end.terminal import FARMWATCH, Terminal
from tests.end_to_end.test_demo import children, is_running
from tests.fault_server import FaultServer, fault_server

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows"),
]

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no shell with jobs here")

PATIENCE = 30.0
"""Seconds that a busy machine may take; the program has 2 s, see `tests/ui/test_hangup.py`."""

PLACE = ["--farm-id", FARM_ID, "--queue-id", QUEUE_ID, "--job-id", JOB_ID, "--session-id", SESSION_ID]
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
LOG = {
    "logDriver": "awslogs",
    "options": {"logGroupName": f"/aws/deadline/{FARM_ID}/{QUEUE_ID}", "logStreamName": SESSION_ID},
    "parameters": {},
}

Seen = Callable[[str], object]
"""Whether a screen, as text, is there."""


def is_at_session(text: str) -> object:
    return "● STARTED" in text and "logDriver" in text


def is_at_log(text: str) -> object:
    return "› session log" in text.lower() and "Search" in text


SCREENS: dict[str, list[tuple[str, Seen]]] = {
    "session": [],
    "picker": [("escape", lambda text: "lifecycle status" in text.lower())],
    "log": [("l", is_at_log)],
    "why": [("c", lambda text: "› why" in text.lower() or "› problems" in text.lower())],
    "history": [("h", lambda text: "› history" in text.lower())],
    "help": [("?", lambda text: "─ Keys ─" in text)],
    "prompt": [("l", is_at_log), ("/", lambda text: "esc Cancel" in text)],
}
"""The keys that lead from a session to a screen, and how what each leads to is known to be there."""


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with fault_server(a_reply(log=LOG)) as started:
        yield started


def watching(server: FaultServer, home: Path, screen: str = "session") -> Terminal:
    """The program, at a screen."""
    command = [*FARMWATCH, "--endpoint-url", server.url, "--region", "us-west-2", *PLACE]
    terminal = Terminal(command, home, environ=KEYS, cwd=home)
    terminal.wait_for(is_at_session, PATIENCE)
    for key, is_there in SCREENS[screen]:
        terminal.press(key)
        terminal.wait_for(is_there, PATIENCE)
    return terminal


def stall(terminal: Terminal, pid: int) -> None:
    """Read no more, and have so much drawn that the program waits for somebody to read: the thread that
    writes at once, and the event loop after some thirty frames."""
    # pexpect waits before each key, for programs that switch the echo off.
    terminal.process.delaybeforesend = None
    for n in range(60):
        terminal.process.setwinsize(36 + n % 2, 120)
        terminal.press("?", "escape")
    wait_until(lambda: is_at_rest(pid) and not waits_for_events(pid))


def waits_for_events(pid: int) -> bool:
    """Whether the event loop of a process goes on, and has nothing to do (Linux, where the kernel tells)."""
    return "poll" in (Path("/proc") / str(pid) / "wchan").read_text()


def is_at_rest(pid: int) -> bool:
    """Whether a process does next to nothing for a moment (Linux)."""

    def ticks() -> int:
        fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(0.5)
    return ticks() - before <= 5


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def exit_code(pid: int) -> int:
    """Of a child of the test, which ends by itself."""
    wait_until(lambda: not is_running(pid))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def descendants(pid: int) -> list[int]:
    found = children(pid)
    return found + [one for child in found for one in descendants(child)]


def a_shell(home: Path) -> Terminal:
    """A shell with jobs, at its first prompt."""
    terminal = Terminal(["bash", "--norc", "-i"], home, environ={"PS1": "ready> "})
    terminal.wait_for("ready>")
    return terminal


def told(home: Path) -> str:
    """What the history has kept, as it tells it."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"}
    command = [*FARMWATCH, "history", "--session", SESSION_ID, "--json"]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("screen", SCREENS)
def test_a_terminal_that_is_closed_ends_the_program_on_every_screen(
    server: FaultServer, tmp_path: Path, screen: str
) -> None:
    terminal = watching(server, tmp_path, screen)
    os.close(terminal.process.child_fd)
    assert exit_code(terminal.pid) == 128 + signal.SIGHUP
    assert "STARTED" in told(tmp_path)


@pytest.mark.parametrize("screen", ["session", "log"])
def test_so_it_does_while_the_terminal_is_not_read(server: FaultServer, tmp_path: Path, screen: str) -> None:
    terminal = watching(server, tmp_path, screen)
    stall(terminal, terminal.pid)
    os.close(terminal.process.child_fd)
    assert exit_code(terminal.pid) == 128 + signal.SIGHUP
    assert "STARTED" in told(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_while_the_terminal_is_not_read(
    server: FaultServer, tmp_path: Path, number: signal.Signals
) -> None:
    terminal = watching(server, tmp_path)
    stall(terminal, terminal.pid)
    os.kill(terminal.pid, number)
    wait_until(lambda: not is_running(terminal.pid))
    assert terminal.wait_for_end() == 128 + number
    assert "STARTED" in told(tmp_path)


def test_a_terminal_that_was_not_read_is_restored_for_whoever_reads_it_again(
    server: FaultServer, tmp_path: Path
) -> None:
    terminal = watching(server, tmp_path)
    stall(terminal, terminal.pid)
    os.kill(terminal.pid, signal.SIGTERM)
    wait_until(lambda: not is_running(terminal.pid))
    terminal.read(PATIENCE)
    assert terminal.bytes.rfind("\x1b[?1049l") > terminal.bytes.rfind("\x1b[?1049h")


def test_nohup_does_not_keep_a_program_without_a_terminal(server: FaultServer, tmp_path: Path) -> None:
    ask = shlex.join([*FARMWATCH, "--endpoint-url", server.url, "--region", "us-west-2", *PLACE])
    terminal = Terminal(["sh", "-c", f"trap '' HUP; {ask}; exit 7"], tmp_path, environ=KEYS, cwd=tmp_path)
    terminal.wait_for(is_at_session, PATIENCE)
    started = descendants(terminal.pid)
    os.close(terminal.process.child_fd)
    assert exit_code(terminal.pid) == 7
    wait_until(lambda: not any(map(is_running, started)))


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("stalled", [False, True], ids=["read", "stalled"])
def test_the_demo_under_make_leaves_nothing_behind(tmp_path: Path, stalled: bool) -> None:
    (tmp_path / "Makefile").write_text(f"demo:\n\t{shlex.join(FARMWATCH)} --demo\n")
    terminal = Terminal(["make", "demo"], tmp_path, cwd=tmp_path)
    terminal.wait_for("Northlight", PATIENCE)
    started = descendants(terminal.pid)
    assert len(started) >= 2, "the program and its farm"
    if stalled:
        stall(terminal, started[0])
    os.close(terminal.process.child_fd)
    wait_until(lambda: not any(map(is_running, started)))
    assert exit_code(terminal.pid) != 0


@needs_bash
def test_a_program_whose_make_was_killed_gives_the_terminal_back_and_ends(tmp_path: Path) -> None:
    terminal = a_shell(tmp_path)
    terminal.press(f"sh -c '{shlex.join(FARMWATCH)} --demo; true'\r")
    terminal.wait_for("Northlight", PATIENCE)
    [starter] = children(terminal.pid)
    started = descendants(starter)
    os.kill(starter, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, started)))
    terminal.wait_for("ready>")
    assert terminal.bytes.rfind("\x1b[?1049l") > terminal.bytes.rfind("\x1b[?1049h")
    terminal.process.close(force=True)


def put_aside(home: Path, number: int | None = None) -> tuple[Terminal, list[int]]:
    """A shell whose first job, the demo, was put aside, with Ctrl+Z or a signal, and that job's processes."""
    terminal = a_shell(home)
    terminal.press(f"{shlex.join([*FARMWATCH, '--demo'])}\r")
    terminal.wait_for("Northlight", PATIENCE)
    started = descendants(terminal.pid)
    if number is None:
        terminal.press("\x1a")
    else:
        os.kill(started[0], number)
    terminal.wait_for("Stopped")
    return terminal, started


def try_in_background(terminal: Terminal) -> None:
    """Continue the first job in the background, where it may not have the terminal: it is put aside again."""
    terminal.press("bg\r")

    def is_put_aside_again() -> bool:
        # The shell tells it before its next prompt.
        terminal.press("\r")
        terminal.read()
        return terminal.bytes.count("Stopped") >= 2

    wait_until(is_put_aside_again)


@needs_bash
@pytest.mark.parametrize("how", ["kill %1", "bg, kill", "closed"])
def test_a_program_that_was_put_aside_ends_as_well(tmp_path: Path, how: str) -> None:
    terminal, started = put_aside(tmp_path)
    if how == "closed":
        os.close(terminal.process.child_fd)
    else:
        if how == "bg, kill":
            try_in_background(terminal)
        terminal.press("kill %1\r")
        terminal.read()
    wait_until(lambda: not any(map(is_running, started)))
    with contextlib.suppress(OSError):
        terminal.process.close(force=True)


@needs_bash
@pytest.mark.parametrize("how", ["Ctrl+Z", "Ctrl+Z, bg", "SIGSTOP"])
def test_a_program_that_was_put_aside_is_drawn_again_in_the_foreground(tmp_path: Path, how: str) -> None:
    terminal, started = put_aside(tmp_path, signal.SIGSTOP if how == "SIGSTOP" else None)
    if "bg" in how:
        try_in_background(terminal)
    terminal.screen.reset()
    terminal.press("fg\r")
    terminal.wait_for("Northlight", PATIENCE)
    terminal.press("q")
    wait_until(lambda: not any(map(is_running, started)))
    terminal.process.close(force=True)


def test_a_program_that_was_stopped_from_outside_goes_on(server: FaultServer, tmp_path: Path) -> None:
    """It is told of no SIGSTOP, and so has left its terminal as it is; a SIGCONT may come without any."""
    terminal = watching(server, tmp_path)
    os.kill(terminal.pid, signal.SIGCONT)
    os.kill(terminal.pid, signal.SIGSTOP)
    os.kill(terminal.pid, signal.SIGCONT)
    for key, is_there in (*SCREENS["help"], ("escape", lambda text: "─ Keys ─" not in text)) * 3:
        terminal.press(key)
        terminal.wait_for(is_there, PATIENCE)
    terminal.press("q")
    assert terminal.wait_for_end() == 0


@needs_bash
def test_a_program_that_begins_in_the_background_waits_for_the_terminal(tmp_path: Path) -> None:
    terminal = a_shell(tmp_path)
    terminal.press(f"{shlex.join([*FARMWATCH, '--demo'])} &\r")

    def is_put_aside(text: str) -> bool:
        terminal.press("\r")
        return "Stopped" in text

    terminal.wait_for(is_put_aside, PATIENCE)
    terminal.press("fg\r")
    terminal.wait_for("Northlight", PATIENCE)
    started = descendants(terminal.pid)
    terminal.press("q")
    wait_until(lambda: not any(map(is_running, started)))
    terminal.process.close(force=True)


def test_the_farm_of_the_demo_ends_when_it_is_orphaned_while_it_starts(tmp_path: Path) -> None:
    terminal = Terminal([*FARMWATCH, "--demo"], tmp_path)
    wait_until(lambda: children(terminal.pid))
    started = children(terminal.pid)
    os.kill(terminal.pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, started)))
    terminal.process.close(force=True)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
@pytest.mark.parametrize("way", ["kill-pane", "kill-session", "kill-server"])
def test_the_demo_in_tmux_under_make_leaves_nothing_behind(tmp_path: Path, way: str) -> None:
    (tmp_path / "Makefile").write_text(f"demo:\n\t{shlex.join(FARMWATCH)} --demo\n")
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "TERM": "xterm"}

    def tmux(*words: str) -> str:
        command = ["tmux", "-S", str(tmp_path / "socket"), "-f", os.devnull, *words]
        ran = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=PATIENCE)
        return ran.stdout

    tmux("new-session", "-d", "-x", "120", "-y", "36", "make", "-C", str(tmp_path), "demo")
    try:
        wait_until(lambda: "Northlight" in tmux("capture-pane", "-p"))
        [pane] = tmux("list-panes", "-F", "#{pane_pid}").split()
        started = [int(pane), *descendants(int(pane))]
        assert len(started) >= 3, "make, the program and its farm"
        tmux(way)
        wait_until(lambda: not any(map(is_running, started)))
    finally:
        tmux("kill-server")
