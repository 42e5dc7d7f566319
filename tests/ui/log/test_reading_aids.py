"""What makes a log readable: folding, the outline, times, wrapping, lines drawn as what they are."""

from farmwatch.ui.widgets.virtual_table import VirtualTable
from tests.canned import present
from tests.ui.log.stage import (
    at_failed,
    at_log,
    capture,
    log_screen,
    settle,
    state,
    under_cursor,
    written,
)


async def test_directives_are_drawn_as_what_they_are() -> None:
    log = written("openjd_progress: 40", "openjd_status: tile 4 of 10", "openjd_fail: No licence", "plain")
    async with at_log(log) as stage:
        shown = stage.part("#lines")
    assert "progress ━━━━━━━━──────────── 40 %" in shown
    assert "status   tile 4 of 10" in shown
    assert "✗ fail   No licence" in shown


async def test_an_exit_code_is_told_in_words() -> None:
    async with at_failed("killed", "l") as stage:
        assert "exited with code: -9 (unsigned) / -0x9 (hex)   -9 (SIGKILL)" in stage.text


async def test_a_stack_of_identical_lines_is_one_with_a_count() -> None:
    log = written("begin", *["waiting for the licence server"] * 40, "end")
    async with at_log(log) as stage:
        assert stage.text.count("waiting for the licence server") == 1
        assert "×40 the same" in stage.text
        await stage.press("u")
        await settle(stage)
        assert stage.part("#lines").count("waiting for the licence server") > 20


async def test_identical_lines_that_come_later_join_the_stack() -> None:
    log = written("begin", "waiting", "waiting")
    async with at_log(log) as stage:
        log.add(log.events[-1][0] + 1000, "waiting")
        await stage.move(3)
        await settle(stage)
        assert "×3 the same" in stage.text


async def test_a_section_folds_to_its_banner_and_unfolds() -> None:
    async with at_failed("fails", "l", "home", "z") as stage:
        shown = stage.part("#lines")
        assert "▸ Entering Environment: Toolset" in shown
        assert "lines" in next(line for line in shown.splitlines() if "Toolset" in line)
        assert "▾ Running Task" in shown
        await stage.press("z")
        await settle(stage)
        assert "▾ Entering Environment: Toolset" in stage.part("#lines")


async def test_all_sections_fold_to_an_outline() -> None:
    async with at_failed("fails", "l", "Z") as stage:
        shown = stage.part("#lines")
        for title in ("▸ Entering Environment: Toolset", "▸ Running Task", "▸ Exiting Environment: Toolset"):
            assert title in shown
        assert "5 folded" in state(stage)


async def test_an_error_that_is_folded_away_is_still_found() -> None:
    async with at_failed("fails", "l", "Z", "home", "e") as stage:
        assert "WARNING" not in under_cursor(stage)
        assert "Traceback" in under_cursor(stage) or "openjd_fail" in under_cursor(stage)
        assert "✗ fail" in stage.part("#lines")


async def test_the_outline_has_every_action_and_goes_there() -> None:
    async with at_failed("fails", "l", "o") as stage:
        table = stage.app.screen.query_one("#outline", VirtualTable)
        shown = stage.part("#outline")
        for words in (
            "enter Toolset",
            "Render  Frame=1",
            "✗ Render  Frame=2",
            "exit Toolset",
            "Session Cleanup",
        ):
            assert words in shown, words
        assert table.has_focus
        await stage.press("home", "down", "enter")
        await settle(stage)
        assert under_cursor(stage) == "--------- Running Task"
        assert log_screen(stage).view.has_focus


async def test_the_outline_keeps_in_step_with_the_log() -> None:
    async with at_failed("fails", "l", "o", "escape", "home") as stage:
        table = stage.app.screen.query_one("#outline", VirtualTable)
        await stage.move(1)
        assert table.cursor_index == 0
        await stage.press("end")
        await stage.move(1)
        assert table.cursor_index == 4


async def test_enter_on_an_action_goes_to_its_first_line() -> None:
    async with at_failed("fails", "enter") as stage:
        assert under_cursor(stage) == "--------- Running Task"
        assert not log_screen(stage).view.following
        assert present(log_screen(stage).action_in_sight).parameters == {"Frame": "2"}


async def test_coming_back_from_the_log_the_cursor_is_on_the_action_that_was_in_sight() -> None:
    async with at_failed("fails", "l", "home", "escape") as stage:
        assert stage.app.screen.action_table.cursor_index == 0


async def test_wrapped_lines_are_whole_and_cut_ones_say_so() -> None:
    async with at_log(written("x" * 200 + "end")) as stage:
        assert "›" in stage.part("#lines")
        assert "end" not in stage.part("#lines")
        await stage.press("w")
        assert "end" in stage.part("#lines")
        assert "wrap" in state(stage)


async def test_a_cut_line_can_be_moved_aside() -> None:
    async with at_log(written("x" * 110 + "the rest")) as stage:
        await stage.press("right", "right")
        assert "the rest" in stage.part("#lines")
        await stage.press("left", "left", "left")
        assert "the rest" not in stage.part("#lines")


async def test_times_are_local_then_utc_then_since_the_action_began_then_off() -> None:
    async with at_failed("fails", "l", "home") as stage:
        assert "19:09:48.264" in stage.part("#lines")
        await stage.press("t", "t")
        await settle(stage)
        assert "+0.000 s" in stage.part("#lines")
        assert "since the action began" in state(stage)
        await stage.press("t")
        assert "19:09:48" not in stage.part("#lines")
        assert "times off" in state(stage)


async def test_line_numbers_count_from_the_first_line_of_the_log() -> None:
    async with at_log(written(*(f"line {number}" for number in range(3_000)))) as stage:
        await stage.press("number_sign")
        await stage.move(5)
        await settle(stage)
        assert "3,000  " in stage.part("#lines")


async def test_both_logs_stand_side_by_side_in_time() -> None:
    async with at_failed("fails", "l", "i", "home") as stage:
        shown = stage.part("#lines").splitlines()
        lanes = [line.split()[0] for line in shown if line.split()[:1] in (["session"], ["worker"])]
        assert lanes[:3] == ["worker", "worker", "worker"]
        assert "session" in lanes
        times = [line.split()[1] for line in shown if line.split()[:1] in (["session"], ["worker"])]
        assert times == sorted(times)
        assert "session and worker log" in stage.text


async def test_the_worker_log_is_about_this_session_until_all_of_it_is_wanted() -> None:
    async with at_failed("fails", "l", "tab") as stage:
        await stage.move(2)
        shown = stage.part("#lines")
        assert "Session complete." in shown
        assert "Requesting AWS Credentials" not in shown
        assert "27 of 103 lines" in state(stage)
        await stage.press("a", "home")
        await settle(stage)
        assert "Requesting AWS Credentials" in stage.part("#lines")
        assert '{"level"' not in stage.part("#lines")


async def test_lines_can_be_read_at_the_smallest_size() -> None:
    log = capture("fails.session.log")
    async with at_log(log, size=(80, 24)) as stage:
        assert "Session Cleanup" in stage.text
        assert all(len(line.rstrip()) <= 80 for line in stage.text.splitlines())
        await stage.press("o")
        await settle(stage)
        assert "Outline" in stage.text
