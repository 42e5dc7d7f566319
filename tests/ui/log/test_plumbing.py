"""A log that cannot be read, or shows nothing, says exactly why and what to do."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from farmwatch.aws.model import FaultKind, LogConfiguration
from tests.canned import SESSION_ID, START, EmptyLog, a_fault, a_session
from tests.logs.model_log import ModelLog
from tests.ui.log.stage import at_log, log_screen, settle, written
from tests.ui.stage import Stage


def words(stage: Stage) -> str:
    return " ".join(stage.text.split())


def configured(**changes: Any) -> LogConfiguration:
    return replace(LogConfiguration("awslogs", {}, {}), **changes)


async def test_a_log_that_could_not_be_made_shows_its_error_and_where_to_look() -> None:
    log = configured(error="Log provisioning error: ResourceNotFoundException")
    async with at_log(EmptyLog(), session=a_session(log=log)) as stage:
        assert "log.error: Log provisioning error: ResourceNotFoundException" in words(stage)
        assert "The worker could not make this log" in words(stage)
        assert "See the worker's log (tab), and what the roles of queue and fleet may do." in words(stage)


async def test_of_a_worker_log_that_could_not_be_made_the_session_log_is_where_to_look() -> None:
    log = configured(error="Missing log group")
    async with at_log(EmptyLog(), None, "tab", session=a_session(worker_log=log)) as stage:
        assert "workerLog.error: Missing log group" in words(stage)
        assert "See the session's log (tab), and what the role of the fleet may do." in words(stage)


async def test_an_error_stays_in_sight_over_the_lines_that_are_there() -> None:
    log = configured(error="Log provisioning error: AccessDenied")
    async with at_log(written("a line"), session=a_session(log=log)) as stage:
        assert "a line" in words(stage)
        assert "log.error: Log provisioning error: AccessDenied" in words(stage)


async def test_another_driver_is_named() -> None:
    async with at_log(EmptyLog(), session=a_session(log=configured(driver="splunk"))) as stage:
        assert "The log driver is splunk; only the logs of awslogs can be read here." in words(stage)


async def test_a_missing_configuration_is_named() -> None:
    async with at_log(EmptyLog(), None, "tab", session=a_session(worker_log=None)) as stage:
        assert "The reply of GetSession has no workerLog." in words(stage)


async def test_names_that_are_guessed_are_marked() -> None:
    async with at_log(written("a line"), session=a_session(log=configured())) as stage:
        assert "guessed:" in words(stage)
        assert SESSION_ID in words(stage)
        assert "a line" in words(stage)


async def test_a_stream_that_is_not_there_yet_is_waited_for() -> None:
    log = ModelLog()
    log.exists = False
    session = a_session(started_at=START - timedelta(minutes=3))
    async with at_log(log, session=session) as stage:
        assert "Not there yet, 3 min after the session's start. Farmwatch keeps looking." in words(stage)
        log.exists = True
        log.add(0, "the first line")
        await stage.move(12)
        await settle(stage)
        assert "the first line" in words(stage)


async def test_a_stream_of_a_session_that_is_over_never_comes() -> None:
    log = ModelLog()
    log.exists = False
    session = a_session(lifecycle_status="ENDED", ended_at=START)
    async with at_log(log, session=session) as stage:
        assert "it will never come, or it has expired" in words(stage)


async def test_access_denied_names_the_action_and_the_role() -> None:
    log = ModelLog()
    denied = a_fault(
        FaultKind.DENIED,
        sentence="GetLogEvents is denied. Tried with the read role (AssumeQueueRoleForRead).",
        remedy="Ask for logs:GetLogEvents on the log group /aws/deadline/farm/queue.",
        operation="GetLogEvents",
        code="AccessDeniedException",
        message="User is not authorized",
    )
    log.faults = [denied] * 5
    async with at_log(log) as stage:
        for told in (
            "DENIED",
            "AssumeQueueRoleForRead",
            "Ask for logs:GetLogEvents",
            "AccessDeniedException",
        ):
            assert told in words(stage), told


@pytest.mark.parametrize("is_over", [False, True], ids=["living", "over"])
async def test_an_empty_log_is_fine_and_says_as_of_when(is_over: bool) -> None:
    ended = START - timedelta(hours=1) if is_over else None
    session = a_session(lifecycle_status="ENDED" if is_over else "STARTED", ended_at=ended)
    async with at_log(EmptyLog(), session=session) as stage:
        await stage.move(200 if is_over else 3, step=2.0)
        assert "The log is there, and empty" in words(stage)
        assert ("nothing was written to it" in words(stage)) == is_over


async def test_how_far_a_long_log_is_read_is_said() -> None:
    log = written(*(f"line {number}" for number in range(9_000)))
    async with at_log(log) as stage:
        first = log_screen(stage).logs.browser.lanes[0].store.text(0)
        began = START - timedelta(seconds=8_999 - int(first.split()[1]))
        assert f"from {began:%H:%M:%S} on, older lines load on scroll" in words(stage)


async def test_no_event_of_the_worker_about_this_session_is_said() -> None:
    worker = written('{"level": "INFO", "type": "Worker", "subtype": "Create", "message": "Created Worker."}')
    async with at_log(written("a line"), worker, "tab") as stage:
        await stage.move(2)
        assert "Of 1 event of the worker none is about this session." in words(stage)
        await stage.press("a")
        await settle(stage)
        assert "Created Worker." in words(stage)


async def test_a_log_that_is_not_read_whole_because_too_much_is_kept_says_how_much_is_gone() -> None:
    async with at_log(written("a line")) as stage:
        screen = log_screen(stage)
        tail = screen.logs.tails[screen.lane]
        tail.observed = replace(tail.observed, dropped=12_345)
        await stage.move(1)
        tail.observed = replace(tail.observed, dropped=12_345)
        screen.redraw()
        await stage.pilot.pause()
        assert "12,345 oldest dropped" in words(stage)
