"""Why it failed: one sentence, and each piece of evidence with its source, its time and a key to go there."""

import pytest

from farmwatch.cloud.model import LogConfiguration
from farmwatch.ui.screens.log import LogScreen
from tests.canned import EmptyLog, a_session, an_action
from tests.ui.log.stage import (
    a_failed_session,
    at,
    at_failed,
    at_log,
    at_screen,
    capture,
    card,
    failed_actions,
    farm_with,
    settle,
    under_cursor,
    written,
)

TIME_OUT = "TIMEOUT - Exceeded the allotted runtime limit."


async def test_a_failure_is_summed_up_with_what_the_process_said() -> None:
    async with at_failed("failed_exit_7", "c") as stage:
        await stage.move(2)
        shown = stage.text
        assert "Render  Frame=1 failed with exit code 7: it said “Failed to load asset" in shown
        for words in (
            "✗ FAILED   exit 7",
            "GetSessionAction",
            "openjd_fail: Failed to load asset",
            "openjd_status: Frame 1 tile 100%",
            "ERROR: License server unreachable",
            "exited with code: 7",
            "Action.Start",
            "ran action 0 (TaskRun)",
        ):
            assert words in shown, words
        assert "reading the logs" not in shown


async def test_it_stands_three_keys_from_the_list_of_sessions() -> None:
    from farmwatch.cloud.model import Page, SessionSummary
    from farmwatch.settings import Settings
    from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, HandClock
    from tests.ui.log.stage import AFTER
    from tests.ui.stage import on_stage

    session = a_failed_session()
    farm = farm_with(
        capture("session_logs/failed_exit_7.log"),
        capture("worker_logs/two_sessions.log"),
        session=session,
        actions=failed_actions(),
    )
    summary = SessionSummary(
        session_id=session.session_id,
        fleet_id=session.fleet_id,
        worker_id=session.worker_id,
        started_at=session.started_at,
        lifecycle_status="ENDED",
        ended_at=session.ended_at,
    )
    farm.answers["sessions"] = [Page((summary,))]
    settings = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID)
    async with on_stage(farm, settings, clock=HandClock(AFTER)) as stage:
        for key in ("enter", "c"):
            await stage.press(key)
            await settle(stage)
        assert "failed with exit code 7: it said “Failed to load asset" in stage.text


async def test_a_traceback_is_the_reason() -> None:
    actions = failed_actions(
        started_at=at("09:08:48.960"), ended_at=at("09:08:49.200"), exit_code=1, message=""
    )
    async with at_failed("python_traceback", "c", actions=actions) as stage:
        await stage.move(2)
        assert "failed with exit code 1: it raised KeyError: 'missing'" in stage.text


async def test_a_time_out_is_told_as_one() -> None:
    times = {"started_at": at("09:08:46.440"), "ended_at": at("09:08:48.460")}
    actions = failed_actions(**times, exit_code=-9, message=TIME_OUT)
    async with at_failed("timed_out", "c", actions=actions) as stage:
        await stage.move(2)
        shown = " ".join(stage.text.split())
        assert "was stopped because it took too long" in shown
        assert "TIMEOUT - Runtime limit reached" in shown


async def test_a_killed_process_names_the_signal_and_the_memory_seen_before() -> None:
    times = {"started_at": at("09:08:49.690"), "ended_at": at("09:09:48.900")}
    actions = failed_actions(**times, exit_code=-9, message="")
    async with at_failed("killed_sigkill", "c", actions=actions) as stage:
        await stage.move(2)
        shown = " ".join(stage.text.replace("│", " ").split())
        assert "failed with exit code -9 (SIGKILL)" in shown
        assert "memory was 95 % full 20 s before (whether that is why: not shown)" in shown
        assert "memory 95 % used, 20 s before the end" in shown


