"""Running a program for a message: no shell, the message on its standard input, and an end to it in time."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from typing import BinaryIO

from msgspec import Struct

GRACE = 2.0
"""Seconds that a program has to end by itself after it was told to."""

TAIL = 4096
"""Bytes of standard error that are read, from its end."""


class Ended(Struct, frozen=True):
    """How a program ended: its exit code (``None``: not in time), and the last line that it wrote to standard
    error, as it came."""

    code: int | None
    last_line: str = ""


def run(words: Sequence[str], given: bytes, seconds: float) -> Ended:
    """Run a program with its arguments, and wait for its end; where that takes longer than ``seconds`` all of
    its process group is ended. Raises `OSError` where it cannot be started."""
    # Files and no pipes: whoever does not read, or leaves a child behind, holds up nobody.
    with TemporaryFile() as stdin, TemporaryFile() as stderr:
        stdin.write(given)
        stdin.seek(0)
        process = subprocess.Popen(  # noqa: S603 - no shell; the words are the user's own
            list(words),
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                _end(process)
        return Ended(code, _last_line(stderr))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and all that it has started."""
    _signal(process, "SIGTERM")
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    # Its children too, which may not have listened.
    _signal(process, "SIGKILL")
    process.wait()


def _signal(process: subprocess.Popen[bytes], name: str) -> None:
    with suppress(OSError):
        if hasattr(os, "killpg"):
            # The group has the number of its first process, and is there as long as anyone of it is.
            os.killpg(process.pid, getattr(signal, name))
        else:
            process.kill()


def _last_line(file: BinaryIO) -> str:
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - TAIL))
    lines = file.read(TAIL).decode(errors="replace").splitlines()
    return next((line for line in reversed(lines) if line.strip()), "")
