"""The log screen: what a session's processes and its worker have written, as it is written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Input, Static

from farmwatch.aws.model import Session
from farmwatch.aws.session_action import SessionAction
from farmwatch.listings.place import Place
from farmwatch.logs.browse import Browser, Line, Shown
from farmwatch.logs.lanes import SESSION, WORKER
from farmwatch.logs.times import milliseconds
from farmwatch.monitor.update import LogSnapshot
from farmwatch.polling.freshness import State
from farmwatch.ui.content import content
from farmwatch.ui.navigation import GoBack, ShowWhy
from farmwatch.ui.screens.following import ACT, ASK, BACK, HELP, NOW, PAUSE, QUIT
from farmwatch.ui.screens.log.rows import OUTLINE_COLUMNS, OutlineRows
from farmwatch.ui.screens.session_following import SessionFollowing
from farmwatch.ui.themes import style_sheet
from farmwatch.ui.widgets.lines import entitle, put
from farmwatch.ui.widgets.log_panel import LogPanel
from farmwatch.ui.widgets.log_view import LogView
from farmwatch.ui.widgets.virtual_table import VirtualTable
from farmwatch.words.log import how_far, notes, reasons
from farmwatch.words.text import Part, lifecycle

if TYPE_CHECKING:
    from farmwatch.words.requests import Choice

MORE_LINES = 5_000
"""Lines read back at once when somebody comes near the first."""

LONGEST_WAIT = 30.0
"""Seconds without a single new line after which older ones are no longer waited for."""

BEFORE = 2_000
"""Milliseconds before an action's start from which on its lines are wanted: clocks are not that exact."""


