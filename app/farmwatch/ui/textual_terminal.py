"""Textual's private parts between it and the terminal: what a terminal answers is told from keys, and the
terminal is taken again only where it may be. (The other touches of its private parts: `textual_compat`.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

from textual._parser import Parser
from textual._time import get_time
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.driver import Driver
from textual.message import Message

from farmwatch.ui.terminal_answers import TerminalAnswers

D = TypeVar("D", bound=Driver)
Method = Callable[..., Any]


class TerminalAnswer(Message):
    """A terminal has answered something that is no key."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer


def feed(method: Method, parser: XTermParser, data: str) -> Iterator[Message]:
    """Part the answers of the terminal from its keys; nothing sent is the end."""
    keys, answers = _answers_of(parser).feed(data, get_time()) if data else ("", [])
    if keys or not data:
        yield from method(parser, keys)
    yield from map(TerminalAnswer, answers)


def tick(method: Method, parser: Parser[Message]) -> Iterator[Message]:
    """Give up what was held back for too long, in case that an answer of the terminal began with it."""
    keys = _answers_of(parser).overdue(get_time())
    if keys:
        yield from Parser.feed(parser, keys)
        # They have waited long enough for what might have followed.
        parser._timeout_time = 0.0
    yield from method(parser)


def _answers_of(parser: Any) -> TerminalAnswers:
    answers: TerminalAnswers | None = vars(parser).get("_farmwatch_answers")
    if answers is None:
        answers = parser._farmwatch_answers = TerminalAnswers()
    return answers


class Resumption(Protocol):
    """Who knows whether the terminal may be taken again."""

    def may_resume(self) -> bool:
        """Whether it may. In the background this waits."""

    def is_terminal_as_left(self) -> bool:
        """Whether nobody else had it."""


def resuming(driver: type[D], resumption: Resumption) -> type[D]:
    """A driver that takes the terminal again only where it may, and only if it has given it back.

    Textual does so at every SIGCONT. It stops the process in the background with no regard to what that was
    told just then; and what was stopped from outside, or not at all, has another two threads after that, of
    which one takes keys away from the first and does not end.
    """

    class Resuming(driver):  # type: ignore[misc, valid-type]
        _has_it: bool | None = None
        """Whether it has the terminal; ``None`` before it had it: begun in the background it is stopped."""

        _will_take_it_again = False

        def start_application_mode(self) -> None:
            super().start_application_mode()
            self._has_it = True

        def stop_application_mode(self) -> None:
            self._has_it = False
            super().stop_application_mode()

        def suspend_application_mode(self) -> None:
            super().suspend_application_mode()
            self._will_take_it_again = True

        def resume_application_mode(self) -> None:
            if not resumption.may_resume():
                return
            if self._has_it and not resumption.is_terminal_as_left():
                super().suspend_application_mode()
                # So that everything is drawn anew.
                self._must_signal_resume = True
            elif self._has_it is not None and not self._will_take_it_again:
                # Nobody else had it; or it was given back for good.
                return
            elif self._has_it is None and vars(self).get("_writer_thread") is not None:
                # It is about to have it.
                return
            self._will_take_it_again = False
            super().resume_application_mode()

    return Resuming


def write_to_terminal(app: App[Any], sequence: str) -> None:
    """Send a control sequence of one's own to the terminal; nothing happens where there is none."""
    driver = app._driver
    if driver is not None and not app.is_headless:
        driver.write(sequence)
