"""What more connections cost: each one that is idle, and a key while there are ten."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from tests.bench.child import FARM_REGION, Child, a_farm, a_home, farmwatch
from tests.bench.figures import Figure

SETTLES = 20.0
WATCHED = 40.0
KEYS = 60


@contextmanager
def connected(endpoint: str, number: int) -> Iterator[Child]:
    """Farmwatch with so many connections, each of which has answered."""
    with a_home() as home:
        path = home / ".config" / "farmwatch" / "config.toml"
        path.parent.mkdir(parents=True)
        where = f'region = "{FARM_REGION}"\nendpoint_url = "{endpoint}"\n'
        path.write_text("".join(f"[connections.c{one}]\n{where}" for one in range(number)))
        child = Child(farmwatch("--all-connections"), home)
        try:
            child.wait_for("Northlight" if number == 1 else "answers")
            yield child
        finally:
            child.end()


def cost(endpoint: str, number: int) -> tuple[float, float]:
    """MiB resident, and per cent of a core, at rest with so many connections."""
    with connected(endpoint, number) as child:
        child.rest(SETTLES)
        before, began = child.cpu, time.perf_counter()
        child.rest(WATCHED)
        return child.rss, (child.cpu - before) / (time.perf_counter() - began) * 100


def keys(endpoint: str, number: int) -> float:
    """The 99th percentile of the time from a key to its answer (ms): down and up in the list."""
    with connected(endpoint, number) as child:
        child.rest(SETTLES)
        took = sorted(child.answer("jk"[turn % 2]) for turn in range(KEYS))
        return took[int(len(took) * 0.99) - 1] * 1000


def run() -> list[Figure]:
    """Memory and CPU of each connection beyond the second, which brings the list of them along; keys."""
    with a_farm() as endpoint:
        one, two, six = (cost(endpoint, number) for number in (1, 2, 6))
        slow = median(keys(endpoint, 10) for _ in range(3))
        slow_alone = median(keys(endpoint, 2) for _ in range(3))
    against = "the same program with one connection less"
    figures = []
    for name, rss, cpu, base in (
        ("a second", two[0] - one[0], two[1] - one[1], one),
        ("each more", (six[0] - two[0]) / 4, (six[1] - two[1]) / 4, two),
    ):
        memory, processor = f"connections: {name}, resident", f"connections: {name}, CPU of a core"
        figures += [
            Figure(memory, rss, "MiB", base[0], against, 12, absolute=True),
            Figure(processor, cpu, "%", base[1], against, 0.2, absolute=True),
        ]
    name = "connections: a key with ten, p99"
    return [*figures, Figure(name, slow, "ms", slow_alone, "with two of them", 50, absolute=True)]
