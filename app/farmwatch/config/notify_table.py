"""What the settings file says of telling: the targets, each with what it is told of, and the heartbeat.

The addresses and the arguments of targets are secrets: whoever has one can write to the studio's chat. They
are shown nowhere; `TargetTable.kind` and `TargetTable.where` are what is said of a target instead.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct, field

from farmwatch.aws.cleaning import clean

KINDS = ("command", "webhook", "apprise")
"""What a target can be, exactly one of them."""

SeverityName = Literal["certain", "stuck", "suspect", "slow"]
"""The severities of findings, as the rules call them."""

LONG_WORD = 8
"""Characters of a word within an argument that may be a secret."""

_BETWEEN_WORDS = r"""[\s"'=;|&<>()]+"""

_URL = "^(https?://[^ ]+)?$"
_Word = Annotated[str, Meta(max_length=4096)]
_Pattern = Annotated[str, Meta(min_length=1, max_length=200)]
_PATTERNS = 'a list of patterns like ["comp_*"]'


class TargetTable(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to be told. What is empty of the lists lets everything through."""

    command: Annotated[
        tuple[_Word, ...],
        Meta(
            description="command that is given each message as JSON on its standard input; no shell",
            extra={"allowed": 'a program and its arguments like ["/usr/local/bin/page", "night"]'},
        ),
    ] = ()
    webhook: Annotated[
        str,
        Meta(
            pattern=_URL,
            description="or: address that each message is posted to, as JSON",
            extra={"allowed": "a URL that begins with http:// or https://"},
        ),
    ] = ""
    apprise: Annotated[
        str,
        Meta(
            pattern="^([A-Za-z][A-Za-z0-9]*://[^ ]+)?$",
            description="or: address of a service as apprise has them; needs the extra farmwatch[notify]",
            extra={"allowed": "a URL like slack://... or mailtos://..."},
        ),
    ] = ""
    timeout: Annotated[
        float, Meta(ge=1, le=300, description="seconds after which it is given up, and tried again later")
    ] = 15.0
    severities: Annotated[
        tuple[SeverityName, ...],
        Meta(
            description="only of these severities",
            extra={"allowed": 'a list of "certain", "stuck", "suspect", "slow"'},
        ),
    ] = ()
    rules: Annotated[
        tuple[_Pattern, ...],
        Meta(description="only of these rules; farmwatch rules lists them", extra={"allowed": _PATTERNS}),
    ] = ()
    connections: Annotated[
        tuple[_Pattern, ...],
        Meta(description="only of these connections", extra={"allowed": _PATTERNS}),
    ] = ()
    queues: Annotated[
        tuple[_Pattern, ...],
        Meta(description="only of queues of these names or ids", extra={"allowed": _PATTERNS}),
    ] = ()
    jobs: Annotated[
        tuple[_Pattern, ...],
        Meta(description="only of jobs of these names or ids", extra={"allowed": _PATTERNS}),
    ] = ()

    @property
    def kind(self) -> str:
        """What it is, one of `KINDS`; empty where it is none, or several."""
        kinds = [kind for kind in KINDS if getattr(self, kind)]
        return kinds[0] if len(kinds) == 1 else ""

    @property
    def where(self) -> str:
        """As much of where it goes as may be shown: the program's name, the host, or the service's."""
        if self.command:
            return clean(PurePath(self.command[0]).name, 60)
        # The host of an apprise address may be a token already.
        return host_of(self.webhook) if self.webhook else clean(self.apprise.partition("://")[0], 40)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be in any text that is shown, kept or logged; the longest first."""
        return secrets_of(self.command[1:], self.webhook, self.apprise)

    def __repr__(self) -> str:
        """Without what is secret."""
        return f"TargetTable({self.kind} {self.where})"


class NotifyTable(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told of alerts."""

    terminal: Annotated[
        Literal["auto", "osc99", "osc777", "osc9", "bell", "off"],
        Meta(
            description="how the terminal is told while the screens are shown",
            extra={"allowed": '"auto", "osc99", "osc777", "osc9", "bell" or "off"'},
        ),
    ] = "auto"
    heartbeat_url: Annotated[
        str,
        Meta(
            pattern=_URL,
            description="address that is called (GET) as long as alerts are judged and told",
            extra={"allowed": "a URL that begins with http:// or https://"},
        ),
    ] = ""
    heartbeat_minutes: Annotated[float, Meta(ge=1, le=1440, description="minutes between two such calls")] = (
        5.0
    )
    targets: Annotated[dict[str, TargetTable], Meta(description="who is told, by name")] = field(
        default_factory=dict
    )

    @property
    def has_any(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.targets or self.heartbeat_url)

    def __repr__(self) -> str:
        """Without what is secret."""
        return f"NotifyTable({', '.join(self.targets)})"


def host_of(url: str) -> str:
    """The host of an address, without a user, a password, a path."""
    try:
        return clean(urlsplit(url).hostname or "", 80)
    except ValueError:
        return ""


def secrets_of(arguments: tuple[str, ...], *urls: str) -> tuple[str, ...]:
    """The parts of arguments and addresses that a program may quote, the longest first."""
    # An argument may be a whole line for a shell; what is short in it says too much of an error to be hidden.
    words = [word for one in arguments for word in re.split(_BETWEEN_WORDS, one) if len(word) >= LONG_WORD]
    parts = {*arguments, *urls, *words}
    for url in (*filter(None, urls), *(word for word in words if "://" in word)):
        rest = url.partition("://")[2]
        host, _, path = rest.partition("/")
        parts |= {rest, path, f"/{path}", host.rpartition("@")[0], *path.split("?")}
        parts |= set(host.rpartition("@")[0].split(":"))
        if not url.startswith(("http://", "https://")):
            parts |= {host, *rest.replace("?", "/").replace("@", "/").replace(":", "/").split("/")}
    return tuple(sorted((part for part in parts if len(part) >= 4), key=len, reverse=True))


def check_target(name: str, target: TargetTable) -> str:
    """What is wrong with a target as a whole, in a line; empty where nothing is."""
    given = [kind for kind in KINDS if getattr(target, kind)]
    if len(given) != 1:
        found = " and ".join(given) or "none of them"
        return f"notify.targets.{name} has {found}; exactly one of command, webhook and apprise is wanted"
    if target.command and not target.command[0].strip():
        return f"notify.targets.{name}.command names no program"
    if target.webhook and not host_of(target.webhook):
        return f"notify.targets.{name}.webhook names no host"
    return ""
