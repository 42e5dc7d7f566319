"""The embedded farm's log streams, asked as any client asks them, are true to the service."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from moto_deadline import ACCOUNT, REGION
from moto_deadline.log_stream import PAGE_BYTES, Generated, ServiceLogStream
from moto_deadline.simulation import FrozenClock
from moto_deadline.simulation.logs import LogWriter
from tests.moto_deadline.conftest import Served

GROUP, STREAM = "/aws/deadline/farm-test/queue-test", "session-test"


class Log:
    """One stream on a clock of its own, and the questions about it."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        writer = LogWriter(ACCOUNT, REGION, self.clock.now, threading.RLock(), lambda: None)
        self.stream: ServiceLogStream = writer.stream(GROUP, STREAM)
        self.start = int(self.clock.now().timestamp() * 1000)
        self.client: Any = boto3.client("logs", region_name=REGION)

    def add(self, *messages: str, after: int = 0) -> None:
        for number, message in enumerate(messages):
            self.stream.add(self.start + after + number, message, self.start)

    def ask(self, **asked: Any) -> dict[str, Any]:
        page: dict[str, Any] = self.client.get_log_events(logGroupName=GROUP, logStreamName=STREAM, **asked)
        return page

    def forward(self, **asked: Any) -> Iterator[list[str]]:
        """Every page from the head on."""
        token = None
        while True:
            page = self.ask(startFromHead=True, **({"nextToken": token} if token else {}), **asked)
            if page["nextForwardToken"] == token:
                assert page["events"] == []
                return
            token = page["nextForwardToken"]
            yield messages(page)

    def backward(self, **asked: Any) -> Iterator[list[str]]:
        """Every page from the end back."""
        token = None
        while True:
            page = self.ask(**({"nextToken": token} if token else {}), **asked)
            if page["nextBackwardToken"] == token:
                assert page["events"] == []
                return
            token = page["nextBackwardToken"]
            yield messages(page)


def messages(page: dict[str, Any]) -> list[str]:
    return [event["message"] for event in page["events"]]


def flat(pages: Iterable[list[str]]) -> list[str]:
    return [message for page in pages for message in page]


def of_session(served: Served, name: str) -> dict[str, str]:
    options: dict[str, str] = served.session(name)["log"]["options"]
    return options


@pytest.fixture
def log() -> Iterator[Log]:
    with mock_aws():
        yield Log()


LINES = [f"line {number}" for number in range(95)]


def test_forward_pages_cover_everything_once(log: Log) -> None:
    log.add(*LINES)
    assert flat(log.forward(limit=10)) == LINES


def test_backward_pages_cover_everything_once_and_each_in_its_order(log: Log) -> None:
    log.add(*LINES)
    pages = list(log.backward(limit=10))
    assert pages[0] == LINES[-10:]
    assert flat(reversed(pages)) == LINES


def test_both_directions_meet(log: Log) -> None:
    log.add(*LINES)
    page = log.ask(limit=10)
    log.add("new", after=1000)
    assert messages(log.ask(nextToken=page["nextForwardToken"], startFromHead=True)) == ["new"]
    assert messages(log.ask(nextToken=page["nextBackwardToken"], limit=5)) == LINES[-15:-10]


def test_a_page_holds_a_megabyte_as_the_service_counts_it(log: Log) -> None:
    long = "日本語" * 3000
    log.add(*[long] * 100)
    page = messages(log.ask())
    size = sum(len(message.encode()) + 26 for message in page)
    assert size <= PAGE_BYTES < size + len(long.encode()) + 26
    assert sum(len(page) for page in log.forward()) == 100


def test_a_log_that_grows_has_a_token_for_its_end(log: Log) -> None:
    end = log.ask()["nextForwardToken"]
    assert log.ask(nextToken=end, startFromHead=True)["nextForwardToken"] == end
    log.add("first")
    page = log.ask(nextToken=end, startFromHead=True)
    assert messages(page) == ["first"]
    assert page["nextForwardToken"] != end


def test_a_late_event_shifts_no_page_and_is_found_by_its_time(log: Log) -> None:
    log.add(*LINES)
    page = log.ask(limit=10)
    log.add("late", after=50)
    assert messages(log.ask(nextToken=page["nextForwardToken"], startFromHead=True)) == []
    assert messages(log.ask(nextToken=page["nextBackwardToken"], limit=2)) == LINES[-12:-10]
    assert "late" in messages(log.ask(startTime=log.start + 50, startFromHead=True))


def test_what_is_written_late_stands_where_its_time_is(log: Log) -> None:
    log.stream.write(log.start + 500.0, ["third", "fourth"])
    log.stream.write(log.start, ["first"])
    log.stream.write(log.start + 100.0, ["second"])
    assert messages(log.ask(startFromHead=True)) == ["first", "second", "third", "fourth"]
    assert log.stream.written_until == log.start + 500
    log.stream.write(log.start + 500.0, ["fifth"])
    assert messages(log.ask(startFromHead=True))[2:] == ["third", "fourth", "fifth"]


