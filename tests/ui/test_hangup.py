"""The end of the program without its event loop: what is done, in which order, and how long it may take."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.drivers.headless_driver import HeadlessDriver

from farmwatch.ui import hangup
from farmwatch.ui.hangup import Guard
from farmwatch.ui.textual_terminal import resuming

PATIENCE = 30.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals on Windows")


class FakeTerminal:
    def __init__(self) -> None:
        self.left = True
        self.gone = False
        self.lost = False
        self.behind: Callable[[], bool] = lambda: False
        self.restored = threading.Event()

    def is_gone(self) -> bool:
        return self.gone

    def is_lost(self) -> bool:
        return self.lost

    def is_behind(self) -> bool:
        return self.behind()

    def is_as_left(self) -> bool:
        return self.left

    def restore(self) -> None:
        self.restored.set()


class Program:
    """What the guard is told to do to a program."""

    def __init__(self, *, leaves_by_itself: bool = False, finishing_hangs: bool = False) -> None:
        self.did: list[str] = []
        self.left = threading.Event()
        self.asked = threading.Event()
        self.terminal = FakeTerminal()
        self.guard = Guard(self._end, self._finish, self._leave, self.terminal)
        self._finishing_hangs = finishing_hangs
        self._leaves_by_itself = leaves_by_itself

    def _end(self, code: int) -> None:
        self.did.append(f"asked to end with {code}")
        if self._leaves_by_itself:
            self.guard.stop()
        self.asked.set()

    def _finish(self) -> None:
        self.did.append("finished")
        if self._finishing_hangs:
            self.left.wait(PATIENCE)

    def _leave(self, code: int) -> None:
        self.did.append(f"left with {code}")
        self.left.set()


def test_two_seconds_are_enough_for_all_of_it() -> None:
    assert hangup.GRACE + hangup.FINISH_WITHIN + hangup.RESTORE_WITHIN < 2
    assert hangup.LOOK_EVERY + hangup.FINISH_WITHIN < 2


def test_a_signal_asks_the_event_loop_and_ends_the_process_where_that_does_not_answer() -> None:
    program = Program()
    program.guard.start()
    os.kill(os.getpid(), signal.SIGTERM)
    assert program.left.wait(PATIENCE)
    assert program.did == ["asked to end with 143", "finished", "left with 143"]
    assert program.terminal.restored.is_set()


def test_a_program_that_leaves_by_itself_is_not_finished_twice() -> None:
    program = Program(leaves_by_itself=True)
    program.guard.start()
    os.kill(os.getpid(), signal.SIGINT)
    assert program.left.wait(PATIENCE)
    assert program.did == ["asked to end with 130", "left with 130"], "should it hang on its last way"


def test_a_terminal_that_is_gone_asks_nobody() -> None:
    program = Program()
    program.terminal.gone = True
    program.guard.start()
    assert program.left.wait(PATIENCE)
    assert program.did == ["finished", "left with 129"]
    assert not program.terminal.restored.is_set()


def test_a_terminal_that_somebody_else_has_is_given_back() -> None:
    program = Program()
    program.terminal.lost = True
    program.guard.start()
    assert program.left.wait(PATIENCE)
    assert program.did == ["asked to end with 129", "finished", "left with 129"]


def test_a_disk_that_hangs_does_not_keep_the_process() -> None:
    program = Program(finishing_hangs=True)
    program.terminal.gone = True
    program.guard.start()
    assert program.left.wait(PATIENCE)
    assert program.did == ["finished", "left with 129"]


def test_what_is_continued_in_order_to_end_is_not_put_aside_again_whatever_it_is_told_first() -> None:
    """A shell's ``kill`` sends SIGTERM and SIGCONT; here the former comes while the latter is handled."""
    program = Program()
    program.guard.start()

    def is_behind() -> bool:
        os.kill(os.getpid(), signal.SIGTERM)
        return True

    program.terminal.behind = is_behind
    with stops_counted(PATIENCE) as stops:
        assert not program.guard.may_resume()
    assert stops == []
    assert program.left.wait(PATIENCE)
    assert program.did == ["asked to end with 143", "finished", "left with 143"]


def test_in_the_background_it_is_put_aside_again_until_it_has_the_terminal() -> None:
    program = Program()
    program.guard.start()
    with stops_counted(0.01) as stops:
        program.terminal.behind = lambda: len(stops) < 2
        assert program.guard.may_resume()
    assert stops == ["put aside"] * 2
    program.guard.stop()
    assert program.did == []


