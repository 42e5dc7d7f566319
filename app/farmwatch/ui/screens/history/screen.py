"""The history: what happened since it was last marked as seen, over all the sessions that were watched."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding

from farmwatch.history.query import HistoryView
from farmwatch.history.recorder import Recorder
from farmwatch.history.time_expression import FORMS, parse_since
from farmwatch.listings.place import Place
from farmwatch.polling.freshness import Freshness, State
from farmwatch.ui.navigation import GoBack, Visit
from farmwatch.ui.screens.following import BACK, COPY_ID, DIGEST, HELP, QUIT, FollowingScreen
from farmwatch.ui.screens.history.rows import COLUMNS, HistoryRows
from farmwatch.ui.themes import style_sheet
from farmwatch.ui.widgets.prompt import For, Prompt
from farmwatch.ui.widgets.virtual_table import VirtualTable
from farmwatch.words.history import summary
from farmwatch.words.keys import key
from farmwatch.words.text import Part, clock_time, muted

if TYPE_CHECKING:
    from farmwatch.aws.model import SessionRef
    from farmwatch.monitor.handles import HistoryHandle
    from farmwatch.monitor.update import Update

TYPED = ("filter", "failures", "fold", "fold_all", "since", "mark_seen", "times")
"""What the keys do that are letters."""


class HistoryScreen(FollowingScreen):
    """Looks back, and leads to every session."""

    CSS_PATH = style_sheet("history")
    BINDINGS = [
        BACK,
        Binding("slash", "filter", "Filter", key_display="/", tooltip="Filter", id="filter"),
        Binding("f", "failures", "Failures", tooltip="Failures only, or everything", id="failures"),
        Binding(
            "space,z", "fold", "Unfold", key_display="space", tooltip="Unfold the row, or fold it", id="fold"
        ),
        Binding("Z", "fold_all", "All", show=False, tooltip="Unfold everything, or fold it", id="fold-all"),
        Binding("s", "since", "Since", tooltip="Look back to another time", id="since"),
        Binding(
            "x",
            "mark_seen",
            "Seen",
            tooltip="Mark everything as seen: look back to here from now on",
            id="seen",
        ),
        Binding("t", "times", "Times", show=False, tooltip="Times local, UTC, or relative", id="times"),
        # It is read every two seconds anyway.
        Binding("r", "now", "Refresh", show=False, tooltip="Refresh", id="refresh"),
        COPY_ID,
        DIGEST,
        HELP,
        QUIT,
    ]

    def __init__(self, place: Place, recorder: Recorder, since: datetime | None = None) -> None:
        """``since``: look back to that time at first."""
        super().__init__(place)
        self._since = since
        self._recorder = recorder
        self._handle: HistoryHandle | None = None
        self._rows = HistoryRows(lambda action_id: self.farmwatch.action_names(action_id))
        self._text = ""
        self._failures_only = False

    def tells_of(self, ref: SessionRef | None) -> bool:  # noqa: ARG002 - of all of them
        """Whatever comes in is to be seen here."""
        return True

    @property
    def reviewed(self) -> HistoryView:
        """What happened, as it was last read; empty before that, and once it was let go of."""
        return HistoryView() if self._handle is None else self._handle.observed

    @property
    def table(self) -> VirtualTable:
        """The table of sessions and what happened to them."""
        return self.query_one(VirtualTable)

    @property
    def prompt(self) -> Prompt:
        """The line to type a filter or a time into; not there until one is asked for."""
        return self.query_one(Prompt)

    @property
    def held(self) -> HistoryHandle | None:
        """The hold on the history; ``None`` before it is first seen, and when the screen is left."""
        return self._handle

    def wake(self) -> None:
        """Read the history, or go on reading it where another screen lay above."""
        if self._handle is None:
            self._handle = self.monitor.watch_history(self._recorder)
            if self._since is not None:
                self._handle.choose(self._since)
        else:
            self._handle.wake()

    def rest(self) -> None:
        """Stop reading; what was read stays, and is shown at once on coming back."""
        if self._handle is not None:
            self._handle.rest()

    def look_since(self, since: datetime | None) -> None:
        """Look back to another time; ``None`` leaves it as it is."""
        if since is not None and self._handle is not None:
            self._handle.choose(since)

    def let_go(self) -> None:
        """Stop reading; `wake` begins anew."""
        if self._handle is not None:
            self._handle.close()
        self._handle = None

    def crumb(self) -> tuple[str, ...]:
        """The history stands behind the place that it was opened from."""
        return ("History",)

    def body(self) -> ComposeResult:
        """The line to type into, and the table."""
        yield Prompt(id="history-prompt")
        yield VirtualTable(COLUMNS, empty="Reading the history…", id="history-table")

    def on_mount(self) -> None:
        """Give the table its rows, and the focus."""
        self.table.rows = self._rows
        self.table.focus()

    # --- drawing --------------------------------------------------------------------------------------

    def take(self, update: Update) -> bool:
        """Take what was read of the history, and lay out the rows anew; nothing else is of interest."""
        if self._handle is None or update.subject != self._handle.subject:
            return False
        self._show_rows()
        return True

    def _show_rows(self) -> None:
        if self.is_alive:
            self._rows.now = self.farmwatch.clock.now()
            self._rows.show(self.reviewed.session_histories, self._text, failures_only=self._failures_only)
            self.table.rows_changed()

    def draw(self, now: datetime) -> None:
        """Bring up to date: what is left out, how much happened, when it was read, the words for no rows."""
        reviewed = self.reviewed
        self._rows.now = now
        what: list[Part] = []
        if self._failures_only:
            what.append(("failures only   ", "warning"))
        if self._text:
            what.append((f"/ {self._text}   ", "accent"))
        what += summary(reviewed, now)
        read = reviewed.seen_at is not None
        # What is written down does not grow old.
        told: Part = (f"read at {clock_time(reviewed.seen_at or now, now)}" if read else "not read", "muted")
        fresh = Freshness(State.FINAL if read else State.WAITING, None)
        self.draw_edges(what if read else muted(what), fresh, now, told=[told])
        self.table.empty = self._empty_words(reviewed, now)

    def _empty_words(self, reviewed: HistoryView, now: datetime) -> str:
        trouble = self._recorder.trouble
        if reviewed.seen_at is None:
            return f"The history cannot be read.\n{trouble}" if trouble else "Reading the history…"
        if self._text and reviewed.session_histories:
            return f"No match for “{self._text}”. {key('back', 'Escape')} clears the filter."
        if self._failures_only and reviewed.session_histories:
            return f"No failures. {key('failures', 'f')} shows everything."
        since = "" if reviewed.since is None else f" since {clock_time(reviewed.since, now)}"
        return (
            f"Nothing happened{since} to a session that was watched.\n"
            f"Press {key('since', 's')} to look back to another time. "
            "A session is watched while its screen is open,\n"
            f"and until it has ended where it, or its job, is marked ({key('mark', 'm')})."
        )

    # --- keys -----------------------------------------------------------------------------------------

    @on(VirtualTable.RowSelected)
    def _open(self, message: VirtualTable.RowSelected) -> None:
        if self._rows.is_group(message.key):
            self.action_fold()
            return
        place = self._rows.place(message.key)
        if place is not None:
            self.post_message(Visit(place))

    def action_fold(self) -> None:
        """Unfold the row, or fold it; of a row with nothing below it the one that it belongs to."""
        turned = self._rows.turn(self.table.cursor_key)
        self.table.rows_changed()
        if turned is not None:
            # What was folded away has no row any more; the cursor goes to what it was folded into.
            self.table.cursor_key = turned

    def action_fold_all(self) -> None:
        """Unfold everything; fold it where nothing is left to unfold."""
        self._rows.turn_all()
        self.table.rows_changed()

    def action_failures(self) -> None:
        """Leave failures only, or show everything again."""
        self._failures_only = not self._failures_only
        self._show_rows()
        self.redraw()

    def action_mark_seen(self) -> None:
        """Look back to where it was read to from now on, and say so; say why not where it cannot be."""
        reviewed = self.reviewed
        if reviewed.seen_at is None or self._handle is None:
            self.notify("Not marked: the history cannot be read.", severity="error")
            return
        # Until when it was read: what came since then is not on the screen yet.
        self._handle.mark_seen(reviewed.seen_at)
        self.notify(
            f"Marked as seen until {clock_time(reviewed.seen_at, self.farmwatch.clock.now())}."
            f" Press {key('since', 's')} to look further back.",
            markup=False,
        )

    def action_times(self) -> None:
        """Write times local, in UTC or relative: each press goes on to the next."""
        self._rows.times = self._rows.times.following
        self._show_rows()
        self.redraw()

    def action_filter(self) -> None:
        """Open the line for a filter, with the one there is; every letter typed filters at once."""
        self.prompt.ask(For.FILTER, "words that are to be there", self._text)

    def action_since(self) -> None:
        """Open the line for a time to look back to; it counts when it is entered."""
        self.prompt.ask(For.SINCE, f"since when: {FORMS}; empty: since it was marked as seen")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """While something is typed, a letter is a letter."""
        return action not in TYPED or not isinstance(self.focused, Prompt)

    @on(Prompt.Filtered)
    def _filter(self, message: Prompt.Filtered) -> None:
        self._text = message.text
        self._show_rows()
        self.redraw()

    @on(Prompt.Entered)
    def _take_entered(self, message: Prompt.Entered) -> None:
        if message.asked_for is For.SINCE:
            since: datetime | None = None
            if message.text:
                try:
                    since = parse_since(message.text, self.farmwatch.clock.now())
                except ValueError as error:
                    self.notify(str(error), severity="error", markup=False)
                    return
            if self._handle is not None:
                self._handle.choose(since)
        self.prompt.close(self.table)

    def action_up(self) -> None:
        """Close the line and drop the filter typed there; else drop the filter; else leave the history."""
        if self.prompt.is_open:
            if self.prompt.asks_for is For.FILTER:
                self._text = ""
            self.prompt.close(self.table)
        elif self._text:
            self._text = ""
        else:
            self.post_message(GoBack())
            return
        self._show_rows()
        self.redraw()

    def chosen_id(self) -> str | None:
        """The id of the session, or of the job, that the row under the cursor is about."""
        place = self._rows.place(self.table.cursor_key)
        return None if place is None else place.ids[-1]
