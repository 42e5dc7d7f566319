"""How busy the workers of silent sessions are, by their own logs: one GetLogEvents a worker every five
minutes, on the budget of the logs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import isfinite

from msgspec import Struct

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.log_page import LogEvent
from farmwatch.aws.model import Fault, FaultKind
from farmwatch.logs.lanes import WORKER
from farmwatch.logs.parsing import worker_event
from farmwatch.logs.sources import find
from farmwatch.logs.times import moment
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import RequestBudget, Rest, Schedule
from farmwatch.polling.target import PollResult, Target
from farmwatch.wall.last_lines import OF_ONE_LOG
from farmwatch.wall.values import WallRow, WorkerCpu

EVERY = timedelta(seconds=30)
"""How often it is looked for what is due: a pass."""

MOST = 20
"""Workers that are asked about in one pass."""

ASKED_EVERY = 300.0
"""Seconds after which a worker is asked about again."""

LIMIT = 100
"""Events asked for: a worker tells of its processor every minute, and of its requests between."""

SPARE = 0.25
"""How full the budget has to be (0 to 1): who reads a log, and the lines in sight, go first."""

LACKING = 2.0
"""Seconds until it is looked again whether the budget is full enough."""

CPU = "cpu-usage-percent"
"""The member of a Metrics event that it is about."""


class MetricsObserved(Struct, frozen=True):
    """How busy workers are, by their ids, as of ``seen_at``, as far as their logs tell. ``fault`` says that
    the newest reply was none, ``denied`` which logs of workers cannot be read, by their groups."""

    cpu: Mapping[str, WorkerCpu] = {}
    denied: Mapping[str, Fault] = {}
    seen_at: datetime | None = None
    fault: Fault | None = None


class WorkerMetrics(Target):
    """Reads how busy workers are on which a session is silent, or soon will be; ``silent`` tells the rows of
    those, each alone on its worker. Those that are known are kept fresh before others are asked about, so
    that of too many none comes and goes."""

    rank = 2

    def __init__(self, silent: Callable[[], Sequence[WallRow]], budget: RequestBudget) -> None:
        self.key = "metrics of the wall's workers"
        self.schedule = Schedule(EVERY)
        self.budget = self._budget = budget
        self.observed = MetricsObserved()
        self._silent = silent
        self._asked_at: dict[str, float] = {}
        self._cpu: Mapping[str, WorkerCpu] = {}
        self._denied: dict[str, tuple[Rest, Fault]] = {}
        self._left = MOST
        self._is_asked_anew = False

    def known(self) -> Mapping[str, WorkerCpu]:
        """How busy workers are, by their ids."""
        return self.observed.cpu

    def want_again(self) -> None:
        """Somebody wants to know, from any thread: logs that are denied are asked for again."""
        self._is_asked_anew = True

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        """Ask for the log of the worker whose turn it is, if one is due."""
        if isinstance(api, Fault):
            return self._failed(api)
        if self._is_asked_anew:
            self._is_asked_anew = False
            for rest, _ in self._denied.values():
                rest.end()
        now = clock.monotonic()
        row = self._next(now) if self._left else None
        if row is None:
            self._left = MOST
            self._show(self.observed.seen_at, self.observed.fault)
            return PollResult()
        if self._budget.filled(now) < SPARE:
            return PollResult(again_in=LACKING)
        self._left -= 1
        fault = self._ask(api, row, clock)
        return PollResult(again_in=0.0) if fault is None else self._failed(fault)

    def _failed(self, fault: Fault) -> PollResult:
        self._left = MOST
        self._show(self.observed.seen_at, fault)
        return PollResult(fault)

    def _next(self, now: float) -> WallRow | None:
        """Of those that are due the one that was asked about the longest ago, before any that never was."""
        rows = {row.worker_id: row for row in self._silent() if row.session is not None}
        kept = {one: at for one, at in self._asked_at.items() if one in rows or now - at < ASKED_EVERY}
        if len(kept) < len(self._asked_at):
            self._asked_at = kept
            self._cpu = {worker_id: cpu for worker_id, cpu in self._cpu.items() if worker_id in kept}
        due = [one for one, at in kept.items() if one in rows and now - at >= ASKED_EVERY]
        due.sort(key=kept.__getitem__)
        for worker_id in (*due, *(one for one in rows if one not in kept)):
            if self._may_read(rows[worker_id], now):
                return rows[worker_id]
        return None

    def _may_read(self, row: WallRow, now: float) -> bool:
        assert row.session is not None  # noqa: S101 - the others are left out
        source = find(row.ref, row.session, WORKER).source
        if source is None:
            return False
        denied = self._denied.get(source.group)
        return denied is None or denied[0].is_over(now)

    def _ask(self, api: DeadlineApi, row: WallRow, clock: Clock) -> Fault | None:
        """Ask for the newest events of a worker's log; the fault, where it is not of this log alone."""
        assert row.session is not None  # noqa: S101 - as above
        source, now = find(row.ref, row.session, WORKER).source, clock.monotonic()
        assert source is not None  # noqa: S101 - what has none is never due
        self._budget.spend(now)
        page = api.log_page(source, from_head=False, limit=LIMIT)
        if isinstance(page, Fault) and page.kind not in OF_ONE_LOG:
            return page
        self._asked_at[row.worker_id] = now
        if not isinstance(page, Fault):
            self._denied.pop(source.group, None)
            cpu = newest_cpu(page.events)
            # A page may be empty though the log is not.
            if cpu is not None:
                # Another mapping, because the former one is with whoever was told of it.
                self._cpu = {**self._cpu, row.worker_id: cpu}
        elif page.kind is FaultKind.DENIED:
            rest = self._denied[source.group][0] if source.group in self._denied else Rest()
            rest.begin(now)
            self._denied[source.group] = rest, page
        self._show(clock.now(), None)
        return None

    def _show(self, seen_at: datetime | None, fault: Fault | None) -> None:
        denied = {group: fault for group, (_, fault) in self._denied.items()}
        self.observed = MetricsObserved(self._cpu, denied, seen_at, fault)


def newest_cpu(events: Iterable[LogEvent]) -> WorkerCpu | None:
    """What the newest Metrics event of a worker's log tells of its processor; ``None`` where none does."""
    for event in reversed(list(events)):
        if CPU not in event.text:
            continue
        told, at = worker_event(event.text), moment(event.at)
        if told is None or told.type != "Metrics" or at is None:
            continue
        try:
            percent = float(told.rest.get(CPU, ""))
        except ValueError:
            continue
        if isfinite(percent):
            return WorkerCpu(percent, at.astimezone())
    return None
