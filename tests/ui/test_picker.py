from typing import Any

import pytest

from farmwatch.cloud.model import Farm, FaultKind, Job, JobSearch, Page, Queue
from farmwatch.settings import Settings
from farmwatch.ui.place import Level
from farmwatch.ui.screens.picker import PickerScreen
from farmwatch.ui.screens.session import SessionScreen
from farmwatch.ui.widgets.virtual_table import VirtualTable
from tests.canned import (
    FARM_ID,
    JOB_ID,
    QUEUE_ID,
    SESSION_ID,
    START,
    CannedFarm,
    a_fault,
    a_job,
    a_session,
    a_summary,
)
from tests.ui.stage import Stage, on_stage

FARMS = Page((Farm(FARM_ID, "Northlight", START, "mira"), Farm("farm-" + "0" * 32, "Annex", START, "jon")))
QUEUES = Page((Queue(QUEUE_ID, "lighting", "SCHEDULING", None, START, "mira"),))
AT_JOBS = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID)


def find(jobs: list[Job]) -> Any:
    """A SearchJobs over these jobs, in pages of 100."""

    def search(search: JobSearch, offset: int) -> Page[Job]:
        found = [job for job in jobs if search.text.casefold() in job.name.casefold()]
        if search.active is not None:
            found = [job for job in found if job.is_active == search.active]
        if search.sort == "NAME":
            found.sort(key=lambda job: job.name)
        following = str(offset + 100) if offset + 100 < len(found) else None
        return Page(tuple(found[offset : offset + 100]), following, len(found))

    return search


def a_farm(jobs: list[Job] | None = None, sessions: int = 3) -> CannedFarm:
    return CannedFarm(
        farms=FARMS,
        queues=QUEUES,
        search_jobs=find([a_job(1, "RUNNING"), a_job(2), a_job(3, "FAILED")] if jobs is None else jobs),
        sessions=Page(tuple(a_summary(n) for n in range(sessions))),
        sessions_by_id=lambda refs: {r.session_id: a_session(session_id=r.session_id) for r in refs},
        session=lambda ref: a_session(session_id=ref.session_id),
    )


def table(stage: Stage) -> VirtualTable:
    return stage.app.screen.query_one(VirtualTable)


def level(stage: Stage) -> Level:
    screen = stage.app.screen
    assert isinstance(screen, PickerScreen)
    return screen.place.level


async def test_the_way_down_and_up_again_by_keyboard() -> None:
    async with on_stage(a_farm()) as stage:
        assert "Northlight" in stage.text
        await stage.press("down", "enter")
        assert level(stage) is Level.QUEUES
        await stage.press("enter")
        assert level(stage) is Level.JOBS
        await stage.press("enter")
        assert level(stage) is Level.SESSIONS
        await stage.press("enter")
        assert isinstance(stage.app.screen, SessionScreen)
        for expected in (Level.SESSIONS, Level.JOBS, Level.QUEUES, Level.FARMS):
            await stage.press("escape")
            assert level(stage) is expected
        assert table(stage).cursor_key == FARM_ID


async def test_the_way_is_written_above_with_names() -> None:
    async with on_stage(a_farm()) as stage:
        await stage.press("down", "enter")
        await stage.press("enter")
        await stage.press("enter")
        assert "Farms › Northlight › lighting › sq010_sh0001_lgt_v001" in stage.part("Crumbs")


async def test_a_click_on_the_way_goes_there() -> None:
    async with on_stage(a_farm()) as stage:
        await stage.press("down", "enter")
        await stage.press("enter")
        await stage.pilot.click("Crumbs", offset=(2, 0))
        await stage.poll()
        assert level(stage) is Level.FARMS


async def test_jobs_show_their_progress() -> None:
    async with on_stage(a_farm(), AT_JOBS) as stage:
        row = stage.line(4)
    assert "sq010_sh0001_lgt_v001" in row
    assert "● RUNNING" in row
    assert " 60 % 1✗" in row
    assert "mira" in row


