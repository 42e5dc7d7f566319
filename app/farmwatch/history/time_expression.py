"""A time in the past as people say it: ``8h``, ``22:00``, ``2026-11-20 08:30``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

FORMS = "8h, 30min, 2d, 22:00, 2026-11-20 or 2026-11-20 08:30"
"""What is understood, for whoever typed something else."""

UNTIL_FORMS = "30min, 2h, 1d, 06:30 or 2026-11-20 08:30"
"""The same of a time that is still to come."""

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_AGO = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(s|m|min|h|d|w)(?:\s+ago)?")
_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")


def parse_since(text: str, now: datetime) -> datetime:
    """The time meant, zone-aware and not after ``now``. A time of day is the last one that has been; what has
    no zone is local time. Raises `ValueError`, with the forms that are understood, for anything else."""
    text = text.strip().lower()
    if ago := _AGO.fullmatch(text):
        try:
            return now - float(ago[1]) * _UNITS[ago[2]]
        except OverflowError:
            raise ValueError(f"{text!r} is too long ago") from None
    try:
        meant = _time_of_day(text, now) or datetime.fromisoformat(text.upper()).astimezone()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text[:40]!r} is not a time: {FORMS}") from None
    if meant > now:
        raise ValueError(f"{text!r} is still to come")
    return meant


def parse_until(text: str, now: datetime) -> datetime:
    """The time that is meant, zone-aware and after ``now``: a length of time from now on, the next time of
    day, or a date; what has no zone is local time. Raises `ValueError`, with the forms that are understood,
    for anything else."""
    text = text.strip().lower()
    try:
        if (span := _AGO.fullmatch(text)) and not text.endswith("ago"):
            meant = now + float(span[1]) * _UNITS[span[2]]
        else:
            meant = _next_time_of_day(text, now) or datetime.fromisoformat(text.upper()).astimezone()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text[:40]!r} is not a time: {UNTIL_FORMS}") from None
    if meant <= now:
        raise ValueError(f"{text!r} is over")
    return meant


def _next_time_of_day(text: str, now: datetime) -> datetime | None:
    last = _time_of_day(text, now)
    # Anew from the date: the offset of tomorrow may be another one.
    return None if last is None else (last.replace(tzinfo=None) + timedelta(days=1)).astimezone()


def _time_of_day(text: str, now: datetime) -> datetime | None:
    found = _TIME_OF_DAY.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups())
    here = now.astimezone()
    meant = here.replace(hour=hour, minute=minute, second=second, microsecond=0)
    if meant <= here:
        return meant
    # Anew from the date: the offset of yesterday may be another one.
    return (meant.replace(tzinfo=None) - timedelta(days=1)).astimezone()


def parse_duration(text: str) -> timedelta:
    """How long is meant: ``8h``, ``30min``, ``90s``. Raises `ValueError` for anything else."""
    found = _AGO.fullmatch(text.strip().lower())
    if found is None or text.strip().lower().endswith("ago"):
        raise ValueError(f"{text[:40]!r} is not a length of time: 90s, 30min, 8h or 2d")
    try:
        return float(found[1]) * _UNITS[found[2]]
    except OverflowError:
        raise ValueError(f"{text[:40]!r} is too long") from None
