"""Why it failed: one sentence, and each piece of evidence with its source, its time and a key to go there."""

import pytest
from msgspec.structs import replace

from farmwatch.aws.model import FaultKind, LogConfiguration, Page, SessionSummary
from farmwatch.aws.task import Task
from farmwatch.logs.times import milliseconds
from farmwatch.ui.screens.log.screen import LogScreen
from tests.calls import counted
from tests.canned import JOB_ID, QUEUE_ID, STEP_ID, EmptyLog, HandClock, a_fault, a_job, a_session
from tests.captures import scenario
from tests.ui.log.stage import (
    AFTER,
    a_failed_session,
    at_failed,
    at_log,
    at_screen,
    capture,
    card,
    failed_actions,
    farm_of,
    farm_with,
    settings_of,
    settle,
    under_cursor,
    written,
)
from tests.ui.stage import Stage, on_stage


def words_on(stage: Stage) -> str:
    """What is on the screen, however it is wrapped and framed."""
    return " ".join(stage.text.replace("│", " ").split())


async def test_a_failure_is_summed_up_with_what_the_process_reported() -> None:
    async with at_failed("fails", "c") as stage:
        await stage.move(2)
        shown = stage.text
        assert "Render  Frame=2 failed with exit code 7: reported “Failed to load asset" in shown
        for words in (
            "Why it failed",
            "✗ FAILED   exit 7",
            "GetSessionAction",
            "openjd_fail: Failed to load asset",
            "last status",
            "openjd_status: Frame 2 tile 50%",
            "ERROR: License server unreachable",
            "exited with code: 7",
            "Action.Start",
        ):
            assert words in shown, words
        assert "reading the logs" not in shown
        assert "Worker Agent's user" not in shown


async def test_actions_that_cannot_be_read_are_said_so() -> None:
    farm = farm_with(written("a line"), session=a_failed_session())
    farm.answers["session_actions"] = [a_fault(FaultKind.DENIED)]
    async with at_screen(farm, "c") as stage:
        await stage.move(2)
        assert "Asking for" not in stage.text
        assert "No problems" not in stage.text
        assert a_fault(FaultKind.DENIED).sentence in words_on(stage)


async def test_an_update_that_failed_is_a_problem() -> None:
    session = a_session(lifecycle_status="UPDATE_FAILED", target_lifecycle_status="ENDED")
    async with at_screen(farm_with(written("a line"), session=session), "c") as stage:
        await stage.move(2)
        assert "lifecycleStatus is “UPDATE_FAILED, targetLifecycleStatus ENDED”." in words_on(stage)


async def test_it_stands_three_keys_from_the_list_of_sessions() -> None:
    found = scenario("fails")
    session, farm = found.session, farm_of(found)
    summary = SessionSummary(
        session_id=session.session_id,
        fleet_id=session.fleet_id,
        worker_id=session.worker_id,
        started_at=session.started_at,
        lifecycle_status="ENDED",
        ended_at=session.ended_at,
    )
    farm.answers["sessions"] = [Page((summary,))]
    settings = replace(settings_of(found), session_id=None)
    async with on_stage(farm, settings, clock=HandClock(AFTER)) as stage:
        for key in ("enter", "c"):
            await stage.press(key)
            await settle(stage)
        assert "failed with exit code 7: reported “Failed to load asset" in stage.text


@pytest.mark.parametrize(
    ("name", "title", "sentence"),
    [
        ("traceback", "Why it failed", "failed with exit code 1: it raised FileNotFoundError: [Errno 2]"),
        ("timeout", "Why it failed", "was stopped because it took too long: the service says “TIMEOUT - "),
        ("missing", "Why it failed", "exit code 127: the command is not there: “/sessions/_zefzzmj/"),
        ("killed", "Why it failed", "failed with exit code -9 (SIGKILL); why is not shown by what was read;"),
        ("uploadfails", "Why it failed", "the upload of its job attachments failed with exit code 1"),
        ("log_error", "Why it failed", "the service says “Log provisioning error: Could not create log stre"),
        ("spot", "Why it was interrupted", "was interrupted: the worker's log says “Spot interruption"),
    ],
)
async def test_each_captured_end_is_told_as_what_it_was(name: str, title: str, sentence: str) -> None:
    async with at_failed(name, "c") as stage:
        await stage.move(2)
        assert title in stage.text
        assert sentence in words_on(stage)
        assert "reading the logs" not in stage.text


async def test_a_killed_process_names_the_signal_and_the_memory_seen_before() -> None:
    found = scenario("killed")
    worker = capture("killed.worker.log")
    full = '{"level": "INFO", "type": "Metrics", "subtype": "System", "memory-used-percent": "95.0"}'
    ended = found.action(0).ended_at
    assert ended is not None
    worker.add(milliseconds(ended) - 20_000, full)
    farm = farm_with(capture("killed.session.log"), worker, session=found.session, actions=found.actions)
    async with at_screen(farm, "c", now=AFTER, settings=settings_of(found)) as stage:
        await stage.move(2)
        shown = words_on(stage)
        assert "failed with exit code -9 (SIGKILL)" in shown
        assert "memory was 95 % full 20 s before (whether that is why: not shown)" in shown
        assert "memory 95 % used, 20 s before the end" in shown


