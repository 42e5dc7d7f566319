"""The program that `bench_wall` measures: a Monitor that watches all that runs, with its history and no
screen. It prints one JSON object with what each refresh took, and what a get_session call of boto3 takes."""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from farmwatch.cli import memory
from farmwatch.cli.connections import opener
from farmwatch.config.settings import ConnectionSettings
from farmwatch.history.recorder import Recorder
from farmwatch.monitor.monitor import Monitor
from farmwatch.monitor.update import Update
from tests.bench.child import FARM_REGION

UNCOUNTED = 2
"""Refreshes before those that count: the first one finds all sessions, the second one all failures."""

ROUNDS, CALLS, APART = 20, 40, 0.5
"""Calls of get_session that the others are compared with, and seconds between two rounds of them: a machine
that others share is twice as quick at one moment as at another, and a wall is watched for minutes."""

SINCE = timedelta(hours=8)
PATIENCE = 900.0


def main(endpoint: str, refreshes: int, folder: Path) -> None:
    """Watch for so many refreshes after the first ones, and print what they took."""
    memory.begin()
    where = ConnectionSettings(endpoint_url=endpoint, region=FARM_REGION)
    monitor = Monitor({"farm": opener(where)}, Recorder(folder / "history.sqlite"))
    handle = monitor.watch_wall((), datetime.now(UTC) - SINCE)
    ended: list[tuple[float, float, int]] = []
    enough = threading.Event()
    newest: list[datetime | None] = [None]

    def note(_: Update) -> None:
        (observed,) = handle.observed
        # The first refresh shows what it has as soon as all that runs is found, without a time.
        if observed.seen_at is not None and observed.seen_at != newest[0]:
            newest[0] = observed.seen_at
            ended.append((time.process_time(), time.monotonic(), observed.calls))
            if len(ended) == UNCOUNTED + refreshes:
                enough.set()

    monitor.subscribe(note)
    monitor.start()
    if not enough.wait(PATIENCE):
        sys.exit(f"only {len(ended)} refreshes in {PATIENCE:.0f} s: {handle.observed[0].fault}")
    monitor.stop()
    (observed,) = handle.observed
    counted = ended[UNCOUNTED - 1 :]
    mebibytes = resident()
    took = list(pairwise(counted))
    row = observed.rows[-1].ref
    told = {
        "sessions": observed.running,
        "calls": [after[2] for _, after in took],
        "cpu": [1000 * (after[0] - before[0]) for before, after in took],
        "seconds": [after[1] - before[1] for before, after in took],
        "resident": mebibytes,
        "call": cpu_of_a_call(
            endpoint,
            {
                "farmId": row.farm_id,
                "queueId": row.queue_id,
                "jobId": row.job_id,
                "sessionId": row.session_id,
            },
        ),
    }
    print(json.dumps(told), flush=True)


def resident() -> float:
    """MiB of this process that are resident."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_of_a_call(endpoint: str, asked: dict[str, str]) -> float:
    """Milliseconds of CPU that one get_session call of a plain boto3 client takes."""
    import boto3
    from botocore.config import Config

    config = Config(inject_host_prefix=False)
    client: Any = boto3.client("deadline", endpoint_url=endpoint, region_name=FARM_REGION, config=config)
    client.get_session(**asked)
    took: list[float] = []
    for _ in range(ROUNDS):
        before = time.process_time()
        for _ in range(CALLS):
            client.get_session(**asked)
        took.append((time.process_time() - before) / CALLS * 1000)
        time.sleep(APART)
    return median(took)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
