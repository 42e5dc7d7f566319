"""The program as a new user meets it: in a terminal, by keyboard alone."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.terminal import FARMWATCH, Terminal
from tests.waiting import eventually

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows"),
]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal([*FARMWATCH, "--demo"], tmp_path)
    yield terminal
    terminal.process.close(force=True)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run (Linux)."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            stat = (folder / "stat").read_text()
        except OSError:
            continue
        after_name = stat.rpartition(")")[2].split()
        if after_name[:1] != ["Z"] and after_name[1:2] == [str(pid)]:
            found.append(int(folder.name))
    return found


def is_running(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.long
def test_the_walk_from_the_farms_to_a_session_whose_status_changes_by_itself(demo: Terminal) -> None:
    demo.wait_for(lambda text: "Northlight" in text and "DEMO" in text)
    demo.press("/", "northl", "enter")
    demo.wait_for("1 match")
    demo.press("enter")
    demo.wait_for("SCHEDULING_BLOCKED")
    demo.press("/", "lighting", "enter")
    demo.wait_for("1 match")
    demo.press("enter")
    demo.wait_for(lambda text: "jobs" in text and "● RUNNING" in text)
    demo.press("/", "sq010_sh0440", "enter")
    demo.wait_for(lambda text: "1 job," in text)
    demo.press("enter")
    demo.wait_for(lambda text: "1 session" in text and "● STARTED" in text)
    demo.press("enter")
    demo.wait_for(lambda text: "logGroupName" in text and "● STARTED   every 2 s" in text)
    demo.wait_for(lambda text: "○ ENDED" in text and "◂ new" in text)


def test_q_leaves_with_exit_code_0_and_no_process_behind(demo: Terminal) -> None:
    demo.wait_for("Northlight")
    started = children(demo.pid)
    assert started
    demo.press("q")
    assert demo.wait_for_end() == 0
    assert_gone(started)


@pytest.mark.parametrize(
    ("how", "exit_code"),
    [
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
        (signal.SIGINT, 130),
        (signal.SIGKILL, 137),
    ],
)
def test_no_process_is_left_behind(demo: Terminal, how: signal.Signals, exit_code: int) -> None:
    demo.wait_for("Northlight")
    started = children(demo.pid)
    os.kill(demo.pid, how)
    assert demo.wait_for_end() == exit_code
    assert_gone(started)


def assert_gone(started: list[int]) -> None:
    eventually(lambda: not any(map(is_running, started)), "a process is left behind")


def test_ctrl_c_leaves(demo: Terminal) -> None:
    demo.wait_for("Northlight")
    demo.press("ctrl+c")
    assert demo.wait_for_end() == 130


def test_a_signal_gives_the_terminal_back(demo: Terminal) -> None:
    demo.wait_for("Northlight")
    demo.process.kill(signal.SIGTERM)
    demo.wait_for_end()
    assert demo.bytes.rfind("\x1b[?1049l") > demo.bytes.rfind("\x1b[?1049h")


def test_the_demo_reads_no_credentials_and_writes_no_file(demo: Terminal, tmp_path: Path) -> None:
    aws = tmp_path / ".aws"
    aws.mkdir()
    # A pipe nobody writes to: whoever opened it for reading would wait for ever.
    os.mkfifo(aws / "credentials")
    os.mkfifo(aws / "config")
    demo.wait_for("Northlight")
    demo.press("q")
    assert demo.wait_for_end() == 0
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".aws", "config", "credentials"]
