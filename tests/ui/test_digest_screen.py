"""The handover on the screen: all of it on one page, copied as a whole, read from the history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from farmwatch.history.events import Event, EventKind, Watched
from farmwatch.history.recorder import Recorder
from farmwatch.ui.screens.alerts.screen import AlertsScreen
from farmwatch.ui.screens.digest.screen import DigestScreen
from farmwatch.ui.screens.history.screen import HistoryScreen
from farmwatch.ui.screens.picker.screen import PickerScreen
from tests.canned import REF, START, HandClock, an_action
from tests.ui.stage import Stage, on_stage
from tests.ui.test_alerts import a_night

NAMED = Watched(REF, "Northlight", "lighting", "sq010_lgt [b]v012[/]", START, worker_id="worker-1")


def failed(hours: float, number: int = 3) -> Event:
    at = START - timedelta(hours=hours)
    action = an_action(number).action_id
    return Event(REF, EventKind.ACTION, action, "RUNNING", "FAILED", at, exit_code=137, step="Render")


@asynccontextmanager
async def at_digest(
    folder: Path, *keys: str, events: tuple[Event, ...] = (failed(2),), size: tuple[int, int] = (120, 36)
) -> AsyncIterator[Stage]:
    """The handover of a night, opened by these keys."""
    clock = HandClock()
    recorder = Recorder(folder / "history.sqlite", watcher="mira@ops1", clock=clock)
    recorder.record(events, [NAMED] if events else [])
    async with on_stage(a_night(), size=size, clock=clock, recorder=recorder) as stage:
        await stage.press(*keys)
        await stage.move(2)
        yield stage
    recorder.close()


@pytest.mark.parametrize(("opened", "kind"), [("A", AlertsScreen), ("h", HistoryScreen)])
async def test_it_opens_from_the_alerts_and_the_history_and_leads_back(
    opened: str, kind: type, tmp_path: Path
) -> None:
    async with at_digest(tmp_path, opened, "D") as stage:
        assert isinstance(stage.app.screen, DigestScreen)
        assert "Handover" in stage.line(1)
        assert "Failed" in stage.text
        assert "1 × sq010_lgt [b]v012[/] Render  failed, exit code 137 (SIGKILL), on 1" in stage.text
        assert "Seen by mira@ops1" in stage.text
        await stage.press("escape")
        assert isinstance(stage.app.screen, kind)


async def test_it_opens_by_its_name_from_a_time_on(tmp_path: Path) -> None:
    async with at_digest(tmp_path, events=(failed(2), failed(20, 4))) as stage:
        await stage.press("colon", *"digest", "space", *"24h", "enter")
        await stage.move(2)
        assert isinstance(stage.app.screen, DigestScreen)
        assert "(1 d)" in stage.line(2)
        assert "2 × sq010_lgt" in stage.text


async def test_it_looks_back_to_another_time(tmp_path: Path) -> None:
    async with at_digest(tmp_path, "A", "D", events=(failed(2), failed(20, 4))) as stage:
        assert "1 × sq010_lgt" in stage.text
        await stage.press("s", *"soon", "enter")
        assert "is not a time" in stage.text
        await stage.press(*["backspace"] * 4, *"24h", "enter")
        assert "2 × sq010_lgt" in stage.text
        await stage.press("s", "escape")
        assert isinstance(stage.app.screen, DigestScreen)


async def test_all_of_it_is_copied_as_markdown(tmp_path: Path) -> None:
    async with at_digest(tmp_path, "A", "D") as stage:
        await stage.press("y")
        copied = stage.app.clipboard
        assert copied.startswith("## Handover, ")
        assert "\n### Failed\n" in copied
        assert "`sq010_lgt [b]v012[/]`" in copied


async def test_alerts_that_fire_stand_in_it(tmp_path: Path) -> None:
    async with at_digest(tmp_path, "A") as stage:
        await stage.move(60, 5)
        await stage.press("D")
        await stage.move(2)
        assert "In trouble now" in stage.text
        assert "shot_01 11" in stage.text


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_it_fits_and_scrolls_by_the_keys(size: tuple[int, int], tmp_path: Path) -> None:
    events = tuple(failed(2 + number / 10, number) for number in range(1, 3))
    async with at_digest(tmp_path, "A", "D", events=events, size=size) as stage:
        assert "Failed" in stage.text
        await stage.press("end")
        assert "copies all of it as Markdown" in stage.text


async def test_without_a_history_there_is_no_handover() -> None:
    async with on_stage(a_night()) as stage:
        await stage.press("A", "D")
        assert isinstance(stage.app.screen, AlertsScreen)
        await stage.press("escape")
        assert isinstance(stage.app.screen, PickerScreen)


async def test_while_nothing_can_be_read_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "history.sqlite").mkdir()
    clock = HandClock()
    recorder = Recorder(tmp_path / "history.sqlite", clock=clock)
    async with on_stage(a_night(), clock=clock, recorder=recorder) as stage:
        await stage.press("A", "D")
        await stage.move(2)
        assert isinstance(stage.app.screen, DigestScreen)
        assert "The history cannot be read." in stage.text or "Reading the history" in stage.text
        assert "not read" in stage.line(2)
