"""Reading logs with the credentials that may, and words that help when none do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from farmwatch.cloud.log_page import LogPage, LogSource
from farmwatch.cloud.logs import LogReader
from farmwatch.cloud.model import Fault, FaultKind
from tests.canned import FARM_ID, FLEET_ID, QUEUE_ID, SESSION_ID, WORKER_ID

NOW = datetime(2026, 3, 14, 2, 10, tzinfo=UTC)
OF_QUEUE = LogSource(f"/aws/deadline/{FARM_ID}/{QUEUE_ID}", SESSION_ID, FARM_ID, queue_id=QUEUE_ID)
OF_FLEET = LogSource(f"/aws/deadline/{FARM_ID}/{FLEET_ID}", WORKER_ID, FARM_ID, fleet_id=FLEET_ID)
PAGE = {
    "events": [{"timestamp": 5, "message": "a line\n"}],
    "nextForwardToken": "f/1/s",
    "nextBackwardToken": "b/1/s",
}


def error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}}, "GetLogEvents")


class Logs:
    """CloudWatch Logs that gives an answer, or raises it."""

    def __init__(self, answer: Any = PAGE) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    def get_log_events(self, **asked: Any) -> Any:
        self.asked.append(asked)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Door:
    """A connection whose roles live for a quarter of an hour from when they are assumed."""

    def __init__(self, lives: timedelta = timedelta(minutes=15)) -> None:
        self.now = NOW
        self.lives = lives
        self.logs: Any = Logs(AssertionError("read with credentials of its own"))
        self.of_role = Logs()
        self.deadline: Any = self
        self.assumed: list[tuple[str, dict[str, str]]] = []
        self.keys: list[tuple[str, str, str]] = []
        self.answer: Any = None

    def _role(self, name: str, asked: dict[str, str]) -> Any:
        self.assumed.append((name, asked))
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        return {
            "credentials": {
                "accessKeyId": "testing",
                "secretAccessKey": "testing",
                "sessionToken": f"token {len(self.assumed)}",
                "expiration": self.now + self.lives,
            }
        }

    def assume_queue_role_for_read(self, **asked: str) -> Any:
        return self._role("queue", asked)

    def assume_fleet_role_for_read(self, **asked: str) -> Any:
        return self._role("fleet", asked)

    def logs_as(self, key_id: str, secret: str, token: str) -> Any:
        self.keys.append((key_id, secret, token))
        return self.of_role


def by_role(door: Door) -> LogReader:
    return LogReader(door, by_role=True, profile="monitor", now=lambda: door.now)


def test_others_read_with_credentials_of_their_own() -> None:
    door = Door()
    door.logs = Logs()
    page = LogReader(door, by_role=False).page(OF_QUEUE)
    assert isinstance(page, LogPage)
    assert [tuple(event) for event in page.events] == [(5, "a line")]
    assert (page.forward, page.backward, door.assumed) == ("f/1/s", "b/1/s", [])


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({}, {"startFromHead": True, "limit": 10_000}),
        ({"token": "f/1/s"}, {"startFromHead": True, "limit": 10_000, "nextToken": "f/1/s"}),
        (
            {"from_head": False, "start": 0, "end": 9, "limit": 7},
            {"startFromHead": False, "startTime": 0, "endTime": 9, "limit": 7},
        ),
    ],
)
def test_what_is_asked_is_what_is_sent(asked: dict[str, Any], sent: dict[str, Any]) -> None:
    door = Door()
    door.logs = Logs()
    LogReader(door, by_role=False).page(OF_QUEUE, **asked)
    names = {"logGroupName": OF_QUEUE.group, "logStreamName": OF_QUEUE.stream}
    assert door.logs.asked == [{**names, **sent}]


@pytest.mark.parametrize(
    ("source", "assumed"),
    [
        (OF_QUEUE, ("queue", {"farmId": FARM_ID, "queueId": QUEUE_ID})),
        (OF_FLEET, ("fleet", {"farmId": FARM_ID, "fleetId": FLEET_ID})),
    ],
    ids=["queue", "fleet"],
)
def test_a_monitor_profile_reads_with_the_role_of_the_owner(source: LogSource, assumed: Any) -> None:
    door = Door()
    assert isinstance(by_role(door).page(source), LogPage)
    assert door.assumed == [assumed]
    assert door.keys == [("testing", "testing", "token 1")]


def test_a_role_is_kept_and_renewed_before_it_expires() -> None:
    door = Door()
    reader = by_role(door)
    for minutes, assumed in ((0, 1), (12, 1), (14, 2), (14, 2)):
        door.now = NOW + timedelta(minutes=minutes)
        reader.page(OF_QUEUE)
        assert len(door.assumed) == assumed, minutes
    assert door.keys[-1][2] == "token 2"


def test_a_role_that_lives_shortly_is_not_assumed_for_every_page() -> None:
    door = Door(lives=timedelta(minutes=1))
    reader = by_role(door)
    for seconds in (0, 10, 20):
        door.now = NOW + timedelta(seconds=seconds)
        reader.page(OF_QUEUE)
    assert len(door.assumed) == 1


def test_a_role_that_has_expired_already_stops_nothing() -> None:
    door = Door(lives=timedelta(minutes=-5))
    assert isinstance(by_role(door).page(OF_QUEUE), LogPage)


def test_two_logs_of_one_fleet_need_one_role() -> None:
    door = Door()
    reader = by_role(door)
    reader.page(OF_FLEET)
    reader.page(LogSource(OF_FLEET.group, "another worker", FARM_ID, fleet_id=FLEET_ID))
    assert len(door.assumed) == 1


def test_a_role_that_is_denied_is_named() -> None:
    door = Door()
    door.answer = error("AccessDeniedException", "not authorized")
    fault = by_role(door).page(OF_FLEET)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.operation) == (FaultKind.DENIED, "AssumeFleetRoleForRead")


@pytest.mark.parametrize("answer", [{}, {"credentials": {}}, {"credentials": 7}, "words", None, 7])
def test_a_role_without_credentials_is_a_fault(answer: Any) -> None:
    door = Door()
    door.answer = answer if answer is not None else []
    fault = by_role(door).page(OF_QUEUE)
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.BAD_REPLY


@pytest.mark.parametrize(
    ("with_role", "tried"),
    [(True, "the read role (AssumeQueueRoleForRead)"), (False, "this login's credentials")],
)
def test_a_log_that_is_denied_names_the_action_and_with_what_it_was_tried(
    with_role: bool, tried: str
) -> None:
    door = Door()
    door.logs = door.of_role = Logs(error("AccessDeniedException", "not authorized"))
    fault = LogReader(door, by_role=with_role, now=lambda: NOW).page(OF_QUEUE)
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.DENIED
    assert tried in fault.sentence
    assert "logs:GetLogEvents" in fault.remedy
    assert OF_QUEUE.group in fault.remedy


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("The specified log group does not exist.", f"There is no log group {OF_QUEUE.group}."),
        ("The specified log stream does not exist.", f"There is no log stream {OF_QUEUE.stream}."),
    ],
)
def test_a_group_that_is_gone_is_told_from_a_stream(message: str, sentence: str) -> None:
    door = Door()
    door.of_role = Logs(error("ResourceNotFoundException", message))
    fault = by_role(door).page(OF_QUEUE)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.sentence) == (FaultKind.GONE, sentence)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("ThrottlingException"), FaultKind.SLOW_DOWN),
        (EndpointConnectionError(endpoint_url="https://logs.us-west-2.amazonaws.com"), FaultKind.NETWORK),
        (ValueError("not JSON"), FaultKind.BAD_REPLY),
        ({}, FaultKind.BAD_REPLY),
        ("words", FaultKind.BAD_REPLY),
        ({**PAGE, "nextForwardToken": 7}, FaultKind.BAD_REPLY),
        ({**PAGE, "events": [{"message": "no time"}]}, FaultKind.BAD_REPLY),
    ],
    ids=["throttled", "offline", "not JSON", "empty", "words", "token", "event"],
)
def test_whatever_goes_wrong_is_a_fault(answer: Any, kind: FaultKind) -> None:
    door = Door()
    door.of_role = Logs(answer)
    fault = by_role(door).page(OF_QUEUE)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.operation) == (kind, "GetLogEvents")
