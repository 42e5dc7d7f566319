from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from textual.widget import Widget

from farmwatch.aws.model import Fault, FaultKind, LogConfiguration, Page
from farmwatch.config.settings import Settings
from farmwatch.ui.screens.details import DetailsScreen
from farmwatch.ui.screens.session.screen import SessionScreen
from tests.canned import (
    FARM_ID,
    JOB_ID,
    QUEUE_ID,
    SESSION_ID,
    START,
    CannedFarm,
    a_fault,
    a_session,
    an_action,
    present,
)
from tests.ui.stage import Stage, on_stage

AT_SESSION = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID, session_id=SESSION_ID)


def at_session(
    *answers: object, size: tuple[int, int] = (120, 36), actions: Sequence[object] = ()
) -> AbstractAsyncContextManager[Stage]:
    """The screen of a session that is answered for like this; ``actions`` may be answers of their own."""
    are_answers = any(isinstance(one, Page | Fault) for one in actions)
    pages = list(actions) if are_answers else [Page(tuple(actions))]
    details: dict[str, Any] = {}

    def told(answer: Any) -> Any:
        """What is told in detail is as new as what the list told."""

        def tell(*_: Any) -> Any:
            details.update({action.action_id: action for action in getattr(answer, "items", ())})
            return answer

        return tell

    farm = CannedFarm(
        session=list(answers),
        session_actions=[told(page) for page in pages],
        session_actions_by_id=lambda ref, ids: {one: details[one] for one in ids},
        step="Render",
    )
    return on_stage(farm, AT_SESSION, size=size)


async def test_everything_in_the_reply_is_on_the_screen() -> None:
    async with at_session(a_session(updated_at=START, updated_by="mira")) as stage:
        shown = stage.text
    for word in (
        "● STARTED",
        "target –",
        "00:42:00",
        "ip-10-0-0-12",
        "g6e.2xlarge",
        "10.0.0.12",
        "2001:db8::12",
        "worker-7e203",
        "fleet-751",
        "by mira",
        "logGroupName",
        "logStreamName",
        "interval = 15",
    ):
        assert word in shown, word


async def test_a_status_that_changes_is_drawn_and_marked() -> None:
    async with at_session(a_session(), a_session(lifecycle_status="UPDATE_IN_PROGRESS")) as stage:
        await stage.move(2)
        assert "◐ UPDATE_IN_PROGRESS" in stage.part("#session")
        assert "◂ new" in stage.part("#session")


async def test_a_mark_of_a_change_goes_after_a_while() -> None:
    async with at_session(a_session(), a_session(lifecycle_status="UPDATE_IN_PROGRESS")) as stage:
        await stage.move(15)
        assert "◂ new" not in stage.part("#session")


async def test_the_freshness_line_tells_age_and_next_poll() -> None:
    async with at_session(a_session()) as stage:
        await stage.move(0.9, step=0.9)
        assert "● live 0 s   next poll in 2 s" in stage.part("StatusLine")


async def test_without_answers_nothing_looks_fresh() -> None:
    async with at_session(a_session(), a_fault()) as stage:
        await stage.move(30)
        assert "OFFLINE, seen 00:00:30 ago" in stage.part("StatusLine")
        assert "live" not in stage.part("StatusLine")
        assert stage.app.screen.query_one("#session-body").has_class("-stale")
        assert "as of 02:10:00" in stage.part("#session")


async def test_a_fault_says_what_is_wrong_and_what_to_do() -> None:
    async with at_session(a_session(), a_fault(request_id="7f3c-e1")) as stage:
        await stage.move(2)
        shown = stage.part("FaultLine")
    assert "The network is away." in shown
    assert "Wait for it." in shown
    assert "request 7f3c-e1" in shown


async def test_the_first_answer_being_a_fault_leaves_no_empty_panel() -> None:
    async with at_session(a_fault(FaultKind.DENIED)) as stage:
        assert "The network is away." in stage.part("#session")
        assert "Not known yet." in stage.part("#log")


async def test_a_final_session_says_so_and_is_asked_for_no_more() -> None:
    ended = a_session(lifecycle_status="ENDED", ended_at=START)
    async with at_session(ended) as stage:
        await stage.move(60)
        assert "○ final, as of 02:10:06" in stage.part("StatusLine")
        assert "no more polls" in stage.part("StatusLine")
        assert stage.app.monitor.requests_last_minute() == 0


