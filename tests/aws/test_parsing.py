"""The quicker parser reads what botocore's own reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.parsers import RestJSONParser, create_parser
from msgspec import Raw

from farmwatch.aws import parsing
from farmwatch.aws.parsing import QuickParser, QuickParsers, ReadOnce, parse_timestamp, structure
from farmwatch.aws.reply import BadReply
from farmwatch.aws.task import Task

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


def plain(reply: Any) -> Any:
    """A reply whose items are as they came, by their bytes."""
    if isinstance(reply, dict):
        return {name: plain(value) for name, value in reply.items()}
    return (
        list(map(plain, reply))
        if isinstance(reply, list)
        else bytes(reply)
        if isinstance(reply, Raw)
        else reply
    )


def known(item: Any) -> Any:
    """An item without what `sample` adds to it."""
    if isinstance(item, Mapping):
        added = ("newToUs", "nullIsNothing")
        return {name: known(value) for name, value in item.items() if name not in added}
    return item


def both(operation: OperationModel, body: bytes, status: int = 200) -> tuple[Any, Any]:
    own = RestJSONParser(timestamp_parser=parse_timestamp)
    quick = QuickParser(timestamp_parser=parse_timestamp)
    first = parsed(quick, operation, body, status)
    # How a shape is read is known the second time.
    assert plain(parsed(quick, operation, body, status)) == plain(first)
    return first, parsed(own, operation, body, status)


@pytest.mark.parametrize("operation", READ, ids=lambda operation: operation.name)
def test_a_whole_reply_is_read_as_botocore_reads_it(operation: OperationModel) -> None:
    assert operation.output_shape is not None
    quick, own = both(operation, json.dumps(sample(operation.output_shape)).encode())
    for name, found in quick.items():
        if isinstance(found, list) and any(isinstance(one, Raw) for one in found):
            # Of members that nobody knows botocore tells nothing.
            quick[name] = [known(structure(one)) if bytes(one) != b"null" else None for one in found]
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


# --- items that are not parsed ------------------------------------------------------------------------------

TASK = {
    "taskId": "task-4b1b2c7e4f5d4b4f9d0e6c2f1a3b5c7d-0",
    "stepId": "step-4b1b2c7e4f5d4b4f9d0e6c2f1a3b5c7d",
    "jobId": "job-0a6b2c7e4f5d4b4f9d0e6c2f1a3b5c7d",
    "queueId": "queue-f9848b67822d49299296e3e47d8cc523",
    "runStatus": "RUNNING",
    "startedAt": "2026-03-14T02:00:00Z",
}


def raw(item: object) -> Raw:
    return Raw(json.dumps(item).encode())


def test_an_item_that_came_before_is_the_very_same_and_one_that_changed_is_read() -> None:
    read = ReadOnce(Task.from_reply)
    first = read(raw(TASK))
    assert first.started_at == datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
    assert read(raw(TASK)) is first
    assert read(TASK | {"startedAt": first.started_at}) == first, "one that is parsed is read as ever"
    assert read(raw(TASK | {"runStatus": "SUCCEEDED"})).run_status == "SUCCEEDED"
    assert read(raw(TASK)) is first


def test_what_did_not_come_again_for_a_while_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MOST", 2)
    read = ReadOnce(Task.from_reply)
    items = [raw(TASK | {"failureRetryCount": number}) for number in range(5)]
    first, *_, last = [read(item) for item in items]
    assert read(items[4]) is last
    again = read(items[0])
    assert again == first
    assert again is not first


@pytest.mark.parametrize(
    "item", [None, 7, "text", [], {}, TASK | {"startedAt": "never"}, TASK | {"startedAt": {}}]
)
def test_an_item_that_is_no_good_is_a_bad_reply_each_time(item: object) -> None:
    read = ReadOnce(Task.from_reply)
    for _ in range(2):
        with pytest.raises(BadReply):
            read(raw(item))
