"""Whatever a hostile text leads to beside the screen: pictures, clipboard, files, what is printed.

The door where text is cleaned is left open, as in `tests.end_to_end.hostile`: here the second wall is tried.
"""

import unicodedata
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from textual.widgets import Input

from farmwatch.cli import main as cli
from farmwatch.config.paths import history_file
from farmwatch.config.settings import Settings
from farmwatch.history.events import Event, EventKind, Watched
from farmwatch.history.recorder import Recorder
from farmwatch.ui.screens.details import DetailsScreen
from farmwatch.ui.screens.history.screen import HistoryScreen
from farmwatch.ui.screens.log import screen
from farmwatch.ui.screens.picker.screen import PickerScreen
from farmwatch.ui.screens.session.screen import SessionScreen
from farmwatch.ui.screens.why.screen import WhyScreen
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, REF, SESSION_ID, HandClock
from tests.end_to_end.hostile import ALL, TEXTS, hostile_farm
from tests.ui.log.stage import log_screen, settle
from tests.ui.stage import Stage, on_stage

AT_SESSION = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID, session_id=SESSION_ID)
LAST = TEXTS[-1]
SIZE = (160, 50)


def harmful(text: str) -> set[str]:
    return {one for one in text if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n"}


def picture(stage: Stage) -> str:
    """What the picture of the screen says. Well formed, or it would not be read."""
    svg = stage.app.export_screenshot()
    assert harmful(svg) == set()
    root = ET.fromstring(svg)
    assert [one for one in root.iter() if one.tag.endswith("}a") or one.tag.endswith("}script")] == []
    return "".join(root.itertext()).replace("\N{NO-BREAK SPACE}", " ")


def shows(stage: Stage, words: str) -> bool:
    return words in stage.text


async def test_a_picture_of_the_lists_is_harmless() -> None:
    async with on_stage(hostile_farm(), size=SIZE) as stage:
        assert "00␛[2Jgone" in picture(stage)
        for last in ("Queue", "Tasks", "Lifecycle status"):
            await stage.press("enter")
            await stage.wait_for(partial(shows, stage, last))
            assert isinstance(stage.app.screen, PickerScreen)
            assert last in picture(stage)


async def test_a_picture_of_a_session_and_its_failure_is_harmless() -> None:
    async with on_stage(hostile_farm(), AT_SESSION, size=SIZE) as stage:
        assert isinstance(stage.app.screen, SessionScreen)
        assert "␛" in picture(stage)
        await stage.press("c")
        await stage.wait_for(lambda: isinstance(stage.app.screen, WhyScreen))
        picture(stage)
        await stage.press("c")
        assert harmful(stage.app.clipboard) == set()
        assert "log.error is “00␛[2Jgone" in stage.app.clipboard


async def test_what_is_copied_is_harmless() -> None:
    async with on_stage(hostile_farm(), AT_SESSION, size=SIZE) as stage:
        await stage.press("d")
        await stage.wait_for(lambda: isinstance(stage.app.screen, DetailsScreen))
        await stage.press("y")
        assert harmful(stage.app.clipboard) == {"\t"}
        assert LAST in stage.app.clipboard


async def test_what_is_copied_and_saved_of_a_log_is_harmless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # This log has no beginning that could be waited for.
    monkeypatch.setattr(screen, "LONGEST_WAIT", 0.2)
    async with on_stage(hostile_farm(), AT_SESSION, size=SIZE) as stage:
        await stage.press("l")
        await settle(stage)
        await stage.wait_for(lambda: log_screen(stage).view.rows > len(TEXTS))
        picture(stage)
        await stage.press("v", "home", "y")
        assert harmful(stage.app.clipboard) == set()
        assert len(stage.app.clipboard.splitlines()) > len(TEXTS)
        await stage.press("s")
        await settle(stage)
        stage.app.screen.query_one("#prompt-text", Input).value = str(tmp_path / "saved.log")
        await stage.press("enter")
        await stage.wait_for(lambda: "Saved" in stage.text)
    saved = (tmp_path / "saved.log").read_text(encoding="utf-8")
    assert harmful(saved) == {"\t"}
    assert "00␛[2Jgone" in saved


async def test_what_a_history_tells_is_harmless() -> None:
    clock = HandClock()
    recorder = Recorder(history_file(), watcher=ALL, clock=clock)
    assert recorder.record(
        [Event(REF, kind, text, text, text, clock.now()) for kind in EventKind for text in TEXTS],
        [Watched(REF, TEXTS[0], TEXTS[1], TEXTS[2])],
    )
    async with on_stage(hostile_farm(), AT_SESSION, size=SIZE, clock=clock, recorder=recorder) as stage:
        await stage.press("h")
        await stage.wait_for(lambda: isinstance(stage.app.screen, HistoryScreen) and "00" in stage.text)
        await stage.press("Z")
        assert "␛" in picture(stage)
    recorder.close()
    for command in (["history"], ["history", "--json"]):
        told = CliRunner().invoke(cli.cli, command).output
        assert harmful(told) == set()
        assert "00␛[2Jgone" in told
