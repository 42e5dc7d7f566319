"""Quiet hours: which times of the week they are, and when they end."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from farmwatch.config.quiet_hours import quiet_hours_of
from farmwatch.config.schema import BadSetting, read

MONDAY = datetime(2026, 3, 16, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("spans", "now", "until"),
    [
        (["22:00-07:00"], at(0, 21, 59), None),
        (["22:00-07:00"], at(0, 22), at(1, 7)),
        (["22:00-07:00"], at(1, 6, 59), at(1, 7)),
        (["22:00-07:00"], at(1, 7), None),
        (["12:00-13:30"], at(3, 13), at(3, 13, 30)),
        (["sat,sun 00:00-24:00"], at(4, 23, 59), None),
        (["sat,sun 00:00-24:00"], at(5, 8), at(7, 0)),
        (["22:00-07:00", "sat,sun 00:00-24:00"], at(4, 23), at(7, 7)),
        # The span of Sunday goes on into Monday, past the end of the week.
        (["sun 22:00-07:00"], at(6, 23), at(7, 7)),
        (["sun 22:00-07:00"], at(0, 6), at(0, 7)),
        (["Mon-Fri 20:00 - 08:00"], at(5, 7), at(5, 8)),
        (["Mon-Fri 20:00 - 08:00"], at(5, 21), None),
        (["fri-mon 01:00-02:00"], at(0, 1), at(0, 2)),
        ([], at(0, 3), None),
    ],
)
def test_it_is_known_whether_they_are_on_and_until_when(
    spans: list[str], now: datetime, until: datetime | None
) -> None:
    assert quiet_hours_of(spans).until(now) == until


@pytest.mark.parametrize(
    ("spans", "told"),
    [
        ('["at night"]', "'at night' is no span of time: 22:00-07:00"),
        ('["22:00"]', "'22:00' is no span of time"),
        ('["25:00-07:00"]', "'25:00-07:00' has a time that no day has"),
        ('["22:61-23:00"]', "has a time that no day has"),
        ('["24:00-07:00"]', "has no length"),
        ('["07:00-07:00"]', "has no length"),
        ('["san 22:00-07:00"]', "names a day that is none: mon, tue"),
        ('["00:00-24:00"]', "the whole week would be quiet"),
        ('["\\u001b[J 22:00-07:00"]', "names a day that is none"),
        ('"22:00-07:00"', "a list of local times"),
        ("[7]", "a list of local times"),
    ],
)
def test_what_they_cannot_be_is_told_in_a_line(tmp_path: Path, spans: str, told: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"[alerts]\nquiet_hours = {spans}\n")
    with pytest.raises(BadSetting, match=re.escape(told)) as error:
        read(file)
    assert "alerts.quiet_hours" in str(error.value)
    assert str(error.value).isprintable()


def test_those_of_the_settings_file_hold(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[alerts]\nquiet_hours = ["22:00-07:00", "sat,sun 00:00-24:00"]\n')
    assert quiet_hours_of(read(file).alerts.quiet_hours).until(at(5, 12)) == at(7, 7)
