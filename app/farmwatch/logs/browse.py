"""What somebody looks at: one lane or both, reduced or whole, searched; worked out in slices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial

from msgspec.structs import replace

from farmwatch.aws.session_action import SessionAction
from farmwatch.logs.lanes import SESSION, WORKER
from farmwatch.logs.lines import Lane, Reduction, Rows, interleaved, rows_of
from farmwatch.logs.merging import merged
from farmwatch.logs.parsing import Severities
from farmwatch.logs.scan import Query, Scan, errors, worker_errors
from farmwatch.logs.sections import Section
from farmwatch.logs.store import LogStore

Line = tuple[int, int]
"""A lane and the number of a line in it."""

CONTEXTS = (2, 0, 5)
"""Lines shown around each line that a filter leaves."""


class Shown(StrEnum):
    """Which log is looked at."""

    SESSION = "session log"
    WORKER = "worker log"
    BOTH = "session and worker log"
    MERGED = "merged session logs"


class Browser:
    """A view over a session's log and its worker's, or (`of_sessions`) over the logs of several sessions.

    `work` goes on with what is not known yet, one slice at a time; `rows` is what is to be seen by now.
    """

    def __init__(self, session: Lane, worker: Lane, severities: Severities) -> None:
        self.lanes = [session, worker]
        self.names = ["session", "worker"]
        """What the lanes are called."""
        self.severities = severities
        self.shown = Shown.SESSION
        self.reduction = Reduction(own_only=True, context=CONTEXTS[0])
        self.search: Query | None = None
        self.rows = Rows()
        self._searches: dict[int, Scan] = {}
        self._errors: dict[int, Scan] = {}
        self._actions: tuple[SessionAction, ...] = ()

    @classmethod
    def of_sessions(cls, lanes: Sequence[Lane], names: Sequence[str], severities: Severities) -> Browser:
        """A view over the session logs of several sessions (at least one) by these names, merged by time."""
        browser = cls(lanes[0], lanes[-1], severities)
        browser.lanes, browser.names, browser.shown = list(lanes), list(names), Shown.MERGED
        return browser

    # --- what is looked at ----------------------------------------------------------------------------

    @property
    def shows_several(self) -> bool:
        """Whether lines of more than one lane are looked at."""
        return self.shown in (Shown.BOTH, Shown.MERGED)

    @property
    def in_sight(self) -> tuple[int, ...]:
        """The lanes that are looked at."""
        if self.shown is Shown.MERGED:
            return tuple(range(len(self.lanes)))
        return {Shown.SESSION: (SESSION,), Shown.WORKER: (WORKER,), Shown.BOTH: (SESSION, WORKER)}[self.shown]

    def put_lane(self, index: int, lane: Lane) -> None:
        """Another log takes the place of a lane's."""
        self.lanes[index] = lane
        self.know(self._actions)
        lane.filter_by(self.reduction.query, lane.store.end)
        self.look_for(self.search, None)
        self._errors = {}

    def know(self, actions: tuple[SessionAction, ...]) -> None:
        """The actions of the session are these, as far as is known by now."""
        self._actions = actions
        self.lanes[SESSION].know(actions)

    def rebuild(self) -> None:
        """Bring the rows up to date with what is there and known."""
        if self.shown is Shown.MERGED:
            self.rows = merged(self.lanes, self.reduction)
        elif self.shown is Shown.BOTH:
            session, worker = self.lanes
            own = worker.spans(replace(self.reduction, own_only=True))
            self.rows = interleaved(session.store, session.spans(self.reduction), worker.store, own)
        else:
            lane = self.in_sight[0]
            self.rows = rows_of(lane, self.lanes[lane].spans(self.reduction))

    def filter_by(self, query: Query | None, near: Line | None) -> None:
        """Leave only the lines that have something, beginning near a line."""
        self.reduction = replace(self.reduction, query=query)
        for index, lane in enumerate(self.lanes):
            lane.filter_by(query, near[1] if near and near[0] == index else lane.store.end)

    def reduce(
        self, *, own_only: bool | None = None, context: int | None = None, repeats: bool | None = None
    ) -> None:
        """Leave out more, or less."""
        now = self.reduction
        self.reduction = replace(
            now,
            own_only=now.own_only if own_only is None else own_only,
            context=now.context if context is None else context,
            repeats=now.repeats if repeats is None else repeats,
        )

    def fold(self, head: int) -> None:
        """Fold a section, or unfold it; not where logs of several sessions stand between its lines."""
        if self.shown is Shown.MERGED:
            return
        self.reduction = replace(self.reduction, folded=self.reduction.folded ^ {head})

    def fold_all(self) -> None:
        """Fold every section, or unfold them where any is folded; not where `fold` does not."""
        if self.shown is Shown.MERGED:
            return
        heads = frozenset(section.head for section in self.lanes[SESSION].sections())
        self.reduction = replace(self.reduction, folded=frozenset() if self.reduction.folded else heads)

    def unfold_to(self, line: Line) -> None:
        """Unfold the section that hides a line."""
        section = self.section_of(line)
        if section is not None and section.head in self.reduction.folded and line[1] != section.head:
            self.fold(section.head)
            self.rebuild()

    def section_of(self, line: Line) -> Section | None:
        """The section of the session's log that a line stands in; for the worker's, by its time."""
        lane, number = line
        if self.shown is Shown.MERGED:
            return self.lanes[lane].section_of(number)
        session = self.lanes[SESSION]
        if lane == WORKER:
            number = session.store.number_at(self.lanes[WORKER].store.at(number)) - 1
        return session.section_of(number)

    def row_near(self, line: Line) -> int | None:
        """The row of a line. Where it is left out, that of the one that stands for it: the banner of its
        folded section, the first of lines that are the same, or else the nearest; of a log that is not looked
        at, the nearest in time. ``None`` where there is no row at all."""
        lane, number = line
        if not len(self.rows):
            return None
        above, below = self.rows.around(lane, number)
        if above is None and below is None:
            return self._row_at_time(line)
        if above == number:
            return self.rows.row_of(lane, number)
        section = self.section_of(line) if lane == SESSION else None
        if (
            section is not None
            and section.head in self.reduction.folded
            and self.rows.has(lane, section.head)
        ):
            return self.rows.row_of(lane, section.head)
        if above is not None and self.reduction.repeats and self.lanes[lane].is_repeat_of(above, number):
            return self.rows.row_of(lane, above)
        return self.rows.row_of(lane, _nearer(above, below, lambda one: abs(one - number)))

    def _row_at_time(self, line: Line) -> int:
        """The row of the other lanes that is nearest in time to a line."""
        lane, number = line
        own = self.lanes[lane].store
        best: tuple[int, int] | None = None
        try:
            at = own.at(max(own.first, min(number, own.end - 1)))
            for other in self.in_sight:
                store = self.lanes[other].store
                # The first line that is not older, and the one before it, which may be nearer.
                number = store.number_at(at)
                above, below = self.rows.around(other, number - 1)[0], self.rows.around(other, number)[1]
                if other != lane and (above is not None or below is not None):
                    near = _nearer(above, below, partial(_time_between, store, at))
                    row = self.rows.row_of(other, near)
                    distance = _time_between(store, at, near)
                    best = (distance, row) if best is None else min(best, (distance, row))
        except IndexError:
            # Nothing is kept of one log, or its oldest lines were dropped just now.
            best = None
        return len(self.rows) - 1 if best is None else best[1]

    def count_below(self, row: int, since: Sequence[int]) -> int:
        """How many of the lines below a row are those from a number on, of each lane its own."""
        count = 0
        for lane in self.in_sight:
            near = self.rows.number_near(lane, row)
            if near is not None:
                count += self.rows.count_since(lane, max(since[lane], near + 1))
        return count

    # --- searching ------------------------------------------------------------------------------------

    def look_for(self, query: Query | None, near: Line | None) -> None:
        """Search every lane, beginning near a line."""
        self.search = query
        self._searches = {}
        if query is not None:
            self._searches = {
                index: Scan(lane.store, query.numbers, near[1] if near and near[0] == index else 0)
                for index, lane in enumerate(self.lanes)
            }

    def look_for_errors(self, near: Line | None) -> None:
        """Begin to find the lines that are errors."""
        if not self._errors:
            self._errors = {
                index: Scan(
                    lane.store,
                    worker_errors if lane.of_worker else errors(self.severities),
                    near[1] if near and near[0] == index else 0,
                )
                for index, lane in enumerate(self.lanes)
            }

    @property
    def match_count(self) -> int:
        """Lines that have what is searched for, as far as they are found."""
        return sum(len(self._searches[lane].found) for lane in self.in_sight if lane in self._searches)

    def match_place(self, line: Line) -> int | None:
        """Of which match a line is, counted from 1; ``None`` where it has none, or with several lanes."""
        scan = self._searches.get(line[0])
        if scan is None or self.shows_several or line[1] not in scan.found:
            return None
        return 1 + scan.found.place(line[1])

    @property
    def is_searched(self) -> bool:
        """Whether everything that is there was searched."""
        return all(self._searches[lane].is_done for lane in self.in_sight if lane in self._searches)

    def next_match(self, line: Line, forward: bool) -> Line | None:
        """The next line that has what is searched for, as far as it is found."""
        return self._next(self._searches, line, forward)

    def next_error(self, line: Line, forward: bool) -> Line | None:
        """The next line that is an error, as far as it is found; a traceback counts once."""
        found = self._next(self._errors, line, forward)
        lane = line[0]
        low, high = self.lanes[lane].traceback_of(line[1]) or (0, 0)
        while found is not None and found[0] == lane and low <= found[1] < high:
            found = self._next(self._errors, found, forward)
        if found is not None and (block := self.lanes[found[0]].traceback_of(found[1])) is not None:
            return found[0], block[0]
        return found

    @property
    def are_errors_found(self) -> bool:
        """Whether the search for errors, if there is one, has gone through the lanes in sight."""
        return all(self._errors[lane].is_done for lane in self.in_sight if lane in self._errors)

    def _next(self, scans: dict[int, Scan], line: Line, forward: bool) -> Line | None:
        best: tuple[int, Line] | None = None
        row = self.rows.row_of(*line)
        for lane in self.in_sight:
            if lane not in scans:
                continue
            found = scans[lane].found
            number: int | None = line[1]
            if lane != line[0] and (number := self.rows.number_near(lane, row)) is not None and not forward:
                # What stands above counts itself.
                number += 1
            while number is not None:
                number = found.next_after(number) if forward else found.last_before(number)
                # What a filter leaves out is not looked for; what is folded away is.
                if number is None or self.reduction.query is None or self.rows.has(lane, number):
                    break
            if number is not None:
                at = self.rows.row_of(lane, number)
                if best is None or (at < best[0] if forward else at > best[0]):
                    best = at, (lane, number)
        return None if best is None else best[1]

    # --- working --------------------------------------------------------------------------------------

    def work(self, monotonic: Callable[[], float], until: float) -> bool:
        """Go on until a time, in small slices; whether there is more to do."""
        while self._step():
            if monotonic() >= until:
                return True
        return False

    def _step(self) -> bool:
        for scans in (self._searches, self._errors):
            for lane in self.in_sight:
                if lane in scans and not scans[lane].is_done:
                    scans[lane].advance()
                    return True
        return any(self.lanes[lane].work() for lane in (*self.in_sight, SESSION))


def _time_between(store: LogStore, at: int, number: int) -> int:
    """Milliseconds between a time and a line's."""
    return abs(store.at(number) - at)


def _nearer(above: int | None, below: int | None, distance: Callable[[int], int]) -> int:
    """Which of two lines is nearer; `IndexError` where there is none."""
    found = [one for one in (above, below) if one is not None]
    if not found:
        raise IndexError("no line is near")
    return min(found, key=distance)
