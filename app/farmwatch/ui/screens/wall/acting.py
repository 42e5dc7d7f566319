"""What can be done from the wall: to the sessions that run, to what they run, and to what has failed."""

from __future__ import annotations

from collections.abc import Iterable

from farmwatch.aws.model import SessionRef
from farmwatch.aws.task import RUNNING_TASKS
from farmwatch.ui.screens.wall.known import Known
from farmwatch.wall.values import Failure, WallRow
from farmwatch.words.requests import Choice, TaskRef, session_choices, task_choices


def choices_of(items: Iterable[object], known: Known) -> list[Choice]:
    """To end the sessions of rows that have not ended, and what can be done to the tasks of rows; those of
    workers are left out."""
    sessions: dict[SessionRef, str] = {}
    tasks: dict[str, TaskRef] = {}
    for item in items:
        if not isinstance(item, WallRow | Failure):
            continue
        ref = item.ref
        name = f"{known.name_of(item, ref)} {known.frame_of(item)}".rstrip()
        if isinstance(item, WallRow) and item.ended_at is None:
            sessions[ref] = name
        task = task_of(item, name)
        if task is not None:
            tasks[task.task_id] = task
    return [*session_choices(list(sessions.items())), *task_choices(list(tasks.values()))]


def task_of(item: WallRow | Failure, name: str) -> TaskRef | None:
    """The task that a session works on, or that has failed; ``None`` where it is no task."""
    if isinstance(item, Failure):
        action = item.action
        if action.step_id is None or action.task_id is None:
            return None
        return TaskRef(item.ref, action.step_id, action.task_id, name, is_over=True)
    task = item.task
    if task is None:
        return None
    ended = item.ended_at is not None or task.run_status not in RUNNING_TASKS
    return TaskRef(item.ref, task.step_id, task.task_id, name, is_over=ended)
