"""Logs: taking them in, keeping, searching and showing them, and following one that never stops."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from textual import events
from textual.app import App, ComposeResult

from farmwatch.aws.log_page import LogEvent
from farmwatch.logs.browse import Browser
from farmwatch.logs.lines import Lane
from farmwatch.logs.parsing import Severities
from farmwatch.logs.scan import Query
from farmwatch.logs.store import LogStore, lines_of
from farmwatch.ui.themes import with_text_styles
from farmwatch.ui.widgets.log_view import LogView
from moto_deadline.simulation import FrozenClock, Simulation
from tests.bench.bench_table import SIZE, Paints
from tests.bench.child import BARE, ROOT, a_farm, a_home, farmwatch, running
from tests.bench.figures import Figure

LINES, PAGE, ROUNDS, KEYS = 1_000_000, 10_000, 5, 60
SETTLES, FOLLOWED = 8.0, 20.0
RARE, EXACT, COMMON = "tree_v07.abc", "ERROR: could not", "INFO: sample pass 17 "
"""A capital makes the case matter."""


def text(number: int) -> str:
    if number % 100_000 == 77_777:
        return f"{number:>9} ERROR: could not load asset /mnt/assets/{RARE}; the frame is given up {'.' * 28}"
    return (
        f"{number:>9} INFO: sample pass {number % 100} done, tile {number % 977} of 977, mem 3.1G {'.' * 50}"
    )


def pages(count: int = LINES) -> Iterator[list[LogEvent]]:
    for first in range(0, count, PAGE):
        yield [LogEvent(1_773_454_200_000 + number, text(number)) for number in range(first, first + PAGE)]


def filled(count: int = LINES) -> LogStore:
    store = LogStore()
    for page in pages(count):
        store.append(lines_of(page))
    return store


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


# --- the store --------------------------------------------------------------------------------------------


def taking_in() -> Figure:
    """Microseconds of a line, beside a list that only holds the texts."""
    ours: list[float] = []
    plain: list[float] = []
    given = list(pages(200_000))
    for _ in range(ROUNDS):
        plain.append(seconds(lambda: _kept_in_a_list(given)) / 0.2)
        ours.append(seconds(lambda: _kept_in_a_store(given)) / 0.2)
    return Figure(
        "logs: take in a line", median(ours), "us", median(plain), "a list of the texts", 1.0, absolute=True
    )


def _kept_in_a_list(given: list[list[LogEvent]]) -> None:
    kept: list[str] = []
    for page in given:
        kept += [event.text for event in page]


def _kept_in_a_store(given: list[list[LogEvent]]) -> None:
    store = LogStore()
    for page in given:
        store.append(lines_of(page))


_RESIDENT = """
import gc, sys
from pathlib import Path
from tests.bench.bench_logs import LogStore, lines_of, pages
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
before, size, kept = resident(), 0, []
store = LogStore()
for page in pages():
    size += sum(len(event.text) + 1 for event in page)
    if sys.argv[1] == "store":
        store.append(lines_of(page))
    else:
        kept += [event.text for event in page]
