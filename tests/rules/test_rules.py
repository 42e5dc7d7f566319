"""Each rule below, at and above its threshold, and where there is nothing to compare with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from farmwatch.rules.facts import SessionFacts, TaskFacts, WorkerFacts
from farmwatch.rules.finding import NOT_SEEN, Finding, Severity, Verdict, summary
from farmwatch.rules.rules import (
    EVERY_RULE,
    SESSION_RULES,
    bad_worker,
    dead_worker,
    failed_running,
    frozen_progress,
    lasting,
    log_trouble,
    nears_silence,
    never_started,
    poison_task,
    quiet_working,
    silent,
    straggler,
    update_failed,
    will_not_end,
)
from farmwatch.rules.thresholds import DEFAULTS, Thresholds, relaxed
from tests.rules.facts import NOW, a_session, ago, at_work

SECOND = 1 / 60


def fires(rule: Callable[[SessionFacts, Thresholds], Verdict], facts: SessionFacts) -> Finding:
    verdict = rule(facts, DEFAULTS)
    assert isinstance(verdict, Finding)
    return verdict


def test_a_silent_log_fires_from_thirty_minutes_and_half_of_the_run_on() -> None:
    def of(silence: float, run: float) -> SessionFacts:
        return at_work(started_at=ago(run), line_at=ago(silence), line_seen_at=NOW)

    assert silent(of(30 - SECOND, 40), DEFAULTS) is None
    assert fires(silent, of(30, 40)).severity is Severity.SUSPECT
    assert fires(silent, of(30, 60)).since == ago(30)
    assert silent(of(30, 60 + SECOND), DEFAULTS) is None
    assert fires(silent, of(500, 600)).words == "silent 8 h 20 min of 10 h"


def test_a_silence_longer_than_the_run_is_none_of_it() -> None:
    of_run = at_work(started_at=ago(40), line_at=ago(40), line_seen_at=NOW)
    assert fires(silent, of_run)
    before = at_work(started_at=ago(40), line_at=ago(40 + SECOND), line_seen_at=NOW)
    assert silent(before, DEFAULTS) is None


def test_of_a_log_that_nobody_reads_no_silence_is_known() -> None:
    assert silent(at_work(), DEFAULTS) is NOT_SEEN
    read_long_ago = at_work(started_at=ago(90), line_at=ago(80), line_seen_at=ago(11))
    assert silent(read_long_ago, DEFAULTS) is NOT_SEEN
    assert silent(a_session(), DEFAULTS) is None
    assert silent(at_work(status="SUCCEEDED"), DEFAULTS) is None


def test_a_silence_is_told_with_the_run_and_the_siblings() -> None:
    facts = at_work(line_at=ago(38), line_seen_at=NOW, median=720.0, siblings=14)
    finding = fires(silent, facts)
    assert finding.words == "silent 38 min of 55"
    compared = "silent 38 min of a run of 55 min; siblings' median 12 min, n = 14"
    assert finding.evidence == f"{compared}; no metrics of its worker"
    alone = at_work(line_at=ago(38), line_seen_at=NOW, median=720.0, siblings=2)
    assert "no baseline" in fires(silent, alone).evidence
    quick = at_work(line_at=ago(38), line_seen_at=NOW, median=20.0, siblings=14)
    assert "siblings' median 20 s, n = 14" in fires(silent, quick).evidence


def busy(**given: Any) -> SessionFacts:
    """One that is silent, alone on a worker that is busy."""
    line = {"line_at": ago(38), "line_seen_at": NOW}
    return at_work(**{**line, "on_worker": 1, "cpu": 93.0, "cpu_at": ago(4), **given})


def test_what_is_silent_on_a_busy_worker_of_its_own_is_quiet_and_works() -> None:
    assert silent(busy(), DEFAULTS) is None
    finding = fires(quiet_working, busy())
    assert (finding.severity, finding.words) == (Severity.WORKING, "quiet, working")
    assert finding.evidence == f"silent 38 min; its worker's CPU 93 % at {ago(4):%H:%M} (Metrics)"
    assert summary([finding]) == ("quiet, working",)
    assert not finding.is_serious


@pytest.mark.parametrize(
    ("given", "evidence"),
    [
        ({"cpu": 50.0}, f"its worker's CPU 50 % at {ago(4):%H:%M} (Metrics)"),
        ({"cpu": 0.4}, f"its worker's CPU 0.4 % at {ago(4):%H:%M} (Metrics)"),
        ({"on_worker": 2}, "2 sessions on its worker"),
        ({"cpu": None, "cpu_at": None}, "no metrics of its worker"),
        # What was before the silence, or long ago, says nothing of now.
        ({"cpu_at": ago(38)}, "no metrics of its worker"),
        ({"cpu_at": ago(10)}, "no metrics of its worker"),
    ],
)
def test_without_a_busy_worker_of_its_own_it_is_silent_and_says_so(
    given: dict[str, Any], evidence: str
) -> None:
    assert quiet_working(busy(**given), DEFAULTS) is None
    assert fires(silent, busy(**given)).evidence.endswith(f"; {evidence}")


def test_a_busy_worker_is_nothing_to_speak_of_where_the_log_goes_on_or_cannot_be_seen() -> None:
    assert quiet_working(busy(line_at=ago(5)), DEFAULTS) is None
    assert quiet_working(busy(line_at=None, line_seen_at=None), DEFAULTS) is None
    assert quiet_working(busy(status="SUCCEEDED"), DEFAULTS) is None
    read_long_ago = busy(started_at=ago(90), line_at=ago(80), line_seen_at=ago(11))
    assert quiet_working(read_long_ago, DEFAULTS) is NOT_SEEN
    assert quiet_working(a_session(), DEFAULTS) is None


@pytest.mark.parametrize(
    ("silence", "run", "nears"),
    [(20, 40, True), (20 - SECOND, 40, False), (25, 60, True), (25, 61, False), (38, 30, False)],
)
def test_a_silence_is_near_ten_minutes_before_it_fires(silence: float, run: float, nears: bool) -> None:
    action = at_work(started_at=ago(run), line_at=ago(silence), line_seen_at=NOW).action
    assert action is not None
    assert nears_silence(action, DEFAULTS, timedelta(minutes=10)) is nears


@pytest.mark.parametrize(
    ("unchanged", "gaps", "fired"),
    [
        (20 - SECOND, (60.0, 60.0), False),
        (20, (60.0, 60.0), True),
        (20, (400.0, 400.0), True),
        (20, (401.0, 401.0), False),
        (90, (), False),
        (90, (60.0,), False),
    ],
)
def test_progress_is_frozen_by_its_own_measure_and_from_twenty_minutes_on(
    unchanged: float, gaps: tuple[float, ...], fired: bool
) -> None:
    facts = at_work(progress=72.0, progress_since=ago(unchanged), gaps=gaps)
    verdict = frozen_progress(facts, DEFAULTS)
    assert isinstance(verdict, Finding) is fired
    if isinstance(verdict, Finding):
        assert "72 % unchanged for 20 min" in verdict.evidence
        assert "(median of 2)" in verdict.evidence


@pytest.mark.parametrize(
    ("run", "median", "siblings", "severity"),
    [
        (60 - SECOND, 10, 10, None),
        (60, 10, 10, Severity.SUSPECT),
        (60, 20, 10, None),
        (60 + SECOND, 20, 10, Severity.SUSPECT),
        (90, 10, 9, Severity.SLOW),
        (90, 10, 3, Severity.SLOW),
        (90, 10, 2, None),
        (90, 10, 0, None),
    ],
)
def test_a_straggler_has_ten_siblings_and_one_with_few_is_only_slow(
    run: float, median: float, siblings: int, severity: Severity | None
) -> None:
    verdict = straggler(at_work(started_at=ago(run), median=median * 60.0, siblings=siblings), DEFAULTS)
    assert (verdict.severity if isinstance(verdict, Finding) else verdict) is severity
    assert straggler(at_work(started_at=ago(run)), DEFAULTS) is None, "no baseline"


def test_a_straggler_is_told_with_the_median_and_the_number_of_siblings() -> None:
    finding = fires(straggler, at_work(started_at=ago(90), median=600.0, siblings=14))
    assert finding.evidence == "running for 90 min; siblings' median 10 min, n = 14, 9.0 times that"


def test_an_action_that_waits_ten_minutes_where_nothing_runs_never_started() -> None:
    def of(minutes: float, runs_before: bool | None = False) -> SessionFacts:
        return at_work(status="ASSIGNED", started_at=None, waits_since=ago(minutes), runs_before=runs_before)

    assert never_started(of(10 - SECOND), DEFAULTS) is None
    assert "ASSIGNED for 10 min" in fires(never_started, of(10)).evidence
    assert never_started(of(30, runs_before=True), DEFAULTS) is None
    assert never_started(of(30, runs_before=None), DEFAULTS) is NOT_SEEN
    assert never_started(at_work(), DEFAULTS) is None


def test_a_session_that_was_to_end_ten_minutes_ago_will_not() -> None:
    def of(minutes: float, status: str = "UPDATE_SUCCEEDED") -> SessionFacts:
        return a_session(status=status, target="ENDED", ending_since=ago(minutes))

    assert will_not_end(of(10 - SECOND), DEFAULTS) is None
    assert "still UPDATE_SUCCEEDED" in fires(will_not_end, of(10)).evidence
    assert will_not_end(a_session(), DEFAULTS) is None
    # That is certain, and told as what it is.
    assert will_not_end(of(20, "UPDATE_FAILED"), DEFAULTS) is None
    assert fires(update_failed, of(0, "UPDATE_FAILED")).severity is Severity.CERTAIN
    assert update_failed(of(0), DEFAULTS) is None


def test_ten_minutes_after_an_action_failed_the_session_should_be_over() -> None:
    assert failed_running(a_session(failed_at=ago(10 - SECOND)), DEFAULTS) is None
    finding = fires(failed_running, a_session(failed_at=ago(10)))
    assert (finding.severity, finding.since) == (Severity.CERTAIN, ago(10))
    assert failed_running(a_session(failed_at=ago(30), status="ENDED"), DEFAULTS) is None
    assert failed_running(a_session(), DEFAULTS) is None


def test_the_errors_of_logs_are_told_as_the_service_says_them() -> None:
    finding = fires(log_trouble, a_session(log_error="No stream", worker_log_error="Missing log group"))
    assert finding.words == "log: No stream; worker log: Missing log group"
    assert finding.severity is Severity.CERTAIN
    assert log_trouble(a_session(), DEFAULTS) is None


def failing(*minutes: float, others: float = 30, count: int = 2, seen_at: datetime = NOW) -> WorkerFacts:
    """A worker on which a step failed so many minutes ago, while it succeeded on others."""
    successes = {f"worker-{number}": ago(others) for number in range(count)}
    return WorkerFacts(
        "worker-bad",
        "RUNNING",
        seen_at,
        {"step-1": tuple(map(ago, minutes))},
        {"step-1": {**successes, "worker-bad": ago(1)}},
        {"step-1": "Render"},
    )


def test_three_failures_of_a_step_that_succeeds_on_two_others_make_a_bad_worker() -> None:
    verdict = bad_worker(failing(50, 20, 8), DEFAULTS)
    assert isinstance(verdict, Finding)
    assert verdict.evidence == (
        "3 tasks of Render failed on it within 42 min; the step succeeded on 2 other workers"
    )
    assert verdict.since == ago(50)
    at_once = bad_worker(failing(8, 8, 8), DEFAULTS)
    assert isinstance(at_once, Finding)
    assert "failed on it within 1 min" in at_once.evidence
    assert bad_worker(failing(20, 8), DEFAULTS) is None
    assert bad_worker(failing(69, 20, 8), DEFAULTS) is None, "not within an hour"
    assert isinstance(bad_worker(failing(68, 20, 8), DEFAULTS), Finding)
    assert bad_worker(failing(50, 20, 8, count=1), DEFAULTS) is None, "one other worker"
    assert bad_worker(failing(50, 20, 8, others=69), DEFAULTS) is None, "they succeeded long before"


def test_a_worker_is_forgiven_five_hours_after_its_last_failure() -> None:
    facts = failing(50, 20, 8, seen_at=NOW + timedelta(hours=5, minutes=-9))
    assert isinstance(bad_worker(facts, DEFAULTS), Finding)
    facts = failing(50, 20, 8, seen_at=NOW + timedelta(hours=5, minutes=-8))
    assert bad_worker(facts, DEFAULTS) is None


def test_failures_of_different_steps_say_nothing_of_a_worker() -> None:
    once = (ago(10),)
    facts = WorkerFacts("worker-1", "RUNNING", NOW, {"a": once, "b": once, "c": once})
    assert bad_worker(facts, DEFAULTS) is None


def test_a_worker_is_dead_by_its_status_or_where_none_of_its_sessions_lives() -> None:
    def of(status: str, *quiet: float | None) -> Verdict:
        since = tuple(None if minutes is None else ago(minutes) for minutes in quiet)
        return dead_worker(WorkerFacts("worker-1", status, NOW, quiet_since=since), DEFAULTS)

    assert isinstance(of("NOT_RESPONDING"), Finding)
    assert isinstance(of("RUNNING", 40, 30), Finding)
    assert of("RUNNING", 40, 30 - SECOND) is None
    assert of("RUNNING", 40, None) is None
    assert of("RUNNING", 40) is None, "one session alone may hang by itself"
    assert of("STOPPED") is None


def test_a_task_that_failed_on_three_workers_is_poison() -> None:
    failed_on = {"worker-1": ago(30), "worker-2": ago(20)}
    assert poison_task(TaskFacts("task-1", NOW, failed_on), DEFAULTS) is None
    verdict = poison_task(TaskFacts("task-1", NOW, {**failed_on, "worker-3": ago(5)}), DEFAULTS)
    assert isinstance(verdict, Finding)
    assert verdict.evidence == "the same task failed on 3 workers within 25 min"


def test_an_interruption_is_no_trouble_of_any_rule() -> None:
    facts = at_work(
        status="INTERRUPTED",
        line_at=ago(38),
        line_seen_at=NOW,
        progress_since=ago(41),
        gaps=(60.0, 60.0),
        median=60.0,
        siblings=20,
    )
    assert {rule.check(facts, DEFAULTS) for rule in SESSION_RULES} == {None}


def test_what_is_found_is_told_in_few_words_the_worst_first() -> None:
    one = Finding("silent", Severity.STUCK, "silent 38 min of 55", "", NOW)
    other = Finding("frozen progress", Severity.STUCK, "progress frozen 41 min", "", NOW)
    certain = Finding("log trouble", Severity.CERTAIN, "log: none", "", NOW)
    assert summary([one, other, certain]) == (
        "log: none",
        "stuck: silent 38 min of 55, progress frozen 41 min",
    )
    assert summary([Finding("silent", Severity.SUSPECT, "silent", "", NOW, is_contradicted=True)]) == ()


def test_every_rule_has_a_name_of_its_own_and_says_when_it_fires() -> None:
    assert len({name for name, _ in EVERY_RULE}) == len(EVERY_RULE)
    assert all(fires(DEFAULTS) for _, fires in EVERY_RULE)
    other = Thresholds(silent=timedelta(minutes=7))
    assert "7 min" in SESSION_RULES[0].fires(other)


def test_what_holds_is_over_below_nine_tenths_of_the_threshold() -> None:
    assert relaxed(DEFAULTS).silent == timedelta(minutes=27)
    assert relaxed(DEFAULTS).straggler_times == pytest.approx(2.7)
    assert relaxed(DEFAULTS).siblings == DEFAULTS.siblings


def test_durations_read_as_minutes_and_from_two_hours_on_as_hours() -> None:
    assert [lasting(timedelta(minutes=one)) for one in (0, 38.9, 119, 125, 300)] == [
        "0 min",
        "38 min",
        "119 min",
        "2 h 05 min",
        "5 h",
    ]
