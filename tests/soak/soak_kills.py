"""The writer of the history, killed two hundred times. (``make soak``)"""

from __future__ import annotations

from pathlib import Path

from tests.history.killing import kill_writers


def test_two_hundred_kills(tmp_path: Path) -> None:
    result = kill_writers(tmp_path / "history.sqlite", 200, seed=7)
    print(f"\n  {result}")
    assert result.kills == 200
    assert (result.lost, result.doubled, result.damaged) == (0, 0, 0)
