"""The tail of a log: nothing lost, nothing doubled, and no more asked than is good."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any, cast

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from farmwatch.aws.model import FaultKind
from farmwatch.logs import tail as tails
from farmwatch.logs.store import LogStore
from farmwatch.logs.tail import LogTail
from farmwatch.polling.poller import Poller
from farmwatch.polling.schedule import RequestBudget
from tests.canned import START, HandClock, a_fault
from tests.logs.model_log import SOURCE, ModelLog


class Follow:
    """A tail, polled by a poller on a clock moved by hand."""

    def __init__(
        self, log: ModelLog, *, budget: RequestBudget | None = None, store: LogStore | None = None
    ) -> None:
        self.log = log
        self.clock = HandClock()
        self.tail = LogTail(SOURCE, budget or RequestBudget(rate=1000, burst=1000), store=store)
        farm: Any = log
        self.poller = Poller(lambda: farm, lambda news: None, self.clock)
        self.poller.follow(self.tail)
        self.poller.run_due()

    def move(self, seconds: float, step: float = 1.0) -> None:
        for _ in range(round(seconds / step)):
            self.clock.move(step)
            self.poller.run_due()

    def wish(self, more: bool) -> None:
        if more:
            self.poller.now(self.tail.key)
            self.poller.run_due()

    @property
    def lines(self) -> list[tuple[int, str]]:
        store = self.tail.store
        return [(store.at(number), store.text(number)) for number in range(store.first, store.end)]


def test_a_short_log_is_read_whole() -> None:
    log = ModelLog()
    log.fill(40)
    follow = Follow(log)
    follow.move(5)
    assert follow.lines == log.lines
    assert follow.tail.observed.whole


def test_a_log_of_a_single_moment_is_read_whole() -> None:
    log = ModelLog(page_events=7)
    log.fill(40, every=0)
    follow = Follow(log)
    follow.move(5)
    assert follow.lines == log.lines


def test_the_end_of_a_long_log_comes_with_the_first_request() -> None:
    log = ModelLog()
    log.fill(30_000)
    tail, farm = LogTail(SOURCE, RequestBudget()), cast("Any", log)
    tail.poll(farm, HandClock())
    assert log.requests == 1
    assert tail.store.text(tail.store.end - 1) == "line 29999"


def test_a_log_is_filled_and_followed_also_where_its_turn_comes_rarely() -> None:
    log = ModelLog(page_events=1_000)
    log.fill(4_000)
    follow = Follow(log, budget=RequestBudget(rate=1 / 60, burst=1))
    follow.tail.want_time(float("-inf"))
    for number in range(5):
        log.add(10**6 + number, f"new {number}")
        follow.move(120, 10)
    follow.move(1800, 10)
    assert follow.lines == log.lines
    assert follow.tail.observed.whole


def test_older_lines_are_read_when_they_are_wanted() -> None:
    log = ModelLog()
    log.fill(30_000)
    follow = Follow(log)
    follow.move(5)
    assert len(follow.tail.store) < 5_000
    follow.wish(follow.tail.want_lines(follow.tail.store.first - 1))
    follow.move(3)
    assert 5_000 < len(follow.tail.store) < 30_000
    follow.wish(follow.tail.want_time(float("-inf")))
    follow.move(10)
    assert follow.lines == log.lines
    assert follow.tail.observed.whole
    assert not follow.tail.observed.filling


def test_what_is_new_comes_without_asking_for_the_old_again() -> None:
    log = ModelLog()
    log.fill(100)
    follow = Follow(log)
    follow.move(5)
    read = log.read
    log.fill(50, at=10_000)
    follow.move(5)
    assert follow.lines == log.lines
    assert log.read == read + 50


def test_a_late_event_is_found() -> None:
    log = ModelLog()
    log.fill(100, every=1000)
    follow = Follow(log)
    follow.move(10)
    log.fill(3, at=100_000)
    log.add(60_500, "late")
    follow.move(120)
    assert Counter(follow.lines) == Counter(log.lines)
    assert follow.lines[-1] == (60_500, "late")


def test_a_late_event_is_found_in_a_log_that_is_never_silent() -> None:
    log = ModelLog()
    log.fill(100, every=1000)
    follow = Follow(log)
    for second in range(400):
        log.add(100_000 + 1000 * second, f"busy {second}")
        if second == 100:
            log.add(100_000 + 1000 * 40, "late")
        follow.move(1)
    follow.move(20)
    assert Counter(follow.lines) == Counter(log.lines)


def test_an_expired_token_loses_and_doubles_nothing() -> None:
    log = ModelLog()
    log.fill(100)
    follow = Follow(log)
    follow.move(5)
    log.expire_tokens()
    log.fill(50, at=900)
    follow.move(10)
    assert Counter(follow.lines) == Counter(log.lines)
    assert follow.tail.observed.fault is None
    assert follow.tail.observed.lost == 1


def test_a_stream_that_is_not_there_yet_is_looked_for_and_found() -> None:
    log = ModelLog()
    log.exists = False
    follow = Follow(log)
    assert follow.tail.observed.fault is not None
    assert follow.tail.observed.fault.kind is FaultKind.GONE
    follow.move(60)
    assert log.requests < 10
    log.exists = True
    log.fill(5)
    follow.move(15)
    assert follow.lines == log.lines
    assert follow.tail.observed.fault is None


def test_a_silent_log_is_asked_for_less_and_less() -> None:
    log = ModelLog()
    log.fill(5)
    follow = Follow(log)
    follow.move(30)
    early = log.requests
    follow.move(600)
    before = log.requests
    follow.move(600)
    assert early > 10
    assert log.requests - before <= 41


def test_a_log_of_a_final_session_is_drained_and_left() -> None:
    log = ModelLog()
    log.fill(5)
    follow = Follow(log)
    follow.tail.session_is_final = True
    follow.tail.session_ended_at = follow.clock.now()
    follow.move(30)
    assert not follow.tail.observed.over
    log.fill(2, at=500)
    follow.move(200)
    assert follow.tail.observed.over
    assert follow.lines == log.lines
    requests = log.requests
    follow.move(600)
    assert log.requests == requests


def test_an_empty_log_of_a_session_long_over_is_left_at_once() -> None:
    log = ModelLog()
    follow = Follow(log)
    follow.tail.session_is_final = True
    follow.tail.session_ended_at = START - timedelta(hours=1)
    follow.move(20)
    assert follow.tail.observed.over
    assert follow.tail.observed.whole


def test_a_busy_log_is_read_in_pages_not_in_handfuls() -> None:
    log = ModelLog()
    log.fill(10)
    follow = Follow(log)
    follow.move(3)
    requests = log.requests
    for second in range(20):
        log.fill(100, at=1000 * (second + 1), every=1)
        follow.move(1, step=0.1)
    assert log.requests - requests <= 25


def test_one_budget_holds_for_all_logs() -> None:
    log = ModelLog(page_events=10)
    log.fill(2_000)
    budget = RequestBudget(rate=5, burst=5)
    follow = Follow(log, budget=budget)
    follow.tail.want_time(float("-inf"))
    follow.move(10, step=0.1)
    assert log.requests <= 5 + 5 * 10 + 1


def test_a_full_store_reads_no_further_back() -> None:
    log = ModelLog()
    log.fill(9_000)
    follow = Follow(log, store=LogStore(most_lines=3_000))
    follow.wish(follow.tail.want_time(float("-inf")))
    follow.move(20)
    requests = log.requests
    follow.move(20)
    assert log.requests - requests < 20
    assert follow.lines[-1] == log.lines[-1]
    assert not follow.tail.observed.filling


# --- whatever happens -----------------------------------------------------------------------------------


class TailMachine(RuleBasedStateMachine):
    """Whatever a log does, in the end the tail has every event once, and those in time in their order."""

    @initialize(
        page=st.integers(1, 12),
        count=st.integers(0, 60),
        every=st.sampled_from([0, 1, 500]),
        first_page=st.sampled_from([3, 10, 2000]),
    )
    def begin(self, page: int, count: int, every: int, first_page: int) -> None:
        self._first_page, tails.FIRST_PAGE = tails.FIRST_PAGE, first_page
        self._filled, tails.FILLED_AT_ONCE = tails.FILLED_AT_ONCE, 20
        self.log = ModelLog(page_events=page)
        self.newest = 1_000_000
        self.texts = 0
        self.late: set[tuple[int, str]] = set()
        self.append(count, every, same=False)
        self.follow = Follow(self.log)

    @rule(count=st.integers(1, 20), every=st.sampled_from([0, 1, 700]), same=st.booleans())
    def append(self, count: int, every: int, same: bool) -> None:
        for _ in range(count):
            self.newest += every
            self.texts += 1
            self.log.add(self.newest, "again" if same else f"text {self.texts}")

    @precondition(lambda self: self.log.events)
    @rule(by=st.integers(1, 60_000), same=st.booleans())
    def append_late(self, by: int, same: bool) -> None:
        self.texts += 1
        at = max(self.newest - by, self.log.events[0][0])
        text = "again" if same else f"late {self.texts}"
        self.late.add((at, text))
        self.log.add(at, text)

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        self.follow.move(seconds)

    @rule()
    def expire(self) -> None:
        self.log.expire_tokens()

    @rule(count=st.integers(1, 4))
    def come_empty(self, count: int) -> None:
        self.log.empty = count

    @rule(kind=st.sampled_from(list(FaultKind)), count=st.integers(1, 3))
    def fail(self, kind: FaultKind, count: int) -> None:
        self.log.faults += [a_fault(kind, operation="GetLogEvents", retry_after=timedelta(seconds=2))] * count

    @rule()
    def vanish_and_return(self) -> None:
        self.log.exists = False
        self.follow.move(5)
        self.log.exists = True

    @rule(back=st.integers(1, 30))
    def want(self, back: int) -> None:
        self.follow.wish(self.follow.tail.want_lines(self.follow.tail.store.first - back))

    @rule()
    def restart(self) -> None:
        self.late.clear()
        self.follow = Follow(self.log)

    @invariant()
    def nothing_is_there_twice(self) -> None:
        if hasattr(self, "follow"):
            assert not Counter(self.follow.lines) - Counter(self.log.lines)

    def teardown(self) -> None:
        if not hasattr(self, "follow"):
            return
        try:
            self.log.faults.clear()
            follow = self.follow
            follow.poller.now(follow.tail.key)
            follow.tail.want_time(float("-inf"))
            follow.poller.run_due()
            follow.move(400, step=5)
            follow.tail.session_is_final = True
            follow.move(300, step=5)
            assert follow.tail.observed.fault is None
            assert Counter(follow.lines) == Counter(self.log.lines)
            in_time = [line for line in follow.lines if line not in self.late]
            assert in_time == [line for line in self.log.lines if line not in self.late]
            assert follow.tail.observed.over
        finally:
            tails.FIRST_PAGE, tails.FILLED_AT_ONCE = self._first_page, self._filled


TailMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=30)
test_nothing_is_lost_and_nothing_doubled = pytest.mark.long(
    pytest.mark.filterwarnings("error")(TailMachine.TestCase)
)


def test_a_log_that_is_denied_is_asked_for_soon_and_then_every_five_minutes() -> None:
    class Denied(ModelLog):
        asked = 0

        def log_page(self, *_: Any, **__: Any) -> Any:
            self.asked += 1
            return a_fault(FaultKind.DENIED, operation="GetLogEvents", code="AccessDeniedException")

    log = Denied()
    follow = Follow(log)
    asked_at, seen = [0], 1
    for second in range(1, 900):
        follow.move(1)
        if log.asked > seen:
            asked_at.append(second)
            seen = log.asked
    assert asked_at == [0, 5, 20, 50, 110, 410, 710]
