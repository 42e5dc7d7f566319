"""What somebody has called not stuck, and how often each rule of trouble fired: kept in the state file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from farmwatch.config.state import KeptState, StateFile
    from farmwatch.wall.values import WallRow

KEPT = 500
"""Actions that are remembered, those called not stuck last: the others are over by then."""


class Contradictions:
    """Remembers what is not stuck, whatever the rules say of it."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    @property
    def subjects(self) -> frozenset[str]:
        """What was called not stuck: ids of actions, and of sessions that have none."""
        return frozenset(self._file.state.contradicted)

    def toggle(self, row: WallRow) -> bool:
        """Call what a session does now not stuck, or take that back; whether it is called so now. The rules
        that have found it by signals are counted as contradicted; what is no signal is not contradicted."""
        subject = row.subject
        rules = [one.rule for one in row.findings if one.severity.is_signal]
        is_so = subject not in self.subjects

        def change(state: KeptState) -> KeptState:
            kept = [one for one in state.contradicted if one != subject]
            if is_so:
                kept.append(subject)
            return replace(_counted(state, rules, 0, 1 if is_so else -1), contradicted=tuple(kept[-KEPT:]))

        self._file.change(change)
        return is_so

    def count(self, fired: Iterable[str]) -> None:
        """These rules, by name, have fired once more."""
        rules = tuple(fired)
        if rules:
            self._file.change(lambda state: _counted(state, rules, 1, 0))


def _counted(state: KeptState, rules: Iterable[str], fired: int, contradicted: int) -> KeptState:
    counts = dict(state.rules)
    for rule in rules:
        before = counts.get(rule, (0, 0))
        counts[rule] = (before[0] + fired, max(0, before[1] + contradicted))
    return replace(state, rules=counts)
