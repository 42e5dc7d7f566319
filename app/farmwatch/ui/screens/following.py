"""What every screen that follows something has in common: its edges, its keys, its handle."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from farmwatch.listings.place import Level, Place
from farmwatch.polling.freshness import Freshness, Rhythm
from farmwatch.ui.navigation import GoBack, GoTo
from farmwatch.ui.textual_compat import forget_what_was_drawn, is_taken_down
from farmwatch.ui.title import tell_in_title
from farmwatch.ui.widgets.lines import Crumbs, FaultLine, Keys, Masthead, StatusLine, freshness_parts
from farmwatch.words.text import Part, short_id

if TYPE_CHECKING:
    from farmwatch.aws.model import SessionRef
    from farmwatch.monitor.monitor import Monitor
    from farmwatch.monitor.update import Update
    from farmwatch.ui.program import Program
    from farmwatch.words.requests import Choice


BACK = Binding(
    "escape", "up", "Back", key_display="esc", tooltip="Go up one level, or clear the filter", id="back"
)
NOW = Binding("r", "now", "Refresh", tooltip="Refresh", id="refresh")
PAUSE = Binding("p", "pause", "Pause", tooltip="Pause or resume", id="pause")
COPY_ID = Binding("y", "copy_id", "Copy", show=False, tooltip="Copy the whole id to the clipboard", id="copy")
MARK = Binding(
    "m", "mark", "Mark", show=False, tooltip="Mark: watch it in the background until it has ended", id="mark"
)
ACT = Binding(
    "X", "act", "Act", show=False, tooltip="End, cancel or requeue it, where that is allowed", id="act"
)
ASK = Binding(
    "exclamation_mark",
    "ask",
    "Tell me",
    key_display="!",
    show=False,
    tooltip="Tell me when it ends, when all of it has, or when a line is written",
    id="ask",
)
COLUMNS = Binding(
    "C", "columns", "Columns", show=False, tooltip="Choose the columns of the list", id="columns"
)
HISTORY = Binding("h", "app.history", "History", tooltip="What happened, by session", id="history")
DIGEST = Binding(
    "D",
    "app.digest",
    "Handover",
    show=False,
    tooltip="What to hand over: what ran, failed, is in trouble, and who knows",
    id="digest",
)
HELP = Binding("question_mark", "app.help", "Help", key_display="?", tooltip="All keys", id="help")
QUIT = Binding("q", "app.quit", "Quit", tooltip="Leave Farmwatch", id="quit")
"""The keys of every screen that follows something; each screen puts them into its footer in its own order."""

LAST = (COPY_ID, HISTORY, HELP, QUIT)
"""Those with which a list ends."""


class Held(Protocol):
    """What every handle of the Monitor can do."""

    @property
    def rhythm(self) -> Rhythm:
        """How often it is asked for, and when next."""

    def refresh(self) -> None:
        """Ask at once."""

    def pause(self, *, paused: bool) -> None:
        """Stop asking, or go on."""

    def close(self) -> None:
        """Let go of it."""


class FollowingScreen(Screen[None]):
    """Shows something that the Monitor watches; a subclass says what, and draws it.

    It takes hold of it when it comes to be seen, and lets go of it when it is taken down. What is known is
    kept while another screen lies above, so that coming back shows the old values at once, with their age.
    """

    AUTO_FOCUS = None

    is_wall = False
    """Whether it shows the wall, which somebody can ask about as a whole."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.is_visit = False
        """Whether somebody came here from aside; then back leads there."""

    @property
    def farmwatch(self) -> Program:
        """The app, as far as a screen needs it."""
        return cast("Program", self.app)

    @property
    def monitor(self) -> Monitor:
        """Where handles come from, and what the whole program knows."""
        return self.farmwatch.monitor

    # --- for the subclass ---------------------------------------------------------------------------

    @abstractmethod
    def body(self) -> ComposeResult:
        """The widgets between the edges."""

    @abstractmethod
    def wake(self) -> None:
        """The screen is seen: take hold of what it shows, or go on with it."""

    def rest(self) -> None:
        """Another screen lies above: what nobody sees need not be fresh."""

    @abstractmethod
    def let_go(self) -> None:
        """The screen is left: what it showed need not be watched for it. `wake` takes hold of it again."""

    def came_back(self, action_id: str | None) -> None:
        """The screen above was left; ``action_id`` is the session action that was looked at there."""

    def named_places(self) -> Iterable[tuple[Place, str]]:
        """Places that this screen knows by name besides its own."""
        return ()

    def choices(self) -> Sequence[Choice]:
        """What can be done to what is under the cursor, or picked."""
        return ()

    @property
    def chosen(self) -> list[tuple[SessionRef, str]]:
        """The sessions that are shown, under the cursor, or picked, each with what it is called; empty where
        that is not known."""
        return [(self.place.ref, "")] if self.place.level is Level.SESSION else []

    def asked_about(self) -> Sequence[tuple[Place, str]]:
        """The sessions and jobs that somebody can ask about, with what they are called."""
        return [(Place.at(ref), name) for ref, name in self.chosen]

    def tells_of(self, ref: SessionRef | None) -> bool:
        """Whether news of a session is to be seen here, or (``None``) of whatever is marked."""
        return ref is not None and self.place.level is Level.SESSION and self.place.ref == ref

    @property
    @abstractmethod
    def held(self) -> Held | None:
        """The handle on what this screen shows; ``None`` before it is first seen."""

    @abstractmethod
    def take(self, update: Update) -> bool:
        """Take note of an update; whether it is about what this screen shows."""

    @abstractmethod
    def draw(self, now: datetime) -> None:
        """Bring everything that depends on updates or on the time up to date."""

    @abstractmethod
    def chosen_id(self) -> str | None:
        """The id that copying copies."""

    @property
    def is_alive(self) -> bool:
        """Whether its parts can be drawn on: when a screen is taken down they go one by one, before it."""
        return self.is_attached and self.app.is_running and not is_taken_down(self)

    def tick(self) -> None:
        """A second after everything was drawn: ages and durations."""
        if self.is_alive:
            self._draw_safely()

    def redraw(self) -> None:
        """Something is other than before."""
        if self.is_alive:
            self._draw_safely()
            self.farmwatch.has_drawn()

    def _draw_safely(self) -> None:
        app = self.farmwatch
        panel = next(iter(self.query("#fault-of-view").results(Static)), None)
        app.view_faults.contain(panel, "drawing", lambda: self.draw(app.clock.now()))

    # --- edges --------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """The lines at the edges, and between them a place for a fault in drawing, and the body."""
        self._fit_terminal()
        yield Masthead()
        yield Crumbs()
        # Nothing is fresh before it was seen.
        yield StatusLine(classes="-stale")
        yield Static(id="fault-of-view")
        yield from self.body()
        yield FaultLine()
        yield Keys()

    def _fit_terminal(self) -> None:
        """Take the classes of the terminal's size before there is anything that gets its styles by them.
        Textual looks once the first frame is drawn: it would be laid out, styled and drawn a second time."""
        width, height = self.app.size
        for size, breakpoints in ((width, self.HORIZONTAL_BREAKPOINTS), (height, self.VERTICAL_BREAKPOINTS)):
            if names := [name for least, name in sorted(breakpoints or ()) if size >= least]:
                self.add_class(names[-1], update=False)

    def crumb(self) -> tuple[str, ...]:
        """What this screen is called behind the place that it belongs to; nothing where it is the place."""
        return ()

    def draw_edges(
        self,
        what: list[Part],
        fresh: Freshness,
        now: datetime,
        rhythm: Rhythm | None = None,
        told: list[Part] | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        """``told`` stands in the place of how fresh it is, where something else is to be told; ``notes`` at
        the foot of the screen, a line each."""
        app = self.farmwatch
        connection = self.place.connection
        self.query_one(Masthead).show(
            app.monitor.who(connection) if connection else None,
            connections=(len(app.monitor.in_trouble), len(app.connections)),
            name=connection if app.has_several else "",
            marked=app.marks.count,
            alerts=app.walls.open_alerts,
            demo=app.settings.demo,
            requests=app.monitor.requests_last_minute(),
            unsaved=bool(app.history_notes()),
            skew=app.monitor.clock_skew(connection) if connection else None,
            now=now,
        )
        tell_in_title(self.app, app.walls.open_alerts)
        self.query_one(Crumbs).parts = (
            *((self._name_of(place), place) for place in app.trail(self.place)),
            *((name, self.place) for name in self.crumb()),
        )
        told = told or freshness_parts(fresh, rhythm or self.rhythm, now)
        self.query_one(StatusLine).show(what, told, is_fresh=fresh.is_fresh)
        self.query_one(Keys).news = 0 if self.tells_of(None) else app.marks.changes
        self.query_one(FaultLine).show(fresh.fault, notes + app.history_notes() + app.settings.notes)

    def _name_of(self, place: Place) -> str:
        if place.ids:
            return self.monitor.names.get(place.ids[-1], short_id(place.ids[-1]))
        return (place.connection or "Connections") if self.farmwatch.has_several else "Farms"

    @property
    def rhythm(self) -> Rhythm:
        """How often what is shown is asked for, and when next."""
        return Rhythm(timedelta(0)) if self.held is None else self.held.rhythm

    # --- following ----------------------------------------------------------------------------------

    def hear(self, update: Update) -> None:
        """Take what the Monitor tells, and draw it if it is about what is shown."""
        if self.take(update) and self.is_current:
            self.redraw()

    def on_screen_resume(self) -> None:
        """The screen is on top, for the first time or again: follow, and draw what is known, or that nothing
        is yet."""
        self.wake()
        self.redraw()
        # Of several that are left at once those between are on top for no time.
        if self.is_current:
            self.farmwatch.arrived(self.place)

    def on_screen_suspend(self) -> None:
        """Rest; but a question or a help page is looked through, and what is below stays alive."""
        if not isinstance(self.app.screen, ModalScreen):
            self.rest()

    def on_unmount(self) -> None:
        """Let go of what is shown, and of what Textual would keep of how it was drawn."""
        self.let_go()
        if self.app.return_code is not None:
            # The program leaves, and its alerts with it.
            tell_in_title(self.app, 0)
        forget_what_was_drawn()

    # --- keys ---------------------------------------------------------------------------------------

    def action_now(self) -> None:
        """Ask at once, be it paused, final or waiting out a fault."""
        if self.held is not None:
            self.held.refresh()

    def action_pause(self) -> None:
        """Stop asking for what is shown, or go on."""
        if self.held is not None:
            self.held.pause(paused=not self.rhythm.paused)

    def action_act(self) -> None:
        """Ask what is to be done, and do what is confirmed; say how to allow that where it is not."""
        from farmwatch.ui.screens.acting import ask

        ask(self, self.farmwatch, self.choices())

    def action_ask(self) -> None:
        """Ask what somebody wants to be told of, and wait for that."""
        from farmwatch.ui.screens.asking import ask

        wall = self.farmwatch.walls.name if self.is_wall else None
        ask(self, self.farmwatch, self.asked_about(), wall)

    def action_up(self) -> None:
        """Go up one level, and after a visit back to where one came from; from the first list nowhere."""
        if self.is_visit:
            self.post_message(GoBack())
        elif above := self.farmwatch.trail(self.place)[-2:-1]:
            self.post_message(GoTo(above[0]))

    def action_copy_id(self) -> None:
        """Copy the whole id of what is under the cursor, or of the screen, to the clipboard; say so."""
        chosen = self.chosen_id()
        if chosen is not None:
            self.app.copy_to_clipboard(chosen)
            self.notify(f"Copied {chosen}", markup=False, timeout=2)

    @on(Crumbs.Chosen)
    def _go_to_crumb(self, message: Crumbs.Chosen) -> None:
        self.post_message(GoTo(message.place))
