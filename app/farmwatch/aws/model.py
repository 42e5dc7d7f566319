"""What Deadline Cloud tells, as frozen values: validated, cleaned, with time-zone aware times.

Every ``from_reply`` takes a parsed reply of botocore and raises `BadReply` when it is not what the
service model (API 2023-10-12) promises. Values of enumerations are kept as they come, because a value
nobody has seen yet must be shown rather than refused.

What there are thousands of, here and elsewhere, can be in no circle, and the garbage collector need not go
through it (``gc=False``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from msgspec import Struct

from farmwatch.aws.cleaning import clean
from farmwatch.aws.fault_source import FaultSource
from farmwatch.aws.job import ACTIVE_TASK_RUN_STATUSES as ACTIVE_TASK_RUN_STATUSES
from farmwatch.aws.job import TASK_RUN_STATUSES as TASK_RUN_STATUSES
from farmwatch.aws.job import Job as Job
from farmwatch.aws.job import JobSearch as JobSearch
from farmwatch.aws.redaction import redact
from farmwatch.aws.reply import (
    BadReply,
    Reply,
    id_of_kind,
    mapping,
    optional_text,
    optional_time,
    text,
    texts,
    time,
)

T = TypeVar("T")

ENDED = "ENDED"
STARTED = "STARTED"
UPDATE_IN_PROGRESS = "UPDATE_IN_PROGRESS"
UPDATE_SUCCEEDED = "UPDATE_SUCCEEDED"
UPDATE_FAILED = "UPDATE_FAILED"


class FaultKind(StrEnum):
    """The classes of fault, each with a word of its own on screen."""

    GONE = "NOT FOUND"
    DENIED = "DENIED"
    LOGIN = "LOGIN NEEDED"
    CLOCK = "CLOCK OFF"
    SLOW_DOWN = "SLOWED"
    SERVICE = "SERVICE ERROR"
    NETWORK = "OFFLINE"
    SETUP = "SETUP"
    BAD_REPLY = "BAD REPLY"
    REFUSED = "REFUSED"
    INTERNAL = "INTERNAL ERROR"
    CREDENTIALS = "CREDENTIALS SLOW"
    HUNG = "STALE, call hung"


class Fault(Struct, frozen=True, gc=False):
    """A call that failed, in words a wrangler can act on.

    ``code`` is the AWS error code, or the exception's name where there is none; ``operation`` the API
    operation (``GetSession``), empty where no call was made: see ``source``. ``retry_after`` is what the
    service asked for, already clamped to 0..300 s.
    """

    kind: FaultKind
    sentence: str
    remedy: str
    operation: str
    code: str
    message: str = ""
    request_id: str = ""
    retry_after: timedelta | None = None

    @property
    def source(self) -> FaultSource:
        """Where it shows: the call that failed, or else the connection or the monitor itself."""
        return FaultSource.of(self.operation)


# --- values ---------------------------------------------------------------------------------------


class Page(Struct, Generic[T], frozen=True):
    """One page of a list: its items, where the next page starts (``None``: this was the last), and the
    number of items in all where the service tells it."""

    items: tuple[T, ...]
    next: str | None = None
    total: int | None = None


DEFAULT_CONNECTION = "default"
"""The name of the connection where there is only one, which nobody has named."""


class SessionRef(Struct, frozen=True, gc=False):
    """Names a session wholly: the connection it is seen by, and the four ids that GetSession needs; no reply
    of it repeats the first three."""

    connection: str
    farm_id: str
    queue_id: str
    job_id: str
    session_id: str


class Who(Struct, frozen=True):
    """As whom, and where, the questions are asked; for the header. ``name`` is the account, or the user of
    a Deadline Cloud monitor profile; empty while it is not known."""

    profile: str
    name: str
    region: str


class Farm(Struct, frozen=True):
    """A farm, as ListFarms and GetFarm tell it."""

    farm_id: str
    name: str
    created_at: datetime
    created_by: str

    @property
    def key(self) -> str:
        """Its id, by which a list tells it from other farms."""
        return self.farm_id

    @classmethod
    def from_reply(cls, reply: Reply) -> Farm:
        """Of GetFarm's reply, or a member of that of ListFarms; all four members must be there."""
        return cls(
            farm_id=id_of_kind(reply, "farmId", "farm"),
            name=text(reply, "displayName"),
            created_at=time(reply, "createdAt"),
            created_by=text(reply, "createdBy"),
        )


class Queue(Struct, frozen=True):
    """A queue, as ListQueues and GetQueue tell it."""

    queue_id: str
    name: str
    status: str
    blocked_reason: str | None
    created_at: datetime
    created_by: str

    @property
    def key(self) -> str:
        """Its id, by which a list tells it from other queues."""
        return self.queue_id

    @classmethod
    def from_reply(cls, reply: Reply) -> Queue:
        """Of GetQueue's reply, or a member of that of ListQueues; only ``blockedReason`` may be missing."""
        return cls(
            queue_id=id_of_kind(reply, "queueId", "queue"),
            name=text(reply, "displayName"),
            status=text(reply, "status"),
            blocked_reason=optional_text(reply, "blockedReason"),
            created_at=time(reply, "createdAt"),
            created_by=text(reply, "createdBy"),
        )


