"""``farmwatch watch`` and ``farmwatch wait``: through every fault, without Textual, as scripts see them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from farmwatch.cli.report import Report
from farmwatch.monitor.monitor import Monitor
from farmwatch.monitor.update import Update
from tests.aws.asking import real_questions
from tests.aws.test_fault_matrix import SLOW, a_reply
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, REF, SESSION_ID, HandClock
from tests.fault_server import WAYS, FaultServer, fault_server, reply
from tests.waiting import LONG

AT_SESSION = r"/sessions/session-\w+ "
ENDED = a_reply("ENDED", endedAt="2026-03-14T02:00:00Z")
PLACE = ["--farm-id", FARM_ID, "--queue-id", QUEUE_ID, "--job-id", JOB_ID, "--session-id", SESSION_ID]


def actions(*statuses: str) -> object:
    """What ListSessionActions tells."""
    ids = [f"sessionaction-{SESSION_ID.removeprefix('session-')}-{n}" for n in range(len(statuses))]
    return {
        "sessionActions": [
            {
                "sessionActionId": one,
                "status": status,
                "definition": {"envEnter": {"environmentId": "JOB:j:Maya"}},
            }
            for one, status in zip(ids, statuses, strict=True)
        ]
    }


def test_through_every_fault_every_status_is_told_once_and_in_its_order() -> None:
    clock, report, updates = HandClock(), Report(), list[Update]()
    statuses = ["STARTED", "STARTED", "UPDATE_IN_PROGRESS", "UPDATE_FAILED", "STARTED"]
    names = [name for name in WAYS if name not in SLOW]
    with fault_server(ENDED) as server:
        server.answer("session-actions", *[reply(actions("SUCCEEDED"))] * 10_000)
        server.answer("batch-get-session-action", *[reply({"sessionActions": [], "errors": []})] * 10_000)
        ways = []
        for number, name in enumerate(names):
            status = statuses[number * len(statuses) // len(names)]
            ways += [WAYS[name](), a_reply(status), a_reply(status)]
        server.answer(AT_SESSION, *ways)
        ask, *_ = real_questions(server.url)
        monitor = Monitor({"default": lambda *_: ask}, clock=clock)
        monitor.subscribe(updates.append)
        monitor.watch_session(REF)
        for _ in range(1000):
            monitor.run_due()
            clock.move(30)
        assert not server.left(AT_SESSION)
        told = [record for update in updates for record in report.take(update, clock.now())]
        assert [one["new"] for one in told if one.get("kind") == "lifecycleStatus"] == [
            status for status, _ in groupby(server.told)
        ]
    faults = [
        one for one in told if one["type"] in ("fault", "recovered") and one.get("subject") == "GetSession"
    ]
    assert [one["type"] for one in faults[-2:]] == ["fault", "recovered"]
    assert told[-1]["type"] == "end"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with fault_server(ENDED) as started:
        yield started


def run(server: FaultServer, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command as a shell runs it; the last line of standard error says whether Textual was imported."""
    script = (
        "import sys\n"
        "from farmwatch.__main__ import main\n"
        "try:\n    main()\n"
        "finally:\n    print('textual' in sys.modules, file=sys.stderr)\n"
    )
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    where = ["--endpoint-url", server.url, "--region", "us-west-2"]
    return subprocess.run(
        [sys.executable, "-c", script, *words, *where],
        env=variables,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=LONG * 2,
        check=False,
    )


def test_watching_prints_json_lines_and_ends_when_all_has_ended(server: FaultServer, tmp_path: Path) -> None:
    server.answer("session-actions", *[reply(actions("SUCCEEDED"))] * 100)
    done = run(server, tmp_path, "watch", "--json", "--until-ended", "--interval", "1", *PLACE)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr.split()[-1]) == (0, "False")
    assert {line["v"] for line in lines} == {1}
    assert [line["new"] for line in lines if line.get("kind") == "lifecycleStatus"] == ["ENDED"]
    assert lines[-1]["type"] == "end"
    # What was seen is in the history, and a session's id is enough from now on.
    again = run(server, tmp_path, "watch", "--until-ended", "--interval", "1", SESSION_ID)
    assert again.returncode == 0, again.stderr
    assert f"{SESSION_ID}  ended: ENDED" in again.stdout


@pytest.mark.parametrize(("status", "code"), [("SUCCEEDED", 0), ("FAILED", 5)])
def test_waiting_ends_with_how_it_ended(server: FaultServer, tmp_path: Path, status: str, code: int) -> None:
    server.answer("session-actions", *[reply(actions(status))] * 100)
    done = run(server, tmp_path, "wait", "--interval", "1", *PLACE)
    *_, why, textual = done.stderr.splitlines()
    assert (done.returncode, textual) == (code, "False")
    assert why.startswith("farmwatch: ended")
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["watch"], "name a session, a job or a queue"),
        (["wait", "--farm-id", FARM_ID, "--queue-id", QUEUE_ID], "name a session or a job"),
        (["wait", "--timeout", "soon", *PLACE], "--timeout 'soon' is not a length of time"),
        (["watch", "session-" + "0" * 32], "the history does not know"),
        (["watch", "https://example.com/nothing"], "names no farm"),
        (
            ["watch", f"https://example.com/{QUEUE_ID}/{FARM_ID}", "--farm-id", "farm-" + "0" * 32],
            "two farms",
        ),
    ],
)
def test_a_command_line_that_is_no_good_ends_with_2(
    server: FaultServer, tmp_path: Path, words: list[str], why: str
) -> None:
    done = run(server, tmp_path, *words)
    assert done.returncode == 2
    assert why in done.stderr
