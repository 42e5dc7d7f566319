"""What stands at the edges of the wall: numbers, freshness of each connection, what was left out and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from textual.geometry import Size

from farmwatch.history.running import BACK, STEPS, RunningView
from farmwatch.history.time_expression import FORMS
from farmwatch.polling.freshness import Freshness, State
from farmwatch.ui.screens.orders import Detail
from farmwatch.ui.screens.wall.rows import Order, WallRows
from farmwatch.ui.screens.wall.strip import WallStrip
from farmwatch.ui.screens.wall.view import TabView
from farmwatch.wall.values import LogLine, WallObserved
from farmwatch.words.keys import key
from farmwatch.words.text import FRESHNESS_GLYPHS, Part, brief, clock_time, day_time, sparkline

DETAIL_LINES = 34
"""Lines that a row takes which stands whole."""

SHORTEST = 3
"""Stretches of time that a line of them has at least."""

SINCE_HINT = f"since when: {FORMS}; empty: since the last visit"
"""Stands in the line to type a time into from which on failures are told."""

Every = Mapping[str, Freshness]
Strip = Sequence[WallStrip.Part]


def name_hint(names: Iterable[str]) -> str:
    """Stands in the line to type the name of a wall into; these there are."""
    others = ", ".join(filter(None, names))
    known = f"; there {'is' if ',' not in others else 'are'} {others}" if others else ""
    return f"name of a wall, empty for the one without a name{known}"


def together(every: Every) -> Freshness:
    """How fresh the wall is as a whole: as its oldest part, of those that are not lost; lost only where all
    of them are."""
    if not every:
        return Freshness(State.WAITING, None)
    well = [one for one in every.values() if one.fault is None]
    if not well:
        return next(iter(every.values()))
    return max(well, key=lambda one: (not one.is_fresh, one.age.total_seconds() if one.age else 0.0))


def freshness_of_each(every: Every, observed: Sequence[WallObserved], now: datetime) -> list[Part]:
    """A word for each of several connections: its age, or why it is not live."""
    parts: list[Part] = []
    for one in observed:
        fresh = every[one.connection]
        mark, tone = FRESHNESS_GLYPHS[fresh.state]
        age = "" if fresh.age is None else f" {brief(fresh.age)}"
        if fresh.fault is not None:
            seen = "" if one.seen_at is None else f", seen {clock_time(one.seen_at, now)}"
            parts.append((f"{mark} {one.connection} {fresh.fault.kind.value}{seen}   ", tone))
        else:
            parts.append((f"{mark} {one.connection} {fresh.state.value}{age}   ", tone))
    return parts


def what(
    tab: TabView, rows: WallRows, order: Order, observed: Sequence[WallObserved], now: datetime
) -> list[Part]:
    """How many rows there are, in which order, and what is left out."""
    count = rows.count
    parts: list[Part] = [(f"{count:,} {tab.one if count == 1 else tab.many}", "strong")]
    ended = count - sum(one.running for one in observed)
    if tab.key == "running" and ended > 0 and not order.text:
        parts.append((f", {ended:,} of them ended", "muted"))
    if order.text:
        parts.append((f"   / {order.text}", "accent"))
        parts += [(f"  no field {name}:", "warning") for name in rows.unknown]
    since = [one.since for one in observed if one.since is not None]
    if tab.key in ("failures", "workers") and since:
        parts.append((f"   since {day_time(min(since), now)}", ""))
    if order.sort is not None:
        words = order.sort.backwards if order.backwards else order.sort.word
        parts.append((f"   {words}", "muted"))
    if rows.is_order_old:
        parts.append((" (old order)", "warning"))
    if order.group:
        parts.append((f"   by {order.group}", "muted"))
    picked = 0 if rows.view is None else len(rows.view.picked)
    if picked:
        parts.append((f"   ◆ {picked:,} picked", "accent"))
    stretched = [one for one in observed if one.is_stretched]
    if stretched:
        longest = max(one.interval for one in stretched)
        parts.append((f"   every {brief(longest)} (request budget)", "warning"))
    return parts


def strip(
    tabs: Mapping[str, TabView], current: TabView, observed: Sequence[WallObserved], before: RunningView
) -> tuple[Strip, Strip]:
    """The tabs with their numbers, and at the right how many ran ``before`` and how much was refreshed."""
    running, refreshed = sum(one.running for one in observed), sum(one.refreshed for one in observed)
    failed, interrupted = sum(one.failed for one in observed), sum(one.interrupted for one in observed)
    troubled, workers = sum(one.troubled for one in observed), sum(len(one.workers) for one in observed)
    bad = sum(len(one.worker_findings) for one in observed)
    numbers: Mapping[str, Sequence[WallStrip.Part]] = {
        "running": [(f" ● {running:,}", "success" if running else "muted", ("running", ""))],
        "trouble": [(f" ✗ {troubled:,}", "error", ("trouble", ""))] if troubled else [],
        "failures": [
            *([(f" ✗ {failed:,}", "error", ("failures", "status:failed"))] if failed else []),
            *([(f" ▲ {interrupted:,}", "warning", ("failures", "status:interr"))] if interrupted else []),
        ],
        "workers": [
            *([(f" ✗ {bad:,}", "error", ("workers", "trouble:worker"))] if bad else []),
            *([(f" {workers:,}", "muted", ("workers", ""))] if workers else []),
        ],
    }
    left: list[WallStrip.Part] = []
    for number, (name, tab) in enumerate(tabs.items(), 1):
        tone = "current" if tab is current else ""
        left += [(f" {number} {tab.title} ", tone, (name, "")), *numbers[name], ("  ", "", None)]
    if not any(one.seen_at for one in observed):
        return left, ()
    tone = "muted" if refreshed == running else "warning"
    night: Strip = ()
    line = sparkline(before.counts(running)).lstrip()
    if len(line) >= SHORTEST:
        night = (
            (f"  {line}", "success", ("running", "")),
            (f" {brief(BACK * len(line) / STEPS)}", "muted", None),
        )
    return left, (*night, (f"  refreshed {refreshed:,} of {running:,}", tone, None))


def notes(every: Every, observed: Sequence[WallObserved], *, several: bool) -> tuple[str, ...]:
    """A line for each connection that is lost beside others, and for what is found in another way than
    usual, or not at all."""
    lines: list[str] = []
    for one in observed:
        name = f"{one.connection}: " if several else ""
        fault = every[one.connection].fault
        if fault is not None and several:
            lines.append(f"✗ {name}{fault.kind.value}  {fault.sentence} {fault.remedy}")
        if one.from_sessions:
            why = one.denied["SearchTasks"].kind.value if "SearchTasks" in one.denied else "not known"
            lines.append(f"▲ {name}SearchTasks {why}: sessions are found job by job, which takes longer")
        others = sorted(call for call in one.denied if call != "SearchTasks")
        if others:
            calls = ", ".join(f"{call} {one.denied[call].kind.value}" for call in others)
            lines.append(f"▲ {name}{calls}: what it tells is missing here")
    return tuple(lines)


def empty(tab: TabView, text: str, observed: Sequence[WallObserved], every: Every, now: datetime) -> str:
    """Why there are no rows."""
    seen = [one for one in observed if one.seen_at is not None]
    fault = together(every).fault
    if fault is not None and not seen:
        return f"{fault.sentence}\n{fault.remedy}"
    if not observed:
        return "Nothing of this wall is on a connection of this run."
    if not seen:
        return "Looking for everything that runs…"
    if text:
        return f"No match for “{text}”. {key('back', 'Escape')} clears the filter."
    since = [one.since for one in observed if one.since is not None]
    told = f" since {day_time(min(since), now)}" if since else ""
    return {
        "running": "Nothing runs.",
        "trouble": "No trouble.",
        "failures": f"Nothing failed{told}. {key('since', 's')} looks further back.",
        "workers": "No workers are known.",
    }[tab.key]


def detail_parts(details: Sequence[Detail]) -> list[Part]:
    """Everything about a row, a line a name."""
    parts: list[Part] = []
    for label, value in details:
        parts += [(f"{label:<12} ", "muted"), *value, ("\n", "")]
    return parts


def newest_lines(lines: Sequence[LogLine], now: datetime, size: Size) -> list[Part]:
    """The newest lines of a log, as many as a pane of this size has beside a row that stands whole in it."""
    if not lines:
        return []
    shown = lines[-max(4, size.height - DETAIL_LINES) :]
    parts: list[Part] = [("\nlog\n", "muted")]
    for line in shown:
        at = "" if line.at is None else f"{clock_time(line.at, now)[-8:]} "
        parts += [(at, "muted"), (line.text[: max(20, size.width - len(at))] + "\n", "")]
    return parts
