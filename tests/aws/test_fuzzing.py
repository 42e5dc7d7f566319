"""Replies broken in every way: none of them leaves the client as an exception, or as a value that is none."""

from __future__ import annotations

import pytest

from tests.aws.asking import QUESTIONS, WISHES, all_questions
from tests.aws.fuzzing import Fuzzed


def test_no_question_is_forgotten() -> None:
    assert {*QUESTIONS, *WISHES} == all_questions()


@pytest.fixture(scope="module")
def fuzzed() -> Fuzzed:
    return Fuzzed(seed=7)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_broken_reply_is_a_fault_or_a_valid_value(fuzzed: Fuzzed, question: str) -> None:
    outcome = fuzzed.run(question, 300)
    assert outcome["good"] > 20
    assert outcome["BAD_REPLY"] > 20
