"""What AWS's own worker agent wrote, and what the service answered, as captured: ``tests/data/agent``.

Each scenario has the session's log and its worker's (a UTC time, a tab and the message on a line), and
GetSession with its actions. (Where no log could be made there is none.)
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.log_page import LogEvent
from farmwatch.aws.model import DEFAULT_CONNECTION, Session, SessionRef
from farmwatch.aws.session_action import SessionAction
from farmwatch.logs.lanes import SESSION, WORKER
from farmwatch.logs.sources import SessionLogs
from farmwatch.logs.store import lines_of
from farmwatch.logs.times import milliseconds
from farmwatch.polling.schedule import RequestBudget
from tests.canned import JOB_ID

FOLDER = Path(__file__).resolve().parent / "data" / "agent"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


class Scenario(Struct, frozen=True):
    """One capture: the session, its actions, the events of both logs."""

    name: str
    ref: SessionRef
    session: Session
    actions: tuple[SessionAction, ...]
    session_log: tuple[LogEvent, ...]
    worker_log: tuple[LogEvent, ...]

    def logs(self) -> SessionLogs:
        """Both logs as if they had been read to their ends, and the actions known."""
        logs = SessionLogs(self.ref, RequestBudget())
        for tail in logs.take(self.session):
            events = {SESSION: self.session_log, WORKER: self.worker_log}[logs.lane_of(tail.key) or 0]
            tail.store.append(lines_of(events, logs.is_own))
            tail.observed = replace(tail.observed, seen_at=self.session.ended_at)
        logs.know(self.actions)
        return logs

    def action(self, number: int) -> SessionAction:
        return self.actions[number]


def events_of(path: str) -> tuple[LogEvent, ...]:
    """The events of a captured log, by its name in the folder; of one that there is not, none."""
    file = FOLDER / path
    if not file.exists():
        return ()
    parts = [line.split("\t", 1) for line in file.read_text(encoding="utf-8").splitlines()]
    return tuple(LogEvent(milliseconds(datetime.fromisoformat(at)), text) for at, text in parts)


def lines_in(path: str) -> list[str]:
    """The lines of a captured log, without their times."""
    return [event.text for event in events_of(path)]


def scenario(name: str) -> Scenario:
    """A capture by its name."""
    reply = _with_times(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))
    session = Session.from_reply(reply)
    *_, farm_id, queue_id = reply["log"]["options"]["logGroupName"].split("/")
    return Scenario(
        name=name,
        ref=SessionRef(DEFAULT_CONNECTION, farm_id, queue_id, JOB_ID, session.session_id),
        session=session,
        actions=tuple(SessionAction.from_reply(action) for action in reply["actions"]),
        session_log=events_of(f"{name}.session.log"),
        worker_log=events_of(f"{name}.worker.log"),
    )


def _with_times(value: Any) -> Any:
    """A reply as the client gives it: what ends in ``At`` is a time."""
    if isinstance(value, list):
        return [_with_times(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: datetime.fromisoformat(one) if name.endswith("At") else _with_times(one)
        for name, one in value.items()
    }
