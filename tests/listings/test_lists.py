from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch.aws.model import (
    ACTIVE_TASK_RUN_STATUSES,
    DEFAULT_CONNECTION,
    Fault,
    FaultKind,
    Job,
    JobSearch,
    Page,
    Session,
    SessionRef,
    SessionSummary,
)
from farmwatch.aws.session_action import SessionAction
from farmwatch.listings.jobs import FAILED, Jobs
from farmwatch.listings.lists import ListTarget, NameTarget, Sessions
from farmwatch.listings.pages import Listing
from farmwatch.listings.session_facts import FailedActions, HostFinder
from tests.canned import (
    FARM_ID,
    JOB_ID,
    QUEUE_ID,
    START,
    CannedFarm,
    HandClock,
    a_fault,
    a_job,
    a_session,
    a_summary,
    an_action,
    present,
)

SEARCH = JobSearch(FARM_ID, QUEUE_ID)
Row = TypeVar("Row", Job, SessionSummary)
FIVE_SECONDS = timedelta(seconds=5)


@dataclass(frozen=True)
class Thing:
    key: str


def things(*keys: object) -> tuple[Thing, ...]:
    return tuple(Thing(str(key)) for key in keys)


def keys(listing: Listing[Thing]) -> list[str]:
    return [thing.key for thing in listing.items()]


# --- pages --------------------------------------------------------------------------------------------


def test_pages_are_put_one_behind_the_other() -> None:
    listing: Listing[Thing] = Listing()
    listing.take(0, None, Page(things(1, 2), "b"), START)
    listing.take(1, "b", Page(things(3)), START)
    assert (keys(listing), listing.is_complete) == (["1", "2", "3"], True)


def test_what_comes_in_above_pushes_nothing_out_of_the_list() -> None:
    listing: Listing[Thing] = Listing()
    listing.take(0, None, Page(things(1, 2), "b"), START)
    listing.take(1, "b", Page(things(3, 4)), START)
    listing.take(0, None, Page(things(0, 1), "b"), START)
    assert keys(listing) == ["0", "1", "2", "3", "4"]


def test_what_is_gone_goes_when_its_page_is_asked_for() -> None:
    listing: Listing[Thing] = Listing()
    listing.take(0, None, Page(things(1, 2, 3)), START)
    listing.take(0, None, Page(things(1, 3)), START)
    assert keys(listing) == ["1", "3"]


def test_a_list_that_became_shorter_loses_its_later_pages() -> None:
    listing: Listing[Thing] = Listing()
    listing.take(0, None, Page(things(1, 2), "b"), START)
    listing.take(1, "b", Page(things(3, 4)), START)
    listing.take(0, None, Page(things(1)), START)
    assert (keys(listing), listing.pages) == (["1"], 1)


page_of_keys = st.lists(st.integers(0, 12), max_size=5)


@given(st.lists(st.tuples(st.integers(0, 3), page_of_keys, st.booleans()), max_size=25))
def test_no_item_is_ever_there_twice(taken: list[tuple[int, list[int], bool]]) -> None:
    listing: Listing[Thing] = Listing()
    for index, found, more in taken:
        index = min(index, listing.pages)
        listing.take(index, str(index), Page(things(*found), f"{index + 1}" if more else None), START)
        assert len(keys(listing)) == len(set(keys(listing)))
        assert set(map(str, found)) <= set(keys(listing))


# --- jobs ---------------------------------------------------------------------------------------------


RUNNING_FIRST = (ACTIVE_TASK_RUN_STATUSES,)


def a_list() -> ListTarget[Job]:
    return ListTarget("jobs", Jobs(SEARCH, RUNNING_FIRST), FIVE_SECONDS)


def searched(busy: int, others: int, failed: int = 0) -> CannedFarm:
    """A queue whose SearchJobs gives pages of 100."""

    def search(search: JobSearch, offset: int) -> Page[Job]:
        found = [a_job(n, "RUNNING") for n in range(busy)] + [a_job(1000 + n) for n in range(others)]
        found += [a_job(9000 + n, "FAILED") for n in range(failed)]
        found = [
            job
            for job in found
            if (not search.only or job.task_run_status in search.only)
            and job.task_run_status not in search.without
        ]
        page = found[offset : offset + search.limit]
        following = offset + 100 if offset + 100 < len(found) else None
        return Page(tuple(page), None if following is None else str(following), len(found))

    return CannedFarm(search_jobs=search)


