"""The line that is being read stays where it is on the screen, whatever is left out around it."""

from textual.events import MouseScrollUp
from textual.scrollbar import ScrollTo, ScrollUp

from tests.logs.model_log import ModelLog
from tests.ui.log.stage import (
    at_failed,
    at_log,
    log_screen,
    settle,
    state,
    type_in,
    under_cursor,
    write,
    written,
)
from tests.ui.stage import Stage


def straw(count: int = 400) -> ModelLog:
    """Every tenth line is a needle."""
    return written(
        *(f"{'needle' if number % 10 == 5 else 'straw'} {number}" for number in range(count)),
    )


def cursor_row(stage: Stage) -> int:
    """The row of the screen that the cursor is on."""
    rows = [y for y, line in enumerate(stage.part("#lines").splitlines()) if line.startswith(" ▸ ")]
    assert len(rows) == 1, stage.text
    return rows[0]


def thumb(stage: Stage) -> tuple[float, float]:
    """Where the thumb of the scroll bar begins and ends, of a bar of height 1."""
    bar = log_screen(stage).view.vertical_scrollbar
    room = bar.window_virtual_size - bar.window_size
    length = bar.window_size / bar.window_virtual_size
    start = (1 - length) * bar.position / room
    return start, start + length


async def filter_by(stage: Stage, text: str) -> None:
    await stage.press("&")
    await settle(stage)
    await type_in(stage, text)


# --- a filter -----------------------------------------------------------------------------------------


async def test_a_filter_keeps_the_line_that_is_read_where_it_is() -> None:
    async with at_log(straw()) as stage:
        await stage.press("pageup", "pageup", *["up"] * 4)
        while "needle" not in under_cursor(stage):
            await stage.press("up")
        line, row = under_cursor(stage), cursor_row(stage)
        assert row > 3
        await filter_by(stage, "needle")
        assert under_cursor(stage) == line
        assert cursor_row(stage) == row
        await stage.press("escape")
        await settle(stage)
        assert under_cursor(stage) == line
        assert cursor_row(stage) == row


async def test_a_line_that_a_filter_leaves_out_gives_its_place_to_the_nearest_and_comes_back() -> None:
    async with at_log(straw(900)) as stage:
        await stage.press(*["pageup"] * 6, "C")
        while under_cursor(stage)[-1] != "7":
            await stage.press("up")
        line, row = under_cursor(stage), cursor_row(stage)
        await filter_by(stage, "needle")
        assert under_cursor(stage) == f"needle {int(line.split()[1]) - 2}"
        assert cursor_row(stage) == row
        await stage.press("escape")
        await settle(stage)
        assert under_cursor(stage) == line
        assert cursor_row(stage) == row


async def test_a_line_chosen_under_a_filter_stays_when_the_filter_goes() -> None:
    async with at_log(straw()) as stage:
        await filter_by(stage, "needle")
        await stage.press(*["up"] * 12)
        line, row = under_cursor(stage), cursor_row(stage)
        await stage.press("escape")
        await settle(stage)
        assert under_cursor(stage) == line
        assert cursor_row(stage) == row


async def test_a_filter_over_the_end_goes_on_following() -> None:
    async with at_log(straw()) as stage:
        await filter_by(stage, "needle")
        assert "● following" in state(stage)
        await stage.press("escape")
        await settle(stage)
        assert "● following" in state(stage)
        assert under_cursor(stage) == "straw 399"


async def test_escape_in_the_search_prompt_leaves_the_search_that_was_there() -> None:
    async with at_log(straw()) as stage:
        await stage.press("/")
        await settle(stage)
        await type_in(stage, "needle")
        await stage.press("/", *"xyz", "escape")
        await settle(stage)
        assert "/needle" in state(stage)


# --- folding ------------------------------------------------------------------------------------------


async def test_folding_all_and_unfolding_comes_back_to_the_same_line_in_the_same_place() -> None:
    async with at_failed("fails", "l", "home", *["down"] * 30, size=(120, 24)) as stage:
        line, row = under_cursor(stage), cursor_row(stage)
        assert not line.startswith("---------")
        await stage.press("Z")
        await settle(stage)
        assert under_cursor(stage).startswith("--------- ")
        await stage.press("Z")
        await settle(stage)
        assert under_cursor(stage) == line
        assert cursor_row(stage) == row


