"""What somebody asked to be told of, as it is shown, and as alerts come of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from farmwatch.alerts.alert import Found
from farmwatch.aws.model import SessionRef
from farmwatch.config.state import KeptAsked

TURNS = 20
"""Logs of a job or the wall that are read at once for one who waits for a line; the others wait for turns."""


class AskedKind(StrEnum):
    """What somebody wants to be told of. ENDED is of a session, ALL_ENDED of a job or the wall; LINE is of
    any of them, in the log or the logs that it has."""

    ENDED = "ended"
    ALL_ENDED = "all ended"
    LINE = "line"


class Waiting(Struct, frozen=True):
    """Something that is waited for; ``unseen`` says in words why it cannot be seen just now, empty where it
    can. ``id`` is that of the alert that comes of it."""

    id: str
    kind: AskedKind
    kept: KeptAsked
    unseen: str = ""

    @property
    def ref(self) -> SessionRef | None:
        """The session that it is about; ``None`` where that is a job or the wall."""
        kept = self.kept
        return SessionRef(kept.connection, *kept.ids) if len(kept.ids) == 4 else None


class WaitedFor(Protocol):
    """All that is waited for."""

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """What has not happened, the oldest first."""

    def happened(self, now: datetime) -> list[Found]:
        """What has happened, each until it was settled."""

    def settle(self, ids: Iterable[str], *, is_kept: bool) -> None:
        """There are alerts with these ids, which are kept for the next run, or are not."""
