"""``farmwatch config``: what is in force, and where each value comes from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from farmwatch.aws.cleaning import clean
from farmwatch.config.notify_table import KINDS, NotifyTable, host_of
from farmwatch.config.schema import as_toml, default_path
from farmwatch.config.settings import Settings

DEFAULT = "default"
LEFT_TO_BOTO3 = "left to boto3"

_BOTO3S_OWN = {
    "profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    "region": ("AWS_DEFAULT_REGION", "AWS_REGION"),
}
"""Environment variables that boto3 goes by where nothing else was said."""


def tell(settings: Settings, *, echo: Callable[[str], Any]) -> None:
    """Print every setting with its value, and behind it where that comes from."""
    path = default_path(os.environ)
    there = "" if path.exists() else " (not there)"
    echo(f"# settings file: {clean(str(path), 300)}{there}")
    rows = list(lines(settings, os.environ))
    width = min(max(len(line) for line, _ in rows), 60)
    for line, source in rows:
        echo(f"{line:<{width}}  # {source}" if source else line)
    for note in settings.notes:
        echo(f"# {note}")


def lines(settings: Settings, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each line of what is in force, and where its value comes from; tables have no such thing."""
    sources = settings.sources

    def row(name: str, value: Any, member: str) -> tuple[str, str]:
        return f"{name} = {as_toml(value)}", clean(sources.get(member, DEFAULT), 300)

    yield row("interval", settings.interval.total_seconds(), "interval")
    yield row("actions", settings.allow_actions, "allow_actions")
    yield "[logs]", ""
    yield row("requests_per_second", settings.log_requests, "log_requests")
    yield row("error_words", settings.error_words, "error_words")
    yield row("warning_words", settings.warning_words, "warning_words")
    yield "[wall]", ""
    yield row("ended_minutes", settings.wall_keeps_ended.total_seconds() / 60, "wall_keeps_ended")
    yield "[history]", ""
    yield row("days", settings.history_kept.total_seconds() / 86400, "history_kept")
    yield "[rules]", ""
    for name in settings.rules.__struct_fields__:
        if name not in ("queue", "job"):
            yield row(name, getattr(settings.rules, name), f"rules.{name}")
    for kind, tables in (("queue", settings.rules.queue), ("job", settings.rules.job)):
        for name, table in tables.items():
            yield f"[rules.{kind}.{as_toml(clean(name, 60))}]", ""
            for threshold in table.__struct_fields__:
                if getattr(table, threshold) is not None:
                    yield row(threshold, getattr(table, threshold), f"rules.{kind}")
    yield "[alerts]", ""
    for name in settings.alerts.__struct_fields__:
        yield row(name, getattr(settings.alerts, name), f"alerts.{name}")
    yield from _of_notify(settings.notify, row)
    for connection in settings.connections:
        yield f"[connections.{connection.name}]", sources.get(f"connections.{connection.name}", "")
        for name in ("profile", "region", "endpoint_url"):
            value = getattr(connection, name)
            source = sources.get(name) or sources.get(f"connections.{connection.name}", DEFAULT)
            for variable in _BOTO3S_OWN.get(name, ()) if value is None and not connection.demo else ():
                if environ.get(variable):
                    value, source = environ[variable], variable
                    break
            shown = clean(value, 200) if value else ""
            yield f"{name} = {as_toml(shown)}", clean(source, 300) if value else LEFT_TO_BOTO3
        if connection.monitor_url:
            yield row("monitor_url", clean(connection.monitor_url, 200), f"connections.{connection.name}")
    for level in ("farm", "queue", "job", "session"):
        one = getattr(settings, f"{level}_id")
        if one is not None:
            yield row(level, one, f"{level}_id")
    if settings.keys:
        yield "[keys]", ""
        for name, keys in settings.keys.items():
            yield row(clean(name, 60), clean(keys, 60), "keys")


def _of_notify(
    notify: NotifyTable, row: Callable[[str, Any, str], tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Who is told; of addresses and arguments only where they lead."""
    yield "[notify]", ""
    hidden = f"(hidden) {host_of(notify.heartbeat_url)}" if notify.heartbeat_url else ""
    yield row("terminal", notify.terminal, "terminal")
    yield row("heartbeat_url", hidden, "heartbeat_url")
    yield row("heartbeat_minutes", notify.heartbeat_minutes, "heartbeat_minutes")
    for name, target in notify.targets.items():
        yield f"[notify.targets.{as_toml(name) if '.' in name else name}]", ""
        yield row(target.kind, f"(hidden) {target.where}", "targets")
        for member in target.__struct_fields__:
            if member not in KINDS and getattr(target, member):
                yield row(member, getattr(target, member), "targets")
