"""What a wall writes down of what it sees, before it is told and shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from farmwatch.history.events import Event, NoRecords, Records, Watched
from farmwatch.wall.entry import Entry
from farmwatch.wall.names import Names
from farmwatch.wall.surroundings import Surroundings

WRITTEN_EVERY = 1.0
"""Seconds after which what a refresh has seen is written down before it is over: of thousands of sessions
hundreds of changes go into one commit."""


class Notes:
    """Collects what changed until it is written down, with the names that the sessions go by."""

    def __init__(self, records: Records | None, names: Names, surroundings: Surroundings) -> None:
        self._records = records or NoRecords()
        self._names = names
        self._surroundings = surroundings
        self._events: list[Event] = []
        self._changed: dict[str, Entry] = {}
        self._written_at = float("-inf")

    def remember(self, entries: Iterable[Entry]) -> None:
        """Have those that are new begin with what the history knows of them."""
        strangers = [entry for entry in entries if not entry.knows_its_past]
        if strangers:
            past = self._records.past([entry.row.ref for entry in strangers])
            for entry in strangers:
                entry.remember(past[entry.row.ref])

    def take(self, entry: Entry, events: Sequence[Event]) -> None:
        """Take what is to be written down of a session."""
        if events:
            self._events += events
            self._changed[entry.row.ref.session_id] = entry

    def is_due(self, now: float) -> bool:
        """Whether it is time to write (seconds of the clock's ``monotonic``)."""
        return now >= self._written_at + WRITTEN_EVERY

    def write(self, now: float, at: datetime) -> tuple[Event, ...]:
        """Write down what was taken since it was done last; that, now that it may be told."""
        self._written_at = now
        if not self._events:
            return ()
        events, self._events = tuple(self._events), []
        changed, self._changed = self._changed, {}
        self._records.record(events, self._watched(changed.values(), at))
        return events

    def saw(self, entries: Iterable[Entry], at: datetime) -> None:
        """Note that these were seen, whether anything of them has changed or not."""
        self._records.record((), self._watched(entries, at))

    def _watched(self, entries: Iterable[Entry], at: datetime) -> list[Watched]:
        job, watched = self._names.job, self._surroundings.watched
        return [watched(row, job(row.ref.job_id), at) for row in [entry.row for entry in entries]]
