"""How the list of connections looks: who asks where, whether it answers, and what to do where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from farmwatch.listings.connection_check import EVERY
from farmwatch.ui.screens.orders import Detail, Sort
from farmwatch.ui.screens.picker.list_view import LevelView, View, named, when
from farmwatch.ui.widgets.table_columns import Column
from farmwatch.ui.widgets.virtual_table import Cell
from farmwatch.words.connection import connection_state, farm_count

if TYPE_CHECKING:
    from farmwatch.monitor.update import ConnectionSnapshot


def _cells(row: ConnectionSnapshot, view: View) -> Sequence[Cell]:
    fault = row.observed.fault
    return (
        named(row.name, row.key, view),
        row.who.profile or ("–", "muted"),
        row.who.name or ("–", "muted"),
        row.who.region or ("–", "muted"),
        farm_count(row.observed),
        connection_state(row.observed),
        "" if fault is None else fault.remedy,
    )


def _words(row: ConnectionSnapshot, view: View) -> str:  # noqa: ARG001 - as above
    state, _ = connection_state(row.observed)
    return f"{row.name} {row.who.profile} {row.who.name} {row.who.region} {state}"


def _details(row: ConnectionSnapshot, view: View) -> Sequence[Detail]:
    fault = row.observed.fault
    told: list[Detail] = []
    if fault is not None:
        told = [("what", [(fault.sentence, "")]), ("do", [(fault.remedy, "strong")])]
    return (
        ("connection", [(row.name, "strong")]),
        ("state", [connection_state(row.observed)]),
        *told,
        ("profile", [(row.who.profile or "–", "")]),
        ("user", [(row.who.name or "–", "")]),
        ("region", [(row.who.region or "–", "accent")]),
        ("farms", [farm_count(row.observed)]),
        ("answered", when(row.seen_at, view)),
    )


CONNECTIONS = LevelView(
    singular="connection",
    interval=EVERY,
    columns=(
        Column("name", "Connection", keep=9, min_width=10),
        Column("profile", "Profile", keep=4, min_width=7),
        Column("user", "Account or user", keep=3, min_width=12),
        Column("region", "Region", keep=5, min_width=9),
        Column("farms", "Farms", keep=6, min_width=5, right=True),
        Column("state", "State", keep=8, min_width=12),
        Column("remedy", "What to do", keep=7, flex=True),
    ),
    sorts=(
        Sort("name", "by name", "by name, backwards", lambda row: row.name.casefold()),
        Sort(
            "state",
            "in trouble first",
            "in trouble last",
            lambda row: (row.observed.fault is None, row.name.casefold()),
        ),
        Sort(
            "region", "by region", "by region, backwards", lambda row: (row.who.region, row.name.casefold())
        ),
    ),
    cells=_cells,
    words=_words,
    details=_details,
)
