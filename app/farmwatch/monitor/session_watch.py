"""One session that is watched: GetSession, its actions, their errors and its logs, as one thing."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from farmwatch.monitor.update import LogRef, LogSnapshot, SessionSnapshot
from farmwatch.polling.freshness import Rhythm
from farmwatch.polling.poller import Poller
from farmwatch.polling.target import TargetUpdate
from farmwatch.sessions.actions import ActionsTarget
from farmwatch.sessions.tracker import SessionTarget

if TYPE_CHECKING:
    from farmwatch.aws.session_action import SessionAction
    from farmwatch.logs.cancellation import CancellationTarget
    from farmwatch.logs.sources import SessionLogs
    from farmwatch.logs.tail import LogTail


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
        self._poller = poller
        self._session = session
        self._actions = actions
        self._canceled: dict[str, CancellationTarget] = {}
        self._make_logs = make_logs
        self._logs: SessionLogs | None = None
        self._readers: Counter[int] = Counter()
        self._rhythms: dict[str, Rhythm] = {}
        self._attended_by = 0
        self._actions_wanted_by = 0
        self._finding = threading.Lock()

    # --- following ------------------------------------------------------------------------------------

    @property
    def keys(self) -> list[str]:
        """The keys of all that is followed for it now."""
        actions = [self._actions.key] if self._actions_wanted_by else []
        parts = (*self._canceled.values(), *self._read_tails())
        return [self._session.key, *actions, *(one.key for one in parts)]

    def _read_tails(self) -> list[LogTail]:
        tails = {} if self._logs is None else self._logs.tails
        return [tail for lane, tail in tails.items() if self._readers[lane]]

    def start(self) -> None:
        """Ask about it from now on, at once; for its actions where they are wanted."""
        self._poller.follow(self._session)
        if self._actions_wanted_by:
            self._poller.follow(self._actions)

    def want_actions(self, *, wanted: bool) -> None:
        """One more, or one less, wants to know its actions: they take two calls a look."""
        self._actions_wanted_by += 1 if wanted else -1
        if not self._actions_wanted_by:
            self._poller.drop(self._actions.key)

    def stop(self) -> None:
        """Ask nothing more about it, its actions and its logs; what is known stays."""
        for key in self.keys:
            self._poller.drop(key)

    def take(self, update: TargetUpdate) -> None:
        """Take note of how a part of it is polled."""
        self._rhythms[update.key] = update.rhythm

    # --- snapshots ------------------------------------------------------------------------------------

    def snapshot(self) -> SessionSnapshot:
        """What is known now of the session, its actions, and who has canceled which."""
        return SessionSnapshot(
            self.ref,
            self._session.observed,
            self._actions.observed,
            {action_id: one.observed for action_id, one in self._canceled.items()},
            self._rhythm(self._session.key, self._session.schedule.interval),
            self._rhythm(self._actions.key, self._actions.schedule.interval),
        )

    def log_snapshot(self, lane: int) -> LogSnapshot:
        """What is known now of the session's log (lane 0) or its worker's (1)."""
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
        """Ask at once about all that is followed for it, be it paused, final or waiting out a fault."""
        for key in self.keys:
            self._poller.now(key)

    def pause(self, *, paused: bool) -> None:
        """Stop asking about all that is followed for it, or go on."""
        for key in self.keys:
            self._poller.pause(key, paused)

    def attend(self, *, attended: bool) -> None:
        """One more, or one less, looks at it."""
        self._attended_by += 1 if attended else -1
        self._actions.somebody_looks = self._attended_by > 0

    def set_interval(self, interval: timedelta) -> None:
        """How often to ask for the session while all is well; its actions and logs have other rhythms."""
        self._poller.set_interval(self._session.key, interval)

    @property
    def interval(self) -> timedelta:
        """How often the session is asked for while all is well, as it was wished."""
        return self._session.schedule.interval

    def want_canceled_by(self, action: SessionAction) -> None:
        """Ask too what is above a canceled action, until it is known: it may tell who wanted that."""
        from farmwatch.logs.cancellation import CancellationTarget

        if action.action_id not in self._canceled:
            target = CancellationTarget(self.ref, action)
            # A new one every time: other threads look through it.
            self._canceled = {**self._canceled, action.action_id: target}
            self._poller.follow(target)

    # --- logs: made, and brought up to date, by whoever reads them, in their thread -------------------------

    @property
    def logs(self) -> SessionLogs:
        """Both logs with what has been read of them, from when somebody first wanted to read."""
        if self._logs is None:
            self._logs = self._make_logs()
        return self._logs

    def bring_logs_up_to_date(self) -> None:
        """Take note of where the logs are, and of the session's actions, as they are known now."""
        self.find_logs()
        self.logs.know(self._actions.observed.actions)

    def find_logs(self) -> None:
        """Take note of where the logs are, by now; from any thread."""
        session, logs = self._session.observed.session, self.logs
        if session is None:
            return
        with self._finding:
            for tail in logs.take(session):
                lane = logs.lane_of(tail.key)
                if lane is not None and self._readers[lane]:
                    self._poller.follow(tail)

    def start_reading(self, lanes: Iterable[int]) -> None:
        """One more reads these lanes: each is followed as soon as it is known where its log is."""
        for lane in lanes:
            self._readers[lane] += 1
            tail = self.logs.tails.get(lane)
            if tail is not None:
                self._poller.follow(tail)
        self.bring_logs_up_to_date()

    def stop_reading(self, lanes: Iterable[int]) -> None:
        """One less reads these lanes. What nobody reads is no longer asked for; what was read is kept."""
        for lane in lanes:
            self._readers[lane] -= 1
            tail = self.logs.tails.get(lane)
            if tail is not None and not self._readers[lane]:
                self._poller.drop(tail.key)

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
