"""The logs as they were captured, held against pictures (``pytest --snapshot-update``)."""

from typing import Any

import pytest
from textual.pilot import Pilot

from farmwatch.ui.app import FarmwatchApp
from tests.canned import CannedFarm, HandClock
from tests.captures import NAMES, scenario
from tests.ui.log.stage import AFTER, farm_of, settings_of
from tests.ui.stage import WHO, Steady, by_hand


def shown(name: str, *keys: str) -> tuple[FarmwatchApp, Any]:
    """The program at a captured session, and what leads to the picture."""
    found = scenario(name)
    farm = farm_of(found)

    def open_farm(on_request: Any, on_identity: Any) -> CannedFarm:
        on_identity(WHO)
        return farm

    clock = HandClock(AFTER)
    app = FarmwatchApp(settings_of(found), lambda _: open_farm, clock)
    by_hand(app)

    async def lead(pilot: Pilot[None]) -> None:
        pilot = Steady(pilot.app)
        for key in ("", *keys):
            if key:
                await pilot.press(key)
            for target in app.monitor.targets:
                target.schedule.jitter.seed(7)
            for _ in range(4):
                # Logs are asked for so many times a second, and not more often.
                clock.move(0.5)
                app.monitor.run_due()
                await pilot.pause()
                digests = [worker for worker in app.workers if worker.group == "digest"]
                await app.workers.wait_for_complete(digests)
        app.tick()
        await pilot.pause()

    return app, lead


@pytest.mark.parametrize("name", NAMES)
def test_a_captured_session_log(snap_compare: Any, name: str) -> None:
    app, lead = shown(name, "l", "home")
    assert snap_compare(app, terminal_size=(120, 36), run_before=lead)


@pytest.mark.parametrize("name", NAMES)
def test_the_card_of_a_captured_session(snap_compare: Any, name: str) -> None:
    app, lead = shown(name, "c")
    assert snap_compare(app, terminal_size=(120, 36), run_before=lead)


@pytest.mark.parametrize("keys", [("tab",), ("tab", "a", "home")], ids=["own", "all"])
@pytest.mark.parametrize("name", ["canceled", "fails", "spot"])
def test_a_captured_worker_log(snap_compare: Any, name: str, keys: tuple[str, ...]) -> None:
    app, lead = shown(name, "l", *keys)
    assert snap_compare(app, terminal_size=(160, 36), run_before=lead)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("keys", [("l", "o"), ("l", "i"), ("c",)], ids=["outline", "both", "card"])
def test_the_log_screens_at_a_size(snap_compare: Any, keys: tuple[str, ...], size: tuple[int, int]) -> None:
    app, lead = shown("fails", *keys)
    assert snap_compare(app, terminal_size=size, run_before=lead)
