"""The debug log: private, rotating, and without a secret."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from farmwatch.config import debug_log, private_log

TOKEN = "FwoGZXIvYXdzEXAMPLE" + "a1B2c3D4" * 12
_log = logging.getLogger("farmwatch.test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def written(folder: Path) -> Iterator[Path]:
    levels = {name: logging.getLogger(name).level for name in ("", "farmwatch", *debug_log.NOISY)}
    handler = debug_log.begin(debug=True, folder=folder)
    yield folder / "farmwatch.log"
    debug_log.end(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_it_is_not_there_before_there_is_something_to_write(written: Path) -> None:
    assert not written.exists()
    _log.debug("something")
    assert "DEBUG" in written.read_text()


@pytest.mark.skipif(os.name == "nt", reason="permissions of files are another thing on Windows")
def test_every_file_of_it_is_its_owners_alone(written: Path) -> None:
    for number in range(80):
        _log.warning("%d %s", number, "x y " * 4_000)
    files = sorted(written.parent.iterdir())
    assert len(files) > 1
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(file.stat().st_size <= private_log.LARGEST for file in files)


@pytest.mark.parametrize(
    "words",
    [f"x-amz-security-token: {TOKEN}", "key AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key=wJalrXUtnFEMIK7M"],
)
def test_secrets_are_hidden(written: Path, words: str) -> None:
    _log.warning("a credential process said %s", words)
    text = written.read_text()
    assert not any(secret in text for secret in (TOKEN, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMIK7M"))


def test_a_traceback_has_no_local_variables_and_hides_secrets(written: Path) -> None:
    password = "do-not-tell-anybody"
    try:
        raise ValueError(f"token={TOKEN}")
    except ValueError:
        _log.exception("it failed")
    text = written.read_text()
    assert "ValueError" in text
    assert password not in text.replace('password = "do-not-tell-anybody"', "")
    assert TOKEN not in text


def test_a_text_of_the_farm_is_one_record_and_has_no_control_characters(written: Path) -> None:
    _log.warning("job %s", "\x1b[31mred\x07\n2026-01-01 ERROR forged")
    text = written.read_text()
    assert "\x1b" not in text
    assert not any(line.startswith("2026-01-01 ERROR") for line in text.splitlines())


def test_what_botocore_says_at_debug_is_not_written(written: Path) -> None:
    logging.getLogger("botocore.endpoint").debug("a whole reply")
    logging.getLogger("botocore.endpoint").warning("a warning")
    assert "a whole reply" not in written.read_text()
    assert "a warning" in written.read_text()


def test_without_debug_there_are_warnings_only(folder: Path) -> None:
    handler = debug_log.begin(debug=False, folder=folder)
    _log.info("nothing of interest")
    _log.warning("something of interest")
    debug_log.end(handler)
    text = (folder / "farmwatch.log").read_text()
    assert "nothing of interest" not in text
    assert "something of interest" in text


def test_a_folder_that_cannot_be_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").write_text("a file")
    handler = debug_log.begin(debug=True, folder=tmp_path / "state")
    _log.warning("something")
    debug_log.end(handler)
    assert capsys.readouterr().err == ""
