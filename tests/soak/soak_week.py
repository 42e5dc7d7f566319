"""A simulated week of everything: memory, threads and files stay, and keys are answered. (``make soak``)"""

from __future__ import annotations

from pathlib import Path

from tests.soak.soaking import soak


def test_a_week(tmp_path: Path) -> None:
    result = soak(7, tmp_path, polls=100_000)
    print(f"\n{result.figures()}")
    assert (result.polls >= 100_000, result.lines >= 1_000_000, result.toasts >= 500) == (True, True, True)
    assert result.growth < 30
    assert min(result.threads) == max(result.threads)
    assert min(result.files) == max(result.files)
    assert result.slow_key < 0.1
