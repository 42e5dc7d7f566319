"""The screens that lie over a place, each imported when it is wanted: the first frame shows a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farmwatch.ui.navigation import GoTo, ShowLog, ShowMergedLogs, ShowWhy

if TYPE_CHECKING:
    from farmwatch.ui.screens.following import FollowingScreen


def screen_over(message: GoTo) -> FollowingScreen | None:
    """The screen that a message wants over its place; ``None`` where it wants the place itself."""
    if isinstance(message, ShowLog):
        from farmwatch.ui.screens.log.screen import LogScreen

        return LogScreen(message.place, message.action_id, message.line)
    if isinstance(message, ShowMergedLogs):
        from farmwatch.ui.screens.log.merged import MergedLogScreen

        return MergedLogScreen(message.place, message.sessions)
    if isinstance(message, ShowWhy):
        from farmwatch.ui.screens.why.screen import WhyScreen

        return WhyScreen(message.place, message.action_id)
    return None
