"""Delivering messages to a target: tried until they arrive, for a day, and kept in the history until then."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from farmwatch.alerts.alert import NoticeKind
from farmwatch.config.notify_table import TargetTable
from farmwatch.history.kept_messages import KeptMessage, adopt, drop, enlist
from farmwatch.notify.message import Message, as_json
from farmwatch.notify.state import TargetState
from farmwatch.notify.targets import Send, sender_of, wants
from farmwatch.notify.worker import Worker
from farmwatch.polling.clock import Clock

T = TypeVar("T")

AGAIN = (5.0, 300.0)
"""Seconds until it is tried again: at first, and at the most."""

GIVEN_UP_AFTER = timedelta(hours=24)
"""After how long nobody wants to know any more."""

MOST_WAITING = 1000
"""Messages that wait for one target; beyond it the oldest are given up."""

HELD_FOR = timedelta(minutes=3)
"""For how long what waits is this program's, should it die."""

HELD_AGAIN = 60.0
"""Seconds: how often that is renewed, and what others have left is taken over."""

Keep = Callable[[Callable[[sqlite3.Connection], object]], object]
"""Does something with the history's file in a transaction; ``None`` where that cannot be."""


class _Waiting(Struct):
    """A message that has not arrived; tried again at ``due`` of the clock's seconds."""

    message: Message
    at: datetime
    due: float = 0.0
    attempts: int = 0
    is_kept: bool = False