def polled(target: ListTarget[Row], farm: CannedFarm, clock: HandClock, times: int = 1) -> ListTarget[Row]:
    for _ in range(times):
        target.poll(farm, clock)
        clock.move(5)
    return target


def test_running_jobs_come_before_the_others() -> None:
    target = polled(a_list(), searched(3, 200), HandClock())
    statuses = [job.task_run_status for job in target.observed.items]
    assert statuses == ["RUNNING"] * 3 + ["SUCCEEDED"] * 100


def test_the_first_page_is_shown_before_the_rest_is_asked_for() -> None:
    target = polled(a_list(), searched(3, 4997), HandClock())
    observed = target.observed
    assert (len(observed.items), observed.total, observed.active) == (103, 5000, 3)


def test_more_is_loaded_only_when_it_is_wanted() -> None:
    farm, clock = searched(150, 500), HandClock()
    target = polled(a_list(), farm, clock, times=3)
    assert len(target.observed.items) == 100
    target.want(101)
    polled(target, farm, clock)
    assert len(target.observed.items) == 250


def test_a_refresh_asks_only_for_the_first_page_and_the_pages_in_sight() -> None:
    farm, clock = searched(0, 1000), HandClock()
    target = a_list()
    target.want(1000)
    polled(target, farm, clock, times=10)
    target.look_at([a_job(1000 + 555).key])
    farm.asked.clear()
    polled(target, farm, clock)
    offsets = [(search.only, offset) for _, search, offset in farm.asked if search.limit > 1]
    assert offsets == [(ACTIVE_TASK_RUN_STATUSES, 0), ((), 0), ((), 500)]


def test_where_searching_is_denied_jobs_are_listed() -> None:
    denied = a_fault(FaultKind.DENIED, operation="SearchJobs")
    farm = CannedFarm(search_jobs=denied, list_jobs=Page((a_job(1), a_job(2))))
    target = polled(a_list(), farm, HandClock(), times=2)
    assert len(target.observed.items) == 2
    assert "SearchJobs is denied" in target.observed.note
    assert farm.count("search_jobs") == 1


def test_a_fault_keeps_the_rows_and_their_age() -> None:
    farm, clock = searched(3, 10), HandClock()
    target = polled(a_list(), farm, clock)
    farm.answers["search_jobs"] = [a_fault()]
    polled(target, farm, clock)
    observed = target.observed
    assert (len(observed.items), observed.seen_at, observed.fault) == (13, START, a_fault())


# --- sessions -----------------------------------------------------------------------------------------


def listed(count: int) -> CannedFarm:
    """A job whose ListSessions gives pages of 100."""

    def sessions(farm_id: str, queue_id: str, job_id: str, token: str | None) -> Page[SessionSummary]:
        offset = int(token or 0)
        found = [a_summary(n) for n in range(offset, min(offset + 100, count))]
        return Page(tuple(found), str(offset + 100) if offset + 100 < count else None)

    def by_id(refs: list[SessionRef]) -> dict[str, Session]:
        return {ref.session_id: a_session(session_id=ref.session_id) for ref in refs}

    return CannedFarm(sessions=sessions, sessions_by_id=by_id)


def a_sessions_target() -> ListTarget[SessionSummary]:
    source = Sessions(DEFAULT_CONNECTION, FARM_ID, QUEUE_ID, JOB_ID)
    return ListTarget("sessions", source, FIVE_SECONDS, HostFinder(source.ref))


def test_sessions_are_loaded_whole_because_the_service_does_not_sort_them() -> None:
    target = polled(a_sessions_target(), listed(300), HandClock(), times=3)
    assert (len(target.observed.items), target.observed.complete) == (300, True)


def test_all_hosts_are_asked_for_a_hundred_at_a_time_once_somebody_looks_for_one() -> None:
    farm, clock, target = listed(250), HandClock(), a_sessions_target()
    target.look_at([a_summary(n).key for n in range(20)])
    target.look_everywhere()
    polled(target, farm, clock, times=6)
    assert (len(target.observed.hosts), farm.count("sessions_by_id")) == (250, 3)


def test_hosts_are_asked_for_once_and_only_for_rows_in_sight() -> None:
    farm, clock, target = listed(300), HandClock(), a_sessions_target()
    in_sight = [a_summary(n).key for n in range(20)]
    target.look_at(in_sight)
    polled(target, farm, clock, times=6)
    assert (sorted(target.observed.hosts), farm.count("sessions_by_id")) == (sorted(in_sight), 1)


