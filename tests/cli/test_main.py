import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import farmwatch
from farmwatch.cli import demo
from farmwatch.cli import main as cli
from tests.canned import JOB_ID


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli.cli, list(arguments))


def test_the_version_is_told() -> None:
    assert run("--version").output == f"farmwatch, version {farmwatch.__version__}\n"


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_option(option: str) -> None:
    output = run(option).output
    names = (
        "profile",
        "region",
        "endpoint-url",
        "farm-id",
        "queue-id",
        "job-id",
        "session-id",
        "interval",
        "demo",
    )
    assert [name for name in names if f"--{name}" not in output] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--farm-id", "x"],
        ["--interval", "0"],
        ["--interval", "4000"],
        ["--interval", "soon"],
        ["--job-id", JOB_ID],
        ["--nonsense"],
        ["farm", "--port", "70000"],
        ["farm", "--night", "nowhere"],
    ],
)
def test_what_cannot_be_is_refused_with_exit_code_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_refusal_is_one_line() -> None:
    result = run("--farm-id", "x")
    assert result.output.count("\n") == 1
    assert result.output.startswith("farmwatch: --farm-id")


def test_without_the_extra_the_demo_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "is_installed", lambda: False)
    result = run("--demo")
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert "farmwatch[demo]" in result.output


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "farmwatch", "farm", "--port", str(taken.getsockname()[1])]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert result.stderr.startswith("farmwatch: port")
    assert result.stderr.count("\n") == 1


FIRST_FRAME = "farmwatch.cli.monitor, farmwatch.config.settings, farmwatch.ui.app, farmwatch.history.recorder"
FIRST_LINE = "farmwatch.cli.watch, farmwatch.aws.access, farmwatch.aws.connect, farmwatch.history.store"
"""What a start imports, with the screens until the first frame, without them until the first line."""


def imported(start: str, among: str) -> list[str]:
    """Those modules and packages of a list that a start imports."""
    code = f"import sys, farmwatch.cli.main, {start}; print(*(set({among.split()}) & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split()


def test_nothing_is_imported_before_the_first_frame_that_it_does_not_need() -> None:
    """boto3 takes as long to import as everything else together; moto is for the demo's own process."""
    dear = "boto3 botocore moto moto_deadline sqlite3 flask tomllib hashlib"
    later = "alerts actions words.requests monitor.own_watches notify.delivery ui.screens.details"
    assert imported(FIRST_FRAME, " ".join((dear, *(f"farmwatch.{one}" for one in later.split())))) == []


def test_a_frame_does_not_wait_to_be_written_for_a_thread_that_computes(tmp_path: Path) -> None:
    code = (
        "import sys; from farmwatch.cli.main import cli; from farmwatch.ui.app import FarmwatchApp;"
        "FarmwatchApp.run = lambda app: print(sys.getswitchinterval()); cli(['--fresh'])"
    )
    variables = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, env=variables, check=False)
    assert float(shown.stdout) <= 0.001, shown.stderr


def test_nothing_is_imported_before_the_first_line_that_it_does_not_need() -> None:
    dear = "moto textual rich asyncio tomllib"
    assert imported(FIRST_LINE, dear) == []


@pytest.mark.parametrize("start", [FIRST_FRAME, FIRST_LINE])
def test_no_dataclass_is_made_at_a_start(start: str) -> None:
    """To make one takes as long as to import two modules; a `msgspec.Struct` takes a tenth of that."""
    code = (
        f"import sys, farmwatch.cli.main, {start};"
        "classes = {value for name, module in sys.modules.items() if name.startswith('farmwatch')"
        " for value in vars(module).values() if isinstance(value, type)};"
        "print(*(one for one in classes if '__dataclass_fields__' in vars(one)"
        " and one.__module__.startswith('farmwatch')))"
    )
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert shown.stdout.split() == []
