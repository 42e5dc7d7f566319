"""What sessions and workers write: lines in the forms of the OpenJD runtime and of the worker agent, put into
moto's CloudWatch Logs under the names that the log configurations give."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

_DOUBLE = "=" * 46
_SINGLE = "-" * 46


class _Event:
    """What moto asks of a log event. Not moto's own class, which remembers every instance there ever was:
    a farm that runs for weeks writes millions."""

    __slots__ = ("ingestion_time", "message", "timestamp")

    def __init__(self, timestamp: int, ingestion_time: int, message: str) -> None:
        self.timestamp = timestamp
        self.ingestion_time = ingestion_time
        self.message = message

    @property
    def event_id(self) -> str:
        return f"{self.timestamp:020}{id(self):020}"

    def to_response_dict(self) -> dict[str, Any]:
        return {
            "timestamp": self.timestamp,
            "ingestionTime": self.ingestion_time,
            "message": self.message,
        }

    def to_filter_dict(self) -> dict[str, Any]:
        return {"eventId": self.event_id, **self.to_response_dict()}


class LogWriter:
    """Puts lines into the streams of one account and region.

    Straight into moto's streams: its PutLogEvents refuses what is older than 14 days or lies ahead of the
    real time, as the service does, but a frozen story has a time of its own.
    """

    def __init__(self, account_id: str, region: str) -> None:
        self._account_id = account_id
        self._region = region
        self._streams: dict[tuple[str, str], Any] = {}

    def write(self, group: str, stream: str, at: datetime, messages: Sequence[str]) -> None:
        """Append messages from ``at`` on, a few hundred microseconds apart, as a process prints them."""
        first = at.timestamp() * 1000
        taken_in = int(first) + 1000
        found = self._streams.get((group, stream)) or self._stream(group, stream)
        found.events += [
            _Event(int(first + 0.4 * number), taken_in, message) for number, message in enumerate(messages)
        ]
        found.last_ingestion_time = at
        found.stored_bytes += sum(map(len, messages))

    def _stream(self, group: str, stream: str) -> Any:
        from moto.logs.models import logs_backends

        backend = logs_backends[self._account_id][self._region]
        if group not in backend.groups:
            backend.create_log_group(group, {})
        streams = backend.groups[group].streams
        if stream not in streams:
            backend.create_log_stream(group, stream)
        found = self._streams[group, stream] = streams[stream]
        return found

    def forget(self, group: str, stream: str) -> None:
        """Drop a stream with all it holds."""
        from moto.logs.models import logs_backends

        self._streams.pop((group, stream), None)
        found = logs_backends[self._account_id][self._region].groups.get(group)
        if found is not None:
            found.streams.pop(stream, None)


# --- the session's log --------------------------------------------------------------------------------


def banner(title: str) -> list[str]:
    return ["", _DOUBLE, f"--------- {title}", _DOUBLE]


def phase(name: str) -> list[str]:
    return [_SINGLE, f"Phase: {name}", _SINGLE]


def beginning(title: str, kind: str, folder: str, pid: int, parameters: dict[str, str]) -> list[str]:
    """What is written before a command's own output. ``kind`` is Env or Task."""
    values = ["Parameter values:", *(f"{name} = {value}" for name, value in parameters.items())]
    word = "Environment" if kind == "Env" else "Task"
    name = "Enter" if kind == "Env" else "Run"
    return [
        *banner(title),
        *(values if parameters else []),
        *phase("Setup"),
        f"Allocating embedded file paths for {word}.",
        f"Mapping: {kind}.File.{name} -> {folder}/run{pid:x}",
        f"Writing embedded files to disk for {word}.",
        f"Wrote: {name} -> {folder}/run{pid:x}",
        *phase("Running action"),
        f"Running command {folder}/run{pid:x}.sh",
        f"Command started as pid: {pid}",
        "Output:",
    ]


def ending(pid: int, exit_code: int) -> list[str]:
    return [f"Process pid {pid} exited with code: {exit_code} (unsigned) / {hex(exit_code)} (hex)"]


def progress(frame: int, percent: int) -> Iterator[str]:
    yield f"openjd_progress: {percent}"
    yield f"openjd_status: Frame {frame} tile {percent}%"
    yield f"INFO: sample pass {percent} done, mem 3.1G"


FAILURE = [
    "WARNING: texture cache at 92%",
    "openjd_fail: Failed to load asset /mnt/assets/tree_v07.abc",
    "ERROR: License server unreachable: could not check out renderer (code 7)",
]


def timed_out(pid: int, at: datetime) -> list[str]:
    stamp = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    return [
        f"TIMEOUT - Runtime limit reached at {stamp}. Canceling action.",
        f"Canceling subprocess {pid} via termination method at {stamp}.",
        f'INTERRUPT: Sending signal "kill" to process group {pid}',
        *ending(pid, -9),
    ]


def interrupted(pid: int, at: datetime) -> list[str]:
    stamp = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    return [
        f"Canceling subprocess {pid} via notify then terminate method at {stamp}.",
        f'INTERRUPT: Sending signal "term" to process {pid}',
        *ending(pid, -15),
    ]


# --- the worker's log ---------------------------------------------------------------------------------

_PICTURES = {"Worker": "💻", "Session": "🔷", "Start": "🟢", "End": "🟣", "Interrupt": "🟨", "Metrics": "📊"}


def worker_event(kind: str, subtype: str, level: str, members: dict[str, Any]) -> str:
    """One event of the worker agent: a JSON object with ``level`` first."""
    picture = _PICTURES.get(subtype) or _PICTURES.get(kind, "")
    return json.dumps(
        {"level": level, "ti": picture, "type": kind, "subtype": subtype} | members, ensure_ascii=False
    )