def test_sessions_that_the_batch_leaves_out_stand_in_nobodys_way() -> None:
    farm, clock, target = listed(110), HandClock(), a_sessions_target()
    left_out = {a_summary(n).key for n in range(105)}

    def by_id(refs: list[SessionRef]) -> dict[str, Session]:
        ids = [ref.session_id for ref in refs]
        return {one: a_session(session_id=one) for one in ids if one not in left_out}

    farm.answers["sessions_by_id"] = [by_id]
    target.look_everywhere()
    polled(target, farm, clock, times=6)
    assert sorted(target.observed.hosts) == sorted(a_summary(n).key for n in range(105, 110))
    # All of them in two batches, and what was left out not again before a minute is over.
    assert farm.count("sessions_by_id") == 2


def test_denied_hosts_leave_the_list_as_it_is() -> None:
    farm = listed(10)
    farm.answers["sessions_by_id"] = [a_fault(FaultKind.DENIED)]
    target = polled(a_sessions_target(), farm, HandClock(), times=5)
    # At once, after 5 and after 15 seconds more.
    assert (len(target.observed.items), target.observed.fault, farm.count("sessions_by_id")) == (10, None, 3)


def test_a_place_in_a_list_that_is_forgotten_is_found_again_at_once() -> None:
    clock, target = HandClock(), a_sessions_target()
    tokens = iter(["t1", "t2", "t3", "t4"])
    known: set[str | None] = {None}

    def sessions(farm_id: str, queue_id: str, job_id: str, token: str | None) -> Any:
        if token not in known:
            return a_fault(FaultKind.REFUSED, operation="ListSessions", code="ValidationException")
        if token is not None:
            return Page((a_summary(2),))
        known.add(following := next(tokens))
        return Page((a_summary(1),), following)

    farm = CannedFarm(sessions=sessions, sessions_by_id={})
    polled(target, farm, clock)
    known.discard("t1")
    polled(target, farm, clock, times=2)
    assert target.observed.fault is None
    assert [one.key for one in target.observed.items] == [a_summary(1).key, a_summary(2).key]


def test_a_name_is_asked_for_until_it_is_known() -> None:
    farm = CannedFarm(job=[a_fault(), a_job(7)])
    target = NameTarget("name", lambda asked: asked.job(FARM_ID, QUEUE_ID, JOB_ID))
    assert target.poll(farm, HandClock()).fault == a_fault()
    assert target.poll(farm, HandClock()).final
    assert target.observed == a_job(7).name


# --- what is counted ------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [(), RUNNING_FIRST, (FAILED, ACTIVE_TASK_RUN_STATUSES)])
def test_running_and_failed_jobs_are_counted_in_every_order(first: tuple[tuple[str, ...], ...]) -> None:
    farm = searched(3, 200, failed=7)
    target = polled(ListTarget("jobs", Jobs(SEARCH, first), FIVE_SECONDS), farm, HandClock())
    assert (target.observed.active, target.observed.failed) == (3, 7)


def test_counting_takes_a_call_for_each_count_every_fifteen_seconds() -> None:
    farm, clock = searched(3, 200, failed=7), HandClock()
    polled(ListTarget("jobs", Jobs(SEARCH), FIVE_SECONDS), farm, clock, times=12)
    counts = [search for _, search, _ in farm.asked if search.limit == 1]
    assert len(counts) == 2 * 4
    assert farm.count("search_jobs") == 12 + 2 * 4


def test_a_count_that_fails_is_not_known_and_the_list_is_fine() -> None:
    farm, clock = searched(3, 20), HandClock()
    search = farm.answers["search_jobs"][0]
    farm.answers["search_jobs"] = [lambda one, at: a_fault() if one.limit == 1 else search(one, at)]
    target = polled(ListTarget("jobs", Jobs(SEARCH), FIVE_SECONDS), farm, clock)
    assert (target.observed.active, target.observed.failed, target.observed.fault) == (None, None, None)


# --- failed actions of sessions -------------------------------------------------------------------------


def a_counting_target(farm_sessions: list[SessionSummary]) -> tuple[CannedFarm, ListTarget[SessionSummary]]:
    farm = CannedFarm(
        sessions=lambda *_: Page(tuple(farm_sessions)),
        session_actions=Page((an_action(0), an_action(1, "FAILED"))),
    )
    source = Sessions(DEFAULT_CONNECTION, FARM_ID, QUEUE_ID, JOB_ID)
    return farm, ListTarget(
        "sessions", source, FIVE_SECONDS, HostFinder(source.ref), FailedActions(source.ref)
    )


