"""What it costs to watch: a session followed every two seconds, and the questions by themselves."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

import boto3
from botocore.config import Config

from farmwatch.aws.access import connect
from farmwatch.aws.client import DeadlineClient
from farmwatch.aws.model import DEFAULT_CONNECTION, JobSearch, Page, SessionRef
from farmwatch.config.settings import ConnectionSettings
from farmwatch.polling.clock import SystemClock
from farmwatch.sessions.tracker import SessionTarget
from moto_deadline.simulation import FrozenClock, Simulation
from tests.bench.child import BARE, FARM_REGION, a_farm, a_home, farmwatch, running, variables
from tests.bench.figures import Figure
from tests.canned import value

SETTLES, WATCHED = 6.0, 30.0
ROUNDS, CALLS, BATCHES = 5, 40, 5


def watched(command: list[str], shown: str) -> tuple[float, float]:
    """MiB resident, and per cent of a core, of a program that has come to rest."""
    with running(command) as child:
        child.wait_for(shown)
        child.rest(SETTLES)
        before, began = child.cpu, time.perf_counter()
        child.rest(WATCHED)
        return child.rss, (child.cpu - before) / (time.perf_counter() - began) * 100


def cpu_of(call: Callable[[], Any], times: int) -> float:
    """Milliseconds of CPU that a call takes, the threads it starts included."""
    before = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - before) / times * 1000


def asking(endpoint: str, ids: SessionRef) -> list[Figure]:
    config = Config(inject_host_prefix=False)
    bare: Any = boto3.client("deadline", endpoint_url=endpoint, region_name=FARM_REGION, config=config)
    asked = {"farmId": ids.farm_id, "queueId": ids.queue_id, "jobId": ids.job_id, "sessionId": ids.session_id}
    ours = DeadlineClient(connect(ConnectionSettings(endpoint_url=endpoint, region=FARM_REGION)).deadline)
    target, clock = SessionTarget(ids, timedelta(seconds=2)), SystemClock()
    crowd = a_crowd(ours, ids)

    def poll() -> None:
        assert target.poll(ours, clock).fault is None

    def batch() -> None:
        assert len(value(ours.sessions_by_id(crowd))) == len(crowd)

    poll()
    batch()
    bare.get_session(**asked)
    plain: list[float] = []
    polls: list[float] = []
    batched: list[float] = []
    for _ in range(ROUNDS):
        plain.append(cpu_of(lambda: bare.get_session(**asked), CALLS))
        polls.append(cpu_of(poll, CALLS))
        batched.append(cpu_of(batch, BATCHES) / len(crowd))
    against = "a get_session call of boto3 by itself"
    base = median(plain)
    return [
        Figure("polls: CPU of a poll", median(polls), "ms", base, against, 1.25),
        Figure("polls: CPU of a session in a batch of 100", median(batched), "ms", base, against, 1 / 12),
    ]


def a_crowd(asked: DeadlineClient, near: SessionRef) -> list[SessionRef]:
    """A hundred sessions of one job."""
    jobs = asked.search_jobs(JobSearch(near.farm_id, near.queue_id, text="crowd"))
    assert isinstance(jobs, Page), jobs
    job_id = jobs.items[0].job_id
    sessions = asked.sessions(near.farm_id, near.queue_id, job_id)
    assert isinstance(sessions, Page), sessions
    return [
        SessionRef(DEFAULT_CONNECTION, near.farm_id, near.queue_id, job_id, one.session_id)
        for one in sessions.items
    ]


def run() -> list[Figure]:
    living = Simulation(clock=FrozenClock()).cast["living"]
    ids = SessionRef(DEFAULT_CONNECTION, living.farm_id, living.queue_id, living.job_id, living.session_id)
    with a_farm() as endpoint, a_home() as home:
        os.environ.update(variables(home))
        where = ["--farm-id", ids.farm_id, "--queue-id", ids.queue_id, "--job-id", ids.job_id]
        where += ["--session-id", ids.session_id, "--interval", "2"]
        bare_rss, bare_cpu = watched(BARE, "bare")
        rss, cpu = watched(farmwatch("--endpoint-url", endpoint, *where), "STARTED")
        figures = asking(endpoint, ids)
    against = "the bare program, which asks nothing"
    return [
        Figure("polls: one session, resident", rss, "MiB", bare_rss, against, 65, absolute=True),
        Figure("polls: one session, CPU of a core", cpu, "%", bare_cpu, against, 1.0, absolute=True),
        *figures,
    ]
