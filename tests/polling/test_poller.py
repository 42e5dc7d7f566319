import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from farmwatch.aws.model import Fault, FaultKind
from farmwatch.polling.clock import Clock, SystemClock
from farmwatch.polling.poller import THREADS, Poller
from farmwatch.polling.schedule import RequestBudget, Schedule
from farmwatch.polling.target import PollResult, Target, TargetUpdate
from farmwatch.sessions.tracker import SessionTarget
from tests.canned import REF, CannedFarm, HandClock, a_fault, a_session
from tests.waiting import LONG

TWO_SECONDS = timedelta(seconds=2)


class Watch:
    """A poller without threads, whose clock is moved by hand."""

    def __init__(self, farm: CannedFarm) -> None:
        self.clock = HandClock()
        self.news: list[TargetUpdate] = []
        self.connections = 0
        self.farm = farm
        self.poller = Poller(self._connect, self.news.append, self.clock)
        self.target = SessionTarget(REF, TWO_SECONDS)

    def _connect(self) -> CannedFarm:
        self.connections += 1
        return self.farm

    def follow(self) -> None:
        self.poller.follow(self.target)
        self.poller.run_due()

    def move(self, seconds: float, step: float = 0.5) -> None:
        for _ in range(round(seconds / step)):
            self.clock.move(step)
            self.poller.run_due()


def test_a_target_is_asked_for_at_once_and_then_at_its_interval() -> None:
    watch = Watch(CannedFarm(session=a_session()))
    watch.follow()
    watch.move(10)
    assert watch.farm.count("session") == 6


def test_news_tell_when_the_next_poll_comes() -> None:
    watch = Watch(CannedFarm(session=a_session()))
    watch.follow()
    assert watch.news[-1].rhythm.next_at == watch.clock.now() + TWO_SECONDS


def test_a_final_session_is_asked_for_a_few_times_more_and_then_no_more() -> None:
    watch = Watch(CannedFarm(session=a_session(lifecycle_status="ENDED")))
    watch.follow()
    watch.move(60)
    assert (watch.farm.count("session"), watch.news[-1].rhythm.stopped) == (4, True)


def test_a_stopped_target_is_asked_for_when_somebody_wants_it_now() -> None:
    watch = Watch(CannedFarm(session=a_session(lifecycle_status="ENDED")))
    watch.follow()
    watch.move(60)
    watch.poller.now(watch.target.key)
    watch.poller.run_due()
    assert watch.farm.count("session") == 5


def test_a_paused_target_is_not_asked_for() -> None:
    watch = Watch(CannedFarm(session=a_session()))
    watch.follow()
    watch.poller.pause(watch.target.key, True)
    watch.move(60)
    assert (watch.farm.count("session"), watch.news[-1].rhythm.paused) == (1, True)


def test_a_dropped_target_is_not_asked_for() -> None:
    watch = Watch(CannedFarm(session=a_session()))
    watch.follow()
    watch.poller.drop(watch.target.key)
    watch.move(60)
    assert watch.farm.count("session") == 1


def test_a_shorter_interval_holds_from_the_poll_under_way() -> None:
    watch = Watch(CannedFarm(session=a_session()))
    watch.target.schedule.interval = timedelta(seconds=60)
    watch.follow()
    watch.poller.set_interval(watch.target.key, timedelta(seconds=1))
    watch.move(1)
    assert watch.farm.count("session") == 2


def test_an_answer_on_its_way_to_a_dropped_target_is_thrown_away() -> None:
    watch = Watch(CannedFarm())

    def drop_meanwhile(_: object) -> object:
        watch.poller.drop(watch.target.key)
        return a_session()

    watch.farm.answers["session"] = [drop_meanwhile]
    watch.follow()
    assert watch.news == []


