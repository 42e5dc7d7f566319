"""Finding jobs of a whole farm by their names."""

from __future__ import annotations

from farmwatch.aws.model import FaultKind, Job, JobSearch, Page, Queue
from farmwatch.listings.job_finder import JobFinder
from farmwatch.listings.place import Place
from farmwatch.polling.target import PollResult
from tests.canned import FARM_ID, START, CannedFarm, HandClock, a_fault, a_job

QUEUES = tuple(Queue(f"queue-{n:032x}", f"queue {n}", "IDLE", None, START, "mira") for n in range(12))
JOBS = tuple(a_job(n, queue_id=QUEUES[n].queue_id) for n in range(12))


def find(search: JobSearch, offset: int) -> Page[Job]:
    assert offset == 0
    queues = (search.queue_id, *search.other_queue_ids)
    assert len(queues) <= 10
    found = tuple(job for job in JOBS if job.queue_id in queues and search.text in job.name)
    return Page(found, None, len(found))


def a_farm() -> CannedFarm:
    pages = [Page(QUEUES[:7], "more"), Page(QUEUES[7:])]
    return CannedFarm(queues=pages, search_jobs=find)


def polled(finder: JobFinder, farm: CannedFarm) -> list[PollResult]:
    """How every poll went, until it had no more to ask."""
    results = [finder.poll(farm, HandClock())]
    while results[-1].again_in is not None:
        results.append(finder.poll(farm, HandClock()))
    return results


def test_all_queues_of_the_farm_are_searched_ten_a_call_and_one_call_a_poll() -> None:
    farm, finder = a_farm(), JobFinder("jobs", "west", FARM_ID)
    finder.look_for("sq010")
    results = polled(finder, farm)
    assert (len(results), farm.count("queues"), farm.count("search_jobs")) == (4, 2, 2)
    assert results[-1].final
    found = finder.observed
    assert (found.text, found.is_complete, found.total) == ("sq010", True, 12)
    assert found.jobs[11].place == Place("west", FARM_ID, QUEUES[11].queue_id, JOBS[11].job_id)
    assert (found.jobs[11].name, found.jobs[11].queue) == (JOBS[11].name, "queue 11")


def test_another_text_begins_anew_and_the_queues_are_known_by_then() -> None:
    farm, finder = a_farm(), JobFinder("jobs", "west", FARM_ID)
    finder.look_for("sq010")
    polled(finder, farm)
    finder.look_for("sh0003")
    polled(finder, farm)
    assert [job.name for job in finder.observed.jobs] == [JOBS[3].name]
    assert farm.count("queues") == 2


def test_when_it_is_done_not_even_last_looks_follow() -> None:
    farm, finder = a_farm(), JobFinder("jobs", "west", FARM_ID)
    finder.look_for("sq010")
    waits = []
    for _ in range(4):
        result = finder.poll(farm, HandClock())
        waits.append(finder.schedule.after(None, now=0.0, final=result.final))
    assert result.final
    assert waits[-1] is None


def test_a_fault_leaves_what_was_found_and_the_call_is_made_again() -> None:
    farm, finder = a_farm(), JobFinder("jobs", "west", FARM_ID)
    farm.answers["search_jobs"] = [find, a_fault(FaultKind.DENIED), find]
    finder.look_for("sq010")
    assert polled(finder, farm)[-1].fault == a_fault(FaultKind.DENIED)
    assert (len(finder.observed.jobs), finder.observed.fault) == (10, a_fault(FaultKind.DENIED))
    polled(finder, farm)
    assert (len(finder.observed.jobs), finder.observed.fault) == (12, None)


def test_a_farm_without_queues_has_no_jobs() -> None:
    farm, finder = CannedFarm(queues=Page(())), JobFinder("jobs", "west", FARM_ID)
    finder.look_for("sq010")
    polled(finder, farm)
    assert (finder.observed.jobs, finder.observed.is_complete) == ((), True)
    assert farm.count("search_jobs") == 0
