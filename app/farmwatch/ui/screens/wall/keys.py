"""The tabs of the wall, and its keys."""

from __future__ import annotations

from collections.abc import Mapping

from textual.binding import Binding, BindingType

from farmwatch.ui.screens.following import ACT, ASK, BACK, COPY_ID, HELP, HISTORY, MARK, NOW, PAUSE, QUIT
from farmwatch.ui.screens.wall.failures import FAILURES
from farmwatch.ui.screens.wall.running import RUNNING, TROUBLE
from farmwatch.ui.screens.wall.view import TabView
from farmwatch.ui.screens.wall.workers import WORKERS

TABS: Mapping[str, TabView] = {tab.key: tab for tab in (RUNNING, TROUBLE, FAILURES, WORKERS)}
"""By their keys."""

TYPED = (
    "filter",
    "order",
    "reverse",
    "group",
    "fold",
    "fold_all",
    "since",
    "details",
    "pick",
    "log",
    "logs",
    "why",
    "mark",
    "act",
    "ask",
    "columns",
    "roomy",
    "wall",
    "put",
    "not_stuck",
    "tab",
)
"""What the keys do that are letters, figures, or a space."""

WALL_BINDINGS: list[BindingType] = [
    BACK,
    Binding("slash", "filter", "Filter", key_display="/", tooltip="Filter", id="filter"),
    Binding("o", "order", "Sort", tooltip="Change sort order", id="order"),
    Binding("O", "reverse", "Reverse", show=False, tooltip="Reverse the sort order", id="order-reverse"),
    Binding("b", "group", "Group", tooltip="Group rows by something else, or not at all", id="group"),
    Binding("s", "since", "Since", tooltip="Look back to another time", id="since"),
    Binding("c", "why", "Why", tooltip="Why it failed", id="why"),
    Binding("l", "log", "Log", tooltip="Log of the session", id="log"),
    Binding("L", "logs", "Logs", show=False, tooltip="Logs of the picked sessions as one", id="merged-logs"),
    Binding(
        "space",
        "pick",
        "Pick",
        key_display="space",
        show=False,
        tooltip="Pick the row, or not",
        id="pick",
    ),
    Binding("z", "fold", "Fold", show=False, tooltip="Unfold the row, or fold it", id="fold"),
    Binding("Z", "fold_all", "All", show=False, tooltip="Unfold everything, or fold it", id="fold-all"),
    Binding(
        "n", "not_stuck", "Not stuck", show=False, tooltip="Not stuck, or take that back", id="not-stuck"
    ),
    Binding("d", "details", "Details", show=False, tooltip="Everything about the row", id="details"),
    *(
        Binding(
            str(number),
            f"tab('{tab.key}')",
            tab.title,
            show=False,
            tooltip=f"Wall: {tab.title.lower()}",
            id=f"wall-{tab.key}",
        )
        for number, tab in enumerate(TABS.values(), 1)
    ),
    Binding("C", "columns", "Columns", show=False, tooltip="Choose the columns of the list", id="columns"),
    Binding("v", "roomy", "Roomy", show=False, tooltip="A second line for every row, or not", id="roomy"),
    Binding(
        "w", "put", "Put on", show=False, tooltip="Put the row on the wall, or take it off", id="wall-item"
    ),
    Binding("W", "wall", "Wall", show=False, tooltip="Show another wall, or make one", id="wall"),
    MARK,
    ACT,
    ASK,
    NOW,
    PAUSE,
    COPY_ID,
    HISTORY,
    HELP,
    QUIT,
]
