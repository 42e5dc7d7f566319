"""Reading logs with the credentials that may, and words that help when none do."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch.aws.log_page import LogPage, LogSource
from farmwatch.aws.log_reader import LogReader
from farmwatch.aws.model import Fault, FaultKind
from tests.canned import FARM_ID, FLEET_ID, QUEUE_ID, SESSION_ID, WORKER_ID
from tests.waiting import LONG

NOW = datetime(2026, 3, 14, 2, 10, tzinfo=UTC)
OF_QUEUE = LogSource(f"/aws/deadline/{FARM_ID}/{QUEUE_ID}", SESSION_ID, FARM_ID, queue_id=QUEUE_ID)
OF_FLEET = LogSource(f"/aws/deadline/{FARM_ID}/{FLEET_ID}", WORKER_ID, FARM_ID, fleet_id=FLEET_ID)
PAGE = {
    "events": [{"timestamp": 5, "message": "a line\n"}],
    "nextForwardToken": "f/1/s",
    "nextBackwardToken": "b/1/s",
}


def error(code: str, message: str = "") -> ClientError:
    reply: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}}
    return ClientError(reply, "GetLogEvents")


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


class Connection:
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

    def role(self, name: str, asked: dict[str, str]) -> Any:
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
        return self.role("queue", asked)

    def assume_fleet_role_for_read(self, **asked: str) -> Any:
        return self.role("fleet", asked)

    def logs_as(self, key_id: str, secret: str, token: str) -> Any:
        self.keys.append((key_id, secret, token))
        return self.of_role


def by_role(door: Connection) -> LogReader:
    return LogReader(door, by_role=True, profile="monitor", now=lambda: door.now)


def test_others_read_with_credentials_of_their_own() -> None:
    door = Connection()
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
    door = Connection()
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
    door = Connection()
    assert isinstance(by_role(door).page(source), LogPage)
    assert door.assumed == [assumed]
    assert door.keys == [("testing", "testing", "token 1")]


def test_a_role_is_kept_and_renewed_before_it_expires() -> None:
    door = Connection()
    reader = by_role(door)
    for minutes, assumed in ((0, 1), (12, 1), (14, 2), (14, 2)):
        door.now = NOW + timedelta(minutes=minutes)
        reader.page(OF_QUEUE)
        assert len(door.assumed) == assumed, minutes
    assert door.keys[-1][2] == "token 2"


def test_a_role_that_has_expired_already_stops_nothing() -> None:
    door = Connection(lives=timedelta(minutes=-5))
    assert isinstance(by_role(door).page(OF_QUEUE), LogPage)


def test_two_logs_of_one_fleet_need_one_role() -> None:
    door = Connection()
    reader = by_role(door)
    reader.page(OF_FLEET)
    reader.page(LogSource(OF_FLEET.group, "another worker", FARM_ID, fleet_id=FLEET_ID))
    assert len(door.assumed) == 1


def test_a_role_that_is_denied_is_named() -> None:
    door = Connection()
    door.answer = error("AccessDeniedException", "not authorized")
    fault = by_role(door).page(OF_FLEET)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.operation) == (FaultKind.DENIED, "AssumeFleetRoleForRead")
    assert "AssumeFleetRoleForRead" in fault.sentence
    assert "deadline:AssumeFleetRoleForRead" in fault.remedy


@pytest.mark.parametrize("answer", [{}, {"credentials": {}}, {"credentials": 7}, "words", None, 7])
def test_a_role_without_credentials_is_a_fault(answer: Any) -> None:
    door = Connection()
    door.answer = answer if answer is not None else []
    fault = by_role(door).page(OF_QUEUE)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.code) == (FaultKind.BAD_REPLY, "BadReply")


@pytest.mark.parametrize(
    ("with_role", "tried"),
    [(True, "the read role (AssumeQueueRoleForRead)"), (False, "this login's credentials")],
)
def test_a_log_that_is_denied_names_the_action_and_with_what_it_was_tried(
    with_role: bool, tried: str
) -> None:
    door = Connection()
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
    door = Connection()
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
    door = Connection()
    door.of_role = Logs(answer)
    fault = by_role(door).page(OF_QUEUE)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.operation, "There is no" in fault.sentence) == (kind, "GetLogEvents", False)


def test_every_page_is_read_with_the_newest_credentials_of_its_own_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    door = Connection()
    clients = [Logs(), Logs(), Logs()]
    monkeypatch.setattr(door, "logs_as", lambda *_: clients[len(door.assumed) - 1])
    reader = by_role(door)
    reader.page(OF_QUEUE)
    reader.page(OF_FLEET)
    reader.page(OF_QUEUE)
    door.now = NOW + timedelta(minutes=14)
    reader.page(OF_QUEUE)
    streams = [[asked["logStreamName"] for asked in client.asked] for client in clients]
    assert streams == [[SESSION_ID, SESSION_ID], [WORKER_ID], [SESSION_ID]]


@pytest.mark.parametrize(
    ("lives", "last_kept", "renewed"),
    [(900, 779, 780), (240, 119, 120), (60, 29, 30), (10, 4, 5)],
)
def test_a_role_is_renewed_two_minutes_before_its_end_or_at_half_of_a_short_life(
    lives: int, last_kept: int, renewed: int
) -> None:
    door = Connection(lives=timedelta(seconds=lives))
    reader = by_role(door)
    for seconds, assumed in ((0, 1), (last_kept, 1), (renewed, 2)):
        door.now = NOW + timedelta(seconds=seconds)
        reader.page(OF_QUEUE)
        assert len(door.assumed) == assumed, seconds


class Awaited:
    """The log of a fleet, which tells when somebody begins to look for the role that reads it."""

    group, stream, farm_id, queue_id = OF_FLEET.group, OF_FLEET.stream, FARM_ID, None

    def __init__(self) -> None:
        self.begun = threading.Event()

    @property
    def fleet_id(self) -> str:
        self.begun.set()
        return FLEET_ID


def test_two_threads_that_want_one_role_assume_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Connection()
    may_go_on = threading.Event()
    role = door.role

    def slowly(name: str, asked: dict[str, str]) -> Any:
        assert may_go_on.wait(LONG)
        return role(name, asked)

    monkeypatch.setattr(door, "role", slowly)
    reader = by_role(door)
    threads = []
    for source in (Awaited(), Awaited()):
        threads.append(threading.Thread(target=reader.page, args=(source,)))
        threads[-1].start()
        assert source.begun.wait(LONG)
    may_go_on.set()
    for thread in threads:
        thread.join(LONG)
    assert (len(door.assumed), len(door.of_role.asked)) == (1, 2)


def test_only_the_assuming_of_a_role_is_counted_and_before_it_is_tried() -> None:
    door = Connection()
    counted: list[int] = []
    reader = LogReader(
        door, by_role=True, on_request=lambda: counted.append(len(door.assumed)), now=lambda: NOW
    )
    reader.page(OF_QUEUE)
    reader.page(OF_QUEUE)
    door.answer = error("AccessDeniedException")
    reader.page(OF_FLEET)
    assert counted == [0, 1]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("AccessDeniedException", "not authorized"), FaultKind.DENIED),
        (error("ResourceNotFoundException", "no such queue"), FaultKind.GONE),
        (error("ThrottlingException"), FaultKind.SLOW_DOWN),
        (error("ExpiredTokenException"), FaultKind.LOGIN),
        (EndpointConnectionError(endpoint_url="https://deadline.us-west-2.amazonaws.com"), FaultKind.NETWORK),
    ],
    ids=["denied", "gone", "throttled", "expired", "offline"],
)
def test_a_role_that_cannot_be_assumed_is_a_fault_and_tried_again_the_next_time(
    answer: Exception, kind: FaultKind
) -> None:
    door = Connection()
    door.answer = answer
    reader = by_role(door)
    fault = reader.page(OF_QUEUE)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.operation) == (kind, "AssumeQueueRoleForRead")
    # What is not there is the queue: never the log, which nobody has asked for yet.
    assert "log stream" not in fault.sentence
    assert door.of_role.asked == []
    door.answer = None
    assert isinstance(reader.page(OF_QUEUE), LogPage)


def test_a_login_that_is_missing_names_the_command_that_renews_it() -> None:
    class Locked:
        @property
        def logs(self) -> Any:
            raise NoCredentialsError

    door: Any = Locked()
    fault = LogReader(door, by_role=False, renewal="aws sso login").page(OF_QUEUE)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.operation) == (FaultKind.LOGIN, "GetLogEvents")
    assert "aws sso login" in fault.remedy


def test_the_questions_are_such_as_botocore_knows() -> None:
    aws = boto3.Session("testing", "testing", region_name="us-west-2")
    deadline, logs = aws.client("deadline"), aws.client("logs")
    credentials = Connection().role("queue", {})
    credentials["credentials"]["expiration"] = datetime.now(UTC) + timedelta(hours=1)
    asked = {"logGroupName": OF_QUEUE.group, "logStreamName": OF_QUEUE.stream, "startFromHead": False}
    asked |= {"limit": 10, "nextToken": "f/0/s", "startTime": 1, "endTime": 9}
    with Stubber(deadline) as of_deadline, Stubber(logs) as of_logs:
        of_deadline.add_response(
            "assume_queue_role_for_read", credentials, {"farmId": FARM_ID, "queueId": QUEUE_ID}
        )
        of_logs.add_response("get_log_events", PAGE, asked)
        of_logs.add_client_error("get_log_events", "ResourceNotFoundException", "The specified log group …")
        door: Any = SimpleNamespace(deadline=deadline, logs_as=lambda *_: logs)
        reader = LogReader(door, by_role=True)
        page = reader.page(OF_QUEUE, "f/0/s", from_head=False, start=1, end=9, limit=10)
        fault = reader.page(OF_QUEUE)
    assert isinstance(page, LogPage)
    assert isinstance(fault, Fault)
    assert fault.sentence == f"There is no log group {OF_QUEUE.group}."
    of_deadline.assert_no_pending_responses()


WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 10**30, 0.5, "", "words", b"bytes", [], [None], {}, NOW]
)


def nearly(**right: Any) -> st.SearchStrategy[Any]:
    """A structure with these members, of which some are wrong and some are missing; or none at all."""
    members = {name: value | WRONG for name, value in right.items()}
    return st.fixed_dictionaries({}, optional=members) | st.fixed_dictionaries(right) | WRONG


WORDS = st.text(min_size=1, max_size=5)
TIMES = st.datetimes() | st.datetimes(timezones=st.timezones())
ROLES = nearly(
    credentials=nearly(accessKeyId=WORDS, secretAccessKey=WORDS, sessionToken=WORDS, expiration=TIMES)
)
EVENTS = st.lists(nearly(timestamp=st.integers(), message=st.text(max_size=5)), max_size=3)
PAGES = nearly(events=EVENTS, nextForwardToken=WORDS, nextBackwardToken=WORDS)


@settings(max_examples=200)
@given(ROLES, PAGES)
def test_no_reply_of_either_call_makes_it_raise(role: Any, page: Any) -> None:
    door = Connection()
    # Without an answer the door has one of its own.
    door.answer = role if role is not None else []
    door.logs = door.of_role = Logs(page)
    for with_role in (True, False):
        answer = LogReader(door, by_role=with_role, now=lambda: NOW).page(OF_FLEET)
        assert isinstance(answer, LogPage) or (answer.kind, answer.code) == (FaultKind.BAD_REPLY, "BadReply")
