"""The tail: one log stream, read at its end as it grows, and backwards as far as somebody wants to see.

Nothing is read twice into the store, and nothing is left out, with three ways of asking GetLogEvents:

- forward, from a token, for what is new;
- backwards, by time and never by token: each page is the last one before the first millisecond that is kept.
  The oldest millisecond of a page may be cut in the middle, so it is left to the next page;
- again, from two minutes before the newest line, when a token is no longer accepted, and now and then because
  events may arrive late with an older time, which a token has passed by then. What is there already is told
  apart by time, text and how often that pair occurs, for events have no id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.log_page import LogEvent, LogSource
from farmwatch.aws.model import Fault, FaultKind
from farmwatch.history.events import Event
from farmwatch.logs.store import LogStore, lines_of
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import RequestBudget, Schedule
from farmwatch.polling.target import PollResult, Target

EVERY = timedelta(seconds=2)

SILENCE = ((600.0, timedelta(seconds=15)), (60.0, timedelta(seconds=5)), (0.0, EVERY))
"""How long (seconds) a log has been silent, and how often it is asked for then."""

NOT_THERE_EVERY = 10.0
"""Seconds between two looks for a stream that is not there yet, while its session lives."""

FIRST_PAGE = 2_000
"""Events of the first page: enough to fill any screen, and quickly there."""

FILLED_AT_ONCE = 500
"""Lines read backwards unasked, so that a short log is whole from the start."""

LATE_FOR = 120_000
"""Milliseconds that an event may be late (observed: the worker agent retries for less)."""

LOOK_AGAIN_AFTER = (15.0, 130.0)
"""Seconds of silence after which late events are looked for: soon, and when none can come any more."""

LOOK_AGAIN_EVERY = (60.0, 300.0)
"""Seconds at least between two such looks, and after which one is due in a log that is never silent."""

SMALL_PAGE = 5_000
SMALL_PAGE_WAIT = 1.0
"""Seconds until the next page of a log that keeps growing, where the last one had fewer events than that:
asking at once would bring pages of a handful."""

LAST_WORDS = timedelta(seconds=90)
"""How long after a session's end its worker may still send lines (it sends them every 15 to 30 s)."""

BAD_TOKEN = "InvalidParameterException"  # noqa: S105 - the code of an error


class LogObserved(Struct, frozen=True):
    """What is known of a log as of ``seen_at``: its lines are in the tail's store.

    ``first`` and ``end`` are the numbers of the lines kept, ``newest_at`` (milliseconds) the time of the
    newest. ``whole`` says that nothing lies before the first one but what was ``dropped``; ``filling`` that
    older lines are being read; ``drained`` that the end was reached; ``over`` that nothing more is to come.
    ``opened_at`` is when it was first asked for, ``lost`` how often a place in the log was lost and found.
    """

    source: LogSource
    opened_at: datetime | None = None
    seen_at: datetime | None = None
    fault: Fault | None = None
    first: int = 0
    end: int = 0
    newest_at: int | None = None
    whole: bool = False
    filling: bool = False
    drained: bool = False
    over: bool = False
    dropped: int = 0
    lost: int = 0

    @property
    def is_final(self) -> bool:
        """The same as ``over``, by the name it has for sessions and actions."""
        return self.over


@dataclass
class _Backward:
    """Pages before a time, gathered until they hold more than one millisecond."""

    end: int | None
    token: str | None = None
    events: list[LogEvent] | None = None


@dataclass
class _Again:
    """A second reading from ``start`` on: ``known`` is what the store had, ``seen`` what has come so far,
    ``newest`` the newest time when it began."""

    start: int | None
    newest: int | None
    known: Counter[int]
    seen: Counter[int]
    token: str | None = None


