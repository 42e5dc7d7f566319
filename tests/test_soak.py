"""Three simulated hours of everything; ``make soak`` has the week."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.soaking import soak


@pytest.mark.long
def test_hours_of_everything_leave_memory_threads_and_files_as_they_were(tmp_path: Path) -> None:
    result = soak(0.13, tmp_path)
    assert result.growth < 15, result.figures()
    assert min(result.threads) == max(result.threads)
    assert min(result.files) == max(result.files)
    assert result.changes > 30
