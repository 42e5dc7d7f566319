"""A Monitor at work for a command without a screen, from the first connection to the last commit."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from msgspec import Struct, field

from farmwatch.aws.cleaning import clean
from farmwatch.cli.connections import opener, recorder_of, say
from farmwatch.cli.headless import Step, run
from farmwatch.cli.watched import CommandWatch, Wanted, Watching, WatchingMarks
from farmwatch.config import debug_log
from farmwatch.config.settings import Settings
from farmwatch.config.state import StateFile
from farmwatch.history.recorder import Recorder
from farmwatch.monitor.monitor import Monitor

SIGNALS = ("SIGTERM", "SIGHUP", "SIGINT")


class Running(Struct):
    """What is watched, and the signal that ended it, if one did."""

    watching: CommandWatch
    _ended_by: list[int] = field(default_factory=list)

    def run(self, step: Step) -> int:
        """Go on until the step ends it, or a signal; the exit code, then 128 and the signal's number."""
        code = run(self.watching, step)
        return 128 + self._ended_by[0] if self._ended_by else code

    def end(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as signals are handled
        """Handle a signal: keep its number for the exit code, and wake up `run`, which ends by it."""
        self._ended_by.append(number)
        self.watching.inbox.stop()


@contextmanager
def watching(settings: Settings, subject: Wanted | StateFile, *, debug: bool) -> Iterator[Running]:
    """Watch something, or all that a state file has as marked, for as long as it is entered; what was seen is
    written down in the end."""

    def begin(monitor: Monitor, recorder: Recorder) -> CommandWatch:  # noqa: ARG001 - as every beginning
        if not isinstance(subject, StateFile):
            return Watching(monitor, subject)
        marked = WatchingMarks(monitor, subject)
        if marked.unwatched:
            names = clean(", ".join(marked.unwatched), 200)
            say(f"farmwatch: what is marked on these connections is not watched: {names}", err=True)
        return marked

    def end() -> None:
        if isinstance(subject, StateFile):
            subject.close()

    with at_work(settings, begin, end, debug=debug) as running:
        yield running


@contextmanager
def at_work(
    settings: Settings,
    begin: Callable[[Monitor, Recorder], CommandWatch],
    end: Callable[[], None] = lambda: None,
    *,
    debug: bool,
) -> Iterator[Running]:
    """A Monitor at work for what ``begin`` wants watched. When it is left nothing more is asked, then
    ``end`` is called, and at last what was seen is written down."""
    log = debug_log.begin(debug=debug)
    recorder = recorder_of(settings)
    recorder.start()
    # Beside the first call: one waits for the disk, the other for the network.
    recorder.open_soon()
    connections = {one.name: opener(one, shows_account=False) for one in settings.connections}
    monitor = Monitor(connections, recorder, interval=settings.interval)
    recorder.name_of = lambda one: monitor.names.get(one, "")
    running = Running(begin(monitor, recorder))
    if threading.current_thread() is threading.main_thread():
        for name in SIGNALS:
            number = getattr(signal, name, None)
            if number is not None:
                signal.signal(number, running.end)
    monitor.start()
    try:
        yield running
    finally:
        monitor.stop()
        end()
        recorder.close(patience=2.0)
        debug_log.end(log)
