"""A large farm that runs so many sessions at once, whatever befalls one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count, pairwise
from typing import Any

import boto3
import pytest
from botocore import xform_name
from moto import mock_aws

import moto_deadline
from moto_deadline.simulation import FrozenClock, Simulation, scale
from tests.moto_deadline.test_contract import MODEL, wrongs

MANY = 130
"""Sessions of the farm: more than a page of a search or of a batch has."""

RUNNING = {
    "operator": "AND",
    "filters": [{"stringFilter": {"name": "RUN_STATUS", "operator": "EQUAL", "value": "RUNNING"}}],
}
OLDEST_FIRST = [{"fieldSort": {"name": "STARTED_AT", "sortOrder": "ASCENDING"}}]


class Scaled:
    """A large farm behind a client, on a clock that is stepped."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.simulation = moto_deadline.install(Simulation(clock=self.clock, sessions=MANY))
        self.client: Any = boto3.client("deadline", region_name=moto_deadline.REGION)
        self.farm_id = self.client.list_farms()["farms"][0]["farmId"]
        queues = self.client.list_queues(farmId=self.farm_id)["queues"]
        self.queue_ids = [queue["queueId"] for queue in queues]

    def ask(self, operation: str, **asked: Any) -> dict[str, Any]:
        """A reply, which is of the shape that the service model gives it."""
        reply: dict[str, Any] = getattr(self.client, xform_name(operation))(**asked)
        assert wrongs(MODEL.operation_model(operation).output_shape, reply, operation) == []
        return reply

    def tasks(self, **more: Any) -> list[dict[str, Any]]:
        """The tasks of all queues that a search finds, page by page."""
        asked = {"farmId": self.farm_id, "queueIds": self.queue_ids, "sortExpressions": OLDEST_FIRST, **more}
        found: list[dict[str, Any]] = []
        offset: int | None = 0
        while offset is not None:
            reply = self.ask("SearchTasks", itemOffset=offset, pageSize=50, **asked)
            found += reply["tasks"]
            offset = reply.get("nextItemOffset")
        return found

    def running(self) -> list[dict[str, Any]]:
        return self.tasks(filterExpressions=RUNNING)

    def ids(self, task: dict[str, Any]) -> dict[str, str]:
        """What a question for the latest action of a task needs, and one for the session of it."""
        action_id = task["latestSessionActionId"]
        return {
            "farmId": self.farm_id,
            "queueId": task["queueId"],
            "jobId": task["jobId"],
            "sessionId": f"session-{action_id.split('-')[1]}",
            "sessionActionId": action_id,
        }

    def batch(self, operation: str, name: str, tasks: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        """The sessions or the latest actions of tasks; all of them are found."""
        found: list[dict[str, Any]] = []
        wanted = ("farmId", "queueId", "jobId", key)
        for first in range(0, len(tasks), 100):
            asked = [{name: self.ids(task)[name] for name in wanted} for task in tasks[first : first + 100]]
            reply = self.ask(operation, identifiers=asked)
            assert reply["errors"] == []
            found += reply[name]
        return found

    def actions(self, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return self.batch("BatchGetSessionAction", "sessionActions", tasks, "sessionActionId")

    def sessions(self, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return self.batch("BatchGetSession", "sessions", tasks, "sessionId")


@pytest.fixture
def scaled(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scaled]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    moto_deadline.register()
    with mock_aws():
        yield Scaled()


def test_as_many_sessions_run_as_were_wanted_at_any_time_of_an_hour(scaled: Scaled) -> None:
    for _ in range(60):
        scaled.clock.step(60)
        scaled.simulation.advance()
        sessions = [one for of_job in scaled.simulation.account.sessions.values() for one in of_job.values()]
        running = [one for one in sessions if one["lifecycleStatus"] == "STARTED"]
        assert len(running) == MANY
        assert len({one["workerId"] for one in running}) == MANY
    assert len(scaled.running()) == MANY


def test_a_search_page_by_page_gives_each_running_task_once_the_oldest_first(scaled: Scaled) -> None:
    scaled.clock.step(600)
    running = scaled.running()
    assert len(running) == len({task["taskId"] for task in running}) == MANY
    assert {task["runStatus"] for task in running} == {"RUNNING"}
    assert all(one["startedAt"] <= next_one["startedAt"] for one, next_one in pairwise(running))
    assert {task["queueId"] for task in running} == set(scaled.queue_ids)


def test_the_tasks_that_run_are_those_that_a_search_through_all_tasks_finds(scaled: Scaled) -> None:
    scaled.clock.step(1500)
    through_all = [task for task in scaled.tasks() if task["runStatus"] == "RUNNING"]
    by_list = {"stringListFilter": {"name": "run_status", "operator": "ANY_EQUALS", "values": ["RUNNING"]}}
    listed = scaled.tasks(filterExpressions={"operator": "AND", "filters": [by_list]})
    ids = [{task["taskId"] for task in found} for found in (scaled.running(), through_all, listed)]
    assert ids[0] == ids[1] == ids[2]


@pytest.mark.parametrize("operator", ["OR", "AND"])
def test_a_search_for_several_statuses_finds_the_tasks_of_each(scaled: Scaled, operator: str) -> None:
    scaled.clock.step(3600)
    statuses: list[dict[str, Any]] = [
        {"stringListFilter": {"name": "RUN_STATUS", "operator": "ANY_EQUALS", "values": [*values]}}
        for values in (("RUNNING", "FAILED"), ("FAILED", "RUNNING", "STARTING"))
    ]
    found = scaled.tasks(filterExpressions={"operator": operator, "filters": statuses})
    every = {task["taskId"]: task["runStatus"] for task in scaled.tasks()}
    wanted = {task_id for task_id, status in every.items() if status in ("RUNNING", "FAILED")}
    assert {task["taskId"] for task in found} == wanted
    assert {task["runStatus"] for task in found} == {"RUNNING", "FAILED"}


def test_a_search_for_what_failed_lately_finds_no_more_than_that(scaled: Scaled) -> None:
    scaled.clock.step(3600)
    every = [task for task in scaled.tasks() if task["runStatus"] == "FAILED"]
    since = sorted(task["endedAt"] for task in every)[len(every) // 2]
    failed = {"stringFilter": {"name": "RUN_STATUS", "operator": "EQUAL", "value": "FAILED"}}
    lately = {"dateTimeFilter": {"name": "ENDED_AT", "operator": "GREATER_THAN_EQUAL_TO", "dateTime": since}}
    found = scaled.tasks(filterExpressions={"operator": "AND", "filters": [failed, lately]})
    wanted = {task["taskId"] for task in every if task["endedAt"] >= since}
    assert {task["taskId"] for task in found} == wanted
    assert 0 < len(found) < len(every)


def test_what_runs_of_one_job_is_found_in_its_queue(scaled: Scaled) -> None:
    running = scaled.running()
    of_job = [task for task in running if task["jobId"] == running[0]["jobId"]]
    found = scaled.ask(
        "SearchTasks",
        farmId=scaled.farm_id,
        queueIds=[running[0]["queueId"]],
        jobId=running[0]["jobId"],
        itemOffset=0,
        filterExpressions=RUNNING,
    )["tasks"]
    assert {task["taskId"] for task in found} == {task["taskId"] for task in of_job}
    assert len(of_job) < MANY


def test_each_running_task_has_a_running_action_in_a_session_on_a_host(scaled: Scaled) -> None:
    running = scaled.running()
    for task, action in zip(running, scaled.actions(running), strict=True):
        assert action["status"] == "RUNNING"
        assert action["definition"]["taskRun"]["taskId"] == task["taskId"]
        assert action["definition"]["taskRun"]["parameters"] == task["parameters"]
    for session in scaled.sessions(running):
        assert session["lifecycleStatus"] == "STARTED"
        assert session["log"]["options"]["logStreamName"] == session["sessionId"]
        assert session["workerLog"]["options"]["logStreamName"] == session["workerId"]
        assert session["hostProperties"]["hostName"].startswith("ip-10-")


def test_progress_grows_and_says_which_frame_it_is_of(scaled: Scaled) -> None:
    running = scaled.running()
    before = scaled.actions(running)
    scaled.clock.step(60)
    after = scaled.actions(running)
    grown = [
        (old, new)
        for old, new in zip(before, after, strict=True)
        if old.get("progressPercent", 0.0) < new.get("progressPercent", 0.0)
    ]
    assert grown
    for old, new in grown:
        assert old["workerUpdatedAt"] < new["workerUpdatedAt"]
    for task, action in zip(running, after, strict=True):
        if action["status"] == "RUNNING" and "progressMessage" in action:
            assert action["progressMessage"].startswith(f"Frame {task['parameters']['Frame']['int']} tile ")


def test_most_tasks_succeed_and_what_fails_has_an_exit_code_and_a_message(scaled: Scaled) -> None:
    scaled.clock.step(3600)
    tasks = scaled.tasks()
    counted = Counter(task["runStatus"] for task in tasks)
    assert set(counted) == {"READY", "RUNNING", "SUCCEEDED", "FAILED"}
    assert counted["SUCCEEDED"] > 20 * counted["FAILED"]
    failed = scaled.actions([task for task in tasks if task["runStatus"] == "FAILED"])
    assert {(action["status"], action["processExitCode"]) for action in failed} == {("FAILED", 7)}
    assert all(action["progressMessage"] for action in failed)
    succeeded = scaled.actions([task for task in tasks if task["runStatus"] == "SUCCEEDED"][:100])
    assert {(one["status"], one["processExitCode"]) for one in succeeded} == {("SUCCEEDED", 0)}


def test_what_is_interrupted_waits_again_and_its_session_is_over(scaled: Scaled) -> None:
    account = scaled.simulation.account
    for seconds in count(0, 60):
        assert seconds < 3600, "no session was interrupted in an hour"
        scaled.clock.step(60)
        scaled.simulation.advance()
        interrupted = [
            action
            for of_session in account.actions.values()
            for action in of_session.values()
            if action["status"] == "INTERRUPTED"
        ]
        if interrupted:
            break
    action = interrupted[0]
    session = next(
        of_job[action["sessionId"]] for of_job in account.sessions.values() if action["sessionId"] in of_job
    )
    run = action["definition"]["taskRun"]
    task = account.tasks[run["stepId"]][run["taskId"]]
    assert session["lifecycleStatus"] == "ENDED"
    assert session["endedAt"] == action["endedAt"]
    # The session that takes its place takes the task too.
    assert task["latestSessionActionId"] != action["sessionActionId"]


def test_the_counts_of_a_job_are_those_of_its_tasks(scaled: Scaled) -> None:
    scaled.clock.step(1800)
    tasks = scaled.tasks()
    found = scaled.ask("SearchJobs", farmId=scaled.farm_id, queueIds=scaled.queue_ids, itemOffset=0)["jobs"]
    assert found
    for job in found:
        counted = Counter(task["runStatus"] for task in tasks if task["jobId"] == job["jobId"])
        assert {k: v for k, v in job["taskRunStatusCounts"].items() if v} == dict(counted)


def test_a_session_that_is_told_to_end_does_and_another_takes_its_place(scaled: Scaled) -> None:
    ids = scaled.ids(scaled.running()[-1])
    action_id = ids.pop("sessionActionId")
    scaled.client.update_session(**ids, targetLifecycleStatus="ENDED")
    scaled.clock.step(600)
    assert scaled.client.get_session(**ids)["lifecycleStatus"] == "ENDED"
    ids.pop("sessionId")
    assert scaled.client.get_session_action(**ids, sessionActionId=action_id)["status"] == "CANCELED"
    assert len(scaled.running()) == MANY


def test_a_task_that_is_canceled_ends_and_one_that_is_requeued_runs_again(scaled: Scaled) -> None:
    task = scaled.running()[-1]
    ids = {
        "farmId": scaled.farm_id,
        **{name: task[name] for name in ("queueId", "jobId", "stepId", "taskId")},
    }
    scaled.client.update_task(**ids, targetRunStatus="CANCELED")
    scaled.clock.step(200)
    assert scaled.client.get_task(**ids)["runStatus"] == "CANCELED"
    scaled.client.update_task(**ids, targetRunStatus="READY")
    assert scaled.client.get_task(**ids)["runStatus"] == "READY"
    for _ in range(40):
        scaled.clock.step(60)
        if scaled.client.get_task(**ids)["runStatus"] not in ("READY", "CANCELED"):
            break
    assert scaled.client.get_task(**ids)["runStatus"] in ("RUNNING", "SUCCEEDED", "FAILED")


def test_the_log_of_a_session_grows_until_the_session_ends(scaled: Scaled) -> None:
    ids = scaled.ids(scaled.running()[0])
    ids.pop("sessionActionId")
    logs: Any = boto3.client("logs", region_name=moto_deadline.REGION)

    def lines() -> int:
        options = scaled.client.get_session(**ids)["log"]["options"]
        names = {name: options[name] for name in ("logGroupName", "logStreamName")}
        return len(logs.get_log_events(**names, startFromHead=True)["events"])

    before = lines()
    scaled.clock.step(60)
    assert lines() > before
    scaled.clock.step(20_000)
    ended = lines()
    assert scaled.client.get_session(**ids)["lifecycleStatus"] == "ENDED"
    scaled.clock.step(600)
    assert lines() == ended


def test_jobs_that_were_over_long_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "KEPT_JOBS", 3)
    with mock_aws():
        clock = FrozenClock()
        simulation = Simulation(clock=clock, sessions=30)
        account = simulation.account
        for _ in range(3):
            clock.step(24 * 3600)
            simulation.advance()
    jobs = [job for of_queue in account.jobs.values() for job in of_queue.values()]
    assert sum("endedAt" in job for job in jobs) == 3
    assert set(account.steps) == {job["jobId"] for job in jobs}
    assert len(account.tasks) == len(jobs)
    assert set(account.actions) == {id_ for of_job in account.sessions.values() for id_ in of_job}


def test_the_same_seed_and_clock_give_the_same_farm_however_often_one_looks() -> None:
    with mock_aws():
        at_once, in_steps = FrozenClock(), FrozenClock()
        once = Simulation(seed=3, clock=at_once, sessions=60)
        often = Simulation(seed=3, clock=in_steps, sessions=60)
        at_once.step(1200)
        once.advance()
        for _ in range(120):
            in_steps.step(10)
            often.advance()
        other = Simulation(seed=4, clock=at_once, sessions=60)
    assert once.account == often.account
    assert once.account != other.account


@pytest.mark.parametrize("sessions", [1, 7, 51])
def test_as_few_as_are_wanted_run_too(sessions: int) -> None:
    with mock_aws():
        clock = FrozenClock()
        simulation = Simulation(clock=clock, sessions=sessions)
        clock.step(900)
        simulation.advance()
    by_status = simulation.account.tasks_by_status
    assert by_status is not None
    assert sum(len(tasks) for (_, status), tasks in by_status.items() if status == "RUNNING") == sessions
