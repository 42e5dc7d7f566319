"""Facts by the minute, for the tests of the rules: everything is as of `NOW`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from farmwatch.aws.model import SessionRef
from farmwatch.rules.facts import ActionFacts, SessionFacts
from tests.canned import START

NOW = START
LONG = timedelta(minutes=2)
"""How long what was seen is fresh."""


def ago(minutes: float, at: datetime = NOW) -> datetime:
    return at - timedelta(minutes=minutes)


def a_session(number: int = 1, **given: Any) -> SessionFacts:
    ref = SessionRef("default", "farm", "queue", "job", f"session-{number}")
    return SessionFacts(ref, **{"status": "STARTED", "seen_at": NOW, "job": "shot_01", **given})


def an_action(**given: Any) -> ActionFacts:
    return ActionFacts(
        **{"action_id": "action-1", "status": "RUNNING", "seen_at": NOW, "started_at": ago(55), **given}
    )


def at_work(number: int = 1, at: datetime = NOW, **given: Any) -> SessionFacts:
    """A session that runs an action, both seen at a time."""
    return a_session(number, seen_at=at, action=an_action(**{"seen_at": at, **given}))


def stuck(number: int = 1, at: datetime = NOW) -> SessionFacts:
    """One whose log is silent and whose progress is frozen."""
    silent = {"line_at": ago(38), "line_seen_at": at}
    return at_work(number, at, **silent, progress=50.0, progress_since=ago(41), gaps=(60.0, 60.0, 90.0))


def seen(facts: SessionFacts, at: datetime) -> SessionFacts:
    """The same session as it is seen at another time."""
    action = facts.action
    return replace(facts, seen_at=at, action=None if action is None else replace(action, seen_at=at))
