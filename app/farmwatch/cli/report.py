"""What happened, as records for scripts: one for each thing that was seen, in the order it was seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from farmwatch.aws.model import Fault, SessionRef
from farmwatch.history.events import Event, EventKind
from farmwatch.listings.discovery import JobRef, QueueRef
from farmwatch.monitor.session_set import SessionSetSnapshot
from farmwatch.monitor.update import SessionSnapshot, Update
from farmwatch.sessions.changes import action_value, session_values

VERSION = 1
"""The number of the form of the records, in each of them; a member may be added without a new one."""

Record = dict[str, Any]

KINDS = {
    EventKind.STATUS: "lifecycleStatus",
    EventKind.TARGET: "targetLifecycleStatus",
    EventKind.LOG_ERROR: "log.error",
    EventKind.WORKER_LOG_ERROR: "workerLog.error",
    EventKind.ACTION: "sessionAction",
    EventKind.FAULT: "call",
    EventKind.REQUEST: "request",
}
"""What a record is about, by the names of the API."""


class Report:
    """Turns the Monitor's updates into records.

    The first that is known of a session, and of its actions, is told as ``snapshot``; after that every change
    is told once. What an earlier run has seen otherwise is a ``change`` at once.
    """

    def __init__(self) -> None:
        self._known: set[SessionRef] = set()
        self._actions_known: set[SessionRef] = set()
        self.ended: set[SessionRef] = set()
        """The sessions whose end was told."""
        self._list_faults: dict[JobRef | QueueRef, Fault] = {}

    def take(self, update: Update, now: datetime) -> list[Record]:
        """The records of an update; ``now`` is when it came."""
        snapshot = update.snapshot
        if isinstance(snapshot, SessionSnapshot):
            return list(self._session(snapshot, update.events, now))
        records = [self._event(event) for event in update.events]
        if isinstance(snapshot, SessionSetSnapshot):
            records += self._session_set(snapshot, now)
        return records

    def heartbeat(self, connection: str, now: datetime, *, fresh: bool) -> Record:
        """Told once a minute, whatever happens. ``fresh``: all that is watched is live, or final."""
        return record("heartbeat", now, connection=connection, fresh=fresh)

    def _session(
        self, snapshot: SessionSnapshot, events: tuple[Event, ...], now: datetime
    ) -> Iterator[Record]:
        ref = snapshot.ref
        first: dict[tuple[EventKind, str], tuple[str, datetime | None]] = {}
        session = snapshot.session
        if ref not in self._known and session.session is not None:
            self._known.add(ref)
            first |= session_values(session.session)
        if ref not in self._actions_known and snapshot.actions.seen_at is not None:
            self._actions_known.add(ref)
            first |= {
                (EventKind.ACTION, one.action_id): action_value(one) for one in snapshot.actions.actions
            }
        # What was seen to change since an earlier run is a change; what is seen for the first time is not.
        changed = {(event.kind, event.subject) for event in events if event.old is not None}
        for (kind, subject), (value, service_at) in first.items():
            if (kind, subject) not in changed:
                at = session.seen_at if kind is not EventKind.ACTION else snapshot.actions.seen_at
                told = {"kind": KINDS[kind], "subject": subject, "new": value, "service_at": service_at}
                yield record("snapshot", at or now, ref, **told, fresh=True)
        for event in events:
            if event.old is not None or (event.kind, event.subject) not in first:
                yield self._event(event)
        if snapshot.is_final and ref not in self.ended and session.session is not None:
            self.ended.add(ref)
            ended = session.session.ended_at
            yield record("end", now, ref, new=session.session.lifecycle_status, service_at=ended, fresh=True)

    def _event(self, event: Event) -> Record:
        at, ref = event.at, event.ref
        if event.kind is EventKind.GAP:
            return record("gap", at, ref, after=event.after, new=event.new, fresh=False)
        kind = "change"
        if event.kind is EventKind.FAULT:
            kind = "recovered" if event.new is None else "fault"
        return record(
            kind,
            at,
            ref,
            after=event.after,
            service_at=event.service_at,
            kind=KINDS[event.kind],
            subject=event.subject,
            old=event.old,
            new=event.new,
            fresh=kind != "fault",
        )

    def _session_set(self, snapshot: SessionSetSnapshot, now: datetime) -> Iterator[Record]:
        """Faults in looking for sessions, which belong to none of them."""
        ref, fault = snapshot.ref, snapshot.discovered.fault
        former = self._list_faults.get(ref)
        if former is not None and (fault is None or fault.code != former.code):
            del self._list_faults[ref]
            yield record(
                "recovered", now, ref, kind="call", subject=former.operation, old=_words(former), fresh=True
            )
        if fault is not None and ref not in self._list_faults:
            self._list_faults[ref] = fault
            yield record(
                "fault", now, ref, kind="call", subject=fault.operation, new=_words(fault), fresh=False
            )


def _words(fault: Fault) -> str:
    return f"{fault.kind}: {fault.code}"


def record(
    type_: str, at: datetime, ref: SessionRef | JobRef | QueueRef | None = None, **members: Any
) -> Record:
    """A record; times are ISO 8601 in UTC with milliseconds, and what does not apply is left out."""
    ids: Record = {}
    if ref is not None:
        ids = {"connection": ref.connection, "farmId": ref.farm_id, "queueId": ref.queue_id}
    if isinstance(ref, JobRef | SessionRef):
        ids["jobId"] = ref.job_id
    if isinstance(ref, SessionRef):
        ids["sessionId"] = ref.session_id
    made: Record = {"v": VERSION, "type": type_, "at": at}
    for name in ("after", "service_at"):
        made[name] = members.pop(name, None)
    made |= ids | members
    return {
        name: value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value
        for name, value in made.items()
        if value is not None and value != ""
    }
