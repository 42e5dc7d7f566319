from datetime import timedelta

import pytest
from msgspec.structs import replace

from farmwatch.aws.model import FaultKind, Page
from farmwatch.aws.session_action import SessionAction
from farmwatch.ui.screens.details import DetailsScreen
from farmwatch.ui.widgets.virtual_table import VirtualTable
from farmwatch.words.action import (
    action_end,
    action_message,
    action_name,
    action_rows,
    exit_words,
    notable,
    took_words,
)
from tests.canned import START, STEP_ID, a_fault, a_session, an_action
from tests.ui.stage import Stage
from tests.ui.test_session_screen import at_session

TIME_OUT = "TIMEOUT - Exceeded the allotted runtime limit."


def a_story() -> list[SessionAction]:
    """A session whose third frame fails."""
    environment = replace(an_action(0), kind="envEnter", environment_id="JOB:job-1:Maya 2025", step_id=None)
    return [
        environment,
        an_action(1, exit_code=0, ended_at=START),
        an_action(2, "FAILED", exit_code=7, message="Ran out of licences", ended_at=START, progress=40.0),
        an_action(3, "NEVER_ATTEMPTED"),
    ]


def action_table(stage: Stage) -> VirtualTable:
    return stage.app.screen.query_one("#action-table", VirtualTable)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, ""),
        (0, "0"),
        (7, "7"),
        (-9, "-9 (SIGKILL)"),
        (-15, "-15 (SIGTERM)"),
        (-99, "-99"),
        (137, "137 (SIGKILL)"),
        (-1073741819, "-1073741819 (0xC0000005)"),
    ],
)
def test_an_exit_code_reads_as_a_person_would(code: int | None, words: str) -> None:
    assert exit_words(code) == words


def test_an_action_is_named_for_what_it_does() -> None:
    environment, task, *_ = a_story()
    assert action_name(environment, {}) == "enter Maya 2025"
    assert action_name(replace(environment, kind="envExit"), {}) == "exit Maya 2025"
    assert action_name(task, {STEP_ID: "Render"}) == "Render  Frame=1"
    assert action_name(task, {}) == "step-4b1b2c7e  Frame=1"
    assert action_name(replace(task, kind="syncInputJobAttachments"), {STEP_ID: "Render"}).endswith(
        "of Render"
    )
    assert action_name(replace(task, kind="teleport"), {}) == "teleport"


def test_a_time_out_is_not_an_exit_code() -> None:
    timed_out = an_action(1, "FAILED", message=TIME_OUT, exit_code=-9)
    assert action_end(timed_out)[0] == "timed out, SIGKILL (-9)"
    assert action_end(replace(timed_out, exit_code=1))[0] == "timed out, 1"
    assert action_end(replace(timed_out, exit_code=None))[0] == "timed out"


def test_what_was_never_attempted_says_after_what() -> None:
    actions = a_story()
    assert action_message(actions[3], actions)[0] == "not started: action 2 failed (inferred)"


def test_what_was_never_attempted_says_what_the_service_says_where_it_does() -> None:
    told = replace(a_story()[3], message="Previous action failed: sessionaction-1-2")
    assert action_message(told, a_story())[0] == "Previous action failed: sessionaction-1-2"


def rows_of(action: SessionAction) -> dict[str, str]:
    return dict(action_rows(action, a_story(), {}, START))


def test_under_the_name_of_a_member_stands_what_the_reply_has_there_and_nothing_inferred() -> None:
    rows = rows_of(a_story()[3])
    assert rows["progressMessage"] == rows["processExitCode"] == "(missing)"
    assert rows["meaning"] == "not started: action 2 failed (inferred)"
    rows = rows_of(an_action(1, "FAILED", message=TIME_OUT, exit_code=-9))
    assert (rows["progressMessage"], rows["processExitCode"]) == (TIME_OUT, "-9")
    assert rows["ending"] == "timed out, SIGKILL (-9)"
    assert "ending" not in rows_of(an_action(1, exit_code=0))


