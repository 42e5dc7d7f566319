"""One session of the wall, over time: what is known of it, and what is written down of it."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from farmwatch.aws.model import Fault, Session, SessionRef
from farmwatch.aws.session_action import SessionAction
from farmwatch.aws.task import Task
from farmwatch.history.events import Event, EventKind, NoRecords, Past
from farmwatch.sessions.changes import SESSION_CALLS, Changes, action_value, session_values
from farmwatch.wall.values import WallRow


class Entry:
    """A session that is, or was, on the wall. ``row`` is what is known of it by now."""

    __slots__ = (
        "_changes",
        "action_asked_at",
        "asked_at",
        "ended_since",
        "found_in",
        "moved_on_in",
        "row",
        "was_looked_at",
    )

    def __init__(self, ref: SessionRef) -> None:
        self.row = WallRow(ref)
        self._changes = Changes(ref, NoRecords(), SESSION_CALLS)
        self.asked_at = float("-inf")
        """When the session was last answered for (seconds of the clock's ``monotonic``)."""
        self.action_asked_at = float("-inf")
        self.found_in = -1
        """The number of the refresh that found it last among what runs."""
        self.moved_on_in = -1
        """The number of the refresh that found it at work on another task than the one before."""
        self.ended_since: float | None = None
        self.was_looked_at = False

    @property
    def knows_its_past(self) -> bool:
        """Whether it has begun with what the history knows."""
        return self._changes.is_open

    def remember(self, past: Past) -> None:
        """Begin with what the history knows, so that nothing is written down twice."""
        self._changes.begin_with(past)

    def take_task(self, task: Task, number: int) -> None:
        """A refresh has found it at work on a task."""
        self.found_in = number
        row = self.row
        if row.task is not None and row.task.action_id != task.action_id:
            self.moved_on_in = number
        if row.task != task:
            action = row.action if row.action and row.action.action_id == task.action_id else None
            self.row = replace(row, task=task, action=action)

    def take_session(self, answer: Session | Fault, at: datetime) -> list[Event]:
        """Take an answer about it; what of it is to be written down before it is shown."""
        row = self.row
        if isinstance(answer, Fault):
            self.row = replace(row, fault=answer)
            return []
        ended_at = at if answer.is_final and row.ended_at is None else row.ended_at
        self.row = replace(row, session=answer, seen_at=at, fault=None, ended_at=ended_at)
        may_end = frozenset({EventKind.TARGET, EventKind.LOG_ERROR, EventKind.WORKER_LOG_ERROR})
        return self._changes.compare(session_values(answer), may_end=may_end, after=row.seen_at, at=at)

    def take_action(self, action: SessionAction, at: datetime) -> list[Event]:
        """Take an action of it: what it does now, or how one that it did has ended. What of it is to be
        written down before it is shown."""
        row = self.row
        if row.task is None or row.task.action_id == action.action_id:
            self.row = replace(row, action=action)
        after = row.seen_at
        values = {(EventKind.ACTION, action.action_id): action_value(action)}
        events = self._changes.compare(values, may_end=frozenset(), after=after, at=at)
        if events and action.status == "FAILED":
            self.row = replace(self.row, failed=row.failed + 1)
        return events
