"""The two logs of a session: where they are, by its log configuration, and what reads and keeps them."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from farmwatch.aws.log_page import LogSource
from farmwatch.aws.model import LogConfiguration, Session, SessionRef
from farmwatch.aws.session_action import SessionAction
from farmwatch.history.events import NoRecords, Records
from farmwatch.logs.browse import Browser
from farmwatch.logs.lanes import SESSION, WORKER
from farmwatch.logs.lines import Lane
from farmwatch.logs.parsing import Severities, is_about
from farmwatch.logs.store import LogStore
from farmwatch.logs.tail import LogTail
from farmwatch.logs.times import milliseconds
from farmwatch.polling.schedule import RequestBudget
from farmwatch.sessions.changes import CallFaults

AWSLOGS = "awslogs"
"""The only driver whose logs can be read, and the only one that the worker agent knows."""


CLOCKS_APART = timedelta(seconds=5)
"""How far the service's times of a session and its worker's own may be apart."""


class Unread(StrEnum):
    """Why a log is not asked for at all."""

    UNKNOWN = "the session is not known yet"
    MISSING = "the reply has no such configuration"
    DRIVER = "the driver is not awslogs"


class Found(Struct, frozen=True):
    """Where a log is, or why it is not asked for. ``guessed``: the configuration has no names, so those that
    are customary were taken."""

    source: LogSource | None
    unread: Unread | None = None
    guessed: bool = False


def find(ref: SessionRef, session: Session, lane: int) -> Found:
    """The stream of a session's log, or of its worker's. The names come from the response; only where it has
    none, from the convention of the worker agent."""
    config: LogConfiguration | None = session.log if lane == SESSION else session.worker_log
    if config is None:
        return Found(None, Unread.MISSING)
    if config.driver != AWSLOGS:
        return Found(None, Unread.DRIVER)
    options = config.options or {}
    owner = ref.queue_id if lane == SESSION else session.fleet_id
    group, stream = options.get("logGroupName"), options.get("logStreamName")
    source = LogSource(
        group=group or f"/aws/deadline/{ref.farm_id}/{owner}",
        stream=stream or (ref.session_id if lane == SESSION else session.worker_id),
        farm_id=ref.farm_id,
        queue_id=ref.queue_id if lane == SESSION else None,
        fleet_id=session.fleet_id if lane == WORKER else None,
    )
    return Found(source, guessed=not (group and stream))


class SessionLogs:
    """Both logs of one session, with what reads them; kept as long as somebody looks at the session."""

    def __init__(
        self,
        ref: SessionRef,
        budget: RequestBudget,
        severities: Severities | None = None,
        records: Records | None = None,
    ) -> None:
        self.ref = ref
        self._faults = {
            lane: CallFaults(ref, records or NoRecords(), name)
            for lane, name in ((SESSION, "reading the session log"), (WORKER, "reading the worker log"))
        }
        self.found = {lane: Found(None, Unread.UNKNOWN) for lane in (SESSION, WORKER)}
        self.tails: dict[int, LogTail] = {}
        self._budget = budget
        self.is_own = is_about(ref.session_id, self._runs_at)
        """Whether an event of the worker's log is about this session."""
        self._runs = float("-inf"), float("inf")
        lanes = Lane(LogStore()), Lane(LogStore(), of_worker=True)
        self.browser = Browser(*lanes, severities or Severities.of())

    def take(self, session: Session) -> list[LogTail]:
        """Take note of a session; the tails that are new by it."""
        end = float("inf") if session.ended_at is None else milliseconds(session.ended_at + CLOCKS_APART)
        self._runs = milliseconds(session.started_at - CLOCKS_APART), end
        new = []
        for lane in (SESSION, WORKER):
            found = find(self.ref, session, lane)
            if found.source != self.found[lane].source:
                new += self._open(lane, found.source)
            self.found[lane] = found
            tail = self.tails.get(lane)
            if tail is not None:
                tail.session_is_final = session.is_final
                tail.session_ended_at = session.ended_at
        return new

    def _open(self, lane: int, source: LogSource | None) -> list[LogTail]:
        self.tails.pop(lane, None)
        fresh = Lane(LogStore(), of_worker=lane == WORKER)
        self.browser.put_lane(lane, fresh)
        if source is None:
            return []
        is_own = self.is_own if lane == WORKER else None
        noted = self._faults[lane].note
        tail = LogTail(
            source,
            self._budget,
            key=f"log {source.group} {source.stream} of {self.ref.session_id}",
            store=fresh.store,
            is_own=is_own,
            rank=lane,
            noted=noted,
        )
        self.tails[lane] = tail
        return [tail]

    def know(self, actions: tuple[SessionAction, ...]) -> None:
        """Take note of the session's actions: by them it is known which lines are whose."""
        self.browser.know(actions)

    def _runs_at(self, at: int) -> bool:
        """Whether the session ran at a time, as far as is known."""
        return self._runs[0] <= at <= self._runs[1]

    def lane_of(self, key: str) -> int | None:
        """Whose tail has that key."""
        return next((lane for lane, tail in self.tails.items() if tail.key == key), None)

    def line_of(self, action: SessionAction, actions: tuple[SessionAction, ...]) -> int | None:
        """The first line of an action in the session's log: its banner, or what was written as it began."""
        if action.started_at is None:
            return None
        self.know(actions)
        lane = self.browser.lanes[SESSION]
        lane.find_sections()
        section = lane.outline.of_action(action.action_id)
        number = lane.store.number_at(milliseconds(action.started_at)) if section is None else section.head
        return number if number < lane.store.end else None

    def look_at(self, lanes: tuple[int, ...]) -> None:
        """What is in sight is read before what is not."""
        for lane, tail in self.tails.items():
            tail.rank = 0 if lane in lanes else 1
