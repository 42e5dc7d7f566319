"""The list of queues: beside what ListQueues tells, how many tasks of each run, have failed and are ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from farmwatch.ui.screens.picker.screen import SCROLL_PAUSE, PickerScreen
from farmwatch.ui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from farmwatch.monitor.handles import QueueCountsHandle
    from farmwatch.monitor.update import Update


class QueuesScreen(PickerScreen):
    """Counts the tasks of the queues in sight, for as long as the list is followed."""

    _counts: QueueCountsHandle | None = None
    _in_view = (0, -1)
    """The first row in sight and the last, by their indexes."""

    def wake(self) -> None:
        """Follow the list, and count."""
        super().wake()
        if self._counts is None:
            farm_id = self.place.farm_id or ""
            self._counts = self.monitor.watch_queue_counts(self.place.connection, farm_id)
        else:
            self._counts.wake()

    def rest(self) -> None:
        """Ask for nothing; what was counted stays."""
        super().rest()
        if self._counts is not None:
            self._counts.rest()

    def let_go(self) -> None:
        """Let go of the list, and count no more."""
        super().let_go()
        if self._counts is not None:
            self._counts.close()
        self._counts = None

    def take(self, update: Update) -> bool:
        """Take the list, or what was counted."""
        if self._counts is None or update.subject != self._counts.subject:
            return super().take(update)
        self._rows.counts = self._counts.observed.counts
        if self.is_alive:
            self.table.rows_changed()
        return True

    def _show_rows(self) -> None:
        super()._show_rows()
        self._count_in_sight()

    @on(VirtualTable.ViewChanged)
    def _look_at_counts(self, message: VirtualTable.ViewChanged) -> None:
        self._in_view = message.first, message.last
        self._count_in_sight()

    def _count_in_sight(self) -> None:
        first, last = self._in_view
        keys = [self._rows.key(index) for index in range(first, min(last + 1, len(self._rows)))]
        if self._counts is not None and keys:
            self._counts.look_at(keys, SCROLL_PAUSE)

    def action_now(self) -> None:
        """Ask for the list at once, and count anew."""
        super().action_now()
        if self._counts is not None:
            self._counts.refresh()

    def action_pause(self) -> None:
        """Stop asking and counting, or go on."""
        super().action_pause()
        if self._counts is not None:
            self._counts.pause(paused=self.rhythm.paused)
