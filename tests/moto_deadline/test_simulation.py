from __future__ import annotations

import json
from typing import Any

import pytest
from moto import mock_aws

from moto_deadline.simulation import FrozenClock, Simulation
from moto_deadline.simulation.worker_log import KEPT
from tests.moto_deadline.conftest import Served


def statuses(own: Served, name: str, seconds: int, step: int = 5) -> list[str]:
    """The statuses that a session goes through."""
    seen = [own.session(name)["lifecycleStatus"]]
    for _ in range(seconds // step):
        own.clock.step(step)
        status = own.session(name)["lifecycleStatus"]
        if status != seen[-1]:
            seen.append(status)
    return seen


def actions(served: Served, name: str) -> list[dict[str, Any]]:
    ids = served.ids(name)
    listed = served.client.list_session_actions(**ids)["sessionActions"]
    ids.pop("sessionId")
    return [served.client.get_session_action(**ids, sessionActionId=a["sessionActionId"]) for a in listed]


def messages(served: Served, log: dict[str, Any]) -> list[str]:
    options = log["options"]
    names = {name: options[name] for name in ("logGroupName", "logStreamName")}
    events = served.logs.get_log_events(**names, startFromHead=True, limit=10000)
    return [event["message"] for event in events["events"]]


def test_the_same_seed_gives_the_same_story() -> None:
    with mock_aws():
        clock = FrozenClock()
        one, other = Simulation(seed=3, clock=clock), Simulation(seed=3, clock=clock)
        clock.step(1000)
        for simulation in (one, other):
            simulation.advance()
    assert one.account == other.account


def test_however_often_one_looks_the_story_is_the_same() -> None:
    with mock_aws():
        at_once, in_steps = FrozenClock(), FrozenClock()
        once, often = Simulation(clock=at_once), Simulation(clock=in_steps)
        at_once.step(600)
        once.advance()
        for _ in range(200):
            in_steps.step(3)
            often.advance()
    assert once.account == often.account


def test_however_often_the_logs_are_read_they_say_the_same() -> None:
    def logs(of: Simulation) -> list[list[Any]]:
        holders = [*of.account.workers.values(), *of.account.sessions.values()]
        found = [one["log"] for held in holders for one in held.values()]
        options = [one["options"] for one in found if "error" not in one]
        return [of.logs.stream(one["logGroupName"], one["logStreamName"]).events for one in options]

    with mock_aws():
        clock = FrozenClock()
        once, often = Simulation(clock=clock), Simulation(clock=clock)
        for _ in range(20):
            clock.step(15)
            often.advance()
            logs(often)
        once.advance()
        assert logs(once) == logs(often)


def test_another_seed_gives_another_story() -> None:
    with mock_aws():
        assert (
            Simulation(seed=1, clock=FrozenClock()).account != Simulation(seed=2, clock=FrozenClock()).account
        )


def test_nothing_lies_ahead_of_the_clock(served: Served) -> None:
    now = served.clock.now()
    for sessions in served.simulation.account.sessions.values():
        for session in sessions.values():
            for member in ("startedAt", "endedAt", "updatedAt"):
                assert session.get(member, now) <= now


def test_a_sped_up_story_shortens_what_comes_not_what_was() -> None:
    clock = FrozenClock()
    clock.speed = 10
    with mock_aws():
        simulation = Simulation(clock=clock)
        ids = simulation.cast["ends_soon"]
        clock.step(12)
        simulation.advance()
    assert simulation.account.sessions[ids.job_id][ids.session_id]["lifecycleStatus"] == "ENDED"


def test_a_session_ends_well(own: Served) -> None:
    assert statuses(own, "ends_soon", 180) == ["STARTED", "ENDED"]
    assert {action["status"] for action in actions(own, "ends_soon")} == {"SUCCEEDED"}


def test_one_session_is_told_to_end_in_vain(own: Served) -> None:
    assert statuses(own, "update_failed", 300) == ["STARTED", "UPDATE_IN_PROGRESS", "UPDATE_FAILED"]


def test_another_one_ends_as_it_is_told(own: Served) -> None:
    assert statuses(own, "update_succeeded", 300) == [
        "STARTED",
        "UPDATE_IN_PROGRESS",
        "UPDATE_SUCCEEDED",
        "ENDED",
    ]


def test_a_session_that_is_told_to_end_does(own: Served) -> None:
    own.client.update_session(**own.ids("living"), targetLifecycleStatus="ENDED")
    session = own.session("living")
    assert (session["lifecycleStatus"], session["targetLifecycleStatus"]) == ("UPDATE_IN_PROGRESS", "ENDED")
    assert statuses(own, "living", 200)[-1] == "ENDED"


def test_an_ended_session_cannot_be_told_to_end(served: Served) -> None:
    with pytest.raises(served.client.exceptions.ConflictException):
        served.client.update_session(**served.ids("failed"), targetLifecycleStatus="ENDED")


def test_a_session_fails_with_exit_code_7_and_says_why(served: Served) -> None:
    failed = [action for action in actions(served, "failed") if action["status"] == "FAILED"]
    assert [action["processExitCode"] for action in failed] == [7]
    assert "openjd_fail: Failed to load asset /mnt/assets/tree_v07.abc" in messages(
        served, served.session("failed")["log"]
    )


def test_what_was_queued_behind_a_failure_is_never_attempted(served: Served) -> None:
    kinds = [(next(iter(a["definition"])), a["status"]) for a in actions(served, "failed")]
    assert kinds[-2:] == [("taskRun", "NEVER_ATTEMPTED"), ("envExit", "SUCCEEDED")]


def test_a_session_times_out(served: Served) -> None:
    (timed_out,) = [action for action in actions(served, "timed_out") if action["status"] == "FAILED"]
    assert timed_out["progressMessage"].startswith("TIMEOUT")


def test_a_session_is_interrupted(served: Served) -> None:
    assert "INTERRUPTED" in {action["status"] for action in actions(served, "interrupted")}
    events = [json.loads(line) for line in messages(served, served.session("interrupted")["workerLog"])]
    assert any(str(event.get("message")).startswith("Spot interruption detected.") for event in events)


def test_a_session_without_a_log_has_nothing_in_it(served: Served) -> None:
    session = served.session("log_error")
    assert session["log"]["error"] == "Could not create log stream"
    with pytest.raises(served.logs.exceptions.ResourceNotFoundException):
        messages(served, session["log"])


def test_a_worker_log_has_an_error(served: Served) -> None:
    assert served.session("worker_log_error")["workerLog"]["error"] == "Missing log group"


def test_logs_have_the_names_that_the_configuration_gives(served: Served) -> None:
    ids = served.ids("succeeded")
    options = served.session("succeeded")["log"]["options"]
    assert options == {
        "logGroupName": f"/aws/deadline/{ids['farmId']}/{ids['queueId']}",
        "logStreamName": ids["sessionId"],
    }
    lines = messages(served, served.session("succeeded")["log"])
    assert "--------- Entering Environment: Toolset" in lines
    assert "openjd_progress: 100" in lines


def test_worker_events_are_json_with_the_level_first(served: Served) -> None:
    for line in messages(served, served.session("living")["workerLog"]):
        assert next(iter(json.loads(line))) == "level"


def test_a_job_has_300_sessions_and_a_queue_5000_jobs(served: Served) -> None:
    assert len(served.simulation.account.sessions[served.ids("crowd")["jobId"]]) == 300
    assert len(served.simulation.account.jobs[served.queue("dailies archive")["queueId"]]) == 5000


def test_names_are_of_every_kind(served: Served) -> None:
    jobs = served.simulation.account.jobs[served.queue("comp")["queueId"]].values()
    names = " ".join(job["name"] for job in jobs)
    for piece in ("[@click=app.quit]", "[/]", '"final"', "🎬", "夜の森", "סצנה"):
        assert piece in names


def test_the_counts_of_a_job_add_up(own: Served) -> None:
    for _ in range(20):
        own.clock.step(60)
        own.simulation.advance()
        for job_id, steps in own.simulation.account.steps.items():
            for step_id, step in steps.items():
                tasks = own.simulation.account.tasks[step_id].values()
                found: dict[str, int] = {}
                for task in tasks:
                    found[task["runStatus"]] = found.get(task["runStatus"], 0) + 1
                counts = step["taskRunStatusCounts"].items()
                assert found == {status: count for status, count in counts if count}, job_id


def test_an_archived_job_can_be_looked_into_and_stays_as_it_was(own: Served) -> None:
    queue = own.queue("dailies archive")
    for job in own.client.list_jobs(**queue, maxResults=100)["jobs"]:
        of_job = {**queue, "jobId": job["jobId"]}
        (step,) = own.client.list_steps(**of_job)["steps"]
        assert step["taskRunStatusCounts"] == job["taskRunStatusCounts"]
        assert own.client.get_job(**of_job)["taskRunStatus"] == job["taskRunStatus"]


@pytest.mark.long
def test_a_story_that_runs_on_does_not_grow(own: Served) -> None:
    sizes = []
    for _ in range(6):
        own.clock.step(2 * 3600)
        own.simulation.advance()
        sizes.append(sum(map(len, own.simulation.account.sessions.values())))
    assert sizes[-1] < 1.2 * sizes[2]
    for workers in own.simulation.account.workers.values():
        for worker in workers.values():
            options = worker["log"]["options"]
            stream = own.simulation.logs.stream(options["logGroupName"], options["logStreamName"])
            assert len(stream.events) <= 2 * KEPT


def test_almost_every_task_fails_on_a_bad_worker_and_its_logs_say_why(own: Served) -> None:
    bad = own.session("bad_worker")
    ids = own.ids("bad_worker")
    ids.pop("sessionId")
    ended: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for summary in own.client.list_sessions(**ids)["sessions"]:
        asked = {**ids, "sessionId": summary["sessionId"]}
        for action in own.client.list_session_actions(**asked)["sessionActions"]:
            if "taskRun" in action["definition"] and "endedAt" in action:
                ended[summary["workerId"] == bad["workerId"]].append(action)
    assert len(ended[True]) > 5, "it has been bad for a while when the farm is first looked at"
    assert sum(action["status"] == "FAILED" for action in ended[True]) > 0.8 * len(ended[True])
    failed = [action for action in ended[True] if action["status"] == "FAILED"]
    assert all((action["endedAt"] - action["startedAt"]).total_seconds() < 10 for action in failed)
    assert ended[False]
    assert {action["status"] for action in ended[False]} == {"SUCCEEDED"}
    why = "CUDA error: no CUDA-capable device is detected"
    (action,) = (one for one in actions(own, "bad_worker") if one["status"] == "FAILED")
    assert (action["processExitCode"], action["progressMessage"]) == (7, why)
    assert any(line.startswith(f"ERROR: {why}") for line in messages(own, bad["log"]))
