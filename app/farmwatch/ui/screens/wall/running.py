"""What runs, as rows of the wall: a session each, with what it does and its newest line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from farmwatch.aws.model import SessionRef
from farmwatch.rules.finding import Finding, Severity, summary, worst
from farmwatch.ui.screens.orders import Detail, Sort
from farmwatch.ui.screens.wall.view import TabView, Text, View, picked, short_worker
from farmwatch.ui.widgets.virtual_table import Cell, Column
from farmwatch.wall.values import LastLine, WallRow
from farmwatch.words.action import action_end, action_progress
from farmwatch.words.text import (
    Part,
    TimeStyle,
    action_status,
    brief,
    clock_time,
    clock_time_and_age,
    lifecycle,
    short_id,
    span,
)

LATE = 2.0
"""Times the median of its step beyond which a task is called late."""

ENOUGH = 5
"""Tasks of a step that have to have ended before their median says something."""


def job_name(row: WallRow) -> str:
    """The job's name; its short id before that is known."""
    return row.job or short_id(row.ref.job_id)


def status(row: WallRow) -> Part:
    """Its lifecycle status; why it is not known where the newest answer was none."""
    if row.fault is not None:
        return f"✗ {row.fault.kind.value}", "error"
    return lifecycle(row.status) if row.status else ("◌ asking", "muted")


def progress(row: WallRow) -> Cell:
    """A bar and per cent of what runs, or how the last action ended."""
    action = row.action
    if action is None:
        return ("–", "muted")
    if action.status == "RUNNING":
        return action_progress(action)
    return action_status(action.status)


def lateness(row: WallRow, now: datetime) -> float | None:
    """How many times the median of its step it will have taken; ``None`` where that says nothing."""
    lasts = row.projected(now) or row.running_for(now)
    if lasts is None or not row.median or row.siblings < ENOUGH or row.ended_at is not None:
        return None
    return lasts / row.median


def late(row: WallRow, now: datetime) -> Cell:
    """The projected length of its task beside the median of its step."""
    lasts, times = row.projected(now), lateness(row, now)
    if times is None:
        return ("", "") if lasts is None or row.ended_at is not None else (f"{brief(lasts)} / –", "muted")
    words = f"{'–' if lasts is None else brief(lasts)} / {brief(row.median or timedelta(0))}"
    return (f"▲ {words}", "warning") if times >= LATE else (words, "muted")


def newest(row: WallRow, view: View) -> LastLine | None:
    """The newest line of its log; where none was read its newest progress message, else why none was."""
    line, action = view.lines.get(row.key), row.action
    if (line is not None and line.at is not None) or action is None or not action.message:
        return line
    return LastLine(action.message, action.worker_updated_at or action.started_at, view.now)


def _line(row: WallRow, view: View) -> Cell:
    line = newest(row, view)
    if line is None:
        return ""
    return line.text if line is view.lines.get(row.key) and line.at is not None else (line.text, "muted")


def _age(row: WallRow, view: View) -> Cell:
    line = newest(row, view)
    return (brief(view.now - line.at), "") if line is not None and line.at is not None else ("", "")


_SEVERITIES: Mapping[Severity | None, tuple[str, str]] = {
    Severity.CERTAIN: ("✗", "error"),
    Severity.STUCK: ("▲", "error"),
    Severity.SUSPECT: ("▲", "warning"),
    Severity.SLOW: ("○", "muted"),
    Severity.WORKING: ("○", "muted"),
}


def trouble(findings: Sequence[Finding]) -> Part:
    """What the rules have found, in few words, the worst first; empty where nothing was, or where it was
    called not stuck."""
    words = summary(findings)
    if not words:
        return "", ""
    mark, tone = _SEVERITIES[next(one.severity for one in findings if not one.is_contradicted)]
    return f"{mark} {'; '.join(words)}", tone


def found(findings: Sequence[Finding], view: View) -> list[Detail]:
    """Each finding with what was compared, and since when."""
    details: list[Detail] = []
    for one in findings:
        words = one.evidence if one.evidence.startswith(one.rule) else f"{one.rule}: {one.evidence}"
        if one.is_contradicted:
            details.append(("not stuck", [(words, "muted")]))
            continue
        mark, tone = _SEVERITIES[one.severity]
        since = (f"; since {clock_time(one.since, view.now)}", "muted")
        details.append((one.severity.value, [(f"{mark} {words}", tone), since]))
    return details


def _ran(row: WallRow, now: datetime) -> str:
    lasted = row.running_for(now)
    return "" if lasted is None else span(lasted)


