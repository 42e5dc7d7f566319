"""What a terminal answers by an operating system command (OSC), taken out of what it sends for keys.

Textual knows no such answers: it would take one for keys, letter by letter, and letters are keys here. So
whatever begins like one is held back until it is whole. It may come in pieces, and at any time.
"""

from __future__ import annotations

import re

from textual.constants import ESCAPE_DELAY

KEYS_WITHIN = 1.0
"""Seconds after which the beginning of what may be an answer is taken for keys: Alt and ``]`` begins so."""

ANSWER_WITHIN = 10.0
"""Seconds after which the rest of an answer is not waited for any more; what there is of it is dropped."""

LONGEST = 4096
"""Characters kept of an answer; the rest is dropped."""

# (Compiled when a terminal answers: few do before the first frame.)
_FIRST = (
    r"\x1b\](?P<answer>\d+;[^\x07\x1b\x9c]*)(?:\x07|\x1b\\|\x9c)"
    r"|(?P<broken_off>\x1b\]\d+;[^\x07\x1b\x9c]*(?=\x1b[^\\]))"  # by a key
    r"|(?P<begun>\x1b(?:\](?:\d+(?:;[^\x07\x1b\x9c]*\x1b?)?)?)?)\Z"
)


class TerminalAnswers:
    """Parts the answers of a terminal from its keys. Times are seconds of any clock that goes on."""

    def __init__(self) -> None:
        self._held = ""
        self._held_at = 0.0

    def feed(self, text: str, at: float) -> tuple[str, list[str]]:
        """Take what the terminal sends; the keys in it, and the answers (without ``ESC ]`` and their end)."""
        if not self._held and "\x1b" not in text:
            return text, []
        text, self._held = self._held + text, ""
        keys: list[str] = []
        answers: list[str] = []
        end = 0
        for found in re.finditer(_FIRST, text):
            keys.append(text[end : found.start()])
            end = found.end()
            if found["answer"] is not None:
                answers.append(found["answer"][:LONGEST])
            elif found["begun"] is not None:
                begun = found["begun"]
                # Its end may have begun too.
                self._held = (
                    begun if len(begun) <= LONGEST else begun[:LONGEST] + "\x1b" * (begun[-1] == "\x1b")
                )
                self._held_at = at
        keys.append(text[end:])
        return "".join(keys), answers

    def overdue(self, at: float) -> str:
        """The keys that have been held back for too long."""
        held, age = self._held, at - self._held_at
        if not held or age < self._patience(held):
            return ""
        self._held = ""
        return "" if ";" in held else held

    @staticmethod
    def _patience(held: str) -> float:
        if held == "\x1b":
            return ESCAPE_DELAY
        return ANSWER_WITHIN if ";" in held else KEYS_WITHIN
