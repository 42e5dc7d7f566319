"""The rows of many logs as one, by time."""

from __future__ import annotations

from collections.abc import Sequence

from farmwatch.logs.lines import Lane, Reduction, Rows, Run, Span

MOST_ROWS = 40_000
"""Lines of all logs together that are merged: as many as are put in order between two keys."""


def merged(lanes: Sequence[Lane], reduction: Reduction) -> Rows:
    """The newest rows of all lanes by time; of the same time, those of the first lane first. A line that came
    late stands where it does in its own log: below those that were there."""
    places: list[tuple[int, int, int]] = []
    share = share_of(len(lanes))
    for index, lane in enumerate(lanes):
        newest: int | None = None
        for low, high in _newest(lane.spans(reduction), share):
            # What was dropped meanwhile was at the beginning.
            times = lane.store.times(low, high)
            for number, at in enumerate(times, high - len(times)):
                newest = at if newest is None or at > newest else newest
                places.append((newest, index, number))
    places.sort()
    runs: list[Run] = []
    first = of = -1
    end = -1
    for _, index, number in places:
        if index == of and number == end:
            end += 1
            continue
        if of >= 0:
            runs.append(Run(of, first, end))
        of, first, end = index, number, number + 1
    if of >= 0:
        runs.append(Run(of, first, end))
    return Rows(runs)


def share_of(count: int) -> int:
    """How many lines of each are merged, of so many logs."""
    return MOST_ROWS // max(1, count)


def _newest(spans: Sequence[Span], count: int) -> list[Span]:
    """The last so many lines of spans, in their order."""
    kept: list[Span] = []
    for low, high in reversed(spans):
        if count <= 0:
            break
        kept.append((max(low, high - count), high))
        count -= high - low
    kept.reverse()
    return kept
