"""Waiting for a line of a session's log: from when it was asked for until the log is over."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from farmwatch.aws.cleaning import clean
from farmwatch.aws.model import Fault
from farmwatch.logs.lanes import SESSION
from farmwatch.logs.patterns import lasting_query, matches
from farmwatch.logs.scan import Scan
from farmwatch.logs.sources import Unread
from farmwatch.logs.times import milliseconds, moment
from farmwatch.polling.schedule import LASTING

if TYPE_CHECKING:
    from farmwatch.logs.store import LogStore, Stretch
    from farmwatch.monitor.handles import SessionHandle
    from farmwatch.monitor.update import SessionSnapshot

SLICES = 4
"""Runs of about 1 MiB that are gone through in one look: who looks has other things to do."""

LONGEST_SHOWN = 300


class Outcome(Struct, frozen=True):
    """What came of it in ``words``, the line where one matched, else why none did, and when."""

    words: str
    text: str
    at: datetime


class LineWatch:
    """Reads a session's log, and goes through what was written since it was asked for. Looked at by one
    thread at a time."""

    def __init__(self, handle: SessionHandle, pattern: str, since: datetime) -> None:
        """``pattern`` is one that `lasting_query` takes."""
        self._query = lasting_query(pattern)
        self._pattern = pattern
        self._since_at = since
        self._since = milliseconds(since)
        self._reading = handle.read_logs((SESSION,))
        self._store: LogStore | None = None
        self._scan: Scan | None = None

    def look(self, snapshot: SessionSnapshot) -> tuple[Fault | None, Outcome | None]:
        """Why the log cannot be read just now, if so; and what came of it, if it is known by now."""
        self._reading.find()
        log = self._reading.snapshot(SESSION)
        fault = snapshot.session.fault
        if log.log is None:
            if snapshot.is_final and log.found.unread not in (None, Unread.UNKNOWN):
                return fault, self._none("its log cannot be read", log.found.unread.value, snapshot)
            return fault, None
        self._reading.want_time(SESSION, self._since)
        fault = log.log.fault or fault
        is_through = self._go_through(self._reading.logs.tails[SESSION].store)
        line = self._first_match()
        if line is not None:
            return fault, line
        if log.log.over and not log.log.filling and is_through:
            return fault, self._none("no line matched", "its log is read to the end", snapshot)
        if snapshot.is_final and log.log.fault is not None and log.log.fault.kind in LASTING:
            return fault, self._none("its log cannot be read", log.log.fault.sentence, snapshot)
        return fault, None

    def _none(self, words: str, why: str, snapshot: SessionSnapshot) -> Outcome:
        session = snapshot.session.session
        ended_at = None if session is None else session.ended_at
        asked = f"asked for {clean(self._pattern, LONGEST_SHOWN)}"
        return Outcome(f"it has ended: {words}", f"{asked}; {why}", ended_at or self._since_at)

    def _go_through(self, store: LogStore) -> bool:
        """Go on through the lines; whether all there are were gone through."""
        if self._scan is None or store is not self._store:
            self._store = store
            self._scan = Scan(store, self._find, store.first)
        for _ in range(SLICES):
            if self._scan.is_done:
                return True
            self._scan.advance()
        return self._scan.is_done

    def _find(self, stretch: Stretch) -> list[int]:
        lines = stretch.text.decode().split("\n")
        lines.pop()
        return [
            number
            for number, line in enumerate(lines, stretch.first)
            if matches(self._query, line) and self._is_new(number)
        ]

    def _is_new(self, number: int) -> bool:
        # One that is not kept any more is nobody's.
        with suppress(IndexError):
            return self._store is not None and self._store.at(number) >= self._since
        return False

    def _first_match(self) -> Outcome | None:
        if self._scan is None or self._store is None:
            return None
        for number in self._scan.found:
            with suppress(IndexError):
                line, at = self._store.text(number), self._store.at(number)
                words = f"a line matched {clean(self._pattern, LONGEST_SHOWN)}"
                return Outcome(words, clean(line, LONGEST_SHOWN), moment(at) or self._since_at)
        return None

    def close(self) -> None:
        """Stop reading the log for it."""
        self._reading.close()
