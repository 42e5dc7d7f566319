"""The outline of a long session: what it costs is what a screen shows of it, not how long the session is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from farmwatch.aws.session_action import SessionAction
from farmwatch.logs.times import milliseconds
from farmwatch.ui.widgets.virtual_table import VirtualTable
from tests.calls import counted
from tests.canned import START, a_session, an_action
from tests.logs.model_log import ModelLog
from tests.ui.log.stage import at_screen, farm_with, log_screen, settle

RULE = "=" * 46


def a_long_session(count: int) -> tuple[ModelLog, tuple[SessionAction, ...]]:
    """So many frames, two seconds each, the last of which is still running; and what they wrote."""
    log, actions = ModelLog(), []
    for frame in range(count):
        began = START - timedelta(seconds=2 * (count - frame))
        lines = (" ", RULE, "--------- Running Task", RULE, "Parameter values:", f"Frame(INT) = {frame}")
        for text in (*lines, "-" * 46, "rendering"):
            log.add(milliseconds(began), text)
        is_last = frame == count - 1
        ended = None if is_last else began + timedelta(seconds=1)
        status = "RUNNING" if is_last else "SUCCEEDED"
        parameters = {"Frame": str(frame)}
        actions.append(an_action(frame, status, started_at=began, ended_at=ended, parameters=parameters))
    return log, tuple(actions)


@pytest.mark.parametrize("count", [50, 1_000])
async def test_a_tick_costs_no_more_however_many_actions_there_are(count: int) -> None:
    log, actions = a_long_session(count)
    session = a_session(started_at=START - timedelta(seconds=2 * count + 10))
    farm = farm_with(log, session=session, actions=actions)
    async with at_screen(farm, "l", "home", "home", "home", "o") as stage:
        for _ in range(3):
            await stage.move(1)
            await settle(stage)
        screen = log_screen(stage)
        table = screen.query_one("#outline", VirtualTable)
        assert len(table.rows) == count
        assert "Render  Frame=" in stage.part("#outline")
        stage.clock.move(1)
        with counted() as calls:
            screen.tick()
        assert calls.total < 4_000


async def test_the_duration_of_what_runs_goes_on_in_the_outline() -> None:
    log, actions = a_long_session(3)
    farm = farm_with(log, session=a_session(started_at=START - timedelta(seconds=16)), actions=actions)
    async with at_screen(farm, "l", "o") as stage:
        assert "00:00:02" in stage.part("#outline")
        await stage.move(5)
        assert "00:00:07" in stage.part("#outline")
