"""What a terminal answers is no key, however late it comes, and in whatever pieces."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from farmwatch.ui.terminal_answers import ANSWER_WITHIN, LONGEST, TerminalAnswers

ANSWER = "\x1b]99;i=farmwatch-query:p=?;a=focus,report:p=title,body\x1b\\"
SAID = "99;i=farmwatch-query:p=?;a=focus,report:p=title,body"


def taken(pieces: list[str]) -> tuple[str, list[str]]:
    """The keys and the answers, of pieces that come at once after each other."""
    answers = TerminalAnswers()
    keys: list[str] = []
    said: list[str] = []
    for piece in pieces:
        some, found = answers.feed(piece, 0.0)
        keys.append(some)
        said += found
    return "".join(keys), said


@given(st.lists(st.integers(0, len(ANSWER) + 5), max_size=6), st.sampled_from(["\x1b\\", "\x07"]))
def test_an_answer_in_any_pieces_is_one(cuts: list[int], end: str) -> None:
    text = f"ab{ANSWER.removesuffix(chr(27) + chr(92))}{end}cd"
    edges = [0, *sorted(cuts), len(text)]
    pieces = [text[start:stop] for start, stop in pairwise(edges)]
    assert taken(pieces) == ("abcd", [SAID])


@given(
    st.lists(st.sampled_from(["a", "\x1b[A", "\x1b[<0;10;10M", "\x1bOP", "\x1b[I", "\x1bx", "ü", "]", ";"]))
)
def test_keys_pass_as_they_are(keys: list[str]) -> None:
    assert taken(keys) == ("".join(keys), [])


def test_several_answers_are_told_one_by_one() -> None:
    assert taken(["\x1b]99;i=1;\x1b\\\x1b]11;rgb:0/0/0\x07x\x1b]99;i=2:p=close;\x1b\\"]) == (
        "x",
        ["99;i=1;", "11;rgb:0/0/0", "99;i=2:p=close;"],
    )


def test_a_lone_escape_is_a_key_soon_and_an_answer_that_never_ends_is_none() -> None:
    answers = TerminalAnswers()
    assert answers.feed("\x1b", 10.0) == ("", [])
    assert answers.overdue(10.05) == ""
    assert answers.overdue(10.2) == "\x1b"
    assert answers.overdue(99.0) == ""
    assert answers.feed("\x1b]", 20.0) == ("", [])
    assert answers.overdue(20.2) == ""
    assert answers.overdue(21.1) == "\x1b]"
    assert answers.feed("\x1b]99;i=1", 30.0) == ("", [])
    assert answers.overdue(30.0 + ANSWER_WITHIN) == ""
    assert answers.feed("j", 40.0) == ("j", [])


def test_a_key_pressed_within_an_answer_that_was_broken_off_is_that_key() -> None:
    assert taken(["\x1b]99;i=1;", "\x1b[A"]) == ("\x1b[A", [])


def test_an_answer_without_end_takes_no_memory() -> None:
    pieces = ["\x1b]99;i=1:p=title;", *["x" * 1000] * 20, "\x1b", "\\"]
    keys, (answer,) = taken(pieces)
    assert keys == ""
    assert len(answer) <= LONGEST
