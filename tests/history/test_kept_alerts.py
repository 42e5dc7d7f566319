"""Alerts in the history's file: kept over the end of the program, and shared by all that use the file."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from farmwatch.history.kept_alerts import KeptText
from farmwatch.history.store import MIGRATIONS, VERSION, History, NewerHistory
from tests.canned import START

SECOND = timedelta(seconds=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.sqlite"


def kept(key: str, second: int = 0, text: str = "{}") -> KeptText:
    return KeptText(key, START + second * SECOND, text)


def test_alerts_are_there_after_a_restart_and_those_that_are_gone_are_not(path: Path) -> None:
    history = History(path, run="one")
    history.keep_alerts([kept("a"), kept("b", 1), kept("c", 2)], [])
    history.keep_alerts([kept("a", 3, "again")], [], ["b"])
    history.close()
    again = History(path, run="two")
    assert again.alerts() == [kept("c", 2), kept("a", 3, "again")]
    again.close()


def test_of_two_programs_the_newer_wish_counts(path: Path) -> None:
    one, other = History(path, run="one"), History(path, run="two")
    one.keep_alerts([], [kept("a", 5, "acknowledged")])
    assert other.alert_wishes() == [kept("a", 5, "acknowledged")]
    other.keep_alerts([], [kept("a", 4, "too late"), kept("b", 6, "snoozed")])
    assert one.alert_wishes() == [kept("a", 5, "acknowledged"), kept("b", 6, "snoozed")]
    one.close()
    other.close()


def test_what_was_not_touched_for_long_is_forgotten_with_the_rest(path: Path) -> None:
    history = History(path, run="one")
    history.keep_alerts([kept("a"), kept("b", 60)], [kept("a"), kept("b", 60)])
    history.forget(START + timedelta(days=1, seconds=30), timedelta(days=1))
    assert [one.id for one in (*history.alerts(), *history.alert_wishes())] == ["b", "b"]
    history.close()


def test_a_file_of_version_2_has_no_alerts_and_can_keep_some(path: Path) -> None:
    path.parent.mkdir(parents=True)
    database = sqlite3.connect(path)
    for statement in (*MIGRATIONS[0], *MIGRATIONS[1], "PRAGMA user_version = 2"):
        database.execute(statement)
    at = int(START.timestamp()) * 1_000_000
    database.execute("INSERT INTO looks VALUES ('history', ?)", (at,))
    database.commit()
    database.close()
    history = History(path, run="new")
    assert history.alerts() == history.alert_wishes() == []
    assert history.seen_until() == START
    assert history.keep_alerts([kept("a")], [])
    history.close()
    assert sqlite3.connect(path).execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_a_move_to_version_3_that_is_cut_short_leaves_the_old_file_as_it_was(path: Path) -> None:
    path.parent.mkdir(parents=True)
    database = sqlite3.connect(path)
    for statement in (*MIGRATIONS[0], *MIGRATIONS[1], "PRAGMA user_version = 2"):
        database.execute(statement)
    # A table that the way to the new version makes is there already.
    database.execute("CREATE TABLE alert_wishes (id INTEGER)")
    database.commit()
    database.close()
    with pytest.raises(sqlite3.OperationalError):
        History(path, run="new")
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA user_version").fetchone() == (2,)
    assert not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alerts'").fetchall()
    database.close()


def test_a_newer_file_is_read_and_its_alerts_are_not_written(path: Path) -> None:
    history = History(path, run="one")
    history.keep_alerts([kept("a")], [])
    history.close()
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    newer = History(path, run="two")
    assert newer.alerts() == [kept("a")]
    with pytest.raises(NewerHistory):
        newer.keep_alerts([kept("b")], [])
    newer.close()
