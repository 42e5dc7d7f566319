"""Why a session failed: what the service, its log and its worker's log tell, put side by side.

A cause is only named when there is a line, an event or a member of a reply that shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from msgspec import Struct

from farmwatch.aws.model import UPDATE_FAILED, Session
from farmwatch.aws.session_action import SessionAction
from farmwatch.logs.cancellation import TargetStatus
from farmwatch.logs.evidence import CAUSES, LONG, Case, Evidence, Part, short
from farmwatch.logs.failure_worker import read_worker_log
from farmwatch.logs.lanes import SESSION, WORKER
from farmwatch.logs.lines import TRACEBACK_LINES, Lane
from farmwatch.logs.parsing import Severities, Severity, banner, directive, exit_code, is_rule
from farmwatch.logs.scan import beginning, having, last_of
from farmwatch.logs.sources import SessionLogs
from farmwatch.logs.times import milliseconds, moment

LAST_LINES = 6

LOOKED_BACK = 200
"""Lines before the end of a process that are looked through for the last ones which say something."""

EXPLAINED = ("FAILED", "INTERRUPTED", "RECLAIMED", "CANCELED", "NEVER_ATTEMPTED")
"""Statuses of actions that did not go well; what stands first is explained first, for the others may follow
from it."""

NOT_FOUND = 127
"""The exit code of a shell whose command was not there."""

_NOT_THERE = re.compile(r": (command )?not found\s*$|: No such file or directory\s*$|\bcommand not found: ")
"""How shells say so: sh, bash, env, zsh."""

_EXCEPTION = re.compile(r"(?![A-Z]+:)[A-Za-z_][\w.]*(: |:?\s*$)")
"""A line that names an exception; not one that begins with the level of a log (``INFO: ``)."""

LINES_BETWEEN = 3
"""Lines of others that may stand within a traceback, for what writes them shares a stream with it."""

_REASON = re.compile("TIMEOUT - |Log provisioning error: |Previous action |The Worker rece")
"""How messages begin that the worker agent gives as reasons itself (captured, and its source). Any other may
be the last status of the process, which is none."""

_LONGEST_MESSAGE = 4096
"""Characters of a ``progressMessage`` at most; what is longer is cut."""


class Failure(Struct, frozen=True):
    """A session that did not go well, in one sentence and with what shows it. ``action`` is ``None`` where
    only a log has an error; ``is_complete`` says that everything which may matter has been read."""

    sentence: str
    action: SessionAction | None
    evidence: tuple[Evidence, ...]
    is_complete: bool


def failed_action(actions: Sequence[SessionAction], wanted: str | None = None) -> SessionAction | None:
    """The action to explain: the one of the ``wanted`` id where it did not go well, else the first that
    failed, else the first that was interrupted, and so on."""
    for action in actions:
        if action.action_id == wanted and action.status in EXPLAINED:
            return action
    for status in EXPLAINED:
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
    return bool(session.log.error or worker_error or session.lifecycle_status == UPDATE_FAILED)


def investigate(
    session: Session,
    actions: Sequence[SessionAction],
    name: str,
    words: str,
    logs: SessionLogs,
    told: Sequence[TargetStatus] = (),
    wanted: str | None = None,
    told_by: str | None = None,
) -> Failure:
    """What is known by now. ``name`` is the failed action's in words, ``words`` its exit code's. ``told``
    is what those above it tell of who has canceled it, and matters to nothing else (empty: not asked yet).
    ``wanted`` is the id of the action to explain, where it is not to be the first that failed. ``told_by``
    was seen to tell the session to end, where its reply says so no longer."""
    action = failed_action(actions, wanted)
    case = Case(name, words, action)
    for member, config in (("log.error", session.log), ("workerLog.error", session.worker_log)):
        if config is not None and config.error:
            case.add(Part.CONFIGURATION, member, None, config.error)
    if session.lifecycle_status == UPDATE_FAILED:
        wanted_status = session.target_lifecycle_status
        target = f", targetLifecycleStatus {wanted_status}" if wanted_status else ""
        text = f"{UPDATE_FAILED}{target}{_by(session.updated_by)}"
        case.add(Part.SESSION, "lifecycleStatus", session.updated_at, text)
    logs.know(tuple(actions))
    if action is None:
        causes = [f"{one.source} is “{short(one.text)}”" for one in case.in_order()]
        causes += read_worker_log(case, session, logs)
        sentence = f"No action of the session failed, but {_listed(causes)}."
        return Failure(sentence, None, case.in_order(), True)
    _tell_action(case, action)
    process = _read_session_log(case, action, logs)
    others = read_worker_log(case, session, logs)
    is_canceled = action.status == "CANCELED"
    if is_canceled:
        others = _who_canceled(case, session, told, others, told_by)
    elif action.status == "NEVER_ATTEMPTED":
        # What it waited for may have been ended by somebody.
        others = _ended_by(case, session, told_by)
    complete = _is_read(logs, action) and not (is_canceled and not told)
    sentence = _sentence(case, action, process, others, _tell_unread(case, logs))
    return Failure(sentence, action, case.in_order(), complete)


def _tell_unread(case: Case, logs: SessionLogs) -> list[str]:
    """The logs that cannot be read, which is no cause, but may be why none is known."""
    unread = []
    for lane, name in ((SESSION, "session log"), (WORKER, "worker log")):
        tail = logs.tails.get(lane)
        fault = None if tail is None else tail.observed.fault
        if fault is not None:
            case.add(Part.CONFIGURATION, name, None, f"{fault.kind}: {fault.message or fault.sentence}")
            unread.append(f"the {name} cannot be read")
    return unread


def _is_read(logs: SessionLogs, action: SessionAction) -> bool:
    """Whether both logs are read as far back as the action's end needs; one that cannot be read is."""
    for tail in logs.tails.values():
        observed = tail.observed
        if observed.fault is None and (observed.seen_at is None or observed.filling):
            return False
    return action.ended_at is not None or action.started_at is None


