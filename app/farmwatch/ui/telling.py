"""Telling of alerts while the screens are shown: over the screen, and by the terminal, wherever that is."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from textual.app import App

from farmwatch.ui.textual_terminal import write_to_terminal
from farmwatch.words.keys import key
from farmwatch.words.text import clean

if TYPE_CHECKING:
    from textual.timer import Timer

    from farmwatch.alerts.alert import Notice
    from farmwatch.monitor.walls import Walls
    from farmwatch.notify.message import Message
    from farmwatch.notify.terminal import Notification
    from farmwatch.notify.terminal_choice import Choice, Tmux
    from farmwatch.notify.trial import Tried

SOON = 0.3
"""Seconds that a notice waits for others that come with it."""

REST = 2.0
"""Seconds between two times that something is told."""

MOST = 3
"""Notices told one by one; of more only how many they are, and the first of them."""

SHOWN_FOR = 10
"""Seconds that a notice stands over the screen."""

MOST_KNOWN = 1000
"""Alerts of which is known by which notification they were told."""


class Telling:
    """Shows every notice of the alerts over the screen, and has the terminal tell it.

    The terminal is asked for OSC 99 when the first frame is there. Until it answers, and where it never does,
    it is told by what is known of it. Nothing waits for the answer.
    """

    def __init__(
        self,
        app: App[Any],
        walls: Walls,
        setting: str,
        *,
        ascii_only: bool = False,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """``setting`` is that of ``notify.terminal``; with ``ascii_only`` the terminal takes no other
        characters. ``app`` is to have an action that shows the alerts."""
        self._app = app
        self._walls = walls
        self._setting = setting
        self._ascii_only = ascii_only
        self._environ = environ
        self._choice: Choice | None = None
        self._waiting: list[Notice] = []
        self._timer: Timer | None = None
        self._told: dict[str, str] = {}
        """By the id of an alert, that of the notification that the terminal has of it."""

        walls.told_to(self.hear)

    # --- the terminal -----------------------------------------------------------------------------------

    def begin(self) -> None:
        """Choose the way, and ask whoever can say more; once there is a terminal to write to."""
        from farmwatch.notify.terminal import Multiplexer, query
        from farmwatch.notify.terminal_choice import AUTO

        choice = self.choice
        if choice.asks:
            write_to_terminal(self._app, query())
        if choice.inside is Multiplexer.TMUX and self._setting == AUTO:
            threading.Thread(target=self._ask_tmux, name="asks-tmux", daemon=True).start()

    @property
    def choice(self) -> Choice:
        """By which way the terminal is told, and why."""
        if self._choice is None:
            from farmwatch.notify.terminal_choice import choose

            self._choice = choose(self._setting, self._environ)
        return self._choice

    def _ask_tmux(self) -> None:
        from farmwatch.notify.terminal_choice import ask_tmux

        self._later(self._take_tmux, ask_tmux(self._environ))

    def _take_tmux(self, tmux: Tmux | None) -> None:
        from farmwatch.notify.terminal_choice import choose

        self._choice = choose(self._setting, self._environ, tmux)

    def answered(self, answer: str) -> None:
        """The terminal has answered, or reports what was done with a notification."""
        from farmwatch.notify.terminal import ReportKind, Way, report_of

        report = report_of(answer)
        if report is None:
            return
        match report.kind:
            case ReportKind.KNOWS_OSC99:
                if self.choice.asks:
                    self._choice = replace(
                        self.choice, way=Way.OSC99, why="the terminal says that it knows it"
                    )
            case ReportKind.ACTIVATED:
                self._app.call_later(self._app.run_action, "app.alerts")
            case ReportKind.CLOSED:
                # Somebody has put it away: its end would show it again.
                self._told = {alert: told for alert, told in self._told.items() if told != report.id}

    def _write(self, notification: Notification) -> None:
        from farmwatch.notify.terminal import Way, sequence
        from farmwatch.words.ascii import in_ascii

        choice = self.choice
        if self._ascii_only and choice.way is not Way.OSC99:
            title, body = in_ascii(notification.title), in_ascii(notification.body)
            notification = replace(notification, title=title, body=body)
        text = sequence(notification, choice.way, choice.inside)
        if text:
            write_to_terminal(self._app, text)

    # --- notices ----------------------------------------------------------------------------------------

    def hear(self, notice: Notice) -> None:
        """Take a notice; from any thread, and at once."""
        self._later(self._take, notice)

    @property
    def is_at_rest(self) -> bool:
        """Whether all is told that was heard, and whatever comes is told soon."""
        return self._timer is None

    def _later(self, do: Callable[..., object], *given: Any) -> None:
        # When the program is on its way out there is nobody left to tell.
        with contextlib.suppress(RuntimeError):
            self._app.call_later(do, *given)

    def _take(self, notice: Notice) -> None:
        self._waiting.append(notice)
        if self._timer is None:
            self._timer = self._app.set_timer(SOON, self._tell_all)

    def _tell_all(self) -> None:
        from farmwatch.alerts.alert import NoticeKind

        notices, self._waiting = self._waiting, []
        if not self._app.is_running:
            # On its way out it has no screen any more over which to tell.
            self._timer = None
            return
        self._timer = self._app.set_timer(REST, self._tell_all) if notices else None
        loud = [one for one in notices if one.kind is not NoticeKind.RESOLVED]
        over = [one for one in notices if one.kind is NoticeKind.RESOLVED]
        if len(loud) <= MOST:
            for notice in loud:
                self._tell(notice)
        else:
            self._tell_of_many(loud)
        for notice in over:
            self._tell_end(notice)
        if len(over) > MOST:
            self._show(f"{len(over):,} notices of what is resolved", "", "information")
        else:
            for notice in over:
                message = self._message(notice)
                self._show(message.title, message.evidence, "information")

    def _tell(self, notice: Notice) -> None:
        from farmwatch.alerts.alert import NoticeKind
        from farmwatch.notify.terminal import Notification, Urgency

        message = self._message(notice)
        is_asked = all(alert.is_asked for alert in notice.alerts)
        is_sure = notice.kind is not NoticeKind.FLAPPING and not is_asked
        urgency = Urgency.CRITICAL if is_sure else Urgency.NORMAL
        self._remember([notice], message.id)
        self._write(Notification(message.id, message.title, message.body, urgency))
        tone = "information" if is_asked else "error" if is_sure else "warning"
        self._show(message.title, _first_line(message), tone)

    def _tell_of_many(self, notices: Sequence[Notice]) -> None:
        from farmwatch.notify.terminal import Notification, Urgency

        messages = [self._message(one) for one in notices]
        count = sum(len(one.alerts) for one in notices)
        body = "\n".join(one.title for one in messages[:MOST])
        title = f"{count:,} alerts in {len(notices):,} notices"
        told = f"several-{messages[0].id}"
        self._remember(notices, told)
        self._write(Notification(told, title, body, Urgency.CRITICAL))
        self._show(title, body, "error")

    def _tell_end(self, notice: Notice) -> None:
        """Put the end in the place of what the terminal has of it, without a sound; once all that was told
        there is over. A terminal that would show it beside that is not told."""
        from farmwatch.notify.terminal import Notification, Urgency

        told = {self._told.pop(alert.id, "") for alert in notice.alerts} - {""}
        for one in sorted(told - set(self._told.values())) if self.choice.way.replaces else ():
            message = self._message(notice)
            self._write(Notification(one, message.title, message.body, Urgency.LOW, silent=True))

    def _remember(self, notices: Sequence[Notice], told: str) -> None:
        for notice in notices:
            for alert in notice.alerts:
                self._told.pop(alert.id, None)
                self._told[alert.id] = told
        while len(self._told) > MOST_KNOWN:
            del self._told[next(iter(self._told))]

    def _message(self, notice: Notice) -> Message:
        from farmwatch.notify.message import message_of

        handle = self._walls.handle
        return message_of(notice) if handle is None else message_of(notice, handle.observed, handle.lines)

    def _show(self, title: str, body: str, severity: Any) -> None:
        """Over the screen; not where the table of all alerts is in sight, which has it already."""
        from farmwatch.ui.screens.alerts.screen import AlertsScreen

        if not isinstance(self._app.screen, AlertsScreen):
            hint = f"{key('alerts', 'A')} shows all alerts"
            text = f"{body}\n{hint}" if body else hint
            self._app.notify(text, title=title, severity=severity, timeout=SHOWN_FOR, markup=False)

    # --- trying it --------------------------------------------------------------------------------------

    def test(self, try_targets: Callable[[], Sequence[Tried]]) -> None:
        """Send a test notice to the terminal, and say over the screen by which way, and why that one.
        ``try_targets`` sends one to all others, in a thread of its own; what came of it is said too."""
        from farmwatch.notify.message import trial_message
        from farmwatch.notify.terminal import Notification
        from farmwatch.notify.terminal_choice import NAMES

        message = trial_message(self._app.clock.now())  # type: ignore[attr-defined]
        self._write(Notification(message.id, message.title, message.body))
        choice = self.choice
        words = f"The terminal is told by {NAMES[choice.way]}: {choice.why}."
        self._app.notify(clean(words), title=message.title, markup=False)
        # Somebody may be told by a server that does not answer.
        do = partial(self._try, try_targets)
        threading.Thread(target=do, name="test-notice", daemon=True).start()

    def _try(self, try_targets: Callable[[], Sequence[Tried]]) -> None:
        every = try_targets()
        if every:
            self._later(self._say, every)

    def _say(self, every: Sequence[Tried]) -> None:
        """All in one, or they would cover the screen."""
        lines = []
        for one in every:
            what = f"not told: {one.fault}" if one.fault else f"told ({one.kind} {one.where})"
            lines.append(clean(f"{one.name}  {what}"))
        severity: Any = "error" if any(one.fault for one in every) else "information"
        timeout = SHOWN_FOR if severity == "error" else None
        self._app.notify("\n".join(lines), severity=severity, timeout=timeout, markup=False)


def _first_line(message: Message) -> str:
    return message.evidence or message.body.partition("\n")[0]
