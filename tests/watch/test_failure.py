"""Why a session failed, from what is known: nothing is named that nothing shows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from farmwatch.cloud.log_page import LogEvent
from farmwatch.cloud.model import LogConfiguration, Session
from farmwatch.cloud.session_action import SessionAction
from farmwatch.watch.cadence import Budget
from farmwatch.watch.failure import (
    Failure,
    Part,
    failed_action,
    has_failed,
    investigate,
    moment,
    wanted_since,
)
from farmwatch.watch.logs.lines import SESSION, WORKER
from farmwatch.watch.logs.sources import SessionLogs, milliseconds
from farmwatch.watch.logs.store import lines_of
from tests.canned import REF, SESSION_ID, START, a_session, an_action

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
    logs = SessionLogs(REF, Budget())
    for lane, lines in ((SESSION, session), (WORKER, worker or [])):
        events = [LogEvent(milliseconds(after(seconds)), text) for seconds, text in lines]
        logs.browser.lanes[lane].store.append(lines_of(events))
    return logs


def task(*texts: str, code: int | None = 7) -> list[tuple[float, str]]:
    """What a task wrote, from its banner to the end of its process."""
    lines = [(0.0, text) for text in BANNER] + [(1.0 + number, text) for number, text in enumerate(texts)]
    if code is not None:
        lines.append((59.0, f"Process pid 12 exited with code: {code} (unsigned) / 0x1 (hex)"))
    return lines


def failed(status: str = "FAILED", **changes: Any) -> SessionAction:
    return an_action(1, status, **{"exit_code": 7, "ended_at": END, **changes})


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
    assert failure.sentence == "Render  Frame=1 failed with exit code 7: it said “No licence”."
    assert texts(failure, Part.PROCESS) == ["openjd_fail: No licence", "openjd_status: at 5"]
    assert texts(failure, Part.LAST)[-2:] == [
        "the end",
        "Process pid 12 exited with code: 7 (unsigned) / 0x1 (hex)",
    ]


def test_what_another_action_said_does_not_count() -> None:
    later = [(100.0, text) for text in BANNER] + [(101.0, "openjd_fail: of the next")]
    failure = explain(logs_with([*task("openjd_fail: of this one"), *later]))
    assert "of this one" in failure.sentence
    assert "of the next" not in failure.sentence


def test_without_a_fail_the_last_error_counts() -> None:
    failure = explain(logs_with(task("ERROR: first", "ERROR: disk full", "fine")))
    assert failure.sentence.endswith("its last error was “ERROR: disk full”.")


def test_a_traceback_is_summed_up_by_its_exception() -> None:
    lines = ("Traceback (most recent call last):", '  File "a.py", line 1', "ValueError: no frame")
    failure = explain(logs_with(task(*lines)))
    assert "it raised ValueError: no frame" in failure.sentence
    assert "ValueError: no frame" in texts(failure, Part.PROCESS)


def test_a_message_of_the_service_is_taken_where_the_log_has_nothing() -> None:
    failure = explain(logs_with([]), failed(message="Job cancelled"))
    assert failure.sentence.endswith("the service says “Job cancelled”.")
    assert "Job cancelled" in texts(failure, Part.ACTION)


def test_why_is_not_guessed() -> None:
    failure = explain(logs_with(task("fine")))
    assert failure.sentence == "Render  Frame=1 failed with exit code 7; why is not shown by what was read."


def test_a_time_out_is_told_by_what_the_service_says() -> None:
    action = failed(message="TIMEOUT - Exceeded the allotted runtime limit.", exit_code=-9)
    failure = explain(logs_with(task("slow", code=-9)), action, words="-9 (SIGKILL)")
    assert failure.sentence.startswith("Render  Frame=1 was stopped because it took too long: ")
    assert "TIMEOUT" in failure.sentence


def test_an_interruption_is_told_by_the_workers_log() -> None:
    spot = "The Worker received an EC2 spot interruption"
    worker = [
        event(58, "Action", "Interrupt", spot, level="WARNING"),
        event(58.5, "Action", "Interrupt", "of the other", session_id=OTHER, level="WARNING"),
    ]
    failure = explain(logs_with([], worker), failed("INTERRUPTED", exit_code=None), words="")
    assert failure.sentence == f"Render  Frame=1 was interrupted: the worker's log says “{spot}”."
    assert len(texts(failure, Part.WORKER)) == 1


@pytest.mark.parametrize(("used", "is_told"), [("95.0", True), ("40.0", False), ("none", False)])
def test_memory_is_worth_a_word_only_where_it_was_full(used: str, is_told: bool) -> None:
    metrics = event(50, "Metrics", "System", "", session_id=None, **{"memory-used-percent": used})
    failure = explain(logs_with(task("x", code=-9), [metrics]), failed(exit_code=-9), words="-9 (SIGKILL)")
    assert ("memory was 95 % full 10 s before" in failure.sentence) == is_told
    assert bool(texts(failure, Part.WORKER)) == is_told


def test_full_memory_is_no_word_for_a_process_that_ended_by_itself() -> None:
    metrics = event(50, "Metrics", "System", "", session_id=None, **{"memory-used-percent": "99"})
    assert "memory" not in explain(logs_with(task("x"), [metrics])).sentence


def test_what_ran_beside_it_is_told_and_what_had_ended_is_not() -> None:
    third = OTHER.replace("2c22", "3d33")
    worker = [
        event(10, "Action", "Start", "Action started.", session_id=OTHER, action_id="a-4", kind="TaskRun"),
        event(11, "Action", "Start", "Action started.", session_id=third, action_id="a-5", kind="TaskRun"),
        event(12, "Action", "End", "Action complete.", session_id=third, action_id="a-5", kind="TaskRun"),
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
    assert not has_failed(None, ())


def test_what_failed_comes_before_what_was_interrupted() -> None:
    actions = [an_action(0, "INTERRUPTED"), an_action(1, "FAILED"), an_action(2, "FAILED")]
    assert failed_action(actions) is actions[1]
    assert failed_action(actions[:1]) is actions[0]
    assert failed_action([an_action(3, "NEVER_ATTEMPTED")]) is None


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


def test_it_is_complete_when_both_logs_are_read_back_far_enough() -> None:
    logs = logs_with(task("x"))
    assert explain(logs).is_complete
    logs.take(a_session())
    assert not explain(logs).is_complete


def test_logs_are_wanted_from_the_beginning_of_the_action_but_not_of_a_long_one() -> None:
    session = a_session()
    assert wanted_since(failed(), session) == milliseconds(START) - 2000
    long = failed(ended_at=after(7200))
    assert wanted_since(long, session) == milliseconds(after(6600)) - 2000
    assert wanted_since(None, session) == milliseconds(session.started_at)


def test_a_time_that_no_calendar_has_is_none() -> None:
    assert moment(10**18) is None
    assert moment(milliseconds(START)) == START
