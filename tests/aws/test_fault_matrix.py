"""Every way to fail, for every question, over a real socket: its class, its words, and then a good reply."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from farmwatch.aws.model import Fault, FaultKind, Session
from farmwatch.history.events import EventKind
from farmwatch.history.recorder import Recorder
from farmwatch.polling.poller import Poller
from farmwatch.sessions.tracker import SessionTarget
from tests.aws.asking import QUESTIONS, WISHES, real_questions
from tests.canned import FLEET_ID, REF, SESSION_ID, WORKER_ID, HandClock
from tests.fault_server import WAYS, FaultServer, Way, fault_server, reply
from tests.waiting import LONG

K = FaultKind
EXPECTED: dict[str, tuple[FaultKind, ...]] = {
    "fin": (K.NETWORK,),
    "rst": (K.NETWORK,),
    "hang": (K.NETWORK,),
    "drip": (K.NETWORK, K.BAD_REPLY),
    "cut": (K.NETWORK, K.BAD_REPLY),
    "garbage": (K.NETWORK, K.BAD_REPLY),
    "html 200": (K.BAD_REPLY,),
    "empty 200": (K.BAD_REPLY,),
    "{} 200": (K.BAD_REPLY,),
    "cut JSON 200": (K.BAD_REPLY,),
    "list 200": (K.BAD_REPLY,),
    "html 502": (K.SERVICE,),
    "500": (K.SERVICE,),
    "503": (K.SERVICE,),
    "429": (K.SLOW_DOWN,),
    "429 and when": (K.SLOW_DOWN,),
    # botocore trips over the words before anybody sees the status.
    "429 and when, in words": (K.SLOW_DOWN, K.BAD_REPLY),
    "denied": (K.DENIED,),
    "expired": (K.LOGIN,),
    "unknown key": (K.LOGIN,),
    "clock": (K.CLOCK,),
    "gone": (K.GONE,),
    "refused": (K.REFUSED,),
    "conflict": (K.REFUSED,),
    "unknown error": (K.BAD_REPLY,),
}


def a_reply(status: str = "STARTED", **changes: Any) -> Way:
    members = {
        "sessionId": SESSION_ID,
        "fleetId": FLEET_ID,
        "workerId": WORKER_ID,
        "startedAt": "2026-03-14T01:28:00Z",
        "lifecycleStatus": status,
        "log": {"logDriver": "awslogs", "options": {}, "parameters": {}},
        **changes,
    }
    return reply({name: value for name, value in members.items() if value is not None}, says=status)


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with fault_server(a_reply()) as started:
        yield started


@pytest.fixture(scope="module")
def ask(server: FaultServer) -> Any:
    questions, *_ = real_questions(server.url)
    return questions


@pytest.fixture(scope="module")
def impatient(server: FaultServer) -> Any:
    """Gives up soon, for replies that never come: it may give up a good one as well, on a busy machine."""
    questions, *_ = real_questions(server.url, read_timeout=0.2)
    return questions


SLOW = {"hang", "drip"}
"""What only ends because somebody's patience does."""


def test_no_way_to_fail_is_forgotten() -> None:
    assert set(WAYS) == set(EXPECTED)


@pytest.mark.parametrize("way", WAYS)
def test_a_way_to_fail_has_its_class_and_the_next_reply_is_good(
    server: FaultServer, ask: Any, impatient: Any, way: str
) -> None:
    asks = impatient if way in SLOW else ask
    server.script.append(WAYS[way]())
    fault = asks.session(REF)
    assert isinstance(fault, Fault)
    assert fault.kind in EXPECTED[way]
    assert fault.sentence
    assert fault.remedy
    assert fault.operation == "GetSession"
    answers = (asks.session(REF) for _ in range(100 if way in SLOW else 1))
    assert any(isinstance(answer, Session) for answer in answers)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_takes_every_way_to_fail(server: FaultServer, ask: Any, question: str) -> None:
    # Those that wait for a time-out are the same code for every question.
    for name in set(WAYS) - SLOW:
        server.script.append(WAYS[name]())
        answer = QUESTIONS[question][1](ask)
        assert isinstance(answer, Fault), name
        assert answer.kind in EXPECTED[name], name