def wanted_since(action: SessionAction | None, session: Session) -> float:
    """From which time on (milliseconds) the logs are wanted to explain a failure."""
    if action is None or action.started_at is None:
        return milliseconds(session.started_at)
    end = action.ended_at or action.started_at
    return milliseconds(max(action.started_at, end - timedelta(minutes=10)) - timedelta(seconds=2))


# --- the action ---------------------------------------------------------------------------------------


def _tell_action(case: Case, action: SessionAction) -> None:
    how = f", exit code {case.words}" if case.words else ""
    text = f"{case.name}: {action.status}{how}"
    case.add(Part.ACTION, "GetSessionAction", action.ended_at or action.worker_updated_at, text)


def _ended_by(case: Case, session: Session, told_by: str | None) -> list[str]:
    """What the session says about who has told it to end."""
    if session.target_lifecycle_status is None:
        return []
    by = _by(_changed_by(session)) or (f"{_by(told_by)} in an earlier reply" if told_by else "")
    text = f"targetLifecycleStatus {session.target_lifecycle_status}{by}"
    case.add(Part.CANCEL, "GetSession", session.updated_at, text)
    return [f"the session has {text}"]


def _changed_by(session: Session) -> str | None:
    # A worker that reports the end has canceled nothing.
    return session.updated_by if session.updated_by != session.worker_id else None


def _who_canceled(
    case: Case,
    session: Session,
    told: Sequence[TargetStatus],
    from_worker: Sequence[str],
    told_by: str | None,
) -> list[str]:
    """What the session, its job, the step and the task say about who has canceled it. Each names who has
    changed it last, which need not be the same person; so what is told is the member. Where none of them
    names anybody, that is said."""
    causes = _ended_by(case, session, told_by)
    is_named = bool(causes and (_changed_by(session) or told_by))
    for one in told:
        if one.fault is not None:
            text = f"{one.fault.kind}: {one.fault.message or one.fault.sentence}"
            case.add(Part.CANCEL, one.operation, None, text)
        elif one.target:
            text = f"{one.target}{_by(one.by)}"
            case.add(Part.CANCEL, one.operation, one.at, text)
            causes.append(f"the {one.subject} has {text}")
            is_named = is_named or bool(one.by)
    causes += from_worker
    return causes if is_named else [*causes[: CAUSES - 1], _nobody_known(told)]


def _nobody_known(told: Sequence[TargetStatus]) -> str:
    if not told:
        return "who canceled it is not known yet"
    unread = [f"its {one.subject}" for one in told if one.fault is not None]
    if unread:
        return f"who canceled it is not known: {' and '.join(unread)} cannot be read"
    asked = ["the session", *(f"its {one.subject}" for one in told)]
    return f"who canceled it is not told by {', '.join(asked[:-1])} or {asked[-1]}"


def _by(name: str | None) -> str:
    return f", updatedBy {name}" if name else ""


