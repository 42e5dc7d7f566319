"""Adding a connection while the program runs: a profile, a region, and whether it is to stay."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from farmwatch.config import deadline_command
from farmwatch.config.schema import BadSetting, ConnectionTable, add_connection, default_path
from farmwatch.config.settings import ConnectionSettings
from farmwatch.ui.content import content
from farmwatch.ui.themes import style_sheet
from farmwatch.words.keys import enter, key
from farmwatch.words.text import Part, clean

if TYPE_CHECKING:
    from farmwatch.aws.profiles import Profile

NO_PROFILE = "(no profile)"


class ConnectScreen(ModalScreen[ConnectionSettings | None]):
    """Asks, one list after the other, and answers with the connection that was chosen."""

    CSS_PATH = style_sheet("page")
    BINDINGS = [Binding("escape", "back", "Back", id="close")]

    def __init__(self, taken: Container[str]) -> None:
        super().__init__()
        self._taken = taken
        self._profiles: Sequence[Profile] = ()
        self._regions: Sequence[str] = ()
        self._chosen: list[str] = []

    def compose(self) -> ComposeResult:
        """What is asked for, and below it what there is to choose from."""
        with Vertical(classes="page box") as page:
            page.border_title = content("Add a connection")
            page.border_subtitle = content(f"{enter()} chooses   {key('close', 'esc')} goes back")
            yield Static(content("Looking for profiles…"), id="asks")
            yield OptionList(id="choices", markup=False, compact=True)

    def on_mount(self) -> None:
        """Look for the profiles: they are in files, and botocore takes a while to be imported."""
        self.run_worker(self._look(), exit_on_error=False)

    async def _look(self) -> None:
        try:
            self._profiles, self._regions = await asyncio.to_thread(known)
        except Exception as error:  # noqa: BLE001 - files of any kind: it is said, and nothing else ends
            self._ask(f"The AWS configuration cannot be read: {clean(str(error), 200)}", ())
            return
        self._ask_next()

    # --- what is asked --------------------------------------------------------------------------------

    def _ask_next(self) -> None:
        """Ask for what has not been chosen yet."""
        match len(self._chosen):
            case 0:
                names = [(NO_PROFILE, "", "what boto3 finds by itself")]
                names += [(one.name, one.region, _kind(one)) for one in self._profiles]
                self._ask("Profile", [(name, _described(*told)) for name, *told in names])
            case 1:
                own = self._own_region()
                used = {one.region for one in self._profiles}
                regions = sorted(
                    {*self._regions, *used} - {""}, key=lambda one: (one != own, one not in used, one)
                )
                self._ask("Region", [(one, _told_of(one, own, used)) for one in regions])
            case _:
                where = clean(str(default_path(os.environ)), 200)
                self._ask(
                    f"Keep it as {self._free_name()}?", [("For this run", ""), ("In the settings", where)]
                )

    def _ask(self, what: str, choices: Sequence[tuple[str, str]]) -> None:
        said = [one for one in self._chosen if one != NO_PROFILE]
        so_far: list[Part] = [(f"{' · '.join(said)}   ", "accent")] if said else []
        self.query_one("#asks", Static).update(content(*so_far, (what, "strong")))
        options = self.query_one(OptionList)
        options.clear_options()
        width = max((len(name) for name, _ in choices), default=0)
        options.add_options(
            Option(content((f"{name:<{width}}  ", ""), (told, "muted")), id=str(number))
            for number, (name, told) in enumerate(choices)
        )
        self._choices = [name for name, _ in choices]
        options.highlighted = 0 if choices else None
        options.focus()

    def _own_region(self) -> str:
        return next((one.region for one in self._profiles if one.name == self._chosen[0]), "")

    def _free_name(self) -> str:
        """A name that is free, made of the profile and the region."""
        profile, region = self._chosen[:2]
        words = [one for one in (profile, region) if one != NO_PROFILE]
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", "-".join(words))[:36].strip("-._") or "connection"
        return next(one for one in _numbered(name) if one not in self._taken)

    # --- answers --------------------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        choice = self._choices[event.option_index]
        if len(self._chosen) < 2:
            self._chosen.append(choice)
            self._ask_next()
            return
        profile, region = self._chosen
        connection = ConnectionSettings(
            self._free_name(), None if profile == NO_PROFILE else profile, region or None
        )
        if event.option_index == 1 and not self._keep(connection):
            return
        self.dismiss(connection)

    def _keep(self, connection: ConnectionSettings) -> bool:
        """Write it into the settings file; whether that was possible."""
        table = ConnectionTable(connection.profile or "", connection.region or "")
        path = default_path(os.environ)
        try:
            add_connection(path, connection.name, table)
        except (BadSetting, OSError) as error:
            why = getattr(error, "strerror", None) or str(error)
            self.notify(clean(f"Not kept: {why}", 300), severity="error", markup=False)
            return False
        self.notify(clean(f"Kept in {path}", 300), markup=False)
        return True

    def action_back(self) -> None:
        """Back to the choice before; from the first one out."""
        if self._chosen:
            self._chosen.pop()
            self._ask_next()
        else:
            self.dismiss(None)


def known() -> tuple[tuple[Profile, ...], tuple[str, ...]]:
    """The profiles and regions that boto3 and the ``deadline`` command know of."""
    from farmwatch.aws.profiles import Profile, known_profiles, known_regions

    try:
        deadline = deadline_command.read(deadline_command.path_of(os.environ, Path.home()))
    except deadline_command.NotReadable:
        deadline = None
    regions = {} if deadline is None else deadline.regions()
    profiles = tuple(
        one if one.region else Profile(one.name, regions.get(one.name, ""), one.is_monitor)
        for one in known_profiles()
    )
    return profiles, known_regions()


def _kind(profile: Profile) -> str:
    return "Deadline Cloud monitor" if profile.is_monitor else ""


def _described(region: str, kind: str) -> str:
    return "   ".join(one for one in (region, kind) if one)


def _told_of(region: str, own: str, used: Container[str]) -> str:
    if region == own:
        return "the profile's own"
    return "of another profile" if region in used else ""


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1
