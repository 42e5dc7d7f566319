"""Following a log, leaving its end, and reading what is older."""

from textual.events import MouseScrollUp

from tests.canned import a_fault
from tests.logs.model_log import ModelLog
from tests.ui.log.stage import at_log, log_screen, settle, state, under_cursor, write, written
from tests.ui.stage import Stage


def many(count: int) -> ModelLog:
    return written(*(f"line {number}" for number in range(count)))


def lines(stage: Stage) -> list[str]:
    """The lines in sight, without the bar that tells where they are."""
    return [line[:-2] for line in stage.part("#lines").splitlines()]


async def test_the_end_of_a_log_is_shown_and_followed() -> None:
    log = many(100)
    async with at_log(log) as stage:
        assert "line 99" in stage.text
        assert "● following" in state(stage)
        write(log, "the newest line")
        await stage.move(3)
        assert "the newest line" in stage.text
        assert under_cursor(stage) == "the newest line"


async def test_going_up_stops_following_and_counts_what_is_new() -> None:
    log = many(100)
    async with at_log(log) as stage:
        await stage.press("up")
        before = lines(stage)
        write(log, "one more", "and one more")
        await stage.move(3)
        assert lines(stage) == before
        assert "▼ 2 below, 2 new (G to follow)" in state(stage)
        await stage.press("G")
        await settle(stage)
        assert "and one more" in stage.text
        assert "● following" in state(stage)


async def test_going_down_to_the_last_line_follows_again() -> None:
    async with at_log(many(100)) as stage:
        await stage.press("up")
        assert not log_screen(stage).view.following
        await stage.press("down", "down")
        assert log_screen(stage).view.following


async def test_nothing_moves_under_a_reader_when_older_lines_come_in() -> None:
    async with at_log(many(9_000)) as stage:
        assert len(log_screen(stage).logs.browser.lanes[0].store) < 9_000
        await stage.press("home")
        first = under_cursor(stage)
        await stage.press("down")
        await settle(stage)
        assert len(log_screen(stage).logs.browser.lanes[0].store) > 5_000
        assert under_cursor(stage) == f"line {int(first.split()[1]) + 1}"


async def test_scrolling_up_reads_a_long_log_back_to_its_first_line() -> None:
    async with at_log(many(9_000)) as stage:
        assert "older lines load on scroll" in state(stage)
        for _ in range(4):
            await stage.press("home")
            await settle(stage)
            await stage.move(2)
        assert under_cursor(stage) == "line 0"
        assert "9,000 lines" in state(stage)


async def test_a_page_up_and_a_page_down_come_back_to_the_same_line() -> None:
    async with at_log(many(500)) as stage:
        await stage.press("pageup", "pageup")
        here = under_cursor(stage)
        await stage.press("pageup", "pagedown")
        assert under_cursor(stage) == here


async def test_lines_stay_while_the_log_is_out_of_reach() -> None:
    log = many(50)
    async with at_log(log) as stage:
        log.faults = [a_fault(operation="GetLogEvents")] * 30
        await stage.move(12)
        assert "line 49" in stage.text
        assert "OFFLINE" in stage.text


async def test_pausing_stops_asking_and_keeps_the_lines() -> None:
    log = many(50)
    async with at_log(log) as stage:
        await stage.press("p")
        write(log, "unheard")
        await stage.move(10)
        assert "unheard" not in stage.text
        assert "paused" in stage.text
        await stage.press("p")
        await stage.move(3)
        assert "unheard" in stage.text


async def test_coming_back_to_a_log_shows_what_was_read_and_goes_on() -> None:
    log = many(50)
    async with at_log(log) as stage:
        await stage.press("escape")
        assert "Session actions" in stage.text
        read = log.read
        write(log, "meanwhile")
        await stage.press("l")
        await settle(stage)
        assert "line 49" in stage.text
        await stage.move(3)
        assert "meanwhile" in stage.text
        assert log.read - read < 10


async def test_leaving_the_log_stops_asking_for_it() -> None:
    log = many(50)
    async with at_log(log) as stage:
        await stage.press("escape")
        asked = log.requests
        await stage.move(20)
        assert log.requests == asked


async def test_a_mouse_wheel_goes_through_the_lines() -> None:
    async with at_log(many(100)) as stage:
        view = log_screen(stage).view
        view.post_message(MouseScrollUp(view, 1, 1, 0, -1, 0, False, False, False))
        await settle(stage)
        assert not view.following
        assert "line 99" not in stage.part("#lines")
