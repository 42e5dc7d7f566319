"""``farmwatch watch --alerts``: alerts are judged, printed and told, without a screen."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from farmwatch.alerts.alert import Notice
from farmwatch.aws.cleaning import clean
from farmwatch.aws.model import SessionRef
from farmwatch.cli.connections import fail, say
from farmwatch.cli.headless import HEARTBEAT, WELL, Output, OutputClosed, close_quietly
from farmwatch.cli.placing import settings_of
from farmwatch.cli.report import Record, record
from farmwatch.cli.running import at_work
from farmwatch.cli.watched import CommandWatch
from farmwatch.config.places import KINDS
from farmwatch.config.settings import Settings
from farmwatch.config.state import StateFile, state_file
from farmwatch.history.recorder import Recorder
from farmwatch.listings.discovery import Discovered
from farmwatch.monitor.monitor import Monitor
from farmwatch.monitor.notifier import Notifier
from farmwatch.monitor.update import SessionSnapshot, Update
from farmwatch.monitor.walls import Walls
from farmwatch.notify.message import Message, message_of
from farmwatch.notify.state import Deliveries

KEPT_WAITING = 1000
"""Lines that wait for a reader who is slow; beyond it the oldest go. Targets are told all the same."""


def run(options: Mapping[str, Any], *, as_json: bool, wall: str | None) -> int:
    """Judge, print and tell; the exit code."""
    settings = settings_of(None, {key: value for key, value in options.items() if key != "debug"})
    if any(options.get(f"{one}_id") for one in KINDS):
        fail("--alerts goes without a farm, a queue, a job or a session: --wall names what is watched")
    kept = StateFile(state_file())
    if wall and wall not in kept.state.walls:
        known = ", ".join(sorted(kept.state.walls)) or "none"
        fail(f"--wall {clean(wall, 40)!r} is no wall; what is: {clean(known, 200)}")
    if not settings.notify.targets:
        say("farmwatch: the settings file names no target: alerts are only printed", err=True)
    os.umask(0o077)
    watch: list[WatchingAlerts] = []

    def begin(monitor: Monitor, recorder: Recorder) -> WatchingAlerts:
        watch.append(WatchingAlerts(monitor, recorder, settings, kept, wall or ""))
        return watch[0]

    def end() -> None:
        for one in watch:
            one.notifier.stop()
        kept.close()

    with at_work(settings, begin, end, debug=bool(options.get("debug"))) as running:
        line = as_json_line if as_json else as_text
        code = running.run(TellingAlerts(watch[0], Output(sys.stdout), line))
    close_quietly(sys.stdout)
    return code


class WatchingAlerts(CommandWatch):
    """A wall, by its name, and the alerts that are judged by what is on it."""

    def __init__(
        self, monitor: Monitor, recorder: Recorder | None, settings: Settings, kept: StateFile, wall: str
    ) -> None:
        super().__init__(monitor)
        self.walls = Walls(monitor, kept, settings, recorder)
        # For this run alone: what the screens begin with stays what it was.
        self.walls.name = wall
        self.notifier = Notifier(self.walls, settings, monitor.clock, recorder)
        self._messages: deque[Message] = deque(maxlen=KEPT_WAITING)
        self._lock = threading.Lock()
        self.walls.told_to(self._hear)
        self.notifier.start(alerts=True)

    def _hear(self, notice: Notice) -> None:
        handle = self.walls.follow()
        message = message_of(notice, handle.observed, handle.lines, self.notifier.pages)
        with self._lock:
            self._messages.append(message)

    def take(self) -> list[Message]:
        """What was told since this was asked last."""
        with self._lock:
            taken = list(self._messages)
            self._messages.clear()
        return taken

    @property
    def wanted(self) -> None:
        """There are many."""
        return

    @property
    def sessions(self) -> Mapping[SessionRef, SessionSnapshot]:
        """No session is watched for itself."""
        return {}

    @property
    def discovered(self) -> tuple[Discovered, ...]:
        """Nothing is looked for but by the wall."""
        return ()

    def is_over(self) -> bool:
        """It never is."""
        return False

    def is_fresh(self, now: datetime) -> bool:  # noqa: ARG002 - the notifier has its clock
        """Whether alerts are judged by what every connection tells."""
        faults = [one for one in self.walls.follow().observed if one.fault is not None or one.seen_at is None]
        return not faults and not self.notifier.trouble()


class TellingAlerts:
    """Prints a line for every notice, and now and then one that says how it stands."""

    def __init__(self, watching: WatchingAlerts, output: Output, line: Callable[[Record], str]) -> None:
        self._watching = watching
        self._output = output
        self._line = line
        self._clock = watching.monitor.clock
        self._beat_at = self._clock.monotonic() + HEARTBEAT

    def __call__(self, updates: Sequence[Update], lost: int) -> int | None:  # noqa: ARG002 - as every step
        """Print what is new; 0 where nobody reads any more."""
        try:
            for told in self._records():
                self._output.write(self._line(told))
            self._output.check()
        except OutputClosed:
            return WELL
        return None

    def _records(self) -> Iterator[Record]:
        for message in self._watching.take():
            yield notice_record(message)
        if self._clock.monotonic() >= self._beat_at:
            self._beat_at = self._clock.monotonic() + HEARTBEAT
            now, watching = self._clock.now(), self._watching
            yield beat_record(
                now, watching.walls.open_alerts, watching.notifier.deliveries, fresh=watching.is_fresh(now)
            )


def notice_record(message: Message) -> Record:
    """A notice, its members as those of the message that targets get."""
    told = {name: value for name, value in msgspec.to_builtins(message).items() if value not in ("", None)}
    return {**record("notice", message.at), **told, "at": message.at.isoformat(timespec="milliseconds")}


def beat_record(now: datetime, open_alerts: int, deliveries: Deliveries, *, fresh: bool) -> Record:
    """How it stands: alerts that are open, whether they are judged by what is fresh, what has not arrived."""
    failing = [{"target": one.name, "fault": one.fault} for one in deliveries.failing]
    return record(
        "heartbeat", now, fresh=fresh, open=open_alerts, waiting=deliveries.waiting, failing=failing or None
    )


def as_json_line(told: Record) -> str:
    """A record as a line of JSON."""
    return msgspec.json.encode(told).decode()


def as_text(told: Record) -> str:
    """A record as a line for people, in local time."""
    at = datetime.fromisoformat(told["at"]).astimezone()
    if told["type"] == "notice":
        words = f"{told['severity']}  {told['title']}"
        evidence = told.get("evidence")
        return clean(f"{at:%Y-%m-%d %H:%M:%S}  {words}{f'  {evidence}' if evidence else ''}", 4096)
    state = "judged" if told["fresh"] else "judged, not all of it is live"
    failing = "".join(f"; {one['target']}: {one['fault']}" for one in told.get("failing", ()))
    waiting = f"; {told['waiting']} not told yet" if told.get("waiting") else ""
    return clean(f"{at:%Y-%m-%d %H:%M:%S}  {state}; {told['open']} open{waiting}{failing}", 4096)
