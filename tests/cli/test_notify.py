"""``farmwatch notify``, what doctor says of targets, and ``farmwatch watch --alerts``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from farmwatch.aws.model import DEFAULT_CONNECTION
from farmwatch.cli.doctor import telling
from farmwatch.cli.headless import HEARTBEAT, Output
from farmwatch.cli.main import cli
from farmwatch.cli.watch_alerts import TellingAlerts, WatchingAlerts, as_json_line, as_text
from farmwatch.config.schema import default_path, read
from farmwatch.config.settings import Settings
from farmwatch.config.state import StateFile
from farmwatch.history.recorder import Recorder
from farmwatch.monitor.monitor import Monitor
from tests.canned import HandClock
from tests.notify.receiver import Receiver, receiving
from tests.waiting import LONG, eventually
from tests.wall.night import Night, Run

SECRET = "xoxb-very-secret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def file(own_home: Path, monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> Path:
    path = own_home / "settings.toml"
    monkeypatch.setenv("FARMWATCH_CONFIG", str(path))
    path.write_text(
        f"""
[notify]
heartbeat_url = "{receiver.url}/beat/{SECRET}"
[notify.targets.chat]
webhook = "{receiver.url}/{SECRET}"
rules = ["dead worker"]
[notify.targets.pager]
command = ["/nowhere/page", "{SECRET}"]
""",
        encoding="utf-8",
    )
    path.chmod(0o600)
    return path


def run(*words: str) -> Any:
    return CliRunner().invoke(cli, ["notify", *words])


def rows(text: str) -> list[list[str]]:
    return [line.split(maxsplit=3) for line in text.splitlines()]


def test_targets_are_listed_by_kind_and_host_with_what_they_are_told_of(file: Path) -> None:
    result = run()
    assert result.exit_code == 0
    assert rows(result.output) == [
        ["chat", "webhook", "127.0.0.1", "rules: dead worker"],
        ["pager", "command", "page"],
        ["heartbeat", "GET", "127.0.0.1", "every 5 min"],
    ]


def test_a_test_tells_what_came_of_each_and_its_exit_code(file: Path, receiver: Receiver) -> None:
    result = run("--test")
    assert result.exit_code == 1
    assert rows(result.output) == [
        ["chat", "webhook", "127.0.0.1", "told"],
        ["pager", "command", "page", "not told: it cannot be run: No such file or directory"],
        ["heartbeat", "heartbeat", "127.0.0.1", "told"],
    ]
    assert SECRET not in result.output
    # It is for everybody, whatever a target is told of.
    assert [told["kind"] for told in receiver.told] == ["test"]
    assert run("--test", "chat").exit_code == 0
    assert run("--test", "heartbeat").exit_code == 0


def test_a_target_that_is_not_there_is_told_with_those_that_are(file: Path) -> None:
    result = run("--test", "mail")
    assert result.exit_code == 2
    assert "'mail' is no target; what is: chat, pager" in result.stderr


def test_where_nobody_is_told_it_is_said_and_a_test_fails(own_home: Path) -> None:
    assert run().output == "Nobody is told: the settings file names no target.\n"
    assert (run().exit_code, run("--test").exit_code) == (0, 1)


# --- doctor -------------------------------------------------------------------------------------------------


def test_doctor_says_who_is_told_and_names_a_settings_file_that_others_can_read(file: Path) -> None:
    table = read(file).notify
    found = {check.name: check for check in telling(table, file)}
    assert [(name, check.state.value) for name, check in found.items()] == [
        ("target chat", "ok"),
        ("target pager", "not ok"),
        ("heartbeat", "ok"),
    ]
    assert found["target chat"].found == "webhook: 127.0.0.1"
    assert found["target pager"].found == "command: page, which cannot be run"
    assert SECRET not in repr(found)
    file.chmod(0o644)
    first = next(telling(table, file))
    assert (first.name, first.state.value, first.remedy) == ("settings file", "not ok", f"chmod 600 {file}")
    assert list(telling(read(default_path({"FARMWATCH_CONFIG": "/nowhere"})).notify, file)) == []


# --- watch --alerts -----------------------------------------------------------------------------------------


class Lines:
    """Takes what is printed."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass

    def fileno(self) -> int:
        raise OSError


def test_alerts_are_printed_with_how_it_stands_every_minute(tmp_path: Path) -> None:
    clock, night, lines, shown = HandClock(), Night(Run(1, lifecycle="UPDATE_FAILED")), Lines(), Lines()
    recorder = Recorder(tmp_path / "state" / "history.sqlite", clock=clock)
    answers: Any = night
    monitor = Monitor({DEFAULT_CONNECTION: lambda *_: answers}, recorder, clock=clock)
    watching = WatchingAlerts(monitor, recorder, Settings(), StateFile(None), "")
    printed: Any = lines
    text: Any = shown
    step = TellingAlerts(watching, Output(printed), as_json_line)
    for _ in range(int(HEARTBEAT / 5) + 1):
        while monitor.run_due():
            pass
        clock.move(5)
        assert step(*watching.inbox.take(0)) is None
    told = [json.loads(line) for line in lines.text.splitlines()]
    notice = next(one for one in told if one["type"] == "notice")
    assert (notice["v"], notice["kind"], notice["rule"]) == (1, "fired", "update failed")
    assert notice["at"].endswith("+00:00")
    beat = next(one for one in told if one["type"] == "heartbeat")
    assert (beat["fresh"], beat["open"], beat["waiting"]) == (True, 1, 0)
    for one in told:
        text.write(as_text(one) + "\n")
    assert "certain  update failed: " in shown.text
    assert "judged; 1 open" in shown.text
    watching.notifier.stop()
    recorder.close()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--alerts", "--marked"], "--alerts goes without a place, --marked and --until-ended"),
        (["--alerts", "--farm-id", "farm-" + "0" * 32], "--alerts goes without a farm, a queue"),
        (["--alerts", "--wall", "nowhere"], "--wall 'nowhere' is no wall; what is: none"),
        (["--wall", "night"], "--wall goes with --alerts"),
    ],
)
def test_a_command_line_that_is_no_good_ends_with_2(own_home: Path, words: list[str], why: str) -> None:
    result = CliRunner().invoke(cli, ["watch", "--region", "us-west-2", *words])
    assert result.exit_code == 2
    assert why in result.stderr


def test_it_ends_by_a_signal_without_textual_and_with_everything_kept(
    receiver: Receiver, own_home: Path, file: Path
) -> None:
    script = (
        "import sys\n"
        "from farmwatch.__main__ import main\n"
        "try:\n    main()\n"
        "finally:\n    print('textual' in sys.modules, file=sys.stderr)\n"
    )
    environ = {**os.environ, "FARMWATCH_STATE": str(own_home / "state")}
    where = ["--endpoint-url", receiver.url, "--region", "us-west-2"]
    words = [sys.executable, "-c", script, "watch", "--alerts", "--json", "--debug", *where]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env=environ, **pipes) as process:
        try:
            # Once it asks it is at work, and minds signals.
            eventually(lambda: receiver.asked or process.poll() is not None)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=LONG)
        finally:
            process.kill()
    assert process.returncode == 128 + signal.SIGTERM
    assert errors.splitlines()[-1] == "False"
    state = own_home / "state"
    assert (state / "history.sqlite").exists()
    for path in state.iterdir():
        assert SECRET.encode() not in path.read_bytes(), path
