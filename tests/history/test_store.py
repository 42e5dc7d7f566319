"""The flight recorder's file: what is in it stays in it, and is there once."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from farmwatch.history.events import Event, EventKind, Watched
from farmwatch.history.store import VERSION, History, is_damage, set_aside
from tests.canned import REF, START

OTHER = replace(REF, session_id="session-" + "a" * 32)


def entry(second: float = 0, **changes: Any) -> Event:
    at = START + timedelta(seconds=second)
    made = Event(
        REF, EventKind.STATUS, "", None, "STARTED", at, after=at - timedelta(seconds=2), watcher="mira"
    )
    return replace(made, **changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.sqlite"


@pytest.fixture
def history(path: Path) -> Iterator[History]:
    opened = History(path, run="one", watcher="mira")
    yield opened
    opened.close()


def test_what_was_written_is_read_again_as_it_was(history: History, path: Path) -> None:
    written = [
        entry(),
        entry(5, old="STARTED", new="UPDATE_IN_PROGRESS", service_at=START + timedelta(microseconds=7)),
        entry(6, kind=EventKind.FAULT, subject="GetSession", old="OFFLINE: Error", new=None, after=None),
    ]
    history.write(enumerate(written, 1))
    history.close()
    again = History(path, run="two")
    assert again.entries() == written
    again.close()


@pytest.mark.skipif(os.name == "nt", reason="permissions of files are another thing on Windows")
def test_file_and_folder_belong_to_their_owner_alone(history: History, path: Path) -> None:
    history.write([(1, entry())])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_link_in_the_place_of_the_file_is_refused(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    (tmp_path / "elsewhere").touch()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError):
        History(path, run="one")


def test_writing_again_what_may_have_been_written_changes_nothing(history: History) -> None:
    numbered = [(1, entry()), (2, entry(3, old="STARTED", new="ENDED"))]
    history.write(numbered)
    history.write(numbered)
    assert len(history.entries()) == 2


def test_two_monitors_that_see_the_same_change_have_one_entry(history: History, path: Path) -> None:
    other = History(path, run="two", watcher="jon")
    history.write([(1, entry(0))])
    other.write([(1, entry(1, watcher="jon"))])
    assert [one.watcher for one in history.entries()] == ["mira"]
    other.close()


def test_the_same_change_later_is_another_one(history: History, path: Path) -> None:
    other = History(path, run="two")
    back = entry(4, old="UPDATE_FAILED")
    history.write([(1, entry()), (2, back)])
    history.write([(3, replace(back, at=back.at + timedelta(seconds=1)))])
    other.write(
        [(1, replace(back, at=back.at + timedelta(minutes=1), after=back.at + timedelta(seconds=58)))]
    )
    assert len(history.entries()) == 4
    other.close()


def test_the_past_has_the_last_value_of_everything_that_changed(history: History) -> None:
    history.write(
        [
            (1, entry()),
            (2, entry(1, kind=EventKind.FAULT, subject="GetSession", new="OFFLINE: Error")),
            (3, entry(2, kind=EventKind.FAULT, subject="GetSession", old="OFFLINE: Error", new=None)),
            (4, entry(3, old="STARTED", new="ENDED")),
            (5, entry(3, ref=OTHER)),
        ],
        [Watched(REF, "Northlight", "lighting", "sq010", session_until=START, actions_until=None)],
    )
    past = history.past([REF])[REF]
    assert past.values == {(EventKind.STATUS, ""): "ENDED", (EventKind.FAULT, "GetSession"): None}
    assert [one.new for one in past.entries] == ["STARTED", "OFFLINE: Error", None, "ENDED"]
    assert (past.session_until, past.actions_until) == (START, None)


def test_nothing_is_known_of_a_session_that_was_never_watched(history: History) -> None:
    past = history.past([REF])[REF]
    assert not past.entries
    assert not past.values
    assert past.session_until is None


def test_a_name_once_known_stays_known_and_times_only_go_on(history: History) -> None:
    history.write([], [Watched(REF, "Northlight", "lighting", "sq010", START, START)])
    history.write([], [Watched(REF, session_until=START - timedelta(hours=1))])
    assert history.sessions() == {REF: Watched(REF, "Northlight", "lighting", "sq010", START, START)}


def test_entries_are_found_by_time_and_by_session_the_newest_where_there_are_too_many(
    history: History,
) -> None:
    history.write([(n, entry(n, new=f"S{n}", ref=OTHER if n % 2 else REF)) for n in range(1, 11)])
    assert [one.new for one in history.entries(since=START + timedelta(seconds=8))] == ["S8", "S9", "S10"]
    assert [one.new for one in history.entries(session_id=OTHER.session_id, limit=2)] == ["S7", "S9"]


def test_what_is_older_than_is_kept_goes_and_the_oldest_of_too_much(history: History) -> None:
    old = START - timedelta(days=121)
    history.write([(1, entry(ref=OTHER, at=old, after=None))], [Watched(OTHER, session_until=old)])
    history.write([(n, entry(n, new="x" * 400 + str(n))) for n in range(2, 2002)], [Watched(REF)])
    history.forget(START)
    assert all(one.ref == REF for one in history.entries())
    assert list(history.sessions()) == [REF]
    history.forget(START, largest=400_000)
    left = history.entries()
    assert 100 < len(left) < 1000
    assert left[-1].new == "x" * 400 + "2001"


def test_a_forgetful_file_gives_its_space_back(history: History, path: Path) -> None:
    history.write([(n, entry(n, new="x" * 400 + str(n))) for n in range(1, 3001)])
    before = path.stat().st_size
    history.forget(START + timedelta(days=200))
    assert path.stat().st_size < before / 10


def test_until_when_it_was_marked_as_seen_is_kept(history: History) -> None:
    assert history.seen_until() is None
    history.mark_seen(START)
    history.mark_seen(START + timedelta(hours=1))
    assert history.seen_until() == START + timedelta(hours=1)


def test_a_damaged_file_is_known_and_set_aside_with_its_journal(path: Path) -> None:
    History(path, run="one").close()
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        History(path, run="two")
    assert is_damage(caught.value)
    path.with_name("history.sqlite-journal").write_bytes(b"journal")
    aside = set_aside(path, START)
    assert aside.name == "history.corrupt-20260314T021000Z.sqlite"
    assert aside.exists()
    assert aside.with_name(aside.name + "-journal").exists()
    assert not path.exists()


def test_a_file_with_a_damaged_page_is_known(path: Path) -> None:
    history = History(path, run="one")
    history.write([(n, entry(n, new="x" * 400 + str(n))) for n in range(1, 1001)])
    history.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xff" * 8192)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        History(path, run="two")
    assert is_damage(caught.value)


def test_a_newer_file_is_read_and_not_written(path: Path) -> None:
    history = History(path, run="one", watcher="mira")
    history.write([(1, entry())])
    history.close()
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.execute("ALTER TABLE entries ADD COLUMN something TEXT")
    database.execute("UPDATE entries SET kind = 'a kind of tomorrow' WHERE 0")
    database.commit()
    database.close()
    newer = History(path, run="two")
    assert newer.read_only
    assert newer.entries() == [entry()]
    newer.close()


def test_the_file_is_synchronised_at_every_commit_and_is_one_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def kept(*given: Any, **more: Any) -> sqlite3.Connection:
        opened.append(connect(*given, **more))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", kept)
    history = History(path, run="one")
    history.write([(1, entry())])
    pragmas = [opened[-1].execute(f"PRAGMA {name}").fetchone() for name in ("synchronous", "journal_mode")]
    history.close()
    assert pragmas == [(3,), ("delete",)]
    assert [one.name for one in path.parent.iterdir()] == ["history.sqlite"]


def test_text_that_sqlite_cannot_take_holds_up_nothing(history: History) -> None:
    bad = replace(entry(), subject="a\ud800b", new="c\udfffd\x1b")
    history.write([(1, bad)], [Watched(bad.ref, "e\ud800")])
    assert [(one.subject, one.new) for one in history.entries()] == [("a�b", "c�d␛")]
    assert history.sessions()[bad.ref].farm == "e�"


def test_a_write_that_fails_leaves_no_transaction_open(history: History) -> None:
    wrong: Any = object()
    bad = replace(entry(), ref=replace(REF, session_id=wrong))
    with pytest.raises(sqlite3.Error):
        history.write([(1, entry(1)), (2, bad)])
    history.write([(3, entry(9))])
    assert history.entries() == [entry(9)]


def test_a_deleted_file_is_noticed(history: History, path: Path) -> None:
    assert history.is_in_place
    path.unlink()
    assert not history.is_in_place


def test_how_an_action_ended_and_on_which_worker_is_kept(history: History) -> None:
    failed = entry(kind=EventKind.ACTION, new="FAILED", exit_code=-9, step="Render\ud800")
    history.write([(1, failed)], [Watched(failed.ref, worker_id="worker-1"), Watched(failed.ref)])
    (found,) = history.entries()
    assert (found.exit_code, found.step) == (-9, "Render�")
    assert history.sessions()[failed.ref].worker_id == "worker-1"


def test_a_time_before_which_nothing_was_is_not_a_time(history: History) -> None:
    history.write([(1, entry(after=None, service_at=None))])
    (found,) = history.entries()
    assert (found.after, found.service_at) == (None, None)
    assert isinstance(found.at, datetime)
    assert found.at.tzinfo is not None


# --- connections, and files of an older version -------------------------------------------------------------

VERSION_1 = """
    CREATE TABLE sessions (
        session_id TEXT PRIMARY KEY, farm_id TEXT NOT NULL, queue_id TEXT NOT NULL, job_id TEXT NOT NULL,
        farm TEXT NOT NULL DEFAULT '', queue TEXT NOT NULL DEFAULT '', job TEXT NOT NULL DEFAULT '',
        session_until INTEGER NOT NULL DEFAULT 0, actions_until INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        session_id TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
        old TEXT NOT NULL, new TEXT NOT NULL, service_at INTEGER NOT NULL, ordinal INTEGER NOT NULL,
        after INTEGER NOT NULL, at INTEGER NOT NULL,
        watcher TEXT NOT NULL, run TEXT NOT NULL, number INTEGER NOT NULL,
        UNIQUE (session_id, kind, subject, old, new, service_at, ordinal),
        UNIQUE (run, number));
    CREATE INDEX entries_by_time ON entries (at);
    CREATE TABLE looks (name TEXT PRIMARY KEY, at INTEGER NOT NULL);
    PRAGMA user_version = 1;
