"""Connections of a Monitor: each by itself, looked at again and again, and more of them while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from farmwatch.aws.model import Farm, Fault, FaultKind, Page, Who
from farmwatch.monitor.monitor import Monitor, OpenConnection
from farmwatch.monitor.update import ConnectionRef, Update
from tests.canned import FARM_ID, REF, START, CannedFarm, HandClock, a_fault, a_session
from tests.waiting import LONG

FARM = Farm(FARM_ID, "Northlight", START, "jo")


def opened(farm: CannedFarm | Fault) -> OpenConnection:
    def open_it(on_request: Callable[[], None], on_identity: Callable[[Who], None]) -> Any:
        return farm

    return open_it


def test_each_is_looked_at_by_itself() -> None:
    clock = HandClock()
    east = CannedFarm(farms=a_fault(FaultKind.LOGIN))
    west = CannedFarm(farms=Page((FARM,), next="more"))
    monitor = Monitor({"west": opened(west), "east": opened(east)}, clock=clock)
    updates: list[Update] = []
    monitor.subscribe(updates.append)
    monitor.check_connections()
    monitor.run_due()
    assert monitor.in_trouble == ("east",)
    assert (monitor.connection("west").observed.farms, monitor.connection("west").observed.more) == (1, True)
    assert {update.subject for update in updates} == {ConnectionRef("west"), ConnectionRef("east")}
    for _ in range(60):
        clock.move(1)
        monitor.run_due()
    assert west.count("farms") == 5, "at once, and every 15 s"


def test_one_that_is_added_later_is_looked_at_too() -> None:
    monitor = Monitor({"west": opened(CannedFarm(farms=Page((FARM,))))}, clock=HandClock())
    monitor.check_connections()
    monitor.add_connection("east", opened(a_fault(FaultKind.DENIED)))
    monitor.run_due()
    assert monitor.connections == ("west", "east")
    assert monitor.in_trouble == ("east",)
    with pytest.raises(ValueError, match="already"):
        monitor.add_connection("east", opened(a_fault()))


def test_a_login_without_a_list_is_tried_by_its_farm() -> None:
    farm = CannedFarm(farms=a_fault(FaultKind.DENIED), farm=FARM)
    monitor = Monitor({"west": opened(farm)}, clock=HandClock())
    monitor.identify("west", Who("studio", "", "us-west-2"), FARM_ID)
    monitor.check_connections()
    monitor.run_due()
    assert monitor.in_trouble == ()
    assert farm.asked == [("farm", FARM_ID)]
    assert monitor.who("west").profile == "studio"


@contextmanager
def running(monitor: Monitor) -> Iterator[Monitor]:
    monitor.start()
    try:
        yield monitor
    finally:
        monitor.stop()


def test_one_that_hangs_holds_up_no_other() -> None:
    never = threading.Event()

    def hangs(on_request: Callable[[], None], on_identity: Callable[[Who], None]) -> Any:
        never.wait()
        return a_fault()

    seen = threading.Event()
    monitor = Monitor({"stuck": hangs, "west": opened(CannedFarm(session=a_session()))})
    ref = replace(REF, connection="west")

    def hear(update: Update) -> None:
        if update.subject == ref and update.snapshot.session.session is not None:
            seen.set()

    monitor.subscribe(hear)
    with running(monitor):
        stuck = monitor.watch_session(replace(REF, connection="stuck"))
        with closing(monitor.watch_session(ref)):
            assert seen.wait(LONG)
            assert stuck.snapshot.session.session is None
        stuck.close()
    never.set()


def test_two_sessions_of_one_id_on_two_connections_are_two() -> None:
    west, east = CannedFarm(session=a_session()), CannedFarm(session=a_session(lifecycle_status="ENDED"))
    monitor = Monitor({"west": opened(west), "east": opened(east)}, clock=HandClock())
    one = monitor.watch_session(replace(REF, connection="west"))
    other = monitor.watch_session(replace(REF, connection="east"))
    monitor.run_due()
    statuses = [handle.snapshot.session.session for handle in (one, other)]
    assert [one.lifecycle_status for one in statuses if one is not None] == ["STARTED", "ENDED"]
