import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farmwatch.aws.model import Farm, Job, LogConfiguration, Queue, Session, SessionSummary
from farmwatch.aws.reply import BadReply, each, is_id
from farmwatch.aws.task import Step, Task
from tests.canned import a_session
from tests.replies import replies, required

READERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "GetFarm": Farm.from_reply,
    "GetQueue": Queue.from_reply,
    "GetJob": Job.from_reply,
    "GetSession": Session.from_reply,
}
QUICK = settings(max_examples=40, suppress_health_check=list(HealthCheck))

JUNK = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.integers()),
    st.dictionaries(st.text(), st.text()),
)


@pytest.mark.parametrize("operation", READERS)
@QUICK
@given(data=st.data())
def test_every_reply_that_follows_the_service_model_is_read(operation: str, data: st.DataObject) -> None:
    reply = data.draw(replies(operation))
    value = READERS[operation](reply)
    assert value.key == reply[f"{operation.removeprefix('Get').lower()}Id"]


@pytest.mark.parametrize("operation", READERS)
@QUICK
@given(data=st.data())
def test_a_reply_with_a_wrong_member_is_a_bad_reply_or_a_value(operation: str, data: st.DataObject) -> None:
    reply = data.draw(replies(operation))
    name = data.draw(st.sampled_from(sorted(reply)))
    with contextlib.suppress(BadReply):
        READERS[operation]({**reply, name: data.draw(JUNK)})


@pytest.mark.parametrize(
    ("operation", "member"),
    [(operation, member) for operation in ("GetSession", "GetFarm") for member in required(operation)],
)
def test_a_reply_without_a_required_member_is_a_bad_reply(operation: str, member: str) -> None:
    if member == "costScaleFactor":
        member = "createdBy"
    reply = SAMPLES[operation]
    with pytest.raises(BadReply, match=member):
        READERS[operation]({name: value for name, value in reply.items() if name != member})


AT = datetime(2026, 3, 14, tzinfo=UTC)
SAMPLES: dict[str, dict[str, Any]] = {
    "GetSession": {
        "sessionId": "session-" + "0" * 32,
        "fleetId": "fleet-" + "0" * 32,
        "workerId": "worker-" + "0" * 32,
        "startedAt": AT,
        "lifecycleStatus": "STARTED",
        "log": {"logDriver": "awslogs"},
    },
    "GetFarm": {
        "farmId": "farm-" + "0" * 32,
        "displayName": "Northlight",
        "createdAt": AT,
        "createdBy": "mira",
        "costScaleFactor": 1.0,
    },
}


@pytest.mark.parametrize("reply", [{}, {"sessionId": "<html>"}, {"log": None}, {"log": "x"}])
def test_what_a_portal_answers_is_a_bad_reply(reply: dict[str, Any]) -> None:
    with pytest.raises(BadReply):
        Session.from_reply(reply)


def test_missing_and_empty_options_are_told_apart() -> None:
    missing = LogConfiguration.from_reply({"logDriver": "awslogs"})
    empty = LogConfiguration.from_reply({"logDriver": "awslogs", "options": {}})
    assert (missing.options, empty.options) == (None, {})


def test_text_of_a_reply_is_harmless() -> None:
    session = Session.from_reply({**SAMPLES["GetSession"], "updatedBy": "\x1b]52;c;aGk=\x07\u202e"})
    assert session.updated_by == "␛]52;c;aGk=␇�"


def test_times_are_in_utc() -> None:
    there = AT.astimezone()
    session = SessionSummary.from_reply({**SAMPLES["GetSession"], "startedAt": there})
    assert session.started_at.tzinfo is UTC


def test_a_list_that_holds_something_else_is_a_bad_reply() -> None:
    with pytest.raises(BadReply, match="farms"):
        each({"farms": ["x"]}, "farms", Farm.from_reply)


def test_a_duration_is_never_negative() -> None:
    session = a_session()
    assert session.duration(session.started_at - timedelta(hours=1)) == timedelta(0)


def test_progress_counts_what_is_over() -> None:
    counts = {"SUCCEEDED": 5, "FAILED": 1, "CANCELED": 2, "RUNNING": 4, "READY": 0}
    job = Job.from_reply({"jobId": "job-" + "0" * 32, "name": "x", "taskRunStatusCounts": counts})
    assert (job.tasks, job.tasks_over, dict(job.task_counts).get("READY")) == (12, 8, None)


def test_a_job_tells_what_is_wanted_of_its_tasks_and_who_changed_it_last() -> None:
    reply = {"jobId": "job-" + "0" * 32, "name": "x", "targetTaskRunStatus": "CANCELED", "updatedBy": "mira"}
    job = Job.from_reply(reply)
    assert (job.target_task_run_status, job.updated_by, job.updated_at) == ("CANCELED", "mira", None)


def test_so_do_a_step_and_a_task_that_is_asked_for_by_itself() -> None:
    said = {"updatedBy": "mira", "updatedAt": AT}
    step = Step.from_reply({"name": "Render", "targetTaskRunStatus": "CANCELED", **said})
    assert step == Step("Render", "CANCELED", AT, "mira")
    ids = {name: f"{name.removesuffix('Id')}-{'0' * 32}" for name in ("stepId", "jobId", "queueId")}
    reply = {"taskId": "task-1", "runStatus": "CANCELED", "targetRunStatus": "CANCELED", **said}
    task = Task.from_own_reply(reply, ids)
    assert (task.target_run_status, task.updated_by, task.updated_at) == ("CANCELED", "mira", AT)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("farm-" + "0" * 32, True),
        ("farm-" + "0" * 31, False),
        ("farm-" + "G" * 32, False),
        ("queue-" + "0" * 32, False),
        ("farm-" + "0" * 32 + "\n", False),
        ("", False),
    ],
)
def test_an_id_has_its_kind_and_32_digits(text: str, right: bool) -> None:
    assert is_id("farm", text) is right
