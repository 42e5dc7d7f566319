"""The application on a stage: no threads, a clock that stands still, a farm that is handed to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest import mock

from rich.segment import Segment
from textual.app import App
from textual.cache import FIFOCache
from textual.css.stylesheet import Stylesheet
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault, Who
from farmwatch.config.settings import Settings
from farmwatch.config.state import StateFile
from farmwatch.history.recorder import Recorder
from farmwatch.ui.app import FarmwatchApp
from farmwatch.ui.telling import Telling
from farmwatch.ui.widgets import virtual_table
from tests.canned import HandClock, a_fault
from tests.waiting import LONG

_parse_rules = Stylesheet._parse_rules  # noqa: SLF001 - Textual keeps what it parsed for one app alone
_parsed: dict[tuple[Any, ...], Any] = {}


def _parse_once(sheet: Stylesheet, css: str, *where: Any, **how: Any) -> Any:
    """The rules of a piece of CSS, which are the same in every app of these tests: to parse them takes an
    eighth of an app's start."""
    variables = frozenset(sheet._variables.items())  # noqa: SLF001 - as above
    key = (css, *where, *how.items(), variables)
    if key not in _parsed:
        _parsed[key] = _parse_rules(sheet, css, *where, **how)
    return _parsed[key]


Stylesheet._parse_rules = _parse_once  # type: ignore[assignment, method-assign] # noqa: SLF001 - as above

_caches = {
    name: cache._maxsize  # noqa: SLF001 - Textual's own way to know a size
    for name in Strip.__slots__
    if isinstance(cache := getattr(Strip([]), name), FIFOCache)
}


def _begin_strip(strip: Strip, segments: Iterable[Segment], cell_length: int | None = None) -> None:
    """Without the caches, seven a line, of which most are never asked: to make them and to collect them
    takes a tenth of the time of a test."""
    strip._segments = list(segments)  # noqa: SLF001 - as Textual's own does
    strip._cell_length = cell_length  # noqa: SLF001 - as above
    strip._render_cache = strip._link_ids = strip._cell_count = None  # noqa: SLF001 - as above


def _cache_of_strip(strip: Strip, name: str) -> FIFOCache[Any, Any]:
    if name not in _caches:
        raise AttributeError(name)
    made: FIFOCache[Any, Any] = FIFOCache(_caches[name])
    setattr(strip, name, made)
    return made


Strip.__init__ = _begin_strip  # type: ignore[assignment, method-assign] # for tests alone
Strip.__getattr__ = _cache_of_strip  # type: ignore[attr-defined] # it is called for what was never set

WHO = Who("northlight", "123456789012", "us-west-2")


def by_hand(app: FarmwatchApp) -> None:
    """Have the polls made by ``run_due`` alone, and none by threads."""
    app.monitor.start = lambda: None  # type: ignore[method-assign] # no configuration, for tests alone


def lines_of(app: App[Any]) -> list[str]:
    """The lines that are on the screen."""
    strips = app.screen._compositor.render_strips()  # noqa: SLF001 - Textual tells them nowhere else
    return [strip.text for strip in strips]


async def _give_way(_: float = 0) -> None:
    await asyncio.sleep(0)


def _is_at_rest(pump: MessagePump) -> bool:
    """Whether it waits for its next message, and has none; or has come to its end."""
    task = pump._task  # noqa: SLF001 - Textual tells it nowhere else
    is_waiting = bool(pump._message_queue.ready_event._waiters)  # noqa: SLF001 - nor does asyncio
    return task is None or task.done() or (is_waiting and not pump.message_queue_size)


def _is_loop_at_rest() -> bool:
    """Whether nobody but who asks can run, before time has passed or something has come from outside."""
    return not asyncio.get_running_loop()._ready  # type: ignore[attr-defined] # noqa: SLF001 - as above


