"""What the lines of a log say: banners, directives, exit codes, severity, and the events of a worker.

The forms are those of the OpenJD runtime and of AWS's worker agent, as captured from them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from msgspec import Struct, field

from farmwatch.aws.cleaning import clean
from farmwatch.aws.log_page import LogEvent
from farmwatch.config.schema import ERROR_WORDS, WARNING_WORDS


class Severity(StrEnum):
    """How bad a line is."""

    ERROR = "error"
    WARNING = "warning"
    NONE = ""


_ALWAYS_ERRORS = (
    r"openjd_fail: ",
    r"\w*(?:Error|Exception)(?::|$)",
    r"Process pid \d+ exited with code: (?!0 )",
    r"TIMEOUT - ",
)
"""How lines begin that are errors whatever the words are: the runtime's own, and those of Python."""


class Severities(Struct, frozen=True):
    """Tells how bad a line is, by words that a person may choose."""

    error: re.Pattern[str]
    warning: re.Pattern[str]

    @classmethod
    def of(cls, errors: Iterable[str] = ERROR_WORDS, warnings: Iterable[str] = WARNING_WORDS) -> Severities:
        """By these words. One in small letters is found in any case, any other as it is written; each stands
        by itself."""
        begins = "|".join(f"^{one}" for one in _ALWAYS_ERRORS)
        return cls(re.compile(f"{begins}|{_words(errors)}"), re.compile(_words(warnings)))

    def of_line(self, text: str) -> Severity:
        """How bad a line is, by its own words alone; an error goes before a warning."""
        if self.error.search(text):
            return Severity.ERROR
        return Severity.WARNING if self.warning.search(text) else Severity.NONE


def _words(words: Iterable[str]) -> str:
    patterns = []
    for word in words:
        if not word:
            continue
        before = r"\b" if word[0].isalnum() else ""
        after = r"\b" if word[-1].isalnum() else ""
        pattern = f"{before}{re.escape(word)}{after}"
        patterns.append(f"(?i:{pattern})" if word == word.lower() else pattern)
    return "|".join(patterns) or r"(?!)"


# --- the session's log --------------------------------------------------------------------------------

BANNER = "--------- "
TRACEBACK = "Traceback (most recent call last)"

_DIRECTIVE = re.compile(
    r"openjd_(progress|status|fail|env|redacted_env|unset_env|session_runtime_loglevel): (.+)"
)
_EXIT = re.compile(r"Process pid (\d+) exited with code: (-?\d+)")
_RULE = re.compile(r"[=-]{40,}$")
_BANNER_RULE = re.compile(r"={40,}$")
_PARAMETER = re.compile(r"(\w+)\(([\w\[\]]+)\) = (.*)")

UPLOAD = "Job Attachments Upload for Task"
"""Announced after each task that went well, where its job has attachments: still the same action."""

CLEANUP = "Session Cleanup"
"""Announced when the service has done with the session: no action any more."""

_TITLE = re.compile(
    rf"{BANNER}((?:Entering|Exiting) Environment: .+|Running Task|Job Attachments Download for (?:Job|Step)"
    rf"|{UPLOAD}|{CLEANUP})"
)
"""What the runtime and the worker agent announce, and nobody else (captured from them, and their source). A
renderer may print a line that begins like a banner."""


class Directive(Struct, frozen=True):
    """A line with which a process tells the runtime something: ``openjd_fail: No licence``."""

    kind: str
    value: str

    @property
    def percent(self) -> float | None:
        """How far, 0 to 100, for a progress that is a number."""
        try:
            value = float(self.value) if self.kind == "progress" else float("nan")
        except ValueError:
            return None
        return min(100.0, max(0.0, value)) if value == value else None


def directive(text: str) -> Directive | None:
    """The directive that a line is, if it is one."""
    found = _DIRECTIVE.fullmatch(text) if text.startswith("openjd_") else None
    return Directive(found[1], found[2]) if found else None


def banner(text: str) -> str | None:
    """What a banner of the runtime announces: ``Running Task``, ``Entering Environment: Maya``. (Whether the
    runtime wrote it, the rules above and below it tell: `is_banner_rule`.)"""
    found = _TITLE.fullmatch(text.rstrip()) if text.startswith(BANNER) else None
    return found[1] if found else None


def is_banner_rule(text: str) -> bool:
    """Whether a line is a rule as the runtime draws it above and below each of its banners."""
    return _BANNER_RULE.match(text) is not None


def is_rule(text: str) -> bool:
    """Whether a line is nothing but a rule, above or below a banner."""
    return _RULE.match(text) is not None


def phase(text: str) -> str | None:
    """The phase of an action that begins: ``Setup``, ``Running action``."""
    return text.removeprefix("Phase: ") if text.startswith("Phase: ") else None


def exit_code(text: str) -> int | None:
    """The exit code in the line with which the runtime reports the end of a process."""
    found = _EXIT.match(text)
    return int(found[2]) if found else None


