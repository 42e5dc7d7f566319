"""Lists of what the program knows by itself, in the shape of those that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault
from farmwatch.listings.lists import ListObserved
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import RequestBudget, Schedule
from farmwatch.polling.target import PollResult, Target

EVERY = timedelta(seconds=2)


class KnownRow(Protocol):
    """A row: what it is known by, and when the newest good answer about it came."""

    @property
    def key(self) -> str:
        """By what it is told from other rows."""

    @property
    def seen_at(self) -> datetime | None:
        """When it was last heard of; ``None`` before that."""


R = TypeVar("R", bound=KnownRow)


class LocalList(Target, Generic[R]):
    """Reads its rows again and again. It asks nobody, so it works without a network and a login."""

    needs_connection = False

    def __init__(self, key: str, rows: Callable[[], Sequence[R]]) -> None:
        self.key = key
        self.schedule = Schedule(EVERY)
        self.budget = RequestBudget()
        self.observed: ListObserved[R] = ListObserved()
        self._rows = rows

    def want(self, rows: int) -> None:
        """All of it is there anyway."""

    def look_at(self, keys: Iterable[str]) -> None:
        """Every row is kept as fresh as it can be."""

    def look_everywhere(self) -> None:
        """Nothing of it is looked for besides."""

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:  # noqa: ARG002 - nobody is asked
        """Read the rows."""
        rows = tuple(self._rows())
        seen = {row.key: row.seen_at for row in rows if row.seen_at is not None}
        self.observed = ListObserved(rows, complete=True, seen_at=clock.now(), seen=seen)
        return PollResult()
