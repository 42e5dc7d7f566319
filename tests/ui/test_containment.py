"""A bug in a view: an error panel, and everything else lives on."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual import timer
from textual.css import stylesheet
from textual.css.parse import parse as parsed
from textual.css.stylesheet import Stylesheet, StylesheetParseError

from farmwatch.config.settings import Settings
from farmwatch.ui.app import FarmwatchApp
from farmwatch.ui.containment import KEPT
from farmwatch.ui.screens.session import screen as session_screen
from farmwatch.ui.widgets import session_panels
from farmwatch.ui.widgets.virtual_table import VirtualTable
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, SESSION_ID, CannedFarm, HandClock, a_fault, a_session
from tests.ui.stage import _parse_rules as parse_rules
from tests.ui.stage import on_stage

AT_SESSION = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID, session_id=SESSION_ID)


def fails(*_: Any, **__: Any) -> Any:
    password = "do-not-tell-anybody"
    raise ZeroDivisionError(f"a bug {len(password)}")


async def test_a_view_that_cannot_be_drawn_says_so_and_is_polled_on(monkeypatch: pytest.MonkeyPatch) -> None:
    farm = CannedFarm(session=a_session())
    async with on_stage(farm, AT_SESSION) as stage:
        stage.expects_faults = True
        with monkeypatch.context() as patch:
            patch.setattr(session_panels, "session_parts", fails)
            await stage.move(4)
            assert "✗ This view failed  ZeroDivisionError" in stage.text
            assert "farmwatch.log" in stage.text
            asked = farm.count("session")
            await stage.move(10)
            assert farm.count("session") > asked
        await stage.move(2)
        assert "This view failed" not in stage.text, "it is there again as soon as it can be"


async def test_a_key_that_fails_says_so_and_nothing_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async with on_stage(CannedFarm(session=a_session()), AT_SESSION) as stage:
        stage.expects_faults = True
        monkeypatch.setattr(session_screen.SessionScreen, "action_times", fails)
        await stage.press("t")
        await stage.wait_for(lambda: "ZeroDivisionError" in stage.text)
        await stage.press("d")
        assert "lifecycleStatus" in stage.text


async def test_a_widget_that_cannot_be_drawn_says_so_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    async with on_stage(CannedFarm(session=a_session()), AT_SESSION) as stage:
        stage.expects_faults = True
        with monkeypatch.context() as patch:
            patch.setattr(VirtualTable, "render_line", fails)
            stage.app.screen.query_one("#action-table").refresh()
            await stage.move(1)
            assert "✗ This view failed  ZeroDivisionError" in stage.part("#action-table")
            assert "● STARTED" in stage.text, "the others are drawn"
        stage.app.screen.query_one("#action-table").refresh()
        await stage.move(1)
        assert "This view failed" not in stage.part("#action-table")


@pytest.mark.parametrize("whose", ["#action-table", "screen", "app"])
async def test_a_message_that_cannot_be_handled_is_said_and_forgotten(whose: str) -> None:
    farm = CannedFarm(session=a_session())
    async with on_stage(farm, AT_SESSION) as stage:
        stage.expects_faults = True
        app = stage.app
        holder = {"screen": app.screen, "app": app}.get(whose) or app.screen.query_one(whose)
        holder.call_later(fails)
        await stage.wait_for(lambda: "ZeroDivisionError" in stage.text)
        asked = farm.count("session")
        await stage.move(10)
        await stage.press("t")
        assert farm.count("session") > asked
        assert "ago" in stage.text or "Z" in stage.text, "keys are answered"


async def test_a_program_that_cannot_start_ends_with_an_exit_code_and_without_local_variables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(FarmwatchApp, "get_default_screen", fails)
    app = FarmwatchApp(Settings(), lambda _: lambda *_: a_fault(), HandClock())
    await app.run_async(headless=True)
    assert app.return_code == 1
    told = "".join(capsys.readouterr()).replace("\n", "")
    assert "farmwatch.log" in told
    assert "do-not-tell-anybody" not in told


async def test_a_terminal_that_cannot_be_read_any_more_ends_the_program_with_an_exit_code() -> None:
    app = FarmwatchApp(Settings(), lambda _: lambda *_: a_fault(), HandClock())
    # What Textual's thread at the keyboard does when it fails.
    app.call_later(app.panic, "a traceback")
    await app.run_async(headless=True)
    assert app.return_code == 1


async def test_the_same_fault_is_not_written_down_and_said_each_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with on_stage(CannedFarm(session=a_session()), AT_SESSION) as stage:
        stage.expects_faults = True
        for _ in range(50):
            stage.app.call_next(fails)
        await stage.pilot.pause()
        assert len([record for record in caplog.records if record.exc_info]) == 1
        assert stage.text.count("This view failed") == 1
        assert len(stage.app.view_faults.errors) <= KEPT


async def test_what_is_refreshed_in_vain_is_not_refreshed_over_and_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with on_stage(CannedFarm(session=a_session()), AT_SESSION) as stage:
        stage.expects_faults = True
        tried = []

        def refreshes_in_vain(*_: Any, **__: Any) -> Any:
            tried.append(1)
            fails()

        with monkeypatch.context() as patch:
            # Of Textual's own: what places the widgets of a screen and what puts them together.
            patch.setattr(stage.app.screen, "_compositor_refresh", refreshes_in_vain)
            stage.app.screen.refresh(layout=True)
            await stage.wait_for(lambda: tried)
            del tried[:]
            # A second is long enough for sixty more.
            await stage.pilot.pause(1.0)
            assert len(tried) < 10
        await stage.move(2)
        assert "● STARTED" in stage.text


async def test_a_timer_of_one_call_makes_it_also_where_the_machine_is_held_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = itertools.chain([0.0], itertools.repeat(10.0))
    called: list[int] = []
    async with on_stage(CannedFarm(), Settings()) as stage:
        with monkeypatch.context() as patch:
            patch.setattr(timer, "_time", SimpleNamespace(get_time=lambda: next(seconds)))
            stage.app.set_timer(0.001, lambda: called.append(1))
            await stage.wait_for(lambda: called)
    assert called == [1]


async def test_a_style_sheet_is_read_once_and_one_that_is_no_good_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[Any] = []

    def parse(scope: str, css: str, read_from: Any, **how: Any) -> Any:
        read.append(read_from[0])
        return parsed(scope, css, read_from, **how)

    monkeypatch.setattr(stylesheet, "parse", parse)
    monkeypatch.setattr(Stylesheet, "_parse_rules", parse_rules)
    async with on_stage(CannedFarm(), Settings()):
        sheet = Stylesheet()
        for name in ("one", "another"):
            sheet.add_source(f"#{name} {{ height: 1; }}", read_from=(name, ""))
            sheet.reparse()
        assert [name for name in read if name in ("one", "another")] == ["one", "another"]
        before = sheet.rules
        sheet.add_source("#bad { height: nonsense; }", read_from=("bad", ""))
        with pytest.raises(StylesheetParseError):
            sheet.reparse()
        assert sheet._rules == before  # noqa: SLF001 - asked for by its public name, it would be read again


async def test_the_style_sheet_of_a_screen_is_read_when_that_is_opened() -> None:
    async with on_stage(CannedFarm(), Settings()) as stage:

        def read() -> set[str]:
            return {Path(path).name for path, _ in stage.app.stylesheet.source if path.endswith(".tcss")}

        assert read() == {"shared.tcss", "table.tcss", "picker.tcss"}
        await stage.press("question_mark")
        assert read() == {"shared.tcss", "table.tcss", "picker.tcss", "page.tcss"}
        assert stage.app.screen.query_one(".page").styles.max_width is not None
