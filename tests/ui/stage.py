"""The application on a stage: no threads, a clock that stands still, a farm that is handed to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from textual.pilot import Pilot
from textual.widget import Widget

from farmwatch.cloud.model import Fault, Who
from farmwatch.settings import Settings
from farmwatch.ui.app import FarmwatchApp
from farmwatch.watch.questions import Questions
from farmwatch.watch.recorder import Recorder
from tests.canned import HandClock

WHO = Who("northlight", "123456789012", "us-west-2")


@dataclass
class Stage:
    app: FarmwatchApp
    pilot: Pilot[None]
    clock: HandClock
    expects_faults: bool = False
    """Faults of views are contained by the program; a test that does not expect any fails on one."""

    async def poll(self) -> None:
        """Let the poller do what is due, and the screen draw what it told."""
        self.app.poller.run_due()
        await self.pilot.pause()

    async def move(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, with the polls and the ticks that fall into it."""
        for _ in range(round(seconds / step)):
            self.clock.move(step)
            self.app.poller.run_due()
            self.app._tick()
            await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.poll()

    async def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait for something that the application does by a timer of its own."""
        for _ in range(200):
            if condition():
                return
            await self.pilot.pause(0.02)
            self.app.poller.run_due()
        raise AssertionError(f"waited in vain; the screen shows:\n{self.text}")

    @property
    def text(self) -> str:
        """What is on the screen, as text."""
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    def line(self, y: int) -> str:
        lines = self._lines()
        return lines[y] if y < len(lines) else ""

    def part(self, selector: str) -> str:
        """What a widget of the screen shows, as text."""
        widget: Widget = self.app.screen.query_one(selector)
        region = widget.region
        return "\n".join(self._lines()[region.y : region.bottom])


@asynccontextmanager
async def on_stage(
    farm: Questions | Fault | Callable[[], Questions | Fault],
    settings: Settings | None = None,
    *,
    size: tuple[int, int] = (120, 36),
    clock: HandClock | None = None,
    counts_requests: bool = False,
    recorder: Recorder | None = None,
) -> AsyncIterator[Stage]:
    """Run the application; its first poll has been made and drawn."""

    def open_farm(on_request: Callable[[], None], on_identity: Callable[[Who], None]) -> Any:
        on_identity(WHO)
        opened = farm() if callable(farm) else farm
        if counts_requests:
            opened._on_request = on_request
        return opened

    hand_clock = clock or HandClock()
    app = FarmwatchApp(settings or Settings(), open_farm, hand_clock, recorder=recorder)
    app.poller.start = lambda: None  # type: ignore[method-assign]
    async with app.run_test(size=size, notifications=True) as pilot:
        stage = Stage(app, pilot, hand_clock)
        await pilot.pause()
        await stage.poll()
        yield stage
    if app.view_faults.errors and not stage.expects_faults:
        raise app.view_faults.errors[0]
