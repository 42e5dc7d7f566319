"""Which logs the wall wants the newest lines of: those of the rows in sight, and of the one chosen."""

from __future__ import annotations

from collections.abc import Sequence

from farmwatch.aws.model import SessionRef
from farmwatch.monitor.wall import WallHandle


class LogWishes:
    """Tells the handle what is wanted, when that is another thing than before."""

    def __init__(self, handle: WallHandle) -> None:
        self._handle = handle
        self._in_sight: Sequence[SessionRef] | None = None
        self._chosen: SessionRef | None = None

    def want(self, in_sight: Sequence[SessionRef], chosen: SessionRef | None) -> None:
        """The newest line of each of these, and the last lines of the one that is chosen."""
        if in_sight != self._in_sight:
            self._in_sight = in_sight
            self._handle.want_lines(in_sight)
        if chosen != self._chosen:
            self._chosen = chosen
            self._handle.want_tail(chosen)

    def want_none(self) -> None:
        """Nobody looks."""
        self._in_sight = self._chosen = None
        self._handle.want_lines(None)
        self._handle.want_tail(None)
