"""The debug log: what went wrong inside, and with ``--debug`` every call, in a rotating, private file.

No reply is ever written to it, no local variable of a traceback; what looks like a secret is hidden. Without
``--debug`` it has warnings and errors only, and is not made before there is one.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from farmwatch.aws.cleaning import clean
from farmwatch.aws.redaction import redact
from farmwatch.config.paths import state_folder

NOISY = ("boto3", "botocore", "urllib3", "asyncio", "textual")
"""Loggers that stay at warnings whatever is asked for: botocore writes session tokens and whole replies of
AssumeRole operations at DEBUG."""

LONGEST = 20_000


def debug_log_path(folder: Path | None = None) -> Path:
    """Where the debug log is, or would be."""
    return (folder or state_folder()) / "farmwatch.log"


def begin(*, debug: bool, folder: Path | None = None) -> logging.Handler:
    """Write warnings, or with ``debug`` everything, from now on; nothing goes to the terminal any more."""
    handler = _WhenNeeded(debug_log_path(folder))
    handler.setFormatter(_Redacting("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("farmwatch").setLevel(logging.DEBUG if debug else logging.WARNING)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler


def end(handler: logging.Handler) -> None:
    """Write no more."""
    logging.getLogger().removeHandler(handler)
    handler.close()


class _WhenNeeded(logging.Handler):
    """Hands every record to a file that is begun with the first one. As a rule there is none, and neither the
    first frame nor the first line waits for all that a file takes which rotates."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._file: logging.Handler | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or drop it: without a descriptor left not even the file's module can be read."""
        with suppress(OSError, ImportError):
            if self._file is None:
                from farmwatch.config.private_log import PrivateLog

                self._file = PrivateLog(self._path)
                self._file.setFormatter(self.formatter)
            self._file.emit(record)

    def close(self) -> None:
        """Close the file, if it was begun."""
        if self._file is not None:
            self._file.close()
        super().close()


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        words = super().format(record)[:LONGEST]
        # A line each: a text of the farm must not look like a record of its own.
        return "\n    ".join(clean(line) for line in redact(words).splitlines())
