"""How ids, times, durations and statuses are written.

Everything the model holds is `clean` already. Text from elsewhere (exceptions, the command line) goes
through `clean` here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import groupby

from farmwatch.aws.cleaning import clean
from farmwatch.polling.freshness import State

__all__ = ["Part", "TimeStyle", "clean", "local_zone"]

Part = tuple[str, str]
"""A piece of text and its tone: "", success, warning, error, accent, muted or strong."""


class TimeStyle(StrEnum):
    """How times are written; `t` goes from one to the next."""

    LOCAL = "local"
    UTC = "UTC"
    RELATIVE = "relative"

    @property
    def following(self) -> TimeStyle:
        """The way that `t` goes to from this one; the last leads to the first."""
        styles = list(TimeStyle)
        return styles[(styles.index(self) + 1) % len(styles)]


def muted(parts: Iterable[Part]) -> list[Part]:
    """The same words without their colours: what is not fresh does not look fresh."""
    return [(text, "muted") for text, _ in parts]


def joined(parts: Iterable[Part]) -> list[Part]:
    """The same, with neighbours of one tone in one piece."""
    return [
        ("".join(text for text, _ in run), tone) for tone, run in groupby(parts, key=lambda part: part[1])
    ]


# --- glyphs -----------------------------------------------------------------------------------------

_LIFECYCLE = {
    "STARTED": ("●", "success"),
    "UPDATE_IN_PROGRESS": ("◐", "warning"),
    "UPDATE_SUCCEEDED": ("◑", "accent"),
    "UPDATE_FAILED": ("✗", "error"),
    "ENDED": ("○", "muted"),
}

_TASK_RUN = {
    "RUNNING": ("●", "success"),
    "ASSIGNED": ("◐", "success"),
    "STARTING": ("◐", "success"),
    "SCHEDULED": ("◐", "success"),
    "INTERRUPTING": ("▲", "warning"),
    "READY": ("◌", "accent"),
    "PENDING": ("◌", "muted"),
    "SUSPENDED": ("–", "warning"),
    "NOT_COMPATIBLE": ("▲", "warning"),
    "FAILED": ("✗", "error"),
    "CANCELED": ("–", "muted"),
    "SUCCEEDED": ("○", "muted"),
}

_QUEUE = {
    "SCHEDULING": ("●", "success"),
    "IDLE": ("○", "muted"),
    "SCHEDULING_BLOCKED": ("▲", "warning"),
}


def lifecycle(status: str) -> Part:
    """A session's lifecycle status as glyph and word; one that nobody has seen yet is shown as it came."""
    mark, tone = _LIFECYCLE.get(status, ("?", ""))
    return f"{mark} {status}", tone


def task_run(status: str) -> Part:
    """A job's task run status as glyph and word."""
    mark, tone = _TASK_RUN.get(status, ("?", ""))
    return (f"{mark} {status}", tone) if status else ("–", "muted")


def queue_status(status: str) -> Part:
    """A queue's status as glyph and word."""
    mark, tone = _QUEUE.get(status, ("?", ""))
    return f"{mark} {status}", tone


_ACTION = {
    "RUNNING": ("●", "success"),
    "ASSIGNED": ("◌", "muted"),
    "SCHEDULED": ("◌", "muted"),
    "CANCELING": ("▲", "warning"),
    "RECLAIMING": ("▲", "warning"),
    "INTERRUPTED": ("▲", "warning"),
    "RECLAIMED": ("▲", "warning"),
    "CANCELED": ("–", "muted"),
    "NEVER_ATTEMPTED": ("–", "muted"),
    "FAILED": ("✗", "error"),
    "SUCCEEDED": ("○", "muted"),
}


def action_status(status: str) -> Part:
    """A session action's status as glyph and word."""
    mark, tone = _ACTION.get(status, ("?", ""))
    return f"{mark} {status}", tone


FRESHNESS_GLYPHS = {
    State.WAITING: ("◌", "muted"),
    State.LIVE: ("●", "success"),
    State.STALE: ("◌", "warning"),
    State.PAUSED: ("–", "warning"),
    State.FINAL: ("○", "muted"),
    State.FAULT: ("✗", "error"),
}


