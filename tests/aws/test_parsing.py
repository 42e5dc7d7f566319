"""The quicker parser reads what botocore's own reads."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.parsers import RestJSONParser, create_parser

from farmwatch.aws.access import parse_timestamp
from farmwatch.aws.parsing import QuickParser, QuickParsers

MODEL = botocore.session.get_session().get_service_model("deadline")
OPERATIONS = [MODEL.operation_model(name) for name in MODEL.operation_names]
READ = [operation for operation in OPERATIONS if operation.output_shape is not None]
VALUES: dict[str, Any] = {
    "string": "text",
    "timestamp": "2026-03-14T02:00:00.125Z",
    "integer": 3,
    "long": 4,
    "float": 1.5,
    "double": 2.5,
    "boolean": True,
}


def sample(shape: Shape) -> Any:
    """A value of a shape as it comes over the wire, with every member that there can be and one more."""
    if isinstance(shape, StructureShape):
        if shape.is_document_type:
            return {"anything": [1]}
        members = {
            member.serialization.get("name", name): sample(member) for name, member in shape.members.items()
        }
        if shape.is_tagged_union:
            return dict(list(members.items())[:1])
        return {**members, "newToUs": {"a": 1}, "nullIsNothing": None}
    if isinstance(shape, ListShape):
        return [sample(shape.member), None, sample(shape.member)]
    if isinstance(shape, MapShape):
        return {"key": sample(shape.value)}
    return VALUES.get(shape.type_name, {"of": "any kind"})


def parsed(parser: Any, operation: OperationModel, body: bytes, status: int = 200) -> Any:
    headers = {"x-amzn-RequestId": "r-1", "x-amzn-ErrorType": "ValidationException"}
    response = {"body": body, "headers": headers, "status_code": status, "context": {}}
    try:
        return parser.parse(response, operation.output_shape)
    except Exception as error:
        return type(error)


def both(operation: OperationModel, body: bytes, status: int = 200) -> tuple[Any, Any]:
    own = RestJSONParser(timestamp_parser=parse_timestamp)
    quick = QuickParser(timestamp_parser=parse_timestamp)
    first = parsed(quick, operation, body, status)
    # How a shape is read is known the second time.
    assert parsed(quick, operation, body, status) == first
    return first, parsed(own, operation, body, status)


@pytest.mark.parametrize("operation", READ, ids=lambda operation: operation.name)
def test_a_whole_reply_is_read_as_botocore_reads_it(operation: OperationModel) -> None:
    assert operation.output_shape is not None
    quick, own = both(operation, json.dumps(sample(operation.output_shape)).encode())
    assert quick == own


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"7",
        b"{",
        b'{"sessions": {}}',
        b'{"sessions": 7}',
        b'{"sessions": "text"}',
        b'{"sessions": [7]}',
        b'{"sessions": [{"startedAt": "never"}]}',
        b'{"sessions": [{"log": {"options": []}}]}',
        b'{"sessions": [{"sessionId": 7, "log": {"options": {"a": {}}}}]}',
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_a_broken_reply_breaks_as_it_does_with_botocore(body: bytes, status: int) -> None:
    quick, own = both(MODEL.operation_model("BatchGetSession"), body, status)
    assert quick == own


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"new": {}},
        {"taskRun": None},
        {"taskRun": {}, "envEnter": {}},
        {"__type": "t", "envExit": {}},
        7,
        [],
    ],
)
def test_a_union_of_none_or_many_or_unknown_members_is_read_as_botocore_reads_it(definition: object) -> None:
    body = json.dumps({"sessionActions": [{"sessionActionId": "a", "definition": definition}]}).encode()
    quick, own = both(MODEL.operation_model("BatchGetSessionAction"), body)
    assert quick == own


def test_other_protocols_have_the_parsers_that_botocore_has_for_them() -> None:
    parsers = QuickParsers(parse_timestamp)
    assert isinstance(parsers.create_parser("rest-json"), QuickParser)
    assert type(parsers.create_parser("json")) is type(create_parser("json"))
