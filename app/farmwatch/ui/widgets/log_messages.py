"""What the log view tells."""

from __future__ import annotations

from textual.message import Message
from textual.widget import Widget


class _FromView(Message):
    def __init__(self, view: Widget) -> None:
        super().__init__()
        self.view = view

    @property
    def control(self) -> Widget:
        return self.view

    def can_replace(self, message: Message) -> bool:
        return type(message) is type(self)


class Moved(_FromView):
    """The cursor, what is in sight or the selection is another one."""


class NearStart(_FromView):
    """The first of the lines is nearly in sight: older ones are wanted."""


class Worked(_FromView):
    """More is known about the lines; ``done``: all that there is to know."""

    def __init__(self, view: Widget, *, done: bool) -> None:
        super().__init__(view)
        self.done = done
