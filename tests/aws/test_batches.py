"""Sessions asked for together: each has an answer of its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from farmwatch.aws.client import DeadlineClient
from farmwatch.aws.model import Fault, FaultKind, Session
from tests.canned import FLEET_ID, REF, START, WORKER_ID

IDS = [REF.session_id, *(f"session-{n:032x}" for n in range(4))]
REFS = [replace(REF, session_id=one) for one in IDS]
GOOD = {
    "sessionId": REF.session_id,
    "fleetId": FLEET_ID,
    "workerId": WORKER_ID,
    "startedAt": START,
    "lifecycleStatus": "STARTED",
    "log": {"logDriver": "awslogs"},
}


def answers(reply: Any) -> Mapping[str, Session | Fault] | Fault:
    client = SimpleNamespace(batch_get_session=lambda **_: reply)
    return DeadlineClient(cast("Any", client)).sessions_by_id(REFS)


def test_each_session_has_an_answer_of_its_own_and_a_bad_one_spoils_only_itself() -> None:
    found = answers(
        {
            "sessions": [GOOD, {**GOOD, "sessionId": IDS[1], "startedAt": "now"}, "none", {"sessionId": 7}],
            "errors": [
                {"sessionId": IDS[2], "code": "InternalServerErrorException", "message": "try again"},
                {"sessionId": IDS[3], "code": "ResourceNotFoundException", "message": "no such session"},
                {"code": "ValidationException"},
            ],
        }
    )
    assert isinstance(found, Mapping)
    assert isinstance(found[IDS[0]], Session)
    faults = {key: answer for key, answer in found.items() if isinstance(answer, Fault)}
    assert {key: fault.kind for key, fault in faults.items()} == {
        IDS[1]: FaultKind.BAD_REPLY,
        IDS[2]: FaultKind.SERVICE,
        IDS[3]: FaultKind.GONE,
        IDS[4]: FaultKind.BAD_REPLY,
    }
    assert {fault.operation for fault in faults.values()} == {"BatchGetSession"}
    assert faults[IDS[2]].message == "try again"


@pytest.mark.parametrize("reply", [{}, {"sessions": [GOOD]}, {"sessions": "x", "errors": []}, []])
def test_a_reply_without_both_lists_is_none(reply: Any) -> None:
    found = answers(reply)
    assert isinstance(found, Fault)
    assert found.kind is FaultKind.BAD_REPLY


def test_where_the_operation_is_missing_it_is_a_fault() -> None:
    found = DeadlineClient(cast("Any", SimpleNamespace())).sessions_by_id(REFS)
    assert isinstance(found, Fault)
