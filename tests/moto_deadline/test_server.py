"""What the server of the farm answers to whatever comes over its address."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto import mock_aws
from werkzeug.test import Client

import moto_deadline
from moto_deadline.server import application
from moto_deadline.simulation import FrozenClock, Simulation

SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=testing/20260314/us-west-2/deadline/aws4_request, x=y"
}


@pytest.fixture(scope="module")
def server() -> Any:
    with mock_aws():
        moto_deadline.install(Simulation(clock=FrozenClock()))
        yield Client(application())


@pytest.mark.parametrize(("method", "path"), [("POST", "telemetry"), ("GET", "farms"), ("PUT", "no/such")])
def test_what_is_not_signed_is_refused_in_json_and_quietly(
    server: Client, capfd: pytest.CaptureFixture[str], method: str, path: str
) -> None:
    answer = server.open(f"/2023-10-12/{path}", method=method, json={"EventType": "com.amazon.rum"})
    assert (answer.status_code, answer.content_type) == (404, "application/json")
    reply = json.loads(answer.text)
    assert answer.headers["x-amzn-ErrorType"] == reply["__type"] == "UnknownOperationException"
    assert f"{method} /2023-10-12/{path}" in reply["message"]
    assert capfd.readouterr() == ("", "")


def test_what_is_signed_is_answered(server: Client) -> None:
    answer = server.get("/2023-10-12/farms", headers=SIGNED)
    assert answer.status_code == 200
    assert json.loads(answer.text)["farms"][0]["displayName"] == "Northlight"


def search_of_tasks(*filters: object, **more: object) -> bytes:
    expressions = {"filterExpressions": {"filters": filters, "operator": "AND"}} if filters else {}
    asked = {"queueIds": ["queue-" + "0" * 32], "itemOffset": 0}
    return json.dumps({**asked, **expressions, **more}).encode()


def date(at: object) -> dict[str, object]:
    return {"dateTimeFilter": {"name": "ENDED_AT", "operator": "EQUAL", "dateTime": at}}


def string(**more: object) -> dict[str, object]:
    return {"stringFilter": {"name": "RUN_STATUS", "operator": "EQUAL", "value": "FAILED", **more}}


NO_LISTS: list[object] = ["x", 1, {}, ["x"], [None], [{"fieldSort": 1}]]
NO_GROUPS: list[object] = ["x", 1, [], {"filters": 1}]
NO_FILTERS: list[object] = ["x", 1, None, [], {}]
NO_TIMES: list[object] = ["gestern", "", [], {}, "0001-01-01T00:00:00+14:00", 1e300]
NO_TEXTS: list[object] = [1, True, [], {}, None]
NO_QUEUES: list[object] = ["x", 1, {"x": 1}, [1], [None], [[]]]
NO_OFFSETS: list[object] = ["x", [], {}, 1e300]


@pytest.mark.parametrize(
    "body",
    [
        *[b"", b"[]", b'"x"', b"1", b"null", b"{", b"\xff", b"Action=GetFarm", b"[" * 100_000],
        *[search_of_tasks(sortExpressions=wrong) for wrong in NO_LISTS],
        *[search_of_tasks(filterExpressions=wrong) for wrong in NO_GROUPS],
        *[search_of_tasks(wrong) for wrong in NO_FILTERS],
        *[search_of_tasks(date(wrong)) for wrong in NO_TIMES],
        *[search_of_tasks(string(name=wrong)) for wrong in NO_TEXTS],
        *[search_of_tasks(string(operator=wrong)) for wrong in NO_TEXTS],
        *[search_of_tasks(string(value=wrong)) for wrong in NO_TEXTS],
        *[search_of_tasks(queueIds=wrong) for wrong in NO_QUEUES],
        *[search_of_tasks(itemOffset=wrong) for wrong in NO_OFFSETS],
        search_of_tasks(jobId=1),
    ],
    ids=lambda body: body[-60:].decode(errors="replace"),
)
def test_what_is_of_a_wrong_type_is_a_validation_error(
    server: Client, capfd: pytest.CaptureFixture[str], body: bytes
) -> None:
    path = f"/2023-10-12/farms/farm-{'0' * 32}/search/tasks"
    answer = server.post(path, headers=SIGNED, data=body, content_type="application/json")
    assert (answer.status_code, answer.content_type) == (400, "application/json")
    assert answer.headers["x-amzn-ErrorType"] == "ValidationException"
    assert capfd.readouterr() == ("", "")


def test_a_number_of_a_query_that_is_none_is_a_validation_error(server: Client) -> None:
    answer = server.get("/2023-10-12/farms?maxResults=many", headers=SIGNED)
    assert (answer.status_code, json.loads(answer.text)["reason"]) == (400, "CANNOT_PARSE")


@pytest.mark.parametrize("way", [{"query_string": {"Action": "X"}}, {"headers": {"X-Amz-Target": "A.X"}}])
def test_an_operation_is_told_by_its_path_alone(server: Client, way: dict[str, Any]) -> None:
    headers = {**SIGNED, **way.get("headers", {})}
    answer = server.get("/2023-10-12/farms", **{**way, "headers": headers})
    assert answer.status_code == 200