class Steady(Pilot[Any]):
    """A pilot that holds on a busy machine, and loses no time on an idle one.

    Textual's own takes it for a sign of rest that the process uses no processor time for a while, which is
    also so when it is not let to; or sends a message to every widget, and waits until all are answered. This
    one looks whether there is anything that could run.
    """

    async def pause(self, delay: float | None = None) -> None:
        if delay:
            await asyncio.sleep(delay)
        await self._settle()

    async def press(self, *keys: str) -> None:
        """Press keys, each when the one before is answered."""
        with mock.patch("textual.app.wait_for_idle", _give_way):
            for key in keys:
                await self.app._press_keys([key])  # noqa: SLF001 - Textual's own sends messages after each
                await self._settle()

    async def _settle(self) -> None:
        """Go on until there is nothing to do any more, also after what was changed has been drawn."""
        end = time.monotonic() + LONG
        is_drawn = False
        while self.app.return_code is None:
            assert time.monotonic() < end, "it does not come to rest"
            await asyncio.sleep(0)
            if not _is_loop_at_rest():
                is_drawn = False
            elif not all(map(_is_at_rest, self._pumps())):
                # One of them waits for time, or for a thread.
                is_drawn = False
                await asyncio.sleep(0.001)
            elif is_drawn:
                break
            else:
                await self.app.animator.wait_until_complete()
                self.app.screen._on_timer_update()  # noqa: SLF001 - what Textual does sixty times a second
                is_drawn = True

    def _pumps(self) -> list[MessagePump]:
        return [self.app, *self.app.screen.walk_children(with_self=True)]


async def until(pilot: Pilot[Any], condition: Callable[[], object], then: Callable[[], object] = int) -> None:
    """Wait for something that is done by a timer or a thread; ``then`` is called after each look in vain."""
    end = time.monotonic() + LONG
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited in vain; the screen shows:\n" + "\n".join(lines_of(pilot.app)))
        await pilot.pause(0.02)
        then()


@dataclass
class Stage:
    app: FarmwatchApp
    pilot: Steady
    clock: HandClock
    farm: Any = None
    """The farm that was handed to it."""

    expects_faults: bool = False
    """Faults of views are contained by the program; a test that does not expect any fails on one."""

    async def poll(self) -> None:
        """Let the poller do what is due, and the screen draw what it told."""
        self.app.monitor.run_due()
        await self.pilot.pause()

    async def move(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, with the polls and the ticks that fall into it."""
        for _ in range(round(seconds / step)):
            self.clock.move(step)
            self.app.monitor.run_due()
            self.app.tick()
            await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.poll()

    async def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait for something that the application does by a timer of its own."""
        await until(self.pilot, condition, self.app.monitor.run_due)

    @property
    def text(self) -> str:
        """What is on the screen, as text."""
        return "\n".join(self.lines)

    @property
    def lines(self) -> list[str]:
        return lines_of(self.app)

    def line(self, y: int) -> str:
        lines = self.lines
        return lines[y] if y < len(lines) else ""

    def part(self, selector: str) -> str:
        """What a widget of the screen shows, as text."""
        widget: Widget = self.app.screen.query_one(selector)
        region = widget.region
        return "\n".join(self.lines[region.y : region.bottom])


@asynccontextmanager
async def on_stage(
    farm: DeadlineApi | Fault | Callable[[], DeadlineApi | Fault] | Mapping[str, DeadlineApi | Fault],
    settings: Settings | None = None,
    *,
    size: tuple[int, int] = (120, 36),
    clock: HandClock | None = None,
    counts_requests: Callable[[Callable[[], None]], None] | None = None,
    recorder: Recorder | None = None,
    kept: StateFile | None = None,
    tells: bool = False,
) -> AsyncIterator[Stage]:
    """Run the application; its first poll has been made and drawn.

    Only where it ``tells`` are notices shown over the screen: they come by a timer of their own, and would
    lie over what is looked at sooner or later. ``farm`` answers, or several by the names of their
    connections. ``counts_requests`` is given what the farm has to call for each of its requests.
    """

    def open_farm(name: str, on_request: Callable[[], None], on_identity: Callable[[Who], None]) -> Any:
        opened = farm.get(name, a_fault()) if isinstance(farm, Mapping) else farm
        on_identity(WHO)
        opened = opened() if callable(opened) else opened
        if counts_requests is not None:
            counts_requests(on_request)
        return opened

    hand_clock = clock or HandClock()
    silent = mock.patch.object(Telling, "hear")
    with nullcontext() if tells else silent:
        app = FarmwatchApp(
            settings or Settings(),
            lambda where: partial(open_farm, where.name),
            hand_clock,
            recorder=recorder,
            kept=kept,
        )
    by_hand(app)
    # Rows that change quickly are drawn together, a moment later: what a test sees would depend on its pace.
    at_once = mock.patch.object(virtual_table, "DRAWN_TOGETHER", 0.0)
    with at_once:
        async with app.run_test(size=size, notifications=True):
            pilot = Steady(app)
            stage = Stage(app, pilot, hand_clock, farm)
            await pilot.pause()
            await stage.poll()
            yield stage
    if app.view_faults.errors and not stage.expects_faults:
        raise app.view_faults.errors[0]
