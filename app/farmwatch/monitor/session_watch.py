"""One session that is watched: GetSession, its actions, their errors and its logs, as one thing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from farmwatch.aws.session_action import SessionAction
from farmwatch.logs.browse import Browser
from farmwatch.logs.sources import SessionLogs
from farmwatch.logs.tail import LogTail
from farmwatch.monitor.update import LogRef, LogSnapshot, SessionSnapshot
from farmwatch.polling.freshness import Rhythm
from farmwatch.polling.poller import Poller
from farmwatch.polling.target import TargetUpdate
from farmwatch.sessions.actions import ActionsTarget
from farmwatch.sessions.tracker import SessionTarget

LANES = (0, 1)
"""The session's log and its worker's."""


class SessionWatch:
    """Follows a session on a poller for as long as it is held; the `Monitor` counts who does.

    Its parts are made by the Monitor. What the end of the session means for each of them is their own
    business: what is final is asked for no more, whoever holds it.
    """

    def __init__(
        self,
        poller: Poller,
        session: SessionTarget,
        actions: ActionsTarget,
        make_logs: Callable[[], SessionLogs],
    ) -> None:
        self.ref = session.ref
        self.holders = 0
        self.readers = 0
        """How many read its logs; they are asked for while anybody does."""
        self._poller = poller
        self._session = session
        self._actions = actions
        self._make_logs = make_logs
        self._logs: SessionLogs | None = None
        self._rhythms: dict[str, Rhythm] = {}
        self._attended_by = 0

    # --- following ------------------------------------------------------------------------------------

    @property
    def keys(self) -> list[str]:
        """The keys of all that is followed for it now."""
        return [self._session.key, self._actions.key, *self._log_keys()]

    def _log_keys(self) -> list[str]:
        return [tail.key for tail in self._tails()] if self.readers else []

    def _tails(self) -> list[LogTail]:
        return [] if self._logs is None else list(self._logs.tails.values())

    def start(self) -> None:
        self._poller.follow(self._session)
        self._poller.follow(self._actions)

    def stop(self) -> None:
        for key in self.keys:
            self._poller.drop(key)

    def take(self, news: TargetUpdate) -> list[LogTail]:
        """Take news about it; the tails of logs that are new by it and are to be followed."""
        self._rhythms[news.key] = news.rhythm
        session = self._session.observed.session
        if news.key == self._session.key and session is not None and self._logs is not None:
            return self._logs.take(session)
        return []

    # --- snapshots ------------------------------------------------------------------------------------

    def snapshot(self) -> SessionSnapshot:
        return SessionSnapshot(
            self.ref,
            self._session.observed,
            self._actions.observed,
            self._rhythm(self._session.key, self._session.schedule.interval),
            self._rhythm(self._actions.key, self._actions.schedule.interval),
        )

    def log_snapshot(self, lane: int) -> LogSnapshot:
        logs = self.logs
        tail = logs.tails.get(lane)
        if tail is None:
            return LogSnapshot(LogRef(self.ref, lane), logs.found[lane], None, Rhythm(timedelta(0)))
        rhythm = self._rhythm(tail.key, tail.schedule.interval)
        return LogSnapshot(LogRef(self.ref, lane), logs.found[lane], tail.observed, rhythm)

    def lane_of(self, key: str) -> int | None:
        """Whose tail has that key."""
        return None if self._logs is None else self._logs.lane_of(key)

    def _rhythm(self, key: str, interval: timedelta) -> Rhythm:
        return self._rhythms.get(key) or Rhythm(interval)

    # --- wishes ---------------------------------------------------------------------------------------

    def refresh(self) -> None:
        for key in self.keys:
            self._poller.now(key)

    def pause(self, paused: bool) -> None:
        for key in self.keys:
            self._poller.pause(key, paused)

    def attend(self, attended: bool) -> None:
        """One more, or one less, looks at it."""
        self._attended_by += 1 if attended else -1
        self._actions.somebody_looks = self._attended_by > 0

    def set_interval(self, interval: timedelta) -> None:
        self._poller.set_interval(self._session.key, interval)

    @property
    def interval(self) -> timedelta:
        """How often the session is asked for while all is well, as it was wished."""
        return self._session.schedule.interval

    # --- logs -----------------------------------------------------------------------------------------

    @property
    def logs(self) -> SessionLogs:
        """Both logs with what has been read of them, from when somebody first wanted to read."""
        if self._logs is None:
            self._logs = self._make_logs()
            session = self._session.observed.session
            if session is not None:
                self._logs.take(session)
        return self._logs

    def start_reading(self) -> None:
        self.readers += 1
        if self.readers == 1:
            # Made here, where nobody has wanted them before.
            for tail in self.logs.tails.values():
                self._poller.follow(tail)

    def stop_reading(self) -> None:
        if self.readers == 1:
            for key in self._log_keys():
                self._poller.drop(key)
        self.readers -= 1

    @property
    def browser(self) -> Browser:
        return self.logs.browser

    def want_time(self, lane: int, at: float, *, at_once: bool = False) -> bool:
        """Read a log back until this time (milliseconds; minus infinity: all); whether that takes asking."""
        return self._want(lane, lambda tail: tail.want_time(at), at_once=at_once)

    def want_lines(self, lane: int, number: int) -> bool:
        """Read a log back until this line is there; whether that takes asking."""
        return self._want(lane, lambda tail: tail.want_lines(number), at_once=True)

    def _want(self, lane: int, want: Callable[[LogTail], bool], *, at_once: bool) -> bool:
        tail = self.logs.tails.get(lane)
        if tail is None or tail.observed.seen_at is None or not want(tail):
            return False
        if at_once:
            self._poller.now(tail.key)
        else:
            self._poller.soon(tail.key, 0)
        return True

    def line_of(self, action: SessionAction) -> int | None:
        """The first line of an action in the session's log, as far as it is read."""
        return self.logs.line_of(action, self._actions.observed.actions)
