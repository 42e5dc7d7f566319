"""Searching, filtering and going from error to error."""

import pytest

from tests.canned import present
from tests.logs.model_log import ModelLog
from tests.ui.log.stage import at_failed, at_log, log_screen, settle, state, type_in, under_cursor, written
from tests.ui.stage import Stage


def a_log() -> ModelLog:
    return written(*("needle" if number % 100 == 50 else f"straw {number}" for number in range(400)))


async def search(stage: Stage, text: str, key: str = "/") -> None:
    await stage.press(key)
    await settle(stage)
    await type_in(stage, text)


async def test_a_search_goes_to_the_last_match_from_the_end_on() -> None:
    async with at_log(a_log()) as stage:
        await search(stage, "needle")
        assert under_cursor(stage) == "needle"
        assert "/needle  4 of 4 lines" in state(stage)


async def test_n_and_its_capital_go_to_the_next_and_the_one_before() -> None:
    async with at_log(a_log()) as stage:
        await search(stage, "needle")
        await stage.press("N")
        await stage.move(1)
        assert "3 of 4 lines" in state(stage)
        await stage.press("n")
        await stage.move(1)
        assert "4 of 4 lines" in state(stage)
        await stage.press("n")
        await stage.move(1)
        assert "No match below" in stage.text


async def test_every_occurrence_in_sight_is_marked() -> None:
    async with at_log(written("one needle, two needles", "none")) as stage:
        await search(stage, "needle")
        view = log_screen(stage).view
        strips = [view.render_line(y) for y in range(2)]
        colours = stage.app.theme_variables
        marked = [
            segment.text
            for strip in strips
            for segment in strip
            if segment.style
            and present(segment.style.bgcolor).name.casefold() == colours["warning"].casefold()
            # To be read on its ground, on the cursor's row as well.
            and present(segment.style.color).name.casefold() == colours["background"].casefold()
        ]
        assert marked == ["needle", "needle"]


@pytest.mark.parametrize(
    ("typed", "count"), [("warp", 2), ("Warp", 1), ("WARP", 0)], ids=["any case", "a capital", "capitals"]
)
async def test_a_capital_makes_the_case_matter(typed: str, count: int) -> None:
    async with at_log(written("Warp drive", "warp core", "weft")) as stage:
        await search(stage, typed)
        assert log_screen(stage).logs.browser.match_count == count


async def test_a_regular_expression_is_searched_for_when_asked() -> None:
    async with at_log(written("frame 7", "frame 12", "frame x")) as stage:
        await stage.press("/", "ctrl+r")
        await settle(stage)
        assert "regex" in stage.part("#prompt")
        await type_in(stage, r"frame \d+")
        assert "2 of 2 lines" in state(stage)


async def test_a_regular_expression_that_is_none_says_why_and_loses_nothing() -> None:
    async with at_log(written("frame 7")) as stage:
        await stage.press("/", "ctrl+r", *"(7")
        await settle(stage)
        assert "missing )" in stage.part("#prompt")
        await stage.press("enter")
        assert "(7" in stage.part("#prompt")
        await stage.press("escape")
        assert under_cursor(stage) == "frame 7"


async def test_what_is_typed_right_after_the_key_is_searched_for() -> None:
    async with at_log(a_log()) as stage:
        # All in one burst, as from a fast hand or a terminal that was held up.
        from textual.events import Key

        for key in ("slash", *"needle"):
            stage.app.post_message(Key(key, "/" if key == "slash" else key))
        await settle(stage)
        assert "needle" in stage.part("#prompt")


async def test_a_search_reads_the_whole_log() -> None:
    log = written(*("needle" if number == 7 else f"straw {number}" for number in range(9_000)))
    async with at_log(log) as stage:
        await search(stage, "needle")
        await stage.move(8)
        assert "9,000 lines" in state(stage)
        await stage.press("N")
        await settle(stage)
        assert under_cursor(stage) == "needle"


async def test_escape_gives_the_search_up_and_then_the_screen() -> None:
    async with at_log(a_log()) as stage:
        await search(stage, "needle")
        await stage.press("escape")
        assert "needle" not in state(stage)
        await stage.press("escape")
        assert "Session actions" in stage.text


async def test_a_filter_leaves_matching_lines_with_their_context() -> None:
    async with at_log(a_log()) as stage:
        await search(stage, "needle", key="&")
        shown = stage.part("#lines")
        assert "straw 349" in shown
        assert "straw 351" in shown
        assert "straw 353" not in shown
        assert "&needle ±2" in state(stage)
        await stage.press("C")
        await settle(stage)
        assert "straw" not in stage.part("#lines")
        assert "4 of 400 lines" in state(stage)


async def test_new_lines_are_filtered_as_they_come() -> None:
    log = a_log()
    async with at_log(log) as stage:
        await search(stage, "needle", key="&")
        for number, text in enumerate(["more straw", "needle again"]):
            log.add(log.events[-1][0] + 1000 + number, text)
        await stage.move(3)
        await settle(stage)
        assert "needle again" in stage.part("#lines")


async def test_a_filter_that_leaves_nothing_says_so() -> None:
    async with at_log(a_log()) as stage:
        await search(stage, "gold", key="&")
        assert "No match for “gold”." in stage.text
        assert "Escape shows all lines again." in stage.text
        await stage.press("escape")
        assert "straw 399" in stage.text


async def test_e_goes_from_error_to_error_and_a_traceback_counts_once() -> None:
    log = written(
        "ERROR: first",
        "fine",
        "Traceback (most recent call last):",
        '  File "render.py", line 1, in <module>',
        "KeyError: 'missing'",
        "fine",
        "openjd_fail: No licence",
        "fine",
    )
    async with at_log(log) as stage:
        found = []
        for _ in range(3):
            await stage.press("E")
            await settle(stage)
            found.append(under_cursor(stage))
        assert found == ["openjd_fail: No licence", "Traceback (most recent call last):", "ERROR: first"]
        await stage.press("e")
        await settle(stage)
        assert under_cursor(stage) == "Traceback (most recent call last):"


async def test_no_further_error_is_said() -> None:
    async with at_failed("fails", "l", "home", "e", "e", "e", "e", "e", "e") as stage:
        await stage.move(1)
        assert "No error below" in stage.text
