"""The outline of a session's log as rows of a table: what its banners begin, with what became of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime

from farmwatch.aws.session_action import SessionAction
from farmwatch.logs.parsing import CLEANUP
from farmwatch.logs.sections import Outline, Section
from farmwatch.ui.widgets.table_cells import Cell
from farmwatch.ui.widgets.table_columns import Column
from farmwatch.words.action import action_name, took_words
from farmwatch.words.text import Part, action_status

OUTLINE_COLUMNS = [
    Column("what", "Action", keep=2, flex=True),
    Column("duration", "Duration", keep=1, width=8, right=True),
]


class OutlineRows:
    """Sections in their order, each with the action that it is (inferred) the log of.

    A row is made when it comes into sight, so that what a session of a thousand actions costs is what a
    screen shows of it.
    """

    def __init__(self) -> None:
        self._outline = Outline()
        self._steps: Mapping[str, str] = {}
        self._now: datetime | None = None
        self._runs = False

    def show(self, outline: Outline, steps: Mapping[str, str], now: datetime) -> bool:
        """Take what is known by now; whether anything may look other than before."""
        is_new = outline is not self._outline or steps != self._steps
        if is_new:
            self._outline, self._steps = outline, steps
            self._runs = any(action.ended_at is None for action in outline.actions.values())
        # How long an action has run is told to the second.
        has_ticked = self._runs and now != self._now
        self._now = now
        return is_new or has_ticked

    def __len__(self) -> int:
        return len(self._outline.sections)

    def key(self, index: int) -> str:
        """The number of the section's first line, as text."""
        return str(self._outline.heads[index])

    def index(self, key: str) -> int | None:
        """Where the section that begins with that line is; ``None`` where none does. Raises `ValueError`
        where the key is no number."""
        heads, head = self._outline.heads, int(key)
        index = bisect_left(heads, head)
        return index if index < len(heads) and heads[index] == head else None

    def cells(self, index: int) -> Sequence[Cell]:
        """Status, name and duration of the action; the banner's own words where none is known for it."""
        section = self._outline.sections[index]
        return _cells(section, self._outline.actions.get(section.head), self._steps, self._now)


def _cells(
    section: Section, action: SessionAction | None, steps: Mapping[str, str], now: datetime | None
) -> list[Cell]:
    if action is None:
        # What the worker does when the service is done with the session is none, and needs no question mark.
        mark = "  " if section.title == CLEANUP else "? "
        tone = "muted" if section.title == CLEANUP else ""
        return [[(mark, "muted"), (f"{section.title}  {section.parameters}".rstrip(), tone)], ""]
    mark, tone = action_status(action.status)
    took = "" if now is None else took_words(action, now)
    name: list[Part] = [(mark[:2], tone), (action_name(action, steps), "error" if tone == "error" else "")]
    return [name, (took, "muted")]
