"""Taking lines out of a log: to the clipboard, to a page, to a file."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO

from farmwatch.config.paths import create_private
from farmwatch.logs.browse import Browser, Line, Shown
from farmwatch.logs.lines import Rows
from farmwatch.logs.parsing import worker_event
from farmwatch.logs.store import LogStore
from farmwatch.words.log import counted
from farmwatch.words.log_line import stamp
from farmwatch.words.text import clean

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel


CLIPBOARD = 50_000
"""Bytes that are copied at most: terminals cut an OSC 52 sequence off at about 75,000, in base64."""

NAME_LENGTH = 60
WRITTEN_TOGETHER = 2_000
"""Lines written between two looks for a key."""

TOLD_EVERY = 2.0
"""Seconds between two words about how far it is."""


def suggested(session_id: str, shown: Shown) -> Path:
    """A file for a log in the current folder, of a name that is safe everywhere and not there yet."""
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{shown} {session_id[:16]}").strip("-.")[:NAME_LENGTH]
    mark = hashlib.sha256(session_id.encode()).hexdigest()[:6]
    names = (f"{slug}-{mark}{'' if again == 1 else f'-{again}'}.log" for again in range(1, 1000))
    return next((path for name in names if not (path := Path.cwd() / name).exists()), Path.cwd() / slug)


def copied(browser: Browser, lines: Sequence[Line]) -> tuple[str, int]:
    """The text of lines as they were written, as much as a terminal takes; and how many lines that is."""
    taken: list[str] = []
    size = 0
    for lane, number in lines:
        try:
            text = browser.lanes[lane].store.text(number)
        except IndexError:
            continue
        size += len(text.encode()) + 1
        if size > CLIPBOARD and taken:
            break
        taken.append(text[:CLIPBOARD])
    return "\n".join(taken), len(taken)


def whole_line(browser: Browser, line: Line) -> list[tuple[str, str]]:
    """Everything that is known about a line."""
    lane, number = line
    store = browser.lanes[lane].store
    try:
        text, at = store.text(number), store.at(number)
    except IndexError:
        return [("line", "(no longer kept)")]
    rows = [("time", stamp(at)), ("log", browser.names[lane])]
    event = worker_event(text) if browser.lanes[lane].of_worker else None
    if event is not None:
        rows += [("level", event.level), ("type", event.type), ("subtype", event.subtype)]
        rows += [("message", event.message), ("session_id", event.session_id or "(none)")]
        rows += list(event.rest.items())
    return [*rows, ("line", text)]


class Saving:
    """Saves what is looked at, whole: what is not read yet is read first. ``notify`` tells how it went."""

    def __init__(
        self,
        browser: Browser,
        path: str,
        read_the_rest: Callable[[], Awaitable[bool]],
        notify: Callable[..., Any],
    ) -> None:
        self._browser = browser
        self._path = Path(path).expanduser()
        self._read_the_rest = read_the_rest
        self._notify = notify

    async def run(self) -> None:
        """Save, and tell."""
        try:
            # The name comes first: a long log is not read for a file that cannot be.
            descriptor = create_private(self._path)
        except OSError as error:
            self._tell(f"Not saved: {_why(error, self._path)}", "error")
            return
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
                complete = await self._read_the_rest()
                count = await self._write(file)
        except OSError as error:
            self._tell(f"Not saved whole: {_why(error, self._path)}", "error")
            return
        rest = "" if complete else ", but not whole: older lines could not be read"
        self._tell(
            f"Saved {counted(count, 'line')} to {self._path}{rest}", "information" if complete else "warning"
        )

    async def _write(self, file: TextIO) -> int:
        browser, count = self._browser, 0
        browser.rebuild()
        rows = browser.rows
        told_at = monotonic()
        for row in range(len(rows)):
            written = _line(browser, rows, row)
            if written is None:
                continue
            file.write(written)
            count += 1
            if count % WRITTEN_TOGETHER == 0:
                await asyncio.sleep(0)
                if monotonic() - told_at > TOLD_EVERY:
                    told_at = monotonic()
                    self._tell(f"Saving: {row / len(rows):.0%}", "information", timeout=TOLD_EVERY)
        return count

    def _tell(self, words: str, severity: SeverityLevel, timeout: float = 6) -> None:
        self._notify(clean(words), severity=severity, markup=False, timeout=timeout)


def _why(error: OSError, path: Path) -> str:
    if isinstance(error, FileExistsError):
        return f"{path} is there already, and nothing is written over"
    return f"{path}: {error.strerror or type(error).__name__}"


def _line(browser: Browser, rows: Rows, row: int) -> str | None:
    """A row as it is written to a file: time, lane where there are several, text."""
    try:
        lane, number = rows.line(row)
        store: LogStore = browser.lanes[lane].store
        text, at = store.text(number), store.at(number)
    except IndexError:
        return None
    which = f"{clean(browser.names[lane])}\t" if browser.shows_several else ""
    return f"{stamp(at)}\t{which}{clean(text, len(text))}\n"
