"""Which queues a wall is about, out of what is chosen and what a connection has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from farmwatch.aws.model import SessionRef
from farmwatch.aws.task import Worker, WorkerSession
from farmwatch.wall.calls import Calls
from farmwatch.wall.item import WallItem

QUEUES_A_SEARCH = 10
"""Queues, and fleets, that one search takes (service model)."""

BATCH = 100
"""Sessions, and actions, that one call takes (service model)."""

T = TypeVar("T")

PAGES = 3
"""Pages of the sessions of one worker that are read of one refresh; the service tells no order of them."""


class Scope(Struct, frozen=True):
    """What a wall is about on one connection: whole farms, queues of farms, jobs of queues, sessions of jobs,
    and workers of fleets (farm, fleet, worker). Without any of them it is everything that it has."""

    farms: frozenset[str] = frozenset()
    queues: frozenset[tuple[str, str]] = frozenset()
    jobs: frozenset[tuple[str, str, str]] = frozenset()
    sessions: frozenset[tuple[str, str, str, str]] = frozenset()
    workers: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def is_everything(self) -> bool:
        """Whether it is all that the connection has."""
        return not (self.farms or self.queues or self.jobs or self.sessions or self.workers)

    def wants_job(self, farm_id: str, queue_id: str, job_id: str) -> bool:
        """Whether all sessions of a job belong to it."""
        if self.is_everything or farm_id in self.farms or (farm_id, queue_id) in self.queues:
            return True
        return (farm_id, queue_id, job_id) in self.jobs

    @property
    def named_queues(self) -> frozenset[tuple[str, str]]:
        """The queues that have to be searched though their farms are not chosen as a whole."""
        return self.queues | {(ids[0], ids[1]) for ids in (*self.jobs, *self.sessions)}


class Chosen:
    """What belongs to a wall: what its scope names, and the sessions that its workers have had."""

    def __init__(self, scope: Scope, connection: str) -> None:
        self.scope = scope
        self._connection = connection
        self._of_workers: dict[str, tuple[SessionRef, WorkerSession]] = {}
        self._to_look_at: list[SessionRef] = [SessionRef(connection, *ids) for ids in scope.sessions]

    def look_at(self, refs: Iterable[SessionRef]) -> None:
        """These sessions are to be looked at once, be they found by a search or not; from any thread."""
        self._to_look_at = [*self._to_look_at, *filter(self.wants, refs)]

    def to_look_at(self) -> Iterable[SessionRef]:
        """Those that are to be looked at, once each."""
        wanted, self._to_look_at = self._to_look_at, []
        return wanted

    def wants(self, ref: SessionRef) -> bool:
        """Whether a session belongs to it."""
        ids = (ref.farm_id, ref.queue_id, ref.job_id)
        return (
            self.scope.wants_job(*ids)
            or (*ids, ref.session_id) in self.scope.sessions
            or ref.session_id in self._of_workers
        )

    def wants_any_of(self, farm_id: str, queue_id: str, job_id: str) -> bool:
        """Whether sessions of a job belong to it that have to be looked for among all of them."""
        ids = (farm_id, queue_id, job_id)
        return self.scope.wants_job(*ids) or any(one[:3] == ids for one in self.scope.sessions)

    @property
    def queues(self) -> frozenset[tuple[str, str]]:
        """The queues to search besides those of whole farms: farm and queue."""
        live = {
            (ref.farm_id, ref.queue_id)
            for ref, session in self._of_workers.values()
            if session.lifecycle_status != "ENDED"
        }
        return self.scope.named_queues | live

    @property
    def of_workers(self) -> Iterable[tuple[SessionRef, WorkerSession]]:
        """The sessions that the workers have had, as they were told last."""
        return self._of_workers.values()

    def workers(self, every: Mapping[str, Worker], busy: Iterable[str]) -> dict[str, Worker]:
        """The workers that it is about: of whole farms all of them, else those that were ``busy`` with
        something of it, or that were chosen."""
        if self.scope.is_everything or self.scope.farms:
            return dict(every)
        own = {*busy, *(worker_id for *_, worker_id in self.scope.workers)}
        return {worker_id: every[worker_id] for worker_id in own & every.keys()}

    def look(self, calls: Calls) -> Iterator[None]:
        """Ask for the sessions of each worker that was chosen, one call at a time."""
        for farm_id, fleet_id, worker_id in sorted(self.scope.workers):
            token: str | None = None
            for _ in range(PAGES):
                page = calls.ask(
                    "ListSessionsForWorker", calls.api.worker_sessions, farm_id, fleet_id, worker_id, token
                )
                yield
                if page is None:
                    break
                for one in page.items:
                    ref = SessionRef(self._connection, farm_id, one.queue_id, one.job_id, one.session_id)
                    self._of_workers[one.session_id] = ref, one
                token = page.next
                if token is None:
                    break


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
    workers = {ids for ids in own if ids[-1].startswith("worker-")}
    below = [ids for ids in own if ids not in workers]
    return Scope(
        frozenset(ids[0] for ids in below if len(ids) == 1),
        frozenset((ids[0], ids[1]) for ids in below if len(ids) == 2),
        frozenset((ids[0], ids[1], ids[2]) for ids in below if len(ids) == 3),
        frozenset((ids[0], ids[1], ids[2], ids[3]) for ids in below if len(ids) == 4),
        frozenset((ids[0], ids[1], ids[2]) for ids in workers if len(ids) == 3),
    )


def in_tens(ids: Iterable[str]) -> list[tuple[str, ...]]:
    """Ids in groups of what one search takes."""
    every = sorted(ids)
    return [tuple(every[first : first + QUEUES_A_SEARCH]) for first in range(0, len(every), QUEUES_A_SEARCH)]


def in_batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Sessions, or actions, in groups of what one call takes."""
    return (items[first : first + BATCH] for first in range(0, len(items), BATCH))
