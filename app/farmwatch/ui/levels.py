"""What each level of the picker shows: its columns, its order, the details of a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from farmwatch.cloud.model import Farm, Host, Job, JobSearch, Queue, SessionSummary
from farmwatch.ui.place import Level, Place
from farmwatch.ui.text import (
    Part,
    TimeStyle,
    clock_time_and_age,
    day_time,
    lifecycle,
    queue_status,
    short_id,
    span,
    task_run,
)
from farmwatch.ui.widgets.virtual_table import Cell, Column
from farmwatch.watch.lists import Farms, HostFinder, Jobs, ListObserved, ListTarget, Queues, Sessions

BAR = 12
"""Cells of a progress bar."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One order of a list. ``field`` is the service's name for it where the service sorts; ``key`` sorts
    here, what is already loaded."""

    column: str
    word: str
    key: Callable[[Any], Any]
    field: str = ""
    descending: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What the cells of a row may draw on besides the row: the time, and the hosts found so far."""

    now: datetime
    hosts: Mapping[str, Host | None]


Detail = tuple[str, Sequence[Part]]


@dataclass(frozen=True, slots=True)
class LevelView:
    """How a level looks. ``sorts[0]`` is the order it opens with; ``words`` what the filter looks in."""

    singular: str
    interval: timedelta
    columns: tuple[Column, ...]
    sorts: tuple[Sort, ...]
    cells: Callable[[Any, View], Sequence[Cell]]
    words: Callable[[Any], str]
    details: Callable[[Any, View], Sequence[Detail]]
    ticks: bool = False


def _when(at: datetime | None, view: View) -> list[Part]:
    return [(clock_time_and_age(at, view.now, TimeStyle.LOCAL) if at else "–", "")]


def _newest(at: datetime | None) -> float:
    """A key that puts the newest first; what has no time comes last."""
    return -at.timestamp() if at else float("inf")


# --- farms and queues ---------------------------------------------------------------------------------


def _farm_cells(farm: Farm, view: View) -> Sequence[Cell]:
    return (farm.name, (short_id(farm.farm_id), "muted"), day_time(farm.created_at, view.now))


def _farm_details(farm: Farm, view: View) -> Sequence[Detail]:
    return (
        ("name", [(farm.name, "strong")]),
        ("farm", [(farm.farm_id, "")]),
        ("created", _when(farm.created_at, view)),
        ("by", [(farm.created_by, "")]),
    )


def _queue_cells(queue: Queue, view: View) -> Sequence[Cell]:
    return (
        queue.name,
        queue_status(queue.status),
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
        ("queue", [(queue.queue_id, "")]),
        ("created", _when(queue.created_at, view)),
        ("by", [(queue.created_by, "")]),
    )


# --- jobs ---------------------------------------------------------------------------------------------


