"""What session actions are called, as far as this run of the program has seen them."""

from __future__ import annotations

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
            one = action.action_id
            is_known = action.step_id is None or action.step_id in observed.steps
            if one in self._names and not (is_known and one in self._without_step):
                continue
            self._names[one] = action_name(action, observed.steps)
            (self._without_step.discard if is_known else self._without_step.add)(one)
        while len(self._names) > MOST:
            oldest = next(iter(self._names))
            del self._names[oldest]
            self._without_step.discard(oldest)

    def __call__(self, action_id: str) -> str:
        """The name of an action; nothing where it is not known."""
        return self._names.get(action_id, "")