def test_an_object_is_read_as_one_line_of_json(log: Log) -> None:
    log.stream.write(log.start, [{"level": "INFO", "ti": "🔷", "ids": ["a", "b"], "count": 2}])
    assert messages(log.ask()) == ['{"level": "INFO", "ti": "🔷", "ids": ["a", "b"], "count": 2}']


def test_the_oldest_go_once_there_are_twice_as_many_as_are_kept(log: Log) -> None:
    for number in range(20):
        log.stream.write(log.start + 1000.0 * number, [f"line {number}"], keep=10)
    token = log.ask()["nextForwardToken"]
    assert messages(log.ask(startFromHead=True))[0] == "line 0"
    log.stream.write(log.start + 20_000.0, ["line 20"], keep=10)
    assert messages(log.ask(startFromHead=True)) == [f"line {number}" for number in range(11, 21)]
    assert messages(log.ask(startFromHead=True, nextToken=token)) == ["line 20"]


def test_times_are_from_and_before(log: Log) -> None:
    log.add(*LINES)
    page = log.ask(startTime=log.start + 3, endTime=log.start + 6, startFromHead=True)
    assert messages(page) == LINES[3:6]
    assert messages(log.ask(endTime=log.start + 6, limit=2)) == LINES[4:6]


def test_empty_pages_in_the_middle_lose_nothing(log: Log) -> None:
    log.stream.empty_every = 2
    log.add(*LINES)
    pages = list(log.forward(limit=10))
    assert [] in pages
    assert flat(pages) == LINES
    assert flat(reversed(list(log.backward(limit=10)))) == LINES


def test_a_token_expires_after_a_day(log: Log) -> None:
    token = log.ask()["nextForwardToken"]
    log.clock.step(23 * 3600)
    log.ask(nextToken=token, startFromHead=True)
    log.clock.step(2 * 3600)
    with pytest.raises(ClientError, match=r"InvalidParameterException.*expired"):
        log.ask(nextToken=token, startFromHead=True)


def test_a_token_that_is_none_is_refused(log: Log) -> None:
    with pytest.raises(ClientError, match=r"InvalidParameterException"):
        log.ask(nextToken="f/123", startFromHead=True)


def test_what_is_put_and_filtered_by_others_works_on_it(log: Log) -> None:
    log.add(*LINES)
    found = log.client.filter_log_events(logGroupName=GROUP, filterPattern='"line 7"')
    assert [event["message"] for event in found["events"]] == [one for one in LINES if "line 7" in one]
    described = log.client.describe_log_streams(logGroupName=GROUP)["logStreams"][0]
    assert described["lastEventTimestamp"] == log.start + len(LINES) - 1


def test_generated_lines_stand_between_those_that_are_written(log: Log) -> None:
    log.add("head")
    log.stream.generated = Generated(log.start, 1000.0, lambda index: f"made {index}", 25_000)
    log.add("tail", after=60_000)
    pages = list(log.forward())
    assert [len(page) for page in pages] == [10_000, 10_000, 5_002]
    assert (pages[0][0], pages[0][1], pages[-1][-2], pages[-1][-1]) == (
        "head",
        "made 0",
        "made 24999",
        "tail",
    )
    assert sum(len(page) for page in log.backward()) == 25_002


# --- in the simulation ------------------------------------------------------------------------------------


def test_the_long_log_shows_its_end_first(served: Served) -> None:
    options = of_session(served, "long_log")
    page = served.logs.get_log_events(**options, limit=2000)
    assert page["events"][-1]["message"].startswith("Deleting working directory")
    assert any("line 999998" in message for message in messages(page))
    head = served.logs.get_log_events(**options, startFromHead=True)
    assert messages(head)[2].startswith("--------- Entering Environment")


def test_the_chatty_log_grows_with_the_clock(own: Served) -> None:
    options = of_session(own, "chatty")
    page = own.logs.get_log_events(**options)
    own.clock.step(3)
    more = own.logs.get_log_events(**options, nextToken=page["nextForwardToken"], startFromHead=True)
    assert len(more["events"]) == 6_000


def test_the_late_stream_is_not_there_at_first(own: Served) -> None:
    options = of_session(own, "late_log")
    own.clock.step(50)
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*log stream"):
        own.logs.get_log_events(**options)
    own.clock.step(11)
    page = own.logs.get_log_events(**options, startFromHead=True)
    assert messages(page)[2] == "--------- Entering Environment: Toolset"
    stamps = [event["timestamp"] for event in page["events"]]
    assert stamps == sorted(stamps)


def test_one_worker_has_two_sessions_at_once(served: Served) -> None:
    first, second = served.session("shared_worker_1"), served.session("shared_worker_2")
    assert first["workerId"] == second["workerId"]
    assert first["lifecycleStatus"] == second["lifecycleStatus"] == "STARTED"
    written = " ".join(messages(served.logs.get_log_events(**first["workerLog"]["options"])))
    assert first["sessionId"] in written
    assert second["sessionId"] in written


def test_reading_a_log_moves_the_story_on(own: Served) -> None:
    options = of_session(own, "living")
    before = len(own.logs.get_log_events(**options)["events"])
    own.clock.step(120)
    assert len(own.logs.get_log_events(**options)["events"]) > before
