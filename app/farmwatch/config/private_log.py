"""A log in a file that is private, and begun anew when it has become large."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from farmwatch.config.paths import create_private, make_private

LARGEST = 1 << 20
"""Bytes of a file, and how many of them are kept beside the newest."""
KEPT = 3


class PrivateLog(RotatingFileHandler):
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
        """Drop what cannot be written."""
