"""Searching a store in slices, against looking at every line."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch.aws.log_page import LogEvent
from farmwatch.logs import scan as module
from farmwatch.logs import store as store_module
from farmwatch.logs.parsing import Severities, Severity, worker_event
from farmwatch.logs.scan import (
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
from farmwatch.logs.store import LogStore, lines_of
from tests.captures import lines_in


def a_store(*texts: str, own: str = "own") -> LogStore:
    store = LogStore()
    store.append(lines_of([LogEvent(at, text) for at, text in enumerate(texts)], lambda one: own in one.text))
    return store


def found(store: LogStore, find: module.Find, start: int = 0, in_pairs: bool = False) -> list[int]:
    scan = Scan(store, find, start, in_pairs=in_pairs)
    while not scan.is_done:
        scan.advance()
    return list(scan.found)


LETTERS = st.text(alphabet="aAbB_7 é", max_size=12)
NEEDLES = st.text(alphabet="aAbB_7é", min_size=1, max_size=3)


@settings(max_examples=200)
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


@settings(max_examples=60)
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


@settings(max_examples=60)
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
    nothing: object = "no number"
    assert nothing not in numbers


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


# --- texts in any case --------------------------------------------------------------------------------

# Letters that have more than one other case, or another length in it.
ODD = "kKsSiIſK éÉßẞΣσςİı"
ODD_LINES = st.lists(st.text(alphabet=ODD, max_size=8), max_size=12)


@settings(max_examples=100)
@given(ODD_LINES, st.text(alphabet=ODD, min_size=1, max_size=2), st.integers(0, 12))
def test_letters_of_every_language_are_found_in_any_case(texts: list[str], needle: str, start: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # Some slices are plain letters only, others are not: both ways of looking must agree.
        patch.setattr(store_module, "CHUNK_BYTES", 6)
        store = LogStore()
        for at, text in enumerate(texts):
            store.append(lines_of([LogEvent(at, text)]))
        query = Query(needle)
        flags = re.IGNORECASE if needle == needle.lower() else 0
        expected = [n for n, text in enumerate(texts) if re.search(re.escape(needle), text, flags)]
        assert found(store, query.numbers, start) == expected
        assert [n for n, text in enumerate(texts) if query.spans(text)] == expected
        if not flags:
            assert expected == [n for n, text in enumerate(texts) if needle in text]


@settings(max_examples=60)
@given(LETTERS, NEEDLES)
def test_what_is_marked_in_a_line_is_the_text_that_was_looked_for(line: str, needle: str) -> None:
    spans = Query(needle).spans(line)
    any_case = needle == needle.lower()
    pieces = [line[first:end] for first, end in spans]
    assert all((piece.lower() if any_case else piece) == needle for piece in pieces)
    assert len(pieces) == (line.lower() if any_case else line).count(needle)


@pytest.mark.parametrize(
    ("text", "lines"), [("error", [0, 1, 2]), ("Error", [1]), ("ERROR", [2]), ("eRROR", [])]
)
def test_a_capital_makes_the_case_matter(text: str, lines: list[int]) -> None:
    store = a_store("error", "Error", "ERROR", "terrible")
    assert found(store, Query(text).numbers) == lines
    assert found(store, Query(text, is_regex=True).numbers) == lines


@settings(max_examples=100)
@given(st.text(alphabet="()[]{}?*+|^$\\.,-:<>=!Pabsx0129# é", max_size=9))
def test_whatever_is_typed_is_a_pattern_or_a_bad_one(pattern: str) -> None:
    with warnings.catch_warnings():
        # Python warns of patterns that will mean something else one day.
        warnings.simplefilter("ignore", FutureWarning)
        try:
            expected = re.compile(pattern, re.IGNORECASE if pattern == pattern.lower() else 0)
        except (re.error, OverflowError) as error:
            with pytest.raises(BadPattern, match=re.escape(str(error))):
                Query(pattern, is_regex=True)
            return
        texts = ["abs", "", "x0129# é", "(a)"]
        wanted = [n for n, text in enumerate(texts) if expected.search(text)]
        assert found(a_store(*texts), Query(pattern, is_regex=True).numbers) == wanted


def test_the_same_question_asked_twice_is_the_same() -> None:
    assert Query("a") == Query("a") != Query("a", is_regex=True)
    assert hash(Query("a")) == hash(Query("a"))


@pytest.mark.parametrize("needle", ["z", "a needle", "NEEDLE", "é"])
@pytest.mark.parametrize("every", [1, 2, 500])
def test_many_finds_in_one_slice_are_all_found(needle: str, every: int) -> None:
    texts = [f"straw {needle} straw" if not n % every else "only straw" for n in range(1001)]
    assert found(a_store(*texts), Query(needle).numbers) == list(range(0, 1001, every))


# --- going through a store that changes ---------------------------------------------------------------

STEPS = st.lists(st.tuples(st.sampled_from(["append", "prepend", "advance"]), st.integers(1, 5)), max_size=25)


def as_it_grows(
    steps: list[tuple[str, int]], start: int, find: module.Find, *, in_pairs: bool, most_lines: int
) -> tuple[LogStore, Scan]:
    """A scan in the middle of a store that goes on changing, in the end done."""
    store = LogStore(most_lines=most_lines)
    # Every third line is the same as the one before it, and half of them are needles.
    texts = ["needle a", "straw", "straw", "needle b", "needle b", "needle a"]
    store.append(lines_of([LogEvent(0, text) for text in texts]))
    scan = Scan(store, find, start, in_pairs=in_pairs)
    for step, count in steps:
        events = [LogEvent(0, texts[(store.end + one) % 6]) for one in range(count)]
        if step == "append":
            store.append(lines_of(events))
        elif step == "advance":
            scan.advance()
        elif not store.dropped:
            # Once something is dropped nothing older is read.
            store.prepend(lines_of(events))
    while not scan.is_done:
        scan.advance()
    return store, scan


@settings(max_examples=100)
@given(STEPS, st.integers(-9, 9), st.sampled_from([5, 20, 1000]))
def test_nothing_that_is_kept_is_passed_over_whenever_it_came(
    steps: list[tuple[str, int]], start: int, most_lines: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, "CHUNK_BYTES", 16)
        store, scan = as_it_grows(
            steps, start, Query("needle").numbers, in_pairs=False, most_lines=most_lines
        )
    everything = list(scan.found)
    assert everything == sorted(set(everything))
    kept = range(store.first, store.end)
    assert [n for n in everything if n in kept] == [n for n in kept if "needle" in store.text(n)]


@settings(max_examples=100)
@given(STEPS, st.integers(-9, 9))
def test_repeats_are_found_however_the_log_came_in(steps: list[tuple[str, int]], start: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, "CHUNK_BYTES", 16)
        store, scan = as_it_grows(steps, start, repeats, in_pairs=True, most_lines=1000)
    kept = range(store.first + 1, store.end)
    assert list(scan.found) == [n for n in kept if store.text(n) == store.text(n - 1)]


def test_a_scan_that_is_done_finds_nothing_twice() -> None:
    scan = Scan(a_store("needle", "needle"), Query("needle").numbers, 1)
    for _ in range(5):
        scan.advance()
    assert list(scan.found) == [0, 1]


def test_in_an_empty_store_there_is_nothing_to_do() -> None:
    store = LogStore()
    scan = Scan(store, Query("needle").numbers, 7)
    assert scan.is_done
    scan.advance()
    store.append(lines_of([LogEvent(0, "needle")]))
    assert not scan.is_done
    scan.advance()
    assert list(scan.found) == [0]


# --- what is looked for -------------------------------------------------------------------------------

LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


@pytest.mark.parametrize("level", LEVELS)
def test_a_worker_event_is_an_error_by_its_level_alone(level: str) -> None:
    quoted = r'{"level": "INFO", "message": "\"level\": \"ERROR\""}'
    store = a_store(quoted, f'{{"level": "{level}", "message": "fine"}}', quoted)
    assert found(store, worker_errors) == ([1] if level in LEVELS[2:] else [])


@pytest.mark.parametrize(("name", "count"), [("fails", 2), ("log_error", 3), ("spot", 1)])
def test_the_captured_worker_logs_have_the_errors_that_reading_them_tells(name: str, count: int) -> None:
    lines = lines_in(f"{name}.worker.log")
    events = [worker_event(line) for line in lines]
    bad = [n for n, event in enumerate(events) if event is not None and event.severity is not Severity.NONE]
    assert len(bad) == count
    assert found(a_store(*lines), worker_errors) == bad


def test_the_captured_traceback_is_found_and_its_errors() -> None:
    lines = lines_in("traceback.session.log")
    (begin,) = found(a_store(*lines), tracebacks)
    assert lines[begin] == "Traceback (most recent call last):"
    texts = [lines[n] for n in found(a_store(*lines), errors(Severities.of()))]
    assert texts == [
        "Traceback (most recent call last):",
        "FileNotFoundError: [Errno 2] No such file or directory: '/mnt/assets/missing.usd'",
        "Process pid 26393 exited with code: 1 (unsigned) / 0x1 (hex)",
    ]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["", " ", "a", "own a\nown b\n", "-----", "=====x", "é"]), max_size=20))
def test_repeats_and_own_lines_are_told_line_by_line(texts: list[str]) -> None:
    lines = [(line, "own" in text) for text in texts for line in text.split("\n")]
    store = a_store(*texts)
    assert found(store, own_lines, len(texts) // 2) == [n for n, (_, own) in enumerate(lines) if own]
    same = [n for n in range(1, len(lines)) if lines[n][0] == lines[n - 1][0] in ("a", "é")]
    assert found(store, repeats, len(texts) // 2, in_pairs=True) == same
