"""The workers, as rows of the wall: what runs on each, and what failed there."""

from __future__ import annotations

from collections.abc import Sequence

from farmwatch.aws.model import SessionRef
from farmwatch.rules.finding import summary, worst
from farmwatch.ui.screens.orders import Detail, Sort
from farmwatch.ui.screens.wall import running
from farmwatch.ui.screens.wall.view import TabView, View, picked, short_worker
from farmwatch.ui.widgets.virtual_table import Cell, Column
from farmwatch.wall.values import LastLine
from farmwatch.wall.workers import WorkerRow
from farmwatch.words.text import Part, brief, short_id

_STATUS = {
    "RUNNING": ("●", "success"),
    "STARTED": ("●", "success"),
    "CREATED": ("◌", "muted"),
    "IDLE": ("○", "muted"),
    "STOPPING": ("▲", "warning"),
    "STOPPED": ("○", "muted"),
    "NOT_RESPONDING": ("✗", "error"),
    "NOT_COMPATIBLE": ("▲", "warning"),
}


def _status(row: WorkerRow) -> Part:
    if not row.status:
        return "–", "muted"
    mark, tone = _STATUS.get(row.status, ("?", ""))
    return f"{mark} {row.status}", tone


def _runs(row: WorkerRow) -> str:
    return ", ".join(f"{running.job_name(one)} {one.frame}".rstrip() for one in row.rows)


def _newest(row: WorkerRow, view: View) -> LastLine | None:
    """The newest line of those of its sessions."""
    lines = [line for one in row.rows if (line := running.newest(one, view)) is not None]
    return max(lines, key=lambda line: (line.at is not None, line.at and line.at.timestamp()), default=None)


def _failed_jobs(row: WorkerRow) -> str:
    return ", ".join(one or "–" for one in row.jobs)


def _line(row: WorkerRow, view: View) -> Cell:
    line = _newest(row, view)
    return "" if line is None else (line.text, "")


def _age(row: WorkerRow, view: View) -> Cell:
    line = _newest(row, view)
    return brief(view.now - line.at) if line is not None and line.at is not None else ""


def _cells(row: WorkerRow, view: View) -> Sequence[Cell]:
    return (
        picked(row.key, short_worker(row.worker_id), view),
        row.host,
        row.instance_type,
        _status(row),
        (f"{len(row.failures):,}✗", "error") if row.failures else "",
        (f"{len(row.interruptions):,}▲", "warning") if row.interruptions else "",
        f"{len(row.rows):,}" if row.rows else "",
        _runs(row),
        (_failed_jobs(row), "muted"),
        running.trouble(row.findings),
        _line(row, view),
        _age(row, view),
        (short_id(row.fleet_id).removeprefix("fleet-"), "muted"),
        row.connection,
    )


def _below(row: WorkerRow, view: View) -> Cell:
    line = _newest(row, view)
    return (line.text if line is not None else _failed_jobs(row), "muted")


def _details(row: WorkerRow, view: View) -> Sequence[Detail]:
    runs: list[Detail] = [
        ("runs", [(f"{running.job_name(one)} {one.frame}  ", ""), running.status(one)]) for one in row.rows
    ]
    failed: list[Detail] = [
        ("failed", [(f"{one.job or short_id(one.ref.job_id)}  {one.action.message or ''}", "error")])
        for one in row.failures[:20]
    ]
    line = _newest(row, view)
    return (
        ("worker", [(row.worker_id, "strong")]),
        ("status", [_status(row)]),
        *running.found(row.findings, view),
        ("host", [(row.host or "–", ""), (f"  {row.instance_type}", "muted")]),
        ("sessions", [(f"{len(row.rows):,}", "")]),
        ("failures", [(f"{len(row.failures):,}", "error" if row.failures else "muted")]),
        ("interrupted", [(f"{len(row.interruptions):,}", "warning" if row.interruptions else "muted")]),
        *runs,
        *failed,
        ("last line", [(line.text if line else "–", "")]),
        ("fleet", [(row.fleet_id or "–", "")]),
        ("connection", [(row.connection, "")]),
    )


