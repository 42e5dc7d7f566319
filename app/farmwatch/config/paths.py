"""Where the monitor keeps its own things between two runs: a folder and files that only their owner reads."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """``FARMWATCH_STATE``, else the folder this platform has for such things. It may not be there yet."""
    if chosen := environ.get("FARMWATCH_STATE"):
        return Path(chosen).expanduser()
    from platformdirs import user_state_path

    return user_state_path("farmwatch", appauthor=False)


def history_file(folder: Path | None = None) -> Path:
    """Where the history is kept."""
    return (folder or state_folder()) / "history.sqlite"


def make_private(folder: Path) -> Path:
    """Make a folder that only its owner can look into, where there is none. Raises `OSError`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def create_private(path: Path) -> int:
    """A descriptor of a new file that only its owner can read and write.

    Raises `FileExistsError` where there is anything of that name, a link included, and other `OSError`.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    return os.open(path, flags, 0o600)


def replace_private(path: Path, text: str) -> None:
    """Write a file anew, whole or not at all; only its owner can read it, and a link stays one. Raises
    `OSError`."""
    path = path.resolve()
    make_private(path.parent)
    other = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with os.fdopen(create_private(other), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        other.replace(path)
    except BaseException:
        other.unlink(missing_ok=True)
        raise
