"""When everything in memory is looked through."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from time import monotonic

import pytest

from farmwatch.cli import memory
from farmwatch.cli.memory import IDLE_AFTER, IdleCollector


class Thing:
    """Holds itself, so that nothing but a collection throws it away."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    gc.disable()
    yield
    gc.unfreeze()
    gc.enable()


def test_garbage_is_thrown_away_also_where_it_lived_long() -> None:
    thing = Thing()
    kept = weakref.ref(thing)
    memory.collect_and_freeze()
    assert gc.get_freeze_count() > 0
    del thing
    gc.collect()
    assert kept() is not None, "it is not looked through"
    memory.collect_and_freeze()
    assert kept() is None


def test_it_is_done_after_python_did_and_while_nobody_presses_a_key() -> None:
    pressed = [monotonic()]
    collector = IdleCollector(lambda: pressed[0])
    pressed[0] -= IDLE_AFTER
    assert not collector.look(), "nothing was looked through since"
    gc.collect()
    pressed[0] = monotonic()
    assert not collector.look()
    pressed[0] -= IDLE_AFTER
    assert collector.look()
    assert not collector.look(), "once"
