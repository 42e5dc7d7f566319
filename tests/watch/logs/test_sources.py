"""Where the logs of a session are, and which action a section is of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from farmwatch.cloud.log_page import LogEvent, LogPage
from farmwatch.cloud.model import FaultKind, LogConfiguration
from farmwatch.cloud.session_action import KINDS, SessionAction
from farmwatch.watch.cadence import Budget
from farmwatch.watch.entries import Kind
from farmwatch.watch.logs.lines import SESSION, WORKER
from farmwatch.watch.logs.reading import Severities, Severity
from farmwatch.watch.logs.sources import SessionLogs, Unread, actions_of, find, milliseconds
from farmwatch.watch.logs.store import OWN, lines_of
from farmwatch.watch.recorder import Recorder
from tests.canned import (
    FARM_ID,
    FLEET_ID,
    NO_LINES,
    QUEUE_ID,
    REF,
    SESSION_ID,
    START,
    WORKER_ID,
    CannedFarm,
    HandClock,
    a_fault,
    a_session,
    an_action,
)

NAMED = LogConfiguration("awslogs", {"logGroupName": "/a/group", "logStreamName": "a stream"}, {})


def test_the_names_come_from_the_reply() -> None:
    found = find(REF, a_session(log=NAMED, worker_log=NAMED), SESSION)
    assert found.source is not None
    assert (found.source.group, found.source.stream, found.guessed) == ("/a/group", "a stream", False)
    assert (found.source.queue_id, found.source.fleet_id) == (QUEUE_ID, None)
    worker = find(REF, a_session(worker_log=NAMED), WORKER)
    assert worker.source is not None
    assert (worker.source.queue_id, worker.source.fleet_id) == (None, FLEET_ID)


def test_names_that_are_missing_are_guessed_and_marked() -> None:
    nameless = LogConfiguration("awslogs", None, None)
    found = find(REF, a_session(log=nameless, worker_log=nameless), SESSION)
    assert found.source is not None
    assert (found.source.group, found.source.stream) == (f"/aws/deadline/{FARM_ID}/{QUEUE_ID}", SESSION_ID)
    assert found.guessed
    found = find(REF, a_session(worker_log=nameless), WORKER)
    assert found.source is not None
    assert (found.source.group, found.source.stream) == (f"/aws/deadline/{FARM_ID}/{FLEET_ID}", WORKER_ID)


@pytest.mark.parametrize(
    ("options", "group", "stream", "guessed"),
    [
        ({"logGroupName": "/a/group"}, "/a/group", WORKER_ID, True),
        ({"logStreamName": "a stream"}, f"/aws/deadline/{FARM_ID}/{FLEET_ID}", "a stream", True),
        (
            {"logGroupName": "", "logStreamName": "a stream"},
            f"/aws/deadline/{FARM_ID}/{FLEET_ID}",
            "a stream",
            True,
        ),
        (
            {"logGroupName": "/a/group", "logStreamName": "a stream", "other": "x"},
            "/a/group",
            "a stream",
            False,
        ),
    ],
    ids=["no stream", "no group", "empty group", "both"],
)
def test_a_single_name_that_is_missing_is_guessed_and_the_other_kept(
    options: dict[str, str], group: str, stream: str, guessed: bool
) -> None:
    found = find(REF, a_session(worker_log=LogConfiguration("awslogs", options)), WORKER)
    assert found.source is not None
    assert (found.source.group, found.source.stream, found.guessed) == (group, stream, guessed)
    assert (found.unread, found.source.farm_id) == (None, FARM_ID)


def test_what_cannot_be_read_is_not_asked_for() -> None:
    assert find(REF, a_session(worker_log=None), WORKER).unread is Unread.MISSING
    other = replace(NAMED, driver="fluentd")
    for found in (find(REF, a_session(log=other), SESSION), find(REF, a_session(worker_log=other), WORKER)):
        assert (found.source, found.unread, found.guessed) == (None, Unread.DRIVER, False)
    logs = SessionLogs(REF, Budget())
    assert logs.found[SESSION].unread is Unread.UNKNOWN
    assert logs.take(a_session(log=other, worker_log=None)) == []
    assert [logs.found[lane].unread for lane in (SESSION, WORKER)] == [Unread.DRIVER, Unread.MISSING]
    assert logs.tails == {}


def test_a_log_is_opened_once_and_anew_where_its_place_is_another() -> None:
    logs = SessionLogs(REF, Budget())
    session = a_session(log=NAMED, worker_log=None)
    (tail,) = logs.take(session)
    assert logs.take(session) == []
    assert logs.lane_of(tail.key) == SESSION
    moved = replace(NAMED, options={"logGroupName": "/a/group", "logStreamName": "another"})
    (other,) = logs.take(replace(session, log=moved))
    assert other.key != tail.key
    assert logs.browser.lanes[SESSION].store is other.store


def test_each_log_has_its_own_tail_and_the_sessions_is_read_first() -> None:
    budget = Budget()
    logs = SessionLogs(REF, budget)
    assert [lane.of_worker for lane in logs.browser.lanes] == [False, True]
    session, worker = logs.take(a_session())
    assert (logs.lane_of(session.key), logs.lane_of(worker.key), logs.lane_of("log of nobody")) == (
        0,
        1,
        None,
    )
    assert session.rank < worker.rank
    assert session.budget is worker.budget is budget
    assert session.observed.source == logs.found[SESSION].source
    assert worker.observed.source == logs.found[WORKER].source
    assert [lane.store for lane in logs.browser.lanes] == [session.store, worker.store]
    assert [lane.of_worker for lane in logs.browser.lanes] == [False, True]


def test_the_words_that_make_an_error_may_be_chosen() -> None:
    chosen = Severities.of(["oops"])
    assert SessionLogs(REF, Budget(), chosen).browser.severities is chosen
    assert SessionLogs(REF, Budget()).browser.severities.of_line("ERROR: disk full") is Severity.ERROR


def test_a_log_that_has_moved_leaves_the_other_one_alone() -> None:
    logs = SessionLogs(REF, Budget())
    session, worker = logs.take(a_session())
    for tail in (session, worker):
        tail.store.append(lines_of([LogEvent(0, "line")]))
    (other,) = logs.take(a_session(worker_log=NAMED))
    assert logs.tails == {SESSION: session, WORKER: other}
    assert [len(lane.store) for lane in logs.browser.lanes] == [1, 0]
    assert logs.lane_of(worker.key) is None


def test_a_log_that_can_no_longer_be_read_has_no_tail_and_no_lines() -> None:
    logs = SessionLogs(REF, Budget())
    session, worker = logs.take(a_session())
    worker.store.append(lines_of([LogEvent(0, "line")]))
    assert logs.take(a_session(worker_log=None)) == []
    assert logs.tails == {SESSION: session}
    assert len(logs.browser.lanes[WORKER].store) == 0
    (again,) = logs.take(a_session())
    assert again is not worker


def test_only_the_workers_lines_are_told_apart_by_session() -> None:
    logs = SessionLogs(REF, Budget())
    tails = logs.take(a_session())
    event = f'{{"level": "INFO", "type": "Session", "session_id": "{SESSION_ID}"}}'
    page = LogPage([LogEvent(1, "line"), LogEvent(2, event), LogEvent(3, "line")], "f/1/s", "b/1/s")
    for tail in tails:
        tail.poll(CannedFarm(log_page=page), HandClock())
    # The oldest millisecond of a first page is left to the page before it.
    flags = [[tail.store.flags(number) & OWN for number in (0, 1)] for tail in tails]
    assert flags == [[0, 0], [OWN, 0]]


def test_a_tail_knows_when_its_session_is_over() -> None:
    logs = SessionLogs(REF, Budget())
    (tail,) = logs.take(a_session(log=NAMED, worker_log=None))
    assert not tail.session_is_final
    logs.take(a_session(log=NAMED, worker_log=None, lifecycle_status="ENDED", ended_at=START))
    assert tail.session_is_final
    assert tail.session_ended_at == START


def test_what_is_in_sight_is_read_first() -> None:
    logs = SessionLogs(REF, Budget())
    logs.take(a_session(log=NAMED, worker_log=replace(NAMED, options={})))
    logs.look_at((WORKER,))
    assert logs.tails[WORKER].rank < logs.tails[SESSION].rank
    logs.look_at((SESSION, WORKER))
    assert logs.tails[WORKER].rank == logs.tails[SESSION].rank


def banners(*titles: tuple[float, str]) -> SessionLogs:
    """A log with these banners, so many seconds after the start."""
    logs = SessionLogs(REF, Budget())
    events = []
    for seconds, title in titles:
        at = milliseconds(START) + round(seconds * 1000)
        events += [LogEvent(at, text) for text in ("=" * 46, f"--------- {title}", "=" * 46, "line")]
    logs.browser.lanes[SESSION].store.append(lines_of(events))
    logs.browser.lanes[SESSION].find_sections()
    return logs


def test_sections_are_of_the_actions_of_their_kind_that_began_next_to_them() -> None:
    logs = banners(
        (0, "Entering Environment: Maya"), (10, "Running Task"), (20, "Running Task"), (500, "Running Task")
    )
    enter = an_action(0, kind="envEnter", started_at=START)
    first = an_action(1, started_at=START + timedelta(seconds=11))
    second = an_action(2, started_at=START + timedelta(seconds=19))
    never = an_action(3, "ASSIGNED")
    sections = logs.browser.lanes[SESSION].sections()
    found = actions_of(sections, (second, never, first, enter))
    assert [found.get(section.head) for section in sections] == [enter, first, second, None]
    assert logs.line_of(first, (enter, first, second)) == sections[1].head


def one_of_each_kind(seconds: dict[str, float]) -> tuple[SessionAction, ...]:
    """Actions that began so many seconds after the start, by their kind."""
    return tuple(
        an_action(number, kind=kind, started_at=START + timedelta(seconds=seconds.get(kind, 31)))
        for number, kind in enumerate(KINDS)
    )


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Entering Environment: Maya", "envEnter"),
        ("Exiting Environment: Maya", "envExit"),
        ("Running Task", "taskRun"),
    ],
)
def test_a_banner_is_of_an_action_of_its_kind_even_if_another_began_nearer(title: str, kind: str) -> None:
    (section,) = banners((31, title)).browser.lanes[SESSION].sections()
    (found,) = actions_of([section], one_of_each_kind({kind: 0})).values()
    assert found.kind == kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_banner_that_nobody_knows_is_of_whatever_began_next_to_it(kind: str) -> None:
    (section,) = banners((0, "Fetching What It Needs")).browser.lanes[SESSION].sections()
    (found,) = actions_of([section], one_of_each_kind({kind: 1})).values()
    assert found.kind == kind


@pytest.mark.parametrize(("seconds", "belongs"), [(-60, True), (60, True), (-60.001, False), (60.001, False)])
def test_a_banner_is_of_no_action_that_began_long_before_or_after_it(seconds: float, belongs: bool) -> None:
    logs = banners((100, "Running Task"))
    sections = logs.browser.lanes[SESSION].sections()
    action = an_action(1, started_at=START + timedelta(seconds=100 + seconds))
    assert actions_of(sections, (action,)) == ({sections[0].head: action} if belongs else {})


def test_an_action_has_one_banner_at_the_most() -> None:
    logs = banners((0, "Running Task"), (1, "Running Task"))
    first, second = logs.browser.lanes[SESSION].sections()
    action = an_action(1, started_at=START)
    assert actions_of([first, second], (action,)) == {first.head: action}


def test_an_action_without_a_banner_begins_with_what_was_written_then() -> None:
    logs = banners((0, "Running Task"))
    sync = an_action(1, kind="syncInputJobAttachments", started_at=START - timedelta(hours=1))
    assert logs.line_of(sync, (sync,)) == 0
    late = an_action(2, started_at=START + timedelta(hours=1))
    assert logs.line_of(late, (late,)) is None
    assert logs.line_of(an_action(3, "ASSIGNED"), ()) is None


def test_banners_that_have_come_in_since_are_found() -> None:
    logs = banners((0, "Running Task"))
    at = milliseconds(START) + 200_000
    logs.browser.lanes[SESSION].store.append(
        lines_of([LogEvent(at, text) for text in ("early", "=" * 46, "--------- Running Task", "=" * 46)])
    )
    action = an_action(1, started_at=START + timedelta(seconds=199))
    assert logs.line_of(action, (action,)) == 6


def test_what_keeps_a_log_from_being_read_is_written_down_with_its_end(tmp_path: Path) -> None:
    clock = HandClock()
    recorder = Recorder(tmp_path / "history.sqlite", clock=clock)
    logs = SessionLogs(REF, Budget(), records=recorder)
    tail, *_ = logs.take(a_session())
    denied = a_fault(FaultKind.DENIED, operation="GetLogEvents", code="AccessDeniedException")
    not_there = a_fault(FaultKind.GONE, operation="GetLogEvents", code="ResourceNotFoundException")
    for answer in (not_there, denied, denied, NO_LINES):
        clock.move(10)
        tail.poll(CannedFarm(log_page=answer), clock)
    found = recorder.ask(lambda history: history.entries()) or []
    recorder.close()
    assert [(one.kind, one.subject, one.old, one.new) for one in found] == [
        (Kind.FAULT, "reading the session log", None, "DENIED: AccessDeniedException"),
        (Kind.FAULT, "reading the session log", "DENIED: AccessDeniedException", None),
    ]
