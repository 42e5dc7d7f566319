"""A session in four lines, for a terminal that is low: its actions need the room, `d` has all of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from farmwatch.aws.model import LogConfiguration, Session
from farmwatch.sessions.tracker import SessionObserved
from farmwatch.words.session import log_title, only_worker_log_failed, short_id_of, strip
from farmwatch.words.text import Part, TimeStyle, clock_time, lifecycle, short_id

GAP = "   "
STRIP = 20
"""The least cells for the line of time with what it tells at its end."""

Piece = list[Part]


def folded_lines(
    observed: SessionObserved,
    changed: Collection[str],
    now: datetime,
    style: TimeStyle,
    width: int,
    *,
    as_of: datetime | None = None,
) -> list[list[Part]]:
    """Status, life, host and logs of a session, a line each, none wider than ``width`` cells. ``as_of`` is
    until when the session is known to have run; ``changed`` names what is new."""
    session = observed.session
    if session is None:
        return []
    return [
        _status(observed, session, changed, now, style, width),
        _life(observed, session, changed, now, style, width, as_of or now),
        _fitted(_host(session, changed), width),
        _fitted(_logs(session, changed), width),
    ]


def _status(
    observed: SessionObserved,
    session: Session,
    changed: Collection[str],
    now: datetime,
    style: TimeStyle,
    width: int,
) -> list[Part]:
    status: Piece = [lifecycle(session.lifecycle_status), *_new(changed, "lifecycle_status")]
    target = session.target_lifecycle_status
    told: Part = (target or "–", "strong" if target else "")
    aim: Piece = [("target ", "muted"), told, *_new(changed, "target_lifecycle_status")]
    pieces = [status, aim] if target or "target_lifecycle_status" in changed else [status]
    moments = observed.moments
    if moments:
        newest = moments[-1]
        seen = f"first seen {clock_time(newest.at, now, style)}"
        if newest.after is not None:
            seen = f"seen {clock_time(newest.after, now, style)}–{clock_time(newest.at, now, style)}"
        pieces.append([(seen, "muted")])
    if len(moments) > 1:
        pieces.append([(f"d: {len(moments) - 1} earlier", "muted")])
    if aim not in pieces:
        pieces.append(aim)
    return _fitted(pieces, width)


def _life(
    observed: SessionObserved,
    session: Session,
    changed: Collection[str],
    now: datetime,
    style: TimeStyle,
    width: int,
    as_of: datetime,
) -> list[Part]:
    """The line of time, and as many of the times as there is room for beside it."""
    started: Piece = [("started ", "muted"), (clock_time(session.started_at, now, style), "")]
    pieces = [started]
    if session.ended_at is not None:
        ended: Piece = [("ended ", "muted"), (clock_time(session.ended_at, now, style), "")]
        pieces.append(ended + _new(changed, "ended_at"))
    if session.updated_at is not None:
        by = f" by {short_id_of(session.updated_by)}" if session.updated_by else ""
        updated: Piece = [("updated ", "muted"), (f"{clock_time(session.updated_at, now, style)}{by}", "")]
        pieces.append(updated + _new(changed, "updated_at", "updated_by"))
    beside = _fitted(pieces, width - 2 * STRIP)
    room = width - _length(beside) - len(GAP)
    return [*strip(session, observed.moments, as_of, room, observed.gaps), (GAP, ""), *beside]


def _host(session: Session, changed: Collection[str]) -> list[Piece]:
    host, pieces = session.host, list[Piece]()
    if host is None:
        pieces.append([("no host told", "muted")])
    else:
        pieces.append([(host.name or "–", "strong"), *_new(changed, "host")])
        if host.instance_type:
            pieces.append([(host.instance_type, "accent")])
    pieces.append([(short_id(session.worker_id), ""), *_new(changed, "worker_id")])
    pieces.append([(short_id(session.fleet_id), ""), *_new(changed, "fleet_id")])
    if host is not None:
        instance = (host.instance_arn or "").rpartition("/")[2]
        pieces += [[(one, "")] for one in (*host.addresses, instance) if one]
    return pieces


def _logs(session: Session, changed: Collection[str]) -> list[Piece]:
    """Both logs, one that could not be made first: why stands beside it."""
    logs = [
        _log("Session log", session.log, _new(changed, "log")),
        _log("Worker log", session.worker_log, _new(changed, "worker_log")),
    ]
    return logs[::-1] if only_worker_log_failed(session) else logs


def _log(name: str, log: LogConfiguration | None, new: Piece) -> Piece:
    if log is not None and log.error is not None:
        return [(f"{name}  ", ""), (f"✗ {log.error}", "error"), *new]
    return [*log_title(name, log), *new]


def _new(changed: Collection[str], *names: str) -> Piece:
    return [(" ◂ new", "accent")] if any(name in changed for name in names) else []


def _length(parts: Iterable[Part]) -> int:
    return sum(len(text) for text, _ in parts)


def _fitted(pieces: Iterable[Piece], width: int) -> list[Part]:
    """The pieces that there is room for, in their order; the first one always, cut where it is drawn."""
    line: list[Part] = []
    for piece in pieces:
        gap: Piece = [(GAP, "")] if line else []
        if not line or _length(line) + len(GAP) + _length(piece) <= width:
            line += gap + piece
    return line
