"""Calling an address as long as all is well: a service there tells somebody when that stops."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from msgspec.structs import replace

from farmwatch.config.notify_table import NotifyTable, host_of, secrets_of
from farmwatch.notify.state import TargetState
from farmwatch.notify.webhook import call
from farmwatch.notify.worker import Worker
from farmwatch.polling.clock import Clock

NAME = "heartbeat"

TIMEOUT = 15.0
"""Seconds until such a call is given up."""

LOOK_EVERY = 30.0
"""Seconds until it is tried again after a failure, and looked again whether all is well."""


class Heartbeat:
    """Calls the address of the settings every few minutes, but not while ``trouble`` says, in words, what is
    not as it should be with the watching itself."""

    def __init__(self, table: NotifyTable, clock: Clock, trouble: Callable[[], str]) -> None:
        self.state = TargetState(NAME, "heartbeat", host_of(table.heartbeat_url))
        """How it stands: what was called last, and why it is not called."""
        self._url = table.heartbeat_url
        self._every = timedelta(minutes=table.heartbeat_minutes).total_seconds()
        self._clock = clock
        self._trouble = trouble
        self._due = clock.monotonic() + LOOK_EVERY
        self._worker = Worker("notify-heartbeat", self.run_due, clock)

    def start(self) -> None:
        """Call from now on, in a thread of its own; first once there was time to see whether all is well."""
        self._worker.start()

    def close(self, patience: float) -> None:
        """Call no more."""
        self._worker.end(patience)

    def run_due(self) -> float:
        """Call if it is time; seconds to the next time."""
        now = self._clock.monotonic()
        if now >= self._due and not self._worker.is_ending:
            why = self._trouble() or self.beat()
            at = self._clock.now()
            if why:
                since = self.state.failing_since or at
                self.state = replace(
                    self.state, fault=why, failing_since=since, attempts=self.state.attempts + 1
                )
            else:
                self.state = replace(
                    self.state,
                    fault="",
                    failing_since=None,
                    attempts=0,
                    arrived=self.state.arrived + 1,
                    arrived_at=at,
                )
            self._due = self._clock.monotonic() + (min(LOOK_EVERY, self._every) if why else self._every)
        return max(0.05, self._due - self._clock.monotonic())

    def beat(self) -> str:
        """Call it now; why it was not reached, empty where it was."""
        failure = call(self._url, TIMEOUT, secrets_of((), self._url))
        return "" if failure is None else failure.words
