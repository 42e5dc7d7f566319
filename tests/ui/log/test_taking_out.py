"""Copying lines and saving a log."""

import stat
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.ui.log.stage import at_failed, at_log, log_screen, settle, written
from tests.ui.stage import Stage


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def save(stage: Stage, path: Path | None = None) -> None:
    """Save, under the name that is suggested where there is no other."""
    await stage.press("s")
    await settle(stage)
    if path is not None:
        stage.app.screen.query_one("#prompt-text", Input).value = str(path)
    await stage.press("enter")
    await stage.app.workers.wait_for_complete()
    await stage.pilot.pause()


async def test_a_line_is_copied() -> None:
    async with at_log(written("first", "second")) as stage:
        await stage.press("up", "y")
        assert stage.app.clipboard == "first"


async def test_selected_lines_are_copied_and_are_selected_no_more() -> None:
    async with at_log(written(*(f"line {number}" for number in range(9)))) as stage:
        await stage.press("v", "up", "up")
        assert len(log_screen(stage).view.selection) == 3
        await stage.press("y")
        assert stage.app.clipboard == "line 6\nline 7\nline 8"
        assert len(log_screen(stage).view.selection) == 1


async def test_no_more_is_copied_than_a_terminal_takes() -> None:
    async with at_log(written(*(f"{number} " + "x" * 990 for number in range(100)))) as stage:
        await stage.press("v", "home", "y")
        assert 45_000 < len(stage.app.clipboard) < 60_000
        assert "a terminal takes no more" in stage.text


async def test_a_log_is_saved_whole_with_its_times(tmp_path: Path) -> None:
    async with at_log(written(*(f"line {number}" for number in range(50)))) as stage:
        await save(stage)
        assert "Saved 50 lines" in stage.text
    (path,) = tmp_path.iterdir()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 50
    assert lines[-1] == "2026-03-14T02:10:00.000+00:00\tline 49"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.name.startswith("session-log-session-61e4f386")


async def test_lines_that_are_folded_or_the_same_are_saved_as_they_are_seen(tmp_path: Path) -> None:
    async with at_failed("fails", "l", "i") as stage:
        await save(stage)
    (path,) = tmp_path.iterdir()
    lanes = {line.split("\t")[1] for line in path.read_text(encoding="utf-8").splitlines()}
    assert lanes == {"session", "worker"}


async def test_a_second_file_gets_a_name_of_its_own(tmp_path: Path) -> None:
    async with at_log(written("only")) as stage:
        await save(stage)
        await save(stage)
    assert len(list(tmp_path.iterdir())) == 2


async def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    kept = tmp_path / "kept.log"
    kept.write_text("mine", encoding="utf-8")
    async with at_log(written("only")) as stage:
        await save(stage, kept)
        assert "Not saved" in stage.text
        assert "is there already" in stage.text
    assert kept.read_text(encoding="utf-8") == "mine"


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    async with at_log(written("only")) as stage:
        await save(stage, tmp_path / "nowhere" / "a.log")
        assert "Not saved" in stage.text


async def test_enter_shows_a_line_whole() -> None:
    text = "x" * 300 + " the end of it"
    async with at_log(written(text)) as stage:
        await stage.press("enter")
        assert "the end of" in stage.text
        assert "2026-03-14T02:10:00.000+00:00" in stage.text
