"""What scripts are told: every thing that happens, once, in its order."""

from __future__ import annotations

import json

from msgspec.structs import replace

from farmwatch.aws.model import FaultKind, LogConfiguration, Page
from farmwatch.cli.report import Record, Report
from farmwatch.history.events import Event, EventKind, Past
from farmwatch.listings.discovery import JobRef
from tests.canned import JOB_ID, REF, START, a_fault, a_job, a_session, a_summary, an_action
from tests.monitor.stage import Watching

JOB = JobRef(REF.connection, REF.farm_id, REF.queue_id, REF.job_id)


def reported(watching: Watching, report: Report | None = None) -> list[Record]:
    """Everything that was told up to now, as records."""
    report = report or Report()
    updates, watching.updates = watching.updates, []
    return [one for update in updates for one in report.take(update, watching.clock.now())]


def about(records: list[Record], kind: str) -> list[tuple[str, str | None, str | None]]:
    return [(one["type"], one.get("old"), one.get("new")) for one in records if one.get("kind") == kind]


def test_the_first_that_is_known_is_a_snapshot_and_after_that_every_change_is_told_once() -> None:
    watching, report = Watching(), Report()
    watching.monitor.watch_session(REF)
    statuses = ["STARTED", "STARTED", "UPDATE_IN_PROGRESS", "UPDATE_SUCCEEDED", "ENDED"]
    for status in statuses:
        watching.answer = lambda ref, status=status: a_session(lifecycle_status=status)  # type: ignore[misc]
        watching.run(4)
    records = reported(watching, report)
    assert about(records, "lifecycleStatus") == [
        ("snapshot", None, "STARTED"),
        ("change", "STARTED", "UPDATE_IN_PROGRESS"),
        ("change", "UPDATE_IN_PROGRESS", "UPDATE_SUCCEEDED"),
        ("change", "UPDATE_SUCCEEDED", "ENDED"),
    ]


def test_a_record_names_everything_and_leaves_out_what_does_not_apply() -> None:
    watching = Watching()
    watching.monitor.watch_session(REF)
    watching.run(1)
    (first,) = [one for one in reported(watching) if one.get("kind") == "lifecycleStatus"]
    assert first == {
        "v": 1,
        "type": "snapshot",
        "at": "2026-03-14T02:10:00.000+00:00",
        "service_at": "2026-03-14T01:28:00.000+00:00",
        "connection": "default",
        "farmId": REF.farm_id,
        "queueId": REF.queue_id,
        "jobId": JOB_ID,
        "sessionId": REF.session_id,
        "kind": "lifecycleStatus",
        "new": "STARTED",
        "fresh": True,
    }
    assert json.loads(json.dumps(first)) == first


def test_what_an_earlier_run_saw_otherwise_is_a_change() -> None:
    watching = Watching()
    then = Event(REF, EventKind.STATUS, "", None, "STARTED", START)
    watching.notebook.known = {REF: Past((then,), {(EventKind.STATUS, ""): "STARTED"}, START)}
    watching.answer = lambda ref: a_session(lifecycle_status="ENDED", ended_at=START)
    watching.monitor.watch_session(REF)
    watching.run(1)
    assert about(reported(watching), "lifecycleStatus") == [("change", "STARTED", "ENDED")]


def test_actions_errors_of_logs_and_targets_are_told() -> None:
    watching = Watching(session_actions=[Page((an_action(1, "RUNNING"),)), Page((an_action(1, "FAILED"),))])
    watching.monitor.watch_session(REF)
    watching.run(5)
    broken = a_session(
        target_lifecycle_status="ENDED",
        worker_log=LogConfiguration("awslogs", {}, {}, error="Missing log group"),
    )
    watching.answer = lambda ref: broken
    watching.run(30)
    records = reported(watching)
    assert about(records, "sessionAction") == [("snapshot", None, "RUNNING"), ("change", "RUNNING", "FAILED")]
    assert about(records, "targetLifecycleStatus") == [("change", None, "ENDED")]
    assert about(records, "workerLog.error") == [("change", None, "Missing log group")]
    assert {one["subject"] for one in records if one.get("kind") == "sessionAction"} == {
        an_action(1).action_id
    }


def test_faults_their_ends_and_the_time_in_which_nothing_was_seen_are_told() -> None:
    watching = Watching()
    watching.monitor.watch_session(REF)
    watching.run(2)
    watching.answer = lambda ref: a_fault()
    watching.run(120)
    watching.answer = lambda ref: a_session()
    watching.run(70)
    records = reported(watching)
    words = "OFFLINE: EndpointConnectionError"
    assert about(records, "call") == [("fault", None, words), ("recovered", words, None)]
    assert [one["fresh"] for one in records if one.get("kind") == "call"] == [False, True]
    (gap,) = [one for one in records if one["type"] == "gap"]
    assert (gap["new"], gap["fresh"]) == ("OFFLINE", False)
    assert gap["after"] < gap["at"]


def test_the_end_of_a_session_is_told_when_its_last_look_was_taken() -> None:
    watching = Watching(session_actions=Page((an_action(1),)))
    watching.answer = lambda ref: a_session(lifecycle_status="ENDED", ended_at=START)
    watching.monitor.watch_session(REF)
    watching.run(120)
    ends = [one for one in reported(watching) if one["type"] == "end"]
    assert [(one["new"], one["service_at"]) for one in ends] == [("ENDED", "2026-03-14T02:10:00.000+00:00")]


def test_a_fault_in_looking_for_sessions_is_told_of_the_job() -> None:
    denied = a_fault(FaultKind.DENIED, operation="GetJob", code="AccessDeniedException")
    job = a_job(1, "RUNNING")
    watching = Watching(sessions=Page((a_summary(1),)), job=[job, denied, denied, job])
    watching.monitor.watch_session_set(JOB)
    watching.run(700)
    told = [one for one in reported(watching) if one.get("subject") == "GetJob"]
    assert [one["type"] for one in told] == ["fault", "recovered"]
    assert told[0]["jobId"] == JOB.job_id
    assert "sessionId" not in told[0]


def test_sessions_of_a_job_are_told_apart() -> None:
    watching = Watching(sessions=Page((a_summary(1), a_summary(2))), job=a_job(1, "RUNNING"))
    watching.monitor.watch_session_set(JOB)
    watching.run(5)
    records = [one for one in reported(watching) if one.get("kind") == "lifecycleStatus"]
    assert {one["sessionId"] for one in records} == {a_summary(1).session_id, a_summary(2).session_id}
    assert replace(REF).session_id not in {one["sessionId"] for one in records}
