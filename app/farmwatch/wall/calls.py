"""The calls of a refresh: counted, and left alone for a while where they are denied or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault, FaultKind
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import Rest

T = TypeVar("T")
P = ParamSpec("P")

OF_ONE_CALL = (FaultKind.DENIED, FaultKind.REFUSED, FaultKind.BAD_REPLY)
"""Faults that others of the same connection do not share: the refresh goes on without that call."""


class Calls:
    """Makes the calls of one refresh after the other. ``fault`` is the one that ended it, ``denied`` has by
    what they are called the calls that are left alone, and why."""

    def __init__(self) -> None:
        self.denied: dict[str, Fault] = {}
        self.fault: Fault | None = None
        self.gone = False
        """Whether something that was asked about is not there any more."""
        self.count = 0
        """Calls of this refresh so far."""
        self._rests: dict[str, Rest] = {}
        self._api: DeadlineApi | None = None
        self._now = 0.0

    def begin(self) -> None:
        """Another refresh begins."""
        self.count, self.fault, self.gone = 0, None, False

    def by(self, api: DeadlineApi, clock: Clock) -> None:
        """The next calls are answered by this one."""
        self._api, self._now = api, clock.monotonic()

    @property
    def api(self) -> DeadlineApi:
        """Who answers the next call."""
        assert self._api is not None  # noqa: S101 - told by every step before it asks
        return self._api

    def ask(self, name: str, method: Callable[P, T | Fault], *asked: P.args, **named: P.kwargs) -> T | None:
        """Make one call, by a method of `api`; ``None`` where it failed, or is left alone."""
        rest = self._rests.setdefault(name, Rest())
        if self.fault is not None or not rest.is_over(self._now):
            return None
        self.count += 1
        answer = method(*asked, **named)
        if not isinstance(answer, Fault):
            rest.end()
            self.denied.pop(name, None)
            return answer
        if answer.kind is FaultKind.GONE:
            self.gone = True
        elif answer.kind in OF_ONE_CALL:
            rest.begin(self._now)
            self.denied[name] = answer
        else:
            self.fault = answer
        return None

    def want_again(self) -> None:
        """Somebody wants to know: what is left alone is asked again."""
        self._rests.clear()
