"""What stands below the alerts, in the same table: what is waited for, and what is muted until when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from farmwatch.alerts.alert import Mute, MuteKind
from farmwatch.aws.cleaning import clean
from farmwatch.monitor.asked import AskedKind, Waiting
from farmwatch.ui.widgets.virtual_table import Cell
from farmwatch.words.text import Part, TimeStyle, brief, clock_time_and_age, day_time, short_id

Beside = Waiting | Mute

Names = Callable[[str], str]
"""The name of a queue or a job by its id; empty where it is not known."""


def key_of(one: Beside) -> str:
    """What tells it from others, and from every alert."""
    return f"waiting {one.id}" if isinstance(one, Waiting) else f"mute {one.id}"


def name_of(one: Beside, names: Names) -> str:
    """What is waited for, or muted, as it is called."""
    if isinstance(one, Mute):
        name = "" if one.kind is MuteKind.RULE else names(one.value) or short_id(one.value)
        return f"{one.kind.value} {clean(name or one.value, 200)}"
    kept = one.kept
    return clean(kept.name, 200) if kept.ids else f"wall {clean(kept.name, 200)}".rstrip()


def _what(one: Waiting) -> str:
    """What it is waited for; the words go on from those of the state."""
    what = {
        AskedKind.ENDED: "for its end",
        AskedKind.ALL_ENDED: "for the end of all of it",
        AskedKind.LINE: f"for a line like {clean(one.kept.pattern, 200)}",
    }
    return what[one.kind]


def _trouble(one: Beside, now: datetime) -> str:
    if isinstance(one, Waiting):
        return _what(one)
    # The end first: it is to be seen in a narrow column too.
    return f"until {day_time(one.until, now)} nobody is told"


def whole(one: Beside, names: Names, now: datetime) -> list[Part]:
    """What is cut off in a row as a rule."""
    if isinstance(one, Mute):
        by = one.who or "somebody here"
        return [(f"{name_of(one, names)}: {_trouble(one, now)}, by {by}", "")]
    parts: list[Part] = [(f"{name_of(one, names)}: waiting {_what(one)}", "")]
    return [*parts, (f"  {one.unseen}", "warning")] if one.unseen else parts


def texts_of(one: Beside, names: Names, now: datetime) -> Mapping[str, str]:
    """What a filter looks in, by the names of its fields."""
    name, trouble = name_of(one, names), _trouble(one, now)
    if isinstance(one, Mute):
        muted = f"{names(one.value)} {one.value}"
        return {"state": "muted", one.kind.value: muted, "who": one.who, "what": name, "trouble": trouble}
    ids = dict(zip(("farm", "queue", "job", "session"), one.kept.ids, strict=False))
    return {
        **{level: f"{names(of)} {of}" for level, of in ids.items()},
        "state": "waiting cannot see" if one.unseen else "waiting",
        "connection": one.kept.connection,
        "what": name,
        "trouble": trouble,
        "evidence": one.unseen,
    }


def cells_of(one: Beside, names: Names, now: datetime) -> Sequence[Cell]:
    """What stands in its row, column by column of the alerts."""
    name, trouble = name_of(one, names), _trouble(one, now)
    if isinstance(one, Mute):
        by = one.who or "somebody here"
        return (("· mute", "muted"), name, trouble, brief(now - one.at), by, "", "", "", "", "", "")
    state = ("? cannot see", "warning") if one.unseen else ("◌ waiting", "accent")
    unseen = (one.unseen, "warning")
    return (state, name, trouble, brief(now - one.kept.at), "", unseen, "", "", "", "", one.kept.connection)


def details_of(one: Beside, names: Names, now: datetime) -> list[tuple[str, str]]:
    """Everything about it, names and values."""

    def at(time: datetime) -> str:
        return clock_time_and_age(time, now, TimeStyle.LOCAL)

    if isinstance(one, Mute):
        return [
            ("muted", name_of(one, names)),
            (one.kind.value, one.value),
            ("by", one.who or "somebody here"),
            ("since", at(one.at)),
            ("until", at(one.until)),
        ]
    kept = one.kept
    rows = [("waiting", _what(one)), ("what", name_of(one, names)), ("since", at(kept.at))]
    if one.unseen:
        rows.append(("cannot be seen", one.unseen))
    if kept.pattern:
        rows.append(("pattern", kept.pattern))
    rows += list(zip(("farm", "queue", "job", "session"), kept.ids, strict=False))
    return [*rows, ("connection", kept.connection or "–")]
