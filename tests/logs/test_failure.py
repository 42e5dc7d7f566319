"""Why a session failed, from what is known: nothing is named that nothing shows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from farmwatch.aws.log_page import LogEvent
from farmwatch.aws.model import LogConfiguration, Session
from farmwatch.aws.session_action import SessionAction
from farmwatch.logs.evidence import Part
from farmwatch.logs.failure import (
    LAST_LINES,
    Failure,
    failed_action,
    has_failed,
    investigate,
    wanted_since,
)
from farmwatch.logs.failure_worker import WORKER_EVENTS
from farmwatch.logs.lanes import SESSION, WORKER
from farmwatch.logs.sources import SessionLogs
from farmwatch.logs.store import lines_of
from farmwatch.logs.times import milliseconds, moment
from farmwatch.polling.schedule import RequestBudget
from tests.canned import REF, SESSION_ID, START, a_fault, a_session, an_action

BANNER = ("=" * 46, "--------- Running Task", "=" * 46)
END = START + timedelta(seconds=60)
OTHER = "session-2c22b6f1a0d94f4f8f4b7a6d5c3e1f00"


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def event(seconds: float, type_: str, subtype: str, message: str, **more: Any) -> tuple[float, str]:
    """A line of a worker's log, about the session unless it says otherwise."""
    told = {"level": "INFO", "session_id": SESSION_ID, **more}
    return seconds, json.dumps({**told, "type": type_, "subtype": subtype, "message": message})


def logs_with(session: list[tuple[float, str]], worker: list[tuple[float, str]] | None = None) -> SessionLogs:
    """Both logs, with lines so many seconds after the start."""
    logs = SessionLogs(REF, RequestBudget())
    for lane, lines in ((SESSION, session), (WORKER, worker or [])):
        events = [LogEvent(milliseconds(after(seconds)), text) for seconds, text in lines]
        is_own = logs.is_own if lane == WORKER else None
        logs.browser.lanes[lane].store.append(lines_of(events, is_own))
    return logs


def task(*texts: str, code: int | None = 7) -> list[tuple[float, str]]:
    """What a task wrote, from its banner to the end of its process."""
    lines = [(0.0, text) for text in BANNER] + [(1.0 + number, text) for number, text in enumerate(texts)]
    if code is not None:
        lines.append((59.0, f"Process pid 12 exited with code: {code} (unsigned) / {code:#x} (hex)"))
    return lines


def failed(status: str = "FAILED", **changes: Any) -> SessionAction:
    return an_action(1, status, **{"exit_code": 7, "ended_at": END, "parameters": {}, **changes})


def explain(
    logs: SessionLogs, *actions: SessionAction, session: Session | None = None, words: str = "7"
) -> Failure:
    session = session or a_session(lifecycle_status="ENDED", ended_at=END)
    return investigate(session, actions or (failed(),), "Render  Frame=1", words, logs)


def texts(failure: Failure, part: Part) -> list[str]:
    return [one.text for one in failure.evidence if one.part is part]


def test_the_last_fail_and_status_are_what_the_process_said() -> None:
    failure = explain(
        logs_with(task("openjd_fail: first", "openjd_status: at 5", "openjd_fail: No licence", "the end"))
    )
    assert failure.sentence == "Render  Frame=1 failed with exit code 7: reported “No licence”."
    assert texts(failure, Part.PROCESS) == ["openjd_fail: No licence"]
    assert texts(failure, Part.STATUS) == ["openjd_status: at 5"]
    assert texts(failure, Part.LAST)[-2:] == [
        "the end",
        "Process pid 12 exited with code: 7 (unsigned) / 0x7 (hex)",
    ]


def test_what_another_action_said_does_not_count() -> None:
    later = [(100.0, text) for text in BANNER] + [(101.0, "openjd_fail: of the next")]
    failure = explain(logs_with([*task("openjd_fail: of this one"), *later]))
    assert "of this one" in failure.sentence
    assert "of the next" not in failure.sentence


def test_without_a_fail_the_last_error_counts() -> None:
    failure = explain(logs_with(task("ERROR: first", "ERROR: disk full", "fine")))
    assert failure.sentence.endswith("its last error was “ERROR: disk full”.")


def test_a_message_of_which_nobody_can_tell_what_it_is_is_told_as_the_last_one() -> None:
    failure = explain(logs_with([]), failed(message="Loading scene"))
    assert failure.sentence == (
        "Render  Frame=1 failed with exit code 7; why is not shown by what was read; "
        "last message “Loading scene”."
    )
    assert texts(failure, Part.ACTION) == ["Render  Frame=1: FAILED, exit code 7", "Loading scene"]


