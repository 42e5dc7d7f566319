"""The merged logs: what several sessions write, as one log by time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from farmwatch.listings.place import Place
from farmwatch.logs.browse import Browser
from farmwatch.logs.lanes import SESSION
from farmwatch.logs.lines import Lane
from farmwatch.logs.merging import share_of
from farmwatch.logs.sources import Unread
from farmwatch.logs.tail import EVERY
from farmwatch.monitor.update import LogRef
from farmwatch.polling.freshness import Freshness, Rhythm, State
from farmwatch.ui.content import content
from farmwatch.ui.navigation import GoBack, ShowLog
from farmwatch.ui.screens.following import BACK, HELP, NOW, PAUSE, QUIT, FollowingScreen
from farmwatch.ui.screens.session_following import SessionFollowing
from farmwatch.ui.themes import style_sheet
from farmwatch.ui.widgets.lines import put
from farmwatch.ui.widgets.log_panel import LogPanel
from farmwatch.ui.widgets.log_view import LogView
from farmwatch.words.log import counted
from farmwatch.words.text import Part, short_id

if TYPE_CHECKING:
    from farmwatch.aws.model import SessionRef
    from farmwatch.monitor.handles import LogsHandle, SessionHandle
    from farmwatch.monitor.monitor import Monitor
    from farmwatch.monitor.update import LogSnapshot, Update

MOST = 20
"""Sessions whose logs are merged at the most."""


NOTES = 3
"""Lines above the logs that there is room for."""


class _Log:
    """The log of one session, held as long as the screen is there, and read while it is seen."""

    def __init__(self, monitor: Monitor, ref: SessionRef, name: str) -> None:
        self.ref = ref
        self.name = name or short_id(ref.session_id)
        self._monitor = monitor
        self.handle: SessionHandle = monitor.watch_session(ref)
        self._reading: LogsHandle | None = None
        self._reading_of = self.handle.read_logs(())
        """What is known of the logs, also while none is asked for."""

    @property
    def snapshot(self) -> LogSnapshot:
        """What is known now of its log."""
        return self._reading_of.snapshot(SESSION)

    @property
    def lane(self) -> Lane:
        """Its lines, and what is found out about them."""
        return self._reading_of.logs.browser.lanes[SESSION]

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come of it."""
        log = self.snapshot.log
        return log is not None and log.over

    @property
    def reading(self) -> LogsHandle:
        """By which older lines are wanted."""
        return self._reading_of

    def read(self) -> None:
        """Ask for it from now on, anew where the session was let go of."""
        if not self.handle.is_open:
            self.handle = self._monitor.watch_session(self.ref)
            self._reading_of = self.handle.read_logs(())
        if self._reading is None:
            self._reading = self.handle.read_logs((SESSION,))

    def rest(self) -> None:
        """Ask for it no more."""
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def close(self) -> None:
        """Let go of the session."""
        self.rest()
        self.handle.close()


class _All:
    """The sessions of all logs as one, for the keys that ask at once and pause."""

    def __init__(self, logs: Sequence[_Log]) -> None:
        self._logs = logs

    @property
    def rhythm(self) -> Rhythm:
        """That of the first session: they are paused together."""
        return self._logs[0].handle.rhythm

    def refresh(self) -> None:
        """Ask at once."""
        for log in self._logs:
            log.handle.refresh()

    def pause(self, *, paused: bool) -> None:
        """Stop asking, or go on."""
        for log in self._logs:
            log.handle.pause(paused=paused)

    def close(self) -> None:
        """Let go of all."""
        for log in self._logs:
            log.close()


