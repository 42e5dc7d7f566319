"""In which order, and by what grouped, the tabs of a wall were shown last; each wall has its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from farmwatch.ui.screens.wall.rows import Order
from farmwatch.ui.screens.wall.view import TabView

if TYPE_CHECKING:
    from farmwatch.config.state import KeptState


def kept_as(wall: str, tab: TabView) -> str:
    """By what a tab's choices are kept."""
    return f"wall {wall} {tab.key}"


def kept_order(kept: KeptState, wall: str, tab: TabView) -> Order:
    """The order that was chosen last for a tab; the one that it opens with where none was."""
    name = kept_as(wall, tab)
    column, backwards = kept.orders.get(name, ("", False))
    sort = next((one for one in tab.sorts if one.column == column), tab.sorts[0])
    group = kept.groups.get(name, "")
    return Order("", sort, backwards, group if group in tab.groups else "", folds=True)


def with_order(kept: KeptState, wall: str, tab: TabView, order: Order) -> KeptState:
    """What is remembered, with another order of a tab."""
    name, sort = kept_as(wall, tab), order.sort
    chosen = ("" if sort is None else sort.column, order.backwards)
    return replace(kept, orders={**kept.orders, name: chosen}, groups={**kept.groups, name: order.group})
