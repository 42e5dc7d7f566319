"""Every question that the client asks, with arguments that could be real; and a real client to ask."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from urllib3.response import HTTPResponse

from farmwatch.aws.client import DeadlineClient
from farmwatch.aws.log_page import LogSource
from farmwatch.aws.log_reader import LogReader
from farmwatch.aws.model import JobSearch
from farmwatch.aws.parsing import QuickParsers, parse_timestamp
from farmwatch.aws.task import TaskSearch
from tests.canned import FARM_ID, FLEET_ID, JOB_ID, QUEUE_ID, REF, SESSION_ID, STEP_ID, WORKER_ID, an_action

ACTION_ID = an_action(3).action_id
SOURCE = LogSource(f"/aws/deadline/{FARM_ID}/{QUEUE_ID}", SESSION_ID, FARM_ID, queue_id=QUEUE_ID)

Ask = Callable[[DeadlineClient], Any]

QUESTIONS: dict[str, tuple[str, Ask]] = {
    # question: operation, how it is asked
    "farms": ("ListFarms", lambda ask: ask.farms()),
    "farm": ("GetFarm", lambda ask: ask.farm(FARM_ID)),
    "queues": ("ListQueues", lambda ask: ask.queues(FARM_ID)),
    "queue": ("GetQueue", lambda ask: ask.queue(FARM_ID, QUEUE_ID)),
    "search_jobs": ("SearchJobs", lambda ask: ask.search_jobs(JobSearch(FARM_ID, QUEUE_ID, "lgt"))),
    "search_tasks": (
        "SearchTasks",
        lambda ask: ask.search_tasks(
            TaskSearch(FARM_ID, (QUEUE_ID,), since=datetime(2026, 1, 1, tzinfo=UTC))
        ),
    ),
    "task_count": ("SearchTasks", lambda ask: ask.task_count(FARM_ID, (QUEUE_ID,), ("RUNNING",))),
    "task": ("GetTask", lambda ask: ask.task(REF, STEP_ID, f"task-{STEP_ID[5:]}-7")),
    "search_workers": ("SearchWorkers", lambda ask: ask.search_workers(FARM_ID, (FLEET_ID,))),
    "worker_sessions": (
        "ListSessionsForWorker",
        lambda ask: ask.worker_sessions(FARM_ID, FLEET_ID, WORKER_ID),
    ),
    "fleets": ("ListFleets", lambda ask: ask.fleets(FARM_ID)),
    "list_jobs": ("ListJobs", lambda ask: ask.list_jobs(FARM_ID, QUEUE_ID)),
    "job": ("GetJob", lambda ask: ask.job(FARM_ID, QUEUE_ID, JOB_ID)),
    "jobs_by_id": ("BatchGetJob", lambda ask: ask.jobs_by_id([(FARM_ID, QUEUE_ID, JOB_ID)])),
    "sessions": ("ListSessions", lambda ask: ask.sessions(FARM_ID, QUEUE_ID, JOB_ID)),
    "session": ("GetSession", lambda ask: ask.session(REF)),
    "sessions_by_id": ("BatchGetSession", lambda ask: ask.sessions_by_id([REF])),
    "session_actions": ("ListSessionActions", lambda ask: ask.session_actions(REF)),
    "session_action": ("GetSessionAction", lambda ask: ask.session_action(REF, ACTION_ID)),
    "session_actions_by_id": (
        "BatchGetSessionAction",
        lambda ask: ask.session_actions_by_id(REF, [ACTION_ID]),
    ),
    "actions_of_sessions": (
        "BatchGetSessionAction",
        lambda ask: ask.actions_of_sessions([(REF, ACTION_ID)]),
    ),
    "step_names": ("BatchGetStep", lambda ask: ask.step_names([(FARM_ID, QUEUE_ID, JOB_ID, STEP_ID)])),
    "step": ("GetStep", lambda ask: ask.step(REF, STEP_ID)),
    "log_page": ("GetLogEvents", lambda ask: ask.log_page(SOURCE)),
}

TASK_ID = f"task-{STEP_ID.removeprefix('step-')}-7"
TOKEN = "8f0e6c2f-1a3b-4c7d-9e0a-6b2c7e4f5d4b"

WISHES: dict[str, tuple[str, Ask]] = {
    # what changes something, whose replies have no members
    "end_session": ("UpdateSession", lambda ask: ask.end_session(REF, TOKEN)),
    "update_task": ("UpdateTask", lambda ask: ask.update_task(REF, STEP_ID, TASK_ID, "READY", TOKEN)),
    "update_job": ("UpdateJob", lambda ask: ask.update_job(FARM_ID, QUEUE_ID, JOB_ID, "CANCELED", TOKEN)),
}

GIVEN = {
    "farmId": FARM_ID,
    "queueId": QUEUE_ID,
    "jobId": JOB_ID,
    "sessionId": SESSION_ID,
    "stepId": STEP_ID,
    "fleetId": FLEET_ID,
    "sessionActionId": ACTION_ID,
}
"""Ids that were asked for."""


def http_response(url: str, body: bytes = b"", status: int = 200) -> AWSResponse:
    """What a handler of ``before-send`` gives back for a request not to leave this machine."""
    headers = HTTPHeaders()
    headers["content-type"] = "application/json"
    return AWSResponse(url, status, headers, HTTPResponse(io.BytesIO(body), preload_content=False))


def all_questions() -> set[str]:
    """The names of everything that the client can be asked."""
    return {
        name for name, _ in inspect.getmembers(DeadlineClient, inspect.isfunction) if not name.startswith("_")
    }


def real_questions(
    endpoint_url: str, *, read_timeout: float = 60.0, **given: Any
) -> tuple[DeadlineClient, Any, Any]:
    """The real client before an endpoint, without a second try; and its two botocore clients.

    Unless a test is about patience it has much of it: on a busy machine a good reply may take its time.
    """
    core = botocore.session.Session()
    core.register_component("response_parser_factory", QuickParsers(parse_timestamp))
    session = boto3.Session("testing", "testing", region_name="us-west-2", botocore_session=core)
    config = Config(
        connect_timeout=60.0,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": 1},
        inject_host_prefix=False,
    )
    make: Any = session.client
    deadline = make("deadline", endpoint_url=endpoint_url, config=config)
    logs = make("logs", endpoint_url=endpoint_url, config=config)
    connection: Any = SimpleNamespace(deadline=deadline, logs=logs)
    reader = LogReader(connection, by_role=False)
    return DeadlineClient(deadline, logs=reader, **given), deadline, logs
