"""``farmwatch rules``: the rules of trouble, and how they did."""

from __future__ import annotations

from click.testing import CliRunner
from msgspec.structs import replace

from farmwatch.cli import main as cli
from farmwatch.config.state import StateFile, state_file
from farmwatch.rules.rules import EVERY_RULE


def lines() -> dict[str, str]:
    """What is printed of each rule."""
    result = CliRunner().invoke(cli.cli, ["rules"])
    assert result.exit_code == 0
    return {
        name: line for line in result.output.splitlines() for name, _ in EVERY_RULE if line.startswith(name)
    }


def test_every_rule_is_told_with_its_thresholds() -> None:
    told = lines()
    assert len(told) == len(EVERY_RULE)
    assert told["silent"].endswith("no log line for 30 min, and for 50 % of the run")
    assert told["silent"].split()[1:3] == ["0", "0"]
    assert not state_file().exists(), "looking makes nothing"


def test_how_often_a_rule_fired_and_was_contradicted_is_what_the_wall_has_kept() -> None:
    file = StateFile(state_file())
    file.change(
        lambda state: replace(state, rules={"silent": (1234, 5), "a rule of a newer version": (1, 1)})
    )
    file.close(60)
    assert lines()["silent"].split()[1:3] == ["1,234", "5"]
