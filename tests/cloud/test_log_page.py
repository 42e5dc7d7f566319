"""A page of a log is checked, and every line of it made harmless."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch.cloud.cleaning import MAX_LINE
from farmwatch.cloud.log_page import LogPage, clean_messages
from farmwatch.cloud.reply import BadReply

TOKENS = {"nextForwardToken": "f/1/s", "nextBackwardToken": "b/1/s"}


def page(*messages: Any) -> list[str]:
    events = [{"timestamp": at, "message": message} for at, message in enumerate(messages)]
    return [event.text for event in LogPage.from_reply({"events": events, **TOKENS}).events]


def test_lines_are_kept_as_they_are() -> None:
    assert page("plain", "two\nlines", "ends\n", "") == ["plain", "two\nlines", "ends", ""]


def test_windows_ends_its_lines_with_two_characters() -> None:
    assert page("one\r\ntwo\r\n") == ["one\ntwo"]


def test_escape_sequences_are_shown_and_not_obeyed() -> None:
    assert page("a \x1b[2J b", "fine") == ["a ␛[2J b", "fine"]


def test_a_line_is_cut_where_it_is_longer_than_anybody_reads() -> None:
    (line,) = page("x" * (MAX_LINE + 50))
    assert len(line) <= MAX_LINE + 40
    assert line.startswith("x" * (MAX_LINE - 50))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=6))
def test_no_message_is_lost_and_none_is_harmful(messages: list[str]) -> None:
    cleaned = clean_messages(messages)
    assert len(cleaned) == len(messages)
    for before, after in zip(messages, cleaned, strict=True):
        assert after.count("\n") == before.removesuffix("\n").count("\n")
        for character in after.replace("\n", ""):
            assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp"), repr(character)


@pytest.mark.parametrize(
    "reply",
    [
        {**TOKENS, "events": 7},
        {**TOKENS, "events": [7]},
        {**TOKENS, "events": [{"timestamp": "1", "message": "m"}]},
        {**TOKENS, "events": [{"timestamp": True, "message": "m"}]},
        {**TOKENS, "events": [{"timestamp": 1, "message": None}]},
        {"events": [], "nextForwardToken": "f"},
        {"events": [], "nextBackwardToken": "b"},
    ],
)
def test_what_is_no_page_is_refused(reply: dict[str, Any]) -> None:
    with pytest.raises(BadReply):
        LogPage.from_reply(reply)
