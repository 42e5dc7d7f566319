"""What was called not stuck, as it is remembered."""

from __future__ import annotations

from farmwatch.config.state import StateFile
from farmwatch.monitor.contradictions import KEPT, Contradictions
from farmwatch.rules.finding import Finding, Severity
from farmwatch.wall.values import WallRow
from tests.canned import REF, START, an_action


def a_row(number: int = 1) -> WallRow:
    silent = Finding("silent", Severity.SUSPECT, "silent", "silent", START)
    lost = Finding("log trouble", Severity.CERTAIN, "log: none", "log: none", START)
    return WallRow(REF, action=an_action(number), findings=(lost, silent))


def test_only_signals_are_contradicted_and_that_can_be_taken_back() -> None:
    file = StateFile(None)
    contradictions = Contradictions(file)
    contradictions.count(["silent", "silent", "log trouble"])
    assert contradictions.toggle(a_row())
    assert contradictions.subjects == {a_row().subject}
    assert file.state.rules == {"silent": (2, 1), "log trouble": (1, 0)}
    assert not contradictions.toggle(a_row())
    assert contradictions.subjects == frozenset()
    assert file.state.rules == {"silent": (2, 0), "log trouble": (1, 0)}


def test_a_session_that_does_nothing_is_called_so_by_its_own_id() -> None:
    contradictions = Contradictions(StateFile(None))
    contradictions.toggle(WallRow(REF))
    assert contradictions.subjects == {REF.session_id}


def test_the_oldest_are_forgotten() -> None:
    contradictions = Contradictions(StateFile(None))
    for number in range(KEPT + 3):
        contradictions.toggle(a_row(number))
    assert len(contradictions.subjects) == KEPT
    assert a_row(2).subject not in contradictions.subjects
    assert a_row(3).subject in contradictions.subjects
