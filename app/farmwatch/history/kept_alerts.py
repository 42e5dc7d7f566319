"""Alerts in the history's file: each as a text that only who wrote it understands, and what somebody wants of
it, which all programs that share the file go by."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

MIGRATION = (
    "CREATE TABLE alerts (id TEXT PRIMARY KEY, at INTEGER NOT NULL, value TEXT NOT NULL)",
    "CREATE TABLE alert_wishes (id TEXT PRIMARY KEY, at INTEGER NOT NULL, value TEXT NOT NULL)",
)
"""What the file needs for them. Times are microseconds since 1970 in UTC."""

_PUT = "INSERT OR REPLACE INTO alerts (id, at, value) VALUES (?, ?, ?)"
_WISH = """INSERT INTO alert_wishes (id, at, value) VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET at = excluded.at, value = excluded.value WHERE excluded.at > at"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class KeptText(Struct, frozen=True):
    """An alert, or a wish, as it is kept: by its id, as of ``at``."""

    id: str
    at: datetime
    text: str


def read_alerts(database: sqlite3.Connection) -> list[KeptText]:
    """All alerts, the latest last."""
    return _read(database, "SELECT id, at, value FROM alerts ORDER BY at")


def read_wishes(database: sqlite3.Connection) -> list[KeptText]:
    """All that somebody wants, the latest last."""
    return _read(database, "SELECT id, at, value FROM alert_wishes ORDER BY at")


def _read(database: sqlite3.Connection, question: str) -> list[KeptText]:
    return [
        KeptText(str(key), _EPOCH + int(at) * _MICROSECOND, str(text))
        for key, at, text in database.execute(question)
    ]


def put(
    database: sqlite3.Connection, alerts: Iterable[KeptText], wishes: Iterable[KeptText], gone: Iterable[str]
) -> None:
    """Put alerts into the file, and wishes where the file has none that is newer; drop the alerts that are
    ``gone``. In a transaction of the caller's."""
    database.executemany(_PUT, map(_row, alerts))
    database.executemany(_WISH, map(_row, wishes))
    database.executemany("DELETE FROM alerts WHERE id = ?", ((key,) for key in gone))


def forget(database: sqlite3.Connection, before: datetime) -> None:
    """Drop what was not touched since then."""
    stamp = _stamp(before)
    database.execute("DELETE FROM alerts WHERE at < ?", (stamp,))
    database.execute("DELETE FROM alert_wishes WHERE at < ?", (stamp,))


def _row(one: KeptText) -> tuple[str, int, str]:
    return one.id, _stamp(one.at), one.text


def _stamp(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
