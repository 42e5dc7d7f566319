"""A monitor that writes to a history as fast as it can, and says on its output what is acknowledged.

Run as a program, to be killed: ``python -m tests.history.killed_writer PATH NAME``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from farmwatch.history.events import Event, EventKind, Watched
from farmwatch.history.recorder import Recorder
from farmwatch.polling.clock import SystemClock
from tests.canned import REF


def main(path: str, name: str) -> None:
    # A real clock: by one that stands still, whoever had to wait once would wait for ever.
    clock = SystemClock()
    recorder = Recorder(Path(path), watcher=name, clock=clock)
    recorder.start()
    number = 0
    while True:
        number += 1
        value = f"{name} {number}"
        at = clock.now()
        entry = Event(REF, EventKind.STATUS, "", None, value, at)
        is_safe = recorder.record([entry], [Watched(REF, session_until=at)])
        # One write, so that a kill leaves a whole line or none.
        sys.stdout.write(f"{value}\n" if is_safe else f"waits {recorder.trouble}\n")
        sys.stdout.flush()
        if not is_safe:
            # Millions of entries that wait would fill the file, until it drops its oldest as it is meant to.
            time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
