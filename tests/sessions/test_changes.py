"""What is observed is written down before anybody is told, once, and goes on where the history ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from farmwatch.aws.fault_source import CONNECTION, MONITOR, FaultSource, Origin
from farmwatch.aws.model import FaultKind, LogConfiguration, Page, SessionRef
from farmwatch.history.events import Event, EventKind, Past, Watched
from farmwatch.history.recorder import Recorder
from farmwatch.polling.connection import internal_error
from farmwatch.sessions.actions import ActionsTarget
from farmwatch.sessions.tracker import Gap, SessionTarget
from tests.canned import REF, START, CannedFarm, HandClock, a_fault, a_session, an_action, present

TWO_SECONDS = timedelta(seconds=2)
LATER = START + timedelta(minutes=5)


class Notebook:
    """Keeps what is written down, and what was shown when it was."""

    def __init__(self, past: Past | None = None) -> None:
        self.entries: list[Event] = []
        self.watched: list[Watched] = []
        self.shown: list[Any] = []
        self.target: Any = None
        self._past = past or Past()

    def record(self, entries: Sequence[Event], watched: Sequence[Watched]) -> None:
        self.entries += entries
        self.watched += watched
        self.shown.append(self.target.observed)

    def past(self, refs: Sequence[SessionRef]) -> Mapping[SessionRef, Past]:
        assert list(refs) == [REF]
        return {REF: self._past}

    @property
    def changes(self) -> list[tuple[EventKind, str, str | None, str | None]]:
        return [(one.kind, one.subject, one.old, one.new) for one in self.entries]


class Watch:
    """A session that is polled every two seconds."""

    def __init__(self, records: Any, *answers: Any, clock: HandClock | None = None) -> None:
        self.clock = clock or HandClock()
        self.target = SessionTarget(REF, TWO_SECONDS, records)
        if isinstance(records, Notebook):
            records.target = self.target
        for answer in answers:
            self.poll(answer)

    def poll(self, answer: Any, after: float = 2) -> None:
        self.clock.move(after)
        asked = CannedFarm(session=answer)
        self.target.poll(asked, self.clock)


def a_failing_log(text: str) -> LogConfiguration:
    return LogConfiguration("awslogs", {}, {}, text)


def test_every_status_and_target_is_written_down_once_with_the_times_between_which_it_came() -> None:
    notes = Notebook()
    updating = a_session(
        lifecycle_status="UPDATE_IN_PROGRESS", target_lifecycle_status="ENDED", updated_at=LATER
    )
    ended = a_session(lifecycle_status="ENDED", updated_at=LATER, ended_at=LATER)
    Watch(notes, a_session(), a_session(), updating, updating, ended, ended)
    assert notes.changes == [
        (EventKind.STATUS, "", None, "STARTED"),
        (EventKind.STATUS, "", "STARTED", "UPDATE_IN_PROGRESS"),
        (EventKind.TARGET, "", None, "ENDED"),
        (EventKind.TARGET, "", "ENDED", None),
        (EventKind.STATUS, "", "UPDATE_IN_PROGRESS", "ENDED"),
    ]
    first, second, *_ = notes.entries
    assert (first.after, first.at, first.service_at) == (
        None,
        START + TWO_SECONDS,
        START - timedelta(minutes=42),
    )
    assert (second.after, second.at) == (START + 2 * TWO_SECONDS, START + 3 * TWO_SECONDS)
    assert second.service_at == LATER


def test_it_is_written_down_before_it_is_shown() -> None:
    notes = Notebook()
    watch = Watch(notes, a_session(), a_session(lifecycle_status="UPDATE_IN_PROGRESS"))
    assert notes.shown[0].session is None
    assert present(notes.shown[1].session).lifecycle_status == "STARTED"
    assert present(watch.target.observed.session).lifecycle_status == "UPDATE_IN_PROGRESS"


def test_what_is_written_down_has_no_secret_of_a_log_error() -> None:
    reply = {"logDriver": "awslogs", "error": "denied; aws_secret_access_key=abcdefghijklmnopqrstuvwxyz"}
    assert "abcdefgh" not in (LogConfiguration.from_reply(reply).error or "")


def test_errors_of_both_logs_begin_and_end() -> None:
    notes = Notebook()
    Watch(
        notes,
        a_session(log=a_failing_log("Missing log group")),
        a_session(worker_log=a_failing_log("Access denied")),
        a_session(),
    )
    assert notes.changes[1:] == [
        (EventKind.LOG_ERROR, "", None, "Missing log group"),
        (EventKind.LOG_ERROR, "", "Missing log group", None),
        (EventKind.WORKER_LOG_ERROR, "", None, "Access denied"),
        (EventKind.WORKER_LOG_ERROR, "", "Access denied", None),
    ]


def test_a_fault_and_its_end_are_written_down_and_not_its_every_repetition() -> None:
    notes = Notebook()
    slow = a_fault(FaultKind.SLOW_DOWN, code="ThrottlingException")
    Watch(notes, a_session(), a_fault(), a_fault(), slow, a_session())
    assert notes.changes[1:] == [
        (EventKind.FAULT, "GetSession", None, "OFFLINE: EndpointConnectionError"),
        (EventKind.FAULT, "GetSession", "OFFLINE: EndpointConnectionError", "SLOWED: ThrottlingException"),
        (EventKind.FAULT, "GetSession", "SLOWED: ThrottlingException", None),
    ]


def test_what_no_reply_told_is_not_invented_while_there_is_a_fault() -> None:
    notes = Notebook()
    Watch(notes, a_fault(), a_fault())
    assert notes.changes == [(EventKind.FAULT, "GetSession", None, "OFFLINE: EndpointConnectionError")]
    assert notes.watched[-1].session_until is None


def test_a_fault_before_any_call_is_over_with_the_first_good_reply() -> None:
    notes = Notebook()
    watch = Watch(notes)
    watch.clock.move(2)
    watch.target.poll(a_fault(FaultKind.SETUP, operation="", code="NoRegionError"), watch.clock)
    watch.poll(a_session())
    assert notes.changes[0] == (EventKind.FAULT, "", None, "SETUP: NoRegionError")
    assert (EventKind.FAULT, "", "SETUP: NoRegionError", None) in notes.changes
    assert not any(trouble.is_open for trouble in watch.target.observed.errors)


def test_a_fault_of_the_monitor_itself_is_written_down_and_over_with_the_next_good_reply() -> None:
    notes = Notebook()
    own = internal_error(ZeroDivisionError())
    watch = Watch(notes, a_session(), own, own, a_session())
    assert notes.changes[1:] == [
        (EventKind.FAULT, "farmwatch", None, "INTERNAL ERROR: ZeroDivisionError"),
        (EventKind.FAULT, "farmwatch", "INTERNAL ERROR: ZeroDivisionError", None),
    ]
    (trouble,) = watch.target.observed.errors
    assert (trouble.source, trouble.count, trouble.is_open) == (MONITOR, 2, False)


@pytest.mark.parametrize(
    ("answers", "reason"), [([a_fault()], "OFFLINE"), ([], "not watched")], ids=["fault", "pause"]
)
def test_a_long_time_without_a_look_is_a_gap_with_its_reason(answers: list[Any], reason: str) -> None:
    notes = Notebook()
    watch = Watch(notes, a_session(), *answers)
    watch.poll(a_session(), after=40)
    (gap,) = [one for one in notes.entries if one.kind is EventKind.GAP]
    assert (gap.new, gap.after, gap.at) == (reason, START + TWO_SECONDS, watch.clock.now())
    assert watch.target.observed.gaps == (Gap(START + TWO_SECONDS, watch.clock.now(), reason),)


def test_a_missed_poll_or_two_and_a_long_interval_are_no_gap() -> None:
    notes = Notebook()
    watch = Watch(notes, a_session(), a_fault())
    watch.poll(a_session(), after=20)
    watch.target.schedule.interval = timedelta(seconds=60)
    watch.poll(a_session(), after=100)
    assert not [one for one in notes.entries if one.kind is EventKind.GAP]


def test_nothing_is_missed_of_what_was_over() -> None:
    notes = Notebook()
    watch = Watch(notes, a_session(lifecycle_status="ENDED", ended_at=START))
    watch.poll(a_session(lifecycle_status="ENDED", ended_at=START), after=3600)
    assert [one.kind for one in notes.entries] == [EventKind.STATUS]


# --- after a restart ----------------------------------------------------------------------------------


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def recorder(tmp_path: Path, clock: HandClock) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "history.sqlite", watcher="mira", clock=clock)
    yield made
    made.close()


def history_of(recorder: Recorder) -> list[tuple[EventKind, str | None, str | None]]:
    return [(one.kind, one.old, one.new) for one in recorder.ask(lambda history: history.entries()) or []]


def test_after_a_restart_what_was_seen_before_is_there_and_goes_on(
    recorder: Recorder, clock: HandClock
) -> None:
    updating = a_session(lifecycle_status="UPDATE_IN_PROGRESS", target_lifecycle_status="ENDED")
    Watch(recorder, a_session(), updating, clock=clock)
    clock.move(600)
    again = Watch(recorder, clock=clock)
    again.poll(a_session(lifecycle_status="UPDATE_SUCCEEDED"))
    observed = again.target.observed
    assert [(one.status, one.target, one.by) for one in observed.moments] == [
        ("STARTED", None, "mira"),
        ("UPDATE_IN_PROGRESS", "ENDED", "mira"),
        ("UPDATE_SUCCEEDED", None, ""),
    ]
    assert [gap.reason for gap in observed.gaps] == ["not watched"]
    assert history_of(recorder)[-3:] == [
        (EventKind.GAP, None, "not watched"),
        (EventKind.TARGET, "ENDED", None),
        (EventKind.STATUS, "UPDATE_IN_PROGRESS", "UPDATE_SUCCEEDED"),
    ]


def test_after_a_restart_the_same_state_is_no_change(recorder: Recorder, clock: HandClock) -> None:
    Watch(recorder, a_session(log=a_failing_log("")), clock=clock)
    before = history_of(recorder)
    Watch(recorder, a_session(log=a_failing_log("")), clock=clock)
    assert history_of(recorder) == before


def test_what_was_seen_before_is_there_even_where_nobody_can_be_asked(
    recorder: Recorder, clock: HandClock
) -> None:
    Watch(recorder, a_session(), clock=clock)
    again = Watch(recorder, a_fault(), clock=clock)
    assert again.target.observed.session is None
    assert [one.status for one in again.target.observed.moments] == ["STARTED"]
    assert again.target.observed.until == START + TWO_SECONDS


def test_a_fault_that_was_left_open_is_over_with_the_next_good_reply(
    recorder: Recorder, clock: HandClock
) -> None:
    Watch(recorder, a_fault(), clock=clock)
    again = Watch(recorder, a_session(), clock=clock)
    assert (EventKind.FAULT, "OFFLINE: EndpointConnectionError", None) in history_of(recorder)
    (trouble,) = again.target.observed.errors
    assert (trouble.source.words, trouble.code, trouble.kind) == (
        "GetSession",
        "EndpointConnectionError",
        "OFFLINE",
    )
    assert trouble.over_at == clock.now()


def test_what_the_history_left_open_of_any_source_is_known_by_it_and_over_with_the_next_good_reply() -> None:
    open_faults = {"": "SETUP: NoRegionError", "farmwatch": "INTERNAL ERROR: x", "GetSession": "DENIED: y"}
    entries = [
        Event(REF, EventKind.FAULT, subject, None, value, START) for subject, value in open_faults.items()
    ]
    past = Past(tuple(entries), {(EventKind.FAULT, subject): value for subject, value in open_faults.items()})
    notes = Notebook(past)
    watch = Watch(notes, a_fault(FaultKind.DENIED, code="y"))
    assert {one.source for one in watch.target.observed.errors} == {
        CONNECTION,
        MONITOR,
        FaultSource(Origin.CALL, "GetSession"),
    }
    watch.poll(a_session())
    assert not any(one.is_open for one in watch.target.observed.errors)
    ended = {one.subject for one in notes.entries if one.kind is EventKind.FAULT and one.new is None}
    assert ended == set(open_faults)


# --- session actions ----------------------------------------------------------------------------------


class ActionWatch:
    def __init__(self, records: Any, clock: HandClock | None = None) -> None:
        self.clock = clock or HandClock()
        self.target = ActionsTarget(REF, records)
        if isinstance(records, Notebook):
            records.target = self.target

    def poll(self, *actions: Any) -> None:
        self.clock.move(15)
        by_id = {one.action_id: replace(one, detailed=True) for one in actions}
        farm = CannedFarm(session_actions=Page(actions), session_actions_by_id=by_id, step="render")
        self.target.poll(farm, self.clock)


def test_the_way_of_every_action_is_written_down() -> None:
    notes = Notebook()
    watch = ActionWatch(notes)
    ended = an_action(1, "FAILED", ended_at=START + timedelta(seconds=40))
    for actions in (
        [an_action(0, ended_at=START), an_action(1, "RUNNING")],
        [an_action(0, ended_at=START), an_action(1, "RUNNING"), an_action(2, "ASSIGNED")],
        [an_action(0, ended_at=START), ended, an_action(2, "NEVER_ATTEMPTED")],
    ):
        watch.poll(*actions)
    one, two = an_action(1).action_id, an_action(2).action_id
    assert notes.changes == [
        (EventKind.ACTION, one, None, "RUNNING"),
        (EventKind.ACTION, two, None, "ASSIGNED"),
        (EventKind.ACTION, one, "RUNNING", "FAILED"),
        (EventKind.ACTION, two, "ASSIGNED", "NEVER_ATTEMPTED"),
    ]
    assert notes.entries[2].service_at == START + timedelta(seconds=40)


def test_what_ran_and_ended_while_nobody_looked_is_written_down_after_a_restart(
    recorder: Recorder, clock: HandClock
) -> None:
    old = [an_action(n, ended_at=START - timedelta(minutes=9 - n)) for n in range(3)]
    ActionWatch(recorder, clock).poll(*old)
    assert not history_of(recorder)
    clock.move(600)
    new = an_action(3, "SUCCEEDED", ended_at=START + timedelta(minutes=5))
    ActionWatch(recorder, clock).poll(*old, new)
    assert history_of(recorder) == [(EventKind.ACTION, None, "SUCCEEDED")]


def test_faults_of_the_calls_for_actions_are_written_down_and_no_others() -> None:
    notes = Notebook(
        Past(
            values={
                (EventKind.FAULT, "GetSession"): "OFFLINE: x",
                (EventKind.FAULT, "ListSessionActions"): "DENIED: y",
            }
        )
    )
    watch = ActionWatch(notes)
    watch.poll()
    assert notes.changes == [(EventKind.FAULT, "ListSessionActions", "DENIED: y", None)]
