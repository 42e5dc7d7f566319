"""The logs as they were captured, held against pictures (``pytest --snapshot-update``)."""

from typing import Any

import pytest
from textual.pilot import Pilot

from farmwatch.ui.app import FarmwatchApp
from tests.canned import CannedFarm, HandClock
from tests.ui.log.stage import AFTER, AT_SESSION, a_failed_session, capture, failed_actions, farm_with
from tests.ui.stage import WHO, Steady, by_hand

CAPTURED = [
    "command_not_found",
    "failed_exit_7",
    "killed_sigkill",
    "python_traceback",
    "succeeded",
    "timed_out",
]


def shown(farm: CannedFarm, *keys: str) -> tuple[FarmwatchApp, Any]:
    """The program with this farm, and what leads to the picture."""

    def open_farm(on_request: Any, on_identity: Any) -> CannedFarm:
        on_identity(WHO)
        return farm

    clock = HandClock(AFTER)
    app = FarmwatchApp(AT_SESSION, open_farm, clock)
    by_hand(app)

    async def lead(pilot: Pilot[None]) -> None:
        pilot = Steady(pilot.app)
        for key in ("", *keys):
            if key:
                await pilot.press(key)
            for target in app.poller.targets:
                target.cadence.jitter.seed(7)
            for _ in range(4):
                # Logs are asked for so many times a second, and not more often.
                clock.move(0.5)
                app.poller.run_due()
                await pilot.pause()
                digests = [worker for worker in app.workers if worker.group == "digest"]
                await app.workers.wait_for_complete(digests)
        app.tick()
        await pilot.pause()

    return app, lead


@pytest.mark.parametrize("name", CAPTURED)
def test_a_captured_session_log(snap_compare: Any, name: str) -> None:
    farm = farm_with(
        capture(f"session_logs/{name}.log"), session=a_failed_session(), actions=failed_actions()
    )
    app, lead = shown(farm, "l", "home")
    assert snap_compare(app, terminal_size=(120, 36), run_before=lead)


def test_a_captured_worker_log(snap_compare: Any) -> None:
    worker = capture("worker_logs/two_sessions.log")
    farm = farm_with(capture("session_logs/succeeded.log"), worker, session=a_failed_session())
    app, lead = shown(farm, "l", "tab", "a", "home")
    assert snap_compare(app, terminal_size=(160, 36), run_before=lead)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("keys", [("l", "o"), ("l", "i"), ("c",)], ids=["outline", "both", "card"])
def test_the_log_screens_at_a_size(snap_compare: Any, keys: tuple[str, ...], size: tuple[int, int]) -> None:
    farm = farm_with(
        capture("session_logs/failed_exit_7.log"),
        capture("worker_logs/two_sessions.log"),
        session=a_failed_session(),
        actions=failed_actions(),
    )
    app, lead = shown(farm, *keys)
    assert snap_compare(app, terminal_size=size, run_before=lead)
