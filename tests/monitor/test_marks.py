"""Marks: what is marked is watched until it has ended, over restarts, and what came in is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from farmwatch.aws.model import DEFAULT_CONNECTION, Page
from farmwatch.config.state import KeptMark, StateFile
from farmwatch.listings.discovery import JobRef
from farmwatch.listings.place import Place
from farmwatch.monitor.marks import Marks, ref_of
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, REF, START, a_job, a_session, a_summary
from tests.monitor.stage import Watching

JOB = JobRef(DEFAULT_CONNECTION, FARM_ID, QUEUE_ID, JOB_ID)


class Marked:
    """A Monitor, its marks, and the file that they are kept in."""

    def __init__(self, path: Path | None, **answers: Any) -> None:
        self.watching = Watching(**answers)
        self.file = StateFile(path)
        self.marks = Marks(self.watching.monitor, self.file)
        self.marks.take_up()

    def end(self) -> None:
        self.file.close(60)


def test_a_marked_session_is_watched_though_nobody_looks(tmp_path: Path) -> None:
    marked = Marked(tmp_path / "state.json")
    assert marked.marks.toggle(REF, "a session")
    marked.watching.run(5)
    assert marked.watching.notebook.entries
    (row,) = marked.marks.rows()
    assert (row.status, row.running, row.is_over) == ("STARTED", 1, False)
    assert marked.marks.below(Place(DEFAULT_CONNECTION, FARM_ID, QUEUE_ID, JOB_ID)) == {REF.session_id}
    assert not marked.marks.toggle(REF, "a session")
    asked = len(marked.watching.farm.asked)
    marked.watching.run(60)
    assert len(marked.watching.farm.asked) == asked
    marked.end()
    assert StateFile(tmp_path / "state.json").state.marks == ()


def test_it_is_taken_up_again_by_the_next_run(tmp_path: Path) -> None:
    first = Marked(tmp_path / "state.json")
    first.marks.toggle(REF, "a session")
    first.end()
    second = Marked(tmp_path / "state.json")
    second.watching.run(3)
    (row,) = second.marks.rows()
    assert (row.name, row.status) == ("a session", "STARTED")


def test_one_that_has_ended_is_asked_no_more_and_not_kept(tmp_path: Path) -> None:
    marked = Marked(tmp_path / "state.json")
    marked.marks.toggle(REF, "a session")
    marked.watching.run(3)
    marked.watching.answer = lambda ref: a_session(session_id=ref.session_id, lifecycle_status="ENDED")
    marked.watching.run(30)
    (row,) = marked.marks.rows()
    assert row.is_over
    assert row.status == "ENDED"
    assert marked.marks.count == 0
    asked = len(marked.watching.farm.asked)
    marked.watching.run(120)
    assert len(marked.watching.farm.asked) == asked
    marked.end()
    assert Marked(tmp_path / "state.json").marks.rows() == []


def test_every_session_of_a_marked_job_is_watched_new_ones_too() -> None:
    sessions = [a_summary(1)]
    marked = Marked(
        None, sessions=lambda *_: Page(tuple(sessions)), job=lambda *_: a_job(1, "RUNNING", job_id=JOB_ID)
    )
    marked.marks.toggle(JOB, "")
    marked.watching.run(20)
    assert marked.marks.rows()[0].sessions == 1
    assert marked.marks.changes == 0, "what was there is no news"
    sessions.append(a_summary(2))
    marked.watching.run(40)
    assert {entry.ref.session_id for entry in marked.watching.notebook.entries} == {
        one.session_id for one in sessions
    }
    row = marked.marks.rows()[0]
    assert (row.sessions, row.running, row.status, row.changes) == (2, 2, "RUNNING", 1)


def test_a_job_is_over_when_it_is_done_and_its_sessions_have_ended(tmp_path: Path) -> None:
    ended = {"lifecycle_status": "ENDED"}
    status = ["RUNNING"]
    marked = Marked(
        tmp_path / "state.json",
        sessions=Page((a_summary(1, **ended),)),
        job=lambda *_: a_job(1, status[0], job_id=JOB_ID),
    )
    marked.watching.answer = lambda ref: a_session(session_id=ref.session_id, **ended)
    marked.marks.toggle(JOB, "")
    marked.watching.run(60)
    assert not marked.marks.rows()[0].is_over, "it may get more sessions"
    status[0] = "SUCCEEDED"
    marked.watching.run(60)
    assert marked.marks.rows()[0].is_over
    marked.end()
    assert StateFile(tmp_path / "state.json").state.marks == ()


def test_what_comes_in_is_counted_unless_somebody_looks_at_it() -> None:
    marked = Marked(None)
    marked.marks.toggle(REF, "a session")
    marked.watching.run(5)
    assert marked.marks.changes == 0
    statuses = iter(("UPDATE_IN_PROGRESS", "STARTED"))

    def change() -> None:
        status = next(statuses)
        marked.watching.answer = lambda ref: a_session(session_id=ref.session_id, lifecycle_status=status)
        marked.watching.run(5)

    change()
    assert marked.marks.changes == 1
    marked.marks.looked()
    assert marked.marks.changes == 0
    marked.marks.attended_by(lambda ref: ref == REF)
    change()
    assert marked.marks.changes == 0
    assert marked.marks.rows()[0].changed_at is not None


def test_one_on_a_connection_that_is_not_there_is_kept_and_said(tmp_path: Path) -> None:
    away = replace(REF, connection="west")
    first = Watching("west")
    file = StateFile(tmp_path / "state.json")
    Marks(first.monitor, file).toggle(away, "far away")
    file.close(60)
    marked = Marked(tmp_path / "state.json")
    marked.watching.run(5)
    (row,) = marked.marks.rows()
    assert (row.name, row.is_watched) == ("far away", False)
    marked.watching.monitor.add_connection("west", lambda *_: first.farm)
    marked.marks.take_up()
    marked.watching.run(5)
    (row,) = marked.marks.rows()
    assert (row.status, row.is_watched) == ("STARTED", True)


def test_a_mark_set_by_another_program_is_taken_up(tmp_path: Path) -> None:
    here, there = Marked(tmp_path / "state.json"), Marked(tmp_path / "state.json")
    there.marks.toggle(REF, "a session")
    there.end()
    here.marks.take_up()
    assert [row.name for row in here.marks.rows()] == ["a session"]
    there.marks.toggle(REF, "a session")
    there.end()
    here.marks.take_up()
    assert here.marks.rows() == []


def test_marks_of_a_thousand_sessions_cost_a_call_a_hundred() -> None:
    refs = [replace(REF, session_id=f"session-{number:032x}") for number in range(300)]
    marked = Marked(None)
    for ref in refs:
        marked.marks.toggle(ref, "")
    marked.watching.run(1)
    farm = marked.watching.farm
    assert farm.count("sessions_by_id") <= 4
    assert farm.count("session") == 0
    assert marked.marks.count == 300


def test_what_was_over_can_be_marked_anew_or_taken_off_the_list() -> None:
    marked = Marked(None)
    marked.watching.answer = lambda ref: a_session(session_id=ref.session_id, lifecycle_status="ENDED")
    marked.marks.toggle(REF, "a session")
    marked.watching.run(30)
    assert marked.marks.rows()[0].is_over
    assert marked.marks.toggle(REF, "a session"), "marked anew"
    assert not marked.marks.rows()[0].is_over
    marked.watching.run(30)
    marked.marks.remove(REF)
    assert marked.marks.rows() == []


def test_a_mark_that_names_nothing_is_left_aside() -> None:
    at = START
    good = KeptMark("west", (FARM_ID, QUEUE_ID, JOB_ID), "", at)
    assert ref_of(good) == JobRef("west", FARM_ID, QUEUE_ID, JOB_ID)
    for ids in ((), (FARM_ID,), (FARM_ID, QUEUE_ID, "\x1b[31m"), (*good.ids, REF.session_id, "more")):
        assert ref_of(KeptMark("west", ids, "", at)) is None
