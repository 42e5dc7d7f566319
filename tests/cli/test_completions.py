"""What shells complete: commands, connections, profiles, and the ids that the history knows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from farmwatch.cli.completions import connections, known_ids, profiles, targets
from farmwatch.cli.main import cli
from farmwatch.config.paths import history_file
from farmwatch.config.schema import default_path
from farmwatch.history.events import Event, EventKind, Watched
from farmwatch.history.store import History
from tests.canned import REF, START


@pytest.fixture
def known(own_home: Path) -> None:
    path = history_file()
    path.parent.mkdir(parents=True)
    history = History(path, run="test")
    entry = Event(REF, EventKind.STATUS, "", None, "STARTED", START)
    history.write([(1, entry)], [Watched(REF, "Northlight", "lighting", "sq010", session_until=START)])
    history.close()


def complete(shell: str, words: str, number: int) -> str:
    environment = {"_FARMWATCH_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)}
    return CliRunner().invoke(cli, [], prog_name="farmwatch", env=environment).output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell: str) -> None:
    ran = CliRunner().invoke(cli, ["completions", shell])
    assert ran.exit_code == 0
    assert "_FARMWATCH_COMPLETE" in ran.output


def test_the_script_for_bash_is_one() -> None:
    text = CliRunner().invoke(cli, ["completions", "bash"]).output
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)


@pytest.mark.usefixtures("known")
def test_ids_that_the_history_knows_are_offered() -> None:
    assert f"plain,{REF.session_id}" in complete("bash", "farmwatch --session-id s", 2)
    assert f"plain,{REF.job_id}" in complete("bash", "farmwatch watch --job-id ", 3)
    assert f"plain,{REF.session_id}" in complete("bash", "farmwatch sess", 1)
    assert [item.help for item in known_ids("queue-", "queue")] == ["lighting"]
    assert known_ids("session-zz") == []


def test_without_a_history_none_is_offered_and_none_is_made() -> None:
    assert known_ids("") == []
    assert not history_file().exists()


def test_connections_profiles_and_targets_are_offered(own_home: Path) -> None:
    path = default_path({})
    path.parent.mkdir(parents=True)
    path.write_text('[connections.west]\nprofile = "studio"\n')
    aws = own_home / ".aws" / "config"
    aws.parent.mkdir()
    aws.write_text("[profile studio]\nregion = us-west-2\n")
    assert [(item.value, item.help) for item in connections("w")] == [("west", "studio")]
    assert connections("x") == []
    assert [item.value for item in profiles("s")] == ["studio"]
    path.write_text('[notify.targets.chat]\nwebhook = "http://127.0.0.1/secret"')
    assert [(item.value, item.help) for item in targets("c")] == [("chat", "webhook 127.0.0.1")]
    path.write_text("interval =")
    assert connections("") == targets("") == []


def test_commands_are_offered() -> None:
    assert "watch" in complete("bash", "farmwatch w", 1)
