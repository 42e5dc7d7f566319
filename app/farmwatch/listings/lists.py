"""Following the lists of the picker: farms, queues, jobs, sessions; and the names above them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import (
    Farm,
    Fault,
    FaultKind,
    Host,
    Job,
    Page,
    Queue,
    SessionRef,
    SessionSummary,
)
from farmwatch.listings.pages import Keyed, Listing
from farmwatch.listings.session_facts import FailedActions, FailedCount, HostFinder
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import LAST_LOOKS, Schedule
from farmwatch.polling.target import PollResult, Target

K = TypeVar("K", bound=Keyed)

LOADED_UNASKED = 1_000
"""Rows of a list that the service does not sort which are loaded without waiting for the cursor, so that
what is sorted first is first of all, not of one page."""


class Source(Protocol[K]):
    """Where the pages of a list come from.

    ``seekable`` says that a page can be asked for by itself, with the cursor it was first found with; else
    the pages form a chain that is walked from its start. ``drains`` says that all of it is loaded, because
    the service does not sort it. ``active``, ``failed`` and ``note`` are as in `ListObserved`.
    """

    seekable: bool
    drains: bool
    active: int | None
    failed: int | None
    note: str

    def fetch(self, api: DeadlineApi, cursor: str | None) -> Page[K] | Fault:
        """The page at a cursor: ``None`` for the first, else the ``next`` of the page before it."""

    def count(self, api: DeadlineApi, clock: Clock, items: tuple[K, ...], *, complete: bool) -> None:
        """Bring the counts up to date, after a page was loaded; ``items`` are those loaded so far."""
        ...


class ListObserved(Struct, Generic[K], frozen=True):
    """A list as it is known after a poll.

    ``seen`` tells when each row was last heard of: rows out of sight are not asked for again. ``hosts`` has
    the hosts of the sessions looked at so far, ``failures`` how many of their actions failed. ``active`` is
    how many jobs workers are busy with, ``failed`` how many have failed; ``None`` where that is not known.
    """

    items: tuple[K, ...] = ()
    complete: bool = False
    total: int | None = None
    active: int | None = None
    failed: int | None = None
    seen_at: datetime | None = None
    seen: Mapping[str, datetime] = {}
    fault: Fault | None = None
    hosts: Mapping[str, Host | None] = {}
    failures: Mapping[str, FailedCount | None] = {}
    note: str = ""


class Farms:
    """The farms of the account and region."""

    seekable: bool = False
    drains: bool = True
    active: int | None = None
    failed: int | None = None
    note: str = ""

    def fetch(self, api: DeadlineApi, cursor: str | None) -> Page[Farm] | Fault:
        """A page by ListFarms; the cursor is its token."""
        return api.farms(cursor)

    def count(self, api: DeadlineApi, clock: Clock, items: tuple[Farm, ...], *, complete: bool) -> None:
        """Nothing is counted but the rows."""


class Queues:
    """The queues of a farm."""

    seekable: bool = False
    drains: bool = True
    active: int | None = None
    failed: int | None = None
    note: str = ""

    def __init__(self, farm_id: str) -> None:
        self.farm_id = farm_id

    def fetch(self, api: DeadlineApi, cursor: str | None) -> Page[Queue] | Fault:
        """A page by ListQueues; the cursor is its token."""
        return api.queues(self.farm_id, cursor)

    def count(self, api: DeadlineApi, clock: Clock, items: tuple[Queue, ...], *, complete: bool) -> None:
        """Nothing is counted but the rows."""


class Sessions:
    """The sessions of a job."""

    seekable: bool = False
    drains: bool = True
    active: int | None = None
    failed: int | None = None
    note: str = ""

    def __init__(self, connection: str, farm_id: str, queue_id: str, job_id: str) -> None:
        self.connection = connection
        self.farm_id = farm_id
        self.queue_id = queue_id
        self.job_id = job_id

    def fetch(self, api: DeadlineApi, cursor: str | None) -> Page[SessionSummary] | Fault:
        """A page by ListSessions; the cursor is its token."""
        return api.sessions(self.farm_id, self.queue_id, self.job_id, cursor)

    def count(
        self, api: DeadlineApi, clock: Clock, items: tuple[SessionSummary, ...], *, complete: bool
    ) -> None:
        """Nothing is counted but the rows."""

    def ref(self, session_id: str) -> SessionRef:
        """Names a session of this job."""
        return SessionRef(self.connection, self.farm_id, self.queue_id, self.job_id, session_id)


class ListTarget(Target, Generic[K]):
    """One list on screen.

    It loads the first page, then more when `want` asks for it; and asks again for the first page and the
    pages in sight. `want` and `look_at` are for the thread that draws; both only leave a wish.
    """

    def __init__(
        self,
        key: str,
        source: Source[K],
        interval: timedelta,
        hosts: HostFinder | None = None,
        failures: FailedActions | None = None,
    ) -> None:
        self.key = key
        self.schedule = Schedule(interval)
        self.observed: ListObserved[K] = ListObserved()
        self._source = source
        self._listing: Listing[K] = Listing()
        self._wanted = 1
        self._in_sight: frozenset[str] = frozenset()
        self._hosts = hosts
        self._failures = failures
        self._everywhere = False
        self._cursor: str | None = None

    def want(self, rows: int) -> None:
        """Load until there are so many rows, or no more."""
        self._wanted = max(self._wanted, rows)

    def look_at(self, keys: Iterable[str]) -> None:
        """These rows are in sight."""
        self._in_sight = frozenset(keys)

    def look_everywhere(self) -> None:
        """Somebody looks for a host: those of rows out of sight are wanted too, 100 a poll."""
        self._everywhere = True

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        """Load one page more, where more rows are wanted (and come again at once), else the first page and
        those in sight once more; then see to the counts, the hosts and the failed actions."""
        fault = api if isinstance(api, Fault) else self._load(api, clock)
        items = self._listing.items()
        if fault is None and not isinstance(api, Fault):
            self._source.count(api, clock, items, complete=self._listing.is_complete)
            in_sight = self._in_sight
            if self._hosts is not None:
                keys = [item.key for item in items]
                hidden = [key for key in keys if key not in in_sight] if self._everywhere else []
                self._hosts.look(api, [*in_sight, *hidden] or keys, clock)
            if self._failures is not None:
                seen = [item for item in items if item.key in in_sight] if in_sight else items
                self._failures.look(api, seen, clock)
        self.observed = ListObserved(
            items=items,
            complete=self._listing.is_complete,
            total=self._listing.total,
            active=self._source.active,
            failed=self._source.failed,
            seen_at=clock.now() if fault is None else self.observed.seen_at,
            seen=self._listing.seen(),
            fault=fault,
            hosts={} if self._hosts is None else dict(self._hosts.found),
            failures={} if self._failures is None else dict(self._failures.found),
            note=self._source.note,
        )
        return PollResult(fault, again_in=0.05 if fault is None and self._wants_more() else None)

    def _wants_more(self) -> bool:
        if self._listing.pages == 0 or self._listing.is_complete:
            return False
        unasked = LOADED_UNASKED if self._source.drains else 0
        return len(self._listing) < max(self._wanted, unasked)

    def _load(self, api: DeadlineApi, clock: Clock) -> Fault | None:
        fault = self._load_wanted(api, clock)
        chained = not self._source.seekable and self._cursor is not None
        if fault is not None and fault.kind is FaultKind.REFUSED and chained:
            # The place in the list may be forgotten by the service, whose tokens expire: along the chain
            # once more, from its beginning.
            return self._take_pages(range(self._listing.pages), api, clock)
        return fault

    def _load_wanted(self, api: DeadlineApi, clock: Clock) -> Fault | None:
        if self._listing.pages == 0 or self._wants_more():
            return self._take(self._listing.pages, self._listing.next, api, clock)
        in_sight = self._listing.pages_of(set(self._in_sight))
        pages = {0, *in_sight} if self._source.seekable else range(max(in_sight, default=0) + 1)
        return self._take_pages(sorted(pages), api, clock)

    def _take_pages(self, indexes: Iterable[int], api: DeadlineApi, clock: Clock) -> Fault | None:
        for index in indexes:
            # The list may have become shorter on the way.
            if index < self._listing.pages:
                fault = self._take(index, self._listing.cursor(index), api, clock)
                if fault is not None:
                    return fault
        return None

    def _take(self, index: int, cursor: str | None, api: DeadlineApi, clock: Clock) -> Fault | None:
        self._cursor = cursor
        page = self._source.fetch(api, cursor)
        if isinstance(page, Fault):
            return page
        self._listing.take(index, cursor, page, clock.now())
        return None


class NameTarget(Target):
    """The name of a farm, a queue or a job that was given by its id; asked for until it is known."""

    def __init__(self, key: str, ask: Callable[[DeadlineApi], Farm | Queue | Job | Fault]) -> None:
        self.key = key
        self.schedule = Schedule(timedelta(seconds=60), final_looks=LAST_LOOKS)
        self.observed: str | None = None
        self._ask = ask

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:  # noqa: ARG002 - as every target
        """Ask once; an answer is final, and not even last looks follow."""
        answer = api if isinstance(api, Fault) else self._ask(api)
        if isinstance(answer, Fault):
            return PollResult(answer)
        self.observed = answer.name
        return PollResult(final=True)
