"""What a rule says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace


class Severity(StrEnum):
    """How sure a finding is, the worst first. SUSPECT is one signal that something is stuck, STUCK one of at
    least two; CERTAIN needs no other. SLOW has too little to compare with, and is no trouble; WORKING looks
    like a signal, and is known to be none."""

    CERTAIN = "certain"
    STUCK = "stuck"
    SUSPECT = "suspect"
    SLOW = "slow"
    WORKING = "working"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self]

    @property
    def is_signal(self) -> bool:
        """Whether it is of what somebody may call not stuck."""
        return self in (Severity.STUCK, Severity.SUSPECT, Severity.SLOW)


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


# There may be thousands, in no circle: the garbage collector need not go through them.
class Finding(Struct, frozen=True, gc=False):
    """Something a rule has found. ``words`` are few, for a list; ``evidence`` is a sentence that has what was
    compared. ``since`` is when it began. ``is_contradicted`` says that somebody has called it not stuck."""

    rule: str
    severity: Severity
    words: str
    evidence: str
    since: datetime
    is_contradicted: bool = False

    @property
    def is_serious(self) -> bool:
        """Whether it is sure enough to be counted as trouble: CERTAIN, or STUCK."""
        return self.severity in (Severity.CERTAIN, Severity.STUCK) and not self.is_contradicted


class NotSeen(Struct, frozen=True):
    """What the rule looks at cannot be seen just now: nothing is found by that, and nothing is over."""


NOT_SEEN = NotSeen()

Verdict = Finding | NotSeen | None
"""What a rule says: something, that it cannot see, or that all is well."""


def summary(findings: Iterable[Finding]) -> tuple[str, ...]:
    """What is found in few words, the worst first: the signals that make something stuck are told as one."""
    told = [one for one in findings if not one.is_contradicted]
    words = [one.words for one in told if one.severity is Severity.CERTAIN]
    for severity in (Severity.STUCK, Severity.SUSPECT, Severity.SLOW):
        signals = [one.words for one in told if one.severity is severity]
        if signals:
            words.append(f"{severity.value}: {', '.join(signals)}")
    words += (one.words for one in told if one.severity is Severity.WORKING)
    return tuple(words)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, the worst first; what was called not stuck comes last."""
    return tuple(sorted(findings, key=lambda one: (one.is_contradicted, one.severity.rank)))


def worst(findings: Iterable[Finding]) -> int:
    """The rank of the worst finding (`Severity.rank`); a greater number where there is none."""
    return min((one.severity.rank for one in findings if not one.is_contradicted), default=len(Severity))


def contradicted(findings: Iterable[Finding], *, is_so: bool) -> tuple[Finding, ...]:
    """The findings of what was called not stuck, or was not; what is no signal stays as it is."""
    return worst_first(
        one
        if not one.severity.is_signal or one.is_contradicted is is_so
        else replace(one, is_contradicted=is_so)
        for one in findings
    )
