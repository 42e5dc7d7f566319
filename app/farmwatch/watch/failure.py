"""Why a session failed: what the service, its log and its worker's log tell, put side by side.

A cause is only named when there is a line, an event or a member of a reply that shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from farmwatch.cloud.model import Session
from farmwatch.cloud.session_action import SessionAction
from farmwatch.watch.logs.browse import Line
from farmwatch.watch.logs.lines import SESSION, WORKER, Lane
from farmwatch.watch.logs.reading import (
    Severities,
    Severity,
    WorkerEvent,
    banner,
    directive,
    exit_code,
    is_rule,
    worker_event,
)
from farmwatch.watch.logs.sources import SessionLogs, actions_of, milliseconds

LAST_LINES = 6
WORKER_EVENTS = 6
CAUSES = 3
"""Causes that a sentence names at most."""

LOOKED_BACK = 20_000
"""Lines of an action that are looked through at most, from its end."""

AROUND = timedelta(seconds=90), timedelta(seconds=60)
"""How long before and after the end of an action the worker's events matter."""

MEMORY_FULL = 90.0
"""Per cent of memory used from which on it is worth a word beside a process that was killed."""

MEMORY_SEEN = timedelta(minutes=5)
"""How long before the end a worker's report of its memory still tells something."""

BAD = ("FAILED", "INTERRUPTED")


class Part(StrEnum):
    """What a piece of evidence is about."""

    ACTION = "action"
    CONFIGURATION = "log error"
    PROCESS = "it said"
    LAST = "last lines"
    WORKER = "worker"
    BESIDE = "beside it"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that is known: where from, of when, and, if it is in a log, on which line."""

    part: Part
    source: str
    at: datetime | None
    text: str
    line: Line | None = None
    is_cause: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """A session that did not go well, in one sentence and with what shows it. ``action`` is ``None`` where
    only a log has an error; ``is_complete`` says that everything which may matter has been read."""

    sentence: str
    action: SessionAction | None
    evidence: tuple[Evidence, ...]
    is_complete: bool


def failed_action(actions: Sequence[SessionAction]) -> SessionAction | None:
    """The action to explain: the first that failed, else the first that was interrupted."""
    for status in BAD:
        for action in actions:
            if action.status == status:
                return action
    return None


def has_failed(session: Session | None, actions: Sequence[SessionAction]) -> bool:
    """Whether there is anything to explain."""
    if failed_action(actions) is not None:
        return True
    if session is None:
        return False
    worker_error = session.worker_log.error if session.worker_log is not None else None
    return bool(session.log.error or worker_error)


@dataclass
class _Case:
    """What is gathered about one failure."""

    name: str
    action: SessionAction | None
    evidence: list[Evidence] = field(default_factory=list)

    def add(self, part: Part, source: str, at: datetime | None, text: str, line: Line | None = None) -> None:
        self.evidence.append(Evidence(part, source, at, text, line))

    def found(self, part: Part, source: str) -> Evidence | None:
        return next((one for one in self.evidence if (one.part, one.source) == (part, source)), None)


def investigate(
    session: Session, actions: Sequence[SessionAction], name: str, words: str, logs: SessionLogs
) -> Failure:
    """What is known by now. ``name`` is the failed action's in words, ``words`` its exit code's."""
    action = failed_action(actions)
    case = _Case(name, action)
    causes: list[str] = []
    for member, config in (("log.error", session.log), ("workerLog.error", session.worker_log)):
        if config is not None and config.error:
            case.add(Part.CONFIGURATION, member, None, config.error)
    complete = True
    if action is not None:
        _tell_action(case, action, words)
        causes += _read_session_log(case, action, tuple(actions), logs)
        complete = _is_read(logs, action)
    causes += _read_worker_log(case, action, session, logs)
    sentence = _sentence(case, action, words, causes)
    return Failure(sentence, action, tuple(case.evidence), complete)


def _is_read(logs: SessionLogs, action: SessionAction) -> bool:
    """Whether both logs are read as far back as the action's end needs; one that cannot be read is."""
    for tail in logs.tails.values():
        observed = tail.observed
        if observed.fault is None and (observed.seen_at is None or observed.filling):
            return False
    return action.ended_at is not None


