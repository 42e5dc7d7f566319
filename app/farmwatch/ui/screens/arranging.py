"""How the columns of a list are arranged: chosen while one looks, and remembered from one run to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from farmwatch.ui.widgets.table_columns import Arrangement, Column

if TYPE_CHECKING:
    from farmwatch.config.state import KeptState
    from farmwatch.ui.screens.following import FollowingScreen
    from farmwatch.ui.widgets.virtual_table import VirtualTable


def arrangement_of(kept: KeptState, of: str) -> Arrangement:
    """How the columns of the list of that key were arranged last."""
    return Arrangement(kept.hidden.get(of, ()), kept.arranged.get(of, ()), kept.widths.get(of, {}))


def with_arrangement(kept: KeptState, of: str, arrangement: Arrangement) -> KeptState:
    """What is remembered, with another arrangement of the list of that key."""
    return replace(
        kept,
        hidden={**kept.hidden, of: arrangement.hidden},
        arranged={**kept.arranged, of: arrangement.order},
        widths={**kept.widths, of: dict(arrangement.widths)},
    )


def choose_columns(screen: FollowingScreen, table: VirtualTable, columns: Sequence[Column], of: str) -> None:
    """Ask over a screen for the columns of a table, which is the list of that key."""
    from farmwatch.ui.screens.columns import ColumnsScreen

    kept = screen.farmwatch.kept

    def take(arrangement: Arrangement) -> None:
        kept.change(lambda state: with_arrangement(state, of, arrangement))
        table.arrange_columns(arrangement)

    now = arrangement_of(kept.state, of)
    screen.app.push_screen(ColumnsScreen(columns, now, table.widths(), take))
