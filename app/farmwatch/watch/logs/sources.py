"""The two logs of a session: where they are, by its log configuration, and what reads and keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from farmwatch.cloud.log_page import LogSource
from farmwatch.cloud.model import LogConfiguration, Session, SessionRef
from farmwatch.cloud.session_action import SessionAction
from farmwatch.watch.cadence import Budget
from farmwatch.watch.changes import CallFaults
from farmwatch.watch.entries import NoRecords, Records
from farmwatch.watch.logs.browse import Browser
from farmwatch.watch.logs.lines import SESSION, WORKER, Lane, Section
from farmwatch.watch.logs.reading import Severities, is_about
from farmwatch.watch.logs.store import LogStore
from farmwatch.watch.logs.tail import LogTail

AWSLOGS = "awslogs"
"""The only driver whose logs can be read, and the only one that the worker agent knows."""


class Unread(StrEnum):
    """Why a log is not asked for at all."""

    UNKNOWN = "the session is not known yet"
    MISSING = "the reply has no such configuration"
    DRIVER = "the driver is not awslogs"


@dataclass(frozen=True, slots=True)
class Found:
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
        budget: Budget,
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
        self._is_own = is_about(ref.session_id)
        lanes = Lane(LogStore()), Lane(LogStore(), of_worker=True)
        self.browser = Browser(*lanes, severities or Severities.of())

    def take(self, session: Session) -> list[LogTail]:
        """Take note of a session; the tails that are new by it."""
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
        is_own = self._is_own if lane == WORKER else None
        noted = self._faults[lane].note
        tail = LogTail(
            source,
            self._budget,
            key=f"log {lane} of {self.ref.session_id}",
            store=fresh.store,
            is_own=is_own,
            rank=lane,
            noted=noted,
        )
        self.tails[lane] = tail
        return [tail]

    def lane_of(self, key: str) -> int | None:
        """Whose tail has that key."""
        return next((lane for lane, tail in self.tails.items() if tail.key == key), None)

    def line_of(self, action: SessionAction, actions: tuple[SessionAction, ...]) -> int | None:
        """The first line of an action in the session's log: its banner, or what was written as it began."""
        if action.started_at is None:
            return None
        lane = self.browser.lanes[SESSION]
        lane.find_sections()
        found = actions_of(lane.sections(), actions)
        head = next((head for head, one in found.items() if one.action_id == action.action_id), None)
        number = lane.store.number_at(milliseconds(action.started_at)) if head is None else head
        return number if number < lane.store.end else None

    def look_at(self, lanes: tuple[int, ...]) -> None:
        """What is in sight is read before what is not."""
        for lane, tail in self.tails.items():
            tail.rank = 0 if lane in lanes else 1


# --- actions and their sections -----------------------------------------------------------------------

_KINDS = {"Entering Environment": "envEnter", "Exiting Environment": "envExit", "Running Task": "taskRun"}

NEAR = timedelta(seconds=60)
"""How far apart an action's start and its banner's time may be, to belong together."""


def milliseconds(at: datetime) -> int:
    """A time as logs have it."""
    return round(at.timestamp() * 1000)


def actions_of(sections: list[Section], actions: tuple[SessionAction, ...]) -> dict[int, SessionAction]:
    """Which action each section is of, by its banner's number: the one of its kind that began next to it.
    (Inferred from kind and time: a log names no actions.)"""
    found: dict[int, SessionAction] = {}
    left = [action for action in actions if action.started_at is not None]
    for section in sections:
        kind = _KINDS.get(section.title.partition(":")[0])
        near = [action for action in left if kind in (None, action.kind)]
        best = min(near, key=lambda action: _apart(section, action), default=None)
        if best is not None and _apart(section, best) <= NEAR.total_seconds() * 1000:
            found[section.head] = best
            left.remove(best)
    return found


def _apart(section: Section, action: SessionAction) -> float:
    return abs(section.at - milliseconds(action.started_at)) if action.started_at else float("inf")
