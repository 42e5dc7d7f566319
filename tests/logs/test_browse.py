"""Going through both logs of a session."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch.aws.log_page import LogEvent
from farmwatch.logs.browse import CONTEXTS, Browser, Line, Shown
from farmwatch.logs.lanes import SESSION, WORKER
from farmwatch.logs.lines import Lane
from farmwatch.logs.parsing import Severities
from farmwatch.logs.scan import Query
from farmwatch.logs.store import LogStore, lines_of

BANNER = ("", "=" * 46, "--------- Running Task", "=" * 46)


def a_browser(session: list[str], worker: list[tuple[int, str]] = []) -> Browser:  # noqa: B006 - never changed
    lanes = Lane(LogStore()), Lane(LogStore(), of_worker=True)
    lanes[SESSION].store.append(lines_of([LogEvent(10 * at, text) for at, text in enumerate(session)]))
    lanes[WORKER].store.append(lines_of([LogEvent(*one) for one in worker], lambda one: "own" in one.text))
    return worked(Browser(*lanes, Severities.of()))


def worked(browser: Browser) -> Browser:
    """Everything that there is to know is known."""
    while browser.work(lambda: 0.0, 1.0):
        pass
    browser.rebuild()
    return browser


def shown(browser: Browser) -> list[str]:
    rows = browser.rows
    lines = [rows.line(row) for row in range(len(rows))]
    return [browser.lanes[lane].store.text(number) for lane, number in lines]


def test_work_is_done_in_slices_until_a_time() -> None:
    browser = a_browser(["needle"] * 10)
    browser.look_for(Query("needle"), None)
    now = iter(range(100))
    assert browser.work(lambda: next(now), 0.0)
    worked(browser)
    assert browser.is_searched
    assert browser.match_count == 10


def test_matches_are_gone_through_in_both_directions() -> None:
    browser = a_browser(["needle 1", "straw", "needle 2"])
    browser.look_for(Query("needle"), (SESSION, 2))
    worked(browser)
    assert browser.next_match((SESSION, 0), forward=True) == (SESSION, 2)
    assert browser.next_match((SESSION, 2), forward=False) == (SESSION, 0)
    assert browser.next_match((SESSION, 2), forward=True) is None
    assert browser.match_place((SESSION, 2)) == 2
    assert browser.match_place((SESSION, 1)) is None


def test_with_both_logs_matches_follow_each_other_in_time() -> None:
    browser = a_browser(["needle s0", "straw", "needle s20"], [(5, "own needle"), (15, "other needle")])
    browser.shown = Shown.BOTH
    browser.look_for(Query("needle"), None)
    worked(browser)
    assert shown(browser) == ["needle s0", "own needle", "straw", "needle s20"]
    first = browser.next_match((SESSION, 0), forward=True)
    assert first == (WORKER, 0)
    assert browser.next_match((WORKER, 0), forward=True) == (SESSION, 2)
    assert browser.next_match((SESSION, 2), forward=False) == (WORKER, 0)


@pytest.mark.parametrize(
    ("times", "nearest"), [((98, 150), 0), ((0, 50, 101, 150), 2), ((0, 50), 1), ((150, 200), 0)]
)
def test_the_other_log_is_entered_at_the_line_that_is_nearest_in_time(
    times: tuple[int, ...], nearest: int
) -> None:
    browser = a_browser([str(n) for n in range(20)], [(at, f"own {at}") for at in times])
    browser.shown = Shown.WORKER
    worked(browser)
    assert browser.row_near((SESSION, 10)) == nearest


def test_a_match_that_the_filter_leaves_out_is_passed_over() -> None:
    browser = a_browser(["needle a", "needle b", "needle a"])
    browser.reduce(context=0)
    browser.filter_by(Query("a", is_regex=False), None)
    browser.look_for(Query("needle"), None)
    worked(browser)
    browser.filter_by(Query(" a"), None)
    worked(browser)
    assert browser.next_match((SESSION, 0), forward=True) == (SESSION, 2)


def test_only_this_sessions_events_of_the_worker_until_all_are_wanted() -> None:
    browser = a_browser([], [(1, "own"), (2, "other")])
    browser.shown = Shown.WORKER
    worked(browser)
    assert shown(browser) == ["own"]
    browser.reduce(own_only=False)
    browser.rebuild()
    assert shown(browser) == ["own", "other"]


def test_folding_and_going_into_what_is_folded() -> None:
    browser = a_browser(["before", *BANNER, "inside", *BANNER, "deep"])
    browser.fold_all()
    browser.rebuild()
    assert shown(browser) == ["before", "--------- Running Task", "--------- Running Task"]
    browser.unfold_to((SESSION, 5))
    assert "inside" in shown(browser)
    assert "deep" not in shown(browser)
    browser.fold_all()
    browser.rebuild()
    assert "deep" in shown(browser)


def test_going_to_a_folded_banner_leaves_it_folded() -> None:
    browser = a_browser(["before", *BANNER, "inside"])
    browser.fold_all()
    browser.unfold_to((SESSION, 3))
    assert browser.reduction.folded == {3}


def test_a_line_of_the_worker_is_in_the_section_of_its_time() -> None:
    browser = a_browser(["before", *BANNER, "inside"], [(5, "own early"), (45, "own inside")])
    assert browser.section_of((WORKER, 0)) is None
    section = browser.section_of((WORKER, 1))
    assert section is not None
    assert section.head == 3


def test_the_workers_errors_are_found_too() -> None:
    browser = a_browser(["fine", "ERROR: x"], [(5, '{"level": "ERROR", "x": "own"}')])
    browser.shown = Shown.BOTH
    browser.look_for_errors(None)
    worked(browser)
    assert browser.next_error((SESSION, 0), forward=True) == (WORKER, 0)
    assert browser.next_error((WORKER, 0), forward=True) == (SESSION, 1)
    assert browser.are_errors_found


def test_another_log_takes_the_place_of_a_lanes() -> None:
    browser = a_browser(["needle"])
    browser.look_for(Query("needle"), None)
    lane = Lane(LogStore())
    lane.store.append(lines_of([LogEvent(1, "needle"), LogEvent(1, "needle too")]))
    browser.put_lane(SESSION, lane)
    worked(browser)
    assert browser.match_count == 2


# --- matches ------------------------------------------------------------------------------------------


def passed(browser: Browser, line: Line, forward: bool) -> list[Line]:
    """Every match on the way from a line on."""
    found: list[Line] = []
    # Whoever goes round in circles is stopped.
    while (following := browser.next_match(line, forward)) is not None and len(found) < 99:
        line = following
        found.append(line)
    return found


LOGS = (Shown.SESSION, Shown.WORKER, Shown.BOTH)
"""What the logs of one session are looked at as."""

NEEDLES = st.lists(st.booleans(), max_size=12)


@settings(max_examples=100)
@given(NEEDLES, st.lists(st.tuples(st.integers(0, 120), st.booleans()), max_size=8), st.sampled_from(LOGS))
def test_from_every_row_the_matches_are_those_below_and_above(
    session: list[bool], worker: list[tuple[int, bool]], shown_now: Shown
) -> None:
    # No two lines in a row are the same: those stand on one row.
    browser = a_browser(
        [f"{'needle' if has else 'straw'} {n}" for n, has in enumerate(session)],
        [(at, f"own {'needle' if has else 'straw'} {n}") for n, (at, has) in enumerate(sorted(worker))],
    )
    browser.shown = shown_now
    browser.look_for(Query("needle"), None)
    worked(browser)
    lines = [browser.rows.line(row) for row in range(len(browser.rows))]
    matches = [row for row, text in enumerate(shown(browser)) if "needle" in text]
    assert browser.match_count == len(matches)
    for row, line in enumerate(lines):
        below = [lines[match] for match in matches if match > row]
        assert passed(browser, line, forward=True) == below
        above = [lines[match] for match in reversed(matches) if match < row]
        assert passed(browser, line, forward=False) == above
        place = matches.index(row) + 1 if row in matches and shown_now is not Shown.BOTH else None
        assert browser.match_place(line) == place


@settings(max_examples=60)
@given(NEEDLES, st.integers(0, 2), st.sampled_from(["needle", "straw", "1"]))
def test_under_a_filter_only_matches_that_it_leaves_are_gone_to(
    session: list[bool], context: int, wanted: str
) -> None:
    texts = [f"{'needle' if has else 'straw'} {n}" for n, has in enumerate(session)]
    browser = a_browser(texts)
    browser.reduce(context=context)
    browser.filter_by(Query(wanted), None)
    browser.look_for(Query("needle"), None)
    worked(browser)
    left = [
        n
        for n in range(len(texts))
        if any(wanted in one for one in texts[max(0, n - context) : n + context + 1])
    ]
    assert shown(browser) == [texts[n] for n in left]
    below = [(SESSION, n) for n in left if n > 0 and session[n]]
    assert passed(browser, (SESSION, 0), forward=True) == below


def test_a_search_finds_what_is_near_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farmwatch.logs.store.CHUNK_BYTES", 1)
    lane = Lane(LogStore())
    for number in range(20):
        lane.store.append(lines_of([LogEvent(number, f"needle {number}")]))
    browser = worked(Browser(lane, Lane(LogStore(), of_worker=True), Severities.of()))
    browser.look_for(Query("needle"), (SESSION, 15))
    now = iter(range(2))
    assert browser.work(lambda: next(now), 1.0)
    assert (browser.match_count, browser.is_searched) == (2, False)
    assert browser.next_match((SESSION, 14), forward=True) == (SESSION, 15)
    worked(browser)
    assert (browser.match_count, browser.is_searched) == (20, True)


def test_no_search_has_no_matches() -> None:
    browser = a_browser(["needle"])
    browser.look_for(Query("needle"), None)
    worked(browser)
    browser.look_for(None, None)
    assert (browser.match_count, browser.match_place((SESSION, 0)), browser.search) == (0, None, None)
    assert browser.next_match((SESSION, 5), forward=False) is None
    assert browser.is_searched


def test_only_matches_of_the_log_in_sight_are_counted() -> None:
    browser = a_browser(["needle"], [(1, "own needle a"), (2, "own needle b")])
    browser.look_for(Query("needle"), None)
    counts = {}
    for view in LOGS:
        browser.shown = view
        counts[view] = worked(browser).match_count
    assert counts == {Shown.SESSION: 1, Shown.WORKER: 2, Shown.BOTH: 3}


def test_a_match_in_what_is_folded_is_gone_to_and_unfolded() -> None:
    browser = a_browser(["before", *BANNER, "inside needle", *BANNER, "deep"])
    browser.fold_all()
    browser.look_for(Query("needle"), None)
    worked(browser)
    found = browser.next_match((SESSION, 0), forward=True)
    assert found == (SESSION, 5)
    assert not browser.rows.has(*found)
    browser.unfold_to(found)
    assert browser.rows.has(*found)
    assert browser.reduction.folded == {8}


# --- errors -------------------------------------------------------------------------------------------

TRACEBACK = ["Traceback (most recent call last):", '  File "a.py", line 1', "ValueError: no"]


def test_a_traceback_counts_once_in_both_directions() -> None:
    browser = a_browser(["fine", *TRACEBACK, "fine", "ERROR: x"])
    browser.look_for_errors((SESSION, 3))
    worked(browser)
    assert browser.next_error((SESSION, 0), forward=True) == (SESSION, 1)
    assert browser.next_error((SESSION, 1), forward=True) == (SESSION, 5)
    assert browser.next_error((SESSION, 2), forward=True) == (SESSION, 5)
    assert browser.next_error((SESSION, 5), forward=True) is None
    assert browser.next_error((SESSION, 5), forward=False) == (SESSION, 1)
    assert browser.next_error((SESSION, 1), forward=False) is None


def test_one_traceback_after_another_are_two() -> None:
    browser = a_browser([*TRACEBACK, *TRACEBACK])
    browser.look_for_errors(None)
    worked(browser)
    assert browser.next_error((SESSION, 0), forward=True) == (SESSION, 3)
    assert browser.next_error((SESSION, 5), forward=False) == (SESSION, 0)


def test_errors_once_looked_for_are_kept() -> None:
    browser = a_browser(["ERROR: x", "fine"])
    assert browser.next_error((SESSION, 1), forward=False) is None
    browser.look_for_errors(None)
    assert not browser.are_errors_found
    worked(browser)
    browser.look_for_errors((SESSION, 1))
    assert browser.are_errors_found
    assert browser.next_error((SESSION, 1), forward=False) == (SESSION, 0)


def test_the_words_of_an_error_are_those_that_were_chosen() -> None:
    browser = a_browser(["ERROR: x", "kaputt"])
    browser.severities = Severities.of(errors=["kaputt"])
    browser.look_for_errors(None)
    worked(browser)
    assert browser.next_error((SESSION, 0), forward=True) == (SESSION, 1)
    assert browser.next_error((SESSION, 1), forward=False) is None


# --- filters, folds and both logs ---------------------------------------------------------------------


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_filter_leaves_its_lines_and_those_around_them(context: int) -> None:
    texts = [f"line {n}" for n in range(20)]
    browser = a_browser(texts)
    browser.filter_by(Query("line 8"), (SESSION, 3))
    browser.reduce(context=context)
    worked(browser)
    assert shown(browser) == texts[8 - context : 9 + context]
    browser.filter_by(None, None)
    worked(browser)
    assert shown(browser) == texts


def test_a_filter_holds_for_both_logs() -> None:
    browser = a_browser(["needle s", "straw s"], [(5, "own needle"), (6, "own straw")])
    browser.shown = Shown.BOTH
    browser.reduce(context=0)
    browser.filter_by(Query("needle"), (WORKER, 1))
    worked(browser)
    assert shown(browser) == ["needle s", "own needle"]


def test_what_is_reduced_stays_until_it_is_told_again() -> None:
    browser = a_browser(["a", "a"], [(1, "other")])
    browser.reduce(repeats=False)
    browser.reduce(context=5)
    browser.reduce(own_only=False)
    reduction = browser.reduction
    assert (reduction.repeats, reduction.context, reduction.own_only) == (False, 5, False)
    browser.rebuild()
    assert shown(browser) == ["a", "a"]


def test_beside_the_session_log_a_worker_tells_of_this_session_only() -> None:
    browser = a_browser(["s0", "s10"], [(5, "own"), (6, "other")])
    browser.reduce(own_only=False)
    browser.shown = Shown.BOTH
    worked(browser)
    assert shown(browser) == ["s0", "own", "s10"]


def test_folding_twice_is_not_folding() -> None:
    browser = a_browser(["before", *BANNER, "inside"])
    everything = shown(browser)
    browser.fold(3)
    browser.rebuild()
    assert shown(browser) == ["before", "--------- Running Task"]
    browser.fold(3)
    browser.rebuild()
    assert shown(browser) == everything


@pytest.mark.parametrize("line", [(SESSION, 0), (SESSION, 5), (WORKER, 0)])
def test_what_is_not_hidden_unfolds_nothing(line: Line) -> None:
    browser = a_browser(["before", *BANNER, "inside", *BANNER, "deep"], [(5, "own early")])
    browser.fold(8)
    browser.unfold_to(line)
    assert browser.reduction.folded == {8}


# --- working ------------------------------------------------------------------------------------------


def test_there_is_work_again_when_more_lines_come_in() -> None:
    browser = a_browser(["needle"])
    browser.look_for(Query("needle"), None)
    worked(browser)
    assert not browser.work(lambda: 5.0, 5.0)
    browser.lanes[SESSION].store.append(lines_of([LogEvent(9, "needle")]))
    assert not browser.is_searched
    assert browser.work(lambda: 5.0, 5.0)
    assert worked(browser).match_count == 2


def test_a_log_that_is_out_of_sight_waits() -> None:
    browser = a_browser(["needle"], [(1, "own needle")])
    browser.shown = Shown.WORKER
    browser.look_for(Query("needle"), None)
    browser.look_for_errors(None)
    worked(browser)
    assert (browser.is_searched, browser.are_errors_found) == (True, True)
    browser.shown = Shown.SESSION
    assert (browser.is_searched, browser.are_errors_found) == (False, False)
    assert browser.match_count == 0
    assert worked(browser).match_count == 1


def test_a_filter_and_a_search_go_on_in_another_log() -> None:
    browser = a_browser(["ERROR: old needle"])
    browser.reduce(context=0)
    browser.filter_by(Query("needle"), None)
    browser.look_for_errors(None)
    worked(browser)
    lane = Lane(LogStore())
    lane.store.append(lines_of([LogEvent(1, "straw"), LogEvent(2, "new needle")]))
    browser.put_lane(SESSION, lane)
    worked(browser)
    assert shown(browser) == ["new needle"]
    # The errors of the former log are not those of this one.
    assert browser.next_error((SESSION, 9), forward=False) is None
