"""Why a log cannot be read, or shows nothing, and what to do about it; and how far it has been read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.cells import cell_len

from farmwatch.aws.model import Fault, FaultKind, LogConfiguration, Session
from farmwatch.logs.browse import Browser, Line, Shown
from farmwatch.logs.lanes import SESSION, WORKER
from farmwatch.logs.sources import AWSLOGS, Found, SessionLogs, Unread
from farmwatch.logs.tail import LogObserved
from farmwatch.logs.times import milliseconds, moment
from farmwatch.words.keys import key
from farmwatch.words.text import Part, brief, clock_time

NAMES = {SESSION: "session log", WORKER: "worker log"}
MEMBERS = {SESSION: "log", WORKER: "workerLog"}


def configuration(session: Session | None, lane: int) -> LogConfiguration | None:
    """A session's configuration of its own log, or of its worker's."""
    if session is None:
        return None
    return session.log if lane == SESSION else session.worker_log


def notes(session: Session | None, found: Found, lane: int) -> list[Part]:
    """What has to be known about a log even while its lines are on screen."""
    config, parts = configuration(session, lane), []
    if config is not None and config.error is not None:
        parts.append((f"✗ {MEMBERS[lane]}.error: {config.error}", "error"))
    if found.guessed and found.source is not None:
        where = f"{found.source.group} / {found.source.stream}"
        parts.append((f"The configuration names no log group and stream; guessed: {where}", "warning"))
    return parts


def reasons(logs: SessionLogs, session: Session | None, lane: int, now: datetime) -> list[Part]:
    """Why there is not a line to be seen, and what to do."""
    found, name = logs.found[lane], NAMES[lane]
    tail = logs.tails.get(lane)
    if found.unread is Unread.UNKNOWN:
        return [(f"Where the {name} is will be known with the session itself.", "muted")]
    parts = notes(session, found, lane)
    config = configuration(session, lane)
    if config is not None and config.error is not None:
        other, roles = "worker", "roles of queue and fleet"
        if lane == WORKER:
            other, roles = "session", "role of the fleet"
        parts += [
            ("", ""),
            ("The worker could not make this log, or not write to it.", "strong"),
            (f"See the {other}'s log (tab), and what the {roles} may do.", ""),
        ]
    if found.unread is Unread.MISSING:
        what = f"The reply of GetSession has no {MEMBERS[lane]}."
        return [*parts, (what, "strong"), ("Nothing is known of this log; tab shows the other one.", "")]
    if found.unread is Unread.DRIVER and config is not None:
        what = f"The log driver is {config.driver}; only the logs of {AWSLOGS} can be read here."
        where = f"Its options, on the session's screen, say where the {name} goes."
        return [*parts, (what, "strong"), (where, "")]
    if tail is None:
        return parts
    told = _read(tail.observed, session, lane, now) or _nothing_left(logs, tail.observed, lane, now)
    return [*parts, *([("", "")] if parts and told else []), *told]


def _read(observed: LogObserved, session: Session | None, lane: int, now: datetime) -> list[Part]:
    fault = observed.fault
    if fault is not None:
        return _fault(fault, session, now)
    if observed.seen_at is None:
        return [(f"Opening the {NAMES[lane]}…", "muted")]
    at = clock_time(observed.seen_at, now)
    if observed.end == observed.first:
        if observed.filling or not observed.whole:
            return [(f"Reading the {NAMES[lane]}…", "muted")]
        if observed.over:
            return [(f"The log is there, and empty: nothing was written to it. As of {at}.", "strong")]
        return [
            (f"The log is there, and empty as of {at}.", "strong"),
            ("Nothing is wrong: lines come with the first output of a process.", ""),
        ]
    return []


def _fault(fault: Fault, session: Session | None, now: datetime) -> list[Part]:
    parts: list[Part] = [(f"✗ {fault.kind.value}  {fault.sentence}", "error")]
    if fault.kind is FaultKind.GONE and session is not None:
        if session.is_final:
            parts.append(("The session is over: it will never come, or it has expired.", "strong"))
        else:
            age = brief(now - session.started_at)
            words = f"Not there yet, {age} after the session's start. Farmwatch keeps looking."
            parts.append((words, "strong"))
    parts.append((fault.remedy, ""))
    if fault.message:
        parts.append((f"{fault.code}: {fault.message}", "muted"))
    return parts


def _nothing_left(logs: SessionLogs, observed: LogObserved, lane: int, now: datetime) -> list[Part]:
    """Lines are there, but none of them is to be seen: what leaves them out."""
    browser = logs.browser
    if browser.reduction.query is not None:
        searched = browser.lanes[lane].is_done
        if not searched:
            return [(f"Looking for “{browser.reduction.query.text}”…", "muted")]
        return [
            (f"No match for “{browser.reduction.query.text}”.", "strong"),
            (f"{key('back', 'Escape')} shows all lines again.", ""),
        ]
    if lane == WORKER and browser.reduction.own_only:
        back = _back_to(observed, logs, now)
        if observed.filling:
            return [(f"Reading the worker's log back to the session's start: {back}", "")]
        count = observed.end - observed.first
        return [
            (f"Of {counted(count, 'event')} of the worker none is about this session.", "strong"),
            (f"Read back to {back}. {key('all-events', 'a')} shows all of them.", ""),
        ]
    return []


def _back_to(observed: LogObserved, logs: SessionLogs, now: datetime) -> str:
    lane = logs.lane_of(f"log {observed.source.group} {observed.source.stream}")
    first_at = None if lane is None else logs.browser.lanes[lane].store.first_at()
    return _time_of(first_at, now)


def _time_of(at: int | None, now: datetime) -> str:
    when = None if at is None else moment(at)
    return "–" if when is None else clock_time(when, now)


def how_far(
    observed: LogObserved, seen: int, first_at: int | None, started_at: datetime | None, now: datetime
) -> list[Part]:
    """How much of the log is here, and how much of that is to be ``seen``; what is still to be read, or was
    dropped."""
    count = observed.end - observed.first
    some = f"{seen:,} of " if seen < count else ""
    parts: list[Part] = [(f"{some}{counted(count, 'line')}", "")]
    if observed.dropped:
        parts.append((f"  {observed.dropped:,} oldest dropped", "warning"))
    elif observed.filling:
        done = _share(observed, first_at, started_at)
        told = "" if done is None else f" {done:.0%}"
        parts.append((f"  reading back{told}", "accent"))
    elif not observed.whole and first_at is not None and observed.seen_at is not None:
        parts.append((f"  from {_time_of(first_at, now)} on, older lines load on scroll", "muted"))
    return parts


def _share(observed: LogObserved, first_at: int | None, started_at: datetime | None) -> float | None:
    """How much is here, by time: how many lines there are in all nobody tells."""
    if first_at is None or observed.newest_at is None or started_at is None:
        return None
    whole = observed.newest_at - milliseconds(started_at)
    return None if whole <= 0 else min(1.0, max(0.0, (observed.newest_at - first_at) / whole))


def counted(count: int, what: str) -> str:
    """So many of something: ``1 line``, ``2,000 lines``."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def place_parts(
    following: bool, below: int, new_below: int = 0, *, over: bool = False, live: bool = True
) -> list[Part]:
    """Whether the end is followed, and how many lines are below what is in sight, of which some are new since
    then. ``over``: nothing more is to come; ``live``: what comes is seen at once."""
    if below and not following:
        new = f", {new_below:,} new" if new_below else ""
        way = "G to the end" if over else "G to follow"
        return [(f"▼ {below:,} below{new}", "accent"), (f" ({way})", "muted")]
    if over:
        return [("○ end of the log", "muted")]
    if following:
        return [("● following", "success")] if live else [("– following", "muted")]
    return [(f"– not following ({key('last', 'G')} to follow)", "muted")]


