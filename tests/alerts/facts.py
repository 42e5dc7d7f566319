"""What passes find, for the tests of alerts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from farmwatch.alerts.alert import CONNECTION_LOST, Alert, Found, Notice, Subject
from farmwatch.alerts.life import Pass, step
from farmwatch.aws.model import SessionRef
from farmwatch.rules.finding import Severity
from tests.canned import START

NOW = START
TEN = timedelta(seconds=10)


def a_ref(number: int = 1, connection: str = "east") -> SessionRef:
    return SessionRef(connection, "farm-1", "queue-1", f"job-{number}", f"session-{number}")


def failed(number: int = 1, connection: str = "east", **given: Any) -> Found:
    """A session whose update has failed, which is certain at once."""
    ref = a_ref(number, connection)
    subject = Subject(connection, ref.farm_id, ref.queue_id, ref.job_id, ref.session_id)
    values = {"worker_id": "worker-1", "sessions": (ref,), "name": f"shot {number}", **given}
    return Found(
        "update failed", subject, Severity.CERTAIN, "UPDATE_FAILED", "status UPDATE_FAILED", NOW, **values
    )


def stuck(number: int = 1) -> Found:
    """A session that is stuck by two signals."""
    one = failed(number)
    return Found("stuck", one.subject, Severity.STUCK, "silent, frozen", "no line for 38 min", NOW)


def dead(worker_id: str = "worker-1") -> Found:
    subject = Subject("east", "farm-1", worker_id=worker_id)
    return Found("dead worker", subject, Severity.CERTAIN, "not responding", "NOT_RESPONDING", NOW)


def lost(connection: str = "east") -> Found:
    words = "OFFLINE"
    return Found(
        CONNECTION_LOST, Subject(connection), Severity.CERTAIN, words, "no network", NOW, connection, needs=2
    )


def asked(number: int = 1) -> Found:
    """A session that somebody asked to be told of, and that has ended."""
    subject = replace(failed(number).subject, asked="1f")
    words = "it has ended: no action failed"
    return Found("asked: ended", subject, Severity.CERTAIN, words, "the lifecycle status is ENDED", NOW)


class Life:
    """All alerts, pass after pass, ten seconds apart."""

    def __init__(self) -> None:
        self.now = NOW
        self.alerts: dict[str, Alert] = {}
        self.notices: list[Notice] = []
        self.is_quiet = False

    def see(
        self,
        *found: Found,
        well: tuple[Found, ...] = (),
        over: tuple[str, ...] = (),
        connection: str = "east",
    ) -> None:
        """A pass that has found these, and has seen that all is well with those."""
        self.now += TEN
        seen = Pass(connection, found, {one.id: self.now for one in well}, over=frozenset(over))
        self._step(seen)

    def wait(self, seconds: float) -> None:
        """So long nothing is looked at."""
        self.now += timedelta(seconds=seconds)
        self._step(None)

    def _step(self, seen: Pass | None) -> None:
        self.alerts, notices = step(self.alerts, seen, self.now, is_quiet=self.is_quiet)
        self.notices += notices

    @property
    def kinds(self) -> list[str]:
        """What was told so far."""
        return [notice.kind.value for notice in self.notices]

    def of(self, found: Found) -> Alert:
        return self.alerts[found.id]


def minutes(number: float, at: datetime = NOW) -> datetime:
    return at + timedelta(minutes=number)
