"""What the lines of a log say: banners, directives, exit codes, severity, and the events of a worker.

The forms are those of the OpenJD runtime and of AWS's worker agent, as captured from them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from farmwatch.cloud.cleaning import clean


class Severity(StrEnum):
    """How bad a line is."""

    ERROR = "error"
    WARNING = "warning"
    NONE = ""


ERROR_WORDS = (
    "ERROR",
    "FATAL",
    "CRITICAL",
    "SEVERE",
    "PANIC",
    "Traceback",
    "error:",
    "fatal:",
    "failed to",
    "core dumped",
    "segmentation fault",
    "out of memory",
)
WARNING_WORDS = ("WARNING", "WARN", "warning:")
"""Words that make a line an error or a warning. One in small letters is found in any case, any other as it is
written; each stands by itself."""

_ALWAYS_ERRORS = (
    r"openjd_fail: ",
    r"\w*(?:Error|Exception)(?::|$)",
    r"Process pid \d+ exited with code: (?!0 )",
    r"TIMEOUT - ",
)
"""How lines begin that are errors whatever the words are: the runtime's own, and those of Python."""


@dataclass(frozen=True, slots=True)
class Severities:
    """Tells how bad a line is, by words that a person may choose."""

    error: re.Pattern[str]
    warning: re.Pattern[str]

    @classmethod
    def of(cls, errors: Iterable[str] | None = None, warnings: Iterable[str] | None = None) -> Severities:
        """By these words; ``None``: the usual ones."""
        errors = ERROR_WORDS if errors is None else errors
        warnings = WARNING_WORDS if warnings is None else warnings
        begins = "|".join(f"^{one}" for one in _ALWAYS_ERRORS)
        return cls(re.compile(f"{begins}|{_words(errors)}"), re.compile(_words(warnings)))

    def of_line(self, text: str) -> Severity:
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
_PARAMETER = re.compile(r"(\w+)\(\w+\) = (.*)")


@dataclass(frozen=True, slots=True)
class Directive:
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
    """What a banner announces: ``Running Task``, ``Entering Environment: Maya``."""
    return text.removeprefix(BANNER).strip() or None if text.startswith(BANNER) else None


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


def parameter(text: str) -> tuple[str, str] | None:
    """A task's parameter and its value: ``Frame(INT) = 1`` is ``("Frame", "1")``."""
    found = _PARAMETER.fullmatch(text)
    return (found[1], found[2]) if found else None


# --- the worker's log ---------------------------------------------------------------------------------

_SHOWN = frozenset({"level", "ti", "type", "subtype", "message", "session_id"})
_IDS = re.compile(r"(?:farm|queue|job|step|task|fleet|worker|action)_ids?$|kind$")


@dataclass(frozen=True, slots=True)
class WorkerEvent:
    """One event of a worker agent. ``rest`` has the members that have no place of their own."""

    level: str
    type: str
    subtype: str
    message: str
    session_id: str | None
    action_id: str | None
    rest: Mapping[str, str]

    @property
    def severity(self) -> Severity:
        if self.level in ("ERROR", "CRITICAL", "FATAL"):
            return Severity.ERROR
        return Severity.WARNING if self.level == "WARNING" else Severity.NONE

    @property
    def line(self) -> str:
        """The event in one line for a person."""
        kind = ".".join(one for one in (self.type, self.subtype) if one)
        # The ids of a worker's surroundings are the same on every line; the page of the line has them.
        rest = "  ".join(f"{name}={value}" for name, value in self.rest.items() if not _IDS.match(name))
        if self.action_id is not None:
            rest = f"action {self.action_id.rpartition('-')[2]}  {rest}"
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
    )


def _value(value: object) -> str:
    # What was harmless as JSON may not be once its escapes are read.
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def is_about(session_id: str) -> Callable[[str], bool]:
    """Tells of a line of a worker's log whether it is an event of that session."""

    def is_own(text: str) -> bool:
        if session_id not in text:
            return False
        event = worker_event(text)
        return event is not None and event.session_id == session_id

    return is_own
