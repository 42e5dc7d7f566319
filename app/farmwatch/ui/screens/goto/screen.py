"""One line that goes anywhere, over the screen below: what matches is listed while it is typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct
from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from farmwatch.history.events import Watched
from farmwatch.listings.job_finder import FoundJobs
from farmwatch.listings.place import Place
from farmwatch.ui.content import content
from farmwatch.ui.navigation import Heard, JumpTo, Run
from farmwatch.ui.screens.goto.choices import COMMANDS, Choice, Known, Meaning, meaning, spots_of
from farmwatch.ui.themes import style_sheet
from farmwatch.words.keys import enter, key
from farmwatch.words.text import Part

if TYPE_CHECKING:
    from farmwatch.monitor.handles import JobFinderHandle, ListHandle
    from farmwatch.ui.program import Program

TYPING_PAUSE = 0.3
"""Seconds without a key before jobs are searched for: one search a word, not one a letter."""

SHORTEST = 3
"""Letters of a name from which on the service is asked for it."""

WIDEST = 40
"""Characters of a label beside which more is told."""


class Recorded(Struct, frozen=True):
    """A session of the history."""

    watched: Watched

    @property
    def key(self) -> str:
        """By what it is told from others."""
        return f"{self.watched.ref.connection} {self.watched.ref.session_id}"

    @property
    def seen_at(self) -> datetime | None:
        """Until when it was seen."""
        return self.watched.session_until


class GotoScreen(ModalScreen[None]):
    """Asks where to go. ``listed`` are places that the screens below list, with their names."""

    CSS_PATH = style_sheet("page")
    BINDINGS = [
        Binding("escape", "dismiss", "Close", id="close"),
        Binding("down", "choose(1)", "Next", show=False, id="next-choice"),
        Binding("up", "choose(-1)", "Previous", show=False, id="previous-choice"),
    ]

    def __init__(
        self, here: Place, visited: Iterable[Place], listed: Iterable[tuple[Place, str]] = ()
    ) -> None:
        super().__init__()
        self._here = here
        self._visited = [place for place in visited if place != here]
        self._listed = list(listed)
        self.known = Known(here)
        """What is known so far."""
        self._meaning = Meaning()
        self._choices: list[Choice] = []
        self._finder: JobFinderHandle | None = None
        self._found = FoundJobs()
        self._history: ListHandle[Any] | None = None
        self._typing: Timer | None = None
        self._is_chosen = False
        """Whether the choice was made with the arrows; else it is the best."""

    @property
    def farmwatch(self) -> Program:
        """The app, as far as this screen needs it."""
        return cast("Program", self.app)

    def compose(self) -> ComposeResult:
        """The line, what is to be said, and the choices."""
        with Vertical(classes="page box") as page:
            page.border_title = content("Go to")
            page.border_subtitle = content(f"{enter()} goes   ↑ ↓ choose   {key('close', 'esc')} closes")
            yield Input(placeholder="a name, an id, an address, or a command", id="goto-line", compact=True)
            yield Static(id="goto-said")
            options = OptionList(id="choices", markup=False, compact=True)
            # The line keeps the focus: what is typed belongs there.
            options.can_focus = False
            yield options

    def on_mount(self) -> None:
        """Show what is known at once; read the sessions of the history meanwhile."""
        self._learn({})
        self.query_one(Input).focus()
        if self.farmwatch.recorder is not None:
            self._history = self.farmwatch.monitor.watch_local_list("sessions of the history", self._recorded)

    def on_unmount(self) -> None:
        """Search no more."""
        for handle in (self._finder, self._history):
            if handle is not None:
                handle.close()

    # --- what is known --------------------------------------------------------------------------------

    def _recorded(self) -> Sequence[Recorded]:
        """The sessions of the history; asked in the Monitor's threads."""
        recorder = self.farmwatch.recorder
        sessions = None if recorder is None else recorder.ask(lambda history: history.sessions())
        return [Recorded(watched) for watched in (sessions or {}).values()]

    def _learn(self, sessions: Mapping[Place, Watched]) -> None:
        """Put together what is known: what was visited, what is listed, what the history has."""
        app = self.farmwatch
        names: dict[str, str] = {}
        for place, watched in sessions.items():
            told = zip(place.ids, (watched.farm, watched.queue, watched.job), strict=False)
            names |= {of: name for of, name in told if name}
        wall = () if app.walls.handle is None else app.walls.handle.observed
        running = {Place.at(row.ref): row for one in wall for row in one.rows}
        names |= {place.job_id: row.job for place, row in running.items() if place.job_id and row.job}
        names |= {place.ids[-1]: name for place, name in self._listed}
        names |= app.monitor.names
        if not app.has_several:
            names |= dict.fromkeys(app.connections, "Farms")
        on_a_connection = [place for place in sessions if place.connection in app.connections]
        newest = [*reversed(self._visited), self._here]
        spots = spots_of((*newest, *map(Place, app.connections)), names)
        for place, spot in spots_of((place for place, _ in self._listed), names).items():
            spots.setdefault(place, spot)
        for place, spot in spots_of((*running, *on_a_connection), names).items():
            spots.setdefault(place, spot)
        for place, row in running.items():
            if row.session is not None:
                host = row.session.host
                words = (row.session.worker_id, (host and host.name) or "")
                spots[place] = replace(spots[place], words=(*spots[place].words, *filter(None, words)))
        has_history = app.recorder is not None
        self.known = Known(
            self._here,
            spots,
            tuple(dict.fromkeys(place for place in newest if place != self._here)),
            names,
            {name: app.monitor.who(name).region for name in app.connections},
            COMMANDS if has_history else tuple(one for one in COMMANDS if one.word != "history"),
            tuple(filter(None, app.walls.names)),
        )
        self._understand()

    # --- what is typed --------------------------------------------------------------------------------

    @on(Input.Changed)
    def _typed(self) -> None:
        self._is_chosen = False
        self._understand()
        if self._typing is not None:
            self._typing.stop()
        if self._meaning.searches and len(self._line) >= SHORTEST and self._here.farm_id:
            self._typing = self.set_timer(TYPING_PAUSE, self._search)

    @property
    def _line(self) -> str:
        return self.query_one(Input).value.strip()

    def _understand(self) -> None:
        self._meaning = meaning(self._line, self.known, self.farmwatch.clock.now())
        self._show()

    # --- the service ----------------------------------------------------------------------------------

    def _search(self) -> None:
        if self._here.farm_id is None:
            return
        if self._finder is None:
            connection = self._here.connection
            self._finder = self.farmwatch.monitor.find_jobs(connection, self._here.farm_id, self._line)
        else:
            self._finder.look_for(self._line)
        self._show()

    @on(Heard)
    def _hear(self, message: Heard) -> None:
        """Take what was found."""
        if self._finder is not None and message.update.subject == self._finder.subject:
            self._found = message.update.snapshot.observed
            self._show()
        elif self._history is not None and message.update.subject == self._history.subject:
            # Once is enough: the line is open for a moment.
            self._history.close()
            recorded = self._history.observed.items
            self._learn({Place.at(one.watched.ref): one.watched for one in recorded})

    # --- what is shown --------------------------------------------------------------------------------

    def _show(self) -> None:
        options = self.query_one(OptionList)
        before = options.highlighted
        chosen = self._choices[before] if self._is_chosen and before is not None else None
        choices = list(self._meaning.choices)
        places = {one.place for one in choices}
        if self._meaning.searches and self._found.text == self._line:
            for job in self._found.jobs:
                if job.place not in places:
                    queue = " · ".join(("job", job.queue, self.known.name(job.place.ids[0])))
                    choices.append(Choice(job.name, queue, job.place))
        if choices != self._choices:
            self._choices = choices
            width = min(max((len(one.label) for one in choices), default=0), WIDEST)
            options.clear_options()
            options.add_options(
                Option(content((f"{one.label:<{width}}  ", ""), (one.told, "muted"))) for one in choices
            )
        at = choices.index(chosen) if chosen in choices else 0
        options.highlighted = at if choices else None
        self.query_one("#goto-said", Static).update(content(*self._said()))

    def _said(self) -> list[Part]:
        """Why nothing is found, how far the search for jobs is, or why it failed."""
        found, finder = self._found, self._finder
        if self._meaning.problem and not self._choices:
            return [(self._meaning.problem, "warning")]
        if self._meaning.searches and len(self._line) >= SHORTEST:
            if not self._here.farm_id:
                if self._choices:
                    return []
                words = f"Nothing known matches “{self._line}”. On a farm, its jobs are searched too."
                return [(words, "warning")]
            if finder is None or found.text != self._line:
                return [("searching jobs…", "muted")]
            if found.fault is not None:
                return [(f"{found.fault.sentence} {found.fault.remedy}", "error")]
            if not found.is_complete:
                return [("searching jobs…", "muted")]
            if found.total > len(found.jobs):
                return [(f"{found.total:,} jobs match, {len(found.jobs):,} shown: type more", "muted")]
        if self._line and not self._choices:
            return [(f"Nothing matches “{self._line}”.", "warning")]
        return []

    # --- going ----------------------------------------------------------------------------------------

    def action_choose(self, by: int) -> None:
        """Go down, or up, among the choices."""
        options = self.query_one(OptionList)
        if self._choices:
            self._is_chosen = True
            options.highlighted = ((options.highlighted or 0) + by) % len(self._choices)

    @on(Input.Submitted)
    def _entered(self) -> None:
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is not None:
            self._go(self._choices[highlighted])

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self._go(self._choices[event.option_index])

    def _go(self, choice: Choice) -> None:
        """Leave, and go there; a choice is either a place or an action."""
        self.dismiss()
        if choice.place is None:
            self.app.post_message(Run(choice.action, choice.given))
            return
        self.app.post_message(JumpTo(choice.place))
