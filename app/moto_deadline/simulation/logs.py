"""Puts what sessions and workers write into moto's CloudWatch Logs, under the names that the log
configurations give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moto_deadline.log_stream import Message, ServiceLogStream


class LogWriter:
    """Puts lines into the streams of one account and region, each a `ServiceLogStream`.

    Past moto's PutLogEvents, which refuses what is older than 14 days or lies ahead of the real time, as the
    service does: a frozen simulation has a time of its own. ``before_reading`` is called, under ``lock``,
    before a stream is read.
    """

    def __init__(
        self,
        account_id: str,
        region: str,
        now: Callable[[], datetime],
        lock: Any,
        before_reading: Callable[[], None],
    ) -> None:
        self._account_id = account_id
        self._region = region
        self._now = now
        self._lock = lock
        self._before_reading = before_reading
        self._streams: dict[tuple[str, str], ServiceLogStream] = {}
        self._groups: list[Any] = []

    def write(
        self, group: str, stream: str, at: datetime, messages: Sequence[Message], *, keep: int | None = None
    ) -> None:
        """Append messages from ``at`` on.

        ``keep``: of a stream that grows for ever the oldest events are dropped, but never so many that fewer
        than these are left.
        """
        first = at.timestamp() * 1000
        found = self.stream(group, stream)
        # What is written at one moment of the simulation follows what was written at it before.
        if 0 <= found.written_until - first < 1000:
            first = found.written_until + 1.0
        found.write(first, messages, keep=keep)

    def stream(self, group: str, stream: str) -> ServiceLogStream:
        """A stream, made if it is not there yet."""
        found = self._streams.get((group, stream))
        if found is None:
            from moto_deadline.log_stream import ServiceLogStream

            log_group = self._group(group)
            found = ServiceLogStream(log_group, stream, self._now, self._lock, self._before_reading)
            self._streams[group, stream] = log_group.streams[stream] = found
        return found

    def _group(self, name: str) -> Any:
        from moto.logs.exceptions import ResourceNotFoundException
        from moto.logs.models import logs_backends

        backend = logs_backends[self._account_id][self._region]
        if name not in backend.groups:
            backend.create_log_group(name, {})
        group: Any = backend.groups[name]
        if group in self._groups:
            return group
        self._groups.append(group)
        read = group.get_log_events

        def get_log_events(log_stream_name: str, *asked: Any) -> Any:
            # One that is not there yet may come by being looked for; moto says "log group" of either.
            with self._lock:
                self._before_reading()
            if log_stream_name not in group.streams:
                raise ResourceNotFoundException("The specified log stream does not exist.")
            return read(log_stream_name, *asked)

        group.get_log_events = get_log_events
        return group

    def forget(self, group: str, stream: str) -> None:
        """Drop a stream with all it holds."""
        from moto.logs.models import logs_backends

        self._streams.pop((group, stream), None)
        found = logs_backends[self._account_id][self._region].groups.get(group)
        if found is not None:
            found.streams.pop(stream, None)
