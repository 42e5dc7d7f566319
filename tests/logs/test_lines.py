"""Which lines are to be seen, against working it out line by line."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch.aws.log_page import LogEvent
from farmwatch.logs.lanes import SESSION, WORKER
from farmwatch.logs.lines import Lane, Reduction, Rows, Run, interleaved, rows_of
from farmwatch.logs.scan import Query
from farmwatch.logs.store import LogStore, lines_of
from tests.captures import lines_in


def a_lane(*texts: str, times: list[int] | None = None, own: str | None = None) -> Lane:
    """A lane with these lines, everything about them found out."""
    events = [LogEvent(at, text) for at, text in zip(times or range(len(texts)), texts, strict=True)]
    lane = Lane(LogStore(), of_worker=own is not None)
    lane.store.append(lines_of(events, None if own is None else lambda event: own in event.text))
    return worked(lane)


def worked(lane: Lane) -> Lane:
    while lane.work():
        pass
    return lane


def seen(lane: Lane, **reduction: Any) -> list[int]:
    spans = lane.spans(Reduction(**reduction))
    assert all(low < high for low, high in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    return [number for low, high in spans for number in range(low, high)]


LINES = st.lists(st.sampled_from(["a", "b", "ab", "own a", "own b"]), max_size=25)


@settings(max_examples=100)
@given(LINES, st.sampled_from(["a", "b", "zz"]), st.integers(0, 3), st.booleans(), st.booleans())
def test_what_is_left_is_what_each_line_by_itself_would_be(
    texts: list[str], needle: str, context: int, own_only: bool, repeats: bool
) -> None:
    lane = a_lane(*texts, own="own")
    query = Query(needle)
    lane.filter_by(query, len(texts))
    worked(lane)
    matching = {number for number, text in enumerate(texts) if needle in text}
    expected = [
        number
        for number, text in enumerate(texts)
        if any(abs(number - one) <= context for one in matching)
        and (not own_only or "own" in text)
        and not (repeats and number and text == texts[number - 1])
    ]
    found = seen(lane, own_only=own_only, query=query, context=context, repeats=repeats)
    assert found == expected


BANNER = ("", "=" * 46, "--------- Running Task", "=" * 46)
THIN = "-" * 46


def test_a_section_begins_with_the_rule_above_its_banner() -> None:
    lane = a_lane(
        "before",
        *BANNER,
        "Parameter values:",
        "Frame(INT) = 7",
        "Camera(STRING) = left",
        THIN,
        *BANNER,
        "end",
    )
    first, second = lane.sections()
    assert (first.first, first.head, first.title) == (1, 3, "Running Task")
    assert first.parameters == "Frame=7 Camera=left"
    assert lane.section_end(first) == second.first == 9
    assert lane.section_of(0) is None
    assert lane.section_of(1) == lane.section_of(8) == first
    assert lane.section_of(13) == second
    assert lane.section_end(second) == 14


@pytest.mark.parametrize(
    "lines",
    [
        ("=" * 46, "--------- Render statistics", "=" * 46),
        ("-" * 46, "--------- Running Task", "-" * 46),
        ("=" * 46, "--------- Running Task", "text"),
        ("text", "--------- Running Task", "=" * 46),
        ("--------- Render statistics",),
    ],
)
def test_a_line_that_only_looks_like_a_banner_begins_nothing(lines: tuple[str, ...]) -> None:
    lane = a_lane(*BANNER, "inside", *lines, "still inside")
    (section,) = lane.sections()
    assert lane.section_of(lane.store.end - 1) == section


def test_a_banner_at_the_end_of_what_is_read_waits_for_its_rule() -> None:
    lane = a_lane("=" * 46, "--------- Running Task")
    assert lane.sections() == []
    lane.store.append(lines_of([LogEvent(9, "=" * 46)]))
    assert len(worked(lane).sections()) == 1


def test_a_banner_whose_rule_is_read_later_is_found_then() -> None:
    lane = a_lane("--------- Running Task", "=" * 46, "inside")
    assert lane.sections() == []
    lane.store.prepend(lines_of([LogEvent(0, " "), LogEvent(0, "=" * 46)]))
    (section,) = worked(lane).sections()
    assert (section.first, section.head) == (-2, 0)


def test_a_blank_line_is_one_space_or_nothing_and_never_the_same_as_another() -> None:
    lane = a_lane(" ", " ", " ", "", "", "a", "a")
    assert [lane.times_repeated(number) for number in range(7)] == [0, 0, 0, 0, 0, 1, 0]
    assert seen(lane) == [0, 1, 2, 3, 4, 5]
    lane = a_lane("before", " ", *BANNER[1:], "inside")
    assert lane.sections()[0].first == 1


def test_a_folded_section_leaves_its_banner() -> None:
    lane = a_lane("before", *BANNER, "inside", *BANNER, "other")
    assert seen(lane, folded=frozenset({3})) == [0, 3, 6, 7, 8, 9, 10]


def test_a_traceback_is_never_in_parts() -> None:
    lane = a_lane(
        "fine",
        "Traceback (most recent call last):",
        '  File "a.py", line 1, in <module>',
        "    needle()",
        "ValueError: no",
        "fine",
    )
    assert lane.traceback_of(3) == (1, 5)
    assert lane.traceback_of(4) == (1, 5)
    assert lane.traceback_of(5) is None
    query = Query("needle")
    lane.filter_by(query, 6)
    worked(lane)
    assert seen(lane, query=query, context=0) == [1, 2, 3, 4]


def test_a_traceback_without_an_end_ends_where_the_log_does() -> None:
    lane = a_lane("Traceback (most recent call last):", "  File", "    still going")
    assert lane.traceback_of(2) == (0, 3)


def test_how_often_a_line_is_repeated() -> None:
    lane = a_lane("a", "b", "b", "b", "c", "b")
    assert [lane.times_repeated(number) for number in range(6)] == [0, 2, 1, 0, 0, 0]


RUNS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3), st.integers(1, 4)), max_size=12)


@settings(max_examples=100)
@given(RUNS)
def test_a_row_and_its_line_lead_to_each_other(parts: list[tuple[int, int, int]]) -> None:
    ends = [0, 0]
    runs = []
    for lane, gap, count in parts:
        runs.append(Run(lane, ends[lane] + gap, ends[lane] + gap + count))
        ends[lane] += gap + count
    rows = Rows(runs)
    lines = [(run.lane, number) for run in runs for number in range(run.first, run.end)]
    assert [rows.line(row) for row in range(len(rows))] == lines
    assert [rows.row_of(*line) for line in lines] == list(range(len(lines)))
    for lane in (SESSION, WORKER):
        for number in range(ends[lane]):
            assert rows.has(lane, number) == ((lane, number) in lines)
            following = [row for row, line in enumerate(lines) if line[0] == lane and line[1] >= number]
            assert rows.row_of(lane, number) == min(following, default=max(0, len(lines) - 1))
        for row in range(len(rows)):
            above = [line[1] for line in lines[: row + 1] if line[0] == lane]
            of_lane = [line[1] for line in lines if line[0] == lane]
            if above:
                assert rows.number_near(lane, row) == above[-1]
            else:
                assert rows.number_near(lane, row) == (of_lane[0] - 1 if of_lane else None)


TIMES = st.lists(st.integers(0, 20), max_size=15).map(sorted)


@settings(max_examples=100)
@given(TIMES, TIMES, st.booleans())
def test_both_logs_stand_in_the_order_of_time_and_each_line_once(
    session: list[int], worker: list[int], is_cut: bool
) -> None:
    one = a_lane(*("s" for _ in session), times=session)
    other = a_lane(*("w" for _ in worker), times=worker, own="w")
    spans = [(0, len(session))] if session else []
    if is_cut and len(session) > 3:
        spans = [(0, 1), (2, len(session))]
    own = [(0, len(worker))] if worker else []
    rows = interleaved(one.store, spans, other.store, own)
    lines = [rows.line(row) for row in range(len(rows))]
    assert [number for lane, number in lines if lane == WORKER] == list(range(len(worker)))
    assert [number for lane, number in lines if lane == SESSION] == [
        number for low, high in spans for number in range(low, high)
    ]
    times = [(session if lane == SESSION else worker)[number] for lane, number in lines]
    assert times == sorted(times)


def test_rows_of_one_lane() -> None:
    rows = rows_of(WORKER, [(2, 4), (7, 8)])
    assert [rows.line(row) for row in range(len(rows))] == [(WORKER, 2), (WORKER, 3), (WORKER, 7)]


# --- everything at once -------------------------------------------------------------------------------

RULE = "=" * 46
TRACEBACK = "Traceback (most recent call last):"
KINDS = [
    "a",
    "a",
    "needle",
    "",
    " ",
    RULE,
    RULE,
    "--------- Running Task",
    TRACEBACK,
    "  File needle",
    "  deep",
]


def is_stacked(text: str) -> bool:
    """Whether it is hidden below another like it: empty lines, rules and banners are not."""
    return text.strip() != "" and not text.startswith(("-----", "====="))


def naive_sections(texts: list[str]) -> list[tuple[int, int]]:
    """Where each section begins, and its banner."""
    found = []
    for head, text in enumerate(texts):
        if text.startswith("--------- ") and head > 0 and texts[head - 1] == texts[head + 1] == RULE:
            is_spaced = head > 1 and texts[head - 2].strip() == ""
            found.append((head - 1 - is_spaced, head))
    return found


def naive_traceback(texts: list[str], number: int) -> set[int]:
    """The lines of the traceback that a line stands in, itself one of them."""
    begin = max((n for n in range(number + 1) if texts[n] == TRACEBACK), default=None)
    if begin is None:
        return set()
    end = next(n for n in range(begin + 1, len(texts)) if not texts[n].startswith(" "))
    return set(range(begin, end + 1)) if number <= end else set()


def in_two_halves(texts: list[str], after: int) -> Lane:
    """A lane whose log came in from the middle: ``after`` lines have numbers from 0 on."""
    store, cut = LogStore(), len(texts) - after
    store.append(lines_of([LogEvent(n, text) for n, text in enumerate(texts) if n >= cut]))
    store.prepend(lines_of([LogEvent(n, text) for n, text in enumerate(texts) if n < cut]))
    return worked(Lane(store))


@settings(max_examples=100)
@given(st.lists(st.sampled_from(KINDS), max_size=25), st.integers(0, 25), st.data())
def test_folds_filters_and_tracebacks_leave_what_they_would_line_by_line(
    texts: list[str], after: int, data: st.DataObject
) -> None:
    # A traceback that has no end yet is looked at by itself.
    texts = [*texts, "end"]
    after = min(after, len(texts))
    lane, shift = in_two_halves(texts, after), after - len(texts)
    sections = naive_sections(texts)
    folded = data.draw(st.sets(st.sampled_from([head for _, head in sections]))) if sections else set()
    context, repeats = data.draw(st.integers(0, 2)), data.draw(st.booleans())
    is_filtered = data.draw(st.booleans())
    query = Query("needle") if is_filtered else None
    lane.filter_by(query, data.draw(st.integers(-25, 25)))
    worked(lane)
    left = set(range(len(texts)))
    if is_filtered:
        left = set()
        for number, text in enumerate(texts):
            if "needle" in text:
                left |= {*range(number - context, number + context + 1)} | naive_traceback(texts, number)
    if repeats:
        left -= {n for n in range(1, len(texts)) if texts[n] == texts[n - 1] and is_stacked(texts[n])}
    for (first, head), (following, _) in pairwise([*sections, (len(texts), 0)]):
        if head in folded:
            left -= set(range(first, following)) - {head}
    heads = frozenset(head + shift for head in folded)
    found = seen(lane, query=query, context=context, repeats=repeats, folded=heads)
    assert found == [number + shift for number in range(len(texts)) if number in left]


@settings(max_examples=80)
@given(st.lists(st.sampled_from(KINDS), max_size=25), st.integers(0, 25))
def test_every_line_knows_its_section_its_traceback_and_its_repeats(texts: list[str], after: int) -> None:
    texts = [*texts, "end"]
    after = min(after, len(texts))
    lane, shift = in_two_halves(texts, after), after - len(texts)
    sections = lane.sections()
    assert [(one.first - shift, one.head - shift) for one in sections] == naive_sections(texts)
    for number, text in enumerate(texts):
        within = [one for one in sections if one.first <= number + shift]
        assert lane.section_of(number + shift) == (within[-1] if within else None)
        block = naive_traceback(texts, number)
        assert lane.traceback_of(number + shift) == (
            (min(block) + shift, max(block) + 1 + shift) if block else None
        )
        same = 0
        while is_stacked(text) and texts[number + 1 + same : number + 2 + same] == [text]:
            same += 1
        assert lane.times_repeated(number + shift) == same
    for one, other in pairwise(sections):
        assert lane.section_end(one) == other.first
    if sections:
        assert lane.section_end(sections[-1]) == lane.store.end


# --- what is not known yet ----------------------------------------------------------------------------


def test_a_lane_works_until_everything_is_known_and_again_when_more_comes_in() -> None:
    lane = Lane(LogStore())
    assert lane.is_done
    assert not lane.work()
    lane.store.append(lines_of([LogEvent(0, text) for text in (*BANNER, "a", "a")]))
    assert not lane.is_done
    assert lane.work()
    worked(lane)
    assert lane.is_done
    assert [section.title for section in lane.sections()] == ["Running Task"]
    assert lane.times_repeated(4) == 1


def test_sections_are_found_without_waiting_for_the_rest() -> None:
    lane = Lane(LogStore())
    lane.store.append(lines_of([LogEvent(0, text) for text in (*BANNER, TRACEBACK)]))
    lane.find_sections()
    assert [section.head for section in lane.sections()] == [2]
    assert lane.traceback_of(4) == (4, 5)
    assert not lane.is_done


def test_a_section_whose_parameters_come_later_gets_them() -> None:
    lane = a_lane(*BANNER, "Parameter values:")
    assert [section.parameters for section in lane.sections()] == [""]
    for text, parameters in (("Frame(INT) = 7", "Frame=7"), (THIN, "Frame=7"), ("Eye(INT) = 1", "Frame=7")):
        lane.store.append(lines_of([LogEvent(9, text)]))
        worked(lane)
        assert [section.parameters for section in lane.sections()] == [parameters]


def test_the_same_filter_again_keeps_what_it_found() -> None:
    lane = a_lane("needle", "straw")
    lane.filter_by(Query("needle"), 0)
    scan = lane.filter
    lane.filter_by(Query("needle"), 1)
    assert lane.filter is scan
    lane.filter_by(Query("straw"), 0)
    assert worked(lane).filter is not scan
    assert seen(lane, query=Query("straw")) == [1]
    lane.filter_by(None, 0)
    assert (lane.filter, seen(lane)) == (None, [0, 1])


def test_while_a_filter_still_looks_only_what_it_found_is_seen() -> None:
    lane = a_lane("needle", "straw", "needle")
    lane.filter_by(Query("needle"), 2)
    assert seen(lane, query=lane.query) == []
    assert lane.filter is not None
    lane.filter.advance()
    assert seen(lane, query=lane.query) == [2]
    assert seen(worked(lane), query=lane.query) == [0, 2]


def test_a_traceback_is_not_followed_for_ever() -> None:
    lane = a_lane("before", TRACEBACK, *("  deep" for _ in range(300)), "end")
    assert lane.traceback_of(0) is None
    assert lane.traceback_of(250) is None


def test_what_was_dropped_is_in_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farmwatch.logs.store.CHUNK_BYTES", 1)
    lane = Lane(LogStore(most_lines=3))
    lane.filter_by(Query("needle"), 0)
    for number in range(6):
        lane.store.append(lines_of([LogEvent(number, f"needle {number}")]))
        worked(lane)
    assert seen(lane, query=lane.query, context=2) == [3, 4, 5]


def test_the_sections_of_the_captured_success() -> None:
    texts = lines_in("ok.session.log")
    lane = a_lane(*texts)
    assert [(one.title, one.parameters) for one in lane.sections()] == [
        ("Running Task", "Frame=1"),
        ("Running Task", "Frame=2"),
        ("Running Task", "Frame=3"),
        ("Session Cleanup", ""),
    ]
    assert all(texts[one.first] == " " and texts[one.first + 1] == RULE for one in lane.sections())


# --- rows ---------------------------------------------------------------------------------------------


def test_no_rows_at_all() -> None:
    rows = Rows()
    assert (len(rows), rows.row_of(SESSION, 3), rows.number_near(SESSION, 0)) == (0, 0, None)
    assert not rows.has(SESSION, 0)


@pytest.mark.parametrize("row", [-1, 3, 100])
def test_a_row_that_is_not_there_is_an_error(row: int) -> None:
    with pytest.raises(IndexError, match=str(row)):
        rows_of(SESSION, [(2, 4), (7, 8)]).line(row)


@settings(max_examples=80)
@given(TIMES, st.lists(st.integers(0, 20), max_size=10), st.data())
def test_what_the_worker_told_late_stands_where_it_happened(
    session: list[int], worker: list[int], data: st.DataObject
) -> None:
    hidden = data.draw(st.sets(st.sampled_from(range(len(session))))) if session else set()
    unseen = data.draw(st.sets(st.sampled_from(range(len(worker))))) if worker else set()
    one, other = a_lane(*("s" for _ in session), times=session), a_lane(*("w" for _ in worker), times=worker)
    spans = [(n, n + 1) for n in range(len(session)) if n not in hidden]
    own = [(n, n + 1) for n in range(len(worker)) if n not in unseen]
    rows = interleaved(one.store, spans, other.store, own)
    lines = [rows.line(row) for row in range(len(rows))]
    assert [n for lane, n in lines if lane == SESSION] == [n for n, _ in spans]
    assert sorted(n for lane, n in lines if lane == WORKER) == [n for n, _ in own]
    for row, (lane, number) in enumerate(lines):
        if lane == WORKER:
            above = [n for where, n in lines[:row] if where == SESSION]
            assert above == [n for n, _ in spans if session[n] < worker[number]]
