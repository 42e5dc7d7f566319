"""``farmwatch wait``: until a session, or a job, has ended."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from farmwatch.cli.connections import fail, say
from farmwatch.cli.headless import Waiting
from farmwatch.cli.placing import settings_of, wanted
from farmwatch.cli.running import watching
from farmwatch.history.time_expression import parse_duration
from farmwatch.listings.discovery import QueueRef


def run(place: str | None, options: Mapping[str, Any], *, timeout: str | None, patience: str) -> int:
    """Wait; the exit code. Why is one line on standard error."""
    settings = settings_of(place, {key: value for key, value in options.items() if key != "debug"})
    subject = wanted(settings)
    if subject is None or isinstance(subject, QueueRef):
        fail("name a session or a job: --session-id or --job-id, or a place")
    limits = {
        "timeout": None if timeout is None else _duration("--timeout", timeout),
        "patience": _duration("--patience", patience),
    }
    os.umask(0o077)
    with watching(settings, subject, debug=bool(options.get("debug"))) as running:
        return running.run(
            Waiting(
                running.watching,
                lambda why: say(f"farmwatch: {why}", err=True),
                timeout=limits["timeout"],
                patience=limits["patience"] or timedelta(),
            )
        )


def _duration(option: str, text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        fail(f"{option} {error}")
