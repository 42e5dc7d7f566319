"""A log as the service keeps one, small and in memory: what a tail is held against."""

from __future__ import annotations

from bisect import insort

from farmwatch.aws.log_page import LogEvent, LogPage, LogSource
from farmwatch.aws.model import Fault, FaultKind
from tests.canned import FARM_ID, QUEUE_ID, SESSION_ID, a_fault

SOURCE = LogSource(f"/aws/deadline/{FARM_ID}/{QUEUE_ID}", SESSION_ID, FARM_ID, queue_id=QUEUE_ID)

GONE = a_fault(FaultKind.GONE, operation="GetLogEvents", code="ResourceNotFoundException")
BAD_TOKEN = a_fault(FaultKind.BAD_REPLY, operation="GetLogEvents", code="InvalidParameterException")


class ModelLog:
    """Events in the order of their time and arrival; a token is a place between two of them.

    ``page_events`` limits every page, ``empty`` counts how many of the next pages come empty although there
    is something, ``faults`` are answered first. Tokens of an earlier ``age`` are refused.
    """

    def __init__(self, page_events: int = 10_000) -> None:
        self.events: list[tuple[int, int, str]] = []
        self.page_events = page_events
        self.empty = 0
        self.faults: list[Fault] = []
        self.age = 0
        self.exists = True
        self.requests = 0
        self.read = 0
        self._arrived = 0

    def add(self, at: int, text: str) -> None:
        self._arrived += 1
        insort(self.events, (at, self._arrived, text))

    def fill(self, count: int, at: int = 0, every: int = 10) -> None:
        for number in range(count):
            self.add(at + every * number, f"line {number}")

    @property
    def lines(self) -> list[tuple[int, str]]:
        return [(at, text) for at, _, text in self.events]

    def expire_tokens(self) -> None:
        self.age += 1

    # --- what a tail asks ---------------------------------------------------------------------------

    def log_page(
        self,
        source: LogSource,
        token: str | None = None,
        *,
        from_head: bool = True,
        start: int | None = None,
        end: int | None = None,
        limit: int = 10_000,
    ) -> LogPage | Fault:
        self.requests += 1
        if self.faults:
            return self.faults.pop(0)
        if not self.exists:
            return GONE
        places = [(at, number) for at, number, _ in self.events]
        low = 0 if start is None else sum(at < start for at, _ in places)
        high = len(places) if end is None else sum(at < end for at, _ in places)
        limit = min(limit, self.page_events)
        if token is None:
            first, last = (low, min(high, low + limit)) if from_head else (max(low, high - limit), high)
            return self._page(first, max(first, last))
        kind, age, at, number, visit = token.split("/")
        here = (int(at), int(number))
        if int(age) != self.age:
            return BAD_TOKEN
        if kind == "f":
            assert from_head, "a forward token wants startFromHead=True"
            first = max(low, sum(place <= here for place in places))
            last = max(first, min(high, first + limit))
        else:
            last = min(high, sum(place < here for place in places))
            first = min(last, max(low, last - limit))
        turned = ("b" if kind == "f" else "f") + token[1:]
        moved = token
        if first < last and not self.empty:
            return self._page(first, last)
        if first < last:
            # Empty in the middle: the place is the same, the token is another one.
            self.empty -= 1
            moved = f"{kind}/{age}/{at}/{number}/{int(visit) + 1}"
        return LogPage([], moved, turned) if kind == "f" else LogPage([], turned, moved)

    def _page(self, first: int, last: int) -> LogPage:
        events = [LogEvent(at, text) for at, _, text in self.events[first:last]]
        self.read += len(events)
        at, number = self.events[last - 1][:2] if last else (-1, 0)
        forward = f"f/{self.age}/{at}/{number}/0"
        at, number = self.events[first][:2] if first < len(self.events) else (10**15, 0)
        return LogPage(events, forward, f"b/{self.age}/{at}/{number}/0")