async def test_folding_a_section_leaves_its_banner_where_the_line_was() -> None:
    async with at_failed("fails", "l", "home", *["down"] * 30, size=(120, 24)) as stage:
        line, row = under_cursor(stage), cursor_row(stage)
        await stage.press("z")
        await settle(stage)
        assert under_cursor(stage).startswith("--------- ")
        await stage.press("z")
        await settle(stage)
        assert under_cursor(stage) == line
        assert cursor_row(stage) == row


async def test_folding_at_the_end_goes_on_following() -> None:
    async with at_failed("fails", "l", "z") as stage:
        assert log_screen(stage).view.following


async def test_one_of_many_identical_lines_comes_back_when_they_are_unfolded() -> None:
    log = written(*(f"line {number}" for number in range(50)), *["same"] * 9, "end")
    async with at_log(log) as stage:
        await stage.press("up", "u", "down", "down", "down", "u")
        await settle(stage)
        assert under_cursor(stage) == "same"
        assert "×9 the same" in stage.part("#lines").splitlines()[cursor_row(stage)]
        await stage.press("u")
        await settle(stage)
        cursor = log_screen(stage).view.cursor
        store = log_screen(stage).logs.browser.lanes[0].store
        assert cursor is not None
        assert store.text(cursor[1] + 1) == "same"
        assert store.text(cursor[1] - 1) == "same"


# --- the other log ------------------------------------------------------------------------------------


async def test_the_worker_log_opens_at_the_time_of_the_line_that_is_read_and_tab_comes_back() -> None:
    async with at_failed("fails", "l", "home", *["down"] * 30, size=(120, 24)) as stage:
        screen = log_screen(stage)
        line, row, cursor = under_cursor(stage), cursor_row(stage), screen.view.cursor
        assert cursor is not None
        at = screen.logs.browser.lanes[0].store.at(cursor[1])
        await stage.press("tab")
        await stage.move(2)
        await settle(stage)
        assert not screen.view.following
        lane, number = screen.view.cursor or (0, 0)
        assert lane == 1
        rows = screen.logs.browser.rows
        store = screen.logs.browser.lanes[1].store
        distances = [abs(store.at(rows.line(row)[1]) - at) for row in range(len(rows))]
        assert abs(store.at(number) - at) == min(distances)
        await stage.press("tab")
        await settle(stage)
        assert under_cursor(stage) == line
        assert cursor_row(stage) == row


async def test_the_other_log_is_followed_as_this_one_was() -> None:
    async with at_failed("fails", "l", "tab") as stage:
        await stage.move(2)
        assert log_screen(stage).view.following


async def test_merging_both_logs_keeps_the_line() -> None:
    async with at_failed("fails", "l", "home", *["down"] * 30, size=(120, 24)) as stage:
        line, row = under_cursor(stage), cursor_row(stage)
        await stage.press("i")
        await stage.move(2)
        await settle(stage)
        assert under_cursor(stage) == line
        assert cursor_row(stage) == row
        await stage.press("i")
        await settle(stage)
        assert under_cursor(stage) == line
        assert cursor_row(stage) == row


# --- wrapping -----------------------------------------------------------------------------------------


async def test_wrapping_keeps_the_line() -> None:
    log = written(*(f"line {number} " + "x" * (number % 7) * 40 for number in range(300)))
    async with at_log(log) as stage:
        await stage.press("pageup", "pageup", *["up"] * 5)
        line, row = under_cursor(stage), cursor_row(stage)
        await stage.press("w")
        assert under_cursor(stage) == line
        assert cursor_row(stage) == row
        await stage.press("w")
        assert under_cursor(stage) == line
        assert cursor_row(stage) == row


async def test_a_wrapped_line_that_is_longer_than_the_page_is_read_to_its_end() -> None:
    text = " ".join(f"word{number}" for number in range(1_000))
    async with at_log(written("before", text, "after"), size=(80, 24)) as stage:
        await stage.press("w", "home", "down")
        assert "word0 " in stage.part("#lines")
        seen = set(stage.part("#lines").split())
        for _ in range(200):
            if "after" in stage.part("#lines"):
                break
            await stage.press("down")
            seen |= set(stage.part("#lines").split())
        assert "after" in stage.part("#lines")
        # (A word that is broken between two rows is in two parts.)
        assert len({word for word in text.split() if word in seen}) > 850
        await stage.press("pageup", "pageup", "pageup", "pageup", "pageup", "pageup", "pageup", "pageup")
        await stage.press("pageup", "pageup")
        assert "before" in stage.part("#lines")


