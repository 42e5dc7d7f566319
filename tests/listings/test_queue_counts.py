"""Counting the tasks of the queues in sight."""

from __future__ import annotations

from collections.abc import Sequence

from farmwatch.aws.model import FaultKind
from farmwatch.listings.queue_counts import COUNTED, EVERY, QueueCountsTarget
from tests.canned import FARM_ID, START, CannedFarm, HandClock, a_fault

A, B = f"queue-{1:032x}", f"queue-{2:032x}"


def number_of(_: str, queue_ids: Sequence[str], statuses: Sequence[str]) -> int:
    return {A: 100, B: 200}[queue_ids[0]] + len(statuses)


def a_target(*in_sight: str) -> QueueCountsTarget:
    target = QueueCountsTarget("counts", FARM_ID)
    target.look_at(in_sight)
    return target


def poll_for(target: QueueCountsTarget, farm: CannedFarm, clock: HandClock, seconds: float) -> None:
    """Poll for so many seconds, whenever the target wants to be."""
    end = clock.monotonic() + seconds
    while True:
        wait = target.poll(farm, clock).again_in
        assert wait is not None
        assert wait > 0
        if clock.monotonic() + wait > end:
            return
        clock.move(wait)


def test_every_queue_in_sight_is_counted_by_one_call_a_poll() -> None:
    farm, clock, target = CannedFarm(task_count=number_of), HandClock(), a_target(A, B)
    for calls in range(1, 7):
        target.poll(farm, clock)
        assert farm.count("task_count") == calls
    numbers = {one: count.number for one, count in target.observed.counts.items()}
    assert numbers == {
        (queue, what): number + len(statuses)
        for queue, number in ((A, 100), (B, 200))
        for what, statuses in COUNTED.items()
    }
    target.poll(farm, clock)
    assert farm.count("task_count") == 6, "nothing is due yet"


def test_no_count_is_older_than_half_a_minute() -> None:
    farm, clock, target = CannedFarm(task_count=number_of), HandClock(), a_target(A, B)
    for _ in range(20):
        poll_for(target, farm, clock, 10)
        ages = [(clock.now() - count.at).total_seconds() for count in target.observed.counts.values()]
        assert max(ages) <= 30
    assert farm.count("task_count") <= 6 * (200 / EVERY + 1), "and none is asked for more often than that"


def test_a_queue_out_of_sight_is_not_counted() -> None:
    farm, clock, target = CannedFarm(task_count=number_of), HandClock(), a_target(A, B)
    poll_for(target, farm, clock, 5)
    target.look_at([B])
    poll_for(target, farm, clock, 60)
    assert target.observed.counts[A, "running"].at <= START.replace(minute=START.minute + 1)
    asked = [queues for _, _, queues, _ in farm.asked[6:]]
    assert set(asked) == {(B,)}


def test_before_a_queue_is_in_sight_nobody_is_asked() -> None:
    farm, clock, target = CannedFarm(task_count=number_of), HandClock(), a_target()
    poll_for(target, farm, clock, 10)
    assert farm.asked == []


def test_a_fault_leaves_what_was_counted_and_the_rule_for_faults_says_when_it_is_asked_again() -> None:
    denied = a_fault(FaultKind.DENIED, operation="SearchTasks")
    farm, clock = CannedFarm(task_count=[number_of, denied, number_of]), HandClock()
    target = a_target(A)
    target.poll(farm, clock)
    result = target.poll(farm, clock)
    assert (result.fault, result.again_in) == (denied, None)
    assert (len(target.observed.counts), target.observed.fault) == (1, denied)
    target.poll(farm, clock)
    assert (len(target.observed.counts), target.observed.fault) == (2, None)


def test_counting_anew_does_not_wait() -> None:
    farm, clock, target = CannedFarm(task_count=number_of), HandClock(), a_target(A)
    poll_for(target, farm, clock, 1)
    assert farm.count("task_count") == 3
    target.recount()
    poll_for(target, farm, clock, 1)
    assert farm.count("task_count") == 6
