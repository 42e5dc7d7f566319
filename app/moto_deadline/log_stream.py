"""A log stream that reads as the service's do, in place of moto's.

moto sorts a whole stream at every question, knows no limit of bytes, and its tokens count events, so that one
that arrives late shifts every page after it. Here a token is a place between two events, by time and arrival.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogStream

Place = tuple[int, int]
"""Where an event is: its time in milliseconds, and its number among those of the same time."""

Message = str | dict[str, Any]
"""What an event says: text, or an object, which is one line of JSON to whoever reads it."""

_encode = json.JSONEncoder(ensure_ascii=False).encode

APART = 0.4
"""Milliseconds between two events that are written together, as a process prints them."""

PAGE_EVENTS = 10_000
PAGE_BYTES = 1_048_576
EVENT_BYTES = 26
"""Limits of a page, and what an event counts beside its message (the service's documentation)."""

TOKEN_LIFE = timedelta(hours=24)

_TOKEN = re.compile(r"([fb])/([0-9a-f]+)\.(-?\d+)\.(\d+)\.(\d+)/s")


@dataclass(frozen=True)
class Generated:
    """Lines that are made when they are asked for: from a time on (milliseconds), so many a second, ``count``
    in all, or as many as time has passed."""

    start: int
    rate: float
    message: Callable[[int], str]
    count: int | None = None

    def size(self, now: int) -> int:
        """How many lines there are at a time (milliseconds); with a ``count``, always all of them."""
        passed = max(0, int((now - self.start) * self.rate / 1000))
        return passed if self.count is None else self.count

    def at(self, index: int) -> int:
        """The time of a line (milliseconds), by its index from 0."""
        return self.start + int(index * 1000 / self.rate)


_GENERATED = 1 << 40
"""Added to the number of a generated line: it comes after what is written at the same time."""


class ServiceLogStream(LogStream):
    """Events in the order of their time and arrival.

    ``lock`` is held while the stream is read or written; ``before_reading`` is called under it first.
    ``empty_every``: so many pages apart comes one that is empty, though not at the end; 0 for never.
    """

    def __init__(
        self,
        log_group: Any,
        name: str,
        now: Callable[[], datetime],
        lock: Any,
        before_reading: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(log_group, name)
        self.empty_every = 0
        self.generated: Generated | None = None
        self._now = now
        self._lock = lock
        self._before_reading = before_reading
        self._places: list[Place] = []
        self._messages: list[Message] = []
        self._taken_in: list[int] = []
        self._unread: list[tuple[float, Sequence[Message]]] = []
        self._unread_events = 0
        self._arrived = 0
        self._newest_taken_in: int | None = None
        self.written_until = -(1 << 50)
        """The time of the newest event that is written (milliseconds); before all time without one."""
        self._pages = 0
        self._head = self._made = self._size = 0

    # --- writing --------------------------------------------------------------------------------------

    def write(self, first: float, messages: Sequence[Message], *, keep: int | None = None) -> None:
        """Events from a time on (milliseconds), as a process prints them; nearly always the newest.

        They are only noted until somebody reads: most of what a farm writes nobody ever looks at. Neither
        they nor what an object among them holds may change any more. ``keep``: once there are twice as many
        events, only the newest ones, so many, are kept. No token is shifted by it: it is a place in time.
        """
        if not messages:
            return
        with self._lock:
            self._unread.append((first, messages))
            self._unread_events += len(messages)
            self.written_until = max(self.written_until, int(first + APART * (len(messages) - 1)))
            if keep is not None and len(self._places) + self._unread_events > 2 * keep:
                self._take_in()
                for part in (self._places, self._messages, self._taken_in):
                    del part[:-keep]

    def _take_in(self) -> None:
        newest = self._places[-1] if self._places else (0, 0)
        is_in_order = True
        for first, messages in self._unread:
            taken_in = int(first) + 1000
            is_in_order = is_in_order and int(first) >= newest[0]
            for number, message in enumerate(messages):
                self._arrived += 1
                newest = (int(first + APART * number), self._arrived)
                self._places.append(newest)
                self._messages.append(message)
                self._taken_in.append(taken_in)
            self._newest_taken_in = taken_in
        self._unread.clear()
        self._unread_events = 0
        if not is_in_order:
            order = sorted(range(len(self._places)), key=self._places.__getitem__)
            self._places = [self._places[index] for index in order]
            self._messages = [self._messages[index] for index in order]
            self._taken_in = [self._taken_in[index] for index in order]

    def add(self, at: int, message: str, taken_in: int) -> None:
        """One event; nearly always the newest, but it may be late."""
        with self._lock:
            self._take_in()
            self._arrived += 1
            self._newest_taken_in = taken_in
            place = (at, self._arrived)
            index = len(self._places)
            if self._places and place < self._places[-1]:
                index = bisect_left(self._places, place)
            self._places.insert(index, place)
            self._messages.insert(index, message)
            self._taken_in.insert(index, taken_in)
            self.written_until = self._places[-1][0]

    def put_log_events(self, log_events: list[dict[str, Any]]) -> str:
        """Take in events as PutLogEvents has them, all of them now; the next sequence token."""
        taken_in = _milliseconds(self._now())
        for event in log_events:
            self.add(int(event["timestamp"]), event["message"], taken_in)
        self.upload_sequence_token += 1
        return f"{self.upload_sequence_token:056d}"

    # --- what moto asks -------------------------------------------------------------------------------

    @property
    def events(self) -> Any:
        """What is written (not what is generated), as moto's own streams show it."""
        with self._lock:
            self._take_in()
            return [self._event(index) for index in range(len(self._places))]

    @events.setter
    def events(self, events: list[Any]) -> None:
        # moto's constructor begins with an empty list; there is nothing to take from it.
        del events

    def _update(self) -> None:
        with self._lock:
            size = self._settle()
            # moto gives these no type but None.
            span: Any = (self._place(0)[0], self._place(size - 1)[0]) if size else (None, None)
            self.first_event_timestamp, self.last_event_timestamp = span
            if size:
                newest = self._newest_taken_in
                at = self._now() if newest is None else datetime.fromtimestamp(newest / 1000, UTC)
                # moto counts in times without a zone.
                self.last_ingestion_time = at.replace(tzinfo=None)

    def filter_log_events(self, start_time: int, end_time: int, filter_pattern: str) -> list[dict[str, Any]]:
        """Events that fit a pattern, between two times (milliseconds, 0 for none), both included: what
        FilterLogEvents asks. What is generated is not looked at."""
        from moto.logs.utils import EventMessageFilter

        wanted = EventMessageFilter(filter_pattern)
        with self._lock:
            events = self.events
            return [
                {**event, "eventId": f"{at:020}{number:020}", "logStreamName": self.log_stream_name}
                for (at, number), event in zip(self._places, events, strict=True)
                if (not start_time or at >= start_time)
                and (not end_time or at <= end_time)
                and wanted.matches(event["message"])
            ]

    # --- reading --------------------------------------------------------------------------------------

    def get_log_events(
        self,
        start_time: Any,
        end_time: Any,
        limit: int | None,
        next_token: str | None,
        start_from_head: Any,
    ) -> tuple[list[dict[str, Any]], str, str]:
        """A page, its backward token and its forward token."""
        with self._lock:
            self._before_reading()
            self._settle()
            low = 0 if start_time is None else self._index((int(start_time), -1))
            high = self._size if end_time is None else self._index((int(end_time), -1))
            most = min(limit or PAGE_EVENTS, PAGE_EVENTS)
            if next_token is None:
                forward = start_from_head in (True, "true", "True")
                first, last = self._page(low if forward else high, low, high, most, forward=forward)
                return self._answer(first, last)
            forward, place, visit = self._read_token(next_token)
            index = self._index(place, after=forward)
            first, last = self._page(index, low, high, most, forward=forward)
            if first < last and not self._comes_empty():
                return self._answer(first, last)
            turned = ("b" if forward else "f") + next_token[1:]
            here = next_token
            if first < last:
                # Empty, though not at the end: the same place under another token.
                here = self._token("f" if forward else "b", place, visit + 1)
            return ([], turned, here) if forward else ([], here, turned)

    def _comes_empty(self) -> bool:
        self._pages += 1
        return bool(self.empty_every) and self._pages % self.empty_every == 0

    def _page(self, index: int, low: int, high: int, most: int, *, forward: bool) -> tuple[int, int]:
        """From and to which index a page reaches that begins, or ends, at one."""
        index = max(low, min(index, high))
        size, count = 0, 0
        step, limit = (1, high) if forward else (-1, low)
        at = index
        while at != limit and count < most:
            message = self._message(at if forward else at - 1)
            size += (len(message) if message.isascii() else len(message.encode())) + EVENT_BYTES
            if size > PAGE_BYTES and count:
                break
            at += step
            count += 1
        return (index, at) if forward else (at, index)

    def _answer(self, first: int, last: int) -> tuple[list[dict[str, Any]], str, str]:
        before = self._place(last - 1) if last else (-(1 << 50), 0)
        after = self._place(first) if first < self._size else (1 << 50, 0)
        events = [self._event_at(index) for index in range(first, last)]
        return events, self._token("b", after), self._token("f", before)

    # --- places and tokens ----------------------------------------------------------------------------

    def _token(self, kind: str, place: Place, visit: int = 0) -> str:
        return f"{kind}/{_milliseconds(self._now()):x}.{place[0]}.{place[1]}.{visit}/s"

    def _read_token(self, token: str) -> tuple[bool, Place, int]:
        found = _TOKEN.fullmatch(token)
        if found is None:
            raise InvalidParameterException("The specified nextToken is invalid.")
        kind, issued, at, number, visit = found.groups()
        if _milliseconds(self._now()) - int(issued, 16) > TOKEN_LIFE.total_seconds() * 1000:
            raise InvalidParameterException("The specified nextToken has expired.")
        return kind == "f", (int(at), int(number)), int(visit)

    def _settle(self) -> int:
        """How many events there are, as of now: what is generated may grow between two questions."""
        self._take_in()
        self._head = self._made = 0
        if self.generated is not None:
            self._made = self.generated.size(_milliseconds(self._now()))
            self._head = bisect_right(self._places, (self.generated.start, _GENERATED))
        self._size = len(self._places) + self._made
        return self._size

    def _where(self, index: int) -> tuple[Generated | None, int]:
        """What an event is generated by, if it is; and its index among those, or among the written ones."""
        if index < self._head or not self._made:
            return None, index
        if index < self._head + self._made:
            return self.generated, index - self._head
        return None, index - self._made

    def _place(self, index: int) -> Place:
        made, of = self._where(index)
        if made is not None:
            return made.at(of), _GENERATED + of
        return self._places[of]

    def _message(self, index: int) -> str:
        made, of = self._where(index)
        return self._written(of) if made is None else made.message(of)

    def _event_at(self, index: int) -> dict[str, Any]:
        made, of = self._where(index)
        if made is None:
            return self._event(of)
        return {"timestamp": made.at(of), "ingestionTime": made.at(of) + 500, "message": made.message(of)}

    def _event(self, of: int) -> dict[str, Any]:
        taken_in = self._taken_in[of]
        return {"timestamp": self._places[of][0], "ingestionTime": taken_in, "message": self._written(of)}

    def _written(self, of: int) -> str:
        message = self._messages[of]
        if not isinstance(message, str):
            message = self._messages[of] = _encode(message)
        return message

    def _index(self, place: Place, *, after: bool = False) -> int:
        """The index of the first event that is not before a place, or that is after it."""
        find = bisect_right if after else bisect_left
        if self.generated is None:
            return find(self._places, place)
        return find(range(self._size), place, key=self._place)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
