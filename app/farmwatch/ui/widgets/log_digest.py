"""Going through the lines of a log view between the keys: searches, banners, what is the same."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from farmwatch.ui.widgets.log_messages import Worked

if TYPE_CHECKING:
    from farmwatch.ui.widgets.log_view import LogView

SLICE = 0.008
"""Seconds of work between two looks for a key."""

HOPS = 8
"""Turns that others have between two slices."""

REBUILT_EVERY = 0.1
"""Seconds between two times that the rows are worked out anew while the work goes on."""


class Digest:
    """Works for one view; at most one run at a time, in slices."""

    def __init__(self, view: LogView) -> None:
        self._view = view
        self._running = False

    def soon(self) -> None:
        """There may be something to do."""
        if not self._running and self._view.is_mounted:
            self._running = True
            self._view.run_worker(self._run(), group="digest", exit_on_error=False)

    async def _run(self) -> None:
        view = self._view
        # The first find is shown at once, and then what is found in a tenth of a second.
        shown_at = float("-inf")
        try:
            while view.browser.work(monotonic, monotonic() + SLICE):
                if monotonic() - shown_at >= REBUILT_EVERY:
                    shown_at = monotonic()
                    self._show(done=False)
                # A key goes through several hands until it is answered.
                for _ in range(HOPS):
                    await asyncio.sleep(0)
        finally:
            self._running = False
        if view.is_attached:
            self._show(done=True)

    def _show(self, *, done: bool) -> None:
        view = self._view
        view.drawing.forget()
        view.rebuild()
        view.refresh()
        view.post_message(Worked(view, done=done))
