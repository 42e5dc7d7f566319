"""The flight recorder's file: every change that was seen, in SQLite, safe from whatever ends the program.

The columns are fixed: ids, statuses, times, cleaned names, and the short texts of log errors. No reply, no
line of a log, nothing that the service model marks as sensitive is ever in it.

The file keeps a rollback journal and is synchronised at every commit (``synchronous=EXTRA``): it is one
file, needs nothing of a network home but locks, and loses no committed row to ``kill -9``.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from farmwatch.aws.cleaning import clean
from farmwatch.aws.model import SessionRef
from farmwatch.config.paths import create_private, make_private
from farmwatch.history import kept_alerts, kept_messages
from farmwatch.history.events import LONGEST_VALUE, Event, EventKind, Past, Watched
from farmwatch.history.kept_alerts import KeptText

KEPT_FOR = timedelta(days=120)
"""How long the service keeps jobs; what happened is kept as long, unless somebody wants another time."""

LARGEST = 64 * 2**20
"""Bytes: beyond them the oldest entries go, whatever their age."""

PATIENCE = 5.0
"""Seconds to wait for another program that writes: with none, two writers fail each other all the time."""

AT_ONCE = 500
"""Sessions whose past is read by one question: SQLite takes 999 values at least."""

PAST_ENTRIES = 500
"""Entries of one session that are read when it is opened again."""

VERSION = 5
"""The schema's number, in the file's ``user_version``."""

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class NewerHistory(Exception):  # noqa: N818 - named for what was found
    """The file was written by a newer Farmwatch: it can be read, not written."""


class History:
    """The file, open. Every method may raise `sqlite3.Error` and `OSError`; none leaves a transaction open.

    Opening raises `sqlite3.DatabaseError` for a file that is damaged or none of ours. ``run`` tells the
    writers apart: a text no other process has.
    """

    def __init__(self, path: Path, *, run: str, watcher: str = "") -> None:
        self.path = path
        self.read_only = False
        self._run = run
        self._watcher = _value(watcher)
        self._known = set[SessionRef]()
        _create(path)
        self._inode = _inode(path)
        try:
            self._database = _connect(path)
            try:
                self._prepare()
            except NewerHistory:
                self.read_only = True
        except BaseException:
            with suppress(AttributeError):
                self._database.close()
            raise

    def close(self) -> None:
        """Close the file; what was written is committed already."""
        self._database.close()

    @property
    def is_in_place(self) -> bool:
        """Whether the file is still the one at its path: inserts into a deleted file succeed silently."""
        return _inode(self.path) == self._inode

    def _prepare(self) -> None:
        version = self._one("PRAGMA user_version")
        found: object = self._one("PRAGMA quick_check(1)")
        if found != "ok":
            raise sqlite3.DatabaseError(f"quick_check: {found}")
        if version > VERSION:
            raise NewerHistory
        if not version:
            self._database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self._database.execute("PRAGMA journal_mode = DELETE")
        self._database.execute("PRAGMA synchronous = EXTRA")
        if version < VERSION:
            with _Transaction(self._database):
                # Another process may have done it meanwhile.
                for step in range(self._one("PRAGMA user_version"), VERSION):
                    for statement in MIGRATIONS[step]:
                        self._database.execute(statement)
                    self._database.execute(f"PRAGMA user_version = {step + 1}")

    def _one(self, question: str, *values: object) -> int:
        return self._database.execute(question, values).fetchone()[0]  # type: ignore[no-any-return]

    # --- writing --------------------------------------------------------------------------------------

    def write(self, numbered: Iterable[tuple[int, Event]], watched: Iterable[Watched] = ()) -> None:
        """Commit entries, and what is known about the sessions they belong to.

        Every entry comes with a number: one that no other entry of this run has, and that grows.
        Raises `NewerHistory` where the file is one. Writing the same entry again, after a commit that may or
        may not have been, changes nothing; nor does an entry that another monitor has written already.
        """
        if self.read_only:
            raise NewerHistory
        batch = tuple(numbered)
        unknown = {entry.ref for _, entry in batch} - self._known
        with _Transaction(self._database):
            self._database.executemany(_INSERT, [self._row(number, entry) for number, entry in batch])
            self._database.executemany(_KNOW_SESSION, map(_ids, unknown))
            self._database.executemany(_NOTE_SESSION, map(_session_row, watched))
        self._known |= unknown

    def _row(self, number: int, entry: Event) -> tuple[object, ...]:
        ref = entry.ref
        change = map(_value, (entry.subject, entry.old, entry.new))
        times = map(_stamp, (entry.service_at, entry.after, entry.at))
        own = (self._watcher, self._run, number, entry.exit_code, _value(entry.step))
        return (ref.connection, ref.session_id, entry.kind.value, *change, *times, *own)

    def forget(self, now: datetime, kept_for: timedelta | None = None, *, largest: int = LARGEST) -> None:
        """Drop what is older than ``kept_for`` (else `KEPT_FOR`), and the oldest beyond ``largest`` bytes."""
        kept_for = kept_for or KEPT_FOR
        self._known.clear()
        with _Transaction(self._database):
            self._database.execute("DELETE FROM entries WHERE at < ?", (_stamp(now - kept_for),))
            while self._size() > largest and (count := self._one("SELECT count(*) FROM entries")):
                self._database.execute(_DROP_OLDEST, (max(1, count // 10),))
            self._database.execute(_DROP_SESSIONS, (_stamp(now - kept_for),))
            kept_alerts.forget(self._database, now - kept_for)
            kept_messages.forget(self._database, now - kept_for)
        # As a script, because execute() takes one step only, which is one page.
        self._database.executescript("PRAGMA incremental_vacuum")

    def _size(self) -> int:
        used = self._one("PRAGMA page_count") - self._one("PRAGMA freelist_count")
        return used * self._one("PRAGMA page_size")

    # --- reading --------------------------------------------------------------------------------------

    def past(self, refs: Sequence[SessionRef]) -> dict[SessionRef, Past]:
        """What is known about each of these sessions; an empty `Past` where it was never watched. Reads as
        many as `AT_ONCE` with one question each for their entries, their last values, and until when."""
        found: dict[SessionRef, Past] = dict.fromkeys(refs, Past())
        for first in range(0, len(refs), AT_ONCE):
            found |= self._past(refs[first : first + AT_ONCE])
        return found

    def _past(self, refs: Sequence[SessionRef]) -> dict[SessionRef, Past]:
        ids = [ref.session_id for ref in refs]
        these = f"({', '.join('?' * len(ids))})"
        wanted = {(ref.connection, ref.session_id): ref for ref in refs}
        values: dict[SessionRef, dict[tuple[EventKind, str], str | None]] = {ref: {} for ref in refs}
        for connection, session_id, kind, subject, new in self._database.execute(
            _LAST_VALUES.replace("(?)", these), ids
        ):
            ref = wanted.get((connection, session_id))
            if ref is not None and kind in _KINDS:
                values[ref][EventKind(kind), subject] = new or None
        entries: dict[SessionRef, list[Event]] = {ref: [] for ref in refs}
        for row in self._database.execute(_NEWEST.replace("(?)", these), (*ids, PAST_ENTRIES)):
            ref = wanted.get((row[0], row[4]))
            if ref is not None and row[5] in _KINDS:
                entries[ref].append(_entry(row))
        until: dict[SessionRef, tuple[datetime | None, datetime | None]] = {}
        for connection, session_id, session_until, actions_until in self._database.execute(
            _UNTIL.replace("(?)", these), ids
        ):
            ref = wanted.get((connection, session_id))
            if ref is not None:
                until[ref] = _time(session_until), _time(actions_until)
        return {ref: Past(tuple(entries[ref]), values[ref], *until.get(ref, (None, None))) for ref in refs}

    def entries(
        self, *, since: datetime | None = None, session_id: str | None = None, limit: int = 10_000
    ) -> list[Event]:
        """The newest entries, in the order they were written down, oldest first."""
        rows = self._database.execute(
            _ENTRIES, {"since": _stamp(since), "session_id": session_id, "limit": limit}
        ).fetchall()
        return [_entry(row) for row in reversed(rows) if row[5] in _KINDS]

    def sessions(self) -> dict[SessionRef, Watched]:
        """Every session of the history."""
        found = (
            Watched(SessionRef(*row[:5]), row[5], row[6], row[7], _time(row[8]), _time(row[9]), row[10])
            for row in self._database.execute(_SESSIONS)
        )
        return {watched.ref: watched for watched in found}

    def net_beginnings(self, since: datetime, step: timedelta) -> dict[int, int]:
        """By the number of each stretch of that length since a time, how many sessions were first seen that
        run, less those that were seen to have ended; of the stretches in which there was any."""
        asked = {"since": _stamp(since), "step": step // _MICROSECOND}
        return dict(self._database.execute(_NET_BEGINNINGS, asked).fetchall())

    def version(self) -> tuple[int, int]:
        """Another one after every change, be it made here or by another program."""
        return self._one("PRAGMA data_version"), self._database.total_changes

    # --- what was seen --------------------------------------------------------------------------------

    def seen_until(self) -> datetime | None:
        """Until when somebody has marked what happened as seen; ``None`` where nobody ever has."""
        return _time(self._one("SELECT coalesce(max(at), 0) FROM looks"))

    def mark_seen(self, at: datetime) -> None:
        """Everything until ``at`` has been seen."""
        with _Transaction(self._database):
            self._database.execute(
                "INSERT OR REPLACE INTO looks (name, at) VALUES ('history', ?)", (_stamp(at),)
            )

    # --- alerts ---------------------------------------------------------------------------------------

    def alerts(self) -> list[KeptText]:
        """All alerts that are kept."""
        return kept_alerts.read_alerts(self._database)

    def alert_wishes(self) -> list[KeptText]:
        """What somebody wants of alerts, the newest of each."""
        return kept_alerts.read_wishes(self._database)

    def keep_alerts(
        self, alerts: Iterable[KeptText], wishes: Iterable[KeptText], gone: Iterable[str] = ()
    ) -> bool:
        """Keep these alerts and wishes, a wish only where it is newer than the one that is there, and drop
        the alerts that are gone; true. Raises `NewerHistory` where the file is one."""
        if self.read_only:
            raise NewerHistory
        with _Transaction(self._database):
            kept_alerts.put(self._database, alerts, wishes, gone)
        return True

    def change(self, do: Callable[[sqlite3.Connection], T]) -> T:
        """Do something with the file in one transaction, such as with the messages that it keeps
        (`farmwatch.history.kept_messages`); what comes of it. Raises `NewerHistory` where the file is one."""
        if self.read_only:
            raise NewerHistory
        with _Transaction(self._database):
            return do(self._database)


# --- the file -----------------------------------------------------------------------------------------


def is_damage(error: Exception) -> bool:
    """Whether it says that the file is no good, and not only that it cannot be used just now."""
    return type(error) is sqlite3.DatabaseError


def set_aside(path: Path, now: datetime) -> Path:
    """Rename a damaged file, with its journal, to make room for a new one; its new path. Raises `OSError`."""
    aside = path.with_name(f"{path.stem}.corrupt-{now:%Y%m%dT%H%M%SZ}{path.suffix}")
    journal = path.with_name(f"{path.name}-journal")
    # The journal first: one that is left alone would be played back into the new file.
    with suppress(FileNotFoundError):
        journal.rename(f"{aside}-journal")
    path.rename(aside)
    return aside


def sentence(error: Exception, path: Path) -> str:
    """Why the history is not saved, and what can be done about it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, NewerHistory):
        return "It was written by a newer Farmwatch: it is read, and nothing is added."
    if code == sqlite3.SQLITE_FULL or number in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM) or number in (
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
    ):
        return f"{path} cannot be written."
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "Another program is writing to it."
    if code == sqlite3.SQLITE_CANTOPEN:
        return f"{path} cannot be opened."
    if code == sqlite3.SQLITE_PROTOCOL:
        return f"Files cannot be locked where {path} is."
    if code == sqlite3.SQLITE_NOTADB:
        return f"{path} is not a database of Farmwatch."
    if is_damage(error):
        return f"{path} is damaged."
    return f"{path}: {getattr(error, 'strerror', '') or type(error).__name__}."


