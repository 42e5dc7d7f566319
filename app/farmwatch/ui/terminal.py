"""What is done to everything that is drawn, on its last way to the terminal."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from farmwatch.aws.cleaning import clean
from farmwatch.words.ascii import in_ascii


class NoControls(LineFilter):
    """The second wall: no control character reaches the terminal from any text, whatever let it pass."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Clean the texts that have anything unprintable in them; Textual's own controls pass."""
        return [
            segment
            if segment.control or segment.text.isprintable()
            else Segment(clean(segment.text), segment.style)
            for segment in segments
        ]


class AsciiOnly(LineFilter):
    """For a terminal whose encoding knows no more: every character has a stand-in of the same width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Put stand-ins into the texts that are not ASCII; Textual's own controls pass."""
        return [
            segment
            if segment.control or segment.text.isascii()
            else Segment(in_ascii(segment.text), segment.style)
            for segment in segments
        ]


def pasted(text: str) -> str:
    """Lines, and cells with tabs between them, as they may be copied: text is pasted into shells."""
    lines = (line.split("\t") for line in text.split("\n"))
    return "\n".join("\t".join(clean(cell, len(cell)) for cell in cells) for cells in lines)


def has_few_colours() -> bool:
    """Whether the terminal has 16 colours at the most, by what ``TERM`` and ``COLORTERM`` say."""
    from rich.console import Console
    from textual.constants import COLOR_SYSTEM

    console = Console(color_system=COLOR_SYSTEM, force_terminal=True, legacy_windows=False)  # type: ignore[arg-type]
    return console.color_system not in ("256", "truecolor")
