import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.session import get_session
from hypothesis import given
from msgspec import Raw

from farmwatch.aws.cleaning import are_harmless
from farmwatch.aws.parsing import structure
from farmwatch.aws.reply import BadReply
from farmwatch.aws.session_action import KINDS, SessionAction, read_quickly
from tests.aws.fuzzing import Replies
from tests.canned import START, an_action
from tests.replies import replies

REPLY: dict[str, Any] = {
    "sessionActionId": "sessionaction-61e4f38604894d6ca243b88e52d7ca07-12",
    "sessionId": "session-61e4f38604894d6ca243b88e52d7ca07",
    "status": "FAILED",
    "startedAt": datetime(2026, 3, 14, 2, 0, tzinfo=UTC),
    "processExitCode": -9,
    "progressMessage": "out of \x1b[31mmemory",
    "definition": {
        "taskRun": {
            "stepId": "step-4b1b2c7e4f5d4b4f9d0e6c2f1a3b5c7d",
            "parameters": {"Frame": {"int": "5"}, "Camera": {"string": "main"}},
        }
    },
}


@given(replies("GetSessionAction"))
def test_every_reply_the_model_allows_is_read(reply: dict[str, Any]) -> None:
    action = SessionAction.from_reply(reply)
    assert action.status == reply["status"]
    assert 0 <= action.progress <= 100


@given(replies("ListSessionActions"))
def test_every_summary_the_model_allows_is_read(reply: dict[str, Any]) -> None:
    for summary in reply["sessionActions"]:
        assert not SessionAction.from_reply(summary).detailed


SHAPE: Any = get_session().get_service_model("deadline").shape_for("GetSessionActionResponse")


def read_with_care(written: bytes) -> SessionAction | None:
    try:
        return SessionAction.from_reply(structure(Raw(written)))
    except BadReply:
        return None


def test_what_is_read_quickly_is_read_as_with_care() -> None:
    for seed in range(1500):
        written = Replies(str(seed)).body(SHAPE)
        quickly = read_quickly(written) if are_harmless(written) else None
        assert quickly is None or quickly == read_with_care(written), written


def test_what_the_service_writes_is_read_quickly() -> None:
    read = [one for seed in range(300) if (one := read_quickly(Replies(str(seed)).body(SHAPE))) is not None]
    assert {one.kind for one in read} == set(KINDS)
    whole = json.dumps({**REPLY, "startedAt": "2026-03-14T02:00:00.125Z", "progressMessage": "out of memory"})
    found = read_quickly(whole.encode())
    assert found is not None
    assert found == read_with_care(whole.encode())
    assert found.started_at == datetime(2026, 3, 14, 2, 0, 0, 125_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("startedAt", "2026-03-14T02:00:00.125+02:00"),
        ("startedAt", "2026-03-14T02:00:00"),
        ("startedAt", 1_773_453_600),
        ("startedAt", "never"),
        ("sessionActionId", "sessionaction-x"),
        ("status", ""),
        ("processExitCode", 1.0),
        ("processExitCode", True),
        ("progressPercent", True),
        ("progressPercent", 250),
        ("definition", {}),
        ("definition", {"teleport": {}}),
        ("definition", {"taskRun": {}, "envEnter": {}}),
        ("definition", {"taskRun": {"parameters": {"Frame": {"int": 5}}}}),
        ("definition", {"taskRun": {"parameters": None}}),
    ],
)
def test_what_is_not_as_the_model_has_it_is_read_as_with_care_or_not_at_all(
    member: str, value: object
) -> None:
    written = json.dumps(
        {**REPLY, "startedAt": None, "progressMessage": "out of memory", member: value}
    ).encode()
    quickly = read_quickly(written)
    assert quickly is None or quickly == read_with_care(written)


def test_a_task_has_its_parameters_without_their_types() -> None:
    action = SessionAction.from_reply(REPLY)
    assert (action.kind, dict(action.parameters)) == ("taskRun", {"Frame": "5", "Camera": "main"})


def test_its_text_is_cleaned() -> None:
    assert SessionAction.from_reply(REPLY).message == "out of ␛[31mmemory"


def test_its_number_counts_within_the_session() -> None:
    assert SessionAction.from_reply(REPLY).number == 12


def test_an_environment_is_told_by_its_name() -> None:
    reply = {**REPLY, "definition": {"envEnter": {"environmentId": "STEP:step-1:Maya: 2025"}}}
    assert SessionAction.from_reply(reply).environment == "Maya: 2025"


def test_a_kind_nobody_has_seen_is_kept() -> None:
    reply = {**REPLY, "definition": {"SDK_UNKNOWN_MEMBER": {"name": "teleport"}}}
    assert SessionAction.from_reply(reply).kind not in KINDS


@pytest.mark.parametrize(
    "wrong",
    [
        {"sessionActionId": "session-1"},
        {"sessionActionId": "sessionaction-1-x"},
        {"definition": None},
        {"status": ""},
        {"processExitCode": "7"},
        {"progressPercent": float("nan")},
        {"definition": {"taskRun": {"parameters": {"Frame": "5"}}}},
    ],
)
def test_what_the_model_does_not_allow_is_no_observation(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadReply):
        SessionAction.from_reply({**REPLY, **wrong})


def test_a_time_out_is_known_by_its_message() -> None:
    message = "TIMEOUT - Exceeded the allotted runtime limit."
    assert an_action(1, "FAILED", message=message).timed_out
    assert not an_action(1, "FAILED", message="exit 1").timed_out


def test_a_duration_is_never_negative_and_none_before_the_start() -> None:
    assert an_action(1, "ASSIGNED").duration(START) is None
    early = an_action(1, "RUNNING").duration(START.replace(year=2025))
    assert early is not None
    assert early.total_seconds() == 0
