"""``farmwatch rules``: the rules of trouble, and how they did."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from msgspec.structs import replace

from farmwatch.cli import main as cli
from farmwatch.config.state import StateFile, state_file
from farmwatch.rules.rules import EVERY_RULE


def lines(settings: Path | None = None) -> dict[str, str]:
    """What is printed of each rule."""
    env = {} if settings is None else {"FARMWATCH_CONFIG": str(settings)}
    result = CliRunner().invoke(cli.cli, ["rules"], env=env)
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


def test_the_thresholds_are_those_in_force_and_others_are_told_too(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[rules]\nsilent = 7\n[rules.queue.fx]\nsilent = 60\n[rules.job."comp_*"]\n')
    assert "no log line for 7 min" in lines(file)["silent"]
    result = CliRunner().invoke(cli.cli, ["rules"], env={"FARMWATCH_CONFIG": str(file)})
    assert 'queue "fx": silent 60' in result.output
    assert 'job "comp_*": as all others' in result.output
    file.write_text("[rules]\nsilent = 0\n")
    result = CliRunner().invoke(cli.cli, ["rules"], env={"FARMWATCH_CONFIG": str(file)})
    assert result.exit_code == 2
    assert "rules.silent is 0; a number from 1 to 10080 is wanted" in result.output


def test_the_settings_that_are_in_force_have_the_thresholds_too(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[rules]\nsilent = 7\n[rules.queue.fx]\nfrozen = 60\n")
    told = CliRunner().invoke(cli.cli, ["config"], env={"FARMWATCH_CONFIG": str(file)}).output.splitlines()
    silent = next(line for line in told if line.startswith("silent = 7"))
    assert silent.endswith(str(file))
    assert next(line for line in told if line.startswith("silent_share")).endswith("# default")
    at = told.index('[rules.queue."fx"]')
    assert told[at + 1].startswith("frozen = 60 ")
