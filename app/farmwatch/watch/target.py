"""What a poller and what it polls have to do with each other: the target, how a poll went, the news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from farmwatch.cloud.model import Fault
from farmwatch.watch.cadence import Cadence
from farmwatch.watch.clock import Clock
from farmwatch.watch.freshness import Rhythm
from farmwatch.watch.questions import Questions


@dataclass(frozen=True, slots=True)
class Polled:
    """How a poll went: its fault if any, whether what is followed is final, whether it has changed, and how
    soon the target wants to go on (seconds) where that is not left to its cadence. ``wakes`` has the keys of
    other targets that are to be asked about at once, because of what was learnt here."""

    fault: Fault | None = None
    final: bool = False
    changed: bool = False
    again_in: float | None = None
    wakes: tuple[str, ...] = ()


class Target(Protocol):
    """What one rhythm follows: a session, or a list on screen. Only one thread at once calls `poll`.

    A target may have a ``budget`` of its own, which it spends itself, and a ``rank`` among those that are
    due: the lowest goes first. One that ``asks_nobody`` needs no connection.
    """

    cadence: Cadence

    @property
    def key(self) -> str: ...

    @property
    def observed(self) -> Any:
        """The newest of what is known; an immutable value."""
        ...

    def poll(self, asked: Questions | Fault, clock: Clock) -> Polled:
        """Ask and take note. ``asked`` is a `Fault` where there is nobody to ask."""
        ...


@dataclass(frozen=True, slots=True)
class News:
    """Told after every poll, and when a rhythm changes: what is known about the target of that key."""

    key: str
    observed: Any
    rhythm: Rhythm
