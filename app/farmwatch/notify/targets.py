"""The targets that the settings name: what each is told of, and how a message is sent to it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

from farmwatch.alerts.alert import NoticeKind
from farmwatch.config.notify_table import TargetTable
from farmwatch.notify.failure import Failure, hidden
from farmwatch.notify.message import Message, as_json

if TYPE_CHECKING:
    from farmwatch.notify.process import Ended

Send = Callable[[Message], Failure | None]
"""Sends a message, and waits for what comes of it: ``None`` where it arrived. Raises nothing."""

NOT_INSTALLED = "apprise is not installed: pip install 'farmwatch[notify]'"

_APPRISE_TYPES = {NoticeKind.RESOLVED.value: "success", "test": "info"}


def wants(target: TargetTable, message: Message) -> bool:
    """Whether a target is told of something; patterns are of any case."""
    if message.severity and target.severities and message.severity not in target.severities:
        return False
    lists: tuple[tuple[Iterable[str], tuple[str, ...]], ...] = (
        (target.rules, (message.rule,)),
        (target.connections, (message.connection,)),
        (target.queues, (message.queue, message.queue_id)),
        (target.jobs, (message.job, message.job_id)),
    )
    return all(not patterns or _is_one(patterns, names) for patterns, names in lists)


def _is_one(patterns: Iterable[str], names: tuple[str, ...]) -> bool:
    return any(
        fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns for name in names if name
    )


def sender_of(target: TargetTable) -> Send:
    """What sends messages to a target."""
    send = {"command": _to_command, "webhook": _to_webhook, "apprise": _to_apprise}[target.kind]
    return lambda message: send(target, message)


def without_mentions(text: str) -> str:
    """A text in which no name of a job calls everybody: chats take ``@all``, and ``<!channel>``, for more
    than words."""
    return text.replace("@", "＠").replace("<", "‹").replace(">", "›")


def _to_command(target: TargetTable, message: Message) -> Failure | None:
    from farmwatch.notify import process

    try:
        ended = process.run(target.command, as_json(message), target.timeout)
    except (OSError, ValueError) as error:
        return Failure(f"it cannot be run: {getattr(error, 'strerror', None) or type(error).__name__}")
    return _came_of(ended, target)


def _came_of(ended: Ended, target: TargetTable) -> Failure | None:
    if ended.code == 0:
        return None
    told = f": {hidden(ended.last_line, target.secrets)}" if ended.last_line else ""
    if ended.code is None:
        return Failure(f"not done within {target.timeout:g} s, and ended{told}")
    how = f"exit code {ended.code}" if ended.code > 0 else f"ended by signal {-ended.code}"
    return Failure(how + told)


def _to_webhook(target: TargetTable, message: Message) -> Failure | None:
    from farmwatch.notify.webhook import call

    text = without_mentions(f"{message.title}\n{message.body}".rstrip())
    told = msgspec.json.encode({**msgspec.to_builtins(message), "text": text})
    return call(target.webhook, target.timeout, target.secrets, told)


def _to_apprise(target: TargetTable, message: Message) -> Failure | None:
    from farmwatch.notify import apprise_helper, process

    given = {
        "url": target.apprise,
        "title": without_mentions(message.title),
        "body": without_mentions(message.body),
        "type": _APPRISE_TYPES.get(message.kind, "failure" if message.severity == "certain" else "warning"),
    }
    # Nothing of the folder that the program was started in is imported (-P).
    words = (sys.executable, "-P", "-m", "farmwatch.notify.apprise_helper")
    try:
        ended = process.run(words, msgspec.json.encode(given), target.timeout)
    except (OSError, ValueError) as error:
        return Failure(f"it cannot be run: {getattr(error, 'strerror', None) or type(error).__name__}")
    if ended.code == apprise_helper.NOT_INSTALLED:
        return Failure(NOT_INSTALLED)
    if ended.code == apprise_helper.NOT_UNDERSTOOD:
        return Failure("apprise does not understand its address")
    if ended.code == apprise_helper.NOT_SENT and not ended.last_line:
        return Failure("apprise could not send it, and says no more")
    return _came_of(ended, target)
