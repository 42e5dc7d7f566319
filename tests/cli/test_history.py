"""``farmwatch history``: what was seen, printed for people and for scripts."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from farmwatch.cli import main as cli
from farmwatch.config.paths import history_file
from farmwatch.history.events import Event, EventKind, Watched
from farmwatch.history.store import VERSION, History
from tests.canned import REF, an_action

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def just_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The times of a test are told by when it begins: that this file was read may be long ago."""
    monkeypatch.setitem(globals(), "NOW", datetime.now(UTC))


OTHER = replace(REF, session_id="session-" + "a" * 32)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli.cli, ["history", *arguments])


@pytest.fixture
def seen() -> list[Event]:
    action = an_action(3).action_id
    ago = [NOW - timedelta(hours=hours) for hours in (30, 3, 2, 1)]
    entries = [
        Event(REF, EventKind.STATUS, "", None, "STARTED", ago[0]),
        Event(
            REF, EventKind.ACTION, action, "RUNNING", "FAILED", ago[1], after=ago[1] - timedelta(seconds=15)
        ),
        Event(OTHER, EventKind.FAULT, "GetSession", None, "OFFLINE: Error\x1b[31m", ago[2]),
        Event(
            REF, EventKind.STATUS, "", "STARTED", "ENDED", ago[3], service_at=ago[3] - timedelta(seconds=1)
        ),
    ]
    history = History(history_file(), run="one", watcher="mira@ops1")
    history.write(enumerate(entries, 1), [Watched(REF, "Northlight", "lighting", "sq010")])
    history.close()
    return entries


def test_without_a_history_it_says_so_and_nothing_is_made() -> None:
    result = run()
    assert result.exit_code == 0
    assert result.output.startswith("Nothing recorded. A session is recorded while it is watched:")
    assert not history_file().parent.exists()


def test_where_nothing_was_recorded_it_says_since_when_and_of_what(seen: list[Event]) -> None:
    assert run("--since", "1s").output.startswith("Nothing recorded since ")
    unknown = "session-" + "b" * 32
    assert run("--session", unknown).output.startswith(f"Nothing recorded of {unknown}. ")


def test_nothing_is_an_empty_array_for_scripts() -> None:
    result = run("--json")
    assert (result.exit_code, json.loads(result.output)) == (0, [])


def test_what_happened_is_printed_by_session(seen: list[Event]) -> None:
    lines = run().output.splitlines()
    assert lines[0] == f"sq010  {REF.session_id}  (Northlight › lighting)"
    assert "● STARTED  first seen  (seen by mira@ops1)" in lines[1]
    assert "✗ FAILED  session action 3  was RUNNING  (earliest " in lines[2]
    assert lines[2].endswith(", seen by mira@ops1)")
    assert "○ ENDED  was STARTED" in lines[3]
    assert lines[4] == ""
    assert lines[5].startswith(f"job-0a6b2c7e  {OTHER.session_id}")
    assert len(lines) == 7


def test_no_control_character_is_printed(seen: list[Event]) -> None:
    assert "\x1b" not in run().output
    assert "\x1b" not in run("--json").output


def test_only_since_then_and_only_of_a_session(seen: list[Event]) -> None:
    assert "STARTED  first" not in run("--since", "8h").output
    output = run("--session", OTHER.session_id).output
    assert "GetSession: OFFLINE" in output
    assert REF.session_id not in output


def test_for_scripts_it_is_json_with_everything_that_is_known(seen: list[Event]) -> None:
    told = json.loads(run("--json", "--since", "90min").output)
    assert told == [
        {
            "connection": "default",
            "farmId": REF.farm_id,
            "queueId": REF.queue_id,
            "jobId": REF.job_id,
            "sessionId": REF.session_id,
            "farm": "Northlight",
            "queue": "lighting",
            "job": "sq010",
            "kind": "status",
            "subject": None,
            "old": "STARTED",
            "new": "ENDED",
            "seenAfter": None,
            "seenAt": seen[3].at.isoformat(timespec="milliseconds"),
            "serviceTime": (seen[3].at - timedelta(seconds=1)).isoformat(timespec="milliseconds"),
            "watcher": "mira@ops1",
        }
    ]
    assert json.loads(run("--json", "--since", "1s").output) == []


@pytest.mark.parametrize("arguments", [["--since", "noon"], ["--session", "session-1"]])
def test_what_cannot_be_is_refused_in_one_line(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.output.count("\n") == 1


def test_a_damaged_history_is_said_and_left_as_it_is() -> None:
    history_file().parent.mkdir(parents=True)
    history_file().write_bytes(b"no database" * 1000)
    result = run()
    assert result.exit_code == 1
    assert f"the history cannot be read: {history_file()} is not a database of Farmwatch." in result.output
    assert history_file().read_bytes() == b"no database" * 1000


def test_a_damaged_page_of_it_is_called_damage(seen: list[Event]) -> None:
    with history_file().open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 4000)
    assert f"the history cannot be read: {history_file()} is damaged." in run().output


def test_a_folder_in_its_place_is_called_one() -> None:
    history_file().mkdir(parents=True)
    result = run()
    assert result.exit_code == 1
    assert f"the history cannot be read: {history_file()}: it is a folder." in result.output


def test_a_newer_history_is_printed(seen: list[Event]) -> None:
    database = sqlite3.connect(history_file())
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    assert "○ ENDED" in run().output
