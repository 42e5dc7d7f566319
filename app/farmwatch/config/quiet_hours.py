"""Quiet hours: the times of the week in which nobody is told of alerts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from farmwatch.aws.cleaning import clean

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
WEEK = 7 * DAY
"""Minutes."""

_SPAN = r"([^\d:]*?)\s*(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)"

_FORMS = "22:00-07:00, sat,sun 00:00-24:00 or mon-fri 20:00-08:00"


class QuietHours(Struct, frozen=True):
    """Which minutes of a week, which begins on Monday in local time, are quiet: one byte each, 0 or 1; no
    byte at all where none is."""

    minutes: bytes = b""

    def until(self, now: datetime) -> datetime | None:
        """When the quiet hours end that it is in; ``None`` where it is in none. ``now`` is zone-aware."""
        if not self.minutes:
            return None
        here = now.astimezone().replace(tzinfo=None, second=0, microsecond=0)
        at = here.weekday() * DAY + here.hour * 60 + here.minute
        if not self.minutes[at]:
            return None
        length = (self.minutes[at:] + self.minutes).index(0)
        # From the date of then: its offset may be another one.
        return (here + timedelta(minutes=length)).astimezone(now.tzinfo)


def quiet_hours_of(spans: Iterable[str]) -> QuietHours:
    """The quiet hours that spans name, as in the settings file: a time of day to another one, of the next day
    where that is not later, on every day or on those before it (on which the span begins). Raises
    `ValueError`, in words, for one that is none, and where the whole week would be quiet."""
    minutes = bytearray(WEEK)
    for span in spans:
        for first, length in _span(span):
            for minute in range(first, first + length):
                minutes[minute % WEEK] = 1
    if all(minutes):
        raise ValueError("the whole week would be quiet, and nobody ever told")
    return QuietHours(bytes(minutes) if any(minutes) else b"")


def _span(text: str) -> Iterator[tuple[int, int]]:
    """The first minute of the week and the length, on each of the days."""
    found = re.fullmatch(_SPAN, text.strip().lower(), re.ASCII)
    if found is None:
        raise ValueError(f"{clean(text, 60)!r} is no span of time: {_FORMS} is")
    start, end = (_minute(text, found[one], found[one + 1]) for one in (2, 4))
    if start in (end, DAY):
        raise ValueError(f"{clean(text, 60)!r} has no length: {_FORMS} has")
    for day in _days(text, found[1]):
        yield day * DAY + start, (end - start) % DAY or DAY


def _minute(text: str, hours: str, minutes: str) -> int:
    at = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or at > DAY:
        raise ValueError(f"{clean(text, 60)!r} has a time that no day has: 00:00 to 24:00")
    return at


def _days(text: str, named: str) -> Iterable[int]:
    if not named.strip():
        return range(7)
    days: set[int] = set()
    for part in re.split(r"[,\s]+", named.strip(", ")):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{clean(text, 60)!r} names a day that is none: {', '.join(DAYS)}")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        days |= {(begin + one) % 7 for one in range((end - begin) % 7 + 1)}
    return days
