"""The rows of the virtual table: what it asks of a model, and the simplest model there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from farmwatch.ui.widgets.table_cells import Cell


class Rows(Protocol):
    """The model of a table."""

    def __len__(self) -> int: ...

    def key(self, index: int) -> str:
        """What names the row at ``index``, whatever its place."""
        ...

    def index(self, key: str) -> int | None:
        """Where the row of that name is; ``None`` when it is not there."""
        ...

    def cells(self, index: int) -> Sequence[Cell]:
        """What stands in the row, a cell for each column."""
        ...


class ListRows:
    """Rows that are all there: pairs of key and cells."""

    def __init__(self, rows: Sequence[tuple[str, Sequence[Cell]]] = ()) -> None:
        self._rows = list(rows)
        self._at = {key: index for index, (key, _) in enumerate(self._rows)}

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        """The first of the pair."""
        return self._rows[index][0]

    def index(self, key: str) -> int | None:
        """Where the row of that key is; ``None`` where there is none."""
        return self._at.get(key)

    def cells(self, index: int) -> Sequence[Cell]:
        """The second of the pair."""
        return self._rows[index][1]
