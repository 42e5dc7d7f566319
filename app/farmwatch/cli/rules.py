"""``farmwatch rules``: the rules of trouble, when each fires, how often it did and was contradicted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from farmwatch.config.state import KeptState
from farmwatch.rules.rules import EVERY_RULE
from farmwatch.rules.thresholds import Thresholds


def tell(state: KeptState, limits: Thresholds, *, echo: Callable[[str], Any]) -> None:
    """Print a line for each rule."""
    rows = [("rule", "fired", "not stuck", "when")]
    for name, fires in EVERY_RULE:
        fired, contradicted = state.rules.get(name, (0, 0))
        rows.append((name, f"{fired:,}", f"{contradicted:,}", fires(limits)))
    width = max(len(row[0]) for row in rows)
    for name, count, wrong, when in rows:
        echo(f"{name:<{width}}  {count:>7}  {wrong:>9}  {when}")
