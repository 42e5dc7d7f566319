"""A page of a log is checked, and every line of it made harmless."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch.aws.cleaning import HIDDEN_RANGES, MAX_LINE, clean
from farmwatch.aws.log_page import LogPage, clean_messages
from farmwatch.aws.reply import BadReply

TOKENS = {"nextForwardToken": "f/1/s", "nextBackwardToken": "b/1/s"}


def page(*messages: Any) -> list[str]:
    events = [{"timestamp": at, "message": message} for at, message in enumerate(messages)]
    return [event.text for event in LogPage.from_reply({"events": events, **TOKENS}).events]


def test_lines_are_kept_as_they_are() -> None:
    assert page("plain", "two\nlines", "ends\n", "") == ["plain", "two\nlines", "ends", ""]


def test_events_keep_their_times_and_the_page_its_tokens() -> None:
    events = [{"timestamp": at, "message": "m", "ingestionTime": 9} for at in (7, -1, 7)]
    found = LogPage.from_reply({"events": events, **TOKENS, "ResponseMetadata": {}})
    assert ([event.at for event in found.events], found.forward, found.backward) == (
        [7, -1, 7],
        "f/1/s",
        "b/1/s",
    )


# Every page is read in one of two ways: quickly where all of it is harmless, else message by message.
@pytest.mark.parametrize("beside", ["fine", "not \x1b fine"])
@pytest.mark.parametrize(
    ("message", "kept"),
    [("", ""), ("\n", ""), ("\n\n", "\n"), ("a\n\n", "a\n"), ("\na", "\na"), ("a\n\nb\n", "a\n\nb")],
)
def test_only_the_line_break_at_the_very_end_is_none(message: str, kept: str, beside: str) -> None:
    assert page(message, beside)[0] == kept


def test_windows_ends_its_lines_with_two_characters() -> None:
    assert page("one\r\ntwo\r\n") == ["one\ntwo"]
    assert page("one\r\n\r\ntwo\r") == ["one\n\ntwo"]


def test_a_line_that_goes_back_to_its_beginning_hides_nothing() -> None:
    assert page("10 %\r20 %\r\n") == ["10 %␍20 %"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("a \x1b[2J b", "a ␛[2J b"),
        ("bell \x07", "bell ␇"),
        ("tab\tstop", "tab    stop"),
        ("delete \x7f", "delete ␡"),
        ("C1 \x9b31m", "C1 �31m"),
        ("turned \u202eexe.txt", "turned �exe.txt"),
        ("half \ud83d", "half �"),
        ("one\u2028two", "one�two"),
        ("Zeichen größer als 帧 ✓", "Zeichen größer als 帧 ✓"),
    ],
)
def test_harmful_characters_are_shown_and_not_obeyed(message: str, shown: str) -> None:
    assert page(message, "fine") == [shown, "fine"]
    assert page(f"first\n{message}\nlast\n") == [f"first\n{shown}\nlast"]


def test_a_line_is_cut_where_it_is_longer_than_anybody_reads() -> None:
    assert page("x" * (MAX_LINE + 1050)) == ["x" * MAX_LINE + "… (1,050 more characters)"]


def test_lines_are_measured_one_by_one() -> None:
    whole = "\n".join(["x" * MAX_LINE] * 3)
    assert page(whole + "\n") == [whole]
    too_long = "y" * (MAX_LINE + 1)
    assert page(f"short\n{too_long}\nshort") == [f"short\n{too_long[:MAX_LINE]}… (1 more characters)\nshort"]


HARMFUL = st.sampled_from(
    ["\n", "\r", "\r\n", "\t", "\x00", "\x1b", "\x7f", "\x85", "\x9b"]
    + [chr(code) for ends in HIDDEN_RANGES for code in ends]
)
MESSAGES = st.lists(
    st.lists(HARMFUL | st.characters() | st.just("plain"), max_size=12).map("".join), max_size=6
)


@settings(max_examples=150)
@given(MESSAGES)
def test_no_message_is_lost_and_none_is_harmful(messages: list[str]) -> None:
    cleaned = clean_messages(messages)
    assert len(cleaned) == len(messages)
    for before, after in zip(messages, cleaned, strict=True):
        assert after.count("\n") == before.removesuffix("\n").count("\n")
        for character in after.replace("\n", ""):
            assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp"), repr(character)
        assert all(clean(line) == line for line in after.split("\n"))


@settings(max_examples=100)
@given(MESSAGES)
def test_a_message_is_the_same_whatever_is_beside_it(messages: list[str]) -> None:
    alone = [clean_messages([message])[0] for message in messages]
    assert clean_messages(messages) == alone
    assert clean_messages([*messages, "\x1b"])[:-1] == alone


@pytest.mark.parametrize(
    "reply",
    [
        TOKENS,
        {**TOKENS, "events": None},
        {**TOKENS, "events": 7},
        {**TOKENS, "events": {}},
        {**TOKENS, "events": ({"timestamp": 1, "message": "m"},)},
        {**TOKENS, "events": [7]},
        {**TOKENS, "events": [None]},
        {**TOKENS, "events": ["event"]},
        {**TOKENS, "events": [["timestamp", "message"]]},
        {**TOKENS, "events": [{"timestamp": 1, "message": "m"}, {}]},
        {**TOKENS, "events": [{"timestamp": 1}]},
        {**TOKENS, "events": [{"message": "m"}]},
        {**TOKENS, "events": [{"timestamp": None, "message": "m"}]},
        {**TOKENS, "events": [{"timestamp": 1.5, "message": "m"}]},
        {**TOKENS, "events": [{"timestamp": "1", "message": "m"}]},
        {**TOKENS, "events": [{"timestamp": True, "message": "m"}]},
        {**TOKENS, "events": [{"timestamp": 1, "message": None}]},
        {**TOKENS, "events": [{"timestamp": 1, "message": b"m"}]},
        {"events": [], "nextForwardToken": "f"},
        {"events": [], "nextBackwardToken": "b"},
        {"events": [], "nextForwardToken": "f", "nextBackwardToken": ""},
        {"events": [], "nextForwardToken": 5, "nextBackwardToken": "b"},
    ],
)
def test_what_is_no_page_is_refused(reply: dict[str, Any]) -> None:
    with pytest.raises(BadReply):
        LogPage.from_reply(reply)
