"""Which rows of a log are in sight: arithmetic of rows that may take several rows of the screen each."""

from __future__ import annotations

from collections.abc import Callable


class LogPage:
    """A page over ``rows`` rows, ``size`` rows of the screen high.

    ``top`` is the first row in sight, of which the first ``sub`` rows of the screen are not. The page is
    never left empty while there are rows to fill it. ``height`` tells how many rows of the screen a row
    takes; where ``is_even``, each takes one, and nothing is asked.
    """

    def __init__(self, height: Callable[[int], int]) -> None:
        self.rows = 0
        self.size = 1
        self.is_even = True
        self.top = 0
        self.sub = 0
        self._height = height

    def height(self, row: int) -> int:
        """How many rows of the screen a row takes."""
        return 1 if self.is_even else max(1, self._height(row))

    # --- what is in sight -------------------------------------------------------------------------------

    def at(self, y: int) -> tuple[int, int] | None:
        """The row, and which of its parts, on a row of the screen."""
        if y < 0:
            return None
        if self.is_even:
            return (self.top + y, 0) if self.top + y < self.rows else None
        row, start = self.top, -self.sub
        while row < self.rows:
            height = self.height(row)
            if start + height > y:
                return row, y - start
            start += height
            row += 1
        return None

    def y_of(self, row: int) -> int | None:
        """The row of the screen on which a row begins: negative for one that begins above, ``None`` for one
        that is out of sight."""
        if not self.top <= row < min(self.rows, self.top + self.size):
            return None
        if self.is_even:
            return row - self.top
        y = -self.sub
        for above in range(self.top, row):
            y += self.height(above)
            if y >= self.size:
                return None
        return y

    @property
    def last(self) -> int:
        """The last row that is in sight; -1 where there is none."""
        placed = self.at(self.size - 1)
        return self.rows - 1 if placed is None else placed[0]

    @property
    def share(self) -> tuple[float, float]:
        """Where the page begins and how much it holds, both in rows: parts of a row count as such."""
        if self.is_even or not self.rows:
            return float(self.top), float(min(self.size, self.rows))
        begin = self.top + self.sub / self.height(self.top)
        placed = self.at(self.size)
        end = float(self.rows) if placed is None else placed[0] + placed[1] / self.height(placed[0])
        return begin, end - begin

    @property
    def bar(self) -> tuple[int, int]:
        """Where a scroll bar as high as the page stands, and how high all is that it goes over.

        Of wrapped lines only those in sight have a known height: all others count as high as those.
        """
        begin, held = self.share
        if held >= self.rows:
            return 0, min(self.rows, self.size)
        scale = self.size / held
        return round(begin * scale), round(self.rows * scale)

    @property
    def is_at_end(self) -> bool:
        """Whether the last row is at the bottom."""
        return (self.top, self.sub) == self._end()

    # --- moving -----------------------------------------------------------------------------------------

    def put(self, row: int, y: int) -> None:
        """Let a row begin on a row of the screen, as nearly as may be."""
        self.top, self.sub = max(0, min(row, self.rows - 1)), 0
        self.scroll(-y)

    def follow_bar(self, position: float) -> None:
        """Begin where a scroll bar is drawn to, as `bar` counts."""
        begin = position * self.share[1] / self.size
        self.top, self.sub = max(0, min(int(begin), self.rows - 1)), 0
        self.scroll(int((begin - self.top) * self.height(self.top)) if not self.is_even else 0)

    def to_end(self) -> None:
        """The last row at the bottom."""
        self.top, self.sub = self._end()

    def scroll(self, by: int) -> None:
        """Down by so many rows of the screen, or up."""
        if self.is_even:
            self.top, self.sub = max(0, min(self.top + by, self.rows - self.size)), 0
            return
        at = self.sub + by
        while at < 0 and self.top > 0:
            self.top -= 1
            at += self.height(self.top)
        while self.top < self.rows - 1 and at >= self.height(self.top):
            at -= self.height(self.top)
            self.top += 1
        self.top, self.sub = min((self.top, max(0, at)), self._end())

    def show(self, row: int) -> None:
        """As little up or down as brings a whole row into sight; the beginning of one that is too long."""
        y, height = self.y_of(row), self.height(row)
        if row < self.top or (y is not None and y < 0):
            self.put(row, 0)
        elif y is None or y + height > self.size:
            self.put(row, max(0, self.size - height))

    def _end(self) -> tuple[int, int]:
        """Where the last page begins."""
        if self.is_even:
            return max(0, self.rows - self.size), 0
        row, room = self.rows - 1, self.size
        while row >= 0:
            height = self.height(row)
            if height >= room:
                return row, height - room
            room -= height
            row -= 1
        return 0, 0