async def test_of_what_is_final_nothing_is_said_to_go_on() -> None:
    ended = a_session(lifecycle_status="ENDED", ended_at=START)
    async with at_session(ended) as stage:
        await stage.move(60)
        await stage.press("p")
        assert "○ final" in stage.part("StatusLine")
        assert "goes on" not in stage.part("StatusLine")
        assert "no more polls: r refreshes" in stage.part("StatusLine")


async def test_a_log_error_is_first_and_loud() -> None:
    broken = LogConfiguration("awslogs", {"logStreamName": "s"}, {}, error="Missing log group")
    async with at_session(a_session(worker_log=broken)) as stage:
        assert "✗ Missing log group" in stage.part("#worker-log")
        assert "Worker log  ✗ error" in stage.part("#worker-log")
        assert "workerLog.error" in stage.part("#errors")


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (None, "The reply has no workerLog."),
        (LogConfiguration("awslogs", None, None), "missing from the reply"),
        (LogConfiguration("awslogs", {}, {}), "options     none"),
        (LogConfiguration("splunk", {}, {}), "not a driver that can be read"),
    ],
)
async def test_missing_empty_and_unknown_are_told_apart(log: LogConfiguration | None, words: str) -> None:
    async with at_session(a_session(worker_log=log)) as stage:
        assert words in stage.part("#worker-log")


async def test_an_error_is_kept_and_marked_as_over() -> None:
    async with at_session(a_session(), a_fault(), a_session()) as stage:
        await stage.move(40)
        assert "0 open, 1 over" in stage.part("#errors")
        assert "○" in stage.part("#error-table")
        assert "over at" in stage.part("#error-table")


LOGIN_RAN_OUT = a_fault(FaultKind.LOGIN, code="CredentialRetrievalError")
"""What the call meets whose credentials could not be had..."""

NO_CONNECTION = a_fault(FaultKind.LOGIN, operation="", code="CredentialRetrievalError")
"""...and what is met after that, for want of a connection that a call could be made over."""


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_a_login_that_runs_out_is_one_error_of_the_connection_until_there_is_one_again(
    size: tuple[int, int],
) -> None:
    farm = CannedFarm(session=[a_session(), LOGIN_RAN_OUT, a_session()], session_actions=Page(()))
    connections: list[CannedFarm] = [farm]

    def connect() -> CannedFarm | Fault:
        return connections[0] if connections else NO_CONNECTION

    async with on_stage(connect, AT_SESSION, size=size) as stage:
        connections.clear()
        await stage.move(3)
        await stage.press("tab")
        await stage.move(200)
        shown = stage.part("#error-table")
        assert shown.count("connection") == 1
        # At 80 columns there is no room for how often.
        assert size[0] == 80 or " times in 00:0" in shown
        assert "LOGIN NEEDED" in stage.part("StatusLine")
        await stage.pilot.resize_terminal(100, 30)
        await stage.press("down", "end", "enter")
        await stage.press("escape")
        await stage.move(2)
        assert stage.app.is_running
        connections.append(farm)
        await stage.move(65)
        assert "over at" in stage.part("#error-table")
        assert "✗" not in stage.part("#error-table")


async def test_enter_on_an_error_shows_all_of_it() -> None:
    async with at_session(a_fault(message="a long story", request_id="7f3c-e1")) as stage:
        await stage.press("tab", "enter")
        assert isinstance(stage.app.screen, DetailsScreen)
        assert "a long story" in stage.text
        assert "7f3c-e1" in stage.text


async def test_details_show_every_member_whole() -> None:
    async with at_session(a_session()) as stage:
        await stage.press("d")
        shown = stage.text
    assert SESSION_ID in shown
    assert "log.options.logGroupName" in shown
    assert f"/aws/deadline/{FARM_ID}/{QUEUE_ID}" in shown.replace("\n", "")


async def test_plus_and_minus_change_the_interval() -> None:
    async with at_session(a_session()) as stage:
        await stage.press("minus")
        assert "every 5 s" in stage.part("StatusLine")
        await stage.press("plus", "plus")
        assert "every 1 s" in stage.part("StatusLine")


async def test_p_pauses_and_goes_on() -> None:
    async with at_session(a_session()) as stage:
        await stage.press("p")
        await stage.move(30)
        assert "paused 00:00:30" in stage.part("StatusLine")
        await stage.press("p")
        assert "● live" in stage.part("StatusLine")