def test_somebody_who_wants_it_now_during_a_call_gets_another_one() -> None:
    watch = Watch(CannedFarm())

    def ask_again(_: object) -> object:
        watch.poller.now(watch.target.key)
        watch.farm.answers["session"] = [a_session()]
        return a_session()

    watch.farm.answers["session"] = [ask_again]
    watch.follow()
    assert watch.farm.count("session") == 2


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        (FaultKind.NETWORK, 10, 70),
        (FaultKind.SERVICE, 10, 70),
        (FaultKind.BAD_REPLY, 10, 70),
        (FaultKind.LOGIN, 11, 41),
        (FaultKind.SETUP, 11, 41),
        (FaultKind.CLOCK, 10, 11),
        (FaultKind.INTERNAL, 10, 70),
        (FaultKind.DENIED, 6, 6),
        (FaultKind.GONE, 6, 6),
        (FaultKind.REFUSED, 6, 6),
    ],
)
def test_a_fault_is_met_with_a_back_off_of_its_kind(kind: FaultKind, least: int, most: int) -> None:
    watch = Watch(CannedFarm(session=a_fault(kind)))
    watch.follow()
    watch.move(600, step=1)
    assert least <= watch.farm.count("session") <= most


def test_the_wait_that_the_service_asks_for_is_obeyed() -> None:
    slow = a_fault(FaultKind.SLOW_DOWN, retry_after=timedelta(seconds=120))
    watch = Watch(CannedFarm(session=[slow, a_session()]))
    watch.follow()
    watch.move(119)
    assert watch.farm.count("session") == 1
    watch.move(2)
    assert watch.farm.count("session") == 2


def test_when_the_service_says_slower_no_target_asks() -> None:
    slow = a_fault(FaultKind.SLOW_DOWN, retry_after=timedelta(seconds=60))
    watch = Watch(CannedFarm(session=slow))
    watch.follow()
    other = SessionTarget(replace(REF, session_id="session-" + "0" * 32), TWO_SECONDS)
    watch.poller.follow(other)
    watch.move(50)
    assert watch.farm.count("session") == 1


def test_after_any_fault_a_good_answer_comes_by_itself() -> None:
    watch = Watch(CannedFarm(session=[a_fault(), a_fault(), a_fault(), a_session()]))
    watch.follow()
    watch.move(60)
    assert watch.news[-1].observed.fault is None


@pytest.mark.parametrize("kind", [FaultKind.GONE, FaultKind.REFUSED])
def test_what_stays_not_found_or_refused_for_an_hour_is_asked_for_no_more(kind: FaultKind) -> None:
    watch = Watch(CannedFarm(session=a_fault(kind)))
    watch.follow()
    watch.move(3600, step=5)
    asked = watch.farm.count("session")
    assert 14 <= asked <= 18
    watch.move(2 * 3600, step=30)
    assert watch.farm.count("session") <= asked + 1
    assert watch.news[-1].rhythm.stopped


@pytest.mark.parametrize("kind", [FaultKind.DENIED, FaultKind.GONE, FaultKind.REFUSED])
def test_what_is_denied_refused_or_not_found_is_asked_for_soon_and_then_every_five_minutes(
    kind: FaultKind,
) -> None:
    watch = Watch(CannedFarm(session=a_fault(kind)))
    watch.follow()
    asked_at = []
    for second in range(900):
        before = watch.farm.count("session")
        watch.move(1, step=1)
        if watch.farm.count("session") > before:
            asked_at.append(second + 1)
    assert asked_at == [5, 20, 50, 110, 410, 710]
    watch.poller.now(watch.target.key)
    watch.move(7, step=1)
    assert watch.farm.count("session") == 1 + len(asked_at) + 2, "somebody wants to know: soon again"


@pytest.mark.parametrize(("kind", "connections"), [(FaultKind.LOGIN, 2), (FaultKind.NETWORK, 1)])
def test_only_a_needed_login_is_tried_with_a_new_connection(kind: FaultKind, connections: int) -> None:
    watch = Watch(CannedFarm(session=[a_fault(kind), a_session()]))
    watch.follow()
    watch.move(30)
    assert (watch.connections, watch.news[-1].observed.fault) == (connections, None)


