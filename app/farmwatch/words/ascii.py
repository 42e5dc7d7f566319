"""Stand-ins for a terminal whose locale knows no more than ASCII, and whether it is one."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Mapping
from functools import lru_cache

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
    **dict(zip("●◐◑✗○◌▲▼✓…·•⏎↑↓", "*~+xo.^v+~-*<^v", strict=True)),
    "▾": "v",
    "×": "x",
    "🔎": "/ ",
    "\N{NO-BREAK SPACE}": " ",
}


@lru_cache(4096)
def _stand_in(character: str) -> str:
    if character.isascii():
        return character
    known = _STAND_INS.get(character)
    if known is not None:
        return known
    from rich.cells import cell_len

    return "?" * cell_len(character)


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
