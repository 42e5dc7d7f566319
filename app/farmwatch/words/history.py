"""What happened, in words: pure functions from entries of the history to what stands in its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from farmwatch.aws.fault_source import FaultSource
from farmwatch.history.events import Event, EventKind, Watched
from farmwatch.history.query import HistoryView, SessionHistory, Window, is_failure
from farmwatch.words.text import Part, action_status, clock_time, lifecycle, short_id, span

NameOf = Callable[[str], str]
"""The name of a session action by its id; nothing where it is not known."""


def happened(entry: Event, name_of: NameOf = lambda _: "") -> list[Part]:
    """What changed: glyph, words and colour of what it is now, and what it was before."""
    if entry.kind is EventKind.ACTION:
        return _action(entry, name_of(entry.subject))
    return _WORDS[entry.kind](entry)


def _status(entry: Event) -> list[Part]:
    now = lifecycle(entry.new or "–")
    return [now, (f"  was {entry.old}" if entry.old else "  first seen", "muted")]


def _target(entry: Event) -> list[Part]:
    return [(f"  target {entry.new or '–'}", ""), (f"  was {entry.old}" if entry.old else "", "muted")]


def _action(entry: Event, name: str) -> list[Part]:
    was = f"  was {entry.old}" if entry.old else ""
    return [
        action_status(entry.new or "–"),
        (f"  {name or f'session action {number_of(entry)}'}", ""),
        (was, "muted"),
    ]


def _error(entry: Event) -> list[Part]:
    which = "session log" if entry.kind is EventKind.LOG_ERROR else "worker log"
    if entry.new is None:
        return [(f"○ {which}: no error any more", ""), (f"  was {entry.old}", "muted")]
    return [(f"✗ {which}: {entry.new}", "error")]


def _fault(entry: Event) -> list[Part]:
    call = FaultSource.of(entry.subject).words
    if entry.new is None:
        return [(f"○ {call} works again", ""), (f"  was {entry.old}", "muted")]
    return [(f"▲ {call}: {entry.new}", "warning")]


def _gap(entry: Event) -> list[Part]:
    lasted = "" if entry.after is None else f" for {span(entry.at - entry.after)}"
    why = "" if entry.new in (None, "not watched") else f" ({entry.new})"
    return [(f"┄ not watched{lasted}{why}", "muted")]


REQUESTED = {
    "UpdateSession ENDED": "end the session",
    "UpdateTask READY": "requeue the task",
    "UpdateTask CANCELED": "cancel the task",
    "UpdateTask SUSPENDED": "suspend the task",
    "UpdateTask SUCCEEDED": "mark the task as succeeded",
    "UpdateJob READY": "requeue the job",
    "UpdateJob CANCELED": "cancel the job",
    "UpdateJob SUSPENDED": "suspend the job",
}
"""What was wished, by the operation and the status."""


def _request(entry: Event) -> list[Part]:
    wished, _, rest = entry.subject.rpartition(" ")[0].rpartition(" ")
    told = f"→ {REQUESTED.get(wished, wished)}"
    which = f" {short_id(rest)}" if rest != entry.ref.session_id else ""
    outcome, _, why = (entry.new or "–").partition(": ")
    tone = {"TAKEN": "success", "ASKED": "accent", "DONE": "success"}.get(outcome, "warning")
    said = {"ASKED": "asked", "TAKEN": "taken", "DONE": "done"}.get(outcome, outcome)
    return [(f"{told}{which}: ", ""), (said, tone), (f"  {why}" if why else "", "muted")]


_WORDS = {
    EventKind.STATUS: _status,
    EventKind.TARGET: _target,
    EventKind.LOG_ERROR: _error,
    EventKind.WORKER_LOG_ERROR: _error,
    EventKind.FAULT: _fault,
    EventKind.GAP: _gap,
    EventKind.REQUEST: _request,
}


def number_of(entry: Event) -> str:
    """Which action of its session: ids end in a number that counts up."""
    return entry.subject.rpartition("-")[2]


def title(watched: Watched) -> str:
    """The session by its job, by name where that is known."""
    return watched.job or short_id(watched.ref.job_id)


def place_of(watched: Watched) -> str:
    """Where the job is: farm and queue, by name where those are known."""
    ref = watched.ref
    return f"{watched.farm or short_id(ref.farm_id)} › {watched.queue or short_id(ref.queue_id)}"


def seen_by(entry: Event, now: datetime) -> str:
    """Between which looks it happened, and who looked: ``earliest 22:01:03, seen by mira@ops1``."""
    earliest = "" if entry.after is None else f"earliest {clock_time(entry.after, now)}"
    by = f"seen by {entry.watcher}" if entry.watcher else ""
    return ", ".join(filter(None, (earliest, by)))


def counted(story: SessionHistory) -> str:
    """How much happened: ``31 actions, 1 failed``; of a session without actions ``12 changes``."""
    actions = [entry for entry in story.entries if entry.kind is EventKind.ACTION]
    return action_counts(actions) if actions else _count(len(story.entries), "change")


_COUNTED = {
    "FAILED": "failed",
    "INTERRUPTED": "interrupted",
    "CANCELED": "canceled",
    "NEVER_ATTEMPTED": "never attempted",
    "RUNNING": "running",
}


def action_counts(entries: Iterable[Event]) -> str:
    """How many actions changed, and what became of those that are worth a word: ``31 actions, 1 failed``."""
    last = {entry.subject: entry.new for entry in entries}
    statuses = Counter(last.values())
    special = [f"{statuses[status]:,} {word}" for status, word in _COUNTED.items() if statuses[status]]
    return ", ".join([_count(len(last), "action"), *special])


def failures_of(entries: Iterable[Event]) -> int:
    """How many of them are failures."""
    return sum(map(is_failure, entries))


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def summary(reviewed: HistoryView, now: datetime) -> list[Part]:
    """How much, and since when."""
    if reviewed.since is None:
        return [("Reading the history…", "muted")]
    entries = [entry for story in reviewed.session_histories for entry in story.entries]
    which = {Window.MARKED: " (marked as seen)", Window.FIRST: " (8 h before the start)", Window.CHOSEN: ""}
    parts: list[Part] = [
        (_count(len(entries), "change"), "strong"),
        (f" in {_count(len(reviewed.session_histories), 'session')}", ""),
    ]
    if failed := failures_of(entries):
        parts.append((f", {_count(failed, 'failure')}", "error"))
    if reviewed.cut:
        parts.append((" (the newest only)", "warning"))
    return [*parts, (f"   since {clock_time(reviewed.since, now)}{which[reviewed.window]}", "")]
