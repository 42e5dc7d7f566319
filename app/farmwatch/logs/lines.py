"""Which lines of one log, or of two side by side in time, are to be seen, and in which order.

What is seen is held as runs of lines, so that a million lines in a row cost as little as one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from msgspec import Struct

from farmwatch.aws.session_action import SessionAction
from farmwatch.logs.lanes import SESSION, WORKER
from farmwatch.logs.parsing import UPLOAD
from farmwatch.logs.scan import Numbers, Query, Scan, banners, own_lines, repeats, tracebacks
from farmwatch.logs.sections import Outline, Section, outline_of, read_banner
from farmwatch.logs.store import LogStore

TRACEBACK_LINES = 200
"""Lines that a traceback is followed at most."""

Span = tuple[int, int]
"""Lines from the first number on and before the second."""


class Reduction(Struct, frozen=True):
    """What is left out. ``own_only``: a worker's events about other sessions; ``query``: the lines that do
    not have it, but for ``context`` around those that do; ``repeats``: lines the same as the one before;
    ``folded``: all of the sections with these banners but their heads."""

    own_only: bool = False
    query: Query | None = None
    context: int = 0
    repeats: bool = True
    folded: frozenset[int] = frozenset()


class Lane:
    """One log with what has been found out about its lines so far; `work` finds out more."""

    def __init__(self, store: LogStore, *, of_worker: bool = False) -> None:
        self.store = store
        self.of_worker = of_worker
        middle = store.end
        self.banners = Scan(store, banners, middle)
        self.tracebacks = Scan(store, tracebacks, middle)
        self.repeats = Scan(store, repeats, middle, in_pairs=True)
        self.own = Scan(store, own_lines, middle) if of_worker else None
        self.filter: Scan | None = None
        self.query: Query | None = None
        self._banners: dict[int, Section | None] = {}
        self._actions: tuple[SessionAction, ...] = ()
        self._outline = Outline()
        self._outlined: object = None

    @property
    def scans(self) -> list[Scan]:
        """What goes through the lines, in the order in which it is worked on: a filter first."""
        found = [self.filter, self.own, self.banners, self.tracebacks, self.repeats]
        return [scan for scan in found if scan is not None]

    @property
    def is_done(self) -> bool:
        """Whether all of it has gone through every line that is there by now."""
        return all(scan.is_done for scan in self.scans)

    def work(self) -> bool:
        """One slice of what is not known yet; whether there was any."""
        for scan in self.scans:
            if not scan.is_done:
                scan.advance()
                return True
        return False

    def filter_by(self, query: Query | None, start: int) -> None:
        """Look for the lines that a filter leaves, from a line on."""
        if query != self.query:
            self.query = query
            self.filter = None if query is None else Scan(self.store, query.numbers, start)

    # --- sections -----------------------------------------------------------------------------------

    def find_sections(self) -> None:
        """Find every banner and traceback now, without waiting for the slices: that is quick."""
        for scan in (self.banners, self.tracebacks):
            while not scan.is_done:
                scan.advance()

    def own_numbers(self) -> Numbers:
        """The lines about the session that is looked at, all of those that are there; for a worker's log."""
        if self.own is None:
            return Numbers()
        while not self.own.is_done:
            self.own.advance()
        return self.own.found

    def know(self, actions: tuple[SessionAction, ...]) -> None:
        """The actions of the session are these, as far as is known by now."""
        if actions != self._actions:
            self._actions = actions
            self._outlined = None

    @property
    def outline(self) -> Outline:
        """The sections, and the actions that they are of. Worked out anew only where a banner, or an action,
        has come in, so that it may be asked for as often as one likes."""
        store, heads = self.store, self.banners.found
        first, end = store.first, store.end
        # What a banner is may show only with the lines after it.
        is_settled = not len(heads) or heads[-1] in self._banners
        now = (len(heads), first, None if is_settled else end)
        if now != self._outlined:
            found = (self._banner(head, first, end) for head in heads)
            sections = [one for one in found if one is not None and one.title != UPLOAD]
            self._outline = outline_of(sections, self._actions)
            is_settled = not len(heads) or heads[-1] in self._banners
            self._outlined = (len(heads), first, None if is_settled else end)
        return self._outline

    def sections(self) -> list[Section]:
        """All sections, in their order."""
        return list(self.outline.sections)

    def section_of(self, number: int) -> Section | None:
        """The section that a line is in; ``None`` before the first banner."""
        return self.outline.section_of(number)

    def section_end(self, section: Section) -> int:
        """The number after the last line of a section."""
        after = self.outline.after(section)
        return self.store.end if after is None else after.first

    def upload_in(self, first: int, end: int) -> Section | None:
        """What announces the upload of a task's job attachments, in the lines of its action."""
        head = self.banners.found.last_before(end)
        while head is not None and head >= first:
            section = self._banner(head, self.store.first, self.store.end)
            if section is not None and section.title == UPLOAD:
                return section
            head = self.banners.found.last_before(head)
        return None

    def _banner(self, head: int, first: int, end: int) -> Section | None:
        """The banner of the runtime that a line is: one with a rule above and below."""
        if head in self._banners:
            return self._banners[head]
        if not first < head < end - 1:
            return None
        try:
            section, is_whole = read_banner(self.store, head)
        except IndexError:
            # The oldest lines may be dropped while they are being read.
            return None
        if is_whole:
            self._banners[head] = section
        return section

    # --- tracebacks and repeats ---------------------------------------------------------------------

    def traceback_of(self, number: int) -> Span | None:
        """The traceback that a line is part of: from its first line to the one that names the exception."""
        index = bisect_right(self.tracebacks.found, number) - 1
        if index < 0:
            return None
        first = self.tracebacks.found[index]
        if number - first > TRACEBACK_LINES or first < self.store.first:
            return None
        for end in range(first + 1, min(first + TRACEBACK_LINES, self.store.end)):
            if not self.store.text(end).startswith(" "):
                return (first, end + 1) if number <= end else None
            if end > number + TRACEBACK_LINES:
                break
        return (first, number + 1)

    def times_repeated(self, number: int) -> int:
        """How many lines after this one are the same."""
        found = self.repeats.found
        index = bisect_left(found, number + 1)
        count = 0
        while index + count < len(found) and found[index + count] == number + 1 + count:
            count += 1
        return count

    def is_repeat_of(self, first: int, number: int) -> bool:
        """Whether a line, and all between it and an earlier one, are the same as that one."""
        found = self.repeats.found
        return number in found and found.place(number) - found.place(first + 1) == number - first - 1

    # --- what is seen -------------------------------------------------------------------------------

    def spans(self, reduction: Reduction) -> list[Span]:
        """The lines that are left, in runs."""
        first, end = self.store.first, self.store.end
        spans: list[Span] = [(first, end)] if end > first else []
        if reduction.own_only and self.own is not None:
            spans = _within(_runs(self.own.found), first, end)
        if self.filter is not None:
            matched = _within(self._matched(self.filter.found, reduction.context), first, end)
            spans = _both(spans, matched)
        hidden: list[Span] = []
        if reduction.repeats:
            hidden += _runs(self.repeats.found)
        for head in reduction.folded:
            section = self.outline.section_of(head)
            if section is not None and section.head == head:
                hidden += [(section.first, head), (head + 1, self.section_end(section))]
        return _without(spans, sorted(span for span in hidden if span[0] < span[1])) if hidden else spans

    def _matched(self, numbers: Numbers, context: int) -> Iterator[Span]:
        """What a filter leaves: each line with its context, and a traceback never in parts."""
        first = end = None
        for number in numbers:
            low, high = number - context, number + context + 1
            if len(self.tracebacks.found) and (block := self.traceback_of(number)) is not None:
                low, high = min(low, block[0]), max(high, block[1])
            if first is None or end is None:
                first, end = low, high
            elif low <= end:
                first, end = min(first, low), max(end, high)
            else:
                yield first, end
                first, end = low, high
        if first is not None and end is not None:
            yield first, end


