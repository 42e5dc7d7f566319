"""The session screen: one session's lifecycle, host, log configuration and every error it has shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from farmwatch.ui.place import Place
from farmwatch.ui.screens.details import DetailsScreen
from farmwatch.ui.screens.following import BACK, COPY_ID, HELP, NOW, PAUSE, QUIT, FollowingScreen
from farmwatch.ui.session_text import (
    host_parts,
    host_parts_folded,
    log_parts,
    log_title,
    raw_rows,
    session_parts,
    trouble_state,
)
from farmwatch.ui.text import Part, TimeStyle, brief, clock_time, content, lifecycle
from farmwatch.ui.widgets.lines import entitle, put
from farmwatch.ui.widgets.virtual_table import Cell, Column, VirtualTable
from farmwatch.watch.cadence import faster, slower
from farmwatch.watch.freshness import Freshness
from farmwatch.watch.ledger import Trouble
from farmwatch.watch.poller import News
from farmwatch.watch.tracker import SessionObserved, SessionTarget

MARKED_FOR = timedelta(seconds=8)
"""How long a change stays marked: a mark that goes with the next poll, two seconds later, is not seen."""


PANELS = ("session", "host", "log", "worker-log")


class TroubleRows:
    """The errors of a session as rows of a table, newest first."""

    def __init__(self) -> None:
        self.troubles: tuple[Trouble, ...] = ()
        self.now: datetime | None = None
        self.style = TimeStyle.LOCAL

    def show(self, troubles: tuple[Trouble, ...], now: datetime, style: TimeStyle) -> bool:
        """Take these; whether there is anything to draw."""
        some = bool(troubles or self.troubles)
        self.troubles, self.now, self.style = troubles, now, style
        return some

    def __len__(self) -> int:
        return len(self.troubles)

    def key(self, index: int) -> str:
        trouble = self.troubles[index]
        return f"{trouble.source} {trouble.code} {trouble.first_at.isoformat()} {trouble.message}"

    def index(self, key: str) -> int | None:
        return next((index for index in range(len(self)) if self.key(index) == key), None)

    def cells(self, index: int) -> Sequence[Cell]:
        trouble = self.troubles[index]
        now = self.now or trouble.last_at
        mark, tone = ("✗", "error") if trouble.is_open else ("○", "muted")
        return (
            (f"{mark} {clock_time(trouble.first_at, now, self.style)}", tone),
            (trouble.source, tone),
            (trouble.code, tone),
            (trouble.message, "" if trouble.is_open else "muted"),
            (trouble_state(trouble, now, self.style), tone),
            (trouble.request_id[:13], "muted"),
        )


class SessionScreen(FollowingScreen):
    """Follows one session."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-two-columns")]

    BINDINGS = [
        BACK,
        NOW,
        PAUSE,
        Binding("plus,equals_sign", "faster", "Pace", key_display="+/-", tooltip="Ask more, or less, often"),
        Binding("minus", "slower", show=False),
        Binding("t", "times", "Times", tooltip="Times local, UTC, or relative"),
        Binding("d", "details", "Details", tooltip="Every member of the reply, whole"),
        Binding("w", "other_log", "Log", tooltip="Session log or worker log, where one fits only"),
        COPY_ID,
        HELP,
        QUIT,
    ]

    def __init__(self, place: Place, interval: timedelta) -> None:
        super().__init__(place)
        self._target = SessionTarget(place.ref, interval)
        self._times = TimeStyle.LOCAL
        self._changed_at: dict[str, datetime] = {}
        self._troubles = TroubleRows()
        self._shown_log = ""

    @property
    def observed(self) -> SessionObserved:
        return self.news.observed if self.news else self._target.observed

    def target(self) -> SessionTarget:
        return self._target

    def body(self) -> ComposeResult:
        with VerticalScroll(id="session-body"):
            with Container(id="top"):
                yield Static(id="session", classes="box")
                yield Static(id="host", classes="box")
            with Container(id="logs"):
                yield Static(id="log", classes="box")
                yield Static(id="worker-log", classes="box")
            with Container(id="errors", classes="box"):
                yield VirtualTable(
                    (
                        Column("first", "First seen", keep=9, min_width=10),
                        Column("source", "Where", keep=8, min_width=9, max_width=24),
                        Column("code", "Code", keep=5, min_width=6, max_width=30),
                        Column("message", "Message", keep=7, min_width=16, flex=True),
                        Column("state", "State", keep=6, min_width=17, max_width=44),
                        Column("request", "Request", keep=3, min_width=7, max_width=13),
                    ),
                    empty="Nothing seen yet.",
                    id="troubles",
                )

    def on_mount(self) -> None:
        table = self.query_one(VirtualTable)
        table.rows = self._troubles
        table.focus(scroll_visible=False)
        for name, title in (("session", "Session"), ("host", "Host"), ("errors", "Errors")):
            entitle(self.query_one(f"#{name}"), content(title))
        super().on_mount()

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
        self._draw_troubles(observed, now)
        body = self.query_one("#session-body")
        body.set_class(not fresh.is_fresh, "-stale")
        body.set_class(observed.is_final, "-ended")

    def _headline(self, fresh: Freshness, now: datetime) -> list[Part]:
        session = self.observed.session
        interval = f"every {brief(self.rhythm.interval)}"
        if session is None:
            return [(interval, "muted")]
        if fresh.is_gone:
            return [("not found any more; it was ", "warning"), lifecycle(session.lifecycle_status)]
        status = lifecycle(session.lifecycle_status)
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
        status = session_parts(observed, changed, now, self._times, width["session"], folded=folded)
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
        self._draw_log_titles(panels, *titles)
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
        put(panels["session"], words)
        for name, title in (("host", "Host"), ("log", "Session log"), ("worker-log", "Worker log")):
            entitle(panels[name], content(title))
            put(panels[name], content(("Not known yet.", "muted")))

    def _draw_troubles(self, observed: SessionObserved, now: datetime) -> None:
        table = self.query_one(VirtualTable)
        if self._troubles.show(observed.troubles, now, self._times):
            table.rows_changed()
        still = sum(trouble.is_open for trouble in observed.troubles)
        over = len(observed.troubles) - still
        counts = [(f"  {still} open", "error" if still else "muted"), (f", {over} over", "muted")]
        entitle(self.query_one("#errors"), content("Errors", *(counts if observed.troubles else [])))
        if observed.seen_at is not None:
            since = observed.moments[0].at if observed.moments else observed.seen_at
            table.empty = f"No errors seen since {clock_time(since, now, self._times)}."

    # --- keys -----------------------------------------------------------------------------------------

    def action_faster(self) -> None:
        self._set_interval(faster(self.rhythm.interval))

    def action_slower(self) -> None:
        self._set_interval(slower(self.rhythm.interval))

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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        # Where both logs are on screen there is no other one to turn to.
        return action != "other_log" or self.has_class("-narrow")

    def action_details(self) -> None:
        self.app.push_screen(DetailsScreen("Session", raw_rows(self.observed)))

    @on(VirtualTable.RowSelected)
    def _show_trouble(self, message: VirtualTable.RowSelected) -> None:
        index = self._troubles.index(message.key)
        if index is None:
            return
        trouble = self._troubles.troubles[index]
        rows = [
            ("where", trouble.source),
            ("code", trouble.code),
            ("message", trouble.message),
            ("request id", trouble.request_id or "(none)"),
            ("seen", f"{trouble.count} times"),
            ("first seen", trouble.first_at.isoformat(timespec="seconds")),
            ("last seen", trouble.last_at.isoformat(timespec="seconds")),
            ("over", trouble.over_at.isoformat(timespec="seconds") if trouble.over_at else "not yet"),
        ]
        self.app.push_screen(DetailsScreen("Error", rows))

    def chosen_id(self) -> str | None:
        return self.place.session_id
