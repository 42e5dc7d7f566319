"""Going from match to match and from error to error in a view of logs."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from farmwatch.logs.scan import Query
from farmwatch.ui.widgets.log_view import LogView

AT_ONCE = 0.03
"""Seconds that a key may search at once: what is near is found by then, and none has to be pressed twice."""


class Finding:
    """Moves the cursor of a view to what is looked for; ``seeking`` says in which direction (forward or not)
    an error is still looked for."""

    def __init__(self, view: LogView, notify: Callable[..., Any]) -> None:
        self.seeking: bool | None = None
        self._view = view
        self._browser = view.browser
        self._notify = notify

    def look_for(self, query: Query | None) -> None:
        """Begin to search, from the cursor on."""
        if query != self._browser.search:
            self._browser.look_for(query, self._view.cursor)
            self._view.changed()

    def first_match(self) -> None:
        """To the match under the cursor or the next one; where none follows, to the last one before."""
        cursor = self._view.cursor
        if cursor is None or self._browser.search is None:
            return
        self._work()
        before = (cursor[0], cursor[1] - 1)
        found = self._browser.next_match(before, forward=True) or self._browser.next_match(
            cursor, forward=False
        )
        if found is not None:
            self._view.go_to(found)

    def match(self, forward: bool) -> None:
        """To the next match, or the one before."""
        cursor = self._view.cursor
        if cursor is None or self._browser.search is None:
            return
        forward = self._way(forward)
        self._work()
        found = self._browser.next_match(cursor, forward)
        if found is not None:
            self._view.go_to(found)
        elif self._browser.is_searched:
            self._notify(f"No match {_where(forward)}", timeout=2)

    def error(self, forward: bool) -> None:
        """To the next error, or the one before."""
        forward = self._way(forward)
        self._browser.look_for_errors(self._view.cursor)
        self._work()
        self._view.changed()
        self._seek(forward)

    def go_on(self) -> None:
        """More has been searched: perhaps the error is found that is waited for."""
        if self.seeking is not None:
            self._seek(self.seeking)

    def _way(self, forward: bool) -> bool:
        # At the end nothing follows: there the first that one wants to see is the last one.
        return forward and not self._view.following

    def _work(self) -> None:
        self._browser.work(monotonic, monotonic() + AT_ONCE)

    def _seek(self, forward: bool) -> None:
        self.seeking = None
        cursor = self._view.cursor
        if cursor is None:
            return
        found = self._browser.next_error(cursor, forward)
        if found is not None:
            self._view.go_to(found)
        elif not self._browser.are_errors_found:
            self.seeking = forward
        else:
            rest = "" if forward else " in what is read"
            self._notify(f"No error {_where(forward)}{rest}", timeout=3)


def _where(forward: bool) -> str:
    return "below" if forward else "above"
