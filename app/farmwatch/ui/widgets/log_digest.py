"""Going through the lines of a log view between the keys: searches, banners, what is the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from textual.widget import Widget

from farmwatch.ui.widgets.log_messages import Worked

SLICE = 0.008
"""Seconds of work between two looks for a key."""

HOPS = 8
"""Turns that others have between two slices."""

REBUILT_EVERY = 0.1
"""Seconds between two times that the rows are worked out anew while the work goes on."""


class Digest:
    """Works for one view; at most one run at a time, in slices.

    ``work`` goes on until a time of ``monotonic`` and tells whether there is more to do; ``show`` brings the
    view up to date with what is known by then.
    """

    def __init__(self, view: Widget, work: Callable[[float], bool], show: Callable[[], None]) -> None:
        self._view = view
        self._work = work
        self._bring_up_to_date = show
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
            while self._work(monotonic() + SLICE):
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
        self._bring_up_to_date()
        view.refresh()
        view.post_message(Worked(view, done=done))
