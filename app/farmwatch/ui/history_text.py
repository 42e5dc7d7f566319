"""What happened, in words: pure functions from entries of the history to what stands in its rows."""

from __future__ import annotations

from datetime import datetime

from farmwatch.cloud.fault_source import FaultSource
from farmwatch.ui.text import Part, TimeStyle, action_status, clock_time, lifecycle, short_id, span
from farmwatch.watch.entries import Entry, Kind, Watched
from farmwatch.watch.review import Reviewed, Story


def happened(entry: Entry) -> list[Part]:
    """What changed: glyph, words and colour of what it is now, and what it was before."""
    return _WORDS[entry.kind](entry)


def _status(entry: Entry) -> list[Part]:
    now = lifecycle(entry.new or "–")
    return [now, (f"  was {entry.old}" if entry.old else "  first seen", "muted")]


def _target(entry: Entry) -> list[Part]:
    return [(f"  target {entry.new or '–'}", ""), (f"  was {entry.old}" if entry.old else "", "muted")]


def _action(entry: Entry) -> list[Part]:
    mark, tone = action_status(entry.new or "–")
    glyph, _, word = mark.partition(" ")
    was = f"  was {entry.old}" if entry.old else ""
    return [(f"{glyph} session action {number_of(entry)} {word}", tone), (was, "muted")]


def _error(entry: Entry) -> list[Part]:
    which = "session log" if entry.kind is Kind.LOG_ERROR else "worker log"
    if entry.new is None:
        return [(f"○ {which}: no error any more", ""), (f"  was {entry.old}", "muted")]
    return [(f"✗ {which}: {entry.new}", "error")]


def _fault(entry: Entry) -> list[Part]:
    call = FaultSource.of(entry.subject).words
    if entry.new is None:
        return [(f"○ {call} works again", ""), (f"  was {entry.old}", "muted")]
    return [(f"▲ {call}: {entry.new}", "warning")]


def _gap(entry: Entry) -> list[Part]:
    lasted = "" if entry.after is None else f" for {span(entry.at - entry.after)}"
    why = "" if entry.new in (None, "not watched") else f" ({entry.new})"
    return [(f"┄ nobody saw anything{lasted}{why}", "muted")]


_WORDS = {
    Kind.STATUS: _status,
    Kind.TARGET: _target,
    Kind.ACTION: _action,
    Kind.LOG_ERROR: _error,
    Kind.WORKER_LOG_ERROR: _error,
    Kind.FAULT: _fault,
    Kind.GAP: _gap,
}


def number_of(entry: Entry) -> str:
    """Which action of its session: ids end in a number that counts up."""
    return entry.subject.rpartition("-")[2]


def title(watched: Watched) -> str:
    """The session by its job, by name where that is known."""
    return watched.job or short_id(watched.ref.job_id)


def place_of(watched: Watched) -> str:
    """Where the job is: farm and queue, by name where those are known."""
    ref = watched.ref
    return f"{watched.farm or short_id(ref.farm_id)} › {watched.queue or short_id(ref.queue_id)}"


def seen_between(entry: Entry, now: datetime, style: TimeStyle = TimeStyle.LOCAL) -> str:
    """The look before it and the first look that saw it."""
    if entry.after is None:
        return "at first look"
    return f"after {clock_time(entry.after, now, style)}"


def counted(story: Story) -> str:
    """How much happened: ``12 changes``."""
    count = len(story.entries)
    return f"{count:,} change{'' if count == 1 else 's'}"


def summary(reviewed: Reviewed, now: datetime) -> list[Part]:
    """Since when, and how much."""
    if reviewed.since is None:
        return [("Reading the history…", "muted")]
    count = sum(len(story.entries) for story in reviewed.stories)
    sessions = len(reviewed.stories)
    which = " (when somebody last looked)" if reviewed.looked else ""
    parts: list[Part] = [
        (f"since {clock_time(reviewed.since, now)}{which}", ""),
        (f"   {count:,} change{'' if count == 1 else 's'}", "strong"),
        (f" in {sessions:,} session{'' if sessions == 1 else 's'}", ""),
    ]
    if reviewed.cut:
        parts.append(("   the newest only", "warning"))
    return parts
