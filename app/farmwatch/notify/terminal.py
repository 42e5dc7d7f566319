"""Telling by the terminal: the control sequences that have it show a notification, and what it answers.

OSC 99 is kitty's protocol: a later notification of the same id takes the place of the former one, and a
click is reported. OSC 777 and OSC 9 show a text and know no more; the bell rings. What is sent is cleaned
here, whatever cleaned it before: names of the farm's are in it, and a control character would end the
sequence and begin another one.
"""

from __future__ import annotations

import base64
import re
from enum import StrEnum

from msgspec import Struct

from farmwatch.aws.cleaning import clean

ESC, BEL = "\x1b", "\x07"
ST = f"{ESC}\\"

NAME = "Farmwatch"

LONGEST_TITLE = 120
LONGEST_BODY = 400
"""Characters: four bytes each at the most, so that a part of OSC 99 stays below its 2,048 bytes."""

QUERY_ID = "farmwatch-query"
"""The id of the question, by which its answer is known."""


class Way(StrEnum):
    """How a terminal is told, best first."""

    OSC99 = "osc99"
    OSC777 = "osc777"
    OSC9 = "osc9"
    BELL = "bell"
    OFF = "off"

    @property
    def replaces(self) -> bool:
        """Whether a later notification takes the place of a former one: an end is told quietly then."""
        return self is Way.OSC99


class Multiplexer(StrEnum):
    """What stands between the program and the terminal."""

    TMUX = "tmux"
    SCREEN = "screen"


class Urgency(StrEnum):
    """How loud a desktop is asked to be, by the digits of OSC 99."""

    LOW = "0"
    NORMAL = "1"
    CRITICAL = "2"


class Notification(Struct, frozen=True):
    """What a terminal is to show. A later one of the same ``id`` takes the place of the former, where the
    terminal can do that; a ``silent`` one makes no sound there."""

    id: str
    title: str
    body: str
    urgency: Urgency = Urgency.NORMAL
    silent: bool = False


def sequence(notification: Notification, way: Way, inside: Multiplexer | None = None) -> str:
    """What is written to a terminal to have it show a notification; empty where nothing is to be."""
    match way:
        case Way.OSC99:
            return _osc99(notification, inside)
        case Way.OSC777:
            title = _plain(notification.title, LONGEST_TITLE)
            return through(f"{ESC}]777;notify;{title};{_plain(notification.body, LONGEST_BODY)}{BEL}", inside)
        case Way.OSC9:
            # The name comes first: with a number there it would be one of ConEmu's commands.
            name = "" if notification.title.startswith(NAME) else f"{NAME}: "
            text = _plain(f"{name}{notification.title}\n{notification.body}", LONGEST_BODY)
            return through(f"{ESC}]9;{text}{BEL}", inside)
        case Way.BELL:
            # tmux and screen hand on a bell of their own accord.
            return BEL
        case Way.OFF:
            return ""


def _osc99(notification: Notification, inside: Multiplexer | None) -> str:
    # A click is reported where the report comes back here: tmux hands it to whatever pane is in front.
    is_reported = inside is None
    metadata = [
        f"i={_identifier(notification.id)}",
        "d=0",
        "e=1",
        "p=title",
        f"u={notification.urgency.value}",
        f"a={'report,' if is_reported else ''}focus",
        *(["c=1"] if is_reported else []),
        f"f={_encoded(NAME)}",
        *([f"s={_encoded('silent')}"] if notification.silent else []),
    ]
    title = _encoded(_one_line(notification.title, LONGEST_TITLE))
    body = _encoded(_one_line(notification.body, LONGEST_BODY))
    end = ST if inside is None else BEL
    parts = (
        f"{ESC}]99;{':'.join(metadata)};{title}{end}",
        f"{ESC}]99;i={_identifier(notification.id)}:d=1:e=1:p=body;{body}{end}",
    )
    return "".join(through(part, inside) for part in parts)


def query() -> str:
    """The question whether a terminal knows OSC 99; one that does not is silent."""
    return f"{ESC}]99;i={QUERY_ID}:p=?;{ST}"


def through(text: str, inside: Multiplexer | None) -> str:
    """A sequence, so wrapped that a multiplexer hands it on to its terminal. It must not end with `ST`, which
    would end screen's wrapping."""
    match inside:
        case Multiplexer.TMUX:
            return f"{ESC}Ptmux;{text.replace(ESC, ESC + ESC)}{ST}"
        case Multiplexer.SCREEN:
            return f"{ESC}P{text}{ST}"
        case None:
            return text


def _identifier(text: str) -> str:
    """Only what ids may have in them."""
    return re.sub(r"[^a-zA-Z0-9_+.-]", "-", text)[:64] or "-"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode(errors="replace")).decode()


def _one_line(text: str, limit: int) -> str:
    """One harmless line, cut to so many characters."""
    line = clean(" · ".join(one.strip() for one in text.splitlines() if one.strip()), limit * 2)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _plain(text: str, limit: int) -> str:
    """One harmless line without semicolons, which part the fields."""
    return _one_line(text, limit).replace(";", ",")


# --- what comes back -----------------------------------------------------------------------------------


class ReportKind(StrEnum):
    """What a terminal reports."""

    KNOWS_OSC99 = "knows OSC 99"
    ACTIVATED = "activated"
    CLOSED = "closed"


class Report(Struct, frozen=True):
    """What a terminal reports: that it knows OSC 99, or what has become of the notification of that id."""

    kind: ReportKind
    id: str


def report_of(answer: str) -> Report | None:
    """What an answer of a terminal (without its ``ESC ]`` and its end) reports; ``None`` where that is
    something else, or of no interest."""
    number, _, rest = answer.partition(";")
    metadata, second, payload = rest.partition(";")
    if number != "99" or not second:
        return None
    said = dict(one.partition("=")[::2] for one in metadata.split(":"))
    about = said.get("i", "")
    match said.get("p", "title"):
        case "?":
            return Report(ReportKind.KNOWS_OSC99, about) if about == QUERY_ID else None
        case "close":
            # Some desktops cannot tell: then it is as if it were still there.
            return Report(ReportKind.CLOSED, about) if about and payload != "untracked" else None
        case "title":
            return Report(ReportKind.ACTIVATED, about) if about and about != "0" else None
        case _:
            return None
