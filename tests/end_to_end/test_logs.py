"""Logs of the embedded farm: the reason of a failure in three keys, the end of a very long log at once."""

from collections.abc import Iterator

import pytest

from farmwatch.cloud.log_page import LogSource
from farmwatch.ui.screens.log import LogScreen
from tests.canned import HandClock
from tests.pictures import Farm, frozen_farm, pass_time
from tests.ui.log.stage import settle, state
from tests.ui.stage import on_stage


@pytest.fixture
def farm() -> Iterator[Farm]:
    with frozen_farm() as farm:
        yield farm


async def test_from_the_sessions_to_the_reason_takes_three_keys(farm: Farm) -> None:
    settings = farm.settings("failed", depth=3)
    async with on_stage(farm.ask, settings, clock=HandClock(farm.clock.now())) as stage:
        await pass_time(stage, farm, 2)
        for key in ("enter", "c"):
            await stage.press(key)
            await pass_time(stage, farm, 2)
        assert (
            "failed with exit code 7: it said “Failed to load asset /mnt/assets/tree_v07.abc”" in stage.text
        )


async def test_the_end_of_a_million_lines_is_there_in_two_round_trips(farm: Farm) -> None:
    in_vain = []
    read = farm.ask.log_page

    def counted(source: LogSource, *asked: object, **more: object) -> object:
        screen = stage.app.screen
        assert isinstance(screen, LogScreen)
        if source.queue_id is not None and not len(screen.logs.browser.lanes[0].store):
            in_vain.append(asked)
        return read(source, *asked, **more)

    farm.ask.log_page = counted
    clock = HandClock(farm.clock.now())
    async with on_stage(farm.ask, farm.settings("long_log"), clock=clock, size=(120, 40)) as stage:
        await pass_time(stage, farm, 2)
        await stage.press("l")
        assert 1 <= len(in_vain) <= 2
        screen = stage.app.screen
        assert isinstance(screen, LogScreen)
        assert screen.view.rows > 1_000
        assert "○ end of log" in state(stage)
        shown = stage.part("#lines")
        assert len(shown.strip().splitlines()) >= 30
        # The newest line of the stream itself is the last one on screen.
        store = screen.logs.browser.lanes[0].store
        assert store.text(store.end - 1)[:40].strip() in shown


async def test_a_log_that_appears_late_is_shown_when_it_comes(farm: Farm) -> None:
    clock = HandClock(farm.clock.now())
    async with on_stage(farm.ask, farm.settings("late_log"), clock=clock) as stage:
        await pass_time(stage, farm, 2)
        await stage.press("l")
        await pass_time(stage, farm, 2)
        assert "Not there yet" in stage.text
        for _ in range(30):
            if "Not there yet" not in stage.text:
                break
            await pass_time(stage, farm, 10)
        await settle(stage)
        assert "● following" in state(stage)
        assert "Running Task" in stage.text or "Rendering" in stage.text or "sample pass" in stage.text


async def test_two_sessions_of_one_worker_have_events_of_their_own(farm: Farm) -> None:
    seen = []
    for number in (1, 2):
        clock = HandClock(farm.clock.now())
        settings = farm.settings(f"shared_worker_{number}")
        async with on_stage(farm.ask, settings, clock=clock) as stage:
            await pass_time(stage, farm, 2)
            await stage.press("l", "tab")
            await pass_time(stage, farm, 4)
            await settle(stage)
            screen = stage.app.screen
            assert isinstance(screen, LogScreen)
            store = screen.logs.browser.lanes[1].store
            rows = screen.logs.browser.rows
            lines = [store.text(rows.line(row)[1]) for row in range(len(rows))]
            assert lines
            assert all(settings.session_id in line for line in lines if settings.session_id)
            assert len(lines) < len(store)
            seen.append(set(lines))
    assert not seen[0] & seen[1]
