"""``farmwatch doctor``: what is wrong, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from moto import mock_aws

import moto_deadline
from farmwatch.cli import doctor
from farmwatch.cli import main as cli
from farmwatch.cli.doctor import State
from farmwatch.config.paths import history_file, state_folder
from farmwatch.config.schema import default_path
from farmwatch.notify.terminal_choice import Tmux
from moto_deadline.simulation import FrozenClock, Simulation


@pytest.fixture
def farm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", moto_deadline.REGION)
    moto_deadline.register()
    with mock_aws():
        moto_deadline.install(Simulation(clock=FrozenClock()))
        # A frozen simulation and a running clock are months apart.
        monkeypatch.setattr(doctor, "CLOCK_OFF", timedelta.max)
        yield


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli.cli, ["doctor", *arguments])


def checks(*arguments: str) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in json.loads(run("--json", *arguments).output)}


@pytest.mark.long
def test_where_all_is_well_every_call_is_tried_and_the_exit_code_is_0(farm: None) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    for operation in ("ListFarms", "SearchJobs", "GetSession", "BatchGetSessionAction"):
        assert f"ok         {operation}" in result.output
    assert "ok         GetLogEvents, worker" in result.output
    assert "not ok" not in result.output


def test_every_call_of_the_client_is_tried(farm: None) -> None:
    from tests.aws.asking import QUESTIONS

    tried = {name.partition(",")[0] for name in checks()}
    assert {operation for operation, _ in QUESTIONS.values()} <= tried


def test_without_credentials_it_says_so_and_tries_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    # Nothing answers there: a machine in the cloud would have credentials of its own.
    found = checks("--endpoint-url", "http://127.0.0.1:9")
    assert found["ListFarms"]["state"] == "not ok"
    assert found["ListFarms"]["found"].startswith("LOGIN NEEDED")
    assert found["ListFarms"]["remedy"]


def test_without_a_region_it_says_so() -> None:
    result = run("--json")
    assert result.exit_code == 1
    assert "SETUP" in result.output


def test_an_unknown_profile_is_said() -> None:
    result = run("--profile", "nobody", "--region", "us-west-2")
    assert result.exit_code == 1
    assert "nobody" in result.output


def test_an_endpoint_that_is_not_there_is_said_and_does_not_hang() -> None:
    found = checks("--region", "us-west-2", "--endpoint-url", "http://127.0.0.1:9")
    assert found["endpoint"]["state"] == "not ok"
    assert found["clock"]["state"] == "not tried"


def test_a_state_folder_that_cannot_be_written_is_said(farm: None) -> None:
    folder = state_folder()
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where the folder is to be")
    assert checks()["state folder"]["state"] == "not ok"
    assert run().exit_code == 1


def test_a_damaged_history_is_said_and_left_alone(farm: None) -> None:
    history_file().parent.mkdir(parents=True, mode=0o700)
    history_file().write_bytes(b"no database" * 1000)
    assert checks()["history"]["state"] == "not ok"
    assert history_file().read_bytes() == b"no database" * 1000


def test_a_folder_that_others_can_look_into_is_said(farm: None, tmp_path: Path) -> None:
    state_folder().mkdir(parents=True)
    state_folder().chmod(0o755)
    found = checks()["state folder"]
    assert (found["state"], found["remedy"]) == ("not ok", f"chmod 700 {state_folder()}")


@pytest.mark.parametrize(
    ("minutes", "state", "words"),
    [(1, "ok", "60 s ahead of"), (-1, "ok", "60 s behind"), (10, "not ok", "600 s ahead of")],
)
def test_a_clock_that_is_off_is_said(minutes: int, state: str, words: str) -> None:
    check = doctor.clock(timedelta(minutes=minutes))
    assert check.state == state
    assert words in check.found


def test_no_secret_and_no_control_character_is_printed() -> None:
    check = doctor.Check(
        "credentials", doctor.State.NOT_OK, "\x1b[31m AKIAIOSFODNN7EXAMPLE", "token=abcdefghijk"
    )
    printed = doctor.line(check)
    assert "\x1b" not in printed
    assert "AKIA" not in printed
    assert "abcdefghijk" not in printed


def test_every_connection_of_the_settings_is_tried_or_the_named_one(farm: None) -> None:
    path = default_path({})
    path.parent.mkdir(parents=True)
    region = f'region = "{moto_deadline.REGION}"\n'
    path.write_text(f'[connections.west]\n{region}[connections.night]\nprofile = "nobody"\n{region}')
    result = run("--json")
    assert result.exit_code == 1
    by_connection: dict[str, set[str]] = {}
    for check in json.loads(result.output):
        by_connection.setdefault(check["connection"], set()).add(check["state"])
    assert "ok" in by_connection["west"]
    assert "not ok" not in by_connection["west"]
    assert "not ok" in by_connection["night"]
    assert run("--connection", "west").exit_code == 0
    assert "\nnight\n" in run().output


@pytest.mark.parametrize(
    ("setting", "tmux", "state", "found", "remedy"),
    [
        ("auto", None, State.OK, "by the bell: the terminal outside tmux is not known", True),
        ("auto", Tmux("on", "", "foot"), State.OK, "by OSC 777: the terminal outside tmux is foot", False),
        ("auto", Tmux("off", "", "foot"), State.OK, "by the bell: allow-passthrough is off in tmux", True),
        ("osc9", Tmux("off", "", "foot"), State.NOT_OK, "by OSC 9: the settings say so", True),
        ("bell", Tmux("off", "", "foot"), State.OK, "by the bell: the settings say so", False),
    ],
)
def test_how_the_terminal_is_told_is_said_and_what_tmux_has_to_let_through(
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    tmux: Tmux | None,
    state: State,
    found: str,
    remedy: bool,
) -> None:
    monkeypatch.setattr(doctor, "ask_tmux", lambda _: tmux)
    check = doctor.notices(setting, {"TERM": "tmux-256color"})
    assert check.state is state
    assert check.found.startswith(found)
    assert ("allow-passthrough on" in check.remedy) is remedy
