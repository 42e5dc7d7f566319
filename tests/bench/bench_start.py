"""From the start of the process to the first frame, and to a list of farms, in a pseudo-terminal."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from tests.bench.child import BARE, a_farm, farmwatch, running
from tests.bench.figures import Figure

RUNS = 7


def shown_after(command: Sequence[str], text: str) -> float:
    """Milliseconds until this text is on the terminal."""
    with running(command) as child:
        return child.wait_for(text) * 1000


def run() -> list[Figure]:
    with a_farm() as endpoint:
        command = farmwatch("--endpoint-url", endpoint)
        # Once for nothing: the first start of all writes what the others find compiled.
        shown_after(BARE, "bare")
        shown_after(command, "Northlight")
        bare, frame, farms = [], [], []
        for _ in range(RUNS):
            bare.append(shown_after(BARE, "bare"))
            frame.append(shown_after(command, "Farms"))
            farms.append(shown_after(command, "Northlight"))
    against = "a Textual program with a header and a footer"
    return [
        Figure("start: first frame", median(frame), "ms", median(bare), against, 1.15),
        Figure("start: farms on screen", median(farms), "ms", median(bare), against, 2.3),
    ]
