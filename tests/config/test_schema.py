"""The settings file: what it may say, and what is told where it says something else."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from farmwatch.cli.main import cli
from farmwatch.config.notify_table import NotifyTable, TargetTable
from farmwatch.config.rules_table import SessionRulesTable
from farmwatch.config.schema import (
    BadSetting,
    ConnectionTable,
    LogsTable,
    SettingsFile,
    default_path,
    example,
    read,
    table,
)
from farmwatch.config.settings import resolve
from farmwatch.logs.parsing import Severities, Severity

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_it_need_not_be_there(file: Path) -> None:
    assert read(file) == SettingsFile()
    assert read(file / "below a file") == SettingsFile()


def test_it_lies_where_the_platform_keeps_such_files(own_home: Path) -> None:
    assert default_path({}).is_relative_to(own_home)
    assert default_path({}).parts[-2:] == ("farmwatch", "config.toml")
    assert default_path({"FARMWATCH_CONFIG": "~/mine.toml"}) == own_home / "mine.toml"


def test_what_it_says_holds(file: Path) -> None:
    file.write_text(
        'interval = 7\n[logs]\nrequests_per_second = 0.5\nerror_words = ["kaputt"]\nwarning_words = []\n'
    )
    assert read(file) == SettingsFile(7.0, logs=LogsTable(0.5, ("kaputt",), ()))


def test_an_option_goes_before_it(own_home: Path, file: Path) -> None:
    file.write_text("interval = 7")
    environ = {"FARMWATCH_CONFIG": str(file)}
    assert resolve(environ=environ, home=own_home).interval.total_seconds() == 7
    assert resolve(environ=environ, home=own_home, interval=3).interval.total_seconds() == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("interval = ", "is not TOML"),
        ("interval = 0", "interval is 0; a number from 1 to 3600 is wanted"),
        ("interval = nan", "interval is nan"),
        ("interval = true", "interval is True"),
        ('interval = "2"', "interval is '2'"),
        (
            "intervall = 2",
            "intervall is not known here; what is: [alerts], [connections], [history]",
        ),
        ("logs = 2", "[logs] is not a table"),
        ("actions = 1", "actions is 1; true or false is wanted"),
        ("[logs]\nrequests = 2", "logs.requests is not known here"),
        ("[logs]\nrequests_per_second = 31", "logs.requests_per_second is 31; a number from 0.1 to 30"),
        ('[logs]\nerror_words = "ERROR"', "logs.error_words is not a list of words"),
        ('[logs]\nerror_words = [""]', "logs.error_words is not a list of words"),
        ("[logs]\nwarning_words = [7]", "logs.warning_words is not a list of words"),
    ],
)
def test_what_is_not_understood_is_told_with_its_place(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    with pytest.raises(BadSetting, match=re.escape(told)) as error:
        read(file)
    assert str(error.value).startswith(str(file))
    assert "\n" not in str(error.value)


def test_what_cannot_be_read_is_told(file: Path) -> None:
    file.mkdir()
    with pytest.raises(BadSetting, match="cannot be read"):
        read(file)


def test_the_command_refuses_it_in_one_line(file: Path) -> None:
    file.write_text("interval = 0")
    ran = CliRunner().invoke(cli, [], env={"FARMWATCH_CONFIG": str(file)})
    assert ran.exit_code == 2
    assert "interval is 0" in ran.output


def test_the_file_in_the_readme_says_what_holds_without_it(file: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    file.write_text(text, encoding="utf-8")
    assert read(file).connections == {"west": ConnectionTable("studio", "us-west-2")}


def test_words_of_ones_own_make_errors() -> None:
    assert Severities.of(("kaputt",), ()).of_line("alles kaputt") is Severity.ERROR
    assert Severities.of().of_line("ERROR: x") is Severity.ERROR


def test_the_readme_has_the_table_of_settings() -> None:
    assert table() in README.read_text(encoding="utf-8")


def test_the_example_with_all_comments_taken_away_says_the_defaults(file: Path) -> None:
    lines = [line.removeprefix("# ") for line in example().splitlines()]
    said = [line for line in lines if line.startswith("[") or re.match(r"\w+ = ", line)]
    # A target has to be something.
    text = "\n".join(said).replace('webhook = ""', 'webhook = "https://hooks.example/"')
    file.write_text(text, encoding="utf-8")
    west = NotifyTable(targets={"west": TargetTable(webhook="https://hooks.example/")})
    assert read(file) == SettingsFile(connections={"west": ConnectionTable()}, notify=west)


def test_the_example_as_it_is_changes_nothing(file: Path) -> None:
    file.write_text(example(), encoding="utf-8")
    assert read(file) == SettingsFile()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[connections]\nwest = 1", "[connections.west] is not a table"),
        ("[connections.'a b']", "connections.'a b' is no name for a connection"),
        ("[connections.west]\nprofil = 'x'", "connections.west.profil is not known here"),
        ("[connections.west]\nregion = 'here'", "connections.west.region is 'here'; the name of a region"),
        ("[connections.west]\nendpoint_url = 'ftp://x'", "a URL that begins with http:// or https://"),
        ("[connections.west]\nfarm = 'farm-1'", "farm- and 32 digits of 0-9 and a-f is wanted"),
        ("[keys]\nrefresh = 5", "keys.refresh is 5; the names of keys"),
        ("keys = 'x'", "[keys] is not a table"),
        ("a = 1\n\nb = \n", "line 3"),
    ],
)
def test_connections_and_keys_are_checked_too(file: Path, text: str, told: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadSetting, match=re.escape(told)):
        read(file)


def test_thresholds_are_for_all_for_a_queue_and_for_jobs(file: Path) -> None:
    file.write_text(
        "[rules]\nsilent = 20\nsiblings = 5\n"
        '[rules.queue."light ing.v2"]\nsilent = 5\n'
        '[rules.job."comp_*"]\nfrozen_times = 4.5\n',
        encoding="utf-8",
    )
    rules = read(file).rules
    assert (rules.silent, rules.siblings, rules.frozen) == (20, 5, 20)
    assert rules.queue == {"light ing.v2": SessionRulesTable(silent=5)}
    assert rules.job == {"comp_*": SessionRulesTable(frozen_times=4.5)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rules = 1", "[rules] is not a table"),
        ("[rules]\nqueue = 1", "[rules.queue] is not a table"),
        ("[rules.queue]\nfx = 1", "[rules.queue.fx] is not a table"),
        ("[rules]\nsilence = 1", "rules.silence is not known here; what is: rules.bad_worker, "),
        ("[rules]\nsilent = 0.5", "rules.silent is 0.5; a number from 1 to 10080 is wanted"),
        ("[rules]\nsilent = nan", "rules.silent is nan"),
        ("[rules]\nsiblings = 2.5", "rules.siblings is 2.5; a whole number from 1 to 50 is wanted"),
        ("[rules.queue.'a.b']\nsilent = 'x'", "rules.queue.a.b.silent is 'x'; a number from 1 to 10080"),
        ("[rules.job.'a*']\nsilent_share = 2", "rules.job.a*.silent_share is 2; a number from 0.01 to 1"),
        ("[rules.job.'a*']\nsilent = nan", "rules.job.a*.silent is nan"),
        (
            "[rules.job.'a*']\nsilence = 2",
            "rules.job.a*.silence is not known here; what is: silent, silent_share, frozen",
        ),
        ("[rules.queue.fx]\npoison_task = 2", "rules.queue.fx.poison_task is not known here"),
    ],
)
def test_thresholds_are_checked_too(file: Path, text: str, told: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadSetting, match=re.escape(told)):
        read(file)
