"""The log screen and the card on stage: logs as they were captured, or made up, in front of a canned farm."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from textual.widgets import Input

from farmwatch.aws.model import Page, Session
from farmwatch.aws.session_action import SessionAction
from farmwatch.config.settings import Settings
from farmwatch.logs.failure import failed_action
from farmwatch.logs.times import milliseconds
from farmwatch.ui.screens.log.screen import LogScreen
from farmwatch.ui.screens.why.screen import WhyScreen
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, SESSION_ID, START, CannedFarm, HandClock, a_session
from tests.captures import Scenario, events_of, scenario
from tests.logs.model_log import ModelLog
from tests.ui.stage import Stage, on_stage

AT_SESSION = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID, session_id=SESSION_ID)


def at(text: str) -> datetime:
    """A time of the evening on which the captures were made."""
    return datetime.fromisoformat(f"2026-11-24T{text}+00:00")


AFTER = at("19:30:00")


def capture(name: str) -> ModelLog:
    """A captured log as the service would keep it: ``fails.session.log``."""
    log = ModelLog()
    for when, text in events_of(name):
        log.add(when, text)
    log.exists = bool(log.events)
    return log


def written(*texts: str, every: int = 1000) -> ModelLog:
    """A log with these lines, one a second, the last of them as the clock of the stage starts."""
    log = ModelLog()
    write(log, *texts, at_ms=milliseconds(START) - every * (len(texts) - 1), every=every)
    return log


def write(log: ModelLog, *texts: str, at_ms: int | None = None, every: int = 1000) -> None:
    """More lines, after those that are there."""
    start = log.events[-1][0] + every if at_ms is None else at_ms
    for number, text in enumerate(texts):
        log.add(start + every * number, text)


def a_failed_session(**changes: Any) -> Session:
    """The session of the captured log in which a frame fails with exit code 7."""
    return replace(scenario("fails").session, **changes)


def failed_actions(name: str = "fails", **changes: Any) -> tuple[SessionAction, ...]:
    """What the session of a capture did, by default of the one with exit code 7; what did not go well of it
    otherwise than it did."""
    actions = scenario(name).actions
    blamed = failed_action(actions)
    return tuple(replace(one, **changes) if one is blamed else one for one in actions)


def settings_of(found: Scenario) -> Settings:
    """The place of a captured session."""
    ref = found.ref
    return Settings(farm_id=ref.farm_id, queue_id=ref.queue_id, job_id=ref.job_id, session_id=ref.session_id)


def farm_of(found: Scenario, **changes: Any) -> CannedFarm:
    """A farm with a captured session, its log and its worker's."""
    name = found.name
    given = {"session": found.session, "actions": found.actions, **changes}
    return farm_with(capture(f"{name}.session.log"), capture(f"{name}.worker.log"), **given)


def farm_with(
    log: Any,
    worker_log: Any = None,
    *,
    session: Session | None = None,
    actions: Sequence[SessionAction] = (),
) -> CannedFarm:
    """A farm with one session, its log and its worker's."""
    details = {action.action_id: action for action in actions}
    given: dict[str, Any] = {} if worker_log is None else {"worker_log": worker_log}
    return CannedFarm(
        session=session or a_session(),
        session_actions=Page(tuple(actions)),
        session_actions_by_id=lambda ref, ids: {one: details[one] for one in ids},
        step="Render",
        log_page=log,
        **given,
    )


@asynccontextmanager
async def at_screen(
    farm: CannedFarm,
    *keys: str,
    size: tuple[int, int] = (120, 36),
    now: datetime = START,
    settings: Settings = AT_SESSION,
) -> AsyncIterator[Stage]:
    """The program where these keys lead from the session's screen, with what it asks for answered."""
    async with on_stage(farm, settings, size=size, clock=HandClock(now)) as stage:
        await settle(stage)
        for key in keys:
            await stage.press(key)
            await settle(stage)
        yield stage


def at_log(
    log: Any, worker_log: Any = None, *keys: str, size: tuple[int, int] = (120, 36), **of_farm: Any
) -> Any:
    """The log screen of a living session."""
    return at_screen(farm_with(log, worker_log, **of_farm), "l", *keys, size=size)


def at_failed(name: str, *keys: str, size: tuple[int, int] = (120, 36), **of_farm: Any) -> Any:
    """The screen of a captured session, as its name says, with both logs."""
    found = scenario(name)
    return at_screen(farm_of(found, **of_farm), *keys, size=size, now=AFTER, settings=settings_of(found))


async def settle(stage: Stage) -> None:
    """Let everything that is under way come to its end, while time stands still."""
    for _ in range(6):
        asked = stage.app.monitor.run_due()
        await stage.pilot.pause()
        digests = [worker for worker in stage.app.workers if worker.group == "digest"]
        await stage.app.workers.wait_for_complete(digests)
        if not asked and not digests:
            break
    stage.app.tick()
    await stage.pilot.pause()


async def type_in(stage: Stage, text: str) -> None:
    """Enter a text where one is asked for. (A key for each letter would take a second for a word.)"""
    stage.app.screen.query_one("#prompt-text", Input).value = text
    await stage.pilot.pause()
    await stage.press("enter")
    await settle(stage)


def log_screen(stage: Stage) -> LogScreen:
    screen = stage.app.screen
    assert isinstance(screen, LogScreen)
    return screen


def card(stage: Stage) -> WhyScreen:
    screen = stage.app.screen
    assert isinstance(screen, WhyScreen)
    return screen


def under_cursor(stage: Stage) -> str:
    """The line under the cursor."""
    screen = log_screen(stage)
    cursor = screen.view.cursor
    assert cursor is not None
    return screen.logs.browser.lanes[cursor[0]].store.text(cursor[1])


def state(stage: Stage) -> str:
    """The line below the log."""
    return stage.part("#state")
