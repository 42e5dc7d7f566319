"""What is worth writing down about a session: every change that was seen, and every time nobody looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct, field

from farmwatch.aws.model import SessionRef

LONGEST_VALUE = 500
"""Characters of a value that are kept."""


class EventKind(StrEnum):
    """What changed."""

    STATUS = "status"
    TARGET = "target"
    ACTION = "action"
    LOG_ERROR = "log error"
    WORKER_LOG_ERROR = "worker log error"
    FAULT = "fault"
    GAP = "gap"
    REQUEST = "request"
    """Somebody wanted something changed from here."""


class Event(Struct, frozen=True, gc=False):
    """One change, as it was seen.

    ``subject`` is what changed where the session has several of the kind: the id of a session action, the
    API operation that failed; else empty. ``None`` for ``old`` means seen for the first time, for ``new``
    that it is no more (a fault is over). It came about after ``after`` (the look before, ``None`` where
    there was none) and not later than ``at``; ``service_at`` is when it did by the service's own account,
    where it tells. A gap lasts from ``after`` to ``at``, and its ``new`` is why nothing was seen.
    ``watcher`` is who watched.

    Of a request ``subject`` has the API operation, the status that was wished, the id of what was to be
    changed, and the wish's token; ``new`` is what came of it, ASKED before that is known, and what became of
    it in the end where it was followed (``DONE: CANCELED``). Where it was about a whole job, the id of the
    job stands in place of the session's.

    Of an action that has ended ``exit_code`` is that of its process, where it was told with the status, and
    ``step`` the name of its step, where that was known.
    """

    ref: SessionRef
    kind: EventKind
    subject: str
    old: str | None
    new: str | None
    at: datetime
    after: datetime | None = None
    service_at: datetime | None = None
    watcher: str = ""
    exit_code: int | None = None
    step: str = ""


class Watched(Struct, frozen=True, gc=False):
    """A session that is, or was, watched: the names it goes by, until when it and its actions were seen, and
    the worker that it is on."""

    ref: SessionRef
    farm: str = ""
    queue: str = ""
    job: str = ""
    session_until: datetime | None = None
    actions_until: datetime | None = None
    worker_id: str = ""


class Past(Struct, frozen=True, gc=False):
    """What the history knows about a session: its newest entries, oldest first, and the last value of
    everything that ever changed, by kind and subject."""

    entries: tuple[Event, ...] = ()
    values: Mapping[tuple[EventKind, str], str | None] = field(default_factory=dict)
    session_until: datetime | None = None
    actions_until: datetime | None = None


class Records(Protocol):
    """Where changes are written down before they are shown, and where the past is read."""

    def record(self, entries: Sequence[Event], watched: Sequence[Watched]) -> object:
        """Returns when they are safe, all by one commit, or when it is known that they have to wait."""

    def past(self, refs: Sequence[SessionRef]) -> Mapping[SessionRef, Past]:
        """What is known of each of these; an empty `Past` where nothing is."""


class NoRecords:
    """For whoever keeps none."""

    def record(self, entries: Sequence[Event], watched: Sequence[Watched]) -> object:
        """Nothing is written down, so nothing has to be waited for."""

    def past(self, refs: Sequence[SessionRef]) -> Mapping[SessionRef, Past]:
        """An empty `Past` for each."""
        return dict.fromkeys(refs, Past())
