"""What is handed over, read from the history again and again for whoever looks at it."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from farmwatch.alerts.digest import Digest
from farmwatch.alerts.digesting import BACK, digest_from, read_facts
from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault
from farmwatch.monitor.handles import Look, LookHandle
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import RequestBudget, Schedule
from farmwatch.polling.target import PollResult, Target

if TYPE_CHECKING:
    from farmwatch.history.recorder import Recorder

EVERY = timedelta(seconds=30)
"""How often it is read: what was seen meanwhile may be much, and nobody hands over every second."""

PATIENCE = 20.0
"""Seconds that the history may take to be read: a night of a large farm is some hundred thousand entries."""

_numbers = itertools.count(1)


class DigestRef(Struct, frozen=True):
    """Names a look at what is handed over."""

    number: int


class DigestObserved(Struct, frozen=True):
    """What is handed over, as it was read at ``seen_at``; ``None`` while it cannot be read."""

    digest: Digest | None = None
    seen_at: datetime | None = None
    fault: Fault | None = None


class DigestQuery(Target):
    """Reads what is handed over. It asks nobody, so it works without a network and a login."""

    needs_connection = False

    def __init__(self, recorder: Recorder, since: datetime | None = None) -> None:
        """``since`` is from when on; ``None`` for the last twelve hours, whenever that is."""
        self.ref = DigestRef(next(_numbers))
        self.key = f"digest #{self.ref.number}"
        self.schedule = Schedule(EVERY)
        self.budget = RequestBudget()
        self.observed = DigestObserved()
        self.since = since
        self._recorder = recorder

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:  # noqa: ARG002 - nobody is asked
        """Read it; while the file cannot be read what is known stays."""
        now = clock.now()
        since = self.since or now - BACK
        facts = self._recorder.ask(lambda history: read_facts(history, since), PATIENCE)
        if facts is None:
            self.observed = DigestObserved(self.observed.digest)
        else:
            self.observed = DigestObserved(digest_from(facts, since, now, now), now)
        return PollResult()


class DigestHandle(LookHandle):
    """A look at what is handed over."""

    def __init__(self, look: Look, target: DigestQuery) -> None:
        super().__init__(look)
        self._query = target

    @property
    def observed(self) -> DigestObserved:
        """What is known now."""
        return self._query.observed

    def choose(self, since: datetime | None) -> None:
        """From another time on; ``None`` for the last twelve hours."""
        self._query.since = since
        self.refresh()
