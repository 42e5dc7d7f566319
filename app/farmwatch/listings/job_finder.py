"""Finding jobs of a whole farm by their names: the queues of the farm, ten of them a search."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault, Job, JobSearch
from farmwatch.listings.place import Place
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import LAST_LOOKS, Schedule
from farmwatch.polling.target import PollResult, Target

QUEUES_A_SEARCH = 10
"""Queues that one SearchJobs takes (service model)."""

JOBS_A_SEARCH = 20
"""Jobs that are wanted of each search: a name that more of them have is typed further."""

SOON = 0.05
"""Seconds until the next of several calls."""


class FoundJob(Struct, frozen=True):
    """A job that was found: where it is, its name, and that of its queue."""

    place: Place
    name: str
    queue: str
    task_run_status: str = ""


class FoundJobs(Struct, frozen=True):
    """The jobs that were found for ``text`` so far, newest first in every ten queues. ``total`` is how many
    there are; ``is_complete`` says that all queues have been searched, ``fault`` that the newest call failed.
    """

    text: str = ""
    jobs: tuple[FoundJob, ...] = ()
    total: int = 0
    is_complete: bool = False
    seen_at: datetime | None = None
    fault: Fault | None = None


class JobFinder(Target):
    """Lists the queues of a farm once (ListQueues), then searches all of them (SearchJobs), one call a poll.
    `look_for` may be called from any thread, and begins anew with the next poll."""

    def __init__(self, key: str, connection: str, farm_id: str) -> None:
        self.key = key
        self.schedule = Schedule(timedelta(seconds=60))
        self.observed = FoundJobs()
        self._connection = connection
        self._farm_id = farm_id
        self._wanted = ""
        self._queues: dict[str, str] = {}
        self._token: str | None = None
        self._has_queues = False
        self._searched = 0

    def look_for(self, text: str) -> None:
        """What the names are to have in them."""
        self._wanted = text

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        """Make one call, and come again at once until all queues have been searched. A fault leaves what was
        found; the call that failed is made again."""
        if self._wanted != self.observed.text:
            self.observed, self._searched = FoundJobs(self._wanted), 0
        fault = api if isinstance(api, Fault) else self._ask(api, clock)
        if fault is not None:
            self.observed = replace(self.observed, fault=fault)
            return PollResult(fault)
        if not self.observed.is_complete:
            return PollResult(again_in=SOON)
        # Not even last looks: nobody waits for jobs of that name to come.
        self.schedule.final_looks = LAST_LOOKS
        return PollResult(final=True)

    def _ask(self, api: DeadlineApi, clock: Clock) -> Fault | None:
        if not self._has_queues:
            page = api.queues(self._farm_id, self._token)
            if isinstance(page, Fault):
                return page
            self._queues |= {queue.queue_id: queue.name for queue in page.items}
            self._token, self._has_queues = page.next, page.next is None
            self.observed = replace(self.observed, fault=None, seen_at=clock.now())
            return None
        queues = [*self._queues][self._searched : self._searched + QUEUES_A_SEARCH]
        if queues:
            search = JobSearch(
                self._farm_id,
                queues[0],
                self.observed.text,
                plainly=True,
                limit=JOBS_A_SEARCH,
                other_queue_ids=tuple(queues[1:]),
            )
            answer = api.search_jobs(search)
            if isinstance(answer, Fault):
                return answer
            found = [
                self._found(job, job.queue_id)
                for job in answer.items
                if job.queue_id is not None and job.queue_id in self._queues
            ]
            left_out = len(answer.items) - len(found)
            self.observed = replace(
                self.observed,
                jobs=(*self.observed.jobs, *found),
                total=self.observed.total + max(len(found), (answer.total or 0) - left_out),
            )
            self._searched += len(queues)
        self.observed = replace(
            self.observed,
            is_complete=self._searched >= len(self._queues),
            fault=None,
            seen_at=clock.now(),
        )
        return None

    def _found(self, job: Job, queue_id: str) -> FoundJob:
        place = Place(self._connection, self._farm_id, queue_id, job.job_id)
        return FoundJob(place, job.name, self._queues[queue_id], job.task_run_status)
