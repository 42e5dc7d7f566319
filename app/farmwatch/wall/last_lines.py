"""The newest lines of the logs of a wall's sessions: one GetLogEvents a poll, on the budget of the logs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.log_page import LogEvent, LogSource
from farmwatch.aws.model import Fault, FaultKind
from farmwatch.logs.lanes import SESSION
from farmwatch.logs.sources import find
from farmwatch.logs.times import moment
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import LASTING, RequestBudget, Rest, Schedule
from farmwatch.polling.target import PollResult, Target
from farmwatch.wall.values import LastLine, LogLine, WallObserved, WallRow

EVERY = timedelta(seconds=2)
"""How often it is looked for what is due, where nothing was."""

ASKED_EVERY = 10.0
"""Seconds after which a line is old, and asked for again."""

TAIL_EVERY = 5.0
"""The same for the log whose newest lines are wanted."""

LAST_WORDS = timedelta(seconds=30)
"""How long after a session's end its log is read for the last time: workers send lines every 15 to 30 s."""

LIMIT = 5
"""Events asked for: the newest may be blank."""

TAIL_LIMIT = 50
"""Events asked for of the log whose newest lines are wanted."""

SPARE = 0.5
"""How full the budget has to be (0 to 1) for logs of sessions that are out of sight."""

OF_ONE_LOG = (*LASTING, FaultKind.BAD_REPLY)
"""Faults of one log, which the others do not share."""


class LinesObserved(Struct, frozen=True):
    """The newest lines that are known as of ``seen_at``, by the keys of their rows (`WallRow.key`); only of
    sessions that are on the wall. ``tail`` has the newest lines, oldest first, of the log of ``tail_of``, the
    row whose lines are wanted. ``fault`` says that the newest reply was none."""

    connection: str
    lines: Mapping[str, LastLine] = {}
    tail_of: str = ""
    tail: tuple[LogLine, ...] = ()
    seen_at: datetime | None = None
    fault: Fault | None = None


class _Asked:
    """When a log was asked for, and whether that is over."""

    __slots__ = ("at", "is_over", "rest")

    def __init__(self) -> None:
        self.at = float("-inf")
        self.is_over = False
        self.rest = Rest()


