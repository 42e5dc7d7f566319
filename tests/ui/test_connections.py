"""Several connections: a list of them, each with its own state, and one more while the program runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from textual.widgets import OptionList

from farmwatch.aws.model import Farm, FaultKind, Page
from farmwatch.config.schema import ConnectionTable, default_path, read
from farmwatch.config.settings import ConnectionSettings, Settings
from farmwatch.ui.screens.connect import ConnectScreen
from tests.canned import FARM_ID, QUEUE_ID, START, CannedFarm, a_fault
from tests.ui.stage import on_stage

FARM = Farm(FARM_ID, "Northlight", START, "jo")

SEVERAL = Settings(
    (
        ConnectionSettings("west", "studio", "us-west-2"),
        ConnectionSettings("east", "night", "us-east-1"),
        ConnectionSettings("own", farm_id=FARM_ID, queue_id=QUEUE_ID),
    )
)


def farms() -> Mapping[str, CannedFarm]:
    return {
        "west": CannedFarm(farms=Page((FARM, FARM))),
        "east": CannedFarm(farms=a_fault(FaultKind.DENIED, operation="ListFarms")),
        "own": CannedFarm(farms=a_fault(FaultKind.DENIED), farm=FARM, queues=Page(())),
    }


async def test_it_starts_with_the_connections_and_says_which_is_in_trouble() -> None:
    async with on_stage(farms(), SEVERAL) as stage:
        await stage.move(3)
        rows = {line[3:].split()[0]: line for line in stage.part("#table").splitlines()[1:4]}
        assert "answers" in rows["west"]
        assert "✗ DENIED" in rows["east"]
        assert a_fault(FaultKind.DENIED).remedy[:11] in rows["east"]
        assert "answers" in rows["own"]
        assert "1 of 3 connections in trouble" in stage.line(0)


async def test_one_goes_in_and_comes_back_to_the_row() -> None:
    async with on_stage(farms(), SEVERAL) as stage:
        await stage.move(3)
        await stage.press("end", "enter")
        assert "Connections › west" in stage.line(1)
        assert "Northlight" in stage.text
        assert "west" in stage.line(0)
        assert "in trouble" in stage.line(0)
        await stage.press("escape")
        assert "▸ west" in stage.text


async def test_a_connection_opens_at_its_own_queue() -> None:
    async with on_stage(farms(), SEVERAL) as stage:
        await stage.move(3)
        await stage.press("down", "enter")
        assert "Connections › own › Northlight › queue-" in stage.line(1)
        await stage.press("escape", "escape", "escape")
        assert "▸ own" in stage.text


async def test_with_a_single_connection_there_is_no_such_level() -> None:
    async with on_stage(CannedFarm(farms=Page((FARM,)))) as stage:
        assert stage.line(1).split() == ["Farms"]
        await stage.press("escape")
        assert "Northlight" in stage.text


async def test_a_connection_that_comes_back_is_told_so() -> None:
    east = CannedFarm(farms=[a_fault(FaultKind.LOGIN), Page((FARM,))])
    async with on_stage({**farms(), "east": east}, SEVERAL) as stage:
        await stage.move(2)
        assert "LOGIN NEEDED" in stage.text
        await stage.move(90)
        assert "LOGIN NEEDED" not in stage.text
        assert "in trouble" not in stage.line(0)


@pytest.fixture
def profiles(own_home: Path) -> Path:
    config = own_home / ".aws" / "config"
    config.parent.mkdir()
    config.write_text("[profile night]\nregion = us-east-1\n[profile studio]\n")
    deadline = own_home / ".deadline" / "config"
    deadline.parent.mkdir()
    deadline.write_text(
        f"[profile-studio defaults]\nfarm_id = {FARM_ID}\n"
        f"[profile-studio {FARM_ID} defaults]\nfarm_region = eu-west-1\n"
    )
    return own_home


async def test_a_connection_is_added_while_it_runs(profiles: Path) -> None:
    async with on_stage({"default": farms()["west"], "night-us-east-1": farms()["west"]}) as stage:
        await stage.press("f3")
        assert isinstance(stage.app.screen, ConnectScreen)
        choices = stage.app.screen.query_one(OptionList)
        await stage.wait_for(lambda: choices.option_count == 3)
        await stage.press("down", "enter", "enter", "enter")
        await stage.move(3)
        assert "▸" in stage.text
        assert "night-us-east-1" in stage.text
        assert stage.line(1).split() == ["Connections"]
        assert not default_path({}).exists(), "for this run was chosen"


async def test_it_can_be_kept_in_the_settings(profiles: Path) -> None:
    path = default_path({})
    path.parent.mkdir(parents=True)
    path.write_text("interval = 3  # as ever\n")
    async with on_stage(farms()["west"]) as stage:
        await stage.press("f3")
        choices = stage.app.screen.query_one(OptionList)
        await stage.wait_for(lambda: choices.option_count == 3)
        await stage.press("end", "enter", "enter", "down", "enter")
        await stage.move(2)
    assert path.read_text().startswith("interval = 3  # as ever\n")
    # The region is that of the deadline command's default farm.
    assert read(path).connections == {"studio-eu-west-1": ConnectionTable("studio", "eu-west-1")}


async def test_a_settings_file_that_cannot_be_written_keeps_the_question(profiles: Path) -> None:
    path = default_path({})
    path.parent.mkdir(parents=True)
    path.write_text("interval = \n")
    async with on_stage(farms()["west"]) as stage:
        await stage.press("f3")
        choices = stage.app.screen.query_one(OptionList)
        await stage.wait_for(lambda: choices.option_count == 3)
        await stage.press("end", "enter", "enter", "down", "enter")
        assert "Not kept" in stage.text
        assert isinstance(stage.app.screen, ConnectScreen)
        await stage.press("escape", "escape", "escape")
        assert not isinstance(stage.app.screen, ConnectScreen)
    assert path.read_text() == "interval = \n"
