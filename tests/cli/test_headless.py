"""The loops of ``farmwatch watch`` and ``farmwatch wait``, on a clock moved by hand."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from farmwatch.aws.model import Fault, FaultKind, LogConfiguration, Page, Session, SessionRef
from farmwatch.cli.headless import (
    ENDED_BADLY,
    LOGIN_NEEDED,
    OWN_ERROR,
    TIMED_OUT,
    TOLD_WITHIN,
    WELL,
    Output,
    OutputClosed,
    Step,
    Telling,
    Waiting,
    as_json_line,
    as_text,
    run,
)
from farmwatch.cli.watched import KEPT_WAITING, CommandWatch, Inbox, Watching, WatchingMarks
from farmwatch.config.state import StateFile
from farmwatch.listings.discovery import JobRef, QueueRef
from farmwatch.monitor.marks import Marks
from farmwatch.monitor.update import Update
from tests.canned import REF, START, HandClock, a_fault, a_job, a_session, a_summary, an_action
from tests.monitor import stage

JOB = JobRef(REF.connection, REF.farm_id, REF.queue_id, REF.job_id)
QUEUE = QueueRef(REF.connection, REF.farm_id, REF.queue_id)


def exit_code(farm: stage.Watching, watching: CommandWatch, step: Step, seconds: float = 4000) -> int | None:
    """Let time pass, second by second, until the step ends it, or for so long; its exit code."""
    for _ in range(round(seconds)):
        farm.run(1)
        code = step(*watching.inbox.take(0))
        if code is not None:
            return code
    return None


def waiting(farm: stage.Watching, wanted: Any = REF, **options: Any) -> tuple[int | None, str]:
    said: list[str] = []
    watching = Watching(farm.monitor, wanted)
    code = exit_code(farm, watching, Waiting(watching, said.append, **options))
    return code, said[-1] if said else ""


def ended(ref: SessionRef, **changes: Any) -> Session:
    return a_session(session_id=ref.session_id, lifecycle_status="ENDED", ended_at=START, **changes)


def test_a_session_that_ended_well_is_exit_code_0() -> None:
    farm = stage.Watching(session_actions=Page((an_action(1),)))
    farm.answer = ended
    assert waiting(farm) == (WELL, "ended, with no failed or interrupted action and no log error")


@pytest.mark.parametrize("status", ["FAILED", "INTERRUPTED"])
def test_a_session_with_a_failed_or_interrupted_action_is_exit_code_5(status: str) -> None:
    farm = stage.Watching(session_actions=Page((an_action(1), an_action(2, status))))
    farm.answer = ended
    assert waiting(farm) == (ENDED_BADLY, f"ended: session action 2 {status}")


def test_a_session_whose_log_could_not_be_written_is_exit_code_5() -> None:
    farm = stage.Watching(session_actions=Page((an_action(1),)))
    log = LogConfiguration("awslogs", {}, {}, error="Missing log group")
    farm.answer = lambda ref: ended(ref, log=log)
    assert waiting(farm) == (ENDED_BADLY, "ended: log.error is Missing log group")


def test_waiting_rides_out_faults() -> None:
    farm = stage.Watching(session_actions=Page((an_action(1),)))
    answers: Iterator[Session | Fault] = iter([a_session(), a_fault(), a_fault(), a_fault(FaultKind.SERVICE)])
    farm.answer = lambda ref: next(answers, None) or ended(ref)
    assert waiting(farm)[0] == WELL


def test_what_does_not_end_in_time_is_exit_code_3() -> None:
    code, why = waiting(stage.Watching(), timeout=timedelta(minutes=10))
    assert (code, why) == (TIMED_OUT, "not ended after 10 min 0 s: lifecycleStatus is STARTED")


def test_a_login_that_is_needed_for_longer_than_the_patience_is_exit_code_4() -> None:
    farm = stage.Watching()
    farm.answer = lambda ref: a_fault(FaultKind.LOGIN, remedy="Run: aws sso login")
    code, why = waiting(farm, patience=timedelta(minutes=10))
    assert code == LOGIN_NEEDED
    assert why.startswith("a login has been needed for 10 min")
    assert why.endswith("Run: aws sso login")


def test_a_login_that_comes_in_time_is_waited_for() -> None:
    farm = stage.Watching(session_actions=Page((an_action(1),)))
    answers = iter([a_fault(FaultKind.LOGIN)] * 5)
    farm.answer = lambda ref: next(answers, None) or ended(ref)
    assert waiting(farm, patience=timedelta(minutes=10))[0] == WELL


def test_a_session_that_is_not_found_for_an_hour_is_an_error() -> None:
    farm = stage.Watching()
    farm.answer = lambda ref: a_fault(FaultKind.GONE)
    code, why = waiting(farm)
    assert code == OWN_ERROR
    assert REF.session_id in why


@pytest.mark.parametrize(("status", "code"), [("SUCCEEDED", WELL), ("FAILED", ENDED_BADLY), ("CANCELED", 5)])
def test_a_job_ends_as_its_status_tells(status: str, code: int) -> None:
    farm = stage.Watching(
        sessions=Page((a_summary(1, lifecycle_status="ENDED"),)),
        job=[a_job(1, "RUNNING"), a_job(1, status)],
        session_actions=Page((an_action(1, "FAILED"), an_action(2))),
    )
    farm.answer = ended
    found, why = waiting(farm, JOB)
    assert found == code
    assert status in why


def reading(farm: stage.Watching, wanted: Any = REF, **options: Any) -> list[dict[str, Any]]:
    stream = io.StringIO()
    watching = Watching(farm.monitor, wanted)
    exit_code(farm, watching, Telling(watching, Output(stream), as_json_line, **options), 400)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_watching_until_it_ended_tells_all_and_ends_with_0() -> None:
    farm = stage.Watching(session_actions=Page((an_action(1),)))
    statuses = iter(["STARTED", "UPDATE_IN_PROGRESS"])
    farm.answer = lambda ref: a_session(lifecycle_status=next(statuses, "ENDED"))
    lines = reading(farm, until_ended=True)
    told = [line["new"] for line in lines if line.get("kind") == "lifecycleStatus"]
    assert told == ["STARTED", "UPDATE_IN_PROGRESS", "ENDED"]
    assert lines[-1]["type"] == "end"


def test_an_end_that_is_known_before_its_update_comes_in_is_told_all_the_same() -> None:
    farm = stage.Watching(session_actions=Page((an_action(1),)))
    farm.answer = ended
    watching, stream = Watching(farm.monitor, REF), io.StringIO()
    telling = Telling(watching, Output(stream), as_json_line, until_ended=True)
    farm.run(60)
    assert watching.is_over()
    late, _ = watching.inbox.take(0)
    assert telling([], 0) is None
    assert telling([], 0) is None
    assert telling(late, 0) is None
    assert telling([], 0) == WELL
    assert json.loads(stream.getvalue().splitlines()[-1])["type"] == "end"


def test_an_end_whose_update_was_lost_keeps_nobody_waiting() -> None:
    farm = stage.Watching(session_actions=Page((an_action(1),)))
    farm.answer = ended
    watching = Watching(farm.monitor, REF)
    telling = Telling(watching, Output(io.StringIO()), as_json_line, until_ended=True)
    farm.run(60)
    assert telling([], 0) is None
    farm.clock.move(TOLD_WITHIN)
    assert telling([], 0) == WELL


def test_it_says_once_a_minute_that_it_watches() -> None:
    farm = stage.Watching()
    beats = [line for line in reading(farm) if line["type"] == "heartbeat"]
    assert 5 <= len(beats) <= 7
    assert {beat["fresh"] for beat in beats} == {True}
    farm = stage.Watching()
    farm.answer = lambda ref: a_fault()
    assert {line["fresh"] for line in reading(farm) if line["type"] == "heartbeat"} == {False}


def test_the_active_sessions_of_a_queue_are_over_when_none_is_left() -> None:
    jobs = [Page((a_job(1, "RUNNING"),), None, 1), Page((), None, 0)]
    farm = stage.Watching(
        sessions=Page((a_summary(1),)), search_jobs=jobs, session_actions=Page((an_action(1),))
    )
    farm.answer = ended
    assert {line.get("sessionId") for line in reading(farm, QUEUE, until_ended=True)} >= {
        a_summary(1).session_id
    }


class Closed(io.StringIO):
    """An output whose reader has gone after some lines."""

    def __init__(self, lines: int) -> None:
        super().__init__()
        self._left = lines

    def flush(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise BrokenPipeError


def test_it_ends_with_0_when_nobody_reads_any_more() -> None:
    farm = stage.Watching()
    watching = Watching(farm.monitor, REF)
    assert exit_code(farm, watching, Telling(watching, Output(Closed(1)), as_json_line), 400) == WELL


def test_a_reader_that_has_gone_is_noticed_though_there_is_nothing_to_tell() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        output = Output(stream)
        output.check()
        os.close(reader)
        with pytest.raises(OutputClosed):
            output.check()


def test_a_reader_who_is_slow_holds_up_nobody_and_loses_the_oldest_in_the_end() -> None:
    inbox = Inbox(HandClock())
    for number in range(KEPT_WAITING + 10):
        inbox.put(Update("default", number, None))
    updates, lost = inbox.take(1)
    assert (len(updates), lost, updates[0].subject) == (KEPT_WAITING, 10, 10)


def test_what_is_stopped_ends_at_once() -> None:
    farm = stage.Watching()
    watching = Watching(farm.monitor, REF)
    watching.inbox.stop()
    assert watching.inbox.take(3600) == ([], 0)
    assert run(watching, Waiting(watching, lambda _: None)) == WELL


def test_lines_for_people_are_clean_and_say_what_happened() -> None:
    told = {
        "type": "change",
        "at": "2026-03-14T02:10:00.000+00:00",
        "sessionId": REF.session_id,
        "kind": "workerLog.error",
        "new": "a\x1b[2Jb",
    }
    assert as_text(told).endswith(f"{REF.session_id}  workerLog.error: new -> a␛[2Jb")


def test_what_is_marked_is_told_until_all_of_it_has_ended(tmp_path: Path) -> None:
    farm = stage.Watching(session_actions=Page((an_action(1),)))
    file = StateFile(tmp_path / "state.json")
    marks = Marks(farm.monitor, file)
    marks.toggle(REF, "a session")
    file.close(60)
    watching = WatchingMarks(farm.monitor, StateFile(tmp_path / "state.json"))
    later = replace(REF, session_id="session-" + "b" * 32)
    farm.answer = lambda ref: a_session(session_id=ref.session_id)
    stream = io.StringIO()
    telling = Telling(watching, Output(stream), as_json_line, until_ended=True)
    assert exit_code(farm, watching, telling, 70) is None
    # Marked meanwhile, in a program with screens.
    marks.toggle(later, "another")
    file.close(60)
    assert exit_code(farm, watching, telling, 20) is None
    farm.answer = ended
    assert exit_code(farm, watching, telling, 100) == WELL
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert {one["sessionId"] for one in told if one["type"] == "end"} == {REF.session_id, later.session_id}
    beats = [one for one in told if one["type"] == "heartbeat"]
    assert beats
    assert "connection" not in beats[0]


def test_what_is_marked_on_a_connection_that_is_not_in_use_is_never_called_fresh(tmp_path: Path) -> None:
    away = stage.Watching("west")
    file = StateFile(tmp_path / "state.json")
    Marks(away.monitor, file).toggle(replace(REF, connection="west"), "far away")
    file.close(60)
    farm = stage.Watching()
    watching = WatchingMarks(farm.monitor, StateFile(tmp_path / "state.json"))
    farm.run(5)
    assert watching.unwatched == ("west",)
    assert not watching.is_fresh(farm.clock.now())
    assert not watching.is_over()
