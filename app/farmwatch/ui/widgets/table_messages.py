"""What the virtual table says to whoever holds it."""

from __future__ import annotations

from textual.message import Message
from textual.widget import Widget


class TableMessage(Message):
    """Something that a table says; ``table`` is which."""

    def __init__(self, table: Widget) -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> Widget:
        """The table, for the selectors of Textual's ``on``."""
        return self.table


class RowHighlighted(TableMessage):
    """The cursor has moved to another row."""

    def __init__(self, table: Widget, key: str) -> None:
        super().__init__(table)
        self.key = key

    def can_replace(self, message: Message) -> bool:
        """Of several that wait, the last row of a table will do."""
        return isinstance(message, RowHighlighted) and message.table is self.table


class RowSelected(TableMessage):
    """Somebody wants to go into a row."""

    def __init__(self, table: Widget, key: str) -> None:
        super().__init__(table)
        self.key = key


class HeaderClicked(TableMessage):
    """Somebody clicked on the title of a column."""

    def __init__(self, table: Widget, column_key: str) -> None:
        super().__init__(table)
        self.column_key = column_key


class ViewChanged(TableMessage):
    """Other rows are in sight: those from ``first`` to ``last``."""

    def __init__(self, table: Widget, first: int, last: int) -> None:
        super().__init__(table)
        self.first = first
        self.last = last

    def can_replace(self, message: Message) -> bool:
        """Of several that wait, what a table has in sight last will do."""
        return isinstance(message, ViewChanged) and message.table is self.table


class NearEnd(TableMessage):
    """The end of the rows is near; told once for every number of rows."""
