"""Looking back: what happened to the sessions that were watched, since a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from farmwatch.cloud.model import Fault, SessionRef
from farmwatch.watch.cadence import Budget, Cadence
from farmwatch.watch.clock import Clock
from farmwatch.watch.entries import Entry, Watched
from farmwatch.watch.history import History
from farmwatch.watch.questions import Questions
from farmwatch.watch.recorder import Recorder
from farmwatch.watch.target import Polled, Target

EVERY = timedelta(seconds=2)
AT_FIRST = timedelta(hours=8)
"""How far back to look where nobody ever has: a night."""

MOST = 10_000
"""Entries that are shown at once, the newest of them."""


@dataclass(frozen=True, slots=True)
class Story:
    """What happened to one session, oldest first."""

    watched: Watched
    entries: tuple[Entry, ...]


def stories(entries: Iterable[Entry], sessions: Mapping[SessionRef, Watched]) -> list[Story]:
    """Entries by session; the session with the newest one comes first."""
    by_session: dict[SessionRef, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.at):
        by_session.setdefault(entry.ref, []).append(entry)
    found = [Story(sessions.get(ref) or Watched(ref), tuple(those)) for ref, those in by_session.items()]
    return sorted(found, key=lambda story: story.entries[-1].at, reverse=True)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What happened since ``since``; ``looked``: that is when somebody last looked. ``seen_at`` is when the
    history was read, ``None`` while it cannot be; ``cut`` says that there is more than is shown."""

    since: datetime | None = None
    looked: bool = False
    stories: tuple[Story, ...] = ()
    seen_at: datetime | None = None
    cut: bool = False
    fault: Fault | None = None


@dataclass
class ReviewTarget(Target):
    """Reads the history again and again. It asks nobody, so it works without a network and a login."""

    recorder: Recorder
    since: datetime | None = None
    """The time somebody chose; ``None`` for the last look."""

    cadence: Cadence = field(default_factory=lambda: Cadence(EVERY))
    budget: Budget | None = field(default_factory=Budget)
    observed: Reviewed = field(default_factory=Reviewed)
    key: str = "history"
    needs_connection: bool = False
    _looked_at: datetime | None = None
    _has_looked: bool = False
    _version: Any = None

    def choose(self, since: datetime | None) -> None:
        """Look back to another time; ``None`` for the last look."""
        self.since, self._version = since, None

    def poll(self, asked: Questions | Fault, clock: Clock) -> Polled:  # noqa: ARG002 - nobody is asked
        now = clock.now()
        if not self._has_looked:
            found = self.recorder.ask(_look(now))
            if found is None:
                self.observed = replace(self.observed, seen_at=None)
                return Polled()
            (self._looked_at,), self._has_looked = found, True
        looked = self.since is None and self._looked_at is not None
        since = self.since or self._looked_at or now - AT_FIRST
        if not looked and self.since is None:
            # The night before the first look does not move on while it is being looked at.
            self.since = since
        waiting = self.recorder.not_saved()
        known = None if waiting else self._version
        read = self.recorder.ask(lambda history: _read(history, since, known))
        if read is None:
            self.observed = replace(self.observed, seen_at=None)
            return Polled()
        self._version, entries, sessions = read
        if entries is None:
            self.observed = replace(self.observed, seen_at=now)
            return Polled()
        entries += [entry for entry in waiting if entry.at >= since]
        found_stories = tuple(stories(entries, sessions))
        self.observed = Reviewed(since, looked, found_stories, now, cut=len(entries) >= MOST)
        return Polled()


_Read = tuple[Any, list[Entry] | None, dict[SessionRef, Watched]]


def _look(now: datetime) -> Any:
    """When somebody last looked, in a tuple because it may be never; from now on it is now."""

    def look(history: History) -> tuple[datetime | None]:
        before = history.looked_at()
        if not history.read_only:
            history.look(now)
        return (before,)

    return look


def _read(history: History, since: datetime, known: Any) -> _Read:
    """What there is, or ``None`` for its entries where nothing has changed since it was ``known``."""
    version = (since, history.version())
    if known == version:
        return version, None, {}
    return version, history.entries(since=since, limit=MOST), history.sessions()