def progress(job: Job) -> list[Part]:
    """How far a job is: a bar of what succeeded, failed and is to come, the percentage over, the failed."""
    tasks = job.tasks
    if not tasks:
        return [("–", "muted")]
    failed = min(BAR, -(-job.tasks_failed * BAR // tasks))
    over = max(failed, job.tasks_over * BAR // tasks)
    parts: list[Part] = [
        ("━" * (over - failed), "success"),
        ("━" * failed, "error"),
        ("─" * (BAR - over), "muted"),
        (f" {job.tasks_over * 100 // tasks:>3} %", ""),
    ]
    if job.tasks_failed:
        parts.append((f" {job.tasks_failed}✗", "error"))
    return parts


def _job_cells(job: Job, view: View) -> Sequence[Cell]:
    return (
        job.name,
        task_run(job.task_run_status),
        progress(job),
        str(job.priority) if job.priority is not None else "",
        day_time(job.created_at, view.now),
        job.created_by,
    )


def _job_details(job: Job, view: View) -> Sequence[Detail]:
    counts: list[Detail] = [
        (f"  {status.lower()}", [(f"{count:,}", task_run(status)[1])])
        for status, count in sorted(job.task_counts.items())
    ]
    ran: list[Part] = [("–", "muted")]
    if job.started_at:
        ran = [(span((job.ended_at or view.now) - job.started_at), "")]
    return (
        ("name", [(job.name, "strong")]),
        ("status", [task_run(job.task_run_status)]),
        ("lifecycle", [(job.lifecycle_status or "–", "")]),
        ("tasks", [(f"{job.tasks:,}", "")]),
        *counts,
        ("priority", [("" if job.priority is None else str(job.priority), "")]),
        ("created", _when(job.created_at, view)),
        ("by", [(job.created_by, "")]),
        ("started", _when(job.started_at, view)),
        ("ended", _when(job.ended_at, view)),
        ("runs for" if job.started_at and not job.ended_at else "ran for", ran),
        ("job", [(job.job_id, "")]),
    )


# --- sessions -----------------------------------------------------------------------------------------


def _host_type(session: SessionSummary, view: View) -> Part:
    if session.key not in view.hosts:
        return "…", "muted"
    host = view.hosts[session.key]
    return (host.instance_type or host.name or "–", "") if host else ("–", "muted")


def _session_cells(session: SessionSummary, view: View) -> Sequence[Cell]:
    return (
        short_id(session.session_id),
        lifecycle(session.lifecycle_status),
        short_id(session.worker_id),
        _host_type(session, view),
        day_time(session.started_at, view.now),
        span(session.duration(view.now)),
    )


def _session_details(session: SessionSummary, view: View) -> Sequence[Detail]:
    host = view.hosts.get(session.key)
    target = session.target_lifecycle_status
    return (
        ("session", [(session.session_id, "strong")]),
        ("status", [lifecycle(session.lifecycle_status)]),
        ("target", [(target or "–", "")]),
        ("started", _when(session.started_at, view)),
        ("ended", _when(session.ended_at, view)),
        ("duration", [(span(session.duration(view.now)), "")]),
        ("host", [((host and host.name) or "–", "")]),
        ("type", [_host_type(session, view)]),
        ("worker", [(session.worker_id, "")]),
        ("fleet", [(session.fleet_id, "")]),
    )


# --- the levels ---------------------------------------------------------------------------------------

LEVELS: Mapping[Level, LevelView] = {
    Level.FARMS: LevelView(
        singular="farm",
        interval=timedelta(seconds=30),
        columns=(
            Column("name", "Name", flex=True, keep=9),
            Column("id", "Farm", keep=5, width=13),
            Column("created", "Created", keep=3, width=12),
        ),
        sorts=(
            Sort("name", "by name", lambda farm: (farm.name.casefold(), farm.key)),
            Sort("created", "newest first", lambda farm: (_newest(farm.created_at), farm.key)),
        ),
        cells=_farm_cells,
        words=lambda farm: f"{farm.name} {farm.farm_id}",
        details=_farm_details,
    ),
    Level.QUEUES: LevelView(
        singular="queue",
        interval=timedelta(seconds=15),
        columns=(
            Column("name", "Name", flex=True, keep=9),
            Column("status", "Status", keep=8, min_width=12),
            Column("blocked", "Blocked by", keep=4, min_width=10),
            Column("id", "Queue", keep=5, width=14),
            Column("created", "Created", keep=3, width=12),
        ),
        sorts=(
            Sort("name", "by name", lambda queue: (queue.name.casefold(), queue.key)),
            Sort("status", "by status", lambda queue: (queue.status, queue.name.casefold(), queue.key)),
            Sort("created", "newest first", lambda queue: (_newest(queue.created_at), queue.key)),
        ),
        cells=_queue_cells,
        words=lambda queue: f"{queue.name} {queue.queue_id} {queue.status}",
        details=_queue_details,
    ),
    Level.JOBS: LevelView(
        singular="job",
        interval=timedelta(seconds=5),
        columns=(
            Column("name", "Name", flex=True, keep=9, min_width=24),
            Column("status", "Status", keep=8, min_width=11),
            Column("tasks", "Tasks", keep=7, min_width=BAR + 6),
            Column("priority", "Prio", keep=4, width=4, right=True),
            Column("created", "Created", keep=5, width=12),
            Column("by", "By", keep=3, min_width=6, max_width=16),
        ),
        sorts=(
            Sort(
                "status",
                "running first, then newest",
                lambda job: (not job.is_active, _newest(job.created_at), job.key),
            ),
            Sort(
                "created",
                "newest first",
                lambda job: (_newest(job.created_at), job.key),
                "CREATED_AT",
                descending=True,
            ),
            Sort("name", "by name", lambda job: (job.name.casefold(), job.key), "NAME"),
            Sort(
                "priority",
                "highest priority first",
                lambda job: (-(job.priority or 0), _newest(job.created_at), job.key),
                "PRIORITY",
                descending=True,
            ),
        ),
        cells=_job_cells,
        words=lambda job: f"{job.name} {job.job_id} {job.created_by} {job.task_run_status}",
        details=_job_details,
        ticks=True,
    ),
    Level.SESSIONS: LevelView(
        singular="session",
        interval=timedelta(seconds=5),
        columns=(
            Column("id", "Session", keep=9, width=16),
            Column("status", "Lifecycle status", keep=8, min_width=20),
            Column("worker", "Worker", keep=4, width=15),
            Column("type", "Host type", keep=5, min_width=12, flex=True),
            Column("started", "Started", keep=6, width=12),
            Column("duration", "Duration", keep=7, min_width=9, right=True),
        ),
        sorts=(
            Sort(
                "status",
                "living first, then newest",
                lambda session: (session.is_final, _newest(session.started_at), session.key),
            ),
            Sort("started", "newest first", lambda session: (_newest(session.started_at), session.key)),
            Sort("worker", "by worker", lambda session: (session.worker_id, _newest(session.started_at))),
        ),
        cells=_session_cells,
        words=lambda session: f"{session.session_id} {session.worker_id} {session.lifecycle_status}",
        details=_session_details,
        ticks=True,
    ),
}


def target_for(place: Place, sort: Sort, text: str) -> ListTarget[Any]:
    """What to follow for a list on screen. The service sorts and searches jobs; the rest is done here."""
    level = LEVELS[place.level]
    key = f"{place.level} {' '.join((place.connection, *place.ids))}"
    if place.level is Level.FARMS:
        return ListTarget(key, Farms(), level.interval)
    farm_id = place.ids[0]
    if place.level is Level.QUEUES:
        return ListTarget(key, Queues(farm_id), level.interval)
    if place.level is Level.JOBS:
        search = JobSearch(
            farm_id,
            place.ids[1],
            text,
            sort=sort.field or "CREATED_AT",
            descending=sort.descending or not sort.field,
        )
        return ListTarget(key, Jobs(search, plain=bool(sort.field)), level.interval)
    sessions = Sessions(place.connection, farm_id, place.ids[1], place.ids[2])
    return ListTarget(key, sessions, level.interval, HostFinder(sessions.ref))


def summary(level: LevelView, observed: ListObserved[Any], shown: int) -> str:
    """How many rows there are, in words: ``5,012 jobs, 37 running``."""
    known = len(observed.items)
    count = known if observed.total is None else observed.total
    more = "" if observed.complete or observed.total is not None else "+"
    text = f"{count:,}{more} {level.singular}{'' if count == 1 else 's'}"
    if observed.active is not None:
        text += f", {observed.active:,} running"
    if known < count:
        text += f", {known:,} loaded"
    if shown != known:
        text += f", {shown:,} match"
    return text
