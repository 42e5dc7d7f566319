"""The session screen: one session's lifecycle, host, log configuration and every error it has shown."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from farmwatch.cloud.session_action import SessionAction
from farmwatch.ui.action_text import action_counts, action_rows, notable
from farmwatch.ui.place import Place
from farmwatch.ui.screens.details import DetailsScreen
from farmwatch.ui.screens.following import BACK, COPY_ID, HELP, NOW, PAUSE, QUIT, FollowingScreen
from farmwatch.ui.session_rows import ACTION_COLUMNS, TROUBLE_COLUMNS, ActionRows, TroubleRows, trouble_rows
from farmwatch.ui.session_text import (
    MOMENTS_SHOWN,
    host_parts,
    host_parts_folded,
    log_parts,
    log_title,
    moment_parts,
    raw_rows,
    session_parts,
)
from farmwatch.ui.text import Part, TimeStyle, brief, clock_time, content, lifecycle, muted
from farmwatch.ui.widgets.lines import age_part, entitle, put
from farmwatch.ui.widgets.virtual_table import VirtualTable
from farmwatch.watch.actions import ActionsObserved, ActionsTarget
from farmwatch.watch.cadence import faster, slower
from farmwatch.watch.entries import Records
from farmwatch.watch.freshness import Freshness, State
from farmwatch.watch.target import News
from farmwatch.watch.tracker import SessionObserved, SessionTarget

if TYPE_CHECKING:
    from farmwatch.ui.screens.log import LogScreen
    from farmwatch.watch.logs.sources import SessionLogs

MARKED_FOR = timedelta(seconds=8)
"""How long a change stays marked: a mark that goes with the next poll, two seconds later, is not seen."""


PANELS = ("session", "host", "log", "worker-log")


class SessionScreen(FollowingScreen):
    """Follows one session."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-two-columns")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-high")]

    BINDINGS = [
        BACK,
        NOW,
        PAUSE,
        Binding(
            "plus,equals_sign", "faster", key_display="+/-", show=False, tooltip="Ask more, or less, often"
        ),
        Binding("minus", "slower", show=False),
        Binding("t", "times", "Times", show=False, tooltip="Times local, UTC, or relative"),
        Binding("d", "details", "Details", show=False, tooltip="Every member of the reply, whole"),
        Binding("D", "action_details", "Action", show=False, tooltip="Everything about the session action"),
        Binding("tab", "other_table", "Errors", key_display="tab", tooltip="Session actions or errors"),
        Binding("l", "log", "Log", tooltip="Read the session's log and its worker's"),
        Binding("c", "why", "Why", tooltip="Why it failed, on one screen"),
        Binding("w", "other_log", "Other", tooltip="Session log or worker log, where one fits only"),
        COPY_ID,
        HELP,
        QUIT,
    ]

    def __init__(self, place: Place, interval: timedelta, records: Records | None = None) -> None:
        super().__init__(place)
        self._action_target = ActionsTarget(place.ref, records, somebody_looks=True)
        self._target = SessionTarget(place.ref, interval, records, self._action_target)
        self._times = TimeStyle.LOCAL
        self._changed_at: dict[str, datetime] = {}
        self._actions = ActionRows()
        self._noted = ""
        self._troubles = TroubleRows()
        self._shown_log = ""
        self._logs: SessionLogs | None = None
        self._log: LogScreen | None = None

    @property
    def observed(self) -> SessionObserved:
        return self.news.observed if self.news else self._target.observed

    def target(self) -> SessionTarget:
        return self._target

    def beside(self) -> tuple[ActionsTarget]:
        return (self._action_target,)

    def body(self) -> ComposeResult:
        with VerticalScroll(id="session-body"):
            with Container(id="top"):
                yield Static(id="session", classes="box")
                yield Static(id="host", classes="box")
            with Container(id="logs"):
                yield Static(id="log", classes="box")
                yield Static(id="worker-log", classes="box")
            with Container(id="actions", classes="box"):
                yield VirtualTable(ACTION_COLUMNS, empty="Asking for the session actions…", id="action-table")
            with Container(id="errors", classes="box"):
                yield VirtualTable(TROUBLE_COLUMNS, empty="Nothing seen yet.", id="error-table")

    def on_mount(self) -> None:
        self.action_table.rows = self._actions
        self.error_table.rows = self._troubles
        self.action_table.focus(scroll_visible=False)
        for name, title in (("session", "Session"), ("host", "Host")):
            entitle(self.query_one(f"#{name}"), content(title))
        super().on_mount()

    @property
    def action_table(self) -> VirtualTable:
        return self.query_one("#action-table", VirtualTable)

    @property
    def error_table(self) -> VirtualTable:
        return self.query_one("#error-table", VirtualTable)

    # --- drawing --------------------------------------------------------------------------------------

    def hear(self, news: News) -> None:
        if news.key == self._followed:
            seen = news.observed.seen_at
            if seen is not None and seen != self.observed.seen_at:
                self._changed_at |= dict.fromkeys(news.observed.changed, seen)
        super().hear(news)

    def draw(self, now: datetime) -> None:
        observed = self.observed
        fresh = self.freshness_of(observed, now, final=observed.is_final)
        self.draw_edges(self._headline(fresh, now), fresh, now)
        self._draw_panels(observed, fresh, now)
        self._draw_tables(observed, now)
        body = self.query_one("#session-body")
        body.set_class(not fresh.is_fresh, "-stale")
        body.set_class(observed.is_final, "-ended")

    def _headline(self, fresh: Freshness, now: datetime) -> list[Part]:
        session = self.observed.session
        interval = f"every {brief(self.rhythm.interval)}"
        if self.rhythm.interval > self._target.cadence.interval:
            interval += ", for nothing changes"
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

    def _draw_panels(self, observed: SessionObserved, fresh: Freshness, now: datetime) -> None:
        session = observed.session
        changed = {name for name, at in self._changed_at.items() if now - at <= MARKED_FOR}
        self._changed_at = {name: at for name, at in self._changed_at.items() if name in changed}
        panels = {name: self.query_one(f"#{name}", Static) for name in PANELS}
        dated = ""
        if not fresh.is_fresh and fresh.age is not None:
            dated = f" as of {clock_time(now - fresh.age, now, self._times)} "
        for panel in panels.values():
            entitle(panel, subtitle=content(dated))
        if session is None:
            self._draw_nothing(panels, fresh)
            return
        width = {name: max(20, panel.content_size.width) for name, panel in panels.items()}
        folded = self.has_class("-narrow")
        as_of = now if fresh.is_fresh or observed.seen_at is None else observed.seen_at
        status = session_parts(
            observed, changed, now, self._times, width["session"], as_of=as_of, folded=folded
        )
        host = (host_parts_folded if folded else host_parts)(session, changed, width["host"])
        worker_log = "worker_log" in changed
        for name, parts in (
            ("session", status),
            ("host", host),
            ("log", log_parts(session.log, "log", "log" in changed, width["log"], folded=folded)),
            (
                "worker-log",
                log_parts(session.worker_log, "workerLog", worker_log, width["worker-log"], folded=folded),
            ),
        ):
            put(panels[name], content(*parts))
        titles = log_title("Session log", session.log), log_title("Worker log", session.worker_log)
        self._draw_log_titles(panels, *(title if fresh.is_fresh else muted(title) for title in titles))
        if not self._shown_log:
            # Where only one fits, the one with an error comes first.
            only_worker = session.log.error is None and session.worker_log and session.worker_log.error
            self._show_log("worker-log" if only_worker else "log")

    def _draw_log_titles(self, panels: dict[str, Static], log: list[Part], worker_log: list[Part]) -> None:
        titles = {"log": log, "worker-log": worker_log}
        if self.has_class("-narrow"):
            other: Part = ("   w: ", "muted")
            titles = {"log": [*log, other, *worker_log], "worker-log": [*worker_log, other, *log]}
        for name, title in titles.items():
            entitle(panels[name], content(*title))

    def _draw_nothing(self, panels: dict[str, Static], fresh: Freshness) -> None:
        fault = fresh.fault
        words = content(("Asking for the session…", "muted"))
        if fault is not None:
            words = content((fault.sentence, "error"), ("\n" + fault.remedy, ""))
        if self.observed.moments:
            now, moments = self.farmwatch.clock.now(), self.observed.moments
            before = moment_parts(moments, now, self._times, MOMENTS_SHOWN)
            words = Content.assemble(content(("Seen before:\n", "muted"), *before), words)
        put(panels["session"], words)
        for name, title in (("host", "Host"), ("log", "Session log"), ("worker-log", "Worker log")):
            entitle(panels[name], content(title))
            put(panels[name], content(("Not known yet.", "muted")))

    def _draw_tables(self, observed: SessionObserved, now: datetime) -> None:
        actions = self._action_target.observed
        age = self._draw_actions(actions, now)
        troubles = sorted(
            (*observed.troubles, *actions.troubles), key=lambda one: (one.last_at, one.first_at), reverse=True
        )
        table = self.error_table
        if self._troubles.show(tuple(troubles), now, self._times):
            table.rows_changed()
        still = sum(trouble.is_open for trouble in troubles)
        if observed.seen_at is not None:
            since = observed.moments[0].at if observed.moments else observed.seen_at
            table.empty = f"No errors seen since {clock_time(since, now, self._times)}."
        counts: list[Part] = []
        if troubles:
            counts = [(f"  {still} open", "error" if still else "muted")]
            counts.append((f", {len(troubles) - still} over", "muted"))
        run = action_counts(actions.actions)
        if self.action_table.has_class("-stale"):
            run = muted(run)
        titles = {
            "actions": [
                ("Session actions", ""),
                *(muted(run) if self.action_table.has_class("-stale") else run),
                ("   ", ""),
                age,
            ],
            "errors": [("Errors", ""), *counts],
        }
        if self.has_class("-low"):
            other: Part = ("   tab: ", "muted")
            shown, hidden = titles["actions"], titles["errors"]
            titles = {"actions": [*shown, other, *hidden], "errors": [*hidden, other, *shown]}
        for name, title in titles.items():
            entitle(self.query_one(f"#{name}"), content(*title))

    def _draw_actions(self, observed: ActionsObserved, now: datetime) -> Part:
        """Returns how old the actions are, for the title of their box."""
        table, box = self.action_table, self.query_one("#actions")
        over = self.observed.is_final and all(action.is_final for action in observed.actions)
        fresh = self.freshness_of(observed, now, beside=self._action_target, final=over)
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
        return age_part(fresh, self.rhythm_of(self._action_target), now)

    # --- keys -----------------------------------------------------------------------------------------

    def action_faster(self) -> None:
        self._set_interval(faster(self._target.cadence.interval))

    def action_slower(self) -> None:
        self._set_interval(slower(self._target.cadence.interval))

    def _set_interval(self, interval: timedelta) -> None:
        if self._followed is not None:
            self.farmwatch.poller.set_interval(self._followed, interval)

    def action_times(self) -> None:
        self._times = self._times.following
        self.redraw()

    def action_other_log(self) -> None:
        self._show_log("log" if self._shown_log == "worker-log" else "worker-log")

    def _show_log(self, name: str) -> None:
        self._shown_log = name
        self.query_one("#logs").set_class(name == "worker-log", "-worker")

    def action_other_table(self) -> None:
        to_errors = self.focused is not self.error_table
        self.set_class(to_errors, "-errors")
        (self.error_table if to_errors else self.action_table).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        # Where both logs are on screen there is no other one to turn to.
        return action != "other_log" or self.has_class("-narrow")

    def action_details(self) -> None:
        self.app.push_screen(DetailsScreen("Session", raw_rows(self.observed)))

    def action_action_details(self) -> None:
        action = self._action_under_cursor()
        if action is not None:
            self._show_action(action)

    @property
    def logs(self) -> SessionLogs:
        """Both logs, with what has been read of them; from when they were first looked at."""
        if self._logs is None:
            from farmwatch.watch.logs.sources import SessionLogs

            app = self.farmwatch
            self._logs = SessionLogs(self.place.ref, app.log_budget, app.severities, app.recorder)
        return self._logs

    def _log_screen(self) -> LogScreen:
        # Imported when it is wanted: most sessions are looked at without their logs.
        from farmwatch.ui.screens.log import LogScreen

        self._log = LogScreen(self.place, self._target, self._action_target, self.logs)
        return self._log

    def on_screen_resume(self) -> None:
        # Back from the log: on with the action that was read about there.
        seen, self._log = None if self._log is None else self._log.action_in_sight, None
        if seen is not None:
            self.action_table.cursor_key = seen.action_id
        super().on_screen_resume()

    def action_log(self) -> None:
        self.app.push_screen(self._log_screen())

    def action_why(self) -> None:
        from farmwatch.ui.screens.why import WhyScreen

        self.app.push_screen(WhyScreen(self.place, self._target, self._action_target, self.logs))

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
        screen = self._log_screen()
        screen.go_to_action(action)
        self.app.push_screen(screen)

    def _show_action(self, action: SessionAction) -> None:
        rows = action_rows(action, self._actions.actions, self._actions.steps, self.farmwatch.clock.now())
        self.app.push_screen(DetailsScreen("Session action", rows))

    @on(VirtualTable.RowSelected, "#error-table")
    def _show_trouble(self, message: VirtualTable.RowSelected) -> None:
        index = self._troubles.index(message.key)
        if index is None:
            return
        rows = trouble_rows(self._troubles.troubles[index])
        self.app.push_screen(DetailsScreen("Error", rows))

    def chosen_id(self) -> str | None:
        return self.place.session_id
