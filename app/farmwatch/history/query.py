"""Looking back: what happened to the sessions that were watched, since a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault, SessionRef
from farmwatch.history.events import Event, EventKind, Watched
from farmwatch.history.recorder import Recorder
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import RequestBudget, Schedule
from farmwatch.polling.target import PollResult, Target

if TYPE_CHECKING:
    from farmwatch.history.store import History

EVERY = timedelta(seconds=2)
AT_FIRST = timedelta(hours=8)
"""How far before the start of the program to look back where nothing was ever marked as seen: a night."""

MOST = 10_000
"""Entries that are shown at once, the newest of them."""


class SessionHistory(Struct, frozen=True):
    """What happened to one session, oldest first."""

    watched: Watched
    entries: tuple[Event, ...]


def session_histories(
    entries: Iterable[Event], sessions: Mapping[SessionRef, Watched]
) -> list[SessionHistory]:
    """Entries by session; the session with the newest one comes first."""
    by_session: dict[SessionRef, list[Event]] = {}
    for entry in sorted(entries, key=lambda entry: entry.at):
        by_session.setdefault(entry.ref, []).append(entry)
    found = [
        SessionHistory(sessions.get(ref) or Watched(ref), tuple(those)) for ref, those in by_session.items()
    ]
    return sorted(found, key=lambda story: story.entries[-1].at, reverse=True)


def is_failure(entry: Event) -> bool:
    """Whether something failed: an action, an update of the session, a log that cannot be provisioned.

    Not faults of the connection: they are the monitor's, and nothing of the farm. Nor what was interrupted or
    canceled: that is begun again elsewhere, or was meant.
    """
    match entry.kind:
        case EventKind.ACTION:
            return entry.new == "FAILED"
        case EventKind.STATUS:
            return entry.new == "UPDATE_FAILED"
        case EventKind.LOG_ERROR | EventKind.WORKER_LOG_ERROR:
            return entry.new is not None
    return False


class Window(StrEnum):
    """Why it is looked back as far as it is."""

    MARKED = "marked"
    """To where somebody marked everything as seen."""
    CHOSEN = "chosen"
    FIRST = "first"
    """Nothing was ever marked: to some hours before the program was started."""


class HistoryView(Struct, frozen=True):
    """What happened since ``since``, and why since then. ``seen_at`` is when the history was read, ``None``
    while it cannot be; ``cut`` says that there is more than is shown."""

    since: datetime | None = None
    window: Window = Window.FIRST
    session_histories: tuple[SessionHistory, ...] = ()
    seen_at: datetime | None = None
    cut: bool = False
    fault: Fault | None = None


@dataclass
class HistoryQuery(Target):
    """Reads the history again and again. It asks nobody, so it works without a network and a login.

    How far back it looks does not change by being looked at: it is where somebody last marked everything as
    seen, however often, and by however many, the history is opened.
    """

    recorder: Recorder
    since: datetime | None = None
    """The time somebody chose; ``None`` for where it was marked as seen."""

    schedule: Schedule = field(default_factory=lambda: Schedule(EVERY))
    budget: RequestBudget | None = field(default_factory=RequestBudget)
    observed: HistoryView = field(default_factory=HistoryView)
    key: str = "history"
    needs_connection: bool = False
    _marked_at: datetime | None = None
    _has_read_mark: bool = False
    _to_mark: datetime | None = None
    _version: Any = None

    def choose(self, since: datetime | None) -> None:
        """Look back to another time; ``None`` for where it was marked as seen."""
        self.since, self._version = since, None

    def mark_seen(self, at: datetime) -> None:
        """Look back to ``at`` from now on, now and whenever it is opened. Written with the next poll."""
        self._to_mark = at
        self.choose(None)

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:  # noqa: ARG002 - nobody is asked
        """Write the mark that is to be set, and read the file where it has changed. While it cannot be read,
        ``seen_at`` is ``None`` and the rest stays as it was."""
        now = clock.now()
        if not self._mark():
            self.observed = replace(self.observed, seen_at=None)
            return PollResult()
        since, window = self._window()
        waiting = self.recorder.not_saved()
        known = None if waiting else self._version
        read = self.recorder.ask(lambda history: _read(history, since, known))
        if read is None:
            self.observed = replace(self.observed, seen_at=None)
            return PollResult()
        self._version, entries, sessions = read
        if entries is None:
            self.observed = replace(self.observed, seen_at=now)
            return PollResult()
        entries += [entry for entry in waiting if entry.at >= since]
        found_stories = tuple(session_histories(entries, sessions))
        self.observed = HistoryView(since, window, found_stories, now, cut=len(entries) >= MOST)
        return PollResult()

    def _window(self) -> tuple[datetime, Window]:
        if self.since is not None:
            return self.since, Window.CHOSEN
        if self._marked_at is not None:
            return self._marked_at, Window.MARKED
        return self.recorder.begun_at - AT_FIRST, Window.FIRST

    def _mark(self) -> bool:
        """Write the mark that is to be set, and read the one that was, once; whether that was possible."""
        to_mark = self._to_mark
        if to_mark is not None:
            # Even where it cannot be written somebody has seen it all, as long as this screen is there.
            self._marked_at, self._has_read_mark = to_mark, True
            written = self.recorder.ask(lambda history: _write_mark(history, to_mark)) is not None
            # It may have been marked again meanwhile; that is written with the next poll.
            if written and self._to_mark is to_mark:
                self._to_mark = None
        elif not self._has_read_mark:
            found = self.recorder.ask(lambda history: (history.seen_until(),))
            if found is None:
                return False
            (self._marked_at,), self._has_read_mark = found, True
        return True


def _write_mark(history: History, at: datetime) -> bool:
    if not history.read_only:
        history.mark_seen(at)
    return not history.read_only


_Read = tuple[Any, list[Event] | None, dict[SessionRef, Watched]]


def _read(history: History, since: datetime, known: Any) -> _Read:
    """What there is, or ``None`` for its entries where nothing has changed since it was ``known``."""
    version = (since, history.version())
    if known == version:
        return version, None, {}
    return version, history.entries(since=since, limit=MOST), history.sessions()
