"""The wall's part of one connection, against the embedded farm standing still, and stepped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from farmwatch.aws.model import Fault, FaultKind, Page
from farmwatch.history.events import Event, EventKind
from farmwatch.monitor.monitor import Monitor
from farmwatch.monitor.wall import WallHandle
from farmwatch.polling.target import PollResult
from farmwatch.wall.item import WallItem
from farmwatch.wall.scope import Scope
from farmwatch.wall.target import WallTarget
from farmwatch.wall.values import WallObserved
from tests.canned import HandClock, a_fault
from tests.monitor.stage import Notebook
from tests.pictures import Farm, frozen_farm

NAME = "default"


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    with frozen_farm() as farm:
        yield farm


class Denying:
    """Passes questions on, but for those of some names, which are answered by a fault."""

    def __init__(self, farm: Farm) -> None:
        self.farm = farm
        self.faults: dict[str, Fault] = {}
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> object:
        method = getattr(self.farm.ask, name)

        def ask(*asked: object, **named: object) -> object:
            self.asked.append(name)
            return self.faults.get(name) or method(*asked, **named)

        return ask


class Wall:
    """A wall on the embedded farm, moved by hand."""

    def __init__(self, farm: Farm, *items: WallItem, hours: float = 8) -> None:
        self.farm = farm
        self.clock = HandClock(farm.clock.now())
        self.api = Denying(farm)
        self.notebook = Notebook()
        self.monitor = Monitor({NAME: lambda *_: self.api}, self.notebook, clock=self.clock)  # type: ignore[dict-item]
        self.since = self.clock.now() - timedelta(hours=hours)
        self.handle: WallHandle = self.monitor.watch_wall(items, self.since)

    @property
    def observed(self) -> WallObserved:
        (observed,) = self.handle.observed
        return observed

    def run(self, seconds: int, step: int = 5) -> None:
        for _ in range(seconds // step):
            self.farm.clock.step(step)
            self.clock.move(step)
            self.monitor.run_due()


def farms_own_failures(wall: Wall) -> set[str]:
    """The ids of the actions of tasks that failed or were interrupted, by the farm's own account; but for
    what came in within the last refreshes."""
    lately = wall.farm.clock.now() - timedelta(seconds=60)
    return {
        action["sessionActionId"]
        for actions in wall.farm.simulation.account.actions.values()
        for action in actions.values()
        if action["status"] in ("FAILED", "INTERRUPTED")
        and "taskRun" in action["definition"]
        and wall.since <= action["endedAt"] < lately
    }


def agrees(wall: Wall) -> bool:
    """Whether what the wall shows as running is what runs by the farm's own account, but for what began or
    ended within the last two refreshes."""
    shown = {row.ref.session_id for row in wall.observed.rows if row.ended_at is None}
    lately = wall.farm.clock.now() - timedelta(seconds=45)
    for sessions in wall.farm.simulation.account.sessions.values():
        for session_id, session in sessions.items():
            runs = session["lifecycleStatus"] != "ENDED"
            changed_at = session["startedAt"] if runs else session["endedAt"]
            if (session_id in shown) != runs and changed_at < lately:
                return False
    return len(shown) > 20


def test_everything_that_runs_is_found_with_its_task_and_worker(farm: Farm) -> None:
    wall = Wall(farm)
    wall.run(180)
    living = [row for row in wall.observed.rows if row.ended_at is None]
    assert agrees(wall)
    rows = {row.ref.session_id: row for row in living}
    row = rows[farm.simulation.cast["living"].session_id]
    assert row.job == "sq010_sh0420_lgt_v012"
    assert row.user == "mira"
    assert row.frame.isdigit()
    assert row.step == "Render"
    assert row.session is not None
    assert row.session.host is not None
    assert row.action is not None
    assert row.action.status == "RUNNING"
    assert wall.observed.fault is None
    assert not wall.observed.denied


@pytest.mark.long
def test_every_failure_of_the_night_is_told_once_and_none_other_by_few_calls(farm: Farm) -> None:
    wall = Wall(farm)
    wall.run(720, step=10)
    lately = farm.clock.now() - timedelta(seconds=60)
    told = [one.action.action_id for one in wall.observed.failures if one.at < lately]
    assert len(told) == len(set(told))
    # Jobs that the farm has forgotten meanwhile are on the wall yet.
    jobs = {job_id for jobs in farm.simulation.account.jobs.values() for job_id in jobs}
    kept = [
        one.action.action_id for one in wall.observed.failures if one.at < lately and one.ref.job_id in jobs
    ]
    assert set(kept) == farms_own_failures(wall)
    assert all(failure.worker_id.startswith("worker-") for failure in wall.observed.failures)
    assert {failure.is_interruption for failure in wall.observed.failures} == {True, False}
    failed = [failure for failure in wall.observed.failures if not failure.is_interruption]
    assert any(failure.action.exit_code == 7 and failure.action.message for failure in failed)
    assert all(failure.job for failure in failed)
    spot = farm.simulation.cast["interrupted"].session_id
    of_spot = [one for one in wall.observed.failures if one.ref.session_id == spot]
    assert [one.is_interruption for one in of_spot] == [True]
    count = wall.observed.running
    assert count > 20
    # Of two farms, each of which is searched by itself: what a search more takes comes on top.
    assert wall.observed.calls <= 3 * count / 100 + 10 + 3
    assert "session" not in wall.api.asked
    assert "session_action" not in wall.api.asked


def test_the_wall_of_a_job_is_of_that_job_alone(farm: Farm) -> None:
    ids = farm.simulation.cast["living"]
    wall = Wall(farm, WallItem(NAME, (ids.farm_id, ids.queue_id, ids.job_id)))
    wall.run(60)
    assert {row.ref.job_id for row in wall.observed.rows} == {ids.job_id}


def test_where_searching_is_denied_sessions_are_found_by_listing(farm: Farm) -> None:
    wall = Wall(farm)
    wall.api.faults["search_tasks"] = a_fault(FaultKind.DENIED, code="AccessDeniedException")
    wall.run(120)
    assert wall.observed.from_sessions
    assert agrees(wall)


@pytest.mark.parametrize(
    "denied",
    ["actions_of_sessions", "sessions_by_id", "search_workers", "fleets", "jobs_by_id", "step_names"],
)
def test_the_rest_goes_on_where_one_call_is_denied(farm: Farm, denied: str) -> None:
    wall = Wall(farm)
    wall.api.faults[denied] = a_fault(FaultKind.DENIED, code="AccessDeniedException")
    wall.run(60)
    assert wall.observed.fault is None
    assert len(wall.observed.rows) > 20
    assert [fault.kind for fault in wall.observed.denied.values()] == [FaultKind.DENIED]


@pytest.mark.long
def test_a_lost_network_leaves_what_was_known_and_says_so(farm: Farm) -> None:
    wall = Wall(farm)
    wall.run(120)
    seen_at, count = wall.observed.seen_at, len(wall.observed.rows)
    every = ("search_tasks", "sessions_by_id", "farms", "queues", "sessions", "search_jobs")
    wall.api.faults |= dict.fromkeys(every, a_fault())
    wall.run(40)
    assert wall.observed.fault is not None
    assert len(wall.observed.rows) == count
    assert seen_at is not None
    assert wall.observed.seen_at is not None
    assert wall.observed.seen_at - seen_at < timedelta(seconds=15)
    wall.api.faults.clear()
    wall.run(90)
    assert wall.observed.fault is None
    assert agrees(wall)


@pytest.mark.long
def test_statuses_and_failures_are_written_down(farm: Farm) -> None:
    wall = Wall(farm)
    wall.run(300)
    kinds = {(entry.kind.value, entry.new) for entry in wall.notebook.entries}
    assert {("status", "STARTED"), ("action", "RUNNING"), ("action", "FAILED")} <= kinds
    told = [(one.ref, one.kind, one.subject, one.new) for one in wall.notebook.entries]
    assert len(told) == len(set(told)), "nothing is written down twice"
    assert all(one.farm and one.queue for one in wall.notebook.watched), (
        "by name: a handover is read by people"
    )


def test_what_is_told_was_written_down_before_and_nothing_is_lost_where_a_refresh_breaks_off(
    farm: Farm,
) -> None:
    clock, api, notebook = HandClock(farm.clock.now()), Denying(farm), Notebook()
    target = WallTarget(NAME, Scope(), clock.now() - timedelta(hours=8), notebook, rate=12.0)
    api.faults["step_names"] = a_fault()
    told: list[Event] = []
    result = PollResult()
    while result.fault is None:
        result = target.poll(api, clock)  # type: ignore[arg-type]
        told += result.events
        assert told == notebook.entries
    assert EventKind.STATUS in {entry.kind for entry in result.events}, "they waited to be written"
    assert {entry.ref.session_id for entry in told} == {one.ref.session_id for one in notebook.watched}


def test_an_empty_account_is_an_empty_wall() -> None:
    with frozen_farm() as farm:
        wall = Wall(farm)
        wall.api.faults = {}
        farms: Page[object] = Page(())
        wall.farm.ask.farms = lambda _=None: farms
        wall.run(20)
        assert wall.observed.rows == ()
        assert wall.observed.seen_at is not None
