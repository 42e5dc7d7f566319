"""The flight recorder at work: stored before it is shown, and no disk stops the watching."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from farmwatch.aws.model import SessionRef
from farmwatch.history import recorder as recording
from farmwatch.history import store as history
from farmwatch.history.events import Past, Watched
from farmwatch.history.query import HistoryQuery
from farmwatch.history.recorder import Recorder
from farmwatch.history.store import VERSION, History
from tests.canned import REF, START, HandClock, a_fault
from tests.history.test_store import entry
from tests.waiting import LONG, eventually

WATCHED = Watched(REF, session_until=START)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.sqlite"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def recorder(path: Path, clock: HandClock) -> Iterator[Recorder]:
    made = Recorder(path, watcher="mira", clock=clock)
    yield made
    made.close()


def stored(path: Path) -> list[Any]:
    history = History(path, run="reader")
    found = [one.new for one in history.entries()]
    history.close()
    return found


def seen_until(path: Path, ref: SessionRef = REF) -> datetime | None:
    history = History(path, run="reader")
    found = history.past([ref])[ref].session_until
    history.close()
    return found


class Failing:
    """Makes every write of the history fail, until it is healed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        self.error: Exception | None = error
        write = History.write

        def failing(history: History, *given: Any) -> None:
            if self.error is not None:
                raise self.error
            write(history, *given)

        monkeypatch.setattr(History, "write", failing)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is slow because the machine is busy is waited for."""
    monkeypatch.setattr("farmwatch.history.recorder.PATIENCE", LONG)
    monkeypatch.setattr("farmwatch.history.store.PATIENCE", LONG)


def disk_full() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def test_what_is_recorded_is_in_the_file_when_recording_returns(recorder: Recorder, path: Path) -> None:
    recorder.start()
    for second in range(5):
        recorder.record([entry(second, new=f"S{second}")], [WATCHED])
        assert stored(path)[-1] == f"S{second}"
    assert not recorder.trouble


def test_the_file_is_opened_before_anybody_asks_where_that_is_wanted(path: Path) -> None:
    recorder = Recorder(path)
    recorder.open_soon()
    assert not path.exists()
    recorder.start()
    eventually(path.exists)
    recorder.close()
    assert recorder.trouble == ""


def test_names_go_into_the_file_as_far_as_they_are_known(path: Path, clock: HandClock) -> None:
    names = {REF.farm_id: "Northlight", REF.job_id: "sq010"}
    recorder = Recorder(path, clock=clock)
    recorder.name_of = lambda one: names.get(one, "")
    recorder.record([entry()], [WATCHED])
    known = recorder.ask(lambda history: history.sessions())
    assert known == {REF: Watched(REF, "Northlight", "", "sq010", START, None)}
    recorder.close()


def test_a_full_disk_stops_nobody_and_all_is_written_in_its_order_afterwards(
    recorder: Recorder, path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Failing(monkeypatch, disk_full())
    for second in range(4):
        recorder.record([entry(second, new=f"S{second}")], [WATCHED])
    assert recorder.trouble == "The disk is full."
    assert recorder.waiting == 4
    assert [one.new for one in recorder.not_saved()] == ["S0", "S1", "S2", "S3"]
    failing.error = None
    recorder.record([entry(4, new="S4")], [WATCHED])
    assert recorder.trouble, "it is tried again in a while, not at every poll"
    clock.move(60)
    recorder.run_due()
    assert not recorder.trouble
    assert stored(path) == ["S0", "S1", "S2", "S3", "S4"]


def test_while_there_is_trouble_the_file_is_tried_ever_less_often(
    recorder: Recorder, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []

    def failing(*_: Any) -> None:
        tries.append(clock.monotonic())
        raise disk_full()

    monkeypatch.setattr(History, "write", failing)
    recorder.record([entry()], [WATCHED])
    for _ in range(600):
        clock.move(1)
        recorder.run_due()
    waits = [after - before for before, after in pairwise(tries)]
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert set(waits[7:]) == {60}


def test_beyond_what_memory_is_worth_the_oldest_go_and_are_counted(
    recorder: Recorder, path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "KEPT_WAITING", 10)
    failing = Failing(monkeypatch, disk_full())
    for second in range(15):
        recorder.record([entry(second, new=f"S{second}")], [WATCHED])
    assert (recorder.waiting, recorder.lost) == (10, 5)
    failing.error = None
    clock.move(60)
    recorder.run_due()
    assert stored(path) == [f"S{second}" for second in range(5, 15)]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EROFS, "Read-only file system"), "cannot be written."),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be written."),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full."),
        (OSError(errno.EIO, "Input/output error"), "Input/output error."),
        (RuntimeError("surprise"), "RuntimeError."),
    ],
)
def test_each_trouble_has_its_words(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    Failing(monkeypatch, error)
    recorder.record([entry()], [WATCHED])
    assert recorder.trouble.endswith(words)


def test_a_state_folder_that_cannot_be_made_is_said_so(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "state").write_text("a file where the folder is to be")
    recorder = Recorder(tmp_path / "state" / "history.sqlite", clock=clock)
    recorder.record([entry()], [WATCHED])
    assert recorder.trouble
    assert recorder.past([REF])[REF] == Past(session_until=START)
    (tmp_path / "state").unlink()
    clock.move(60)
    recorder.run_due()
    assert not recorder.trouble
    assert stored(recorder.path) == ["STARTED"]
    recorder.close()


def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(
    recorder: Recorder, path: Path, clock: HandClock
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    recorder.record([entry()], [WATCHED])
    assert not recorder.trouble
    assert "history.corrupt-20260314T021000Z.sqlite" in recorder.notice
    assert stored(path) == ["STARTED"]
    assert path.with_name("history.corrupt-20260314T021000Z.sqlite").read_bytes() == b"no database" * 1000


def test_a_file_that_is_damaged_while_it_is_open_is_kept_aside_too(
    recorder: Recorder, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.record([entry()], [WATCHED])
    failing = Failing(monkeypatch, sqlite3.DatabaseError("database disk image is malformed"))
    monkeypatch.setattr(history, "set_aside", heal_and(history.set_aside, failing))
    recorder.record([entry(1, new="ENDED")], [WATCHED])
    assert recorder.notice
    assert stored(path) == ["ENDED"]


def heal_and(do: Any, failing: Failing) -> Any:
    def healed(*given: Any) -> Any:
        failing.error = None
        return do(*given)

    return healed


def test_a_disk_that_damages_every_file_is_not_filled_with_them(
    recorder: Recorder, path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    Failing(monkeypatch, sqlite3.DatabaseError("database disk image is malformed"))
    recorder.record([entry()], [WATCHED])
    for _ in range(30):
        clock.move(1)
        recorder.run_due()
    assert len(list(path.parent.glob("*.corrupt-*"))) == 1
    assert recorder.trouble


def test_a_newer_file_is_read_and_what_is_seen_waits(
    recorder: Recorder, path: Path, clock: HandClock
) -> None:
    recorder.record([entry()], [WATCHED])
    recorder.close()
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    newer = Recorder(path, clock=clock)
    newer.record([entry(5, new="ENDED")], [WATCHED])
    assert newer.trouble == "It was written by a newer Farmwatch: it is read, and nothing is added."
    assert [one.new for one in newer.past([REF])[REF].entries] == ["STARTED"]
    assert newer.waiting == 1
    assert newer.trouble
    newer.close()


def test_a_file_that_somebody_deletes_is_begun_anew(recorder: Recorder, path: Path) -> None:
    recorder.record([entry()], [WATCHED])
    path.unlink()
    recorder.record([entry(5, new="ENDED")], [WATCHED])
    assert stored(path) == ["ENDED"]


def test_that_a_session_is_watched_is_written_now_and_then_and_at_the_end(
    recorder: Recorder, path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Any] = []
    write = History.write

    def counted(history: History, *given: Any) -> None:
        written.append(given)
        write(history, *given)

    monkeypatch.setattr(History, "write", counted)
    for _ in range(120):
        clock.move(1)
        recorder.record([], [Watched(REF, session_until=clock.now())])
        recorder.run_due()
    assert 4 <= len(written) <= 5
    last = clock.now()
    recorder.close()
    again = Recorder(path, clock=clock)
    assert again.past([REF])[REF].session_until == last
    again.close()


def test_where_nothing_changes_it_is_written_all_the_same_that_a_session_is_watched(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "SEEN_EVERY", 0.01)
    recorder = Recorder(path)
    recorder.start()
    recorder.record([entry()], [WATCHED])

    def is_written(until: datetime) -> bool:
        return seen_until(path) == until

    for hours in (1, 2):
        last = START + timedelta(hours=hours)
        recorder.record([], [Watched(REF, session_until=last)])
        eventually(partial(is_written, last), "nothing but a change is written")
    recorder.close(LONG)


def test_of_thousands_it_is_written_more_rarely_and_what_is_not_yet_is_known(
    recorder: Recorder, path: Path, clock: HandClock
) -> None:
    many = [
        Watched(replace(REF, session_id=f"session-{one:032x}"), session_until=START) for one in range(7000)
    ]
    recorder.record([entry()], [WATCHED, *many])
    recorder.run_due()
    last = START + timedelta(seconds=70)
    for _ in range(7):
        clock.move(10)
        recorder.record([], [replace(one, session_until=last) for one in many])
        recorder.run_due()
    assert seen_until(path, many[0].ref) == START
    assert recorder.past([many[0].ref])[many[0].ref].session_until == last
    clock.move(40)
    recorder.run_due()
    assert seen_until(path, many[0].ref) == last


def test_closing_writes_what_is_left_and_waits_for_no_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(path, clock=HandClock())
    failing = Failing(monkeypatch, disk_full())
    recorder.start()
    recorder.record([entry()], [WATCHED])
    failing.error = None
    recorder.close(LONG)
    assert stored(path) == ["STARTED"]


def test_two_monitors_write_at_the_same_time_without_an_error(path: Path) -> None:
    recorders = [Recorder(path, watcher=name, clock=HandClock()) for name in ("mira", "jon")]
    for one in recorders:
        one.start()
    for second in range(100):
        for which, one in enumerate(recorders):
            one.record([entry(second, new=f"S{second} of {which}")], [WATCHED])
    assert not any(one.trouble for one in recorders)
    for one in recorders:
        one.close(LONG)
    assert len(stored(path)) == 200


def test_old_entries_are_forgotten_while_it_runs(recorder: Recorder, path: Path, clock: HandClock) -> None:
    recorder.record([entry()], [WATCHED])
    clock.move(timedelta(days=121).total_seconds())
    recorder.record([entry(121 * 86_400, new="ENDED")], [WATCHED])
    assert stored(path) == ["ENDED"]


def test_a_question_that_fails_is_answered_with_nothing(recorder: Recorder) -> None:
    def fails(_: History) -> int:
        raise sqlite3.OperationalError("no such table")

    assert recorder.ask(fails) is None
    assert recorder.ask(lambda _: 3) == 3


def test_what_is_marked_as_seen_while_an_earlier_mark_is_written_is_written_too(
    recorder: Recorder, path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    query, later = HistoryQuery(recorder), START + timedelta(minutes=1)
    mark_seen = History.mark_seen

    def while_it_is_written(history: History, at: Any) -> None:
        if at == START:
            query.mark_seen(later)
        mark_seen(history, at)

    monkeypatch.setattr(History, "mark_seen", while_it_is_written)
    recorder.start()
    query.mark_seen(START)
    for _ in range(2):
        query.poll(a_fault(), clock)
    assert query.observed.since == later
    history = History(path, run="reader")
    assert history.seen_until() == later
    history.close()


def test_what_a_wall_sees_after_somebody_watched_a_session_takes_nothing_away(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history.sqlite", clock=HandClock())
    later = START + timedelta(seconds=10)
    watched = Watched(REF, "Northlight", "lighting", "shot", START, START, "worker-1")
    recorder.record((), [watched])
    recorder.record((), [replace(watched, session_until=later, actions_until=None)])
    past = recorder.past([REF])[REF]
    assert (past.session_until, past.actions_until) == (later, START)
    recorder.record((), [replace(watched, session_until=START - timedelta(seconds=10))])
    assert recorder.past([REF])[REF].session_until == later
    recorder.close()
