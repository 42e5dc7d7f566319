"""The flight recorder at work: one thread that owns the history's file, and a queue in front of it.

Whoever records waits until what it saw is committed, so that nothing is shown before it is stored. While
the file cannot be written nobody waits: what comes is kept in memory, so much of it as is reasonable, and is
written in its order as soon as that is possible again. Watching goes on regardless.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from farmwatch.aws.model import SessionRef
from farmwatch.history.events import Event, Past, Watched
from farmwatch.polling.clock import Clock, SystemClock

if TYPE_CHECKING:
    from farmwatch.history.store import History

_log = logging.getLogger(__name__)

KEPT_WAITING = 10_000
"""Entries that wait in memory while the file cannot be written; beyond it the oldest go, and are counted."""

PATIENCE = 2.0
"""Seconds that somebody who records, or reads, waits for the disk."""

SEEN_EVERY = 30.0
"""Seconds: how often it is written down that sessions are being watched; of one that changes, at once."""

SEEN_A_SECOND = 70
"""Sessions a second of which that is written down at the most, on the average: of thousands more rarely."""

TRY_AGAIN = (1.0, 60.0)
"""Seconds until the file is tried again: at first, and at the most."""

FORGET_EVERY = 6 * 3600.0

_T = TypeVar("_T")


class Recorder:
    """Keeps the history at ``path``; ``watcher`` is who watches, ``keep`` how long it is kept (else as long
    as is usual).

    Without `start` everything is done in the thread that asks for it.
    """

    def __init__(
        self,
        path: Path,
        *,
        watcher: str = "",
        clock: Clock | None = None,
        keep: timedelta | None = None,
    ) -> None:
        self.path = path
        self.notice = ""
        """What became of the file, where it was found damaged or newer; empty as a rule."""
        self.name_of: Callable[[str], str] = lambda _: ""
        """The name that an id is known by, or nothing."""
        self.lost = 0
        """Entries that were dropped because too many waited."""
        self.watcher = watcher
        """Who watches."""
        self._clock = clock or SystemClock()
        self.begun_at = self._clock.now()
        """When this run of the program began to keep the history."""
        self._keep = keep
        self._run_id = os.urandom(8).hex()
        self._changed = threading.Condition()
        self._waiting: deque[tuple[int, Event]] = deque()
        self._seen: dict[SessionRef, Watched] = {}
        self._asked: deque[tuple[Callable[[History], Any], _Answer]] = deque()
        self._number = 0
        self._written = 0
        self._trouble = ""
        self._failures = 0
        self._try_at = float("-inf")
        self._seen_at = float("-inf")
        self._forgotten_at = float("-inf")
        self._aside_at = float("-inf")
        self._closing = False
        self._thread: threading.Thread | None = None
        self._history: History | None = None

    # --- from any thread ------------------------------------------------------------------------------

    def start(self) -> None:
        """Work in a thread of its own from now on."""
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def open_soon(self) -> None:
        """Open the file before it is needed, and wait for nothing. It is looked through for damage, which
        takes the longer the more is in it, and whoever asks first would wait for that."""
        with self._changed:
            self._asked.append((lambda _: None, _Answer()))
            self._changed.notify_all()

    @property
    def trouble(self) -> str:
        """Why what was seen is not saved, in a sentence; empty while all is well."""
        return self._trouble

    @property
    def waiting(self) -> int:
        """Entries that are not saved yet."""
        return len(self._waiting)

    @property
    def trouble_notes(self) -> tuple[str, ...]:
        """Why what is seen is not saved, for the foot of every screen; empty where it is."""
        if not self._trouble:
            return ()
        lost = f", {self.lost:,} are lost" if self.lost else ""
        return (f"HISTORY NOT SAVED  {self._trouble} {self.waiting:,} changes wait for it{lost}.",)

    def record(self, entries: Sequence[Event], watched: Sequence[Watched]) -> bool:
        """Returns when the entries are safe, all by one commit, or when it is known that they have to wait;
        whether they are safe."""
        with self._changed:
            for entry in entries:
                self._number += 1
                self._waiting.append((self._number, entry))
            while len(self._waiting) > KEPT_WAITING:
                self._waiting.popleft()
                self.lost += 1
            is_first_seen = bool(watched) and not self._seen
            for one in watched:
                self._seen[one.ref] = _newest(self._seen.get(one.ref), one)
            ticket = self._number
            if entries or is_first_seen:
                # What is only seen is waited for by nobody; but its time is to come.
                self._changed.notify_all()
            if not entries:
                return True
        if self._thread is None:
            self.run_due()
        elif not self._wait(lambda: self._written >= ticket or bool(self._trouble), PATIENCE):
            self._trouble = "The disk is slow."
        return self._written >= ticket

    def past(self, refs: Sequence[SessionRef]) -> Mapping[SessionRef, Past]:
        """What the history knows about each of these sessions, with until when they were seen that is not
        written down yet; an empty `Past` where there is none to be had."""
        with self._changed:
            seen = {ref: self._seen[ref] for ref in refs if ref in self._seen}
        found = self.ask(lambda history: history.past(refs)) or dict.fromkeys(refs, Past())
        return {ref: _with_seen(past, seen[ref]) if ref in seen else past for ref, past in found.items()}

    def ask(self, question: Callable[[History], _T], patience: float = PATIENCE) -> _T | None:
        """Ask the file something; ``None`` where it cannot be read, or not in time (seconds)."""
        answer = _Answer()
        with self._changed:
            self._asked.append((question, answer))
            self._changed.notify_all()
        if self._thread is None:
            self.run_due()
        else:
            self._wait(lambda: answer.given, patience)
        return answer.value  # type: ignore[no-any-return]

    def not_saved(self) -> list[Event]:
        """What is still to be written, oldest first."""
        with self._changed:
            return [entry for _, entry in self._waiting]

    def close(self, patience: float = 0.5) -> None:
        """Write what is left, for so many seconds at most, and let go of the file."""
        with self._changed:
            self._closing = True
            self._try_at = self._seen_at = float("-inf")
            self._changed.notify_all()
        if self._thread is None:
            self._finish()
        else:
            self._thread.join(patience)

    def _wait(self, is_done: Callable[[], bool], patience: float) -> bool:
        """Whether it was done in time, or will not be done at all."""
        # Not the clock that is handed in: what is waited for here is a disk.
        until = monotonic() + patience
        with self._changed:
            while not is_done() and not self._closing:
                left = until - monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True

    # --- the thread -----------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._closing:
            self.run_due()
            with self._changed:
                if not self._closing and not self._is_due():
                    self._clock.wait(self._changed, self._seconds_to_next())
        self._finish()

    def _finish(self) -> None:
        self.run_due()
        if self._history is not None:
            self._history.close()
            self._history = None

    def run_due(self) -> None:
        """Do all that can be done now; for the recorder's thread, or where there is none."""
        while self._is_due():
            with self._changed:
                may_write = self._clock.monotonic() >= self._try_at
                batch = list(self._waiting) if may_write else []
                is_time = may_write and self._is_time_for_seen()
                seen = self._take_seen(batch, every=is_time)
            try:
                self._save(batch, seen)
            except Exception as error:  # noqa: BLE001 - nothing that befalls the history may end it
                self._take(error, seen)
            else:
                self._saved(batch, seen)
                if is_time:
                    self._seen_at = self._clock.monotonic()
            self._answer()

    def _take_seen(self, batch: list[tuple[int, Event]], *, every: bool) -> dict[SessionRef, Watched]:
        """What was seen of the sessions that the entries are of, to be written with them, or of ``every``
        session, which is written more rarely."""
        if every:
            seen, self._seen = self._seen, {}
            return seen
        refs = {entry.ref for _, entry in batch}
        return {ref: self._seen.pop(ref) for ref in refs & self._seen.keys()}

    def _is_due(self) -> bool:
        if self._asked:
            return True
        if not self._waiting and not self._is_time_for_seen():
            return False
        return self._clock.monotonic() >= self._try_at

    def _is_time_for_seen(self) -> bool:
        return bool(self._seen) and self._clock.monotonic() >= self._seen_due

    @property
    def _seen_due(self) -> float:
        return self._seen_at + max(SEEN_EVERY, len(self._seen) / SEEN_A_SECOND)

    def _seconds_to_next(self) -> float | None:
        now = self._clock.monotonic()
        if self._waiting:
            return max(0.01, self._try_at - now)
        return max(0.01, self._seen_due - now, self._try_at - now) if self._seen else None

    def _save(self, batch: list[tuple[int, Event]], seen: dict[SessionRef, Watched]) -> None:
        history = self._open()
        if not batch and not seen:
            return
        history.write(batch, [self._named(one) for one in seen.values()])
        now = self._clock.monotonic()
        if now - self._forgotten_at >= FORGET_EVERY:
            self._forgotten_at = now
            history.forget(self._clock.now(), self._keep)

    def _open(self) -> History:
        if self._history is not None and not self._history.is_in_place:
            # Deleted or set aside by somebody: what goes in there now would be lost without a word.
            self._history.close()
            self._history = None
        if self._history is None:
            # Here, because the first frame does not wait for a database.
            from farmwatch.history.store import History

            self._history = History(self.path, run=self._run_id, watcher=self.watcher)
        return self._history

    def _saved(self, batch: list[tuple[int, Event]], seen: dict[SessionRef, Watched]) -> None:
        with self._changed:
            for number, _ in batch:
                # What was dropped meanwhile, because too many waited, is not there any more.
                if self._waiting and self._waiting[0][0] == number:
                    self._waiting.popleft()
                self._written = number
            if batch or seen or not (self._waiting or self._seen):
                self._trouble, self._failures = "", 0
            self._changed.notify_all()

    def _take(self, error: Exception, seen: dict[SessionRef, Watched]) -> None:
        """Note why nothing could be written, and when to try again."""
        from farmwatch.history.store import is_damage, sentence

        _log.warning("history: %s: %s", type(error).__name__, error)
        set_right = is_damage(error) and self._set_aside()
        with self._changed:
            for ref, watched in seen.items():
                self._seen[ref] = _newest(watched, self._seen.get(ref))
            if not set_right:
                first, most = TRY_AGAIN
                self._try_at = self._clock.monotonic() + min(most, first * 2.0 ** min(self._failures, 10))
                self._failures += 1
                self._trouble = sentence(error, self.path)
            self._changed.notify_all()

    def _set_aside(self) -> bool:
        if self._history is not None:
            self._history.close()
            self._history = None
        now = self._clock.monotonic()
        # Once a minute at most: a disk that damages every file is not to be filled with them.
        if now - self._aside_at < TRY_AGAIN[1]:
            return False
        self._aside_at = now
        from farmwatch.history.store import set_aside

        try:
            aside = set_aside(self.path, self._clock.now())
        except OSError:
            return False
        self.notice = f"The history was damaged. It is kept as {aside}, and a new one is begun."
        return True

    def _answer(self) -> None:
        with self._changed:
            asked, self._asked = self._asked, deque()
        for question, answer in asked:
            try:
                if self._history is not None:
                    answer.value = question(self._history)
            except Exception as error:  # noqa: BLE001 - nothing that befalls the history may end it
                _log.warning("history: %s: %s", type(error).__name__, error)
            answer.given = True
        if asked:
            with self._changed:
                self._changed.notify_all()

    def _named(self, watched: Watched) -> Watched:
        if watched.farm and watched.queue and watched.job:
            return watched
        ref, name = watched.ref, self.name_of
        return replace(
            watched,
            farm=watched.farm or name(ref.farm_id),
            queue=watched.queue or name(ref.queue_id),
            job=watched.job or name(ref.job_id),
        )


class _Answer:
    given = False
    value: Any = None


def _newest(former: Watched | None, watched: Watched | None) -> Watched:
    """Both in one, of every member the newer."""
    if former is None or watched is None:
        found = former or watched
        assert found is not None  # noqa: S101 - one of them is always there
        return found
    if _has_all_of(watched, former):
        return watched
    return replace(
        watched,
        farm=watched.farm or former.farm,
        queue=watched.queue or former.queue,
        job=watched.job or former.job,
        worker_id=watched.worker_id or former.worker_id,
        session_until=_later(former.session_until, watched.session_until),
        actions_until=_later(former.actions_until, watched.actions_until),
    )


def _has_all_of(watched: Watched, former: Watched) -> bool:
    """Whether there is nothing that the former one alone tells, as it is with most of thousands."""
    until = watched.session_until
    is_as_new = until is not None and (former.session_until is None or former.session_until <= until)
    has_names = bool(watched.farm and watched.queue and watched.job and watched.worker_id)
    return is_as_new and has_names and former.actions_until is None


def _with_seen(past: Past, watched: Watched) -> Past:
    return replace(
        past,
        session_until=_later(past.session_until, watched.session_until),
        actions_until=_later(past.actions_until, watched.actions_until),
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)
