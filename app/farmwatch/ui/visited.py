"""The places that were visited, to go back and forward through as in a browser."""

from __future__ import annotations

from farmwatch.listings.place import Place

MOST = 200
"""Places that are remembered; beyond it the oldest is forgotten."""


class Visited:
    """The places that were visited, oldest first, and which of them is shown now."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        """Oldest first, those too that lie ahead after going back."""
        self._at = -1
        self._last: Place | None = None

    def arrive(self, place: Place) -> None:
        """A place is shown. One that is new drops what lay ahead."""
        here = self._here
        if place == here:
            return
        self._last = here
        del self.places[self._at + 1 :]
        self.places.append(place)
        del self.places[:-MOST]
        self._at = len(self.places) - 1

    def step(self, by: int) -> Place | None:
        """The place that lies so many steps ahead (less than 0: back), where one is from now on; ``None``
        where there is none."""
        if not 0 <= self._at + by < len(self.places):
            return None
        self._last = self._here
        self._at += by
        return self._here

    def last(self) -> Place | None:
        """The place that was shown before this one, where one is from now on; ``None`` for
        none."""
        for by in (-1, 1):
            ahead = self._at + by
            if 0 <= ahead < len(self.places) and self.places[ahead] == self._last:
                return self.step(by)
        if self._last is not None:
            self.arrive(self._last)
            return self._here
        return None

    @property
    def _here(self) -> Place | None:
        return self.places[self._at] if self.places else None
