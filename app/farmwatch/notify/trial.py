"""Trying targets by a test message, past all that waits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from msgspec import Struct

from farmwatch.config.notify_table import NotifyTable, host_of, secrets_of
from farmwatch.notify.failure import Failure
from farmwatch.notify.heartbeat import NAME, TIMEOUT
from farmwatch.notify.message import trial_message
from farmwatch.notify.targets import sender_of
from farmwatch.notify.webhook import call


class Tried(Struct, frozen=True):
    """What came of a test message to a target: ``fault`` says why it did not arrive, empty where it did."""

    name: str
    kind: str
    where: str
    fault: str = ""


def try_targets(notify: NotifyTable, at: datetime, name: str = "") -> tuple[Tried, ...]:
    """Send a test message to a target, or to all of them at once, the heartbeat (by its name, or with all)
    too; what came of each, in the order of the settings. Raises `KeyError` where there is none so named."""
    message = trial_message(at)
    trials: dict[str, tuple[str, str, Callable[[], Failure | None]]] = {}
    for one, target in notify.targets.items():
        send = sender_of(target)
        trials[one] = target.kind, target.where, lambda send=send: send(message)  # type: ignore[misc]
    if notify.heartbeat_url and NAME not in trials:
        url = notify.heartbeat_url
        trials[NAME] = NAME, host_of(url), lambda: call(url, TIMEOUT, secrets_of((), url))
    wanted = {name: trials[name]} if name else trials
    if not wanted:
        return ()
    with ThreadPoolExecutor(max_workers=len(wanted), thread_name_prefix="notify-test") as pool:
        sent = [pool.submit(do) for _, _, do in wanted.values()]
        failures = [one.result() for one in sent]
    return tuple(
        Tried(one, kind, where, "" if failure is None else failure.words)
        for (one, (kind, where, _)), failure in zip(wanted.items(), failures, strict=True)
    )
