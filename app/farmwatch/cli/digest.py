"""What is handed over, printed: for a terminal, for a ticket or chat, and for scripts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from farmwatch.alerts.digest import Digest, known_by
from farmwatch.alerts.digesting import BACK, digest_from, read_facts
from farmwatch.aws.cleaning import clean
from farmwatch.cli.history import CannotTell
from farmwatch.config.paths import history_file
from farmwatch.history.events import EventKind, Watched
from farmwatch.history.store import History, sentence
from farmwatch.history.time_expression import parse_since
from farmwatch.words.digest import markdown, text_lines

if TYPE_CHECKING:
    from farmwatch.alerts.alert import Alert

VERSION = 1
"""Of the JSON: another one where a member goes, or means something else."""


def tell_digest(
    since: str | None,
    until: str | None,
    *,
    as_markdown: bool,
    as_json: bool,
    echo: Callable[[str], Any],
    ascii_only: bool = False,
) -> None:
    """Print what is handed over, of the last twelve hours where ``since`` says nothing else. The file is
    read, and nothing is made where there is none. ``ascii_only`` escapes what is not ASCII in JSON. Raises
    `CannotTell`."""
    now = datetime.now(UTC)
    begin, end = _parsed("--since", since, now), _parsed("--until", until, now) or now
    begin = begin or end - BACK
    if begin >= end:
        raise CannotTell("--until is to be after --since")
    digest = _read(begin, end, now)
    if as_json:
        echo(json.dumps(_members(digest), indent=2, ensure_ascii=ascii_only))
    else:
        echo(markdown(digest).rstrip("\n") if as_markdown else "\n".join(text_lines(digest)))


def _parsed(option: str, text: str | None, now: datetime) -> datetime | None:
    try:
        return None if text is None else parse_since(text, now)
    except ValueError as error:
        raise CannotTell(f"{option} {error}") from None


def _read(since: datetime, until: datetime, now: datetime) -> Digest:
    path = history_file()
    if not path.exists():
        return Digest(since, until, now)
    try:
        history = History(path, run="")
        try:
            facts = read_facts(history, since)
        finally:
            history.close()
    except (sqlite3.Error, OSError) as error:
        raise CannotTell(f"the history cannot be read: {clean(sentence(error, path), 300)}", 1) from None
    return digest_from(facts, since, until, now)


# --- JSON ---------------------------------------------------------------------------------------------------


def _members(digest: Digest) -> dict[str, Any]:
    """All of it, by names that stay; times are ISO 8601 in UTC."""
    interruptions = digest.interruptions
    return {
        "version": VERSION,
        "since": _iso(digest.since),
        "until": _iso(digest.until),
        "lastSeenAt": _iso(digest.looked_at),
        "seenBy": _texts(digest.watchers),
        "jobs": [
            {
                **_place(one.watched),
                "sessions": one.sessions,
                "running": one.running,
                "notSeen": one.unseen,
                "ended": one.ended,
                "endedWell": one.well,
                "actions": {
                    "succeeded": one.succeeded,
                    "failed": one.failed,
                    "interrupted": one.interrupted,
                    "canceled": one.canceled,
                },
            }
            for one in digest.jobs
        ],
        "failures": [
            {
                **_place(one.watched),
                "kind": one.kind.value,
                "count": one.count,
                "sessions": one.sessions,
                "jobs": one.jobs,
                "step": _text(one.step),
                "exitCode": one.exit_code,
                "error": _text(one.text),
                "workerIds": _texts(one.workers),
                "firstAt": _iso(one.first_at),
                "lastAt": _iso(one.last_at),
                "exampleSessionId": clean(one.example.ref.session_id),
                "exampleActionId": _text(one.example.subject if one.kind is EventKind.ACTION else ""),
            }
            for one in digest.causes
        ],
        "interrupted": {
            "actions": interruptions.count,
            "jobs": interruptions.jobs,
            "workerIds": _texts(interruptions.workers),
        },
        "firing": [_alert(one) for one in digest.firing],
        "acknowledged": [_alert(one) for one in digest.acknowledged],
        "silenced": [_alert(one) for one in digest.silenced],
        "resolved": [_alert(one) for one in digest.resolved],
        "asked": [_alert(one) for one in digest.asked],
        "mutes": [
            {
                "kind": one.kind.value,
                "value": clean(one.value),
                "by": _text(one.who),
                "until": _iso(one.until),
            }
            for one in digest.mutes
        ],
        "requests": [
            {
                **_place(one.watched),
                "by": _text(one.who),
                "request": clean(one.wished),
                "outcome": clean(one.outcome),
                "count": one.count,
                "firstAt": _iso(one.first_at),
                "lastAt": _iso(one.last_at),
                "exampleId": clean(one.example),
            }
            for one in digest.requests
        ],
        "nothingRecorded": [{"from": _iso(begin), "to": _iso(end)} for begin, end in digest.silences],
        "notSeen": [
            {
                "connection": clean(one.connection),
                "from": _iso(one.begin),
                "to": _iso(one.end),
                "sessions": one.sessions,
                "why": _texts(one.why),
            }
            for one in digest.gaps
        ],
    }


def _alert(alert: Alert) -> dict[str, Any]:
    subject, known = alert.subject, known_by(alert)
    return {
        "id": clean(alert.id),
        "state": alert.state.value,
        "rule": clean(alert.rule),
        "name": clean(alert.name),
        "words": clean(alert.words),
        "evidence": clean(alert.evidence),
        "connection": clean(subject.connection),
        "queueId": _text(subject.queue_id),
        "jobId": _text(subject.job_id),
        "sessionId": _text(subject.session_id),
        "taskId": _text(subject.task_id),
        "workerId": _text(subject.worker_id or alert.worker_id),
        "since": _iso(alert.since),
        "firedAt": _iso(alert.fired_at),
        "resolvedAt": _iso(alert.resolved_at),
        "notSeenSince": _iso(alert.unseen_since),
        "silentUntil": _iso(alert.wish.snoozed_until),
        "mutedBy": _text(alert.muted_by),
        "acknowledgedBy": None if known is None else clean(known.who),
        "acknowledgedAt": None if known is None else _iso(known.at),
        "note": None if known is None else _text(known.note),
    }


def _place(watched: Watched) -> dict[str, str | None]:
    ref = watched.ref
    return {
        "connection": clean(ref.connection),
        "farmId": clean(ref.farm_id),
        "farm": _text(watched.farm),
        "queueId": clean(ref.queue_id),
        "queue": _text(watched.queue),
        "jobId": clean(ref.job_id),
        "job": _text(watched.job),
    }


def _texts(values: tuple[str, ...]) -> list[str]:
    return [clean(one) for one in values]


def _text(value: str) -> str | None:
    """Cleaned where it came in; but a file can be written by anyone, and this may go to a terminal."""
    return clean(value) or None


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds")
