"""What is marked is judged by the rules of trouble too, though nobody follows a wall."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from farmwatch.alerts.alert import State
from farmwatch.aws.model import DEFAULT_CONNECTION, Page, SessionRef
from farmwatch.listings.discovery import JobRef
from farmwatch.monitor.marks import Marks
from farmwatch.wall.item import WallItem
from tests.canned import FARM_ID, QUEUE_ID, HandClock, a_job, a_summary
from tests.monitor.test_own_watches import JOB_ID, Program
from tests.wall.night import Night, Run, session_id


def ref(number: int) -> SessionRef:
    return SessionRef(DEFAULT_CONNECTION, FARM_ID, QUEUE_ID, JOB_ID, session_id(number))


@pytest.fixture
def night() -> Night:
    return Night(*(Run(number, frame=number, log_error="AccessDenied") for number in (1, 2, 3)))


@pytest.fixture
def program(night: Night, tmp_path: Path) -> Iterator[Program]:
    made = Program(night, tmp_path, HandClock())
    yield made
    made.end()


@pytest.fixture
def marks(program: Program) -> Marks:
    made = Marks(program.monitor, program.file)
    program.walls.take_up(made)
    return made


def of_alerts(program: Program) -> list[str]:
    return sorted(alert.subject.session_id for alert in program.alerts)


def test_a_session_that_is_marked_is_judged_and_no_other(
    program: Program, marks: Marks, night: Night
) -> None:
    program.run(30)
    assert night.count("search_tasks") == 0, "nothing is marked, and nobody follows a wall"
    marks.toggle(ref(1), "shot_01")
    program.run(60)
    assert of_alerts(program) == [session_id(1)]
    assert [rule for rule, _ in program.told] == ["log trouble"]
    marks.toggle(ref(2), "shot_01")
    program.run(60)
    assert of_alerts(program) == [session_id(1), session_id(2)]


def test_nothing_is_asked_for_it_once_the_mark_is_off(program: Program, marks: Marks, night: Night) -> None:
    marks.toggle(ref(1), "shot_01")
    program.run(60)
    marks.toggle(ref(1), "shot_01")
    program.run(10)
    asked = night.count("search_tasks")
    program.run(300)
    assert night.count("search_tasks") == asked
    assert program.walls.handle is None


@pytest.mark.parametrize("is_acknowledged", [False, True])
def test_what_has_ended_is_let_go_of_when_its_alert_is_over(
    program: Program, marks: Marks, night: Night, is_acknowledged: bool
) -> None:
    marks.toggle(ref(1), "shot_01")
    program.run(60)
    (alert,) = program.alerts
    assert alert.state is State.FIRING
    if is_acknowledged:
        program.walls.judge().acknowledge([alert.id], "known", program.clock.now())
    run = night.runs[0]
    run.lifecycle, run.status, run.log_error = "ENDED", "SUCCEEDED", None
    run.session_ended_at = program.clock.now()
    # Trouble with a log outlives its session, as long as the wall shows that.
    program.run(900)
    (alert,) = program.alerts
    assert alert.state is State.RESOLVED
    assert marks.held == ()
    assert program.walls.handle is None
    asked = len(night.asked)
    program.run(300)
    assert len(night.asked) == asked


def test_all_sessions_of_a_job_that_is_marked_are_judged(
    program: Program, marks: Marks, night: Night
) -> None:
    night.runs[2].job = 2
    night.answers["sessions"] = [Page((a_summary(1), a_summary(2)))]
    night.answers["job"] = [a_job(1, "READY", job_id=JOB_ID)]
    marks.toggle(JobRef(DEFAULT_CONNECTION, FARM_ID, QUEUE_ID, JOB_ID), "shot_01")
    program.run(60)
    assert of_alerts(program) == [session_id(1), session_id(2)]


def test_the_wall_takes_its_place_when_somebody_opens_it(
    program: Program, marks: Marks, night: Night
) -> None:
    marks.toggle(ref(1), "shot_01")
    program.run(60)
    of_marks = program.walls.handle
    program.walls.follow()
    assert program.walls.handle is not of_marks
    program.run(60)
    assert len(of_alerts(program)) == 3
    wall = program.walls.handle
    marks.toggle(ref(2), "shot_01")
    marks.toggle(ref(1), "shot_01")
    assert program.walls.handle is wall


def test_it_is_no_wall_of_which_one_could_wait_for_the_end(program: Program, marks: Marks) -> None:
    marks.toggle(ref(1), "shot_01")
    program.run(60)
    program.walls.toggle(WallItem(DEFAULT_CONNECTION, (FARM_ID,)))
    assert program.walls.items == (WallItem(DEFAULT_CONNECTION, (FARM_ID,)),)
    program.run(60)
    assert of_alerts(program) == [session_id(1)], "what is on the wall is not followed before it is opened"


def test_a_restart_goes_on_judging_what_is_marked(
    program: Program, marks: Marks, night: Night, tmp_path: Path
) -> None:
    marks.toggle(ref(1), "shot_01")
    program.run(60)
    program.end()
    told = len(program.told)
    assert told == 1
    again = Program(night, tmp_path, program.clock)
    later = Marks(again.monitor, again.file)
    later.take_up()
    again.walls.take_up(later)
    again.run(60)
    assert of_alerts(again) == [session_id(1)]
    assert again.told == [], "it was told already"
    again.end()
