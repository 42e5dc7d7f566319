"""The debug log: what went wrong inside, and with ``--debug`` every call, in a rotating, private file.

No reply is ever written to it, no local variable of a traceback; what looks like a secret is hidden. Without
``--debug`` it has warnings and errors only, and is not made before there is one.
"""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from farmwatch.aws.cleaning import clean
from farmwatch.aws.redaction import redact
from farmwatch.config.paths import create_private, make_private, state_folder

LARGEST = 1 << 20
"""Bytes of a file, and how many of them are kept beside the newest."""
KEPT = 3

NOISY = ("boto3", "botocore", "urllib3", "asyncio", "textual")
"""Loggers that stay at warnings whatever is asked for: botocore writes session tokens and whole replies of
AssumeRole operations at DEBUG."""

LONGEST = 20_000


def debug_log_path(folder: Path | None = None) -> Path:
    """Where the debug log is, or would be."""
    return (folder or state_folder()) / "farmwatch.log"


def begin(*, debug: bool, folder: Path | None = None) -> logging.Handler:
    """Write warnings, or with ``debug`` everything, from now on; nothing goes to the terminal any more."""
    handler = _PrivateFile(debug_log_path(folder))
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


class _PrivateFile(RotatingFileHandler):
    """A file that only its owner can read, made when there is something to write. What cannot be written is
    dropped: a full disk is no reason to stop watching, and a warning about it would end on the screen."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8", delay=True)

    def _open(self) -> Any:
        path = Path(self.baseFilename)
        make_private(path.parent)
        if path.is_symlink():
            raise PermissionError(f"{path} is a link")
        if not path.exists():
            os.close(create_private(path))
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        pass


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        words = super().format(record)[:LONGEST]
        # A line each: a text of the farm must not look like a record of its own.
        return "\n    ".join(clean(line) for line in redact(words).splitlines())
