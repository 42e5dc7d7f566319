"""The job of a session, asked for where it matters: it tells who has canceled what."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault, Job, SessionRef
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import Schedule
from farmwatch.polling.target import PollResult, Target

EVERY = timedelta(seconds=15)


class JobObserved(Struct, frozen=True):
    """The job as of ``seen_at``; ``fault`` says that the newest poll failed."""

    job: Job | None = None
    seen_at: datetime | None = None
    fault: Fault | None = None

    @property
    def answer(self) -> Job | Fault | None:
        """What is known of it: the job, why it is not, or nothing yet."""
        return self.job or self.fault


class JobTarget(Target):
    """Asks for one job with GetJob until it has told what it knows of an end that has come."""

    def __init__(self, ref: SessionRef) -> None:
        self.key = f"job of {ref.session_id}"
        self.schedule = Schedule(EVERY)
        self.observed = JobObserved()
        self._ref = ref

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        """Ask once; an answer is final, but for the last looks. A fault leaves the job that was known."""
        ref = self._ref
        answer = api if isinstance(api, Fault) else api.job(ref.farm_id, ref.queue_id, ref.job_id)
        if isinstance(answer, Fault):
            self.observed = JobObserved(self.observed.job, self.observed.seen_at, answer)
            return PollResult(answer)
        self.observed = JobObserved(answer, clock.now())
        return PollResult(final=True)