class Delivery:
    """What one target is told. It never waits for another one: each has a thread of its own.

    ``keep`` is the way to the history's file; ``owner`` tells the programs apart that share it. Without
    `start` all is done in the thread that calls `run_due`.
    """

    def __init__(
        self, name: str, target: TargetTable, clock: Clock, keep: Keep, owner: str, send: Send | None = None
    ) -> None:
        self.name = name
        self.target = target
        self.send = send or sender_of(target)
        """Sends a message at once, past all that waits."""
        self._clock = clock
        self._keep = keep
        self._owner = owner
        self._lock = threading.Lock()
        self._news: deque[Message] = deque()
        self._waiting: dict[str, _Waiting] = {}
        self._state = TargetState(name, target.kind, target.where)
        self._gate = self._hold_at = float("-inf")
        self._worker = Worker(f"notify-{name}", self.run_due, clock)

    def start(self) -> None:
        """Deliver in a thread of its own from now on."""
        self._worker.start()

    def put(self, message: Message) -> None:
        """Have it delivered if the target is told of such things; returns at once, from any thread."""
        if wants(self.target, message):
            with self._lock:
                self._news.append(message)
            self._worker.wake()

    @property
    def state(self) -> TargetState:
        """How it stands now."""
        with self._lock:
            waiting, news = list(self._waiting.values()), list(self._news)
            state = self._state
        since = [one.at for one in waiting] + [one.at for one in news]
        return replace(
            state,
            waiting=len(since),
            oldest_at=min(since, default=None),
            next_at=self._next_at() if waiting and state.fault else None,
            is_kept=all(one.is_kept for one in waiting) and not news,
        )

    def close(self, patience: float) -> None:
        """Begin no more, and keep what waits for the next time."""
        self._worker.end(patience)
        self._take_news()

    # --- the thread ---------------------------------------------------------------------------------------

    def run_due(self) -> float | None:
        """Do all that is due; seconds to the next, ``None`` where nothing waits."""
        self._hold()
        self._take_news()
        self._give_up_old()
        while not self._worker.is_ending and (one := self._due()) is not None:
            self._try(one)
            self._take_news()
        with self._lock:
            dues = [one.due for one in self._waiting.values()]
        now = self._clock.monotonic()
        next_try = max(min(dues), self._gate) if dues else float("inf")
        return max(0.05, min(next_try, self._hold_at + HELD_AGAIN) - now)

    def _due(self) -> _Waiting | None:
        """The message to be tried now: of those that are due the one tried least, that waits longest."""
        now = self._clock.monotonic()
        if now < self._gate:
            return None
        with self._lock:
            due = [one for one in self._waiting.values() if one.due <= now]
        return min(due, key=lambda one: (one.attempts, one.at), default=None)

    def _try(self, one: _Waiting) -> None:
        message = one.message
        failure = self.send(message)
        now, at = self._clock.monotonic(), self._clock.now()
        if failure is None:
            with self._lock:
                # What has taken its place meanwhile is still to be sent.
                if self._waiting.get(message.id) is one and one.message is message:
                    del self._waiting[message.id]
                self._gate = float("-inf")
                self._state = replace(
                    self._state,
                    failing_since=None,
                    attempts=0,
                    fault="",
                    arrived=self._state.arrived + 1,
                    arrived_at=at,
                )
            self._forget(message)
            return
        with self._lock:
            state = self._state
            self._state = replace(
                state,
                failing_since=state.failing_since or at,
                attempts=state.attempts + 1,
                fault=failure.words,
            )
            one.attempts += 1
            one.due = now + _again_in(one.attempts)
            self._gate = now + max(_again_in(state.attempts + 1), failure.retry_after or 0.0)

    def _take_news(self) -> None:
        while True:
            with self._lock:
                if not self._news:
                    return
                # It stays there until it is known what becomes of it: at no time is it nowhere.
                message = self._news[0]
            is_news = self._enlist(message)
            with self._lock:
                if self._news and self._news[0] is message:
                    self._news.popleft()
                    if is_news is not False:
                        self._put(_Waiting(message, message.at, is_kept=bool(is_news)))

    def _put(self, one: _Waiting) -> None:
        """Have it wait, in the place of what was to be told of the same."""
        former = self._waiting.get(one.message.id)
        if former is not None:
            one.due, one.attempts = former.due, former.attempts
        self._waiting[one.message.id] = one
        while len(self._waiting) > MOST_WAITING:
            del self._waiting[min(self._waiting, key=lambda key: self._waiting[key].at)]
            self._state = replace(self._state, given_up=self._state.given_up + 1)

    def _give_up_old(self) -> None:
        before = self._clock.now() - GIVEN_UP_AFTER
        with self._lock:
            old = [one.message for one in self._waiting.values() if one.at < before]
            for message in old:
                del self._waiting[message.id]
            self._state = replace(self._state, given_up=self._state.given_up + len(old))
        for message in old:
            self._forget(message)

    def _next_at(self) -> datetime:
        with self._lock:
            due = max(min((one.due for one in self._waiting.values()), default=0.0), self._gate)
        seconds = max(0.0, due - self._clock.monotonic())
        return self._clock.now() + timedelta(seconds=seconds)

    # --- the history --------------------------------------------------------------------------------------

    def _enlist(self, message: Message) -> bool | None:
        """Whether it is to be told, and no other program does; ``None`` where the history cannot say."""
        kept = self._kept(message)
        alerts = message.alerts or (message.id,)
        until = self._clock.now() + HELD_FOR
        is_again = message.kind == NoticeKind.REPEATED.value
        found = self._keep(
            lambda database: enlist(
                database, kept, message.kind, alerts, self._owner, until, is_again=is_again
            )
        )
        return None if found is None else bool(found)

    def _hold(self) -> None:
        """Renew the hold on what waits, and take over what a program has left that is no more."""
        now = self._clock.monotonic()
        if now < self._hold_at + HELD_AGAIN:
            return
        self._hold_at = now
        at = self._clock.now()
        left = self._keep(lambda database: adopt(database, self.name, self._owner, at, at + HELD_FOR))
        for kept in left if isinstance(left, list) else ():
            try:
                message = msgspec.json.decode(kept.text, type=Message)
            except msgspec.DecodeError:
                # Another Farmwatch has kept it in another form: it is that one's to tell.
                continue
            with self._lock:
                self._put(_Waiting(message, kept.at, is_kept=True))
        with self._lock:
            unkept = [one for one in self._waiting.values() if not one.is_kept]
        for one in unkept:
            is_news = self._enlist(one.message)
            one.is_kept = bool(is_news)
            with self._lock:
                if is_news is False and self._waiting.get(one.message.id) is one:
                    # Another program has told it meanwhile.
                    del self._waiting[one.message.id]

    def _forget(self, message: Message) -> None:
        kept = self._kept(message)
        self._keep(lambda database: drop(database, kept, self._owner))

    def _kept(self, message: Message) -> KeptMessage:
        return KeptMessage(self.name, message.id, message.at, as_json(message).decode())


def _again_in(attempts: int) -> float:
    """Seconds until the next attempt, a little more or less, so that not all programs come at once."""
    first, most = AGAIN
    seconds: float = min(most, first * 2.0 ** min(attempts - 1, 10))
    return seconds * random.uniform(0.8, 1.2)