class Parameter(Struct, frozen=True):
    """A parameter of a task as its banner is followed by: ``Frame(INT) = 1``. ``type`` is one of OpenJD's:
    INT, FLOAT, STRING, PATH, CHUNK[INT]."""

    name: str
    type: str
    value: str


def parameter(text: str) -> Parameter | None:
    """The parameter of a task that a line tells, if it tells one."""
    found = _PARAMETER.fullmatch(text)
    return Parameter(found[1], found[2], found[3]) if found else None


# --- the worker's log ---------------------------------------------------------------------------------

_SHOWN = frozenset({"level", "ti", "type", "subtype", "message", "session_id"})
_IDS = re.compile(r"(?:farm|queue|job|step|task|fleet|worker|action)_ids?$|kind$")


class Notice(StrEnum):
    """What ends a worker, and every session on it, whatever they are about. Told once, and of no session."""

    SPOT = "a spot interruption"
    SCALING = "an auto-scaling life-cycle change"
    SIGNAL = "a signal that ended the worker agent"
    DRAIN = "the worker was drained"
    STOPPING = "the worker stops"


_NOTICES = {
    Notice.SPOT: "Spot interruption detected|Spot terminate happening",
    Notice.SCALING: "Auto-scaling life-cycle change",
    Notice.SIGNAL: r"Received signal \d+",
    Notice.DRAIN: r"Draining any remaining Sessions|Shutting down \d+ Sessions",
    Notice.STOPPING: "Status set to STOPPING",
}
"""How the messages begin with which a worker agent announces its end (captured, and its source)."""

_NOTICE = re.compile("|".join(f"({begin})" for begin in _NOTICES.values()))


class WorkerEvent(Struct, frozen=True):
    """One event of a worker agent. ``rest`` has the members that have no place of their own; ``cancels`` the
    session actions, by their sessions, that the service asks the worker to cancel."""

    level: str
    type: str
    subtype: str
    message: str
    session_id: str | None
    action_id: str | None
    rest: Mapping[str, str]
    cancels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """How bad it is, by the level that the worker agent gave it."""
        if self.level in ("ERROR", "CRITICAL", "FATAL"):
            return Severity.ERROR
        return Severity.WARNING if self.level == "WARNING" else Severity.NONE

    @property
    def notice(self) -> Notice | None:
        """What ends the worker, if this event tells of it."""
        if self.session_id is not None or self.type not in ("", "Worker"):
            return None
        found = _NOTICE.match(self.message)
        return None if found is None else list(_NOTICES)[(found.lastindex or 1) - 1]

    @property
    def line(self) -> str:
        """The event in one line for a person."""
        kind = ".".join(one for one in (self.type, self.subtype) if one)
        # The ids of a worker's surroundings are the same on every line; the page of the line has them.
        rest = "  ".join(
            f"{name}={value}"
            for name, value in self.rest.items()
            if not _IDS.match(name) and not (self.cancels and name == "params")
        )
        if self.action_id is not None:
            rest = f"action {self.action_id.rpartition('-')[2]}  {rest}"
        for actions in self.cancels.values():
            rest = f"cancels action {', '.join(one.rpartition('-')[2] for one in actions)}  {rest}"
        return "  ".join(one for one in (f"{self.level:<7} {kind:<18}", self.message, rest) if one).rstrip()


def worker_event(text: str) -> WorkerEvent | None:
    """The event in a line of a worker's log; ``None`` for what is no event of the worker agent."""
    if not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("level"), str):
        return None

    def told(name: str) -> str:
        value = found.get(name)
        return "" if value is None else _value(value)

    return WorkerEvent(
        level=told("level"),
        type=told("type"),
        subtype=told("subtype"),
        message=told("message"),
        session_id=told("session_id") or None,
        action_id=told("action_id") or None,
        rest={clean(name): _value(value) for name, value in found.items() if name not in _SHOWN},
        cancels=_cancels(found.get("params")),
    )


def _cancels(params: object) -> dict[str, tuple[str, ...]]:
    """The actions to cancel in a reply of UpdateWorkerSchedule."""
    asked = params.get("cancelSessionActions") if isinstance(params, dict) else None
    if not isinstance(asked, dict):
        return {}
    return {
        clean(session): tuple(_value(action) for action in actions)
        for session, actions in asked.items()
        if isinstance(actions, list)
    }


def _value(value: object) -> str:
    # What was harmless as JSON may not be once its escapes are read.
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def is_about(session_id: str, runs_at: Callable[[int], bool]) -> Callable[[LogEvent], bool]:
    """Tells of an event of a worker's log whether it is about that session: it names it as its own, it asks
    for one of its actions to be canceled, or it ends the worker while the session runs there. ``runs_at``
    says of a time (milliseconds since 1970) whether the session ran then."""

    def is_own(logged: LogEvent) -> bool:
        text = logged.text
        if session_id in text:
            event = worker_event(text)
            return event is not None and (event.session_id == session_id or session_id in event.cancels)
        if _NOTICE.search(text) is None or not runs_at(logged.at):
            return False
        event = worker_event(text)
        return event is not None and event.notice is not None

    return is_own