def test_a_message_that_is_an_earlier_status_is_none_either() -> None:
    failure = explain(logs_with(task("openjd_status: at 5", "openjd_status: at 6")), failed(message="at 5"))
    assert failure.sentence.endswith("why is not shown by what was read; last status “at 6”.")
    assert texts(failure, Part.STATUS) == ["at 5", "openjd_status: at 6"]


def test_the_message_that_the_process_reported_is_not_told_twice() -> None:
    failure = explain(logs_with(task("openjd_fail: No licence")), failed(message="No licence"))
    assert failure.sentence == "Render  Frame=1 failed with exit code 7: reported “No licence”."


@pytest.mark.parametrize(
    "message", ["Log provisioning error: no group", "Previous action failed: sessionaction-1-0"]
)
def test_a_reason_that_the_worker_agent_gives_is_one(message: str) -> None:
    failure = explain(logs_with([]), failed(message=message, exit_code=None), words="")
    assert failure.sentence == f"Render  Frame=1 failed: the service says “{message}”."


@pytest.mark.parametrize("message", ["Job cancelled", "The Worker received an EC2 spot interruption"])
def test_an_interruption_is_told_by_the_service_where_no_log_shows_it(message: str) -> None:
    failure = explain(logs_with([]), failed("INTERRUPTED", message=message), words="")
    assert failure.sentence == f"Render  Frame=1 was interrupted: the service says “{message}”."


def test_what_a_process_writes_as_it_is_stopped_is_no_reason_for_that() -> None:
    lines = task("openjd_status: at 5", "ERROR: terminated")
    failure = explain(logs_with(lines), failed("INTERRUPTED", message="at 5"), words="")
    assert failure.sentence == (
        "Render  Frame=1 was interrupted; why is not shown by what was read; last status “at 5”."
    )
    canceled = explain(logs_with(lines), failed("CANCELED", message="at 5"), words="")
    assert "terminated" not in canceled.sentence


def test_what_was_taken_back_is_explained_by_what_ended_its_worker() -> None:
    notice = json.dumps({"level": "INFO", "message": "Received signal 15..."})
    failure = explain(logs_with([], [(58.0, notice)]), failed("RECLAIMED"), words="")
    assert failure.sentence == (
        "Render  Frame=1 was taken back from its worker: the worker's log says “Received signal 15...”."
    )


def test_why_is_not_guessed() -> None:
    failure = explain(logs_with(task("fine")))
    assert failure.sentence == "Render  Frame=1 failed with exit code 7; why is not shown by what was read."


def test_a_time_out_is_told_by_what_the_service_says() -> None:
    action = failed(message="TIMEOUT - Exceeded the allotted runtime limit.", exit_code=-9)
    failure = explain(logs_with(task("slow", code=-9)), action, words="-9 (SIGKILL)")
    assert failure.sentence == (
        "Render  Frame=1 was stopped because it took too long: "
        "the service says “TIMEOUT - Exceeded the allotted runtime limit.”."
    )


def test_an_interruption_is_told_by_the_workers_log() -> None:
    spot = "The Worker received an EC2 spot interruption"
    worker = [
        event(58, "Action", "Interrupt", spot, level="WARNING"),
        event(58.5, "Action", "Interrupt", "of the other", session_id=OTHER, level="WARNING"),
    ]
    failure = explain(logs_with([], worker), failed("INTERRUPTED", message="stopped"), words="")
    assert failure.sentence == f"Render  Frame=1 was interrupted: the worker's log says “{spot}”."
    assert len(texts(failure, Part.WORKER)) == 1


@pytest.mark.parametrize(("used", "is_told"), [("95.0", True), ("40.0", False), ("none", False)])
def test_memory_is_worth_a_word_only_where_it_was_full(used: str, is_told: bool) -> None:
    metrics = event(50, "Metrics", "System", "", session_id=None, **{"memory-used-percent": used})
    failure = explain(logs_with(task("x", code=-9), [metrics]), failed(exit_code=-9), words="-9 (SIGKILL)")
    assert ("memory was 95 % full 10 s before" in failure.sentence) == is_told
    assert bool(texts(failure, Part.WORKER)) == is_told


def test_what_ran_beside_it_is_told_and_what_had_ended_is_not() -> None:
    third = OTHER.replace("2c22", "3d33")
    worker = [
        event(10, "Action", "Start", "Action started.", session_id=OTHER, action_id="a-4", kind="TaskRun"),
        event(11, "Action", "Start", "Action started.", session_id=third, action_id="a-5", kind="TaskRun"),
        event(12, "Action", "End", "Action complete.", session_id=third, action_id="a-5", kind="TaskRun"),
        event(13, "Action", "Interrupt", "stop", session_id=OTHER, action_id="a-4", kind="TaskRun"),
        event(500, "Action", "Start", "Action started.", session_id=third, action_id="a-6", kind="TaskRun"),
    ]
    failure = explain(logs_with(task("x"), worker))
    assert texts(failure, Part.BESIDE) == [f"{OTHER} ran action 4 (TaskRun)"]


