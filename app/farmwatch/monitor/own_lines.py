"""Waiting for a line of a session's log, or of the logs of many: from when it was asked for until they are
over."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from farmwatch.aws.cleaning import clean
from farmwatch.aws.model import Fault, SessionRef
from farmwatch.logs.lanes import SESSION
from farmwatch.logs.patterns import lasting_query, matches
from farmwatch.logs.scan import Scan
from farmwatch.logs.sources import Unread
from farmwatch.logs.times import milliseconds, moment
from farmwatch.monitor.asked import TURNS
from farmwatch.polling.schedule import LASTING

if TYPE_CHECKING:
    from farmwatch.logs.store import LogStore, Stretch
    from farmwatch.monitor.handles import SessionHandle
    from farmwatch.monitor.update import SessionSnapshot

SLICES = 4
"""Runs of about 1 MiB that are gone through in one look: who looks has other things to do."""

LONGEST_SHOWN = 300

LATE = timedelta(minutes=2)
"""How much later than others a line may arrive, and still be looked at in the next turn of its log."""

SHORTEST_TURN, LONGEST_TURN = timedelta(seconds=10), timedelta(seconds=60)
"""How long a log is read where others wait for their turns: until it is read to its end. Each takes a call
for its session and some for its log, so that what all of them cost has a bound, however many there are."""


class Outcome(Struct, frozen=True):
    """What came of it in ``words``, the line where one matched, else why none did, and when."""

    words: str
    text: str
    at: datetime
    is_match: bool = False


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
        self.read_until: datetime | None = None
        """The time of the newest line, where all there were at ``read_at`` are gone through."""
        self.read_at: datetime | None = None

    def look(self, snapshot: SessionSnapshot) -> tuple[Fault | None, Outcome | None]:
        """Why the log cannot be read just now, if so; and what came of it, if it is known by now."""
        self._reading.find()
        log = self._reading.snapshot(SESSION)
        fault = snapshot.session.fault
        if log.log is None:
            if snapshot.session.is_final and log.found.unread not in (None, Unread.UNKNOWN):
                return fault, self._none("its log cannot be read", log.found.unread.value, snapshot)
            return fault, None
        self._reading.want_time(SESSION, self._since)
        fault = log.log.fault or fault
        is_through = self._go_through(self._reading.logs.tails[SESSION].store)
        line = self._first_match()
        if line is not None:
            return fault, line
        if log.log.drained and not log.log.filling and is_through:
            newest_at, self.read_at = log.log.newest_at, log.log.seen_at
            self.read_until = (None if newest_at is None else moment(newest_at)) or self._since_at
        if log.log.over and not log.log.filling and is_through:
            return fault, self._none("no line matched", "its log is read to the end", snapshot)
        if snapshot.session.is_final and log.log.fault is not None and log.log.fault.kind in LASTING:
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
                return Outcome(words, clean(line, LONGEST_SHOWN), moment(at) or self._since_at, is_match=True)
        return None

    def close(self) -> None:
        """Stop reading the log for it."""
        self._reading.close()


class _Turn(Struct):
    handle: SessionHandle
    lines: LineWatch
    since: datetime
    began_at: datetime

    @property
    def is_through(self) -> bool:
        """Whether the log was read to its end since the turn began: what was known is there at once."""
        return self.lines.read_at is not None and self.lines.read_at >= self.began_at

    def close(self) -> None:
        self.lines.close()
        self.handle.close()


class LinesOfMany:
    """Goes through the logs of many sessions, of so many at a time (`TURNS`): one that is read as far as it
    goes makes room for the one that has waited longest, and is read on from there when its turn comes again.
    May be used from any thread."""

    def __init__(self, watch: Callable[[SessionRef], SessionHandle], pattern: str, since: datetime) -> None:
        """``watch`` holds on to a session, ``pattern`` is one that `lasting_query` takes."""
        self._watch = watch
        self._pattern = pattern
        self._since = since
        self._turns: dict[SessionRef, _Turn] = {}
        self._next: deque[tuple[SessionRef, datetime]] = deque()
        self._known: set[SessionRef] = set()
        self._lock = threading.Lock()
        self._is_open = True

    @property
    def is_done(self) -> bool:
        """Whether all logs that it was told of are over, and gone through."""
        return not self._turns and not self._next

    def look(
        self, sessions: Iterable[SessionRef], now: datetime
    ) -> tuple[Fault | None, tuple[Outcome, SessionRef] | None]:
        """Look at the logs of these sessions, and of those it was told of before. Why none can be read just
        now, if so; and the line that matched, with its session."""
        with self._lock:
            return self._look(sessions, now) if self._is_open else (None, None)

    def _look(
        self, sessions: Iterable[SessionRef], now: datetime
    ) -> tuple[Fault | None, tuple[Outcome, SessionRef] | None]:
        given = dict.fromkeys(sessions)
        new = [ref for ref in given if ref not in self._known]
        # A wall lets go of thousands of sessions in its weeks.
        self._known = {*given, *self._turns, *(ref for ref, _ in self._next)}
        self._next.extend((ref, self._since) for ref in new)
        while self._next and len(self._turns) < TURNS:
            self._begin(*self._next.popleft(), now)
        faults: list[Fault | None] = []
        for ref, turn in list(self._turns.items()):
            fault, outcome = turn.lines.look(turn.handle.snapshot)
            faults.append(fault)
            if outcome is not None and outcome.is_match:
                return fault, (outcome, ref)
            if outcome is not None:
                self._end(ref)
            elif self._next and now - turn.began_at >= (SHORTEST_TURN if turn.is_through else LONGEST_TURN):
                until = turn.lines.read_until
                self._next.append((ref, turn.since if until is None else max(self._since, until - LATE)))
                self._end(ref)
        return next(iter(faults), None) if all(faults) else None, None

    def _begin(self, ref: SessionRef, since: datetime, now: datetime) -> None:
        handle = self._watch(ref)
        self._turns[ref] = _Turn(handle, LineWatch(handle, self._pattern, since), since, now)

    def _end(self, ref: SessionRef) -> None:
        self._turns.pop(ref).close()

    def close(self) -> None:
        """Stop reading the logs for it."""
        with self._lock:
            self._is_open = False
            for ref in list(self._turns):
                self._end(ref)
            self._next.clear()
