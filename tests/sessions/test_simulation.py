"""Three days of faults, simulated: nothing lost, nothing invented, nothing old called live."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sessions.simulation import simulate


@pytest.mark.long
def test_three_days_of_random_faults_leave_a_true_history(tmp_path: Path) -> None:
    result = simulate(tmp_path / "history.sqlite", hours=72, seed=7)
    assert result.history == result.truth
    assert result.told_live_while_old == 0
    assert not result.late
    assert min(result.faults, result.restarts, len(result.truth)) > 20
