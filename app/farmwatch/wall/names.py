"""The names of jobs and steps, each asked for once, a hundred a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from msgspec.structs import replace

from farmwatch.aws.model import Job, SessionRef
from farmwatch.wall.calls import Calls
from farmwatch.wall.entry import Entry
from farmwatch.wall.values import WallRow

BATCH = 100
"""What BatchGetJob and BatchGetStep take (service model)."""

REMEMBERED = 50_000
"""Names of jobs, and as many of steps; one that is let go of is asked for again where it is wanted."""


class Names:
    """What jobs and steps are called, and who has submitted the jobs."""

    def __init__(self) -> None:
        self._jobs: dict[str, tuple[str, str]] = {}
        self._steps: dict[str, str] = {}

    def job(self, job_id: str) -> str:
        """The job's name; empty before it is known."""
        return self._jobs.get(job_id, ("", ""))[0]

    def user(self, job_id: str) -> str:
        """Who has submitted the job; empty before it is known."""
        return self._jobs.get(job_id, ("", ""))[1]

    def step(self, step_id: str) -> str:
        """The step's name; empty before it is known."""
        return self._steps.get(step_id, "")

    def know(self, jobs: Iterable[Job]) -> None:
        """Take note of jobs that came with another answer."""
        self._jobs |= {job.job_id: (job.name, job.created_by) for job in jobs}

    def look(
        self, calls: Calls, refs: Iterable[SessionRef], steps: Iterable[tuple[SessionRef, str]]
    ) -> Iterator[None]:
        """Ask for the jobs of these sessions, and for these steps, that have no name yet."""
        for known in (self._jobs, self._steps):
            while len(known) > REMEMBERED:
                del known[next(iter(known))]
        jobs = {
            ref.job_id: (ref.farm_id, ref.queue_id, ref.job_id)
            for ref in refs
            if ref.job_id not in self._jobs
        }
        unknown = list(jobs.values())
        for first in range(0, len(unknown), BATCH):
            some = unknown[first : first + BATCH]
            found = calls.ask("BatchGetJob", calls.api.jobs_by_id, some)
            yield
            if found is None:
                break
            # One that is gone has no name any more, and is not asked for again.
            self._jobs |= {job_id: ("", "") for _, _, job_id in some}
            self.know(found.values())
        nameless = {
            step_id: (ref.farm_id, ref.queue_id, ref.job_id, step_id)
            for ref, step_id in steps
            if step_id not in self._steps
        }
        wanted = list(nameless.values())
        for first in range(0, len(wanted), BATCH):
            part = wanted[first : first + BATCH]
            names = calls.ask("BatchGetStep", calls.api.step_names, part)
            yield
            if names is None:
                return
            self._steps |= {step_id: "" for *_, step_id in part}
            self._steps |= names


def name_rows(
    entries: Iterable[Entry], names: Names, median: Callable[[str], tuple[timedelta | None, int]]
) -> tuple[WallRow, ...]:
    """The rows of these sessions, with the names of their jobs and steps, and how long tasks of those take,
    which ``median`` tells by the id of a step: looked up once for each, of which there are some hundreds
    where sessions are thousands."""
    jobs: dict[str, tuple[str, str]] = {}
    steps: dict[str, tuple[str, timedelta | None, int]] = {}
    rows: list[WallRow] = []
    for entry in entries:
        row = entry.row
        job_id, task = row.ref.job_id, row.task
        job = jobs.get(job_id)
        if job is None:
            job = jobs[job_id] = names.job(job_id), names.user(job_id)
        if task is None:
            step = row.step, row.median, row.siblings
        elif task.step_id in steps:
            step = steps[task.step_id]
        else:
            step = steps[task.step_id] = (names.step(task.step_id), *median(task.step_id))
        if (*job, *step) != (row.job, row.user, row.step, row.median, row.siblings):
            name, lasts, siblings = step
            row = replace(row, job=job[0], user=job[1], step=name, median=lasts, siblings=siblings)
            entry.row = row
        rows.append(row)
    return tuple(rows)
