"""Three simulated days of random faults, ten times over. (``make soak``)"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sessions.simulation import simulate


@pytest.mark.parametrize("seed", range(10))
def test_three_days(tmp_path: Path, seed: int) -> None:
    result = simulate(tmp_path / "history.sqlite", 72, seed)
    print(f"\n  {result.polls:,} polls, {result.changes:,} changes, {result.faults} faults")
    assert result.history == result.truth
    assert result.told_live_while_old == 0
    assert not result.late
