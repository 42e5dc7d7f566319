"""Searching a store in slices, against looking at every line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch.cloud.log_page import LogEvent
from farmwatch.watch.logs import scan as module
from farmwatch.watch.logs import store as store_module
from farmwatch.watch.logs.reading import Severities
from farmwatch.watch.logs.scan import (
    BadPattern,
    Numbers,
    Query,
    Scan,
    banners,
    errors,
    own_lines,
    repeats,
    tracebacks,
    worker_errors,
)
from farmwatch.watch.logs.store import LogStore, lines_of


def a_store(*texts: str, own: str = "own") -> LogStore:
    store = LogStore()
    store.append(lines_of([LogEvent(at, text) for at, text in enumerate(texts)], lambda text: own in text))
    return store


def found(store: LogStore, find: module.Find, start: int = 0, in_pairs: bool = False) -> list[int]:
    scan = Scan(store, find, start, in_pairs=in_pairs)
    while not scan.is_done:
        scan.advance()
    return list(scan.found)


LETTERS = st.text(alphabet="aAbB_7 é", max_size=12)
NEEDLES = st.text(alphabet="aAbB_7é", min_size=1, max_size=3)


@settings(max_examples=200, deadline=None)
@given(st.lists(LETTERS, max_size=40), NEEDLES, st.integers(0, 40), st.integers(1, 5), st.integers(0, 2))
def test_a_search_finds_what_looking_at_every_line_finds(
    texts: list[str], needle: str, start: int, many: int, rare: int
) -> None:
    # Every way that a text is looked for, on a few lines.
    before = module.MANY, module.RARE, module.SAMPLED
    module.MANY, module.RARE, module.SAMPLED = many, rare * 100 - 1, 1
    try:
        store = a_store(*texts)
        any_case = needle == needle.lower()
        expected = [
            number
            for number, text in enumerate(texts)
            if (needle in text.lower() if any_case else needle in text)
        ]
        assert found(store, Query(needle).numbers, start) == expected
    finally:
        module.MANY, module.RARE, module.SAMPLED = before


@settings(max_examples=60, deadline=None)
@given(st.lists(LETTERS, max_size=20), st.sampled_from(["a.b", "^a", "7$", "(a|b)_", r"\d+"]))
def test_a_regular_expression_is_looked_for_line_by_line(texts: list[str], pattern: str) -> None:
    query = Query(pattern, is_regex=True)
    expected = [n for n, text in enumerate(texts) if re.search(pattern, text, re.IGNORECASE)]
    assert found(a_store(*texts), query.numbers) == expected


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "*", "(?P<a>x)(?P<a>y)", "x{99999999999999999999}"])
def test_a_pattern_that_is_none_says_why(pattern: str) -> None:
    with pytest.raises(BadPattern, match=r"\w"):
        Query(pattern, is_regex=True)


def test_a_text_is_no_pattern() -> None:
    assert found(a_store("a.b", "axb", "(x"), Query("a.b").numbers) == [0]
    assert Query("(x").spans("a (x b (x") == [(2, 4), (7, 9)]


def test_matches_of_nothing_are_not_marked() -> None:
    assert Query("x*", is_regex=True).spans("abxx") == [(2, 4)]


def test_a_scan_follows_a_store_that_grows_at_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "CHUNK_BYTES", 20)
    store = a_store("needle 0", "straw")
    scan = Scan(store, Query("needle").numbers, 1)
    while not scan.is_done:
        scan.advance()
    store.append(lines_of([LogEvent(9, "needle 2"), LogEvent(9, "straw")]))
    store.prepend(lines_of([LogEvent(-2, "needle -2"), LogEvent(-1, "straw")]))
    assert not scan.is_done
    while not scan.is_done:
        scan.advance()
    assert list(scan.found) == [-2, 0, 2]


def test_a_scan_begins_where_one_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "CHUNK_BYTES", 10)
    store = LogStore()
    for number in range(50):
        store.append(lines_of([LogEvent(number, f"needle {number}")]))
    scan = Scan(store, Query("needle").numbers, 25)
    scan.advance()
    assert scan.found[0] >= 25


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=40), st.integers(-45, 45))
def test_numbers_are_a_sorted_list(ends: list[bool], asked: int) -> None:
    numbers, model = Numbers(), [0]
    numbers.append([0])
    for is_after in ends:
        if is_after:
            numbers.append([model[-1] + 1, model[-1] + 2])
            model += [model[-1] + 1, model[-1] + 2]
        else:
            numbers.prepend([model[0] - 2])
            model.insert(0, model[0] - 2)
    assert list(numbers) == model
    assert [numbers[at] for at in range(len(numbers))] == model
    assert numbers[-1] == model[-1]
    assert numbers[1:5] == model[1:5]
    assert numbers.place(asked) == sum(one < asked for one in model)
    assert numbers.next_after(asked) == next((one for one in model if one > asked), None)
    assert numbers.last_before(asked) == next((one for one in reversed(model) if one < asked), None)
    assert (asked in numbers) == (asked in model)
    assert "no number" not in numbers


def test_what_is_the_same_as_the_line_before_is_found_across_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "CHUNK_BYTES", 12)
    store = LogStore()
    for text in ["a", "a", "b", "", "", "-" * 50, "-" * 50, "a", "a", "a"]:
        store.append(lines_of([LogEvent(0, text)]))
    for start in range(11):
        assert found(store, repeats, start, in_pairs=True) == [1, 8, 9]


def test_errors_of_the_log_and_of_the_worker() -> None:
    assert found(a_store("ERROR: x", "fine", "KeyError: 1"), errors(Severities.of())) == [0, 2]
    store = a_store('{"level": "INFO"}', '{"level": "ERROR"}', '{"level": "WARNING"}')
    assert found(store, worker_errors) == [1, 2]


def test_banners_begin_a_line_and_tracebacks_need_not() -> None:
    store = a_store(
        "--------- Running Task",
        "see --------- Running Task",
        "own",
        "12:00 Traceback (most recent call last):",
    )
    assert found(store, banners) == [0]
    assert found(store, tracebacks) == [3]
    assert found(store, own_lines) == [2]
