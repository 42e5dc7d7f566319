from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

from farmwatch.aws.cleaning import clean
from farmwatch.ui.terminal import AsciiOnly, NoControls
from tests.payloads import ESCAPES

BLACK = Color(0, 0, 0)


def through(line_filter: NoControls | AsciiOnly, text: str) -> str:
    return "".join(one.text for one in line_filter.apply([Segment(text)], BLACK))


@given(st.text().map(clean))
def test_a_terminal_without_utf8_gets_ascii_of_the_same_width(text: str) -> None:
    shown = through(AsciiOnly(), text)
    assert shown.isascii()
    assert len(shown) == sum(cell_len(one) for one in text)


def test_glyphs_that_mean_something_stay_apart() -> None:
    assert len(set(through(AsciiOnly(), "●◐◑✗○◌▲━─"))) == 9


def test_neither_enter_nor_what_is_well_looks_like_an_arrow() -> None:
    assert not set(through(AsciiOnly(), "⏎✓")) & set(through(AsciiOnly(), "↑↓▲▼▾"))


@pytest.mark.parametrize("payload", ESCAPES.values(), ids=ESCAPES)
def test_no_payload_passes_the_wall(payload: str) -> None:
    assert through(NoControls(), payload).isprintable()


def test_what_is_meant_for_the_terminal_passes() -> None:
    code: Any = (1,)
    control = Segment("\x1b[?25l", None, [code])
    assert NoControls().apply([control], BLACK) == [control]
