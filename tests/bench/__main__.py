"""``make bench``: every figure beside a baseline taken in the same run, its goal, and whether it is met.

A benchmark never fails: machines are noisy, and a figure that is short of its goal is a reason to look.
``make bench wall`` measures that part alone.
The figures go to ``bench-results/figures.txt`` and, as a picture, to ``bench-results/figures.svg``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    bench_connections,
    bench_logs,
    bench_polls,
    bench_start,
    bench_table,
    bench_wall,
    bench_watch,
)
from tests.bench.figures import Figure, picture, table

BENCHES: dict[str, Callable[[], list[Figure]]] = {
    "start": bench_start.run,
    "polls": bench_polls.run,
    "watch": bench_watch.run,
    "connections": bench_connections.run,
    "table": bench_table.run,
    "logs": bench_logs.run,
    "wall": bench_wall.run,
}


def main(wanted: list[str]) -> None:
    figures: list[Figure] = []
    for name, run in BENCHES.items():
        if not wanted or name in wanted:
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            figures += run()
    shown = table(figures)
    print(shown)
    results = Path(__file__).resolve().parent.parent.parent / "bench-results"
    results.mkdir(exist_ok=True)
    (results / "figures.txt").write_text(shown + "\n", encoding="utf-8")
    (results / "figures.svg").write_text(picture(figures), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
