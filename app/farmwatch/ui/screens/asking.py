"""Asking to be told: that a session ends, that all of a job or the wall has ended, that a line is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace
from textual import on
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input

from farmwatch.config.state import KeptAsked
from farmwatch.monitor.asked import TURNS, AskedKind
from farmwatch.ui.screens.choosing import ChoosingScreen
from farmwatch.words.keys import key
from farmwatch.words.text import Part, clean, short_id

if TYPE_CHECKING:
    from farmwatch.listings.place import Place
    from farmwatch.ui.program import Program

Named = tuple["Place", str]
"""A session or a job, with the name of the job, empty where that is not known."""


class Wanted(Struct, frozen=True):
    """Something that can be asked for: ``title`` says what, ``does`` of what; one for each of the things."""

    title: str
    does: str
    asked: tuple[KeptAsked, ...]


def choices_of(
    named: Sequence[Named], program: Program, now: datetime, wall: str | None = None
) -> list[Wanted]:
    """What can be asked for of sessions and jobs, and of the wall of that name."""
    sessions = [(place, name) for place, name in named if len(place.ids) == 4]
    choices: list[Wanted] = []

    def kept(kind: AskedKind, place: Place, name: str) -> KeptAsked:
        name = name or program.walls.name_of(place.ids[2]) or short_id(place.ids[2])
        return KeptAsked(place.connection, place.ids, kind.value, now, name)

    if len(sessions) == 1:
        ((place, name),) = sessions
        one = kept(AskedKind.ENDED, place, name)
        session = f"{one.name}, {short_id(place.ids[3])}"
        choices.append(Wanted("It ends", session, (one,)))
        choices.append(Wanted("A line of its log matches", session, (kept(AskedKind.LINE, place, name),)))
    elif sessions:
        every = tuple(kept(AskedKind.ENDED, place, name) for place, name in sessions)
        choices.append(Wanted("Each of them ends", f"{len(sessions):,} sessions, told one by one", every))
        every = tuple(kept(AskedKind.LINE, place, name) for place, name in sessions)
        choices.append(Wanted("A line of their logs matches", "the first of each session is told", every))
    # What a session is called is more than the name of its job.
    jobs = {replace(place, session_id=None): "" if place.session_id else name for place, name in named}
    if len(jobs) == 1:
        ((place, name),) = jobs.items()
        one = kept(AskedKind.ALL_ENDED, place, name)
        choices.append(Wanted("All of the job has ended", one.name, (one,)))
        one = kept(AskedKind.LINE, place, name)
        choices.append(Wanted("A line of the job's logs matches", f"{one.name}, all its sessions", (one,)))
    if wall is not None:
        one = KeptAsked("", (), AskedKind.ALL_ENDED.value, now, wall)
        choices.append(Wanted("All of the wall has ended", "nothing runs on it any more", (one,)))
        one = replace(one, kind=AskedKind.LINE.value)
        choices.append(Wanted("A line of the wall's logs matches", "all sessions that run on it", (one,)))
    return choices


def ask(screen: Screen[Any], program: Program, named: Sequence[Named], wall: str | None = None) -> None:
    """Ask over a screen of the program what somebody wants to be told of, and wait for that."""
    choices = choices_of(named, program, program.clock.now(), wall)
    if not choices:
        screen.notify("There is nothing here that could end.", markup=False, timeout=4)
        return

    def begin(chosen: Wanted | None) -> None:
        if chosen is not None:
            _begin(program, chosen)

    screen.app.push_screen(AskScreen(choices), begin)


def _begin(program: Program, chosen: Wanted) -> None:
    listed = f"{key('alerts', 'A')} lists it"
    new = 0
    try:
        for one in chosen.asked:
            new += program.walls.ask(one)
    except ValueError as error:
        part = f"{new:,} of {len(chosen.asked):,} are waited for now. " if new else ""
        program.notify(clean(f"{part}{error}", 300), timeout=8, markup=False)
        return
    what = chosen.does if len(chosen.asked) > 1 else chosen.asked[0].name
    words = f"You will be told: {chosen.title.lower()}{f' ({what})' if what else ''}; {listed}."
    words = words if new else f"That is waited for already; {listed}."
    program.notify(clean(words, 300), timeout=5, markup=False)


class AskScreen(ChoosingScreen[Wanted]):
    """Lists what somebody can be told of; for a line of a log its pattern is typed."""

    HEADING, BACK, TYPED = "Tell me", "ask-back", "pattern"
    BINDINGS = [
        Binding("escape", "back", "Back", tooltip="Back, without waiting for anything", id="ask-back"),
    ]

    def _question(self) -> tuple[list[Part], str]:
        parts: list[Part] = [
            ("Tell me when…", "strong"),
            ("\nwhat has ended already is told at once", "muted"),
        ]
        return parts, "waits for it"

    def _take(self, choice: Wanted) -> None:
        if choice.asked[0].kind != AskedKind.LINE:
            self.dismiss(choice)
            return
        self._show_chosen(choice, "a word, or a regular expression")
        self._show_pattern()

    def _show_pattern(self, trouble: str = "") -> None:
        parts: list[Part] = [("Tell me when a line of the log matches…", "strong")]
        is_one = self._chosen is not None and len(self._chosen.asked[0].ids) == 4
        until = "waited for until the session ends" if is_one else f"{TURNS} logs are read at a time"
        parts.append((f"\nin any case, unless there is a capital; lines from now on; {until}", "muted"))
        if trouble:
            parts.append((f"\n{clean(trouble, 300)}", "error"))
        self._show(parts, "waits for it")

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        from farmwatch.logs.patterns import lasting_query
        from farmwatch.logs.scan import BadPattern

        if self._chosen is None:
            return
        pattern = event.value.strip()
        try:
            lasting_query(pattern)
        except BadPattern as error:
            self._show_pattern(str(error))
            return
        asked = tuple(replace(one, pattern=pattern) for one in self._chosen.asked)
        self.dismiss(replace(self._chosen, asked=asked))
