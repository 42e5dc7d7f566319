"""A session in words: pure functions from what was observed to what stands in the panels."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from farmwatch.aws.fault_source import Origin
from farmwatch.aws.model import STARTED, LogConfiguration, Session
from farmwatch.sessions.error_log import LoggedError
from farmwatch.sessions.tracker import Gap, Moment, SessionObserved
from farmwatch.words.text import (
    Part,
    TimeStyle,
    clock_time,
    clock_time_and_age,
    cut_middle,
    joined,
    lasted,
    lifecycle,
    short_id,
    short_path,
    span,
)

LABEL = 9
AWSLOGS = "awslogs"
"""The only log driver that the worker agent knows (its source)."""

MOMENTS_SHOWN = 4
MOMENTS_SHOWN_FOLDED = 1

NEWLINE: Part = ("\n", "")


def _label(text: str) -> Part:
    return f"{text:<{LABEL}} ", "muted"


def _mark(changed: Collection[str], *names: str) -> list[Part]:
    """The mark beside a value that has changed lately."""
    return [(" ◂ new", "accent")] if any(name in changed for name in names) else []


# --- the session --------------------------------------------------------------------------------------


def session_parts(
    observed: SessionObserved,
    changed: Collection[str],
    now: datetime,
    style: TimeStyle,
    width: int,
    *,
    as_of: datetime | None = None,
    folded: bool = False,
) -> list[Part]:
    """Status, target, the strip of the lifecycle, what was observed when, and every time. The session is not
    known to run on after ``as_of``; ``folded`` takes fewer lines, for a small terminal."""
    session = observed.session
    if session is None:
        return []
    status, tone = lifecycle(session.lifecycle_status)
    parts: list[Part] = [
        (status, tone),
        *_mark(changed, "lifecycle_status"),
        ("   target ", "muted"),
        (session.target_lifecycle_status or "–", "strong" if session.target_lifecycle_status else ""),
        *_mark(changed, "target_lifecycle_status"),
        NEWLINE,
        *strip(session, observed.moments, as_of or now, width, observed.gaps),
        NEWLINE,
        *moment_parts(observed.moments, now, style, MOMENTS_SHOWN_FOLDED if folded else MOMENTS_SHOWN),
        _label("started"),
        (clock_time_and_age(session.started_at, now, style), ""),
    ]
    ended: list[Part] = [
        _label("ended"),
        (clock_time_and_age(session.ended_at, now, style) if session.ended_at else "–", ""),
        *_mark(changed, "ended_at"),
    ]
    updated: list[Part] = [
        _label("updated"),
        (clock_time_and_age(session.updated_at, now, style) if session.updated_at else "–", ""),
    ]
    updated += _mark(changed, "updated_at", "updated_by")
    if session.updated_by is not None:
        room = max(12, width - sum(len(text) for text, _ in updated) - 4)
        updated += [(" by ", "muted"), (cut_middle(short_id_of(session.updated_by), room), "")]
    if folded:
        return [*parts, ("   ", ""), *ended, NEWLINE, *updated]
    return [*parts, NEWLINE, *updated, NEWLINE, *ended]


def short_id_of(text: str) -> str:
    """A worker's or a user's name: ids are shortened, names are not."""
    kind, dash, rest = text.partition("-")
    is_id = dash and len(rest) == 32 and kind.isalpha()
    return short_id(text) if is_id else text


def strip(
    session: Session, moments: tuple[Moment, ...], now: datetime, width: int, gaps: tuple[Gap, ...] = ()
) -> list[Part]:
    """The lifecycle as a line of time from ``startedAt`` to ``endedAt``, or to now, and how long that is: a
    glyph where a status was first seen, the line behind it in that status' colour, and dotted where nobody
    looked."""
    end = session.ended_at or now
    whole = max((end - session.started_at).total_seconds(), 1.0)
    took = session.duration(now)
    tail = f" ran {lasted(took)}" if session.is_final else f"▶ running {span(took)}"
    cells = max(8, width - len(tail))

    def cell_at(at: datetime) -> int:
        share = (at - session.started_at).total_seconds() / whole
        return min(max(0, round(share * (cells - 1))), cells - 1)

    shown = [moment for moment in moments if moment.status != STARTED or moment.after is not None]
    marks = [(STARTED, session.started_at), *((moment.status, moment.at) for moment in shown)]
    if session.is_final and marks[-1][0] != session.lifecycle_status:
        marks.append((session.lifecycle_status, end))
    marks = marks[-cells:]
    places = [cell_at(at) for _, at in marks]
    # Two marks never share a cell: first those to the right give way, then, at the end, those to the left.
    for index in range(1, len(places)):
        places[index] = max(places[index], places[index - 1] + 1)
    for index in range(len(places)):
        places[index] = min(places[index], cells - len(places) + index)
    if session.is_final:
        places[-1] = cells - 1
    drawn: list[Part] = [("━", "")] * cells
    for (status, _), place, following in zip(marks, places, [*places[1:], cells], strict=True):
        mark, tone = _glyph_of(status)
        drawn[place:following] = [(mark, tone), *[("━", tone)] * (following - place - 1)]
    unseen = [(gap.after, gap.at) for gap in gaps]
    if moments and moments[0].after is None:
        unseen.append((session.started_at, moments[0].at))
    for after, at in unseen:
        for place in range(cell_at(after), cell_at(at)):
            if drawn[place][0] == "━":
                drawn[place] = ("┄", "muted")
    return [*joined(drawn), (tail, "")]


def _glyph_of(status: str) -> tuple[str, str]:
    words, tone = lifecycle(status)
    return words.partition(" ")[0], tone


def moment_parts(moments: tuple[Moment, ...], now: datetime, style: TimeStyle, shown: int) -> list[Part]:
    """What was observed when. What lay between two polls cannot be seen, so both are named."""
    parts: list[Part] = []
    left_out = f"   d: {len(moments) - shown} earlier" if len(moments) > shown else ""
    for moment in moments[-shown:]:
        status, tone = lifecycle(moment.status)
        parts.append((status, tone))
        if moment.target:
            parts.append((f" → {moment.target}", tone))
        when = f"  first seen {clock_time(moment.at, now, style)}"
        if moment.after is not None:
            when = f"  seen {clock_time(moment.after, now, style)}–{clock_time(moment.at, now, style)}"
        if moment.by:
            when += f" by {moment.by}"
        parts += [(when, "muted"), (left_out, "muted"), NEWLINE]
        left_out = ""
    return parts


# --- the host -----------------------------------------------------------------------------------------


def host_parts(session: Session, changed: Collection[str], width: int) -> list[Part]:
    """Host, instance, addresses, worker and fleet, as far as the service knows them."""
    host = session.host
    parts: list[Part] = []
    if host is None:
        parts += [("The reply names no host.", "muted"), NEWLINE]
    else:
        parts += [
            _label("host"),
            (host.name or "–", "strong"),
            (f"   {host.instance_type}" if host.instance_type else "", "accent"),
            *_mark(changed, "host"),
            NEWLINE,
            _label("addresses"),
            (_addresses(host.addresses, width - LABEL - 1), ""),
            NEWLINE,
            _label("instance"),
            (cut_middle(host.instance_arn, width - LABEL - 1) if host.instance_arn else "–", ""),
            NEWLINE,
        ]
    parts += [
        _label("worker"),
        (cut_middle(session.worker_id, width - LABEL - 1), ""),
        *_mark(changed, "worker_id"),
        NEWLINE,
        _label("fleet"),
        (cut_middle(session.fleet_id, width - LABEL - 1), ""),
        *_mark(changed, "fleet_id"),
    ]
    return parts


def _addresses(addresses: Sequence[str], width: int) -> str:
    """Side by side where they fit, else one below the other."""
    beside = "   ".join(addresses)
    return (beside if len(beside) <= width else f"\n{'':{LABEL + 1}}".join(addresses)) or "–"


def host_parts_folded(session: Session, changed: Collection[str], width: int) -> list[Part]:
    """The same in two lines, its ids short: the details have them whole."""
    host = session.host
    parts: list[Part] = [("The reply names no host.", "muted")]
    if host is not None:
        parts = [
            (host.name or "–", "strong"),
            (f"  {host.instance_type or ''}  ", "accent"),
            ("  ".join(host.addresses), ""),
            *_mark(changed, "host"),
        ]
    instance = (host.instance_arn or "").rpartition("/")[2] if host else ""
    ids = "  ".join(one for one in (short_id(session.worker_id), short_id(session.fleet_id), instance) if one)
    return [*parts, NEWLINE, (cut_middle(ids, width), ""), *_mark(changed, "worker_id", "fleet_id")]


# --- log configuration --------------------------------------------------------------------------------


def only_worker_log_failed(session: Session) -> bool:
    """Whether the worker's log has an error and the session's has none: then it comes first."""
    worker_error = session.worker_log.error if session.worker_log is not None else None
    return session.log.error is None and bool(worker_error)


def log_title(name: str, log: LogConfiguration | None) -> list[Part]:
    """The state of a log's configuration in a few words, for the border."""
    if log is None:
        return [(f"{name}  ", ""), ("– missing", "warning")]
    if log.error is not None:
        return [(f"{name}  ", ""), ("✗ error", "error")]
    if log.driver != AWSLOGS:
        return [(f"{name}  ", ""), (f"? {log.driver[:40]}", "warning")]
    return [(f"{name}  ", ""), (f"✓ {log.driver}", "success")]