class LogTail(Target):
    """Follows one log stream. `poll` makes one request at the most."""

    def __init__(
        self,
        source: LogSource,
        budget: RequestBudget,
        *,
        key: str = "",
        store: LogStore | None = None,
        is_own: Callable[[LogEvent], bool] | None = None,
        rank: int = 0,
        noted: Callable[[Fault | None, datetime], tuple[Event, ...]] = lambda *_: (),
    ) -> None:
        self._noted = noted
        self.key = key or f"log {source.group} {source.stream}"
        self.schedule = Schedule(EVERY)
        self.budget = self._budget = budget
        self.rank = rank
        """Which of several logs is read first: the lowest."""
        self.store = LogStore() if store is None else store
        self.observed = LogObserved(source)
        self.session_is_final = False
        self.session_ended_at: datetime | None = None
        self._source = source
        self._is_own = is_own
        self._wanted_number = 0
        self._wanted_at = float("inf")
        self._forward: str | None = None
        self._drained = False
        self._whole = False
        self._backward: _Backward | None = None
        self._again: _Again | None = None
        self._due_again = False
        self._looks: tuple[float, ...] = ()
        self._again_at = 0.0
        self._settled_at: int | None = None
        self._forward_at = float("-inf")
        self._filled_last = False
        self._wait = 0.0
        self._grew_at: float | None = None
        self._looked_last = False
        self._lost = 0

    # --- wishes, from any thread ------------------------------------------------------------------------

    def want_lines(self, number: int) -> bool:
        """Read back until this line is there; whether that takes asking."""
        self._wanted_number = min(self._wanted_number, number)
        return self._fills

    def want_time(self, at: float) -> bool:
        """Read back until this time (milliseconds; minus infinity: all); whether that takes asking."""
        self._wanted_at = min(self._wanted_at, at)
        return self._fills

    @property
    def _fills(self) -> bool:
        if self._whole or self.store.is_full or self.store.dropped or self._forward is None:
            return False
        first_at = self.store.first_at()
        return (
            first_at is None
            or self.store.first > self._wanted_number
            or first_at > self._wanted_at
            or len(self.store) < FILLED_AT_ONCE
        )

    # --- asking -----------------------------------------------------------------------------------------

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        """Ask once, and write down where the log begins to fail, or no longer does."""
        polled = self._poll(api, clock)
        # A log that is not there yet, while its session lives, is none that fails.
        if polled.fault is None or polled.again_in != NOT_THERE_EVERY:
            return replace(polled, events=self._noted(polled.fault, clock.now()))
        return polled

    def _poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        if self.observed.opened_at is None:
            self.observed = replace(self.observed, opened_at=clock.now())
        if isinstance(api, Fault):
            return self._failed(api)
        now = clock.monotonic()
        self._budget.spend(now)
        fault = self._ask(api, now)
        if fault is not None and fault.code == BAD_TOKEN and self._forget_tokens():
            return PollResult(again_in=0.0)
        if fault is not None:
            return self._failed(fault)
        self._plan(now)
        over = self._is_over(clock.now())
        busy = not self._drained or self._again is not None or self._due_again or self._fills
        self.observed = replace(
            self.observed,
            seen_at=clock.now(),
            fault=None,
            first=self.store.first,
            end=self.store.end,
            newest_at=self.store.newest_at(),
            whole=self._whole,
            filling=self._fills,
            drained=self._drained,
            over=over,
            dropped=self.store.dropped,
            lost=self._lost,
        )
        return PollResult(final=over, again_in=self._wait if busy else None)

    def _ask(self, api: DeadlineApi, now: float) -> Fault | None:
        """One request of the kind that is next: what is new comes before what is old."""
        self._wait = 0.0
        if self._again is not None or self._due_again:
            return self._ask_again(api, now)
        if self._forward is None:
            return self._open(api, now)
        # A log that is being filled is followed too, in its rhythm; where many share the budget, and a turn
        # comes more rarely than that, each has every second one.
        rested = now - self._forward_at < (self.schedule.interval.total_seconds() if self._drained else 1.0)
        self._filled_last = self._fills and (rested or not self._filled_last)
        return self._ask_backward(api, now) if self._filled_last else self._ask_forward(api, now)

    def _failed(self, fault: Fault) -> PollResult:
        self.observed = replace(self.observed, fault=fault)
        waits = fault.kind is FaultKind.GONE and not self.session_is_final
        return PollResult(fault, again_in=NOT_THERE_EVERY if waits else None)

    def _forget_tokens(self) -> bool:
        """A token is no longer accepted: read again by time. False where none was used."""
        used = self._forward is not None or self._backward is not None
        if self._again is not None:
            used = self._again.token is not None
        if not used:
            return False
        self._lost += 1
        self._again, self._backward = None, None
        if len(self.store):
            self._due_again = True
        else:
            self._forward, self._due_again, self._whole = None, False, False
        return True

    # --- forward ----------------------------------------------------------------------------------------

    def _ask_forward(self, api: DeadlineApi, now: float) -> Fault | None:
        page = api.log_page(self._source, self._forward)
        if isinstance(page, Fault):
            return page
        self._take(page.events, now)
        self._drained = page.forward == self._forward
        self._forward, self._forward_at = page.forward, now
        if 0 < len(page.events) < SMALL_PAGE and not self._fills:
            self._wait = SMALL_PAGE_WAIT
        return None

    def _open(self, api: DeadlineApi, now: float) -> Fault | None:
        """The newest page first; where it holds no two milliseconds, what is before it comes too."""
        page = api.log_page(self._source, from_head=False, limit=FIRST_PAGE)
        if isinstance(page, Fault):
            return page
        self._take(_without_oldest(page.events), now)
        if not len(self.store):
            self._backward = _Backward(None, page.backward, list(page.events))
        # It ends where the log does, as far as is known; what is older may be asked for next.
        self._forward, self._forward_at, self._drained = page.forward, now, True
        self._again_at, self._settled_at = now, self.store.newest_at()
        return None

    def _take(self, events: Sequence[LogEvent], now: float) -> None:
        if events:
            self.store.append(lines_of(events, self._is_own))
            self._looks = LOOK_AGAIN_AFTER
            self._looked_last = False
            self._grew_at = now

    # --- backwards --------------------------------------------------------------------------------------

    def _ask_backward(self, api: DeadlineApi, now: float) -> Fault | None:
        reading = self._backward
        if reading is None:
            reading = self._backward = _Backward(self.store.first_at())
        page = api.log_page(self._source, reading.token, from_head=False, end=reading.end)
        if isinstance(page, Fault):
            return page
        events = [*page.events, *(reading.events or [])]
        if reading.token is not None and page.backward == reading.token:
            self._whole = True
        elif len(kept := _without_oldest(events)):
            events = kept
        else:
            self._backward = _Backward(reading.end, page.backward, events)
            return None
        if not len(self.store) and events:
            self._grew_at, self._looks = now, LOOK_AGAIN_AFTER
        self.store.prepend(lines_of(events, self._is_own))
        self._backward = None
        return None

    # --- again ------------------------------------------------------------------------------------------

    def _ask_again(self, api: DeadlineApi, now: float) -> Fault | None:
        reading = self._again or _Again(self._start_again(), self.store.newest_at(), Counter(), Counter())
        page = api.log_page(self._source, reading.token, start=reading.start)
        if isinstance(page, Fault):
            return page
        if self._again is None:
            # Counted when the answer is there: what was asked for in vain is asked for again much later.
            if reading.start is not None:
                reading.known.update(map(hash, self.store.events_since(reading.start)))
            self._again, self._due_again = reading, False
        new = []
        for event in page.events:
            mark = hash(event)
            reading.seen[mark] += 1
            if reading.seen[mark] > reading.known[mark]:
                new.append(event)
        self._take(new, now)
        self._forward_at, self._drained = now, page.forward == reading.token
        if self._drained:
            self._again, self._again_at, self._settled_at = None, now, reading.newest
        self._forward = reading.token = page.forward
        return None

    def _start_again(self) -> int | None:
        """From where on late events may have come since they were last looked for; ``None``: from anywhere.

        What lies before the first line that is kept is not this reading's, unless nothing does.
        """
        newest, first_at = self.store.newest_at(), self.store.first_at()
        if newest is None or first_at is None:
            return None
        start = min(newest, newest if self._settled_at is None else self._settled_at) - LATE_FOR
        if self.store.dropped_until is not None:
            return max(start, self.store.dropped_until + 1)
        return start if self._whole else max(start, first_at)

    def _plan(self, now: float) -> None:
        """Whether to look for late events, and how often to ask."""
        silent = 60.0 if self._grew_at is None else now - self._grew_at
        self.schedule.interval = next(every for least, every in SILENCE if silent >= least)
        if self._looks and self._again is None:
            rest, longest = LOOK_AGAIN_EVERY
            since = now - self._again_at
            if (silent >= self._looks[0] and since >= rest) or since >= longest:
                self._due_again = True
                self._looks = tuple(look for look in self._looks if look > silent)

    def _is_over(self, now: datetime) -> bool:
        """Whether the session is final, its worker's last words are in, and late ones were looked for."""
        if not self.session_is_final or not self._drained or self._again is not None or self._fills:
            return False
        if self.session_ended_at is not None and now - self.session_ended_at < LAST_WORDS:
            return False
        if not self._looked_last:
            self._due_again = self._looked_last = True
            return False
        return not self._due_again


def _without_oldest(events: Sequence[LogEvent]) -> list[LogEvent]:
    """Events without those of the oldest millisecond, of which there may be more on the page before."""
    if not events:
        return []
    oldest = events[0].at
    return [event for event in events if event.at > oldest]
