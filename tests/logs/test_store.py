"""The store against a plain list of lines."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch.aws.log_page import LogEvent
from farmwatch.logs import store as module
from farmwatch.logs.store import CONTINUES, OWN, LogStore, Stretch, lines_of

TEXTS = st.sampled_from(["", "a line", "two\nlines", "a\n\nb", "naïve ☃ 東京", "x" * 50])
PAGES = st.lists(st.tuples(st.integers(0, 5), TEXTS), max_size=6)


def page(start: int, parts: list[tuple[int, str]]) -> list[LogEvent]:
    """Events in the order of time, so many milliseconds apart."""
    events = []
    for apart, text in parts:
        start += apart
        events.append(LogEvent(start, text))
    return events


def told(events: list[LogEvent]) -> list[tuple[int, str]]:
    """Each line of them with its time."""
    return [(event.at, line) for event in events for line in event.text.split("\n")]


@settings(max_examples=80)
@given(st.lists(st.tuples(st.booleans(), PAGES), max_size=12))
def test_it_keeps_what_a_list_would(changes: list[tuple[bool, list[tuple[int, str]]]]) -> None:
    kept = LogStore()
    model: list[tuple[int, str]] = []
    events: list[LogEvent] = []
    first, low, high = 0, 0, 0
    for is_newer, parts in changes:
        if is_newer:
            new = page(high, parts)
            high = new[-1].at if new else high
            kept.append(lines_of(new))
            model, events = [*model, *told(new)], [*events, *new]
        else:
            low -= 100
            new = page(low, parts)
            kept.prepend(lines_of(new))
            first -= len(told(new))
            model, events = [*told(new), *model], [*new, *events]
    assert (kept.first, kept.end, len(kept)) == (first, first + len(model), len(model))
    assert [(kept.at(number), kept.text(number)) for number in range(kept.first, kept.end)] == model
    forward = [line for run in kept.stretches(kept.first, kept.end) for line in lines_in(run)]
    assert forward == [text for _, text in model]
    backward = [run.first for run in kept.backwards(kept.first, kept.end)]
    assert backward == sorted(backward, reverse=True)
    since = high // 2
    assert Counter(kept.events_since(since)) == Counter(tuple(one) for one in events if one.at >= since)
    for at in {at for at, _ in model}:
        assert kept.number_at(at) == first + next(i for i, line in enumerate(model) if line[0] >= at)


def lines_in(run: module.Stretch) -> list[str]:
    lines = run.text.decode().split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(run.starts) == len(run.flags)
    assert [run.number(start) for start in run.starts] == [run.first + at for at in range(len(lines))]
    return lines


def test_a_stretch_stays_as_it_was_when_more_comes_in() -> None:
    kept = LogStore()
    kept.append(lines_of([LogEvent(1, "one")]))
    (run,) = kept.stretches(0, 10)
    kept.append(lines_of([LogEvent(2, "two")]))
    assert run.text == b"one\n"


def test_what_continues_an_event_is_marked_and_so_is_what_is_its_own() -> None:
    kept = LogStore()
    kept.append(
        lines_of([LogEvent(1, "mine\nand more"), LogEvent(2, "other")], lambda one: "mine" in one.text)
    )
    assert [kept.flags(number) for number in range(3)] == [OWN, OWN | CONTINUES, 0]


def test_half_a_surrogate_pair_stops_nothing() -> None:
    kept = LogStore()
    kept.append(lines_of([LogEvent(1, "a \ud800 b"), LogEvent(2, "c")]))
    assert [kept.text(0), kept.text(1)] == ["a ? b", "c"]


@pytest.mark.parametrize("bounds", [{"most_lines": 50}, {"most_bytes": 2_000}], ids=["lines", "bytes"])
def test_beyond_its_bound_the_oldest_are_dropped_and_counted(
    bounds: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 200)
    kept = LogStore(**bounds)
    for number in range(200):
        kept.append(lines_of([LogEvent(number, f"line {number}")]))
    assert kept.end == 200
    assert kept.first == kept.dropped > 0
    assert kept.dropped_until == kept.at(kept.first) - 1
    assert kept.text(kept.first) == f"line {kept.first}"
    assert len(kept) <= 80
    with pytest.raises(IndexError):
        kept.text(kept.first - 1)


def test_a_full_store_says_so() -> None:
    kept = LogStore(most_lines=2)
    assert not kept.is_full
    kept.append(lines_of([LogEvent(1, "a"), LogEvent(2, "b")]))
    assert kept.is_full


def a_store(*texts: str, at: int = 0) -> LogStore:
    """One event a line, one millisecond apart."""
    kept = LogStore()
    kept.append(lines_of([LogEvent(at + number, text) for number, text in enumerate(texts)]))
    return kept


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.text(alphabet="ab\n\r\x85\u2028é東🎬", max_size=8)), max_size=12)
)
def test_a_line_break_and_nothing_else_parts_an_event(parts: list[tuple[int, str]]) -> None:
    events = page(0, parts)
    lines = lines_of(events, lambda event: event.text.startswith("a"))
    pieces = lines.text.decode().split("\n")
    assert pieces.pop() == ""
    assert list(zip(lines.times, pieces, strict=True)) == told(events)
    assert len(lines) == len(pieces)
    wanted = [
        (OWN if event.text.startswith("a") else 0) | (CONTINUES if place else 0)
        for event in events
        for place, _ in enumerate(event.text.split("\n"))
    ]
    assert list(lines.flags) == wanted
    assert [lines.text[start:].decode().split("\n")[0] for start in lines.starts] == pieces


def test_without_anything_to_tell_them_by_no_lines_are_its_own() -> None:
    assert lines_of([LogEvent(1, "a\nb"), LogEvent(2, "c")]).flags == bytes([0, CONTINUES, 0])


def test_lines_before_the_first_count_down() -> None:
    kept = a_store("zero", "one")
    kept.prepend(lines_of([LogEvent(-2, "minus two"), LogEvent(-1, "minus one")]))
    kept.prepend(lines_of([LogEvent(-3, "minus three")]))
    assert (kept.first, kept.end, len(kept)) == (-3, 2, 5)
    texts = ["minus three", "minus two", "minus one", "zero", "one"]
    assert [kept.text(number) for number in range(-3, 2)] == texts


def test_nothing_put_in_changes_nothing() -> None:
    kept = LogStore()
    kept.append(lines_of([]))
    kept.prepend(lines_of([]))
    assert (kept.first, kept.end, kept.size, kept.dropped) == (0, 0, 0, 0)
    assert (kept.first_at(), kept.newest_at(), kept.number_at(5)) == (None, None, 0)
    assert list(kept.stretches(-9, 9)) == list(kept.backwards(-9, 9)) == []
    assert list(kept.events_since(0)) == []


@pytest.mark.parametrize("number", [-3, 2, 100, -100])
def test_a_line_that_is_not_kept_is_an_error(number: int) -> None:
    kept = a_store("zero", "one")
    kept.prepend(lines_of([LogEvent(-2, "minus two"), LogEvent(-1, "minus one")]))
    for asked in (kept.text, kept.at, kept.flags):
        with pytest.raises(IndexError, match=str(number)):
            asked(number)


CHANGES = st.lists(st.tuples(st.sampled_from(["append", "append", "prepend"]), PAGES), max_size=14)
BOUNDS = st.sampled_from([{}, {"most_lines": 7}, {"most_bytes": 300}])


def filled(
    changes: list[tuple[str, list[tuple[int, str]]]], bounds: dict[str, int]
) -> tuple[LogStore, dict[int, tuple[int, str, int]], int]:
    """A store, what it must hold (time, text and flags by number), and how many lines were seen to go."""
    kept, gone = LogStore(**bounds), 0
    model: dict[int, tuple[int, str, int]] = {}
    newest, oldest = 1_000, 1_000
    for change, parts in changes:
        oldest -= 100
        events = page(newest if change == "append" else oldest, parts)
        lines = [
            (event.at, text, CONTINUES if place else 0)
            for event in events
            for place, text in enumerate(event.text.split("\n"))
        ]
        if change == "append":
            newest = events[-1].at if events else newest
            model.update(enumerate(lines, kept.end))
            kept.append(lines_of(events))
        else:
            model.update(enumerate(lines, kept.first - len(lines)))
            kept.prepend(lines_of(events))
        gone += sum(number < kept.first for number in model)
        model = {number: line for number, line in model.items() if number >= kept.first}
    return kept, model, gone


def as_events(lines: list[tuple[int, str, int]]) -> list[tuple[int, str]]:
    """Lines put together again, time and text of each event."""
    events: list[tuple[int, str]] = []
    for at, text, flags in lines:
        events.append((at, f"{events.pop()[1]}\n{text}" if flags & CONTINUES else text))
    return events


@settings(max_examples=100)
@given(CHANGES, BOUNDS, st.integers(-30, 40), st.integers(-30, 40))
def test_whatever_goes_in_or_is_dropped_every_line_keeps_its_number(
    changes: list[tuple[str, list[tuple[int, str]]]], bounds: dict[str, int], low: int, high: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # So small that a few lines make several chunks.
        patch.setattr(module, "CHUNK_BYTES", 30)
        kept, model, gone = filled(changes, bounds)
    numbers = range(kept.first, kept.end)
    assert list(numbers) == sorted(model)
    assert {n: (kept.at(n), kept.text(n), kept.flags(n)) for n in numbers} == model
    assert kept.dropped == gone
    assert kept.size == sum(len(text.encode()) + 1 + 13 for _, text, _ in model.values())
    forward = list(kept.stretches(low, high))
    inside = [(n, *model[n][1:]) for n in numbers if low <= n < high]
    assert [line for run in forward for line in numbered(run)] == inside
    backward = [numbered(run) for run in kept.backwards(low, high)]
    assert backward == [numbered(run) for run in reversed(forward)]
    times = [model[n][0] for n in numbers]
    assert kept.first_at() == (times[0] if times else None)
    assert kept.newest_at() == (max(times) if times else None)
    events = as_events([model[n] for n in numbers])
    for at in {one + apart for one in times for apart in (-1, 0, 1)}:
        assert kept.number_at(at) == next((n for n in numbers if model[n][0] >= at), kept.end)
        assert Counter(kept.events_since(at)) == Counter(event for event in events if event[0] >= at)


def numbered(run: Stretch) -> list[tuple[int, str, int]]:
    return list(zip(range(run.first, run.first + len(run.starts)), lines_in(run), run.flags, strict=True))


def test_an_event_that_came_late_is_among_those_since_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 1)
    kept = LogStore()
    for at, text in [(10, "a"), (50, "b"), (20, "late\nin two lines"), (60, "c")]:
        kept.append(lines_of([LogEvent(at, text)]))
    assert sorted(kept.events_since(20)) == [(20, "late\nin two lines"), (50, "b"), (60, "c")]
    assert (kept.first_at(), kept.newest_at()) == (10, 60)
    kept.append(lines_of([LogEvent(30, "later still")]))
    assert (kept.at(kept.end - 1), kept.newest_at()) == (30, 60)


def test_a_position_in_the_text_leads_to_its_line() -> None:
    (run,) = a_store("ab", "", "é!").stretches(0, 3)
    assert [run.number(position) for position in range(len(run.text))] == [0, 0, 0, 1, 2, 2, 2, 2]


def test_lines_that_are_dropped_on_the_way_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 1)

    def bounded() -> LogStore:
        kept = LogStore(most_lines=4)
        for number in range(4):
            kept.append(lines_of([LogEvent(number, f"line {number}")]))
        return kept

    def grow(kept: LogStore) -> None:
        for number in range(4, 7):
            kept.append(lines_of([LogEvent(number, f"line {number}")]))

    kept = bounded()
    runs = kept.stretches(0, 100)
    assert next(runs).first == 0
    grow(kept)
    assert [run.first for run in runs] == [3, 4, 5, 6]
    kept = bounded()
    runs = kept.backwards(0, 100)
    assert next(runs).first == 3
    grow(kept)
    assert list(runs) == []


def test_a_store_is_full_by_its_bytes_too() -> None:
    kept = LogStore(most_bytes=2 * (4 + 1 + 13))
    kept.append(lines_of([LogEvent(1, "four")]))
    assert not kept.is_full
    kept.prepend(lines_of([LogEvent(0, "four")]))
    assert kept.is_full


def test_what_is_read_before_the_first_line_drops_nothing_until_more_comes_in() -> None:
    kept = LogStore(most_lines=2)
    kept.append(lines_of([LogEvent(5, "a"), LogEvent(6, "b")]))
    kept.prepend(lines_of([LogEvent(3, "older"), LogEvent(4, "old")]))
    assert (kept.first, kept.end, kept.dropped, kept.dropped_until) == (-2, 2, 0, None)
    kept.append(lines_of([LogEvent(7, "c")]))
    assert (kept.first, kept.end, kept.dropped, kept.dropped_until) == (0, 3, 2, 4)
