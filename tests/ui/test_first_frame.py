"""What a screen looks like is settled before its first frame: nothing is done for nothing."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from textual._compositor import LayoutUpdate
from textual.app import App
from textual.css.stylesheet import Stylesheet
from textual.events import Key
from textual.screen import Screen
from textual.widgets import Input

from farmwatch.config.settings import Settings
from farmwatch.config.state import StateFile
from farmwatch.ui.screens.session.screen import SessionScreen
from tests.canned import CannedFarm, a_session
from tests.ui.log.stage import AT_SESSION
from tests.ui.stage import on_stage


@pytest.mark.parametrize(
    ("size", "classes"),
    [
        ((80, 24), {"-narrow", "-low"}),
        ((120, 36), {"-two-columns", "-high"}),
        ((200, 60), {"-wide", "-high"}),
    ],
)
async def test_the_first_frame_of_a_screen_has_the_room_of_the_terminal(
    size: tuple[int, int], classes: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    frames: list[set[str]] = []
    draw = App._display  # noqa: SLF001 - Textual tells of a frame nowhere else

    def display(app: App[Any], screen: Any, drawn: Any) -> None:
        if drawn is not None and isinstance(screen, SessionScreen):
            frames.append(set(screen.classes))
        draw(app, screen, drawn)

    monkeypatch.setattr(App, "_display", display)
    async with on_stage(CannedFarm(session=a_session()), AT_SESSION, size=size):
        assert frames[0] & {"-narrow", "-two-columns", "-wide", "-low", "-high"} == classes


async def test_a_screen_that_opens_is_drawn_whole_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole: list[str] = []
    draw = App._display  # noqa: SLF001 - as above

    def display(app: App[Any], screen: Any, drawn: Any) -> None:
        if isinstance(drawn, LayoutUpdate):
            whole.append(type(screen).__name__)
        draw(app, screen, drawn)

    monkeypatch.setattr(App, "_display", display)
    async with on_stage(CannedFarm(session=a_session()), AT_SESSION) as stage:
        assert whole == ["SessionScreen"]
        await stage.press("question_mark")
        assert "HelpScreen" in whole
        whole.clear()
        await stage.press("escape")
        assert "SessionScreen" in whole, "what lay over it is still on the terminal"


async def test_a_screen_is_not_laid_out_again_for_the_size_that_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[Any] = []
    lay_out = Screen._refresh_layout  # noqa: SLF001 - as above

    def laid_out(screen: Screen[Any], size: Any = None, scroll: bool = False) -> None:
        if size is not None:
            # What has changed is laid out without a size.
            sizes.append(tuple(size))
        lay_out(screen, size, scroll)

    monkeypatch.setattr(Screen, "_refresh_layout", laid_out)
    async with on_stage(CannedFarm(session=a_session()), AT_SESSION) as stage:
        assert sizes == [(120, 36)]
        await stage.pilot.resize_terminal(90, 30)
        # Textual waits a moment, in which the terminal may get yet another size.
        await stage.wait_for(lambda: len(sizes) > 1)
        assert sizes == [(120, 36), (90, 30)]


async def test_the_program_has_its_theme_before_anything_gets_its_styles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    anew: list[object] = []
    monkeypatch.setattr(Stylesheet, "reparse", lambda sheet: anew.append(sheet))
    kept = StateFile(None)
    async with on_stage(CannedFarm(), Settings(), kept=kept) as stage:
        dark = stage.app.screen.styles.background
        assert stage.app.theme == "farmwatch-dark"
        assert stage.app.has_class("-dark-mode")
    kept.change(lambda state: replace(state, theme="farmwatch-light"))
    async with on_stage(CannedFarm(), Settings(), kept=kept) as stage:
        light = stage.app.screen.styles.background
        assert stage.app.theme == "farmwatch-light"
        assert stage.app.has_class("-light-mode")
        assert not stage.app.has_class("-dark-mode")
    assert dark.brightness < 0.5 < light.brightness
    assert anew == [], "it was styled by another theme before"


async def test_the_line_for_a_filter_comes_with_the_filter_and_loses_no_letter() -> None:
    async with on_stage(CannedFarm(), Settings()) as stage:
        assert not stage.app.screen.query(Input)
        # As a terminal hands over what is pasted: nothing waits until what was before is answered.
        for key, character in (("slash", "/"), ("n", "n"), ("o", "o"), ("r", "r")):
            stage.app.post_message(Key(key, character))
        await stage.pilot.pause()
        assert stage.app.screen.query_one(Input).value == "nor"
        await stage.press("escape", "escape")
        assert not any(line.display for line in stage.app.screen.query(Input))
        await stage.press("slash")
        assert len(stage.app.screen.query(Input)) == 1
