"""Requests of batches that are written down at once are those that botocore writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.model import StructureShape

from farmwatch.aws.identifiers import OPERATIONS, write_at_once

LAST = {"BatchGetSession": "sessionId", "BatchGetSessionAction": "sessionActionId"}


class _Body:
    @staticmethod
    def stream(*_: object, **__: object) -> Iterator[bytes]:
        yield b'{"sessions": [], "sessionActions": [], "errors": []}'


def sent(operation: str, *, at_once: bool) -> Any:
    """The request that goes out, which nobody answers but we."""
    client: Any = botocore.session.get_session().create_client(
        "deadline",
        region_name="us-west-2",
        endpoint_url="http://127.0.0.1:9",
        config=Config(parameter_validation=False),
    )
    if at_once:
        write_at_once(client)
    requests: list[Any] = []
    headers: Any = {"content-type": "application/json"}

    def answer(request: Any, **_: object) -> Any:
        requests.append(request)
        return AWSResponse(request.url, 200, headers, _Body())

    client.meta.events.register("before-send.deadline", answer)
    ids = [
        {"farmId": f"farm-{one}", "queueId": "ü", "jobId": "job-1", LAST[operation]: "x"} for one in (1, 2)
    ]
    getattr(client, xform_name(operation))(identifiers=ids)
    (request,) = requests
    assert json.loads(request.body) == {"identifiers": ids}
    return request


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_request_is_the_one_that_botocore_writes(operation: str) -> None:
    quick, own = sent(operation, at_once=True), sent(operation, at_once=False)
    assert (quick.method, quick.url) == (own.method, own.url)
    assert set(quick.headers) == set(own.headers)
    assert quick.headers["Content-Type"] == own.headers["Content-Type"]
    assert int(quick.headers["Content-Length"]) == len(quick.body)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_it_has_nothing_but_identifiers_made_of_texts(operation: str) -> None:
    shape: Any = (
        botocore.session.get_session().get_service_model("deadline").operation_model(operation).input_shape
    )
    assert list(shape.members) == ["identifiers"]
    member = shape.members["identifiers"].member
    assert isinstance(member, StructureShape)
    assert {(one.type_name, *one.serialization) for one in member.members.values()} == {("string",)}
