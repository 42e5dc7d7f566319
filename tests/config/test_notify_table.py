"""What the settings file says of telling, and what is never said of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from click.testing import CliRunner

from farmwatch.cli.main import cli
from farmwatch.config.notify_table import NotifyTable, SeverityName, TargetTable
from farmwatch.config.schema import BadSetting, default_path, read, understand
from farmwatch.notify.failure import hidden
from farmwatch.notify.message import trial_message
from farmwatch.rules.finding import Severity
from tests.canned import START

SECRET = "xoxb-very-secret"

FILE = f"""
[alerts]
from_start = true
[notify]
heartbeat_url = "https://ping.example/{SECRET}"
[notify.targets.chat]
webhook = "https://user:{SECRET}@hooks.example/services/{SECRET}?token={SECRET}"
severities = ["certain"]
jobs = ["comp_*"]
[notify.targets.pager]
command = ["/usr/local/bin/page", "--token", "{SECRET}"]
timeout = 5
[notify.targets.slack]
apprise = "slack://{SECRET}/B/C"
"""


@pytest.fixture
def file(own_home: Path) -> Path:
    path = default_path({"FARMWATCH_CONFIG": str(own_home / "settings.toml")})
    path.write_text(FILE, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_targets_are_of_three_kinds_and_tell_only_where_they_lead(file: Path) -> None:
    targets = read(file).notify.targets
    assert [(one.kind, one.where) for one in targets.values()] == [
        ("webhook", "hooks.example"),
        ("command", "page"),
        ("apprise", "slack"),
    ]
    assert targets["chat"].severities == ("certain",)
    assert SECRET not in repr(read(file))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("notify = 1", "[notify] is not a table"),
        ("[notify]\ntargets = 1", "[notify.targets] is not a table"),
        ("[notify.targets]\nchat = 1", "[notify.targets.chat] is not a table"),
        ("[notify.targets.chat]", "notify.targets.chat has none of them; exactly one of command, webhook"),
        (
            f'[notify.targets.chat]\nwebhook = "http://h/{SECRET}"\ncommand = ["{SECRET}"]',
            "notify.targets.chat has command and webhook; exactly one",
        ),
        (
            f'[notify.targets.chat]\nwebhook = "{SECRET}"',
            "notify.targets.chat.webhook is not that; a URL that begins with http:// or https:// is wanted",
        ),
        (
            f'[notify.targets.chat]\napprise = "{SECRET}"',
            "notify.targets.chat.apprise is not that; a URL like slack://...",
        ),
        (
            f'[notify.targets.chat]\ncommand = "{SECRET}"',
            "notify.targets.chat.command is not that; a program",
        ),
        (f'[notify]\nheartbeat_url = "{SECRET}"', "notify.heartbeat_url is not that; a URL"),
        (
            '[notify.targets.chat]\nseverities = ["bad"]',
            "notify.targets.chat.severities is not that; a list of",
        ),
        (
            "[notify.targets.chat]\nhook = 1",
            "notify.targets.chat.hook is not known here; what is: notify.targets.NAME.apprise",
        ),
        ('[notify.targets."a b"]\nwebhook = "http://h"', "notify.targets.'a b' is no name for a target"),
        ('[notify.targets.chat]\nwebhook = "http://"', "webhook is not that"),
        ('[notify.targets.chat]\nwebhook = "http:///x"', "notify.targets.chat.webhook names no host"),
        ("[notify.targets.chat]\ntimeout = nan", "notify.targets.chat.timeout is"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_without_what_is_secret(
    file: Path, text: str, told: str
) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadSetting) as error:
        read(file)
    assert told in str(error.value)
    assert SECRET not in str(error.value)


def test_what_is_in_force_is_printed_without_what_is_secret(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARMWATCH_CONFIG", str(file))
    shown = CliRunner().invoke(cli, ["config", "--region", "us-west-2"]).output
    assert SECRET not in shown
    assert "from_start = true" in shown
    assert 'heartbeat_url = "(hidden) ping.example"' in shown
    assert 'webhook = "(hidden) hooks.example"' in shown
    assert 'command = "(hidden) page"' in shown
    assert 'jobs = ["comp_*"]' in shown


def test_the_examples_of_the_guide_are_settings(tmp_path: Path) -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "telling.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    targets, connection, terminal, heartbeat = (understand(text, tmp_path) for text in examples)
    assert [one.kind for one in targets.notify.targets.values()] == ["command", "webhook", "apprise"]
    assert connection.connections["west"].monitor_url.startswith("https://studio.us-west-2.deadlinecloud")
    assert terminal.notify.terminal == "osc777"
    assert heartbeat.notify.has_any
    (shown,) = re.findall(r"```json\n(.*?)```", guide, re.DOTALL)
    assert set(json.loads(shown)) == set(msgspec.to_builtins(trial_message(START)))


def test_the_severities_are_those_of_the_rules_but_for_what_is_none() -> None:
    assert (*get_args(SeverityName), Severity.WORKING) == tuple(one.value for one in Severity)


def test_every_part_of_an_address_is_a_secret() -> None:
    secrets = TargetTable(apprise=f"slack://bot@{SECRET}/B12345/C12345").secrets
    assert {SECRET, "B12345", "C12345"} <= set(secrets)
    shell = TargetTable(command=("sh", "-c", f"curl --data=@- 'https://bot:{SECRET}@h.example/a/{SECRET}'"))
    assert hidden(f"no /a/{SECRET}, {SECRET}", shell.secrets) == "no (hidden), (hidden)"
    assert not NotifyTable().has_any
