"""The history, printed: for people, and for scripts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from farmwatch.aws.cleaning import clean
from farmwatch.aws.model import SessionRef
from farmwatch.aws.reply import is_id
from farmwatch.config.paths import history_file
from farmwatch.history.events import Event, Watched
from farmwatch.history.query import SessionHistory, session_histories
from farmwatch.history.store import History, sentence
from farmwatch.history.time_expression import parse_since
from farmwatch.words.history import happened, place_of, seen_by, title
from farmwatch.words.text import clock_time

ALL = 2**31


class CannotTell(Exception):  # noqa: N818 - named for what the wrangler is told
    """There is nothing to print, and why, in one line."""

    def __init__(self, sentence: str, exit_code: int = 2) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def tell_history(
    since: str | None,
    session_id: str | None,
    *,
    as_json: bool,
    echo: Callable[[str], Any],
    ascii_only: bool = False,
) -> None:
    """Print what was seen, by session, or as a JSON array in the order it was written down; where there is
    nothing, that there is nothing, and an empty array. The file is read, and nothing is made where there is
    none. ``ascii_only`` escapes what is not ASCII in the array. Raises `CannotTell`."""
    now = datetime.now(UTC)
    try:
        begin = None if since is None else parse_since(since, now)
    except ValueError as error:
        raise CannotTell(f"--since {error}") from None
    if session_id is not None and not is_id("session", session_id):
        raise CannotTell(f"--session {clean(session_id, 80)!r} is not the id of a session")
    entries, sessions = _read(begin, session_id)
    if as_json:
        echo(json.dumps([_members(entry, sessions) for entry in entries], indent=2, ensure_ascii=ascii_only))
    elif not entries:
        echo(_nothing(begin, session_id, now))
    else:
        for number, story in enumerate(session_histories(entries, sessions)):
            echo(("\n" if number else "") + "\n".join(_lines(story, now)))


def _nothing(since: datetime | None, session_id: str | None, now: datetime) -> str:
    of = "" if session_id is None else f" of {session_id}"
    when = "" if since is None else f" since {clock_time(since, now)}"
    return f"Nothing recorded{of}{when}. A session is recorded while it is watched: {history_file()}"


def _read(since: datetime | None, session_id: str | None) -> tuple[list[Event], dict[SessionRef, Watched]]:
    path = history_file()
    if not path.exists():
        return [], {}
    try:
        history = History(path, run="")
        try:
            return history.entries(since=since, session_id=session_id, limit=ALL), history.sessions()
        finally:
            history.close()
    except (sqlite3.Error, OSError) as error:
        raise CannotTell(f"the history cannot be read: {clean(sentence(error, path), 300)}", 1) from None


def _lines(story: SessionHistory, now: datetime) -> list[str]:
    ref = story.watched.ref
    lines = [f"{title(story.watched)}  {ref.session_id}  ({place_of(story.watched)})"]
    for entry in story.entries:
        words = "".join(text for text, _ in happened(entry))
        seen = seen_by(entry, now)
        lines.append(f"  {clock_time(entry.at, now)}  {words}{f'  ({seen})' if seen else ''}")
    return [clean(line) for line in lines]


def _members(entry: Event, sessions: dict[SessionRef, Watched]) -> dict[str, str | None]:
    """Everything of an entry, by names that stay; times are ISO 8601 in UTC."""
    ref, watched = entry.ref, sessions.get(entry.ref) or Watched(entry.ref)
    members = {
        "connection": ref.connection,
        "farmId": ref.farm_id,
        "queueId": ref.queue_id,
        "jobId": ref.job_id,
        "sessionId": ref.session_id,
        "farm": watched.farm or None,
        "queue": watched.queue or None,
        "job": watched.job or None,
        "kind": entry.kind.value,
        "subject": entry.subject or None,
        "old": entry.old,
        "new": entry.new,
        "seenAfter": _iso(entry.after),
        "seenAt": _iso(entry.at),
        "serviceTime": _iso(entry.service_at),
        "watcher": entry.watcher or None,
    }
    # Cleaned where it came in; but a file can be written by anyone, and this may go to a terminal.
    return {name: None if value is None else clean(value) for name, value in members.items()}


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")
