from datetime import timedelta

import pytest

from farmwatch.polling.freshness import Rhythm, State, freshness
from tests.canned import START, a_fault

RHYTHM = Rhythm(timedelta(seconds=2))


@pytest.mark.parametrize(
    ("age", "state"),
    [(0, State.LIVE), (2, State.LIVE), (7, State.LIVE), (8, State.STALE)],
)
def test_what_is_older_than_two_missed_polls_is_stale(age: int, state: State) -> None:
    now = START + timedelta(seconds=age)
    assert freshness(RHYTHM, seen_at=START, fault=None, final=False, now=now).state is state


def test_a_fault_is_never_live_however_young_the_last_answer_is() -> None:
    fresh = freshness(RHYTHM, seen_at=START, fault=a_fault(), final=False, now=START)
    assert (fresh.state, fresh.is_fresh) == (State.FAULT, False)


def test_a_final_answer_is_fresh_for_ever() -> None:
    late = START + timedelta(days=1)
    assert freshness(RHYTHM, seen_at=START, fault=None, final=True, now=late).is_fresh


def test_nothing_seen_yet_is_not_fresh() -> None:
    assert not freshness(RHYTHM, seen_at=None, fault=None, final=False, now=START).is_fresh


def test_what_is_paused_is_not_fresh() -> None:
    paused = Rhythm(timedelta(seconds=2), paused=True)
    assert not freshness(paused, seen_at=START, fault=None, final=False, now=START).is_fresh


def test_a_clock_that_went_back_gives_no_negative_age() -> None:
    earlier = START - timedelta(hours=1)
    assert freshness(RHYTHM, seen_at=START, fault=None, final=False, now=earlier).age == timedelta(0)
