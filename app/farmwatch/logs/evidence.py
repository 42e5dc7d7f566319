"""What is known about a session that did not go well, piece by piece, each with where it is from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from farmwatch.aws.session_action import SessionAction
from farmwatch.logs.browse import Line

CAUSES = 3
"""Causes that a sentence names at most."""

LONG = 400
"""Characters of a message that was written for a reader."""


class Part(StrEnum):
    """What a piece of evidence is about."""

    ACTION = "action"
    SESSION = "session"
    CONFIGURATION = "log error"
    CANCEL = "canceled by"
    PROCESS = "reported"
    STATUS = "last status"
    LAST = "last lines"
    WORKER = "worker"
    BESIDE = "beside it"


class Evidence(Struct, frozen=True):
    """One thing that is known: where from, of when, and, if it is in a log, on which line."""

    part: Part
    source: str
    at: datetime | None
    text: str
    line: Line | None = None


@dataclass
class Case:
    """What is gathered about one action: ``name`` is its name in words, ``words`` its exit code's."""

    name: str
    words: str
    action: SessionAction | None
    evidence: list[Evidence] = field(default_factory=list)

    def add(self, part: Part, source: str, at: datetime | None, text: str, line: Line | None = None) -> None:
        """Take note of a piece of evidence; a line does not stand twice for the same."""
        found = Evidence(part, source, at, text, line)
        if found not in self.evidence:
            self.evidence.append(found)

    def in_order(self) -> tuple[Evidence, ...]:
        """All of it, what is about the same thing together."""
        parts = list(Part)
        return tuple(sorted(self.evidence, key=lambda one: parts.index(one.part)))


def short(text: str, most: int = 160) -> str:
    """A text as long as a sentence can bear: so many characters ``most``."""
    return text if len(text) <= most else f"{text[:most]}…"
