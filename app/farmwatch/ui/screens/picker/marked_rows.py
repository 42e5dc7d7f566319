"""How the list of what is marked looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farmwatch.aws.model import SessionRef
from farmwatch.listings.discovery import EVERY
from farmwatch.ui.screens.orders import Detail, Sort, newest
from farmwatch.ui.screens.picker.list_view import LevelView, View, when
from farmwatch.ui.widgets.table_columns import Column
from farmwatch.ui.widgets.virtual_table import Cell
from farmwatch.words.text import Part, brief, day_time, lifecycle, task_run

if TYPE_CHECKING:
    from farmwatch.monitor.marks import MarkSnapshot


def _kind(row: MarkSnapshot) -> str:
    return "session" if isinstance(row.ref, SessionRef) else "job"


def _status(row: MarkSnapshot) -> Part:
    if not row.is_watched:
        return f"– not watched: {row.ref.connection}", "warning"
    if row.fault is not None:
        return f"✗ {row.fault.kind.value}", "error"
    if not row.status:
        return "◌ asking", "muted"
    return lifecycle(row.status) if isinstance(row.ref, SessionRef) else task_run(row.status)


def _sessions(row: MarkSnapshot) -> Part:
    if isinstance(row.ref, SessionRef) or not row.sessions:
        return "", ""
    return f"{row.running} of {row.sessions}", "success" if row.running else "muted"


def _age(row: MarkSnapshot, view: View) -> Part:
    if row.is_over:
        return "final", "muted"
    return (brief(view.now - row.seen_at), "") if row.seen_at else ("–", "muted")


def _cells(row: MarkSnapshot, view: View) -> Sequence[Cell]:
    return (
        row.name,
        (_kind(row), "muted"),
        _status(row),
        _sessions(row),
        (f"{row.failed:,}✗", "error") if row.failed else "",
        (f"+{row.changes}", "accent") if row.changes else "",
        day_time(row.changed_at, view.now),
        _age(row, view),
        (row.ref.connection, "muted"),
    )


def _words(row: MarkSnapshot, view: View) -> str:  # noqa: ARG001 - as every level's
    return f"{row.name} {_kind(row)} {_status(row)[0]} {row.key}"


def _details(row: MarkSnapshot, view: View) -> Sequence[Detail]:
    ref = row.ref
    session: list[Detail] = [("session", [(ref.session_id, "")])] if isinstance(ref, SessionRef) else []
    fault: list[Detail] = []
    if row.fault is not None:
        fault = [("what", [(row.fault.sentence, "")]), ("do", [(row.fault.remedy, "strong")])]
    return (
        ("name", [(row.name, "strong")]),
        ("status", [_status(row)]),
        *fault,
        ("running", [(f"{row.running} of {row.sessions} sessions", "")]),
        ("failed", [(f"{row.failed:,} actions", "error" if row.failed else "muted")]),
        ("changed", when(row.changed_at, view)),
        ("seen", when(row.seen_at, view)),
        ("marked", when(row.marked_at, view)),
        *session,
        ("job", [(ref.job_id, "")]),
        ("queue", [(ref.queue_id, "")]),
        ("farm", [(ref.farm_id, "")]),
        ("connection", [(ref.connection, "")]),
    )


MARKED = LevelView(
    singular="mark",
    interval=EVERY,
    columns=(
        Column("name", "Marked", flex=True, keep=9, min_width=16),
        Column("kind", "Kind", keep=4, width=7),
        Column("status", "Status", keep=8, min_width=12),
        Column("sessions", "Running", keep=5, min_width=7, right=True),
        Column("failed", "Failed", keep=6, min_width=6, right=True),
        Column("news", "New", keep=3, min_width=4, right=True),
        Column("changed", "Last change", keep=7, min_width=11),
        Column("age", "Age", keep=7, min_width=5, right=True),
        Column("connection", "Connection", keep=2, min_width=10),
    ),
    sorts=(
        Sort(
            "changed",
            "newest change first",
            "oldest change first",
            lambda row: (newest(row.changed_at), row.name.casefold(), row.key),
            descending=True,
        ),
        Sort("name", "by name", "by name, backwards", lambda row: (row.name.casefold(), row.key)),
        Sort("status", "by status", "by status, backwards", lambda row: (row.is_over, row.status, row.key)),
    ),
    cells=_cells,
    words=_words,
    details=_details,
    ticks=True,
)