class LastLines(Target):
    """Reads the newest line of the sessions of a wall, those in sight before the others, in turns.

    It asks for nothing before somebody wants lines. ``wall`` tells what is on the wall by now; ``budget`` is
    that of the connection's logs, which it shares with whoever reads one: those go first.
    """

    rank = 2

    def __init__(self, connection: str, wall: Callable[[], WallObserved], budget: RequestBudget) -> None:
        self.key = "lines of the wall"
        self.schedule = Schedule(EVERY)
        self.budget = self._budget = budget
        self.observed = LinesObserved(connection)
        self._connection = connection
        self._wall = wall
        self._rows: tuple[WallRow, ...] = ()
        self._by_key: dict[str, WallRow] = {}
        self._asked: dict[str, _Asked] = {}
        self._lines: Mapping[str, LastLine] = {}
        self._tail: tuple[LogLine, ...] = ()
        self._tail_of = ""
        self._in_sight: tuple[str, ...] | None = None
        self._wanted_tail = ""
        self._is_asked_anew = False

    def known(self) -> Mapping[str, LastLine]:
        """The newest lines that are known, by the keys of their rows."""
        return self.observed.lines

    # --- wishes, from any thread ------------------------------------------------------------------------

    def want(self, keys: Iterable[str] | None) -> None:
        """The rows of these keys (`WallRow.key`) are in sight: their logs are read first. ``None``: nobody
        looks, and none is read."""
        self._in_sight = None if keys is None else tuple(keys)

    def want_tail(self, key: str) -> None:
        """The newest lines of this row's log are wanted; empty: of none."""
        self._wanted_tail = key

    def want_again(self) -> None:
        """Somebody wants to know: logs that are denied, or not there, are asked for again."""
        self._is_asked_anew = True

    # --- polling ----------------------------------------------------------------------------------------

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        """Ask for the log whose turn it is, if any is due."""
        if isinstance(api, Fault):
            return self._failed(api)
        now = clock.monotonic()
        self._bring_up_to_date()
        row = self._next(now, clock.now())
        if row is None:
            self._show(self.observed.seen_at, self.observed.fault)
            return PollResult()
        fault = self._ask(api, row, clock)
        return PollResult(again_in=0.0) if fault is None else self._failed(fault)

    def _failed(self, fault: Fault) -> PollResult:
        self._show(self.observed.seen_at, fault)
        return PollResult(fault)

    def _bring_up_to_date(self) -> None:
        """Take note of what is on the wall, and wanted, by now."""
        rows = self._wall().rows
        if rows is not self._rows:
            self._rows, self._by_key = rows, {row.key: row for row in rows}
            self._asked = {key: asked for key, asked in self._asked.items() if key in self._by_key}
            self._lines = {key: line for key, line in self._lines.items() if key in self._by_key}
        if self._is_asked_anew:
            self._is_asked_anew = False
            for asked in self._asked.values():
                asked.rest.end()
        if self._wanted_tail != self._tail_of:
            self._tail_of, self._tail = self._wanted_tail, ()
            # It may have been asked for just now, or for the last time: but for one line.
            self._asked.pop(self._tail_of, None)

    def _next(self, now: float, time: datetime) -> WallRow | None:
        """The row whose log is to be asked for: the one whose tail is wanted, else of those in sight the one
        whose line is the oldest, else of the others."""
        in_sight, by_key = self._in_sight, self._by_key
        wanted = by_key.get(self._tail_of)
        if wanted is not None and self._is_due(wanted, now, time):
            return wanted
        if in_sight is None:
            return None
        due = [by_key[key] for key in in_sight if key in by_key and self._is_due(by_key[key], now, time)]
        if not due and self._budget.filled(now) >= SPARE:
            due = [row for row in self._rows if self._is_due(row, now, time)]
        return min(due, key=lambda row: self._asked_at(row.key), default=None)

    def _asked_at(self, key: str) -> float:
        asked = self._asked.get(key)
        return float("-inf") if asked is None else asked.at

    def _is_due(self, row: WallRow, now: float, time: datetime) -> bool:
        if row.session is None:
            return False
        asked = self._asked.get(row.key)
        if asked is None:
            return True
        if asked.is_over or not asked.rest.is_over(now):
            return False
        if row.ended_at is not None:
            return time >= row.ended_at + LAST_WORDS
        return now - asked.at >= (TAIL_EVERY if row.key == self._tail_of else ASKED_EVERY)

    # --- asking -----------------------------------------------------------------------------------------

    def _ask(self, api: DeadlineApi, row: WallRow, clock: Clock) -> Fault | None:
        """Ask for a row's log; the fault, where it is not of this log alone."""
        assert row.session is not None  # noqa: S101 - what has none is never due
        asked = self._asked.setdefault(row.key, _Asked())
        found, now = find(row.ref, row.session, SESSION), clock.monotonic()
        if found.source is None:
            self._tell(row.key, LastLine(str(found.unread or ""), None, clock.now()))
        else:
            events = self._events(api, found.source, now, is_tail=row.key == self._tail_of)
            if not isinstance(events, Fault):
                asked.rest.end()
                self._take(row.key, lines_of(events), clock.now())
            elif events.kind in OF_ONE_LOG:
                asked.rest.begin(now)
                self._tell(row.key, LastLine(events.sentence, None, clock.now()))
            else:
                return events
        asked.at = now
        asked.is_over = row.ended_at is not None and clock.now() >= row.ended_at + LAST_WORDS
        self._show(clock.now())
        return None

    def _events(
        self, api: DeadlineApi, source: LogSource, now: float, *, is_tail: bool
    ) -> Sequence[LogEvent] | Fault:
        self._budget.spend(now)
        page = api.log_page(source, from_head=False, limit=TAIL_LIMIT if is_tail else LIMIT)
        return page if isinstance(page, Fault) else page.events

    def _take(self, key: str, lines: Sequence[LogLine], at: datetime) -> None:
        if key == self._tail_of and lines:
            self._tail = tuple(lines[-TAIL_LIMIT:])
        newest = next((line for line in reversed(lines) if line.text.strip()), None)
        former = self._lines.get(key)
        if newest is not None:
            self._tell(key, LastLine(newest.text, newest.at, at))
        elif former is not None and former.at is not None:
            # A page may be empty though the log is not.
            self._tell(key, LastLine(former.text, former.at, at))
        else:
            self._tell(key, LastLine("", None, at))

    def _tell(self, key: str, line: LastLine) -> None:
        # Another mapping, because the former one is with whoever was told of it.
        self._lines = {**self._lines, key: line}

    def _show(self, seen_at: datetime | None, fault: Fault | None = None) -> None:
        self.observed = LinesObserved(
            self._connection, self._lines, self._tail_of, self._tail, seen_at, fault
        )


def lines_of(events: Sequence[LogEvent]) -> list[LogLine]:
    """The lines of events, oldest first; they come clean."""
    return [LogLine(text, moment(event.at)) for event in events for text in event.text.split("\n")]
