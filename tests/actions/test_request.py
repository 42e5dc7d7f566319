"""A request that changes something: made once, told as it is, and written down."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from farmwatch.actions.request import Outcome, Requested
from farmwatch.actions.wishes import CANCELED, READY, EndSession, UpdateJob, UpdateTask, Wish, confirmed
from farmwatch.aws.model import FaultKind
from farmwatch.history.events import Event, EventKind
from farmwatch.history.recorder import Recorder
from farmwatch.listings.place import Place
from farmwatch.monitor.monitor import Monitor
from farmwatch.monitor.update import RequestRef, Update
from farmwatch.polling.poller import HUNG_AFTER
from farmwatch.words.history import happened
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, REF, STEP_ID, CannedFarm, HandClock, a_fault, a_session
from tests.monitor.stage import Watching
from tests.waiting import LONG, eventually

END = EndSession(REF)
REQUEUE = UpdateTask(REF, STEP_ID, "task-" + STEP_ID[5:] + "-3", READY)
CANCEL = UpdateJob(REF.connection, FARM_ID, QUEUE_ID, JOB_ID, CANCELED)
EVERY: list[tuple[str, Wish]] = [("end_session", END), ("update_task", REQUEUE), ("update_job", CANCEL)]


def told(watching: Watching) -> list[Requested]:
    """What was told of requests."""
    return [one.snapshot.observed for one in watching.updates if isinstance(one.subject, RequestRef)]


def written(watching: Watching) -> list[tuple[str | None, str | None]]:
    return [(one.old, one.new) for one in watching.notebook.entries if one.kind is EventKind.REQUEST]


@pytest.mark.parametrize(("name", "wish"), EVERY)
def test_a_wish_is_sent_once_under_its_token_and_written_down(name: str, wish: Wish) -> None:
    watching = Watching(**{name: [None]})
    sent = confirmed(wish)
    watching.monitor.act(sent)
    watching.run(5000)
    (asked,) = [one for one in watching.farm.asked if one[0] == name]
    assert asked[-1] == sent.token
    assert [one.outcome for one in told(watching)] == [Outcome.TAKEN]
    assert written(watching) == [(None, "ASKED"), ("ASKED", "TAKEN")]
    assert watching.monitor.targets == (), "it is over"


def test_every_confirmation_is_a_wish_of_its_own() -> None:
    assert confirmed(END).token != confirmed(END).token


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (FaultKind.REFUSED, Outcome.REFUSED),
        (FaultKind.GONE, Outcome.REFUSED),
        (FaultKind.DENIED, Outcome.DENIED),
        (FaultKind.LOGIN, Outcome.NOT_DONE),
        (FaultKind.SLOW_DOWN, Outcome.NOT_DONE),
        (FaultKind.NETWORK, Outcome.NOT_KNOWN),
        (FaultKind.SERVICE, Outcome.NOT_KNOWN),
        (FaultKind.BAD_REPLY, Outcome.NOT_KNOWN),
        (FaultKind.INTERNAL, Outcome.NOT_KNOWN),
    ],
)
def test_what_came_of_it_is_told_as_far_as_it_is_known_and_it_is_not_repeated(
    kind: FaultKind, outcome: Outcome
) -> None:
    watching = Watching(end_session=[a_fault(kind, code="NoSuchLuck"), None])
    watching.monitor.act(confirmed(END))
    watching.run(5000)
    assert watching.farm.count("end_session") == 1
    assert [one.outcome for one in told(watching)] == [outcome]
    assert written(watching)[-1] == ("ASKED", f"{outcome}: NoSuchLuck")


def test_without_a_connection_nothing_is_sent_and_it_says_so() -> None:
    clock = HandClock()
    updates: list[Update] = []
    monitor = Monitor({REF.connection: lambda *_: a_fault(FaultKind.LOGIN)}, clock=clock)
    monitor.subscribe(updates.append)
    monitor.act(confirmed(END))
    monitor.run_due()
    outcomes = [one.snapshot.observed.outcome for one in updates if isinstance(one.subject, RequestRef)]
    assert outcomes == [Outcome.NOT_DONE]


class Hanging(CannedFarm):
    """Its answer to a wish does not come until it is let."""

    def __init__(self, **answers: Any) -> None:
        super().__init__(**answers)
        self.entered, self.go = threading.Event(), threading.Event()

    def end_session(self, *asked: Any) -> None:
        super().end_session(*asked)
        self.entered.set()
        self.go.wait(LONG)


def test_a_request_that_hangs_is_given_up_as_not_known_and_not_repeated() -> None:
    farm, clock = Hanging(end_session=[None]), HandClock()
    updates: list[Update] = []
    monitor = Monitor({REF.connection: lambda *_: farm}, clock=clock)
    monitor.subscribe(updates.append)
    monitor.start()
    monitor.act(confirmed(END))
    assert farm.entered.wait(LONG)
    clock.move(HUNG_AFTER + 1)

    def outcomes() -> list[Outcome | None]:
        return [one.snapshot.observed.outcome for one in updates if isinstance(one.subject, RequestRef)]

    eventually(outcomes)
    farm.go.set()
    clock.move(3600)
    eventually(lambda: not monitor.targets)
    monitor.stop()
    assert outcomes() == [Outcome.NOT_KNOWN]
    assert farm.count("end_session") == 1


def test_what_becomes_of_a_session_is_asked_for_at_once() -> None:
    watching = Watching(end_session=[None])
    watching.monitor.watch_session(REF)
    watching.run(3)
    watching.answer = lambda _: a_session(lifecycle_status="UPDATE_IN_PROGRESS")
    asked = watching.farm.count("session")
    watching.monitor.act(confirmed(END))
    watching.monitor.run_due()
    assert watching.farm.count("session") == asked + 1
    assert watching.snapshots()[-1].session.session == a_session(lifecycle_status="UPDATE_IN_PROGRESS")


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path / "history.sqlite", watcher="mira@ops1", clock=HandClock())


def entries(recorder: Recorder) -> list[Event]:
    return recorder.ask(lambda history: history.entries()) or []


def monitor_on(recorder: Recorder, **answers: Any) -> tuple[Monitor, Callable[[], int]]:
    farm = CannedFarm(**answers)
    monitor = Monitor({REF.connection: lambda *_: farm}, recorder, clock=HandClock())
    return monitor, monitor.run_due


def test_the_history_has_who_wanted_what_and_what_came_of_it(recorder: Recorder) -> None:
    monitor, run_due = monitor_on(
        recorder, end_session=[None], update_job=[a_fault(FaultKind.REFUSED, code="ConflictException")]
    )
    monitor.act(confirmed(END))
    monitor.act(confirmed(CANCEL))
    run_due()
    found = entries(recorder)
    assert {one.watcher for one in found} == {"mira@ops1"}
    said = ["".join(text for text, _ in happened(one)) for one in found]
    assert said == [
        "→ end the session: asked",
        "→ end the session: taken",
        "→ cancel the job: asked",
        "→ cancel the job: REFUSED  ConflictException",
    ]
    assert Place.at(found[-1].ref) == Place(REF.connection, FARM_ID, QUEUE_ID, JOB_ID)
    recorder.close()


def test_a_session_whose_past_has_requests_is_watched_as_ever(recorder: Recorder) -> None:
    monitor, run_due = monitor_on(recorder, end_session=[None], session=[a_session()])
    monitor.act(confirmed(END))
    run_due()
    monitor.watch_session(REF)
    run_due()
    kinds = [one.kind for one in entries(recorder)]
    assert kinds[:2] == [EventKind.REQUEST] * 2
    assert EventKind.STATUS in kinds
    recorder.close()
