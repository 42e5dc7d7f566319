"""What each level of the picker shows: its columns, its order, the details of a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from farmwatch.aws.model import Farm, JobSearch, Queue, SessionSummary
from farmwatch.listings.list_query import ListQuery
from farmwatch.listings.lists import ListObserved
from farmwatch.listings.place import Level, Place
from farmwatch.listings.queue_counts import COUNTED, EVERY
from farmwatch.polling.freshness import GRACE, MISSED_POLLS
from farmwatch.ui.screens.orders import Detail, Sort, newest
from farmwatch.ui.screens.picker.connection_rows import CONNECTIONS
from farmwatch.ui.screens.picker.job_rows import JOBS
from farmwatch.ui.screens.picker.list_view import NEWEST_FIRST, LevelView, View, named, when
from farmwatch.ui.screens.picker.marked_rows import MARKED
from farmwatch.ui.widgets.virtual_table import Cell, Column
from farmwatch.words.text import Part, clock_time, day_time, lifecycle, queue_status, short_id, span

MOST_COUNTED = 10_000
"""The largest count that a search tells (service model)."""

# --- farms and queues ---------------------------------------------------------------------------------


def _farm_cells(farm: Farm, view: View) -> Sequence[Cell]:
    return (
        named(farm.name, farm.key, view),
        (short_id(farm.farm_id), "muted"),
        day_time(farm.created_at, view.now),
    )


def _farm_details(farm: Farm, view: View) -> Sequence[Detail]:
    return (
        ("name", [(farm.name, "strong")]),
        ("farm", [(farm.farm_id, "")]),
        ("created", when(farm.created_at, view)),
        ("by", [(farm.created_by, "")]),
    )


def _counted(queue: Queue, what: str, view: View) -> Part:
    """How many tasks of a queue were counted; muted where that is long ago."""
    count = view.counts.get((queue.key, what))
    if count is None:
        return "–", "muted"
    is_old = view.now - count.at > MISSED_POLLS * timedelta(seconds=EVERY) + GRACE
    tone = "error" if what == "failed" else ""
    more = "+" if count.number >= MOST_COUNTED else ""
    return f"{count.number:,}{more}", "muted" if is_old or not count.number else tone


def _queue_cells(queue: Queue, view: View) -> Sequence[Cell]:
    return (
        named(queue.name, queue.key, view),
        queue_status(queue.status),
        *(_counted(queue, what, view) for what in COUNTED),
        (queue.blocked_reason or "", "warning"),
        (short_id(queue.queue_id), "muted"),
        day_time(queue.created_at, view.now),
    )


def _queue_details(queue: Queue, view: View) -> Sequence[Detail]:
    blocked: list[Detail] = []
    if queue.blocked_reason:
        blocked = [("blocked", [(queue.blocked_reason, "warning")])]
    return (
        ("name", [(queue.name, "strong")]),
        ("status", [queue_status(queue.status)]),
        *blocked,
        *((what, [_counted(queue, what, view)]) for what in COUNTED),
        ("queue", [(queue.queue_id, "")]),
        ("created", when(queue.created_at, view)),
        ("by", [(queue.created_by, "")]),
    )


# --- sessions -----------------------------------------------------------------------------------------


def _host(session: SessionSummary, view: View) -> tuple[Part, Part]:
    """The name of a session's host and its type, as they are shown."""
    if session.key not in view.hosts:
        return ("…", "muted"), ("…", "muted")
    host = view.hosts[session.key]
    if host is None:
        return ("–", "muted"), ("–", "muted")
    return (host.name or "–", ""), (host.instance_type or "–", "")


def _failed(session: SessionSummary, view: View) -> Part:
    """How many of a session's actions failed; a mark where only a part of them was counted."""
    if session.key not in view.failures:
        return "…", "muted"
    count = view.failures[session.key]
    if count is None:
        return "–", "muted"
    more = "+" if count.more else ""
    return f"{count.failed:,}{more}", "error" if count.failed else "muted"


def _session_cells(session: SessionSummary, view: View) -> Sequence[Cell]:
    name, kind = _host(session, view)
    return (
        named(short_id(session.session_id), session.key, view),
        lifecycle(session.lifecycle_status),
        _failed(session, view),
        name,
        kind,
        short_id(session.worker_id),
        day_time(session.started_at, view.now),
        span(session.duration(view.now)),
    )


def _session_words(session: SessionSummary, view: View) -> str:
    host = view.hosts.get(session.key)
    shown = (host.name, host.instance_type) if host else ()
    told = (session.session_id, session.worker_id, session.fleet_id, session.lifecycle_status, *shown)
    return " ".join(one for one in told if one)


def _session_details(session: SessionSummary, view: View) -> Sequence[Detail]:
    name, kind = _host(session, view)
    target = session.target_lifecycle_status
    count = view.failures.get(session.key)
    counted: list[Part] = [_failed(session, view)]
    if count is not None:
        counted.append((f"  as of {clock_time(count.at, view.now)}", "muted"))
    return (
        ("session", [(session.session_id, "strong")]),
        ("status", [lifecycle(session.lifecycle_status)]),
        ("target", [(target or "–", "")]),
        ("started", when(session.started_at, view)),
        ("ended", when(session.ended_at, view)),
        ("duration", [(span(session.duration(view.now)), "")]),
        ("failed", counted),
        ("host", [name]),
        ("type", [kind]),
        ("worker", [(session.worker_id, "")]),
        ("fleet", [(session.fleet_id, "")]),
    )