async def test_the_first_page_of_5000_jobs_is_shown_at_once_with_the_number_of_all() -> None:
    jobs = [a_job(n, "RUNNING" if n < 12 else "SUCCEEDED") for n in range(5000)]
    async with on_stage(a_farm(jobs), AT_JOBS) as stage:
        assert "5,000 jobs, 12 running, 112 loaded" in stage.part("StatusLine")


async def test_more_jobs_come_as_the_cursor_nears_the_end() -> None:
    jobs = [a_job(n) for n in range(500)]
    async with on_stage(a_farm(jobs), AT_JOBS) as stage:
        await stage.press("end")
        await stage.wait_for(lambda: len(table(stage).rows) == 200)


async def test_the_filter_asks_the_service_for_jobs() -> None:
    jobs = [a_job(n) for n in range(5000)]
    async with on_stage(a_farm(jobs), AT_JOBS) as stage:
        await stage.press("slash", *"sh4321")
        await stage.wait_for(lambda: len(table(stage).rows) == 1)
        assert "sq010_sh4321_lgt_v001" in stage.text
        assert "(by the service)" in stage.part("StatusLine")


async def test_escape_clears_the_filter_before_it_goes_up() -> None:
    async with on_stage(a_farm(), AT_JOBS) as stage:
        await stage.press("slash", *"sh0002", "enter")
        await stage.wait_for(lambda: len(table(stage).rows) == 1)
        await stage.press("escape")
        await stage.wait_for(lambda: len(table(stage).rows) == 3)
        assert level(stage) is Level.JOBS


async def test_a_filter_that_matches_nothing_says_so() -> None:
    async with on_stage(a_farm()) as stage:
        await stage.press("slash", *"zzz")
        assert "No farms match “zzz”" in stage.text


async def test_farms_are_filtered_here_as_one_types() -> None:
    async with on_stage(a_farm()) as stage:
        await stage.press("slash", *"annex")
        assert len(table(stage).rows) == 1


async def test_s_sorts_jobs_by_the_service() -> None:
    jobs = [a_job(3), a_job(1), a_job(2)]
    async with on_stage(a_farm(jobs), AT_JOBS) as stage:
        await stage.press("s", "s")
        assert [table(stage).rows.key(n) for n in range(3)] == [a_job(n).key for n in (1, 2, 3)]
        assert "by name" in stage.part("StatusLine")


async def test_where_searching_is_denied_jobs_are_sorted_and_filtered_here() -> None:
    farm = a_farm()
    farm.answers["search_jobs"] = [a_fault(FaultKind.DENIED, operation="SearchJobs")]
    farm.answers["list_jobs"] = [Page((a_job(3), a_job(9, "RUNNING"), a_job(1)))]
    async with on_stage(farm, AT_JOBS) as stage:
        assert [table(stage).rows.key(n) for n in range(3)] == [a_job(n).key for n in (9, 1, 3)]
        await stage.press("slash", *"sh0003")
        assert len(table(stage).rows) == 1
        assert "SearchJobs is denied" in stage.part("StatusLine")


async def test_a_refresh_moves_neither_cursor_nor_scroll() -> None:
    jobs = [a_job(n) for n in range(50)]
    async with on_stage(a_farm(jobs), AT_JOBS) as stage:
        await stage.press(*["down"] * 10)
        cursor = table(stage).cursor_key
        jobs[:0] = [a_job(100 + n) for n in range(5)]
        await stage.move(6)
        assert table(stage).cursor_key == cursor
        assert len(table(stage).rows) == 55


async def test_sessions_show_status_worker_and_host_type() -> None:
    at_sessions = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID)
    async with on_stage(a_farm(), at_sessions) as stage:
        row = stage.line(4)
    assert "● STARTED" in row
    assert "worker-7e203238" in row
    assert "g6e.2xlarge" in row


async def test_living_sessions_come_first() -> None:
    farm = a_farm()
    ended = [a_summary(n, lifecycle_status="ENDED", ended_at=START) for n in range(5)]
    farm.answers["sessions"] = [Page((*ended, a_summary(9)))]
    async with on_stage(farm, Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID)) as stage:
        assert table(stage).rows.key(0) == a_summary(9).key


