"""Sessions that are watched together: few calls, one commit, and an answer of its own for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec.structs import replace

from farmwatch.aws.model import Fault, FaultKind, Session, SessionRef
from farmwatch.history.events import Event, NoRecords, Watched
from farmwatch.polling.poller import Poller
from farmwatch.sessions.tracker import SessionGroup, SessionTarget
from tests.canned import REF, CannedFarm, HandClock, a_fault, a_session

REFS = [replace(REF, session_id=f"session-{n:032x}") for n in range(250)]
TEN = timedelta(seconds=10)


class Commits(NoRecords):
    """Counts what is written down at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def record(self, entries: Sequence[Event], watched: Sequence[Watched]) -> None:
        self.sizes.append(len(entries))


class Night:
    """Sessions that are followed together on one connection."""

    def __init__(self, refs: Sequence[SessionRef], interval: timedelta = TEN) -> None:
        self.clock = HandClock()
        self.faults: dict[str, Fault] = {}
        self.whole: Fault | None = None
        self.farm = CannedFarm(session=self.one, sessions_by_id=self.many)
        self.commits = Commits()
        self.told: list[str] = []
        self.poller = Poller(lambda: self.farm, lambda news: self.told.append(news.key), self.clock)
        group = SessionGroup(self.commits)
        self.targets = [SessionTarget(ref, interval, group=group) for ref in refs]
        for target in self.targets:
            self.poller.follow(target)

    def one(self, ref: SessionRef) -> Session | Fault:
        return self.faults.get(ref.session_id) or a_session(session_id=ref.session_id)

    def many(self, refs: Sequence[SessionRef]) -> Mapping[str, Session | Fault] | Fault:
        return self.whole or {ref.session_id: self.one(ref) for ref in refs}

    def run(self, seconds: float) -> None:
        """Let time pass, second by second."""
        for _ in range(round(seconds)):
            self.poller.run_due()
            self.clock.move(1)

    @property
    def calls(self) -> list[int]:
        """How many sessions each call was about."""
        sizes = {"session": lambda _: 1, "sessions_by_id": len}
        return [sizes[name](asked) for name, asked, *_ in self.farm.asked if name in sizes]


def test_hundreds_of_sessions_are_had_a_hundred_a_call_and_written_down_a_commit_a_call() -> None:
    night = Night(REFS)
    night.run(1)
    assert night.calls == [100, 100, 50]
    assert night.commits.sizes == [100, 100, 50]
    assert all(target.observed.session is not None for target in night.targets)
    night.run(30)
    assert night.calls == [100, 100, 50] * 4
    assert set(night.told) == {ref.session_id for ref in REFS}


def test_one_session_alone_is_had_by_the_single_call() -> None:
    night = Night(REFS[:1])
    night.run(15)
    assert night.calls == [1, 1]


def test_sessions_that_were_followed_at_different_times_come_together() -> None:
    night = Night(REFS[:1])
    night.run(7)
    group = night.targets[0].group
    late = [SessionTarget(ref, TEN, group=group) for ref in REFS[1:4]]
    for target in late:
        night.poller.follow(target)
    night.run(33)
    assert night.calls == [1, 4, 4, 4, 4]


def test_what_befalls_one_session_is_its_own() -> None:
    night = Night(REFS[:3])
    night.faults[REFS[1].session_id] = a_fault(FaultKind.GONE, operation="BatchGetSession")
    night.run(1)
    faults = [target.observed.fault for target in night.targets]
    assert faults[0] is faults[2] is None
    assert faults[1] is not None
    assert faults[1].kind is FaultKind.GONE
    del night.faults[REFS[1].session_id]
    night.poller.now(REFS[1].session_id)
    night.run(1)
    assert night.targets[1].observed.fault is None
    assert not any(trouble.is_open for trouble in night.targets[1].observed.errors)


def test_where_there_is_no_call_for_many_each_is_asked_for_alone() -> None:
    night = Night(REFS[:5])
    night.whole = a_fault(FaultKind.DENIED, operation="BatchGetSession")
    night.run(1)
    assert night.calls == [5, 1, 1, 1, 1, 1]
    assert all(target.observed.fault is None for target in night.targets)
    night.whole = None
    night.run(330)
    assert night.calls[-1] == 5


def test_sessions_that_lost_the_service_together_are_asked_for_together_again() -> None:
    night = Night(REFS[:50])
    night.run(1)
    night.whole = a_fault(FaultKind.NETWORK, operation="BatchGetSession")
    night.run(120)
    assert set(night.calls) == {50}
    night.whole = None
    night.run(120)
    assert set(night.calls) == {50}
    assert all(target.observed.fault is None for target in night.targets)


def test_a_call_that_hangs_is_given_up_for_all_whom_it_was_about() -> None:
    night = Night(REFS[:3])
    night.run(1)

    def hang(refs: Sequence[SessionRef]) -> Mapping[str, Session | Fault]:
        night.clock.move(31)
        night.poller.look_after()
        return {ref.session_id: a_session(session_id=ref.session_id) for ref in refs}

    night.farm.answers["sessions_by_id"] = [hang]
    night.clock.move(10)
    night.poller.run_due()
    kinds = [target.observed.fault and target.observed.fault.kind for target in night.targets]
    assert kinds == [FaultKind.HUNG] * 3