@pytest.mark.parametrize("member", ["log", "worker_log"])
def test_a_log_that_could_not_be_made_is_a_failure_by_itself(member: str) -> None:
    config = LogConfiguration("awslogs", {}, {}, "Log provisioning error: AccessDenied")
    session = a_session(**{member: config})
    assert has_failed(session, ())
    failure = investigate(session, (an_action(0),), "", "", logs_with([]))
    name = {"log": "log.error", "worker_log": "workerLog.error"}[member]
    assert failure.action is None
    assert failure.sentence == (
        f"No action of the session failed, but {name} is “Log provisioning error: AccessDenied”."
    )


def test_what_goes_well_has_nothing_to_explain() -> None:
    assert not has_failed(a_session(), (an_action(0), an_action(1, "RUNNING")))
    assert not any(has_failed(session, ()) for session in (a_session(worker_log=None), None))
    assert has_failed(None, (an_action(0), failed()))


def test_what_failed_comes_before_what_was_interrupted() -> None:
    actions = [an_action(0, "INTERRUPTED"), an_action(1, "FAILED"), an_action(2, "FAILED")]
    assert failed_action(actions) is actions[1]
    assert failed_action(actions[:1]) is actions[0]
    assert failed_action([an_action(3, "RUNNING"), an_action(4, "SUCCEEDED")]) is None


def test_every_cause_is_shown_by_a_piece_of_evidence() -> None:
    worker = [event(58, "Session", "Failed", "Log provisioning error", level="ERROR")]
    failure = explain(logs_with(task("openjd_fail: No licence"), worker))
    shown = " ".join(one.text for one in failure.evidence)
    causes = failure.sentence.rstrip(".").split(": ", 1)[1]
    for cause in causes.split("“")[1:]:
        assert cause.split("”")[0] in shown
    assert all(one.line is not None for one in failure.evidence if "log" in one.source)


def test_a_piece_of_evidence_leads_to_its_line() -> None:
    logs = logs_with(task("openjd_fail: No licence"))
    (found,) = [one for one in explain(logs).evidence if one.part is Part.PROCESS]
    assert found.line is not None
    lane, number = found.line
    assert logs.browser.lanes[lane].store.text(number) == found.text


def test_logs_are_wanted_from_the_beginning_of_the_action_but_not_of_a_long_one() -> None:
    session = a_session()
    assert wanted_since(failed(), session) == milliseconds(START) - 2000
    long = failed(ended_at=after(7200))
    assert wanted_since(long, session) == milliseconds(after(6600)) - 2000
    assert wanted_since(None, session) == milliseconds(session.started_at)


def test_a_time_that_no_calendar_has_is_none() -> None:
    assert moment(10**18) is None
    assert moment(milliseconds(START)) == START


def test_the_last_lines_are_few_and_none_of_them_is_empty_or_a_rule() -> None:
    lines = [f"line {number}" for number in range(20)]
    failure = explain(logs_with(task(*lines, "", "-" * 46, "   ", "Phase: Running action")))
    assert texts(failure, Part.LAST) == [
        *lines[-LAST_LINES + 1 :],
        "Phase: Running action",
        "Process pid 12 exited with code: 7 (unsigned) / 0x7 (hex)",
    ]


def test_without_a_banner_the_lines_of_the_actions_time_count() -> None:
    logs = logs_with([(-1, "ERROR: before"), (30, "ERROR: now"), (60.9, "fine"), (61, "ERROR: afterwards")])
    failure = explain(logs)
    assert failure.sentence.endswith("its last error was “ERROR: now”.")
    assert texts(failure, Part.LAST) == ["ERROR: now", "fine"]
    assert texts(explain(logs, failed(started_at=None)), Part.LAST) == []


def test_a_long_error_is_cut_in_the_sentence_and_whole_in_the_evidence() -> None:
    line = "ERROR: " + "x" * 300
    failure = explain(logs_with(task(line)))
    assert failure.sentence.endswith(f"its last error was “{line[:160]}…”.")
    assert line in texts(failure, Part.LAST)
    assert explain(logs_with(task(line[:160]))).sentence.endswith(f"“{line[:160]}”.")


@pytest.mark.parametrize(
    ("seconds", "is_shown"), [(-31, False), (-30, True), (60, True), (120, True), (121, False)]
)
def test_what_the_worker_did_matters_shortly_before_and_after_the_end(seconds: float, is_shown: bool) -> None:
    failure = explain(logs_with([], [event(seconds, "Action", "End", "Action complete.")]))
    assert bool(texts(failure, Part.WORKER)) == is_shown