def _cells(row: WallRow, view: View) -> Sequence[Cell]:
    return (
        picked(row.key, job_name(row), view),
        row.step,
        row.frame,
        progress(row),
        _ran(row, view.now),
        late(row, view.now),
        short_worker(row.worker_id),
        row.instance_type,
        trouble(row.findings),
        _line(row, view),
        _age(row, view),
        status(row),
        row.user,
        view.name(row.ref.queue_id),
        view.name(row.ref.farm_id),
        row.ref.connection,
    )


def _below(row: WallRow, view: View) -> Cell:
    line = newest(row, view)
    if row.troubles:
        return [trouble(row.findings)]
    return ("", "") if line is None else (line.text, "muted")


def _when(at: datetime | None, view: View) -> list[Part]:
    return [(clock_time_and_age(at, view.now, TimeStyle.LOCAL) if at else "–", "")]


def details(row: WallRow, view: View) -> Sequence[Detail]:
    """Everything that is known of a session of the wall."""
    session, action, task = row.session, row.action, row.task
    known: list[Detail] = [("job", [(job_name(row), "strong")]), ("status", [status(row)])]
    known += found(row.findings, view)
    if row.fault is not None:
        known += [("what", [(row.fault.sentence, "")]), ("do", [(row.fault.remedy, "strong")])]
    known.append(("step", [(row.step or "–", "")]))
    if task is not None:
        known += [(name, [(value, "")]) for name, value in task.parameters.items()]
        known.append(("retries", [(str(task.retries), "")]))
    if action is not None:
        bar = action_progress(action)
        known += [
            ("action", [action_status(action.status), ("  ", ""), *bar]),
            ("message", [(action.message or "–", "")]),
            ("exit code", [action_end(action) if action.exit_code is not None else ("–", "")]),
            ("started", _when(action.started_at, view)),
        ]
        if action.ended_at is not None:
            known.append(("ended", _when(action.ended_at, view)))
    known.append(("running for", [(_ran(row, view.now) or "–", "")]))
    median = "–" if row.median is None else f"{span(row.median)} of {row.siblings} that ended"
    known.append(("median", [(median, "")]))
    line = newest(row, view)
    if line is not None:
        known.append(("last line", [(line.text, ""), (f"  {_age(row, view)[0]}", "muted")]))
    if session is not None:
        host = session.host
        known += [
            ("session", _when(session.started_at, view)),
            ("seen", _when(row.seen_at, view)),
            ("host", [((host and host.name) or "–", ""), (f"  {row.instance_type}", "muted")]),
            ("worker", [(session.worker_id, "")]),
            ("fleet", [(session.fleet_id, "")]),
        ]
    return (
        *known,
        ("user", [(row.user or "–", "")]),
        ("session", [(row.ref.session_id, "")]),
        ("job", [(row.ref.job_id, "")]),
        ("queue", [(f"{view.name(row.ref.queue_id)}  ", ""), (row.ref.queue_id, "muted")]),
        ("farm", [(f"{view.name(row.ref.farm_id)}  ", ""), (row.ref.farm_id, "muted")]),
        ("connection", [(row.ref.connection, "")]),
    )


FIELDS: Mapping[str, Text] = {
    "job": lambda row, _: f"{row.job} {row.ref.job_id}",
    "step": lambda row, _: row.step,
    "frame": lambda row, _: row.frame,
    "status": lambda row, _: f"{row.status} {'' if row.action is None else row.action.status}",
    "worker": lambda row, _: row.worker_id.removeprefix("worker-"),
    "host": lambda row, _: (row.session and row.session.host and row.session.host.name) or "",
    "type": lambda row, _: row.instance_type,
    "trouble": lambda row, _: " ".join(row.troubles),
    "line": lambda row, view: line.text if (line := newest(row, view)) else "",
    "user": lambda row, _: row.user,
    "queue": lambda row, view: f"{view.name(row.ref.queue_id)} {row.ref.queue_id}",
    "farm": lambda row, view: f"{view.name(row.ref.farm_id)} {row.ref.farm_id}",
    "connection": lambda row, _: row.ref.connection,
    "session": lambda row, _: row.ref.session_id,
}
"""What a filter looks in, by the names of the fields."""

GROUPS: Mapping[str, Text] = {
    "queue": lambda row, view: f"{view.name(row.ref.queue_id)}  {row.ref.connection}",
    "job": lambda row, _: job_name(row),
    "worker": lambda row, view: f"{short_worker(row.worker_id)}  {FIELDS['host'](row, view)}",
    "user": lambda row, _: row.user,
    "connection": lambda row, _: row.ref.connection,
}
"""What rows can be grouped by."""


