"""What a worker's log tells about the end of an action: what ended the worker, its errors, others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from farmwatch.aws.model import Session
from farmwatch.logs.evidence import CAUSES, Case, Part
from farmwatch.logs.lanes import WORKER
from farmwatch.logs.lines import Lane
from farmwatch.logs.parsing import Notice, Severity, WorkerEvent, worker_event
from farmwatch.logs.scan import having, last_of, worker_errors
from farmwatch.logs.sources import SessionLogs
from farmwatch.logs.store import LogStore
from farmwatch.logs.times import milliseconds, moment

WORKER_EVENTS = 6

AROUND = timedelta(seconds=90), timedelta(seconds=60)
"""How long before and after the end of an action the worker's events matter."""

NOTICED = timedelta(seconds=150)
"""How long before an action's end what ended its worker may have been announced: a spot instance is told two
minutes ahead."""

MEMORY_FULL = 90.0
"""Per cent of memory used from which on it is worth a word beside a process that was killed."""

MEMORY_SEEN = timedelta(minutes=5)
"""How long before the end a worker's report of its memory still tells something."""

BESIDE_LOOKED_AT = 4_000
"""Events of other sessions' actions that are looked through at most, from the end back."""

ENDED_BY_WORKER = ("INTERRUPTED", "RECLAIMED")
"""Statuses of actions that end because their worker does."""

_KILLED = (-9, 137)
"""Exit codes of what was killed, by a signal and as a shell tells it."""

_Logged = tuple[int, WorkerEvent]


def read_worker_log(case: Case, session: Session, logs: SessionLogs) -> list[str]:
    """Gather what it shows; the causes that it names. Without an action, about the session's end."""
    lane, action = logs.browser.lanes[WORKER], case.action
    end = (action.ended_at if action is not None else session.ended_at) or session.started_at
    own = _own_events(lane, end, session, None if action is None else action.action_id)
    telling = _telling(own, session, "" if action is None else action.status)
    last = own[-WORKER_EVENTS:]
    # What is named is shown, however long before the last events it was.
    for number, event in [*(one for one in telling.values() if one not in last), *last]:
        at = moment(lane.store.at(number))
        case.add(Part.WORKER, "worker log", at, event.line, (WORKER, number))
    causes = list(telling)
    if action is not None and action.exit_code in _KILLED:
        causes += _memory(case, lane.store, end)
    _note_beside(case, lane.store, end, session)
    return causes


def _own_events(lane: Lane, end: datetime, session: Session, action_id: str | None) -> list[_Logged]:
    """What concerns the session: its errors and warnings, what ends the worker, and what became of that
    action."""
    store = lane.store
    own = lane.own_numbers()
    first = store.number_at(milliseconds(end - NOTICED))
    after = store.number_at(milliseconds(end + AROUND[1]) + 1)
    bad = (n for stretch in store.stretches(store.first, after) for n in worker_errors(stretch) if n in own)
    low = milliseconds(end - AROUND[0])
    found = []
    for number in sorted({*bad, *own.between(first, after)}):
        event = worker_event(store.text(number))
        if event is None or _explains_nothing(event):
            continue
        acts = event.type == "Action" and event.action_id in (None, action_id)
        acts = acts or action_id in event.cancels.get(session.session_id, ())
        is_bad = event.severity is not Severity.NONE
        if is_bad or event.notice is not None or (acts and store.at(number) >= low):
            found.append((number, event))
    return found


def _explains_nothing(event: WorkerEvent) -> bool:
    # It stands in the log of every session of a worker whose jobs run as the agent's own user.
    return event.type == "Session" and event.subtype == "User"


def _telling(own: list[_Logged], session: Session, status: str) -> dict[str, _Logged]:
    """The causes that events name, with the event that names each."""
    telling: dict[str, _Logged] = {}
    if status in ENDED_BY_WORKER:
        notices = [one for one in own if one[1].notice is not None]
        # The most telling of them, and of those the last.
        kinds = list(Notice)
        best = min(
            reversed(notices), key=lambda one: kinds.index(one[1].notice or Notice.DRAIN), default=None
        )
        if best is not None:
            telling[f"the worker's log says “{best[1].message}”"] = best
    for one in own:
        event = one[1]
        if event.subtype == "Interrupt":
            telling[f"the worker's log says “{event.message}”"] = one
        elif event.severity is Severity.ERROR:
            telling[f"the worker's log has the error “{event.message}”"] = one
        elif status == "CANCELED" and session.session_id in event.cancels:
            telling["the service asked the worker to cancel it"] = one
    return dict(list(telling.items())[:CAUSES])


def _memory(case: Case, store: LogStore, end: datetime) -> list[str]:
    """Whether the worker's memory was full before a process was killed."""
    first = store.number_at(milliseconds(end - MEMORY_SEEN))
    number = last_of(store, having('"type": "Metrics"'), first, store.number_at(milliseconds(end) + 1))
    event = None if number is None else worker_event(store.text(number))
    used = None if event is None else _percent(event.rest)
    if number is None or used is None or used < MEMORY_FULL:
        return []
    before = round((milliseconds(end) - store.at(number)) / 1000)
    text = f"memory {used:g} % used, {before} s before the end"
    case.add(Part.WORKER, "worker log", moment(store.at(number)), text, (WORKER, number))
    return [f"the worker's memory was {used:g} % full {before} s before (whether that is why: not shown)"]


def _percent(rest: Mapping[str, str]) -> float | None:
    try:
        return float(rest.get("memory-used-percent", ""))
    except ValueError:
        return None


def _note_beside(case: Case, store: LogStore, end: datetime, session: Session) -> None:
    """What other sessions of the worker were doing at that end."""
    others: dict[str, _Logged] = {}
    first = store.number_at(milliseconds(session.started_at))
    after = store.number_at(milliseconds(end) + 1)
    acting = having('"type": "Action"')
    numbers = [n for stretch in store.stretches(first, after) for n in acting(stretch)]
    for number in numbers[-BESIDE_LOOKED_AT:]:
        event = worker_event(store.text(number))
        if event is None or event.session_id in (None, session.session_id) or event.type != "Action":
            continue
        if event.subtype == "Start":
            others[event.session_id or ""] = number, event
        elif event.subtype == "End":
            others.pop(event.session_id or "", None)
    for other, (number, event) in others.items():
        what = f"action {(event.action_id or '').rpartition('-')[2]} ({event.rest.get('kind', '?')})"
        at = moment(store.at(number))
        case.add(Part.BESIDE, "worker log", at, f"{other} ran {what}", (WORKER, number))
