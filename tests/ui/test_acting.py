"""Ending, canceling and requeuing from the screens: only where that is allowed and confirmed, and once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from farmwatch.alerts.alert import Alert, Subject
from farmwatch.aws.model import FaultKind, Page
from farmwatch.config.settings import Settings
from farmwatch.rules.finding import Severity
from farmwatch.ui.screens.acting import ActScreen
from farmwatch.ui.screens.alerts.acting import choices_of
from farmwatch.ui.screens.alerts.screen import AlertsScreen
from farmwatch.ui.screens.log.screen import LogScreen
from farmwatch.ui.screens.picker.marked import MarkedScreen
from farmwatch.ui.screens.session.screen import SessionScreen
from farmwatch.wall.values import WallObserved, WallRow
from tests.canned import (
    FARM_ID,
    JOB_ID,
    QUEUE_ID,
    REF,
    SESSION_ID,
    START,
    STEP_ID,
    CannedFarm,
    a_fault,
    a_job,
    a_session,
    an_action,
)
from tests.pictures import Farm, frozen_farm, pass_time
from tests.ui.stage import Stage, on_stage
from tests.ui.test_alerts import a_night as some_alerts
from tests.ui.test_alerts import go_to
from tests.ui.test_wall import a_night, at_wall
from tests.wall.night import session_id, worker_id

ALLOWED = Settings(allow_actions=True)
AT_SESSION = replace(ALLOWED, farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID, session_id=SESSION_ID)
READ_ONLY = replace(AT_SESSION, allow_actions=False)


@asynccontextmanager
async def at_session(
    settings: Settings = AT_SESSION, status: str = "RUNNING", **answers: Any
) -> AsyncIterator[Stage]:
    """The screen of a session whose one action has that status."""
    actions = Page((an_action(3, status),))
    given = {"session": a_session(), "session_actions": actions, "session_actions_by_id": {}, **answers}
    async with on_stage(CannedFarm(**given), settings) as stage:
        await stage.move(3)
        yield stage


def notices(stage: Stage) -> str:
    """What is told at the corner of the screen, each in one line."""
    return "\n".join(one.message for one in stage.app._notifications)  # noqa: SLF001 - Textual tells them nowhere else


def sent(stage: Stage, name: str) -> list[tuple[Any, ...]]:
    return [one for one in stage.farm.asked if one[0] == name]


async def test_everything_is_only_read_unless_it_is_allowed_and_the_key_says_how() -> None:
    async with at_session(READ_ONLY, end_session=[None]) as stage:
        await stage.press("X", "enter", "enter")
        assert "--allow-actions" in notices(stage)
        assert not any(isinstance(one, ActScreen) for one in stage.app.screen_stack)
        assert sent(stage, "end_session") == []


async def test_a_session_is_ended_after_it_was_named_and_confirmed() -> None:
    async with at_session(end_session=[None]) as stage:
        stage.app.monitor.names[JOB_ID] = "sq010_lgt"
        await stage.press("X")
        assert isinstance(stage.app.screen, ActScreen)
        for words in ("End the session", "Cancel the task", "Suspend the task"):
            assert words in stage.text
        assert "Requeue" not in stage.text
        await stage.press("enter")
        assert "sq010_lgt" in stage.text
        assert sent(stage, "end_session") == [], "it is not confirmed yet"
        stage.farm.answers["session"] = [a_session(lifecycle_status="UPDATE_IN_PROGRESS")]
        await stage.press("enter")
        await stage.poll()
        assert isinstance(stage.app.screen, SessionScreen)
        (asked,) = sent(stage, "end_session")
        assert asked[1] == REF
        assert "TAKEN" in notices(stage)
        await stage.move(3)
        assert "UPDATE_IN_PROGRESS" in stage.part("#session")


async def test_escape_goes_back_and_then_out_and_nothing_is_sent() -> None:
    async with at_session(end_session=[None]) as stage:
        await stage.press("X", "enter", "escape")
        assert "What is to be done?" in stage.text
        await stage.press("escape")
        assert isinstance(stage.app.screen, SessionScreen)
        assert sent(stage, "end_session") == []


async def test_a_task_that_has_failed_is_requeued_but_not_canceled() -> None:
    async with at_session(status="FAILED", update_task=[None]) as stage:
        await stage.press("X")
        assert "Cancel the task" not in stage.text
        await stage.press("down", "enter", "enter")
        await stage.poll()
        (asked,) = sent(stage, "update_task")
        assert asked[1:5] == (REF, STEP_ID, an_action(3).task_id, "READY")
        assert "Requeue the task" in notices(stage)


async def test_a_session_that_has_ended_cannot_be_ended() -> None:
    ended = a_session(lifecycle_status="ENDED", ended_at=a_session().started_at)
    async with at_session(session=ended, session_actions=Page(())) as stage:
        await stage.press("X")
        assert "Nothing can be done" in notices(stage)


async def end_it(stage: Stage) -> str:
    """End the session, and what is told of it."""
    await stage.press("X", "enter", "enter")
    await stage.poll()
    return notices(stage)


async def test_a_refusal_is_told_in_the_words_of_the_service() -> None:
    refusal = a_fault(FaultKind.REFUSED, code="ConflictException", message="The session has ended.")
    async with at_session(end_session=[refusal]) as stage:
        assert "The service says: The session has ended." in await end_it(stage)


async def test_a_denial_names_the_permission_and_who_lacks_it() -> None:
    denial = a_fault(FaultKind.DENIED, message="User arn:aws:sts::1:assumed-role/artist is not authorized")
    async with at_session(end_session=[denial]) as stage:
        told = await end_it(stage)
        assert "lacks deadline:UpdateSession" in told
        assert "assumed-role/artist" in told
        assert "northlight" in told


async def test_what_is_lost_on_the_way_is_not_known_and_not_repeated() -> None:
    async with at_session(end_session=[a_fault(), None]) as stage:
        told = await end_it(stage)
        assert "NOT KNOWN" in told
        assert "not repeated" in told
        await stage.move(120, step=10)
        assert len(sent(stage, "end_session")) == 1


async def test_words_of_the_service_are_words_and_no_markup() -> None:
    refusal = a_fault(FaultKind.REFUSED, message="[@click=app.quit]no[/] \x1b[31m")
    async with at_session(end_session=[refusal]) as stage:
        assert "[@click=app.quit]no[/]" in await end_it(stage)
        assert "\x1b" not in stage.text


async def test_many_sessions_are_ended_from_the_wall_when_their_number_is_typed() -> None:
    farm = a_night()
    farm.answers["end_session"] = [None, a_fault(FaultKind.REFUSED, message="It has ended.")]
    async with at_wall(farm, ALLOWED) as stage:
        await stage.press("space", "space", "X")
        assert "End 2 sessions" in stage.text
        await stage.press("enter")
        assert "shot_01 11" in stage.text
        assert "shot_02 12" in stage.text
        await stage.press("3", "enter")
        assert "Nothing was done" in notices(stage)
        assert farm.count("end_session") == 0
        await stage.press("backspace", "2", "enter")
        await stage.poll()
        ended = [one[1].session_id for one in sent(stage, "end_session")]
        assert sorted(ended) == sorted([session_id(1), session_id(2)])
        tokens = {one[2] for one in sent(stage, "end_session")}
        assert len(tokens) == 2, "each is a wish of its own"
        told = notices(stage)
        assert "TAKEN (1 of 2)" in told
        assert "REFUSED (1 of 2)" in told


async def test_what_has_failed_is_requeued_from_the_wall() -> None:
    farm = a_night()
    farm.answers["update_task"] = [None]
    async with at_wall(farm, ALLOWED) as stage:
        await stage.press("3", "X")
        assert "Requeue the task" in stage.text
        assert "End the session" not in stage.text
        await stage.press("enter", "enter")
        await stage.poll()
        assert [one[4] for one in sent(stage, "update_task")] == ["READY"]


async def test_a_job_is_canceled_from_its_list() -> None:
    job = a_job(1, "RUNNING", job_id=JOB_ID, name="sq010_lgt")
    farm = CannedFarm(search_jobs=Page((job,), total=1), update_job=[None])
    async with on_stage(farm, replace(ALLOWED, farm_id=FARM_ID, queue_id=QUEUE_ID)) as stage:
        await stage.press("X")
        for words in ("Cancel the job", "Suspend the job", "Requeue the job"):
            assert words in stage.text
        await stage.press("enter", "enter")
        await stage.poll()
        assert [one[1:5] for one in sent(stage, "update_job")] == [(FARM_ID, QUEUE_ID, JOB_ID, "CANCELED")]
        assert "sq010_lgt" in notices(stage)


async def test_that_a_job_which_was_to_be_canceled_is_so_is_told_in_the_end() -> None:
    job = a_job(1, "RUNNING", job_id=JOB_ID, name="sq010_lgt")
    farm = CannedFarm(search_jobs=Page((job,), total=1), update_job=[None], job=[job])
    async with on_stage(farm, replace(ALLOWED, farm_id=FARM_ID, queue_id=QUEUE_ID)) as stage:
        await stage.press("X", "enter", "enter")
        await stage.poll()
        assert "TAKEN" in notices(stage)
        await stage.move(12)
        assert "DONE" not in notices(stage)
        farm.answers["job"] = [replace(job, task_run_status="CANCELED", task_counts={"CANCELED": 10})]
        await stage.move(12)
        assert "DONE  Cancel the job: sq010_lgt" in notices(stage)


async def test_that_a_session_which_was_to_end_has_not_is_told_in_the_end() -> None:
    async with at_session(end_session=[None]) as stage:
        await end_it(stage)
        await stage.move(14 * 60, step=60)
        assert "NOT ENDED" not in notices(stage)
        await stage.move(2 * 60, step=60)
        assert "NOT ENDED" in notices(stage)


async def test_that_the_service_could_not_end_a_session_is_told() -> None:
    async with at_session(end_session=[None]) as stage:
        await end_it(stage)
        stage.farm.answers["session"] = [a_session(lifecycle_status="UPDATE_FAILED")]
        await stage.move(5)
        assert "UPDATE_FAILED" in notices(stage)


async def test_while_a_filter_is_typed_the_key_is_a_letter() -> None:
    farm = CannedFarm(search_jobs=Page((a_job(1),), total=1))
    async with on_stage(farm, replace(ALLOWED, farm_id=FARM_ID, queue_id=QUEUE_ID)) as stage:
        await stage.press("slash", "X")
        assert not any(isinstance(one, ActScreen) for one in stage.app.screen_stack)


@pytest.mark.long
async def test_on_the_embedded_farm_a_session_that_is_ended_ends() -> None:
    with frozen_farm() as farm:
        settings = replace(farm.settings("living"), allow_actions=True)
        async with on_stage(farm.ask, settings) as stage:
            await pass_time(stage, farm, 3)
            farm.offline = True
            assert "NOT KNOWN" in await end_it(stage)
            farm.offline = False
            await pass_time(stage, farm, 3)
            assert "STARTED" in stage.part("#session"), "it was not sent again by itself"
            assert "TAKEN" in await end_it(stage)
            await pass_time(stage, farm, 3)
            assert "UPDATE_IN_PROGRESS" in stage.part("#session")
            for _ in range(10):
                farm.clock.step(10)
                await stage.move(10, step=5)
            assert "ENDED" in stage.part("#session")
            assert "ENDED  " in notices(stage).splitlines()[-1], "what came of it is told"


@pytest.mark.long
async def test_on_the_embedded_farm_a_failed_task_is_requeued_and_runs_again() -> None:
    with frozen_farm() as farm:
        settings = replace(farm.settings("failed"), allow_actions=True)
        async with on_stage(farm.ask, settings) as stage:
            await pass_time(stage, farm, 3)
            await stage.press("X")
            assert "Requeue the task" in stage.text
            await stage.press("enter", "enter")
            await stage.poll()
            assert "TAKEN" in notices(stage)
            failed = farm.simulation.cast["failed"]
            runs = farm.simulation.account.jobs[failed.queue_id][failed.job_id]
            assert runs["taskRunStatusCounts"]["READY"]
            for _ in range(20):
                farm.clock.step(30)
                farm.simulation.advance()
            assert runs["taskRunStatusCounts"]["FAILED"] == 0


# --- from the card, the log, the marks and the alerts -------------------------------------------------------


async def end_here(stage: Stage, farm: Farm) -> None:
    """End the session from the screen that is shown, and follow it until it has ended."""
    await stage.press("X")
    assert "End the session" in stage.text
    assert "TAKEN" in await confirm(stage)
    for _ in range(20):
        if any(line.startswith("ENDED  ") for line in notices(stage).splitlines()):
            return
        farm.clock.step(10)
        await stage.move(10, step=10)
    raise AssertionError(notices(stage))


async def confirm(stage: Stage) -> str:
    """Do the first of what can be done, and what is told of it."""
    await stage.press("enter", "enter")
    await stage.poll()
    return notices(stage)


@pytest.mark.long
async def test_on_the_embedded_farm_a_session_is_ended_from_its_log_and_from_the_marks() -> None:
    for keys, kind in ((("l",), LogScreen), (("m", "M"), MarkedScreen)):
        with frozen_farm() as farm:
            settings = replace(farm.settings("living"), allow_actions=True)
            async with on_stage(farm.ask, settings) as stage:
                await pass_time(stage, farm, 2)
                await stage.press(*keys)
                await pass_time(stage, farm, 1)
                assert isinstance(stage.app.screen, kind)
                farm.offline = True
                await stage.press("X")
                assert "NOT KNOWN" in await confirm(stage)
                farm.offline = False
                await pass_time(stage, farm, 1)
                stage.app.clear_notifications()
                await end_here(stage, farm)


@pytest.mark.long
async def test_on_the_embedded_farm_a_task_is_requeued_from_the_card_that_explains_it() -> None:
    with frozen_farm() as farm:
        settings = replace(farm.settings("failed"), allow_actions=True)
        async with on_stage(farm.ask, settings) as stage:
            await pass_time(stage, farm, 3)
            await stage.press("c")
            await pass_time(stage, farm, 2)
            await stage.press("X")
            assert "Requeue the task" in stage.text
            assert "TAKEN" in await confirm(stage)


@pytest.mark.long
async def test_on_the_embedded_farm_a_session_is_ended_from_its_alert() -> None:
    with frozen_farm() as farm:
        async with on_stage(farm.ask, ALLOWED, size=(150, 40)) as stage:
            await stage.press("A")
            screen = stage.app.screen
            assert isinstance(screen, AlertsScreen)
            running: list[Alert] = []
            for _ in range(60):
                if running:
                    break
                farm.clock.step(10)
                await stage.move(10, step=10)
                alerts = screen.observed.alerts
                running = [one for one in alerts if one.subject.session_id and one.is_open]
            screen.table.cursor_key = running[0].id
            await stage.pilot.pause()
            await end_here(stage, farm)


async def test_a_marked_job_is_canceled_where_it_is_listed() -> None:
    job = a_job(1, "RUNNING", job_id=JOB_ID, name="sq010_lgt")
    farm = CannedFarm(search_jobs=Page((job,), total=1), job=job, sessions=Page(()), update_job=[None])
    async with on_stage(farm, replace(ALLOWED, farm_id=FARM_ID, queue_id=QUEUE_ID)) as stage:
        await stage.press("m", "M")
        await stage.move(3)
        await stage.press("X")
        for words in ("Cancel the job", "Suspend the job", "Requeue the job"):
            assert words in stage.text
        assert "TAKEN" in await confirm(stage)
        assert [one[1:5] for one in sent(stage, "update_job")] == [(FARM_ID, QUEUE_ID, JOB_ID, "CANCELED")]


@asynccontextmanager
async def at_alert(name: str, settings: Settings = ALLOWED, **answers: Any) -> AsyncIterator[Stage]:
    """The alerts of a night, with the cursor on one of them."""
    farm = some_alerts()
    farm.answers |= answers
    async with on_stage(farm, settings, size=(180, 30)) as stage:
        await stage.press("A")
        await stage.move(30, 6)
        await go_to(stage, name)
        yield stage


async def test_an_alert_leads_to_its_session_what_that_runs_and_its_job() -> None:
    denial = a_fault(FaultKind.DENIED, message="not authorized")
    async with at_alert("shot_01", end_session=[denial]) as stage:
        await stage.press("X")
        for words in ("End the session", "Cancel the task", "Suspend the task", "Requeue the job"):
            assert words in stage.text
        assert "lacks deadline:UpdateSession" in await confirm(stage)


async def test_the_task_of_an_alert_that_has_failed_everywhere_is_canceled_with_its_job_or_requeued() -> None:
    async with at_alert("shot_09", update_task=[None]) as stage:
        await stage.press("X")
        assert "Requeue the task" in stage.text
        assert "Cancel the job" in stage.text
        choice = next(n for n, one in enumerate(stage.app.screen._choices) if "Requeue the task" in one.title)  # type: ignore[attr-defined]  # noqa: SLF001
        await stage.press(*["down"] * choice)
        await confirm(stage)
        ((*_, target, _),) = sent(stage, "update_task")
        assert target == "READY"


async def test_in_the_alerts_too_everything_is_only_read_unless_it_is_allowed() -> None:
    async with at_alert("shot_01", replace(ALLOWED, allow_actions=False)) as stage:
        await stage.press("X")
        assert "--allow-actions" in notices(stage)


def test_of_the_sessions_of_an_alert_those_can_be_ended_that_have_not() -> None:
    alert = Alert(
        "id",
        "dead worker",
        Subject("default", worker_id=worker_id(1)),
        Severity.CERTAIN,
        "dead",
        "",
        START,
        START,
    )
    refs = tuple(replace(REF, session_id=session_id(number)) for number in (1, 2))
    ended = WallRow(refs[1], ended_at=START)
    found = choices_of(replace(alert, sessions=refs), [WallObserved("default", rows=(ended,))], str)
    assert [one.title for one in found] == ["End the session"], "what has ended is not ended again"
    (both,) = choices_of(replace(alert, sessions=refs), (), str)
    assert both.title == "End 2 sessions"
    assert len(both.wishes) == 2
