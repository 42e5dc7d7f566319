"""The README is true: its commands, its keys, its pictures, what it says the program needs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from textual.binding import Binding
from textual.dom import DOMNode

from farmwatch.cli.main import cli
from farmwatch.ui.app import FarmwatchApp
from farmwatch.ui.screens.history.screen import HistoryScreen
from farmwatch.ui.screens.log.screen import LogScreen
from farmwatch.ui.screens.picker.screen import PickerScreen
from farmwatch.ui.screens.session.screen import SessionScreen
from farmwatch.ui.screens.why.screen import WhyScreen
from farmwatch.ui.widgets.log_panel import LogPanel
from farmwatch.ui.widgets.log_view import LogView
from farmwatch.words.text import lifecycle

HOLDERS = [FarmwatchApp, PickerScreen, SessionScreen, LogScreen, LogPanel, LogView, WhyScreen, HistoryScreen]

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_help_stands_in_it_as_it_is() -> None:
    shown = CliRunner().invoke(cli, ["-h"], prog_name="farmwatch", terminal_width=80).output
    assert f"$ farmwatch -h\n{shown.rstrip()}\n```" in README


@pytest.mark.parametrize("holder", HOLDERS)
def test_every_key_is_in_its_table(holder: type[DOMNode]) -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    in_table = {key for row in rows for key in re.findall(r"`([^`]+)`", row.split("|")[1])}
    for binding in holder.BINDINGS:
        assert isinstance(binding, Binding)
        if binding.tooltip:
            assert (binding.key_display or binding.key.partition(",")[0]) in in_table


def test_what_it_says_is_needed_is_what_is_asked() -> None:
    reading, acting = (json.loads(one) for one in re.findall(r"```json\n(.*?)```", README, re.DOTALL)[:2])
    source = (ROOT / "app/farmwatch/aws/client.py").read_text(encoding="utf-8")
    asked = set(re.findall(r'"((?:List|Get|Search|BatchGet)[A-Z]\w+)"', source))
    service = {"GetLogEvents": "logs"}
    assert {f"{service.get(name, 'deadline')}:{name}" for name in asked} == allowed_by(reading)
    changed = set(re.findall(r'"((?:Create|Update|Delete|Put|Associate)[A-Z]\w+)"', source))
    assert {f"deadline:{name}" for name in changed} == allowed_by(acting)


def allowed_by(policy: dict[str, Any]) -> set[str]:
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def test_the_roles_that_logs_are_read_with_stand_in_it() -> None:
    source = (ROOT / "app/farmwatch/aws/log_reader.py").read_text(encoding="utf-8")
    roles = set(re.findall(r'"(Assume\w+)"', source))
    assert len(roles) == 2
    assert all(f"`deadline:{role}`" in README for role in roles)


def test_the_words_of_the_lifecycle_are_those_of_the_screen() -> None:
    for status in ("STARTED", "UPDATE_IN_PROGRESS", "UPDATE_SUCCEEDED", "UPDATE_FAILED", "ENDED", "ANYTHING"):
        assert f"`{lifecycle(status)[0]}`" in README


def test_its_pictures_and_places_exist() -> None:
    places = re.findall(r"\]\((?!http)([^)]+)\)", README) + re.findall(
        r"^((?:app|styles|tests)\S*/)", README, re.M
    )
    assert len(places) > 6
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_every_make_target_it_names_is_there() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"`make (\w+)`|^make (\w+)", README, re.M))
    assert {one or other for one, other in named} <= targets
