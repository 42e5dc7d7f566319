"""Reading logs: GetLogEvents, with the credentials that may read the log in question.

The user of a Deadline Cloud monitor profile may not read CloudWatch Logs; the read roles of the queue and of
the fleet may, for as long as their credentials live. Everybody else reads with credentials of their own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.faults import classify
from farmwatch.aws.log_page import LogPage, LogSource
from farmwatch.aws.model import Fault, FaultKind
from farmwatch.aws.reply import BadReply, mapping, text, time

if TYPE_CHECKING:
    from mypy_boto3_deadline import DeadlineCloudClient
    from mypy_boto3_logs import CloudWatchLogsClient

PAGE_SIZE = 10_000
"""The most events that GetLogEvents gives at once (service model)."""

RENEW_BEFORE = timedelta(minutes=2)
"""How long before their expiration the credentials of a read role are renewed, for a call takes time too."""


_log = logging.getLogger(__name__)


class Connection(Protocol):
    """What a connection with AWS has for the reading of logs."""

    deadline: DeadlineCloudClient

    @property
    def logs(self) -> CloudWatchLogsClient:
        """The client for CloudWatch Logs with the credentials of the connection itself."""

    def logs_as(self, key_id: str, secret: str, token: str) -> CloudWatchLogsClient:
        """A client for CloudWatch Logs with the credentials of a read role."""


class _Role(Struct, frozen=True):
    client: CloudWatchLogsClient
    renew_at: datetime


class LogReader:
    """Asks CloudWatch Logs for pages of logs. ``by_role`` reads with the read roles of queues and fleets.

    ``on_request`` is called before a role is assumed; who asks for a page counts that for himself, because
    GetLogEvents has a budget of its own.
    """

    def __init__(
        self,
        door: Connection,
        *,
        by_role: bool,
        profile: str | None = None,
        renewal: str | None = None,
        on_request: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._door = door
        self._by_role = by_role
        self._profile = profile
        self._renewal = renewal
        self._on_request = on_request
        self._now = now
        self._roles: dict[str, _Role] = {}
        self._lock = threading.Lock()

    def page(
        self,
        source: LogSource,
        token: str | None = None,
        *,
        from_head: bool = True,
        start: int | None = None,
        end: int | None = None,
        limit: int = PAGE_SIZE,
    ) -> LogPage | Fault:
        """A page of at most ``limit`` events (1..10,000) and 1 MB.

        Without a token it is the first page (``from_head``) or the last one of the events from ``start`` on
        and before ``end`` (milliseconds since 1970).
        """
        asked: dict[str, Any] = {
            "logGroupName": source.group,
            "logStreamName": source.stream,
            "startFromHead": from_head,
            "limit": limit,
        }
        asked |= {"nextToken": token} if token else {}
        asked |= {"startTime": start} if start is not None else {}
        asked |= {"endTime": end} if end is not None else {}
        try:
            client = self._client_for(source)
        except Exception as error:  # noqa: BLE001 - bad bodies raise bare errors of many kinds
            return self._no_role(error, source)
        try:
            return self._read(client.get_log_events(**asked))
        except Exception as error:  # noqa: BLE001 - as above
            fault = self._explained(self._fault(error, "GetLogEvents"), source)
            _log.debug("GetLogEvents %s %s %s", fault.kind, fault.code, fault.request_id)
            return fault

    @staticmethod
    def _read(reply: object) -> LogPage:
        if not isinstance(reply, Mapping):
            raise BadReply("the reply is not a structure")
        return LogPage.from_reply(reply)

    def _fault(self, error: Exception, operation: str) -> Fault:
        return classify(error, operation=operation, profile=self._profile, login=self._renewal)

    # --- roles ----------------------------------------------------------------------------------------

    def _client_for(self, source: LogSource) -> CloudWatchLogsClient:
        if not self._by_role:
            return self._door.logs
        of = source.queue_id or source.fleet_id or ""
        # Held while the role is assumed, so that two logs of one fleet do not assume it twice.
        with self._lock:
            role = self._roles.get(of)
            if role is None or self._now() >= role.renew_at:
                role = self._roles[of] = self._assume(source)
            return role.client

    def _assume(self, source: LogSource) -> _Role:
        self._on_request()
        reply: object
        if source.queue_id is not None:
            reply = self._door.deadline.assume_queue_role_for_read(
                farmId=source.farm_id, queueId=source.queue_id
            )
        else:
            reply = self._door.deadline.assume_fleet_role_for_read(
                farmId=source.farm_id, fleetId=source.fleet_id or ""
            )
        found = mapping(reply, "credentials") if isinstance(reply, Mapping) else None
        if found is None:
            raise BadReply("credentials is missing")
        now, until = self._now(), time(found, "expiration")
        client = self._door.logs_as(
            text(found, "accessKeyId"), text(found, "secretAccessKey"), text(found, "sessionToken")
        )
        # Half of what is left, where that is less than the usual margin: never once for every call.
        return _Role(client, until - min(RENEW_BEFORE, max(until - now, timedelta(0)) / 2))

    def _no_role(self, error: Exception, source: LogSource) -> Fault:
        operation = _assuming(source) if self._by_role else "GetLogEvents"
        return self._fault(error, operation)

    # --- words ----------------------------------------------------------------------------------------

    def _explained(self, fault: Fault, source: LogSource) -> Fault:
        """The fault with words that help with a log: which part of it, and as whom it was tried."""
        if fault.kind is FaultKind.DENIED:
            tried = f"the read role ({_assuming(source)})" if self._by_role else "this login's credentials"
            return replace(
                fault,
                sentence=f"GetLogEvents is denied. Tried with {tried}.",
                remedy=f"Ask for logs:GetLogEvents on the log group {source.group}.",
            )
        if fault.kind is FaultKind.GONE:
            what = "log group" if "group" in fault.message.casefold() else "log stream"
            name = source.group if what == "log group" else source.stream
            return replace(fault, sentence=f"There is no {what} {name}.", remedy=_GONE_REMEDIES[what])
        return fault


_GONE_REMEDIES = {
    "log group": "The worker makes it with the first log of a queue or fleet. It may have been deleted, or "
    "be of another region or account.",
    "log stream": "The worker makes it with its first line. One that has expired is gone with all it held.",
}


def _assuming(source: LogSource) -> str:
    return "AssumeQueueRoleForRead" if source.queue_id is not None else "AssumeFleetRoleForRead"