async def test_names_of_what_was_given_by_id_are_asked_for() -> None:
    farm = a_farm()
    farm.answers |= {"farm": [FARMS.items[0]], "queue": [QUEUES.items[0]]}
    async with on_stage(farm, AT_JOBS) as stage:
        assert "Farms › Northlight › lighting" in stage.part("Crumbs")


async def test_going_up_from_what_was_given_by_id_finds_the_cursor_there() -> None:
    async with on_stage(a_farm(), AT_JOBS) as stage:
        await stage.press("escape")
        await stage.press("escape")
        assert (level(stage), table(stage).cursor_key) == (Level.FARMS, FARM_ID)


async def test_with_all_ids_given_the_session_is_open() -> None:
    given = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID, session_id=SESSION_ID)
    async with on_stage(a_farm(), given) as stage:
        assert isinstance(stage.app.screen, SessionScreen)


@pytest.mark.parametrize("kind", list(FaultKind))
async def test_a_fault_instead_of_the_first_list_is_told_in_the_middle(kind: FaultKind) -> None:
    async with on_stage(CannedFarm(farms=a_fault(kind))) as stage:
        assert "The network is away." in stage.part("#table")
        assert "Wait for it." in stage.part("#table")
        assert kind.value in stage.part("StatusLine")


async def test_a_connection_that_cannot_be_made_is_told_too() -> None:
    async with on_stage(a_fault(FaultKind.SETUP)) as stage:
        assert "The network is away." in stage.part("#table")


async def test_rows_stay_greyed_and_dated_when_the_list_fails() -> None:
    farm = a_farm()
    async with on_stage(farm, AT_JOBS) as stage:
        farm.answers["search_jobs"] = [a_fault()]
        await stage.move(6)
        assert "sq010_sh0001_lgt_v001" in stage.text
        assert table(stage).has_class("-stale")
        assert "OFFLINE" in stage.part("StatusLine")


async def test_an_empty_list_says_that_it_is_empty() -> None:
    async with on_stage(CannedFarm(farms=Page(()))) as stage:
        assert "No farms that this login can see" in stage.text


async def test_help_lists_the_keys_of_the_screen() -> None:
    async with on_stage(a_farm()) as stage:
        await stage.press("question_mark")
        assert "Show only what matches" in stage.text
        assert "UPDATE_SUCCEEDED" in stage.text


async def test_the_header_says_as_whom_and_where() -> None:
    async with on_stage(a_farm()) as stage:
        await stage.move(1)
        assert "northlight  123456789012  us-west-2" in stage.part("Masthead")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60), (30, 8)])
async def test_every_size_shows_the_list(size: tuple[int, int]) -> None:
    async with on_stage(a_farm(), AT_JOBS, size=size) as stage:
        assert "sq010" in stage.text


async def test_a_wide_terminal_shows_the_details_of_the_chosen_row() -> None:
    async with on_stage(a_farm(), AT_JOBS, size=(200, 60)) as stage:
        assert "CREATE_COMPLETE" in stage.part("#details")


NASTY = [
    "[@click=app.quit]x[/]",
    "[/]",
    "[INFO]",
    "日本語テスト",
    "שלום עולם",
    "🎬🎬🎬",
    '"quoted"',
    "a" * 300,
]


async def test_any_name_is_shown_as_it_is() -> None:
    jobs = [a_job(n, name=name) for n, name in enumerate(NASTY)]
    async with on_stage(a_farm(jobs), AT_JOBS, size=(200, 60)) as stage:
        for name in NASTY[:-1]:
            assert name in stage.text
        await stage.press("enter")
        assert isinstance(stage.app.screen, PickerScreen)


async def test_what_comes_while_the_screen_is_taken_down_is_let_go() -> None:
    async with on_stage(a_farm()) as stage:
        screen = stage.app.screen
        assert isinstance(screen, PickerScreen)
        news = screen.news
        assert news is not None
    # Its parts are gone before it: none of these may look for them.
    screen.tick()
    screen.hear(news)
    screen.on_virtual_table_row_highlighted()
