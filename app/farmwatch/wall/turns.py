"""Whose turn it is: about which sessions, and about whose actions, a refresh of the wall asks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from math import ceil
from operator import attrgetter

from farmwatch.wall.entry import Entry

ASKED_EVERY = 14.0
"""Seconds after which a session, or an action, is asked about again: workers report every 15 s (observed)."""

ONE_OF_MANY_EVERY = ((5_000, 59.0), (500, 29.0))
"""Above how many each of them is asked about again after so many seconds. What it does, and whether that has
changed, the search for what runs tells with every refresh."""

MOVED_ON_EVERY = 45.0
"""The same for a session that has just taken another task, and so lives: how its former action ended is asked
in its stead, so that a refresh takes no more calls for it."""


def asked_every(number: int) -> float:
    """The seconds after which each of so many is asked about again."""
    return next((seconds for least, seconds in ONE_OF_MANY_EVERY if number > least), ASKED_EVERY)


class Turns:
    """Chooses about whom to ask. Of many it is a refresh's share of them, those first that were asked about
    longest ago: found together, they would be due together for ever."""

    def __init__(self) -> None:
        self.in_sight: Collection[str] = ()
        """The ids of the sessions that somebody looks at: they are asked about as if there were few."""
        self._now = self._interval = 0.0
        self._number = 0

    def begin(self, number: int, now: float, interval: float) -> None:
        """The refresh of this number is to ask, at ``now`` (seconds of the clock's ``monotonic``); there is
        one every ``interval`` seconds."""
        self._number, self._now, self._interval = number, now, interval

    def of_sessions(self, living: Sequence[Entry]) -> list[Entry]:
        """Those of the sessions that live which are to be asked about."""
        pressing, others = list[Entry](), list[Entry]()
        for entry in living:
            if entry.is_pressing:
                pressing.append(entry)
            elif entry.moved_on_in != self._number or self._now - entry.asked_at >= MOVED_ON_EVERY:
                others.append(entry)
        return pressing + self._due(others, len(living), attrgetter("asked_at"))

    def of_actions(self, at_work: Sequence[Entry]) -> list[Entry]:
        """Those of the sessions at work whose actions are to be asked about."""
        pressing, others = list[Entry](), list[Entry]()
        for entry in at_work:
            (pressing if entry.is_action_pressing else others).append(entry)
        return pressing + self._due(others, len(at_work), attrgetter("action_asked_at"))

    def _due(self, entries: list[Entry], number: int, asked_at: Callable[[Entry], float]) -> list[Entry]:
        """Those whose turn it is, of these, which are all but a few of so many."""
        every, latest = asked_every(number), self._now - ASKED_EVERY
        if every == ASKED_EVERY:
            return [one for one in entries if asked_at(one) <= latest]
        seen = [one for one in entries if one.row.ref.session_id in self.in_sight] if self.in_sight else []
        share = sorted(entries, key=asked_at)[: ceil(number * self._interval / every)]
        return list(dict.fromkeys([*(one for one in seen if asked_at(one) <= latest), *share]))