def _runs(numbers: Numbers) -> Iterator[Span]:
    first = end = None
    for number in numbers:
        if end == number:
            end = number + 1
            continue
        if first is not None and end is not None:
            yield first, end
        first, end = number, number + 1
    if first is not None and end is not None:
        yield first, end


def _within(spans: Iterable[Span], first: int, end: int) -> list[Span]:
    cut = ((max(low, first), min(high, end)) for low, high in spans)
    return [span for span in cut if span[0] < span[1]]


def _both(some: list[Span], others: list[Span]) -> list[Span]:
    """The lines that are in both."""
    both: list[Span] = []
    one = other = 0
    while one < len(some) and other < len(others):
        low = max(some[one][0], others[other][0])
        high = min(some[one][1], others[other][1])
        if low < high:
            both.append((low, high))
        if some[one][1] < others[other][1]:
            one += 1
        else:
            other += 1
    return both


def _without(spans: list[Span], hidden: list[Span]) -> list[Span]:
    left: list[Span] = []
    index = 0
    for low, high in spans:
        while index < len(hidden) and hidden[index][1] <= low:
            index += 1
        at = index
        while at < len(hidden) and hidden[at][0] < high:
            if hidden[at][0] > low:
                left.append((low, hidden[at][0]))
            low = max(low, hidden[at][1])
            at += 1
        if low < high:
            left.append((low, high))
    return left


