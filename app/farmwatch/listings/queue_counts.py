"""How many tasks of each queue run, have failed and are ready: counted for the queues in sight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault
from farmwatch.aws.task import RUNNING_TASKS
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import Schedule
from farmwatch.polling.target import PollResult, Target

COUNTED: Mapping[str, tuple[str, ...]] = {
    "running": RUNNING_TASKS,
    "failed": ("FAILED",),
    "ready": ("READY",),
}
"""What is counted, and the task run statuses of each."""

EVERY = 25.0
"""Seconds after which a queue is counted again: with its place in the row of those that are due it is not
older than half a minute."""

SOON = 0.05
"""Seconds until the next of several calls."""

LOOK_AGAIN = 1.0
"""Seconds until the next look while no queue is in sight yet."""


class TaskCount(Struct, frozen=True):
    """How many tasks there were ``at`` a time."""

    number: int
    at: datetime


class QueueCounts(Struct, frozen=True):
    """The counts by the id of the queue and what is counted (`COUNTED`). ``fault`` says that the newest call
    failed."""

    counts: Mapping[tuple[str, str], TaskCount] = {}
    seen_at: datetime | None = None
    fault: Fault | None = None


class QueueCountsTarget(Target):
    """Counts with one SearchTasks a poll, that longest ago first, and after everything else that is due.
    `look_at` and `recount` may be called from any thread; both only leave a wish."""

    rank = 2

    def __init__(self, key: str, farm_id: str) -> None:
        self.key = key
        self.schedule = Schedule(timedelta(seconds=EVERY))
        self.observed = QueueCounts()
        self._farm_id = farm_id
        self._in_sight: tuple[str, ...] = ()
        self._counted_at: dict[tuple[str, str], float] = {}
        self._anew = False

    def look_at(self, queue_ids: Iterable[str]) -> None:
        """These queues are in sight."""
        self._in_sight = tuple(queue_ids)

    def recount(self) -> None:
        """Count all of them again."""
        self._anew = True

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        """Make the call that is due, if there is one, and come again when the next is. A fault leaves what
        was counted."""
        now = clock.monotonic()
        if self._anew:
            self._anew = False
            self._counted_at.clear()
        wanted = [(queue_id, what) for queue_id in self._in_sight for what in COUNTED]
        if not wanted:
            return PollResult(again_in=LOOK_AGAIN)
        first = min(wanted, key=self._due)
        if self._due(first) > now:
            return PollResult(again_in=self._due(first) - now)
        queue_id, what = first
        answer = api if isinstance(api, Fault) else api.task_count(self._farm_id, (queue_id,), COUNTED[what])
        if isinstance(answer, Fault):
            self.observed = replace(self.observed, fault=answer)
            return PollResult(answer)
        self._counted_at[first] = now
        counts = {**self.observed.counts, first: TaskCount(answer, clock.now())}
        self.observed = QueueCounts(counts, clock.now())
        return PollResult(again_in=max(SOON, min(map(self._due, wanted)) - now))

    def _due(self, one: tuple[str, str]) -> float:
        return self._counted_at.get(one, float("-inf")) + EVERY