# --- the session's log --------------------------------------------------------------------------------


@dataclass
class _Process:
    """What a session's log tells about the end of an action. ``failed_upload``: the task went well, and what
    failed is the upload of what it wrote. ``status`` is the last status, which is no cause; ``heard`` a
    message of which nobody can tell what it is."""

    reported: str | None = None
    causes: tuple[str, ...] = ()
    status: str | None = None
    message: str | None = None
    heard: str | None = None
    failed_upload: bool = False


def _read_session_log(case: Case, action: SessionAction, logs: SessionLogs) -> _Process:
    lane = logs.browser.lanes[SESSION]
    whole = first, end = _lines_of(lane, action)
    process = _Process()
    upload = lane.upload_in(first, end)
    if upload is not None and action.status == "FAILED":
        ended = _ending(lane, first, upload.first)
        if ended is not None and exit_code(lane.store.text(ended)) == 0:
            _add_line(case, lane, Part.PROCESS, ended)
            process.failed_upload = True
            first = upload.first
    ending = _ending(lane, first, end)
    last = ending if ending is not None else end
    fail = last_of(lane.store, beginning("openjd_fail: "), first, end)
    if fail is not None:
        _add_line(case, lane, Part.PROCESS, fail)
        process.reported = _value(lane, fail)
    _read_message(case, action, lane, whole, process)
    numbers = list(_last_lines(lane, first, last))
    process.causes = tuple(_shown_causes(case, action, lane, (first, last), numbers, logs.browser.severities))
    for number in [*numbers, *([] if ending is None else [ending])]:
        _add_line(case, lane, Part.LAST, number)
    return process


def _lines_of(lane: Lane, action: SessionAction) -> tuple[int, int]:
    """The lines of an action: its section, or else those of its time."""
    lane.find_sections()
    section = lane.outline.of_action(action.action_id)
    if section is not None:
        return section.first, lane.section_end(section)
    if action.started_at is None:
        return lane.store.end, lane.store.end
    first = lane.store.number_at(milliseconds(action.started_at))
    end = (
        lane.store.end
        if action.ended_at is None
        else lane.store.number_at(milliseconds(action.ended_at) + 1000)
    )
    # What is known to be of another action is not of this one.
    others = (one.first for one in lane.outline.sections if one.head in lane.outline.actions)
    return first, max(first, min([end, *(other for other in others if other > first)]))


def _ending(lane: Lane, first: int, end: int) -> int | None:
    """The line with which the runtime reports the end of the last process."""
    return last_of(lane.store, beginning("Process pid "), first, end)


def _value(lane: Lane, number: int) -> str:
    found = directive(lane.store.text(number))
    return found.value if found is not None else ""


def _add_line(case: Case, lane: Lane, part: Part, number: int) -> None:
    store = lane.store
    case.add(part, "session log", moment(store.at(number)), store.text(number), (SESSION, number))


def _read_message(
    case: Case, action: SessionAction, lane: Lane, lines: tuple[int, int], process: _Process
) -> None:
    """Tell a message of the service that is a reason from one that is only the last status."""
    store = lane.store
    status = last_of(store, beginning("openjd_status: "), *lines)
    if status is not None:
        process.status = _value(lane, status)
    message = action.message
    if message and not _same(message, process.reported):
        at = action.ended_at or action.worker_updated_at
        if last_of(store, having(f"openjd_status: {message[:_LONGEST_MESSAGE]}"), *lines) is not None:
            # (The service may have heard of an earlier one than the last in the log.)
            case.add(Part.STATUS, "progressMessage", at, message)
        elif _REASON.match(message) or action.status in ("NEVER_ATTEMPTED", "INTERRUPTED"):
            case.add(Part.ACTION, "progressMessage", at, message)
            process.message = message
        else:
            # Without the line that it is from nobody can tell what it is: it is told as what was heard last.
            case.add(Part.ACTION, "progressMessage", at, message)
            process.heard = message
    elif message:
        case.add(Part.ACTION, "progressMessage", action.ended_at, message)
    if status is not None:
        _add_line(case, lane, Part.STATUS, status)


def _same(message: str, text: str | None) -> bool:
    return text is not None and message.strip() == text[:_LONGEST_MESSAGE].strip()


