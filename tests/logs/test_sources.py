"""Where the logs of a session are, and which action a section is of."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from farmwatch.aws.log_page import LogEvent, LogPage
from farmwatch.aws.model import FaultKind, LogConfiguration
from farmwatch.aws.session_action import SessionAction
from farmwatch.history.events import EventKind
from farmwatch.history.recorder import Recorder
from farmwatch.logs.lanes import SESSION, WORKER
from farmwatch.logs.parsing import Severities, Severity
from farmwatch.logs.sections import NEAR, actions_of
from farmwatch.logs.sources import SessionLogs, Unread, find
from farmwatch.logs.store import OWN, lines_of
from farmwatch.logs.times import milliseconds
from farmwatch.polling.schedule import RequestBudget
from tests.calls import counted
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
    logs = SessionLogs(REF, RequestBudget())
    assert logs.found[SESSION].unread is Unread.UNKNOWN
    assert logs.take(a_session(log=other, worker_log=None)) == []
    assert [logs.found[lane].unread for lane in (SESSION, WORKER)] == [Unread.DRIVER, Unread.MISSING]
    assert logs.tails == {}


def test_a_log_is_opened_once_and_anew_where_its_place_is_another() -> None:
    logs = SessionLogs(REF, RequestBudget())
    session = a_session(log=NAMED, worker_log=None)
    (tail,) = logs.take(session)
    assert logs.take(session) == []
    assert logs.lane_of(tail.key) == SESSION
    moved = replace(NAMED, options={"logGroupName": "/a/group", "logStreamName": "another"})
    (other,) = logs.take(replace(session, log=moved))
    assert other.key != tail.key
    assert logs.browser.lanes[SESSION].store is other.store


def test_each_log_has_its_own_tail_and_the_sessions_is_read_first() -> None:
    budget = RequestBudget()
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
    assert SessionLogs(REF, RequestBudget(), chosen).browser.severities is chosen
    assert SessionLogs(REF, RequestBudget()).browser.severities.of_line("ERROR: disk full") is Severity.ERROR


def test_a_log_that_has_moved_leaves_the_other_one_alone() -> None:
    logs = SessionLogs(REF, RequestBudget())
    session, worker = logs.take(a_session())
    for tail in (session, worker):
        tail.store.append(lines_of([LogEvent(0, "line")]))
    (other,) = logs.take(a_session(worker_log=NAMED))
    assert logs.tails == {SESSION: session, WORKER: other}
    assert [len(lane.store) for lane in logs.browser.lanes] == [1, 0]
    assert logs.lane_of(worker.key) is None


def test_a_log_that_can_no_longer_be_read_has_no_tail_and_no_lines() -> None:
    logs = SessionLogs(REF, RequestBudget())
    session, worker = logs.take(a_session())
    worker.store.append(lines_of([LogEvent(0, "line")]))
    assert logs.take(a_session(worker_log=None)) == []
    assert logs.tails == {SESSION: session}
    assert len(logs.browser.lanes[WORKER].store) == 0
    (again,) = logs.take(a_session())
    assert again is not worker


def test_only_the_workers_lines_are_told_apart_by_session() -> None:
    logs = SessionLogs(REF, RequestBudget())
    tails = logs.take(a_session())
    event = f'{{"level": "INFO", "type": "Session", "session_id": "{SESSION_ID}"}}'
    page = LogPage([LogEvent(1, "line"), LogEvent(2, event), LogEvent(3, "line")], "f/1/s", "b/1/s")
    for tail in tails:
        tail.poll(CannedFarm(log_page=page), HandClock())
    # The oldest millisecond of a first page is left to the page before it.
    flags = [[tail.store.flags(number) & OWN for number in (0, 1)] for tail in tails]
    assert flags == [[0, 0], [OWN, 0]]


def test_a_tail_knows_when_its_session_is_over() -> None:
    logs = SessionLogs(REF, RequestBudget())
    (tail,) = logs.take(a_session(log=NAMED, worker_log=None))
    assert not tail.session_is_final
    logs.take(a_session(log=NAMED, worker_log=None, lifecycle_status="ENDED", ended_at=START))
    assert tail.session_is_final
    assert tail.session_ended_at == START


def test_what_is_in_sight_is_read_first() -> None:
    logs = SessionLogs(REF, RequestBudget())
    logs.take(a_session(log=NAMED, worker_log=replace(NAMED, options={})))
    logs.look_at((WORKER,))
    assert logs.tails[WORKER].rank < logs.tails[SESSION].rank
    logs.look_at((SESSION, WORKER))
    assert logs.tails[WORKER].rank == logs.tails[SESSION].rank


THIN = "-" * 46


def banners(*titles: tuple[float, str]) -> SessionLogs:
    """A log with these banners, so many seconds after the start; what stands behind a bar are parameters."""
    logs = SessionLogs(REF, RequestBudget())
    events = []
    for seconds, announced in titles:
        at = milliseconds(START) + round(seconds * 1000)
        title, *parameters = announced.split(" | ")
        told = ["Parameter values:", *parameters] if parameters else []
        lines = ("=" * 46, f"--------- {title}", "=" * 46, *told, THIN, "line")
        events += [LogEvent(at, text) for text in lines]
    logs.browser.lanes[SESSION].store.append(lines_of(events))
    logs.browser.lanes[SESSION].find_sections()
    return logs


def task(number: int, seconds: float, lasts: float | None = None, **parameters: str) -> SessionAction:
    """A task that began so many seconds after the start."""
    began = START + timedelta(seconds=seconds)
    ended = None if lasts is None else began + timedelta(seconds=lasts)
    status = "RUNNING" if lasts is None else "SUCCEEDED"
    return an_action(number, status, started_at=began, ended_at=ended, parameters=parameters)


def assigned(logs: SessionLogs, *actions: SessionAction) -> list[int | None]:
    """The number of the action that each section is of."""
    logs.know(actions)
    outline = logs.browser.lanes[SESSION].outline
    found = [outline.actions.get(section.head) for section in outline.sections]
    return [None if action is None else action.number for action in found]


def test_sections_are_of_the_actions_of_their_kind_that_began_next_to_them() -> None:
    logs = banners(
        (0, "Entering Environment: Maya"), (10, "Running Task"), (20, "Running Task"), (500, "Running Task")
    )
    enter = an_action(0, kind="envEnter", started_at=START, parameters={})
    first, second = task(1, 11), task(2, 19)
    never = an_action(3, "ASSIGNED")
    sections = logs.browser.lanes[SESSION].sections()
    found = actions_of(sections, (second, never, first, enter))
    assert [found.get(section.head) for section in sections] == [enter, first, second, None]
    assert logs.line_of(first, (enter, first, second)) == sections[1].head


@pytest.mark.parametrize(
    ("title", "action"),
    [
        ("Entering Environment: Maya", {"kind": "envEnter", "environment_id": "JOB:job-1:Maya"}),
        ("Exiting Environment: Maya", {"kind": "envExit", "environment_id": "STEP:step-1:Maya"}),
        ("Running Task", {"kind": "taskRun"}),
        ("Job Attachments Download for Job", {"kind": "syncInputJobAttachments", "step_id": None}),
        ("Job Attachments Download for Step", {"kind": "syncInputJobAttachments"}),
    ],
)
def test_a_banner_is_of_the_action_that_it_announces_even_if_another_began_nearer(
    title: str, action: dict[str, Any]
) -> None:
    began = START + timedelta(seconds=31)
    others = [
        an_action(n, kind=kind, environment_id="JOB:job-1:Nuke", started_at=began, parameters={})
        for n, kind in enumerate(("envEnter", "envExit", "unheard of"))
    ]
    frame = an_action(5, started_at=START + timedelta(seconds=31), parameters={"Frame": "7"})
    wanted = an_action(6, started_at=START, **({"parameters": {}} | action))
    assert assigned(banners((31, title)), *others, frame, wanted) == [6]


@pytest.mark.parametrize(
    ("told", "value", "agrees"),
    [
        ("Frame(INT) = 3", "3", True),
        ("Frame(INT) = 3", "4", False),
        ("Frame(FLOAT) = 1.50", "1.5", True),
        ("Frame(FLOAT) = 1.50", "1.6", False),
        ("Frame(FLOAT) = many", "1.6", False),
        ("Frame(CHUNK[INT]) = 1-5", "1-5", True),
        ("Frame(CHUNK[INT]) = 1-5", "6-9", False),
        ("Frame(PATH) = /mapped/a.usd", "/mnt/a.usd", True),
        ("Frame(STRING) = first", "first\u240asecond", True),
        ("Frame(STRING) = ********", "secret", True),
        ("Eye(STRING) = left", "left", False),
    ],
)
def test_the_parameters_after_a_banner_agree_with_those_of_the_action(
    told: str, value: str, agrees: bool
) -> None:
    logs = banners((0, f"Running Task | {told}"))
    assert assigned(logs, task(1, 0, Frame=value)) == ([1] if agrees else [None])


def test_a_banner_without_parameters_is_of_no_action_that_has_some() -> None:
    assert assigned(banners((0, "Running Task")), task(1, 0, Frame="1")) == [None]
    assert assigned(banners((0, "Running Task | Frame(INT) = 1")), task(1, 0)) == [1]


def test_attachments_that_are_uploaded_do_not_shift_the_actions_after_them() -> None:
    logs = banners(
        (0, "Job Attachments Download for Job"),
        (1, "Running Task | Frame(INT) = 1"),
        (2, "Job Attachments Upload for Task"),
        (3, "Running Task | Frame(INT) = 2"),
        (4, "Job Attachments Upload for Task"),
        (5, "Running Task | Frame(INT) = 3"),
        (6, "Session Cleanup"),
    )
    sync = an_action(0, kind="syncInputJobAttachments", step_id=None, started_at=START, parameters={})
    frames = [task(n, 2 * n - 1, 1.5, Frame=str(n)) for n in (1, 2, 3)]
    assert assigned(logs, sync, *frames) == [0, 1, 2, 3, None]


def test_banners_that_a_process_of_an_action_writes_are_lines_of_it() -> None:
    logs = banners(
        (0, "Running Task | Frame(INT) = 1"),
        (2, "Running Task | Frame(INT) = 99"),
        (2.5, "Entering Environment: Nested"),
        (3, "Session Cleanup"),
        (10, "Running Task | Frame(INT) = 2"),
    )
    assert assigned(logs, task(1, 0, 9, Frame="1"), task(2, 10, 3, Frame="2")) == [1, 2]
    lane = logs.browser.lanes[SESSION]
    assert [section.title for section in lane.sections()] == ["Running Task", "Running Task"]
    logs = banners((0, "Running Task | Frame(INT) = 1"), (2, "Session Cleanup"), (8, "Session Cleanup"))
    assert assigned(logs, task(1, 0, 9, Frame="1")) == [1, None]
    last = logs.browser.lanes[SESSION].sections()[-1]
    assert last.at == milliseconds(START) + 8000, "the session's own is the last; it may begin before the end"


def test_an_action_that_nobody_has_told_of_yet_has_its_section() -> None:
    logs = banners((0, "Running Task | Frame(INT) = 1"), (10, "Running Task | Frame(INT) = 2"))
    assert assigned(logs, task(1, 0, Frame="1")) == [1, None]
    assert assigned(logs, task(1, 0, 9, Frame="1")) == [1, None]
    assert assigned(logs, task(1, 0, 9, Frame="1"), task(2, 10, Frame="2")) == [1, 2]


def test_the_same_task_tried_again_is_of_the_try_that_began_then() -> None:
    again = "Running Task | Frame(INT) = 1"
    logs = banners((0, again), (10, again), (20, again))
    assert assigned(logs, *(task(n, 10 * n, 5, Frame="1") for n in (0, 1, 2))) == [0, 1, 2]


def test_clocks_that_are_apart_do_not_shift_what_the_parameters_tell() -> None:
    logs = banners(*((n, f"Running Task | Frame(INT) = {n}") for n in range(40)))
    assert assigned(logs, *(task(n, n + 7.5, 1, Frame=str(n)) for n in range(40))) == list(range(40))


@pytest.mark.parametrize("count", [100, 1_000])
def test_finding_the_actions_of_a_log_takes_a_few_looks_at_each_however_many_there_are(count: int) -> None:
    logs = banners(*((n, f"Running Task | Frame(INT) = {n}") for n in range(count)))
    actions = tuple(task(n, n, 0.5, Frame=str(n)) for n in range(count))
    lane = logs.browser.lanes[SESSION]
    assert lane.sections()
    logs.know(actions)
    with counted() as calls:
        assert len(lane.outline.actions) == count
    assert calls.total < 40 * count
    with counted() as calls:
        for _ in range(10):
            assert len(lane.outline.actions) == count
    assert calls.total < 200, "nothing has come in since"


@pytest.mark.parametrize(("seconds", "belongs"), [(-60, True), (60, True), (-60.001, False), (60.001, False)])
def test_a_banner_is_of_no_action_that_began_long_before_or_after_it(seconds: float, belongs: bool) -> None:
    logs = banners((100, "Running Task"))
    sections = logs.browser.lanes[SESSION].sections()
    assert timedelta(seconds=60) == NEAR
    action = task(1, 100 + seconds)
    assert actions_of(sections, (action,)) == ({sections[0].head: action} if belongs else {})


def test_an_action_has_one_banner_at_the_most() -> None:
    logs = banners((0, "Running Task"), (1, "Running Task"))
    first, second = logs.browser.lanes[SESSION].sections()
    action = task(1, 0)
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
    action = task(1, 199)
    assert logs.line_of(action, (action,)) == 7


def test_what_keeps_a_log_from_being_read_is_written_down_with_its_end(tmp_path: Path) -> None:
    clock = HandClock()
    recorder = Recorder(tmp_path / "history.sqlite", clock=clock)
    logs = SessionLogs(REF, RequestBudget(), records=recorder)
    tail, *_ = logs.take(a_session())
    denied = a_fault(FaultKind.DENIED, operation="GetLogEvents", code="AccessDeniedException")
    not_there = a_fault(FaultKind.GONE, operation="GetLogEvents", code="ResourceNotFoundException")
    for answer in (not_there, denied, denied, NO_LINES):
        clock.move(10)
        tail.poll(CannedFarm(log_page=answer), clock)
    found = recorder.ask(lambda history: history.entries()) or []
    recorder.close()
    assert [(one.kind, one.subject, one.old, one.new) for one in found] == [
        (EventKind.FAULT, "reading the session log", None, "DENIED: AccessDeniedException"),
        (EventKind.FAULT, "reading the session log", "DENIED: AccessDeniedException", None),
    ]
