"""The ways between screens: messages to the app, so that no screen needs to know another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from farmwatch.listings.place import CONNECTIONS, Place

if TYPE_CHECKING:
    from farmwatch.aws.model import SessionRef
    from farmwatch.config.settings import Settings
    from farmwatch.logs.browse import Line
    from farmwatch.monitor.update import Update


class GoTo(Message):
    """Show a place: up, down, or one in the path."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


class Visit(GoTo):
    """Show a place from aside: the way back leads to where one came from."""


class ShowLog(GoTo):
    """Show the logs of a session: where they were left, at an action's first line, or at a line."""

    def __init__(self, place: Place, *, action_id: str | None = None, line: Line | None = None) -> None:
        super().__init__(place)
        self.action_id = action_id
        self.line = line


class ShowMergedLogs(GoTo):
    """Show the session logs of several sessions, at least one, merged by time; each with its job's name."""

    def __init__(self, place: Place, sessions: Sequence[tuple[SessionRef, str]]) -> None:
        super().__init__(place)
        self.sessions = sessions


class ShowWhy(GoTo):
    """Show why a session failed, or why an action of it did."""

    def __init__(self, place: Place, *, action_id: str | None = None) -> None:
        super().__init__(place)
        self.action_id = action_id


class ShowDetails(Message):
    """Show names and whole values, over the screen below."""

    def __init__(self, heading: str, rows: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.heading = heading
        self.rows = rows


class ShowOnWall(Message):
    """Show what runs, as far as a filter leaves it, on the wall over a place."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__()
        self.place = place
        self.text = text


class GoBack(Message):
    """Back to the screen below; ``action_id`` is the session action that was looked at last."""

    def __init__(self, action_id: str | None = None) -> None:
        super().__init__()
        self.action_id = action_id


class JumpTo(Message):
    """Show any place, be it related to the one that is shown or not."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


class Run(Message):
    """Do what a key of the program does: an action of the program, with what it is given."""

    def __init__(self, action: str, given: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.action = action
        self.given = given


class Heard(Message, bubble=False):
    """The Monitor has an update; for a page that lies over the screens."""

    def __init__(self, update: Update) -> None:
        super().__init__()
        self.update = update


def place_of(settings: Settings) -> Place:
    """Where to begin: at the list of connections where there are several."""
    given = settings
    if len(given.connections) > 1 and given.farm_id is None:
        return CONNECTIONS
    return Place(given.connection.name, given.farm_id, given.queue_id, given.job_id, given.session_id)