async def test_a_spot_interruption_is_told_by_the_workers_own_words() -> None:
    other = "session-2c22b6f1a0d94f4f8f4b7a6d5c3e1f00"
    action = an_action(
        0, "INTERRUPTED", started_at=at("09:08:28.900"), ended_at=at("09:10:00.800"), exit_code=None
    )
    farm = farm_with(
        EmptyLog(),
        capture("worker_logs/two_sessions.log"),
        session=a_failed_session(session_id=other),
        actions=[action],
    )
    async with at_screen(farm, "c", now=at("09:30:00")) as stage:
        await stage.move(2)
        shown = " ".join(stage.text.replace("│", " ").split())
        assert (
            "was interrupted: the worker's log says “The Worker received an EC2 spot interruption”" in shown
        )
        assert "Log provisioning error: ResourceNotFoundException" in shown


async def test_a_log_error_alone_is_explained() -> None:
    log = LogConfiguration("awslogs", {}, {}, "Log provisioning error: AccessDeniedException")
    async with at_log(EmptyLog(), None, "c", session=a_session(log=log)) as stage:
        await stage.move(2)
        shown = " ".join(stage.text.replace("│", " ").split())
        assert "No action of the session failed, but log.error is “Log provisioning error" in shown


async def test_a_session_that_goes_well_has_nothing_to_explain() -> None:
    async with at_screen(farm_with(written("fine")), "c") as stage:
        assert "Nothing went wrong, as far as is known." in stage.text
        await stage.press("c")
        assert stage.app.clipboard == ""


async def test_a_cause_that_nothing_shows_is_not_named() -> None:
    farm = farm_with(
        EmptyLog(), EmptyLog(), session=a_failed_session(), actions=failed_actions(exit_code=3, message="")
    )
    async with at_screen(farm, "c", now=at("09:30:00")) as stage:
        await stage.move(2)
        shown = " ".join(stage.text.replace("│", " ").split())
        assert "failed with exit code 3; why is not shown by what was read" in shown


@pytest.mark.parametrize(
    ("downs", "line"),
    [
        (2, "openjd_fail: Failed to load asset /mnt/assets/tree_v07.abc"),
        (9, "ERROR: License server unreachable: could not check out renderer (code 7)"),
    ],
)
async def test_enter_goes_to_the_line_of_a_piece_of_evidence(downs: int, line: str) -> None:
    async with at_failed("failed_exit_7", "c", *["down"] * downs, "enter") as stage:
        assert isinstance(stage.app.screen, LogScreen)
        assert under_cursor(stage) == line
        await stage.press("escape")
        assert "Why did it fail" in stage.text


async def test_enter_on_what_is_in_no_log_says_so() -> None:
    async with at_failed("failed_exit_7", "c", "enter") as stage:
        assert "This is not from a log" in stage.text


async def test_the_card_is_copied_as_plain_text_with_whole_ids() -> None:
    async with at_failed("failed_exit_7", "c", "c") as stage:
        await stage.move(1)
        await stage.press("c")
        copied = stage.app.clipboard
    lines = copied.splitlines()
    assert lines[0].startswith("Render  Frame=1 failed with exit code 7")
    for id_ in ("farm-1b84ca8d938d47d99a00675ff4eedd41", "session-61e4f38604894d6ca243b88e52d7ca07"):
        assert any(line.endswith(id_) for line in lines)
    assert "  2026-11-23T09:08:45.809+00:00  session log: openjd_fail: Failed to load asset" in copied
    assert "worker:" in lines
    assert "beside it:" in lines


async def test_the_card_opens_from_the_log_and_goes_back_there() -> None:
    async with at_failed("failed_exit_7", "l", "c") as stage:
        assert card(stage).failure is not None
        await stage.press("escape")
        assert isinstance(stage.app.screen, LogScreen)


async def test_the_card_says_that_it_is_still_reading() -> None:
    from farmwatch.cloud.model import FaultKind
    from tests.canned import a_fault

    log = capture("session_logs/failed_exit_7.log")
    log.faults = [a_fault(FaultKind.SLOW_DOWN, operation="GetLogEvents", code="ThrottlingException")]
    farm = farm_with(log, EmptyLog(), session=a_failed_session(), actions=failed_actions())
    async with at_screen(farm, "c", now=at("09:30:00")) as stage:
        assert "exit 7" in stage.text
        await stage.move(120)
        assert "it said “Failed to load asset" in stage.text
        assert "reading the logs" not in stage.text
