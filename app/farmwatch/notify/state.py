"""How it stands with those who are told."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class TargetState(Struct, frozen=True):
    """How it stands with a target. ``kind`` and ``where`` are all that may be said of its address.
    ``waiting`` messages have not arrived, the oldest of them since ``oldest_at``. ``fault`` says in words why
    the last one did not, so since ``failing_since``, in ``attempts`` attempts; the next is at ``next_at``.
    ``arrived`` have arrived in this run, the last at ``arrived_at``; ``given_up`` never will. ``is_kept``
    says whether what waits would survive the end of the program."""

    name: str
    kind: str
    where: str
    waiting: int = 0
    oldest_at: datetime | None = None
    failing_since: datetime | None = None
    attempts: int = 0
    fault: str = ""
    next_at: datetime | None = None
    arrived: int = 0
    arrived_at: datetime | None = None
    given_up: int = 0
    is_kept: bool = True


class Deliveries(Struct, frozen=True):
    """How it stands with all targets, in the order of the settings, and with the heartbeat, where there is
    one (`heartbeat`)."""

    targets: tuple[TargetState, ...] = ()
    heartbeat: TargetState | None = None

    @property
    def failing(self) -> tuple[TargetState, ...]:
        """Those by which nothing arrived the last time, the heartbeat among them."""
        every = self.targets if self.heartbeat is None else (*self.targets, self.heartbeat)
        return tuple(one for one in every if one.fault)

    @property
    def troubles(self) -> tuple[str, ...]:
        """A line for each that cannot be told, or not called: why, and what waits."""
        return tuple(_trouble(one) for one in self.failing)

    @property
    def waiting(self) -> int:
        """Messages that have not arrived."""
        return sum(one.waiting for one in self.targets)


def _trouble(state: TargetState) -> str:
    waiting = f"; {state.waiting} not told yet" if state.waiting else ""
    return f"{state.name} ({state.kind} {state.where}) is not reached: {state.fault}{waiting}"
