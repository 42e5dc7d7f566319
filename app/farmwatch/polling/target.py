"""What a poller and what it polls have to do with each other: the target, how a poll went, the news."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault
from farmwatch.polling.clock import Clock
from farmwatch.polling.freshness import Rhythm
from farmwatch.polling.schedule import RequestBudget, Schedule


class PollResult(Struct, frozen=True):
    """How a poll went: its fault if any, whether what is followed is final, whether it has changed, and how
    soon the target wants to go on (seconds) where that is not left to its schedule. ``events`` are what was
    seen to change, written down already; ``wakes`` has the keys of other targets that are to be asked about
    at once, because of what was learnt here."""

    fault: Fault | None = None
    final: bool = False
    changed: bool = False
    again_in: float | None = None
    is_step: bool = False
    """Whether it was one call of several: how well all of them go is not known by that."""
    events: tuple[Any, ...] = ()
    wakes: tuple[str, ...] = ()


class Target(Protocol):
    """What one rhythm follows: a session, or a list on screen. Only one thread at once calls `poll`.

    A class that follows something derives from it, and so has the usual values of what it does not need.
    """

    key: str
    schedule: Schedule
    observed: Any
    """The newest of what is known; an immutable value."""
    budget: RequestBudget | None = None
    """A budget of its own, which it spends itself; else that of the connection."""
    rank: int = 0
    """Its place among those that are due: the lowest goes first."""
    needs_connection: bool = True
    """Whether anybody is asked at all."""
    group: Group | None = None
    """Those whose answers may come by one call with its own."""

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        """Ask and take note. ``api`` is a `Fault` where there is nobody to ask."""
        ...


class Group(Protocol):
    """Targets that are polled together: one call asks about many, and each has an answer of its own."""

    def limit(self, now: float) -> int:
        """How many may be polled at once at this time of ``monotonic``; 1: each by itself."""
        ...

    def poll(self, targets: Sequence[Any], api: DeadlineApi | Fault, clock: Clock) -> Sequence[PollResult]:
        """Ask about targets of this group, and take note in each; how it went, one by one in their order."""
        ...


class TargetUpdate(Struct, frozen=True):
    """Told after every poll, and when a rhythm changes: what is known about the target of that key, and what
    was seen to change by this poll."""

    key: str
    observed: Any
    rhythm: Rhythm
    events: tuple[Any, ...] = ()
