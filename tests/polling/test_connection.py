"""Calls and credentials that hang, a clock that jumps: none of it keeps a thread, and all of it is seen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from farmwatch.aws.api import OPERATIONS, DeadlineApi
from farmwatch.aws.fault_source import CONNECTION
from farmwatch.aws.model import Fault, FaultKind
from farmwatch.polling import connection as doors
from farmwatch.polling.clock import Clock
from farmwatch.polling.connection import hung_call
from farmwatch.polling.poller import Poller
from farmwatch.polling.target import PollResult, Target, TargetUpdate
from farmwatch.sessions.tracker import SessionTarget
from tests.canned import REF, CannedFarm, HandClock, a_session
from tests.waiting import LONG, eventually

TWO_SECONDS = timedelta(seconds=2)


class Held:
    """A call that does not return before it is let go."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.entered = threading.Event()
        self.go = threading.Event()
        self.thread: threading.Thread | None = None

    def __call__(self, *_: Any) -> Any:
        self.thread = threading.current_thread()
        self.entered.set()
        assert self.go.wait(LONG)
        return self.answer


class Watch:
    """A poller with its real threads, on a clock that is moved by hand."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self.clock = HandClock()
        self.news: list[TargetUpdate] = []
        self.connections = 0
        self._connect_to = connect
        self.poller = Poller(self._connect, self.news.append, self.clock)
        self.target = SessionTarget(REF, TWO_SECONDS)

    def _connect(self) -> Any:
        self.connections += 1
        return self._connect_to()

    @property
    def fault(self) -> Fault | None:
        found: Fault | None = self.news[-1].observed.fault if self.news else None
        return found


def test_a_call_that_hangs_is_given_up_and_asked_anew_over_a_new_connection() -> None:
    held = Held(a_session(lifecycle_status="ENDED"))
    farm = CannedFarm(session=[held, a_session()])
    watch = Watch(lambda: farm)
    watch.poller.start()
    watch.poller.follow(watch.target)
    assert held.entered.wait(LONG)
    watch.clock.move(31)
    eventually(lambda: watch.fault is not None)
    assert watch.fault is not None
    assert (watch.fault.kind, watch.fault.code) == (FaultKind.HUNG, "CallHung")
    assert watch.fault.source.words == "GetSession"
    watch.clock.move(61)
    eventually(lambda: watch.fault is None)
    assert watch.connections == 2
    held.go.set()
    assert held.thread is not None
    held.thread.join(LONG)
    assert not held.thread.is_alive(), "its thread is nobody's either"
    watch.poller.stop()
    told = [news.observed.session.lifecycle_status for news in watch.news if news.observed.session]
    assert set(told) == {"STARTED"}, "the answer that came too late is nobody's"
    assert [moment.status for moment in watch.target.observed.moments] == ["STARTED"]


def test_a_call_that_takes_its_time_is_waited_for() -> None:
    held = Held(a_session())
    watch = Watch(lambda: CannedFarm(session=held))
    watch.poller.start()
    watch.poller.follow(watch.target)
    assert held.entered.wait(LONG)
    watch.clock.move(29)
    watch.poller.look_after()
    held.go.set()
    eventually(lambda: watch.news)
    watch.poller.stop()
    assert (watch.fault, watch.connections) == (None, 1)


def test_not_every_thread_is_given_up_for_calls_that_never_return(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farmwatch.polling.poller.GIVEN_UP_AT_MOST", 0)
    held = Held(a_session())
    watch = Watch(lambda: CannedFarm(session=held))
    watch.poller.start()
    watch.poller.follow(watch.target)
    assert held.entered.wait(LONG)
    watch.clock.move(100)
    watch.poller.look_after()
    held.go.set()
    eventually(lambda: watch.news)
    watch.poller.stop()
    assert watch.fault is None


def test_credentials_that_do_not_come_are_said_and_come_after_all(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(CannedFarm(session=a_session()))
    watch = Watch(held)
    watch.poller.start()
    watch.poller.follow(watch.target)
    assert held.entered.wait(LONG)
    watch.clock.move(doors.PATIENCE + 1)
    eventually(lambda: watch.fault is not None)
    assert watch.fault is not None
    assert watch.fault.kind is FaultKind.CREDENTIALS
    held.go.set()
    eventually(lambda: watch.fault is None)
    watch.poller.stop()
    assert watch.connections == 1, "it is the same connection that came after all"


def test_a_call_that_hung_is_called_by_its_operation_and_every_question_has_one() -> None:
    questions = {name for name in vars(DeadlineApi) if not name.startswith("_")}
    assert set(OPERATIONS) == questions - {"skew", "close"}, "these ask nothing"
    assert hung_call(31, OPERATIONS["session_actions"]).source.words == "ListSessionActions"
    assert hung_call(31).source is CONNECTION


class Broken(Target):
    """A target with a fault of its own."""

    def __init__(self) -> None:
        self.key = "broken"
        self.schedule = SessionTarget(REF, TWO_SECONDS).schedule
        self.observed: Any = None

    def poll(self, asked: Any, clock: Clock) -> PollResult:
        if isinstance(asked, Fault):
            self.observed = asked
            return PollResult(asked)
        raise ZeroDivisionError


def test_a_fault_of_the_monitors_own_is_seen_by_whatever_it_befell() -> None:
    news: list[TargetUpdate] = []
    clock = HandClock()
    poller = Poller(CannedFarm, news.append, clock)
    poller.follow(Broken())
    poller.run_due()
    assert (news[-1].observed.code, news[-1].observed.kind) == ("ZeroDivisionError", FaultKind.INTERNAL)
    clock.move(60)
    assert poller.run_due() == 1, "and it is asked again"


class Sockets(CannedFarm):
    """A farm whose sockets can be dropped."""

    dropped = 0

    def close(self) -> None:
        self.dropped += 1


@pytest.mark.parametrize(
    ("passed", "by_the_clock", "dropped"),
    [(1, 1, 0), (1, 4, 0), (1, 3600, 1), (1, -3600, 1), (600, 600, 1)],
    ids=["a second", "set a little", "asleep", "set back", "stopped"],
)
def test_after_a_jump_of_the_clock_sockets_are_dropped_and_all_is_asked_at_once(
    passed: float, by_the_clock: float, dropped: int
) -> None:
    farm, clock, news = Sockets(session=a_session()), HandClock(), list[TargetUpdate]()
    poller = Poller(lambda: farm, news.append, clock)
    poller.follow(SessionTarget(REF, timedelta(hours=1)))
    poller.run_due()
    poller.look_after()
    clock.move(passed)
    clock.jump(by_the_clock - passed)
    poller.look_after()
    assert (farm.dropped, poller.run_due()) == (dropped, dropped)


def test_quitting_does_not_wait_for_calls_that_hang() -> None:
    held = Held(a_session())
    watch = Watch(lambda: CannedFarm(session=held))
    watch.poller.start()
    watch.poller.follow(watch.target)
    assert held.entered.wait(LONG)
    watch.poller.stop()
    assert held.thread is not None
    assert held.thread.is_alive(), "it is still under way"
    held.go.set()
