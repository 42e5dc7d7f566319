"""What the program remembers from one run to the next, besides the history: choices, and what is marked.

It is a small JSON file in the state folder. One that is damaged costs its content and a word: it is put
aside, and the program goes on without it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from farmwatch.aws.cleaning import clean
from farmwatch.config.paths import replace_private, state_folder

_log = logging.getLogger(__name__)

VERSION = 1

LARGEST = 4 << 20
"""Bytes beyond which a file is none of ours."""


class KeptPlace(Struct, frozen=True):
    """Where somebody was: the connection, and the ids from the farm down. ``where`` is the profile, region
    and endpoint that the connection had."""

    connection: str
    ids: tuple[str, ...] = ()
    where: tuple[str, ...] = ()


class KeptMark(Struct, frozen=True):
    """A job or a session (four ids) that was marked, at a time, with the name it had."""

    connection: str
    ids: tuple[str, ...]
    name: str
    at: datetime


class KeptWallItem(Struct, frozen=True):
    """Something on a wall: the connection, and the ids from the farm down; none for all that it has."""

    connection: str
    ids: tuple[str, ...] = ()


class KeptAsked(Struct, frozen=True):
    """Something that somebody asked ``at`` a time to be told of: of a session (four ids) or a job (three) on
    a connection, or, without ids, of the wall of that name. ``kind`` is that of
    `farmwatch.monitor.own_watches`; ``pattern`` is what a line is to match."""

    connection: str
    ids: tuple[str, ...]
    kind: str
    at: datetime
    name: str = ""
    pattern: str = ""


class KeptState(Struct, frozen=True):
    """All of it. ``orders`` has by list the column it is sorted by, and whether backwards; ``hidden`` the
    columns that are not shown, ``arranged`` their order and ``widths`` the widths that were chosen,
    ``groups`` what rows are grouped by. ``walls`` has by name what is on a wall, of which ``wall`` was
    shown last, with ``roomy`` rows, and left at ``wall_left_at``. ``contradicted`` are the ids of actions
    (of sessions that have none) that were called not stuck, the newest last; ``rules`` has by the name of a
    rule of trouble how often it fired, and how often that was contradicted; ``asked`` is what somebody waits
    to be told of."""

    version: int = VERSION
    theme: str = ""
    orders: dict[str, tuple[str, bool]] = {}
    hidden: dict[str, tuple[str, ...]] = {}
    place: KeptPlace | None = None
    marks: tuple[KeptMark, ...] = ()
    arranged: dict[str, tuple[str, ...]] = {}
    widths: dict[str, dict[str, int]] = {}
    groups: dict[str, str] = {}
    walls: dict[str, tuple[KeptWallItem, ...]] = {}
    wall: str = ""
    roomy: bool = False
    wall_left_at: datetime | None = None
    contradicted: tuple[str, ...] = ()
    rules: dict[str, tuple[int, int]] = {}
    asked: tuple[KeptAsked, ...] = ()


Change = Callable[[KeptState], KeptState]


class StateFile:
    """The file, and what it says. A change holds at once, and is written by a thread of its own.

    Two programs may use one file: each writes its own changes into what the other has written.
    """

    def __init__(self, path: Path | None) -> None:
        """``path`` is ``None`` where nothing is to be kept."""
        self.path = path
        self.notice = ""
        """What was found wrong with the file, in a sentence; empty while there is nothing."""
        self._lock = threading.Lock()
        self._changes: list[Change] = []
        self._writer: threading.Thread | None = None
        try:
            self.state = self._read()
        except OSError as error:
            self.state = KeptState()
            self._note(error, "read")

    def change(self, change: Change) -> None:
        """Change what is remembered. Nothing is written where that changes nothing."""
        with self._lock:
            after = change(self.state)
            if after == self.state:
                return
            self.state = after
            if self.path is None:
                return
            self._changes.append(change)
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_all, name="state", daemon=True)
                self._writer.start()

    def read_again(self) -> KeptState:
        """What the file says now, with the changes that are still to be written."""
        with self._lock:
            if self.path is not None and not self._changes and self._writer is None:
                # What cannot be read just now is as it was.
                with suppress(OSError):
                    self.state = self._read()
            return self.state

    def close(self, patience: float = 2.0) -> None:
        """Wait until everything is written, as long as that may take."""
        writer = self._writer
        if writer is not None:
            writer.join(patience)

    def _write_all(self) -> None:
        while True:
            with self._lock:
                changes, self._changes = self._changes, []
                if not changes:
                    self._writer = None
                    return
            try:
                self._write(changes)
            except OSError as error:
                self._note(error, "written")
                # Tried again with the next change.
                with self._lock:
                    self._changes = [*changes, *self._changes]
                    self._writer = None
                return

    def _write(self, changes: list[Change]) -> None:
        state = self._read()
        if state.version > VERSION:
            self.notice = f"{self._name()} was made by a newer Farmwatch: nothing is written into it"
            return
        for change in changes:
            state = change(state)
        if self.path is not None:
            text = msgspec.json.format(msgspec.json.encode(state), indent=1).decode()
            replace_private(self.path, text + "\n")

    def _note(self, error: OSError, what: str) -> None:
        self.notice = f"{self._name()} cannot be {what}: {error.strerror or type(error).__name__}"
        _log.warning("%s", self.notice)

    def _read(self) -> KeptState:
        """What the file says; raises `OSError` where it is there and cannot be read."""
        if self.path is None:
            return KeptState()
        try:
            with self.path.open("rb") as file:
                content = file.read(LARGEST + 1)
        except FileNotFoundError:
            return KeptState()
        try:
            if len(content) > LARGEST:
                raise ValueError("it is too large")
            return msgspec.json.decode(content, type=KeptState)
        except (ValueError, RecursionError) as error:
            return self._put_aside(error)

    def _put_aside(self, error: Exception) -> KeptState:
        path = self.path
        if path is None:
            return KeptState()
        aside = path.with_name(f"{path.name}.damaged")
        _log.warning("%s is damaged: %s", path, clean(str(error), 200))
        try:
            path.replace(aside)
            self.notice = f"{self._name()} was damaged and is begun anew; the old one is {aside.name}"
        except OSError:
            self.notice = f"{self._name()} is damaged, and cannot be put aside"
        return KeptState()

    def _name(self) -> str:
        return clean(str(self.path), 200)


def state_file() -> Path:
    """Where the file is, or would be."""
    return state_folder() / "state.json"
