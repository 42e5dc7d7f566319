"""What is remembered from one run to the next."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from farmwatch.config.state import KeptMark, KeptPlace, KeptState, StateFile

MARK = KeptMark("west", ("farm-" + "1" * 32,), "a job", datetime(2026, 3, 14, tzinfo=UTC))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.json"


def changed(path: Path | None, **members: object) -> StateFile:
    file = StateFile(path)
    file.change(lambda state: replace(state, **members))
    file.close(60)
    return file


def test_what_was_changed_is_there_the_next_time(path: Path) -> None:
    changed(path, theme="nord", orders={"jobs": ("name", True)}, hidden={"jobs": ("by",)}, marks=(MARK,))
    state = StateFile(path).state
    assert (state.theme, state.orders, state.hidden) == ("nord", {"jobs": ("name", True)}, {"jobs": ("by",)})
    assert state.marks == (MARK,)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_programs_write_into_one_file_what_each_has_changed(path: Path) -> None:
    one, other = StateFile(path), StateFile(path)
    one.change(lambda state: replace(state, theme="nord"))
    one.close(60)
    other.change(lambda state: replace(state, place=KeptPlace("west")))
    other.close(60)
    assert StateFile(path).state == KeptState(theme="nord", place=KeptPlace("west"))
    assert one.read_again().place == KeptPlace("west")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"marks": 1}', b"\xff\xfe", b'{"place": {"ids": []}}', b"[" * 100_000]
)
def test_a_damaged_file_costs_its_content_and_a_word(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    file = StateFile(path)
    assert file.state == KeptState()
    assert "damaged" in file.notice
    assert path.with_name("state.json.damaged").read_bytes() == content
    file.change(lambda state: replace(state, theme="nord"))
    file.close(60)
    assert StateFile(path).state.theme == "nord"


@given(content=st.binary(max_size=300))
def test_no_content_whatever_ends_the_program(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("state") / "state.json"
    path.write_bytes(content)
    assert isinstance(StateFile(path).state, KeptState)


def test_a_newer_file_keeps_what_is_known_of_it(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"version": 2, "theme": "nord", "of a later time": []}')
    assert StateFile(path).state.theme == "nord"


def test_what_cannot_be_written_is_said_and_holds_for_this_run(path: Path) -> None:
    path.parent.write_text("a file where the folder should be")
    file = changed(path, theme="nord")
    assert file.state.theme == "nord"
    assert "cannot be" in file.notice


def test_without_a_path_nothing_is_written() -> None:
    assert changed(None, theme="nord").state.theme == "nord"


def test_without_a_path_what_was_chosen_holds_for_this_run() -> None:
    file = StateFile(None)
    file.change(lambda state: replace(state, theme="nord"))
    assert file.read_again().theme == "nord"


def test_what_changes_nothing_writes_nothing(path: Path) -> None:
    changed(path)
    assert not path.exists()


def test_what_could_not_be_written_is_written_with_the_next_change(path: Path) -> None:
    path.parent.write_text("a file where the folder should be")
    file = changed(path, theme="nord")
    assert "cannot be written" in file.notice
    path.parent.unlink()
    file.change(lambda state: replace(state, place=KeptPlace("west")))
    file.close(60)
    assert StateFile(path).state == KeptState(theme="nord", place=KeptPlace("west"))


def test_a_file_that_cannot_be_read_just_now_is_not_written_over(path: Path) -> None:
    file = changed(path, marks=(MARK,))
    path.rename(path.with_name("away"))
    path.mkdir()
    assert file.read_again().marks == (MARK,)
    file.change(lambda state: replace(state, theme="nord"))
    file.close(60)
    path.rmdir()
    path.with_name("away").rename(path)
    file.change(lambda state: replace(state, orders={"jobs": ("name", False)}))
    file.close(60)
    state = StateFile(path).state
    assert (state.marks, state.theme, state.orders) == ((MARK,), "nord", {"jobs": ("name", False)})


def test_nothing_is_written_into_the_file_of_a_newer_version(path: Path) -> None:
    path.parent.mkdir()
    text = '{"version": 2, "theme": "nord", "of a later time": []}'
    path.write_text(text)
    assert "newer Farmwatch" in changed(path, theme="gruvbox").notice
    assert path.read_text() == text
