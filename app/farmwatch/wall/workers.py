"""The workers of a wall: what each has run, and how that went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from farmwatch.rules.finding import Finding
from farmwatch.wall.values import Failure, WallObserved, WallRow


class WorkerRow(Struct, frozen=True):
    """A worker: its sessions that run, and the failures and interruptions on it since the wall's time.

    ``status`` and ``fleet_id`` are empty where SearchWorkers has not told of it.
    """

    connection: str
    worker_id: str
    fleet_id: str = ""
    status: str = ""
    host: str = ""
    instance_type: str = ""
    rows: tuple[WallRow, ...] = ()
    failures: tuple[Failure, ...] = ()
    interruptions: tuple[Failure, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def key(self) -> str:
        """By what a list tells it from others: its connection and its id."""
        return f"{self.connection} {self.worker_id}"

    @property
    def jobs(self) -> tuple[str, ...]:
        """The names of the jobs that failed on it, each once."""
        return tuple(dict.fromkeys(one.job for one in self.failures))


def workers_of(observed: WallObserved) -> list[WorkerRow]:
    """The workers of one connection: those that SearchWorkers told of, and those that sessions or failures
    name."""
    rows: defaultdict[str, list[WallRow]] = defaultdict(list)
    hosts: dict[str, tuple[str, str, str]] = {}
    for row in observed.rows:
        session = row.session
        if session is None:
            continue
        if row.ended_at is None:
            rows[session.worker_id].append(row)
        if session.host is not None:
            hosts[session.worker_id] = (
                session.fleet_id,
                session.host.name or "",
                session.host.instance_type or "",
            )
    failures, interruptions = (_by_worker(observed.failures, kind) for kind in (False, True))
    found: list[WorkerRow] = []
    for worker_id in {**observed.workers, **rows, **failures, **interruptions}:
        worker = observed.workers.get(worker_id)
        fleet_id, host, instance_type = hosts.get(worker_id, ("", "", ""))
        if worker is not None:
            fleet_id = worker.fleet_id
            if worker.host is not None:
                host = worker.host.name or host
                instance_type = worker.host.instance_type or instance_type
        found.append(
            WorkerRow(
                observed.connection,
                worker_id,
                fleet_id,
                "" if worker is None else worker.status,
                host,
                instance_type,
                tuple(rows.get(worker_id, ())),
                tuple(failures.get(worker_id, ())),
                tuple(interruptions.get(worker_id, ())),
                observed.worker_findings.get(worker_id, ()),
            )
        )
    return found


def _by_worker(failures: Iterable[Failure], is_interruption: bool) -> dict[str, list[Failure]]:
    found: defaultdict[str, list[Failure]] = defaultdict(list)
    for failure in failures:
        if failure.worker_id and failure.is_interruption is is_interruption:
            found[failure.worker_id].append(failure)
    return dict(found)
