"""The application: screens and the way between them, the theme, the poller's messages in."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from textual import on
from textual.app import SystemCommand
from textual.binding import Binding
from textual.filter import LineFilter
from textual.geometry import Region
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from farmwatch.aws.model import SessionRef, Who
from farmwatch.config.debug_log import debug_log_path
from farmwatch.config.settings import ConnectionSettings, Settings
from farmwatch.config.state import KeptPlace, StateFile
from farmwatch.listings.place import CONNECTIONS, Place
from farmwatch.monitor.marks import Marks
from farmwatch.monitor.monitor import Monitor, OpenConnection
from farmwatch.monitor.notifier import Notifier
from farmwatch.monitor.update import ConnectionRef, IdentityRef, NameRef, SessionSnapshot, Update
from farmwatch.monitor.walls import Walls
from farmwatch.polling.clock import Clock, SystemClock
from farmwatch.ui.containment import ViewFaults
from farmwatch.ui.keys import PROGRAM_BINDINGS, commands, keep_picture, keys_of
from farmwatch.ui.navigation import GoBack, GoTo, Heard, JumpTo, Run, ShowDetails, ShowOnWall, place_of
from farmwatch.ui.screens.following import BACK
from farmwatch.ui.telling import Telling
from farmwatch.ui.terminal import AsciiOnly, NoControls, pasted
from farmwatch.ui.textual_compat import ContainedApp, begin_with_theme, end_with
from farmwatch.ui.themes import COLOURS, FEW_COLOURS, style_sheet, styles_folder, themes, with_text_styles
from farmwatch.ui.way import Way
from farmwatch.words.keys import ENTER, use

if TYPE_CHECKING:
    from farmwatch.history.recorder import Recorder
    from farmwatch.logs.parsing import Severities
    from farmwatch.ui.action_names import ActionNames


class FarmwatchApp(ContainedApp[None]):
    """Farmwatch. What ``opener`` makes opens a connection, in a poller's thread, after the first frame is
    painted; ``ascii_only`` draws for a terminal whose encoding knows no more, ``few_colours`` for one that
    has 16 of them; ``recorder`` keeps what is seen, ``kept`` what is to be remembered. It begins at
    ``place``, or at that of the settings, and over it with the ``wall`` of that name."""

    TITLE = "Farmwatch"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS = PROGRAM_BINDINGS

    class Told(Message):
        """The Monitor has an update."""

        def __init__(self, update: Update) -> None:
            super().__init__()
            self.update = update

        def can_replace(self, message: Message) -> bool:
            """What is drawn is the newest: of several that wait for one thing, the last will do."""
            return isinstance(message, FarmwatchApp.Told) and message.update.subject == self.update.subject

    class Ended(Message):
        """Somebody outside wants the program to end."""

        def __init__(self, return_code: int) -> None:
            super().__init__()
            self.return_code = return_code

    def __init__(
        self,
        settings: Settings,
        opener: Callable[[ConnectionSettings], OpenConnection],
        clock: Clock | None = None,
        *,
        ascii_only: bool = False,
        few_colours: bool = False,
        recorder: Recorder | None = None,
        kept: StateFile | None = None,
        place: Place | None = None,
        wall: str | None = None,
    ) -> None:
        # Without colours Textual draws in shades of grey, which are colours to a terminal. Told to draw in
        # the terminal's own ones it leaves them out altogether.
        plain = True if "NO_COLOR" in os.environ else None
        self._themes = FEW_COLOURS if few_colours else COLOURS
        super().__init__(css_path=[style_sheet("shared"), style_sheet("table")], ansi_color=plain)
        # Every step of a scroll would be drawn, and sent over ssh; a page is there at once.
        self.animation_level = "none"
        self.settings = settings
        self.connections = {one.name: one for one in settings.connections}
        self._opener = opener
        self.clock = clock or SystemClock()
        self.kept = kept or StateFile(None)
        self.view_faults = ViewFaults(str(debug_log_path()))
        self.recorder = recorder
        self._noticed = set[str]()
        # The same ones every time: what was filtered is kept, by filter.
        self._own_filters = [NoControls(), AsciiOnly()] if ascii_only else [NoControls()]
        self._ascii_only = ascii_only
        self.ticker: Timer | None = None
        self.monitor = Monitor(
            {one.name: opener(one) for one in settings.connections},
            recorder,
            clock=self.clock,
            interval=settings.interval,
            log_requests=settings.log_requests,
            severities=lambda: self.severities,
        )
        for connection in settings.connections:
            self._identify(connection)
        self._begin_at = place or place_of(settings)
        self.marks = Marks(self.monitor, self.kept)
        self.way = Way(self, self.kept, lambda: self.has_several)
        self._begin_with_wall = wall
        self.walls = Walls(self.monitor, self.kept, settings, recorder)
        self.notifier = Notifier(self.walls, settings, self.clock, recorder)
        self.telling = Telling(self, self.walls, settings.notify.terminal, ascii_only=ascii_only)
        self.marks.attended_by(self._is_attended)
        self.monitor.subscribe(self._tell)
        if recorder is not None:
            recorder.name_of = lambda one: self.monitor.names.get(one, "")
        for theme in themes(styles_folder() / "themes.json"):
            self.register_theme(theme)
        self.set_keymap(dict(settings.keys))
        names = {name: self._key_name(keys) for name, keys in settings.keys.items()}
        use({**names, ENTER: self._key_name("enter")})
        name = self.kept.state.theme
        begin_with_theme(self, name if name in self.available_themes and not few_colours else self._themes[0])

    @cached_property
    def action_names(self) -> ActionNames:
        """What the session actions are called that have been on the screen."""
        from farmwatch.ui.action_names import ActionNames

        return ActionNames()

    @cached_property
    def severities(self) -> Severities:
        """What makes a line of a log an error, or a warning."""
        from farmwatch.logs.parsing import Severities

        return Severities.of(self.settings.error_words, self.settings.warning_words)

    def _identify(self, connection: ConnectionSettings) -> None:
        who = Who(connection.profile or "", "", connection.region or "")
        self.monitor.identify(connection.name, who, connection.farm_id)

    @property
    def has_several(self) -> bool:
        """Whether there is more than one connection, so that they are a level of their own."""
        return len(self.connections) > 1

    def action_connect(self) -> None:
        """Ask for a profile and a region, and have one connection more."""
        from farmwatch.ui.screens.connect import ConnectScreen

        self.push_screen(ConnectScreen(self.connections), self._connect)

    def _connect(self, connection: ConnectionSettings | None) -> None:
        if connection is not None:
            self.add_connection(connection)

    def add_connection(self, connection: ConnectionSettings) -> None:
        """Have one connection more, and show the list of them. Raises `ValueError` where there is one of
        that name."""
        self.monitor.add_connection(connection.name, self._opener(connection))
        self.connections[connection.name] = connection
        self._identify(connection)
        self.monitor.check_connections()
        self.marks.take_up()
        self.walls.begin_anew()
        self.go_to(CONNECTIONS)

    # --- the Monitor's side: called in its threads ------------------------------------------------------

    def _tell(self, update: Update) -> None:
        self._post(self.Told(update))

    def _post(self, message: Message) -> None:
        # When the program is on its way out there is nobody left to tell.
        with contextlib.suppress(RuntimeError):
            self.post_message(message)

    # --- start and end --------------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[Any]:
        """The screen to begin with: that of the place which the settings name."""
        screen = self.way.screen_for(self._begin_at)
        # Textual reads those of every screen but the first.
        self.stylesheet.read_all(screen.css_path)
        return screen

    def on_mount(self) -> None:
        """Start the tick of every second, and draw everything anew after Ctrl+Z and ``fg``."""
        # Back in the foreground the terminal is blank, and nothing would be drawn but what changes.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self.ticker = self.set_interval(1.0, self.tick)

    def on_ready(self) -> None:
        """The first frame is painted: only now is imported and asked what it does not need."""
        self.monitor.want_names(self._begin_at)
        if self._begin_with_wall is not None:
            self.action_wall(self._begin_with_wall)
        self.marks.take_up()
        self.notifier.start()
        self.walls.take_up(self.marks)
        self.theme_changed_signal.subscribe(self, lambda _: self._keep_theme())
        if self.has_several:
            self.monitor.check_connections()
        self.monitor.start()
        self.telling.begin()

    def on_unmount(self) -> None:
        """The program leaves: nothing more is asked for; calls under way are not waited for."""
        self.monitor.stop()
        self.notifier.stop()

    # --- what is remembered ---------------------------------------------------------------------------

    def _keep_theme(self) -> None:
        theme = "" if self.theme == self._themes[0] else self.theme
        self.kept.change(lambda state: replace(state, theme=theme))

    def _keep_place(self, place: Place) -> None:
        if place == self._begin_at:
            return
        self._begin_at = place
        connection = self.connections.get(place.connection)
        where = () if connection is None else connection.where
        kept = KeptPlace(place.connection, place.ids, where)
        self.kept.change(lambda state: replace(state, place=kept))

    def _is_attended(self, ref: SessionRef) -> bool:
        """Whether news of a session is on the screen just now; asked from the Monitor's threads."""
        return (top := self.way.top) is not None and top.tells_of(ref)

    def action_marked(self) -> None:
        """Show what is marked over this screen; nothing happens where it is shown."""
        self.way.show_marked()

    def action_digest(self, since: str = "") -> None:
        """Show what is handed over, from a time on as for the history; nothing where none is kept."""
        self.way.show_digest(self.recorder, since, self.clock.now())

    def action_wall(self, name: str | None = None) -> None:
        """Show the wall over this screen, another one where its name is given."""
        from farmwatch.ui.screens.wall.screen import WallScreen

        top = self.way.screens[-1]
        if not isinstance(top, WallScreen):
            if name is not None:
                self.walls.choose(name)
            self.push_screen(WallScreen(top.place))
        elif name is not None:
            top.show_wall(name)

    def action_alerts(self) -> None:
        """Show all alerts over this screen."""
        self.way.show_alerts()

    def action_test_notice(self) -> None:
        """Send a test notice to the terminal and to all targets, to see that it arrives."""
        self.telling.test(self.notifier.test)

    def terminal_answered(self, answer: str) -> None:
        """The terminal has said something of its own."""
        self.telling.answered(answer)

    def end(self, return_code: int) -> None:
        """Leave soon, with an exit code; from any thread."""
        self._post(self.Ended(return_code))

    @on(Ended)
    def _leave(self, message: Ended) -> None:
        self.exit(return_code=message.return_code)

    # --- faults of its own ----------------------------------------------------------------------------

    async def run_action(self, action: Any, *given: Any, **named: Any) -> bool:
        """A key, or a click: what fails is said, and nothing else ends."""
        try:
            return await super().run_action(action, *given, **named)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the program
            self.view_failed(error, f"answering a key ({action})")
            if action == BACK.action:
                self.way.leave_failed()
            return True

    def view_failed(self, error: Exception, doing: str, widget: Widget | None = None, part: str = "") -> None:
        """A view failed: said in its place, or as a notice, and nothing else ends."""
        if widget is None or not part:
            if self.view_faults.note(error, doing):
                told = self.view_faults.words(error, doing)
                self.notify(told.plain, severity="error", markup=False, timeout=10)
        elif self.view_faults.put_in_place(widget, part, error, doing):
            widget.refresh()

    def view_is_well(self, widget: Widget, part: str) -> None:
        """A view is drawn, or laid out, as it should be."""
        if self.view_faults.is_well(widget, part):
            widget.refresh()

    def is_shown_as_failed(self, widget: Widget, part: str) -> bool:
        """Whether a fault of this part of a view is shown in its place."""
        return self.view_faults.is_in_place(widget, part)

    def drawn_instead(self, widget: Widget, crop: Region) -> list[Strip] | None:
        """The fault of a view, in its place."""
        return self.view_faults.drawn_instead(widget, crop)

    def cannot_go_on(self, error: Exception) -> None:
        """The last resort: the app itself failed. Textual's traceback would show every local variable."""
        self.view_faults.note(error, "running")
        end_with(self, error)
        self.exit(return_code=1, message=f"farmwatch: it failed; please report it with {debug_log_path()}")

    def get_line_filters(self) -> list[LineFilter]:
        """Textual's own, and behind them the last wall: no controls, and ASCII only where it must be."""
        return [*super().get_line_filters(), *self._own_filters]

    # --- what comes in --------------------------------------------------------------------------------

    @on(Told)
    def _hear(self, message: Told) -> None:
        update = message.update
        if isinstance(update.subject, NameRef | IdentityRef | ConnectionRef):
            self.tick()
        if isinstance(update.snapshot, SessionSnapshot):
            self.action_names.note(update.snapshot.actions)
        for screen in self.way.screens:
            self.view_faults.contain(None, "hearing news", partial(screen.hear, update))
        for page in self.screen_stack[-1:]:
            if isinstance(page, ModalScreen):
                page.post_message(Heard(update))

    def tick(self) -> None:
        """Draw what changes by itself, the ages above all. Called every second, and by who tells news."""
        for notice in ("" if self.recorder is None else self.recorder.notice, self.kept.notice):
            if notice and notice not in self._noticed:
                self._noticed.add(notice)
                self.notify(notice, severity="warning", timeout=30, markup=False)
        top = self.way.top
        if top is not None and top.is_mounted:
            top.tick()
            self._keep_place(top.place)

    def has_drawn(self) -> None:
        """A screen has just drawn everything: the next time is a second from now."""
        if self.ticker is not None:
            self.ticker.reset()

    # --- the way between screens ----------------------------------------------------------------------

    def arrived(self, place: Place) -> None:
        """A place is shown: it can be gone back to."""
        self.way.visited.arrive(place)

    async def action_last_place(self) -> None:
        """Go to the place that was shown before this one, and with the same key back again."""
        await self._jump(self.way.visited.last(), "No other place has been visited yet.")

    async def action_visited(self, by: int) -> None:
        """Go back (-1), or forward again (1), through the places that were visited."""
        words = "before" if by < 0 else "after"
        await self._jump(self.way.visited.step(by), f"No place was visited {words} this one.")

    async def _jump(self, place: Place | None, words: str) -> None:
        if place is None:
            self.notify(words, markup=False, timeout=3)
        else:
            await self.jump_to(place)

    async def jump_to(self, place: Place) -> None:
        """Show any place, be it related to the one that is shown or not."""
        self.monitor.want_names(place)
        await self.way.jump(place)

    @on(JumpTo)
    async def _follow_jump(self, message: JumpTo) -> None:
        await self.jump_to(message.place)

    @on(Run)
    async def _follow_command(self, message: Run) -> None:
        await self.run_action(("app", message.action, message.given))

    @on(GoTo)
    def _follow_way(self, message: GoTo) -> None:
        self.way.follow(message)

    @on(ShowOnWall)
    async def _follow_to_wall(self, message: ShowOnWall) -> None:
        await self.way.show_on_wall(message)

    @on(GoBack)
    def _leave_screen(self, message: GoBack) -> None:
        self.way.leave(message)

    @on(ShowDetails)
    def _show_details(self, message: ShowDetails) -> None:
        from farmwatch.ui.screens.details import DetailsScreen

        self.push_screen(DetailsScreen(message.heading, message.rows))

    def trail(self, place: Place) -> tuple[Place, ...]:
        """Every place from the first list down to this one; with several connections that is theirs."""
        return self.way.trail(place)

    def go_to(self, place: Place) -> None:
        """Show a place: back to its screen where there is one below, else a new screen."""
        self.way.go_to(place)

    # --- keys -----------------------------------------------------------------------------------------

    def action_goto(self) -> None:
        """Ask where to go, by one line that goes anywhere."""
        from farmwatch.ui.screens.goto.screen import GotoScreen

        screens = self.way.screens
        listed = [named for screen in screens for named in screen.named_places()]
        self.push_screen(GotoScreen(screens[-1].place, self.way.visited.places, listed))

    async def action_connections(self) -> None:
        """Show the list of connections; with one connection alone there is none."""
        if self.has_several:
            await self.jump_to(CONNECTIONS)
        else:
            self.notify("There is one connection only: connect adds another.", markup=False, timeout=5)

    def action_doctor(self) -> None:
        """Say how everything is checked that is needed."""
        self.notify("Run “farmwatch doctor” in a shell: it tries everything that is needed.", markup=False)

    def action_help(self) -> None:
        """Show the keys that can be pressed on this screen, and what words and glyphs mean, over it."""
        from farmwatch.ui.keymap import several_meanings
        from farmwatch.ui.screens.help import HelpScreen

        keys = [(key, words) for words, key, _ in keys_of(self.screen)]
        several = several_meanings(self.settings.keys, self._key_name)
        self.push_screen(HelpScreen(keys, several))

    def get_key_display(self, binding: Binding) -> str:
        """The key as it is named on the screen; by a word where its sign would be told by another one."""
        name = super().get_key_display(binding)
        return name.replace("⏎", "enter") if self._ascii_only else name

    def _key_name(self, keys: str) -> str:
        return self.get_key_display(Binding(next(iter(keys.split(","))).strip(), ""))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the command palette offers: most of Textual's own, a picture, every key of the screen."""
        return commands(self, screen, super().get_system_commands(screen))

    def action_picture(self) -> None:
        """Save a picture of the screen in the folder that Farmwatch was started in, as logs are."""
        keep_picture(self, f"farmwatch-{self.clock.now().astimezone():%Y%m%d-%H%M%S}.svg")

    def action_history(self, since: str = "") -> None:
        """Show the history over this screen, from a time on where one is given (``22:00``); nothing happens
        where none is kept. Raises `ValueError` for what is no time."""
        from farmwatch.history.time_expression import parse_since

        at = parse_since(since, self.clock.now()) if since else None
        if self.recorder is not None:
            self.way.show_history(self.recorder, at)
            self.marks.looked()

    def history_notes(self) -> tuple[str, ...]:
        """Why what is seen is not saved, for the foot of every screen."""
        return () if self.recorder is None else self.recorder.trouble_notes

    def copy_to_clipboard(self, text: str) -> None:
        """Copy lines, and tables with tabs between their cells; it passes the second wall too."""
        super().copy_to_clipboard(pasted(text))

    def action_copy_or_quit(self) -> None:
        """Ctrl+C: copy what is selected with the mouse; where nothing is, leave with exit code 130."""
        if self.screen.get_selected_text():
            self.screen.action_copy_text()
        else:
            self.exit(return_code=130)

    def action_toggle_dark(self) -> None:
        """From the dark theme to the light one, or back; a terminal of 16 colours has two of its own."""
        dark, light = self._themes
        self.theme = light if self.current_theme.dark else dark

    def get_css_variables(self) -> dict[str, str]:
        """Those of the theme, and how errors and muted words are told apart without colours."""
        return with_text_styles(super().get_css_variables(), no_color=self.no_color) if self.has_theme else {}
