"""How a connection reads: whether it answers, and to how many farms it leads."""

from __future__ import annotations

from farmwatch.listings.connection_check import ConnectionObserved
from farmwatch.words.text import Part


def connection_state(observed: ConnectionObserved) -> Part:
    """Whether it answers, as glyph and word; else the kind of fault."""
    if observed.fault is not None:
        return f"✗ {observed.fault.kind.value}", "error"
    return ("◌ asking", "muted") if observed.seen_at is None else ("● answers", "success")


def farm_count(observed: ConnectionObserved) -> Part:
    """How many farms there are; a plus where there are more than one page of them."""
    if observed.farms is None:
        return "–", "muted"
    return f"{observed.farms}{'+' if observed.more else ''}", ""
