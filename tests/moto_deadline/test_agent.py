"""The simulation tells what AWS's own worker agent tells: logs and actions beside captures of real runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.moto_deadline.conftest import Served

CAPTURES = Path(__file__).parent.parent / "data" / "agent"

# Sessions of the simulation, and the captured run that each is like.
PAIRS = {
    "succeeded": "ok",
    "failed": "fails",
    "timed_out": "timeout",
    "killed": "killed",
    "command_not_found": "missing",
    "traceback": "traceback",
    "upload_failed": "uploadfails",
    "attached": "attached",
    "canceled": "canceled",
    "interrupted": "spot",
    "log_error": "log_error",
}

Event = dict[str, Any]


def captured_lines(kind: str, name: str) -> list[str]:
    file = CAPTURES / f"{name}.{kind}.log"
    if not file.exists():
        return []
    return [line.partition("\t")[2] for line in file.read_text(encoding="utf-8").splitlines()]


def captured(kind: str, names: Iterable[str] = PAIRS.values()) -> list[str]:
    return [line for name in names for line in captured_lines(kind, name)]


def captured_actions(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CAPTURES / f"{name}.json").read_text(encoding="utf-8"))[
        "actions"
    ]
    return found


def messages(served: Served, log: dict[str, Any]) -> list[str]:
    options = {name: log["options"][name] for name in ("logGroupName", "logStreamName")}
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = served.logs.get_log_events(**options, startFromHead=True, **token)
        found += [event["message"] for event in page["events"]]
        if token.get("nextToken") == page["nextForwardToken"]:
            return found
        token = {"nextToken": page["nextForwardToken"]}


def session_lines(served: Served, name: str) -> list[str]:
    return messages(served, served.session(name)["log"])


def worker_events(served: Served, name: str) -> list[Event]:
    """The events of the session's worker that name the session, and those that name none."""
    session_id = served.ids(name)["sessionId"]
    found = [json.loads(line) for line in messages(served, served.session(name)["workerLog"])]
    return [event for event in found if event.get("session_id", session_id) == session_id]


def actions(served: Served, name: str) -> list[dict[str, Any]]:
    ids = served.ids(name)
    listed = served.client.list_session_actions(**ids)["sessionActions"]
    ids.pop("sessionId")
    return [served.client.get_session_action(**ids, sessionActionId=a["sessionActionId"]) for a in listed]


# --- the session's log --------------------------------------------------------------------------------

RULE = "=" * 46


def titles(lines: list[str]) -> list[tuple[str, bool]]:
    """Each banner between its rules, and whether a blank line stands before it."""
    found = []
    for index, line in enumerate(lines):
        if line.startswith("--------- "):
            assert (lines[index - 1], lines[index + 1]) == (RULE, RULE), line
            blank = index >= 2 and lines[index - 2] == " "
            found.append((re.sub(r"Environment: .*", "Environment", line), blank))
    return found


def steps_of(lines: list[str]) -> set[tuple[str, bool]]:
    environments = {"--------- Entering Environment", "--------- Exiting Environment"}
    return {(title, blank) for title, blank in titles(lines) if title not in environments}


WITH_SESSION_LOG = [name for name in PAIRS if name != "log_error"]


@pytest.mark.parametrize("name", WITH_SESSION_LOG)
def test_a_log_has_the_banners_of_a_real_run(served: Served, name: str) -> None:
    lines = session_lines(served, name)
    assert steps_of(lines) == steps_of(captured_lines("session", PAIRS[name]))
    every = {
        title for one in (*PAIRS.values(), "enterfails") for title in titles(captured_lines("session", one))
    }
    assert set(titles(lines)) <= every


@pytest.mark.parametrize("name", WITH_SESSION_LOG)
def test_a_log_ends_with_the_cleanup_and_has_no_empty_line(served: Served, name: str) -> None:
    lines = session_lines(served, name)
    assert lines[-2:-1] == [RULE]
    assert lines[-1].startswith("Deleting working directory: /sessions/")
    assert "" not in lines


def shape(line: str) -> str:
    """A line without what differs from run to run."""
    line = re.sub(r"/sessions/[\w./-]+|[\w./-]*\.manifest|farm-[0-9a-f]{32}/\S+", "PATH", line)
    line = re.sub(r"\d{4}-\d\d-\d\dT[\d:.+]+Z?", "TIME", line)
    return re.sub(r"-?0x[0-9a-f]+|-?\d+(\.\d+)?", "N", line)


