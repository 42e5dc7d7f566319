"""What is final is asked no more, whatever screen is on top, and nothing beside it says otherwise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from farmwatch.aws.model import LogConfiguration, Page
from tests.canned import START, CannedFarm, a_session, an_action
from tests.ui.log.stage import at_screen, settle, written

ENDS = START + timedelta(seconds=20)
LATER = 150
"""Seconds after which a worker's last words are in, and late ones were looked for."""


def a_farm_whose_session_ends(log: Any = None, **changes: Any) -> CannedFarm:
    """Its session ends after twenty seconds, and so does what it runs."""
    running, over = an_action(0, "RUNNING"), an_action(0, ended_at=ENDS, exit_code=0)
    told: list[bool] = []

    def session(*_: Any) -> Any:
        told.append(True)
        ended = {"lifecycle_status": "ENDED", "ended_at": ENDS} if len(told) > 10 else {}
        return a_session(**changes, **ended)

    def action() -> Any:
        return over if len(told) > 10 else running

    return CannedFarm(
        session=session,
        session_actions=lambda *_: Page((action(),)),
        session_actions_by_id=lambda *_: {over.action_id: action()},
        step="Render",
        log_page=log or written("one", "two"),
    )


@pytest.mark.parametrize("keys", [(), ("l",), ("c",), ("l", "c")], ids=["session", "log", "why", "log, why"])
async def test_a_session_that_ends_under_any_screen_is_asked_about_no_more(keys: tuple[str, ...]) -> None:
    farm = a_farm_whose_session_ends()
    async with at_screen(farm, *keys) as stage:
        await stage.move(LATER)
        asked = len(farm.asked)
        await stage.move(120)
        names_above = {"farm", "queue", "job"}
        assert {one[0] for one in farm.asked[asked:]} <= names_above


@pytest.mark.parametrize("keys", [(), ("l",), ("l", "i"), ("c",)], ids=["session", "log", "both logs", "why"])
async def test_final_never_stands_beside_a_poll_to_come_or_a_log_that_is_followed(
    keys: tuple[str, ...],
) -> None:
    farm = a_farm_whose_session_ends()
    seen_final = 0
    async with at_screen(farm, *keys) as stage:
        assert "next poll in" in stage.part("StatusLine")
        for _ in range(LATER):
            await stage.move(1)
            line = stage.part("StatusLine")
            if "○ final" not in line:
                continue
            seen_final += 1
            assert not any(words in stage.text for words in ("next poll", "every ", "● following")), line
        await settle(stage)
        assert "no more polls: r refreshes" in stage.part("StatusLine")
    assert seen_final > 10


async def test_a_log_that_is_over_says_so_and_is_followed_until_then() -> None:
    async with at_screen(a_farm_whose_session_ends(), "l") as stage:
        assert "● following" in stage.part("#state")
        await stage.move(LATER)
        assert "○ end of the log" in stage.part("#state")


async def test_where_no_log_can_be_read_a_session_that_ended_is_final_there_too() -> None:
    farm = a_farm_whose_session_ends(log=None, worker_log=None)
    unread = LogConfiguration("somewhere", {}, {})
    farm.answers["session"] = [a_session(lifecycle_status="ENDED", ended_at=ENDS, log=unread)]
    async with at_screen(farm, "l") as stage:
        assert "○ final" in stage.part("StatusLine")
