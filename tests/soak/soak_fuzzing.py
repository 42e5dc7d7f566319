"""Ten thousand broken replies to every question. (``make soak``)"""

from __future__ import annotations

import pytest

from tests.aws.asking import QUESTIONS
from tests.aws.fuzzing import Fuzzed


@pytest.mark.parametrize("question", QUESTIONS)
def test_ten_thousand_replies(question: str) -> None:
    outcome = Fuzzed(seed=11).run(question, 10_000)
    print(f"\n  {question}: {dict(outcome)}")
