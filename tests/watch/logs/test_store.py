"""The store against a plain list of lines."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch.cloud.log_page import LogEvent
from farmwatch.watch.logs import store as module
from farmwatch.watch.logs.store import CONTINUES, OWN, LogStore, lines_of

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


@settings(max_examples=80, deadline=None)
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
    kept.append(lines_of([LogEvent(1, "mine\nand more"), LogEvent(2, "other")], lambda text: "mine" in text))
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
