"""What a demonstration leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from farmwatch.cli import demo


@pytest.mark.skipif(os.name != "posix", reason="on Windows nobody can be asked whether a process lives")
def test_what_killed_demonstrations_have_left_goes_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    of_killed = tmp_path / f"{demo.FOLDERS}{ended.pid}-abc"
    of_another = tmp_path / f"{demo.FOLDERS}abc"
    for folder in (of_killed, of_another):
        folder.mkdir()
        (folder / "history.sqlite").write_text("")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("")
    link = tmp_path / f"{demo.FOLDERS}{ended.pid}-link"
    link.symlink_to(precious)
    own = demo.make_folder()
    assert own.stat().st_mode & 0o777 == 0o700
    assert demo.make_folder() != own
    assert own.is_dir()
    assert not of_killed.exists()
    assert of_another.is_dir()
    assert (precious / "file").is_file()
