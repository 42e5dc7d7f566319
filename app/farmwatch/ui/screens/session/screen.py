"""The session screen: one session's lifecycle, host, log configuration and every error it has shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Horizontal, Vertical
from textual.events import Resize
from textual.geometry import Size
from textual.widgets import Static

from farmwatch.aws.session_action import SessionAction
from farmwatch.listings.place import Place
from farmwatch.logs.lanes import SESSION
from farmwatch.polling.freshness import Freshness, State
from farmwatch.polling.schedule import faster, slower
from farmwatch.sessions.actions import ActionsObserved
from farmwatch.sessions.tracker import SessionObserved
from farmwatch.ui.content import content
from farmwatch.ui.marking import mark
from farmwatch.ui.navigation import ShowDetails, ShowLog, ShowWhy
from farmwatch.ui.screens.following import ACT, ASK, BACK, COPY_ID, HELP, MARK, NOW, PAUSE, QUIT
from farmwatch.ui.screens.session.rows import ACTION_COLUMNS, ERROR_COLUMNS, ActionRows, ErrorRows, error_rows
from farmwatch.ui.screens.session_following import SessionFollowing
from farmwatch.ui.themes import style_sheet
from farmwatch.ui.widgets.lines import age_part, entitle, put
from farmwatch.ui.widgets.live_log import LiveLog
from farmwatch.ui.widgets.session_panels import SessionPanels
from farmwatch.ui.widgets.virtual_table import VirtualTable
from farmwatch.words.action import action_counts, action_rows, notable
from farmwatch.words.session import errors_line, raw_rows
from farmwatch.words.text import Part, TimeStyle, brief, clock_time, lifecycle, muted

if TYPE_CHECKING:
    from farmwatch.monitor.update import Update
    from farmwatch.words.requests import Choice

MARKED_FOR = timedelta(seconds=8)
"""How long a change stays marked: a mark that goes with the next poll, two seconds later, is not seen."""

FOLDED = 4
"""Lines that everything but the tables is folded into on a low terminal..."""

FOLDED_TO_ONE = 14
"""...and the height (lines) below which one has to do."""


class SessionScreen(SessionFollowing):
    """Follows one session."""

    CSS_PATH = style_sheet("session")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-two-columns"), (160, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-high")]

    BINDINGS = [
        BACK,
        NOW,
        PAUSE,
        Binding(
            "plus,equals_sign",
            "faster",
            key_display="+/-",
            show=False,
            tooltip="Ask more, or less, often",
            id="faster",
        ),
        Binding("minus", "slower", show=False, id="slower"),
        Binding("t", "times", "Times", show=False, tooltip="Times local, UTC, or relative", id="times"),
        Binding("d", "details", "Details", show=False, tooltip="Full session details", id="details"),
        Binding(
            "D",
            "action_details",
            "Action",
            show=False,
            tooltip="Everything about the session action",
            id="action-details",
        ),
        Binding(
            "tab",
            "other_table('errors')",
            "Errors",
            key_display="tab",
            tooltip="Session actions or service errors",
            id="other",
        ),
        Binding(
            "tab",
            "other_table('actions')",
            "Actions",
            key_display="tab",
            tooltip="Session actions or service errors",
            id="other",
        ),
        Binding("l", "log", "Log", tooltip="Read the session's log and its worker's", id="log"),
        Binding("c", "why", "Why", tooltip="Why it failed, on one screen", id="why"),
        Binding(
            "w",
            "other_log",
            "Worker log",
            tooltip="Session log or worker log, where one fits only",
            id="other-log",
        ),
        COPY_ID,
        MARK,
        ACT,
        ASK,
        HELP,
        QUIT,
    ]

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._times = TimeStyle.LOCAL
        self._changed_at: dict[str, datetime] = {}
        self._seen_at: datetime | None = None
        self._actions = ActionRows()
        self._noted = ""
        self._errors_seen = ErrorRows()
        self._laid_out_for: Size | None = None
        # Here, not once it is mounted: everything on it would get its styles a second time.
        self.add_class("-no-errors", update=False)

    def lanes_read(self) -> tuple[int, ...]:
        """The session's log, where there is room to show its newest lines."""
        return (SESSION,) if self.has_class("-wide") else ()

    def body(self) -> ComposeResult:
        """The panels, below them the two tables with the lines that they fold into, and the newest of the
        log."""
        with Vertical(id="session-parts"):
            # Nothing is fresh before it was seen.
            yield SessionPanels(id="session-body", classes="-stale")
            with Horizontal(id="below"):
                with Vertical(id="tables"):
                    yield Static(id="actions-line")
                    with Container(id="actions", classes="box"):
                        asking = "Asking for the session actions…"
                        yield VirtualTable(ACTION_COLUMNS, empty=asking, id="action-table", classes="-stale")
                    with Container(id="errors", classes="box"):
                        yield VirtualTable(ERROR_COLUMNS, id="error-table")
                    yield Static(id="errors-line")
                yield LiveLog(id="live-log", classes="box")

    def on_mount(self) -> None:
        """Give the tables their rows, and that of the actions the focus."""
        self.action_table.rows = self._actions
        self.error_table.rows = self._errors_seen
        self.action_table.focus(scroll_visible=False)

    def on_resize(self, event: Resize) -> None:
        """What is drawn depends on the room there is, and that is known when it is laid out: draw after
        that."""
        if event.size != self._laid_out_for:
            self._laid_out_for = event.size
            self.call_after_refresh(self.redraw)

    @on(SessionPanels.Fitted)
    def _fit(self) -> None:
        """Draw the panels for the room that they have: it may be known only after what was drawn before."""
        if not self.query_one(SessionPanels).fits:
            self.redraw()

    @property
    def action_table(self) -> VirtualTable:
        """The table of the session actions."""
        return self.query_one("#action-table", VirtualTable)

    @property
    def error_table(self) -> VirtualTable:
        """The table of the service errors."""
        return self.query_one("#error-table", VirtualTable)

    # --- drawing --------------------------------------------------------------------------------------

    def take_session(self) -> None:
        """Note when each member changed, so that it stays marked for a while."""
        observed = self.observed
        if observed.seen_at is not None and observed.seen_at != self._seen_at:
            self._seen_at = observed.seen_at
            self._changed_at |= dict.fromkeys(observed.changed, observed.seen_at)

    def hear(self, update: Update) -> None:
        """Draw everything for news of the session; nothing but its own lines depends on a log."""
        if self.take(update) and self.is_current:
            if update.subject == self.place.ref:
                self.redraw()
            else:
                self._draw_log(self.farmwatch.clock.now())

    def draw(self, now: datetime) -> None:
        """Bring edges, panels, tables and log up to date, as many of them as there is room for."""
        observed = self.observed
        fresh = self.session_freshness(now)
        self.draw_edges(self._headline(fresh, now), fresh, now)
        changed = {name for name, at in self._changed_at.items() if now - at <= MARKED_FOR}
        self._changed_at = {name: at for name, at in self._changed_at.items() if name in changed}
        lines = (FOLDED if self.size.height >= FOLDED_TO_ONE else 1) if self.has_class("-low") else None
        panels = self.query_one(SessionPanels)
        panels.show(observed, fresh, changed, now, self._times, lines=lines, narrow=self.has_class("-narrow"))
        self._draw_tables(observed, now)
        # The terminal may have become wider or narrower.
        self.read_what_is_wanted()
        self._draw_log(now)

    def _headline(self, fresh: Freshness, now: datetime) -> list[Part]:
        session = self.observed.session
        interval = f"every {brief(self.rhythm.interval)}"
        if self.rhythm.interval > self.handle.interval:
            interval += " (no changes)"
        if session is None:
            return [(interval, "muted")]
        if fresh.is_gone:
            return [("not found any more; it was ", "warning"), lifecycle(session.lifecycle_status)]
        status = lifecycle(session.lifecycle_status)
        if fresh.state is State.FINAL:
            return [status]
        if fresh.is_fresh or fresh.age is None:
            return [status, (f"   {interval}", "muted")]
        return [(f"{status[0]} as of {clock_time(now - fresh.age, now, self._times)}", "muted")]

    def _draw_tables(self, observed: SessionObserved, now: datetime) -> None:
        snapshot = self.snapshot
        actions, errors = snapshot.actions, snapshot.errors
        age = self._draw_actions(actions, now)
        table = self.error_table
        if self._errors_seen.show(errors, now, self._times):
            table.rows_changed()
        is_new = self.has_class("-no-errors") == bool(errors)
        self.set_class(not errors, "-no-errors")
        if is_new:
            self.refresh_bindings()
        self.query_one("#errors").styles.max_height = len(errors) + 3
        still = sum(trouble.is_open for trouble in errors)
        counts: list[Part] = [(f"  {still} open", "error" if still else "muted")]
        counts.append((f", {len(errors) - still} over", "muted"))
        run = action_counts(actions.actions)
        if self.action_table.has_class("-stale"):
            run = muted(run)
        titles: dict[str, list[Part]] = {
            "actions": [("Session actions", "strong"), *run, ("   ", ""), age],
            "errors": [("Service errors", "strong"), *counts],
        }
        for name, title in titles.items():
            entitle(self.query_one(f"#{name}"), content(*title))
        turn: Part = ("   tab shows them", "muted")
        put(self.query_one("#actions-line", Static), content(*titles["actions"], turn))
        since = observed.moments[0].at if observed.moments else observed.seen_at
        line: list[Part] = errors_line(since, now, self._times)
        if errors:
            first = next((trouble for trouble in errors if trouble.is_open), errors[0])
            tone = "error" if first.is_open else "muted"
            line = [*titles["errors"], turn, (f"   {first.source.words}  {first.message}", tone)]
        put(self.query_one("#errors-line", Static), content(*line))

    def _draw_actions(self, observed: ActionsObserved, now: datetime) -> Part:
        """Returns how old the actions are, for the title of their box."""
        table, box = self.action_table, self.query_one("#actions")
        fresh = self.actions_freshness(now)
        stale = not fresh.is_fresh
        # What runs is not known to run on while it is not seen.
        as_of = observed.seen_at if stale and observed.seen_at else now
        if self._actions.show(observed, as_of, self._times) or table.has_class("-stale") != stale:
            table.set_class(stale, "-stale")
            table.rows_changed()
        elif not stale:
            for key in self._actions.going_on():
                table.row_changed(key)
        look_at = notable(observed.actions)
        # The cursor goes with what is worth looking at, until somebody moves it.
        goes_with = self._noted in ("", table.cursor_key)
        if goes_with and look_at is not None and look_at.action_id != self._noted:
            self._noted = table.cursor_key = look_at.action_id
        fault = observed.fault or observed.undetailed
        if observed.seen_at is None:
            table.empty = f"{fault.sentence}\n{fault.remedy}" if fault else "Asking for the session actions…"
        else:
            table.empty = "The worker has not been given anything yet."
        dated = ""
        if (fault is not None or stale) and observed.seen_at is not None:
            denied = (
                "" if stale or fault is None else f"without messages and exit codes ({fault.kind.value}) "
            )
            dated = f" {denied}as of {clock_time(observed.seen_at, now, self._times)} "
        entitle(box, subtitle=content(dated))
        return age_part(fresh, self.snapshot.actions_rhythm, now)

    # --- the newest lines of the log --------------------------------------------------------------------

    def _draw_log(self, now: datetime) -> None:
        if not self.has_class("-wide"):
            return
        from farmwatch.words.log import reasons

        fresh = self.log_freshness(self.reading.snapshot(SESSION), now)
        self.query_one(LiveLog).show(
            self.logs.browser.lanes[SESSION],
            self.farmwatch.severities,
            fresh,
            lambda: reasons(self.logs, self.session, SESSION, now),
            session_is_final=self.observed.is_final,
        )

    # --- keys -----------------------------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark the session, or take the mark off it."""
        mark(self.farmwatch, self.place, "")
        self.redraw()

    def action_faster(self) -> None:
        """Ask for the session more often: the next shorter interval, 1 s at the least."""
        self.handle.set_interval(faster(self.handle.interval))

    def action_slower(self) -> None:
        """Ask for the session less often: the next longer interval, 1 h at the most."""
        self.handle.set_interval(slower(self.handle.interval))

    def action_times(self) -> None:
        """Write times local, in UTC or relative: each press goes on to the next."""
        self._times = self._times.following
        self.redraw()

    def action_other_log(self) -> None:
        """Show the other log's configuration, where there is room for one only."""
        self.query_one(SessionPanels).turn_logs()

    def action_other_table(self, which: str) -> None:
        """Go to the ``errors``, or back to the ``actions``; on a low terminal one takes the other's place."""
        to_errors = which == "errors"
        self.set_class(to_errors, "-errors")
        (self.error_table if to_errors else self.action_table).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """``tab`` only where there are errors, ``w`` only where one of the two logs is out of sight."""
        if action == "other_table":
            other = "actions" if self.focused is self.error_table else "errors"
            return parameters == (other,) and not self.has_class("-no-errors")
        # Where both logs are on screen there is no other one to turn to.
        return action != "other_log" or (self.has_class("-narrow") and not self.has_class("-low"))

    def action_details(self) -> None:
        """Show every member of the newest reply and every status seen, whole, over this screen."""
        self.post_message(ShowDetails("Session", raw_rows(self.observed)))

    def action_action_details(self) -> None:
        """Show everything about the action under the cursor, over this screen."""
        action = self._action_under_cursor()
        if action is not None:
            self._show_action(action)

    def came_back(self, action_id: str | None) -> None:
        """On with the action that was read about in the log."""
        if action_id is not None:
            self.action_table.cursor_key = action_id

    def choices(self) -> Sequence[Choice]:
        """To end the session while it has not, and what can be done to the task under the cursor."""
        return self.choices_about(self._action_under_cursor())

    def action_log(self) -> None:
        """Show the logs of the session, over this screen."""
        self.post_message(ShowLog(self.place))

    def action_why(self) -> None:
        """Show why the session failed, over this screen."""
        self.post_message(ShowWhy(self.place))

    def _action_under_cursor(self) -> SessionAction | None:
        index = self._actions.index(self.action_table.cursor_key or "")
        return None if index is None else self._actions.actions[index]

    @on(VirtualTable.RowSelected, "#action-table")
    def _show_in_log(self, message: VirtualTable.RowSelected) -> None:
        index = self._actions.index(message.key)
        if index is None:
            return
        action = self._actions.actions[index]
        if action.started_at is None:
            # Nothing of it is in any log.
            self._show_action(action)
            return
        self.post_message(ShowLog(self.place, action_id=action.action_id))

    def _show_action(self, action: SessionAction) -> None:
        rows = action_rows(action, self._actions.actions, self._actions.steps, self.farmwatch.clock.now())
        self.post_message(ShowDetails("Session action", rows))

    @on(VirtualTable.RowSelected, "#error-table")
    def _show_trouble(self, message: VirtualTable.RowSelected) -> None:
        index = self._errors_seen.index(message.key)
        if index is None:
            return
        rows = error_rows(self._errors_seen.errors[index])
        self.post_message(ShowDetails("Error", rows))

    def chosen_id(self) -> str | None:
        """The session's, whatever is under the cursor."""
        return self.place.session_id
