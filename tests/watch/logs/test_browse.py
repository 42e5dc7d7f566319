"""Going through both logs of a session."""

from farmwatch.cloud.log_page import LogEvent
from farmwatch.watch.logs.browse import Browser, Shown
from farmwatch.watch.logs.lines import SESSION, WORKER, Lane
from farmwatch.watch.logs.reading import Severities
from farmwatch.watch.logs.scan import Query
from farmwatch.watch.logs.store import LogStore, lines_of

BANNER = ("", "=" * 46, "--------- Running Task", "=" * 46)


def a_browser(session: list[str], worker: list[tuple[int, str]] = []) -> Browser:  # noqa: B006 - never changed
    lanes = Lane(LogStore()), Lane(LogStore(), of_worker=True)
    lanes[SESSION].store.append(lines_of([LogEvent(10 * at, text) for at, text in enumerate(session)]))
    lanes[WORKER].store.append(lines_of([LogEvent(*one) for one in worker], lambda text: "own" in text))
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
