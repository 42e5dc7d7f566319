"""The tasks of each queue, counted beside the list of queues and never in its way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from farmwatch.aws.model import FaultKind, Page, Queue
from farmwatch.config.settings import Settings
from tests.canned import FARM_ID, START, CannedFarm, a_fault
from tests.ui.stage import Stage, on_stage

QUEUES = tuple(Queue(f"queue-{n:032x}", f"queue {n:02}", "IDLE", None, START, "mira") for n in range(60))
AT_QUEUES = Settings(farm_id=FARM_ID)


def number_of(_: str, queue_ids: Sequence[str], statuses: Sequence[str]) -> int:
    number = int(queue_ids[0].removeprefix("queue-"), 16)
    return {"RUNNING": 1000, "FAILED": number, "READY": 10_000}[statuses[0]]


def a_farm(queues: int = 2, **answers: Any) -> CannedFarm:
    return CannedFarm(**{"queues": Page(QUEUES[:queues]), "task_count": number_of, **answers})


def row(stage: Stage, name: str) -> list[str]:
    line = next(line for line in stage.lines if name in line)
    return line.split(name)[1].split()


async def test_counts_come_in_beside_the_list_and_nothing_else_moves() -> None:
    async with on_stage(a_farm(), AT_QUEUES) as stage:
        before = next(line for line in stage.lines if "queue 01" in line)
        assert row(stage, "queue 01")[2:5] == ["–", "–", "–"]
        await stage.move(5, step=0.25)
        assert row(stage, "queue 01")[2:5] == ["1,000", "1", "10,000+"]
        after = next(line for line in stage.lines if "queue 01" in line)
        assert before.index("queue-") == after.index("queue-")


async def test_the_list_is_there_before_anything_is_counted() -> None:
    async with on_stage(a_farm(60), AT_QUEUES) as stage:
        assert stage.farm.asked[0][0] == "queues"
        assert "60 queues" in stage.text


async def test_only_queues_in_sight_are_counted() -> None:
    async with on_stage(a_farm(60), AT_QUEUES, size=(120, 24)) as stage:
        await stage.move(20, step=0.25)
        counted = {asked[2][0] for asked in stage.farm.asked if asked[0] == "task_count"}
        assert QUEUES[0].queue_id in counted
        assert QUEUES[59].queue_id not in counted
        await stage.press("end")
        await stage.move(20, step=0.25)
        counted = {asked[2][0] for asked in stage.farm.asked if asked[0] == "task_count"}
        assert QUEUES[59].queue_id in counted


async def test_where_counting_is_denied_the_list_is_as_good_as_before() -> None:
    farm = a_farm(task_count=a_fault(FaultKind.DENIED, operation="SearchTasks"))
    async with on_stage(farm, AT_QUEUES) as stage:
        await stage.move(48)
        assert row(stage, "queue 01")[2:5] == ["–", "–", "–"]
        assert "live" in stage.line(2)
        # At once, after 5 s and after 15 s more: whatever the list has brought meanwhile.
        assert farm.count("task_count") == 3


async def test_counts_that_are_old_do_not_look_fresh() -> None:
    farm = a_farm(1, task_count=[number_of] * 3 + [a_fault(FaultKind.DENIED)])
    async with on_stage(farm, AT_QUEUES) as stage:
        await stage.move(5, step=0.25)
        assert "1,000" in stage.text
        fresh = style_of(stage, "1,000")
        await stage.move(60)
        assert style_of(stage, "1,000") != fresh


def style_of(stage: Stage, text: str) -> Any:
    """How a text is drawn."""
    strips = stage.app.screen._compositor.render_strips()  # noqa: SLF001 - Textual tells them nowhere else
    return next(segment.style for strip in strips for segment in strip if text in segment.text)


@pytest.mark.parametrize("key", ["escape", "enter"])
async def test_who_leaves_the_list_has_nothing_counted_any_more(key: str) -> None:
    async with on_stage(a_farm(search_jobs=Page((), None, 0), farms=Page(())), AT_QUEUES) as stage:
        await stage.move(5, step=0.25)
        await stage.press(key)
        counted = stage.farm.count("task_count")
        await stage.move(40)
        assert stage.farm.count("task_count") == counted


async def test_a_pause_and_a_refresh_are_for_the_counts_too() -> None:
    async with on_stage(a_farm(), AT_QUEUES) as stage:
        await stage.move(5, step=0.25)
        await stage.press("p")
        counted = stage.farm.count("task_count")
        await stage.move(40)
        assert stage.farm.count("task_count") == counted
        await stage.press("p", "r")
        await stage.move(5, step=0.25)
        assert stage.farm.count("task_count") >= counted + 6
