"""``farmwatch watch``: everything that happens, a line each."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from farmwatch.cli import memory
from farmwatch.cli.connections import fail
from farmwatch.cli.headless import Output, Telling, as_json_line, as_text, close_quietly
from farmwatch.cli.placing import settings_of, wanted
from farmwatch.cli.running import watching


def run(place: str | None, options: Mapping[str, Any], *, as_json: bool, until_ended: bool) -> int:
    """Watch and tell; the exit code."""
    memory.begin()
    settings = settings_of(place, {key: value for key, value in options.items() if key != "debug"})
    subject = wanted(settings)
    if subject is None:
        fail("name a session, a job or a queue: --session-id, --job-id or --queue-id, or a place")
    os.umask(0o077)
    with watching(settings, subject, debug=bool(options.get("debug"))) as running:
        line = as_json_line if as_json else as_text
        code = running.run(Telling(running.watching, Output(sys.stdout), line, until_ended=until_ended))
    close_quietly(sys.stdout)
    return code
