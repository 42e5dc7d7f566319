"""The panels above a session's tables: the session, its host, its two log configurations; or four lines."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from farmwatch.aws.model import Fault, Session
from farmwatch.polling.freshness import Freshness
from farmwatch.sessions.tracker import SessionObserved
from farmwatch.ui.content import content
from farmwatch.ui.widgets.lines import entitle, put
from farmwatch.words.session import (
    MOMENTS_SHOWN,
    host_parts,
    host_parts_folded,
    log_parts,
    log_title,
    moment_parts,
    only_worker_log_failed,
    session_parts,
)
from farmwatch.words.session_folded import folded_lines
from farmwatch.words.text import Part, TimeStyle, clock_time, muted

PANELS = ("session", "host", "log", "worker-log")


class Panel(Static):
    """One of the panels, or the folded lines; it tells when there is other room for it."""

    def on_resize(self) -> None:
        """Its lines are made for its width."""
        self.post_message(SessionPanels.Fitted())


class SessionPanels(VerticalScroll, can_focus=False):
    """What is known of a session besides its actions and errors; it scrolls where it takes more than its
    share, so that the tables below stay in sight."""

    class Fitted(Message):
        """There is other room for one of the panels."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - as every widget
        super().__init__(id=id, classes=classes)
        self._shown_log = ""
        self._drawn_for: tuple[int, ...] = ()

    def compose(self) -> ComposeResult:
        """The four folded lines, and the four panels; the style sheet shows the ones or the others."""
        yield Panel(id="folded")
        with Container(id="top"):
            yield Panel(id="session", classes="box")
            yield Panel(id="host", classes="box")
        with Container(id="logs"):
            yield Panel(id="log", classes="box")
            yield Panel(id="worker-log", classes="box")

    def on_mount(self) -> None:
        """The titles that stay; those of the logs tell more, and come with the session."""
        for name, title in (("session", "Session"), ("host", "Host")):
            entitle(self._panel(name), content(title))

    def _panel(self, name: str) -> Static:
        return self.query_one(f"#{name}", Static)

    def show(
        self,
        observed: SessionObserved,
        fresh: Freshness,
        changed: Collection[str],
        now: datetime,
        style: TimeStyle,
        *,
        lines: int | None,
        narrow: bool,
    ) -> None:
        """Draw a session. ``lines`` folds everything into so many lines, at most four; else there are panels,
        on a ``narrow`` terminal stacked. ``changed`` names the members that are new."""
        self.set_class(not fresh.is_fresh, "-stale")
        if self.has_class("-folded") != (lines is not None):
            # What is shown only from now on has no size yet.
            self.toggle_class("-folded")
            self._drawn_for = ()
            return
        self._drawn_for = self._widths()
        as_of = now if fresh.is_fresh or observed.seen_at is None else observed.seen_at
        if lines is not None:
            self._show_folded(observed, fresh, changed, now, style, as_of, lines)
            return
        dated = ""
        if not fresh.is_fresh and fresh.age is not None:
            dated = f" as of {clock_time(now - fresh.age, now, style)} "
        for name in PANELS:
            entitle(self._panel(name), subtitle=content(dated))
        session = observed.session
        if session is None:
            self._show_nothing(observed, fresh.fault, now, style)
            return
        width = {name: max(20, self._panel(name).content_size.width) for name in PANELS}
        status = session_parts(observed, changed, now, style, width["session"], as_of=as_of, folded=narrow)
        host = (host_parts_folded if narrow else host_parts)(session, changed, width["host"])
        put(self._panel("session"), content(*status))
        put(self._panel("host"), content(*host))
        for name, member, log in (
            ("log", "log", session.log),
            ("worker-log", "workerLog", session.worker_log),
        ):
            is_new = name.replace("-", "_") in changed
            put(self._panel(name), content(*log_parts(log, member, is_new, width[name], folded=narrow)))
        self._entitle_logs(session, fresh, narrow)
        if not self._shown_log:
            # Where only one fits, the one with an error comes first.
            self._show_log("worker-log" if only_worker_log_failed(session) else "log")

    @property
    def fits(self) -> bool:
        """Whether what was drawn last is as wide as there is room by now."""
        return self._drawn_for == self._widths()

    def _widths(self) -> tuple[int, ...]:
        return tuple(self._panel(name).content_size.width for name in (*PANELS, "folded"))

    def _show_folded(
        self,
        observed: SessionObserved,
        fresh: Freshness,
        changed: Collection[str],
        now: datetime,
        style: TimeStyle,
        as_of: datetime,
        lines: int,
    ) -> None:
        panel = self._panel("folded")
        if observed.session is None:
            words = _nothing(observed, fresh.fault, now, style)
        else:
            width = max(20, panel.content_size.width)
            shown = folded_lines(observed, changed, now, style, width, as_of=as_of)[:lines]
            if not fresh.is_fresh and fresh.age is not None:
                shown[0].append((f"   as of {clock_time(now - fresh.age, now, style)}", "warning"))
            words = Content("\n").join(content(*line) for line in shown)
        put(panel, words)

    def _entitle_logs(self, session: Session, fresh: Freshness, narrow: bool) -> None:
        found = log_title("Session log", session.log), log_title("Worker log", session.worker_log)
        log, worker_log = (title if fresh.is_fresh else muted(title) for title in found)
        if narrow:
            other: Part = ("   w: ", "muted")
            log, worker_log = [*log, other, *worker_log], [*worker_log, other, *log]
        for name, title in (("log", log), ("worker-log", worker_log)):
            entitle(self._panel(name), content(*title))

    def _show_nothing(
        self, observed: SessionObserved, fault: Fault | None, now: datetime, style: TimeStyle
    ) -> None:
        put(self._panel("session"), _nothing(observed, fault, now, style))
        for name, title in (("host", "Host"), ("log", "Session log"), ("worker-log", "Worker log")):
            entitle(self._panel(name), content(title))
            put(self._panel(name), content(("Not known yet.", "muted")))

    def turn_logs(self) -> None:
        """Show the other log's configuration, where there is room for one only."""
        self._show_log("log" if self._shown_log == "worker-log" else "worker-log")

    def _show_log(self, name: str) -> None:
        self._shown_log = name
        self.query_one("#logs").set_class(name == "worker-log", "-worker")


def _nothing(observed: SessionObserved, fault: Fault | None, now: datetime, style: TimeStyle) -> Content:
    """What is said of a session that no answer has come for."""
    words = content(("Asking for the session…", "muted"))
    if fault is not None:
        words = content((fault.sentence, "error"), ("\n" + fault.remedy, ""))
    if observed.moments:
        before = moment_parts(observed.moments, now, style, MOMENTS_SHOWN)
        words = Content.assemble(content(("Seen before:\n", "muted"), *before), words)
    return words