def test_times_are_told_to_the_millisecond_where_seconds_would_make_start_and_end_the_same() -> None:
    short = an_action(1, ended_at=START + timedelta(milliseconds=9))
    assert took_words(short, START) == "9 ms"
    rows = rows_of(short)
    assert rows["startedAt"] == "2026-03-14T02:10:00.000+00:00"
    assert rows["endedAt"] == "2026-03-14T02:10:00.009+00:00"
    rows = rows_of(an_action(1, ended_at=START + timedelta(seconds=90)))
    assert (rows["endedAt"], rows["duration"]) == ("2026-03-14T02:11:30+00:00", "00:01:30")
    assert took_words(an_action(1, "RUNNING"), START) == "00:00:00", "it goes on"


def test_what_was_taken_away_is_told_apart_from_what_failed() -> None:
    taken = an_action(1, "INTERRUPTED")
    assert "taken away" in action_message(taken, [taken])[0]


def test_the_one_to_look_at_is_the_one_that_failed() -> None:
    chosen = notable(a_story())
    assert chosen is not None
    assert chosen.number == 2
    assert notable([]) is None


async def test_enter_shows_all_of_an_action_that_is_in_no_log() -> None:
    async with at_session(a_session(), actions=a_story()) as stage:
        await stage.press("down", "enter")
        assert isinstance(stage.app.screen, DetailsScreen)
        assert "not started: action 2" in stage.text


async def test_actions_stand_in_a_table_with_name_status_exit_and_message() -> None:
    async with at_session(a_session(), actions=a_story()) as stage:
        shown = stage.part("#action-table")
        assert "1 failed" in stage.part("#actions")
    for words in ("enter Maya", "Render  Frame=2", "✗ FAILED", "Ran out of licences", "– NEVER_ATT"):
        assert words in shown, words


async def test_the_cursor_starts_on_the_action_that_failed() -> None:
    async with at_session(a_session(), actions=a_story()) as stage:
        assert action_table(stage).cursor_key == a_story()[2].action_id


def two_frames() -> list[object]:
    """The first frame runs, then the second."""
    begun = (an_action(0), an_action(1, "RUNNING"), an_action(2, "ASSIGNED"))
    return [Page(begun), Page((an_action(0), an_action(1), an_action(2, "RUNNING")))]


async def test_the_cursor_goes_with_what_runs() -> None:
    async with at_session(a_session(), actions=two_frames()) as stage:
        assert action_table(stage).cursor_index == 1
        await stage.move(16)
        assert action_table(stage).cursor_index == 2


async def test_a_cursor_that_somebody_moved_stays_where_it_is() -> None:
    async with at_session(a_session(), actions=two_frames()) as stage:
        await stage.press("up")
        await stage.move(16)
        assert action_table(stage).cursor_index == 0


async def test_an_action_that_runs_has_a_bar_and_a_duration_that_goes_on() -> None:
    running = an_action(1, "RUNNING", progress=40.0)
    async with at_session(a_session(), actions=[running]) as stage:
        assert "━━━━──────  40 %" in stage.part("#action-table")
        await stage.move(3)
        await stage.wait_for(lambda: "00:00:03" in stage.part("#action-table"))


async def test_actions_that_run_are_asked_for_every_five_seconds_and_have_an_age_of_their_own() -> None:
    pages = [Page((an_action(1, "RUNNING"),)), Page((an_action(1, "SUCCEEDED"),))]
    async with at_session(a_session(), actions=pages) as stage:
        await stage.move(4)
        assert "● live 4 s" in stage.part("#actions")
        assert "● RUNNING" in stage.part("#action-table")
        await stage.move(1)
        assert "● live 0 s" in stage.part("#actions")
        assert "○ SUCCEEDED" in stage.part("#action-table")


async def test_r_asks_for_actions_at_once() -> None:
    pages = [Page((an_action(1, "RUNNING"),)), Page((an_action(1, "SUCCEEDED"),))]
    async with at_session(a_session(), actions=pages) as stage:
        await stage.press("r")
        assert "○ SUCCEEDED" in stage.part("#action-table")


