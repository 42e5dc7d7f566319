"""``farmwatch watch``: everything that happens, a line each."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from farmwatch.cli.connections import fail
from farmwatch.cli.headless import Output, Telling, as_json_line, as_text, close_quietly
from farmwatch.cli.placing import settings_of, wanted
from farmwatch.cli.running import watching
from farmwatch.cli.watched import Wanted
from farmwatch.config.schema import default_path, read
from farmwatch.config.settings import Settings, connection_of
from farmwatch.config.state import KeptState, StateFile, state_file

WHERE = ("profile", "region", "endpoint_url", "connections", "all_connections")
"""The options that say whom to ask."""


def run(
    place: str | None, options: Mapping[str, Any], *, as_json: bool, marked: bool, until_ended: bool
) -> int:
    """Watch and tell; the exit code."""
    settings = settings_of(place, {key: value for key, value in options.items() if key != "debug"})
    subject: Wanted | StateFile
    if marked:
        if place or any(options.get(name) for name in ("farm_id", "queue_id", "job_id", "session_id")):
            fail("--marked goes without a farm, a queue, a job or a session")
        subject = StateFile(state_file())
        settings = with_connections_of(settings, subject.state, options)
    else:
        subject = needed(settings)
    os.umask(0o077)
    with watching(settings, subject, debug=bool(options.get("debug"))) as running:
        line = as_json_line if as_json else as_text
        code = running.run(Telling(running.watching, Output(sys.stdout), line, until_ended=until_ended))
    close_quietly(sys.stdout)
    return code


def needed(settings: Settings) -> Wanted:
    """What was named; ends the program where nothing was."""
    subject = wanted(settings)
    if subject is None:
        fail("name a session, a job or a queue (--session-id, --job-id, --queue-id, or a place), or --marked")
    return subject


def with_connections_of(settings: Settings, kept: KeptState, options: Mapping[str, Any]) -> Settings:
    """The settings with the connections of all that is marked, as far as the settings file has them and no
    other ones were asked for."""
    if any(options.get(name) for name in WHERE):
        return settings
    named = read(default_path(os.environ)).connections
    wanted_names = dict.fromkeys(mark.connection for mark in kept.marks)
    others = tuple(connection_of(name, named[name]) for name in wanted_names if name in named)
    return replace(settings, connections=(*settings.connections, *others))
