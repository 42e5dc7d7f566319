"""``make test-busy``: whatever becomes of it, its two busy loops end, and the tests with them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.test_demo import assert_gone, children
from tests.waiting import LONG, eventually

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
    pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here"),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The Makefile beside an environment of which the Python only says whose child it is, and does as the
    script in ``suite`` says."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho $PPID $$ > ids.new\nmv ids.new ids\n. ./suite\n")
    python.chmod(0o755)
    (tmp_path / ".venv" / "dev-installed").touch()
    return tmp_path


@pytest.fixture
def busy(project: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The target, under way with tests that take very long."""
    (project / "suite").write_text("exec sleep 600\n")
    make = subprocess.Popen(["make", "test-busy"], cwd=project, start_new_session=True)
    yield make
    with contextlib.suppress(ProcessLookupError):
        os.killpg(make.pid, signal.SIGKILL)
    make.wait()


def ids(project: Path) -> tuple[int, int]:
    """The shell that has started tests and loops, and the tests."""
    eventually((project / "ids").exists, "it does not begin")
    shell, suite = (project / "ids").read_text().split()
    return int(shell), int(suite)


@pytest.mark.parametrize(("suite", "code"), [("exit 0", 0), ("exit 1", 2)], ids=["green", "red"])
def test_it_is_as_green_as_the_tests(project: Path, suite: str, code: int) -> None:
    loops = "ps -o pid= --ppid $PPID > loops; "
    (project / "suite").write_text(loops + suite)
    done = subprocess.run(["make", "test-busy"], cwd=project, capture_output=True, check=False)
    assert done.returncode == code, done.stderr
    started = [int(word) for word in (project / "loops").read_text().split()]
    assert len(started) >= 3
    assert_gone(started)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_of_it(project: Path, busy: subprocess.Popen[bytes], how: signal.Signals) -> None:
    started = children(ids(project)[0])
    assert len(started) == 3
    os.killpg(busy.pid, how)
    assert busy.wait(LONG) != 0
    assert_gone(started)


def test_the_loops_end_by_themselves_where_the_shell_is_killed(
    project: Path, busy: subprocess.Popen[bytes]
) -> None:
    shell, suite = ids(project)
    loops = [pid for pid in children(shell) if pid != suite]
    assert len(loops) == 2
    os.kill(shell, signal.SIGKILL)
    assert_gone(loops)
