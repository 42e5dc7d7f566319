"""The virtual table beside Textual's own, painted to a terminal that swallows everything."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import Awaitable, Callable
from statistics import median, quantiles
from typing import Any, ClassVar, Protocol, TypeAlias
from weakref import WeakKeyDictionary

from textual import events
from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import DataTable, Footer

from farmwatch.ui.widgets.virtual_table import Column, ListRows, VirtualTable
from tests.bench.figures import Figure

SIZE = (120, 36)
HEADS = ("name", "status", "progress", "priority", "created", "user")
PAGES = 20
UPDATED_FOR = 4.0
KEYS = 150


def cells(number: int, progress: int = 0) -> list[str]:
    status = ("RUNNING", "SUCCEEDED", "FAILED")[number % 3]
    return [f"sq010_sh{number:06}_lgt", status, f"{progress % 100} %", "50", "02:10", "mira"]


class Paints(HeadlessDriver):
    """A terminal without a terminal: everything is painted, for nobody."""

    _of: ClassVar[WeakKeyDictionary[App[Any], Paints]] = WeakKeyDictionary()

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self.painted = asyncio.Event()
        Paints._of[app] = self

    @classmethod
    def of(cls, app: App[Any]) -> Paints:
        """The driver of an application that has begun."""
        return cls._of[app]

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.painted.set()


class Contender(Protocol):
    """A table that is measured."""

    def widget(self) -> Any: ...

    def fill(self, rows: int) -> None: ...

    def merge(self, rows: int, progress: int) -> None: ...

    def update(self, row: int, progress: int) -> None: ...


class Merged(ListRows):
    """Rows that others can take the place of, as a list that refreshes."""

    def become(self, rows: list[tuple[str, list[str]]]) -> None:
        super().__init__(rows)


class Ours:
    def __init__(self) -> None:
        self._table = VirtualTable([Column(head, head) for head in HEADS])
        self._rows: list[tuple[str, list[str]]] = []

    def widget(self) -> Any:
        return self._table

    def fill(self, rows: int) -> None:
        self._rows = [(str(number), cells(number)) for number in range(rows)]
        self._model = self._table.rows = Merged(self._rows)

    def merge(self, rows: int, progress: int) -> None:
        model = [(str(number), cells(number, progress)) for number in range(rows)]
        self._model.become(model)
        self._table.rows_changed()

    def update(self, row: int, progress: int) -> None:
        self._rows[row][1][2] = f"{progress % 100} %"
        self._table.row_changed(str(row))


class Textuals:
    def __init__(self) -> None:
        self._table: DataTable[str] = DataTable(cursor_type="row")

    def widget(self) -> Any:
        return self._table

    def fill(self, rows: int) -> None:
        for head in HEADS:
            self._table.add_column(head, key=head)
        for number in range(rows):
            self._table.add_row(*cells(number), key=str(number))

    def merge(self, rows: int, progress: int) -> None:
        for number in range(rows):
            self.update(number, progress)

    def update(self, row: int, progress: int) -> None:
        self._table.update_cell(str(row), "progress", f"{progress % 100} %")


class Stand(App[None]):
    """Shows one table."""

    def __init__(self, contender: Contender) -> None:
        super().__init__(driver_class=Paints)
        self.contender = contender
        # Both jump, so that it is drawing that is compared.
        self.animation_level = "none"

    def compose(self) -> ComposeResult:
        yield self.contender.widget()
        yield Footer()

    async def settle(self, act: Callable[[], object]) -> None:
        """Do something, and wait until it is painted and nothing more is on its way."""
        driver = Paints.of(self)
        driver.painted.clear()
        act()
        await driver.painted.wait()
        with contextlib.suppress(TimeoutError):
            while True:
                driver.painted.clear()
                await asyncio.wait_for(driver.painted.wait(), 0.05)


Measure: TypeAlias = Callable[[Stand], Awaitable[float]]


def on_stand(contender: Contender, measure: Measure) -> float:
    """What ``measure`` finds with the contender on a stand."""
    found: list[float] = []

    async def pilot(_: Any) -> None:
        await app.settle(contender.widget().focus)
        # As the program itself does when it has started.
        gc.collect()
        gc.freeze()
        found.append(await measure(app))
        gc.unfreeze()
        app.exit()

    app = Stand(contender)
    asyncio.run(app.run_async(size=SIZE, auto_pilot=pilot))
    return found[0]


def filling(rows: int) -> Measure:
    async def measure(app: Stand) -> float:
        """Milliseconds of CPU until so many rows are there and painted."""
        began = time.process_time()
        await app.settle(lambda: app.contender.fill(rows))
        return (time.process_time() - began) * 1000

    return measure


async def paging(app: Stand) -> float:
    """Milliseconds of CPU for a page down."""
    await app.settle(lambda: app.contender.fill(10_000))
    began = time.process_time()
    for _ in range(PAGES):
        await app.settle(lambda: app.post_message(events.Key("pagedown", None)))
    return (time.process_time() - began) / PAGES * 1000


def updating(first: int) -> Measure:
    async def measure(app: Stand) -> float:
        """Per cent of a core for a hundred updates a second, from this row on; without the clock's own."""
        await app.settle(lambda: app.contender.fill(10_000))
        idle = await cpu_while(lambda number: None)
        return await cpu_while(lambda number: app.contender.update(first + number % 20, number)) - idle

    return measure


