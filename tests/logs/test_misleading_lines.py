"""Lines and messages that look like a cause and are none, or are one and do not look like it."""

from __future__ import annotations

from msgspec.structs import replace

from farmwatch.aws.model import UPDATE_FAILED, FaultKind
from farmwatch.aws.session_action import SessionAction
from farmwatch.logs.cancellation import TargetStatus
from farmwatch.logs.evidence import LONG, Part
from farmwatch.logs.failure import has_failed, investigate
from farmwatch.logs.sources import SessionLogs
from farmwatch.polling.schedule import RequestBudget
from tests.canned import REF, a_fault, a_session, an_action
from tests.logs.test_failure import BANNER, END, after, event, explain, failed, logs_with, task, texts

HEAD = "Traceback (most recent call last):", '  File "render.py", line 3, in <module>', "    render()"
NOT_SHOWN = "Render  Frame=1 failed with exit code 7; why is not shown by what was read."


def sentence(*lines: str, words: str = "7", action: SessionAction | None = None) -> str:
    return explain(logs_with(task(*lines)), action or failed(), words=words).sentence


# --- tracebacks ----------------------------------------------------------------------------------------


def test_a_traceback_that_was_cut_off_names_nothing() -> None:
    assert sentence(*HEAD) == NOT_SHOWN
    assert sentence(*HEAD, "openjd_progress: 50") == NOT_SHOWN


def test_what_others_write_into_a_traceback_is_no_exception() -> None:
    told = sentence(HEAD[0], "INFO: flushing", *HEAD[1:], "flushed 3 of 4", "zlib.error: Error -3")
    assert told == "Render  Frame=1 failed with exit code 7: it raised zlib.error: Error -3."
    assert sentence(*HEAD, "KeyboardInterrupt") == (
        "Render  Frame=1 failed with exit code 7: it raised KeyboardInterrupt."
    )
    assert sentence(*HEAD, "one 1", "two 2", "three 3", "four 4", "Warning: a later line") == NOT_SHOWN


def test_an_error_after_a_traceback_that_was_caught_is_told_as_well() -> None:
    told = sentence(*HEAD, "ImportError: no OpenImageIO (falling back)", "ERROR: License server unreachable")
    assert told == (
        "Render  Frame=1 failed with exit code 7: it raised ImportError: no OpenImageIO (falling back); "
        "its last error was “ERROR: License server unreachable”."
    )


# --- a command that is not there -----------------------------------------------------------------------


def test_what_a_shell_does_not_find_is_told_also_where_much_follows() -> None:
    lines = "/tmp/run.sh: line 2: kick: command not found", *(f"cleaning up {n}" for n in range(20))
    told = sentence(*lines, words="127", action=failed(exit_code=127))
    assert told.endswith("the command is not there: “/tmp/run.sh: line 2: kick: command not found”.")


def test_what_a_renderer_does_not_find_is_no_command() -> None:
    told = sentence(
        "sh: 1: kick: not found", "INFO: cache entry not found, creating", action=failed(exit_code=127)
    )
    assert told.endswith("the command is not there: “sh: 1: kick: not found”.")


# --- messages ------------------------------------------------------------------------------------------


def test_a_last_status_that_begins_like_a_reason_is_none() -> None:
    for status in ("TIMEOUT - waiting for asset", "TIMEOUT talking to it", "Previous action left 3 tiles"):
        failure = explain(logs_with(task(f"openjd_status: {status}")), failed(message=status))
        assert failure.sentence == NOT_SHOWN[:-1] + f"; last status “{status}”."
        assert texts(failure, Part.STATUS) == [status, f"openjd_status: {status}"]


def test_the_last_status_of_a_task_whose_upload_failed_is_shown_as_one() -> None:
    lines = [
        *task("openjd_status: tile 100%", code=0),
        *((59.5, text) for text in (BANNER[0], "--------- Job Attachments Upload for Task", BANNER[0])),
        (59.6, "Process pid 13 exited with code: 1 (unsigned) / 0x1 (hex)"),
    ]
    failure = explain(logs_with(lines), failed(message="tile 100%", exit_code=1), words="1")
    assert "the upload of its job attachments failed with exit code 1" in failure.sentence
    assert failure.sentence.endswith("last status “tile 100%”.")
    assert texts(failure, Part.STATUS) == ["tile 100%", "openjd_status: tile 100%"]


def test_a_message_for_a_reader_is_cut_only_where_it_would_fill_the_screen() -> None:
    failure = explain(logs_with(task(f"openjd_fail: {'word ' * 1000}")))
    assert LONG < len(failure.sentence) < LONG + 100
    assert max(map(len, texts(failure, Part.PROCESS))) > 4000


# --- whose lines ---------------------------------------------------------------------------------------