# --- rows -----------------------------------------------------------------------------------------------


class Run(Struct, frozen=True):
    """Lines of one lane that are seen one after the other."""

    lane: int
    first: int
    end: int


class Rows:
    """The rows of a view: which line of which lane stands on each."""

    def __init__(self, runs: Sequence[Run] = ()) -> None:
        self.runs = runs
        self._starts = [0, *accumulate(run.end - run.first for run in runs)]
        self._by_lane: dict[int, tuple[list[int], list[int]]] = {}

    def __len__(self) -> int:
        return self._starts[-1]

    def line(self, row: int) -> tuple[int, int]:
        """Lane and number of a row's line; raises `IndexError`."""
        if not 0 <= row < len(self):
            raise IndexError(f"there is no row {row}")
        index = bisect_right(self._starts, row) - 1
        run = self.runs[index]
        return run.lane, run.first + row - self._starts[index]

    def row_of(self, lane: int, number: int) -> int:
        """The row of a line; where it is not to be seen, that of the next one of its lane which is, or of the
        last row."""
        firsts, indexes = self._lane(lane)
        at = bisect_right(firsts, number) - 1
        if at >= 0:
            run = self.runs[indexes[at]]
            if number < run.end:
                return self._starts[indexes[at]] + number - run.first
        if at + 1 < len(indexes):
            return self._starts[indexes[at + 1]]
        return max(0, len(self) - 1)

    def number_near(self, lane: int, row: int) -> int | None:
        """The last line of a lane that stands on a row or above it; else the one before its first."""
        firsts, indexes = self._lane(lane)
        if not indexes:
            return None
        at = bisect_right(self._starts, row) - 1
        place = bisect_right(indexes, at) - 1
        if place < 0:
            return firsts[0] - 1
        index = indexes[place]
        run = self.runs[index]
        return min(run.end - 1, run.first + row - self._starts[index])

    def around(self, lane: int, number: int) -> tuple[int | None, int | None]:
        """The nearest lines of a lane that are to be seen: the last one at a number or before it, and the
        first one at it or after it."""
        firsts, indexes = self._lane(lane)
        at = bisect_right(firsts, number) - 1
        below = firsts[at + 1] if at + 1 < len(firsts) else None
        if at < 0:
            return None, below
        end = self.runs[indexes[at]].end
        return (number, number) if number < end else (end - 1, below)

    def count_since(self, lane: int, number: int) -> int:
        """How many lines of a lane are to be seen from a number on."""
        count = 0
        for index in reversed(self._lane(lane)[1]):
            run = self.runs[index]
            if run.end <= number:
                break
            count += run.end - max(run.first, number)
        return count

    def has(self, lane: int, number: int) -> bool:
        """Whether a line is to be seen."""
        if not len(self):
            return False
        return self.line(self.row_of(lane, number)) == (lane, number)

    def _lane(self, lane: int) -> tuple[list[int], list[int]]:
        found = self._by_lane.get(lane)
        if found is None:
            indexes = [index for index, run in enumerate(self.runs) if run.lane == lane]
            found = self._by_lane[lane] = [self.runs[index].first for index in indexes], indexes
        return found


def rows_of(lane: int, spans: Iterable[Span]) -> Rows:
    """The rows of one lane."""
    return Rows([Run(lane, first, end) for first, end in spans])


def interleaved(session: LogStore, spans: Sequence[Span], worker: LogStore, own: Sequence[Span]) -> Rows:
    """The rows of both lanes by time; of the same time, what the worker did comes first."""
    places: list[tuple[int, int]] = []
    for first, end in own:
        places += [(session.number_at(worker.at(number)), number) for number in range(first, end)]
    places.sort()
    runs: list[Run] = []
    index = 0
    for low, high in spans:
        while index < len(places) and places[index][0] < high:
            place = max(places[index][0], low)
            if place > low:
                runs.append(Run(SESSION, low, place))
                low = place
            number = places[index][1]
            end = number + 1
            index += 1
            while index < len(places) and places[index] == (places[index - 1][0], end):
                end += 1
                index += 1
            runs.append(Run(WORKER, number, end))
        runs.append(Run(SESSION, low, high))
    runs += [Run(WORKER, number, number + 1) for _, number in places[index:]]
    return Rows(runs)
