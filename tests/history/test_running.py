"""How many sessions ran over the last hours: from what was written down, as far as anybody watched."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from farmwatch.history.events import Event, EventKind
from farmwatch.history.recorder import Recorder
from farmwatch.history.running import BACK, STEPS, RunningQuery, RunningView
from farmwatch.words.text import sparkline
from tests.canned import REF, START, HandClock, a_fault


def status(number: int, old: str | None, new: str, hours_ago: float) -> Event:
    ref = replace(REF, session_id=f"session-{number:032x}")
    return Event(ref, EventKind.STATUS, "", old, new, START - timedelta(hours=hours_ago))


def read(path: Path, *events: Event) -> RunningView:
    clock = HandClock()
    recorder = Recorder(path / "history.sqlite", clock=clock)
    recorder.record(events, ())
    recorder.run_due()
    query = RunningQuery(recorder, "running")
    query.poll(a_fault(), clock)
    recorder.close()
    return query.observed


def test_what_came_and_went_is_counted_back_from_what_runs(tmp_path: Path) -> None:
    seen = read(
        tmp_path,
        status(1, None, "STARTED", 3.9),
        status(2, None, "STARTED", 3.8),
        status(1, "STARTED", "ENDED", 1.9),
        status(2, "STARTED", "UPDATE_IN_PROGRESS", 1.8),
        # It had ended before anybody saw it.
        status(3, None, "ENDED", 1.8),
    )
    counts = seen.counts(1)
    assert len(counts) == STEPS
    hours = BACK / STEPS / timedelta(hours=1)
    before = round((8 - 4) / hours)
    assert counts[:before] == (None,) * before
    assert counts[before : round((8 - 2) / hours)] == (2,) * round(2 / hours)
    assert counts[-1] == 1
    assert sparkline(counts).strip() == "█" * 4 + "▅" * 4


def test_of_what_nobody_watched_nothing_is_told(tmp_path: Path) -> None:
    seen = read(tmp_path, status(1, None, "STARTED", 9))
    assert set(seen.counts(1)) == {None}


def test_the_largest_is_the_highest_and_none_the_lowest() -> None:
    assert sparkline((None, 0, 1, 2, 1000)) == " ▁▁▁█"
    assert sparkline((0, 0)) == "▁▁"
    assert sparkline(()) == ""
