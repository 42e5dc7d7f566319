"""Marking a job or a session, and putting something on the wall, from whatever screen it is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farmwatch.listings.discovery import JobRef
from farmwatch.words.text import clean, short_id

if TYPE_CHECKING:
    from farmwatch.listings.place import Place
    from farmwatch.ui.program import Program
    from farmwatch.wall.item import WallItem


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


def put_on_wall(program: Program, item: WallItem, name: str) -> None:
    """Put something on the wall that was shown last, or take it off; say which, and what the wall is about
    then."""
    walls = program.walls
    if not name:
        last = item.ids[-1] if item.ids else ""
        name = program.monitor.names.get(last) or short_id(last) or item.connection
    wall = f"the wall {walls.name}" if walls.name else "the wall"
    is_there = walls.toggle(item)
    count = len(walls.items)
    rest = f"{count} {'thing is' if count == 1 else 'things are'} on it" if count else "it shows everything"
    words = f"{'On' if is_there else 'Off'} {wall}: {name}; {rest}."
    program.notify(clean(words, 300), timeout=4, markup=False)
