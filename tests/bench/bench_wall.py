"""What it costs to watch all that runs, from 10 to 10,000 sessions: calls, CPU, memory, and how they grow."""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import fmean, median
from typing import Any

from tests.bench import wall_screen
from tests.bench.child import ROOT, a_farm, a_home, variables
from tests.bench.figures import Figure
from tests.bench.growth import Curve, Panel, growth

SIZES = (10, 100, 1_000, 2_000, 10_000)
TURN, ONE_TURN_FROM = 3, 10_000
"""What a refresh does takes turns of three, which differ by much: two whole turns are averaged, and one where
there are so many sessions that a refresh takes half a minute."""

GOALS = {2_000: (110.0, 6.0), 10_000: (180.0, 10.0)}
"""MiB that are resident, and per cent of a core, at the most; by how many sessions run."""

SHARE = 1 / 12
"""How much of a get_session call's CPU a session may take in a refresh."""


def most_calls(sessions: float) -> float:
    """Calls that a refresh of so many sessions may take."""
    return 3 * sessions / 100 + 10


def measured(sessions: int) -> dict[str, Any]:
    """What the program found out that watched so many sessions, a process of its own."""
    refreshes = TURN if sessions >= ONE_TURN_FROM else 2 * TURN
    with a_farm("--sessions", str(sessions)) as endpoint, a_home() as home:
        command = [sys.executable, "-m", "tests.bench.wall_client", endpoint, str(refreshes), str(home)]
        told = subprocess.run(
            command, cwd=ROOT, env=variables(home), stdout=subprocess.PIPE, text=True, check=True
        )
    result: dict[str, Any] = json.loads(told.stdout)
    return result


def run() -> list[Figure]:
    """The figures of each size; the picture of how they grow goes to the screenshots."""
    results: dict[int, dict[str, Any]] = {}
    for size in SIZES:
        print(f"measuring: wall of {size} sessions", file=sys.stderr, flush=True)
        results[size] = measured(size)
    (ROOT / "screenshots" / "wall-growth.svg").write_text(picture(results), encoding="utf-8")
    smallest = results[SIZES[0]]
    of_sizes = [figure for size, result in results.items() for figure in figures(size, result, smallest)]
    return [*of_sizes, *wall_screen.figures()]


def figures(size: int, result: dict[str, Any], smallest: dict[str, Any]) -> list[Figure]:
    """What was measured of one size. Over few sessions what every refresh takes counts for more than they."""
    name, cpu, seconds = f"wall of {size:,}", fmean(result["cpu"]), fmean(result["seconds"])
    memory_goal, core_goal = GOALS.get(size, (None, None))
    alone = f"the wall of {SIZES[0]}"
    return [
        Figure(
            f"{name}: calls a refresh, at most",
            max(result["calls"]),
            "calls",
            size,
            "a call for each session",
            most_calls(size),
            absolute=True,
        ),
        Figure(f"{name}: CPU a refresh", cpu, "ms", fmean(smallest["cpu"]), alone),
        Figure(
            f"{name}: CPU of a session in it",
            cpu / size,
            "ms",
            result["call"],
            "a get_session call of boto3 by itself",
            SHARE if size >= 1_000 else None,
        ),
        Figure(f"{name}: a refresh comes every", seconds, "s", fmean(smallest["seconds"]), alone),
        Figure(
            f"{name}: CPU of a core",
            cpu / seconds / 10,
            "%",
            fmean(smallest["cpu"]) / fmean(smallest["seconds"]) / 10,
            alone,
            core_goal,
            absolute=True,
        ),
        Figure(
            f"{name}: resident",
            result["resident"],
            "MiB",
            smallest["resident"],
            alone,
            memory_goal,
            absolute=True,
        ),
    ]


def picture(results: dict[int, dict[str, Any]]) -> str:
    """How calls, CPU and memory grow with the sessions, on logarithmic axes."""
    call = median(result["call"] for result in results.values())
    memory_goals = {size: memory for size, (memory, _) in GOALS.items()}
    return growth(
        "Watching all that runs, by the number of sessions",
        [
            Panel(
                "calls a refresh, at most",
                [
                    Curve("measured", {size: max(one["calls"]) for size, one in results.items()}),
                    Curve("goal: 3 n / 100 + 10", {size: most_calls(size) for size in results}, is_goal=True),
                ],
            ),
            Panel(
                "ms of CPU a refresh",
                [
                    Curve("measured", {size: fmean(one["cpu"]) for size, one in results.items()}),
                    Curve(
                        "goal: a twelfth of n get_session calls",
                        {size: call * SHARE * size for size in results if size >= 1_000},
                        is_goal=True,
                    ),
                    Curve("n get_session calls", {size: call * size for size in results}),
                ],
            ),
            Panel(
                "MiB resident",
                [
                    Curve("measured", {size: one["resident"] for size, one in results.items()}),
                    Curve("goal", memory_goals, is_goal=True),
                ],
            ),
        ],
    )