def _create(path: Path) -> None:
    """An empty private file, where there is none. Raises `OSError`, also for a link in its place."""
    make_private(path.parent)
    try:
        os.close(create_private(path))
    except FileExistsError:
        if path.is_symlink() or not path.is_file():
            what = "a link" if path.is_symlink() else "a folder" if path.is_dir() else "no file"
            raise PermissionError(errno.EEXIST, f"it is {what}") from None


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    """Whoever may not write opens it for reading; transactions begin and end where the code says."""
    mode = "rw" if os.access(path, os.W_OK) else "ro"
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False)


class _Transaction:
    """All or nothing. It takes the right to write at its beginning: a transaction that reads first and
    writes later fails where another one has written in between."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._database.execute("COMMIT")
        finally:
            # A commit that failed leaves the transaction open.
            if self._database.in_transaction:
                with suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")


MIGRATIONS: Sequence[Sequence[str]] = (
    (
        """CREATE TABLE sessions (
            session_id TEXT PRIMARY KEY, farm_id TEXT NOT NULL, queue_id TEXT NOT NULL, job_id TEXT NOT NULL,
            farm TEXT NOT NULL DEFAULT '', queue TEXT NOT NULL DEFAULT '', job TEXT NOT NULL DEFAULT '',
            session_until INTEGER NOT NULL DEFAULT 0, actions_until INTEGER NOT NULL DEFAULT 0)""",
        """CREATE TABLE entries (
            id INTEGER PRIMARY KEY,
            session_id TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
            old TEXT NOT NULL, new TEXT NOT NULL, service_at INTEGER NOT NULL, ordinal INTEGER NOT NULL,
            after INTEGER NOT NULL, at INTEGER NOT NULL,
            watcher TEXT NOT NULL, run TEXT NOT NULL, number INTEGER NOT NULL,
            UNIQUE (session_id, kind, subject, old, new, service_at, ordinal),
            UNIQUE (run, number))""",
        "CREATE INDEX entries_by_time ON entries (at)",
        "CREATE TABLE looks (name TEXT PRIMARY KEY, at INTEGER NOT NULL)",
    ),
    (
        # Keys cannot be changed in place. What version 1 saw, it saw by the one connection that there was.
        """CREATE TABLE new_sessions (
            connection TEXT NOT NULL, session_id TEXT NOT NULL,
            farm_id TEXT NOT NULL, queue_id TEXT NOT NULL, job_id TEXT NOT NULL,
            farm TEXT NOT NULL DEFAULT '', queue TEXT NOT NULL DEFAULT '', job TEXT NOT NULL DEFAULT '',
            session_until INTEGER NOT NULL DEFAULT 0, actions_until INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (session_id, connection))""",
        """INSERT INTO new_sessions (connection, session_id, farm_id, queue_id, job_id, farm, queue, job,
            session_until, actions_until)
            SELECT 'default', session_id, farm_id, queue_id, job_id, farm, queue, job,
            session_until, actions_until FROM sessions""",
        """CREATE TABLE new_entries (
            id INTEGER PRIMARY KEY, connection TEXT NOT NULL,
            session_id TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
            old TEXT NOT NULL, new TEXT NOT NULL, service_at INTEGER NOT NULL, ordinal INTEGER NOT NULL,
            after INTEGER NOT NULL, at INTEGER NOT NULL,
            watcher TEXT NOT NULL, run TEXT NOT NULL, number INTEGER NOT NULL,
            UNIQUE (session_id, connection, kind, subject, old, new, service_at, ordinal),
            UNIQUE (run, number))""",
        """INSERT INTO new_entries (id, connection, session_id, kind, subject, old, new, service_at, ordinal,
            after, at, watcher, run, number) SELECT id, 'default', session_id, kind, subject, old, new,
            service_at, ordinal, after, at, watcher, run, number FROM entries""",
        "DROP TABLE entries",
        "DROP TABLE sessions",
        "ALTER TABLE new_sessions RENAME TO sessions",
        "ALTER TABLE new_entries RENAME TO entries",
        "CREATE INDEX entries_by_time ON entries (at)",
    ),
    kept_alerts.MIGRATION,
    kept_messages.MIGRATION,
    (
        "ALTER TABLE entries ADD COLUMN exit_code INTEGER",
        "ALTER TABLE entries ADD COLUMN step TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE sessions ADD COLUMN worker_id TEXT NOT NULL DEFAULT ''",
    ),
)
"""The statements that lead from each version of the schema to the next. Times are microseconds since 1970
in UTC, 0 for none; an empty text is no value."""

# The same change again is another one if the former was over when this watcher last looked, or if it saw both
# itself; else two monitors have seen one and the same.
_INSERT = """INSERT OR IGNORE INTO entries
    (connection, session_id, kind, subject, old, new, service_at, after, at, watcher, run, number, exit_code,
    step, ordinal) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,
    (SELECT count(*) FROM entries WHERE connection = ?1 AND session_id = ?2 AND kind = ?3 AND subject = ?4
    AND old = ?5 AND new = ?6 AND service_at = ?7 AND (at <= ?8 OR run = ?11 AND number < ?12)))"""
_KNOW_SESSION = """INSERT OR IGNORE INTO sessions (connection, session_id, farm_id, queue_id, job_id)
    VALUES (?, ?, ?, ?, ?)"""
_NOTE_SESSION = """INSERT INTO sessions
    (connection, session_id, farm_id, queue_id, job_id, farm, queue, job, worker_id, session_until,
    actions_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session_id, connection) DO UPDATE SET
    farm = iif(excluded.farm = '', farm, excluded.farm),
    queue = iif(excluded.queue = '', queue, excluded.queue),
    job = iif(excluded.job = '', job, excluded.job),
    worker_id = iif(excluded.worker_id = '', worker_id, excluded.worker_id),
    session_until = max(session_until, excluded.session_until),
    actions_until = max(actions_until, excluded.actions_until)"""
_DROP_OLDEST = "DELETE FROM entries WHERE id IN (SELECT id FROM entries ORDER BY id LIMIT ?)"
_DROP_SESSIONS = """DELETE FROM sessions WHERE max(session_until, actions_until) < ?
    AND NOT EXISTS (SELECT 1 FROM entries e
        WHERE e.session_id = sessions.session_id AND e.connection = sessions.connection)"""
_LAST_VALUES = """SELECT connection, session_id, kind, subject, new FROM entries WHERE id IN
    (SELECT max(id) FROM entries WHERE session_id IN (?) GROUP BY session_id, connection, kind, subject)"""
_UNTIL = "SELECT connection, session_id, session_until, actions_until FROM sessions WHERE session_id IN (?)"
_COLUMNS = """s.connection, s.farm_id, s.queue_id, s.job_id, s.session_id, e.kind, e.subject, e.old, e.new,
    e.at, e.after, e.service_at, e.watcher, e.exit_code, e.step"""
_NEWEST = f"""SELECT {_COLUMNS} FROM (SELECT *, row_number() OVER
    (PARTITION BY session_id, connection ORDER BY id DESC) AS place FROM entries WHERE session_id IN (?)) e
    JOIN sessions s USING (session_id, connection) WHERE place <= ? ORDER BY e.id"""  # noqa: S608 - constants
_ENTRIES = f"""SELECT {_COLUMNS} FROM entries e JOIN sessions s USING (session_id, connection)
    WHERE e.at >= :since AND (:session_id IS NULL OR e.session_id = :session_id)
    ORDER BY e.id DESC LIMIT :limit"""  # noqa: S608 - constants
_NET_BEGINNINGS = """SELECT (at - :since) / :step, sum(iif(new = 'ENDED', -1, 1)) FROM entries
    WHERE kind = 'status' AND at >= :since
    AND (old = '' AND new NOT IN ('', 'ENDED') OR new = 'ENDED' AND old != '')
    GROUP BY 1"""
_SESSIONS = """SELECT connection, farm_id, queue_id, job_id, session_id, farm, queue, job, session_until,
    actions_until, worker_id FROM sessions"""

_KINDS = frozenset(EventKind)


def _stamp(at: datetime | None) -> int:
    return 0 if at is None else (at - _EPOCH) // _MICROSECOND


def _time(stamp: int) -> datetime | None:
    return _EPOCH + stamp * _MICROSECOND if stamp else None


def _value(text: str | None) -> str:
    # Cleaned where it came in. But one character that SQLite cannot take would hold up all that comes after.
    return clean(text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE]) if text else ""


def _session_row(watched: Watched) -> tuple[object, ...]:
    ref = watched.ref
    names = map(_value, (watched.farm, watched.queue, watched.job, watched.worker_id))
    return (*_ids(ref), *names, _stamp(watched.session_until), _stamp(watched.actions_until))


def _ids(ref: SessionRef) -> tuple[str, str, str, str, str]:
    return ref.connection, ref.session_id, ref.farm_id, ref.queue_id, ref.job_id


def _entry(
    row: tuple[str, str, str, str, str, str, str, str, str, int, int, int, str, int | None, str],
) -> Event:
    *ids, kind, subject, old, new, at, after, service_at, watcher, exit_code, step = row
    return Event(
        ref=SessionRef(*map(str, ids)),
        kind=EventKind(kind),
        subject=str(subject),
        old=str(old) or None,
        new=str(new) or None,
        at=_EPOCH + int(at) * _MICROSECOND,
        after=_time(int(after)),
        service_at=_time(int(service_at)),
        watcher=str(watcher),
        exit_code=exit_code,
        step=str(step),
    )