def wanted_since(action: SessionAction | None, session: Session) -> float:
    """From which time on (milliseconds) the logs are wanted to explain a failure."""
    if action is None or action.started_at is None:
        return milliseconds(session.started_at)
    end = action.ended_at or action.started_at
    return milliseconds(max(action.started_at, end - timedelta(minutes=10)) - timedelta(seconds=2))


# --- the action ---------------------------------------------------------------------------------------


def _tell_action(case: _Case, action: SessionAction, words: str) -> None:
    source = "GetSessionAction"
    how = f", exit code {words}" if words else ""
    case.add(Part.ACTION, source, action.ended_at, f"{case.name}: {action.status}{how}")
    if action.message:
        case.add(Part.ACTION, "progressMessage", action.ended_at or action.worker_updated_at, action.message)


# --- the session's log --------------------------------------------------------------------------------


def _read_session_log(
    case: _Case, action: SessionAction, actions: tuple[SessionAction, ...], logs: SessionLogs
) -> list[str]:
    lane, source = logs.browser.lanes[SESSION], "session log"
    first, end = _lines_of(lane, action, actions)
    store = lane.store
    causes: list[str] = []
    ending = next((n for n in range(end - 1, first - 1, -1) if exit_code(store.text(n)) is not None), end - 1)
    told: dict[str, int] = {}
    for number in range(min(ending, end - 1), max(first, end - LOOKED_BACK) - 1, -1):
        found = directive(store.text(number))
        if found is not None and found.kind in ("fail", "status") and found.kind not in told:
            told[found.kind] = number
        if len(told) == 2:
            break
    for kind in ("fail", "status"):
        if kind in told:
            text = store.text(told[kind])
            case.add(Part.PROCESS, source, moment(store.at(told[kind])), text, (SESSION, told[kind]))
    if "fail" in told:
        found = directive(store.text(told["fail"]))
        causes.append(f"it said “{found.value if found else ''}”")
    causes += _traceback(case, lane, first, end)
    numbers = list(_last_lines(lane, first, ending))
    errors = [number for number in numbers if _is_error(lane, number, logs.browser.severities)]
    if not causes and errors:
        causes.append(f"its last error was “{_short(store.text(errors[-1]))}”")
    for number in [*numbers, *([ending] if first <= ending < end else [])]:
        case.add(Part.LAST, source, moment(store.at(number)), store.text(number), (SESSION, number))
    return causes


def _lines_of(lane: Lane, action: SessionAction, actions: tuple[SessionAction, ...]) -> tuple[int, int]:
    """The lines of an action: its section, or else those of its time."""
    lane.find_sections()
    found = actions_of(lane.sections(), actions)
    for section in lane.sections():
        if section.head in found and found[section.head].action_id == action.action_id:
            return section.first, lane.section_end(section)
    if action.started_at is None:
        return lane.store.end, lane.store.end
    first = lane.store.number_at(milliseconds(action.started_at))
    end = (
        lane.store.end
        if action.ended_at is None
        else lane.store.number_at(milliseconds(action.ended_at) + 1000)
    )
    return first, max(first, end)


def _traceback(case: _Case, lane: Lane, first: int, end: int) -> list[str]:
    head = lane.tracebacks.found.last_before(end)
    if head is None or head < first or (block := lane.traceback_of(head)) is None:
        return []
    number = block[1] - 1
    text = lane.store.text(number)
    case.add(Part.PROCESS, "session log", moment(lane.store.at(number)), text, (SESSION, number))
    return [f"it raised {_short(text)}"]


def _last_lines(lane: Lane, first: int, ending: int) -> Iterator[int]:
    kept: list[int] = []
    for number in range(ending - 1, max(first, ending - 200) - 1, -1):
        text = lane.store.text(number)
        if not text.strip() or is_rule(text) or banner(text):
            continue
        kept.append(number)
        if len(kept) == LAST_LINES:
            break
    yield from reversed(kept)


def _is_error(lane: Lane, number: int, severities: Severities) -> bool:
    return severities.of_line(lane.store.text(number)) is Severity.ERROR


# --- the worker's log ---------------------------------------------------------------------------------


