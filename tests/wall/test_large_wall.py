"""The wall on large farms: how many calls it takes, and whether it misses anything of a night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from moto import mock_aws

from farmwatch.alerts.alert import Alert
from farmwatch.alerts.life import step
from farmwatch.alerts.seen import pass_of
from farmwatch.wall.values import LastLine
from tests.wall.large import LargeWall

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.mark.parametrize(("sessions", "refreshes"), [(10, 20), (100, 20), (1000, 9), (10_000, 3)])
def test_a_refresh_takes_three_calls_for_a_hundred_sessions_and_ten_more(
    sessions: int, refreshes: int
) -> None:
    wall = LargeWall(sessions)
    # The first one also lists what there is, names it, and finds the jobs of each queue that run or are over.
    assert wall.refresh() <= 3 * sessions / 100 + 10 + 2 * 10 + 10
    calls: list[int] = []
    for _ in range(refreshes):
        wall.step(10)
        calls.append(wall.refresh())
        assert wall.target.observed.calls == calls[-1]
    assert max(calls) <= 3 * sessions / 100 + 10
    assert wall.target.observed.fault is None
    assert not wall.target.observed.denied
    assert wall.target.observed.running >= sessions
    assert not {"get_session", "get_session_action", "list_session_actions"} & set(wall.client.asked)


def test_of_many_sessions_every_refresh_asks_about_its_share() -> None:
    wall = LargeWall(1_000)
    wall.refresh()
    asked: list[int] = []
    for _ in range(12):
        wall.step(10)
        before = wall.client.asked["batch_get_session"]
        wall.refresh()
        asked.append(wall.client.asked["batch_get_session"] - before)
        rows = [row for row in wall.target.observed.rows if row.seen_at is not None and row.ended_at is None]
        assert max(wall.clock.now() - row.seen_at for row in rows if row.seen_at) <= timedelta(seconds=45)
    # A third of a thousand in ten of thirty seconds, and those that are new or about to end.
    assert max(asked) <= 6
    assert min(asked) >= 2


def test_every_failure_and_interruption_of_a_night_is_told_once_and_none_other_and_no_trouble_found() -> None:
    wall = LargeWall(1000)
    # Each log is read all the time, and has a new line whenever it is.
    wall.target.judging.lines = lambda: {
        row.key: LastLine("rendering", wall.clock.now(), wall.clock.now())
        for row in wall.target.observed.rows
    }
    failed: set[str] = set()
    alerts: dict[str, Alert] = {}
    for _ in range(75):
        wall.refresh()
        seen = pass_of(wall.target.observed, alerts.values(), wall.clock.now())
        alerts, notices = step(alerts, seen, wall.clock.now())
        assert notices == []
        wall.step(60)
        failed |= wall.own_failures()
    for _ in range(6):
        wall.refresh()
        wall.step(10)
    told = Counter(failure.action.action_id for failure in wall.target.observed.failures)
    assert len(failed) > 300
    assert failed - set(told) == set()
    assert set(told) - failed <= wall.own_failures()
    assert set(told.values()) == {1}
    assert all(failure.worker_id for failure in wall.target.observed.failures)
    assert {failure.is_interruption for failure in wall.target.observed.failures} == {True, False}


def test_hundreds_that_failed_between_two_refreshes_are_all_found() -> None:
    wall = LargeWall(4000)
    wall.refresh()
    wall.step(1500)
    failed = wall.own_failures()
    failed = {one for one in failed if wall.action(one)["status"] == "FAILED"}
    wall.refresh()
    assert len(failed) > 350
    assert failed <= {failure.action.action_id for failure in wall.target.observed.failures}


def test_the_next_refresh_comes_an_interval_after_the_beginning_of_the_one_before() -> None:
    wall = LargeWall(300)
    wall.refresh()
    wall.client.on_ask = lambda: wall.clock.move(0.2)
    began = wall.clock.monotonic()
    rest: float | None = 0.0
    while rest == 0.0:
        rest = wall.target.poll(wall.api, wall.clock).again_in
    assert rest is not None
    assert 0 < wall.clock.monotonic() - began < 9
    assert wall.clock.monotonic() - began + rest == pytest.approx(10)
