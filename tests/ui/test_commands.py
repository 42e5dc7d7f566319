"""The command palette: everything that the keys do, by words; and a picture of the screen."""

import stat
from pathlib import Path

import pytest
from textual.command import CommandList, CommandPalette

from farmwatch.config.settings import Settings
from farmwatch.ui.screens.details import DetailsScreen
from farmwatch.ui.screens.why.screen import WhyScreen
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, SESSION_ID, CannedFarm, a_session
from tests.ui.stage import Stage, on_stage

AT_SESSION = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID, session_id=SESSION_ID)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def command(stage: Stage, words: str, shows: str) -> None:
    await stage.press("ctrl+p")
    await stage.wait_for(lambda: isinstance(stage.app.screen, CommandPalette))
    await stage.press(*words)
    # The list of everything, which stands there before what is typed takes hold, has other ones at its top.
    found = stage.app.screen.query_one(CommandList)
    await stage.wait_for(lambda: found.option_count == 1 and shows in stage.text)
    await stage.press("enter")
    await stage.wait_for(lambda: not isinstance(stage.app.screen, CommandPalette))


async def test_what_a_key_does_is_found_by_its_words() -> None:
    async with on_stage(CannedFarm(session=a_session()), AT_SESSION) as stage:
        await command(stage, "full session", "Full session details")
        await stage.wait_for(lambda: isinstance(stage.app.screen, DetailsScreen))


async def test_a_picture_of_the_screen_is_for_its_owner_alone(tmp_path: Path) -> None:
    async with on_stage(CannedFarm(session=a_session()), AT_SESSION) as stage:
        await command(stage, "picture", "Save an SVG picture of the screen")
        await stage.wait_for(lambda: "Saved" in stage.text)
    (path,) = tmp_path.glob("farmwatch-2026*.svg")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "STARTED" in path.read_text(encoding="utf-8")


async def test_pictures_of_the_same_second_are_files_of_their_own(tmp_path: Path) -> None:
    async with on_stage(CannedFarm(session=a_session()), AT_SESSION) as stage:
        for number in range(1, 4):
            await command(stage, "picture", "Save an SVG picture of the screen")
            await stage.wait_for(lambda: len(list(tmp_path.glob("*.svg"))) == number)  # noqa: B023
    first, second, third = sorted(path.stem for path in tmp_path.iterdir())
    assert (second, third) == (f"{first}-2", f"{first}-3")


async def test_a_picture_that_cannot_be_saved_says_why(tmp_path: Path) -> None:
    async with on_stage(CannedFarm(session=a_session()), AT_SESSION) as stage:
        tmp_path.rmdir()
        await command(stage, "picture", "Save an SVG picture of the screen")
        await stage.wait_for(lambda: "Not saved" in stage.text)
        assert "No such file" in stage.text


async def test_a_click_on_a_key_of_the_last_line_does_what_the_key_does() -> None:
    async with on_stage(CannedFarm(session=a_session()), AT_SESSION) as stage:
        at = stage.lines[-1].index("Why")
        await stage.pilot.click("Keys", offset=(at, 0))
        await stage.wait_for(lambda: isinstance(stage.app.screen, WhyScreen))


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
async def test_where_it_is_narrow_the_keys_that_lead_on_and_out_stay(width: int) -> None:
    async with on_stage(CannedFarm(session=a_session()), AT_SESSION, size=(width, 24)) as stage:
        assert stage.lines[-1].rstrip().endswith("? Help q Quit")
        assert ("Pause" in stage.lines[-1]) == (width >= 60)