def _ref(row: WorkerRow) -> SessionRef | None:
    """The session that runs there, else the one that failed last."""
    if row.rows:
        return row.rows[0].ref
    return max(row.failures, key=lambda one: one.at).ref if row.failures else None


def _most(row: WorkerRow) -> tuple[int, int, int, str]:
    return -len(row.failures), -len(row.interruptions), -len(row.rows), row.key


def _worst(row: WorkerRow) -> tuple[int, tuple[int, int, int, str]]:
    return worst(row.findings), _most(row)


WORKERS = TabView(
    "workers",
    "Workers",
    "worker",
    "workers",
    (
        Column("worker", "Worker", keep=20, min_width=8, max_width=12),
        Column("host", "Host", keep=12, min_width=8, max_width=30),
        Column("type", "Type", keep=6, min_width=6, max_width=14),
        Column("status", "Status", keep=16, min_width=9, max_width=20),
        Column("failures", "Failures", keep=19, width=10, right=True),
        Column("interrupted", "Interrupted", keep=15, width=11, right=True),
        Column("sessions", "Sessions", keep=14, width=8, right=True),
        Column("runs", "Runs", keep=17, min_width=14, flex=True),
        Column("failed", "Failed jobs", keep=11, min_width=14, max_width=30),
        Column("trouble", "Trouble", keep=18, min_width=9, max_width=40),
        Column("line", "Last line", keep=10, min_width=16, flex=True),
        Column("age", "Age", keep=9, min_width=6, right=True),
        Column("fleet", "Fleet", keep=5, width=8),
        Column("connection", "Connection", keep=3, min_width=10, max_width=16),
    ),
    (
        Sort("trouble", "worst first", "best first", _worst),
        Sort("failures", "most failures first", "fewest failures first", _most, descending=True),
        Sort(
            "interrupted",
            "most interruptions first",
            "fewest interruptions first",
            lambda row: (-len(row.interruptions), _worst(row)),
            descending=True,
        ),
        Sort(
            "sessions",
            "most sessions first",
            "fewest sessions first",
            lambda row: (-len(row.rows), _worst(row)),
            descending=True,
        ),
        Sort("worker", "by worker", "by worker, backwards", lambda row: (row.worker_id, row.key)),
        Sort("host", "by host", "by host, backwards", lambda row: (row.host.casefold(), row.key)),
        Sort("type", "by type", "by type, backwards", lambda row: (row.instance_type, row.key)),
        Sort("status", "by status", "by status, backwards", lambda row: (row.status, _worst(row))),
        Sort("runs", "by what runs", "by what runs, backwards", lambda row: (_runs(row).casefold(), row.key)),
        Sort(
            "failed",
            "by what failed",
            "by what failed, backwards",
            lambda row: (_failed_jobs(row).casefold(), row.key),
        ),
        Sort("fleet", "by fleet", "by fleet, backwards", lambda row: (row.fleet_id, _worst(row))),
        Sort(
            "connection", "by connection", "by connection, backwards", lambda row: (row.connection, row.key)
        ),
    ),
    _cells,
    _below,
    {
        "worker": lambda row, _: row.worker_id.removeprefix("worker-"),
        "host": lambda row, _: row.host,
        "type": lambda row, _: row.instance_type,
        "status": lambda row, _: row.status,
        "job": lambda row, _: f"{_runs(row)} {_failed_jobs(row)}",
        "trouble": lambda row, _: " ".join(summary(row.findings)),
        "fleet": lambda row, _: row.fleet_id,
        "line": lambda row, view: line.text if (line := _newest(row, view)) else "",
        "connection": lambda row, _: row.connection,
    },
    {
        "status": lambda row, _: row.status,
        "type": lambda row, _: row.instance_type,
        "fleet": lambda row, _: row.fleet_id,
        "connection": lambda row, _: row.connection,
    },
    _details,
    lambda row: row.connection,
    _ref,
    lambda row: bool(row.findings),
)