def log_parts(
    log: LogConfiguration | None, member: str, is_changed: bool, width: int, *, folded: bool = False
) -> list[Part]:
    """Everything a log configuration says, the error first; and what it leaves out.

    Folded, for a terminal of 24 lines, a single parameter stands beside the driver.
    """
    if log is None:
        return [(f"The reply has no {member}.", "warning"), NEWLINE, (_WITHOUT[member], "muted")]
    longest = max(map(len, ("logDriver", "parameters", *(log.options or ()))))
    label = min(longest, max(10, width // 2))
    parts: list[Part] = []
    if log.error is not None:
        parts += [(f"✗ {log.error}", "error"), NEWLINE]
    parts += [(f"{'logDriver':<{label}}  ", "muted"), (log.driver, "strong")]
    if log.driver != AWSLOGS:
        parts.append(("  not a driver that can be read: only awslogs can", "warning"))
    if is_changed:
        parts += _mark((member,), member)
    parameters = [f"{key} = {value}" for key, value in (log.parameters or {}).items()]
    beside = folded and len(parameters) < 2
    if beside:
        told: Part = (parameters[0], "") if parameters else _nothing(log.parameters)
        parts += [("   parameters  ", "muted"), told]
    room = max(8, width - label - 2)
    rows: list[tuple[str, Part]] = []
    if log.options:
        rows += [(key, (short_path(value, room), "")) for key, value in log.options.items()]
    else:
        rows.append(("options", _nothing(log.options)))
    if not beside:
        shown = [(short_path(one, room), "") for one in parameters] or [_nothing(log.parameters)]
        rows += zip(["parameters", *[""] * len(parameters)], shown, strict=False)
    for name, value in rows:
        parts += [NEWLINE, (f"{cut_middle(name, label):<{label}}  ", "muted"), value]
    return parts


def _nothing(found: Mapping[str, str] | None) -> Part:
    return ("missing from the reply", "warning") if found is None else ("none", "")


_WITHOUT = {
    "log": "Nothing is known of the session's log.",
    "workerLog": "Nothing is known of its worker's log.",
}


# --- errors -------------------------------------------------------------------------------------------


def errors_line(since: datetime | None, now: datetime, style: TimeStyle) -> list[Part]:
    """What stands in the place of the errors while there are none."""
    if since is None:
        return [("No service errors seen yet", "muted")]
    return [(f"No service errors since {clock_time(since, now, style)}", "muted")]


def error_state(trouble: LoggedError, now: datetime, style: TimeStyle) -> str:
    """How long an error has lasted, or lasted, and how often a call met it."""
    times = ""
    # How often a member of the reply was read that told of an error says nothing.
    if trouble.count > 1 and trouble.source.origin is not Origin.MEMBER:
        times = f"{trouble.count} times in {span(trouble.last_at - trouble.first_at)}, "
    if trouble.over_at is None:
        return f"{times}open for {span(now - trouble.first_at)}"
    return f"{times}over at {clock_time(trouble.over_at, now, style)}"


# --- everything ---------------------------------------------------------------------------------------


def raw_rows(observed: SessionObserved) -> list[tuple[str, str]]:
    """Every member of the newest reply under its name in the service model, whole and unshortened; and every
    lifecycle status that was observed."""
    ref, session = observed.ref, observed.session
    rows = [("farmId", ref.farm_id), ("queueId", ref.queue_id), ("jobId", ref.job_id)]
    rows.append(("sessionId", ref.session_id))
    if session is None:
        return rows
    rows += [
        ("lifecycleStatus", session.lifecycle_status),
        ("targetLifecycleStatus", session.target_lifecycle_status or "(missing)"),
        ("fleetId", session.fleet_id),
        ("workerId", session.worker_id),
        ("startedAt", session.started_at.isoformat()),
        ("updatedAt", _iso(session.updated_at)),
        ("updatedBy", session.updated_by or "(missing)"),
        ("endedAt", _iso(session.ended_at)),
    ]
    host = session.host
    if host is None:
        rows.append(("hostProperties", "(missing)"))
    else:
        rows += [
            ("hostProperties.hostName", host.name or "(missing)"),
            ("hostProperties.ec2InstanceType", host.instance_type or "(missing)"),
            ("hostProperties.ec2InstanceArn", host.instance_arn or "(missing)"),
            ("hostProperties.ipAddresses", ", ".join(host.addresses) or "(none)"),
        ]
    for member, log in (("log", session.log), ("workerLog", session.worker_log)):
        rows += _raw_log(member, log)
    for moment in observed.moments:
        target = f", target {moment.target}" if moment.target else ""
        since = "" if moment.after is None else f"{_iso(moment.after)} – "
        rows.append(("observed", f"{moment.status}{target}, {since}{_iso(moment.at)}"))
    return rows


def _raw_log(member: str, log: LogConfiguration | None) -> list[tuple[str, str]]:
    if log is None:
        return [(member, "(missing)")]
    rows = [(f"{member}.error", log.error)] if log.error else []
    rows.append((f"{member}.logDriver", log.driver))
    for name, found in (("options", log.options), ("parameters", log.parameters)):
        if not found:
            rows.append((f"{member}.{name}", "(missing)" if found is None else "(empty)"))
        rows += [(f"{member}.{name}.{key}", value) for key, value in (found or {}).items()]
    return rows


def _iso(at: datetime | None) -> str:
    return "(missing)" if at is None else at.isoformat()