def selection_parts(selected: int) -> list[Part]:
    """That lines are being selected, how many are by now, and what the keys do with them."""
    return [
        (f"SELECTING {counted(selected, 'line')}", "warning"),
        (f" (↑ ↓, {key('copy', 'y')} copies, {key('back', 'esc')} ends)", "muted"),
    ]


def events_parts(browser: Browser) -> list[Part]:
    """Which of a worker's events are shown, and what the key does about it."""
    if browser.shown is Shown.BOTH:
        return [("worker: this session's events", ""), (" (a: all)", "muted")]
    if browser.shown is Shown.WORKER and browser.reduction.own_only:
        return [("this session's events", ""), (" (a: all)", "muted")]
    if browser.shown is Shown.WORKER:
        return [("all events", "warning"), (" (a: this session's)", "muted")]
    return []


def search_parts(browser: Browser, cursor: Line | None) -> list[Part]:
    """What is searched for and filtered by."""
    parts: list[Part] = []
    if browser.search is not None:
        parts += [(f"/{browser.search.text}  ", "accent"), (_matches(browser, cursor), "")]
    query, context = browser.reduction.query, browser.reduction.context
    if query is not None:
        around = f" ±{context}" if context else ""
        parts.append((f"{'   ' if parts else ''}&{query.text}{around}", "warning"))
    return parts


def fitting(groups: Sequence[Sequence[Part]], width: int) -> list[Part]:
    """Groups in a line of so many cells; one that there is no room for after those before it is left out."""
    parts: list[Part] = []
    taken = 0
    for group in groups:
        cells = sum(cell_len(text) for text, _ in group)
        gap = "   " if parts else ""
        if not cells:
            continue
        if parts and taken + len(gap) + cells > width:
            continue
        parts += [(gap, ""), *group]
        taken += len(gap) + cells
    return parts


def _matches(browser: Browser, cursor: Line | None) -> str:
    place = None if cursor is None else browser.match_place(cursor)
    count = f"{browser.match_count:,}" + ("" if browser.is_searched else "+")
    lines = "line" if browser.match_count == 1 and browser.is_searched else "lines"
    return f"{place:,} of {count} {lines}" if place else f"{count} {lines}"
