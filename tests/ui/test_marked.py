"""Marks on the screen: the key, the glyph, the list, and what is counted at the keys."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from farmwatch.aws.model import Page
from farmwatch.config.settings import Settings
from farmwatch.config.state import StateFile
from farmwatch.ui.screens.picker.marked import MarkedScreen
from farmwatch.ui.screens.session.screen import SessionScreen
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, SESSION_ID, CannedFarm, a_job, a_session, a_summary
from tests.ui.stage import on_stage

AT_JOBS = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID)
AT_SESSION = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID, session_id=SESSION_ID)
JOB = a_job(1, "RUNNING", job_id=JOB_ID, name="sq010_lgt")


def a_farm(**answers: object) -> CannedFarm:
    jobs = Page((JOB,), total=1)
    given = {"search_jobs": jobs, "job": JOB, "sessions": Page((a_summary(1),)), "session": a_session()}
    return CannedFarm(**{**given, **answers})


async def test_a_job_is_marked_by_a_key_and_listed() -> None:
    async with on_stage(a_farm(), AT_JOBS) as stage:
        await stage.press("m")
        assert "◆ sq010_lgt" in stage.part("#table")
        await stage.move(3)
        assert "◆ 1 marked" in stage.line(0)
        await stage.press("M")
        assert isinstance(stage.app.screen, MarkedScreen)
        await stage.move(3)
        row = next(line for line in stage.lines if "sq010_lgt" in line)
        assert "RUNNING" in row
        assert "1 of 1" in row
        await stage.press("enter")
        assert "sq010_lgt" in stage.line(1)
        await stage.press("escape")
        assert isinstance(stage.app.screen, MarkedScreen)
        await stage.press("m")
        await stage.move(3)
        assert "Nothing is marked." in stage.text
        await stage.press("escape")
        assert "◆" not in stage.part("#table")


async def test_what_comes_in_is_counted_at_the_keys() -> None:
    farm = a_farm()
    async with on_stage(farm, AT_SESSION) as stage:
        await stage.press("m")
        await stage.move(5)
        await stage.press("escape", "escape")
        farm.answers["session"] = [a_session(lifecycle_status="UPDATE_IN_PROGRESS")]
        await stage.move(10)
        assert "History +1" in stage.lines[-1]
        assert "Marked +1" in stage.lines[-1]
        await stage.press("M")
        await stage.move(2)
        assert "+1" not in stage.lines[-1]
        assert "+1" in next(line for line in stage.lines if "UPDATE_IN_PROGRESS" in line)
        farm.answers["session"] = [a_session()]
        await stage.move(10)
        row = next(line for line in stage.lines if "STARTED" in line)
        assert "+1" in row, "what comes in while somebody looks is not counted"
        await stage.press("escape")
        await stage.move(2)
        assert "+" not in stage.lines[-1]
        await stage.press("M")
        await stage.move(2)
        await stage.press("enter")
        assert isinstance(stage.app.screen, SessionScreen)


async def test_farms_and_queues_cannot_be_marked() -> None:
    async with on_stage(a_farm(queues=Page(())), Settings(farm_id=FARM_ID)) as stage:
        await stage.press("m")
        assert stage.app.marks.rows() == []


async def test_order_columns_and_theme_are_kept(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    async with on_stage(a_farm(), AT_JOBS, kept=file) as stage:
        await stage.press("s", "f2", "C")
        # The first stays: a list without it says nothing.
        await stage.press("space", "down", "space", "escape")
        assert "Status" not in stage.part("#table")
        theme = stage.app.theme
    file.close(60)
    kept = StateFile(tmp_path / "state.json")
    assert kept.state.hidden == {"jobs": ("status",)}
    assert kept.state.theme == theme
    assert kept.state.orders["jobs"][1] is False
    async with on_stage(a_farm(), AT_JOBS, kept=kept) as stage:
        assert "Status" not in stage.part("#table")
        assert stage.app.theme == theme


async def test_the_place_is_kept_as_one_goes(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    async with on_stage(a_farm(), AT_JOBS, kept=file) as stage:
        await stage.press("enter")
        await stage.move(2)
    assert file.state.place is not None
    assert file.state.place.ids == (FARM_ID, QUEUE_ID, JOB_ID)


async def test_a_damaged_state_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("{")
    async with on_stage(a_farm(), AT_JOBS, kept=StateFile(path)) as stage:
        await stage.move(2)
        assert "was damaged and is begun anew" in " ".join(stage.text.split()).replace("▌ ", "")


def test_a_state_without_marks_is_not_touched(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    file.change(lambda state: replace(state, theme=""))
    assert not (tmp_path / "state.json").exists()


async def test_the_news_stays_in_a_narrow_footer() -> None:
    farm = a_farm()
    async with on_stage(farm, AT_SESSION, size=(80, 24)) as stage:
        await stage.press("m")
        await stage.move(5)
        await stage.press("escape", "escape")
        farm.answers["session"] = [a_session(lifecycle_status="UPDATE_IN_PROGRESS")]
        await stage.move(10)
        assert stage.lines[-1].rstrip().endswith("h History +1 M Marked +1 ? Help q Quit")
