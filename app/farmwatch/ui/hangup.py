"""The end of the program when a signal asks for it or its terminal has gone away.

It does not depend on the event loop. Textual writes to the terminal through a bounded queue: when nobody
reads the other end, or it is gone, the event loop waits for that queue for ever, and no handler of asyncio's
is called. So a thread of its own hears the signals and looks after the terminal. It asks the event loop to
leave, and where that does not happen in time it finishes what must be finished and ends the process.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from types import FrameType
from typing import Any, Protocol

if sys.platform != "win32":
    import termios

_log = logging.getLogger(__name__)

LOOK_EVERY = 0.5
"""Seconds between two looks at the terminal."""

GRACE = 1.0
"""Seconds that the event loop has to leave by itself, once it was asked to."""

FINISH_WITHIN = 0.6
"""Seconds in which the history is committed and the children end, where the event loop did not leave."""

CONTINUED_WITHIN = 1.0
"""Seconds in which whoever continues a process in the background has told it to end, or does not want that.
A shell's ``kill`` sends both signals at once; they reach different threads, the later one often first."""

RESTORE_WITHIN = 0.2
"""Seconds in which a terminal takes what restores it; one that does not read takes nothing."""

RESTORE = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # the mouse
    b"\x1b[?2004l\x1b[?2048l\x1b[?1004l"  # bracketed paste, reports of its size, reports of its focus
    b"\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h"  # line wrap, kitty's keyboard, the first screen, the cursor
)
"""Switches off what Textual's driver has switched on."""

SIGNALS = ("SIGHUP", "SIGINT", "SIGTERM")


class Terminal(Protocol):
    """What the guard has to know about a terminal."""

    def is_gone(self) -> bool:
        """Whether it has hung up."""

    def is_lost(self) -> bool:
        """Whether somebody else has it now, because whoever started this process is no more."""

    def is_behind(self) -> bool:
        """Whether somebody else has it now, as the shell has in which this process was put aside."""

    def is_as_left(self) -> bool:
        """Whether it hands on every key at once, as a full-screen program wants it."""

    def restore(self) -> None:
        """Leave it as it was at first, as far as it takes that."""


class PosixTerminal:
    """The terminal that standard input and standard error are connected to, if any."""

    def __init__(self) -> None:
        self._descriptors = [number for number in (0, 2) if _is_terminal(number)]
        self._attributes = {number: termios.tcgetattr(number) for number in self._descriptors}
        self._parent = os.getppid()

    def is_gone(self) -> bool:
        """Whether one of its descriptors has hung up; a look that a signal interrupts tells nothing."""
        for number in self._descriptors:
            try:
                # Of a terminal that has hung up nothing can be asked any more: EIO on Linux, ENXIO on macOS.
                termios.tcgetattr(number)
            except termios.error as error:
                if error.args[0] != errno.EINTR:
                    return True
        return False

    def is_lost(self) -> bool:
        """Whether the parent has died and another process group is in the terminal's foreground."""
        return os.getppid() != self._parent and self.is_behind()

    def is_behind(self) -> bool:
        """Whether another process group is in the terminal's foreground."""
        if not self._descriptors:
            return False
        try:
            return os.tcgetpgrp(self._descriptors[0]) != os.getpgrp()
        except OSError:
            return False

    def is_as_left(self) -> bool:
        """Whether it waits for no whole line. A shell in which a job was stopped has it do so again."""
        try:
            return not any(termios.tcgetattr(number)[3] & termios.ICANON for number in self._descriptors[:1])
        except termios.error:
            return True

    def restore(self) -> None:
        """Put its attributes back and write `RESTORE`, within `RESTORE_WITHIN`. Raises nothing."""
        for number, attributes in self._attributes.items():
            with contextlib.suppress(termios.error):
                termios.tcsetattr(number, termios.TCSANOW, attributes)
        if self._descriptors:
            with contextlib.suppress(OSError, termios.error):
                _write_last(self._descriptors[-1], RESTORE)


def _write_last(number: int, words: bytes) -> None:
    """Write to a terminal in the place of all that it has not taken yet; nothing comes after it."""
    terminal = os.dup(number)
    # Whoever writes from now on writes to nobody; whoever is held up in the midst of it gives up.
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), number)
    os.set_blocking(terminal, False)
    until = monotonic() + RESTORE_WITHIN
    try:
        while monotonic() < until:
            termios.tcflush(terminal, termios.TCOFLUSH)
            _interrupt_others()
            with contextlib.suppress(BlockingIOError):
                if os.write(terminal, words):
                    return
            sleep(0.01)
    finally:
        # The shell has the same terminal.
        os.set_blocking(terminal, True)
        os.close(terminal)


def _interrupt_others() -> None:
    """Have every other thread look again at what it waits for. The signal that the size has changed does no
    harm, whether it is handled or not."""
    for thread in threading.enumerate():
        if thread not in (threading.current_thread(), threading.main_thread()) and thread.ident is not None:
            with contextlib.suppress(OSError):
                signal.pthread_kill(thread.ident, signal.SIGWINCH)


def _is_terminal(number: int) -> bool:
    try:
        return os.isatty(number)
    except OSError:
        return False