"""
"""The schema as version 1 made it."""

READ_BY_VERSION_1 = """SELECT s.farm_id, s.queue_id, s.job_id, s.session_id, e.kind, e.subject, e.old, e.new,
    e.at, e.after, e.service_at, e.watcher FROM entries e JOIN sessions s USING (session_id)
    WHERE e.at >= 0 ORDER BY e.id DESC LIMIT 10000"""


@pytest.fixture
def version_1(path: Path) -> Path:
    """A file as version 1 left it, with two changes of one session and a look."""
    path.parent.mkdir(parents=True, exist_ok=True)
    at = int(START.timestamp()) * 1_000_000
    database = sqlite3.connect(path)
    database.executescript(VERSION_1)
    ids = (REF.session_id, REF.farm_id, REF.queue_id, REF.job_id)
    database.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, 'Northlight', '', 'sq010', ?, 0)", (*ids, at))
    for number, old, new in ((1, "", "STARTED"), (2, "STARTED", "ENDED")):
        database.execute(
            "INSERT INTO entries VALUES (?, ?, 'status', '', ?, ?, 0, 0, 0, ?, 'mira@ws1', 'run', ?)",
            (number, REF.session_id, old, new, at + number, number),
        )
    database.execute("INSERT INTO looks VALUES ('history', ?)", (at,))
    database.commit()
    database.close()
    return path


def test_a_file_of_version_1_is_taken_over_whole(version_1: Path) -> None:
    history = History(version_1, run="new")
    assert [(one.ref, one.old, one.new, one.watcher) for one in history.entries()] == [
        (REF, None, "STARTED", "mira@ws1"),
        (REF, "STARTED", "ENDED", "mira@ws1"),
    ]
    assert history.past([REF])[REF].values == {(EventKind.STATUS, ""): "ENDED"}
    assert history.sessions() == {REF: Watched(REF, "Northlight", "", "sq010", START)}
    assert history.seen_until() == START
    history.write([(1, entry(9))])
    assert len(history.entries()) == 3
    history.close()
    assert sqlite3.connect(version_1).execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_a_move_to_the_new_version_that_is_cut_short_leaves_the_old_file_as_it_was(version_1: Path) -> None:
    database = sqlite3.connect(version_1)
    # A table that the way to the new version makes is there already: its last steps cannot be done.
    database.execute("CREATE TABLE new_entries (id INTEGER)")
    database.commit()
    database.close()
    with pytest.raises(sqlite3.OperationalError):
        History(version_1, run="new")
    database = sqlite3.connect(version_1)
    assert database.execute("PRAGMA user_version").fetchone() == (1,)
    assert database.execute("SELECT count(*) FROM entries").fetchone() == (2,)


def test_an_older_farmwatch_reads_what_a_newer_one_wrote(version_1: Path) -> None:
    history = History(version_1, run="new")
    history.write([(1, entry(9, new="STARTED"))])
    history.close()
    rows = sqlite3.connect(version_1).execute(READ_BY_VERSION_1).fetchall()
    assert [row[7] for row in rows] == ["STARTED", "ENDED", "STARTED"]
    assert {row[3] for row in rows} == {REF.session_id}


def test_what_two_connections_see_of_one_session_is_kept_apart(history: History) -> None:
    west = replace(REF, connection="west")
    history.write([(1, entry()), (2, entry(ref=west)), (3, entry(1, ref=west, old="STARTED", new="ENDED"))])
    assert [one.ref.connection for one in history.entries()] == ["default", "west", "west"]
    past = history.past([REF, west])
    assert past[REF].values == {(EventKind.STATUS, ""): "STARTED"}
    assert past[west].values == {(EventKind.STATUS, ""): "ENDED"}
    assert [one.new for one in past[west].entries] == ["STARTED", "ENDED"]


def test_the_past_of_a_thousand_sessions_takes_a_few_queries(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    connect = sqlite3.connect

    def listening(*args: Any, **named: Any) -> sqlite3.Connection:
        database: sqlite3.Connection = connect(*args, **named)
        database.set_trace_callback(lambda statement: asked.append(statement))
        return database

    monkeypatch.setattr(sqlite3, "connect", listening)
    history = History(path, run="one")
    refs = [replace(REF, session_id=f"session-{n:032x}") for n in range(1000)]
    history.write([(n, entry(n, ref=ref)) for n, ref in enumerate(refs, 1)], [Watched(ref) for ref in refs])
    del asked[:]
    past = history.past(refs)
    assert len(asked) <= 6
    assert [len(past[ref].entries) for ref in refs] == [1] * 1000


def test_of_a_long_past_the_newest_is_read(history: History) -> None:
    history.write([(n, entry(n, new=f"S{n}")) for n in range(1, 700)])
    past = history.past([REF])[REF]
    assert [past.entries[0].new, past.entries[-1].new, len(past.entries)] == ["S200", "S699", 500]
