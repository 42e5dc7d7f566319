"""What is done to everything that is drawn, on its last way to the terminal."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Mapping
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from farmwatch.aws.cleaning import clean


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
            else Segment(in_ascii(segment.text), segment.style)
            for segment in segments
        ]


_STAND_INS = {
    **dict.fromkeys("─╸╺▔▁▂–—", "-"),
    "┄": ".",
    "━": "=",
    **dict.fromkeys("│┃▊▌▎▏▐▕║", "|"),
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+"),
    **dict.fromkeys("█▇▆▅▄▃▀■", "#"),
    **dict.fromkeys("›▶▸→", ">"),
    **dict.fromkeys("‹◀◂←", "<"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("‘’‚", "'"),
    **dict(zip("●◐◑✗○◌▲▼✓…·•⏎↑↓", "*~+xo.^vv~-*^^v", strict=True)),
    "▾": "v",
    "×": "x",
    "🔎": "/ ",
    "\N{NO-BREAK SPACE}": " ",
}


@lru_cache(4096)
def _stand_in(character: str) -> str:
    if character.isascii():
        return character
    return _STAND_INS.get(character) or "?" * cell_len(character)


def in_ascii(text: str) -> str:
    """The same with a stand-in of the same width for every character that ASCII does not have."""
    return text if text.isascii() else "".join(map(_stand_in, text))


def speaks_utf8(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether what is printed is shown in UTF-8.

    In a C locale Python writes UTF-8 all the same (its UTF-8 mode, PEP 540), on the ground that nobody has
    set up a locale. Where somebody has (``LC_ALL=C``), that is what holds.
    """
    try:
        if codecs.lookup(sys.stdout.encoding or "ascii").name != "utf-8":
            return False
    except (LookupError, AttributeError):
        return False
    if os.name == "nt" or not sys.flags.utf8_mode:
        return True
    # Not LC_CTYPE: Python itself has set it by now, where LC_ALL does not stand above it (PEP 538).
    locale = environ.get("LC_ALL") or environ.get("LANG") or "UTF-8"
    return "utf8" in locale.lower().replace("-", "")


def has_few_colours() -> bool:
    """Whether the terminal has 16 colours at the most, by what ``TERM`` and ``COLORTERM`` say."""
    from rich.console import Console
    from textual.constants import COLOR_SYSTEM

    console = Console(color_system=COLOR_SYSTEM, force_terminal=True, legacy_windows=False)  # type: ignore[arg-type]
    return console.color_system not in ("256", "truecolor")