@contextmanager
def guarded(
    end: Callable[[int], object],
    finish: Callable[[], object],
    leave: Callable[[int], object] = os._exit,
) -> Iterator[Guard | None]:
    """While the block lasts, the process ends within 2 s of SIGHUP, SIGINT or SIGTERM, or of the loss of its
    terminal; the exit code is 128 and the signal's number (SIGHUP for a lost terminal).

    ``end`` is called in another thread with the exit code; it asks the event loop to leave. Where the block
    does not end soon, ``finish`` is called, in another thread too and maybe for the second time; then
    ``leave`` ends the process. On Windows nothing is done: there are no such signals, and a console that is
    closed takes its processes with it.

    Entered, it gives the guard, which is to be asked before the terminal is taken again.
    """
    if sys.platform == "win32":
        yield None
        return
    guard = Guard(end, finish, leave, PosixTerminal())
    guard.start()
    try:
        yield guard
    finally:
        guard.stop()


class Guard:
    """Hears the signals and looks after the terminal, in a thread of its own."""

    def __init__(
        self,
        end: Callable[[int], object],
        finish: Callable[[], object],
        leave: Callable[[int], object],
        terminal: Terminal,
    ) -> None:
        self._end = end
        self._finish = finish
        self._leave = leave
        self._terminal = terminal
        self._stopped = False
        self._asked = threading.Event()
        self._is_told = False
        self._is_put_aside = False
        self._handlers: dict[int, Any] = {}
        self._former_wakeup = -1
        self._thread = threading.Thread(target=self._watch, name="hangup", daemon=True)
        self._read_end, self._write_end = os.pipe()
        for number in (self._read_end, self._write_end):
            os.set_blocking(number, False)

    def start(self) -> None:
        """Begin; signals are heard where this is the main thread."""
        if threading.current_thread() is threading.main_thread():
            # The number of a signal is written there at once, in whatever thread it arrives and whatever the
            # main thread is waiting for.
            self._former_wakeup = signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
            for name in SIGNALS:
                number = getattr(signal, name)
                # Whoever has it ignored (nohup) goes on being obeyed.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._handlers[number] = signal.signal(number, self._heard)
        self._thread.start()

    def stop(self) -> None:
        """The program has left by itself. After a signal the guard stays until the process is gone."""
        self._stopped = True
        if self._asked.is_set():
            return
        if self._handlers:
            signal.set_wakeup_fd(self._former_wakeup)
            for number, handler in self._handlers.items():
                signal.signal(number, handler)
        os.write(self._write_end, b"\0")
        self._thread.join()
        os.close(self._read_end)
        os.close(self._write_end)

    def is_terminal_as_left(self) -> bool:
        """Whether the terminal is still as a full-screen program wants it: nobody else had it meanwhile."""
        return self._terminal.is_as_left()

    def may_resume(self) -> bool:
        """Whether a process that was put aside (Ctrl+Z) and is continued may take its terminal again. In the
        background it is put aside once more, until it may; it may not where it is continued in order to end.

        To be called in the main thread, also by a handler that interrupts another call: that one goes on.
        """
        if self._is_put_aside:
            return False
        self._is_put_aside = True
        try:
            while self._terminal.is_behind():
                # What was heard in the meantime is known in this thread, even where the other has no time.
                if self._asked.wait(CONTINUED_WITHIN) or self._is_told:
                    return False
                if self._terminal.is_behind():
                    # To this very thread, so that it does not come as far as the next look.
                    signal.raise_signal(signal.SIGSTOP)
        finally:
            self._is_put_aside = False
        return not self._is_told

    def _heard(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - what signal.signal calls
        # The thread does the rest. A process that was put aside (Ctrl+Z) gives its terminal back from the
        # background, which would put it aside again.
        self._is_told = True
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)

    def _watch(self) -> None:
        grace = GRACE
        while (number := self._next_signal(LOOK_EVERY)) is None:
            if self._stopped:
                return
            if self._terminal.is_gone() or self._terminal.is_lost():
                number = int(signal.SIGHUP)
                # It may have been gone since the look before this one.
                grace -= LOOK_EVERY
                break
        self._asked.set()
        code = 128 + number
        until = monotonic() + grace
        if not self._terminal.is_gone():
            self._end(code)
        while monotonic() < until and not self._terminal.is_gone():
            self._next_signal(GRACE / 10)
        self._leave_now(code)

    def _next_signal(self, patience: float) -> int | None:
        """The number of a signal that asks for the end, if one comes within so many seconds."""
        if not select.select([self._read_end], [], [], patience)[0]:
            return None
        # The terminal's changes of size, and what puts aside and continues, are told there as well.
        return next((number for number in os.read(self._read_end, 512) if number in self._handlers), None)

    def _leave_now(self, code: int) -> None:
        if not self._stopped:
            in_time(self._finish, FINISH_WITHIN)
            if not self._terminal.is_gone():
                self._terminal.restore()
        self._leave(code)


def in_time(do: Callable[[], object], seconds: float) -> None:
    """Do something, and wait for it no longer than so many seconds; what it raises is in the debug log."""

    def run() -> None:
        try:
            do()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process ends
            _log.error("ending failed", exc_info=error)

    thread = threading.Thread(target=run, name="ending", daemon=True)
    thread.start()
    thread.join(seconds)