def test_a_connection_that_cannot_be_made_is_told_as_a_fault_and_tried_again() -> None:
    watch = Watch(CannedFarm(session=a_session()))
    answers: list[CannedFarm | Fault] = [a_fault(FaultKind.SETUP), watch.farm]
    watch.poller = Poller(lambda: answers.pop(0), watch.news.append, watch.clock)
    watch.follow()
    assert watch.news[-1].observed.fault.kind is FaultKind.SETUP
    watch.move(20)
    assert watch.news[-1].observed.session == a_session()


def test_a_stumble_of_the_monitor_itself_does_not_end_the_polling() -> None:
    watch = Watch(CannedFarm())

    def stumble(_: object) -> object:
        watch.farm.answers["session"] = [a_session()]
        raise ZeroDivisionError

    watch.farm.answers["session"] = [stumble]
    watch.follow()
    watch.move(5)
    assert watch.news[-1].observed.session == a_session()


def test_a_spent_budget_delays_a_poll_that_nobody_waits_for() -> None:
    watch = Watch(CannedFarm(session=a_session()))
    watch.follow()
    for _ in range(200):
        watch.poller.budget.spend(watch.clock.monotonic())
    watch.move(20)
    assert watch.farm.count("session") == 1
    watch.poller.now(watch.target.key)
    watch.poller.run_due()
    assert watch.farm.count("session") == 2, "what somebody waits for overdraws the budget"
    watch.move(40)
    assert watch.farm.count("session") > 5


@pytest.mark.parametrize(("answer", "polls"), [(a_session(), 2), (a_fault(), 1)])
def test_soon_is_sooner_than_the_interval_but_not_than_a_back_off(answer: object, polls: int) -> None:
    watch = Watch(CannedFarm(session=answer))
    watch.follow()
    watch.poller.soon(watch.target.key, 0.5)
    watch.move(1)
    assert watch.farm.count("session") == polls


def test_threads_poll_and_end_when_told_to() -> None:
    told = threading.Event()
    others = set(threading.enumerate())
    poller = Poller(lambda: CannedFarm(session=a_session()), lambda _: told.set(), HandClock())
    poller.start()
    poller.follow(SessionTarget(REF, TWO_SECONDS))
    assert told.wait(LONG)
    own = [thread for thread in threading.enumerate() if thread.name.startswith("poller-")]
    own = [thread for thread in own if thread not in others]
    assert own
    poller.stop()
    for thread in own:
        thread.join(LONG)
        assert not thread.is_alive()


class Counted(Target):
    """A target of its own making: ``during`` happens in the middle of every poll."""

    def __init__(
        self, key: str, told: list[str], *, rank: int = 0, budget: RequestBudget | None = None
    ) -> None:
        self.key = key
        self.schedule = Schedule(TWO_SECONDS)
        self.observed: Any = None
        self.rank = rank
        self.polled = PollResult()
        self.during: Callable[[], None] = lambda: None
        self._told = told
        self.budget = budget

    def poll(self, asked: object, clock: Clock) -> PollResult:
        self._told.append(self.key)
        if self.budget is not None:
            self.budget.spend(clock.monotonic())
        self.during()
        return self.polled


def following(*targets: Counted) -> Watch:
    watch = Watch(CannedFarm())
    for target in targets:
        watch.poller.follow(target)
    return watch


def test_a_budget_holds_back_only_the_targets_that_live_on_it() -> None:
    told: list[str] = []
    eager = Counted("eager", told, budget=RequestBudget(rate=1.0, burst=1.0))
    eager.polled = PollResult(again_in=0.0)
    watch = following(eager, Counted("other", told))
    watch.poller.run_due()
    watch.move(10)
    assert (told.count("eager"), told.count("other")) == (11, 6)
    told.clear()
    for _ in range(200):
        watch.poller.budget.spend(watch.clock.monotonic())
    watch.move(10)
    assert (told.count("eager"), told.count("other")) == (10, 0)


