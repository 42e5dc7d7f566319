"""Quick after a change, slower while nothing happens; and never slower than somebody who looks wants it."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from farmwatch.polling.schedule import Rest, Schedule
from tests.canned import a_fault


def waits(schedule: Schedule, seconds: float) -> list[float]:
    """The waits of so much time in which nothing changes."""
    now, found = 0.0, list[float]()
    while now < seconds:
        wait = schedule.after(None, now=now)
        assert wait is not None
        found.append(wait)
        now += wait
    return found


def adaptive(seconds: float = 2) -> Schedule:
    return Schedule(timedelta(seconds=seconds), is_adaptive=True)


def test_for_ten_minutes_without_a_change_the_rhythm_stays() -> None:
    assert set(waits(adaptive(), 600)) == {2}


def test_then_it_becomes_slower_bit_by_bit_and_stays_at_ten_seconds() -> None:
    found = waits(adaptive(), 3600)
    assert found == sorted(found)
    assert max(after - before for before, after in pairwise(found)) < 0.2
    assert found[-1] == 10


def test_it_never_becomes_more_than_five_times_slower_nor_quicker_than_was_chosen() -> None:
    assert waits(adaptive(1), 3600)[-1] == 5
    assert set(waits(adaptive(60), 7200)) == {60}


@pytest.mark.parametrize("how", ["a change", "somebody who looks", "the end of a fault"])
def test_it_is_quick_again_after(how: str) -> None:
    schedule = adaptive()
    waits(schedule, 3600)
    if how == "somebody who looks":
        schedule.stir(3600)
    if how == "the end of a fault":
        schedule.after(a_fault(), now=3600)
    assert schedule.after(None, now=3601, changed=how == "a change") == 2
    assert schedule.in_force == timedelta(seconds=2)


def test_only_what_is_adaptive_becomes_slower() -> None:
    assert set(waits(Schedule(timedelta(seconds=2)), 3600)) == {2}


def test_what_is_in_force_is_told_so_that_its_age_can_be_judged() -> None:
    schedule = adaptive()
    waits(schedule, 3600)
    assert schedule.in_force == timedelta(seconds=10)


def test_a_call_that_is_denied_rests_longer_each_time_until_it_is_answered_or_somebody_wants_it() -> None:
    rest, now = Rest(), 0.0
    assert rest.is_over(now)
    for seconds in (5, 15, 30, 60, 300, 300):
        rest.begin(now)
        assert not rest.is_over(now + seconds - 1)
        now += seconds
        assert rest.is_over(now)
    rest.begin(now)
    assert not rest.is_over(now + 1, stirred_at=now - 1)
    assert rest.is_over(now + 1, stirred_at=now + 1)
    rest.end()
    rest.begin(now)
    assert rest.is_over(now + 5)
