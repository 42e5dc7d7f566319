"""``kill -9`` at any moment loses nothing that was acknowledged."""

from __future__ import annotations

from pathlib import Path

from tests.history.killing import kill_writers


def test_killing_the_writer_loses_nothing_acknowledged(tmp_path: Path) -> None:
    result = kill_writers(tmp_path / "history.sqlite", 8, seed=7)
    assert result.acknowledged > 8
    assert (result.lost, result.doubled, result.damaged) == (0, 0, 0)
