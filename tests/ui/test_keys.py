"""Keys of one's own: refused where they do not hold together, and shown everywhere as they are in force."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from textual.binding import Binding
from textual.dom import DOMNode

from farmwatch.aws.model import Farm, Page
from farmwatch.cli.main import cli
from farmwatch.config.schema import SettingsFile, understand
from farmwatch.config.settings import Settings
from farmwatch.ui.app import FarmwatchApp
from farmwatch.ui.keymap import PAGES, SCOPES, BadKeys, all_bindings, check, differences, example, is_key
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, SESSION_ID, START, CannedFarm, a_session
from tests.ui.stage import on_stage

AT_SESSION = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID, session_id=SESSION_ID)
FARM = Farm(FARM_ID, "Northlight", START, "jo")
SEVERAL: list[type[DOMNode]] = [
    holder for holders in (*SCOPES.values(), *PAGES.values()) for holder in holders
]
HOLDERS: list[type[DOMNode]] = list(dict.fromkeys([FarmwatchApp, *SEVERAL]))


@pytest.mark.parametrize("holder", HOLDERS)
def test_every_binding_has_an_id(holder: type[DOMNode]) -> None:
    for binding in holder.BINDINGS:
        assert isinstance(binding, Binding)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", binding.id or ""), binding


def test_those_that_share_a_key_of_one_widget_share_its_id() -> None:
    # Textual takes a key away from all that hold it, when one of them gets another.
    for holder in HOLDERS:
        by_key: dict[str, set[str | None]] = {}
        for binding in holder.BINDINGS:
            assert isinstance(binding, Binding)
            for key in binding.key.split(","):
                by_key.setdefault(key, set()).add(binding.id)
        assert all(len(ids) == 1 for ids in by_key.values()), (holder, by_key)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"refesh": "f5"}, "keys.refesh is no key binding; like it: refresh"),
        ({"zzzzzzzz": "f5"}, "keys.zzzzzzzz is no key binding; farmwatch config --example lists them"),
        ({"refresh": "hello"}, "keys.refresh: 'hello' is no key"),
        ({"refresh": ""}, "keys.refresh: '' is no key"),
        ({"refresh": "p"}, "keys.refresh: p is the key of pause already"),
        ({"search": "?"}, "keys.search: question_mark is the key of help already (log)"),
        ({"refresh": "f5", "pause": "f5"}, "is the key of"),
        ({"refresh": "ctrl+c"}, "keys.refresh: ctrl+c is taken by the program itself"),
    ],
)
def test_what_does_not_hold_together_is_refused(keys: dict[str, str], told: str) -> None:
    with pytest.raises(BadKeys, match=re.escape(told)):
        check(keys)


@pytest.mark.parametrize(
    "keys",
    [{"refresh": "f5"}, {"refresh": "p", "pause": "r"}, {"search": "f7,ctrl+f"}, {"why": "dollar_sign"}],
)
def test_what_holds_together_is_taken(keys: dict[str, str]) -> None:
    check(keys)


def test_the_program_ends_at_the_start_with_one_line(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[keys]\nrefresh = "p"\n')
    for command in ([], ["config"]):
        ran = CliRunner().invoke(cli, command, env={"FARMWATCH_CONFIG": str(path)})
        assert ran.exit_code == 2
        assert ran.output.strip().endswith("keys.refresh: p is the key of pause already (lists)")


def test_the_example_of_keys_says_what_holds_without_it() -> None:
    text = "[keys]\n" + "\n".join(line.removeprefix("# ") for line in example().splitlines())
    keys = understand(text, Path("f")).keys
    check(keys)
    known = all_bindings()
    assert all({one.key for one in known[name]} == set(value.split(",")) for name, value in keys.items())
    assert SettingsFile().keys == {}


async def test_a_remapped_key_works_everywhere_it_is_shown() -> None:
    keys = {"pause": "f6", "help": "f1", "quit": "f10", "search": "f7", "sort": "f4", "back": "b"}
    settings = Settings(keys=keys, farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID, session_id=SESSION_ID)
    farm = CannedFarm(session=a_session(), farms=Page((FARM,)))
    async with on_stage(farm, settings, size=(120, 60)) as stage:
        assert "f6 Pause" in stage.lines[-1]
        assert "f1 Help" in stage.lines[-1]
        await stage.press("p")
        assert "paused" not in stage.text
        await stage.press("f6")
        assert "paused: f6 goes on" in stage.text
        await stage.press("f6", "f1")
        assert re.search(r"f6 +Pause or resume", stage.text)
        await stage.press("escape", "l")
        assert "f7 Search" in stage.lines[-1]
        await stage.press("f7")
        await stage.press("x", "enter")
        assert "No match for" in stage.text or "x" in stage.text
        await stage.press("b", "b")
        before = stage.line(1)
        await stage.press("b")
        assert stage.line(1) != before, "the new key of going back does so on the session screen too"


async def test_it_is_known_when_a_key_was_pressed_last() -> None:
    """Nobody is to wait for what can be done while nobody is there."""
    async with on_stage(CannedFarm(farms=Page((FARM,)))) as stage:
        await stage.move(2)
        before = stage.app.pressed_at
        await stage.press("down")
        assert stage.app.pressed_at > before


async def test_help_says_where_a_key_means_something_else() -> None:
    async with on_stage(CannedFarm(farms=Page((FARM,))), size=(120, 70)) as stage:
        await stage.press("question_mark")
        await stage.press("end")
        assert "Sort (lists) · Save (log) · Since (history)" in stage.text
        for meanings in differences({}).values():
            assert " · ".join(f"{words} ({scope})" for scope, words in meanings) in stage.text


@pytest.mark.parametrize("name", ["x", "f5", "ctrl+r", "question_mark", "shift+tab", "Z", "pageup"])
def test_names_of_keys(name: str) -> None:
    assert is_key(name)


@pytest.mark.parametrize("name", ["", "hello", "ctrl+", "strg+x", "ctrl+hello"])
def test_names_of_no_keys(name: str) -> None:
    assert not is_key(name)


@pytest.mark.parametrize("is_ascii", [False, True])
async def test_a_dialog_calls_enter_by_a_word_where_the_terminal_has_no_sign_for_it(
    is_ascii: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {**(FarmwatchApp.__init__.__kwdefaults__ or {}), "ascii_only": is_ascii}
    monkeypatch.setattr(FarmwatchApp.__init__, "__kwdefaults__", given)
    settings = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID, session_id=SESSION_ID)
    async with on_stage(CannedFarm(session=a_session(), farms=Page((FARM,))), settings) as stage:
        for pressed, does in (("colon", "goes"), ("f3", "chooses"), ("exclamation_mark", "waits for it")):
            await stage.press(pressed)
            assert f"{'enter' if is_ascii else '⏎'} {does}   " in stage.text
            await stage.press("escape")


async def test_help_has_the_keys_of_farmwatch_alone() -> None:
    async with on_stage(CannedFarm(farms=Page((FARM,))), size=(120, 60)) as stage:
        await stage.press("question_mark")
        assert re.search(r"q +Leave Farmwatch", stage.text)
        assert "Quit the app" not in stage.text
        await stage.press("escape", "ctrl+q")
        assert stage.app.return_code == 0
