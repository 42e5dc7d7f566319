"""What a session has many of, its actions and its errors, as rows of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from farmwatch.aws.session_action import SessionAction
from farmwatch.sessions.actions import ActionsObserved
from farmwatch.sessions.error_log import LoggedError
from farmwatch.ui.widgets.table_cells import Cell
from farmwatch.ui.widgets.table_columns import Column
from farmwatch.words.action import action_end, action_message, action_name, action_progress, took_words
from farmwatch.words.session import error_state
from farmwatch.words.text import TimeStyle, action_status, clock_time

ACTION_COLUMNS = (
    Column("action", "Action", keep=9, min_width=14, max_width=44),
    Column("status", "Status", keep=8, min_width=11, max_width=17),
    Column("progress", "Progress", keep=5, min_width=8, max_width=16),
    Column("end", "Exit", keep=6, min_width=4, max_width=26),
    Column("started", "Started", keep=3, min_width=8),
    Column("duration", "Duration", keep=4, min_width=8, right=True),
    Column("message", "Message", keep=7, min_width=14, flex=True),
)

ERROR_COLUMNS = (
    Column("first", "First seen", keep=9, min_width=10),
    Column("source", "Where", keep=8, min_width=9, max_width=24),
    Column("code", "Code", keep=5, min_width=6, max_width=30),
    Column("message", "Message", keep=7, min_width=16, flex=True),
    Column("state", "State", keep=6, min_width=17, max_width=44),
    Column("request", "Request", keep=3, min_width=7, max_width=13),
)


class ActionRows:
    """The actions of a session as rows of a table, in the order they are run."""

    def __init__(self) -> None:
        self.actions: tuple[SessionAction, ...] = ()
        self.steps: Mapping[str, str] = {}
        self._now: datetime | None = None
        self._style = TimeStyle.LOCAL
        self._at: dict[str, int] = {}

    def show(self, observed: ActionsObserved, now: datetime, style: TimeStyle) -> bool:
        """Take these; whether any row is another than before, apart from the durations that go on."""
        other = observed.actions is not self.actions or style is not self._style
        if other:
            self._at = {action.action_id: index for index, action in enumerate(observed.actions)}
        self.actions, self.steps, self._now, self._style = observed.actions, observed.steps, now, style
        return other or (style is TimeStyle.RELATIVE and bool(self.actions))

    def going_on(self) -> list[str]:
        """The keys of the rows whose duration changes with every second."""
        return [action.action_id for action in self.actions if action.started_at and not action.ended_at]

    def __len__(self) -> int:
        return len(self.actions)

    def key(self, index: int) -> str:
        """The id of the action."""
        return self.actions[index].action_id

    def index(self, key: str) -> int | None:
        """Where the action is; ``None`` where the session has none of that id."""
        return self._at.get(key)

    def cells(self, index: int) -> Sequence[Cell]:
        """A cell for each of `ACTION_COLUMNS`; the name of what is over and did not fail is muted."""
        action = self.actions[index]
        now = self._now or action.started_at
        tone = "muted" if action.is_final and action.status != "FAILED" else ""
        begun = clock_time(action.started_at, now, self._style) if now and action.started_at else ""
        return (
            (action_name(action, self.steps), tone),
            action_status(action.status),
            action_progress(action),
            action_end(action),
            # Of another day than today's: day and minute, the message needs the room.
            (begun[5:16] if begun[4:5] == "-" else begun, "muted"),
            (took_words(action, now) if now is not None else "", tone),
            action_message(action, self.actions),
        )


class ErrorRows:
    """The errors of a session as rows of a table, newest first."""

    def __init__(self) -> None:
        self.errors: tuple[LoggedError, ...] = ()
        self.now: datetime | None = None
        self.style = TimeStyle.LOCAL

    def show(self, errors: tuple[LoggedError, ...], now: datetime, style: TimeStyle) -> bool:
        """Take these; whether there is anything to draw."""
        some = bool(errors or self.errors)
        self.errors, self.now, self.style = errors, now, style
        return some

    def __len__(self) -> int:
        return len(self.errors)

    def key(self, index: int) -> str:
        """Where, code, first time and message: an error has no id of its own."""
        trouble = self.errors[index]
        return f"{trouble.source.words} {trouble.code} {trouble.first_at.isoformat()} {trouble.message}"

    def index(self, key: str) -> int | None:
        """Where the error is, looked for from the newest on; ``None`` where it is not there."""
        return next((index for index in range(len(self)) if self.key(index) == key), None)

    def cells(self, index: int) -> Sequence[Cell]:
        """A cell for each of `ERROR_COLUMNS`; an error that is over is muted."""
        trouble = self.errors[index]
        now = self.now or trouble.last_at
        mark, tone = ("✗", "error") if trouble.is_open else ("○", "muted")
        return (
            (f"{mark} {clock_time(trouble.first_at, now, self.style)}", tone),
            (trouble.source.words, tone),
            (trouble.code, tone),
            (trouble.message, "" if trouble.is_open else "muted"),
            (error_state(trouble, now, self.style), tone),
            (trouble.request_id[:13], "muted"),
        )


def error_rows(trouble: LoggedError) -> list[tuple[str, str]]:
    """Everything that is known about an error."""
    return [
        ("where", trouble.source.words),
        ("code", trouble.code),
        ("message", trouble.message),
        ("request id", trouble.request_id or "(none)"),
        ("seen", f"{trouble.count} times"),
        ("first seen", trouble.first_at.isoformat(timespec="seconds")),
        ("last seen", trouble.last_at.isoformat(timespec="seconds")),
        ("over", trouble.over_at.isoformat(timespec="seconds") if trouble.over_at else "not yet"),
    ]
