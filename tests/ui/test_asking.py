"""Asking to be told of something of one's own: the dialog, what is waited for, what is muted until when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace
from textual.widgets import OptionList

from farmwatch.aws.model import FaultKind, Page
from farmwatch.config.settings import Settings
from farmwatch.config.state import KeptAsked, StateFile
from farmwatch.logs.times import milliseconds
from farmwatch.monitor.asked import Waiting
from farmwatch.monitor.own_watches import MOST
from farmwatch.ui.screens.alerts.screen import AlertsScreen
from farmwatch.ui.screens.asking import AskScreen
from farmwatch.ui.screens.details import DetailsScreen
from farmwatch.ui.screens.log.screen import LogScreen
from farmwatch.ui.screens.picker.marked import MarkedScreen
from farmwatch.ui.screens.picker.screen import PickerScreen
from farmwatch.ui.screens.session.screen import SessionScreen
from farmwatch.ui.screens.wall.screen import WallScreen
from tests.canned import (
    FARM_ID,
    JOB_ID,
    QUEUE_ID,
    SESSION_ID,
    START,
    CannedFarm,
    a_fault,
    a_job,
    a_session,
    a_summary,
)
from tests.logs.model_log import ModelLog
from tests.ui.log.stage import AT_SESSION, farm_with
from tests.ui.stage import Stage, on_stage
from tests.ui.test_acting import notices
from tests.ui.test_alerts import at_alerts, go_to
from tests.wall.night import Night, Run

AT_QUEUE = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID)
AT_JOB = replace(AT_QUEUE, job_id=JOB_ID)
JOB = a_job(1, "RUNNING", job_id=JOB_ID, name="sq010_lgt")


def a_farm(**answers: Any) -> CannedFarm:
    given = {
        "search_jobs": Page((JOB,), total=1),
        "job": JOB,
        "sessions": Page((a_summary(1),)),
        "session": a_session(),
        "session_actions": Page(()),
    }
    return CannedFarm(**{**given, **answers})


def ended(**changes: Any) -> Any:
    return a_session(lifecycle_status="ENDED", ended_at=START, **changes)


def waiting(stage: Stage) -> list[Waiting]:
    return list(stage.app.walls.own.waiting)


def kinds(stage: Stage) -> list[tuple[str, str]]:
    return [(one.kind.value, one.kept.name) for one in waiting(stage)]


def titles(stage: Stage) -> list[str]:
    """What can be asked for."""
    screen = stage.app.screen
    assert isinstance(screen, AskScreen)
    options = screen.query_one(OptionList).options
    return [str(one.prompt).split("  ")[0] for one in options]


def told(stage: Stage) -> list[str]:
    alerts = stage.app.walls.judge().observed.alerts
    return [f"{one.name}: {one.words}" for one in alerts if one.is_asked and one.notified_at is not None]


def toasts(stage: Stage) -> list[tuple[str, str]]:
    """What is told over the screen, by its title, and how it looks."""
    return [(one.title, one.severity) for one in stage.app._notifications]  # noqa: SLF001 - as in notices


async def chosen(stage: Stage) -> str:
    """What stands below the alerts of the row under the cursor; what lies over it is taken away."""
    stage.app.clear_notifications()
    await stage.move(1)
    return " ".join(stage.part("#alerts-chosen").split())


async def write(stage: Stage, text: str) -> None:
    await stage.press(*text, "enter")


# --- the dialog ---------------------------------------------------------------------------------------------


async def test_a_session_tells_when_it_ends_and_the_alerts_list_it_until_then() -> None:
    farm = a_farm()
    async with on_stage(farm, AT_SESSION, tells=True) as stage:
        await stage.move(3)
        await stage.press("exclamation_mark")
        assert titles(stage) == [
            "It ends",
            "A line of its log matches",
            "All of the job has ended",
            "A line of the job's logs matches",
        ]
        assert "sq010_lgt" in stage.part("#choices")
        await stage.press("enter")
        assert isinstance(stage.app.screen, SessionScreen)
        assert "You will be told: it ends (sq010_lgt); A lists it." in notices(stage)
        assert kinds(stage) == [("ended", "sq010_lgt")]
        farm.answers["session"] = [ended()]
        await stage.move(30, 5)
        assert told(stage) == ["sq010_lgt: it has ended: no action failed"]
        words = "sq010_lgt: it has ended: no action failed"
        await stage.wait_for(lambda: (words, "information") in toasts(stage))
        assert "alert" not in stage.line(0), "it is no trouble"
        await stage.press("A")
        await stage.move(2)
        row = next(line for line in stage.lines if "○ told" in line)
        assert "sq010_lgt" in row
        assert waiting(stage) == []


async def test_one_that_has_ended_already_is_told_at_once() -> None:
    async with on_stage(a_farm(session=ended()), AT_SESSION, tells=True) as stage:
        await stage.move(3)
        await stage.press("exclamation_mark")
        assert "what has ended already is told at once" in stage.text
        await stage.press("enter")
        await stage.move(10, 5)
        assert len(told(stage)) == 1


async def test_a_job_of_the_list_tells_when_all_of_it_has_ended() -> None:
    farm = a_farm()
    async with on_stage(farm, AT_QUEUE) as stage:
        await stage.press("exclamation_mark")
        assert titles(stage) == ["All of the job has ended", "A line of the job's logs matches"]
        await stage.press("enter")
        assert isinstance(stage.app.screen, PickerScreen)
        assert kinds(stage) == [("all ended", "sq010_lgt")]
        await stage.move(20, 5)
        farm.answers["session"] = [ended()]
        farm.answers["sessions"] = [Page((a_summary(1, lifecycle_status="ENDED", ended_at=START),))]
        farm.answers["sessions_by_id"] = [lambda refs: {ref.session_id: ended() for ref in refs}]
        farm.answers["job"] = [replace(JOB, task_run_status="SUCCEEDED", ended_at=START)]
        await stage.move(90, 5)
        assert told(stage) == ["sq010_lgt: all of it has ended, SUCCEEDED: no action failed"]


async def test_a_session_of_the_list_and_one_that_is_marked_can_be_asked_about() -> None:
    async with on_stage(a_farm(), AT_JOB) as stage:
        await stage.move(3)
        await stage.press("exclamation_mark", "enter")
        (one,) = waiting(stage)
        assert (one.kept.ids[:3], len(one.kept.ids)) == ((FARM_ID, QUEUE_ID, JOB_ID), 4)
        await stage.press("m", "M")
        await stage.move(3)
        assert isinstance(stage.app.screen, MarkedScreen)
        await stage.press("exclamation_mark")
        assert len(titles(stage)) == 4
        await stage.press("enter")
        assert "That is waited for already" in notices(stage)
        assert len(waiting(stage)) == 1


async def test_where_nothing_can_end_the_key_is_not_there_or_says_so() -> None:
    async with on_stage(a_farm(queues=Page(())), Settings(farm_id=FARM_ID)) as stage:
        await stage.press("exclamation_mark")
        assert isinstance(stage.app.screen, PickerScreen)
    async with on_stage(a_farm(search_jobs=Page((), total=0)), AT_QUEUE) as stage:
        await stage.press("exclamation_mark")
        assert isinstance(stage.app.screen, PickerScreen)
        assert "There is nothing here that could end." in notices(stage)


async def test_on_the_wall_the_row_and_all_of_it_can_be_asked_about() -> None:
    night = Night(Run(1, frame=11), Run(2, job=2, frame=12))
    async with on_stage(night) as stage:
        await stage.press("W")
        await stage.move(30, 5)
        await stage.press("exclamation_mark")
        assert titles(stage) == [
            "It ends",
            "A line of its log matches",
            "All of the job has ended",
            "A line of the job's logs matches",
            "All of the wall has ended",
            "A line of the wall's logs matches",
        ]
        of_job = next(line for line in stage.lines if "All of the job" in line)
        assert of_job.strip(" │").split("  ")[-1].strip() in ("shot_01", "shot_02"), "a job has no frame"
        await stage.press("end", "up", "enter")
        assert isinstance(stage.app.screen, WallScreen)
        assert "You will be told: all of the wall has ended; A lists it." in notices(stage)
        assert kinds(stage) == [("all ended", "")]
        for run in night.runs:
            run.lifecycle, run.status = "ENDED", "SUCCEEDED"
        await stage.move(300, 10)
        assert told(stage) == ["wall: nothing runs on it any more"]
        await stage.press("A")
        await stage.move(2)
        assert "0 firing   1 told" in stage.line(2)


async def test_a_line_of_any_log_of_the_wall_can_be_asked_for() -> None:
    log = ModelLog()
    async with on_stage(Night(Run(1), Run(2, job=2), log_page=[log]), tells=True) as stage:
        await stage.press("W")
        await stage.move(30, 5)
        await stage.press("exclamation_mark", "end", "enter")
        assert "lines from now on; 20 logs are read at a time" in stage.text
        await write(stage, "out of memory")
        assert kinds(stage) == [("line", "")]
        await stage.move(20, 5)
        log.add(milliseconds(stage.clock.now()), "CUDA: out of memory")
        await stage.move(30, 5)
        assert told(stage) == ["wall: a line matched out of memory"]
        await stage.press("A")
        await stage.move(2)
        assert "CUDA: out of memory" in stage.text


async def test_of_several_rows_that_are_picked_each_is_told() -> None:
    async with on_stage(Night(Run(1), Run(2, job=2), Run(3, job=2))) as stage:
        await stage.press("W")
        await stage.move(30, 5)
        await stage.press("space", "space", "exclamation_mark")
        assert titles(stage)[0] == "Each of them ends"
        await stage.press("enter")
        assert [one for one, _ in kinds(stage)] == ["ended", "ended"]
        assert "2 sessions, told one by one" in notices(stage)


async def test_where_only_some_of_them_can_be_waited_for_it_says_how_many() -> None:
    file = StateFile(None)
    ids = [(FARM_ID, QUEUE_ID, JOB_ID, f"session-{number:032x}") for number in range(1_000, 999 + MOST)]
    kept = tuple(KeptAsked("elsewhere", one, "ended", START, "old") for one in ids)
    file.change(lambda state: replace(state, asked=kept))
    async with on_stage(Night(Run(1), Run(2, job=2)), kept=file) as stage:
        await stage.press("W")
        await stage.move(30, 5)
        await stage.press("space", "space", "exclamation_mark", "enter")
        assert "1 of 2 are waited for now. 100 things are waited for already" in notices(stage)
        assert len(waiting(stage)) == MOST


async def test_escape_waits_for_nothing() -> None:
    async with on_stage(a_farm(), AT_SESSION) as stage:
        await stage.press("exclamation_mark", "down", "enter", *"abc", "escape")
        assert len(titles(stage)) == 4
        await stage.press("escape")
        assert isinstance(stage.app.screen, SessionScreen)
        assert waiting(stage) == []


# --- a line of a log ----------------------------------------------------------------------------------------


async def test_a_line_of_the_log_is_told_with_its_pattern() -> None:
    log = ModelLog()
    log.add(milliseconds(START) - 1000, "saving frame 1")
    async with on_stage(farm_with(log), AT_SESSION) as stage:
        await stage.press("l")
        await stage.move(3)
        assert isinstance(stage.app.screen, LogScreen)
        await stage.press("exclamation_mark", "down", "enter")
        await write(stage, "saving frame")
        assert isinstance(stage.app.screen, LogScreen)
        (one,) = waiting(stage)
        assert (one.kind.value, one.kept.pattern) == ("line", "saving frame")
        await stage.move(10)
        assert told(stage) == [], "it was written before somebody asked"
        log.add(milliseconds(stage.clock.now()), "saving frame 2")
        await stage.move(20)
        assert [one.rpartition(": ")[2] for one in told(stage)] == ["a line matched saving frame"]


async def test_a_pattern_that_cannot_be_is_said_and_what_was_typed_stays() -> None:
    async with on_stage(a_farm(), AT_SESSION) as stage:
        await stage.press("exclamation_mark", "down", "enter", "enter")
        assert isinstance(stage.app.screen, AskScreen)
        await write(stage, "frame(")
        assert "It is no regular expression" in stage.text
        assert "frame(" in stage.part("#pattern")
        await stage.press(*["backspace"] * 6)
        await write(stage, "(a+)+$")
        assert "can take for ever" in stage.text
        assert "(a+)+$" in stage.part("#pattern")
        assert waiting(stage) == []
        await stage.press("backspace", "backspace")
        await stage.press("enter")
        assert [one.kept.pattern for one in waiting(stage)] == ["(a+)"]


# --- what is waited for, and muted, on the alerts -----------------------------------------------------------


async def test_what_is_waited_for_stands_below_the_alerts_whole_and_u_ends_it() -> None:
    async with on_stage(a_farm(), AT_SESSION, size=(80, 24)) as stage:
        await stage.move(3)
        await stage.press("exclamation_mark", "down", "enter")
        await write(stage, "saving the very last frame of all")
        await stage.press("A")
        await stage.move(3)
        assert "1 waiting" in stage.line(2)
        row = next(line for line in stage.lines if "◌ waiting" in line)
        assert "sq010_lgt" in row
        assert "for a line like saving the very last frame of all" in await chosen(stage)
        await stage.press("slash", *"nothing")
        assert "◌ waiting" not in stage.text
        await stage.press("escape", "d")
        assert isinstance(stage.app.screen, DetailsScreen)
        assert SESSION_ID in stage.text
        await stage.press("escape", "enter")
        assert isinstance(stage.app.screen, SessionScreen)
        await stage.press("escape", "u")
        await stage.move(3)
        assert "◌ waiting" not in stage.text
        assert waiting(stage) == []
        assert stage.app.kept.state.asked == ()


async def test_what_cannot_be_seen_says_why_and_has_not_ended() -> None:
    farm = a_farm()
    async with on_stage(farm, AT_SESSION, tells=True) as stage:
        await stage.move(3)
        await stage.press("exclamation_mark", "enter", "A")
        farm.answers["session"] = [a_fault(FaultKind.GONE)]
        await stage.move(30, 5)
        assert "? cannot see" in stage.text
        assert a_fault(FaultKind.GONE).sentence in await chosen(stage)
        assert told(stage) == []


async def test_a_mute_stands_with_its_end_and_is_ended_where_no_alert_of_its_kind_is_left() -> None:
    night = Night(Run(1, job=1, frame=11, worker=1, lifecycle="UPDATE_FAILED"))
    async with at_alerts(night) as stage:
        await go_to(stage, "shot_01")
        await stage.press("z", *"job 40h", "enter")
        await stage.move(5)
        assert "1 muted" in stage.line(2)
        night.runs[0].lifecycle = "STARTED"
        await stage.move(60, 5)
        await stage.move(14 * 3600, 1800)
        alerts = stage.app.screen
        assert isinstance(alerts, AlertsScreen)
        assert [one for one in alerts.observed.alerts if "shot_01" in one.name] == []
        row = next(line for line in stage.lines if "· mute" in line)
        assert "job shot_01" in row
        assert "until " in row
        alerts.table.cursor_key = f"mute {alerts.observed.mutes[0].id}"
        await stage.press("u")
        assert alerts.observed.mutes == ()
        assert "· mute" not in stage.text


async def test_quiet_hours_are_said_with_their_end() -> None:
    quiet = replace(Settings().alerts, quiet_hours=("02:00-03:00",))
    settings = replace(Settings(), alerts=quiet)
    async with on_stage(Night(Run(1, lifecycle="UPDATE_FAILED")), settings) as stage:
        await stage.press("A")
        await stage.move(60, 5)
        assert "quiet hours until 03:00" in stage.line(2)
        assert stage.app.walls.open_alerts == 1


async def test_a_restart_goes_on_waiting(tmp_path: Path) -> None:
    file, farm = StateFile(tmp_path / "state.json"), a_farm()
    async with on_stage(farm, AT_SESSION, kept=file) as stage:
        await stage.move(3)
        await stage.press("exclamation_mark", "enter")
    file.close(60)
    kept = StateFile(tmp_path / "state.json")
    async with on_stage(farm, AT_QUEUE, kept=kept) as stage:
        assert kinds(stage) == [("ended", "sq010_lgt")]
        farm.answers["session"] = [ended()]
        await stage.move(30, 5)
        assert len(told(stage)) == 1


async def test_a_hostile_name_is_text_in_the_dialog_and_in_the_row() -> None:
    name = "[@click=app.quit]x[/] \x1b[2J\u202egnp.exe"
    night = Night(Run(1))
    night.answers["jobs_by_id"] = [lambda ids: {of: a_job(1, job_id=of, name=name) for *_, of in ids}]
    async with on_stage(night) as stage:
        await stage.press("W")
        await stage.move(30, 5)
        await stage.press("exclamation_mark")
        assert "[@click=app.quit]x[/]" in stage.part("#choices")
        await stage.press("enter", "A")
        await stage.move(3)
        assert "[@click=app.quit]x[/]" in stage.text
        assert "\x1b" not in stage.text
        assert "\u202e" not in stage.text