# --- ids and long text --------------------------------------------------------------------------------


def short_id(text: str) -> str:
    """An id with the first 8 of its hexadecimal digits: ``session-61e4f386``."""
    kind, dash, rest = text.partition("-")
    return f"{kind}{dash}{rest[:8]}"


_LONG_ID = r"\b([a-z]+-)([0-9a-f]{4})[0-9a-f]{28}\b"


def short_path(text: str, width: int) -> str:
    """A path in at most ``width`` characters: the ids in it are shortened first, then its middle goes."""
    if len(text) > width:
        text = re.sub(_LONG_ID, r"\1\2…", text)
    return cut_middle(text, width)


def cut_middle(text: str, width: int) -> str:
    """``text`` in at most ``width`` characters, its middle left out."""
    if len(text) <= width:
        return text
    if width < 3:
        return text[:width]
    head = (width - 1 + 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


# --- times and durations ------------------------------------------------------------------------------


def local_zone() -> tzinfo | None:
    """The zone in which "local" times are written: that of this machine."""
    return datetime.now().astimezone().tzinfo


def span(duration: timedelta) -> str:
    """A duration to the second: ``00:42:17``, ``3d 07:00:01``."""
    seconds = max(0, int(duration.total_seconds()))
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{days}d {clock}" if days else clock


def lasted(duration: timedelta) -> str:
    """How long what is over has taken: as `span`, or ``9 ms`` where seconds would say nothing."""
    if duration < timedelta(seconds=1):
        return f"{max(timedelta(0), duration) // timedelta(milliseconds=1)} ms"
    return span(duration)


def brief(duration: timedelta) -> str:
    """A duration in its largest unit: ``7 s``, ``12 min``, ``3 h``, ``5 d``."""
    seconds = max(0, int(duration.total_seconds()))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (seconds >= size and unit != "min"):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


BAR = 10
"""Cells of a progress bar."""


def progress_bar(done: int, tone: str = "success", *, failed: int = 0, cells: int = BAR) -> list[Part]:
    """A bar of so many cells: those that are done, of these the last so many ``failed``, those to come."""
    parts = [("━" * (done - failed), tone), ("━" * failed, "error"), ("─" * (cells - done), "muted")]
    return [part for part in parts if part[0]]


_LEVELS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[int | None]) -> str:
    """A column for each value, the largest the highest; a blank for one that is not known."""
    most = max((value for value in values if value is not None), default=0) or 1
    highest = len(_LEVELS) - 1
    return "".join(" " if value is None else _LEVELS[round(value * highest / most)] for value in values)


def clock_time(at: datetime, now: datetime, style: TimeStyle = TimeStyle.LOCAL) -> str:
    """A time to the second, with its date where that is not today's; or how long ago it was."""
    if style is TimeStyle.RELATIVE:
        return f"in {brief(at - now)}" if at > now + timedelta(seconds=1) else f"{brief(now - at)} ago"
    # astimezone() without a zone is the machine's own, with the offset that held at that time of the year.
    there, here = (
        (at.astimezone(UTC), now.astimezone(UTC))
        if style is TimeStyle.UTC
        else (at.astimezone(), now.astimezone())
    )
    shown = f"{there:%H:%M:%S}" if there.date() == here.date() else f"{there:%Y-%m-%d %H:%M:%S}"
    return f"{shown}Z" if style is TimeStyle.UTC else shown


def clock_time_and_age(at: datetime, now: datetime, style: TimeStyle) -> str:
    """A time with its age beside it: ``13:21:05 (42 min ago)``."""
    shown = clock_time(at, now, style)
    return shown if style is TimeStyle.RELATIVE else f"{shown} ({clock_time(at, now, TimeStyle.RELATIVE)})"


def day_time(at: datetime | None, now: datetime) -> str:
    """A time for a narrow column: ``13:21`` today, ``Nov 22 13:21`` before."""
    if at is None:
        return "–"
    there, here = at.astimezone(), now.astimezone()
    return f"{there:%H:%M}" if there.date() == here.date() else f"{there:%b} {there.day:>2} {there:%H:%M}"
