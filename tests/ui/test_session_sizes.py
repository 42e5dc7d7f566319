"""The session screen in terminals of every size: what has focus, the actions, the log beside them."""

from datetime import timedelta

import pytest

from farmwatch.aws.log_page import LogEvent, LogPage, LogSource
from farmwatch.aws.model import FaultKind, LogConfiguration
from farmwatch.ui.widgets.virtual_table import VirtualTable
from tests.canned import START, CannedFarm, a_fault, a_session, an_action
from tests.ui.stage import Stage
from tests.ui.test_session_screen import at_session

SIZES = [(80, 24), (100, 20), (120, 36), (160, 45), (200, 60), (240, 70)]
WIDE = [size for size in SIZES if size[0] >= 160]
BROKEN = LogConfiguration("awslogs", {"logGroupName": "g", "logStreamName": "s"}, {}, "Missing log group")
ACTIONS = [an_action(n) for n in range(30)]


class GrowingLog:
    """A log whose lines are those of a list."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.asked = 0

    def log_page(self, source: LogSource, token: str | None = None, **asked: object) -> LogPage:
        self.asked += 1
        start = int(token.split("/")[1]) if token else 0
        backwards = asked.get("from_head") is False and token is not None
        shown = [] if backwards else self.lines[start:]
        at = int(START.timestamp() * 1000)
        events = [LogEvent(at + start + n, line) for n, line in enumerate(shown)]
        return LogPage(events, f"f/{len(self.lines)}", "b/0")


def farm_of(stage: Stage) -> CannedFarm:
    assert isinstance(stage.farm, CannedFarm)
    return stage.farm


def action_rows(stage: Stage) -> list[str]:
    return [line for line in stage.part("#action-table").splitlines() if "Frame=" in line]


def sees(stage: Stage, table: VirtualTable) -> bool:
    """Whether a table, header and cursor and all, lies inside the screen and is not covered."""
    region = table.region
    seen = stage.app.screen.find_widget(table).visible_region
    corners = [(region.x, region.y), (region.x, region.bottom - 1)]
    on_top = all(stage.app.screen.get_widget_at(*corner)[0] is table for corner in corners)
    return region.height >= 2 and seen == region and on_top


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("session", [a_session(), a_session(worker_log=BROKEN, log=BROKEN)])
async def test_what_has_focus_is_in_sight(size: tuple[int, int], session: object) -> None:
    async with at_session(session, size=size, actions=ACTIONS) as stage:
        for _ in range(3):
            focused = stage.app.screen.focused
            assert isinstance(focused, VirtualTable)
            assert sees(stage, focused), focused
            assert "▸" in stage.part(f"#{focused.id}")
            await stage.press("tab")


@pytest.mark.parametrize("size", SIZES)
async def test_at_least_eight_actions_are_in_sight(size: tuple[int, int]) -> None:
    async with at_session(a_session(), size=size, actions=ACTIONS) as stage:
        assert len(action_rows(stage)) >= (8 if size[1] > 20 else 4)


@pytest.mark.parametrize(("size", "least"), [((80, 24), 8), ((100, 20), 4)])
async def test_errors_of_the_logs_do_not_push_the_actions_out(size: tuple[int, int], least: int) -> None:
    session = a_session(worker_log=BROKEN, log=BROKEN)
    async with at_session(session, size=size, actions=ACTIONS) as stage:
        assert len(action_rows(stage)) >= least


async def test_at_80_by_24_everything_but_the_tables_is_folded_into_four_lines() -> None:
    session = a_session(worker_log=BROKEN, updated_at=START, updated_by="mira")
    async with at_session(session, size=(80, 24), actions=ACTIONS) as stage:
        shown = stage.part("#folded").splitlines()
        assert len(shown) == 4
        for line, words in zip(
            shown,
            [
                ("● STARTED", "target –", "first seen 02:10:00"),
                ("running 00:42:00", "started 01:28:00"),
                ("ip-10-0-0-12", "g6e.2xlarge", "worker-7e203238", "fleet-75103c18", "10.0.0.12"),
                ("Worker log  ✗ Missing log group", "Session log  ✓ awslogs"),
            ],
            strict=True,
        ):
            assert [word for word in words if word not in line] == []


async def test_at_80_by_24_nothing_is_lost_d_has_it_whole() -> None:
    changed = a_session(lifecycle_status="UPDATE_IN_PROGRESS", worker_log=BROKEN)
    async with at_session(a_session(), changed, size=(80, 24)) as stage:
        await stage.move(2)
        assert "d: 1 earlier" in stage.part("#folded")
        await stage.press("d")
        shown = stage.text
        await stage.press("end")
        shown += stage.text
    for word in (
        "2001:db8::12",
        "workerLog.error",
        "log.options.logGroupName",
        "STARTED, 2026-03-14T02:10:00",
    ):
        assert word in shown


async def test_a_change_is_marked_in_the_folded_lines_too() -> None:
    changed = a_session(lifecycle_status="UPDATE_IN_PROGRESS", target_lifecycle_status="ENDED")
    async with at_session(a_session(), changed, size=(80, 24)) as stage:
        await stage.move(2)
        assert "◐ UPDATE_IN_PROGRESS ◂ new   target ENDED" in stage.part("#folded")


async def test_without_any_answer_the_folded_lines_say_why() -> None:
    async with at_session(a_fault(FaultKind.DENIED), size=(80, 24)) as stage:
        assert "The network is away." in stage.part("#folded")


async def test_a_narrow_and_high_terminal_shows_one_log_at_a_time_and_w_the_other() -> None:
    async with at_session(a_session(), size=(80, 50)) as stage:
        assert "Session log  ✓ awslogs   w: Worker log  ✓ awslogs" in stage.part("#log")
        await stage.press("w")
        assert "Worker log  ✓ awslogs   w: Session log" in stage.part("#worker-log")


async def test_a_narrow_and_high_terminal_shows_the_log_with_the_error_first() -> None:
    async with at_session(a_session(worker_log=BROKEN), size=(80, 50)) as stage:
        assert "✗ Missing log group" in stage.part("#worker-log")


@pytest.mark.parametrize("size", [(120, 36), (200, 60)])
async def test_with_more_room_the_two_logs_stand_side_by_side(size: tuple[int, int]) -> None:
    async with at_session(a_session(worker_log=BROKEN), size=size) as stage:
        log, worker_log = stage.app.screen.query_one("#log"), stage.app.screen.query_one("#worker-log")
        assert log.region.width == worker_log.region.width > 0
        assert log.region.y == worker_log.region.y
        assert log.region.right == worker_log.region.x


# --- errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_no_errors_are_one_line(size: tuple[int, int]) -> None:
    async with at_session(a_session(), size=size) as stage:
        assert "No service errors since 02:10:00" in stage.part("#errors-line")
        assert not stage.app.screen.query_one("#errors").display


async def test_without_errors_there_is_no_table_to_turn_to() -> None:
    async with at_session(a_session(), size=(80, 24), actions=ACTIONS) as stage:
        await stage.press("tab")
        assert len(action_rows(stage)) >= 8


@pytest.mark.parametrize("size", [size for size in SIZES if size[1] > 30])
async def test_errors_take_no_more_lines_than_there_are(size: tuple[int, int]) -> None:
    async with at_session(a_session(worker_log=BROKEN), size=size, actions=ACTIONS) as stage:
        assert "Service errors  1 open, 0 over" in stage.part("#errors")
        assert len(stage.part("#errors").splitlines()) == 4


async def test_on_a_low_terminal_errors_are_told_in_a_line_and_tab_shows_them() -> None:
    async with at_session(a_session(worker_log=BROKEN), size=(80, 24), actions=ACTIONS) as stage:
        line = stage.part("#errors-line")
        assert "Service errors  1 open, 0 over   tab shows them" in line
        assert "workerLog.error" in line
        await stage.press("tab")
        assert "Missing log group" in stage.part("#error-table")
        line = stage.part("#actions-line")
        assert "Session actions  30" in line
        assert "tab shows them" in line


# --- the log beside the tables --------------------------------------------------------------------------


@pytest.mark.parametrize("size", WIDE)
async def test_the_newest_lines_of_the_log_stand_at_the_right_of_the_actions(size: tuple[int, int]) -> None:
    log = GrowingLog(*(f"line {n}" for n in range(300)))
    async with at_session(a_session(), size=size, actions=ACTIONS) as stage:
        farm_of(stage).answers["log_page"] = [log]
        await stage.move(4)
        assert "line 299" in stage.part("#live-log")
        assert "Session log  ● following" in stage.part("#live-log")
        live, actions = stage.app.screen.query_one("#live-log"), stage.app.screen.query_one("#actions")
        assert live.region.x >= actions.region.right
        assert live.region.width >= 70
        log.lines.append("a new line")
        await stage.move(6)
        assert "a new line" in stage.part("#live-log").splitlines()[-2]


@pytest.mark.parametrize(("before", "size"), zip(SIZES, [*SIZES[3:], *SIZES[:3]], strict=True))
async def test_another_size_is_drawn_whole_at_once(before: tuple[int, int], size: tuple[int, int]) -> None:
    async with at_session(a_session(worker_log=BROKEN), size=before, actions=ACTIONS) as stage:
        await stage.pilot.resize_terminal(*size)
        await stage.wait_for(lambda: stage.app.screen.query_one("#session-body").outer_size.width == size[0])
        await stage.pilot.pause()
        drawn = stage.part("#session-body")
        stage.app.tick()
        await stage.pilot.pause()
        assert drawn == stage.part("#session-body"), "nothing is left for the next second"


async def test_a_narrower_terminal_does_not_ask_for_the_log() -> None:
    async with at_session(a_session(), size=(159, 45), actions=ACTIONS) as stage:
        await stage.move(10)
        assert farm_of(stage).count("log_page") == 0
        await stage.pilot.resize_terminal(160, 45)
        await stage.move(3)
        assert farm_of(stage).count("log_page") > 0
        await stage.pilot.resize_terminal(120, 45)
        await stage.move(2)
        before = farm_of(stage).count("log_page")
        await stage.move(20)
        assert farm_of(stage).count("log_page") == before


async def test_the_log_of_a_session_that_is_over_is_asked_for_no_more() -> None:
    ended = a_session(lifecycle_status="ENDED", ended_at=START - timedelta(minutes=10))
    log = GrowingLog("the last line")
    async with at_session(ended, size=(160, 45), actions=ACTIONS) as stage:
        farm_of(stage).answers["log_page"] = [log]
        await stage.move(2)
        assert "following" not in stage.part("#live-log")
        await stage.move(240, step=2)
        assert "Session log  ○ ended" in stage.part("#live-log")
        before = log.asked
        await stage.move(120, step=2)
        assert log.asked == before
        assert "the last line" in stage.part("#live-log")


async def test_a_log_that_cannot_be_read_says_why_in_its_place() -> None:
    log = LogConfiguration("splunk", {}, {})
    async with at_session(a_session(log=log), size=(160, 45)) as stage:
        await stage.move(1)
        assert "The log driver is splunk" in stage.part("#live-log")
        assert "following" not in stage.part("#live-log")


async def test_the_log_goes_on_when_one_comes_back_from_its_screen() -> None:
    log = GrowingLog("line 1")
    async with at_session(a_session(), size=(160, 45), actions=ACTIONS) as stage:
        farm_of(stage).answers["log_page"] = [log]
        await stage.move(2)
        await stage.press("l")
        await stage.move(2)
        await stage.press("escape")
        log.lines.append("line 2")
        await stage.move(20)
        assert "line 2" in stage.part("#live-log")
        assert "● following" in stage.part("#live-log")