def _shown_causes(
    case: Case,
    action: SessionAction,
    lane: Lane,
    lines: tuple[int, int],
    numbers: Sequence[int],
    severities: Severities,
) -> Iterator[str]:
    """The causes that the process's own lines show: a traceback's last, a command that is not there, an
    error, which counts beside them where it came later (a traceback may have been caught)."""
    store, (first, end) = lane.store, lines
    named = first - 1
    if (raised := _traceback(lane, first, end)) is not None:
        _add_line(case, lane, Part.PROCESS, raised)
        named = raised
        yield f"it raised {short(store.text(raised))}"
    if action.exit_code == NOT_FOUND:
        looked_at = range(end - 1, max(first, end - LOOKED_BACK) - 1, -1)
        missing = next((number for number in looked_at if _NOT_THERE.search(store.text(number))), None)
        if missing is not None:
            _add_line(case, lane, Part.PROCESS, missing)
            named = max(named, missing)
            yield f"the command is not there: “{short(store.text(missing))}”"
    bad = [
        number
        for number in numbers
        if severities.of_line(store.text(number)) is Severity.ERROR and number not in lane.tracebacks.found
    ]
    if bad and bad[-1] > named:
        yield f"its last error was “{short(store.text(bad[-1]))}”"


def _traceback(lane: Lane, first: int, end: int) -> int | None:
    """The line that names the exception of the last traceback; nothing where that was cut off before it."""
    head = lane.tracebacks.found.last_before(end)
    if head is None or head < first:
        return None
    between = 0
    for number in range(head + 1, min(head + TRACEBACK_LINES, end)):
        text = lane.store.text(number)
        if text.startswith(" "):
            continue
        if _EXCEPTION.match(text) and directive(text) is None:
            return number
        between += 1
        if between > LINES_BETWEEN:
            break
    return None


def _last_lines(lane: Lane, first: int, ending: int) -> Iterator[int]:
    kept: list[int] = []
    for number in range(ending - 1, max(first, ending - LOOKED_BACK) - 1, -1):
        text = lane.store.text(number)
        if not text.strip() or is_rule(text) or banner(text):
            continue
        kept.append(number)
        if len(kept) == LAST_LINES:
            break
    yield from reversed(kept)


# --- the sentence -------------------------------------------------------------------------------------


def _sentence(
    case: Case, action: SessionAction, process: _Process, others: Sequence[str], unread: Sequence[str]
) -> str:
    """The action, what became of it, and its causes. ``others`` are those that not its own log shows;
    ``unread`` says which logs cannot be read."""
    what = _what_happened(case, action, process)
    reported = [] if process.reported is None else [f"reported “{short(process.reported, LONG)}”"]
    message = [] if process.message is None else [f"the service says “{short(process.message, LONG)}”"]
    if _has_timed_out(action, process):
        causes = [*message, *reported, *others]
    elif action.status in ("INTERRUPTED", "RECLAIMED"):
        # What the process wrote as it was stopped is no reason why it was.
        causes = [*others] or message
    elif action.status == "CANCELED":
        causes = [*others]
    elif action.status == "NEVER_ATTEMPTED":
        causes = [*message, *others]
    else:
        own = reported or list(process.causes)
        # The service repeats what the log says; and what it says itself, the worker's log does.
        causes = [*own, *([] if reported else message)]
        causes += [cause for cause in others if process.message is None or process.message not in cause]
    if causes:
        return f"{what}: {_listed(causes)}."
    last = [("last status", process.status), ("last message", process.heard)]
    told = [f"{name} “{short(text)}”" for name, text in last if text is not None]
    return f"{'; '.join([what, 'why is not shown by what was read', *unread, *told])}."


def _has_timed_out(action: SessionAction, process: _Process) -> bool:
    # A process may have a last status that begins like the worker agent's reason.
    return action.timed_out and process.message is not None


def _what_happened(case: Case, action: SessionAction, process: _Process) -> str:
    how = f" with exit code {case.words}" if case.words else ""
    if _has_timed_out(action, process):
        return f"{case.name} was stopped because it took too long"
    if process.failed_upload:
        return f"{case.name} itself ended with exit code 0; the upload of its job attachments failed{how}"
    said = {
        "INTERRUPTED": "was interrupted",
        "RECLAIMED": "was taken back from its worker",
        "CANCELED": "was canceled",
        "NEVER_ATTEMPTED": "was not started",
    }
    return f"{case.name} {said.get(action.status, f'failed{how}')}"


def _listed(texts: Sequence[str]) -> str:
    return "; ".join(texts[:CAUSES])