OF_THE_RUNTIME = re.compile(
    r"Phase:|Allocating|Writing embedded|Mapping:|Wrote: |Running command|Command started|Output:|Process pid"
    r"|Parameter values|Frame\(INT\)|TIMEOUT|Canceling|Grace period|INTERRUPT|Deleting|-{46}|={46}"
)


@pytest.mark.parametrize("name", WITH_SESSION_LOG)
def test_the_runtime_says_what_the_real_one_says(served: Served, name: str) -> None:
    of_runtime = {shape(line) for line in session_lines(served, name) if OF_THE_RUNTIME.match(line)}
    assert of_runtime <= {shape(line) for line in captured("session")}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("command_not_found", r"/sessions/\S+: 19: exec: \S+: not found"),
        ("traceback", r"FileNotFoundError: \[Errno 2\] .*"),
        ("upload_failed", r"PermissionError: \[Errno 13\] .*"),
    ],
)
def test_the_reason_stands_right_before_the_end_of_the_process(
    served: Served, name: str, wanted: str
) -> None:
    for lines in (session_lines(served, name), captured_lines("session", PAIRS[name])):
        ends = [
            n for n, line in enumerate(lines) if line.startswith("Process pid") and "code: 0 " not in line
        ]
        assert re.fullmatch(wanted, lines[ends[0] - 1]), lines[ends[0] - 1]


# --- the worker's log ---------------------------------------------------------------------------------


def kind_of(event: Event) -> tuple[str, str, str]:
    return event.get("type", ""), event.get("subtype", ""), event["level"]


VARYING = {("Metrics", "System", "INFO"), ("Session", "Remove", "INFO"), ("API", "Req", "INFO")}
"""What depends on how long a run took, or on what was queued."""


@pytest.mark.parametrize("name", PAIRS)
def test_a_worker_logs_the_events_of_a_real_run(served: Served, name: str) -> None:
    found = {kind_of(event) for event in worker_events(served, name)}
    real = {kind_of(json.loads(line)) for line in captured_lines("worker", PAIRS[name])}
    if name == "log_error":
        # The simulation's worker has run other sessions before and after.
        assert real <= found
        return
    if name == "interrupted":
        # Unlike the real run it has entered an environment, and finished frames, before.
        found.remove(("Action", "End", "INFO"))
    assert found - VARYING == real - VARYING


def test_the_end_of_an_interrupted_action_is_not_logged(served: Served) -> None:
    (action,) = [one for one in actions(served, "interrupted") if one["status"] == "INTERRUPTED"]
    events = worker_events(served, "interrupted")
    logged = [one["subtype"] for one in events if one.get("action_id") == action["sessionActionId"]]
    assert logged == ["Start", "Cancel"]


def test_no_event_has_other_members_than_real_ones(served: Served) -> None:
    real: dict[tuple[str, str, str], set[str]] = {}
    for line in captured("worker"):
        event = json.loads(line)
        real.setdefault(kind_of(event), set()).update(event)
    for name in PAIRS:
        for event in worker_events(served, name):
            assert set(event) <= real[kind_of(event)], event


def test_what_concerns_no_session_is_said_in_the_words_of_the_agent(served: Served) -> None:
    said = {shape(event["message"]) for event in worker_events(served, "interrupted") if "type" not in event}
    real = {shape(json.loads(line).get("message", "")) for line in captured_lines("worker", "spot")}
    assert "Spot interruption detected. Termination in N:N:N" in said
    assert said <= real


# --- the actions --------------------------------------------------------------------------------------


def last_status(lines: list[str]) -> str | None:
    found = [line.partition(": ")[2] for line in lines if line.startswith("openjd_status: ")]
    return found[-1] if found else None


def outcome(action: dict[str, Any], lines: list[str]) -> tuple[Any, ...]:
    """What is told of an action that did not succeed; the status that it gave last is no reason."""
    message = action.get("progressMessage")
    if message == last_status(lines):
        message = None
    if message is not None:
        message = re.sub(r"sessionaction-[0-9a-f]{32}-\d+", "ACTION", message)
    return (
        next(iter(action["definition"])),
        action["status"],
        action.get("processExitCode"),
        message,
        "startedAt" in action,
        "endedAt" in action,
    )


