"""Patterns that are tried on every line for as long as a session runs."""

from __future__ import annotations

import pytest

from farmwatch.logs.patterns import LOOKED_AT, lasting_query, matches
from farmwatch.logs.scan import BadPattern


@pytest.mark.parametrize(
    ("pattern", "line", "is_match"),
    [
        ("frame 12", "Rendering Frame 12 of 40", True),
        ("Frame 12", "rendering frame 12", False),
        (r"progress: (9\d|100)%", "progress: 97%", True),
        (r"^error.*texture", "error: no texture", True),
        (r"[\])(a+]{2}x", "))x", True),
        ("[]a]+b?", "]]", True),
        (r"\(a+\)+", "(a)", True),
        ("late", "x" * LOOKED_AT + "late", False),
    ],
)
def test_a_line_matches_or_does_not(pattern: str, line: str, is_match: bool) -> None:
    assert matches(lasting_query(pattern), line) is is_match


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("  ", "A pattern is wanted"),
        ("x" * 201, "201 characters; 200 are the most"),
        ("(unclosed", "no regular expression"),
        ("a*", "matches an empty line"),
        ("(a+)+$", "can take for ever"),
        ("(a|a)*b", "can take for ever"),
        ("(a?){30}b", "can take for ever"),
        ("((a+)b)*c", "can take for ever"),
        (r"(?:[^)]+,){5,}x", "can take for ever"),
        (r"(a+)b\1", "can take for ever"),
        ("(?P<one>a+)b(?P=one)", "can take for ever"),
        ("a.*b.*c.*d.*e.*f", "can take for ever"),
    ],
)
def test_what_cannot_be_tried_again_and_again_is_refused_in_words(pattern: str, told: str) -> None:
    with pytest.raises(BadPattern, match=told):
        lasting_query(pattern)
