"""The logs of several sessions, merged by time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from farmwatch.aws.log_page import LogEvent
from farmwatch.logs.browse import Browser
from farmwatch.logs.lines import Lane, Reduction
from farmwatch.logs.merging import MOST_ROWS, merged, share_of
from farmwatch.logs.parsing import Severities
from farmwatch.logs.scan import Query
from farmwatch.logs.store import LogStore, lines_of


def a_lane(name: str, *times: int) -> Lane:
    lane = Lane(LogStore())
    lane.store.append(lines_of([LogEvent(at, f"{name} at {at}, {n}") for n, at in enumerate(times)]))
    return lane


def a_browser(*lanes: Lane) -> Browser:
    browser = Browser.of_sessions(lanes, [f"job {n}" for n in range(len(lanes))], Severities.of())
    return worked(browser)


def worked(browser: Browser) -> Browser:
    while browser.work(lambda: 0.0, 1.0):
        pass
    browser.rebuild()
    return browser


def shown(browser: Browser) -> list[str]:
    lines = [browser.rows.line(row) for row in range(len(browser.rows))]
    return [browser.lanes[lane].store.text(number) for lane, number in lines]


def test_lines_of_several_logs_stand_in_the_order_of_their_times() -> None:
    browser = a_browser(a_lane("a", 1, 4, 9), a_lane("b", 2, 3, 10), a_lane("c", 4))
    assert [text.partition(",")[0] for text in shown(browser)] == [
        "a at 1", "b at 2", "b at 3", "a at 4", "c at 4", "a at 9", "b at 10",
    ]  # fmt: skip


@given(st.lists(st.lists(st.integers(0, 50)), min_size=1, max_size=5))
def test_every_line_stands_once_and_is_found_by_its_row(times: list[list[int]]) -> None:
    lanes = [a_lane(str(n), *sorted(one)) for n, one in enumerate(times)]
    rows = merged(lanes, Reduction(repeats=False))
    lines = [rows.line(row) for row in range(len(rows))]
    assert sorted(lines) == [(n, number) for n, one in enumerate(times) for number in range(len(one))]
    ats = [lanes[lane].store.at(number) for lane, number in lines]
    assert ats == sorted(ats)
    assert [rows.row_of(*line) for line in lines] == list(range(len(lines)))


def test_a_line_that_came_late_to_its_log_stands_below_those_that_were_there() -> None:
    browser = a_browser(a_lane("a", 1, 9, 3, 10), a_lane("b", 2, 9))
    assert [text.partition(",")[0] for text in shown(browser)] == [
        "a at 1", "b at 2", "a at 9", "a at 3", "b at 9", "a at 10",
    ]  # fmt: skip


def test_only_the_newest_lines_of_each_are_merged() -> None:
    share = share_of(2)
    long, short = a_lane("long", *range(share + 500)), a_lane("short", 5)
    rows = merged([long, short], Reduction(repeats=False))
    assert len(rows) == share + 1 <= MOST_ROWS
    assert rows.line(0) == (1, 0)
    assert rows.line(1) == (0, 500)


def test_searching_and_filtering_go_over_all_of_them() -> None:
    browser = a_browser(a_lane("a", 1, 3), a_lane("b", 2, 4))
    browser.look_for(Query("b at"), None)
    worked(browser)
    assert browser.match_count == 2
    assert browser.next_match((0, 0), forward=True) == (1, 0)
    assert browser.next_match((0, 1), forward=True) == (1, 1)
    browser.filter_by(Query("a at"), None)
    browser.reduce(context=0)
    worked(browser)
    assert [text[0] for text in shown(browser)] == ["a", "a"]
    # What is filtered away is stood for by what is nearest in time.
    assert browser.row_near((1, 1)) == 1
