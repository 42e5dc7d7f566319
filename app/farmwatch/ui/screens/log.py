"""The log screen: what a session's processes and its worker have written, as it is written."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Input, Static

from farmwatch.cloud.model import Session
from farmwatch.cloud.session_action import SessionAction
from farmwatch.ui.log_rows import OUTLINE_COLUMNS, OutlineRows
from farmwatch.ui.log_words import how_far, notes, reasons
from farmwatch.ui.place import Place
from farmwatch.ui.screens.following import BACK, HELP, NOW, PAUSE, QUIT, FollowingScreen
from farmwatch.ui.text import Part, content, lifecycle
from farmwatch.ui.widgets.lines import Crumbs, entitle, put
from farmwatch.ui.widgets.log_panel import LogPanel
from farmwatch.ui.widgets.log_view import LogView
from farmwatch.ui.widgets.virtual_table import VirtualTable
from farmwatch.watch.actions import ActionsTarget
from farmwatch.watch.freshness import State
from farmwatch.watch.logs.browse import Line, Shown
from farmwatch.watch.logs.lines import SESSION, WORKER
from farmwatch.watch.logs.sources import SessionLogs, milliseconds
from farmwatch.watch.logs.tail import LogTail
from farmwatch.watch.target import News, Target
from farmwatch.watch.tracker import SessionTarget

MORE_LINES = 5_000
"""Lines read back at once when somebody comes near the first."""

LONGEST_WAIT = 30.0
"""Seconds without a single new line after which older ones are no longer waited for."""

BEFORE = 2_000
"""Milliseconds before an action's start from which on its lines are wanted: clocks are not that exact."""


