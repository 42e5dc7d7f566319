"""Thresholds of the settings, for all sessions and for some."""

from __future__ import annotations

from datetime import timedelta

from farmwatch.config.rules_table import RulesTable, SessionRulesTable
from farmwatch.monitor.limits import Limits
from farmwatch.rules.thresholds import DEFAULTS
from tests.rules.facts import a_session


def minutes(limits: Limits, queue: str, job: str) -> float:
    """How long a log of such a job may be silent."""
    return limits.of(a_session(queue=queue, job=job)).silent / timedelta(minutes=1)


def test_without_a_word_in_the_settings_they_are_the_usual_ones() -> None:
    limits = Limits(RulesTable())
    assert limits.all == DEFAULTS
    assert limits.of(a_session()) == DEFAULTS


def test_what_is_said_of_a_job_goes_before_its_queue_and_the_later_pattern_before_the_former() -> None:
    limits = Limits(
        RulesTable(
            silent=20,
            poison_task=5,
            queue={"comp": SessionRulesTable(silent=10, frozen=5)},
            job={"sq*": SessionRulesTable(silent=60), "*_nuke": SessionRulesTable(silent=5)},
        )
    )
    assert minutes(limits, "fx", "shot") == 20
    assert minutes(limits, "comp", "shot") == 10
    assert minutes(limits, "comp", "sq010") == 60
    assert minutes(limits, "comp", "sq010_nuke") == 5
    assert minutes(limits, "comp", "SQ010") == 10, "small and capital letters differ"
    of_both = limits.of(a_session(queue="comp", job="sq010"))
    assert of_both.frozen == timedelta(minutes=5)
    assert limits.all.poison_task == 5
