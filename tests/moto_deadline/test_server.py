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
