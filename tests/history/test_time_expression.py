"""A time as people say it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from farmwatch.history.time_expression import parse_since, parse_until

NOW = datetime(2026, 3, 14, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("8h", NOW - timedelta(hours=8)),
        ("30min", NOW - timedelta(minutes=30)),
        ("90 m ago", NOW - timedelta(minutes=90)),
        ("1.5h", NOW - timedelta(minutes=90)),
        (" 2D ", NOW - timedelta(days=2)),
        ("1w", NOW - timedelta(days=7)),
        ("01:30", datetime(2026, 3, 14, 1, 30, tzinfo=UTC)),
        ("22:00", datetime(2026, 3, 13, 22, 0, tzinfo=UTC)),
        ("2026-03-10", datetime(2026, 3, 10, tzinfo=UTC)),
        ("2026-03-10 08:30", datetime(2026, 3, 10, 8, 30, tzinfo=UTC)),
        ("2026-03-10T08:30:00+02:00", datetime(2026, 3, 10, 6, 30, tzinfo=UTC)),
        ("2026-03-10t08:30z", datetime(2026, 3, 10, 8, 30, tzinfo=UTC)),
    ],
)
def test_what_people_say_is_a_time(text: str, meant: datetime) -> None:
    assert parse_since(text, NOW) == meant


@pytest.mark.parametrize("text", ["", "h", "yesterday", "25:00", "12:61", "2026-13-01", "-3h", "8 hours of"])
def test_anything_else_is_told_what_would_do(text: str) -> None:
    with pytest.raises(ValueError, match="22:00"):
        parse_since(text, NOW)


@pytest.mark.parametrize("text", ["2027-01-01", "2026-03-14 02:11"])
def test_what_is_still_to_come_is_no_past(text: str) -> None:
    with pytest.raises(ValueError, match="still to come"):
        parse_since(text, NOW)


def test_more_time_than_there_is_is_refused() -> None:
    with pytest.raises(ValueError, match="too long ago"):
        parse_since("999999w", NOW)


def test_a_time_of_day_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(time, "tzset"):
        pytest.skip("there is no way to set the zone here")
    monkeypatch.setenv("TZ", "America/Vancouver")
    time.tzset()
    # 02:10 UTC on the 14th is 19:10 of the 13th in Vancouver, in summer time there since the 8th.
    assert parse_since("19:00", NOW) == datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
    assert parse_since("22:00", NOW) == datetime(2026, 3, 13, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2h", NOW + timedelta(hours=2)),
        (" 30 MIN ", NOW + timedelta(minutes=30)),
        ("06:30", datetime(2026, 3, 14, 6, 30, tzinfo=UTC)),
        ("01:30", datetime(2026, 3, 15, 1, 30, tzinfo=UTC)),
        ("2026-03-20", datetime(2026, 3, 20, tzinfo=UTC)),
        ("2026-03-20 08:30+02:00", datetime(2026, 3, 20, 6, 30, tzinfo=UTC)),
    ],
)
def test_what_people_say_is_a_time_to_come(text: str, meant: datetime) -> None:
    assert parse_until(text, NOW) == meant


@pytest.mark.parametrize("text", ["", "h", "tomorrow", "25:00", "2h ago", "-3h", "999999w"])
def test_anything_else_is_told_what_would_be_to_come(text: str) -> None:
    with pytest.raises(ValueError, match="06:30"):
        parse_until(text, NOW)


@pytest.mark.parametrize("text", ["2026-03-14 02:09", "0h"])
def test_what_is_over_is_not_to_come(text: str) -> None:
    with pytest.raises(ValueError, match="is over"):
        parse_until(text, NOW)
