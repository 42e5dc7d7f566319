"""How many sessions ran over the last hours, as far as anybody watched, from the history."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault
from farmwatch.history.recorder import Recorder
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import RequestBudget, Schedule
from farmwatch.polling.target import PollResult, Target

EVERY = timedelta(seconds=30)
"""How often the file is read for it."""

BACK = timedelta(hours=8)
"""How far back it looks."""

STEPS = 16
"""Of how many equal stretches of time it tells."""


class RunningView(Struct, frozen=True):
    """``changes`` has for each stretch, the oldest first, how many sessions were seen to begin, less those
    that were seen to end; ``None`` before the first of which anything is known. ``seen_at`` is when it was
    read."""

    changes: tuple[int | None, ...] = ()
    seen_at: datetime | None = None
    fault: Fault | None = None

    def counts(self, running: int) -> tuple[int | None, ...]:
        """How many ran at the end of each stretch, with so many that run now."""
        found: list[int | None] = []
        at = running
        for change in reversed(self.changes):
            found.append(None if change is None else max(0, at))
            at -= change or 0
        return tuple(reversed(found))


class RunningQuery(Target):
    """Reads how many sessions came and went. It asks nobody, so it works without a network and a login."""

    needs_connection = False

    def __init__(self, recorder: Recorder, key: str) -> None:
        self.key = key
        self.schedule = Schedule(EVERY)
        self.budget = RequestBudget()
        self.observed = RunningView()
        self._recorder = recorder

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:  # noqa: ARG002 - nobody is asked
        """Read it; while the file cannot be read what is known stays."""
        now = clock.now()
        step = BACK / STEPS
        since = now - BACK
        net = self._recorder.ask(lambda history: history.net_beginnings(since, step))
        if net is not None:
            first = min(net, default=STEPS)
            changes = tuple(None if number < first else net.get(number, 0) for number in range(STEPS))
            self.observed = RunningView(changes, now)
        return PollResult()
