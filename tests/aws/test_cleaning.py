import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch.aws.cleaning import HIDDEN_RANGES, MAX_LINE, are_harmless, clean
from tests.payloads import ESCAPES

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]


def test_what_is_hidden_is_what_unicode_says() -> None:
    listed = {code for first, last in HIDDEN_RANGES for code in range(first, last + 1)}
    hidden = {
        code
        for code in range(0xA0, 0x110000)
        if 0xD800 <= code <= 0xDFFF or unicodedata.category(chr(code)) in {"Cf", "Zl", "Zp"}
    }
    assert hidden - listed == set()


@pytest.mark.parametrize("payload", ESCAPES.values(), ids=ESCAPES)
def test_no_payload_keeps_a_character_that_a_terminal_obeys(payload: str) -> None:
    left = [one for one in clean(payload) if one in CONTROLS or unicodedata.category(one) in ("Cf", "Cs")]
    assert left == []


@given(st.text(alphabet=st.characters()))
def test_any_text_becomes_one_line_that_can_be_written_anywhere(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert len(cleaned.splitlines()) <= 1


@given(st.text(), st.booleans())
def test_what_stands_harmless_in_json_needs_no_cleaning(text: str, ascii_only: bool) -> None:
    written = json.dumps({"a": text}, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert not are_harmless(written) or clean(text) == text


def test_a_plain_text_is_harmless_in_json_and_one_too_long_is_not() -> None:
    assert are_harmless(b'{"status": "RUNNING", "progressMessage": "tile 3 of 9 (33 %)"}')
    assert not are_harmless(json.dumps("x" * MAX_LINE).encode())


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_a_long_line_is_cut_and_says_so() -> None:
    cleaned = clean("x" * (MAX_LINE + 1500))
    assert cleaned.endswith("… (1,500 more characters)")
    assert len(cleaned) < MAX_LINE + 40


def test_ordinary_text_stays_as_it_is() -> None:
    assert clean("夜の森 – שלום 🎬 [INFO]") == "夜の森 – שלום 🎬 [INFO]"
