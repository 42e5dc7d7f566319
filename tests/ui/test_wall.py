"""The wall on the screen: its tabs, what leads where, orders that keep still, connections that are lost."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from farmwatch.aws.model import FaultKind, Page
from farmwatch.aws.task import WorkerSession
from farmwatch.config.rules_table import RulesTable, SessionRulesTable
from farmwatch.config.settings import ConnectionSettings, Settings
from farmwatch.config.state import StateFile
from farmwatch.logs.times import milliseconds
from farmwatch.rules.finding import Finding, Severity
from farmwatch.ui.app import FarmwatchApp
from farmwatch.ui.screens.log.merged import MergedLogScreen
from farmwatch.ui.screens.log.screen import LogScreen
from farmwatch.ui.screens.picker.screen import PickerScreen
from farmwatch.ui.screens.session.screen import SessionScreen
from farmwatch.ui.screens.wall.running import trouble
from farmwatch.ui.screens.wall.screen import WallScreen
from farmwatch.ui.screens.wall.strip import WallStrip
from farmwatch.ui.screens.why.screen import WhyScreen
from farmwatch.ui.widgets.table_cells import spans
from farmwatch.wall.values import WallRow
from tests.canned import QUEUE_ID, REF, START, HandClock, a_fault
from tests.logs.model_log import ModelLog
from tests.ui.log.stage import settle
from tests.ui.stage import Stage, by_hand, on_stage
from tests.wall.night import OTHER_QUEUE_ID, Night, Run, session_id, worker_id

EAST_AND_WEST = Settings((ConnectionSettings(name="west"), ConnectionSettings(name="east")))


def a_night() -> Night:
    return Night(
        Run(1, job=1, frame=11, worker=1, minutes=30),
        Run(2, job=2, frame=12, worker=2, minutes=20, queue_id=OTHER_QUEUE_ID),
        Run(3, job=3, frame=13, worker=3, minutes=10, log_error="Missing log group"),
        Run(4, job=4, frame=14, worker=9, status="FAILED", message="CUDA error", exit_code=-11),
        Run(5, job=4, frame=15, worker=9, status="FAILED", message="CUDA error", exit_code=-11),
        Run(6, job=5, frame=16, worker=2, status="FAILED", message="no license", exit_code=7),
    )


@asynccontextmanager
async def at_wall(
    farm: Night | Mapping[str, Any] | None = None,
    settings: Settings | None = None,
    size: tuple[int, int] = (150, 30),
    kept: StateFile | None = None,
) -> AsyncIterator[Stage]:
    """The wall, as it is after a refresh of every kind."""
    async with on_stage(farm or a_night(), settings or Settings(), size=size, kept=kept) as stage:
        await stage.press("W")
        await refresh(stage)
        await stage.move(12)
        await refresh(stage)
        yield stage


async def refresh(stage: Stage) -> None:
    """Let every part of the wall be refreshed once more."""
    for _ in range(40):
        stage.app.monitor.run_due()
    await stage.poll()


def wall(stage: Stage) -> WallScreen:
    screen = stage.app.screen
    assert isinstance(screen, WallScreen)
    return screen


def rows(stage: Stage) -> list[str]:
    """The lines of the table that is shown, below its header."""
    region = wall(stage).table.region
    shown = [line[: region.right] for line in stage.lines[region.y + 1 : region.bottom]]
    return [line for line in shown if line.strip()]


def jobs(stage: Stage) -> list[str]:
    """The names of the jobs in the rows, from the top."""
    return [word for line in rows(stage) for word in line.split() if word.startswith("shot_")]


async def click_on(stage: Stage, words: str) -> None:
    """Click on words of the strip of tabs."""
    line = stage.part("WallStrip")
    strip = wall(stage).query_one(WallStrip)
    left = strip.content_region.x
    await stage.pilot.click(strip, offset=(line.index(words) - left + 1, 0))
    await stage.poll()


async def test_what_runs_stands_there_with_its_frame_progress_and_worker() -> None:
    async with at_wall() as stage:
        assert jobs(stage) == ["shot_01", "shot_02", "shot_03"]
        first = rows(stage)[0]
        assert " 11 " in first
        assert "50 %" in first
        assert "00:30:" in first
        assert worker_id(1).removeprefix("worker-")[:8] in first
        assert "rendering" in first
        strip = stage.part("WallStrip")
        assert "1 Running  ● 3" in strip
        assert "2 Trouble  ✗ 1" in strip
        assert "3 Failures  ✗ 3" in strip
        assert "4 Workers  4" in strip
        assert "refreshed 3 of 3" in strip
        assert "Farms › Wall" in stage.line(1)


async def test_escape_leads_back_to_where_it_was_opened_and_it_goes_on_in_the_background() -> None:
    farm = a_night()
    async with at_wall(farm) as stage:
        await stage.press("escape")
        assert isinstance(stage.app.screen, PickerScreen)
        asked = farm.count("search_tasks")
        farm.runs.append(Run(7, job=7))
        await stage.move(15)
        await refresh(stage)
        assert farm.count("search_tasks") > asked
        await stage.press("W")
        assert "shot_07" in jobs(stage)


async def test_a_key_and_a_number_lead_to_a_tab() -> None:
    async with at_wall() as stage:
        await stage.press("2")
        assert jobs(stage) == ["shot_03"]
        assert "Missing log group" in stage.text
        await stage.press("4")
        assert "ip-10-0-0-9" in rows(stage)[0]
        await click_on(stage, "✗ 3")
        assert wall(stage).tab.key == "failures"
        assert "/ status:failed" in stage.line(2)
        await click_on(stage, "1 Running")
        assert jobs(stage) == ["shot_01", "shot_02", "shot_03"]


async def test_failures_of_one_cause_stand_as_one_and_unfold() -> None:
    async with at_wall() as stage:
        await stage.press("3")
        assert len(rows(stage)) == 2
        folded = next(line for line in rows(stage) if "shot_04" in line)
        assert "▸ 2 × shot_04" in folded
        assert "-11 (SIGSEGV)" in folded
        assert "CUDA error" in folded
        while "shot_04" not in rows(stage)[wall(stage).table.cursor_index]:
            await stage.press("down")
        await stage.press("enter")
        assert len(rows(stage)) == 4
        await stage.press("z")
        assert len(rows(stage)) == 2


async def test_enter_on_a_failure_opens_why_it_failed_at_that_action() -> None:
    async with at_wall() as stage:
        await stage.press("3", "slash", *"license", "enter", "enter")
        screen = stage.app.screen
        assert isinstance(screen, WhyScreen)
        assert screen.place.session_id == session_id(6)
        await stage.move(3)
        assert screen.failure is not None
        assert screen.failure.action is not None
        assert screen.failure.action.action_id == Run(6).action_id
        assert "shot_05" in stage.line(1)
        await stage.press("escape")
        assert wall(stage).tab.key == "failures"


async def test_the_worker_with_most_failures_is_first_and_leads_to_what_it_runs() -> None:
    farm = a_night()
    farm.runs.append(Run(8, job=8, worker=9))
    async with at_wall(farm) as stage:
        await stage.press("4")
        first = rows(stage)[0]
        assert worker_id(9).removeprefix("worker-")[:8] in first
        assert "2✗" in first
        assert "shot_08" in first
        await stage.press("enter")
        assert wall(stage).tab.key == "running"
        assert jobs(stage) == ["shot_08"]


async def test_enter_opens_the_session_and_escape_comes_back_to_its_row() -> None:
    async with at_wall() as stage:
        await stage.press("down", "enter")
        screen = stage.app.screen
        assert isinstance(screen, SessionScreen)
        assert screen.place.session_id == session_id(2)
        await stage.press("escape")
        assert "▸ shot_02" in stage.text
        await stage.press("l")
        assert isinstance(stage.app.screen, LogScreen)


async def test_a_filter_leaves_what_has_its_words_and_none_that_are_unwanted() -> None:
    async with at_wall() as stage:
        await stage.press("slash", *"-user:user1")
        assert jobs(stage) == ["shot_02", "shot_03"]
        await stage.press(*list(" queue:fx"))
        assert jobs(stage) == ["shot_02"]
        await stage.press("enter")
        assert "/ -user:user1 queue:fx" in stage.line(2)
        assert "1 session " in stage.line(2)
        await stage.press("escape")
        assert jobs(stage) == ["shot_01", "shot_02", "shot_03"]
        await stage.press("slash", *"colour:red")
        assert "no field colour:" in stage.line(2)
        assert "No match for “colour:red”" in stage.text


async def test_the_order_is_chosen_by_key_or_title_turned_round_and_kept(tmp_path: Path) -> None:
    kept = StateFile(tmp_path / "state.json")
    async with at_wall(kept=kept) as stage:
        await stage.press("O")
        assert jobs(stage) == ["shot_03", "shot_02", "shot_01"]
        await stage.press("o")
        assert "trouble first" in stage.line(2)
        assert jobs(stage)[0] == "shot_03"
        table = wall(stage).table
        title = stage.lines[table.region.y].index("Frame")
        await stage.pilot.click(table, offset=(title - table.region.x, 0))
        assert "by frame" in stage.line(2)
        await stage.pilot.click(table, offset=(title - table.region.x, 0))
        assert "by frame, backwards" in stage.line(2)
        assert jobs(stage) == ["shot_03", "shot_02", "shot_01"]
    async with at_wall(kept=kept) as stage:
        assert jobs(stage) == ["shot_03", "shot_02", "shot_01"]
    kept.close()


async def test_rows_keep_their_places_under_a_hand_that_moves_and_the_order_is_said_to_be_old() -> None:
    farm = a_night()
    async with at_wall(farm) as stage:
        await stage.move(10)
        await stage.press("down")
        farm.runs.append(Run(7, job=7, minutes=90))
        await stage.press("r")
        await refresh(stage)
        assert jobs(stage) == ["shot_01", "shot_02", "shot_03", "shot_07"]
        assert "(old order)" in stage.line(2)
        assert "▸ shot_02" in stage.text
        await stage.move(6)
        assert jobs(stage) == ["shot_07", "shot_01", "shot_02", "shot_03"]
        assert "(old order)" not in stage.line(2)
        assert "▸ shot_02" in stage.text


async def test_rows_are_grouped_by_field_after_field_and_groups_fold() -> None:
    async with at_wall() as stage:
        await stage.press("b")
        assert "by queue" in stage.line(2)
        shown = rows(stage)
        assert "▾ fx" in shown[0]
        assert "1 session" in shown[0]
        assert "▾ lighting" in shown[2]
        assert "2 sessions   1 in trouble" in shown[2]
        await stage.press("home", "z")
        assert jobs(stage) == ["shot_01", "shot_03"]
        await stage.press("Z")
        assert jobs(stage) == ["shot_02", "shot_01", "shot_03"]
        for _ in range(5):
            await stage.press("b")
        assert "by " not in stage.line(2)


async def test_a_lost_connection_is_named_and_its_rows_are_not_live_while_the_other_goes_on() -> None:
    west, east = a_night(), Night(Run(21, job=21, minutes=99))
    async with at_wall({"west": west, "east": east}, EAST_AND_WEST) as stage:
        assert jobs(stage)[0] == "shot_21"
        lost = a_fault(FaultKind.NETWORK)
        before = dict(east.answers)
        for name in east.answers:
            east.answers[name] = [lost]
        await stage.move(40)
        await refresh(stage)
        assert f"east {FaultKind.NETWORK.value}" in stage.line(2)
        assert "● west live" in stage.line(2)
        assert f"✗ east: {FaultKind.NETWORK.value}" in stage.text
        rows_of = wall(stage).rows
        of_east = next(i for i in range(len(rows_of)) if rows_of.key(i).startswith("east"))
        assert {tone for cell in rows_of.cells(of_east) for (_, tone) in spans(cell)} == {"muted"}
        of_west = next(i for i in range(len(rows_of)) if rows_of.key(i).startswith("west"))
        assert any("success" in str(cell) for cell in rows_of.cells(of_west))
        east.answers.update(before)
        await stage.press("r")
        await refresh(stage)
        assert "● east live" in stage.line(2)
        assert "✗ east" not in stage.text


async def test_the_only_connection_lost_is_told_as_everywhere() -> None:
    farm = a_night()
    async with at_wall(farm) as stage:
        for name in farm.answers:
            farm.answers[name] = [a_fault(FaultKind.NETWORK)]
        await stage.move(20)
        await refresh(stage)
        assert "The network is away." in stage.text
        assert jobs(stage) == ["shot_01", "shot_02", "shot_03"]


async def test_where_tasks_cannot_be_searched_it_says_so() -> None:
    denied = a_fault(FaultKind.DENIED, operation="SearchTasks")
    async with at_wall(Night(Run(1), search_tasks=denied)) as stage:
        assert f"SearchTasks {FaultKind.DENIED.value}: sessions are found job by job" in stage.text


async def test_it_looks_back_to_a_time_and_to_the_last_visit(tmp_path: Path) -> None:
    kept = StateFile(tmp_path / "state.json")
    async with at_wall(kept=kept) as stage:
        await stage.press("3")
        assert "3 failed or interrupted tasks   since" in stage.line(2)
        await stage.press("s", *"30s", "enter")
        await refresh(stage)
        assert stage.app.walls.since > stage.clock.now().replace(minute=0)
        assert "Nothing failed since" in stage.text
        await stage.press("s", *"yesterday", "enter")
        assert "is not a time" in stage.text
        assert wall(stage).prompt.has_focus
        assert wall(stage).prompt.value == "yesterday"
        await stage.press("escape", "s", "enter")
        assert "was not left before" in stage.text
        await stage.press("escape")
        left_at = stage.clock.now()
    async with at_wall(kept=kept) as stage:
        assert stage.app.walls.since == left_at
    kept.close()


async def test_columns_are_hidden_moved_and_sized_while_one_looks_and_kept_for_this_wall(
    tmp_path: Path,
) -> None:
    kept = StateFile(tmp_path / "state.json")

    def columns() -> list[str]:
        return list(screen.table.widths())

    async with at_wall(kept=kept) as stage:
        screen = wall(stage)
        await stage.press("C", "down", "down", "space")
        assert "frame" not in columns()
        await stage.press("space", "K")
        assert columns().index("frame") == 1
        before = screen.table.widths()["frame"]
        await stage.press("greater_than_sign", "greater_than_sign")
        assert screen.table.widths()["frame"] == before + 2
        await stage.press("escape")
        assert columns().index("frame") == 1
    async with at_wall(kept=kept) as stage:
        screen = wall(stage)
        assert columns().index("frame") == 1
        assert screen.table.widths()["frame"] == before + 2
        await stage.press("W", *"night", "enter")
        assert "Wall night" in stage.line(1)
        assert columns().index("frame") != 1
    kept.close()


async def test_roomy_rows_have_a_second_line() -> None:
    async with at_wall() as stage:
        await stage.press("v")
        shown = rows(stage)
        assert "shot_01" in shown[0]
        assert "rendering" in shown[1]
        assert "shot_02" in shown[2]
        assert "worker log: Missing log group" in shown[5]
        await stage.press("end")
        assert "▸ shot_03" in stage.text
        await stage.press("v")
        assert "shot_02" in rows(stage)[1]


async def test_rows_are_picked_and_unpicked() -> None:
    async with at_wall() as stage:
        await stage.press("space", "space")
        assert "◆ 2 picked" in stage.line(2)
        assert "◆ shot_01" in rows(stage)[0]
        assert [(ref.session_id, job) for ref, job in wall(stage).chosen] == [
            (session_id(1), "shot_01 11"),
            (session_id(2), "shot_02 12"),
        ]
        await stage.press("escape")
        assert "picked" not in stage.line(2)
        assert [ref.session_id for ref, _ in wall(stage).chosen] == [session_id(3)]


async def test_the_logs_of_the_picked_sessions_are_shown_as_one() -> None:
    log = ModelLog()
    log.add(milliseconds(START), "a line of it")
    farm = a_night()
    farm.answers["log_page"] = [log]
    async with at_wall(farm) as stage:
        assert "a line of it" in rows(stage)[0]
        await stage.press("space", "space", "L")
        assert isinstance(stage.app.screen, MergedLogScreen)
        await stage.move(3)
        await settle(stage)
        shown = [line for line in stage.lines if "a line of it" in line]
        assert ["shot_01" in shown[0], "shot_02" in shown[1], len(shown)] == [True, True, 2]
        await stage.press("escape")
        assert "◆ 2 picked" in stage.line(2)


async def test_letters_are_letters_while_something_is_typed() -> None:
    async with at_wall() as stage:
        await stage.press("slash", *"1obszZdlcmv CwW")
        assert isinstance(stage.app.screen, WallScreen)
        assert wall(stage).prompt.value == "1obszZdlcmv CwW"


async def test_from_160_columns_on_the_row_stands_whole_at_the_right() -> None:
    async with at_wall(size=(180, 40)) as stage:
        pane = stage.part("#wall-details")
        assert session_id(1) in pane
        assert "running for" in pane
        await stage.press("down")
        assert session_id(2) in stage.part("#wall-details")
    async with at_wall() as stage:
        await stage.press("d")
        assert session_id(1) in stage.text


@pytest.mark.parametrize("size", [(80, 24), (100, 20), (120, 36), (200, 60)])
async def test_the_tabs_and_their_numbers_have_room(size: tuple[int, int]) -> None:
    async with at_wall(size=size) as stage:
        assert "1 Running  ● 3   2 Trouble  ✗ 1   3 Failures  ✗ 3   4 Workers  4" in " ".join(
            stage.part("WallStrip").split(" ")
        )
        assert "50 %" in rows(stage)[0]


async def test_a_quiet_night_says_that_nothing_runs_and_nothing_failed() -> None:
    async with at_wall(Night()) as stage:
        assert "Nothing runs." in stage.text
        await stage.press("2")
        assert "No trouble." in stage.text
        await stage.press("3")
        assert "Nothing failed since" in stage.text


async def test_what_is_put_on_the_wall_in_a_list_is_what_it_shows(tmp_path: Path) -> None:
    kept = StateFile(tmp_path / "state.json")
    async with at_wall(kept=kept) as stage:
        await stage.press("escape", "enter")
        assert stage.app.screen.query_one("#table")
        while "fx" not in next(line for line in stage.lines if "▸" in line):
            await stage.press("down")
        await stage.press("w")
        assert "On the wall: fx; 1 thing is on it." in " ".join(stage.text.split())
        assert "■ fx" in stage.text
        await stage.press("W")
        await refresh(stage)
        assert jobs(stage) == ["shot_02"]
        await stage.press("escape", "w")
        assert "it shows everything" in " ".join(stage.text.split())
        assert "■" not in stage.text
        await stage.press("W")
        await refresh(stage)
        assert jobs(stage) == ["shot_01", "shot_02", "shot_03"]
    kept.close()


async def test_a_worker_is_put_on_a_wall_of_a_name_which_is_kept(tmp_path: Path) -> None:
    kept = StateFile(tmp_path / "state.json")
    farm = a_night()
    farm.answers["worker_sessions"] = [
        Page((WorkerSession(session_id(1), QUEUE_ID, f"job-{1:032x}", "STARTED"),))
    ]
    async with at_wall(farm, kept=kept) as stage:
        await stage.press("W", *"bad", "enter")
        await refresh(stage)
        await stage.press("4", "slash", *f"worker:{worker_id(1)[7:15]}", "enter", "w")
        await refresh(stage)
        await stage.press("1")
        assert jobs(stage) == ["shot_01"]
        assert "Wall bad" in stage.line(1)
    kept.close()
    again = StateFile(tmp_path / "state.json")
    assert again.state.wall == "bad"
    (item,) = again.state.walls["bad"]
    assert item.ids[-1] == worker_id(1)
    async with at_wall(farm, kept=again) as stage:
        assert jobs(stage) == ["shot_01"]
        await stage.press("W", "enter")
        await refresh(stage)
        assert jobs(stage) == ["shot_01", "shot_02", "shot_03"]
    again.close()


async def test_the_program_begins_with_the_wall_where_that_is_wanted() -> None:
    app = FarmwatchApp(Settings(), lambda _: lambda *_: a_night(), HandClock(), wall="")
    by_hand(app)
    async with app.run_test(size=(120, 30)):
        assert isinstance(app.screen, WallScreen)


@asynccontextmanager
async def beside_a_stuck_one(
    kept: StateFile | None = None,
    size: tuple[int, int] = (150, 30),
    settings: Settings | None = None,
    cpu: float | None = None,
) -> AsyncIterator[Stage]:
    """A night in which the session of shot_01 renders for a while, and then does nothing more; workers say
    that they are so busy, if they say anything."""
    log, worker_log = ModelLog(), ModelLog()
    log.add(milliseconds(START), "a line of it")
    farm = a_night()
    farm.answers |= {"log_page": [log], "worker_log": [worker_log]}
    async with at_wall(farm, settings, size, kept) as stage:
        for minutes, first in ((1, 0), (1, 0), (1, 0), (1, 0), (40, 1), (1, 1), (1, 1)):
            for run in farm.runs[first:3]:
                run.progress += 1
            stage.clock.move(minutes * 60)
            if cpu is not None:
                told = f'{{"level": "INFO", "type": "Metrics", "cpu-usage-percent": "{cpu}"}}'
                worker_log.add(milliseconds(stage.clock.now()), told)
            await refresh(stage)
        yield stage


async def test_what_is_stuck_is_told_beside_what_was_compared_and_counted() -> None:
    async with beside_a_stuck_one(size=(200, 44)) as stage:
        assert "2 Trouble  ✗ 2" in stage.part("WallStrip")
        await stage.press("2")
        assert jobs(stage)[0] == "shot_03", "what is certain comes first"
        stuck = next(line for line in rows(stage) if "shot_01" in line)
        assert re.search(r"▲ stuck: silent 4\d min of 7\d, progress frozen 4\d min", stuck)
        while session_id(1) not in stage.part("#wall-details"):
            await stage.press("down")
        assert "stuck        ▲ silent" in stage.part("#wall-details")
        await stage.press("slash", *"trouble:frozen", "enter")
        assert jobs(stage) == ["shot_01"]
        await stage.press("d")
        shown = " ".join(stage.text.split())
        assert re.search(r"▲ silent 4\d min of a run of 7\d min; no baseline of siblings", shown)
        assert "▲ frozen progress: 54 % unchanged for" in shown
        assert "median of" in shown


async def test_what_is_not_stuck_is_called_so_and_that_is_remembered(tmp_path: Path) -> None:
    kept = StateFile(tmp_path / "state.json")
    async with beside_a_stuck_one(kept, size=(200, 44)) as stage:
        assert kept.state.rules["silent"] == (3, 0)
        assert kept.state.rules["log trouble"] == (1, 0)
        await stage.press("2", "slash", *"job:01", "enter")
        assert jobs(stage) == ["shot_01"]
        await stage.press("n")
        assert jobs(stage) == []
        assert "Not stuck: shot_01 11, until it does something else." in " ".join(stage.text.split())
        assert kept.state.rules["silent"] == (3, 1)
        assert kept.state.rules["frozen progress"] == (1, 1)
        stage.clock.move(15)
        await refresh(stage)
        assert "2 Trouble  ✗ 1" in stage.part("WallStrip")
        await stage.press("1", "slash", *"job:01", "enter")
        assert "stuck" not in rows(stage)[0]
        assert "not stuck    silent" in stage.part("#wall-details")
        await stage.press("n")
        stage.clock.move(15)
        await refresh(stage)
        assert "2 Trouble  ✗ 2" in stage.part("WallStrip")
        assert kept.state.rules["silent"] == (3, 0)
        assert not kept.state.contradicted
        await stage.press("n")
    kept.close()
    again = StateFile(tmp_path / "state.json")
    assert again.state.contradicted == (Run(1).action_id,)
    async with beside_a_stuck_one(again) as stage:
        assert "2 Trouble  ✗ 1" in stage.part("WallStrip")
        await stage.press("2")
        assert jobs(stage) == ["shot_03", "shot_02"], "and not the first one"
        await stage.press("n")
        assert "✗ worker log: Missing" in rows(stage)[0], "what is certain is not contradicted"
    again.close()


async def test_what_is_quiet_and_works_is_shown_so_and_its_silence_is_no_signal() -> None:
    async with beside_a_stuck_one(size=(200, 44), cpu=93.5) as stage:
        for _ in range(3):
            stage.clock.move(30)
            await refresh(stage)
        await stage.press("slash", *"job:01", "enter")
        assert "▲ suspect: progress" in rows(stage)[0]
        await stage.press("d")
        shown = " ".join(stage.text.split())
        assert re.search(r"○ quiet, working: silent 4\d min; its worker's CPU 93.5 % at \d\d:\d\d", shown)
        assert "▲ silent" not in shown


def test_what_is_quiet_and_works_is_no_trouble() -> None:
    finding = Finding("quiet, working", Severity.WORKING, "quiet, working", "silent 38 min", START)
    row = WallRow(REF, findings=(finding,))
    assert trouble(row.findings) == ("○ quiet, working", "muted")
    assert not row.is_troubled


async def test_of_what_nothing_is_said_there_is_nothing_to_contradict() -> None:
    async with at_wall() as stage:
        await stage.press("n")
        assert "Nothing says that shot_01 11 is stuck." in " ".join(stage.text.split())
        await stage.press("4", "n")
        assert not stage.app.kept.state.contradicted


async def test_the_thresholds_of_the_settings_are_those_that_hold() -> None:
    patient = SessionRulesTable(silent=600, frozen=600)
    settings = Settings(rules=RulesTable(job={"shot_01": patient}, queue={"lighting": SessionRulesTable()}))
    async with beside_a_stuck_one(settings=settings) as stage:
        await stage.press("2")
        assert jobs(stage) == ["shot_03", "shot_02"]
