from datetime import UTC, datetime, timedelta

import pytest

from farmwatch.ui.content import content
from farmwatch.words.text import (
    TimeStyle,
    brief,
    clock_time,
    clock_time_and_age,
    cut_middle,
    lifecycle,
    short_id,
    span,
    task_run,
)

NOW = datetime(2026, 3, 14, 14, 3, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00:00"), (2537, "00:42:17"), (86_399, "23:59:59"), (90_061, "1d 01:01:01"), (-5, "00:00:00")],
)
def test_a_duration_is_written_to_the_second(seconds: int, text: str) -> None:
    assert span(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(2, "2 s"), (90, "90 s"), (150, "2 min"), (3600, "1 h"), (90_000, "1 d")]
)
def test_an_age_is_written_in_its_largest_unit(seconds: int, text: str) -> None:
    assert brief(timedelta(seconds=seconds)) == text


def test_a_time_of_another_day_has_its_date() -> None:
    assert clock_time(NOW - timedelta(days=1), NOW, TimeStyle.UTC) == "2026-03-13 14:03:22Z"


def test_a_relative_time_says_how_long_ago_it_was() -> None:
    assert clock_time(NOW - timedelta(seconds=11), NOW, TimeStyle.RELATIVE) == "11 s ago"


def test_a_time_has_its_age_beside_it() -> None:
    assert clock_time_and_age(NOW - timedelta(seconds=11), NOW, TimeStyle.UTC) == "14:03:11Z (11 s ago)"


def test_a_long_text_is_cut_in_the_middle() -> None:
    assert cut_middle("abcdefghij", 5) == "ab…ij"


def test_a_short_id_keeps_its_kind_and_eight_digits() -> None:
    assert short_id("session-61e4f38604894d6ca243b88e52d7ca07") == "session-61e4f386"


def test_a_status_nobody_has_seen_yet_is_shown_as_it_came() -> None:
    assert (lifecycle("HIBERNATING"), task_run("DREAMING")) == (("? HIBERNATING", ""), ("? DREAMING", ""))


def test_markup_in_a_name_stays_text() -> None:
    assert content(("[@click=app.quit]x[/] [/]", "error")).plain == "[@click=app.quit]x[/] [/]"
