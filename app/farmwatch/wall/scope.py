"""Which queues a wall is about, out of what is chosen and what a connection has."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from farmwatch.wall.values import WallItem

QUEUES_A_SEARCH = 10
"""Queues, and fleets, that one search takes (service model)."""


class Scope(Struct, frozen=True):
    """What a wall is about on one connection: whole farms, queues of farms, and jobs of queues. Without any
    of them it is everything that the connection has."""

    farms: frozenset[str] = frozenset()
    queues: frozenset[tuple[str, str]] = frozenset()
    jobs: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def is_everything(self) -> bool:
        """Whether it is all that the connection has."""
        return not (self.farms or self.queues or self.jobs)

    def wants(self, farm_id: str, queue_id: str, job_id: str) -> bool:
        """Whether a job belongs to it, of a queue that is searched for it."""
        if self.is_everything or farm_id in self.farms or (farm_id, queue_id) in self.queues:
            return True
        return (farm_id, queue_id, job_id) in self.jobs

    @property
    def named_queues(self) -> frozenset[tuple[str, str]]:
        """The queues that have to be searched though their farms are not chosen as a whole."""
        return self.queues | {(farm_id, queue_id) for farm_id, queue_id, _ in self.jobs}


def scope_of(items: Iterable[WallItem], connection: str) -> Scope | None:
    """The scope on a connection; ``None`` where items are chosen, and none of them is on it."""
    chosen = list(items)
    if not chosen:
        return Scope()
    own = [item.ids for item in chosen if item.connection == connection]
    if not own:
        return None
    if () in own:
        return Scope()
    return Scope(
        frozenset(ids[0] for ids in own if len(ids) == 1),
        frozenset((ids[0], ids[1]) for ids in own if len(ids) == 2),
        frozenset((ids[0], ids[1], ids[2]) for ids in own if len(ids) >= 3),
    )


def in_tens(ids: Iterable[str]) -> list[tuple[str, ...]]:
    """Ids in groups of what one search takes."""
    every = sorted(ids)
    return [tuple(every[first : first + QUEUES_A_SEARCH]) for first in range(0, len(every), QUEUES_A_SEARCH)]
