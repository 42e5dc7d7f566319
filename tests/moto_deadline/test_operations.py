"""What other clients of the farm use: batches, searches over tasks and workers, environments of queues."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.error import HTTPError

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import StringShape
from moto import mock_aws
from moto.server import ThreadedMotoServer

import moto_deadline
from moto_deadline.simulation import FrozenClock, Simulation
from moto_deadline.simulation.account import TASK_RUN_STATUSES
from tests.moto_deadline.conftest import Served

# --- batches ------------------------------------------------------------------------------------------


def identifiers(served: Served, operation: str) -> dict[str, str]:
    ids = served.ids("failed")
    session = served.session("failed")
    job = {name: ids[name] for name in ("farmId", "queueId", "jobId")}
    step = {**job, "stepId": next(iter(served.simulation.account.steps[ids["jobId"]]))}
    task = {**step, "taskId": next(iter(served.simulation.account.tasks[step["stepId"]]))}
    worker = {"farmId": ids["farmId"], "fleetId": session["fleetId"], "workerId": session["workerId"]}
    known = {"batch_get_job": job, "batch_get_step": step, "batch_get_task": task, "batch_get_worker": worker}
    return known[operation]


BATCHES = ["job", "step", "task", "worker"]


@pytest.mark.long
@pytest.mark.parametrize("kind", BATCHES)
def test_a_batch_gives_what_is_there_under_its_ids_and_tells_what_is_not(served: Served, kind: str) -> None:
    operation, member = f"batch_get_{kind}", f"{kind}Id"
    good = identifiers(served, operation)
    digits = "0" * 32
    bad = {**good, member: f"{kind}-{digits}-0" if kind == "task" else f"{kind}-{digits}"}
    reply = getattr(served.client, operation)(identifiers=[good, bad])
    (found,) = reply[f"{kind}s"]
    assert {name: found[name] for name in good} == good
    assert [(error[member], error["code"]) for error in reply["errors"]] == [
        (bad[member], "ResourceNotFoundException")
    ]


@pytest.mark.parametrize("kind", BATCHES)
def test_a_batch_takes_a_hundred_and_no_more(served: Served, kind: str) -> None:
    operation = getattr(served.client, f"batch_get_{kind}")
    ids = identifiers(served, f"batch_get_{kind}")
    assert len(operation(identifiers=[ids] * 100)[f"{kind}s"]) == 100
    with pytest.raises(ClientError) as caught:
        operation(identifiers=[ids] * 101)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


# --- searches -----------------------------------------------------------------------------------------


def search(served: Served, operation: str, *queues: str, **more: Any) -> dict[str, Any]:
    ids = [served.queue(name) for name in queues]
    asked = {"farmId": ids[0]["farmId"], "queueIds": [one["queueId"] for one in ids], "itemOffset": 0}
    reply: dict[str, Any] = getattr(served.client, operation)(**asked | more)
    return reply


def all_pages(served: Served, operation: str, name: str, *queues: str, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    offset: int | None = 0
    while offset is not None:
        page = search(served, operation, *queues, itemOffset=offset, **more)
        found += page[name]
        offset = page.get("nextItemOffset")
    return found


def only(**wanted: str) -> dict[str, Any]:
    filters = [
        {"stringFilter": {"name": name, "operator": "EQUAL", "value": value}}
        for name, value in wanted.items()
    ]
    return {"filters": filters, "operator": "AND"}


def by(name: str, order: str = "DESCENDING") -> list[dict[str, Any]]:
    return [{"fieldSort": {"name": name, "sortOrder": order}}]


def test_everything_that_runs_in_several_queues_is_one_search(served: Served) -> None:
    found = all_pages(
        served, "search_tasks", "tasks", "lighting", "comp", filterExpressions=only(RUN_STATUS="RUNNING")
    )
    assert {task["runStatus"] for task in found} == {"RUNNING"}
    assert len({task["queueId"] for task in found}) == 2
    sessions = [f"session-{task['latestSessionActionId'].split('-')[1]}" for task in found]
    living = served.ids("living")
    assert living["sessionId"] in sessions
    farm_id = living["farmId"]
    reply = served.client.batch_get_session(
        identifiers=[
            {"farmId": farm_id, "queueId": task["queueId"], "jobId": task["jobId"], "sessionId": session_id}
            for task, session_id in zip(found[:100], sessions, strict=False)
        ]
    )
    assert reply["errors"] == []


@pytest.mark.parametrize("field", ["STARTED_AT", "ENDED_AT", "UPDATED_AT"])
@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
def test_tasks_are_sorted_by_their_times(served: Served, field: str, order: str) -> None:
    member = {"STARTED_AT": "startedAt", "ENDED_AT": "endedAt", "UPDATED_AT": "updatedAt"}[field]
    page = search(served, "search_tasks", "lighting", sortExpressions=by(field, order), pageSize=50)
    times: list[datetime] = [task[member] for task in page["tasks"]]
    assert len(times) == 50
    assert times == sorted(times, reverse=order == "DESCENDING")


def test_what_failed_since_a_time_is_one_search_over_the_archive_too(served: Served) -> None:
    failed = only(RUN_STATUS="FAILED")
    newest = search(
        served, "search_tasks", "dailies archive", filterExpressions=failed, sortExpressions=by("ENDED_AT")
    )
    since = newest["tasks"][9]["endedAt"]
    failed["filters"].append(
        {"dateTimeFilter": {"name": "ENDED_AT", "operator": "GREATER_THAN_EQUAL_TO", "dateTime": since}}
    )
    found = search(served, "search_tasks", "dailies archive", filterExpressions=failed)
    assert found["totalResults"] == 10
    assert all(task["runStatus"] == "FAILED" and task["endedAt"] >= since for task in found["tasks"])


def test_a_search_is_narrowed_to_a_job(served: Served) -> None:
    job_id = served.ids("failed")["jobId"]
    found = all_pages(served, "search_tasks", "tasks", "lighting", jobId=job_id)
    assert {task["jobId"] for task in found} == {job_id}
    (step,) = search(served, "search_steps", "lighting", jobId=job_id)["steps"]
    assert {task["stepId"] for task in found} == {step["stepId"]}
    assert step["taskRunStatusCounts"]["FAILED"] == 1


@pytest.mark.parametrize("operation", ["search_jobs", "search_steps", "search_tasks"])
def test_a_queue_that_is_named_twice_is_searched_once(served: Served, operation: str) -> None:
    queue = "dailies archive"
    failed = only(**{"RUN_STATUS" if operation == "search_tasks" else "TASK_RUN_STATUS": "FAILED"})
    once = search(served, operation, queue, filterExpressions=failed)
    assert once["totalResults"] > 0
    twice = search(served, operation, queue, queue, filterExpressions=failed)
    assert twice["totalResults"] == once["totalResults"]


def test_a_fleet_that_is_named_twice_is_searched_once(served: Served) -> None:
    session = served.session("living")
    found = served.client.search_workers(
        farmId=served.ids("living")["farmId"], fleetIds=[session["fleetId"]] * 2, itemOffset=0
    )
    workers = [worker["workerId"] for worker in found["workers"]]
    assert len(workers) == len(set(workers)) == found["totalResults"]


def test_no_search_reaches_beyond_ten_thousand(served: Served) -> None:
    found = search(served, "search_tasks", "dailies archive", itemOffset=10_000)
    assert (found["totalResults"], len(found["tasks"])) == (10_000, 100)
    assert "nextItemOffset" not in found


def test_an_archived_task_is_the_same_before_and_after_its_job_is_looked_into(own: Served) -> None:
    found = search(own, "search_tasks", "dailies archive", filterExpressions=only(RUN_STATUS="FAILED"))[
        "tasks"
    ]
    task = found[0]
    job = {**own.queue("dailies archive"), "jobId": task["jobId"]}
    (session,) = own.client.list_sessions(**job)["sessions"]
    actions = own.client.list_session_actions(**job, sessionId=session["sessionId"])["sessionActions"]
    action = next(one for one in actions if one["sessionActionId"] == task["latestSessionActionId"])
    assert action["definition"]["taskRun"]["taskId"] == task["taskId"]
    assert (action["status"], action["startedAt"], action["endedAt"]) == (
        "FAILED",
        task["startedAt"],
        task["endedAt"],
    )
    again = search(own, "search_tasks", "dailies archive", filterExpressions=only(TASK_ID=task["taskId"]))
    assert again["tasks"] == [task]


def test_workers_of_a_fleet_are_found_by_their_hosts(served: Served) -> None:
    session = served.session("living")
    host = session["hostProperties"]["hostName"]
    term = {"searchTermFilter": {"searchTerm": host, "matchType": "CONTAINS"}}
    reply = served.client.search_workers(
        farmId=served.ids("living")["farmId"],
        fleetIds=[session["fleetId"]],
        itemOffset=0,
        filterExpressions={"filters": [term], "operator": "AND"},
    )
    assert session["workerId"] in [worker["workerId"] for worker in reply["workers"]]


# --- counts and environments --------------------------------------------------------------------------


def test_counts_of_tasks_have_the_zeros_too(served: Served) -> None:
    model = botocore.session.get_session().get_service_model("deadline")
    shape = model.shape_for("TaskRunStatus")
    assert isinstance(shape, StringShape)
    statuses = tuple(shape.enum)
    assert statuses == TASK_RUN_STATUSES
    for queue in ("lighting", "dailies archive"):
        for job in served.client.list_jobs(**served.queue(queue))["jobs"]:
            assert tuple(job["taskRunStatusCounts"]) == statuses


def test_a_queue_has_the_environment_that_its_jobs_enter(served: Served) -> None:
    queue = served.queue("lighting")
    (listed,) = served.client.list_queue_environments(**queue)["environments"]
    found = served.client.get_queue_environment(**queue, queueEnvironmentId=listed["queueEnvironmentId"])
    assert (found["name"], found["templateType"]) == ("Toolset", "YAML")
    assert "parameterDefinitions:" in found["template"]


# --- what is not there --------------------------------------------------------------------------------


def test_an_operation_that_is_not_there_is_refused_as_the_service_would(served: Served) -> None:
    with pytest.raises(ClientError) as caught:
        served.client.create_farm(displayName="x")
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"
    assert "CreateFarm" in caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_calls_of_workers_are_refused_and_never_reach_another_host() -> None:
    moto_deadline.register()
    with mock_aws():
        client = boto3.client("deadline", region_name="us-west-2")
        with pytest.raises(ClientError) as caught:
            client.update_worker_schedule(
                farmId="farm-" + "0" * 32, fleetId="fleet-" + "0" * 32, workerId="worker-" + "0" * 32
            )
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"


@pytest.fixture
def endpoint() -> Iterator[str]:
    moto_deadline.register()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        moto_deadline.install(Simulation(clock=FrozenClock()))
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def client_in(region: str, endpoint: str) -> Any:
    config = Config(inject_host_prefix=False, retries={"max_attempts": 0})
    return boto3.client("deadline", region_name=region, endpoint_url=endpoint, config=config)


@pytest.mark.long
@pytest.mark.parametrize("region", ["us-west-2", "eu-west-1", "ap-southeast-2", "mars-north-7"])
def test_every_region_answers_and_refuses_what_is_not_there(endpoint: str, region: str) -> None:
    client = client_in(region, endpoint)
    assert bool(client.list_farms()["farms"]) is (region == moto_deadline.REGION)
    with pytest.raises(ClientError) as caught:
        client.create_farm(displayName="x")
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"


def test_a_path_that_no_operation_has_is_refused_in_json(endpoint: str) -> None:
    scope = "Credential=testing/20260314/us-west-2/deadline/aws4_request"
    request = urllib.request.Request(
        f"{endpoint}/2023-10-12/no/such/thing", headers={"Authorization": f"AWS4-HMAC-SHA256 {scope}, x=y"}
    )
    with pytest.raises(HTTPError) as caught:
        urllib.request.urlopen(request)
    with caught.value as answer:
        assert answer.code == 404
        assert json.loads(answer.read())["__type"] == "UnknownOperationException"
