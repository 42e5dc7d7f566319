"""From the command line to what is to be watched."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from farmwatch.aws.model import SessionRef
from farmwatch.cli.connections import fail
from farmwatch.config.paths import history_file
from farmwatch.config.places import KINDS, UnknownPlace, options_of
from farmwatch.config.schema import BadSetting, default_path, read
from farmwatch.config.settings import Settings, SettingsError, resolve
from farmwatch.listings.discovery import JobRef, QueueRef


def placed(place: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options, with what a place stands for. Ends the program where both name the same thing otherwise."""
    if place is None:
        return dict(options)
    known: list[SessionRef] = []

    def find(session_id: str) -> SessionRef | None:
        ref = known_session(session_id)
        known.extend([] if ref is None else [ref])
        return ref

    try:
        meant = options_of(place, find)
    except UnknownPlace as error:
        fail(str(error))
    for kind in KINDS:
        given = options.get(f"{kind}_id")
        if given is not None and given != meant.get(f"{kind}_id", given):
            fail(f"--{kind}-id and the place name two {kind}s")
    # A region that is asked for goes before the one in an address, and so does that of a connection.
    by_name = bool(options.get("connections") or options.get("all_connections"))
    told: dict[str, Any] = {name: options.get(name) or value for name, value in meant.items()}
    if by_name:
        told.pop("region", None)
    if known and not by_name and not any(options.get(name) for name in ("profile", "region", "endpoint_url")):
        told["connections"] = _named(known[0].connection)
    return {**options, **told}


def _named(connection: str) -> tuple[str, ...]:
    """The connection of that name, where the settings file has one; what cannot be read is told later."""
    try:
        return (connection,) if connection in read(default_path(os.environ)).connections else ()
    except BadSetting:
        return ()


def known_session(session_id: str) -> SessionRef | None:
    """A session that the history knows by its id."""
    from farmwatch.history.store import History

    path = history_file()
    if not path.exists():
        return None
    try:
        history = History(path, run="")
        try:
            return next((ref for ref in history.sessions() if ref.session_id == session_id), None)
        finally:
            history.close()
    except (sqlite3.Error, OSError):
        return None


def settings_of(place: str | None, options: Mapping[str, Any]) -> Settings:
    """The settings that hold for a command; ends the program where they cannot be."""
    try:
        return resolve(**placed(place, options), environ=os.environ, home=Path.home())
    except SettingsError as error:
        fail(str(error))


def wanted(settings: Settings) -> SessionRef | JobRef | QueueRef | None:
    """The session, the job or the queue that was named; ``None`` where there is none of them."""
    name, farm_id, queue_id, job_id = (
        settings.connection.name,
        settings.farm_id,
        settings.queue_id,
        settings.job_id,
    )
    if farm_id is None or queue_id is None:
        return None
    if job_id is None:
        return QueueRef(name, farm_id, queue_id)
    if settings.session_id is None:
        return JobRef(name, farm_id, queue_id, job_id)
    return SessionRef(name, farm_id, queue_id, job_id, settings.session_id)
