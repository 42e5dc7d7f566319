"""The way between screens: which screen shows a place, and what lies below it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from textual.app import App

from farmwatch.config.state import StateFile
from farmwatch.listings.place import CONNECTIONS, Level, Place
from farmwatch.ui.navigation import GoBack, GoTo, ShowOnWall, Visit
from farmwatch.ui.screens.following import FollowingScreen
from farmwatch.ui.screens.over import screen_over
from farmwatch.ui.screens.picker.screen import PickerScreen
from farmwatch.ui.visited import Visited

if TYPE_CHECKING:
    from farmwatch.history.recorder import Recorder


class Way:
    """Puts screens over one another, and takes them away. Screens are imported when they are wanted: the
    first frame shows a list, as a rule."""

    def __init__(self, app: App[Any], kept: StateFile, has_several: Callable[[], bool]) -> None:
        """``has_several`` tells whether connections are a level of their own."""
        self._app = app
        self._kept = kept
        self._has_several = has_several
        self.visited = Visited()
        """The places that were shown."""

    @property
    def screens(self) -> list[FollowingScreen]:
        """The screens that show something, from the first to the one on top."""
        return [screen for screen in self._app.screen_stack if isinstance(screen, FollowingScreen)]

    @property
    def top(self) -> FollowingScreen | None:
        """The one on top of them; ``None`` before any is shown."""
        return next(reversed(self.screens), None)

    def screen_for(self, place: Place, cursor_key: str | None = None) -> FollowingScreen:
        """A new screen for a place; in a list the cursor waits for the row of that key."""
        if place.level is Level.SESSION:
            from farmwatch.ui.screens.session.screen import SessionScreen

            return SessionScreen(place)
        kind = PickerScreen
        if place.level is Level.QUEUES:
            from farmwatch.ui.screens.picker.queues import QueuesScreen

            kind = QueuesScreen
        return kind(place, cursor_key, self._kept.state)

    def follow(self, message: GoTo) -> None:
        """Show what a message of a screen asks for."""
        push = self._app.push_screen
        if isinstance(message, Visit):
            screen = self.screen_for(message.place)
            screen.is_visit = True
            push(screen)
        elif (over := screen_over(message)) is not None:
            push(over)
        else:
            self.go_to(message.place)

    def show_alerts(self) -> None:
        """All alerts over the screen on top; nothing happens where they are there."""
        from farmwatch.ui.screens.alerts.screen import AlertsScreen

        top = self.top
        if top is not None and not isinstance(top, AlertsScreen):
            self._app.push_screen(AlertsScreen(top.place))

    def show_history(self, recorder: Recorder, since: datetime | None) -> None:
        """The history over the screen on top, from a time on where one is given; one that is there already
        shows that."""
        from farmwatch.ui.screens.history.screen import HistoryScreen

        top = self.screens[-1]
        if isinstance(top, HistoryScreen):
            top.look_since(since)
        else:
            self._app.push_screen(HistoryScreen(top.place, recorder, since))

    def show_marked(self) -> None:
        """What is marked over the screen on top; nothing happens where it is there."""
        from farmwatch.ui.screens.picker.marked import MarkedScreen

        top = self.top
        if top is not None and not isinstance(top, MarkedScreen):
            self._app.push_screen(MarkedScreen(top.place))

    def show_digest(self, recorder: Recorder | None, since: str, now: datetime) -> None:
        """What is handed over, over the screen on top, from a time on where one is given; nothing happens
        where no history is kept. Raises `ValueError` for what is no time."""
        from farmwatch.history.time_expression import parse_since
        from farmwatch.ui.screens.digest.screen import DigestScreen

        at = parse_since(since, now) if since else None
        top = self.screens[-1]
        if isinstance(top, DigestScreen):
            top.look_since(at)
        elif recorder is not None:
            self._app.push_screen(DigestScreen(top.place, recorder, at))

    async def show_on_wall(self, message: ShowOnWall) -> None:
        """What runs, as far as a filter leaves it: on the wall that lies below, else on one over all."""
        from farmwatch.ui.screens.wall.running import RUNNING
        from farmwatch.ui.screens.wall.screen import WallScreen

        wall = next((one for one in self.screens if isinstance(one, WallScreen)), None)
        if wall is not None:
            self._pop_to(wall)
        else:
            wall = WallScreen(message.place)
            await self._app.push_screen(wall)
        wall.show_tab(RUNNING.key, message.text)

    def leave(self, message: GoBack) -> None:
        """Back to the screen below, which is told what was looked at."""
        if len(self._app.screen_stack) > 1:
            self._app.pop_screen()
            below = self.screens
            if below:
                below[-1].came_back(message.action_id)

    def leave_failed(self) -> None:
        """Out of a screen that does not know the way back any more."""
        if len(self._app.screen_stack) > 1:
            self._app.pop_screen()
        elif self.screens:
            above = self.trail(self.screens[-1].place)[-2:-1]
            if above:
                self.go_to(above[0])

    def trail(self, place: Place) -> tuple[Place, ...]:
        """Every place from the first list down to this one; with several connections that is theirs."""
        if self._has_several() and place != CONNECTIONS:
            return (CONNECTIONS, *place.trail)
        return place.trail

    def go_to(self, place: Place) -> None:
        """Show a place: back to its screen where there is one below, else a new screen."""
        top = self.screens[-1]
        if place == top.place:
            # Its log, or its card, lies over the screen of the place itself.
            if top.crumb():
                self.leave(GoBack())
            return
        if place in self.trail(top.place):
            self._go_back(place, top.place)
        else:
            self._app.push_screen(self.screen_for(place))

    async def jump(self, place: Place) -> None:
        """Show any place, be it related to the one that is shown or not. What lies below it afterwards is
        what it belongs to, so that jumping to and fro piles up no screens."""
        screens = self.screens
        own = [None if screen.crumb() else screen.place for screen in screens]
        if place in own:
            self._pop_to(screens[len(own) - 1 - own[::-1].index(place)])
            return
        above = [n for n, one in enumerate(own) if one in self.trail(place)]
        came_from = self._row_towards(screens[-1].place, place)
        self._pop_to(screens[above[-1] if above else 0])
        # Mounted before the next key is answered: a screen that is taken down before that would fail.
        await self._app.push_screen(self.screen_for(place, came_from))
        if not above:
            # Textual does not let go of the first screen: it stays below, and shows nothing.
            screens[0].let_go()

    def _row_towards(self, here: Place, place: Place) -> str | None:
        """The row, in the list at a place, that leads to where one is; ``None`` where none does."""
        trail = self.trail(here)
        if place not in trail[:-1]:
            return None
        below = trail[trail.index(place) + 1]
        return below.ids[-1] if below.ids else below.connection

    def _pop_to(self, screen: FollowingScreen) -> None:
        while self._app.screen is not screen:
            self._app.pop_screen()

    def _go_back(self, place: Place, here: Place) -> None:
        screens = self.screens
        above = next((n for n, one in enumerate(reversed(screens)) if one.place == place), None)
        if above is not None:
            for _ in range(above):
                self._app.pop_screen()
            return
        # The program was started further down: the list above has no screen yet.
        screen = self.screen_for(place, self._row_towards(here, place))
        if len(screens) == 1:
            # Textual does not let go of the first screen: it stays below, and shows nothing.
            self._app.push_screen(screen)
            screens[0].let_go()
        else:
            self._app.switch_screen(screen)
