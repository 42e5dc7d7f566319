"""Programs that are measured from outside: in a pseudo-terminal, by the system's own accounts of them."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FARM_REGION = "us-west-2"


@contextmanager
def a_home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="farmwatch-bench-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def variables(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LC_ALL": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": FARM_REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class Child:
    """A program in a pseudo-terminal of 120 x 36; what it prints is read and only searched."""

    def __init__(self, command: Sequence[str], home: Path) -> None:
        self.started = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execve(command[0], list(command), variables(home))
        ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
        self.printed = b""

    def wait_for(self, text: str, seconds: float = 30) -> float:
        """The seconds from the start of the program to this text on its terminal."""
        wanted = text.encode()
        while (now := time.perf_counter()) - self.started < seconds:
            if wanted in self.printed:
                return now - self.started
            self.read(0.5)
        raise TimeoutError(f"{text!r} was not printed within {seconds} s")

    def read(self, seconds: float) -> None:
        """Take in what is printed next, or nothing within this time."""
        if select.select([self._fd], [], [], seconds)[0]:
            try:
                self.printed += os.read(self._fd, 65536)
            except OSError as error:
                raise TimeoutError("the program has ended") from error

    def answer(self, keys: str, text: str = "", seconds: float = 30) -> float:
        """The seconds from these keys to the next piece of output, or to this text in it."""
        self.printed = b""
        pressed = time.perf_counter()
        os.write(self._fd, keys.encode())
        while (now := time.perf_counter()) - pressed < seconds:
            if self.printed and text.encode() in self.printed:
                return now - pressed
            self.read(0.5)
        raise TimeoutError(f"{keys!r} was not answered with {text!r} within {seconds} s")

    def rest(self, seconds: float) -> None:
        """Let it work for so long, and read what it prints."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    @property
    def cpu(self) -> float:
        """Seconds of CPU it has taken."""
        stat = Path(f"/proc/{self.pid}/stat")
        if stat.exists():
            fields = stat.read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        seconds = 0.0
        for part in _ps(self.pid, "time").split(":"):
            seconds = seconds * 60 + float(part)
        return seconds

    @property
    def rss(self) -> float:
        """MiB that are resident."""
        return int(_ps(self.pid, "rss")) / 1024

    def end(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)


def _ps(pid: int, what: str) -> str:
    return subprocess.run(
        ["ps", "-o", f"{what}=", "-p", str(pid)], capture_output=True, text=True, check=True
    ).stdout.strip()


@contextmanager
def running(command: Sequence[str]) -> Iterator[Child]:
    with a_home() as home:
        child = Child(command, home)
        try:
            yield child
        finally:
            child.end()


@contextmanager
def a_farm(*options: str) -> Iterator[str]:
    """The embedded farm in a process of its own: its endpoint URL."""
    command = [sys.executable, "-m", "moto_deadline", "--port", "0", "--until-stdin-closes", *options]
    farm = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert farm.stdout is not None
        yield farm.stdout.readline().split()[1]
    finally:
        farm.kill()
        farm.wait()


def farmwatch(*options: str) -> list[str]:
    return [sys.executable, "-m", "farmwatch", *options]


BARE = [sys.executable, "-m", "tests.bench.bare"]
"""A Textual program with a header and a footer and nothing else: what everything is measured against."""
