"""What is done to everything that is drawn, on its last way to the terminal."""

from __future__ import annotations

import codecs
import sys
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from farmwatch.cloud.cleaning import clean


class NoControls(LineFilter):
    """The second wall: no control character reaches the terminal from any text, whatever let it pass."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        return [
            segment
            if segment.control or segment.text.isprintable()
            else Segment(clean(segment.text), segment.style)
            for segment in segments
        ]


class AsciiOnly(LineFilter):
    """For a terminal whose encoding knows no more: every character has a stand-in of the same width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        return [
            segment
            if segment.control or segment.text.isascii()
            else Segment("".join(map(_stand_in, segment.text)), segment.style)
            for segment in segments
        ]


_STAND_INS = {
    **dict.fromkeys("─╸╺▔▁–—", "-"),
    "┄": ".",
    "━": "=",
    **dict.fromkeys("│┃▎▏▕║", "|"),
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+"),
    **dict.fromkeys("█▇▆▅▄▃▂▀■", "#"),
    **dict.fromkeys("›▶▸→", ">"),
    **dict.fromkeys("‹◀◂←", "<"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("‘’‚", "'"),
    **dict(zip("●◐◑✗○◌▲▼✓…·•⏎↑↓", "*~+xo.^vv~-*^^v", strict=True)),
    "\N{NO-BREAK SPACE}": " ",
}


@lru_cache(4096)
def _stand_in(character: str) -> str:
    if character.isascii():
        return character
    return _STAND_INS.get(character) or "?" * cell_len(character)


def speaks_utf8() -> bool:
    """Whether what is printed is encoded so that every character can be shown."""
    try:
        return codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"
    except (LookupError, AttributeError):
        return False
