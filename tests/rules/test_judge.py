"""Findings over passes: when one holds, when it is over, and what cannot be seen."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from farmwatch.rules.facts import SessionFacts, TaskFacts, WorkerFacts
from farmwatch.rules.finding import Severity
from farmwatch.rules.judge import Judge
from farmwatch.rules.thresholds import Thresholds
from tests.rules.facts import LONG, NOW, a_session, ago, at_work, seen, stuck


class Passes:
    """A judge, and the time, which goes on by ten seconds a pass."""

    def __init__(self, judge: Judge | None = None) -> None:
        self.judge = judge or Judge()
        self.now = NOW

    def see(self, *sessions: SessionFacts) -> dict[str, list[str]]:
        """A pass that sees these anew; what holds, by session."""
        return self.hear(*(seen(facts, self.now + timedelta(seconds=10)) for facts in sessions))

    def hear(self, *sessions: SessionFacts) -> dict[str, list[str]]:
        self.now += timedelta(seconds=10)
        found = self.judge.judge(sessions, self.now, LONG)
        return {session_id: [one.rule for one in findings] for session_id, findings in found.items()}


def fine(number: int = 1) -> SessionFacts:
    return at_work(number, line_at=NOW, line_seen_at=NOW, progress=51.0, progress_since=NOW)


BOTH = {"session-1": ["silent", "frozen progress"]}


def test_a_finding_holds_after_two_passes_in_a_row() -> None:
    passes = Passes()
    assert passes.see(stuck()) == {}
    assert passes.see(stuck()) == BOTH
    passes = Passes()
    assert [passes.see(one) for one in (stuck(), fine(), stuck())] == [{}, {}, {}]
    assert passes.see(stuck()) == BOTH


def test_a_finding_is_over_after_two_good_passes_in_a_row() -> None:
    passes = Passes()
    passes.see(stuck())
    passes.see(stuck())
    assert [passes.see(one) for one in (fine(), stuck(), fine())] == [BOTH, BOTH, BOTH]
    assert passes.see(fine()) == {}


def test_what_was_not_seen_anew_is_no_pass() -> None:
    passes = Passes()
    passes.see(stuck())
    once = seen(stuck(), passes.now)
    assert passes.hear(once) == {}
    assert passes.hear(once) == {}
    assert passes.see(stuck()) == BOTH


def test_what_cannot_be_seen_begins_nothing_and_ends_nothing() -> None:
    passes = Passes()
    passes.see(stuck())
    passes.see(stuck())
    old = seen(fine(), NOW)
    passes.now += timedelta(minutes=5)
    assert [passes.hear(old) for _ in range(3)] == [BOTH] * 3
    unread = at_work(progress=51.0, progress_since=NOW)
    assert passes.see(unread) == BOTH
    assert passes.see(unread) == {"session-1": ["silent"]}, "of the log nothing is known, of progress it is"
    assert Passes().hear(seen(stuck(), ago(30))) == {}


def test_what_was_found_of_an_action_is_over_with_it() -> None:
    passes = Passes()
    passes.see(stuck())
    passes.see(stuck())
    assert passes.see(at_work(action_id="action-2")) == {}
    passes.see(stuck())
    passes.see(stuck())
    assert passes.see(at_work(status="SUCCEEDED")) == {}


def test_with_the_session_all_is_over_but_for_the_error_of_its_log() -> None:
    passes = Passes()
    lost = replace(stuck(), log_error="No stream")
    passes.see(lost)
    assert passes.see(lost) == {"session-1": ["log trouble", "silent", "frozen progress"]}
    assert passes.see(replace(lost, is_over=True, status="ENDED")) == {"session-1": ["log trouble"]}


def test_what_the_service_says_itself_holds_at_once() -> None:
    assert Passes().see(a_session(log_error="none")) == {"session-1": ["log trouble"]}
    assert Passes().see(a_session(status="UPDATE_FAILED")) == {"session-1": ["update failed"]}


def test_two_signals_make_it_stuck_and_one_suspect() -> None:
    def severities(facts: SessionFacts) -> set[Severity]:
        judge = Judge()
        for second in (1, 2):
            at = NOW + timedelta(seconds=second)
            found = judge.judge([seen(facts, at)], at, LONG)
        return {one.severity for one in found["session-1"]}

    assert severities(stuck()) == {Severity.STUCK}
    silent = at_work(line_at=ago(38), line_seen_at=NOW)
    assert severities(silent) == {Severity.SUSPECT}
    slow = at_work(started_at=ago(90), line_at=ago(60), line_seen_at=NOW, median=60.0, siblings=3)
    assert severities(slow) == {Severity.SUSPECT, Severity.SLOW}, "slow is no signal"
    straggler = at_work(started_at=ago(90), line_at=ago(60), line_seen_at=NOW, median=60.0, siblings=10)
    assert severities(straggler) == {Severity.STUCK}


def test_a_session_is_quiet_and_works_from_two_passes_on_and_is_stuck_when_its_worker_rests() -> None:
    def at(cpu: float) -> SessionFacts:
        facts = stuck()
        assert facts.action is not None
        told = {"on_worker": 1, "cpu": cpu, "cpu_at": ago(1)}
        return replace(facts, action=replace(facts.action, **told))

    passes = Passes()
    passes.see(at(93.0))
    assert passes.see(at(93.0)) == {"session-1": ["frozen progress", "quiet, working"]}
    passes.see(at(2.0))
    assert passes.see(at(2.0)) == {"session-1": ["silent", "frozen progress"]}
    passes.see(at(93.0))
    assert passes.see(at(93.0)) == {"session-1": ["frozen progress", "quiet, working"]}


def test_what_was_called_not_stuck_is_found_and_marked_so_and_other_work_is_not() -> None:
    judge = Judge()
    judge.contradicted = {"action-1"}
    for second in (1, 2):
        at = NOW + timedelta(seconds=second)
        lost = replace(seen(stuck(), at), log_error="No stream")
        found = judge.judge([lost], at, LONG)
    told = [(one.rule, one.is_contradicted, one.is_serious) for one in found["session-1"]]
    assert told == [
        ("log trouble", False, True),
        ("silent", True, False),
        ("frozen progress", True, False),
    ]


def test_how_often_a_rule_fired_is_counted_once_for_each_time_it_began_to_hold() -> None:
    passes = Passes()
    for facts in (stuck(), stuck(), stuck(), fine(), fine(), stuck(), stuck()):
        passes.see(facts)
    assert Counter(passes.judge.fired) == {"silent": 2, "frozen progress": 2}


def test_a_session_may_have_thresholds_of_its_own() -> None:
    nuke = Thresholds(silent=timedelta(minutes=5), silent_share=0.05)
    judge = Judge(limits_of=lambda facts: nuke if facts.job.startswith("comp_") else Thresholds())
    passes = Passes(judge)
    quiet = at_work(line_at=ago(6), line_seen_at=NOW)
    sessions = (replace(quiet, job="comp_010"), replace(at_work(2, line_at=ago(6), line_seen_at=NOW)))
    passes.see(*sessions)
    assert passes.see(*sessions) == {"session-1": ["silent"]}


def test_since_when_does_not_change_while_a_finding_holds() -> None:
    judge = Judge()
    for second in (1, 2, 3):
        at = NOW + timedelta(seconds=second)
        found = judge.judge([seen(a_session(log_error="none"), at)], at, LONG)
    assert found["session-1"][0].since == NOW + timedelta(seconds=1)


def test_workers_and_tasks_hold_after_two_passes_too() -> None:
    judge = Judge()

    def worker(at: datetime) -> list[WorkerFacts]:
        return [WorkerFacts("worker-1", "NOT_RESPONDING", at)]

    assert judge.judge_workers(worker(NOW)) == {}
    assert [one.rule for one in judge.judge_workers(worker(ago(-1)))["worker-1"]] == ["dead worker"]
    failed_on = {f"worker-{number}": NOW for number in range(3)}
    assert judge.judge_tasks([TaskFacts("task-1", NOW, failed_on)]) == {}
    assert "task-1" in judge.judge_tasks([TaskFacts("task-1", ago(-1), failed_on)])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["bad", "good", "unseen"]), max_size=12))
def test_whatever_happens_only_two_in_a_row_of_what_is_seen_count(happened: list[str]) -> None:
    passes, holds, row = Passes(), False, ("", 0)
    for what in happened:
        facts = {"bad": stuck(), "good": fine(), "unseen": seen(fine(), NOW - LONG)}[what]
        found = passes.hear(facts) if what == "unseen" else passes.see(facts)
        if what != "unseen":
            row = (what, row[1] + 1 if row[0] == what else 1)
            if row[1] >= 2:
                holds = what == "bad"
        assert bool(found) is holds


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_sessions_changes_nothing(seed: int) -> None:
    sessions = [(stuck if number % 3 else fine)(number) for number in range(30)]
    one, other = Passes(), Passes()
    shuffled = random.Random(seed).sample(sessions, len(sessions))
    for _ in range(2):
        first, second = one.see(*sessions), other.see(*shuffled)
    assert first == second
    assert len(first) == 20