class LogScreen(SessionFollowing):
    """Follows the logs of a session; lies over its session screen."""

    CSS_PATH = style_sheet("log")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]

    BINDINGS = [
        BACK,
        Binding("o", "outline", "Outline", tooltip="The actions of the session, to jump to", id="outline"),
        Binding("c", "why", "Why", tooltip="Why it failed, on one screen", id="why"),
        Binding(
            "tab",
            "other('worker')",
            "Worker log",
            key_display="tab",
            tooltip="Session log or worker log",
            id="other",
        ),
        Binding(
            "tab",
            "other('session')",
            "Session log",
            key_display="tab",
            tooltip="Session log or worker log",
            id="other",
        ),
        Binding("tab", "read", "Log", key_display="tab", tooltip="From the outline to the log", id="other"),
        Binding(
            "i",
            "both",
            "Both logs",
            show=False,
            tooltip="Session and worker log, merged by time",
            id="both-logs",
        ),
        Binding(
            "a",
            "all",
            "All events",
            show=False,
            tooltip="Worker log: all events of the worker, or this session's only",
            id="all-events",
        ),
        replace(NOW, show=False, tooltip="Refresh"),
        replace(PAUSE, show=False),
        ACT,
        ASK,
        HELP,
        QUIT,
    ]

    def __init__(self, place: Place, action_id: str | None = None, line: Line | None = None) -> None:
        """Begins at the first line of an action, as soon as it is read, or at a line; else at the end."""
        super().__init__(place)
        self._outline = OutlineRows()
        self._pending = action_id
        self._first_line = line
        self._ends: dict[int, tuple[int, int]] = {}

    # --- what is shown --------------------------------------------------------------------------------

    def lanes_read(self) -> tuple[int, ...]:
        """Both, whichever is in sight."""
        return (SESSION, WORKER)

    @cached_property
    def _browser(self) -> Browser:
        return self.logs.browser

    @cached_property
    def _panel(self) -> LogPanel:
        return LogPanel(self._browser, self.place.ref.session_id, self._read_the_rest)

    @property
    def view(self) -> LogView:
        """The lines."""
        return self._panel.view

    @property
    def lane(self) -> int:
        """The lane that the edges tell about."""
        return self._browser.in_sight[0]

    def crumb(self) -> tuple[str, ...]:
        """Which log is looked at."""
        return (str(self._browser.shown),)

    def wake(self) -> None:
        """Follow the session and both logs, the one in sight before the other."""
        super().wake()
        self.logs.look_at(self._browser.in_sight)

    def body(self) -> ComposeResult:
        """Notes on the logs; below them the outline and the panel with the lines."""
        yield Static(id="notes")
        with Horizontal(id="log-body"):
            yield VirtualTable(OUTLINE_COLUMNS, empty="No action has written yet.", id="outline")
            yield self._panel

    def on_mount(self) -> None:
        """Give the view the focus, and put it on the line that was asked for, if one was."""
        self.query_one("#outline", VirtualTable).rows = self._outline
        self.view.focus()
        self.view.grew()
        if self._first_line is not None:
            self._browser.shown = Shown.SESSION if self._first_line[0] == SESSION else Shown.WORKER
            self.view.changed()
            self.view.go_to(self._first_line)

    def take_log(self, lane: int) -> None:
        """Show the lines that have come in, and go to the action that was asked for, once it is read."""
        store = self._browser.lanes[lane].store
        ends = (store.first, store.end)
        if self._ends.get(lane) != ends:
            self._ends[lane] = ends
            if lane in self._browser.in_sight:
                self.view.grew()
        self._go_where_wanted()

    # --- drawing --------------------------------------------------------------------------------------

    def draw(self, now: datetime) -> None:
        """Bring all but the lines up to date: edges, notes, why there are no lines, state, outline."""
        session, log = self.session, self._log_to_tell_of()
        what: list[Part] = [lifecycle(session.lifecycle_status)] if session is not None else []
        fresh = None if log is None else self.log_freshness(log, now)
        if log is None or fresh is None:
            fresh = self.session_freshness(now)
            self.draw_edges(what, fresh, now)
        else:
            self.draw_edges(what, fresh, now, log.rhythm)
        self._draw_notes(session)
        self._draw_empty(session, now)
        over, live = fresh.state is State.FINAL, fresh.state is State.LIVE
        self._panel.show_state(self._how_far(now), is_read=log is not None, over=over, live=live)
        self._draw_outline(now)

    def _log_to_tell_of(self) -> LogSnapshot | None:
        """Of two logs in sight the one that may still grow: both together are final when each of them is."""
        logs = [self.reading.snapshot(lane) for lane in self._browser.in_sight]
        read = [one for one in logs if one.log is not None]
        return next(
            (one for one in read if one.log is not None and not one.log.over), read[0] if read else None
        )

    def _draw_notes(self, session: Session | None) -> None:
        box = self.query_one("#notes", Static)
        parts = [
            part for lane in self._browser.in_sight for part in notes(session, self.logs.found[lane], lane)
        ]
        box.display = bool(parts) and self.view.rows > 0
        put(box, content(*(one for part in parts for one in (part, "\n"))).rstrip())

    def _draw_empty(self, session: Session | None, now: datetime) -> None:
        view = self.view
        if view.rows:
            return
        empty = reasons(self.logs, session, self.lane, now)
        if empty != view.empty:
            view.empty = empty
            view.refresh()

    def _how_far(self, now: datetime) -> list[Part]:
        """How much of the log is read, and what is being waited for."""
        parts: list[Part] = []
        log, session = self.reading.snapshot(self.lane).log, self.session
        if log is not None and log.seen_at is not None:
            first_at = self._browser.lanes[self.lane].store.first_at()
            started = session.started_at if session is not None else None
            parts = how_far(log, self.view.rows, first_at, started, now)
        if self._pending is not None:
            parts.append(("   reading back to the action's first line…", "accent"))
        return parts

    # --- the outline ----------------------------------------------------------------------------------

    def _draw_outline(self, now: datetime) -> None:
        table = self.query_one("#outline", VirtualTable)
        if not table.display:
            return
        outline, steps = self._browser.lanes[SESSION].outline, self.actions.steps
        if self._outline.show(outline, steps, now):
            table.rows_changed()
        entitle(table, content(("Outline", "")))
        cursor = self.view.cursor
        section = None if cursor is None or table.has_focus else self._browser.section_of(cursor)
        if section is not None and table.cursor_key != str(section.head):
            table.cursor_key = str(section.head)

    def action_outline(self) -> None:
        """Show the outline and go there, or hide it and go back to the lines."""
        table = self.query_one("#outline", VirtualTable)
        table.display = not table.display
        self.redraw()
        (table if table.display else self.view).focus()

    @on(VirtualTable.RowSelected, "#outline")
    def _go_to_section(self, message: VirtualTable.RowSelected) -> None:
        if self._browser.shown is Shown.WORKER:
            self._show(Shown.SESSION)
        self.view.focus()
        self.view.go_to((SESSION, int(message.key)), centre=False)

    @property
    def action_in_sight(self) -> SessionAction | None:
        """The action whose section the cursor is in."""
        cursor = self.view.cursor
        section = None if cursor is None else self._browser.section_of(cursor)
        if section is None:
            return None
        return self._browser.lanes[SESSION].outline.actions.get(section.head)

    def choices(self) -> Sequence[Choice]:
        """To end the session while it has not ended, and what can be done to the task whose lines the cursor
        is in."""
        action = self.action_in_sight
        return self.choices_about(None if action is None else self.action(action.action_id))

    def action_why(self) -> None:
        """Show why the session failed, over the log."""
        self.post_message(ShowWhy(self.place))

    # --- going somewhere ------------------------------------------------------------------------------

    def _go_where_wanted(self) -> None:
        """To the action that was asked for, once its lines are here."""
        action, log = self.action(self._pending), self.reading.snapshot(SESSION).log
        if action is None or action.started_at is None or log is None or not self.is_mounted:
            return
        if log.seen_at is None:
            return
        if self.reading.want_time(SESSION, milliseconds(action.started_at) - BEFORE):
            return
        self._pending = None
        self.view.grew()
        number = self.logs.line_of(action, self.actions.actions)
        if number is not None:
            self.view.go_to((SESSION, number), centre=False)

    @on(LogView.NearStart)
    def _read_back(self) -> None:
        for lane in self._browser.in_sight:
            if lane == WORKER and self._browser.reduction.own_only and self.session is not None:
                self.reading.want_time(lane, milliseconds(self.session.started_at), at_once=True)
            elif not (self.view.following and self.view.rows > self.view.size.height):
                self.reading.want_lines(lane, self._browser.lanes[lane].store.first - MORE_LINES)

    @on(LogPanel.WantsAll)
    def _read_all(self) -> None:
        for lane in self._browser.in_sight:
            self.reading.want_time(lane, float("-inf"), at_once=True)

    async def _read_the_rest(self) -> bool:
        """Wait for the lines that are still to be read; whether all are there in the end."""
        lanes = [lane for lane in self._browser.in_sight if self.reading.snapshot(lane).log is not None]
        for lane in lanes:
            store = self._browser.lanes[lane].store
            first, waited = store.first, 0.0
            while (
                self.reading.want_time(lane, float("-inf"), at_once=waited == 0.0) and waited < LONGEST_WAIT
            ):
                log = self.reading.snapshot(lane).log
                if log is None or log.fault is not None:
                    break
                await asyncio.sleep(0.1)
                waited = waited + 0.1 if store.first == first else 0.1
                first = store.first
        self.view.grew()
        logs = [self.reading.snapshot(lane).log for lane in lanes]
        return all(log is not None and log.whole and not log.dropped for log in logs)

    @on(LogView.Moved)
    @on(LogPanel.Changed)
    def _moved(self) -> None:
        self.redraw()

    # --- what is shown --------------------------------------------------------------------------------

    def _show(self, shown: Shown) -> None:
        self._browser.shown = shown
        self.logs.look_at(self._browser.in_sight)
        self.view.unmark()
        self.refresh_bindings()
        if WORKER in self._browser.in_sight:
            self._read_back()
        self._changed()

    def _changed(self) -> None:
        self.view.changed()
        self.redraw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """One key leads from the outline to the log, from there to the other log, and nowhere from a
        prompt."""
        in_outline = isinstance(self.focused, VirtualTable)
        if action == "read":
            return in_outline
        if action == "other":
            other = "session" if self._browser.shown is Shown.WORKER else "worker"
            return parameters == (other,) and not in_outline and not isinstance(self.focused, Input)
        return True

    def action_read(self) -> None:
        """Go from the outline to the lines; the outline stays."""
        self.view.focus()

    def action_other(self, which: str) -> None:
        """Show one log alone: ``which`` is ``session`` or ``worker``."""
        self._show(Shown.SESSION if which == "session" else Shown.WORKER)

    def action_both(self) -> None:
        """Show both logs merged by time, or the session's alone again."""
        self._show(Shown.SESSION if self._browser.shown is Shown.BOTH else Shown.BOTH)

    def action_all(self) -> None:
        """In the worker's log, show all its events or this session's only; elsewhere go to it, with all."""
        if self._browser.shown is Shown.WORKER:
            self._browser.reduce(own_only=not self._browser.reduction.own_only)
            self._read_back()
            self._changed()
        else:
            self._browser.reduce(own_only=False)
            self._show(Shown.WORKER)

    # --- back -----------------------------------------------------------------------------------------

    def action_up(self) -> None:
        """From the outline to the lines; else give up a selection, the filter or the search; else go back, to
        the action in sight."""
        if self.query_one("#outline", VirtualTable).has_focus:
            self.view.focus()
        elif not self._panel.give_up():
            action = self.action_in_sight
            self.post_message(GoBack(None if action is None else action.action_id))

    def chosen_id(self) -> str | None:
        """The session's, whatever line the cursor is on."""
        return self.place.session_id
