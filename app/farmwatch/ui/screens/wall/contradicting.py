"""Calling a session of the wall not stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farmwatch.wall.values import WallRow
from farmwatch.words.text import clean, short_id

if TYPE_CHECKING:
    from farmwatch.ui.program import Program
    from farmwatch.ui.screens.wall.known import Known


def call_not_stuck(program: Program, row: object, known: Known) -> None:
    """Say of what a session does now that it is not stuck, or take that back; of what has no signal that it
    is, that there is nothing to say."""
    if not isinstance(row, WallRow):
        return
    walls = program.walls
    name = f"{row.job or short_id(row.ref.job_id)} {row.frame}".rstrip()
    signals = [one.rule for one in row.findings if one.severity.is_signal]
    if not signals:
        words = f"Nothing says that {name} is stuck."
    elif walls.toggle_not_stuck(row):
        words = f"Not stuck: {name}, until it does something else. ({', '.join(signals)})"
    else:
        words = f"No longer called not stuck: {name}"
    known.contradicted = walls.contradictions.subjects
    program.notify(clean(words, 300), timeout=4, markup=False)
