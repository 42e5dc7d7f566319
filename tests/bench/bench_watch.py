"""What watching costs without a screen: ``farmwatch watch`` of one session, from its start to its rest."""

from __future__ import annotations

import sys
from statistics import median

from moto_deadline.simulation import FrozenClock, Simulation
from tests.bench.bench_polls import watched
from tests.bench.bench_start import shown_after
from tests.bench.child import a_farm, farmwatch
from tests.bench.figures import Figure

RUNS = 5
ONLY_BOTO3 = [sys.executable, "-c", "import boto3, time; print('ready', flush=True); time.sleep(3600)"]


def run() -> list[Figure]:
    """First line, memory and CPU of a watched session, beside a program that imports boto3 and waits."""
    ids = Simulation(clock=FrozenClock()).cast["living"]
    with a_farm() as endpoint:
        place = ["--farm-id", ids.farm_id, "--queue-id", ids.queue_id, "--job-id", ids.job_id]
        command = farmwatch("watch", "--endpoint-url", endpoint, *place, "--session-id", ids.session_id)
        shown_after(command, "STARTED")
        shown_after(ONLY_BOTO3, "ready")
        first, bare = [], []
        for _ in range(RUNS):
            bare.append(shown_after(ONLY_BOTO3, "ready"))
            first.append(shown_after(command, "STARTED"))
        bare_rss, bare_cpu = watched(ONLY_BOTO3, "ready")
        rss, cpu = watched(command, "STARTED")
    against = "a program that imports boto3 and waits"
    return [
        Figure("watch: first line", median(first), "ms", median(bare), against, 1.2),
        Figure("watch: one session, resident", rss, "MiB", bare_rss, against, 45, absolute=True),
        Figure("watch: one session, CPU of a core", cpu, "%", bare_cpu, against, 0.5, absolute=True),
    ]
