"""What can be done about an alert: to the sessions that it covers, and to its task and its job."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from farmwatch.alerts.alert import Alert, State
from farmwatch.aws.model import SessionRef
from farmwatch.ui.screens.wall.acting import task_of
from farmwatch.wall.values import Failure, WallObserved, WallRow
from farmwatch.words.requests import Choice, TaskRef, job_choices, session_choices, task_choices
from farmwatch.words.text import short_id


def choices_of(alert: Alert, walls: Iterable[WallObserved], name_of: Callable[[str], str]) -> list[Choice]:
    """To end the sessions of an alert that are not known to have ended; what can be done to what they run, or
    to the task that the alert is about; and what to its job. ``name_of`` has names by ids."""
    subject = alert.subject
    wall = next((one for one in walls if one.connection == subject.connection), None)
    rows = {} if wall is None else {row.ref: row for row in wall.rows}
    sessions: dict[SessionRef, str] = {}
    tasks: dict[str, TaskRef] = {}
    for ref in alert.sessions:
        row = rows.get(ref)
        name = alert.name if row is None else _name(row)
        is_over = alert.is_over or alert.state is State.RESOLVED if row is None else row.ended_at is not None
        if not is_over:
            sessions[ref] = name
        task = None if row is None else task_of(row, name)
        if task is not None and subject.task_id in ("", task.task_id):
            tasks[task.task_id] = task
    if subject.task_id and subject.task_id not in tasks:
        failures = () if wall is None else wall.failures
        failed = next((one for one in failures if one.action.task_id == subject.task_id), None)
        task = None if failed is None else task_of(failed, alert.name or _name(failed))
        if task is not None:
            tasks[task.task_id] = task
    found = [*session_choices(list(sessions.items())), *task_choices(list(tasks.values()))]
    if subject.job_id:
        ids = subject.connection, subject.farm_id, subject.queue_id, subject.job_id
        job = next((row.job for row in rows.values() if row.ref.job_id == subject.job_id and row.job), "")
        found += job_choices(*ids, name_of(subject.job_id) or job or short_id(subject.job_id))
    return found


def _name(one: WallRow | Failure) -> str:
    return f"{one.job or short_id(one.ref.job_id)} {one.frame}".rstrip()
