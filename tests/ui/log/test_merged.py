"""The logs of several sessions on one screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from farmwatch.aws.log_page import LogPage, LogSource
from farmwatch.aws.model import Fault, FaultKind, LogConfiguration, Session, SessionRef
from farmwatch.listings.place import Place
from farmwatch.logs.times import milliseconds
from farmwatch.ui.navigation import ShowMergedLogs
from farmwatch.ui.screens.log.merged import MergedLogScreen
from farmwatch.ui.screens.log.screen import LogScreen
from tests.canned import FARM_ID, QUEUE_ID, REF, START, CannedFarm, a_fault, a_session, present
from tests.logs.model_log import ModelLog
from tests.ui.log.stage import AT_SESSION, settle, state, type_in
from tests.ui.stage import Stage, on_stage

NOW_MS = milliseconds(START)


def a_ref(number: int) -> SessionRef:
    return replace(REF, session_id=f"session-{number:032x}")


class ManyLogs:
    """A log for each session; of some a fault."""

    def __init__(self, count: int) -> None:
        self.logs = {a_ref(number).session_id: ModelLog() for number in range(count)}
        self.faults: dict[str, Fault] = {}

    def log_page(self, source: LogSource, token: str | None = None, **asked: Any) -> LogPage | Fault:
        return self.faults.get(source.stream) or self.logs[source.stream].log_page(source, token, **asked)

    def write(self, number: int, seconds: float, text: str) -> None:
        self.logs[a_ref(number).session_id].add(NOW_MS + int(1000 * seconds), text)


def session_of(ref: SessionRef) -> Session:
    options = {"logGroupName": f"/aws/deadline/{FARM_ID}/{QUEUE_ID}", "logStreamName": ref.session_id}
    return a_session(session_id=ref.session_id, log=LogConfiguration("awslogs", options, {}))


def sessions_of(refs: Sequence[SessionRef]) -> Mapping[str, Session]:
    return {ref.session_id: session_of(ref) for ref in refs}


@asynccontextmanager
async def at_merged(logs: ManyLogs) -> AsyncIterator[Stage]:
    farm = CannedFarm(session=session_of, sessions_by_id=sessions_of, log_page=logs)
    sessions = [(a_ref(number), f"sq010_sh{number:04}_lgt_v001") for number in range(len(logs.logs))]
    async with on_stage(farm, AT_SESSION) as stage:
        await settle(stage)
        place = Place(REF.connection, FARM_ID, QUEUE_ID)
        stage.app.screen.post_message(ShowMergedLogs(place, sessions))
        await stage.wait_for(lambda: isinstance(stage.app.screen, MergedLogScreen))
        await stage.move(3)
        await settle(stage)
        yield stage


def screen(stage: Stage) -> MergedLogScreen:
    found = stage.app.screen
    assert isinstance(found, MergedLogScreen)
    return found


def order(stage: Stage, *texts: str) -> list[str]:
    """These texts in the order in which they stand on the screen, those that do."""
    shown = stage.part("#lines")
    return sorted((text for text in texts if text in shown), key=shown.index)


async def test_lines_of_three_sessions_stand_in_the_order_of_time_each_with_its_job() -> None:
    logs = ManyLogs(3)
    for number in range(3):
        logs.write(number, -30 + number, f"early {number}")
        logs.write(number, -10 - number, f"late {number}")
    async with at_merged(logs) as stage:
        texts = ("early 0", "early 1", "early 2", "late 2", "late 1", "late 0")
        assert order(stage, *reversed(texts)) == list(texts)
        line = next(one for one in stage.lines if "late 1" in one)
        assert "h0001_lgt_v001" in line
        assert "● following" in state(stage)


async def test_what_comes_in_later_takes_its_place_by_time_and_the_end_is_followed() -> None:
    logs = ManyLogs(2)
    logs.write(0, -20, "first")
    logs.write(0, -5, "third")
    logs.write(1, -30, "begin")
    async with at_merged(logs) as stage:
        logs.write(1, -10, "second")
        logs.write(1, 1, "fourth")
        await stage.move(6)
        await settle(stage)
        texts = ("begin", "first", "second", "third", "fourth")
        assert order(stage, *reversed(texts)) == list(texts)
        view = screen(stage).view
        lane, number = present(view.cursor)
        assert view.browser.lanes[lane].store.text(number) == "fourth"
        await stage.press("up")
        assert not screen(stage).view.following
        await stage.press("G")
        assert screen(stage).view.following


async def test_a_log_that_is_denied_says_whose_and_why_and_the_others_go_on() -> None:
    logs = ManyLogs(3)
    logs.write(0, -2, "from the first")
    logs.write(2, -1, "from the third")
    logs.faults[a_ref(1).session_id] = a_fault(FaultKind.DENIED, sentence="You may not read this log.")
    async with at_merged(logs) as stage:
        assert "sq010_sh0001_lgt_v001: You may not read this log." in stage.part("#notes")
        assert order(stage, "from the first", "from the third") == ["from the first", "from the third"]
        logs.write(0, 2, "and more")
        await stage.move(6)
        await settle(stage)
        assert "and more" in stage.part("#lines")


async def test_where_many_logs_are_denied_it_says_how_many_more() -> None:
    logs = ManyLogs(6)
    for number in range(1, 6):
        fault = a_fault(FaultKind.DENIED, sentence="You may not read this log.")
        logs.faults[a_ref(number).session_id] = fault
    logs.write(0, -1, "a line")
    async with at_merged(logs) as stage:
        notes = stage.part("#notes")
        assert "sq010_sh0002_lgt_v001: You may not" in notes
        assert "and 3 more logs that cannot be read" in notes
        assert "a line" in stage.part("#lines")


async def test_beyond_the_budget_it_says_that_they_take_turns_and_more_than_twenty_are_not_shown() -> None:
    logs = ManyLogs(23)
    for number in range(23):
        logs.write(number, -number - 1, f"line of {number}.")
    async with at_merged(logs) as stage:
        await stage.move(10)
        await settle(stage)
        assert "20 logs on a budget of 5 requests a second: each about every 4 s" in state(stage)
        assert "The first 20 of 23 logs are shown." in stage.part("#notes")
        assert "line of 19." in stage.part("#lines")
        assert "line of 20." not in stage.part("#lines")


async def test_a_filter_goes_over_all_logs_and_the_way_leads_to_the_log_of_a_line_and_back() -> None:
    logs = ManyLogs(2)
    logs.write(0, -3, "needle in the first")
    logs.write(0, -2, "straw")
    logs.write(1, -1, "needle in the second")
    async with at_merged(logs) as stage:
        await stage.press("&")
        await type_in(stage, "needle")
        await stage.press("C")
        await settle(stage)
        assert "straw" not in stage.part("#lines")
        assert order(stage, "in the second", "in the first") == ["in the first", "in the second"]
        await stage.press("escape", "G", "l")
        await settle(stage)
        log = stage.app.screen
        assert isinstance(log, LogScreen)
        assert log.place.session_id == a_ref(1).session_id
        await stage.press("escape")
        await settle(stage)
        assert isinstance(stage.app.screen, MergedLogScreen)
        await stage.press("escape")
        await settle(stage)
        assert not isinstance(stage.app.screen, MergedLogScreen)