def test_a_handler_that_interrupts_it_leaves_the_terminal_to_it() -> None:
    program = Program()
    program.guard.start()
    inner: list[bool] = []

    def is_behind() -> bool:
        inner.append(program.guard.may_resume())
        return False

    program.terminal.behind = is_behind
    assert program.guard.may_resume()
    assert inner == [False]
    program.guard.stop()


@contextmanager
def stops_counted(within: float) -> Iterator[list[str]]:
    """Whatever would put the process aside, after so many seconds, is only counted."""
    stops: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hangup, "CONTINUED_WITHIN", within)
        patch.setattr(signal, "raise_signal", lambda number: stops.append("put aside"))
        yield stops


def test_other_signals_end_nothing_and_the_handlers_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    heard = threading.Event()
    former = signal.signal(signal.SIGUSR1, lambda *_: heard.set())
    try:
        program = Program()
        program.guard.start()
        os.kill(os.getpid(), signal.SIGUSR1)
        assert heard.wait(PATIENCE)
        program.guard.stop()
    finally:
        signal.signal(signal.SIGUSR1, former)
    assert program.did == []
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_whoever_has_a_hang_up_ignored_is_obeyed() -> None:
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        program = Program()
        program.guard.start()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        program.guard.stop()
    finally:
        signal.signal(signal.SIGHUP, former)
    assert program.did == []


def test_the_modes_of_the_terminal_that_textual_switches_on_are_switched_off(tmp_path: Path) -> None:
    """The sequences are Textual's own; what it writes when it leaves is all in here."""
    for mode in ("?1000l", "?1003l", "?1015l", "?1006l", "?2004l", "?1004l", "?1049l", "?25h", "?7h", "<u"):
        assert f"\x1b[{mode}".encode() in hangup.RESTORE


class Taking(HeadlessDriver):
    """What a driver does with its terminal."""

    _must_signal_resume = False

    def __init__(self) -> None:
        self.did: list[str] = []

    def start_application_mode(self) -> None:
        self.did.append("drew all of it" if self._must_signal_resume else "took it")

    def stop_application_mode(self) -> None:
        self.did.append("gave it back")


@pytest.fixture
def taking() -> Iterator[tuple[Program, Taking]]:
    program = Program()
    driver = resuming(Taking, program.guard)()
    program.guard.start()
    driver.start_application_mode()
    driver.did.clear()
    yield program, driver
    program.guard.stop()


def test_a_terminal_that_was_given_back_is_taken_once(taking: tuple[Program, Taking]) -> None:
    _, driver = taking
    driver.suspend_application_mode()
    driver.resume_application_mode()
    driver.resume_application_mode()
    assert driver.did == ["gave it back", "took it"]


def test_one_that_was_not_is_taken_anew_where_somebody_else_had_it(taking: tuple[Program, Taking]) -> None:
    program, driver = taking
    driver.resume_application_mode()
    assert driver.did == []
    program.terminal.left = False
    driver.resume_application_mode()
    assert driver.did == ["gave it back", "drew all of it"]


def test_one_that_never_had_it_takes_it(taking: tuple[Program, Taking]) -> None:
    """Begun in the background it was stopped before."""
    program, _ = taking
    driver = resuming(Taking, program.guard)()
    driver.resume_application_mode()
    assert driver.did == ["took it"]


def test_one_that_is_about_to_have_it_is_let_go_on(taking: tuple[Program, Taking]) -> None:
    """Textual's own driver has begun to write there by then."""
    program, _ = taking
    driver = resuming(Taking, program.guard)()
    vars(driver)["_writer_thread"] = threading.Thread()
    driver.resume_application_mode()
    assert driver.did == []


def test_a_program_that_leaves_takes_nothing_again(taking: tuple[Program, Taking]) -> None:
    program, driver = taking
    driver.stop_application_mode()
    program.terminal.left = False
    driver.resume_application_mode()
    assert driver.did == ["gave it back"]


def test_one_that_may_not_be_taken_is_not(taking: tuple[Program, Taking]) -> None:
    program, driver = taking
    driver.suspend_application_mode()

    def is_behind() -> bool:
        driver.resume_application_mode()
        return False

    program.terminal.behind = is_behind
    driver.resume_application_mode()
    assert driver.did == ["gave it back", "took it"], "once, by the first that asked"
