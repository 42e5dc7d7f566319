"""Which lines are to be seen, against working it out line by line."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch.cloud.log_page import LogEvent
from farmwatch.watch.logs.lines import (
    SESSION,
    WORKER,
    Lane,
    Reduction,
    Rows,
    Run,
    interleaved,
    rows_of,
)
from farmwatch.watch.logs.scan import Query
from farmwatch.watch.logs.store import LogStore, lines_of


def a_lane(*texts: str, times: list[int] | None = None, own: str | None = None) -> Lane:
    """A lane with these lines, everything about them found out."""
    events = [LogEvent(at, text) for at, text in zip(times or range(len(texts)), texts, strict=True)]
    lane = Lane(LogStore(), of_worker=own is not None)
    lane.store.append(lines_of(events, None if own is None else lambda text: own in text))
    return worked(lane)


def worked(lane: Lane) -> Lane:
    while lane.work():
        pass
    return lane


def seen(lane: Lane, **reduction: object) -> list[int]:
    spans = lane.spans(Reduction(**reduction))  # type: ignore[arg-type]
    assert all(low < high for low, high in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    return [number for low, high in spans for number in range(low, high)]


LINES = st.lists(st.sampled_from(["a", "b", "ab", "own a", "own b"]), max_size=25)


@settings(max_examples=100, deadline=None)
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


def test_a_section_begins_with_the_rule_above_its_banner() -> None:
    lane = a_lane(
        "before", *BANNER, "Frame(INT) = 7", "Camera(STRING) = left", "Phase: Setup", *BANNER, "end"
    )
    first, second = lane.sections()
    assert (first.first, first.head, first.title) == (1, 3, "Running Task")
    assert first.parameters == "Frame=7 Camera=left"
    assert lane.section_end(first) == second.first == 8
    assert lane.section_of(0) is None
    assert lane.section_of(1) == lane.section_of(7) == first
    assert lane.section_of(12) == second
    assert lane.section_end(second) == 13


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


@settings(max_examples=100, deadline=None)
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


@settings(max_examples=100, deadline=None)
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
