"""A bug in a view: an error panel, and everything else lives on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.widgets import Static

from farmwatch.settings import Settings
from farmwatch.ui.screens import session as session_screen
from farmwatch.ui.widgets.virtual_table import VirtualTable
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, SESSION_ID, CannedFarm, a_session
from tests.ui.stage import on_stage
from tests.waiting import LONG

AT_SESSION = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID, session_id=SESSION_ID)


def fails(*_: Any, **__: Any) -> Any:
    password = "do-not-tell-anybody"
    raise ZeroDivisionError(f"a bug {len(password)}")


async def test_a_view_that_cannot_be_drawn_says_so_and_is_polled_on(monkeypatch: pytest.MonkeyPatch) -> None:
    farm = CannedFarm(session=a_session())
    async with on_stage(farm, AT_SESSION) as stage:
        stage.expects_faults = True
        with monkeypatch.context() as patch:
            patch.setattr(session_screen, "session_parts", fails)
            await stage.move(4)
            assert "✗ This view stumbled  ZeroDivisionError" in stage.text
            assert "farmwatch.log" in stage.text
            asked = farm.count("session")
            await stage.move(10)
            assert farm.count("session") > asked
        await stage.move(2)
        assert "stumbled" not in stage.text, "it is there again as soon as it can be"


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
            assert "✗ This view stumbled  ZeroDivisionError" in stage.part("#action-table")
            assert "● STARTED" in stage.text, "the others are drawn"
        stage.app.screen.query_one("#action-table").refresh()
        await stage.move(1)
        assert "stumbled" not in stage.part("#action-table")


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


async def test_what_nobody_contains_ends_with_an_exit_code_and_without_local_variables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    codes: list[int | None] = []

    async def run() -> None:
        async with on_stage(CannedFarm(session=a_session()), AT_SESSION) as stage:
            stage.expects_faults = True
            # A plain widget, which has no code of this program.
            stage.app.screen.query_one("#session", Static).call_later(fails)
            while stage.app.return_code is None:
                await asyncio.sleep(0.02)
            codes.append(stage.app.return_code)

    # A pilot raises again what has ended the program.
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(run(), LONG)
    assert codes == [1]
    assert "do-not-tell-anybody" not in "".join(capsys.readouterr())
