"""The demonstration: an embedded farm in a process of its own, which ends when this one does."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

SPEED = 6.0
"""How much faster than life the farm of the demonstration moves: something happens every few seconds."""

HOW_TO_GET_IT = (
    "the demo farm is not installed: pip install 'farmwatch[demo]' (or uv tool install 'farmwatch[demo]')"
)


def is_installed() -> bool:
    """Whether what the embedded farm needs is there, without importing it."""
    return all(importlib.util.find_spec(name) is not None for name in ("moto", "flask"))


FOLDERS = "farmwatch-demo-"
"""How the names of the folders begin in which demonstrations keep their histories; a process id follows."""


def make_folder() -> Path:
    """A new folder for the history of this demonstration. Those of demonstrations that were killed, and could
    remove none, go."""
    temporary = Path(tempfile.gettempdir())
    for left in temporary.glob(f"{FOLDERS}*"):
        number = left.name.removeprefix(FOLDERS).partition("-")[0]
        if number.isdecimal() and not left.is_symlink() and _has_ended(int(number)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{FOLDERS}{os.getpid()}-"))


def _has_ended(process_id: int) -> bool:
    if os.name != "posix":
        # There a signal of 0 ends a process.
        return False
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


class DemoFarm:
    """Starts the farm on a free port of the loopback address.

    The child watches its standard input, whose other end only this process holds: however this process
    ends, ``kill -9`` included, the child sees the end of it and ends too.
    """

    def __init__(self, speed: float = SPEED) -> None:
        self._speed = speed
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._stopped = False

    def start(self) -> str:
        """The farm's endpoint URL; waits until it answers. Raises `RuntimeError` when it does not start."""
        with self._lock:
            if self._stopped:
                raise RuntimeError("the demo farm is being stopped")
            command = [sys.executable, "-m", "moto_deadline", "--port", "0"]
            command += ["--speed", str(self._speed), "--until-stdin-closes"]
            # Its own session: what a terminal sends to everything in the foreground is not for the farm.
            self._process = subprocess.Popen(  # noqa: S603 - this very interpreter, no shell
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=os.name == "posix",
            )
            process = self._process
        if process.stdout is None:
            raise RuntimeError("the demo farm has no output")
        for line in process.stdout:
            word, _, rest = line.strip().partition(" ")
            if word == "endpoint":
                # Its later words are read and dropped, so that it never waits for somebody to read them.
                threading.Thread(target=self._drain, args=(process,), daemon=True).start()
                return rest
        raise RuntimeError("the demo farm did not start")

    @staticmethod
    def _drain(process: subprocess.Popen[str]) -> None:
        with contextlib.suppress(OSError, ValueError):
            for _ in process.stdout or ():
                pass

    def stop(self) -> None:
        """End the farm, without waiting for it."""
        with self._lock:
            self._stopped = True
            process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError):
                if process.stdin is not None:
                    process.stdin.close()
                process.terminate()
