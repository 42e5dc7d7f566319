import re
from typing import Any

import pytest

from farmwatch.aws.model import Farm, FaultKind, Job, JobSearch, Page, Queue
from farmwatch.config.settings import Settings
from farmwatch.listings.place import Level
from farmwatch.monitor.update import Update
from farmwatch.ui.screens.picker.screen import PickerScreen
from farmwatch.ui.screens.session.screen import SessionScreen
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
    an_action,
)
from tests.ui.stage import Stage, on_stage

FARMS = Page((Farm(FARM_ID, "Northlight", START, "mira"), Farm("farm-" + "0" * 32, "Annex", START, "jon")))
QUEUES = Page((Queue(QUEUE_ID, "lighting", "SCHEDULING", None, START, "mira"),))
AT_JOBS = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID)
AT_SESSIONS = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID)


def find(jobs: list[Job]) -> Any:
    """A SearchJobs over these jobs, in pages of 100."""

    def search(search: JobSearch, offset: int) -> Page[Job]:
        text = search.text.casefold()
        found = [
            job
            for job in jobs
            if text in job.name.casefold() or (text and text.upper() in job.task_run_status)
        ]
        found += [job for job in jobs if job.created_by in search.users and job not in found]
        if search.only:
            found = [job for job in found if job.task_run_status in search.only]
        found = [job for job in found if job.task_run_status not in search.without]
        keys = {"NAME": lambda job: job.name, "CREATED_BY": lambda job: job.created_by}
        found.sort(key=keys.get(search.sort, lambda job: job.created_at), reverse=search.descending)
        following = offset + search.limit if offset + search.limit < len(found) else None
        page = tuple(found[offset : offset + search.limit])
        return Page(page, None if following is None else str(following), len(found))

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
    assert " 60 % " in row
    assert " 1✗ " in row
    assert "mira" in row


async def test_the_first_page_of_5000_jobs_is_shown_at_once_with_the_number_of_all() -> None:
    jobs = [a_job(n, "RUNNING" if n < 12 else "SUCCEEDED") for n in range(5000)]
    async with on_stage(a_farm(jobs), AT_JOBS) as stage:
        assert "5,000 jobs, 12 running, 0 failed, 112 loaded" in stage.part("StatusLine")


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
        assert "server search" in stage.part("StatusLine")


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
        assert "No match for “zzz”. Escape clears the filter." in stage.text


async def test_farms_are_filtered_here_as_one_types() -> None:
    async with on_stage(a_farm()) as stage:
        await stage.press("slash", *"annex")
        assert len(table(stage).rows) == 1


async def test_s_sorts_jobs_by_the_service() -> None:
    jobs = [a_job(3), a_job(1), a_job(2)]
    async with on_stage(a_farm(jobs), AT_JOBS) as stage:
        await stage.press("s", "s", "s")
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


async def test_sessions_show_their_host_and_how_many_of_their_actions_failed() -> None:
    farm = a_farm(sessions=2)
    failed = Page((an_action(0), an_action(1, "FAILED"), an_action(2, "FAILED")))
    farm.answers["session_actions"] = [lambda ref, _: failed if ref.session_id[-1] == "0" else Page(())]
    async with on_stage(farm, AT_SESSIONS, size=(80, 24)) as stage:
        rows = stage.line(4), stage.line(5)
        assert " 2 " in rows[0]
        assert " 0 " in rows[1]
        assert all("ip-10-0-0-12" in row for row in rows)


async def test_failed_actions_that_cannot_be_counted_are_not_called_none() -> None:
    farm = a_farm(sessions=2)
    farm.answers["session_actions"] = [a_fault(FaultKind.DENIED)]
    async with on_stage(farm, AT_SESSIONS) as stage:
        assert "  –  " in stage.line(4)
        assert "DENIED" not in stage.part("StatusLine")


async def test_sessions_that_run_come_first() -> None:
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
    async with on_stage(a_farm(), size=(120, 60)) as stage:
        await stage.press("question_mark")
        assert re.search(r"/ +Filter", stage.text)
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
        assert screen.held is not None
        update = Update(screen.place.connection, screen.held.subject, screen.held.snapshot)
    # Its parts are gone before it: none of these may look for them.
    screen.tick()
    screen.hear(update)
    screen.on_virtual_table_row_highlighted()


# --- orders -------------------------------------------------------------------------------------------


def shown_jobs(stage: Stage) -> list[str]:
    rows = table(stage).rows
    return [rows.key(index) for index in range(len(rows))]


def some_jobs() -> list[Job]:
    return [
        a_job(1, "RUNNING", task_counts={"RUNNING": 9, "SUCCEEDED": 1}, created_by="jon"),
        a_job(2, "SUCCEEDED", task_counts={"SUCCEEDED": 10}, created_by="aiko"),
        a_job(3, "FAILED", task_counts={"FAILED": 3, "SUCCEEDED": 7}, created_by="mira"),
        a_job(4, "RUNNING", task_counts={"FAILED": 8, "RUNNING": 2}, created_by="zeynep"),
    ]


def keys_of(*numbers: int) -> list[str]:
    return [a_job(number).key for number in numbers]


