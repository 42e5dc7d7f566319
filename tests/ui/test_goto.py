"""One line that goes anywhere: to names, ids and addresses, by commands; and what it says when it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.widgets import Input, OptionList

from farmwatch.aws.model import (
    Farm,
    FaultKind,
    Job,
    JobSearch,
    Page,
    Queue,
    SessionRef,
)
from farmwatch.config.settings import ConnectionSettings, Settings
from farmwatch.history.events import Event, EventKind, Watched
from farmwatch.history.recorder import Recorder
from farmwatch.listings.place import CONNECTIONS, Place
from farmwatch.ui.screens.goto.choices import COMMANDS, Known, Meaning, meaning, spots_of
from farmwatch.ui.screens.goto.screen import GotoScreen
from farmwatch.ui.screens.help import HelpScreen
from farmwatch.ui.screens.history.screen import HistoryScreen
from farmwatch.ui.screens.picker.marked import MarkedScreen
from farmwatch.ui.screens.wall.screen import WallScreen
from tests.canned import (
    FARM_ID,
    JOB_ID,
    QUEUE_ID,
    REF,
    SESSION_ID,
    START,
    WORKER_ID,
    CannedFarm,
    HandClock,
    a_fault,
    a_job,
    a_session,
    a_summary,
)
from tests.ui.stage import Stage, on_stage

OTHER_QUEUE_ID = f"queue-{7:032x}"
OTHER_JOB_ID = f"job-{7:032x}"
QUEUES = (
    Queue(OTHER_QUEUE_ID, "fx", "SCHEDULING", None, START, "mira"),
    Queue(QUEUE_ID, "lighting", "SCHEDULING", None, START, "mira"),
)
JOBS = (
    a_job(1, job_id=JOB_ID, name="sq010_sh0420_lgt_v012", queue_id=QUEUE_ID),
    a_job(7, job_id=OTHER_JOB_ID, name="sq020_sh0100_fx_v003", queue_id=OTHER_QUEUE_ID),
)
AT_FARM = Settings(farm_id=FARM_ID)

FARM, QUEUE = Place("west", FARM_ID), Place("west", FARM_ID, QUEUE_ID)
JOB = Place("west", FARM_ID, QUEUE_ID, JOB_ID)
SESSION = Place("west", FARM_ID, QUEUE_ID, JOB_ID, SESSION_ID)
NAMES = {FARM_ID: "Northlight", QUEUE_ID: "lighting", JOB_ID: "sq010_sh0420_lgt_v012"}
KNOWN = Known(
    QUEUE,
    spots_of((SESSION,), NAMES),
    (SESSION,),
    NAMES,
    {"west": "us-west-2", "east": "us-east-1"},
)


def places(meant: Meaning) -> list[Place | None]:
    return [choice.place for choice in meant.choices]


def meant(line: str, known: Known = KNOWN) -> Meaning:
    return meaning(line, known, START)


# --- what is meant ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("northlight", FARM),
        ("LIGHTING", QUEUE),
        ("sq010", JOB),
        ("0420 lgt", JOB),
        ("sh420v12", JOB),
        (QUEUE_ID, QUEUE),
        (SESSION_ID, SESSION),
        ("session-61e4", SESSION),
        ("job-0a6b2c7e", JOB),
    ],
)
def test_a_name_or_an_id_in_whole_or_in_part_is_a_place(line: str, place: Place) -> None:
    assert places(meant(line))[0] == place


def test_the_best_match_comes_first() -> None:
    places_of_jobs = [Place("west", FARM_ID, QUEUE_ID, f"job-{n}") for n in range(4)]
    names = {"job-0": "my comp of it", "job-1": "c_o_m_p", "job-2": "comp_v001", "job-3": "comp"}
    known = Known(QUEUE, spots_of(places_of_jobs, names), (), names)
    found = [choice.label for choice in meant("comp", known).choices]
    assert [one for one in found if one in names.values()] == [
        "comp",
        "comp_v001",
        "my comp of it",
        "c_o_m_p",
    ]


@pytest.mark.parametrize(
    ("line", "action", "given"),
    [
        ("history", "history", ()),
        ("hist", "history", ()),
        ("history 22:00", "history", ("22:00",)),
        ("marked", "marked", ()),
        ("connections", "connections", ()),
        ("wall", "wall", ()),
        ("wall night", "wall", ("night",)),
        ("help", "help", ()),
        ("doctor", "doctor", ()),
        ("quit", "quit", ()),
    ],
)
def test_a_word_is_a_command(line: str, action: str, given: tuple[str, ...]) -> None:
    first = meant(line).choices[0]
    assert (first.action, first.given, first.place) == (action, given, None)


@pytest.mark.parametrize("line", ["wall ni", "wall night", "nig"])
def test_a_wall_that_was_made_is_found_by_the_beginning_of_its_name(line: str) -> None:
    choices = meant(line, replace(KNOWN, walls=("day", "night"))).choices
    assert (choices[0].label, choices[0].action, choices[0].given) == ("wall night", "wall", ("night",))
    assert len({choice.label for choice in choices}) == len(choices)


def test_a_wall_that_is_not_there_yet_can_be_made() -> None:
    assert [one.given for one in meant("wall dusk", replace(KNOWN, walls=("night",))).choices] == [("dusk",)]


def test_what_cannot_follow_a_command_is_said() -> None:
    assert "history: '25:99' is not a time: 8h" in meant("history 25:99").problem
    assert meant("history 25:99").choices == ()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.word)
async def test_every_command_is_an_action_of_the_program(command: object) -> None:
    assert isinstance(command, type(COMMANDS[0]))
    async with on_stage(CannedFarm(farms=Page(()))) as stage:
        assert callable(getattr(stage.app, f"action_{command.action}", None))


def test_an_address_of_the_monitor_is_a_place_on_the_connection_in_its_region() -> None:
    address = (
        "https://studio.us-east-1.deadlinecloud.amazonaws.com/us-east-1"
        f"/farms/{FARM_ID}/queues/{QUEUE_ID}?jobId={JOB_ID}"
    )
    assert places(meant(address)) == [Place("east", FARM_ID, QUEUE_ID, JOB_ID)]
    assert "no connection in eu-west-1" in meant(address.replace("us-east-1", "eu-west-1")).problem
    assert "names no farm" in meant("https://example.org/farms").problem


def test_an_id_that_is_not_known_is_taken_to_belong_to_where_one_is() -> None:
    new = f"job-{9:032x}"
    assert places(meant(new)) == [Place("west", FARM_ID, QUEUE_ID, new)]
    assert meant(new).searches


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"session-{9:032x}", "Go to its job first"),
        (WORKER_ID, "the wall lists the workers"),
    ],
)
def test_an_id_that_leads_nowhere_says_what_to_do(line: str, told: str) -> None:
    assert (meant(line).choices, told in meant(line).problem) == ((), True)
    at_connections = Known(CONNECTIONS, {}, (), {}, KNOWN.regions)
    assert "Go to its connection first" in meant(f"farm-{9:032x}", at_connections).problem


def test_a_session_is_found_by_its_worker_and_its_host_where_they_are_known() -> None:
    spot = KNOWN.spots[SESSION]
    spots = {**KNOWN.spots, SESSION: replace(spot, words=(*spot.words, WORKER_ID, "ip-10-0-0-12"))}
    for line in (WORKER_ID, "worker-7e20", "IP-10"):
        assert places(meant(line, replace(KNOWN, spots=spots))) == [SESSION]


def test_before_anything_is_typed_the_places_visited_last_are_there() -> None:
    choices = meant("").choices
    assert choices[0].place == SESSION
    assert [choice.action for choice in choices[1:]] == [command.action for command in COMMANDS]


# --- on the screen ------------------------------------------------------------------------------------


def find(search: JobSearch, offset: int) -> Page[Job]:
    queues = (search.queue_id, *search.other_queue_ids)
    found = tuple(job for job in JOBS if job.queue_id in queues and search.text in job.name)
    return Page(found[offset:], None, len(found))


def a_farm() -> CannedFarm:
    return CannedFarm(
        farms=Page((Farm(FARM_ID, "Northlight", START, "mira"),)),
        farm=Farm(FARM_ID, "Northlight", START, "mira"),
        queues=Page(QUEUES),
        queue=lambda _, queue_id: next(one for one in QUEUES if one.queue_id == queue_id),
        search_jobs=find,
        job=lambda _, __, job_id: next(one for one in JOBS if one.job_id == job_id),
        sessions=Page((a_summary(1, session_id=SESSION_ID),)),
        session=a_session(),
    )


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "state" / "history.sqlite", clock=HandClock())
    yield made
    made.close()


def crumbs(stage: Stage) -> list[str]:
    return [one.strip() for one in stage.line(1).split("›")]


async def type_line(stage: Stage, line: str) -> None:
    """Open the line, and have all of a text typed there."""
    await stage.press("colon")
    stage.app.screen.query_one(Input).value = line
    await stage.poll()


async def enter(stage: Stage) -> None:
    await stage.press("enter")
    await stage.poll()


async def test_a_name_on_the_screen_is_gone_to() -> None:
    async with on_stage(a_farm(), AT_FARM) as stage:
        await stage.press("colon", "l", "i", "g")
        assert stage.app.screen.query_one(Input).value == "lig"
        await enter(stage)
        assert crumbs(stage) == ["Farms", "Northlight", "lighting"]
        await stage.press("minus")
        assert crumbs(stage) == ["Farms", "Northlight"]


async def test_the_arrows_choose_and_the_line_keeps_what_is_typed() -> None:
    async with on_stage(a_farm(), AT_FARM) as stage:
        await type_line(stage, "fx")
        await stage.press("backspace", "backspace", "i", "g")
        assert "lighting" in stage.text
        await stage.press("down", "up", "up")
        options = stage.app.screen.query_one(OptionList)
        assert options.highlighted == options.option_count - 1
        assert stage.app.screen.query_one(Input).value == "ig"


async def test_escape_closes_and_goes_nowhere() -> None:
    async with on_stage(a_farm(), AT_FARM) as stage:
        await type_line(stage, "lighting")
        await stage.press("escape")
        assert not isinstance(stage.app.screen, GotoScreen)
        assert crumbs(stage) == ["Farms", "Northlight"]


async def test_what_is_not_found_is_said_and_nothing_typed_is_lost() -> None:
    async with on_stage(a_farm()) as stage:
        await type_line(stage, "nowhere at all")
        await enter(stage)
        assert isinstance(stage.app.screen, GotoScreen)
        assert stage.app.screen.query_one(Input).value == "nowhere at all"
        assert "Nothing known matches “nowhere at all”. On a farm, its jobs are searched too." in stage.text


async def test_a_job_that_is_not_known_is_searched_for_in_all_queues_of_the_farm() -> None:
    async with on_stage(a_farm(), AT_FARM) as stage:
        await type_line(stage, "sh0100")
        assert "searching jobs…" in stage.text
        await stage.wait_for(lambda: stage.farm.count("queues") > 1)
        await stage.move(1)
        assert "sq020_sh0100_fx_v003  job · fx · Northlight" in stage.text
        await enter(stage)
        assert crumbs(stage) == ["Farms", "Northlight", "fx", "sq020_sh0100_fx_v003"]
        await stage.press("escape")
        assert crumbs(stage) == ["Farms", "Northlight", "fx"]


async def test_a_search_that_is_denied_is_one_line_and_what_is_known_still_works() -> None:
    farm = a_farm()
    farm.answers["search_jobs"] = [a_fault(FaultKind.DENIED, sentence="SearchJobs is denied.")]
    async with on_stage(farm, AT_FARM) as stage:
        await type_line(stage, "light")
        await stage.wait_for(lambda: farm.count("queues") > 1)
        await stage.move(1)
        assert "SearchJobs is denied." in stage.text
        await enter(stage)
        assert crumbs(stage) == ["Farms", "Northlight", "lighting"]


async def test_the_search_ends_with_the_line() -> None:
    async with on_stage(a_farm(), AT_FARM) as stage:
        await type_line(stage, "sh0100")
        await stage.wait_for(lambda: stage.farm.count("queues") > 1)
        await stage.press("escape")
        asked = stage.farm.count("search_jobs")
        await stage.move(5)
        assert stage.farm.count("search_jobs") == asked


async def test_a_session_of_the_history_is_found_by_its_id(recorder: Recorder) -> None:
    watched = Watched(REF, "Northlight", "lighting", "sq010_sh0420_lgt_v012", session_until=START)
    elsewhere = SessionRef("lost", FARM_ID, QUEUE_ID, JOB_ID, f"session-{9:032x}")
    at = START - timedelta(hours=1)
    events = [Event(ref, EventKind.STATUS, "", None, "STARTED", at) for ref in (REF, elsewhere)]
    recorder.record(events, [watched, Watched(elsewhere, "Lost")])
    async with on_stage(a_farm(), recorder=recorder) as stage:
        await stage.press("colon")
        await stage.wait_for(lambda: "searching" not in stage.text and _knows(stage, SESSION_ID))
        await type_here(stage, SESSION_ID)
        assert "session · sq010_sh0420_lgt_v012 · lighting · Northlight" in stage.text
        await enter(stage)
        assert crumbs(stage)[1:] == ["Northlight", "lighting", "sq010_sh0420_lgt_v012", "session-61e4f386"]
        await type_line(stage, elsewhere.session_id)
        assert "session · Lost" not in stage.text


async def type_here(stage: Stage, line: str) -> None:
    stage.app.screen.query_one(Input).value = line
    await stage.poll()


def _knows(stage: Stage, session_id: str) -> bool:
    screen = stage.app.screen
    assert isinstance(screen, GotoScreen)
    return any(place.session_id == session_id for place in screen.known.spots)


async def test_an_address_leads_to_its_place() -> None:
    address = f"https://x.us-west-2.deadlinecloud.amazonaws.com/us-west-2/farms/{FARM_ID}/queues/{QUEUE_ID}"
    async with on_stage(a_farm()) as stage:
        await type_line(stage, address)
        await enter(stage)
        assert crumbs(stage) == ["Farms", "Northlight", "lighting"]


async def test_commands_do_what_their_keys_do(recorder: Recorder) -> None:
    async with on_stage(a_farm(), recorder=recorder) as stage:
        for line, screen in (
            ("help", HelpScreen),
            ("marked", MarkedScreen),
            ("history", HistoryScreen),
            ("wall", WallScreen),
        ):
            await type_line(stage, line)
            await enter(stage)
            await stage.wait_for(lambda: isinstance(stage.app.screen, screen))  # noqa: B023
            await stage.press("escape")
        await type_line(stage, "doctor")
        await enter(stage)
        await stage.wait_for(lambda: "farmwatch doctor" in stage.text)
        await type_line(stage, "quit")
        await enter(stage)
        assert stage.app.return_code == 0


async def test_the_history_can_be_opened_at_a_time(recorder: Recorder) -> None:
    async with on_stage(a_farm(), recorder=recorder) as stage:
        await type_line(stage, "history 3h")
        await enter(stage)
        screen = stage.app.screen
        assert isinstance(screen, HistoryScreen)
        assert screen.reviewed.since == stage.clock.now() - timedelta(hours=3)
        await type_line(stage, "history 1h")
        await enter(stage)
        assert screen.reviewed.since == stage.clock.now() - timedelta(hours=1)


async def test_without_a_history_there_is_no_command_for_it() -> None:
    async with on_stage(a_farm()) as stage:
        await type_line(stage, "history 3h")
        assert isinstance(stage.app.screen, GotoScreen)
        assert "what happened" not in stage.text


async def test_the_list_of_connections_is_one_word_away() -> None:
    west, east = ConnectionSettings("west", farm_id=FARM_ID), ConnectionSettings("east")
    async with on_stage({"west": a_farm(), "east": a_farm()}, Settings((west, east))) as stage:
        await type_line(stage, "west")
        await enter(stage)
        assert crumbs(stage) == ["Connections", "west"]
        await type_line(stage, "connections")
        await enter(stage)
        assert crumbs(stage) == ["Connections"]


async def test_names_of_the_farm_are_taken_literally() -> None:
    farm = a_farm()
    farm.answers["queues"] = [Page((Queue(QUEUE_ID, "[red]x[/] [@click=quit]", "IDLE", None, START, "m"),))]
    async with on_stage(farm, AT_FARM) as stage:
        await type_line(stage, "[red]")
        assert "[red]x[/] [@click=quit]" in stage.text