class LogConfiguration(Struct, frozen=True, gc=False):
    """Where a log goes. ``options`` and ``parameters`` are ``None`` where the reply has no such member,
    which is not the same as an empty one."""

    driver: str
    options: Mapping[str, str] | None = None
    parameters: Mapping[str, str] | None = None
    error: str | None = None

    @classmethod
    def from_reply(cls, reply: Reply) -> LogConfiguration:
        """Of a session's ``log`` or ``workerLog``: only ``logDriver`` must be there."""
        error = optional_text(reply, "error")
        return cls(
            driver=text(reply, "logDriver"),
            options=texts(reply, "options"),
            parameters=texts(reply, "parameters"),
            # Written by whoever could not reach the log, and kept: it may quote what it was given.
            error=None if error is None else redact(error),
        )


class Host(Struct, frozen=True, gc=False):
    """The machine a session runs on, as far as the service knows it."""

    name: str | None = None
    instance_type: str | None = None
    instance_arn: str | None = None
    addresses: tuple[str, ...] = ()

    @classmethod
    def from_reply(cls, reply: Reply) -> Host:
        """Of a session's ``hostProperties``, all of which may be missing; IPv4 addresses come first."""
        found = mapping(reply, "ipAddresses") or {}
        addresses: list[str] = []
        for family in ("ipV4Addresses", "ipV6Addresses"):
            some = found.get(family) or []
            if not isinstance(some, list) or not all(isinstance(one, str) for one in some):
                raise BadReply(f"{family} holds something that is not a text")
            addresses += [clean(one) for one in some]
        return cls(
            name=optional_text(reply, "hostName"),
            instance_type=optional_text(reply, "ec2InstanceType"),
            instance_arn=optional_text(reply, "ec2InstanceArn"),
            addresses=tuple(addresses),
        )


class SessionSummary(Struct, frozen=True, gc=False):
    """A session as ListSessions tells it: without its host and its log configuration."""

    session_id: str
    fleet_id: str
    worker_id: str
    started_at: datetime
    lifecycle_status: str
    target_lifecycle_status: str | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    updated_by: str | None = None

    @property
    def key(self) -> str:
        """Its id, by which a list tells it from other sessions."""
        return self.session_id

    @property
    def is_final(self) -> bool:
        """Only ENDED, or an ``endedAt``, is final; UPDATE_SUCCEEDED and UPDATE_FAILED are not. (Inferred:
        what the values mean is documented nowhere.)"""
        return self.lifecycle_status == ENDED or self.ended_at is not None

    def duration(self, now: datetime) -> timedelta:
        """How long the session has run, or ran; never negative, even where two clocks disagree."""
        return max((self.ended_at or now) - self.started_at, timedelta(0))

    @classmethod
    def from_reply(cls, reply: Reply) -> SessionSummary:
        """Of a member of ListSessions' reply."""
        return cls(**_summary_members(reply))


class Session(SessionSummary, frozen=True, kw_only=True, gc=False):
    """A session as GetSession and BatchGetSession tell it."""

    log: LogConfiguration
    worker_log: LogConfiguration | None = None
    host: Host | None = None

    @classmethod
    def from_reply(cls, reply: Reply) -> Session:
        """Of GetSession's reply, or a member of that of BatchGetSession: ``log`` must be there, ``workerLog``
        and ``hostProperties`` may be missing."""
        log = mapping(reply, "log")
        if log is None:
            raise BadReply("log is missing")
        worker_log = mapping(reply, "workerLog")
        host = mapping(reply, "hostProperties")
        return cls(
            **_summary_members(reply),
            log=LogConfiguration.from_reply(log),
            worker_log=None if worker_log is None else LogConfiguration.from_reply(worker_log),
            host=None if host is None else Host.from_reply(host),
        )


def _summary_members(reply: Reply) -> dict[str, Any]:
    return {
        "session_id": id_of_kind(reply, "sessionId", "session"),
        "fleet_id": id_of_kind(reply, "fleetId", "fleet"),
        "worker_id": id_of_kind(reply, "workerId", "worker"),
        "started_at": time(reply, "startedAt"),
        "lifecycle_status": text(reply, "lifecycleStatus"),
        "target_lifecycle_status": optional_text(reply, "targetLifecycleStatus"),
        "ended_at": optional_time(reply, "endedAt"),
        "updated_at": optional_time(reply, "updatedAt"),
        "updated_by": optional_text(reply, "updatedBy"),
    }
