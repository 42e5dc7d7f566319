"""What the log view tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from farmwatch.ui.widgets.log_view import LogView


class _FromView(Message):
    def __init__(self, view: LogView) -> None:
        super().__init__()
        self.view = view

    @property
    def control(self) -> LogView:
        return self.view

    def can_replace(self, message: Message) -> bool:
        return type(message) is type(self)


class Moved(_FromView):
    """The cursor, what is in sight or the selection is another one."""


class NearStart(_FromView):
    """The first of the lines is nearly in sight: older ones are wanted."""


class Worked(_FromView):
    """More is known about the lines; ``done``: all that there is to know."""

    def __init__(self, view: LogView, *, done: bool) -> None:
        super().__init__(view)
        self.done = done