async def test_r_asks_now() -> None:
    async with at_session(a_session()) as stage:
        before = stage.farm.count("session")
        await stage.press("r")
        assert stage.farm.count("session") == before + 1


async def test_t_writes_times_local_in_utc_and_relative() -> None:
    async with at_session(a_session()) as stage:
        assert "01:28:00 (42 min ago)" in stage.part("#session")
        await stage.press("t")
        assert "01:28:00Z (42 min ago)" in stage.part("#session")
        await stage.press("t")
        assert "started   42 min ago" in stage.part("#session")


async def test_y_copies_the_whole_id() -> None:
    async with at_session(a_session()) as stage:
        await stage.press("y")
        assert stage.app.clipboard == SESSION_ID


async def test_time_that_passes_lays_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_session(a_session()) as stage:
        await stage.move(5)
        laid_out: list[Widget] = []
        refresh = Widget.refresh

        def noted(widget: Widget, *regions: Any, layout: bool = False, **how: Any) -> Widget:
            if layout:
                laid_out.append(widget)
            return refresh(widget, *regions, layout=layout, **how)

        monkeypatch.setattr(Widget, "refresh", noted)
        await stage.move(5)
        assert laid_out == []


async def test_leaving_the_screen_stops_its_polls() -> None:
    async with at_session(a_session()) as stage:
        await stage.press("escape")
        before = stage.farm.count("session")
        await stage.move(10)
        assert stage.farm.count("session") == before


async def test_a_help_page_above_does_not_stop_the_polls() -> None:
    async with at_session(a_session()) as stage:
        await stage.press("question_mark")
        before = stage.farm.count("session")
        await stage.move(10)
        assert stage.farm.count("session") == before + 5


async def test_an_unknown_status_is_shown_as_it_came() -> None:
    async with at_session(a_session(lifecycle_status="HIBERNATING")) as stage:
        assert "? HIBERNATING" in stage.part("#session")


async def test_a_session_not_found_any_more_keeps_what_was_seen() -> None:
    async with at_session(a_session(), a_fault(FaultKind.GONE)) as stage:
        await stage.move(3)
        assert "NOT FOUND" in stage.part("StatusLine")
        assert "not found any more; it was ● STARTED" in stage.part("StatusLine")
        assert "ip-10-0-0-12" in stage.part("#host")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60), (40, 10)])
async def test_no_line_is_longer_than_the_terminal(size: tuple[int, int]) -> None:
    async with at_session(a_session(), size=size) as stage:
        assert all(len(line) <= size[0] for line in stage.text.splitlines())


# --- hostile text -------------------------------------------------------------------------------------

MARKUP = "[@click=app.quit]x[/] [/] [bold"


async def press_everything(stage: Stage) -> None:
    keys = (
        "d",
        "escape",
        "question_mark",
        "escape",
        "t",
        "w",
        "y",
        "enter",
        "escape",
        "tab",
        "enter",
        "escape",
    )
    for key in keys:
        await stage.press(key)


async def test_markup_in_any_text_of_the_reply_stays_text() -> None:
    log = LogConfiguration(MARKUP, {MARKUP: MARKUP}, {MARKUP: MARKUP}, error=MARKUP)
    session = a_session(lifecycle_status=MARKUP, updated_by=MARKUP, updated_at=START, log=log, worker_log=log)
    session = replace(
        session, host=replace(present(session.host), name=MARKUP, instance_type=MARKUP, addresses=(MARKUP,))
    )
    fault = a_fault(message=MARKUP, sentence=MARKUP, remedy=MARKUP, code=MARKUP, request_id=MARKUP)
    action = an_action(1, MARKUP, kind=MARKUP, message=MARKUP, parameters={MARKUP: MARKUP})
    async with at_session(session, fault, actions=[Page((action,)), fault]) as stage:
        await stage.press("tab", "tab")
        await stage.move(16)
        await press_everything(stage)
        await stage.move(3)
        await press_everything(stage)
        assert isinstance(stage.app.screen, SessionScreen)
        assert MARKUP in stage.text


async def test_a_session_that_lives_for_weeks_keeps_its_strip_within_the_panel() -> None:
    old = a_session(started_at=START - timedelta(days=21), lifecycle_status="UPDATE_FAILED")
    async with at_session(old) as stage:
        assert "21d 00:00:00" in stage.part("#session")