@pytest.mark.parametrize(
    ("seconds", "code", "is_told"),
    [(-240, -9, True), (-241, -9, False), (60, -9, True), (61, -9, False), (50, 137, True), (50, 1, False)],
)
def test_memory_counts_shortly_before_a_process_was_killed(seconds: float, code: int, is_told: bool) -> None:
    metrics = event(seconds, "Metrics", "System", "", session_id=None, **{"memory-used-percent": "90.0"})
    failure = explain(logs_with([], [metrics]), failed(exit_code=code))
    assert ("memory" in failure.sentence) == is_told


def test_what_ran_beside_it_and_ended_after_it_did_run_beside_it() -> None:
    more = {"session_id": OTHER, "action_id": "a-3", "kind": "TaskRun"}
    worker = [event(10, "Action", "Start", "", **more), event(61, "Action", "End", "", **more)]
    assert texts(explain(logs_with([], worker)), Part.BESIDE) == [f"{OTHER} ran action 3 (TaskRun)"]


def test_an_error_of_each_log_is_told_beside_what_the_worker_says() -> None:
    config = LogConfiguration("awslogs", {}, {}, "no group")
    session = a_session(log=config, worker_log=replace(config, error="no stream"), ended_at=END)
    worker = [event(58, "Session", "Failed", f"cannot {what}", level="ERROR") for what in ("log", "go on")]
    failure = investigate(session, (), "", "", logs_with([], worker))
    assert failure.sentence == (
        "No action of the session failed, but log.error is “no group”; workerLog.error is “no stream”; "
        "the worker's log has the error “cannot log”."
    ), "three causes are enough for a sentence"
    assert texts(failure, Part.CONFIGURATION) == ["no group", "no stream"]
    # Beside an action that failed they are shown too, though not as what made it fail.
    failure = explain(logs_with([]), session=session)
    assert texts(failure, Part.CONFIGURATION) == ["no group", "no stream"]
    assert "no group" not in failure.sentence


UNASKED: dict[str, Any] = {"seen_at": None}


@pytest.mark.parametrize("lane", [SESSION, WORKER])
@pytest.mark.parametrize(
    ("observed", "is_complete"),
    [({}, True), ({"filling": True}, False), (UNASKED, False), ({**UNASKED, "fault": a_fault()}, True)],
)
def test_it_is_complete_when_each_log_is_read_or_cannot_be(
    observed: dict[str, Any], is_complete: bool, lane: int
) -> None:
    logs = SessionLogs(REF, RequestBudget())
    for tail in logs.take(a_session()):
        tail.observed = replace(tail.observed, seen_at=END)
    tail = logs.tails[lane]
    tail.observed = replace(tail.observed, **observed)
    assert explain(logs).is_complete == is_complete
    assert not explain(logs, failed(ended_at=None)).is_complete


SAID = st.sampled_from(
    ["openjd_fail: No licence", "ERROR: disk full", "Traceback (most recent call last):", "KeyError: 7", ""]
)
EVENTS = st.builds(
    event,
    st.integers(-400, 200),
    *map(st.sampled_from, (["Action", "Metrics"], ["Start", "End", "Interrupt"], ["a thing", "another"])),
    level=st.sampled_from(["INFO", "WARNING", "ERROR"]),
    session_id=st.sampled_from([SESSION_ID, OTHER, None]),
)


HOW = st.sampled_from([("FAILED", 7), ("FAILED", -9), ("INTERRUPTED", None), ("CANCELED", 143)])
MESSAGES = st.sampled_from([None, "TIMEOUT - too long", "stopped"])


@settings(max_examples=150)
@given(st.lists(SAID, max_size=12), st.lists(EVENTS, max_size=3 * WORKER_EVENTS), HOW, MESSAGES)
def test_nothing_is_named_that_no_evidence_shows(
    said: list[str], worker: list[tuple[float, str]], how: tuple[str, int | None], message: str | None
) -> None:
    action = failed(how[0], exit_code=how[1], message=message)
    failure = explain(logs_with(task(*said, code=how[1]), sorted(worker)), action, words="")
    shown = " ".join(one.text for one in failure.evidence)
    for quoted in failure.sentence.split("“")[1:]:
        assert quoted.split("”")[0] in shown
    for raised in failure.sentence.split("it raised ")[1:]:
        assert raised.rstrip(".").split("; ")[0] in shown
    named = failure.sentence.partition("; why is not shown by what was read")
    assert (": " in named[0]) == (not named[1])
