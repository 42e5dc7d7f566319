"""One session of the wall, over time: what is known of it, and what is written down of it."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from farmwatch.aws.model import ENDED, UPDATE_IN_PROGRESS, Fault, Session, SessionRef
from farmwatch.aws.session_action import NOT_BEGUN, SessionAction
from farmwatch.aws.task import Task
from farmwatch.history.events import Event, EventKind, NoRecords, Past
from farmwatch.sessions.changes import SESSION_CALLS, Changes, action_value, session_values
from farmwatch.wall.values import WallRow

GAPS = 9
"""Times between changes of progress that are kept of an action; their median needs no more."""

BEFORE = 3
"""Actions before one that waits which are asked for: one of them runs, or none does."""

_AT_WORK = ("RUNNING", "INTERRUPTING", "STARTING")

_NO_RECORDS = NoRecords()
"""One for all: what a wall sees is written down by its notes, many sessions at once."""


class Entry:
    """A session that is, or was, on the wall. ``row`` is what is known of it by now."""

    __slots__ = (
        "_before",
        "_changes",
        "action_asked_at",
        "action_seen_at",
        "asked_at",
        "ended_since",
        "ending_since",
        "failed_at",
        "found_in",
        "gaps",
        "has_changed",
        "moved_on_in",
        "progress_since",
        "row",
        "waits_since",
        "was_looked_at",
    )

    def __init__(self, ref: SessionRef) -> None:
        self.row = WallRow(ref)
        self._changes = Changes(ref, _NO_RECORDS, SESSION_CALLS)
        self.asked_at = float("-inf")
        """When the session was last answered for (seconds of the clock's ``monotonic``)."""
        self.action_asked_at = float("-inf")
        """The same of what it does; at the beginning of time where its task has changed since."""
        self.found_in = -1
        """The number of the refresh that found it last among what runs."""
        self.moved_on_in = -1
        """The number of the refresh that found it at work on another task than the one before."""
        self.ended_since: float | None = None
        self.was_looked_at = False
        self.ending_since: datetime | None = None
        """When it was first seen to have the target ENDED."""
        self.failed_at: datetime | None = None
        """When the first of its actions that failed ended."""
        self._forget_action()

    def _forget_action(self) -> None:
        self.action_seen_at: datetime | None = None
        self.progress_since: datetime | None = None
        """When its per cent were first seen to be what they are."""
        self.has_changed = False
        self.gaps: tuple[float, ...] = ()
        """Seconds between changes of its per cent, the newest last."""
        self.waits_since: datetime | None = None
        """When it was first seen waiting to begin."""
        self._before: dict[str, str] = {}
        """The statuses of the actions before it, by their ids, as far as they were asked for."""

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
        if row.task is not task and row.task != task:
            action = row.action if row.action and row.action.action_id == task.action_id else None
            if action is None:
                self._forget_action()
            self.action_asked_at = float("-inf")
            self.row = replace(row, task=task, action=action)

    def take_session(self, answer: Session | Fault, at: datetime) -> list[Event]:
        """Take an answer about it; what of it is to be written down before it is shown."""
        row = self.row
        if isinstance(answer, Fault):
            self.row = replace(row, fault=answer)
            return []
        if answer is row.session and row.fault is None:
            # Byte for byte as it was, which most of thousands are.
            self.row = replace(row, seen_at=at)
            return []
        is_ending = answer.target_lifecycle_status == ENDED and not answer.is_final
        self.ending_since = (self.ending_since or at) if is_ending else None
        ended_at = at if answer.is_final and row.ended_at is None else row.ended_at
        self.row = replace(row, session=answer, seen_at=at, fault=None, ended_at=ended_at)
        may_end = frozenset({EventKind.TARGET, EventKind.LOG_ERROR, EventKind.WORKER_LOG_ERROR})
        return self._changes.compare(session_values(answer), may_end=may_end, after=row.seen_at, at=at)

    def take_action(self, action: SessionAction, at: datetime, step: str = "") -> list[Event]:
        """Take an action of it, with the name of its step: what it does now, or how one that it did has
        ended. What of it is to be written down before it is shown."""
        row = self.row
        if action is row.action:
            self._note(action, at)
            return []
        if row.task is None or row.task.action_id == action.action_id:
            self._note(action, at)
            self.row = replace(row, action=action)
        elif action.action_id in self.before():
            self._before[action.action_id] = action.status
        if action.status == "FAILED":
            self.failed_at = self.failed_at or action.ended_at or at
        after = row.seen_at
        key = EventKind.ACTION, action.action_id
        values, ends = {key: action_value(action)}, {key: (action, step)}
        events = self._changes.compare(values, may_end=frozenset(), after=after, at=at, ends=ends)
        if events and action.status == "FAILED":
            self.row = replace(self.row, failed=row.failed + 1)
        return events

    @property
    def is_pressing(self) -> bool:
        """Whether every refresh is to ask about it until it has ended: nothing is known of it, or it is to
        end, or is being changed. There are few, and somebody waits for what becomes of them."""
        session = self.row.session
        return self.asked_at == float("-inf") or (
            session is not None
            and (session.target_lifecycle_status == ENDED or session.lifecycle_status == UPDATE_IN_PROGRESS)
        )

    @property
    def is_action_pressing(self) -> bool:
        """The same of what it does: nothing is known of it, or its task has changed."""
        return self.row.action is None or self.action_asked_at == float("-inf")

    def is_busy_elsewhere(self, task: Task, number: int) -> bool:
        """Whether the same refresh has found it at work on another task, and this one waits for that."""
        now = self.row.task
        return (
            self.found_in == number
            and now is not None
            and now.action_id != task.action_id
            and now.run_status in _AT_WORK
            and task.run_status not in _AT_WORK
        )

    def _note(self, action: SessionAction, at: datetime) -> None:
        """Take note of since when what it does waits, and of how its progress goes."""
        former = self.row.action
        if former is not None and former.action_id != action.action_id:
            self._forget_action()
        self.action_seen_at = at
        self.waits_since = (self.waits_since or at) if action.status in NOT_BEGUN else None
        if self.progress_since is None:
            self.progress_since = at if action.status == "RUNNING" else None
        elif former is not None and former.progress != action.progress:
            if self.has_changed:
                gap = (at - self.progress_since).total_seconds()
                self.gaps = (*self.gaps[-GAPS + 1 :], gap)
            self.progress_since, self.has_changed = at, True

    def before(self) -> list[str]:
        """The ids of the actions before the one that waits, the newest first; none where none does."""
        action = self.row.action
        if action is None or self.waits_since is None:
            return []
        stem = action.action_id.rpartition("-")[0]
        return [f"{stem}-{number}" for number in range(action.number - 1, -1, -1)][:BEFORE]

    @property
    def runs_before(self) -> bool | None:
        """Whether an action before the one that waits runs; ``None`` where that is not known."""
        before = self.before()
        if any(self._before.get(one) in ("RUNNING", "CANCELING") for one in before):
            return True
        return False if all(one in self._before for one in before[:1]) else None