def _read_worker_log(
    case: _Case, action: SessionAction | None, session: Session, logs: SessionLogs
) -> list[str]:
    store = logs.browser.lanes[WORKER].store
    end = (action.ended_at if action is not None else session.ended_at) or session.started_at
    low, high = milliseconds(end - AROUND[0]), milliseconds(end + AROUND[1])
    own: list[tuple[int, WorkerEvent]] = []
    others: dict[str, tuple[int, WorkerEvent]] = {}
    memory: tuple[int, WorkerEvent] | None = None
    for number in range(max(store.first, store.end - LOOKED_BACK), store.end):
        at, event = store.at(number), worker_event(store.text(number))
        if event is None or at > high:
            continue
        if event.session_id == session.session_id:
            if event.severity is not Severity.NONE or (at >= low and event.type == "Action"):
                own.append((number, event))
        elif event.session_id is not None and event.type == "Action" and at <= milliseconds(end):
            _note_beside(others, number, event)
        elif event.type == "Metrics" and milliseconds(end - MEMORY_SEEN) <= at <= milliseconds(end):
            memory = (number, event)
    # What is named is shown, however long before the last events it was.
    telling = [one for one in own if _worker_cause(one[1])][-CAUSES:]
    causes = [cause for _, event in telling if (cause := _worker_cause(event))]
    last = own[-WORKER_EVENTS:]
    for number, event in [*(one for one in telling if one not in last), *last]:
        case.add(Part.WORKER, "worker log", moment(store.at(number)), event.line, (WORKER, number))
    if memory is not None and action is not None and action.exit_code in (-9, 137):
        number, event = memory
        used = _percent(event.rest)
        if used is not None and used >= MEMORY_FULL:
            before = round((milliseconds(end) - store.at(number)) / 1000)
            text = f"memory {used:g} % used, {before} s before the end"
            case.add(Part.WORKER, "worker log", moment(store.at(number)), text, (WORKER, number))
            causes.append(
                f"the worker's memory was {used:g} % full {before} s before (whether that is why: not shown)"
            )
    for other, (number, event) in others.items():
        text = (
            f"{other} ran action {(event.action_id or '').rpartition('-')[2]} ({event.rest.get('kind', '?')})"
        )
        case.add(Part.BESIDE, "worker log", moment(store.at(number)), text, (WORKER, number))
    return list(dict.fromkeys(causes))


def _note_beside(others: dict[str, tuple[int, WorkerEvent]], number: int, event: WorkerEvent) -> None:
    if event.subtype == "Start":
        others[event.session_id or ""] = (number, event)
    elif event.subtype == "End":
        others.pop(event.session_id or "", None)


def _worker_cause(event: WorkerEvent) -> str | None:
    if event.subtype == "Interrupt":
        return f"the worker's log says “{event.message}”"
    if event.severity is Severity.ERROR:
        return f"the worker's log has the error “{event.message}”"
    return None


def _percent(rest: Mapping[str, str]) -> float | None:
    try:
        return float(rest.get("memory-used-percent", ""))
    except ValueError:
        return None


# --- the sentence -------------------------------------------------------------------------------------


def _sentence(case: _Case, action: SessionAction | None, words: str, causes: list[str]) -> str:
    if action is None:
        configured = [
            f"{one.source} is “{one.text}”" for one in case.evidence if one.part is Part.CONFIGURATION
        ]
        return f"No action of the session failed, but {_listed(configured + causes)}."
    if action.timed_out:
        what = f"{case.name} was stopped because it took too long"
        causes = [f"the service says “{action.message}”", *causes]
    elif action.status == "INTERRUPTED":
        what = f"{case.name} was interrupted"
        if not causes and action.message:
            causes = [f"the service says “{action.message}”"]
    else:
        how = f" with exit code {words}" if words else ""
        what = f"{case.name} failed{how}"
        if not causes and action.message:
            causes = [f"the service says “{action.message}”"]
    return f"{what}: {_listed(causes)}." if causes else f"{what}; why is not shown by what was read."


def _listed(texts: Sequence[str]) -> str:
    return "; ".join(texts[:CAUSES])


def _short(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:160]}…"


def moment(at: int) -> datetime | None:
    """A time of a log as others have it; ``None`` for one that no calendar has."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)
    except OverflowError:
        return None
