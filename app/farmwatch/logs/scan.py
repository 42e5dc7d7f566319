"""Going through a log in slices: searches, and the structure of its lines.

A scan covers a run of lines and grows at both ends, as the store does; each slice is over before a key has to
wait. It begins where one looks, so that the first find is near.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from farmwatch.aws.log_page import LogEvent
from farmwatch.logs.parsing import BANNER, TRACEBACK, Severities, banner
from farmwatch.logs.store import OWN, LogStore, Stretch, lines_of

Find = Callable[[Stretch], Sequence[int]]
"""The numbers of those lines of a stretch that are looked for, in their order."""


class Numbers(Sequence[int]):
    """Rising numbers that come in at both ends."""

    def __init__(self) -> None:
        self._before = array("q")
        self._after = array("q")

    def __len__(self) -> int:
        return len(self._before) + len(self._after)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        older = len(self._before)
        return self._before[older - 1 - index] if index < older else self._after[index - older]

    def __iter__(self) -> Iterator[int]:
        yield from reversed(self._before)
        yield from self._after

    def append(self, numbers: Sequence[int]) -> None:
        """Add numbers that are greater than all others; they are rising too."""
        self._after.extend(numbers)

    def prepend(self, numbers: Sequence[int]) -> None:
        """Add numbers that are smaller than all others; they are rising too."""
        self._before.extend(reversed(numbers))

    def place(self, number: int) -> int:
        """How many are smaller."""
        return bisect_left(self, number)

    def between(self, first: int, end: int) -> Sequence[int]:
        """Those from ``first`` on and before ``end``."""
        return [self[index] for index in range(bisect_left(self, first), bisect_left(self, end))]

    def next_after(self, number: int) -> int | None:
        """The first that is greater."""
        index = bisect_right(self, number)
        return self[index] if index < len(self) else None

    def last_before(self, number: int) -> int | None:
        """The last that is smaller."""
        index = bisect_left(self, number)
        return self[index - 1] if index else None

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        index = bisect_left(self, number)
        return index < len(self) and self[index] == number


class Scan:
    """Goes through a store from a line on, to its end and then to its beginning.

    ``in_pairs`` says that ``find`` looks at a line together with the one before it.
    """

    def __init__(self, store: LogStore, find: Find, start: int, *, in_pairs: bool = False) -> None:
        self.found = Numbers()
        self._store = store
        self._find = find
        self._in_pairs = in_pairs
        self.first = self.end = min(max(start, store.first), store.end)

    @property
    def is_done(self) -> bool:
        """Whether all lines that the store has by now were gone through; it may get more."""
        return self.end >= self._store.end and self.first <= self._store.first

    def advance(self) -> None:
        """Go through one slice more."""
        for stretch in self._store.stretches(self.end, self._store.end):
            joint = self._at_joint(stretch.first) if stretch.first > self.first else []
            self.found.append([*joint, *self._find(stretch)])
            self.end = stretch.first + len(stretch.starts)
            return
        for stretch in self._store.backwards(self._store.first, self.first):
            joint = self._at_joint(self.first) if self.first < self.end else []
            self.found.prepend([*self._find(stretch), *joint])
            self.first = stretch.first
            return
        self.first = min(self.first, self._store.first)

    def _at_joint(self, number: int) -> Sequence[int]:
        """What is found in the first line of a slice because of the last one before it."""
        if not self._in_pairs:
            return []
        try:
            pair = [LogEvent(0, self._store.text(one)) for one in (number - 1, number)]
        except IndexError:
            # The oldest that is kept has none before it.
            return []
        lines = lines_of(pair)
        return self._find(Stretch(number - 1, lines.text, lines.starts, lines.flags))


# --- what is looked for -------------------------------------------------------------------------------


class BadPattern(ValueError):  # noqa: N818 - named for what the wrangler is told
    """A regular expression that is none; the text says why."""


@dataclass(frozen=True)
class Query:
    """A text, or a regular expression, that lines are searched for: in any case, unless it has a capital."""

    text: str
    is_regex: bool = False
    _pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Raises `BadPattern`."""
        flags = re.IGNORECASE if self.text == self.text.lower() else 0
        try:
            pattern = re.compile(self.text if self.is_regex else re.escape(self.text), flags)
        except (re.error, RecursionError, OverflowError) as error:
            raise BadPattern(str(error)) from error
        object.__setattr__(self, "_pattern", pattern)

    @property
    def matches_nothing(self) -> bool:
        """Whether an empty line has it."""
        return self._pattern.search("") is not None

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where in a line it is found, from and to."""
        return [found.span() for found in self._pattern.finditer(line) if found.end() > found.start()]

    def numbers(self, stretch: Stretch) -> Sequence[int]:
        """The lines of a stretch that have it."""
        ignores_case = bool(self._pattern.flags & re.IGNORECASE)
        if self.is_regex or (ignores_case and not (self.text.isascii() and stretch.text.isascii())):
            search = self._pattern.search
            lines = stretch.text.decode().split("\n")
            lines.pop()
            return [number for number, line in enumerate(lines, stretch.first) if search(line)]
        return _lines_with(self.text.encode(), stretch, in_any_case=ignores_case)


MANY = 200
"""Lines found in a stretch from which on it is quicker to look at every line than to go from find to find."""

SAMPLED = 256
"""Of so many bytes one is looked at, to learn which are rare."""

RARE = 1
"""Times that a byte which is rare may be in such a sample."""


def _lines_with(needle: bytes, stretch: Stretch, *, in_any_case: bool = False) -> list[int]:
    """The lines that have a text (in small letters, if it is to be found in any case) and no other."""
    text = stretch.text
    sample = text[::SAMPLED]
    place = min(
        range(len(needle)), key=lambda at: _count(sample, needle[at : at + 1], in_any_case), default=0
    )
    rare = needle[place : place + 1]
    if not rare or _count(sample, rare, in_any_case) > RARE:
        text = text.lower() if in_any_case else text
        return _lines_at(lambda start: text.find(needle, start), needle, stretch, in_any_case)
    # Going from one rare byte to the next is several times as quick as looking for the whole text.
    numbers: set[int] = set()
    for byte in {rare, rare.upper()} if in_any_case else {rare}:
        numbers.update(
            _lines_at(_by_byte(text, needle, byte, place, in_any_case), needle, stretch, in_any_case)
        )
    return sorted(numbers)


def _count(sample: bytes, byte: bytes, in_any_case: bool) -> int:
    count = sample.count(byte)
    return count + sample.count(byte.upper()) if in_any_case and byte.isalpha() else count


def _by_byte(text: bytes, needle: bytes, byte: bytes, place: int, in_any_case: bool) -> Callable[[int], int]:
    """Finds a text from a position on by the byte that stands at a place in it."""

    def find(start: int) -> int:
        at = text.find(byte, start + place)
        while at >= 0:
            begin = at - place
            if text.startswith(needle, begin) or (
                in_any_case and text[begin : begin + len(needle)].lower() == needle
            ):
                return begin
            at = text.find(byte, at + 1)
        return -1

    return find


def _lines_at(find: Callable[[int], int], needle: bytes, stretch: Stretch, in_any_case: bool) -> list[int]:
    numbers: list[int] = []
    starts, count = stretch.starts, len(stretch.starts)
    position = find(0)
    while position >= 0:
        number = stretch.number(position)
        numbers.append(number)
        following = number - stretch.first + 1
        if following >= count:
            break
        if len(numbers) == MANY:
            rest = stretch.text[starts[following] :]
            lines = (rest.lower() if in_any_case else rest).split(b"\n")
            numbers += [at for at, line in enumerate(lines, number + 1) if needle in line]
            break
        position = find(starts[following])
    return numbers


def errors(severities: Severities) -> Find:
    """Finds the lines that are errors."""
    search = severities.error.search

    def find(stretch: Stretch) -> Sequence[int]:
        lines = stretch.text.decode().split("\n")
        lines.pop()
        return [number for number, line in enumerate(lines, stretch.first) if search(line)]

    return find


def worker_errors(stretch: Stretch) -> Sequence[int]:
    """Finds the events of a worker that are errors or warnings, by their level."""
    numbers = {
        number
        for level in (b'"level": "ERROR"', b'"level": "CRITICAL"', b'"level": "WARNING"')
        for number in _lines_with(level, stretch)
    }
    return sorted(numbers)


def own_lines(stretch: Stretch) -> Sequence[int]:
    """Finds the events of a worker that are about the session."""
    return [number for number, flag in enumerate(stretch.flags, stretch.first) if flag & OWN]


def banners(stretch: Stretch) -> Sequence[int]:
    """Finds the lines that announce what the runtime does next."""
    lines = ((number, _line(stretch, number)) for number in _beginning(BANNER.encode(), stretch))
    return [number for number, line in lines if banner(line.decode())]


def tracebacks(stretch: Stretch) -> Sequence[int]:
    """Finds where tracebacks of Python begin."""
    return _lines_with(TRACEBACK.encode(), stretch)


def beginning(text: str) -> Find:
    """Finds the lines that begin with a text."""
    needle = text.encode()
    return lambda stretch: _beginning(needle, stretch)


def having(text: str) -> Find:
    """Finds the lines that have a text anywhere."""
    needle = text.encode()
    return lambda stretch: _lines_with(needle, stretch)


def last_of(store: LogStore, find: Find, first: int, end: int) -> int | None:
    """The last line from ``first`` on and before ``end`` that is found; ``None`` if there is none."""
    for stretch in store.backwards(first, end):
        if numbers := find(stretch):
            return numbers[-1]
    return None


def _beginning(needle: bytes, stretch: Stretch) -> list[int]:
    numbers = _lines_with(needle, stretch)
    starts, text, first = stretch.starts, stretch.text, stretch.first
    return [number for number in numbers if text.startswith(needle, starts[number - first])]


def _line(stretch: Stretch, number: int) -> bytes:
    index = number - stretch.first
    end = stretch.starts[index + 1] if index + 1 < len(stretch.starts) else len(stretch.text)
    return stretch.text[stretch.starts[index] : end - 1]


def repeats(stretch: Stretch) -> Sequence[int]:
    """Finds the lines that are the same as the one before them, but for blank ones and rules. (The worker
    agent sends an empty line as one space.)"""
    lines = stretch.text.split(b"\n")
    lines.pop()
    before = [b"", *lines[:-1]]
    return [
        number
        for number, (line, former) in enumerate(zip(lines, before, strict=True), stretch.first)
        if line == former and line.strip() and not line.startswith((b"-----", b"====="))
    ]
