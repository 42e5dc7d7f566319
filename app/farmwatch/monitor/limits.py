"""The thresholds of the rules of trouble, as the settings have them: for all, and for some sessions."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from msgspec.structs import fields, replace

from farmwatch.rules.thresholds import DEFAULTS, Thresholds

if TYPE_CHECKING:
    from farmwatch.config.rules_table import RulesTable, SessionRulesTable
    from farmwatch.rules.facts import SessionFacts

REMEMBERED = 10_000
"""Jobs of which it is remembered which thresholds they have."""


class Limits:
    """``all`` are the thresholds of what nothing else is said of."""

    def __init__(self, table: RulesTable) -> None:
        self.all = _changed(DEFAULTS, table)
        self._queues = table.queue
        self._jobs = table.job
        self._known: dict[tuple[str, str], Thresholds] = {}

    def of(self, facts: SessionFacts) -> Thresholds:
        """The thresholds of a session: what is said of its job goes before what is said of its queue; of
        several patterns the later one counts."""
        key = facts.queue, facts.job
        limits = self._known.get(key)
        if limits is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            limits = self._known[key] = self._of(*key)
        return limits

    def _of(self, queue: str, job: str) -> Thresholds:
        limits = self.all
        if queue in self._queues:
            limits = _changed(limits, self._queues[queue])
        for pattern, table in self._jobs.items():
            if fnmatchcase(job, pattern):
                limits = _changed(limits, table)
        return limits


def _changed(limits: Thresholds, table: RulesTable | SessionRulesTable) -> Thresholds:
    """The thresholds with what a table says; its times are minutes."""
    said: dict[str, Any] = {}
    for one in fields(Thresholds):
        value = getattr(table, one.name, None)
        if value is not None:
            is_time = isinstance(getattr(DEFAULTS, one.name), timedelta)
            said[one.name] = timedelta(minutes=value) if is_time else value
    return replace(limits, **said)