def test_failed_actions_of_a_session_that_is_over_are_counted_once() -> None:
    over = [a_summary(n, lifecycle_status="ENDED", ended_at=START) for n in range(3)]
    farm, target = a_counting_target(over)
    polled(target, farm, HandClock(), times=50)
    assert [present(count).failed for count in target.observed.failures.values()] == [1, 1, 1]
    assert farm.count("session_actions") == 3


def test_failed_actions_are_counted_again_when_a_session_changed_and_every_minute_while_it_lives() -> None:
    sessions, clock = [a_summary(1)], HandClock()
    farm, target = a_counting_target(sessions)
    polled(target, farm, clock, times=12)
    assert farm.count("session_actions") == 1
    polled(target, farm, clock)
    assert farm.count("session_actions") == 2
    sessions[0] = a_summary(1, lifecycle_status="ENDED", ended_at=START)
    polled(target, farm, clock, times=50)
    assert farm.count("session_actions") == 3


def many_actions(farm: CannedFarm, pages: list[Page[SessionAction]]) -> list[str | None]:
    """Have the farm list these pages; the tokens that it is asked for from now on."""
    asked: list[str | None] = []

    def page(_: object, token: str | None = None) -> Page[SessionAction] | Fault:
        asked.append(token)
        return pages[int(token or "0")] if int(token or "0") < len(pages) else a_fault(FaultKind.REFUSED)

    farm.answers["session_actions"] = [page]
    return asked


def a_page(number: int, *statuses: str, last: bool = False) -> Page[SessionAction]:
    actions = tuple(an_action(100 * number + place, status) for place, status in enumerate(statuses))
    return Page(actions, next=None if last else str(number + 1))


def counts(target: ListTarget[SessionSummary]) -> list[tuple[int, bool]]:
    found = map(present, target.observed.failures.values())
    return [(count.failed, count.more) for count in found]


def test_all_pages_of_a_session_are_counted_and_what_is_over_once() -> None:
    farm, target = a_counting_target([a_summary(1)])
    pages = [
        a_page(0, "FAILED", "SUCCEEDED"),
        a_page(1, "FAILED", "NEVER_ATTEMPTED"),
        a_page(2, "FAILED", "RUNNING"),
        a_page(3, "ASSIGNED", last=True),
    ]
    asked, clock = many_actions(farm, pages), HandClock()
    polled(target, farm, clock, times=12)
    assert counts(target) == [(3, False)]
    assert asked == [None, "1", "2", "3"]
    pages[2] = a_page(2, "FAILED", "FAILED")
    polled(target, farm, clock)
    assert counts(target) == [(4, False)]
    assert asked[4:] == ["2", "3"]
    polled(target, farm, clock, times=12)
    assert asked[6:] == ["3"], "the page before was over meanwhile"


def test_a_count_that_takes_more_calls_than_one_poll_may_goes_on_with_the_next_and_says_so() -> None:
    farm, target = a_counting_target([a_summary(1)])
    pages = [a_page(number, "FAILED", last=number == 24) for number in range(25)]
    asked, clock = many_actions(farm, pages), HandClock()
    told = []
    for _ in range(4):
        polled(target, farm, clock)
        told += counts(target)
    assert told == [(10, True), (20, True), (25, False), (25, False)]
    assert len(asked) == 25


def test_a_place_in_the_actions_that_the_service_has_forgotten_is_found_anew() -> None:
    farm, target = a_counting_target([a_summary(1)])
    pages = [a_page(0, "FAILED"), a_page(1, "RUNNING", last=True)]
    asked, clock = many_actions(farm, pages), HandClock()
    polled(target, farm, clock)
    pages[:] = [a_page(0, "FAILED", "FAILED", last=True)]
    polled(target, farm, clock, times=30)
    assert counts(target) == [(2, False)]
    assert asked[:4] == [None, "1", "1", None]


def test_where_actions_may_not_be_listed_it_is_asked_seldom() -> None:
    farm, target = a_counting_target([a_summary(1), a_summary(2)])
    farm.answers["session_actions"] = [a_fault(FaultKind.DENIED)]
    clock = HandClock()
    polled(target, farm, clock, times=24)
    assert target.observed.failures[a_summary(1).key] is None
    # At once, and after 5, 15, 30 and 60 seconds.
    before = farm.count("session_actions")
    assert before == 5
    polled(target, farm, clock, times=50)
    assert farm.count("session_actions") == before
