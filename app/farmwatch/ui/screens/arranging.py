"""How the columns of a list are arranged, as it is remembered from one run to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from farmwatch.ui.widgets.table_columns import Arrangement

if TYPE_CHECKING:
    from farmwatch.config.state import KeptState


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
