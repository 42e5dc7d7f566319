"""The outline of a session's log as rows of a table: what its banners begin, with what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from farmwatch.cloud.session_action import SessionAction
from farmwatch.ui.action_text import action_name
from farmwatch.ui.text import Part, action_status, span
from farmwatch.ui.widgets.table_cells import Cell
from farmwatch.ui.widgets.table_columns import Column
from farmwatch.watch.logs.lines import Lane, Section
from farmwatch.watch.logs.sources import actions_of

OUTLINE_COLUMNS = [
    Column("what", "Action", keep=2, flex=True),
    Column("duration", "Duration", keep=1, width=8, right=True),
]


class OutlineRows:
    """Sections in their order, each with the action that it is (inferred) the log of."""

    def __init__(self) -> None:
        self._sections: list[Section] = []
        self._cells: list[list[Cell]] = []

    def show(
        self, lane: Lane, actions: tuple[SessionAction, ...], steps: Mapping[str, str], now: datetime
    ) -> bool:
        """Take what is known by now; whether anything is other than before."""
        sections = lane.sections()
        found = actions_of(sections, actions)
        cells = [_cells(section, found.get(section.head), steps, now) for section in sections]
        changed = cells != self._cells
        self._sections, self._cells = sections, cells
        return changed

    def __len__(self) -> int:
        return len(self._sections)

    def key(self, index: int) -> str:
        return str(self._sections[index].head)

    def index(self, key: str) -> int | None:
        return next((index for index, one in enumerate(self._sections) if str(one.head) == key), None)

    def cells(self, index: int) -> Sequence[Cell]:
        return self._cells[index]


def _cells(
    section: Section, action: SessionAction | None, steps: Mapping[str, str], now: datetime
) -> list[Cell]:
    if action is None:
        return [[("? ", "muted"), (f"{section.title}  {section.parameters}".rstrip(), "")], ""]
    mark, tone = action_status(action.status)
    took = action.duration(now)
    name: list[Part] = [(mark[:2], tone), (action_name(action, steps), "error" if tone == "error" else "")]
    return [name, (span(took) if took is not None else "", "muted")]