# --- the bar, the wheel, what is below ----------------------------------------------------------------


async def test_the_thumb_of_the_scroll_bar_is_at_the_end_where_the_text_is() -> None:
    for keys in ((), ("w",), ("Z",), ("&",)):
        log = written(*(f"line {number} " + "x" * 300 for number in range(100)))
        async with at_log(log) as stage:
            if keys == ("&",):
                await filter_by(stage, "line")
            else:
                await stage.press(*keys)
            await settle(stage)
            assert round(thumb(stage)[1], 2) == 1.0, keys
            await stage.press("home")
            assert thumb(stage)[0] == 0.0, keys


async def test_the_thumb_of_the_scroll_bar_is_as_long_as_the_part_in_sight() -> None:
    log = written(*(f"line {number} " + "x" * 300 for number in range(100)))
    async with at_log(log, size=(120, 36)) as stage:
        await stage.press("w", "home")
        in_sight = sum("line" in line for line in stage.part("#lines").splitlines())
        assert abs(thumb(stage)[1] - in_sight / 100) < 0.02


async def test_no_bar_is_shown_where_all_of_a_wrapped_log_is_in_sight() -> None:
    async with at_log(written("one", "two", "three")) as stage:
        await stage.press("w")
        await settle(stage)
        assert not log_screen(stage).view.show_vertical_scrollbar


async def test_dragging_the_scroll_bar_up_stops_following() -> None:
    log = straw()
    async with at_log(log) as stage:
        view = log_screen(stage).view
        view.vertical_scrollbar.post_message(ScrollTo(y=100))
        await settle(stage)
        assert not view.following
        assert "straw 100" in stage.part("#lines")
        write(log, "newest")
        await stage.move(3)
        assert "straw 100" in stage.part("#lines")


async def test_a_click_above_the_thumb_goes_a_page_up_and_stops_following() -> None:
    async with at_log(straw()) as stage:
        view = log_screen(stage).view
        view.vertical_scrollbar.post_message(ScrollUp())
        await settle(stage)
        assert not view.following
        assert "straw 399" not in stage.part("#lines")


async def test_the_cursor_stays_in_sight_when_the_wheel_is_turned() -> None:
    async with at_log(straw()) as stage:
        for _ in range(5):
            await stage.pilot._post_mouse_events([MouseScrollUp], "#lines")  # noqa: SLF001 - no public door
        await settle(stage)
        line = under_cursor(stage)
        assert cursor_row(stage) == log_screen(stage).view.size.height - 1
        await stage.press("up")
        assert int(under_cursor(stage).split()[1]) == int(line.split()[1]) - 1


async def test_what_is_said_to_be_below_is_below() -> None:
    log = straw()
    async with at_log(log) as stage:
        await stage.press("home", "pagedown")
        last = stage.part("#lines").splitlines()[-1].split()[-1]
        assert f"▼ {399 - int(last)} below" in state(stage)
        write(log, "one more", "and one more")
        await stage.move(3)
        await settle(stage)
        assert f"▼ {401 - int(last)} below, 2 new" in state(stage)


async def test_what_a_filter_leaves_out_is_not_said_to_be_below() -> None:
    async with at_log(straw(40), size=(120, 60)) as stage:
        await stage.press("C", "up")
        await filter_by(stage, "needle")
        assert "below" not in state(stage)
        await stage.press("escape")
        await settle(stage)
        assert "below" not in state(stage)


async def test_lines_below_are_counted_when_they_are_wrapped() -> None:
    log = written(*(f"line {number} " + "x" * 300 for number in range(100)))
    async with at_log(log) as stage:
        await stage.press("w", "home")
        last = max(int(line.split()[-2]) for line in stage.part("#lines").splitlines() if " line " in line)
        assert f"▼ {99 - last} below" in state(stage)


async def test_following_does_not_move_sideways() -> None:
    log = written(*("x" * 150 + f" tail {number}" for number in range(60)))
    async with at_log(log) as stage:
        await stage.press("right", "right", "right", "right")
        assert "tail 59" in stage.part("#lines")
        write(log, "x" * 150 + " tail 60")
        await stage.move(3)
        assert "tail 60" in stage.part("#lines")
        assert "● following" in state(stage)


async def test_text_is_never_moved_aside_out_of_sight() -> None:
    async with at_log(written("short", "x" * 130 + " tail")) as stage:
        await stage.press(*["right"] * 40)
        assert "tail" in stage.part("#lines")
        assert "‹" in stage.part("#lines")
