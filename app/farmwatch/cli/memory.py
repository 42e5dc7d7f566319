"""How a program that runs for weeks handles its memory from its first moment on."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep

STARTED_AFTER = 3.0
"""Seconds after which everything is imported and on the screen."""

IDLE_AFTER = 5.0
"""Seconds without a key after which nobody waits for anything."""

M_ARENA_MAX, M_TRIM_THRESHOLD = -8, -1
"""What ``mallopt(3)`` calls the number of heaps, and the bytes at a heap's end that are kept though they are
free; from glibc's ``malloc.h``."""


def begin() -> None:
    """Call this first, before there is any thread, or much is imported."""
    _share_one_heap()
    _start_without_collecting()


def _share_one_heap() -> None:
    """glibc gives every thread a heap of its own, of which much stays empty for good. Here threads wait for
    the network and do little else: with one heap, which gives back what is free, there are 2 to 3 MiB
    less."""
    if sys.platform.startswith("linux"):
        with suppress(ImportError, OSError, AttributeError):
            import ctypes

            libc = ctypes.CDLL(None)
            libc.mallopt(M_ARENA_MAX, 1)
            libc.mallopt(M_TRIM_THRESHOLD, 1 << 16)


def _start_without_collecting() -> None:
    """Leave the garbage alone while everything is imported: there is hardly any, and looking for it takes a
    sixth of the time until the first frame. What was made by then stays; it is not looked through again."""

    def collect() -> None:
        collect_and_freeze()
        gc.enable()

    gc.disable()
    timer = threading.Timer(STARTED_AFTER, collect)
    timer.daemon = True
    timer.start()


def collect_and_freeze() -> None:
    """Collect all garbage. What is left lives long: Python does not look through it until this is called
    again."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


class IdleCollector:
    """Has garbage collected in full while nobody presses a key; ``pressed_at`` tells when one was pressed
    last (`monotonic`). Python does so in the midst of anything, as soon as there is a quarter more than
    before: beside a wall of 2,000 a key would wait 45 ms for it."""

    def __init__(self, pressed_at: Callable[[], float]) -> None:
        self._pressed_at = pressed_at
        self._seen = _full_collections()

    def start(self) -> None:
        """Look every few seconds from now on."""
        threading.Thread(target=self._run, name="idle collector", daemon=True).start()

    def look(self) -> bool:
        """Collect, if Python has done so by itself since the last time; whether that was done."""
        if _full_collections() == self._seen or monotonic() - self._pressed_at() < IDLE_AFTER:
            return False
        collect_and_freeze()
        self._seen = _full_collections()
        return True

    def _run(self) -> None:
        while True:
            sleep(IDLE_AFTER)
            self.look()


def _full_collections() -> int:
    return int(gc.get_stats()[-1]["collections"])
