"""What a list of sessions shows of each besides its summary: its host, and how many of its actions failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault, FaultKind, Host, Page, SessionRef
from farmwatch.aws.session_action import SessionAction
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import Rest

BATCH = 100
"""Sessions whose host is asked for at once: the most that BatchGetSession takes."""

COUNTED_AT_ONCE = 10
"""Calls by which failed actions are counted in one poll of the list: one a session, as a rule, and another
for each hundred of its actions that are not over yet, or were not counted before."""

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
    """How many actions of a session had failed as of ``at``; ``more`` says that not all of its actions are
    counted yet."""

    failed: int
    more: bool
    at: datetime


class _Counting:
    """How far the failed actions of a session are counted, page after page.

    What is over does not change: where all actions of a page are, the next count begins with the one after.
    """

    def __init__(self) -> None:
        self.failed = 0
        """Of the pages before `token`."""
        self.token: str | None = None
        self.is_complete = False
        self._settled: tuple[str | None, int] = (None, 0)
        self._all_over = True

    def begin(self) -> None:
        """Count once more, from the first page on that may have changed."""
        (self.token, self.failed), self._all_over, self.is_complete = self._settled, True, False

    def take(self, page: Page[SessionAction]) -> None:
        """Take the page of `token`."""
        self.failed += sum(action.status == "FAILED" for action in page.items)
        self._all_over = self._all_over and all(action.is_final for action in page.items)
        self.is_complete = page.next is None
        if page.next is not None:
            self.token = page.next
            if self._all_over:
                self._settled = page.next, self.failed


class FailedActions:
    """Counts the failed actions of sessions by ListSessionActions: when a session is first seen, when its
    summary changes, and now and then while it lives."""

    def __init__(self, ref: Callable[[str], SessionRef]) -> None:
        self.found: dict[str, FailedCount | None] = {}
        """``None`` where it could not be had."""
        self._ref = ref
        self._asked: dict[str, tuple[Any, float]] = {}
        self._counting: dict[str, _Counting] = {}
        self._rest = Rest()

    def look(self, api: DeadlineApi, sessions: Iterable[Any], clock: Clock) -> None:
        """Count for those whose count is due, by so many calls at the most. A fault is not worth a word: the
        count is shown as unknown, and asked for again later."""
        now = clock.monotonic()
        if not self._rest.is_over(now):
            return
        calls = 0
        for session in [one for one in sessions if self._is_due(one, now)][:COUNTED_AT_ONCE]:
            counting = self._counting.setdefault(session.key, _Counting())
            if counting.is_complete:
                counting.begin()
            while calls < COUNTED_AT_ONCE and not counting.is_complete:
                calls += 1
                page = api.session_actions(self._ref(session.key), counting.token)
                if isinstance(page, Fault):
                    # The page may be what is refused: the service forgets where it was.
                    del self._counting[session.key]
                    self._rest.begin(now)
                    self.found.setdefault(session.key, None)
                    return
                self._rest.end()
                counting.take(page)
            self._note(session, counting, clock)

    def _note(self, session: Any, counting: _Counting, clock: Clock) -> None:
        """Show what is counted so far, unless that is less than what was known of it."""
        known = self.found.get(session.key)
        if counting.is_complete:
            self._asked[session.key] = (session, clock.monotonic())
        elif known is not None and not known.more:
            return
        self.found[session.key] = FailedCount(counting.failed, not counting.is_complete, clock.now())

    def _is_due(self, session: Any, now: float) -> bool:
        before, at = self._asked.get(session.key, (None, float("-inf")))
        return session != before or (not session.is_final and now - at >= COUNTED_EVERY)
