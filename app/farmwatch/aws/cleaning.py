"""Text from outside is data: made harmless where it enters the program.

Escape sequences, control characters, direction overrides and invisible characters can rewrite a
terminal, a clipboard or a reader's understanding of a line. They are replaced *visibly*, so that it
can still be seen that something was there: C0 controls by their Unicode picture (``ESC`` becomes
``␛``), everything else by ``�``.
"""

from __future__ import annotations

from functools import cache

MAX_LINE = 16 * 1024
"""Characters kept of one line of text; a longer one is cut and says so."""

# Every format character, line and paragraph separator and lone surrogate of Unicode 15.1 above the C1
# controls. Written down, because scanning Unicode for them takes a third of a second; a test compares.
HIDDEN_RANGES = (
    (0x00AD, 0x00AD),
    (0x0600, 0x0605),
    (0x061C, 0x061C),
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x180E, 0x180E),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0xD800, 0xDFFF),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)


@cache
def _table() -> dict[int, str]:
    """What is put in the place of a character, by its code; made when there is first something to clean."""
    table = {code: chr(0x2400 + code) for code in range(0x20)}
    table[0x7F] = "␡"
    table[ord("\t")] = "    "
    table |= dict.fromkeys(range(0x80, 0xA0), "�")
    for first, last in HIDDEN_RANGES:
        table |= dict.fromkeys(range(first, last + 1), "�")
    # Variation selectors change only the picture of the character before them, but a terminal and a
    # table may disagree about the width they leave behind.
    table |= dict.fromkeys(range(0xFE00, 0xFE10), "")
    return table


def clean(text: str, limit: int = MAX_LINE) -> str:
    """One harmless line made of ``text``; at most ``limit`` characters and a note of how many were cut."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    cut = len(text) - limit
    line = text[:limit].translate(_table())
    return f"{line}… ({cut:,} more characters)" if cut > 0 else line


def are_harmless(json: bytes) -> bool:
    """Whether every text in this JSON is harmless as it stands there, and short enough, so that `clean` would
    change none: JSON has no control characters but as escapes, and DEL."""
    return json.isascii() and b"\\" not in json and b"\x7f" not in json and len(json) <= MAX_LINE
