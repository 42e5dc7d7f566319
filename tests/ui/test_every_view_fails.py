"""Every widget of every screen fails in every way that there is, and the program lives on."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual import events
from textual.layouts.vertical import VerticalLayout
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import LoadingIndicator

from farmwatch.config.settings import Settings
from farmwatch.history.recorder import Recorder
from farmwatch.listings.place import Place
from farmwatch.ui.navigation import ShowMergedLogs
from farmwatch.ui.screens.acting import ActScreen
from farmwatch.ui.screens.alerts.screen import AlertsScreen
from farmwatch.ui.screens.asking import AskScreen
from farmwatch.ui.screens.columns import ColumnsScreen
from farmwatch.ui.screens.connect import ConnectScreen
from farmwatch.ui.screens.details import DetailsScreen
from farmwatch.ui.screens.digest.screen import DigestScreen
from farmwatch.ui.screens.goto.screen import GotoScreen
from farmwatch.ui.screens.help import HelpScreen
from farmwatch.ui.screens.history.screen import HistoryScreen
from farmwatch.ui.screens.log.merged import MergedLogScreen
from farmwatch.ui.screens.log.screen import LogScreen
from farmwatch.ui.screens.picker.marked import MarkedScreen
from farmwatch.ui.screens.picker.queues import QueuesScreen
from farmwatch.ui.screens.picker.screen import PickerScreen
from farmwatch.ui.screens.session.screen import SessionScreen
from farmwatch.ui.screens.wall.screen import WallScreen
from farmwatch.ui.screens.why.screen import WhyScreen
from farmwatch.ui.textual_compat import named
from tests.canned import REF, HandClock
from tests.ui.log.stage import AT_SESSION, failed_actions, farm_with, written
from tests.ui.stage import Stage, on_stage

MERGED = "the logs of sessions as one"
"""Stands for the message that shows them, for which no key is needed."""

SCREENS: dict[str, tuple[Settings, tuple[str, ...], type[Screen[Any]]]] = {
    "picker": (Settings(), (), PickerScreen),
    "filter": (Settings(), ("slash",), PickerScreen),
    "session": (AT_SESSION, (), SessionScreen),
    "details": (AT_SESSION, ("d",), DetailsScreen),
    "log": (AT_SESSION, ("l",), LogScreen),
    "prompt": (AT_SESSION, ("l", "slash"), LogScreen),
    "why": (AT_SESSION, ("c",), WhyScreen),
    "history": (AT_SESSION, ("h",), HistoryScreen),
    "help": (AT_SESSION, ("question_mark",), HelpScreen),
    "marked": (AT_SESSION, ("M",), MarkedScreen),
    "wall": (AT_SESSION, ("W",), WallScreen),
    "wall filter": (AT_SESSION, ("W", "slash"), WallScreen),
    "alerts": (AT_SESSION, ("A",), AlertsScreen),
    "handover": (AT_SESSION, ("A", "D"), DigestScreen),
    "merged logs": (AT_SESSION, (MERGED,), MergedLogScreen),
    "columns": (Settings(), ("C",), ColumnsScreen),
    "connect": (Settings(), ("f3",), ConnectScreen),
    "acting": (replace(AT_SESSION, allow_actions=True), ("X",), ActScreen),
    "asking": (AT_SESSION, ("exclamation_mark",), AskScreen),
    "queues": (Settings(farm_id=REF.farm_id), (), QueuesScreen),
    "goto": (AT_SESSION, ("colon",), GotoScreen),
    "palette": (AT_SESSION, ("ctrl+p",), Screen),
}
"""Where the program is started, the keys that lead to a screen, and what that is."""

SIZE, WHOLE_HELP = (120, 36), (120, 70)
"""What lies below the edge of a screen shows no fault: the help page has to stand there whole."""

FAILED = "✗ This view failed  ZeroDivisionError"


def fails(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("a bug")


class FailingLayout(VerticalLayout):
    def arrange(self, *_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a bug")


async def press(stage: Stage, key: str) -> None:
    if key == MERGED:
        stage.app.screen.post_message(ShowMergedLogs(Place.at(REF), [(REF, "sq010_lgt")]))
        await stage.poll()
    else:
        await stage.press(key)


@asynccontextmanager
async def at_screen(name: str, folder: Path) -> AsyncIterator[Stage]:
    settings, keys, kind = SCREENS[name]
    clock = HandClock()
    recorder = Recorder(folder / "history.sqlite", clock=clock)
    farm = farm_with(written(*(f"line {n}" for n in range(200))), actions=failed_actions())
    size = WHOLE_HELP if name == "help" else SIZE
    async with on_stage(farm, settings, size=size, clock=clock, recorder=recorder) as stage:
        for key in keys:
            await press(stage, key)
        await stage.move(2)
        assert isinstance(stage.app.screen, kind)
        yield stage
    recorder.close()


def widgets_of(stage: Stage) -> list[Widget]:
    """Every widget of the screen, with itself and the scroll bars that are shown."""
    screen = stage.app.screen
    found = [screen, *screen.walk_children(Widget)]
    found += [one.vertical_scrollbar for one in found if one.show_vertical_scrollbar]
    return found


def is_seen(widget: Widget) -> bool:
    return widget.is_on_screen and widget.region.width >= 40 and widget.region.height >= 1


@pytest.fixture(autouse=True)
def only_errors(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "farmwatch")


def noted(caplog: pytest.LogCaptureFixture) -> str:
    """What the debug log has, a line a fault."""
    return "".join(f"{record.getMessage()}\n" for record in caplog.records if record.exc_info)


async def assert_alive(stage: Stage) -> None:
    """The program runs, nothing failed that is still shown, and keys are answered."""
    stage.app.clear_notifications()
    # What failed, was well and failed again would be shown as failed for a second.
    stage.app.view_faults.forget()
    await stage.move(2)
    assert stage.app.is_running
    assert stage.app.return_code is None

    def is_well() -> bool:
        stage.app.screen.refresh(layout=True)
        return "This view failed" not in stage.text

    await stage.wait_for(is_well)
    screen = stage.app.screen
    if isinstance(screen, ModalScreen):
        await stage.press("escape")
        assert stage.app.screen is not screen
    before = stage.app.theme
    await stage.press("f2")
    assert stage.app.theme != before


@pytest.mark.parametrize("screen", SCREENS)
async def test_what_cannot_be_drawn(screen: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with at_screen(screen, tmp_path) as stage:
        stage.expects_faults = True
        widgets = widgets_of(stage)
        for widget in widgets:
            vars(widget).update(render=fails, render_line=fails)
            widget.refresh(layout=True)
        await stage.pilot.pause()
        assert FAILED in stage.text
        words = noted(caplog)
        for widget in filter(is_seen, widgets):
            assert widget.BLANK or f"{named(widget)} failed" in words
        for widget in widgets:
            del widget.render, widget.render_line
            widget.refresh(layout=True)
        await assert_alive(stage)


@pytest.mark.parametrize("screen", SCREENS)
async def test_what_cannot_be_laid_out(screen: str, tmp_path: Path) -> None:
    async with at_screen(screen, tmp_path) as stage:
        stage.expects_faults = True
        for widget in widgets_of(stage):
            was_seen = is_seen(widget)
            stage.app.view_faults.errors = []
            widget.styles.layout = FailingLayout()
            vars(widget).update(get_content_width=fails, get_content_height=fails)
            widget.refresh(layout=True)
            await stage.pilot.pause()
            if stage.app.view_faults.errors and was_seen:
                assert FAILED in stage.text, f"{named(widget)} {widget.region}\n{stage.text}"
            assert stage.app.return_code is None
            del widget.get_content_width, widget.get_content_height
            widget.styles.layout = None
            widget.refresh(layout=True)
            await stage.pilot.pause()
        await assert_alive(stage)


def a_key(widget: Widget) -> None:
    vars(widget).update(handle_key=fails, key_f9=fails)
    widget.post_message(events.Key("f9", None))


def a_watcher(widget: Widget) -> None:
    vars(widget).update(watch_mouse_hover=fails)
    widget.mouse_hover = not widget.mouse_hover
    vars(widget).pop("watch_mouse_hover")
    widget.mouse_hover = not widget.mouse_hover


def a_scroll_watcher(widget: Widget) -> None:
    vars(widget).update(watch_scroll_y=fails)
    widget.mutate_reactive(Widget.scroll_y)
    vars(widget).pop("watch_scroll_y")


WAYS: dict[str, tuple[Callable[[Widget], object], str]] = {
    "key": (a_key, "handling Key in"),
    "watcher": (a_watcher, "following a change in"),
    "scroll watcher": (a_scroll_watcher, "following a change in"),
    "message": (lambda widget: widget.call_later(fails), "handling Callback in"),
    "callback": (lambda widget: widget.call_next(fails), "calling back"),
    "timer": (lambda widget: widget.set_timer(0.001, fails), "calling back"),
    "interval": (lambda widget: widget.set_interval(0.001, fails, repeat=1), ""),
}
"""What fails, and what the debug log says about it."""


async def wait_for_all(stage: Stage, caplog: pytest.LogCaptureFixture, expected: list[str]) -> None:
    await stage.wait_for(lambda: all(words in noted(caplog) for words in expected))


@pytest.mark.parametrize("screen", SCREENS)
async def test_what_cannot_be_handled(screen: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with at_screen(screen, tmp_path) as stage:
        stage.expects_faults = True
        widgets = widgets_of(stage)
        for way, (do, words) in WAYS.items():
            caplog.clear()
            stage.app.view_faults.forget()
            for widget in widgets:
                do(widget)
            # What shows that something is being loaded takes every key.
            expected = [
                f"{words} {named(one)} failed"
                for one in widgets
                if not (way == "key" and isinstance(one, LoadingIndicator))
            ]
            await wait_for_all(stage, caplog, expected if words else ["refreshing"])
            await stage.pilot.pause()
            assert stage.app.return_code is None
            if screen != "palette":
                assert "This view failed" in stage.text, way
        for widget in widgets:
            vars(widget).pop("handle_key", None)
            vars(widget).pop("key_f9", None)
        await assert_alive(stage)


@pytest.mark.parametrize("screen", [name for name in SCREENS if name not in ("filter", "prompt", "palette")])
@pytest.mark.parametrize("hook", ["compose", "on_mount"])
async def test_a_screen_that_cannot_be_made(
    screen: str, hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, keys, kind = SCREENS[screen]
    monkeypatch.setattr(kind, hook, fails, raising=False)
    farm = farm_with(written("a line"), actions=failed_actions())
    clock = HandClock()
    recorder = Recorder(tmp_path / "history.sqlite", clock=clock)
    size = WHOLE_HELP if screen == "help" else SIZE
    async with on_stage(farm, settings, size=size, clock=clock, recorder=recorder) as stage:
        stage.expects_faults = True
        for key in keys:
            await press(stage, key)
        await stage.move(2)
        assert isinstance(stage.app.screen, kind)
        assert "This view failed" in stage.text
        assert stage.app.return_code is None
        if keys:
            # The first one may only lead from one part of the screen to another.
            await stage.press("escape")
            if isinstance(stage.app.screen, kind):
                await stage.press("escape")
            assert not isinstance(stage.app.screen, kind)
    recorder.close()
