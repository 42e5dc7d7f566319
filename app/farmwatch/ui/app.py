"""The application: screens and the way between them, the theme, the poller's messages in."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tomllib
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.filter import LineFilter
from textual.message import Message
from textual.screen import Screen
from textual.theme import Theme
from textual.timer import Timer

from farmwatch.cloud.model import Fault, Who
from farmwatch.debug_log import debug_log_path
from farmwatch.settings import Settings
from farmwatch.ui.commands import commands, keys_of, save_picture
from farmwatch.ui.containment import ViewFaults, tell_fault
from farmwatch.ui.place import Level, Place
from farmwatch.ui.screens.following import FollowingScreen
from farmwatch.ui.screens.picker import PickerScreen
from farmwatch.ui.terminal import AsciiOnly, NoControls
from farmwatch.ui.text import clean
from farmwatch.watch.cadence import Budget
from farmwatch.watch.clock import Clock, SystemClock
from farmwatch.watch.lists import NameTarget
from farmwatch.watch.poller import Poller
from farmwatch.watch.questions import Questions
from farmwatch.watch.target import News

if TYPE_CHECKING:
    from farmwatch.ui.action_names import ActionNames
    from farmwatch.watch.logs.reading import Severities
    from farmwatch.watch.recorder import Recorder

OpenFarm = Callable[[Callable[[], None], Callable[[Who], None]], Questions | Fault]
"""Makes the thing that answers questions, in a poller's thread. It is handed what to call before every
request, and what to call when it knows as whom it asks."""


def styles_folder() -> Path:
    """Where the style sheets are: beside the package in an installed wheel, beside ``app/`` in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "styles"
    return installed if installed.is_dir() else package.parent.parent / "styles"