def test_a_service_that_says_slower_holds_back_only_those_of_that_budget() -> None:
    told: list[str] = []
    budget = RequestBudget()
    slowed = Counted("slowed", told, budget=budget)
    # Whatever the target would like: the service comes first.
    slowed.polled = PollResult(a_fault(FaultKind.SLOW_DOWN, retry_after=timedelta(seconds=60)), again_in=0.0)
    watch = following(slowed, Counted("beside", told, budget=budget), Counted("other", told))
    watch.poller.run_due()
    watch.poller.now("slowed")
    watch.move(59)
    assert [told.count(key) for key in ("slowed", "beside", "other")] == [1, 0, 30]


def test_a_budget_that_was_spent_opens_for_some_requests_together() -> None:
    budget = RequestBudget(rate=2.0, burst=5.0, together=3.0)
    for _ in range(4):
        assert budget.wait(0.0) == 0
        budget.spend(0.0)
    assert budget.wait(0.0) == 0, "one is left"
    budget.spend(0.0)
    assert budget.wait(0.0) == pytest.approx(1.5)
    assert budget.wait(1.0) == pytest.approx(0.5)
    for _ in range(3):
        assert budget.wait(1.5) == 0
        budget.spend(1.5)
    assert budget.wait(1.5) == pytest.approx(1.5)


def test_a_step_after_which_no_more_is_known_tells_nothing() -> None:
    target = Counted("it", [])
    watch = following(target)
    watch.poller.run_due()
    watch.news.clear()
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        target.observed = "another" if steps == 3 else target.observed
        target.polled = PollResult(is_step=steps < 5, again_in=0.0 if steps < 5 else None)

    target.during = step
    watch.move(2)
    assert steps == 5
    assert [news.observed for news in watch.news] == ["another", "another"], "what was learnt, and the end"


def test_while_one_goes_from_step_to_step_the_others_are_asked_in_time() -> None:
    stepping, other = Counted("stepping", []), Counted("other", [])
    other.schedule = Schedule(timedelta(seconds=0.02))
    asked, is_held = threading.Semaphore(0), threading.Event()
    steps = count()

    def step() -> None:
        stepping.polled = PollResult(is_step=True, again_in=0.0)
        if next(steps) == 2:
            is_held.set()
            for _ in range(5):
                assert asked.acquire(timeout=LONG)
            enough.set()

    def note() -> None:
        if is_held.is_set():
            asked.release()

    enough = threading.Event()
    stepping.during, other.during = step, note
    poller = Poller(CannedFarm, lambda _: None, SystemClock(), RequestBudget(rate=1000.0, burst=1000.0))
    for one in (stepping, other):
        poller.follow(one)
    poller.start()
    assert enough.wait(LONG)
    poller.stop()


def test_requests_of_the_last_minute_are_those_of_every_budget_that_is_known() -> None:
    watch, known = following(), RequestBudget()
    watch.poller.other_budgets.append(known)
    for budget in (watch.poller.budget, known, known, RequestBudget()):
        budget.spend(watch.clock.monotonic())
    watch.clock.move(59)
    assert watch.poller.requests_last_minute() == 3
    watch.clock.move(2)
    assert watch.poller.requests_last_minute() == 0


def test_of_what_is_due_the_lowest_rank_goes_first() -> None:
    told: list[str] = []
    watch = following(Counted("behind", told, rank=1), Counted("in sight", told, rank=0))
    watch.poller.run_due()
    assert told == ["in sight", "behind"]
    watch.clock.move(2)
    watch.poller.now("behind")
    watch.poller.run_due()
    assert told[2:] == ["behind", "in sight"], "what somebody waits for goes before any rank"


def test_of_the_same_rank_what_has_waited_longest_goes_first() -> None:
    told: list[str] = []
    sooner = Counted("sooner", told)
    watch = following(Counted("later", told), sooner)
    sooner.schedule.interval = timedelta(seconds=1)
    watch.poller.run_due()
    watch.clock.move(10)
    watch.poller.run_due()
    assert told == ["later", "sooner", "sooner", "later"]


