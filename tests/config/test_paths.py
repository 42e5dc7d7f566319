"""The state folder and its files are their owner's alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from farmwatch.config.paths import create_private, make_private, state_folder

posix = pytest.mark.skipif(os.name == "nt", reason="permissions of files are another thing on Windows")


def test_the_state_folder_is_the_platforms_unless_another_is_chosen(own_home: Path, tmp_path: Path) -> None:
    assert own_home in state_folder({}).parents or os.name == "nt"
    assert state_folder({"FARMWATCH_STATE": str(tmp_path)}) == tmp_path


@posix
def test_folder_and_file_are_private_whatever_the_umask_says(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        folder = make_private(tmp_path / "some" / "farmwatch")
        os.close(create_private(folder / "history.sqlite"))
    finally:
        os.umask(former)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "history.sqlite").stat().st_mode) == 0o600


@posix
def test_a_link_in_the_place_of_a_new_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        create_private(tmp_path / "link")
    assert not (tmp_path / "elsewhere").exists()