class FarmwatchApp(App[None]):
    """Farmwatch. ``open_farm`` is called in a poller's thread, after the first frame is painted;
    ``ascii_only`` draws for a terminal whose encoding knows no more, ``few_colours`` for one that has 16 of
    them; ``recorder`` keeps what is seen."""

    TITLE = "Farmwatch"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS = [
        Binding("ctrl+c", "copy_or_quit", show=False, priority=True, system=True),
        Binding("ctrl+z", "suspend_process", show=False, priority=True, system=True),
        Binding("h", "history", "History", show=False, tooltip="What happened, by session"),
        Binding("f2", "toggle_dark", "Light or dark", show=False, tooltip="Light or dark colours"),
    ]

    class Told(Message):
        """The poller has news."""

        def __init__(self, news: News) -> None:
            super().__init__()
            self.news = news

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, FarmwatchApp.Told) and message.news.key == self.news.key

    class Identified(Message):
        """It is known as whom the questions are asked."""

        def __init__(self, who: Who) -> None:
            super().__init__()
            self.who = who

    def __init__(
        self,
        settings: Settings,
        open_farm: OpenFarm,
        clock: Clock | None = None,
        *,
        ascii_only: bool = False,
        few_colours: bool = False,
        recorder: Recorder | None = None,
    ) -> None:
        styles = styles_folder()
        # Without colours Textual draws in shades of grey, which are colours to a terminal. Told to draw in
        # the terminal's own ones it leaves them out altogether.
        plain = True if "NO_COLOR" in os.environ else None
        self._themes = FEW_COLOURS if few_colours else COLOURS
        super().__init__(css_path=[*sorted(styles.glob("*.tcss"))], ansi_color=plain)
        self.settings = settings
        self.clock = clock or SystemClock()
        self.who = Who(settings.profile or "", "", settings.region or "")
        self.names: dict[str, str] = {}
        self.view_faults = ViewFaults(str(debug_log_path()))
        self.recorder = recorder
        if recorder is not None:
            recorder.name_of = lambda one: self.names.get(one, "")
        self._noticed = ""
        self._open_farm = open_farm
        # The same ones every time: what was filtered is kept, by filter.
        self._own_filters = [NoControls(), AsciiOnly()] if ascii_only else [NoControls()]
        self._ascii_only = ascii_only
        self._ticker: Timer | None = None
        self.poller = Poller(self._connect, self._tell, self.clock)
        rate = settings.log_requests
        self.log_budget = Budget(rate=rate, burst=max(2.0, rate))
        self.poller.other_budgets.append(self.log_budget)
        for theme in themes(styles / "themes.toml"):
            self.register_theme(theme)
        self.theme = self._themes[0]

    @cached_property
    def action_names(self) -> ActionNames:
        """What the session actions are called that have been on the screen."""
        from farmwatch.ui.action_names import ActionNames

        return ActionNames()

    @cached_property
    def severities(self) -> Severities:
        """What makes a line of a log an error, or a warning."""
        from farmwatch.watch.logs.reading import Severities

        return Severities.of(self.settings.error_words, self.settings.warning_words)

    # --- the poller's side: called in its threads -----------------------------------------------------

    def _connect(self) -> Questions | Fault:
        return self._open_farm(self._count_request, lambda who: self._post(self.Identified(who)))

    def _count_request(self) -> None:
        self.poller.budget.spend(self.clock.monotonic())

    def _tell(self, news: News) -> None:
        self._post(self.Told(news))

    def _post(self, message: Message) -> None:
        # When the program is on its way out there is nobody left to tell.
        with contextlib.suppress(RuntimeError):
            self.post_message(message)

    # --- start and end --------------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[Any]:
        given = self.settings
        return self._screen_for(Place(given.farm_id, given.queue_id, given.job_id, given.session_id))

    def on_mount(self) -> None:
        self._end_on_signals()
        # Back in the foreground the terminal is blank, and nothing would be drawn but what changes.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self._ticker = self.set_interval(1.0, self._tick)

    def on_ready(self) -> None:
        """The first frame is painted: only now is imported and asked what it does not need."""
        for target in self._names_wanted():
            self.poller.follow(target)
        self.poller.start()

    def on_unmount(self) -> None:
        self.poller.stop()

    def _end_on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP", "SIGINT"):
            number = getattr(signal, name, None)
            if number is not None:
                # Windows has no such handlers; there the process simply ends. Nor has a thread of a test.
                with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
                    loop.add_signal_handler(number, self._end, 128 + number)

    # --- faults of its own ----------------------------------------------------------------------------

    async def run_action(self, *given: Any, **named: Any) -> bool:
        """A key, or a click: what fails is said, and nothing else ends."""
        try:
            return await super().run_action(*given, **named)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the program
            tell_fault(self, error, "answering a key")
            return True

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:  # noqa: BLE001 - as above
            tell_fault(self, error, f"handling {type(message).__name__}")

    def _handle_exception(self, error: Exception) -> None:
        """What nobody contained: the end. Without the traceback that Textual would print, because that shows
        every local variable."""
        self.view_faults.take(error, "running")
        self._exception = self._exception or error
        self._exception_event.set()
        self.exit(return_code=1, message=f"farmwatch: it failed; please report it with {debug_log_path()}")

    def _end(self, return_code: int) -> None:
        self.exit(return_code=return_code)

    def get_line_filters(self) -> list[LineFilter]:
        return [*super().get_line_filters(), *self._own_filters]

    # --- what comes in --------------------------------------------------------------------------------

    @on(Told)
    def _hear(self, message: Told) -> None:
        news = message.news
        if isinstance(news.observed, str) and news.key.startswith(NAME_OF):
            self.names[news.key.removeprefix(NAME_OF)] = news.observed
            self._tick()
        if news.key.startswith(ACTIONS_OF):
            self.action_names.note(news.observed)
        for screen in self.screen_stack:
            if isinstance(screen, FollowingScreen):
                self.view_faults.contain(None, "hearing news", partial(screen.hear, news))

    @on(Identified)
    def _identify(self, message: Identified) -> None:
        self.who = message.who
        self._tick()

    def _tick(self) -> None:
        if self.recorder is not None and self.recorder.notice != self._noticed:
            self._noticed = self.recorder.notice
            self.notify(self._noticed, severity="warning", timeout=30, markup=False)
        screen = next((one for one in reversed(self.screen_stack) if isinstance(one, FollowingScreen)), None)
        if screen is not None and screen.is_mounted:
            screen.tick()

    def has_drawn(self) -> None:
        """A screen has just drawn everything: the next time is a second from now."""
        if self._ticker is not None:
            self._ticker.reset()

    # --- the way between screens ----------------------------------------------------------------------

    def _screen_for(self, place: Place, cursor_key: str | None = None) -> FollowingScreen:
        if place.level is Level.SESSION:
            # Imported when it is wanted: the first frame shows a list, as a rule.
            from farmwatch.ui.screens.session import SessionScreen

            return SessionScreen(place, self.settings.interval, self.recorder)
        return PickerScreen(place, cursor_key)

    def go_to(self, place: Place) -> None:
        """Show a place: back to its screen where there is one below, else a new screen."""
        stack = [screen for screen in self.screen_stack if isinstance(screen, FollowingScreen)]
        here = stack[-1].place
        if place == here:
            return
        if place in here.trail:
            self._go_back(place, here)
        else:
            self.push_screen(self._screen_for(place))

    def visit(self, place: Place) -> None:
        """Show a place from aside: the way back leads to where one came from, not up."""
        screen = self._screen_for(place)
        screen.is_visit = True
        self.push_screen(screen)

    def _go_back(self, place: Place, here: Place) -> None:
        stack = [screen.place for screen in self.screen_stack if isinstance(screen, FollowingScreen)]
        above = next((n for n, one in enumerate(reversed(stack)) if one == place), None)
        if above is not None:
            for _ in range(above):
                self.pop_screen()
            return
        # The program was started further down: the list above has no screen yet.
        came_from = here.trail[here.trail.index(place) + 1].ids[-1]
        screen = self._screen_for(place, came_from)
        if len(stack) == 1:
            # Textual does not let go of the first screen; it stays below and sleeps.
            self.push_screen(screen)
        else:
            self.switch_screen(screen)

    def _names_wanted(self) -> Iterable[NameTarget]:
        """The farm, the queue and the job that were given by their ids want names in the header."""
        given = self.settings
        farm_id, queue_id, job_id = given.farm_id, given.queue_id, given.job_id
        if farm_id:
            yield NameTarget(NAME_OF + farm_id, lambda asked: asked.farm(farm_id))
        if farm_id and queue_id:
            yield NameTarget(NAME_OF + queue_id, lambda asked: asked.queue(farm_id, queue_id))
        if farm_id and queue_id and job_id:
            yield NameTarget(NAME_OF + job_id, lambda asked: asked.job(farm_id, queue_id, job_id))

    # --- keys -----------------------------------------------------------------------------------------

    def action_help(self) -> None:
        from farmwatch.ui.screens.help import HelpScreen

        self.push_screen(HelpScreen((key, words) for words, key, _ in keys_of(self.screen)))

    def get_key_display(self, binding: Binding) -> str:
        """The key as it is named on the screen; by a word where its sign would be told by another one."""
        name = super().get_key_display(binding)
        return name.replace("⏎", "enter") if self._ascii_only else name

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        return commands(self, screen, super().get_system_commands(screen))

    def action_picture(self) -> None:
        """Save a picture of the screen in the folder that Farmwatch was started in, as logs are."""
        name = f"farmwatch-{self.clock.now().astimezone():%Y%m%d-%H%M%S}.svg"
        try:
            path = save_picture(self.export_screenshot(), Path.cwd() / name)
        except OSError as error:
            words = f"Not saved: {name}: {error.strerror or type(error).__name__}"
            self.notify(clean(words), severity="error", markup=False)
        else:
            self.notify(clean(f"Saved {path}"), markup=False)

    def action_history(self) -> None:
        from farmwatch.ui.screens.history import HistoryScreen

        here = next((one for one in reversed(self.screen_stack) if isinstance(one, FollowingScreen)), None)
        if self.recorder is None or here is None or isinstance(here, HistoryScreen):
            return
        self.push_screen(HistoryScreen(here.place, self.recorder))

    def history_notes(self) -> tuple[str, ...]:
        """Why what is seen is not saved, for the foot of every screen."""
        recorder = self.recorder
        if recorder is None or not recorder.trouble:
            return ()
        lost = f", {recorder.lost:,} are lost" if recorder.lost else ""
        return (f"HISTORY NOT SAVED  {recorder.trouble} {recorder.waiting:,} changes wait for it{lost}.",)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy lines, and tables with tabs between their cells. Text is pasted into shells, so it passes the
        second wall too."""
        lines = (line.split("\t") for line in text.split("\n"))
        super().copy_to_clipboard("\n".join("\t".join(clean(c, len(c)) for c in cells) for cells in lines))

    def action_copy_or_quit(self) -> None:
        if self.screen.get_selected_text():
            self.screen.action_copy_text()
        else:
            self.exit(return_code=130)

    def action_toggle_dark(self) -> None:
        dark, light = self._themes
        self.theme = light if self.current_theme.dark else dark

    def get_css_variables(self) -> dict[str, str]:
        """The theme's, and how errors and what is muted are told apart where there are no colours."""
        variables = super().get_css_variables()
        error, muted = ("bold ", "dim ") if self.no_color else ("", "")
        return {
            **variables,
            "error-tone": error + variables["text-error"],
            "muted-tone": muted + variables["text-muted"],
        }


COLOURS = ("farmwatch-dark", "farmwatch-light")
FEW_COLOURS = ("farmwatch-16", "farmwatch-16-light")
"""The dark and the light theme, for terminals of many colours and of 16."""

NAME_OF = "name of "
ACTIONS_OF = "actions of "
"""How the keys begin under which the poller tells names, and the actions of a session."""


def themes(path: Path) -> list[Theme]:
    """The themes of a TOML file, a table each: colours belong to the styles, not to the program."""
    with path.open("rb") as file:
        found = tomllib.load(file)
    return [Theme(name=name, **members) for name, members in found.items()]
