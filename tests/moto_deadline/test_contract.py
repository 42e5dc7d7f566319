"""What the service promises, asked through boto3."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from tests.moto_deadline.conftest import Served

MODEL = botocore.session.get_session().get_service_model("deadline")


def wrongs(shape: Shape | None, value: Any, path: str) -> list[str]:
    """Where a value is not of its shape."""
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            return [f"{path} is no structure"]
        missing = [f"{path}.{name} is missing" for name in shape.required_members if name not in value]
        known = {*shape.members, "ResponseMetadata"}
        unknown = [f"{path}.{name} is unknown" for name in value if name not in known]
        nested = [
            wrong
            for name, member in shape.members.items()
            if name in value
            for wrong in wrongs(member, value[name], f"{path}.{name}")
        ]
        return missing + unknown + nested
    if isinstance(shape, ListShape):
        return [wrong for n, one in enumerate(value) for wrong in wrongs(shape.member, one, f"{path}[{n}]")]
    if isinstance(shape, MapShape):
        return [wrong for key, one in value.items() for wrong in wrongs(shape.value, one, f"{path}[{key}]")]
    assert shape is not None
    kinds = {"string": str, "timestamp": datetime, "integer": int, "float": float, "boolean": bool}
    if not isinstance(value, kinds.get(shape.type_name, object)):
        return [f"{path} is a {type(value).__name__}"]
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        return [f"{path} is {value}"]
    pattern = shape.metadata.get("pattern")
    if pattern and re.fullmatch(pattern, str(value)) is None:
        return [f"{path} is not of the form {pattern}: {value}"]
    return []


def questions(served: Served) -> dict[str, dict[str, Any]]:
    session = served.session("failed")
    ids = served.ids("failed")
    queue = {"farmId": ids["farmId"], "queueId": ids["queueId"]}
    job = {**queue, "jobId": ids["jobId"]}
    fleet = {"farmId": ids["farmId"], "fleetId": session["fleetId"]}
    worker = {**fleet, "workerId": session["workerId"]}
    step = {**job, "stepId": next(iter(served.simulation.account.steps[ids["jobId"]]))}
    task = {**step, "taskId": next(iter(served.simulation.account.tasks[step["stepId"]]))}
    environments = served.simulation.account.environments[ids["queueId"]]
    search = {"farmId": ids["farmId"], "queueIds": [ids["queueId"]], "itemOffset": 0}
    action = {**job, "sessionActionId": f"sessionaction-{ids['sessionId'].removeprefix('session-')}-1"}
    return {
        "ListFarms": {},
        "GetFarm": {"farmId": ids["farmId"]},
        "ListQueues": {"farmId": ids["farmId"]},
        "GetQueue": queue,
        "ListFleets": {"farmId": ids["farmId"]},
        "GetFleet": fleet,
        "ListWorkers": fleet,
        "GetWorker": worker,
        "ListSessionsForWorker": worker,
        "ListJobs": queue,
        "GetJob": job,
        "SearchJobs": search,
        "SearchSteps": search,
        "SearchTasks": search,
        "SearchWorkers": {"farmId": ids["farmId"], "fleetIds": [session["fleetId"]], "itemOffset": 0},
        "BatchGetJob": {"identifiers": [job]},
        "BatchGetStep": {"identifiers": [step]},
        "BatchGetTask": {"identifiers": [task]},
        "BatchGetWorker": {"identifiers": [worker]},
        "ListQueueEnvironments": queue,
        "GetQueueEnvironment": {**queue, "queueEnvironmentId": next(iter(environments))},
        "ListSteps": job,
        "GetStep": step,
        "ListTasks": step,
        "GetTask": task,
        "ListSessions": job,
        "GetSession": ids,
        "BatchGetSession": {"identifiers": [ids]},
        "ListSessionActions": {**job, "sessionId": ids["sessionId"]},
        "GetSessionAction": action,
        "BatchGetSessionAction": {"identifiers": [action]},
        "AssumeQueueRoleForRead": queue,
        "AssumeQueueRoleForUser": queue,
        "AssumeFleetRoleForRead": fleet,
    }


OPERATIONS = [
    *["ListFarms", "GetFarm", "ListQueues", "GetQueue", "ListFleets", "GetFleet", "ListWorkers", "GetWorker"],
    *[
        "ListSessionsForWorker",
        "ListJobs",
        "GetJob",
        "SearchJobs",
        "ListSteps",
        "GetStep",
        "ListTasks",
        "GetTask",
    ],
    *["ListSessions", "GetSession", "BatchGetSession", "ListSessionActions", "GetSessionAction"],
    *["SearchSteps", "SearchTasks", "SearchWorkers"],
    *["BatchGetJob", "BatchGetStep", "BatchGetTask", "BatchGetWorker"],
    *["ListQueueEnvironments", "GetQueueEnvironment"],
    *["BatchGetSessionAction", "AssumeQueueRoleForRead", "AssumeQueueRoleForUser", "AssumeFleetRoleForRead"],
]


def ask(served: Served, operation: str, **asked: Any) -> dict[str, Any]:
    reply: dict[str, Any] = getattr(served.client, xform_name(operation))(**asked)
    return reply


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_reply_is_of_the_shape_that_the_service_model_gives(served: Served, operation: str) -> None:
    reply = ask(served, operation, **questions(served)[operation])
    assert wrongs(MODEL.operation_model(operation).output_shape, reply, operation) == []


def error_of(served: Served, operation: str, **asked: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        ask(served, operation, **asked)
    reply: Any = caught.value.response
    return dict(reply)


def test_an_id_of_a_wrong_form_is_a_validation_error(served: Served) -> None:
    error = error_of(served, "GetFarm", farmId="farm-xyz")
    assert error["Error"]["Code"] == "ValidationException"
    assert (error["reason"], error["fieldList"][0]["name"]) == ("FIELD_VALIDATION_FAILED", "farmId")
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    ("operation", "member", "kind"),
    [
        ("GetFarm", "farmId", "farm"),
        ("ListQueues", "farmId", "farm"),
        ("GetQueue", "queueId", "queue"),
        ("GetJob", "jobId", "job"),
        ("ListSessions", "jobId", "job"),
        ("GetSession", "sessionId", "session"),
        ("GetSession", "jobId", "job"),
        ("GetFleet", "fleetId", "fleet"),
        ("GetWorker", "workerId", "worker"),
        ("GetStep", "stepId", "step"),
    ],
)
def test_an_unknown_id_is_not_found(served: Served, operation: str, member: str, kind: str) -> None:
    nowhere = f"{kind}-{'0' * 32}"
    error = error_of(served, operation, **{**questions(served)[operation], member: nowhere})
    assert error["Error"]["Code"] == "ResourceNotFoundException"
    assert (error["resourceType"], error["resourceId"]) == (kind, nowhere)
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_thing_of_another_farm_is_not_found(served: Served) -> None:
    other = list(served.simulation.account.farms)[1]
    error = error_of(served, "GetSession", **{**served.ids("failed"), "farmId": other})
    assert error["Error"]["Code"] == "ResourceNotFoundException"


# --- pages --------------------------------------------------------------------------------------------


def test_pages_give_everything_once(served: Served) -> None:
    ids = served.ids("crowd")
    job = {name: ids[name] for name in ("farmId", "queueId", "jobId")}
    pages = served.client.get_paginator("list_sessions").paginate(**job, PaginationConfig={"PageSize": 7})
    found = [session["sessionId"] for page in pages for session in page["sessions"]]
    assert len(found) == len(set(found)) == 300


def test_a_page_is_not_larger_than_asked_for(served: Served) -> None:
    assert len(served.client.list_jobs(**served.queue("dailies archive"), maxResults=3)["jobs"]) == 3


def test_the_last_page_has_no_token(served: Served) -> None:
    assert "nextToken" not in served.client.list_farms()


@pytest.mark.parametrize("size", [0, 101])
def test_a_page_size_out_of_range_is_a_validation_error(served: Served, size: int) -> None:
    error = error_of(served, "ListJobs", **served.queue("lighting"), maxResults=size)
    assert error["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize("token", ["x", "e30=", "bm90IGpzb24="])
def test_a_bad_token_is_a_validation_error(served: Served, token: str) -> None:
    error = error_of(served, "ListJobs", **served.queue("lighting"), nextToken=token)
    assert error["fieldList"][0]["name"] == "nextToken"


def test_a_token_of_another_list_is_a_validation_error(served: Served) -> None:
    token = served.client.list_jobs(**served.queue("dailies archive"), maxResults=2)["nextToken"]
    error = error_of(served, "ListJobs", **served.queue("lighting"), nextToken=token)
    assert error["Error"]["Code"] == "ValidationException"


# --- members left out ---------------------------------------------------------------------------------


def test_what_is_not_known_is_left_out(served: Served) -> None:
    assert not {"endedAt", "targetLifecycleStatus", "updatedAt"} & set(served.session("living"))


def test_a_summary_of_a_session_lacks_its_log_and_its_host(served: Served) -> None:
    ids = served.ids("living")
    job = {name: ids[name] for name in ("farmId", "queueId", "jobId")}
    session = served.client.list_sessions(**job)["sessions"][0]
    assert not {"log", "workerLog", "hostProperties"} & set(session)


def actions(served: Served, name: str) -> list[dict[str, Any]]:
    ids = served.ids(name)
    listed: list[dict[str, Any]] = served.client.list_session_actions(**ids)["sessionActions"]
    return listed


def test_a_summary_of_an_action_lacks_message_and_exit_code(served: Served) -> None:
    assert all(
        not {"progressMessage", "processExitCode"} & set(action) for action in actions(served, "failed")
    )


def test_no_progress_is_left_out(served: Served) -> None:
    found = [action for name in ("living", "failed", "ends_soon") for action in actions(served, name)]
    assert all(action.get("progressPercent") != 0 for action in found)
    assert any("progressPercent" not in action for action in found)


def test_actions_of_a_task_are_those_of_all_its_sessions(served: Served) -> None:
    definitions = [action["definition"] for action in actions(served, "failed")]
    task_id = next(one["taskRun"]["taskId"] for one in definitions if "taskRun" in one)
    ids = served.ids("failed")
    ids.pop("sessionId")
    found = served.client.list_session_actions(**ids, taskId=task_id)["sessionActions"]
    assert all(action["definition"]["taskRun"]["taskId"] == task_id for action in found)
    assert found


# --- batches ------------------------------------------------------------------------------------------


def test_a_batch_tells_what_it_found_and_what_it_did_not(served: Served) -> None:
    good, bad = served.ids("failed"), {**served.ids("failed"), "sessionId": "session-" + "0" * 32}
    reply = served.client.batch_get_session(identifiers=[good, bad])
    assert [s["sessionId"] for s in reply["sessions"]] == [good["sessionId"]]
    assert [(e["sessionId"], e["code"]) for e in reply["errors"]] == [
        (bad["sessionId"], "ResourceNotFoundException")
    ]


def test_a_batch_of_more_than_100_is_a_validation_error(served: Served) -> None:
    error = error_of(served, "BatchGetSession", identifiers=[served.ids("failed")] * 101)
    assert error["Error"]["Code"] == "ValidationException"


# --- roles --------------------------------------------------------------------------------------------


def test_a_role_for_reading_expires(served: Served) -> None:
    found = served.client.assume_queue_role_for_read(**served.queue("lighting"))["credentials"]
    assert found["expiration"] > served.clock.now()
