"""The jobs of a queue as SearchJobs finds and sorts them; where that is denied, as ListJobs tells them."""

from __future__ import annotations

from msgspec.structs import replace

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import ACTIVE_TASK_RUN_STATUSES, Fault, FaultKind, Job, JobSearch, Page
from farmwatch.polling.clock import Clock

FAILED = ("FAILED",)

COUNTED_EVERY = 15.0
"""Seconds between two counts of the running and the failed jobs, where the order of the list does not tell
them by itself; each takes a call that brings one job."""

REFUSED = "ValidationException"


class Jobs:
    """The jobs of a queue, those of some task run statuses first, each part in the order of the search.

    SearchJobs has no such order, so several searches are joined, one for each group of ``first`` and one for
    the rest; ``backwards`` joins them from the last to the first. A cursor is the number of a part and an
    offset in it. Where SearchJobs is denied, ListJobs takes its place, which neither sorts nor searches.
    """

    def __init__(
        self,
        search: JobSearch,
        first: tuple[tuple[str, ...], ...] = (),
        *,
        backwards: bool = False,
        drains: bool = False,
    ) -> None:
        self.search = search
        self.drains = drains
        self.seekable = True
        self.active: int | None = None
        self.failed: int | None = None
        self.note = ""
        self._totals: dict[int, int] = {}
        self._counted_at = float("-inf")
        groups = [replace(search, only=group) for group in first]
        rest = replace(search, without=tuple(status for group in first for status in group))
        parts = [*groups, rest]
        self._parts = parts[::-1] if backwards else parts

    def fetch(self, api: DeadlineApi, cursor: str | None) -> Page[Job] | Fault:
        """The page at a cursor, ``None`` for the first. Where SearchJobs is denied for the first one, this
        page and all others come from ListJobs, and ``note`` says so."""
        if not self.seekable:
            return api.list_jobs(self.search.farm_id, self.search.queue_id, cursor)
        answer = self._joined(api, cursor)
        if isinstance(answer, Fault) and answer.kind is FaultKind.DENIED and cursor is None:
            self.seekable, self.drains = False, True
            self.note = "SearchJobs is denied: from ListJobs"
            return api.list_jobs(self.search.farm_id, self.search.queue_id)
        return answer

    def _joined(self, api: DeadlineApi, cursor: str | None) -> Page[Job] | Fault:
        part, offset = map(int, (cursor or "0 0").split())
        items: tuple[Job, ...] = ()
        while True:
            page = self._search(api, self._parts[part], offset)
            if isinstance(page, Fault):
                return page
            items += page.items
            if page.total is not None:
                self._totals[part] = page.total
            if page.next is not None:
                return Page(items, f"{part} {page.next}", self._total)
            part, offset = part + 1, 0
            if part == len(self._parts):
                return Page(items, None, self._total)

    @property
    def _total(self) -> int | None:
        """How many jobs there are in all; not known before each part has been asked for."""
        return sum(self._totals.values()) if len(self._totals) == len(self._parts) else None

    def _search(self, api: DeadlineApi, search: JobSearch, offset: int) -> Page[Job] | Fault:
        plainly = replace(search, plainly=True)
        if self.search.plainly:
            return api.search_jobs(plainly, offset)
        answer = api.search_jobs(search, offset)
        if isinstance(answer, Fault) and answer.code == REFUSED and search.text:
            # The names of the fields that a filter takes are documented nowhere: then the term alone.
            self.search = replace(self.search, plainly=True)
            return api.search_jobs(plainly, offset)
        return answer

    def count(self, api: DeadlineApi, clock: Clock, items: tuple[Job, ...], *, complete: bool) -> None:
        """Bring up to date how many jobs run and how many have failed, out of those that are searched for."""
        if not self.seekable:
            self.active = sum(job.is_active for job in items) if complete else None
            self.failed = sum(job.task_run_status in FAILED for job in items) if complete else None
            return
        is_due = clock.monotonic() - self._counted_at >= COUNTED_EVERY
        if is_due:
            self._counted_at = clock.monotonic()
        self.active = self._count(api, ACTIVE_TASK_RUN_STATUSES, self.active, is_due=is_due)
        self.failed = self._count(api, FAILED, self.failed, is_due=is_due)

    def _count(
        self, api: DeadlineApi, statuses: tuple[str, ...], before: int | None, *, is_due: bool
    ) -> int | None:
        for number, part in enumerate(self._parts):
            if part.only == statuses and number in self._totals:
                return self._totals[number]
        if not is_due:
            return before
        page = self._search(api, replace(self.search, only=statuses, limit=1), 0)
        return None if isinstance(page, Fault) else page.total
