"""A page of a log, as GetLogEvents gives it: checked, and every line of it made harmless."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from farmwatch.aws.cleaning import MAX_LINE, clean
from farmwatch.aws.reply import BadReply, Reply, some_list, text

_HARMFUL = re.compile(r"[^\x20-\x7e\n]")


class LogSource(Struct, frozen=True):
    """A stream of CloudWatch Logs, and whose it is: that of a queue's session, or of a fleet's worker.

    Which role may read it depends on the owner; exactly one of ``queue_id`` and ``fleet_id`` is set.
    """

    group: str
    stream: str
    farm_id: str
    queue_id: str | None = None
    fleet_id: str | None = None


class LogEvent(NamedTuple):
    """One event: when (milliseconds since 1970, UTC) and what, in one line or several, each clean.

    The one time that is not a `datetime`: a log has millions of them.
    """

    at: int
    text: str


class LogPage(Struct, frozen=True):
    """Events in their order, and the tokens that go on from either end; both are always there."""

    events: Sequence[LogEvent]
    forward: str
    backward: str

    @classmethod
    def from_reply(cls, reply: Reply) -> LogPage:
        """Raises `BadReply` when it is not what GetLogEvents promises."""
        stamps: list[int] = []
        messages: list[str] = []
        for event in some_list(reply, "events"):
            try:
                at, message = event["timestamp"], event["message"]
            except (KeyError, TypeError) as error:
                raise BadReply("events holds something that is not an event") from error
            if type(at) is not int or type(message) is not str:
                raise BadReply("an event has no time, or no message")
            stamps.append(at)
            messages.append(message)
        return cls(
            events=list(map(LogEvent, stamps, clean_messages(messages))),
            forward=text(reply, "nextForwardToken"),
            backward=text(reply, "nextBackwardToken"),
        )


def clean_messages(messages: list[str]) -> list[str]:
    """Each message with every one of its lines clean; the line break at its very end is none."""
    # A page is looked at as a whole first: nearly every one has nothing in it that needs a change.
    if not _HARMFUL.search("\n".join(messages)) and max(map(len, messages), default=0) <= MAX_LINE:
        return [one[:-1] if one[-1:] == "\n" else one for one in messages]
    return [_clean_message(message) for message in messages]


def _clean_message(message: str) -> str:
    lines = message.removesuffix("\n").split("\n")
    # Windows ends a line with two characters.
    return "\n".join(clean(line.removesuffix("\r")) for line in lines)