@pytest.mark.parametrize(
    ("times", "words", "order"),
    [
        (0, "running first, then newest", (1, 4, 2, 3)),
        (1, "failures first", (4, 3, 1, 2)),
        (2, "newest first", (1, 2, 3, 4)),
        (3, "by name", (1, 2, 3, 4)),
        (5, "least done first", (1, 4, 2, 3)),
        (6, "by user", (2, 1, 3, 4)),
    ],
)
async def test_every_order_of_jobs_both_ways(times: int, words: str, order: tuple[int, ...]) -> None:
    async with on_stage(a_farm(some_jobs()), AT_JOBS) as stage:
        for _ in range(times):
            await stage.press("s")
        assert shown_jobs(stage) == keys_of(*order)
        assert words in stage.part("StatusLine")
        assert "4 jobs, 2 running, 1 failed" in stage.part("StatusLine")
        await stage.press("S")
        first, last = keys_of(order[-1])[0], keys_of(order[0])[0]
        # Of equals, the order among themselves is of no matter.
        assert shown_jobs(stage)[0] in (first, *keys_of(*order[2:]))
        assert last in shown_jobs(stage)[2:]
        assert "4 jobs, 2 running, 1 failed" in stage.part("StatusLine")
        await stage.press("S")
        assert shown_jobs(stage) == keys_of(*order)


async def test_a_click_on_a_title_sorts_by_it_and_a_second_one_reverses() -> None:
    async with on_stage(a_farm(some_jobs()), AT_JOBS) as stage:
        header = stage.line(3)
        at = header.index("Name"), 0
        await stage.pilot.click("#table", offset=at)
        await stage.poll()
        assert "by name" in stage.part("StatusLine")
        assert "Name ▲" in stage.line(3)
        await stage.pilot.click("#table", offset=at)
        await stage.poll()
        assert "by name, backwards" in stage.part("StatusLine")
        assert "Name ▼" in stage.line(3)
        assert shown_jobs(stage) == keys_of(4, 3, 2, 1)


async def test_the_order_is_kept_when_one_comes_back() -> None:
    async with on_stage(a_farm(some_jobs()), AT_JOBS) as stage:
        await stage.press("s", "S")
        await stage.press("enter")
        await stage.press("escape")
        assert "failures last" in stage.part("StatusLine")
        await stage.press("escape")
        await stage.press("enter")
        assert level(stage) is Level.JOBS
        assert "failures last" in stage.part("StatusLine")
        assert shown_jobs(stage)[-1] == a_job(4).key


async def test_running_jobs_come_last_when_the_order_is_reversed_over_pages() -> None:
    jobs = [a_job(n, "RUNNING" if n < 3 else "SUCCEEDED") for n in range(150)]
    async with on_stage(a_farm(jobs), AT_JOBS) as stage:
        await stage.press("S")
        assert shown_jobs(stage)[0] == a_job(149).key
        await stage.press("end")
        await stage.wait_for(lambda: len(shown_jobs(stage)) == 150)
        assert shown_jobs(stage)[-3:] == keys_of(2, 1, 0)


# --- filter -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "order"), [("failed", (3,)), ("run", (1, 4)), ("zey", (4,)), ("sh0002", (2,))]
)
async def test_jobs_are_found_by_status_and_user_as_shown(text: str, order: tuple[int, ...]) -> None:
    async with on_stage(a_farm(some_jobs()), AT_JOBS) as stage:
        await stage.press("slash", *text)
        await stage.wait_for(lambda: shown_jobs(stage) == keys_of(*order))
        assert f"/ {text}  server search" in stage.part("StatusLine")


@pytest.mark.parametrize("text", ["g6e", "ip-10-0", "started", "worker-7e20"])
async def test_sessions_are_found_by_what_their_rows_show(text: str) -> None:
    farm = a_farm(sessions=1)
    async with on_stage(farm, AT_SESSIONS) as stage:
        await stage.press("slash", *text)
        assert len(table(stage).rows) == 1
        assert f"/ {text}  this list" in stage.part("StatusLine")
        await stage.press(*"zzz")
        assert len(table(stage).rows) == 0


async def test_where_the_service_refuses_the_filter_the_term_alone_is_searched() -> None:
    farm = a_farm(some_jobs())
    search = farm.answers["search_jobs"][0]
    refused = a_fault(FaultKind.GONE, code="ValidationException", operation="SearchJobs")
    farm.answers["search_jobs"] = [
        lambda one, offset: search(one, offset) if one.plainly or not one.text else refused
    ]
    async with on_stage(farm, AT_JOBS) as stage:
        await stage.press("slash", *"sh0003")
        await stage.wait_for(lambda: shown_jobs(stage) == keys_of(3))
        assert not stage.app.screen.query_one("FaultLine").display


# --- a job whole --------------------------------------------------------------------------------------

WHOLE = a_job(
    7,
    "RUNNING",
    task_counts={"SUCCEEDED": 1200, "FAILED": 14, "RUNNING": 3},
    started_at=START,
    updated_at=START,
    updated_by="priya",
    max_failed_tasks=100,
    max_workers=40,
    parameters={"Camera": "shotCam"},
)
MEMBERS = (
    "sq010_sh0007",
    "1,200",
    "14",
    "RUNNING",
    "running for",
    "priya",
    "100",
    "40",
    "Camera",
    "shotCam",
    WHOLE.key,
)


@pytest.mark.parametrize("size", [(80, 24), (100, 20), (120, 36), (200, 60)])
async def test_d_shows_a_job_whole_at_every_width(size: tuple[int, int]) -> None:
    async with on_stage(a_farm([WHOLE]), AT_JOBS, size=size) as stage:
        await stage.press("d")
        shown = stage.text
        await stage.press("end")
        shown += stage.text
        assert [member for member in MEMBERS if member not in shown] == []


@pytest.mark.parametrize("size", [(160, 45), (200, 60), (240, 70)])
async def test_from_160_columns_on_a_pane_shows_the_job_under_the_cursor_whole(size: tuple[int, int]) -> None:
    async with on_stage(a_farm([WHOLE]), AT_JOBS, size=size) as stage:
        shown = stage.part("#details")
        assert [member for member in MEMBERS if member not in shown] == []
