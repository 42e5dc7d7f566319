"""``farmwatch completions``: what a shell offers at the tab key, ids that the history knows included."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator

import click
from click.shell_completion import CompletionItem, get_completion_class

from farmwatch.aws.model import SessionRef
from farmwatch.config.paths import history_file
from farmwatch.history.events import Watched

MOST = 200
"""Ids that are offered at once, those seen last first."""


def script(shell: str, command: click.Command) -> str:
    """The script that a shell has to read; ``shell`` is bash, zsh or fish."""
    kind = get_completion_class(shell)
    if kind is None:
        raise ValueError(f"no completions for {shell}")
    made = kind(command, {}, "farmwatch", "_FARMWATCH_COMPLETE")
    # Not `source`: for bash that looks for the program, to see how old it is.
    return made.source_template % made.source_vars()


def known_ids(typed: str, kind: str = "session") -> list[CompletionItem]:
    """The ids of a kind that begin with what is typed, those seen last first."""
    found: dict[str, str] = {}
    for watched in _watched():
        ref = watched.ref
        one, name = {
            "farm": (ref.farm_id, watched.farm),
            "queue": (ref.queue_id, watched.queue),
            "job": (ref.job_id, watched.job),
            "session": (ref.session_id, watched.job),
        }[kind]
        # What was wished of a whole job stands in the history under the id of that.
        if one.startswith(typed) and one.startswith(kind):
            found.setdefault(one, name)
    return [CompletionItem(one, help=name or None) for one, name in list(found.items())[:MOST]]


def _watched() -> Iterator[Watched]:
    from farmwatch.history.store import History

    path = history_file()
    if not path.exists():
        return
    try:
        history = History(path, run="")
        try:
            sessions: dict[SessionRef, Watched] = history.sessions()
        finally:
            history.close()
    except (sqlite3.Error, OSError):
        return
    seen = [(one.session_until.timestamp() if one.session_until else 0.0, one) for one in sessions.values()]
    yield from (one for _, one in sorted(seen, key=lambda pair: -pair[0]))


def connections(typed: str) -> list[CompletionItem]:
    """Offers the connections of the settings file."""
    from farmwatch.config.schema import BadSetting, default_path, read

    try:
        known = read(default_path(os.environ)).connections
    except BadSetting:
        return []
    told = {name: " ".join(filter(None, (one.profile, one.region))) for name, one in known.items()}
    return [CompletionItem(name, help=told[name] or None) for name in known if name.startswith(typed)]


def targets(typed: str) -> list[CompletionItem]:
    """Offers those of the settings file who are told."""
    from farmwatch.config.schema import BadSetting, default_path, read

    try:
        known = read(default_path(os.environ)).notify.targets
    except BadSetting:
        return []
    return [
        CompletionItem(name, help=f"{one.kind} {one.where}")
        for name, one in known.items()
        if name.startswith(typed)
    ]


def profiles(typed: str) -> list[CompletionItem]:
    """Offers the profiles of the AWS configuration."""
    from farmwatch.aws.profiles import known_profiles

    try:
        known = known_profiles()
    except Exception:  # noqa: BLE001 - files of any kind; a shell is no place to complain
        return []
    return [CompletionItem(one.name, help=one.region or None) for one in known if one.name.startswith(typed)]
