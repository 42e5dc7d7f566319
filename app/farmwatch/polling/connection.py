"""The way to whoever answers: the connection, made in a thread of its own, and calls that can be given up.

What makes credentials may hang without end (a credential process has no time-out), and so may a call whose
network is swallowed. Neither may keep a poller's thread, and an answer that comes after all is thrown away.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, cast

from farmwatch.aws.api import OPERATIONS, DeadlineApi
from farmwatch.aws.fault_source import CONNECTION, MONITOR
from farmwatch.aws.model import Fault, FaultKind
from farmwatch.polling.clock import Clock

_log = logging.getLogger(__name__)

PATIENCE = 8.0
"""Seconds that a poll waits for the connection: importing boto3 and finding credentials takes one or two."""

RECONNECT_EVERY = 2.0
"""Seconds at least between two new sessions with AWS, however many targets ask for one: each costs CPU,
and memory that is not given back."""


class GivenUp(Exception):  # noqa: N818 - named for what happened
    """The call was given up meanwhile; its answer is nobody's any more."""


class CancellableCall:
    """Passes questions on, until it is shut. After that no answer comes through any more."""

    def __init__(self, api: DeadlineApi) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._is_inside = False
        self._is_shut = False
        self.operation = ""
        """The API operation that was asked for last; empty before the first."""

    @classmethod
    def before(cls, api: DeadlineApi) -> tuple[CancellableCall, DeadlineApi]:
        """A gate, and the same as what it lets through to."""
        gate = cls(api)
        return gate, cast("DeadlineApi", gate)

    def shut(self) -> bool:
        """Let nothing through any more; only while an answer is waited for. Whether it is shut."""
        with self._lock:
            self._is_shut = self._is_shut or self._is_inside
            return self._is_shut

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._api, name)

        def ask(*asked: Any, **named: Any) -> Any:
            self.operation = OPERATIONS.get(name, "")
            self._pass(is_inside=True)
            try:
                return method(*asked, **named)
            finally:
                self._pass(is_inside=False)

        return ask

    def _pass(self, *, is_inside: bool) -> None:
        with self._lock:
            self._is_inside = is_inside
            if self._is_shut:
                raise GivenUp


class Connection:
    """Makes the connection when somebody wants it, and a new one after it was lost.

    ``connect`` is called in a thread that nobody waits for longer than `PATIENCE`; ``opened`` when it took
    longer than that and is there after all.
    """

    def __init__(
        self, connect: Callable[[], DeadlineApi | Fault], clock: Clock, opened: Callable[[], None]
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._opened = opened
        self._changed = threading.Condition()
        self._found: DeadlineApi | Fault | None = None
        self._making_since: float | None = None
        self._made_at = float("-inf")
        self._kept_waiting = False

    @property
    def api(self) -> DeadlineApi | None:
        """The API over the connection that stands; ``None`` while there is none."""
        found = self._found
        return None if isinstance(found, Fault) else found

    def api_or_fault(self) -> DeadlineApi | Fault:
        """The API over the connection, which is made where there is none; a fault where that fails."""
        with self._changed:
            now = self._clock.monotonic()
            found = self._found
            if found is not None and not isinstance(found, Fault):
                return found
            if self._making_since is None:
                if found is not None and now - self._made_at < RECONNECT_EVERY:
                    return found
                self._making_since = self._made_at = now
                threading.Thread(target=self._make, name="connecting", daemon=True).start()
            while self._making_since is not None and self._clock.monotonic() < now + PATIENCE:
                self._clock.wait(self._changed, now + PATIENCE - self._clock.monotonic())
            if self._making_since is not None:
                self._kept_waiting = True
                return slow_credentials(self._clock.monotonic() - self._making_since)
            return self._found or slow_credentials(0)

    def lose(self, why: Fault | None = None) -> None:
        """The connection is no good: whoever asks next gets a new one."""
        with self._changed:
            self._found = why

    def drop_sockets(self) -> None:
        """Nothing that was open may still be: the next call begins with a new socket."""
        api = self.api
        if api is not None:
            api.close()

    def _make(self) -> None:
        found: DeadlineApi | Fault
        try:
            found = self._connect()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
            _log.exception("connecting failed")
            found = internal_error(error)
        with self._changed:
            self._found, self._making_since = found, None
            self._made_at = self._clock.monotonic()
            was_waited_for, self._kept_waiting = self._kept_waiting, False
            self._changed.notify_all()
        if was_waited_for:
            self._opened()


def slow_credentials(seconds: float) -> Fault:
    """The connection is still being made."""
    return Fault(
        kind=FaultKind.CREDENTIALS,
        sentence=f"The credentials are not there yet, after {seconds:.0f} s.",
        remedy="It goes on by itself once they are. Does a credential process wait for somebody?",
        operation=CONNECTION.subject,
        code="CredentialsSlow",
    )


def hung_call(seconds: float, operation: str = "") -> Fault:
    """A call to which no answer comes; ``operation`` where it is known which one."""
    return Fault(
        kind=FaultKind.HUNG,
        sentence=f"The call hung for {seconds:.0f} s and was given up.",
        remedy="Nothing to do: it asks again, over a new connection.",
        operation=operation,
        code="CallHung",
    )


def internal_error(error: Exception) -> Fault:
    """The monitor itself is at fault."""
    return Fault(
        kind=FaultKind.INTERNAL,
        sentence="Farmwatch itself failed; no reply was at fault.",
        remedy="Nothing to do: it asks again. Please report it with the debug log.",
        operation=MONITOR.subject,
        code=type(error).__name__,
    )