def _ref(row: WallRow) -> SessionRef:
    return row.ref


def _by_text(text: str) -> Sort:
    def key(row: WallRow) -> tuple[str, str, str]:
        value = {
            "step": row.step,
            "worker": row.worker_id,
            "type": row.instance_type,
            "status": row.status,
            "user": row.user,
            "connection": row.ref.connection,
            "farm": row.ref.farm_id,
            "queue": row.ref.queue_id,
        }[text]
        return value.casefold(), row.job.casefold(), row.key

    return Sort(text, f"by {text}", f"by {text}, backwards", key)


def started(row: WallRow) -> float:
    """When what it does began, in seconds; what has not begun comes last."""
    if row.action is not None and row.action.started_at is not None:
        return row.action.started_at.timestamp()
    return row.task.started_at.timestamp() if row.task and row.task.started_at else float("inf")


def _frame(row: WallRow) -> tuple[bool, float, str]:
    """Numbers by their size, before texts."""
    frame = row.frame
    return (False, float(frame), row.key) if frame.isdecimal() and len(frame) < 16 else (True, 0.0, frame)


def _late(row: WallRow) -> tuple[float, str]:
    # As of the reply: an order has no time of its own, and a row does not move because time goes by.
    now = row.seen_at
    return (-(lateness(row, now) or 0.0) if now else 0.0, row.key)


def _newest_line(row: WallRow) -> tuple[float, str]:
    at = None if row.action is None else row.action.worker_updated_at
    return (at.timestamp() if at else float("inf"), row.key)


_BY_TROUBLE = Sort(
    "trouble",
    "trouble first",
    "trouble last",
    lambda row: (row.ended_at is not None, worst(row.findings), -row.failed, started(row), row.key),
)
_BY_AGE = Sort("age", "longest silent first", "latest news first", _newest_line)
SORTS = (
    Sort(
        "running",
        "longest running first",
        "newest first",
        lambda row: (row.ended_at is not None, started(row), row.key),
    ),
    _BY_TROUBLE,
    Sort("late", "latest first", "earliest first", _late),
    _BY_AGE,
    Sort("job", "by job", "by job, backwards", lambda row: (row.job.casefold(), _frame(row))),
    Sort("frame", "by frame", "by frame, backwards", _frame),
    Sort(
        "progress",
        "least progress first",
        "most progress first",
        lambda row: (row.action.progress if row.action else 0.0, row.key),
    ),
    *map(_by_text, ("step", "worker", "type", "status", "user", "queue", "farm", "connection")),
)

COLUMNS = (
    Column("job", "Job", flex=True, keep=20, min_width=22),
    Column("step", "Step", keep=8, min_width=6, max_width=16),
    Column("frame", "Frame", keep=16, min_width=6, max_width=18),
    Column("progress", "Progress", keep=15, width=17),
    Column("running", "Running", keep=17, min_width=8, right=True),
    Column("late", "Ends / median", keep=7, min_width=13, max_width=18),
    Column("worker", "Worker", keep=12, width=8),
    Column("type", "Type", keep=4, min_width=6, max_width=14),
    Column("trouble", "Trouble", keep=13, min_width=9, max_width=20),
    Column("line", "Last line", flex=True, keep=14, min_width=16),
    Column("age", "Age", keep=11, min_width=6, right=True),
    Column("status", "Status", keep=9, min_width=9, max_width=20),
    Column("user", "User", keep=3, min_width=5, max_width=14),
    Column("queue", "Queue", keep=6, min_width=6, max_width=18),
    Column("farm", "Farm", keep=1, min_width=6, max_width=18),
    Column("connection", "Connection", keep=2, min_width=10, max_width=16),
)

RUNNING = TabView(
    "running",
    "Running",
    "session",
    "sessions",
    COLUMNS,
    SORTS,
    _cells,
    _below,
    FIELDS,
    GROUPS,
    details,
    lambda row: row.ref.connection,
    _ref,
    lambda row: row.is_troubled,
)

_KEPT = {"status": 14, "progress": 10, "line": 9, "age": 8}
TROUBLE = TabView(
    "trouble",
    "Trouble",
    "session in trouble",
    "sessions in trouble",
    tuple(
        replace(one, keep=19, min_width=12, max_width=60)
        if one.key == "trouble"
        else replace(one, keep=_KEPT.get(one.key, one.keep))
        for one in COLUMNS
    ),
    (_BY_TROUBLE, *(one for one in SORTS if one is not _BY_TROUBLE)),
    _cells,
    _below,
    FIELDS,
    GROUPS,
    details,
    lambda row: row.ref.connection,
    _ref,
)