@pytest.mark.parametrize(
    "name", [name for name in PAIRS if name not in ("succeeded", "attached", "log_error")]
)
def test_an_action_that_went_wrong_tells_what_a_real_one_tells(served: Served, name: str) -> None:
    lines = session_lines(served, name)
    found = [outcome(one, lines) for one in actions(served, name) if one["status"] != "SUCCEEDED"]
    of_capture = captured_lines("session", PAIRS[name])
    real = [outcome(one, of_capture) for one in captured_actions(PAIRS[name]) if one["status"] != "SUCCEEDED"]
    if name == "failed":
        # In that run nothing was queued behind the failure.
        found = found[: len(real)]
    assert found == real


def test_an_action_without_a_log_fails_with_the_reason_and_the_rest_is_never_attempted(
    served: Served,
) -> None:
    error = served.session("log_error")["log"]["error"]
    for found, real in zip(actions(served, "log_error"), captured_actions("log_error"), strict=True):
        assert found["progressMessage"] == f"Log provisioning error: {error}" == real["progressMessage"]
        assert found["status"] == real["status"]
        assert "processExitCode" not in found


@pytest.mark.parametrize("name", ["succeeded", "attached", "failed"])
def test_success_reports_its_last_progress_or_none(served: Served, name: str) -> None:
    for action in actions(served, name):
        if action["status"] == "SUCCEEDED" and "envEnter" in action["definition"]:
            assert "progressPercent" not in action
            assert action["progressMessage"] == "Resolving toolset"
        if action["status"] == "SUCCEEDED" and "envExit" in action["definition"]:
            assert not {"progressPercent", "progressMessage"} & set(action)
        if action["status"] == "SUCCEEDED" and "taskRun" in action["definition"]:
            assert action["progressPercent"] == 100.0


def test_an_upload_belongs_to_the_action_of_its_task(served: Served) -> None:
    kinds = [next(iter(action["definition"])) for action in actions(served, "attached")]
    assert kinds == ["syncInputJobAttachments", "envEnter", *["taskRun"] * 4, "envExit"]
    started = [
        event["action_id"]
        for event in worker_events(served, "attached")
        if event.get("kind") in ("TaskRun", "JobAttachSyncOutput") and event["subtype"] == "Start"
    ]
    assert started[0] == started[1]
    assert len(started) == 8


def test_a_user_cancels_a_job_and_is_named(served: Served) -> None:
    ids = served.ids("canceled")
    ids.pop("sessionId")
    job = served.client.get_job(**ids)
    assert (job["targetTaskRunStatus"], job["updatedBy"]) == ("CANCELED", "mira")
    assert job["taskRunStatusCounts"]["CANCELED"] == 28


def test_a_worker_that_was_interrupted_is_stopped(served: Served) -> None:
    session = served.session("interrupted")
    farm_id = served.ids("interrupted")["farmId"]
    worker = served.client.get_worker(
        farmId=farm_id, fleetId=session["fleetId"], workerId=session["workerId"]
    )
    assert worker["status"] == "STOPPED"


def test_a_session_that_is_told_to_end_cancels_what_runs_before_it_ends(own: Served) -> None:
    own.clock.step(200)
    session = own.session("update_succeeded")
    assert session["lifecycleStatus"] == "ENDED"
    canceled = [one for one in actions(own, "update_succeeded") if one["status"] == "CANCELED"]
    assert [one["processExitCode"] for one in canceled] == [143]
    assert canceled[0]["endedAt"] <= session["endedAt"]


def test_a_living_session_is_not_interrupted_by_what_befalls_others(own: Served) -> None:
    for _ in range(30):
        own.clock.step(60)
        assert own.session("living")["lifecycleStatus"] == "STARTED"


@pytest.mark.parametrize("name", ["succeeded", "attached", "failed", "canceled"])
def test_the_actions_of_a_session_do_not_touch(served: Served, name: str) -> None:
    ran = [action for action in actions(served, name) if "startedAt" in action]
    for before, after in pairwise(ran):
        assert before["endedAt"] < after["startedAt"]
