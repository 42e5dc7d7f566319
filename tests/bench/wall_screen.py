"""The wall's screen of many rows on the UI thread: a refresh that is merged, and a key meanwhile."""

from __future__ import annotations

import asyncio
from statistics import median, quantiles
from time import perf_counter

from textual import events

from farmwatch.cli import memory
from farmwatch.config.settings import Settings
from farmwatch.monitor.update import Snapshot, Update, WallRef
from farmwatch.polling.freshness import Rhythm
from farmwatch.ui.app import FarmwatchApp
from farmwatch.ui.widgets.virtual_table import VirtualTable
from tests.bench.figures import Figure
from tests.ui.stage import Stage, on_stage
from tests.wall.night import Night, Run

ROWS = 2_000
FEW = 20
KEYS = 200
MERGE_GOAL, KEY_GOAL = 30.0, 50.0
"""Milliseconds."""


def a_night(rows: int) -> Night:
    return Night(
        *(
            Run(number, job=number % 60 + 1, frame=number, worker=number % 500 + 1, minutes=number % 50 + 1)
            for number in range(1, rows + 1)
        )
    )


def tell_again(stage: Stage) -> None:
    """A refresh comes in: all rows are merged anew when it is drawn."""
    handle = stage.app.walls.handle
    assert handle is not None
    for observed in handle.observed:
        name = observed.connection
        snapshot = Snapshot(observed, handle.rhythms.get(name, Rhythm(observed.interval)))
        stage.app.post_message(FarmwatchApp.Told(Update(name, WallRef(name), snapshot)))


async def measured(rows: int) -> tuple[float, float]:
    """Milliseconds of merging a refresh of so many rows, and until a key is answered that is pressed while
    one comes in (99 of 100 take no longer)."""
    async with on_stage(a_night(rows), Settings(), size=(160, 45)) as stage:
        await stage.press("W")
        for _ in range(60 + rows // 20):
            stage.app.monitor.run_due()
        await stage.poll()
        screen = stage.app.way.screens[-1]
        merges: list[float] = []
        for _ in range(20):
            tell_again(stage)
            await stage.pilot.pause()
            began = perf_counter()
            screen.wake()
            screen.redraw()
            merges.append(1000 * (perf_counter() - began))
        # As the program does when no key was pressed for a while.
        memory.collect_and_freeze()
        table = screen.query_one("#wall-running", VirtualTable)
        keys: list[float] = []
        for number in range(KEYS):
            key = "down" if number // 15 % 2 == 0 else "up"
            before = table.cursor_index
            tell_again(stage)
            began = perf_counter()
            stage.app.post_message(events.Key(key, None))
            while table.cursor_index == before:
                await asyncio.sleep(0)
            keys.append(1000 * (perf_counter() - began))
    return median(merges), quantiles(keys, n=100)[98]


def figures() -> list[Figure]:
    merge, key = asyncio.run(measured(ROWS))
    few_merge, few_key = asyncio.run(measured(FEW))
    alone = f"{FEW} rows"
    name = f"wall's screen of {ROWS:,}"
    return [
        Figure(f"{name}: a refresh merged", merge, "ms", few_merge, alone, MERGE_GOAL, absolute=True),
        Figure(f"{name}: a key meanwhile, p99", key, "ms", few_key, alone, KEY_GOAL, absolute=True),
    ]
