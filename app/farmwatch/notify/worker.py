"""A thread that does what is due, and waits for the next of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from farmwatch.polling.clock import Clock

_log = logging.getLogger(__name__)

AFTER_AN_ERROR = 60.0
"""Seconds until it goes on after an error of the program's own."""


class Worker:
    """Calls ``step`` again and again: that does all that is due, and says how many seconds there are to the
    next (``None``: nothing is to come)."""

    def __init__(self, name: str, step: Callable[[], float | None], clock: Clock) -> None:
        self.is_ending = False
        """Whether it is to end: what takes long is not begun any more."""
        self._step = step
        self._clock = clock
        self._changed = threading.Condition()
        self._is_woken = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Work from now on."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to do; from any thread."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def end(self, patience: float) -> bool:
        """End after the step that is under way, which is waited for so many seconds; whether it has ended."""
        self.is_ending = True
        self.wake()
        if self._thread.is_alive():
            self._thread.join(patience)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while not self.is_ending:
            with self._changed:
                self._is_woken = False
            try:
                seconds = self._step()
            except Exception:  # noqa: BLE001 - whatever it is, what waits is tried again
                _log.exception("telling failed")
                seconds = AFTER_AN_ERROR
            with self._changed:
                if not self._is_woken and not self.is_ending:
                    self._clock.wait(self._changed, seconds)
