"""The page on reliability names tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")


def test_every_test_it_names_is_there() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", PAGE))
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_word_of_a_fault_that_it_names_is_one_of_the_screen() -> None:
    from farmwatch.aws.model import FaultKind

    table = PAGE.partition("## What a wrangler sees")[2]
    for kind in set(FaultKind) - {FaultKind.SETUP, FaultKind.CLOCK}:
        assert f"`{kind.value}" in table, kind
