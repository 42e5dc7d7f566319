"""A line of a log as it is drawn: pure functions from its text to pieces with a tone."""

from __future__ import annotations

from enum import StrEnum

from farmwatch.logs.parsing import (
    Directive,
    Severities,
    Severity,
    banner,
    directive,
    exit_code,
    is_rule,
    phase,
    worker_event,
)
from farmwatch.logs.times import moment
from farmwatch.words.action import exit_words
from farmwatch.words.text import Part, progress_bar

WIDE_BAR = 20


class LogTimes(StrEnum):
    """How the times of lines are written; ``t`` goes from one to the next."""

    LOCAL = "local"
    UTC = "UTC"
    ACTION = "since the action began"
    OFF = "off"

    @property
    def following(self) -> LogTimes:
        """The way that ``t`` goes to from this one; the last leads to the first."""
        styles = list(LogTimes)
        return styles[(styles.index(self) + 1) % len(styles)]


_TONES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NONE: ""}


def line_parts(text: str, severities: Severities, *, of_worker: bool, in_traceback: bool) -> list[Part]:
    """A line drawn as what it is: a directive, a banner, the end of a process, an event of a worker."""
    if of_worker:
        event = worker_event(text)
        if event is not None:
            tone = _TONES[event.severity]
            if event.severity is Severity.NONE and event.type == "Metrics":
                tone = "muted"
            return [(event.line, tone)]
    if in_traceback:
        return [(text, "error")]
    found = directive(text)
    if found is not None:
        return _directive_parts(found)
    title = banner(text)
    if title is not None:
        return [(title, "title")]
    if is_rule(text):
        return [(text, "muted")]
    named = phase(text)
    if named is not None:
        return [(f"Phase: {named}", "accent")]
    code = exit_code(text)
    if code is not None:
        words = exit_words(code)
        about = f"   {words}" if words != str(code) else ""
        return [(text, "muted" if code == 0 else "error"), (about, "error")]
    return [(text, _TONES[severities.of_line(text)])]


def _directive_parts(found: Directive) -> list[Part]:
    if found.kind == "progress" and (percent := found.percent) is not None:
        done = round(percent * WIDE_BAR / 100)
        return [("progress ", "muted"), *progress_bar(done, cells=WIDE_BAR), (f" {found.value} %", "")]
    if found.kind == "fail":
        return [("✗ fail   ", "error"), (found.value, "failure")]
    if found.kind == "status":
        return [("status   ", "muted"), (found.value, "accent")]
    return [(f"{found.kind.replace('_', ' '):<8} {found.value}", "muted")]


def time_text(at: int, style: LogTimes, began_at: int | None, *, wide: bool) -> str:
    """The time of a line, in a column that is always as wide; ``wide`` to the millisecond."""
    if style is LogTimes.OFF:
        return ""
    if style is LogTimes.ACTION:
        text = "" if began_at is None else _since(at - began_at)
        return f"{text:>{13 if wide else 9}}"
    when = moment(at)
    if when is None:
        return " " * (12 if wide else 8)
    there = when if style is LogTimes.UTC else when.astimezone()
    return f"{there:%H:%M:%S}.{at % 1000:03}" if wide else f"{there:%H:%M:%S}"


def _since(milliseconds: int) -> str:
    sign = "-" if milliseconds < 0 else "+"
    seconds, rest = divmod(abs(milliseconds), 1000)
    if seconds < 60:
        return f"{sign}{seconds}.{rest:03} s"
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def stamp(at: int) -> str:
    """A time for a file or a page: ISO 8601, UTC, to the millisecond."""
    when = moment(at)
    return str(at) if when is None else when.isoformat(timespec="milliseconds")
