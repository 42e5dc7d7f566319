"""What keys are called in sentences: as they are in force."""

from __future__ import annotations

from collections.abc import Mapping

_names: dict[str, str] = {}

ENTER = "⏎"
"""What Enter is called by default; as the id of a binding there is none."""


def use(names: Mapping[str, str]) -> None:
    """Call keys by these names from now on, by the ids of their bindings; all others as they are called by
    default."""
    _names.clear()
    _names.update(names)


def key(binding: str, default: str) -> str:
    """What the key of a binding is called."""
    return _names.get(binding, default)


def enter() -> str:
    """What Enter is called where no binding of ours has it; by a word where the terminal has no sign for
    it."""
    return key(ENTER, ENTER)
