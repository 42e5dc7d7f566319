"""What a command without a screen watches, and what comes in of it."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Mapping
from datetime import datetime

from farmwatch.aws.model import SessionRef
from farmwatch.config.state import StateFile
from farmwatch.listings.discovery import Discovered, JobRef, QueueRef
from farmwatch.monitor.handles import SessionHandle
from farmwatch.monitor.marks import Marks
from farmwatch.monitor.monitor import Monitor
from farmwatch.monitor.session_set import SessionSetHandle
from farmwatch.monitor.update import SessionSnapshot, Update
from farmwatch.polling.clock import Clock
from farmwatch.polling.freshness import freshness

KEPT_WAITING = 50_000
"""Updates that wait for a reader who is slow; beyond it the oldest go, and a ``gap`` tells of it."""

MARKS_READ_EVERY = 5.0
"""Seconds between two looks at what is marked."""

Wanted = SessionRef | JobRef | QueueRef


class Inbox:
    """Updates on their way from the pollers' threads to the one that tells of them; no poller ever waits."""

    def __init__(self, clock: Clock) -> None:
        self.lost = 0
        self._clock = clock
        self._updates: deque[Update] = deque()
        self._changed = threading.Condition()
        self._is_stopped = False

    def put(self, update: Update) -> None:
        """Add an update, from any thread. Where too many wait the oldest goes, and counts as lost."""
        with self._changed:
            self._updates.append(update)
            if len(self._updates) > KEPT_WAITING:
                self._updates.popleft()
                self.lost += 1
            self._changed.notify()

    def stop(self) -> None:
        """Wake up whoever waits: it is to end."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` was called: whoever takes from here is to end."""
        return self._is_stopped

    def take(self, seconds: float) -> tuple[list[Update], int]:
        """What has come in, waiting for it so long at most; and how many were lost since the last time."""
        with self._changed:
            if seconds > 0 and not self._updates and not self._is_stopped:
                self._clock.wait(self._changed, seconds)
            taken, self._updates = list(self._updates), deque()
            lost, self.lost = self.lost, 0
            return taken, lost


class CommandWatch:
    """What is watched by one command, until it ends; a subclass says what."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.inbox = Inbox(monitor.clock)
        monitor.subscribe(self.inbox.put)

    @property
    @abstractmethod
    def wanted(self) -> Wanted | None:
        """The one thing that is watched; ``None`` where there are several."""

    @property
    @abstractmethod
    def sessions(self) -> Mapping[SessionRef, SessionSnapshot]:
        """Every session that is watched, as it is known now."""

    @property
    @abstractmethod
    def discovered(self) -> tuple[Discovered, ...]:
        """What was found of the sessions of each job or queue that is watched."""

    @abstractmethod
    def is_over(self) -> bool:
        """Whether all of it has ended, and nothing new is to be expected."""

    def keep_up(self) -> None:
        """Called once a second at least: what is to be watched may be other than before."""

    def is_fresh(self, now: datetime) -> bool:
        """Whether everything that is watched is live, or final."""
        if any(found.seen_at is None or found.fault is not None for found in self.discovered):
            return False
        return all(
            freshness(
                snapshot.rhythm,
                seen_at=snapshot.session.seen_at,
                fault=snapshot.session.fault,
                final=snapshot.session.is_final,
                now=now,
            ).is_fresh
            for snapshot in self.sessions.values()
        )


class Watching(CommandWatch):
    """A session, all sessions of a job, or the active ones of a queue."""

    def __init__(self, monitor: Monitor, wanted: Wanted) -> None:
        super().__init__(monitor)
        self._wanted = wanted
        self._handle: SessionHandle | SessionSetHandle = (
            monitor.watch_session(wanted)
            if isinstance(wanted, SessionRef)
            else monitor.watch_session_set(wanted)
        )

    @property
    def wanted(self) -> Wanted:
        """What is watched."""
        return self._wanted

    @property
    def sessions(self) -> Mapping[SessionRef, SessionSnapshot]:
        """Every session that is watched, as it is known now."""
        if isinstance(self._handle, SessionSetHandle):
            return self._handle.sessions
        return {self._handle.subject: self._handle.snapshot}

    @property
    def discovered(self) -> tuple[Discovered, ...]:
        """What was found of a job's or a queue's sessions; nothing where one session alone is watched."""
        return (self._handle.discovered,) if isinstance(self._handle, SessionSetHandle) else ()

    def is_over(self) -> bool:
        """Whether all of it has ended, and nothing new is to be expected."""
        if isinstance(self._handle, SessionSetHandle):
            return self._handle.is_over
        return self._handle.snapshot.is_final


class WatchingMarks(CommandWatch):
    """Everything that is marked, also what comes to be while it is watched."""

    def __init__(self, monitor: Monitor, file: StateFile) -> None:
        super().__init__(monitor)
        self._marks = Marks(monitor, file)
        self._marks.take_up()
        self._looked_at = monitor.clock.monotonic()

    @property
    def wanted(self) -> None:
        """There may be many."""
        return

    @property
    def sessions(self) -> Mapping[SessionRef, SessionSnapshot]:
        """Every session that is watched, as it is known now."""
        return self._marks.sessions()

    @property
    def discovered(self) -> tuple[Discovered, ...]:
        """What was found of the sessions of each job that is marked."""
        return self._marks.discovered()

    @property
    def unwatched(self) -> tuple[str, ...]:
        """The connections of marks that cannot be watched."""
        return self._marks.unwatched

    def is_fresh(self, now: datetime) -> bool:
        """Whether everything that is marked is live, or final; what cannot be watched is not."""
        return not self._marks.unwatched and super().is_fresh(now)

    def is_over(self) -> bool:
        """Whether nothing is marked any more that has not ended."""
        return not self._marks.count

    def keep_up(self) -> None:
        """Read the marks again now and then: they may be set in a program with screens."""
        now = self.monitor.clock.monotonic()
        if now - self._looked_at >= MARKS_READ_EVERY:
            self._looked_at = now
            self._marks.take_up()
