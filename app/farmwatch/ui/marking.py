"""Marking a job or a session, from whatever screen it is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farmwatch.listings.discovery import JobRef
from farmwatch.words.text import clean, short_id

if TYPE_CHECKING:
    from farmwatch.listings.place import Place
    from farmwatch.ui.program import Program


def mark(program: Program, place: Place, name: str) -> None:
    """Mark the job or the session at a place, or take the mark off it; say which."""
    ids = place.ids
    ref = place.ref if len(ids) == 4 else JobRef(place.connection, *ids)
    name = name or program.monitor.names.get(ids[-1], short_id(ids[-1]))
    if program.marks.toggle(ref, name):
        what = "It" if len(ids) == 4 else "Every session of it"
        words = f"Marked {name}. {what} is watched until it has ended."
    else:
        words = f"No longer marked: {name}"
    program.notify(clean(words, 300), timeout=3, markup=False)
