"""A list that the service gives in pages, kept whole while its pages are asked for again one by one."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from farmwatch.aws.model import Page


class Keyed(Protocol):
    """An item of a list, as `Listing` needs it."""

    @property
    def key(self) -> str:
        """What tells it from the other items, and stays the same from one answer to the next: its id."""


K = TypeVar("K", bound=Keyed)


class _LoadedPage(Struct):
    cursor: str | None
    keys: list[str]
    seen_at: datetime


class Listing(Generic[K]):
    """Pages merged into one list without doubles.

    When rows come in above, an item falls from the end of one page to the head of the next. Refreshing
    the first page alone would lose it, so it slides to the next loaded page, until that one is asked for
    again and tells whether it is there.
    """

    def __init__(self) -> None:
        self._pages: list[_LoadedPage] = []
        self._items: dict[str, K] = {}
        self.next: str | None = None
        self.total: int | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def pages(self) -> int:
        """How many pages are loaded."""
        return len(self._pages)

    @property
    def is_complete(self) -> bool:
        """Whether every page has been loaded."""
        return bool(self._pages) and self.next is None

    def items(self) -> tuple[K, ...]:
        """All items that are loaded, page after page."""
        return tuple(self._items[key] for page in self._pages for key in page.keys)

    def seen(self) -> dict[str, datetime]:
        """When each item was last heard of."""
        return {key: page.seen_at for page in self._pages for key in page.keys}

    def cursor(self, index: int) -> str | None:
        """Where page ``index`` starts; ``None`` for the first."""
        return self._pages[index].cursor

    def pages_of(self, keys: set[str]) -> list[int]:
        """The pages that hold any of these items."""
        return [index for index, page in enumerate(self._pages) if not keys.isdisjoint(page.keys)]

    def take(self, index: int, cursor: str | None, page: Page[K], at: datetime) -> None:
        """Take page ``index`` as newly received; ``index`` may be the number of pages, to append one."""
        keys = list(dict.fromkeys(item.key for item in page.items))
        new = set(keys)
        former = self._pages[index].keys if index < len(self._pages) else []
        self._items.update((item.key, item) for item in page.items)
        for other in self._pages:
            if not new.isdisjoint(other.keys):
                other.keys = [key for key in other.keys if key not in new]
        loaded = _LoadedPage(cursor, keys, at)
        self._pages[index : index + 1] = [loaded]
        if page.next is None:
            del self._pages[index + 1 :]
        elif index + 1 < len(self._pages):
            following = self._pages[index + 1]
            following.cursor = page.next
            following.keys[:0] = [key for key in former if key not in new]
        if index + 1 >= len(self._pages):
            self.next = page.next
        if page.total is not None:
            self.total = page.total
        kept = {key for one in self._pages for key in one.keys}
        for key in [key for key in self._items if key not in kept]:
            del self._items[key]
