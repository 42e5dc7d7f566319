"""``farmwatch notify``: who is told of alerts, and whether that arrives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from farmwatch.aws.cleaning import clean
from farmwatch.config.notify_table import NotifyTable, TargetTable, host_of

FILTERS = ("severities", "rules", "connections", "queues", "jobs")


class NoSuchTarget(Exception):  # noqa: N818 - named for what was asked for
    """There is no target of that name; the text is one line."""


def tell(notify: NotifyTable, name: str | None, *, is_test: bool, echo: Callable[[str], Any]) -> int:
    """List the targets, or one of them; with ``is_test`` send each a test message, and say what came of it.
    The exit code: 1 where one did not arrive. Raises `NoSuchTarget`."""
    if name is not None and name not in (*notify.targets, *(("heartbeat",) if notify.heartbeat_url else ())):
        known = ", ".join(notify.targets) or "none; farmwatch config --example shows how they are named"
        raise NoSuchTarget(f"{clean(name, 40)!r} is no target; what is: {known}")
    if not notify.has_any:
        echo("Nobody is told: the settings file names no target.")
        return int(is_test)
    if is_test:
        return _test(notify, name, echo)
    for one, target in notify.targets.items():
        if name in (None, one):
            echo(f"{one:<20} {target.kind:<10} {target.where:<30} {_filters(target)}".rstrip())
    if notify.heartbeat_url and name in (None, "heartbeat"):
        every = f"every {notify.heartbeat_minutes:g} min"
        echo(f"{'heartbeat':<20} {'GET':<10} {host_of(notify.heartbeat_url):<30} {every}")
    return 0


def _test(notify: NotifyTable, name: str | None, echo: Callable[[str], Any]) -> int:
    from farmwatch.notify.trial import try_targets

    tried = try_targets(notify, datetime.now(UTC), name or "")
    for one in tried:
        came = f"not told: {one.fault}" if one.fault else "told"
        echo(f"{one.name:<20} {one.kind:<10} {one.where:<30} {came}")
    return int(any(one.fault for one in tried))


def _filters(target: TargetTable) -> str:
    """What it is told of, where that is not everything."""
    given = [(name, getattr(target, name)) for name in FILTERS]
    return "; ".join(f"{name}: {clean(', '.join(words), 80)}" for name, words in given if words)
