"""The Monitor: what is held is watched once, what nobody holds ends; what is told was written down before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from farmwatch.aws.model import (
    DEFAULT_CONNECTION,
    Farm,
    FaultKind,
    Page,
    SessionSummary,
)
from farmwatch.history.events import EventKind
from farmwatch.listings.discovery import JobRef, QueueRef
from farmwatch.listings.list_query import ListQuery
from farmwatch.listings.place import Place
from farmwatch.monitor.update import IdentityRef, ListRef, LogRef, NameRef, Update
from tests.canned import (
    FARM_ID,
    REF,
    START,
    a_fault,
    a_job,
    a_session,
    a_summary,
    an_action,
)
from tests.monitor.stage import Watching

OTHER = replace(REF, session_id="session-" + "a" * 32)
WEST = replace(REF, connection="west")


def test_a_session_is_told_with_its_actions_and_what_changed_is_safe_before() -> None:
    watching = Watching(session_actions=Page((an_action(1), an_action(2, "RUNNING"))))
    watching.monitor.watch_session(REF)
    watching.run()
    newest = watching.snapshots()[-1]
    assert newest.session.session is not None
    assert newest.session.session.lifecycle_status == "STARTED"
    assert [action.status for action in newest.actions.actions] == ["SUCCEEDED", "RUNNING"]
    events = [event for update in watching.updates for event in update.events]
    assert {event.kind for event in events} == {EventKind.STATUS, EventKind.ACTION}
    told = 0
    for update, safe in zip(watching.updates, watching.safe, strict=True):
        told += len(update.events)
        assert told <= safe, "nobody is told of what is not written down"
    assert told == len(watching.notebook.entries)


def test_two_who_watch_one_session_share_one_rhythm_and_it_ends_with_the_last() -> None:
    watching = Watching()
    first, second = watching.monitor.watch_session(REF), watching.monitor.watch_session(REF)
    watching.run(20)
    alone = Watching()
    alone.monitor.watch_session(REF)
    alone.run(20)
    assert watching.farm.count("session") == alone.farm.count("session")
    first.close()
    first.close()
    before = watching.farm.count("session")
    watching.run(10)
    assert watching.farm.count("session") > before
    second.close()
    before = len(watching.farm.asked)
    watching.run(60)
    assert len(watching.farm.asked) == before


def test_one_who_comes_later_knows_at_once_what_is_known() -> None:
    watching = Watching()
    watching.monitor.watch_session(REF)
    watching.run()
    assert watching.monitor.watch_session(REF).snapshot.session.session is not None


def test_wishes_go_through_the_handle() -> None:
    watching = Watching()
    handle = watching.monitor.watch_session(REF)
    watching.run()
    handle.pause(paused=True)
    before = watching.farm.count("session")
    watching.run(30)
    assert watching.farm.count("session") == before
    assert handle.snapshot.rhythm.paused
    handle.refresh()
    watching.run(0)
    assert watching.farm.count("session") == before + 1
    handle.pause(paused=False)
    handle.set_interval(timedelta(seconds=10))
    watching.run(40)
    assert (handle.interval, watching.farm.count("session") - before) <= (timedelta(seconds=10), 8)


def test_what_is_final_is_asked_for_no_more_whoever_holds_it() -> None:
    watching = Watching(session_actions=Page((an_action(1),)))
    watching.answer = lambda ref: a_session(lifecycle_status="ENDED", ended_at=START)
    handle = watching.monitor.watch_session(REF)
    watching.run(120)
    before = len(watching.farm.asked)
    watching.run(600)
    assert len(watching.farm.asked) == before
    assert handle.snapshot.is_final


def test_sessions_that_are_watched_together_are_asked_for_together() -> None:
    watching = Watching()
    refs = [replace(REF, session_id=f"session-{n:032x}") for n in range(120)]
    for ref in refs:
        watching.monitor.watch_session(ref)
    watching.run()
    assert (watching.farm.count("session"), watching.farm.count("sessions_by_id")) == (0, 2)
    assert {update.subject for update in watching.updates} >= set(refs)


def test_connections_have_their_own_faults_and_their_own_names() -> None:
    watching = Watching("default", "west")
    watching.farms["west"].answers["session"] = [a_fault(FaultKind.LOGIN)]
    watching.monitor.watch_session(REF)
    watching.monitor.watch_session(WEST)
    watching.run()
    assert watching.snapshots(REF)[-1].session.fault is None
    fault = watching.snapshots(WEST)[-1].session.fault
    assert fault is not None
    assert fault.kind is FaultKind.LOGIN
    assert {entry.ref.connection for entry in watching.notebook.entries} == {"default", "west"}
    assert {update.connection for update in watching.updates} == {"default", "west"}


def test_as_whom_a_connection_asks_is_told() -> None:
    watching = Watching()
    watching.monitor.watch_session(REF)
    watching.run()
    assert [u.snapshot.profile for u in watching.updates if isinstance(u.subject, IdentityRef)] == ["studio"]
    assert watching.monitor.who(DEFAULT_CONNECTION).name == "123456789012"


def test_logs_are_read_while_somebody_reads_them() -> None:
    watching = Watching()
    handle = watching.monitor.watch_session(REF)
    watching.run(10)
    assert watching.farm.count("log_page") == 0
    reading, also = handle.read_logs(), handle.read_logs()
    watching.run(10)
    assert watching.farm.count("log_page") > 0
    assert {update.subject for update in watching.updates} >= {LogRef(REF, 0), LogRef(REF, 1)}
    reading.close()
    before = watching.farm.count("log_page")
    watching.run(30)
    assert watching.farm.count("log_page") > before
    also.close()
    before = watching.farm.count("log_page")
    watching.run(30)
    assert watching.farm.count("log_page") == before


def test_logs_can_be_wanted_before_the_session_is_known() -> None:
    watching = Watching()
    handle = watching.monitor.watch_session(REF)
    reading = handle.read_logs()
    watching.run(2)
    assert watching.farm.count("log_page") == 0
    reading.bring_up_to_date()
    watching.run(10)
    assert watching.farm.count("log_page") > 0


def test_a_list_is_followed_for_as_long_as_it_is_looked_at() -> None:
    watching = Watching(farms=Page((Farm(FARM_ID, "Northlight", START, "mira"),)))
    handle = watching.monitor.watch_list(ListQuery(Place(DEFAULT_CONNECTION), timedelta(seconds=5)))
    watching.run(6)
    told = [update for update in watching.updates if isinstance(update.subject, ListRef)]
    assert told[-1].subject == handle.subject
    assert [farm.name for farm in told[-1].snapshot.observed.items] == ["Northlight"]
    handle.close()
    before = watching.farm.count("farms")
    watching.run(60)
    assert watching.farm.count("farms") == before


def test_names_are_asked_for_until_they_are_known() -> None:
    watching = Watching(farm=[a_fault(), Farm(FARM_ID, "Northlight", START, "mira")])
    watching.monitor.want_names(Place(DEFAULT_CONNECTION, FARM_ID))
    watching.run(120)
    told = [update.snapshot for update in watching.updates if isinstance(update.subject, NameRef)]
    assert set(told) == {"Northlight"}
    assert watching.monitor.names == {FARM_ID: "Northlight"}


def test_a_listener_that_fails_keeps_nothing_from_the_others() -> None:
    watching = Watching()

    def fail(update: Update) -> None:
        raise ZeroDivisionError

    watching.monitor.subscribe(fail)
    heard: list[Update] = []
    end = watching.monitor.subscribe(heard.append)
    watching.monitor.watch_session(REF)
    watching.run()
    assert len(heard) == len(watching.updates)
    end()
    watching.run(10)
    assert len(heard) < len(watching.updates)


def test_a_session_of_a_connection_that_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError):
        Watching().monitor.watch_session(WEST)


# --- the sessions of a job, and of a queue ------------------------------------------------------------------

JOB = JobRef(DEFAULT_CONNECTION, REF.farm_id, REF.queue_id, REF.job_id)
QUEUE = QueueRef(DEFAULT_CONNECTION, REF.farm_id, REF.queue_id)


def test_all_sessions_of_a_job_are_watched_the_later_ones_too() -> None:
    summaries = [a_summary(n) for n in range(3)]
    watching = Watching(sessions=lambda *_: Page(tuple(summaries)), job=a_job(1, "RUNNING"))
    handle = watching.monitor.watch_session_set(JOB)
    watching.run(2)
    assert {ref.session_id for ref in handle.sessions} == {one.session_id for one in summaries}
    assert all(snapshot.session.session is not None for snapshot in handle.sessions.values())
    assert watching.farm.count("session") <= 1, "they are asked for together"
    summaries.append(a_summary(7))
    watching.run(30)
    assert len(handle.sessions) == 4
    newest = [update.snapshot for update in watching.updates if update.subject == JOB][-1]
    assert (newest.discovered.job.task_run_status, len(newest.sessions)) == ("RUNNING", 4)
    handle.close()
    before = len(watching.farm.asked)
    watching.run(60)
    assert len(watching.farm.asked) == before


def test_the_pages_of_a_long_list_of_sessions_are_all_read() -> None:
    def sessions(farm: str, queue: str, job: str, token: str | None) -> Page[SessionSummary]:
        first = int(token or 0)
        return Page(
            tuple(a_summary(n) for n in range(first, first + 100)), str(first + 100) if first < 200 else None
        )

    watching = Watching(sessions=sessions, job=a_job(1, "RUNNING"))
    handle = watching.monitor.watch_session_set(JOB)
    watching.run(2)
    assert len(handle.sessions) == 300


def test_the_active_sessions_of_a_queue_are_watched_to_their_end() -> None:
    jobs = [a_job(n, "RUNNING") for n in range(30)]
    ended: set[str] = set()

    def sessions(farm: str, queue: str, job: str, token: str | None) -> Page[SessionSummary]:
        number = int(job.removeprefix("job-"), 16)
        return Page(
            tuple(
                a_summary(
                    n,
                    ended_at=START if a_summary(n).session_id in ended or n % 2 else None,
                    lifecycle_status="ENDED" if a_summary(n).session_id in ended or n % 2 else "STARTED",
                )
                for n in (2 * number, 2 * number + 1)
            )
        )

    watching = Watching(sessions=sessions, search_jobs=lambda search, offset: Page(tuple(jobs), None, 30))
    watching.answer = lambda ref: a_session(
        session_id=ref.session_id, lifecycle_status="ENDED" if ref.session_id in ended else "STARTED"
    )
    handle = watching.monitor.watch_session_set(QUEUE)
    watching.run(120)
    assert len(handle.sessions) == 30, "more jobs than are looked at in one look take turns"
    ended |= {a_summary(n).session_id for n in range(0, 60, 2)}
    jobs.clear()
    watching.run(300)
    assert len(handle.sessions) == 0
    status = [
        entry
        for entry in watching.notebook.entries
        if entry.kind is EventKind.STATUS and entry.new == "ENDED"
    ]
    assert len(status) == 30


def test_a_job_that_cannot_be_seen_keeps_what_was_found() -> None:
    watching = Watching(sessions=Page((a_summary(1),)), job=[a_job(1, "RUNNING"), a_fault(FaultKind.DENIED)])
    handle = watching.monitor.watch_session_set(JOB)
    watching.run(40)
    newest = [update.snapshot for update in watching.updates if update.subject == JOB][-1]
    assert newest.discovered.fault.kind is FaultKind.DENIED
    assert len(newest.sessions) == len(handle.sessions) == 1
