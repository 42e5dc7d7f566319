"""Which lines of a session's log are of which of its actions.

A log names no actions. The runtime announces each with a banner, and what it announces, the parameters that
follow and the time, which is the worker's on both sides, say together which one it is.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from msgspec import Struct

from farmwatch.aws.session_action import SessionAction
from farmwatch.logs.parsing import CLEANUP, Parameter, banner, is_banner_rule, is_rule, parameter
from farmwatch.logs.store import LogStore
from farmwatch.logs.times import milliseconds

NEAR = timedelta(seconds=60)
"""How far apart an action's start and its banner's time may be, to belong together."""

SURE = 50
"""Milliseconds between a banner and the start of an action that it agrees with, within which no other action
is looked at. (In the captures it is one at the most.)"""

LOOKED_AT = 64
"""Actions that are looked at for one banner at most, the nearest in time first."""

CANDIDATES = 3
"""Actions that may be the one of a banner at most."""

PARAMETER_LINES = 100
"""Lines that the parameters of a task may take, after their banner."""

_KINDS = {
    "Entering Environment": "envEnter",
    "Exiting Environment": "envExit",
    "Running Task": "taskRun",
    "Job Attachments Download for Job": "syncInputJobAttachments",
    "Job Attachments Download for Step": "syncInputJobAttachments",
}
"""What a banner announces, and the kind of action that is (the source of runtime and worker agent)."""


_BREAK = re.compile("[\r\n\u240d\u240a]")
"""Where a line ends in the value of a parameter, as it is sent and as it is made harmless."""


class Section(Struct, frozen=True):
    """What a banner of the runtime begins. ``first`` is its first line, with the rule above the banner;
    ``head`` the banner's own; ``parameters`` those of its task, in one line and one by one."""

    first: int
    head: int
    title: str
    parameters: str
    at: int
    values: tuple[Parameter, ...] = ()


@dataclass(frozen=True)
class Outline:
    """The sections of a log in their order, and the actions that they are the log of, by ``head``."""

    sections: tuple[Section, ...] = ()
    actions: Mapping[int, SessionAction] = field(default_factory=dict)

    @cached_property
    def heads(self) -> list[int]:
        """The numbers of the banners' own lines, rising."""
        return [section.head for section in self.sections]

    @cached_property
    def firsts(self) -> list[int]:
        """The numbers of the sections' first lines, rising."""
        return [section.first for section in self.sections]

    @cached_property
    def _by_action(self) -> dict[str, Section]:
        return {
            self.actions[section.head].action_id: section
            for section in self.sections
            if section.head in self.actions
        }

    def section_of(self, number: int) -> Section | None:
        """The section that a line is in; ``None`` before the first."""
        index = bisect_right(self.firsts, number) - 1
        return self.sections[index] if index >= 0 else None

    def after(self, section: Section) -> Section | None:
        """The section that follows one."""
        index = bisect_right(self.heads, section.head)
        return self.sections[index] if index < len(self.sections) else None

    def of_action(self, action_id: str) -> Section | None:
        """The section of an action."""
        return self._by_action.get(action_id)


def read_banner(store: LogStore, head: int) -> tuple[Section | None, bool]:
    """What a line announces, if the runtime wrote it: it has a rule above and below; and whether all that
    belongs to it is there. Raises `IndexError` where a line next to it is not kept."""
    if not (is_banner_rule(store.text(head - 1)) and is_banner_rule(store.text(head + 1))):
        return None, True
    first = head - 1
    if first > store.first and not store.text(first - 1).strip():
        first -= 1
    values: list[Parameter] = []
    is_whole = store.end > head + 2 + PARAMETER_LINES
    for number in range(head + 2, min(head + 2 + PARAMETER_LINES, store.end)):
        text = store.text(number)
        found = parameter(text)
        if found is not None:
            values.append(found)
        elif is_rule(text) or not (values or text == "Parameter values:"):
            # (The value of a parameter may go on for several lines.)
            is_whole = True
            break
    parameters = " ".join(f"{one.name}={one.value}" for one in values)
    title = banner(store.text(head)) or ""
    return Section(first, head, title, parameters, store.at(head), tuple(values)), is_whole


def outline_of(sections: Sequence[Section], actions: Sequence[SessionAction]) -> Outline:
    """The sections that actions have, and those that may be of actions nobody has told of yet. A banner that
    stands in the middle of an action and is of no other was written by the action's own process (one that
    runs jobs itself), and begins nothing; but the session's own cleanup, which is the last of all, may begin
    before the end of an action that was interrupted."""
    found = actions_of(sections, actions)
    kept = []
    ended_at = float("-inf")
    for section in sections:
        action = found.get(section.head)
        if action is not None:
            ended_at = milliseconds(action.ended_at) if action.ended_at is not None else float("-inf")
        elif section.at < ended_at and not (section.title == CLEANUP and section is sections[-1]):
            continue
        kept.append(section)
    return Outline(tuple(kept), found)


def actions_of(sections: Sequence[Section], actions: Sequence[SessionAction]) -> dict[int, SessionAction]:
    """Which action each section is of, by its banner's number: one that it agrees with, and of those the one
    that began next to it; each action has one section at most. (Inferred: a log names no actions.)"""
    begun = sorted(
        ((milliseconds(one.started_at), one) for one in actions if one.started_at is not None),
        key=lambda pair: pair[0],
    )
    starts = [at for at, _ in begun]
    pairs: list[tuple[int, int, int]] = []
    for index, section in enumerate(sections):
        candidates = 0
        for apart, place in _outwards(starts, section.at):
            if not agree(section, begun[place][1]):
                continue
            pairs.append((apart, index, place))
            candidates += 1
            if candidates == CANDIDATES or apart <= SURE:
                break
    found: dict[int, SessionAction] = {}
    taken: set[int] = set()
    for _, index, place in sorted(pairs):
        head = sections[index].head
        if head not in found and place not in taken:
            found[head] = begun[place][1]
            taken.add(place)
    return found


def _outwards(starts: Sequence[int], at: int) -> Iterator[tuple[int, int]]:
    """How far apart, and where, the times next to a time are: the nearest first."""
    most = NEAR // timedelta(milliseconds=1)
    high = bisect_left(starts, at)
    low = high - 1
    for _ in range(LOOKED_AT):
        below = at - starts[low] if low >= 0 else most + 1
        above = starts[high] - at if high < len(starts) else most + 1
        if min(below, above) > most:
            return
        if above <= below:
            yield above, high
            high += 1
        else:
            yield below, low
            low -= 1


def agree(section: Section, action: SessionAction) -> bool:
    """Whether nothing in a section says that it is not of that action."""
    what, _, name = section.title.partition(": ")
    if _KINDS.get(what) != action.kind:
        return False
    if action.kind in ("envEnter", "envExit"):
        return action.environment is None or action.environment.strip() == name.strip()
    if action.kind == "syncInputJobAttachments":
        return what.endswith("Step") == (action.step_id is not None)
    # Some replies leave the parameters out: then there is nothing to disagree with.
    if not action.parameters:
        return True
    return {one.name for one in section.values} == set(action.parameters) and all(
        _same(one, action.parameters[one.name]) for one in section.values
    )


def _same(told: Parameter, value: str) -> bool:
    """Whether a log and a reply may tell the same value. A path is mapped on its way to the worker, what is
    secret is struck out, and of several lines the log's first is all that stands with the name."""
    if told.type == "PATH" or "***" in told.value:
        return True
    if told.type == "FLOAT":
        try:
            return float(told.value) == float(value)
        except ValueError:
            return False
    return told.value.strip() == _BREAK.split(value, maxsplit=1)[0].strip()
