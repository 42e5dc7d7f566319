"""What session actions are called, as far as this run of the program has seen them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from farmwatch.aws.session_action import SessionAction
from farmwatch.sessions.actions import ActionsObserved
from farmwatch.words.action import action_name

MOST = 20_000
"""Names that are kept; beyond them the oldest go."""


class ActionNames:
    """Names by the ids of session actions: ``Render  Frame=1042``.

    They are kept in memory only. The parameters of a task are marked as sensitive in the service's model, so
    they are not for the history's file, which has the ids: what another run has seen goes by its number.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._without_step: set[str] = set()

    def note(self, observed: ActionsObserved) -> None:
        """Take the names of the actions of a session, and of a step that has become known meanwhile."""
        for action in observed.actions:
            self._take(action, observed.steps)
        self._forget()

    def see(self, items: Iterable[Any]) -> None:
        """Take the names of what is in sight on the wall: its sessions and failures have an action each, and
        the name of its step."""
        for item in items:
            action: SessionAction | None = getattr(item, "action", None)
            if action is not None:
                steps = {action.step_id: item.step} if action.step_id is not None and item.step else {}
                self._take(action, steps)
        self._forget()

    def _take(self, action: SessionAction, steps: Mapping[str, str]) -> None:
        one = action.action_id
        is_known = action.step_id is None or action.step_id in steps
        if one not in self._names or (is_known and one in self._without_step):
            self._names[one] = action_name(action, steps)
            (self._without_step.discard if is_known else self._without_step.add)(one)

    def _forget(self) -> None:
        while len(self._names) > MOST:
            oldest = next(iter(self._names))
            del self._names[oldest]
            self._without_step.discard(oldest)

    def __call__(self, action_id: str) -> str:
        """The name of an action; nothing where it is not known."""
        return self._names.get(action_id, "")
