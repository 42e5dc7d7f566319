"""What a list of sessions shows of each besides its summary: its host, and how many of its actions failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault, FaultKind, Host, SessionRef
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import Rest

BATCH = 100
"""Sessions whose host is asked for at once: the most that BatchGetSession takes."""

COUNTED_AT_ONCE = 10
"""Sessions whose failed actions are counted in one poll of the list, each by one call."""

COUNTED_EVERY = 60.0
"""Seconds after which the failed actions of a session that lives are counted again: its summary does not
change with them."""


UNTOLD_EVERY = 60.0
"""Seconds after which a session that BatchGetSession left out is asked for again."""


class HostFinder:
    """The hosts of sessions, which ListSessions lacks. A host does not change: each is asked for once."""

    def __init__(self, ref: Callable[[str], SessionRef]) -> None:
        self.found: dict[str, Host | None] = {}
        self._ref = ref
        self._asked_at: dict[str, float] = {}
        self._rest = Rest()

    def look(self, api: DeadlineApi, session_ids: Iterable[str], clock: Clock) -> None:
        """Ask for those that are not known yet, 100 at the most. A fault is not worth a word: the list
        itself is fine, the host is shown as unknown, and asked for again later."""
        now = clock.monotonic()
        if not self._rest.is_over(now):
            return
        # One that is left out of the answer must not stand in the way of the others.
        unknown = [
            one
            for one in session_ids
            if one not in self.found and now - self._asked_at.get(one, float("-inf")) >= UNTOLD_EVERY
        ][:BATCH]
        if not unknown:
            return
        answer = api.sessions_by_id([self._ref(one) for one in unknown])
        if isinstance(answer, Fault):
            self._rest.begin(now)
        else:
            self._rest.end()
            self._asked_at |= dict.fromkeys(unknown, now)
            for session_id, session in answer.items():
                if not isinstance(session, Fault):
                    self.found[session_id] = session.host
                elif session.kind in (FaultKind.GONE, FaultKind.REFUSED):
                    self.found[session_id] = None


class FailedCount(Struct, frozen=True):
    """How many actions of a session had failed as of ``at``; ``more`` says that only the first page of its
    actions was counted."""

    failed: int
    more: bool
    at: datetime


class FailedActions:
    """Counts the failed actions of sessions with one ListSessionActions each: when a session is first seen,
    when its summary changes, and now and then while it lives."""

    def __init__(self, ref: Callable[[str], SessionRef]) -> None:
        self.found: dict[str, FailedCount | None] = {}
        """``None`` where it could not be had."""
        self._ref = ref
        self._asked: dict[str, tuple[Any, float]] = {}
        self._rest = Rest()

    def look(self, api: DeadlineApi, sessions: Iterable[Any], clock: Clock) -> None:
        """Count for those whose count is due. A fault is not worth a word: the count is shown as unknown, and
        asked for again later."""
        now = clock.monotonic()
        if not self._rest.is_over(now):
            return
        for session in [one for one in sessions if self._is_due(one, now)][:COUNTED_AT_ONCE]:
            page = api.session_actions(self._ref(session.key))
            if isinstance(page, Fault):
                self._rest.begin(now)
                self.found.setdefault(session.key, None)
                return
            self._rest.end()
            failed = sum(action.status == "FAILED" for action in page.items)
            self.found[session.key] = FailedCount(failed, page.next is not None, clock.now())
            self._asked[session.key] = (session, now)

    def _is_due(self, session: Any, now: float) -> bool:
        before, at = self._asked.get(session.key, (None, float("-inf")))
        return session != before or (not session.is_final and now - at >= COUNTED_EVERY)