def answering(merges: bool) -> Measure:
    async def measure(app: Stand) -> float:
        """Milliseconds from a key to its paint, the 99th percentile; rows are merged between."""
        await app.settle(lambda: app.contender.fill(2_000))
        driver = Paints.of(app)
        taken: list[float] = []
        for number in range(KEYS):
            driver.painted.clear()
            began = time.perf_counter()
            app.post_message(events.Key("up" if number % 40 > 20 else "down", None))
            if merges:
                app.call_later(app.contender.merge, 2_000, number)
            await driver.painted.wait()
            taken.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(0.02)
        return quantiles(taken, n=100)[98]

    return measure


async def cpu_while(update: Callable[[int], None]) -> float:
    began, cpu, done = time.perf_counter(), time.process_time(), 0
    while (passed := time.perf_counter() - began) < UPDATED_FOR:
        while done < passed * 100:
            update(done)
            done += 1
        await asyncio.sleep(0.01)
    return (time.process_time() - cpu) / (time.perf_counter() - began) * 100


def beside(
    name: str, unit: str, goal: float, measure: Callable[[Stand], Awaitable[float]], runs: int
) -> Figure:
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(runs):
        theirs.append(on_stand(Textuals(), measure))
        ours.append(on_stand(Ours(), measure))
    return Figure(f"table: {name}", median(ours), unit, median(theirs), "Textual's DataTable", goal)


def run() -> list[Figure]:
    few = median(on_stand(Ours(), filling(1_000)) for _ in range(3))
    many = median(on_stand(Ours(), filling(100_000)) for _ in range(3))
    merging = median(on_stand(Ours(), answering(merges=True)) for _ in range(3))
    quiet = median(on_stand(Ours(), answering(merges=False)) for _ in range(3))
    return [
        beside("10,000 rows on screen", "ms", 1 / 10, filling(10_000), 3),
        Figure("table: 100,000 rows on screen", many, "ms", few, "1,000 rows in the same table"),
        beside("page down", "ms", 1 / 4, paging, 3),
        Figure(
            "table: key to paint while 2,000 rows merge, p99",
            merging,
            "ms",
            quiet,
            "the same keys with nothing to merge",
            50,
            absolute=True,
        ),
        beside("100 updates a second in sight", "%", 1 / 8, updating(3), 1),
        beside("100 updates a second out of sight", "%", 1 / 40, updating(5_000), 1),
    ]
