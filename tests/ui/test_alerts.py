"""The alerts on the screen: what fires, what is said of it, and where it leads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from farmwatch.alerts.alert import Alert, State
from farmwatch.history.recorder import Recorder
from farmwatch.ui.screens.alerts.screen import AlertsScreen
from farmwatch.ui.screens.details import DetailsScreen
from farmwatch.ui.screens.picker.screen import PickerScreen
from farmwatch.ui.screens.session.screen import SessionScreen
from farmwatch.ui.screens.wall.screen import WallScreen
from tests.canned import HandClock
from tests.ui.stage import Stage, on_stage
from tests.wall.night import Night, Run, session_id, worker_id


def a_night() -> Night:
    """Two sessions whose updates have failed, one that is well, and a task that fails on every worker."""
    poison = [
        Run(number, worker=number, status="FAILED", task_number=7, job=9, frame=77) for number in (10, 11, 12)
    ]
    return Night(
        Run(1, job=1, frame=11, worker=1, lifecycle="UPDATE_FAILED"),
        Run(2, job=2, frame=12, worker=2, lifecycle="UPDATE_FAILED"),
        Run(3, job=3, frame=13, worker=3),
        *poison,
    )


@asynccontextmanager
async def at_alerts(night: Night | None = None, path: Path | None = None) -> AsyncIterator[Stage]:
    """The alerts, after a few refreshes of the wall."""
    clock = HandClock()
    recorder = None if path is None else Recorder(path, watcher="ada@ops1", clock=clock)
    async with on_stage(night or a_night(), size=(180, 30), clock=clock, recorder=recorder) as stage:
        await stage.press("A")
        await stage.move(60, 5)
        yield stage
    if recorder is not None:
        recorder.close()


def screen(stage: Stage) -> AlertsScreen:
    found = stage.app.screen
    assert isinstance(found, AlertsScreen)
    return found


def of(stage: Stage, name: str) -> Alert:
    return next(alert for alert in screen(stage).observed.alerts if name in alert.name)


async def go_to(stage: Stage, name: str) -> None:
    """Put the cursor on an alert."""
    screen(stage).table.cursor_key = of(stage, name).id
    await stage.pilot.pause()


def row(stage: Stage, name: str) -> str:
    return next(line for line in stage.part("#alerts-table").splitlines() if name in line)


async def test_every_alert_stands_with_its_evidence_and_its_state() -> None:
    async with at_alerts() as stage:
        assert "3 firing" in stage.line(2)
        assert "✗ firing" in row(stage, "shot_01")
        assert "the lifecycle status is UPDA" in row(stage, "shot_01")
        assert "poison task" in row(stage, "shot_09 Render 77")
        assert "Alerts" in stage.line(1)


async def test_how_many_are_open_stands_at_the_top_of_every_screen_and_in_the_title() -> None:
    async with at_alerts() as stage:
        assert "✗ 3 alerts" in stage.line(0)
        assert stage.app.title == "(3) Farmwatch"
        await stage.press("escape")
        assert isinstance(stage.app.screen, PickerScreen)
        await stage.move(1)
        assert "✗ 3 alerts" in stage.line(0)


async def test_a_acknowledges_with_a_note_and_u_takes_that_back(tmp_path: Path) -> None:
    async with at_alerts(path=tmp_path / "history.sqlite") as stage:
        await go_to(stage, "shot_02")
        await stage.press("a", *"disk au", "enter")
        assert of(stage, "shot_02").state is State.ACKNOWLEDGED
        shown = row(stage, "shot_02")
        assert "✓ known" in shown
        assert "ada@ops1" in shown
        assert "disk au" in shown
        assert "2 firing" in stage.line(2)
        assert "✗ 2 alerts" in stage.line(0)
        await stage.press("u")
        assert of(stage, "shot_02").state is State.FIRING


async def test_z_snoozes_for_a_while_and_says_what_it_does_not_understand() -> None:
    async with at_alerts() as stage:
        await go_to(stage, "shot_01")
        await stage.press("z", *"soon", "enter")
        assert "is not a time" in stage.text
        await stage.press(*["backspace"] * 4, *"2h", "enter")
        assert of(stage, "shot_01").is_snoozed(stage.clock.now())
        assert "z snoozed" in row(stage, "shot_01")
        await stage.press("u")
        assert "✗ firing" in row(stage, "shot_01")


async def test_a_whole_rule_can_be_muted_and_the_screen_says_so() -> None:
    async with at_alerts() as stage:
        await go_to(stage, "shot_01")
        await stage.press("z", *"rule 2h", "enter")
        assert "rule update failed is muted until" in stage.text
        assert "· muted" in row(stage, "shot_01")
        assert "silent until " in stage.part("#alerts-chosen")
        assert "✗ firing" in row(stage, "shot_09 Render 77")
        await stage.press("u")
        assert "is muted until" not in stage.text
        await stage.press("z", *"queue 2h", "enter")
        assert [mute.kind.value for mute in screen(stage).observed.mutes] == ["queue"]


async def test_the_filter_leaves_what_has_all_its_words_and_letters_are_letters() -> None:
    async with at_alerts() as stage:
        await stage.press("slash", *"update shot_02")
        table = stage.part("#alerts-table")
        assert "shot_02" in table
        assert "shot_01" not in table
        await stage.press("escape")
        assert "shot_01" in stage.part("#alerts-table")
        await stage.press("slash", *"auzd")
        assert "No match for “auzd”" in stage.text
        await stage.press("escape", "escape")
        assert isinstance(stage.app.screen, PickerScreen)


@pytest.mark.long
async def test_the_filter_knows_the_fields_of_alerts_as_that_of_the_wall_knows_those_of_rows() -> None:
    async with at_alerts() as stage:

        async def left(text: str) -> list[str]:
            """The alerts that a filter leaves."""
            await stage.press("escape", "slash", *text)
            table = stage.part("#alerts-table")
            return [name for name in ("shot_01", "shot_02", "shot_09") if name in table]

        await stage.press("slash")
        assert await left("rule:poison") == ["shot_09"]
        assert await left("-rule:poison") == ["shot_01", "shot_02"]
        assert await left(f"session:{session_id(2)}") == ["shot_02"]
        assert await left(f"worker:{worker_id(1)[7:15]}") == ["shot_01"]
        assert await left('state:firing severity:certain job:"shot_01"') == ["shot_01"]
        assert await left("state:acknowledged") == []
        assert await left("colour:red") == []
        assert "no field colour:" in stage.line(2)
        await stage.press("escape")
        await go_to(stage, "shot_01")
        await stage.press("z", *"rule 2h", "enter", "slash")
        assert await left("state:muted rule:update") == ["shot_01", "shot_02"]
        assert "rule update failed" in stage.part("#alerts-table")


async def test_enter_leads_to_the_session_and_escape_back() -> None:
    async with at_alerts() as stage:
        await go_to(stage, "shot_02")
        await stage.press("enter")
        assert isinstance(stage.app.screen, SessionScreen)
        assert stage.app.screen.place.session_id == session_id(2)
        await stage.press("escape")
        assert isinstance(stage.app.screen, AlertsScreen)


async def test_d_shows_all_of_it() -> None:
    async with at_alerts() as stage:
        await go_to(stage, "shot_01")
        await stage.press("d")
        assert isinstance(stage.app.screen, DetailsScreen)
        assert session_id(1) in stage.text
        assert "evidence" in stage.text


async def test_a_bad_worker_leads_to_what_runs_on_it() -> None:
    failed = [Run(number, worker=9, status="FAILED", minutes=20) for number in range(1, 4)]
    others = [Run(number, worker=number, minutes=9) for number in (4, 5)]
    night = Night(*failed, *others, Run(6, worker=9, frame=66))
    async with at_alerts(night) as stage:
        for run in night.runs[3:5]:
            run.status = "SUCCEEDED"
        await stage.move(240, 10)
        alert = next(one for one in screen(stage).observed.alerts if one.rule == "bad worker")
        assert alert.subject.worker_id == worker_id(9)
        screen(stage).table.cursor_key = alert.id
        await stage.press("enter")
        assert isinstance(stage.app.screen, WallScreen)
        assert stage.app.screen.order.text.startswith("worker:")
        assert "66" in stage.part("#wall-running")


async def test_before_a_wall_is_known_it_says_what_it_waits_for() -> None:
    async with on_stage(Night(), size=(120, 24)) as stage:
        stage.app.monitor.run_due = lambda: 0  # type: ignore[method-assign] # nothing is answered
        await stage.press("A")
        assert "Waiting for the wall" in stage.text
        assert "alert" not in stage.line(0)


async def test_where_all_is_well_it_says_so() -> None:
    async with at_alerts(Night(Run(1))) as stage:
        assert "No alerts." in stage.text
        assert stage.app.title == "Farmwatch"


async def test_what_a_row_has_no_room_for_stands_below_the_table_whole() -> None:
    async with at_alerts() as stage:
        await go_to(stage, "shot_02")
        alert = of(stage, "shot_02")
        assert alert.evidence in " ".join(stage.part("#alerts-chosen").split())
        await go_to(stage, "shot_09 Render 77")
        assert of(stage, "shot_09 Render 77").evidence in " ".join(stage.part("#alerts-chosen").split())


async def test_columns_that_would_be_empty_leave_their_room_to_others() -> None:
    async with at_alerts() as stage:
        assert "Acknowledged" not in stage.text
        assert "Connection" not in stage.text
        await go_to(stage, "shot_02")
        await stage.press("a", *"disk", "enter")
        assert "Acknowledged" in stage.text
        assert "✓ somebody here" in stage.part("#alerts-chosen")
