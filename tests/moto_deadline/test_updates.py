"""What somebody changes about tasks and jobs, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.moto_deadline.conftest import Served
from tests.moto_deadline.test_contract import MODEL, wrongs


def job_of(served: Served, name: str) -> dict[str, str]:
    ids = served.ids(name)
    return {key: ids[key] for key in ("farmId", "queueId", "jobId")}


def tasks(served: Served, name: str) -> list[dict[str, Any]]:
    job = job_of(served, name)
    (step,) = served.client.list_steps(**job)["steps"]
    pages = served.client.get_paginator("list_tasks").paginate(**job, stepId=step["stepId"])
    return [{**one, "stepId": step["stepId"]} for page in pages for one in page["tasks"]]


def a_task(served: Served, name: str, status: str) -> dict[str, str]:
    """The ids of a task of that status."""
    found = next(one for one in tasks(served, name) if one["runStatus"] == status)
    return {**job_of(served, name), "stepId": found["stepId"], "taskId": found["taskId"]}


def status(served: Served, task: dict[str, str]) -> str:
    return str(served.client.get_task(**task)["runStatus"])


def code_of(call: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**asked)
    return str(caught.value.response["Error"]["Code"])


def test_a_failed_task_that_is_requeued_is_ready_and_taken_up_again(own: Served) -> None:
    task = a_task(own, "failed", "FAILED")
    reply = own.client.update_task(**task, targetRunStatus="READY")
    assert wrongs(MODEL.operation_model("UpdateTask").output_shape, reply, "reply") == []
    assert status(own, task) == "READY"
    assert own.client.get_job(**job_of(own, "failed"))["taskRunStatus"] == "READY"
    own.clock.step(60)
    assert {status(own, task), own.client.get_job(**job_of(own, "failed"))["taskRunStatus"]} & {
        "RUNNING",
        "READY",
    }
    for _ in range(60):
        own.clock.step(60)
        if status(own, task) == "SUCCEEDED":
            return
    raise AssertionError(status(own, task))


def test_a_task_that_runs_is_canceled_and_its_process_told_to_end(own: Served) -> None:
    task = a_task(own, "living", "RUNNING")
    own.client.update_task(**task, targetRunStatus="CANCELED")
    assert status(own, task) == "CANCELED"
    action = own.client.get_task(**task)["latestSessionActionId"]
    told = own.client.get_session_action(**job_of(own, "living"), sessionActionId=action)
    assert (told["status"], told["processExitCode"]) == ("CANCELED", 143)


def test_a_task_that_waits_is_suspended_and_does_not_run(own: Served) -> None:
    task = a_task(own, "living", "READY")
    own.client.update_task(**task, targetRunStatus="SUSPENDED")
    own.clock.step(600)
    assert status(own, task) == "SUSPENDED"
    own.client.update_task(**task, targetRunStatus="READY")
    assert status(own, task) == "READY"


def test_a_job_that_is_canceled_has_nothing_left_to_run(own: Served) -> None:
    job = job_of(own, "living")
    reply = own.client.update_job(**job, targetTaskRunStatus="CANCELED", priority=7)
    assert wrongs(MODEL.operation_model("UpdateJob").output_shape, reply, "reply") == []
    own.clock.step(60)
    found = own.client.get_job(**job)
    assert (found["taskRunStatus"], found["priority"]) == ("CANCELED", 7)
    assert set(found["taskRunStatusCounts"]) >= {"CANCELED"}
    assert not found["taskRunStatusCounts"]["READY"]
    assert not found["taskRunStatusCounts"]["RUNNING"]


def test_what_cannot_be_is_a_conflict(own: Served) -> None:
    ready = a_task(own, "living", "READY")
    done = job_of(own, "succeeded")
    assert code_of(own.client.update_task, **ready, targetRunStatus="READY") == "ConflictException"
    assert code_of(own.client.update_job, **done, targetTaskRunStatus="SUSPENDED") == "ConflictException"
    assert code_of(own.client.update_task, **ready, targetRunStatus="WELL") == "ValidationException"


def test_a_wish_that_is_repeated_is_the_same_wish(own: Served) -> None:
    session = {**own.ids("living"), "targetLifecycleStatus": "ENDED", "clientToken": "once"}
    own.client.update_session(**session)
    own.clock.step(600)
    assert own.session("living")["lifecycleStatus"] == "ENDED"
    own.client.update_session(**session)
    assert code_of(own.client.update_session, **{**session, "clientToken": "twice"}) == "ConflictException"