def test_an_action_without_a_banner_has_no_lines_of_the_next_one() -> None:
    lines = [(58.0, "ERROR: it broke"), *((60.1, text) for text in BANNER), (60.2, "the next one's")]
    following = an_action(2, "SUCCEEDED", started_at=after(60.1), ended_at=after(70), parameters={})
    first = replace(failed(), started_at=after(30))
    failure = explain(logs_with(lines), first, following)
    assert texts(failure, Part.LAST) == ["ERROR: it broke"]


# --- a log that cannot be read -------------------------------------------------------------------------


def test_logs_that_cannot_be_read_are_said_where_no_cause_is_known() -> None:
    logs = SessionLogs(REF, RequestBudget())
    for tail in logs.take(a_session()):
        fault = a_fault(FaultKind.DENIED, message="no logs:GetLogEvents")
        tail.observed = replace(tail.observed, fault=fault)
    failure = explain(logs)
    assert failure.sentence == (
        NOT_SHOWN[:-1] + "; the session log cannot be read; the worker log cannot be read."
    )
    assert [text.startswith("DENIED: no logs") for text in texts(failure, Part.CONFIGURATION)] == [True] * 2


# --- the session ---------------------------------------------------------------------------------------


def test_a_session_whose_update_failed_is_not_well() -> None:
    session = a_session(
        lifecycle_status=UPDATE_FAILED, target_lifecycle_status="ENDED", updated_by="mira", updated_at=END
    )
    assert has_failed(session, ())
    failure = investigate(session, (), "", "", logs_with([]))
    assert failure.sentence == (
        "No action of the session failed, but "
        "lifecycleStatus is “UPDATE_FAILED, targetLifecycleStatus ENDED, updatedBy mira”."
    )
    assert texts(failure, Part.SESSION) == ["UPDATE_FAILED, targetLifecycleStatus ENDED, updatedBy mira"]


def test_a_session_that_was_ended_by_nobody_knows_whom_says_so() -> None:
    session = a_session(lifecycle_status="ENDED", target_lifecycle_status="ENDED", ended_at=END)
    session = replace(session, updated_by=session.worker_id)
    asked = [event(58, "API", "Resp", "", resource="x")]
    told = [TargetStatus("job", "GetJob")]
    canceled = failed("CANCELED")
    failure = investigate(session, [canceled], "Render  Frame=1", "7", logs_with([], asked), told)
    assert failure.sentence == (
        "Render  Frame=1 was canceled: the session has targetLifecycleStatus ENDED; "
        "who canceled it is not told by the session or its job."
    )


def test_who_was_seen_to_end_a_session_is_named_though_its_worker_changed_it_last() -> None:
    session = a_session(lifecycle_status="ENDED", target_lifecycle_status="ENDED", ended_at=END)
    session = replace(session, updated_by=session.worker_id)
    told, canceled = [TargetStatus("job", "GetJob")], failed("CANCELED")
    failure = investigate(session, [canceled], "Render  Frame=1", "7", logs_with([]), told, told_by="mira")
    assert failure.sentence == (
        "Render  Frame=1 was canceled: the session has targetLifecycleStatus ENDED, updatedBy mira "
        "in an earlier reply."
    )


def test_who_changed_a_session_without_a_target_has_not_canceled_it() -> None:
    session = a_session(lifecycle_status="ENDED", ended_at=END, updated_by="jon", updated_at=END)
    told = [TargetStatus("job", "GetJob")]
    failure = investigate(session, [failed("CANCELED")], "Render  Frame=1", "7", logs_with([]), told)
    assert texts(failure, Part.CANCEL) == []
    assert "jon" not in failure.sentence


def test_what_was_not_started_because_the_session_was_ended_says_by_whom() -> None:
    session = a_session(
        lifecycle_status="ENDED", target_lifecycle_status="ENDED", ended_at=END, updated_by="jon"
    )
    never = an_action(1, "NEVER_ATTEMPTED", started_at=None, ended_at=None)
    failure = investigate(session, [never], "Render  Frame=1", "", logs_with([]))
    assert failure.sentence == (
        "Render  Frame=1 was not started: the session has targetLifecycleStatus ENDED, updatedBy jon."
    )


def test_of_the_words_of_a_drain_the_most_telling_is_named() -> None:
    worker = [
        event(57, "", "", "Draining any remaining Sessions.", session_id=None),
        event(58, "Worker", "Status", "Status set to STOPPING.", session_id=None),
    ]
    failure = explain(logs_with(task(), worker), failed("INTERRUPTED", exit_code=None), words="")
    assert failure.sentence == (
        "Render  Frame=1 was interrupted: the worker's log says “Draining any remaining Sessions.”."
    )
