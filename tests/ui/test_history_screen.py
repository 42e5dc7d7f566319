"""Looking back: what happened, by session, with the way to each; and what is said when nothing is saved."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from farmwatch.aws.model import FaultKind, Page
from farmwatch.config.settings import Settings
from farmwatch.history.events import Event, EventKind, Watched
from farmwatch.history.recorder import Recorder
from farmwatch.history.store import History
from farmwatch.ui.screens.history.screen import HistoryScreen
from farmwatch.ui.screens.session.screen import SessionScreen
from farmwatch.ui.widgets.virtual_table import VirtualTable
from tests.canned import (
    FARM_ID,
    JOB_ID,
    QUEUE_ID,
    REF,
    SESSION_ID,
    START,
    STEP_ID,
    CannedFarm,
    HandClock,
    a_fault,
    a_session,
    an_action,
)
from tests.ui.stage import Stage, on_stage

AT_SESSION = Settings(farm_id=FARM_ID, queue_id=QUEUE_ID, job_id=JOB_ID, session_id=SESSION_ID)
NAMED = Watched(REF, "Northlight", "lighting", "sq010_sh0420_lgt_v012", session_until=START)


class OnClock(Recorder):
    """A recorder whose clock is known, for the application to be on the same."""

    def __init__(self, path: Path, *, watcher: str, clock: HandClock) -> None:
        super().__init__(path, watcher=watcher, clock=clock)
        self.clock = clock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def recorder(tmp_path: Path, clock: HandClock) -> Iterator[Recorder]:
    made = OnClock(tmp_path / "state" / "history.sqlite", watcher="mira@ops1", clock=clock)
    yield made
    made.close()


def a_farm(**answers: Any) -> CannedFarm:
    return CannedFarm(**{"farms": Page(()), "session": a_session(), **answers})


@asynccontextmanager
async def watching(
    recorder: Recorder, farm: CannedFarm | None = None, *, settings: Settings = AT_SESSION, **given: Any
) -> AsyncIterator[Stage]:
    assert isinstance(recorder, OnClock)
    async with on_stage(
        farm or a_farm(), settings, recorder=recorder, clock=recorder.clock, **given
    ) as stage:
        yield stage


def many_actions(recorder: Recorder, count: int, *, failed: int) -> None:
    """A session whose actions have run, one of which failed."""
    at = START - timedelta(minutes=42)
    entries = [Event(REF, EventKind.STATUS, "", None, "STARTED", at)]
    for number in range(count):
        new = "FAILED" if number == failed else "SUCCEEDED"
        at += timedelta(seconds=60)
        entries.append(Event(REF, EventKind.ACTION, an_action(number).action_id, "RUNNING", new, at))
    recorder.record(entries, [NAMED])


def a_night(recorder: Recorder) -> None:
    """What another run has seen: a session, its actions, a fault, a gap."""

    def entry(
        minute: float, kind: EventKind, subject: str, old: str | None, new: str | None, **given: Any
    ) -> Event:
        at = START - timedelta(minutes=42 - minute)
        return Event(REF, kind, subject, old, new, at, **{"after": at - timedelta(seconds=2), **given})

    action = an_action(3).action_id
    recorder.record(
        [
            entry(0, EventKind.STATUS, "", None, "STARTED"),
            entry(1, EventKind.ACTION, action, None, "RUNNING"),
            entry(5, EventKind.FAULT, "GetSession", None, "OFFLINE: EndpointConnectionError"),
            entry(9, EventKind.FAULT, "GetSession", "OFFLINE: EndpointConnectionError", None),
            entry(9, EventKind.GAP, "", None, "OFFLINE", after=START - timedelta(minutes=37)),
            entry(
                12, EventKind.ACTION, action, "RUNNING", "FAILED", service_at=START - timedelta(minutes=31)
            ),
            entry(13, EventKind.WORKER_LOG_ERROR, "", None, "Missing log group"),
        ],
        [NAMED],
    )


async def test_h_shows_the_sessions_of_the_night_folded_with_counts_of_their_actions(
    recorder: Recorder,
) -> None:
    many_actions(recorder, 31, failed=7)
    async with watching(recorder, settings=Settings()) as stage:
        await stage.press("h")
        text = stage.text
        assert "✗ 1  ▸ ● STARTED  sq010_sh0420_lgt_v012  31 actions, 1 failed" in text
        assert "since" in stage.line(2)
        assert "32 changes in 1 session, 1 failure" in stage.line(2)
        assert "SUCCEEDED" not in text
        assert "space Unfold" in stage.line(35)


async def test_space_unfolds_a_session_and_its_actions_and_folds_them_again(recorder: Recorder) -> None:
    many_actions(recorder, 31, failed=7)
    async with watching(recorder, settings=Settings(), size=(120, 50)) as stage:
        await stage.press("h")
        await stage.press("space")
        assert "▾ ● STARTED" in stage.text
        assert "● STARTED  first seen" in stage.text
        assert "▸ 31 actions, 1 failed" in stage.text
        assert "✗ FAILED" not in stage.text
        await stage.press("end", "space")
        assert "▾ 31 actions, 1 failed" in stage.text
        assert "✗ FAILED  session action 7  was RUNNING" in stage.text
        await stage.press("end", "space")
        assert "▸ 31 actions, 1 failed" in stage.text, "a row folds what it belongs to"
        table = stage.app.screen.query_one(VirtualTable)
        assert table.cursor_index == 2, "and the cursor is on that"


async def test_everything_unfolds_and_folds_with_one_key(recorder: Recorder) -> None:
    a_night(recorder)
    async with watching(recorder, settings=Settings()) as stage:
        await stage.press("h")
        await stage.press("Z")
        text = stage.text
        assert "▾ ● STARTED  sq010_sh0420_lgt_v012  1 action, 1 failed" in text
        for words in (
            "✗ FAILED  session action 3  was RUNNING",
            "▲ GetSession: OFFLINE: EndpointConnectionError",
            "○ GetSession works again",
            "✗ worker log: Missing log group",
            "┄ not watched for 00:04:00 (OFFLINE)",
            "7 changes in 1 session, 2 failures",
            "Earliest",
            "Service time",
            "Seen by",
        ):
            assert words in text
        await stage.press("Z")
        assert "works again" not in stage.text


async def test_a_click_on_a_count_of_actions_unfolds_it(recorder: Recorder) -> None:
    a_night(recorder)
    async with watching(recorder, settings=Settings()) as stage:
        await stage.press("h")
        await stage.press("space")
        line = next(n for n in range(36) if "▸ 1 action, 1 failed" in stage.line(n))
        await stage.pilot.click(offset=(30, line))
        await stage.pilot.click(offset=(30, line))
        assert "✗ FAILED  session action 3" in stage.text


async def test_f_leaves_failures_only_unfolded(recorder: Recorder) -> None:
    a_night(recorder)
    async with watching(recorder, settings=Settings()) as stage:
        await stage.press("h")
        await stage.press("f")
        assert "✗ FAILED  session action 3" in stage.text
        assert "✗ worker log: Missing log group" in stage.text
        assert "GetSession" not in stage.text, "a fault of the connection is no failure of the farm"
        assert "failures only" in stage.line(2)
        await stage.press("f")
        assert "failures only" not in stage.line(2)
        assert "▸ ● STARTED" in stage.text, "as it was before"


async def test_without_failures_it_says_so(recorder: Recorder) -> None:
    recorder.record([Event(REF, EventKind.STATUS, "", None, "STARTED", START)], [NAMED])
    async with watching(recorder, settings=Settings()) as stage:
        await stage.press("h")
        await stage.press("f")
        assert "No failures. f shows everything." in stage.text


async def test_frames_that_were_seen_in_this_run_go_by_their_names(recorder: Recorder) -> None:
    action = an_action(3, status="RUNNING", step_id=STEP_ID, parameters={"Frame": "1042"})
    farm = a_farm(
        session_actions=Page((action,)), session_actions_by_id={action.action_id: action}, step="Render"
    )
    async with watching(recorder, farm) as stage:
        await stage.move(1)
        await stage.press("h")
        await stage.press("Z")
        assert "● RUNNING  Render  Frame=1042" in stage.text
        await stage.press("slash", *"frame=1042")
        assert "Render  Frame=1042" in stage.text
    with closing(sqlite3.connect(recorder.path)) as database:
        stored = "".join(database.iterdump())
    assert "session_id" in stored
    assert "Frame" not in stored, "parameters of tasks are not for the file"


@pytest.mark.long
async def test_opening_it_does_not_move_the_time_that_it_looks_back_to(
    recorder: Recorder, clock: HandClock
) -> None:
    a_night(recorder)
    async with watching(recorder, settings=Settings()) as stage:
        shown = []
        for _ in range(3):
            await stage.press("h")
            shown.append(stage.line(2)[:80])
            await stage.press("escape")
            await stage.move(60)
        assert len(set(shown)) == 1
        assert "7 changes in 1 session" in shown[0]
    async with watching(recorder, settings=Settings()) as stage:
        await stage.press("h")
        assert stage.line(2)[:80] == shown[0], "nor does leaving the program"


async def test_marked_as_seen_it_tells_only_what_is_new_since_then(
    recorder: Recorder, clock: HandClock
) -> None:
    a_night(recorder)
    async with watching(recorder, settings=Settings()) as stage:
        await stage.press("h")
        await stage.press("x")
        await stage.wait_for(lambda: "Marked as seen until" in stage.text)
        assert "0 changes in 0 sessions" in stage.text
        await stage.press("escape")
        await stage.move(60)
        at = clock.now()
        recorder.record([Event(REF, EventKind.STATUS, "", "STARTED", "ENDED", at)], [NAMED])
    async with watching(recorder, settings=Settings()) as stage:
        await stage.press("h")
        await stage.press("Z")
        assert "1 change in 1 session   since 02:10:00 (marked as seen)" in stage.text
        assert "○ ENDED  was STARTED" in stage.text
        await stage.press("s", *"2h", "enter")
        assert "8 changes in 1 session" in stage.text
        await stage.press("s", "enter")
        assert "1 change in 1 session" in stage.text


async def test_a_mark_that_cannot_be_written_is_written_later(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_night(recorder)
    mark_seen = History.mark_seen

    def full(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async with watching(recorder, settings=Settings()) as stage:
        await stage.press("h")
        monkeypatch.setattr(History, "mark_seen", full)
        await stage.press("x")
        assert "0 changes in 0 sessions" in stage.text, "somebody has seen it all the same"
        monkeypatch.setattr(History, "mark_seen", mark_seen)
        await stage.move(10)
        await stage.press("escape", "h")
        assert "0 changes in 0 sessions" in stage.text


async def test_a_time_that_cannot_be_is_refused_and_loses_nothing(recorder: Recorder) -> None:
    a_night(recorder)
    async with watching(recorder, settings=Settings()) as stage:
        await stage.press("h")
        await stage.press("s", *"noon", "enter")
        await stage.wait_for(lambda: "is not a time" in stage.text)
        assert "7 changes" in stage.text
        assert "noon" in stage.text, "what was typed can be mended"


async def test_a_filter_leaves_what_has_its_words(recorder: Recorder) -> None:
    a_night(recorder)
    async with watching(recorder, settings=Settings()) as stage:
        await stage.press("h")
        await stage.press("slash", *"failed")
        assert "✗ FAILED  session action 3" in stage.text
        assert "Missing log group" not in stage.text
        await stage.press(*" again")
        assert "No match for “failed again”" in stage.text
        await stage.press("escape", "Z")
        assert "Missing log group" in stage.text


async def test_enter_leads_to_the_session_and_escape_back_to_the_history(recorder: Recorder) -> None:
    a_night(recorder)
    async with watching(recorder, settings=Settings()) as stage:
        await stage.press("h")
        await stage.press("down", "enter")
        assert isinstance(stage.app.screen, SessionScreen)
        assert stage.app.screen.place.session_id == SESSION_ID
        await stage.press("escape")
        assert isinstance(stage.app.screen, HistoryScreen)
        await stage.press("escape")
        assert not isinstance(stage.app.screen, HistoryScreen)


async def test_the_history_is_there_without_a_network(recorder: Recorder) -> None:
    a_night(recorder)
    async with on_stage(
        a_fault(FaultKind.LOGIN, operation=""), Settings(), recorder=recorder, clock=HandClock()
    ) as stage:
        await stage.press("h")
        assert "7 changes in 1 session" in stage.text


async def test_an_empty_history_says_what_would_fill_it(recorder: Recorder) -> None:
    async with watching(recorder, settings=Settings()) as stage:
        await stage.press("h")
        assert "Nothing happened since" in stage.text
        assert "A session is watched while its screen is open," in stage.text


async def test_after_a_restart_the_session_shows_what_was_seen_before_and_by_whom(
    recorder: Recorder, clock: HandClock
) -> None:
    a_night(recorder)
    async with watching(recorder, size=(200, 60)) as stage:
        text = stage.part("#session")
        assert "● STARTED  seen 01:27:58–01:28:00 by mira@ops1" in text
        assert "┄" in text, "what nobody saw is drawn as a gap"
        assert stage.text.count("Missing log group") == 1, "an error of the night is kept"


async def test_a_session_that_cannot_be_asked_for_shows_what_was_seen_before(recorder: Recorder) -> None:
    a_night(recorder)
    async with watching(recorder, a_farm(session=a_fault()), size=(200, 60)) as stage:
        assert "Seen before:" in stage.part("#session")
        assert "● STARTED  seen 01:27:58–01:28:00 by mira@ops1" in stage.part("#session")


async def test_what_is_not_saved_is_said_on_every_screen_until_it_is(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = History.write

    def full(*_: Any) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(History, "write", full)
    async with watching(recorder, size=(80, 24)) as stage:
        assert "HISTORY NOT SAVED" in stage.line(0)
        assert "The disk is full. 1 changes wait" in stage.text
        assert "● STARTED" in stage.text, "watching goes on"
        monkeypatch.setattr(History, "write", write)
        await stage.move(60)
        recorder.run_due()
        await stage.move(1)
        assert "HISTORY NOT SAVED" not in stage.text


async def test_a_damaged_history_is_said_once(recorder: Recorder) -> None:
    recorder.path.parent.mkdir()
    recorder.path.write_bytes(b"no database" * 1000)
    async with watching(recorder) as stage:
        await stage.move(1)
        await stage.wait_for(lambda: "The history was damaged." in stage.text)
