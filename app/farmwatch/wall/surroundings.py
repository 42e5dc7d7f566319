"""What is around the sessions of a wall: its farms and queues, its fleets, and their workers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from farmwatch.aws.task import Worker
from farmwatch.history.events import Watched
from farmwatch.wall.calls import Calls
from farmwatch.wall.scope import Chosen, in_tens
from farmwatch.wall.values import WallRow

PLACES_EVERY = 300.0
"""Seconds after which farms, queues and fleets are listed again."""

WORKERS_EVERY = 60.0
"""Seconds after which the workers are asked for again."""

PAGES = 2
"""Pages of workers that one refresh asks for: of thousands they take turns."""


class Surroundings:
    """Lists farms and queues where the scope does not name them, and the workers of their fleets."""

    def __init__(self, chosen: Chosen) -> None:
        self.queues: dict[str, set[str]] = {}
        """The queues that are searched, by their farms."""
        self.workers: dict[str, Worker] = {}
        """By their ids."""
        self.names: dict[str, str] = {}
        """Of farms and queues, by their ids, as far as they are known."""
        self.searched = 0
        """How often all workers were searched for."""
        self._chosen = chosen
        self._fleets: dict[str, list[str]] = {}
        self._pages: Iterator[None] | None = None
        self._placed_at = self._staffed_at = float("-inf")

    def forget(self) -> None:
        """List farms and queues anew with the next refresh."""
        self._placed_at = float("-inf")

    def watched(self, row: WallRow, job: str, until: datetime) -> Watched:
        """What the history is to know of a session of the wall that was seen ``until`` then: the names that
        it goes by, and its worker."""
        ref, names = row.ref, self.names
        farm, queue = names.get(ref.farm_id, ""), names.get(ref.queue_id, "")
        return Watched(ref, farm, queue, job, session_until=until, worker_id=row.worker_id)

    def look(self, calls: Calls, now: float) -> Iterator[None]:
        """What is old is asked for again, one call at a time."""
        has_others = any(queue not in self.queues.get(farm, ()) for farm, queue in self._chosen.queues)
        if has_others or now - self._placed_at >= PLACES_EVERY:
            yield from self._find_places(calls)
            if calls.fault is None and (self.queues or not calls.denied):
                self._placed_at = now

    def look_at_workers(self, calls: Calls, now: float) -> Iterator[None]:
        """Go on asking for the workers, a few pages at once; from the beginning when it is time again."""
        if self._pages is None and now - self._staffed_at >= WORKERS_EVERY:
            self._staffed_at, self._pages = now, self._find_workers(calls)
        for _ in range(PAGES):
            if self._pages is None:
                return
            if next(self._pages, self) is self:
                self._pages = None
                return
            yield

    def _find_places(self, calls: Calls) -> Iterator[None]:
        queues: dict[str, set[str]] = {}
        for farm_id, queue_id in self._chosen.queues:
            queues.setdefault(farm_id, set()).add(queue_id)
        farms = set(self._chosen.scope.farms)
        if self._chosen.scope.is_everything:
            token: str | None = None
            while True:
                page = calls.ask("ListFarms", calls.api.farms, token)
                yield
                if page is None:
                    # What was known stays.
                    farms |= self.queues.keys()
                    break
                farms |= {farm.farm_id for farm in page.items}
                self.names |= {farm.farm_id: farm.name for farm in page.items}
                token = page.next
                if token is None:
                    break
        for farm_id in sorted(farms):
            yield from self._find_queues(calls, farm_id, queues.setdefault(farm_id, set()))
        self.queues = queues
        for farm_id, queue_ids in queues.items():
            for queue_id in queue_ids - self.names.keys():
                queue = calls.ask("GetQueue", calls.api.queue, farm_id, queue_id)
                yield
                if queue is not None:
                    self.names[queue_id] = queue.name
        for farm_id in queues:
            yield from self._find_fleets(calls, farm_id)

    def _find_queues(self, calls: Calls, farm_id: str, found: set[str]) -> Iterator[None]:
        token: str | None = None
        while True:
            page = calls.ask("ListQueues", calls.api.queues, farm_id, token)
            yield
            if page is None:
                found |= self.queues.get(farm_id, set())
                return
            found |= {queue.queue_id for queue in page.items}
            self.names |= {queue.queue_id: queue.name for queue in page.items}
            token = page.next
            if token is None:
                return

    def _find_fleets(self, calls: Calls, farm_id: str) -> Iterator[None]:
        page = calls.ask("ListFleets", calls.api.fleets, farm_id)
        yield
        if page is not None:
            self._fleets[farm_id] = list(page.items)

    def _find_workers(self, calls: Calls) -> Iterator[None]:
        for farm_id, fleets in list(self._fleets.items()):
            for group in in_tens(fleets):
                yield from self._search_workers(calls, farm_id, group)
        self.searched += 1

    def _search_workers(self, calls: Calls, farm_id: str, fleets: tuple[str, ...]) -> Iterator[None]:
        offset = 0
        while True:
            page = calls.ask("SearchWorkers", calls.api.search_workers, farm_id, fleets, offset)
            yield
            if page is None:
                return
            self.workers |= {worker.worker_id: worker for worker in page.items}
            if page.next is None:
                return
            offset = int(page.next)
