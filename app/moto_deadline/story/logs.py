"""What sessions and workers write: lines in the forms of the OpenJD runtime and of the worker agent, put into
moto's CloudWatch Logs under the names that the log configurations give."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moto_deadline.log_stream import ServiceLogStream

_DOUBLE = "=" * 46
_SINGLE = "-" * 46


class LogWriter:
    """Puts lines into the streams of one account and region, each a `ServiceLogStream`.

    Past moto's PutLogEvents, which refuses what is older than 14 days or lies ahead of the real time, as the
    service does: a frozen story has a time of its own. ``before_reading`` is called, under ``lock``, before
    a stream is read.
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

    def write(self, group: str, stream: str, at: datetime, messages: Sequence[str]) -> None:
        """Append messages from ``at`` on, a few hundred microseconds apart, as a process prints them."""
        first = at.timestamp() * 1000
        found = self.stream(group, stream)
        # What is written at one moment of the story follows what was written at it before.
        if 0 <= found.written_until - first < 1000:
            first = found.written_until + 1.0
        for number, message in enumerate(messages):
            found.add(int(first + 0.4 * number), message, int(first) + 1000)

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


def rendering(seed: int) -> Callable[[int], str]:
    """What a renderer prints while it renders, line by line: the same for the same seed."""

    def line(index: int) -> str:
        mixed = (index * 2_654_435_761 + seed * 40_503) & 0xFFFFFFFF
        if index % 20_000 == 13_337:
            return f"ERROR: [render] bucket {index % 4096} gave NaN in AOV specular, sample {mixed % 512}"
        if index % 500 == 250:
            return f"WARNING: [texture] cache at {80 + mixed % 19}%, evicting tex_{mixed % 997:03}.tx"
        if index % 1000 == 999:
            return f"openjd_status: Bucket {index // 1000}, {mixed % 60 + 20} samples a pixel"
        tile = f"tile {mixed % 64:02}x{(mixed >> 6) % 36:02}"
        return (
            f"[render] {tile} sample {(mixed >> 12) % 512:03} rays {mixed % 9_999_999:>7} "
            f"noise 0.{mixed % 99_999:05} mem {2048 + (mixed >> 20):>5} MiB, line {index} of the frame log"
        )

    return line


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
