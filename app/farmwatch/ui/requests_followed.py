"""Following the sessions that were asked to end until they have: what came of a request that was taken."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from farmwatch.words.requests import Came, ended_words
from farmwatch.words.text import clean

if TYPE_CHECKING:
    from datetime import datetime

    from textual.app import App

    from farmwatch.aws.model import SessionRef
    from farmwatch.monitor.handles import SessionHandle
    from farmwatch.monitor.monitor import Monitor
    from farmwatch.monitor.update import SessionSnapshot, Update

MOST = 20
"""Sessions, tasks or jobs of one choice that are followed: each is asked for. What becomes of more is on the
wall."""

FOLLOWED_FOR = timedelta(minutes=15)
"""After how long it is told that a session has not ended."""


class Followed:
    """Watches sessions until each has ended, cannot end, or has not in time; then tells what came of all."""

    def __init__(self, app: App[Any], monitor: Monitor, names: Mapping[SessionRef, str]) -> None:
        """``names`` has the sessions, each with what it is called. In the thread of the screens."""
        self._app = app
        self._monitor = monitor
        self._names = names
        self._until = monitor.clock.now() + FOLLOWED_FOR
        self._came: dict[SessionRef, Came] = {}
        self._handles: dict[SessionRef, SessionHandle] = {ref: monitor.watch_session(ref) for ref in names}
        self._unsubscribe = monitor.subscribe(self._hear)
        for ref in names:
            self._look(ref)

    def _hear(self, update: Update) -> None:
        # In the Monitor's threads.
        ref = update.subject
        if ref in self._names:
            # When the program is on its way out there is nobody left to tell.
            with suppress(RuntimeError):
                self._app.call_later(self._look, ref)

    def _look(self, ref: SessionRef) -> None:
        handle = self._handles.get(ref)
        came = None if handle is None else _came(handle.snapshot, self._until, self._monitor.clock.now())
        if handle is None or came is None:
            return
        handle.close()
        del self._handles[ref]
        self._came[ref] = came
        if not self._handles:
            self._unsubscribe()
            words, severity = ended_words([(self._names[one], what) for one, what in self._came.items()])
            self._app.notify(clean(words, 600), severity=severity, timeout=10, markup=False)


def _came(snapshot: SessionSnapshot, until: datetime, now: datetime) -> Came | None:
    """What came of it; ``None`` while that is not known."""
    session = snapshot.session.session
    if session is not None and session.is_final:
        return Came.ENDED
    if session is not None and session.lifecycle_status == "UPDATE_FAILED":
        return Came.FAILED
    return Came.LATE if now >= until else None


def follow(app: App[Any], monitor: Monitor, names: Mapping[SessionRef, str]) -> None:
    """Follow these sessions, as many of them as are worth that."""
    if 0 < len(names) <= MOST:
        Followed(app, monitor, names)
