"""``farmwatch rules``: the rules of trouble, when each fires, how often it did and was contradicted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from farmwatch.aws.cleaning import clean
from farmwatch.config.rules_table import RulesTable
from farmwatch.config.schema import as_toml
from farmwatch.config.state import KeptState
from farmwatch.monitor.limits import Limits
from farmwatch.rules.rules import EVERY_RULE


def tell(state: KeptState, table: RulesTable, *, echo: Callable[[str], Any]) -> None:
    """Print a line for each rule, and one for each queue and pattern of jobs that has other thresholds."""
    limits = Limits(table).all
    rows = [("rule", "fired", "not stuck", "when")]
    for name, fires in EVERY_RULE:
        fired, contradicted = state.rules.get(name, (0, 0))
        rows.append((name, f"{fired:,}", f"{contradicted:,}", fires(limits)))
    width = max(len(row[0]) for row in rows)
    for name, count, wrong, when in rows:
        echo(f"{name:<{width}}  {count:>7}  {wrong:>9}  {when}")
    for kind, tables in (("queue", table.queue), ("job", table.job)):
        for name, one in tables.items():
            said = {field: getattr(one, field) for field in one.__struct_fields__}
            others = ", ".join(
                f"{field} {as_toml(value)}" for field, value in said.items() if value is not None
            )
            echo(f"{kind} {as_toml(clean(name, 60))}: {others or 'as all others'}")