async def test_a_key_shows_all_of_an_action() -> None:
    async with at_session(a_session(), actions=a_story()) as stage:
        await stage.press("D")
        assert isinstance(stage.app.screen, DetailsScreen)
        for words in ("Ran out of licences", "sessionaction-", "parameters.Frame", "taskId"):
            assert words in stage.text, words


async def test_a_fault_leaves_the_actions_dated_and_stands_among_the_errors() -> None:
    denied = a_fault(FaultKind.DENIED, operation="ListSessionActions", code="AccessDeniedException")
    async with at_session(a_session(), actions=[Page(tuple(a_story())), denied]) as stage:
        await stage.move(16)
        assert "Ran out of licences" in stage.part("#action-table")
        assert "as of 02:10:00" in stage.part("#actions")
        assert "ListSessionActions" in stage.part("#error-table")


async def test_what_ran_is_not_said_to_run_on_while_it_is_not_seen() -> None:
    running = Page((an_action(1, "RUNNING"),))
    async with at_session(a_session(), a_fault(), actions=[running, a_fault()]) as stage:
        await stage.move(40)
        assert "00:00:00" in stage.part("#action-table")
        assert "running 00:42:00" in stage.part("#session")
        assert action_table(stage).has_class("-stale")


async def test_while_polling_is_paused_the_actions_do_not_look_fresh_either() -> None:
    async with at_session(a_session(), actions=[an_action(1, "RUNNING")]) as stage:
        await stage.press("p")
        await stage.move(30)
        assert action_table(stage).has_class("-stale")
        assert "00:00:00" in stage.part("#action-table")
        assert "as of 02:10:00" in stage.part("#actions")


async def test_a_fault_instead_of_the_first_actions_is_told_in_their_place() -> None:
    async with at_session(a_session(), actions=[a_fault(FaultKind.DENIED)]) as stage:
        assert "The network is away." in stage.part("#action-table")


async def test_a_session_without_actions_says_so() -> None:
    async with at_session(a_session()) as stage:
        assert "has not been given anything yet" in stage.part("#action-table")


async def test_on_a_low_terminal_tab_turns_from_actions_to_errors() -> None:
    async with at_session(a_session(), a_fault(), size=(80, 24), actions=a_story()) as stage:
        await stage.move(3)
        assert "tab shows them" in stage.part("#errors-line")
        assert "tab Errors" in stage.lines[-1]
        await stage.press("tab")
        assert "tab shows them" in stage.part("#actions-line")
        assert "tab Actions" in stage.lines[-1]
        assert "tab Errors" not in stage.lines[-1]
        assert "The network is away." in stage.part("#error-table")
        await stage.press("tab")
        await stage.wait_for(lambda: "Render" in stage.part("#action-table"))
        assert "tab Errors" in stage.lines[-1]


async def test_leaving_the_screen_stops_asking_for_actions() -> None:
    async with at_session(a_session(), actions=a_story()) as stage:
        assert stage.farm.count("session_actions") >= 1
        await stage.press("escape")
        before = stage.farm.count("session_actions")
        await stage.move(60)
        assert stage.farm.count("session_actions") == before


async def test_when_the_session_ends_its_actions_are_asked_for_once_more_and_then_no_longer() -> None:
    ended = a_session(lifecycle_status="ENDED", ended_at=START)
    pages = [Page((an_action(1, "RUNNING"),)), Page((an_action(1, "SUCCEEDED"),))]
    async with at_session(a_session(), ended, actions=pages) as stage:
        await stage.move(4)
        assert "○ SUCCEEDED" in stage.part("#action-table")
        await stage.move(120)
        before = stage.farm.count("session_actions")
        await stage.move(600, step=10)
        assert stage.farm.count("session_actions") == before


async def test_the_clock_is_put_off_by_news_and_not_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_session(a_session()) as stage:
        drawn: list[str] = []
        monkeypatch.setattr(stage.app, "has_drawn", lambda: drawn.append("all"))
        stage.app.tick()
        assert drawn == []
        stage.clock.move(2)
        await stage.poll()
        assert drawn == ["all"]
