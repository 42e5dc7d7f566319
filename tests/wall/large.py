"""A wall on a large embedded farm, both of them moved by hand. What is asked goes straight to the farm's
backend, so that the wall takes most of the time there is, and thousands of sessions can be had in a test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError
from moto.core.exceptions import ServiceException

import moto_deadline
from farmwatch.aws.client import DeadlineClient
from farmwatch.wall.scope import Scope
from farmwatch.wall.target import WallTarget
from moto_deadline.models import DeadlineBackend, backend_of
from moto_deadline.simulation import FrozenClock, Simulation
from tests.canned import HandClock

NAME = "default"


class Straight:
    """Answers as a botocore client does, out of the backend; counts what it is asked."""

    def __init__(self, backend: DeadlineBackend) -> None:
        self.asked: Counter[str] = Counter()
        self.on_ask: Callable[[], None] = lambda: None
        self._backend = backend

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._backend, name)

        def ask(**asked: Any) -> Any:
            self.asked[name] += 1
            self.on_ask()
            try:
                return method(asked)
            except ServiceException as error:
                told = {"Error": {"Code": error.code, "Message": error.message}}
                raise ClientError(told, name) from error  # type: ignore[arg-type]

        return ask


class LargeWall:
    """A wall of all that a farm of so many sessions runs, or the farm of a scripted night."""

    def __init__(
        self,
        sessions: int | None = None,
        since: timedelta = timedelta(hours=8),
        night: str | None = None,
        speed: float = 1.0,
    ) -> None:
        moto_deadline.register()
        self.farm_clock = FrozenClock()
        self.farm_clock.speed = speed
        simulation = Simulation(clock=self.farm_clock, sessions=sessions, night=night)
        self.simulation = moto_deadline.install(simulation)
        self.clock = HandClock(self.farm_clock.now())
        client: Any = Straight(backend_of(moto_deadline.ACCOUNT, moto_deadline.REGION))
        self.client: Straight = client
        self.api = DeadlineClient(client)
        self.target = WallTarget(NAME, Scope(), self.clock.now() - since, rate=12.0)

    def step(self, seconds: float) -> None:
        """Let time pass, in which nobody asks."""
        self.farm_clock.step(seconds)
        self.simulation.advance()
        self.clock.move(seconds)

    def refresh(self) -> int:
        """A whole refresh: how many calls it takes."""
        before = self.client.asked.total()
        while self.target.poll(self.api, self.clock).again_in == 0.0:
            pass
        return self.client.asked.total() - before

    def own_failures(self) -> set[str]:
        """The ids of the actions that failed or were interrupted, by the farm's own account of the jobs that
        it has not forgotten."""
        return {
            action["sessionActionId"]
            for actions in self.simulation.account.actions.values()
            for action in actions.values()
            if action["status"] in ("FAILED", "INTERRUPTED")
        }

    def action(self, action_id: str) -> dict[str, Any]:
        """An action by the farm's own account."""
        session_id = f"session-{action_id.split('-')[1]}"
        action: dict[str, Any] = self.simulation.account.actions[session_id][action_id]
        return action