# --- the levels ---------------------------------------------------------------------------------------

LEVELS: Mapping[Level, LevelView] = {
    Level.CONNECTIONS: CONNECTIONS,
    Level.MARKED: MARKED,
    Level.FARMS: LevelView(
        singular="farm",
        interval=timedelta(seconds=30),
        columns=(
            Column("name", "Name", flex=True, keep=9),
            Column("id", "Farm", keep=5, width=13),
            Column("created", "Created", keep=3, width=12),
        ),
        sorts=(
            Sort("name", "by name", "by name, backwards", lambda farm: (farm.name.casefold(), farm.key)),
            NEWEST_FIRST,
        ),
        cells=_farm_cells,
        words=lambda farm, _: f"{farm.name} {farm.farm_id} {farm.created_by}",
        details=_farm_details,
    ),
    Level.QUEUES: LevelView(
        singular="queue",
        interval=timedelta(seconds=15),
        columns=(
            Column("name", "Name", flex=True, keep=9, min_width=20),
            Column("status", "Status", keep=8, min_width=12),
            Column("running", "Running", keep=7, width=7, right=True),
            Column("failed", "Failed", keep=7, width=7, right=True),
            Column("ready", "Ready", keep=6, width=7, right=True),
            Column("blocked", "Blocked by", keep=5, min_width=10),
            Column("id", "Queue", keep=4, width=14),
            Column("created", "Created", keep=3, width=12),
        ),
        sorts=(
            Sort("name", "by name", "by name, backwards", lambda queue: (queue.name.casefold(), queue.key)),
            Sort(
                "status",
                "by status",
                "by status, backwards",
                lambda queue: (queue.status, queue.name.casefold(), queue.key),
            ),
            NEWEST_FIRST,
        ),
        cells=_queue_cells,
        words=lambda queue, _: " ".join(
            (queue.name, queue.queue_id, queue.status, queue.blocked_reason or "", queue.created_by)
        ),
        details=_queue_details,
        ticks=True,
    ),
    Level.JOBS: JOBS,
    Level.SESSIONS: LevelView(
        singular="session",
        interval=timedelta(seconds=5),
        columns=(
            Column("id", "Session", keep=9, min_width=16),
            Column("status", "Lifecycle status", keep=8, min_width=20),
            Column("failed", "Failed", keep=7, min_width=6, right=True),
            Column("host", "Host", keep=6, min_width=12, flex=True, cut="middle"),
            Column("type", "Host type", keep=4, min_width=9),
            Column("worker", "Worker", keep=3, width=15),
            Column("started", "Started", keep=5, min_width=9),
            Column("duration", "Duration", keep=7, min_width=9, right=True),
        ),
        sorts=(
            Sort(
                "status",
                "running first, then newest",
                "running last, oldest first",
                lambda session: (session.is_final, newest(session.started_at), session.key),
            ),
            Sort(
                "started",
                "newest first",
                "oldest first",
                lambda session: (newest(session.started_at), session.key),
                descending=True,
            ),
            Sort(
                "worker",
                "by worker",
                "by worker, backwards",
                lambda session: (session.worker_id, newest(session.started_at)),
            ),
        ),
        cells=_session_cells,
        words=_session_words,
        details=_session_details,
        ticks=True,
    ),
}


NONE: Mapping[Level, str] = {
    Level.CONNECTIONS: "No connections.",
    Level.MARKED: "Nothing is marked.",
    Level.FARMS: "No farms that this login can see in this region.\nIs the region right?",
    Level.QUEUES: "No queues that this login can see on this farm.",
    Level.JOBS: "No jobs in this queue.",
    Level.SESSIONS: "This job has had no sessions yet.\nA session appears when a worker takes it up.",
}
"""What is said of a list that is empty."""


def query_for(
    place: Place, sort: Sort, text: str = "", *, backwards: bool = False, users: Sequence[str] = ()
) -> ListQuery:
    """What to ask the Monitor for. The service searches jobs, and sorts them where it can; the rest is done
    here. ``backwards`` turns the order round; jobs of ``users`` are found as well."""
    interval = LEVELS[place.level].interval
    if place.level is not Level.JOBS:
        return ListQuery(place, interval)
    backwards = backwards and not sort.here
    search = JobSearch(
        place.ids[0],
        place.ids[1],
        text,
        sort=sort.field,
        descending=sort.field_descends != backwards,
        users=tuple(users),
    )
    return ListQuery(place, interval, search, sort.first, backwards=backwards, drains=sort.here)


def summary(level: LevelView, observed: ListObserved[Any], shown: int) -> list[Part]:
    """How many rows there are, in words: ``5,012 jobs, 37 running, 14 failed``."""
    known = len(observed.items)
    count = known if observed.total is None else observed.total
    more = "" if observed.complete or observed.total is not None else "+"
    parts: list[Part] = [(f"{count:,}{more} {level.singular}{'' if count == 1 else 's'}", "")]
    if observed.active is not None:
        parts.append((f", {observed.active:,} running", ""))
    if observed.failed is not None:
        parts.append((f", {observed.failed:,} failed", "error" if observed.failed else ""))
    if known < count:
        parts.append((f", {known:,} loaded", "muted"))
    if shown != known:
        parts.append((f", {shown:,} match", ""))
    return parts
