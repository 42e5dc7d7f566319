"""A Monitor on canned farms, with everything that it tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import DEFAULT_CONNECTION, Fault, Session, SessionRef, Who
from farmwatch.history.events import Event, NoRecords, Past, Watched
from farmwatch.monitor.monitor import Monitor
from farmwatch.monitor.update import SessionSnapshot, Update
from tests.canned import REF, CannedFarm, HandClock, a_session


class Notebook(NoRecords):
    """What was written down, as it came."""

    def __init__(self) -> None:
        self.entries: list[Event] = []
        self.watched: list[Watched] = []
        self.known: dict[SessionRef, Past] = {}

    def past(self, refs: Sequence[SessionRef]) -> Mapping[SessionRef, Past]:
        return {ref: self.known.get(ref, Past()) for ref in refs}

    def record(self, entries: Sequence[Event], watched: Sequence[Watched]) -> None:
        self.entries += entries
        self.watched += watched


class Watching:
    """A Monitor on canned farms, one for each connection, and everything it tells."""

    def __init__(self, *connections: str, **answers: Any) -> None:
        self.clock = HandClock()
        self.answer: Callable[[SessionRef], Session | Fault] = lambda ref: a_session(
            session_id=ref.session_id
        )
        self.farms = {
            name: CannedFarm(
                **{"session": lambda ref: self.answer(ref), "sessions_by_id": self.many, **answers}
            )
            for name in connections or (DEFAULT_CONNECTION,)
        }
        self.notebook = Notebook()
        self.updates: list[Update] = []
        self.safe: list[int] = []
        self.monitor = Monitor(
            {name: self._opener(farm) for name, farm in self.farms.items()}, self.notebook, clock=self.clock
        )
        self.monitor.subscribe(self._hear)

    @staticmethod
    def _opener(farm: CannedFarm) -> Callable[..., DeadlineApi | Fault]:
        def connect(on_request: object, on_identity: Callable[[Who], None]) -> DeadlineApi:
            on_identity(Who("studio", "123456789012", "us-west-2"))
            return farm

        return connect

    def many(self, refs: Sequence[SessionRef]) -> Mapping[str, Session | Fault]:
        return {ref.session_id: self.answer(ref) for ref in refs}

    def _hear(self, update: Update) -> None:
        self.updates.append(update)
        self.safe.append(len(self.notebook.entries))

    @property
    def farm(self) -> CannedFarm:
        return next(iter(self.farms.values()))

    def run(self, seconds: float = 1) -> None:
        for _ in range(round(seconds)):
            self.monitor.run_due()
            self.clock.move(1)
        self.monitor.run_due()

    def snapshots(self, ref: SessionRef = REF) -> list[SessionSnapshot]:
        return [update.snapshot for update in self.updates if update.subject == ref]