class LogScreen(FollowingScreen):
    """Follows the logs of a session; lies over its session screen, and takes over what that one follows."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]

    BINDINGS = [
        BACK,
        Binding("o", "outline", "Outline", tooltip="The actions of the session, to jump to"),
        Binding("c", "why", "Why", tooltip="Why it failed, on one screen"),
        Binding(
            "tab", "other('worker')", "Worker log", key_display="tab", tooltip="Session log or worker log"
        ),
        Binding(
            "tab", "other('session')", "Session log", key_display="tab", tooltip="Session log or worker log"
        ),
        Binding("tab", "read", "Log", key_display="tab", tooltip="From the outline to the log"),
        Binding("i", "both", "Both logs", show=False, tooltip="Session and worker log, merged by time"),
        Binding(
            "a",
            "all",
            "All events",
            show=False,
            tooltip="Worker log: all events of the worker, or this session's only",
        ),
        replace(NOW, show=False, tooltip="Refresh"),
        replace(PAUSE, show=False),
        HELP,
        QUIT,
    ]

    def __init__(
        self, place: Place, session: SessionTarget, actions: ActionsTarget, logs: SessionLogs
    ) -> None:
        super().__init__(place)
        self._session_target = session
        self._action_target = actions
        self.logs = logs
        self._browser = logs.browser
        self._outline = OutlineRows()
        self._pending: SessionAction | None = None
        self._first_line: Line | None = None
        self._panel = LogPanel(logs.browser, place.ref.session_id, self._read_the_rest)
        self._ends: dict[int, tuple[int, int]] = {}

    # --- what is followed -----------------------------------------------------------------------------

    @property
    def session(self) -> Session | None:
        return self._session_target.observed.session

    @property
    def view(self) -> LogView:
        return self._panel.view

    @property
    def lane(self) -> int:
        """The lane that the edges tell about."""
        return self._browser.in_sight[0]

    @property
    def tail(self) -> LogTail | None:
        return self.logs.tails.get(self.lane)

    def target(self) -> SessionTarget:
        return self._session_target

    def beside(self) -> tuple[Target, ...]:
        return (self._action_target, *self.logs.tails.values())

    def crumb(self) -> tuple[str, ...]:
        return (str(self._browser.shown),)

    def follow(self) -> None:
        if self.session is not None:
            self.logs.take(self.session)
        self.logs.know(self._action_target.observed.actions)
        self.logs.look_at(self._browser.in_sight)
        super().follow()

    def body(self) -> ComposeResult:
        yield Static(id="notes")
        with Horizontal(id="log-body"):
            yield VirtualTable(OUTLINE_COLUMNS, empty="No action has written yet.", id="outline")
            yield self._panel

    def on_mount(self) -> None:
        self.query_one("#outline", VirtualTable).rows = self._outline
        self.view.focus()
        self.view.grew()
        if self._first_line is not None:
            self.view.go_to(self._first_line)
        super().on_mount()

    def hear(self, news: News) -> None:
        lane = self.logs.lane_of(news.key)
        if news.key == self._session_target.key and self.session is not None:
            for tail in self.logs.take(self.session):
                self.farmwatch.poller.follow(tail)
        if news.key == self._action_target.key:
            self.logs.know(self._action_target.observed.actions)
        if lane is not None:
            store = self._browser.lanes[lane].store
            ends = (store.first, store.end)
            if self._ends.get(lane) != ends:
                self._ends[lane] = ends
                if lane in self._browser.in_sight:
                    self.view.grew()
            self._go_where_wanted()
        super().hear(news)

    # --- drawing --------------------------------------------------------------------------------------

    def draw(self, now: datetime) -> None:
        session, tail = self.session, self._tail_to_tell_of()
        what: list[Part] = [lifecycle(session.lifecycle_status)] if session is not None else []
        if tail is None:
            observed_session = self._session_target.observed
            fresh = self.freshness_of(observed_session, now, final=observed_session.is_final)
            self.draw_edges(what, fresh, now)
        else:
            observed = tail.observed
            fresh = self.freshness_of(observed, now, beside=tail, final=observed.over)
            self.draw_edges(what, fresh, now, self.rhythm_of(tail))
        self._draw_notes(session)
        self._draw_empty(session, now)
        over, live = fresh.state is State.FINAL, fresh.state is State.LIVE
        self._panel.show_state(self._how_far(now), is_read=tail is not None, over=over, live=live)
        self._draw_outline(now)

    def _tail_to_tell_of(self) -> LogTail | None:
        """Of two logs in sight the one that may still grow: both together are final when each of them is."""
        tails = [self.logs.tails[lane] for lane in self._browser.in_sight if lane in self.logs.tails]
        return next((tail for tail in tails if not tail.observed.over), tails[0] if tails else None)

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
        tail, session = self.tail, self.session
        if tail is not None and tail.observed.seen_at is not None:
            first_at = self._browser.lanes[self.lane].store.first_at()
            started = session.started_at if session is not None else None
            parts = how_far(tail.observed, self.view.rows, first_at, started, now)
        if self._pending is not None:
            parts.append(("   reading back to the action's first line…", "accent"))
        return parts

    # --- the outline ----------------------------------------------------------------------------------

    def _draw_outline(self, now: datetime) -> None:
        table = self.query_one("#outline", VirtualTable)
        if not table.display:
            return
        outline, steps = self._browser.lanes[SESSION].outline, self._action_target.observed.steps
        if self._outline.show(outline, steps, now):
            table.rows_changed()
        entitle(table, content(("Outline", "")))
        cursor = self.view.cursor
        section = None if cursor is None or table.has_focus else self._browser.section_of(cursor)
        if section is not None and table.cursor_key != str(section.head):
            table.cursor_key = str(section.head)

    def action_outline(self) -> None:
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

    def action_why(self) -> None:
        from farmwatch.ui.screens.why import WhyScreen

        self.app.push_screen(WhyScreen(self.place, self._session_target, self._action_target, self.logs))

    # --- going somewhere ------------------------------------------------------------------------------

    def go_to_action(self, action: SessionAction) -> None:
        """Show the first line of an action, as soon as it is read."""
        self._pending = action
        if self.is_mounted:
            self._go_where_wanted()

    def start_at(self, line: Line) -> None:
        """Begin with the cursor on a line."""
        self._browser.shown = Shown.SESSION if line[0] == SESSION else Shown.WORKER
        self._first_line = line

    def _go_where_wanted(self) -> None:
        """To the action that was asked for, once its lines are here."""
        action, tail = self._pending, self.logs.tails.get(SESSION)
        if action is None or action.started_at is None or tail is None or not self.is_mounted:
            return
        if tail.observed.seen_at is None:
            return
        if tail.want_time(milliseconds(action.started_at) - BEFORE):
            self.farmwatch.poller.soon(tail.key, 0)
            return
        self._pending = None
        self.view.grew()
        number = self.logs.line_of(action, self._action_target.observed.actions)
        if number is not None:
            self.view.go_to((SESSION, number), centre=False)

    @on(LogView.NearStart)
    def _read_back(self) -> None:
        for lane in self._browser.in_sight:
            tail = self.logs.tails.get(lane)
            if tail is None or tail.observed.seen_at is None:
                continue
            if lane == WORKER and self._browser.reduction.own_only and self.session is not None:
                wanted = tail.want_time(milliseconds(self.session.started_at))
            elif self.view.following and self.view.rows > self.view.size.height:
                wanted = False
            else:
                wanted = tail.want_lines(self._browser.lanes[lane].store.first - MORE_LINES)
            if wanted:
                self.farmwatch.poller.now(tail.key)

    @on(LogPanel.WantsAll)
    def _read_all(self) -> None:
        for lane in self._browser.in_sight:
            tail = self.logs.tails.get(lane)
            if tail is not None and tail.want_time(float("-inf")):
                self.farmwatch.poller.now(tail.key)

    async def _read_the_rest(self) -> bool:
        """Wait for the lines that are still to be read; whether all are there in the end."""
        tails = [self.logs.tails[lane] for lane in self._browser.in_sight if lane in self.logs.tails]
        for tail in tails:
            first, waited = tail.store.first, 0.0
            while tail.want_time(float("-inf")) and tail.observed.fault is None and waited < LONGEST_WAIT:
                if waited == 0.0:
                    self.farmwatch.poller.now(tail.key)
                await asyncio.sleep(0.1)
                waited = waited + 0.1 if tail.store.first == first else 0.1
                first = tail.store.first
        self.view.grew()
        return all(tail.observed.whole and not tail.store.dropped for tail in tails)

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
        # One key leads from the outline to the log, from there to the other log, and nowhere from a prompt.
        in_outline = isinstance(self.focused, VirtualTable)
        if action == "read":
            return in_outline
        if action == "other":
            other = "session" if self._browser.shown is Shown.WORKER else "worker"
            return parameters == (other,) and not in_outline and not isinstance(self.focused, Input)
        return True

    def action_read(self) -> None:
        self.view.focus()

    def action_other(self, which: str) -> None:
        self._show(Shown.SESSION if which == "session" else Shown.WORKER)

    def action_both(self) -> None:
        self._show(Shown.SESSION if self._browser.shown is Shown.BOTH else Shown.BOTH)

    def action_all(self) -> None:
        if self._browser.shown is Shown.WORKER:
            self._browser.reduce(own_only=not self._browser.reduction.own_only)
            self._read_back()
            self._changed()
        else:
            self._browser.reduce(own_only=False)
            self._show(Shown.WORKER)

    # --- back -----------------------------------------------------------------------------------------

    def action_up(self) -> None:
        if self.query_one("#outline", VirtualTable).has_focus:
            self.view.focus()
        elif not self._panel.give_up():
            self.app.pop_screen()

    @on(Crumbs.Chosen)
    def _leave_for(self, message: Crumbs.Chosen) -> None:
        # Its place is that of the session screen below.
        if message.place == self.place:
            message.stop()
            message.prevent_default()
            self.app.pop_screen()

    def chosen_id(self) -> str | None:
        return self.place.session_id
