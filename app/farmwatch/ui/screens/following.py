"""What every screen that follows something has in common: its edges, its keys, its target."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from textual import on
from textual._styles_cache import StylesCache
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from farmwatch.aws.model import Fault
from farmwatch.listings.place import Place
from farmwatch.polling.freshness import Freshness, Rhythm, freshness
from farmwatch.polling.target import Target, TargetUpdate
from farmwatch.ui.widgets.lines import Crumbs, FaultLine, Keys, Masthead, StatusLine, freshness_parts
from farmwatch.words.text import Part, short_id

if TYPE_CHECKING:
    from farmwatch.ui.app import FarmwatchApp


BACK = Binding("escape", "up", "Back", key_display="esc", tooltip="Go up one level, or clear the filter")
NOW = Binding("r", "now", "Refresh", tooltip="Refresh")
PAUSE = Binding("p", "pause", "Pause", tooltip="Pause or resume")
COPY_ID = Binding("y", "copy_id", "Copy", show=False, tooltip="Copy the whole id to the clipboard")
HISTORY = Binding("h", "app.history", "History", tooltip="What happened, by session")
HELP = Binding("question_mark", "app.help", "Help", key_display="?", tooltip="All keys")
QUIT = Binding("q", "app.quit", "Quit", tooltip="Leave Farmwatch")
"""The keys of every screen that follows something; each screen puts them into its footer in its own order."""


class FollowingScreen(Screen[None]):
    """Follows one target while it is on screen; a subclass says which, and draws it.

    The target, with all that is known, is kept while another screen lies above, so that coming back shows
    the old values at once, with their age, and asks anew.
    """

    AUTO_FOCUS = None

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.news: TargetUpdate | None = None
        self._rhythms: dict[str, Rhythm] = {}
        self._followed: str | None = None
        self.is_visit = False
        """Whether somebody came here from aside; then back leads there."""

    @property
    def farmwatch(self) -> FarmwatchApp:
        return cast("FarmwatchApp", self.app)

    # --- for the subclass ---------------------------------------------------------------------------

    @abstractmethod
    def body(self) -> ComposeResult:
        """The widgets between the edges."""

    @abstractmethod
    def target(self) -> Target:
        """What to follow; the same one until `change_target`."""

    def beside(self) -> tuple[Target, ...]:
        """What else is followed while the screen is there; asked, paused and dropped with the target."""
        return ()

    @abstractmethod
    def draw(self, now: datetime) -> None:
        """Bring everything that depends on the news or on the time up to date."""

    @abstractmethod
    def chosen_id(self) -> str | None:
        """The id that copying copies."""

    @property
    def is_alive(self) -> bool:
        """Whether its parts can be drawn on: when a screen is taken down they go one by one, before it."""
        return self.is_attached and self.app.is_running and not self._pruning

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
        yield Masthead()
        yield Crumbs()
        yield StatusLine()
        yield Static(id="fault-of-view")
        yield from self.body()
        yield FaultLine()
        yield Keys()

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
    ) -> None:
        """``told`` stands in the place of how fresh it is, where something else is to be told."""
        app = self.farmwatch
        self.query_one(Masthead).show(
            app.who,
            demo=app.settings.demo,
            requests=app.poller.requests_last_minute(),
            unsaved=bool(app.history_notes()),
            skew=app.poller.skew,
            now=now,
        )
        names = app.names
        self.query_one(Crumbs).parts = tuple(
            (names.get(place.ids[-1], short_id(place.ids[-1])) if place.ids else "Farms", place)
            for place in self.place.trail
        ) + tuple((name, self.place) for name in self.crumb())
        told = told or freshness_parts(fresh, rhythm or self.rhythm, now)
        self.query_one(StatusLine).show(what, told, is_fresh=fresh.is_fresh)
        self.query_one(FaultLine).show(fresh.fault, app.history_notes() + app.settings.notes)

    @property
    def rhythm(self) -> Rhythm:
        return self.news.rhythm if self.news else Rhythm(self.target().schedule.interval)

    def rhythm_of(self, beside: Target) -> Rhythm:
        """What the poller is doing about a target that is followed beside the main one."""
        return self._rhythms.get(beside.key) or Rhythm(beside.schedule.interval)

    def freshness_of(
        self, observed: Any, now: datetime, *, beside: Target | None = None, final: bool = False
    ) -> Freshness:
        """How fresh is what was observed of the target, or of one that is followed beside it."""
        rhythm = self.rhythm if beside is None else self.rhythm_of(beside)
        return freshness(rhythm, seen_at=observed.seen_at, fault=observed.fault, final=final, now=now)

    @property
    def fault(self) -> Fault | None:
        observed = self.news.observed if self.news else None
        return observed.fault if observed is not None else None

    # --- following ----------------------------------------------------------------------------------

    def hear(self, news: TargetUpdate) -> None:
        """Take what the poller tells, if it is about what this screen follows."""
        if news.key not in self.followed_keys():
            return
        self._rhythms[news.key] = news.rhythm
        if news.key == self._followed:
            self.news = news
        if self.is_current:
            self.redraw()

    def followed_keys(self) -> list[str]:
        return [] if self._followed is None else [self._followed, *(target.key for target in self.beside())]

    def follow(self) -> None:
        """Ask about the target from now on, at once."""
        target = self.target()
        if self._followed not in (None, target.key):
            self.farmwatch.poller.drop(self._followed or "")
        self._followed = target.key
        for one in (target, *self.beside()):
            self.farmwatch.poller.follow(one)

    def on_mount(self) -> None:
        self.redraw()

    def on_screen_resume(self) -> None:
        if self._followed is None:
            self.follow()
        self.redraw()

    def on_screen_suspend(self) -> None:
        # A question or a help page that lies above is looked through: what is below stays alive.
        if not isinstance(self.app.screen, ModalScreen):
            self._let_go()

    def on_unmount(self) -> None:
        self._let_go()
        # It is kept by widget, for the last thousand of them, with all that each has drawn.
        StylesCache.get_inner_outer.cache_clear()

    def _let_go(self) -> None:
        # The screen above, or below, may have taken over what this one followed.
        top = self.app.screen
        kept = top.followed_keys() if isinstance(top, FollowingScreen) and top is not self else []
        for key in self.followed_keys():
            if key not in kept:
                self.farmwatch.poller.drop(key)
        self._followed = None

    # --- keys ---------------------------------------------------------------------------------------

    def action_now(self) -> None:
        for key in self.followed_keys():
            self.farmwatch.poller.now(key)

    def action_pause(self) -> None:
        paused = not self.rhythm.paused
        for key in self.followed_keys():
            self.farmwatch.poller.pause(key, paused)

    def action_up(self) -> None:
        if self.is_visit:
            self.app.pop_screen()
        elif self.place.parent is not None:
            self.farmwatch.go_to(self.place.parent)

    def action_copy_id(self) -> None:
        chosen = self.chosen_id()
        if chosen is not None:
            self.app.copy_to_clipboard(chosen)
            self.notify(f"Copied {chosen}", markup=False, timeout=2)

    @on(Crumbs.Chosen)
    def _go_to_crumb(self, message: Crumbs.Chosen) -> None:
        self.farmwatch.go_to(message.place)
