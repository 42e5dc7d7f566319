"""Handles: what somebody holds on to who wants something watched, and tells the Monitor's wishes by.

Every handle may be used from any thread, waits for no network, and is let go of once, with ``close``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct

from farmwatch.listings.lists import ListObserved, ListTarget
from farmwatch.listings.local_list import LocalList
from farmwatch.logs.lanes import LANES
from farmwatch.monitor.session_watch import SessionWatch
from farmwatch.monitor.update import LogSnapshot, SessionSnapshot, Snapshot
from farmwatch.polling.freshness import Rhythm
from farmwatch.polling.poller import Poller
from farmwatch.polling.target import Target

if TYPE_CHECKING:
    from farmwatch.aws.session_action import SessionAction
    from farmwatch.history.query import HistoryQuery, HistoryView
    from farmwatch.listings.job_finder import FoundJobs, JobFinder
    from farmwatch.listings.queue_counts import QueueCounts, QueueCountsTarget
    from farmwatch.logs.sources import SessionLogs

K = TypeVar("K")


class SessionHandle:
    """A session that is watched. Handles of one session share one rhythm: a wish is for all of them."""

    def __init__(self, watch: SessionWatch, let_go: Callable[[], None]) -> None:
        self.subject = watch.ref
        self._watch = watch
        self._let_go = let_go
        self._is_attended = False
        self.is_open = True
        """Whether it has not been let go of."""

    @property
    def snapshot(self) -> SessionSnapshot:
        """What is known now."""
        return self._watch.snapshot()

    @property
    def rhythm(self) -> Rhythm:
        """How often the session is asked for, and when next."""
        return self.snapshot.rhythm

    @property
    def interval(self) -> timedelta:
        """How often the session is asked for while all is well, as it was wished."""
        return self._watch.interval

    def refresh(self) -> None:
        """Ask at once, be it paused, final or waiting out a fault."""
        self._watch.refresh()

    def pause(self, *, paused: bool) -> None:
        """Stop asking, or go on."""
        self._watch.pause(paused=paused)

    def set_interval(self, interval: timedelta) -> None:
        """How often to ask for the session while all is well, 1 s to 1 h."""
        self._watch.set_interval(interval)

    def attend(self, *, attended: bool) -> None:
        """Whether somebody looks at it just now: then its actions are asked for more often while one runs."""
        if self.is_open and attended != self._is_attended:
            self._is_attended = attended
            self._watch.attend(attended=attended)

    def want_canceled_by(self, action: SessionAction) -> None:
        """Ask too what is above a canceled action: it may tell who wanted that."""
        self._watch.want_canceled_by(action)

    def read_logs(self, lanes: tuple[int, ...] = LANES) -> LogsHandle:
        """Read the session's log (0), its worker's (1) or both, for as long as that handle is held."""
        return LogsHandle(self._watch, lanes)

    def close(self) -> None:
        """Let go of it. A watch that nobody holds ends."""
        if self.is_open:
            self.attend(attended=False)
            self.is_open = False
            self._let_go()


class LogsHandle:
    """Logs of a session, being read. What has been read of them is kept as long as the session is watched.

    The lines are in stores that grow while they are looked at; whoever reads calls `bring_up_to_date` with
    every update of the session, always in one thread.
    """

    def __init__(self, watch: SessionWatch, lanes: tuple[int, ...]) -> None:
        self.subject = watch.ref
        self._watch = watch
        self._lanes = lanes
        self._is_open = True
        watch.start_reading(lanes)

    @property
    def logs(self) -> SessionLogs:
        """What has been read of them."""
        return self._watch.logs

    def bring_up_to_date(self) -> None:
        """Take note of what is known of the session by now: where its logs are, and its actions."""
        self._watch.bring_logs_up_to_date()

    def find(self) -> None:
        """Take note of where the logs are, by now; from any thread, for whoever needs no more of them than
        the lines."""
        self._watch.find_logs()

    def snapshot(self, lane: int) -> LogSnapshot:
        """What is known now of one of them."""
        return self._watch.log_snapshot(lane)

    def want_time(self, lane: int, at: float, *, at_once: bool = False) -> bool:
        """Read a log back until this time (milliseconds; minus infinity: all); whether that takes asking."""
        return self._watch.want_time(lane, at, at_once=at_once)

    def want_lines(self, lane: int, number: int) -> bool:
        """Read a log back until this line is there; whether that takes asking."""
        return self._watch.want_lines(lane, number)

    def close(self) -> None:
        """Stop reading them, unless another handle goes on."""
        if self._is_open:
            self._is_open = False
            self._watch.stop_reading(self._lanes)


class Look(Struct, eq=False):
    """A target that one alone follows: what the Monitor and its handle share of it."""

    subject: Hashable
    poller: Poller
    target: Target
    let_go: Callable[[], None]
    rhythm: Rhythm | None = None


class LookHandle:
    """Something that is followed for this one alone."""

    def __init__(self, look: Look) -> None:
        self.look = look

    @property
    def subject(self) -> Hashable:
        """By what its updates are known."""
        return self.look.subject

    @property
    def snapshot(self) -> Snapshot:
        """What is known now."""
        target = self.look.target
        return Snapshot(target.observed, self.look.rhythm or Rhythm(target.schedule.interval))

    @property
    def rhythm(self) -> Rhythm:
        """How often it is asked for, and when next."""
        return self.snapshot.rhythm

    def refresh(self) -> None:
        """Ask at once."""
        self.look.poller.now(self.look.target.key)

    def pause(self, *, paused: bool) -> None:
        """Stop asking, or go on."""
        self.look.poller.pause(self.look.target.key, paused)

    def rest(self) -> None:
        """Ask for nothing until it is woken; what is known stays."""
        self.look.poller.drop(self.look.target.key)

    def wake(self) -> None:
        """Ask at once, and go on."""
        self.look.poller.follow(self.look.target)

    def close(self) -> None:
        """Let go of it."""
        self.look.let_go()


class ListHandle(LookHandle, Generic[K]):
    """A list that somebody looks at."""

    def __init__(self, look: Look, target: ListTarget[Any] | LocalList[Any]) -> None:
        super().__init__(look)
        self._list = target

    @property
    def observed(self) -> ListObserved[Any]:
        """The list as it is known now."""
        return self._list.observed

    def want(self, rows: int) -> None:
        """Load until there are so many rows, or no more."""
        self._list.want(rows)
        self.refresh_within(0)

    def look_at(self, keys: Iterable[str]) -> None:
        """These rows are in sight: they are kept fresh."""
        self._list.look_at(keys)

    def look_everywhere(self) -> None:
        """What a list of sessions shows besides is wanted of every row, in sight or not."""
        self._list.look_everywhere()

    def refresh_within(self, seconds: float) -> None:
        """Ask not later than in so many seconds, if it is asked for at all."""
        self.look.poller.soon(self._list.key, seconds)


class JobFinderHandle(LookHandle):
    """A search for jobs in all queues of a farm."""

    def __init__(self, look: Look, target: JobFinder) -> None:
        super().__init__(look)
        self._finder = target

    @property
    def observed(self) -> FoundJobs:
        """What was found so far."""
        return self._finder.observed

    def look_for(self, text: str) -> None:
        """What the names are to have in them from now on."""
        self._finder.look_for(text)
        self.refresh()


class QueueCountsHandle(LookHandle):
    """The tasks of the queues of a farm that are in sight, being counted."""

    def __init__(self, look: Look, target: QueueCountsTarget) -> None:
        super().__init__(look)
        self._counts = target

    @property
    def observed(self) -> QueueCounts:
        """What was counted so far."""
        return self._counts.observed

    def look_at(self, queue_ids: Iterable[str], within: float) -> None:
        """These queues are in sight: they are counted, the first within so many seconds. After a fault it is
        the rule for faults that says when."""
        self._counts.look_at(queue_ids)
        if self.observed.fault is None:
            self.look.poller.soon(self._counts.key, within)

    def refresh(self) -> None:
        """Count all of them anew, at once."""
        self._counts.recount()
        super().refresh()


class HistoryHandle(LookHandle):
    """A look at the history."""

    def __init__(self, look: Look, target: HistoryQuery) -> None:
        super().__init__(look)
        self._review = target

    @property
    def observed(self) -> HistoryView:
        """What the history tells, as it was read last."""
        return self._review.observed

    def choose(self, since: datetime | None) -> None:
        """Look back to another time; ``None`` for where it was marked as seen."""
        self._review.choose(since)
        self.refresh()

    def mark_seen(self, at: datetime) -> None:
        """Look back to ``at`` from now on, whenever the history is opened."""
        self._review.mark_seen(at)
        self.refresh()