del page
gc.collect()
print((resident() - before) / size)
"""


def keeping() -> list[Figure]:
    """Bytes resident for each byte of text, each in a process of its own."""
    if not Path("/proc/self/statm").exists():
        return []

    def resident(what: str) -> float:
        command = [sys.executable, "-c", _RESIDENT, what]
        return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)

    ours, plain = resident("store"), resident("list")
    name = "logs: resident for 1,000,000 lines"
    return [Figure(name, ours, "x", plain, "a list of the texts", 1.2, absolute=True)]


def searching(store: LogStore, home: Path) -> list[Figure]:
    """All of a million lines, beside grep on the same bytes in a file that is in memory."""
    path = home / "log.txt"
    with path.open("wb") as file:
        for stretch in store.stretches(store.first, store.end):
            file.write(stretch.text)
    figures = []
    for name, literal, option in (
        ("rare", EXACT, "-c"),
        ("1 % hits", COMMON, "-c"),
        ("any case", RARE, "-ci"),
    ):
        query = Query(literal)
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(ROUNDS):
            command = ["grep", option, literal, str(path)]
            # Into a pipe: grep counts no further than one where nobody reads it.
            theirs.append(seconds(partial(subprocess.run, command, capture_output=True)))
            ours.append(seconds(partial(_count, store, query)))
        against = f"grep {option} on the same bytes"
        figures.append(
            Figure(f"logs: search, {name}", median(ours) * 1000, "ms", median(theirs) * 1000, against, 1.5)
        )
    return figures


def _count(store: LogStore, query: Query) -> int:
    return sum(len(query.numbers(stretch)) for stretch in store.stretches(store.first, store.end))


# --- the view ---------------------------------------------------------------------------------------------


class Stand(App[None]):
    """Shows one view of logs, painted for nobody."""

    CSS_PATH = ROOT / "styles" / "log.tcss"

    def __init__(self, browser: Browser) -> None:
        super().__init__(driver_class=Paints)
        self.view = LogView(browser, id="lines")

    def compose(self) -> ComposeResult:
        yield self.view

    def get_css_variables(self) -> dict[str, str]:
        return with_text_styles(super().get_css_variables(), no_color=self.no_color)

    async def paint(self, act: Callable[[], object]) -> float:
        """Milliseconds until something is painted."""
        driver = Paints.of(self)
        driver.painted.clear()
        began = time.perf_counter()
        act()
        await driver.painted.wait()
        return (time.perf_counter() - began) * 1000

    async def key(self, key: str) -> float:
        return await self.paint(lambda: self.post_message(events.Key(key, None)))


async def scrolling(app: Stand) -> list[float]:
    """A median for keys that scroll by a line, a page, and from one end to the other."""
    taken = []
    for keys in (["up"] * KEYS, ["pageup"] * KEYS, ["home", "end"] * (KEYS // 2)):
        some = []
        for key in keys:
            some.append(await app.key(key))
            await asyncio.sleep(0.01)
        taken.append(median(some))
    return taken


async def arriving(app: Stand) -> list[float]:
    """From a page of new lines to their paint, at the end of a log that is followed."""
    await app.key("end")
    store, taken = app.view.browser.lanes[0].store, []
    for number in range(20):
        page = lines_of([LogEvent(1_773_464_200_000 + number, f"new {one}") for one in range(2_000)])

        def arrive(page: Any = page) -> None:
            store.append(page)
            app.view.grew()

        taken.append(await app.paint(arrive))
        await asyncio.sleep(0.05)
    return [median(taken)]


async def searched(app: Stand) -> list[float]:
    """The slowest key while a million lines are searched for something with many matches."""
    view, taken = app.view, []
    view.browser.look_for(Query("tile"), view.cursor)
    view.changed()
    while not view.browser.is_searched:
        taken.append(await app.key("up"))
        await asyncio.sleep(0.005)
    return [max(taken, default=0.0), len(taken)]


def on_stand(store: LogStore, measure: Callable[[Stand], Awaitable[list[float]]]) -> list[float]:
    found: list[float] = []

    async def pilot(_: Any) -> None:
        app.view.focus()
        app.view.grew()
        await app.workers.wait_for_complete([worker for worker in app.workers if worker.group == "digest"])
        found.extend(await measure(app))
        app.exit()

    browser = Browser(Lane(store), Lane(LogStore(), of_worker=True), Severities.of())
    app = Stand(browser)
    asyncio.run(app.run_async(size=SIZE, auto_pilot=pilot))
    return found


def showing(store: LogStore, home: Path) -> list[Figure]:
    less: list[list[float]] = [[0.0], [0.0], [0.0]]
    if shutil.which("less"):
        with running([shutil.which("less") or "", "-n", str(home / "log.txt")]) as child:
            child.rest(1)
            child.answer("G")
            child.rest(1)
            less = [[child.answer(key) * 1000 for _ in range(20)] for key in ("k", "b", "gG")]
    names = ("a line up", "a page up", "first and last")
    taken = on_stand(store, scrolling)
    figures = [
        Figure(f"logs: {name}, key to paint", ours, "ms", median(theirs), "less", 16, absolute=True)
        for name, ours, theirs in zip(names, taken, less, strict=True)
    ]
    newest = on_stand(store, arriving)[0]
    slowest = on_stand(store, searched)[0]
    quiet = taken[0]
    return [
        *figures,
        Figure("logs: 2,000 new lines to paint", newest, "ms", quiet, "a line up", 100, absolute=True),
        Figure("logs: slowest key while searching", slowest, "ms", quiet, "a line up", 50, absolute=True),
    ]


# --- the whole program ------------------------------------------------------------------------------------


def following() -> list[Figure]:
    """The whole program beside an embedded farm whose log gets 2,000 lines a second."""
    ids = Simulation(clock=FrozenClock()).cast["chatty"]
    with running(BARE) as child:
        child.wait_for("bare")
        child.rest(2)
        before, began = child.cpu, time.perf_counter()
        child.rest(FOLLOWED / 2)
        bare = (child.cpu - before) / (time.perf_counter() - began) * 100
    with a_farm() as endpoint:
        where = ["--farm-id", ids.farm_id, "--queue-id", ids.queue_id, "--job-id", ids.job_id]
        where += ["--session-id", ids.session_id, "--endpoint-url", endpoint]
        with running(farmwatch(*where)) as child:
            child.wait_for("STARTED")
            child.rest(1)
            opened = child.answer("l", "following")
            child.rest(SETTLES)
            before, began = child.cpu, time.perf_counter()
            child.rest(FOLLOWED)
            cpu = (child.cpu - before) / (time.perf_counter() - began) * 100
            shown = ("times UTC", "since the action", "times off", "times local")
            keys = []
            for number in range(KEYS):
                keys.append(child.answer("t", shown[number % len(shown)]) * 1000)
                child.rest(0.13)
    return [
        Figure(
            "logs: 2,000 lines a second, CPU of a core", cpu, "%", bare, "the bare program", 15, absolute=True
        ),
        Figure(
            "logs: a key while 2,000 lines a second come in",
            median(keys),
            "ms",
            opened * 1000,
            "opening the log",
            50,
            absolute=True,
        ),
    ]


def run() -> list[Figure]:
    os.environ.setdefault("TZ", "UTC")
    figures = [taking_in(), *keeping()]
    with a_home() as home:
        store = filled()
        figures += searching(store, home)
        figures += showing(store, home)
    return [*figures, *following()]
