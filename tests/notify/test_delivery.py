"""Messages on their way: tried until they arrive, kept over restarts, told by one of several programs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from farmwatch.alerts.alert import Notice, NoticeKind
from farmwatch.config.notify_table import TargetTable
from farmwatch.history.kept_messages import let_go
from farmwatch.history.recorder import Recorder
from farmwatch.history.store import MIGRATIONS, VERSION, History
from farmwatch.notify.delivery import AGAIN, GIVEN_UP_AFTER, HELD_FOR, MOST_WAITING, Delivery
from farmwatch.notify.failure import Failure
from farmwatch.notify.message import Message, message_of
from tests.alerts.facts import NOW
from tests.canned import HandClock
from tests.notify.receiver import Receiver, receiving
from tests.notify.test_message import an_alert
from tests.waiting import eventually

DOWN = Failure("HTTP 500 Internal Server Error")


class Door:
    """Takes messages, or refuses them."""

    def __init__(self) -> None:
        self.failure: Failure | None = None
        self.told: list[Message] = []
        self.asked = 0

    def __call__(self, message: Message) -> Failure | None:
        self.asked += 1
        if self.failure is None:
            self.told.append(message)
        return self.failure


class Program:
    """As much of a Farmwatch as delivers to one target."""

    def __init__(self, path: Path | None, clock: HandClock, owner: str = "one") -> None:
        self.clock = clock
        self.door = Door()
        self.owner = owner
        self.recorder = None if path is None else Recorder(path, clock=clock)
        self.delivery = Delivery("chat", TargetTable(webhook="http://h/"), clock, self.keep, owner, self.door)

    def keep(self, do: Callable[[sqlite3.Connection], object]) -> object:
        return None if self.recorder is None else self.recorder.ask(lambda history: history.change(do))

    def put(self, message: Message) -> None:
        self.delivery.put(message)
        self.delivery.run_due()

    def die(self) -> None:
        if self.recorder is not None:
            self.recorder.close()

    def end(self) -> None:
        self.delivery.close(0.0)
        self.keep(lambda database: let_go(database, self.owner))
        self.die()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history" / "history.sqlite"


@pytest.fixture
def start(path: Path, clock: HandClock) -> Iterator[Callable[..., Program]]:
    programs: list[Program] = []

    def begin(owner: str = "one") -> Program:
        programs.append(Program(path, clock, owner))
        return programs[-1]

    yield begin
    for one in programs:
        one.die()


def fired(number: int = 1, kind: NoticeKind = NoticeKind.FIRED, at: float = 0) -> Message:
    alert = an_alert(number)
    return message_of(Notice(kind, NOW + timedelta(seconds=at), (alert,)))


def test_what_arrives_waits_no_more(start: Callable[..., Program]) -> None:
    one = start()
    one.put(fired())
    assert one.door.told == [fired()]
    state = one.delivery.state
    assert (state.waiting, state.arrived, state.fault, state.arrived_at) == (0, 1, "", NOW)


def test_a_receiver_that_refuses_is_asked_ever_less_often(
    start: Callable[..., Program],
) -> None:
    one = start()
    one.door.failure = DOWN
    one.put(fired())
    waits = []
    for attempt in range(2, 12):
        waited = 0
        while one.door.asked < attempt:
            one.clock.move(1)
            waited += 1
            one.delivery.run_due()
        waits.append(waited)
    first, most = AGAIN
    assert first * 0.8 <= waits[0] <= first * 1.2 + 1
    assert most * 0.8 <= waits[-1] <= most * 1.2 + 1
    state = one.delivery.state
    assert (state.waiting, state.fault, state.failing_since, state.attempts) == (1, DOWN.words, NOW, 11)
    assert state.next_at is not None
    assert state.next_at > one.clock.now()
    assert state.is_kept
    one.door.failure = None
    one.clock.move(400)
    one.delivery.run_due()
    assert one.door.told == [fired()]
    assert one.delivery.state.failing_since is None


def test_a_receiver_is_left_alone_for_as_long_as_it_wants(start: Callable[..., Program]) -> None:
    one = start()
    one.door.failure = Failure("HTTP 429 Too Many Requests", 1000.0)
    one.put(fired())
    one.clock.move(990)
    one.put(fired(2))
    assert one.door.asked == 1
    one.clock.move(20)
    one.delivery.run_due()
    assert one.door.asked == 2


def test_what_is_resolved_takes_the_place_of_what_fired(
    start: Callable[..., Program],
) -> None:
    one = start()
    one.door.failure = DOWN
    one.put(fired())
    one.put(fired(kind=NoticeKind.RESOLVED, at=60))
    one.door.failure = None
    one.clock.move(60)
    one.delivery.run_due()
    assert [message.kind for message in one.door.told] == ["resolved"]


def test_a_message_that_nobody_takes_does_not_hold_up_the_others(start: Callable[..., Program]) -> None:
    one = start()
    bad = fired(1)
    one.delivery.send = lambda message: DOWN if message.id == bad.id else one.door(message)
    one.put(bad)
    for number in range(2, 6):
        one.put(fired(number))
    one.clock.move(10)
    one.delivery.run_due()
    assert len(one.door.told) == 4
    assert one.delivery.state.waiting == 1


def test_after_a_day_it_is_given_up_and_counted(start: Callable[..., Program]) -> None:
    one = start()
    one.door.failure = DOWN
    one.put(fired())
    one.clock.move(GIVEN_UP_AFTER.total_seconds() + 1)
    one.delivery.run_due()
    state = one.delivery.state
    assert (state.waiting, state.given_up) == (0, 1)
    two = start("two")
    one.clock.move(HELD_FOR.total_seconds() + 1)
    two.delivery.run_due()
    assert two.delivery.state.waiting == 0


def test_too_many_that_wait_are_given_up_from_the_oldest_on(clock: HandClock) -> None:
    one = Program(None, clock)
    one.door.failure = DOWN
    for number in range(MOST_WAITING + 5):
        one.delivery.put(replace(fired(), id=f"{number}", at=NOW + timedelta(seconds=number)))
    one.delivery.run_due()
    state = one.delivery.state
    assert (state.waiting, state.given_up) == (MOST_WAITING, 5)
    assert state.oldest_at == NOW + timedelta(seconds=5)
    assert not state.is_kept


# --- the history --------------------------------------------------------------------------------------------


def test_what_has_not_arrived_is_told_after_a_restart(start: Callable[..., Program]) -> None:
    one = start()
    one.door.failure = DOWN
    one.put(fired())
    one.end()
    one.clock.move(3600)
    again = start("again")
    again.delivery.run_due()
    assert again.door.told == [fired()]
    again.end()
    third = start("third")
    third.delivery.run_due()
    assert third.door.asked == 0


def test_what_a_killed_program_has_left_is_taken_over_when_it_is_surely_gone(
    start: Callable[..., Program],
) -> None:
    one = start()
    one.door.failure = DOWN
    one.put(fired())
    one.die()
    two = start("two")
    two.delivery.run_due()
    assert two.door.asked == 0
    one.clock.move(HELD_FOR.total_seconds() + 61)
    two.delivery.run_due()
    assert two.door.told == [fired()]


def test_a_program_that_lives_keeps_what_waits(start: Callable[..., Program]) -> None:
    one, two = start(), start("two")
    one.door.failure = DOWN
    one.put(fired())
    for _ in range(20):
        one.clock.move(30)
        one.delivery.run_due()
        two.delivery.run_due()
    assert two.door.asked == 0


def test_of_two_programs_on_one_history_one_tells(start: Callable[..., Program]) -> None:
    one, two = start(), start("two")
    one.put(fired())
    # The other one judges in its own time.
    two.put(fired(at=200))
    assert (len(one.door.told), len(two.door.told)) == (1, 0)
    two.put(fired(kind=NoticeKind.RESOLVED, at=400))
    one.put(fired(kind=NoticeKind.RESOLVED, at=410))
    assert (len(one.door.told), len(two.door.told)) == (1, 1)
    # It is not the same that fires a day later.
    two.put(fired(at=86_400))
    assert len(two.door.told) == 2
    two.put(fired(kind=NoticeKind.REPEATED, at=86_400 + 4 * 3600))
    one.put(fired(kind=NoticeKind.REPEATED, at=86_400 + 5 * 3600))
    assert (len(one.door.told), len(two.door.told)) == (1, 3)


def test_several_of_one_cause_are_told_where_any_of_them_is_news(start: Callable[..., Program]) -> None:
    one, two = start(), start("two")
    one.put(fired(1))
    several = message_of(Notice(NoticeKind.FIRED, NOW, (an_alert(1), an_alert(2)), "worker worker-1"))
    two.put(several)
    assert two.door.told == [several]
    one.put(fired(2, at=5))
    assert len(one.door.told) == 1


def test_without_a_history_it_is_told_all_the_same(clock: HandClock) -> None:
    one = Program(None, clock)
    one.put(fired())
    assert one.door.told == [fired()]


def test_what_could_not_be_kept_is_kept_as_soon_as_it_can_be(path: Path, clock: HandClock) -> None:
    one = Program(None, clock)
    one.door.failure = DOWN
    one.put(fired())
    assert not one.delivery.state.is_kept
    one.recorder = Recorder(path, clock=clock)
    one.clock.move(61)
    one.delivery.run_due()
    assert one.delivery.state.is_kept
    one.die()


def test_a_history_of_version_3_can_keep_messages(path: Path, start: Callable[..., Program]) -> None:
    path.parent.mkdir(parents=True)
    database = sqlite3.connect(path)
    for statement in (*(one for step in MIGRATIONS[:3] for one in step), "PRAGMA user_version = 3"):
        database.execute(statement)
    database.execute("INSERT INTO alerts VALUES ('a', 0, 'kept')")
    database.commit()
    database.close()
    one = start()
    one.door.failure = DOWN
    one.put(fired())
    assert one.delivery.state.is_kept
    one.end()
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert database.execute("SELECT value FROM alerts").fetchone() == ("kept",)
    database.close()


def test_a_move_to_version_4_that_is_cut_short_leaves_the_old_file_as_it_was(path: Path) -> None:
    path.parent.mkdir(parents=True)
    database = sqlite3.connect(path)
    for statement in (*(one for step in MIGRATIONS[:3] for one in step), "PRAGMA user_version = 3"):
        database.execute(statement)
    database.execute("CREATE TABLE told (id INTEGER)")
    database.commit()
    database.close()
    with pytest.raises(sqlite3.OperationalError):
        History(path, run="new")
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA user_version").fetchone() == (3,)
    assert not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'messages'").fetchall()
    database.close()


def test_no_address_is_in_the_history(path: Path, clock: HandClock) -> None:
    secret = "xoxb-very-secret"
    recorder = Recorder(path, clock=clock)

    def keep(do: Callable[[sqlite3.Connection], object]) -> object:
        return recorder.ask(lambda history: history.change(do))

    target = TargetTable(webhook=f"http://127.0.0.1:9/{secret}")
    one = Delivery("chat", target, clock, keep, "one", lambda _: Failure("HTTP 500"))
    one.put(fired())
    one.run_due()
    recorder.close()
    assert one.state.is_kept
    assert secret.encode() not in path.read_bytes()
    assert secret not in repr(one.state)


# --- its thread ---------------------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


def test_it_delivers_by_a_thread_of_its_own_and_ends_while_a_receiver_hangs(
    receiver: Receiver, path: Path, clock: HandClock
) -> None:
    recorder = Recorder(path, clock=clock)
    recorder.start()

    def keep(do: Callable[[sqlite3.Connection], object]) -> object:
        return recorder.ask(lambda history: history.change(do))

    one = Delivery("chat", TargetTable(webhook=receiver.url, timeout=60.0), clock, keep, "one")
    one.start()
    one.put(fired(1))
    eventually(lambda: one.state.arrived == 1)
    receiver.answers = [(0, {})]
    one.put(fired(2))
    eventually(lambda: len(receiver.asked) == 2)
    one.put(fired(3))
    one.close(0.05)
    keep(lambda database: let_go(database, "one"))
    receiver.answers = [(200, {})]
    told: list[Message] = []
    two = Delivery("chat", TargetTable(webhook="http://h/"), clock, keep, "two", lambda one: told.append(one))
    two.run_due()
    assert {message.id for message in told} == {fired(2).id, fired(3).id}
    recorder.close()