async def test_a_canceled_session_says_who_canceled_as_far_as_the_job_knows() -> None:
    found = scenario("canceled")
    farm = farm_of(found)
    farm.answers["job"] = [
        a_job(1, "CANCELED", target_task_run_status="CANCELED", updated_by="mira", updated_at=AFTER)
    ]
    async with at_screen(farm, "c", now=AFTER, settings=settings_of(found)) as stage:
        await stage.move(2)
        shown = words_on(stage)
        assert "Why it was canceled" in shown
        assert "was canceled: the job has targetTaskRunStatus CANCELED, updatedBy mira; " in shown
        assert "canceled by" in shown
        await stage.move(120)
        before = farm.count("job")
        await stage.move(120)
        assert farm.count("job") == before, "what is over is asked for no more"


async def test_where_one_task_was_canceled_its_task_says_who_did() -> None:
    found = scenario("canceled")
    farm = farm_of(found)
    task = Task("task-1", STEP_ID, JOB_ID, QUEUE_ID, "CANCELED")
    farm.answers["job"] = [a_job(1)]
    farm.answers["task"] = [replace(task, target_run_status="CANCELED", updated_by="mira", updated_at=AFTER)]
    async with at_screen(farm, "c", now=AFTER, settings=settings_of(found)) as stage:
        await stage.move(2)
        assert "the task has targetRunStatus CANCELED, updatedBy mira; " in words_on(stage)


async def test_a_job_is_only_asked_for_where_something_was_canceled() -> None:
    farm = farm_of(scenario("fails"))
    async with at_screen(farm, "c", now=AFTER, settings=settings_of(scenario("fails"))) as stage:
        before = farm.count("job")
        await stage.move(30)
        assert farm.count("job") == before


async def test_a_failure_of_a_session_that_still_runs_is_a_problem() -> None:
    running = a_failed_session(lifecycle_status="STARTED", ended_at=None)
    async with at_failed("fails", "c", session=running) as stage:
        await stage.move(2)
        assert "Problems" in stage.text
        assert "Why it failed" not in stage.text
        assert "failed with exit code 7" in stage.text


async def test_the_card_is_worked_out_again_only_when_something_has_come_in() -> None:
    async with at_failed("fails", "c") as stage:
        await stage.move(5)
        screen = card(stage)
        first = screen.failure
        assert first is not None
        await stage.move(30)
        assert card(stage).failure is first
        with counted() as calls:
            screen.draw(stage.clock.now())
        few = calls.total
        screen.failure = None
        screen.draw(stage.clock.now())
        assert screen.failure is None, "drawing works nothing out"
        assert few < 5_000


async def test_a_log_error_alone_is_explained() -> None:
    log = LogConfiguration("awslogs", {}, {}, "Log provisioning error: AccessDeniedException")
    async with at_log(EmptyLog(), None, "c", session=a_session(log=log)) as stage:
        await stage.move(2)
        shown = " ".join(stage.text.replace("│", " ").split())
        assert "No action of the session failed, but log.error is “Log provisioning error" in shown


async def test_a_session_that_goes_well_has_nothing_to_explain() -> None:
    async with at_screen(farm_with(written("fine")), "c") as stage:
        assert "Problems" in stage.text
        assert "No problems, as far as is known." in stage.text
        assert "Why it failed" not in stage.text
        await stage.press("c")
        assert stage.app.clipboard == ""


async def test_a_cause_that_nothing_shows_is_not_named() -> None:
    actions = failed_actions(exit_code=3, message=None)
    farm = farm_with(EmptyLog(), EmptyLog(), session=a_failed_session(), actions=actions)
    async with at_screen(farm, "c", now=AFTER) as stage:
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
    async with at_failed("fails", "c", *["down"] * downs, "enter") as stage:
        assert isinstance(stage.app.screen, LogScreen)
        assert under_cursor(stage) == line
        await stage.press("escape")
        assert "Why it failed" in stage.text


async def test_enter_on_what_is_in_no_log_says_so() -> None:
    async with at_failed("fails", "c", "enter") as stage:
        assert "This is not from a log" in stage.text


async def test_the_card_is_copied_as_plain_text_with_whole_ids() -> None:
    async with at_failed("fails", "c", "c") as stage:
        await stage.move(1)
        await stage.press("c")
        copied = stage.app.clipboard
    lines = copied.splitlines()
    assert lines[0].startswith("Render  Frame=2 failed with exit code 7")
    for id_ in ("farm-b84bd2b88752360e8f96ee0c2de7a153", "session-69da56a81eed1468aa1abf82cad4a7cf"):
        assert any(line.endswith(id_) for line in lines)
    assert "  2026-11-24T19:09:49.976+00:00  session log: openjd_fail: Failed to load asset" in copied
    assert "worker:" in lines
    assert "last status:" in lines


async def test_the_card_opens_from_the_log_and_goes_back_there() -> None:
    async with at_failed("fails", "l", "c") as stage:
        assert card(stage).failure is not None
        await stage.press("escape")
        assert isinstance(stage.app.screen, LogScreen)


async def test_the_card_says_that_it_is_still_reading() -> None:
    found = scenario("fails")
    log = capture("fails.session.log")
    log.faults = [a_fault(FaultKind.SLOW_DOWN, operation="GetLogEvents", code="ThrottlingException")]
    farm = farm_with(log, EmptyLog(), session=found.session, actions=found.actions)
    async with at_screen(farm, "c", now=AFTER, settings=settings_of(found)) as stage:
        assert "exit 7" in stage.text
        await stage.move(120)
        assert "reported “Failed to load asset" in stage.text
        assert "reading the logs" not in stage.text
