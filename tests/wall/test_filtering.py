"""What is typed to leave some rows: words, words of a field, words that are not wanted."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from farmwatch.wall.filtering import Filter

FIELDS = {"job": 0, "status": 0, "step": 0, "user": 0}
ROW = {"job": "sq 010_sh0420", "status": "FAILED", "step": "Render", "user": "Jon"}


def leaves(text: str, row: Mapping[str, str] = ROW) -> bool:
    return Filter.of(text, FIELDS).leaves(lambda field: row[field], FIELDS)


@pytest.mark.parametrize(
    ("text", "is_left"),
    [
        ("", True),
        ("sh0420", True),
        ("SH0420 render", True),
        ("sh0420 crowd", False),
        ("status:failed", True),
        ("status:run", False),
        ("user:render", False),
        ("-user:jon", False),
        ("-user:mira", True),
        ("-crowd", True),
        ("-render", False),
        ("us:jon", True),
        ("us:mira", False),
        ("st:failed", False),
        ('job:"sq 010"', True),
        ('job:"sq 020"', False),
        ('"sq 010"', True),
        ("-", False),
        ("status:", True),
        ("-status:", True),
        ('status:"', True),
        ('"', True),
    ],
)
def test_rows_are_left_or_not(text: str, is_left: bool) -> None:
    assert leaves(text) is is_left


def test_a_field_that_there_is_none_of_is_told_and_looked_for_as_it_stands() -> None:
    wanted = Filter.of("colour:red st:x", FIELDS)
    assert wanted.unknown == ("colour", "st")
    assert leaves("colour:red", {**ROW, "job": "a colour:red job"})


def test_what_has_a_colon_of_its_own_is_a_word() -> None:
    wanted = Filter.of("12:30 /mnt/a:b", FIELDS)
    assert wanted.unknown == ()
    assert [term.word for term in wanted.terms] == ["12:30", "/mnt/a:b"]