def test_a_target_that_is_followed_again_while_it_is_polled_is_polled_once_at_a_time() -> None:
    told: list[str] = []
    meanwhile: list[int] = []
    target = Counted("it", told)
    watch = following(target)

    def again() -> None:
        target.during = lambda: None
        watch.poller.drop("it")
        watch.poller.follow(target)
        meanwhile.append(watch.poller.run_due())

    target.during = again
    watch.poller.run_due()
    assert (told, meanwhile) == (["it", "it"], [0])


def test_threads_never_poll_one_target_at_once() -> None:
    told: list[str] = []
    begun, looked, may_end, again = (threading.Event() for _ in range(4))
    target, other = Counted("it", told), Counted("other", told, rank=1)

    def stay() -> None:
        begun.set()
        assert may_end.wait(LONG)

    target.during = stay
    other.during = looked.set
    poller = Poller(CannedFarm, lambda _: None, HandClock())
    poller.start()
    poller.follow(target)
    assert begun.wait(LONG)
    poller.drop("it")
    poller.follow(target)
    poller.follow(other)
    # By its rank it would go first: who polls the other one has passed it over.
    assert looked.wait(LONG)
    assert told == ["it", "other"]
    target.during = again.set
    may_end.set()
    assert again.wait(LONG)
    poller.stop()


def test_what_one_answer_makes_due_keeps_every_thread_at_work() -> None:
    others = [Counted(str(number), []) for number in range(THREADS)]
    first = Counted("it", [])
    first.polled = PollResult(wakes=tuple(one.key for one in others))
    for one in (first, *others):
        # So seldom that who sleeps until then is not awake in time by itself.
        one.schedule = Schedule(timedelta(hours=1))
    settled = threading.Semaphore(0)
    poller = Poller(CannedFarm, lambda _: settled.release(), SystemClock())
    poller.start()
    for one in others:
        poller.follow(one)
        assert settled.acquire(timeout=LONG)
    # All at once, or none of them ever comes to its end.
    at_once = threading.Event()
    together = threading.Barrier(THREADS, action=at_once.set, timeout=LONG)
    for one in others:
        one.during = together.wait  # type: ignore[assignment]
    poller.follow(first)
    assert at_once.wait(LONG)
    poller.stop()


@pytest.mark.parametrize(("paused", "polls"), [(True, 2), (False, 4)])
def test_following_the_same_target_again_asks_at_once_and_keeps_its_rhythm(paused: bool, polls: int) -> None:
    told: list[str] = []
    target = Counted("it", told)
    watch = following(target)
    watch.poller.run_due()
    watch.poller.set_interval("it", timedelta(seconds=5))
    watch.poller.pause("it", paused)
    watch.poller.follow(target)
    watch.poller.run_due()
    assert (len(told), watch.news[-1].rhythm.paused) == (2, paused)
    watch.move(14)
    assert len(told) == polls


def test_following_anew_what_is_final_asks_nothing_and_a_wish_for_it_does() -> None:
    told: list[str] = []
    target = Counted("it", told)
    target.polled = PollResult(final=True)
    watch = following(target)
    watch.move(600)
    asked = len(told)
    watch.poller.follow(target)
    watch.move(600)
    assert len(told) == asked
    watch.poller.now("it")
    watch.move(1)
    assert len(told) == asked + 1


@pytest.mark.parametrize("final", [False, True])
@pytest.mark.parametrize("fault", [None, a_fault(), a_fault(FaultKind.GONE), a_fault(FaultKind.LOGIN)])
def test_a_target_may_say_when_it_goes_on(fault: Fault | None, final: bool) -> None:
    told: list[str] = []
    target = Counted("it", told)
    target.polled = PollResult(fault, final, again_in=5.0)
    watch = following(target)
    watch.poller.run_due()
    watch.move(4.5)
    assert len(told) == 1
    watch.move(50.5)
    assert len(told) == 12, "also what is final, or not found, and would be asked for no more"
