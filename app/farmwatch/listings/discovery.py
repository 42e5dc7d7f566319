"""Finding the sessions of a job, or the active ones of a queue, and those that come later."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import ACTIVE_TASK_RUN_STATUSES, Fault, Job, JobSearch, SessionRef, SessionSummary
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import Schedule
from farmwatch.polling.target import PollResult, Target

EVERY = timedelta(seconds=15)
"""How often sessions that are new are looked for."""

A_CALL = timedelta(seconds=2)
"""How much longer the rhythm becomes with every call that one look takes, so that a job of thousands of
sessions leaves the request budget to the watching itself."""

JOBS_A_LOOK = 20
"""Jobs of a queue whose sessions are listed in one look; with more they take turns."""


JOB_ENDS = ("SUCCEEDED", "FAILED", "CANCELED", "NOT_COMPATIBLE", "SUSPENDED")
"""Task run statuses of a job for which nothing more happens unless somebody asks for it."""


class JobRef(Struct, frozen=True):
    """Names a job wholly."""

    connection: str
    farm_id: str
    queue_id: str
    job_id: str

    def session(self, session_id: str) -> SessionRef:
        """Names a session of this job."""
        return SessionRef(self.connection, self.farm_id, self.queue_id, self.job_id, session_id)


class QueueRef(Struct, frozen=True):
    """Names a queue wholly."""

    connection: str
    farm_id: str
    queue_id: str

    def job(self, job_id: str) -> JobRef:
        """Names a job of this queue."""
        return JobRef(self.connection, self.farm_id, self.queue_id, job_id)


class Discovered(Struct, frozen=True):
    """The sessions that were found, by the newest look that found anything, at ``seen_at``.

    ``job`` is the job, where it is the sessions of one; ``jobs`` how many jobs are active, where it is a
    queue. ``fault`` says that the newest look failed.
    """

    sessions: tuple[tuple[SessionRef, SessionSummary], ...] = ()
    job: Job | None = None
    jobs: int | None = None
    seen_at: datetime | None = None
    fault: Fault | None = None


class _Discovery(Target):
    """Looks again and again; a subclass says how."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.schedule = Schedule(EVERY)
        self.observed = Discovered()
        self._calls = 0

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        self._calls = 0
        found = api if isinstance(api, Fault) else self._look(api)
        if isinstance(found, Fault):
            self.observed = replace(self.observed, fault=found)
            return PollResult(found)
        self.observed = replace(found, seen_at=clock.now())
        self.schedule.interval = EVERY + A_CALL * max(0, self._calls - 2)
        return PollResult()

    @abstractmethod
    def _look(self, api: DeadlineApi) -> Discovered | Fault:
        """One look."""

    def _sessions(self, api: DeadlineApi, job: JobRef) -> list[tuple[SessionRef, SessionSummary]] | Fault:
        """All sessions of a job: the service promises no order in which new ones would come first."""
        found: list[tuple[SessionRef, SessionSummary]] = []
        token: str | None = None
        while True:
            self._calls += 1
            page = api.sessions(job.farm_id, job.queue_id, job.job_id, token)
            if isinstance(page, Fault):
                return page
            found += [(job.session(one.session_id), one) for one in page.items]
            token = page.next
            if token is None:
                return found


class JobDiscovery(_Discovery):
    """All sessions of a job, and the job itself."""

    def __init__(self, ref: JobRef) -> None:
        super().__init__(f"sessions of {ref.job_id}")
        self.ref = ref

    def _look(self, api: DeadlineApi) -> Discovered | Fault:
        # The job first: sessions that begin after it was seen to be over belong to another run of it.
        job = api.job(self.ref.farm_id, self.ref.queue_id, self.ref.job_id)
        if isinstance(job, Fault):
            return job
        found = self._sessions(api, self.ref)
        return found if isinstance(found, Fault) else Discovered(tuple(found), job)


class QueueDiscovery(_Discovery):
    """The sessions that have not ended of the jobs of a queue that workers are busy with."""

    def __init__(self, ref: QueueRef) -> None:
        super().__init__(f"active sessions of {ref.queue_id}")
        self.ref = ref
        self._turn: deque[str] = deque()
        self._known: dict[str, list[tuple[SessionRef, SessionSummary]]] = {}

    def _look(self, api: DeadlineApi) -> Discovered | Fault:
        active = self._active(api)
        if isinstance(active, Fault):
            return active
        self._take_turns(active)
        for job_id in [self._turn[n] for n in range(min(JOBS_A_LOOK, len(self._turn)))]:
            found = self._sessions(api, self.ref.job(job_id))
            if isinstance(found, Fault):
                return found
            self._known[job_id] = [one for one in found if not one[1].is_final]
            self._turn.rotate(-1)
        sessions = tuple(one for job_id in active for one in self._known.get(job_id, ()))
        return Discovered(sessions, jobs=len(active))

    def _active(self, api: DeadlineApi) -> list[str] | Fault:
        search = JobSearch(self.ref.farm_id, self.ref.queue_id, only=ACTIVE_TASK_RUN_STATUSES)
        active: list[str] = []
        offset = 0
        while True:
            self._calls += 1
            page = api.search_jobs(search, offset)
            if isinstance(page, Fault):
                return page
            active += [job.job_id for job in page.items]
            if page.next is None:
                return list(dict.fromkeys(active))
            offset = int(page.next)

    def _take_turns(self, active: Iterable[str]) -> None:
        """Those that are new first, then those that were looked at longest ago."""
        wanted = dict.fromkeys(active)
        kept = [job_id for job_id in self._turn if job_id in wanted]
        self._turn = deque([*(job_id for job_id in wanted if job_id not in kept), *kept])
        self._known = {job_id: found for job_id, found in self._known.items() if job_id in wanted}
