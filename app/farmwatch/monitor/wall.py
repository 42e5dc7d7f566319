"""The hold on the wall: everything that runs, on several connections, as one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from farmwatch.polling.freshness import Rhythm

if TYPE_CHECKING:
    from farmwatch.monitor.handles import Look
    from farmwatch.wall.target import WallTarget
    from farmwatch.wall.values import WallObserved


class WallHandle:
    """All that runs, as it is known by now, of each connection for itself: one that is lost takes nothing
    from the others."""

    def __init__(self, walls: Mapping[str, tuple[Look, WallTarget]]) -> None:
        self._walls = walls

    @property
    def observed(self) -> tuple[WallObserved, ...]:
        """What is known of each connection that the wall is about."""
        return tuple(target.observed for _, target in self._walls.values())

    @property
    def rhythms(self) -> Mapping[str, Rhythm]:
        """How often each connection is asked, and when next."""
        return {name: look.rhythm or Rhythm(timedelta(0)) for name, (look, _) in self._walls.items()}

    @property
    def rhythm(self) -> Rhythm:
        """That of the connection which is asked the least often."""
        return max(self.rhythms.values(), key=lambda one: one.interval, default=Rhythm(timedelta(0)))

    def refresh(self) -> None:
        """Ask at once."""
        for look, target in self._walls.values():
            look.poller.now(target.key)

    def pause(self, *, paused: bool) -> None:
        """Stop asking, or go on."""
        for look, target in self._walls.values():
            look.poller.pause(target.key, paused)

    def looked_at(self, connection: str, session_id: str) -> None:
        """Somebody has looked at a session: if it has failed and ended, it need not stay."""
        if connection in self._walls:
            self._walls[connection][1].looked_at(session_id)

    def look_since(self, since: datetime) -> None:
        """Tell of failures from this time on."""
        for _, target in self._walls.values():
            target.look_since(since)
        self.refresh()

    def close(self) -> None:
        """Let go of it: nothing more is asked for it."""
        for look, _ in self._walls.values():
            look.let_go()
