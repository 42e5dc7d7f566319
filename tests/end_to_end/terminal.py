"""A program in a pseudo-terminal, its screen read back as text."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pexpect
import pyte

from tests.waiting import LONG

# pyte prints a stray "u" for the sequences that switch the kitty keyboard protocol on and off.
_KITTY = re.compile(r"\x1b\[[<>=?][0-9;]*u")


class Terminal:
    """Runs a command at a size of its own, with a home folder of its own."""

    def __init__(
        self,
        command: Sequence[str],
        home: Path,
        *,
        columns: int = 120,
        rows: int = 36,
        cwd: Path | None = None,
        environ: dict[str, str] | None = None,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self.screen)
        self.bytes = ""
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "AWS_EC2_METADATA_DISABLED": "true",
            **(environ or {}),
        }
        self.process = pexpect.spawn(
            command[0],
            list(command[1:]),
            env=variables,
            cwd=None if cwd is None else str(cwd),
            dimensions=(rows, columns),
            encoding="utf-8",
            codec_errors="replace",
            timeout=LONG,
        )

    def read(self, seconds: float = 0.1) -> None:
        """Take in what the program prints, for at most so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                data = self.process.read_nonblocking(65536, timeout=left)
            except (pexpect.TIMEOUT, pexpect.EOF):
                return
            self.bytes += data
            self._stream.feed(_KITTY.sub("", data))

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    @property
    def foot(self) -> str:
        """The last line, with the keys."""
        return str(self.screen.display[-1])

    @property
    def trail(self) -> str:
        """The second line: where one is."""
        return str(self.screen.display[1])

    def wait_for(self, condition: str | Callable[[str], object], seconds: float = LONG) -> str:
        """Wait until the screen fulfils a condition (a string: shows it); raises `AssertionError`."""
        end = time.monotonic() + seconds
        is_over = False
        while not is_over:
            # What was printed last is looked at too.
            is_over = time.monotonic() > end or not self.process.isalive()
            self.read()
            if condition in self.text if isinstance(condition, str) else condition(self.text):
                return self.text
        raise AssertionError(f"waited for {condition!r} in vain; the screen shows:\n{self.text}")

    @property
    def pid(self) -> int:
        """The process that was started in it."""
        assert self.process.pid is not None
        return self.process.pid

    def press(self, *keys: str) -> None:
        for key in keys:
            self.process.send(KEYS.get(key, key))

    def wait_for_end(self, seconds: float = LONG) -> int:
        """Wait for the end of the program; its exit code, or 128 and its signal."""
        end = time.monotonic() + seconds
        while self.process.isalive() and time.monotonic() < end:
            self.read(0.05)
        self.process.close(force=True)
        if self.process.exitstatus is not None:
            return int(self.process.exitstatus)
        return 128 + int(self.process.signalstatus or 0)


KEYS = {"enter": "\r", "escape": "\x1b", "down": "\x1b[B", "up": "\x1b[A", "ctrl+c": "\x03", "end": "\x1b[F"}

FARMWATCH = [sys.executable, "-m", "farmwatch"]