class MergedLogScreen(FollowingScreen):
    """Follows the session logs of up to twenty sessions, merged by time; at least one is to be given, with
    the name of its job."""

    CSS_PATH = style_sheet("log")
    BINDINGS = [
        BACK,
        Binding("l", "log", "Log", tooltip="The log of this line's session, at this line", id="log"),
        replace(NOW, show=False, tooltip="Refresh"),
        replace(PAUSE, show=False),
        HELP,
        QUIT,
    ]

    def __init__(self, place: Place, sessions: Sequence[tuple[SessionRef, str]]) -> None:
        super().__init__(place)
        self._given = len(sessions)
        self._sessions = tuple(sessions[:MOST])
        self._ends: dict[int, tuple[int, int]] = {}

    # --- what is held ---------------------------------------------------------------------------------

    @cached_property
    def _logs(self) -> list[_Log]:
        return [_Log(self.monitor, ref, name) for ref, name in self._sessions]

    @cached_property
    def _browser(self) -> Browser:
        lanes = [Lane(log.lane.store) for log in self._logs]
        severities = self._logs[0].reading.logs.browser.severities
        return Browser.of_sessions(lanes, [log.name for log in self._logs], severities)

    @cached_property
    def _panel(self) -> LogPanel:
        return LogPanel(self._browser, self._sessions[0][0].session_id, self._read_the_rest)

    @property
    def view(self) -> LogView:
        """The lines."""
        return self._panel.view

    @property
    def held(self) -> _All:
        """All that is held."""
        return _All(self._logs)

    def wake(self) -> None:
        """Read the logs, of each only what is new since."""
        for log in self._logs:
            log.read()
        self._bring_up_to_date()

    def rest(self) -> None:
        """Read no more; the sessions stay watched, and what was read is kept."""
        for log in self._logs:
            log.rest()

    def let_go(self) -> None:
        """Let go of all sessions."""
        self.held.close()

    def take(self, update: Update) -> bool:
        """Take news of the sessions and their logs."""
        subject = update.subject
        ref = subject.session if isinstance(subject, LogRef) else subject
        log = next((one for one in self._logs if one.ref == ref and one.handle.is_open), None)
        if log is None:
            return False
        if not isinstance(subject, LogRef):
            log.reading.bring_up_to_date()
        self._bring_up_to_date()
        return True

    def _bring_up_to_date(self) -> None:
        """Show the lines that have come in."""
        grew = False
        for index, log in enumerate(self._logs):
            store = log.lane.store
            if self._browser.lanes[index].store is not store:
                self._browser.put_lane(index, Lane(store))
                self.view.drawing.forget()
            ends = (store.first, store.end)
            grew = grew or self._ends.get(index) != ends
            self._ends[index] = ends
        if grew:
            self.view.grew()

    # --- drawing --------------------------------------------------------------------------------------

    def crumb(self) -> tuple[str, ...]:
        """What is looked at."""
        return (str(self._browser.shown),)

    def body(self) -> ComposeResult:
        """Notes on the logs that cannot be read, and the panel with the lines."""
        yield Static(id="notes")
        yield self._panel

    def on_mount(self) -> None:
        """Give the view the focus."""
        self.view.focus()
        self.view.grew()

    def draw(self, now: datetime) -> None:
        """Bring all but the lines up to date."""
        told = self._log_to_tell_of()
        fresh = SessionFollowing.log_freshness(told, now)
        rhythm = told.rhythm
        if fresh is None:
            fresh, rhythm = Freshness(State.WAITING, None), self.held.rhythm
        self.draw_edges([(counted(len(self._logs), "log"), "")], fresh, now, rhythm)
        notes = self._notes()
        box = self.query_one("#notes", Static)
        box.display = bool(notes)
        put(box, content(*(one for part in notes for one in (part, "\n"))).rstrip())
        if not self.view.rows:
            self._draw_empty()
        over, live = fresh.state is State.FINAL, fresh.state is State.LIVE
        is_read = any(log.snapshot.log is not None for log in self._logs)
        self._panel.show_state(self._turns(), is_read=is_read, over=over, live=live)

    def _log_to_tell_of(self) -> LogSnapshot:
        """Of those that may still grow, and can be read, the one that was read the longest ago."""

        def place(snapshot: LogSnapshot) -> tuple[bool, bool, bool, float]:
            log = snapshot.log
            if log is None:
                return (True, True, True, 0.0)
            seen_at = 0.0 if log.seen_at is None else log.seen_at.timestamp()
            return (False, log.fault is not None, log.over, seen_at)

        return min((log.snapshot for log in self._logs), key=place)

    def _notes(self) -> list[Part]:
        notes: list[Part] = []
        if self._given > len(self._sessions):
            notes.append((f"The first {MOST} of {self._given:,} logs are shown.", "warning"))
        for log in self._logs:
            snapshot = log.snapshot
            if snapshot.log is not None and snapshot.log.fault is not None:
                notes.append((f"{log.name}: {snapshot.log.fault.sentence}", "error"))
            elif snapshot.found.unread not in (None, Unread.UNKNOWN):
                notes.append((f"{log.name}: {snapshot.found.unread}", "warning"))
        if len(notes) > NOTES:
            more = len(notes) - NOTES + 1
            notes[NOTES - 1 :] = [(f"and {more} more logs that cannot be read", "error")]
        return notes

    def _draw_empty(self) -> None:
        query = self._browser.reduction.query
        if query is not None:
            empty = [(f"No line has “{query.text}” so far.", "strong")]
        else:
            empty = [("No line has been read yet.", "muted")]
        if empty != self.view.empty:
            self.view.empty = empty
            self.view.refresh()

    def _turns(self) -> list[Part]:
        """How much of each log is shown, and how often each is read where they take turns."""
        rate = self.monitor.log_requests
        living = Counter(log.ref.connection for log in self._logs if not log.is_over)
        count = max(living.values(), default=0)
        parts: list[Part] = []
        if timedelta(seconds=count / rate) > EVERY:
            budget = f"{count} logs on a budget of {rate:g} requests a second"
            parts.append((f"{budget}: each about every {count / rate:.0f} s", "warning"))
        share = share_of(len(self._logs))
        if any(len(log.lane.store) > share for log in self._logs):
            parts.append((f"{'   ' if parts else ''}the newest {share:,} lines of each", "muted"))
        return parts

    # --- keys and wishes --------------------------------------------------------------------------------

    @on(LogView.NearStart)
    @on(LogPanel.WantsAll)
    def _read_back(self) -> None:
        """Read every log back as far as it is shown."""
        share = share_of(len(self._logs))
        for log in self._logs:
            log.reading.want_lines(SESSION, log.lane.store.end - share)

    async def _read_the_rest(self) -> bool:
        """What is shown is saved; whether that is all there is of every log."""
        share = share_of(len(self._logs))
        logs = [(log.snapshot.log, len(log.lane.store)) for log in self._logs]
        return all(log is not None and log.whole and kept <= share for log, kept in logs)

    @on(LogView.Moved)
    @on(LogPanel.Changed)
    def _moved(self) -> None:
        self.redraw()

    def action_log(self) -> None:
        """Show the log of the session whose line the cursor is on, at that line."""
        cursor = self.view.cursor
        if cursor is not None:
            ref = self._sessions[cursor[0]][0]
            place = Place(ref.connection, ref.farm_id, ref.queue_id, ref.job_id, ref.session_id)
            self.post_message(ShowLog(place, line=(SESSION, cursor[1])))

    def action_up(self) -> None:
        """Give up a selection, the filter or the search; else go back."""
        if not self._panel.give_up():
            self.post_message(GoBack())

    def chosen_id(self) -> str | None:
        """The session's whose line the cursor is on."""
        cursor = self.view.cursor
        return None if cursor is None else self._sessions[cursor[0]][0].session_id