WITHOUT_MEMBERS = {"empty 200", "{} 200", "list 200", "cut", "cut JSON 200"}
"""Of a reply that has no members none can be missing: its head says that the wish was taken."""


@pytest.mark.parametrize("wish", WISHES)
def test_every_wish_takes_every_way_to_fail(server: FaultServer, ask: Any, wish: str) -> None:
    for name in set(WAYS) - SLOW - WITHOUT_MEMBERS:
        server.script.append(WAYS[name]())
        answer = WISHES[wish][1](ask)
        assert isinstance(answer, Fault), name
        assert answer.kind in EXPECTED[name], name
        assert answer.operation == WISHES[wish][0]
    server.script.append(WAYS["{} 200"]())
    assert WISHES[wish][1](ask) is None


def test_what_the_service_asks_to_wait_is_told_and_clamped(server: FaultServer, ask: Any) -> None:
    for seconds, waits in ((7, 7), (86_400, 300), (-5, 0)):
        body = json.dumps({"message": "no", "retryAfterSeconds": seconds}).encode()
        headers = {"x-amzn-ErrorType": "ThrottlingException", "Retry-After": str(seconds)}
        server.script.append(Way(status=429, body=body, headers=headers))
        assert ask.session(REF).retry_after == timedelta(seconds=waits)


def test_another_session_than_the_one_asked_for_does_not_count(server: FaultServer, ask: Any) -> None:
    server.script.append(a_reply(sessionId="session-" + "0" * 32))
    assert ask.session(REF).kind is FaultKind.BAD_REPLY


def test_an_unknown_status_and_a_new_member_are_taken_as_they_are(server: FaultServer, ask: Any) -> None:
    server.script.append(a_reply("HIBERNATING", tomorrow={"a": 1}))
    assert ask.session(REF).lifecycle_status == "HIBERNATING"


def test_a_connection_that_was_closed_while_idle_costs_nothing() -> None:
    with fault_server(a_reply()) as server:
        ask, *_ = real_questions(server.url)
        server.script.append(Way("idle fin", body=a_reply().body))
        assert isinstance(ask.session(REF), Session)
        assert server.closed.acquire(timeout=LONG)
        assert isinstance(ask.session(REF), Session)
        assert server.connections == 2


def test_how_far_the_clock_is_off_is_known_from_any_reply(server: FaultServer) -> None:
    ask, *_ = real_questions(server.url, now=lambda: datetime(2026, 3, 14, 2, 20, tzinfo=UTC))
    server.script.append(WAYS["clock"]())
    ask.session(REF)
    assert ask.skew == timedelta(minutes=10)


def test_after_sockets_are_dropped_the_client_works_on(server: FaultServer) -> None:
    ask, deadline, _ = real_questions(server.url)
    assert isinstance(ask.session(REF), Session)
    before = server.connections
    deadline.close()
    assert isinstance(ask.session(REF), Session)
    assert server.connections == before + 1


def test_the_history_is_what_the_server_told(tmp_path: Path) -> None:
    clock = HandClock()
    statuses = ["STARTED", "STARTED", "UPDATE_IN_PROGRESS", "UPDATE_FAILED", "STARTED"]
    quick = [name for name in WAYS if name not in {*SLOW, "gone", "denied", "refused", "conflict"}]
    with fault_server(a_reply("ENDED", endedAt="2026-03-14T02:00:00Z")) as server:
        for number, name in enumerate(quick):
            status = statuses[number * len(statuses) // len(quick)]
            server.script += [WAYS[name](), a_reply(status), a_reply(status)]
        ask, *_ = real_questions(server.url)
        recorder = Recorder(tmp_path / "history.sqlite", clock=clock)
        poller = Poller(lambda: ask, lambda _: None, clock)
        poller.follow(SessionTarget(REF, timedelta(seconds=2), recorder))
        for _ in range(500):
            poller.run_due()
            clock.move(30)
        assert not server.script
        poller.run_due()
        entries = recorder.ask(lambda history: history.entries()) or []
        recorder.close()
        assert [entry.new for entry in entries if entry.kind is EventKind.STATUS] == [
            status for status, _ in groupby(server.told)
        ]
