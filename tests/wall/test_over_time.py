"""The wall as time goes by: what has ended leaves, and a connection that is lost comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from farmwatch.aws.model import FaultKind, SessionRef
from farmwatch.monitor.monitor import Monitor
from farmwatch.monitor.wall import WallHandle
from farmwatch.wall.turns import asked_every
from tests.canned import FARM_ID, QUEUE_ID, START, HandClock, a_fault
from tests.wall.night import Night, Run, session_id

NAME = "default"


class Wall:
    """A wall on a canned night, moved by hand."""

    def __init__(self, farm: Night, keeps_ended: timedelta = timedelta(minutes=10)) -> None:
        self.clock = HandClock()
        self.monitor = Monitor({NAME: lambda *_: farm}, clock=self.clock)
        self.handle: WallHandle = self.monitor.watch_wall((), START - timedelta(hours=8), keeps_ended)

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.move(1)
            for _ in range(20):
                self.monitor.run_due()


def ids(wall: Wall) -> set[int]:
    (observed,) = wall.handle.observed
    return {int(row.ref.session_id.removeprefix("session-"), 16) for row in observed.rows}


def test_what_has_ended_leaves_and_what_failed_stays_until_it_is_looked_at() -> None:
    well, bad = Run(1), Run(2)
    farm = Night(well, bad, Run(3))
    wall = Wall(farm)
    wall.run(30)
    for run, status in ((well, "SUCCEEDED"), (bad, "FAILED")):
        run.status, run.lifecycle = status, "ENDED"
    wall.run(60)
    assert ids(wall) == {1, 2, 3}
    (observed,) = wall.handle.observed
    assert {bool(row.failed) for row in observed.rows if row.ended_at is not None} == {True, False}
    wall.run(590)
    assert ids(wall) == {2, 3}
    wall.run(600)
    assert ids(wall) == {2, 3}
    wall.handle.looked_at(NAME, session_id(2))
    wall.run(30)
    assert ids(wall) == {3}


def test_a_session_that_is_being_changed_is_asked_about_by_every_refresh() -> None:
    farm = Night(Run(1, lifecycle="UPDATE_IN_PROGRESS"), Run(2))
    asked: list[list[str]] = []
    answer = farm.answers["sessions_by_id"][0]

    def told(refs: Sequence[SessionRef]) -> Any:
        asked.append(sorted(ref.session_id for ref in refs))
        return answer(refs)

    farm.answers["sessions_by_id"] = [told]
    wall = Wall(farm)
    wall.run(25)
    both = [session_id(1), session_id(2)]
    assert asked == [both, [session_id(1)], both]


class Asked:
    """How often each session, and what each of them does, is asked about, by their numbers."""

    def __init__(self, farm: Night) -> None:
        self.sessions: Counter[int] = Counter()
        self.actions: Counter[int] = Counter()
        of_sessions, of_actions = (farm.answers[one][0] for one in ("sessions_by_id", "actions_of_sessions"))

        def sessions(refs: Sequence[SessionRef]) -> Any:
            self.sessions.update(int(ref.session_id.removeprefix("session-"), 16) for ref in refs)
            return of_sessions(refs)

        def actions(wanted: Sequence[tuple[SessionRef, str]]) -> Any:
            self.actions.update(int(ref.session_id.removeprefix("session-"), 16) for ref, _ in wanted)
            return of_actions(wanted)

        farm.answers["sessions_by_id"] = [sessions]
        farm.answers["actions_of_sessions"] = [actions]

    def clear(self) -> None:
        self.sessions.clear()
        self.actions.clear()


def test_of_thousands_each_session_is_asked_about_more_rarely() -> None:
    assert [asked_every(number) for number in (500, 501, 5_000, 5_001)] == [14.0, 29.0, 29.0, 59.0]


def test_of_many_those_in_sight_and_what_they_do_are_asked_about_more_often_than_the_others() -> None:
    farm = Night(*(Run(number) for number in range(1, 601)))
    asked, wall = Asked(farm), Wall(farm)
    ref = SessionRef(NAME, FARM_ID, QUEUE_ID, f"job-{1:032x}", session_id(300))
    wall.handle.want_lines([ref])
    wall.run(30)
    asked.clear()
    wall.run(120)
    for counted in (asked.sessions, asked.actions):
        assert counted[300] == 6
        assert min(counted.values()) == 4
        # A third of 600, and that one, with each of 12 refreshes.
        assert counted.total() <= 12 * (600 * 10 / 29 + 2)
    wall.handle.want_lines(None)
    asked.clear()
    wall.run(120)
    assert asked.sessions[300] <= 5
    assert asked.actions[300] <= 5


def test_of_many_what_has_changed_is_asked_about_at_once() -> None:
    farm = Night(*(Run(number) for number in range(1, 601)))
    asked, wall = Asked(farm), Wall(farm)
    wall.run(30)
    for one in (1, 300, 600):
        farm.runs[one - 1].minutes = 0.1
    asked.clear()
    wall.run(10)
    assert [asked.actions[one] for one in (1, 300, 600)] == [1, 1, 1]
    assert asked.actions.total() <= 600 * 10 / 29 + 4


def test_a_session_that_has_just_moved_on_lives_and_is_asked_about_more_rarely() -> None:
    farm = Night(Run(1), Run(2))
    asked, wall = Asked(farm), Wall(farm)
    wall.run(30)
    asked.clear()
    for _ in range(15):
        farm.runs[0].action_number += 1
        wall.run(10)
    # Every other of 15 refreshes, and after 50 s of them; what it does now and how that ended, every time.
    assert asked.sessions[2] in (7, 8)
    assert asked.sessions[1] == 3
    assert asked.actions[1] >= 15


def test_sessions_that_have_ended_do_not_count_as_many() -> None:
    farm = Night(*(Run(number) for number in range(1, 601)))
    asked, wall = Asked(farm), Wall(farm)
    wall.run(30)
    for run in farm.runs[:200]:
        run.status, run.lifecycle = "SUCCEEDED", "ENDED"
    wall.run(60)
    asked.clear()
    wall.run(120)
    assert set(asked.sessions.values()) == set(asked.actions.values()) == {6}
    assert set(asked.sessions) == set(asked.actions) == set(range(201, 601))


def test_how_long_what_has_ended_stays_is_a_choice() -> None:
    farm = Night(Run(1), Run(2))
    wall = Wall(farm, keeps_ended=timedelta(minutes=1))
    wall.run(30)
    farm.runs[0].status, farm.runs[0].lifecycle = "SUCCEEDED", "ENDED"
    wall.run(30)
    assert ids(wall) == {1, 2}
    wall.run(70)
    assert ids(wall) == {2}


@pytest.mark.parametrize("kind", [FaultKind.SLOW_DOWN, FaultKind.LOGIN, FaultKind.NETWORK])
@pytest.mark.parametrize("question", ["search_tasks", "sessions_by_id", "actions_of_sessions"])
def test_a_fault_of_the_connection_ends_the_refresh_which_is_tried_less_often_and_comes_back(
    kind: FaultKind, question: str
) -> None:
    farm = Night(Run(1), Run(2, status="FAILED", exit_code=1))
    wall = Wall(farm)
    wall.run(30)
    (observed,) = wall.handle.observed
    seen_at = observed.seen_at
    assert len(observed.failures) == 1
    well, farm.answers[question] = farm.answers[question], [a_fault(kind)]
    wall.run(120)
    (observed,) = wall.handle.observed
    assert observed.fault is not None
    assert observed.fault.kind is kind
    assert [len(observed.rows), len(observed.failures)] == [1, 1]
    # The calls before the one that fails do not count as if all went well: the tries become rarer.
    (target,) = (one for one in wall.monitor.targets if one.key == "wall")
    assert target.schedule.faults_in_a_row > 3
    farm.answers[question] = well
    farm.runs.append(Run(3))
    wall.handle.refresh()
    # A service that says "slower" is left alone for a minute at the most, whoever wants to know.
    wall.run(90)
    (observed,) = wall.handle.observed
    assert observed.fault is None
    assert observed.seen_at is not None
    assert seen_at is not None
    assert observed.seen_at > seen_at
    assert len(observed.rows) == 2
