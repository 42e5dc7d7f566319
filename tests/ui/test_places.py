"""Going back, forward and to the last place, through the places that were visited."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from farmwatch.aws.model import Farm, Page, Queue
from farmwatch.config.settings import ConnectionSettings, Settings
from farmwatch.listings.place import Place
from farmwatch.ui.screens.picker.screen import PickerScreen
from farmwatch.ui.visited import MOST, Visited
from tests.canned import FARM_ID, JOB_ID, QUEUE_ID, SESSION_ID, START, CannedFarm, a_job, a_session, a_summary
from tests.ui.stage import Stage, on_stage

A, B, C, D = (Place("default", f"farm-{letter}") for letter in "abcd")
OTHER_QUEUE_ID = f"queue-{7:032x}"
FARM = Farm(FARM_ID, "Northlight", START, "mira")
QUEUES = Page(
    (
        Queue(OTHER_QUEUE_ID, "fx", "SCHEDULING", None, START, "mira"),
        Queue(QUEUE_ID, "lighting", "SCHEDULING", None, START, "mira"),
    )
)


def a_farm() -> CannedFarm:
    return CannedFarm(
        farms=Page((FARM,)),
        farm=FARM,
        queues=QUEUES,
        queue=lambda _, queue_id: next(one for one in QUEUES.items if one.queue_id == queue_id),
        search_jobs=Page((a_job(1, job_id=JOB_ID, name="sq010_lgt"),), None, 1),
        job=a_job(1, job_id=JOB_ID, name="sq010_lgt"),
        sessions=Page((a_summary(1, session_id=SESSION_ID),)),
        session=a_session(),
    )


def crumbs(stage: Stage) -> list[str]:
    return [one.strip() for one in stage.line(1).split("›")]


async def press(stage: Stage, *keys: str) -> None:
    """Press keys, and have what each leads to loaded before the next."""
    for key in keys:
        await stage.press(key)


# --- what was visited ---------------------------------------------------------------------------------


def test_one_goes_back_and_forward_as_in_a_browser() -> None:
    visited = Visited()
    for place in (A, B, C):
        visited.arrive(place)
    assert [visited.step(-1), visited.step(-1), visited.step(-1)] == [B, A, None]
    assert [visited.step(1), visited.step(1), visited.step(1)] == [B, C, None]


def test_a_new_place_after_going_back_drops_what_was_ahead() -> None:
    visited = Visited()
    for place in (A, B, C):
        visited.arrive(place)
    visited.step(-1)
    visited.arrive(D)
    assert visited.step(1) is None
    assert visited.places == [A, B, D]


def test_a_place_that_is_shown_already_is_no_new_one() -> None:
    visited = Visited()
    for place in (A, B, B, C):
        visited.arrive(place)
    visited.step(-1)
    visited.arrive(B)
    assert visited.step(1) == C


def test_the_last_place_is_gone_to_and_back_again_and_drops_nothing() -> None:
    visited = Visited()
    assert visited.last() is None
    for place in (A, B, C):
        visited.arrive(place)
    assert [visited.last(), visited.last(), visited.last()] == [B, C, B]
    assert visited.places == [A, B, C]


def test_the_last_place_may_be_one_that_was_gone_back_from_over_several() -> None:
    visited = Visited()
    for place in (A, B, C):
        visited.arrive(place)
    visited.arrive(A)
    visited.step(-3)
    assert visited.last() == A


def test_only_so_many_places_are_remembered() -> None:
    visited = Visited()
    for number in range(MOST + 10):
        visited.arrive(Place("default", f"farm-{number}"))
    assert len(visited.places) == MOST
    assert visited.step(-1) == Place("default", f"farm-{MOST + 8}")


# --- with keys ----------------------------------------------------------------------------------------


async def test_brackets_go_back_and_forward_through_the_places() -> None:
    async with on_stage(a_farm()) as stage:
        await press(stage, "enter", "enter", "escape", "end", "enter")
        assert crumbs(stage) == ["Farms", "Northlight", "lighting"]
        await press(stage, "left_square_bracket", "left_square_bracket")
        assert crumbs(stage) == ["Farms", "Northlight", "fx"]
        await press(stage, "right_square_bracket", "right_square_bracket")
        assert crumbs(stage) == ["Farms", "Northlight", "lighting"]
        await stage.press("right_square_bracket")
        await stage.wait_for(lambda: "No place was visited after this one." in stage.text)
        assert crumbs(stage) == ["Farms", "Northlight", "lighting"]


async def test_the_last_place_is_one_key_away_and_so_is_this_one() -> None:
    async with on_stage(a_farm()) as stage:
        await stage.press("minus")
        await stage.wait_for(lambda: "No other place has been visited yet." in stage.text)
        await press(stage, "enter", "enter", "escape", "end", "enter", "escape")
        await stage.press("minus")
        assert crumbs(stage) == ["Farms", "Northlight", "lighting"]
        await stage.press("minus")
        assert crumbs(stage) == ["Farms", "Northlight"]
        assert "▸ lighting" in stage.text, "the cursor is where one came from"


@pytest.mark.long
async def test_a_jump_lies_over_what_it_belongs_to_and_piles_up_no_screens() -> None:
    async with on_stage(a_farm()) as stage:
        session = Place("default", FARM_ID, QUEUE_ID, JOB_ID, SESSION_ID)
        await stage.app.jump_to(session)
        await stage.poll()
        assert crumbs(stage) == ["Farms", "Northlight", "lighting", "sq010_lgt", "session-61e4f386"]
        for _ in range(5):
            await stage.app.jump_to(Place("default", FARM_ID, OTHER_QUEUE_ID))
            await stage.app.jump_to(session)
            await stage.poll()
        assert len(stage.app.screen_stack) == 2
        await press(stage, "escape", "escape")
        assert crumbs(stage) == ["Farms", "Northlight", "lighting"]


async def test_from_a_log_a_jump_to_its_session_leaves_the_log() -> None:
    async with on_stage(a_farm(), Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID)) as stage:
        await press(stage, "enter", "l")
        assert crumbs(stage)[-1].startswith("session log")
        await stage.app.jump_to(Place("default", FARM_ID, QUEUE_ID, JOB_ID, SESSION_ID))
        await stage.poll()
        assert crumbs(stage)[-1] == "session-61e4f386"
        await press(stage, "l", "left_square_bracket")
        assert crumbs(stage)[-1] == "sq010_lgt"


async def test_a_screen_that_the_program_began_with_shows_again_what_it_showed() -> None:
    one = ConnectionSettings("west", farm_id=FARM_ID, queue_id=QUEUE_ID)
    async with on_stage({"west": a_farm()}, Settings((one,), farm_id=FARM_ID, queue_id=QUEUE_ID)) as stage:
        await stage.poll()
        await stage.app.jump_to(Place("west", FARM_ID, OTHER_QUEUE_ID))
        await stage.poll()
        assert crumbs(stage)[-1] == "fx"
        await stage.press("left_square_bracket")
        assert crumbs(stage)[-1] == "lighting"
        asked = stage.farm["west"].count("search_jobs")
        await stage.move(10)
        assert stage.farm["west"].count("search_jobs") > asked


@pytest.mark.parametrize("typed", ["-", "[", "]", ":"])
async def test_where_something_is_typed_they_are_characters(typed: str) -> None:
    async with on_stage(a_farm()) as stage:
        await press(stage, "enter", "slash", typed, "x")
        assert isinstance(stage.app.screen, PickerScreen)
        assert stage.app.screen.query_one("#filter", Input).value == f"{typed}x"
        assert crumbs(stage) == ["Farms", "Northlight"]


async def test_on_a_session_the_minus_is_how_often_it_is_asked_for() -> None:
    at_session = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID)
    async with on_stage(a_farm(), at_session) as stage:
        await stage.press("enter")
        assert "every 2 s" in stage.text
        await stage.press("minus")
        assert crumbs(stage)[-1] == "session-61e4f386"
        assert "every 2 s" not in stage.text
