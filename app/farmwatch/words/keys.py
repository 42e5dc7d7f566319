"""What keys are called in sentences: as they are in force."""

from __future__ import annotations

from collections.abc import Mapping

_names: dict[str, str] = {}


def use(names: Mapping[str, str]) -> None:
    """Call keys by these names from now on, by the ids of their bindings; all others as they are called by
    default."""
    _names.clear()
    _names.update(names)


def key(binding: str, default: str) -> str:
    """What the key of a binding is called."""
    return _names.get(binding, default)
