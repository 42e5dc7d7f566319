"""The line below the log, and the keys under it, say what is switched on and what the next key does."""

from datetime import timedelta

import pytest

from farmwatch.aws.model import LogConfiguration
from farmwatch.words.log import fitting
from tests.canned import START, EmptyLog, a_fault, a_session
from tests.ui.log.stage import at_failed, at_log, log_screen, settle, state, type_in, write, written
from tests.ui.stage import Stage


def keys(stage: Stage) -> str:
    """The last line of the screen."""
    return stage.text.splitlines()[-1].rstrip()


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80", "120"])
async def test_selecting_lines_shows_at_once_and_before_anything_else(size: tuple[int, int]) -> None:
    async with at_log(written(*(f"line {number}" for number in range(99))), size=size) as stage:
        await stage.press("v")
        assert state(stage).strip().startswith("SELECTING 1 line (↑ ↓, y copies, esc ends)")
        await stage.press("up")
        assert "SELECTING 2 lines" in state(stage)
        await stage.press("escape")
        assert "SELECTING" not in state(stage)
        await stage.press("v", "v")
        assert "SELECTING" not in state(stage)


async def test_which_events_of_the_worker_are_shown_is_said_with_what_the_key_does() -> None:
    async with at_failed("fails", "l", "tab", size=(80, 24)) as stage:
        await stage.move(2)
        assert "this session's events (a: all)" in state(stage)
        await stage.press("a")
        await settle(stage)
        assert "all events (a: this session's)" in state(stage)
        assert "UpdateWorkerSchedu" in stage.part("#lines")
        await stage.press("a")
        await settle(stage)
        assert "this session's events (a: all)" in state(stage)
        # Far from the end there is room for it as well.
        await stage.press("home", "a")
        await settle(stage)
        assert "below (G to" in state(stage)
        assert "all events (a: this session's)" in state(stage)


async def test_on_the_session_log_the_key_leads_to_all_events_of_the_worker() -> None:
    async with at_failed("fails", "l", "a") as stage:
        await stage.move(2)
        assert "all events (a: this session's)" in state(stage)
        await stage.press("tab", "a")
        await stage.move(2)
        assert "all events (a: this session's)" in state(stage)


async def test_with_both_logs_merged_the_state_says_whose_events_are_shown() -> None:
    async with at_failed("fails", "l", "i") as stage:
        await stage.move(2)
        assert "worker: this session's events (a: all)" in state(stage)


async def test_the_key_to_the_other_log_names_it() -> None:
    async with at_failed("fails", "l", size=(80, 24)) as stage:
        assert "tab Worker log" in keys(stage)
        assert keys(stage).endswith("q Quit")
        await stage.press("tab")
        await stage.wait_for(lambda: "tab Session log" in keys(stage))


async def test_the_same_key_leads_from_the_outline_to_the_log_and_says_so() -> None:
    async with at_failed("fails", "l", "o") as stage:
        await stage.wait_for(lambda: "tab Log" in keys(stage))
        await stage.press("tab")
        assert log_screen(stage).view.has_focus
        assert "session log" in stage.text
        await stage.wait_for(lambda: "tab Worker log" in keys(stage))


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("/", "⏎ Search ^r Regular expression esc Cancel"),
        ("&", "⏎ Filter ^r Regular expression esc Cancel"),
        ("s", "⏎ Save esc Cancel"),
    ],
    ids=["search", "filter", "save"],
)
@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80", "120"])
async def test_a_prompt_shows_its_own_keys_and_no_others(key: str, shown: str, size: tuple[int, int]) -> None:
    async with at_log(written("a line"), size=size) as stage:
        await stage.press(key)
        await stage.wait_for(lambda: keys(stage).strip() == shown)
        await stage.press("escape")
        await stage.wait_for(lambda: "tab Worker log" in keys(stage))


async def test_the_key_to_the_other_log_does_not_leave_a_prompt() -> None:
    async with at_log(written("a line")) as stage:
        await stage.press("/", *"li", "tab", "n")
        assert "session log" in stage.text
        assert "lin" in stage.part("#prompt")


async def test_a_log_that_nothing_more_comes_to_is_not_followed() -> None:
    session = a_session(lifecycle_status="ENDED", ended_at=START - timedelta(hours=1))
    async with at_log(written(*(f"line {number}" for number in range(99))), session=session) as stage:
        await stage.move(10)
        await stage.wait_for(lambda: "final" in stage.text)
        assert "○ end of the log" in state(stage)
        assert "following" not in stage.text
        await stage.press("home")
        assert "below (G to the end)" in state(stage)
        assert "follow" not in stage.text


async def test_a_log_that_is_paused_or_out_of_reach_is_not_said_to_be_followed_as_if_it_were_live() -> None:
    log = written("a line")
    async with at_log(log) as stage:
        await stage.press("p")
        assert "– following" in state(stage)
        await stage.press("p")
        await stage.move(1)
        assert "● following" in state(stage)
        log.faults = [a_fault(operation="GetLogEvents")] * 30
        await stage.move(3)
        assert "– following" in state(stage)


async def test_what_is_searched_for_has_room_at_the_smallest_size() -> None:
    async with at_log(written(*(f"line {number}" for number in range(99))), size=(80, 24)) as stage:
        await stage.press("/")
        await settle(stage)
        await type_in(stage, "line")
        await stage.press("home")
        assert "/line  1 of 99 lines" in state(stage)
        assert "▼ 80 below (G to follow)" in state(stage)


async def test_a_line_says_at_once_how_many_are_below_when_more_come() -> None:
    log = written(*(f"line {number}" for number in range(99)))
    async with at_log(log) as stage:
        await stage.press("home")
        before = state(stage)
        write(log, "one more")
        await stage.move(3)
        assert state(stage) != before
        assert log_screen(stage).view.below == 100 - log_screen(stage).view.size.height
        assert ", 1 new (G to follow)" in state(stage)


def test_groups_that_do_not_fit_are_left_out_whole() -> None:
    groups = [[("first", "")], [], [("second", ""), (" of two", "muted")], [("third", "")]]
    assert "".join(text for text, _ in fitting(groups, 40)) == "first   second of two   third"
    assert "".join(text for text, _ in fitting(groups, 25)) == "first   second of two"
    assert "".join(text for text, _ in fitting(groups, 15)) == "first   third"
    assert "".join(text for text, _ in fitting(groups, 3)) == "first"


async def test_a_log_that_is_not_read_at_all_is_not_said_to_be_followed() -> None:
    session = a_session(log=LogConfiguration("splunk", {}, {}))
    async with at_log(EmptyLog(), session=session) as stage:
        assert "The log driver is splunk" in stage.text
        assert "follow" not in state(stage)


async def test_an_empty_log_that_is_over_is_not_said_to_be_followed() -> None:
    session = a_session(lifecycle_status="ENDED", ended_at=START - timedelta(hours=1))
    async with at_log(EmptyLog(), session=session) as stage:
        await stage.move(200, step=2.0)
        assert "nothing was written to it" in stage.text
        assert "follow" not in state(stage)
