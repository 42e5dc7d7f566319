"""What screens and widgets may ask of the program that they are part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from farmwatch.config.settings import ConnectionSettings, Settings
    from farmwatch.config.state import StateFile
    from farmwatch.history.recorder import Recorder
    from farmwatch.listings.place import Place
    from farmwatch.logs.parsing import Severities
    from farmwatch.monitor.marks import Marks
    from farmwatch.monitor.monitor import Monitor
    from farmwatch.monitor.notifier import Notifier
    from farmwatch.monitor.walls import Walls
    from farmwatch.polling.clock import Clock
    from farmwatch.ui.action_names import ActionNames
    from farmwatch.ui.containment import ViewFaults


class Program(Protocol):
    """The application, as its screens know it."""

    monitor: Monitor
    clock: Clock
    settings: Settings
    recorder: Recorder | None
    view_faults: ViewFaults
    marks: Marks
    walls: Walls
    notifier: Notifier
    kept: StateFile
    """What is remembered from one run to the next."""

    connections: dict[str, ConnectionSettings]
    """All connections by their names, those too that came later."""

    @property
    def has_several(self) -> bool:
        """Whether there is more than one connection, so that they are a level of their own."""

    def trail(self, place: Place) -> tuple[Place, ...]:
        """Every place from the first list down to this one."""

    def arrived(self, place: Place) -> None:
        """A place is shown."""

    @property
    def severities(self) -> Severities:
        """What makes a line of a log an error, or a warning."""

    @property
    def action_names(self) -> ActionNames:
        """What the session actions are called that have been on the screen."""

    def notify(self, message: str, *, timeout: float | None = None, markup: bool = True) -> None:
        """Show a line over the screen for a while."""

    def history_notes(self) -> tuple[str, ...]:
        """Why what is seen is not saved, for the foot of every screen."""

    def has_drawn(self) -> None:
        """A screen has just drawn everything: the next time is a second from now."""
