"""The alerts: what fires, what somebody has acknowledged, and what is resolved since."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from farmwatch.alerts.alert import Mute, MuteKind, State
from farmwatch.history.time_expression import UNTIL_FORMS, parse_until
from farmwatch.listings.place import Place
from farmwatch.monitor.alerts import AlertsObserved
from farmwatch.monitor.asked import Waiting
from farmwatch.monitor.update import AlertsRef
from farmwatch.polling.freshness import Freshness
from farmwatch.polling.freshness import State as Fresh
from farmwatch.ui.content import content
from farmwatch.ui.navigation import GoBack, ShowDetails, ShowOnWall, Visit
from farmwatch.ui.screens.alerts import beside
from farmwatch.ui.screens.alerts.beside import Beside, details_of
from farmwatch.ui.screens.alerts.rows import COLUMNS, FIELDS, AlertRows, details, whole
from farmwatch.ui.screens.following import (
    ACT,
    BACK,
    COPY_ID,
    DIGEST,
    HELP,
    HISTORY,
    NOW,
    QUIT,
    FollowingScreen,
)
from farmwatch.ui.themes import style_sheet
from farmwatch.ui.widgets.prompt import For, Prompt
from farmwatch.ui.widgets.table_columns import Arrangement
from farmwatch.ui.widgets.virtual_table import VirtualTable
from farmwatch.words.keys import key
from farmwatch.words.text import Part, clock_time, day_time, muted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farmwatch.alerts.alert import Alert
    from farmwatch.aws.model import SessionRef
    from farmwatch.monitor.alerts import AlertsHandle
    from farmwatch.monitor.update import Update
    from farmwatch.monitor.wall import WallHandle
    from farmwatch.words.requests import Choice

TYPED = ("filter", "acknowledge", "snooze", "undo", "details", "act")
"""What the keys do that are letters."""


_KINDS = frozenset(kind.value for kind in MuteKind)


class AlertsScreen(FollowingScreen):
    """One table of all alerts; lies over the place that it was opened from."""

    CSS_PATH = style_sheet("alerts")
    BINDINGS = [
        BACK,
        Binding("slash", "filter", "Filter", key_display="/", tooltip="Filter", id="filter"),
        Binding(
            "a",
            "acknowledge",
            "Acknowledge",
            tooltip="Acknowledge: you know, for four hours at the most",
            id="acknowledge",
        ),
        Binding("z", "snooze", "Snooze", tooltip="Be silent about it until a time", id="snooze"),
        Binding("u", "undo", "Undo", tooltip="Take back what was said; end a mute, or a wait", id="undo"),
        Binding("d", "details", "Details", tooltip="Everything about the row", id="details"),
        Binding(
            "t",
            "app.test_notice",
            "Test",
            show=False,
            tooltip="Send a test notice, to see that it arrives",
            id="test-notice",
        ),
        NOW,
        ACT,
        COPY_ID,
        HISTORY,
        DIGEST,
        HELP,
        QUIT,
    ]

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._rows = AlertRows()
        self._text = ""
        self._is_behind = True
        """Whether something has come in that the rows do not show yet."""
        self._unneeded: tuple[str, ...] = ()
        self._asked_of = ""
        """The id of the alert that something is typed about: the cursor may move to another one meanwhile."""

    # --- what it is about -------------------------------------------------------------------------------

    @property
    def held(self) -> WallHandle | None:
        """The hold on the wall that alerts are judged by."""
        return self.farmwatch.walls.handle

    @property
    def alerts(self) -> AlertsHandle | None:
        """The hold on all alerts; ``None`` before the screen is first seen."""
        return self.farmwatch.walls.alerts

    @property
    def observed(self) -> AlertsObserved:
        """All alerts, as they are known now."""
        return AlertsObserved() if self.alerts is None else self.alerts.observed

    @property
    def table(self) -> VirtualTable:
        """The table of alerts."""
        return self.query_one(VirtualTable)

    @property
    def prompt(self) -> Prompt:
        """The line to type into; not there until something is asked for."""
        return self.query_one(Prompt)

    def wake(self) -> None:
        """Follow the wall, by which alerts are judged."""
        self.farmwatch.walls.follow()
        self._is_behind = True

    def let_go(self) -> None:
        """The wall is followed, and alerts are judged, in the background."""

    def tells_of(self, ref: SessionRef | None) -> bool:  # noqa: ARG002 - of none of them
        """What happens to what is marked is not to be seen here."""
        return False

    def crumb(self) -> tuple[str, ...]:
        """The alerts stand behind the place that they were opened from."""
        return ("Alerts",)

    def body(self) -> ComposeResult:
        """The line to type into, the table, and what is cut off in the row under the cursor."""
        yield Prompt(id="alerts-prompt")
        yield VirtualTable(COLUMNS, id="alerts-table")
        yield Static(id="alerts-chosen")

    def on_mount(self) -> None:
        """Give the table its rows, and the focus."""
        self.table.rows = self._rows
        self.table.focus()

    # --- drawing ----------------------------------------------------------------------------------------

    def take(self, update: Update) -> bool:
        """Take what has become of the alerts; nothing else is of interest."""
        if not isinstance(update.subject, AlertsRef):
            return False
        self._is_behind = True
        return True

    def _show_rows(self) -> None:
        if self.is_alive:
            self._is_behind = False
            now, names = self.farmwatch.clock.now(), self.farmwatch.walls.name_of
            self._rows.show(self.observed, self._text, now, names)
            unneeded = self._rows.unneeded
            if unneeded != self._unneeded:
                self._unneeded = unneeded
                self.table.arrange_columns(Arrangement(hidden=unneeded))
            self.table.rows_changed()

    def _show_chosen(self) -> None:
        """The evidence of the row under the cursor, whole."""
        row, line = self._rows.row(self.table.cursor_key), self.query_one("#alerts-chosen", Static)
        now, names = self.farmwatch.clock.now(), self.farmwatch.walls.name_of
        line.display = row is not None
        if row is not None:
            if isinstance(row, Beside):
                line.update(content(*beside.whole(row, names, now)))
            else:
                line.update(content(*whole(row, now, self.observed.mutes)))

    def draw(self, now: datetime) -> None:
        """Bring up to date: how many there are of each kind, when they were judged, the words for no rows."""
        observed = self.observed
        self._rows.now = now
        if self._is_behind:
            self._show_rows()
        what: list[Part] = [(f"/ {self._text}   ", "accent")] if self._text else []
        what += [(f"no field {name}:   ", "warning") for name in self._rows.unknown]
        what += _counted(observed)
        if observed.quiet_until is not None:
            what.append((f"quiet hours until {day_time(observed.quiet_until, now)}   ", "accent"))
        is_judged = observed.seen_at is not None
        words = (
            "not judged yet" if observed.seen_at is None else f"judged at {clock_time(observed.seen_at, now)}"
        )
        fresh = Freshness(Fresh.FINAL if observed.walls else Fresh.WAITING, None)
        notes = tuple(
            f"{beside.name_of(mute, self.farmwatch.walls.name_of)} is muted until "
            f"{clock_time(mute.until, now)}, by {mute.who or 'somebody here'}"
            for mute in observed.mutes
        )
        notes = (*self.farmwatch.notifier.deliveries.troubles, *notes)
        self.draw_edges(
            what if is_judged else muted(what), fresh, now, told=[(words, "muted")], notes=notes[:3]
        )
        self.table.empty = self._empty_words(observed)
        self._show_chosen()

    def _empty_words(self, observed: AlertsObserved) -> str:
        if not observed.walls:
            return "Waiting for the wall, by which alerts are judged…"
        if observed.alerts or observed.waiting or observed.mutes:
            return f"No match for “{self._text}”. {key('back', 'Escape')} clears the filter."
        return (
            "No alerts.\n"
            "What is found to be stuck, bad or dead on the wall, or a connection that is lost, stands here\n"
            "until it is over, and for twelve hours after that."
        )

    def tick(self) -> None:
        """Ages go on in every row."""
        super().tick()
        if self.is_alive:
            faults = self.farmwatch.view_faults
            faults.contain(None, "drawing the rows", lambda: self.table.rows_changed())

    # --- keys -------------------------------------------------------------------------------------------

    @property
    def _chosen(self) -> Alert | None:
        return self._rows.alert(self.table.cursor_key)

    @on(VirtualTable.RowHighlighted)
    def _follow_cursor(self) -> None:
        self._show_chosen()

    @on(VirtualTable.RowSelected)
    def _open(self, message: VirtualTable.RowSelected) -> None:
        alert = self._rows.alert(message.key)
        if alert is None:
            self._open_beside()
            return
        worker_id = alert.subject.worker_id
        if worker_id:
            text = f"worker:{worker_id.removeprefix('worker-')[:12]}"
            self.post_message(ShowOnWall(self.place, text))
        elif alert.sessions:
            place = Place.at(alert.sessions[0])
            self.monitor.want_names(place)
            self.post_message(Visit(place))
        else:
            self.action_details()

    def choices(self) -> Sequence[Choice]:
        """What can be done to the sessions, the task and the job of the alert under the cursor."""
        from farmwatch.ui.screens.alerts.acting import choices_of

        alert, walls = self._chosen, () if self.held is None else self.held.observed
        return () if alert is None else choices_of(alert, walls, lambda of: self.monitor.names.get(of, ""))

    def _open_beside(self) -> None:
        row = self._rows.row(self.table.cursor_key)
        if isinstance(row, Waiting) and row.kept.ids and row.kept.connection in self.monitor.connections:
            place = Place(row.kept.connection, *row.kept.ids)
            self.monitor.want_names(place)
            self.post_message(Visit(place))
        else:
            self.action_details()

    def action_details(self) -> None:
        """Show everything about the row under the cursor."""
        alert, row = self._chosen, self._rows.row(self.table.cursor_key)
        now = self.farmwatch.clock.now()
        if isinstance(row, Beside):
            what = "Waiting" if isinstance(row, Waiting) else "Mute"
            self.post_message(ShowDetails(what, details_of(row, self.farmwatch.walls.name_of, now)))
        elif alert is not None:
            rows = details(alert, self.observed, now)
            self.post_message(ShowDetails(alert.name or alert.rule, rows))

    def action_filter(self) -> None:
        """Open the line for a filter, with the one there is; every letter typed filters at once."""
        self.prompt.ask_filter(FIELDS, self._text)

    def action_acknowledge(self) -> None:
        """Open the line for a note; entered, the alert is acknowledged."""
        alert = self._chosen
        if alert is None:
            return
        if alert.state in (State.RESOLVED, State.PENDING):
            self.notify(f"It is {alert.state.value}: there is nothing to acknowledge.", markup=False)
            return
        self._ask(For.NOTE, "acknowledge, with a note, or none; for four hours, or until it is over")

    def action_snooze(self) -> None:
        """Open the line for how long to be silent: about the alert, or all of its rule, queue or job."""
        if self._chosen is not None:
            self._ask(
                For.UNTIL, f"silent for, or until: {UNTIL_FORMS}; all of its kind: rule 2h, queue 2h, job 2h"
            )

    def action_undo(self) -> None:
        """Take back what was said of the alert under the cursor, and what mutes its rule, queue or job; end
        the mute under it; wait no longer for what is waited for."""
        alert, alerts = self._chosen, self.alerts
        row, now = self._rows.row(self.table.cursor_key), self.farmwatch.clock.now()
        if isinstance(row, Waiting):
            self.farmwatch.walls.ask_no_more(row.id)
        elif isinstance(row, Mute) and alerts is not None:
            alerts.mute(row.kind, row.value, now, now)
            self._changed()
        elif alert is not None and alerts is not None:
            alerts.undo([alert.id], now)
            self._changed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """While something is typed, a letter is a letter."""
        return action not in TYPED or not isinstance(self.focused, Prompt)

    # --- the line to type into --------------------------------------------------------------------------

    def _ask(self, asks_for: For, hint: str) -> None:
        self._asked_of = self.table.cursor_key or ""
        self.prompt.ask(asks_for, hint)

    @on(Prompt.Filtered)
    def _filter(self, message: Prompt.Filtered) -> None:
        self._text = message.text
        self._changed()

    @on(Prompt.Entered)
    def _take_entered(self, message: Prompt.Entered) -> None:
        alerts, text, now = self.alerts, message.text, self.farmwatch.clock.now()
        if message.asked_for is For.NOTE and alerts is not None:
            alerts.acknowledge([self._asked_of], text, now)
        elif message.asked_for is For.UNTIL:
            try:
                self._be_silent(text, now)
            except ValueError as error:
                self.notify(str(error), severity="error", markup=False)
                return
        self.prompt.close(self.table)
        self._changed()

    def _be_silent(self, text: str, now: datetime) -> None:
        """Raises `ValueError`, in words, for what cannot be understood."""
        alert, alerts = self._rows.alert(self._asked_of), self.alerts
        first, _, rest = text.partition(" ")
        kind = MuteKind(first) if first in _KINDS else None
        until = parse_until(text if kind is None else rest, now)
        if alert is None or alerts is None:
            raise ValueError("The alert is not there any more.")
        if kind is None:
            alerts.snooze([alert.id], until, now)
            return
        values = {
            MuteKind.RULE: alert.rule,
            MuteKind.QUEUE: alert.subject.queue_id,
            MuteKind.JOB: alert.subject.job_id,
        }
        if not values[kind]:
            raise ValueError(f"It belongs to no {kind.value}.")
        alerts.mute(kind, values[kind], until, now)

    def _changed(self) -> None:
        self._show_rows()
        self.redraw()

    def action_up(self) -> None:
        """Close the line and drop the filter typed there; else drop the filter; else leave the alerts."""
        if self.prompt.is_open:
            if self.prompt.asks_for is For.FILTER:
                self._text = ""
            self.prompt.close(self.table)
        elif self._text:
            self._text = ""
        else:
            self.post_message(GoBack())
            return
        self._changed()

    def chosen_id(self) -> str | None:
        """The id of the session or the worker that the alert under the cursor is about."""
        alert, row = self._chosen, self._rows.row(self.table.cursor_key)
        if isinstance(row, Waiting):
            return row.kept.ids[-1] if row.kept.ids else None
        if isinstance(row, Mute):
            return row.value
        if alert is None:
            return None
        subject = alert.subject
        return subject.session_id or subject.worker_id or subject.task_id or subject.connection


def _counted(observed: AlertsObserved) -> list[Part]:
    """How many alerts there are in each state, and how much stands below them."""
    counts = Counter(alert.state for alert in observed.alerts if not alert.is_asked)
    over = [alert.resolved_at is not None for alert in observed.alerts if alert.is_asked]
    tones = {State.FIRING: "error", State.CANNOT_SEE: "warning", State.ACKNOWLEDGED: "accent"}
    parts = [
        (f"{counts[state]:,} {state.value}   ", tones.get(state, "") if counts[state] else "")
        for state in State
        if counts[state] or state is State.FIRING
    ]
    others = {
        "happened": over.count(False),
        "told": over.count(True),
        "waiting": len(observed.waiting),
        "muted": len(observed.mutes),
    }
    return [*parts, *((f"{count:,} {what}   ", "accent") for what, count in others.items() if count)]
