"""Messages in the history's file that have not arrived yet, and what each target was told of last.

Several programs share the file, and all of them judge the same alerts: who is the first to enlist a message
for a target tells it, and the others leave it. What waits belongs to one program until ``until``; where that
one has died, another one takes it over.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

MIGRATION = (
    """CREATE TABLE messages (target TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL,
        value TEXT NOT NULL, owner TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (target, id))""",
    """CREATE TABLE told (target TEXT NOT NULL, alert TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,
        owner TEXT NOT NULL, PRIMARY KEY (target, alert))""",
)
"""What the file needs for them. Times are microseconds since 1970 in UTC."""

SAME_WITHIN = timedelta(minutes=15)
"""How far apart two programs tell the same of an alert: each judges in its own time."""

REPEATED_WITHIN = timedelta(hours=2)
"""The same for what is told again every four hours, by each since it has told it itself."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class KeptMessage(Struct, frozen=True):
    """A message to a target: by its id, since when it waits, and as a text that only who wrote it
    understands."""

    target: str
    id: str
    at: datetime
    text: str


def enlist(
    database: sqlite3.Connection,
    message: KeptMessage,
    kind: str,
    alerts: Iterable[str],
    owner: str,
    until: datetime,
    *,
    is_again: bool = False,
) -> bool:
    """Have a message wait, in the place of one of the same id, unless another program has told the target the
    same of all of its alerts already, or will; whether it waits. ``is_again`` says that it was told
    before. In a transaction of the caller's."""
    within = _stamp(_EPOCH + (REPEATED_WITHIN if is_again else SAME_WITHIN))
    at, news = _stamp(message.at), []
    for alert in alerts:
        row = database.execute(_TOLD, (message.target, alert)).fetchone()
        is_others = row is not None and row[2] != owner and (row[0] == kind or is_again)
        if not is_others or abs(at - row[1]) >= within:
            news.append(alert)
    if not news:
        return False
    database.executemany(_NOTE_TOLD, ((message.target, alert, kind, at, owner) for alert in news))
    database.execute(_PUT, (message.target, message.id, at, message.text, owner, _stamp(until)))
    return True


def adopt(
    database: sqlite3.Connection, target: str, owner: str, now: datetime, until: datetime
) -> list[KeptMessage]:
    """Keep what is one's own until then, and take over what nobody has any more: that, the oldest first."""
    rows = database.execute(_LEFT, (target, owner, _stamp(now))).fetchall()
    database.execute(_HOLD, (owner, _stamp(until), target, owner, _stamp(now)))
    return [KeptMessage(target, str(key), _EPOCH + at * _MICROSECOND, str(text)) for key, at, text in rows]


def drop(database: sqlite3.Connection, message: KeptMessage, owner: str) -> bool:
    """It has arrived, or was given up: it waits no more, unless another one has taken its place; true."""
    database.execute(_DROP, (message.target, message.id, owner, _stamp(message.at)))
    return True


def let_go(database: sqlite3.Connection, owner: str) -> bool:
    """Leave what waits to whoever comes next, because this program ends; true."""
    database.execute("UPDATE messages SET until = 0 WHERE owner = ?", (owner,))
    return True


def forget(database: sqlite3.Connection, before: datetime) -> None:
    """Drop what is older than that."""
    database.execute("DELETE FROM messages WHERE at < ?", (_stamp(before),))
    database.execute("DELETE FROM told WHERE at < ?", (_stamp(before),))


def _stamp(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


_TOLD = "SELECT kind, at, owner FROM told WHERE target = ? AND alert = ?"
_NOTE_TOLD = "INSERT OR REPLACE INTO told (target, alert, kind, at, owner) VALUES (?, ?, ?, ?, ?)"
_PUT = "INSERT OR REPLACE INTO messages (target, id, at, value, owner, until) VALUES (?, ?, ?, ?, ?, ?)"
_LEFT = "SELECT id, at, value FROM messages WHERE target = ? AND owner != ? AND until < ? ORDER BY at"
_HOLD = "UPDATE messages SET owner = ?, until = ? WHERE target = ? AND (owner = ? OR until < ?)"
_DROP = "DELETE FROM messages WHERE target = ? AND id = ? AND owner = ? AND at = ?"
