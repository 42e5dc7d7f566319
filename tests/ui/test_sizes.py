"""The screens at the smallest and at a large size, held against pictures (``pytest --snapshot-update``)."""

from typing import Any

import pytest
from textual.pilot import Pilot

from farmwatch.aws.model import FaultKind, LogConfiguration
from farmwatch.config.settings import Settings
from farmwatch.ui.app import FarmwatchApp
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, SESSION_ID, CannedFarm, HandClock, a_fault, a_session
from tests.ui.stage import WHO, Steady, by_hand
from tests.ui.test_picker import a_farm

AT_JOBS = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID)
AT_SESSION = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID, session_id=SESSION_ID)
SIZES = [(80, 24), (200, 60)]


def a_failing_log() -> CannedFarm:
    log = LogConfiguration("awslogs", {}, {}, "Log provisioning error: ResourceNotFoundException")
    farm = a_farm()
    farm.answers["session"] = [lambda ref: a_session(session_id=ref.session_id, worker_log=log)]
    return farm


def a_denied_farm() -> CannedFarm:
    farm = a_farm()
    farm.answers["search_jobs"] = farm.answers["list_jobs"] = [a_fault(FaultKind.DENIED, code="AccessDenied")]
    return farm


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("farm", "settings"),
    [(a_farm, AT_JOBS), (a_failing_log, AT_SESSION), (a_denied_farm, AT_JOBS)],
    ids=["jobs", "session", "denied"],
)
def test_a_screen_at_a_size(snap_compare: Any, farm: Any, settings: Settings, size: tuple[int, int]) -> None:
    def open_farm(on_request: Any, on_identity: Any) -> CannedFarm:
        on_identity(WHO)
        opened: CannedFarm = farm()
        return opened

    app = FarmwatchApp(settings, lambda _: open_farm, HandClock())
    by_hand(app)

    async def poll(pilot: Pilot[None]) -> None:
        pilot = Steady(pilot.app)
        for target in app.monitor.targets:
            target.schedule.jitter.seed(7)
        for _ in range(2):
            app.monitor.run_due()
            await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=poll)
