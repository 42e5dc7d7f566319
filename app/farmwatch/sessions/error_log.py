"""The errors a session has shown, from every source; kept after their cause has gone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.fault_source import CONNECTION, MONITOR, FaultSource, Origin
from farmwatch.aws.model import UPDATE_FAILED, Fault, Session
from farmwatch.history.events import Event, EventKind

KEPT = 200
"""Entries kept; beyond that the oldest that are over go, so that weeks of faults do not grow without end."""


class LoggedError(Struct, frozen=True):
    """One error, seen once or many times.

    ``source`` is where it shows: a member of the reply (``log.error``, ``workerLog.error``,
    ``lifecycleStatus``), the call that failed, the connection, or the monitor itself. ``code`` is the AWS
    error code of a failing call, else the source's own word. ``over_at`` is when it was first seen to be
    gone; ``None`` while it lasts.
    """

    source: FaultSource
    code: str
    message: str
    first_at: datetime
    last_at: datetime
    count: int = 1
    request_id: str = ""
    over_at: datetime | None = None
    kind: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it lasts, as far as is known."""
        return self.over_at is None


_LOG_ERROR = FaultSource(Origin.MEMBER, "log.error")
_WORKER_LOG_ERROR = FaultSource(Origin.MEMBER, "workerLog.error")
_STATUS = FaultSource(Origin.MEMBER, "lifecycleStatus")
_MEMBERS = {EventKind.LOG_ERROR: _LOG_ERROR, EventKind.WORKER_LOG_ERROR: _WORKER_LOG_ERROR}


class ErrorLog:
    """Keeps the errors of one session, newest first."""

    def __init__(self) -> None:
        self._open: list[LoggedError] = []
        """Those that last, which every poll goes through."""
        self._over: list[LoggedError] = []

    @property
    def entries(self) -> tuple[LoggedError, ...]:
        """All that are kept, those that last as well as those that are over; seen last comes first."""
        entries = [*self._open, *self._over]
        return tuple(sorted(entries, key=lambda entry: (entry.last_at, entry.first_at), reverse=True))

    def take_session(self, session: Session, at: datetime) -> None:
        """A good reply: what it still says is open, what it no longer says is over, and the call works."""
        self._settle(_LOG_ERROR, "error", session.log.error, at)
        worker_log_error = session.worker_log.error if session.worker_log else None
        self._settle(_WORKER_LOG_ERROR, "error", worker_log_error, at)
        failed = None
        if session.lifecycle_status == UPDATE_FAILED:
            failed = f"the change to {session.target_lifecycle_status or 'another status'} failed"
        self._settle(_STATUS, UPDATE_FAILED, failed, at)
        for operation in ("GetSession", "BatchGetSession"):
            self.call_succeeded(operation, at)

    def take_fault(self, fault: Fault, at: datetime) -> None:
        """A failing call. Another kind of failure of the same call means that the former one is over."""
        source = fault.source
        self._close(at, lambda entry: entry.source == source and entry.code != fault.code)
        same = self._find(lambda entry: (entry.source, entry.code) == (source, fault.code))
        message = fault.message or fault.sentence
        if same is None:
            kind, request_id = fault.kind.value, fault.request_id
            self._add(LoggedError(source, fault.code, message, at, at, request_id=request_id, kind=kind))
        else:
            entry = self._open[same]
            request_id = fault.request_id or entry.request_id
            self._open[same] = replace(
                entry, message=message, last_at=at, count=entry.count + 1, request_id=request_id
            )

    def call_succeeded(self, operation: str, at: datetime) -> None:
        """A fault that came before any call, for want of a connection, is over with it; and so is one of the
        monitor, which got that far again."""
        over = (CONNECTION, MONITOR, FaultSource.of(operation))
        self._close(at, lambda entry: entry.source in over)

    def remember(self, entries: Iterable[Event], calls: Collection[str], *, members: bool = False) -> None:
        """Take what the history tells of faults of these calls, and of errors that are ``members`` of a
        session's reply. What it left open stays open until the next good reply says otherwise."""
        for entry in entries:
            if entry.kind is EventKind.FAULT and entry.subject in calls:
                source = FaultSource.of(entry.subject)
                kind, _, code = (entry.new or "").partition(": ")
            elif members and entry.kind in _MEMBERS:
                source, kind, code = _MEMBERS[entry.kind], "", "error"
            else:
                continue
            self._close(entry.at, lambda one, source=source: one.source == source)  # type: ignore[misc]
            if entry.new is not None:
                self._add(LoggedError(source, code, kind or entry.new, entry.at, entry.at, kind=kind))

    def _settle(self, source: FaultSource, code: str, message: str | None, at: datetime) -> None:
        """What a member of the reply says: one trouble for each text it ever had."""
        self._close(at, lambda entry: entry.source == source and entry.message != message)
        if message is None:
            return
        same = self._find(lambda entry: (entry.source, entry.message) == (source, message))
        if same is None:
            self._add(LoggedError(source, code, message, at, at))
        else:
            entry = self._open[same]
            self._open[same] = replace(entry, last_at=at, count=entry.count + 1)

    def _find(self, matches: Callable[[LoggedError], bool]) -> int | None:
        return next((index for index, entry in enumerate(self._open) if matches(entry)), None)

    def _close(self, at: datetime, matches: Callable[[LoggedError], bool]) -> None:
        entries, self._open = self._open, []
        for entry in entries:
            if matches(entry):
                self._over.append(replace(entry, over_at=at))
            else:
                self._open.append(entry)

    def _add(self, trouble: LoggedError) -> None:
        self._open.append(trouble)
        if len(self._open) + len(self._over) > KEPT:
            entries = self._over or self._open
            entries.remove(min(entries, key=lambda entry: entry.last_at))
