"""Lines kept compactly: millions of them cost little more than their own bytes.

Lines have numbers that never change: the first one taken in is 0, what is read before it counts down, what
comes in after it counts up. So a cursor, a mark or a match stays on its line whatever is added at either end.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from msgspec import Struct

from farmwatch.aws.log_page import LogEvent

CHUNK_BYTES = 1 << 20
"""Bytes of text after which a chunk is closed: small enough to be searched between two keys."""

MOST_LINES = 2_000_000
MOST_BYTES = 512 << 20

CONTINUES = 1
"""Flag of a line that continues the event of the line before it."""

OWN = 2
"""Flag of a line that is about the session that is looked at, in the log of a worker that has many."""

_PER_LINE = 13
"""Bytes beside its text that a line costs: where it starts (4), its time (8), its flags (1)."""


class Lines(Struct, frozen=True):
    """Lines ready to be put into a store: encoded once, their starts counted."""

    text: bytes
    starts: array[int]
    times: array[int]
    flags: bytes

    def __len__(self) -> int:
        return len(self.starts)


def lines_of(events: Sequence[LogEvent], is_own: Callable[[LogEvent], bool] | None = None) -> Lines:
    """The lines of events, in their order. ``is_own`` says of an event whether it is "own"."""
    stamps = [event.at for event in events]
    texts = [event.text for event in events]
    joined = "\n".join(texts)
    flags = bytes(len(texts)) if is_own is None else bytes(OWN if is_own(one) else 0 for one in events)
    if joined.count("\n") != max(0, len(texts) - 1):
        texts, stamps, flags = _split(texts, stamps, flags)
    # Half of a surrogate pair has no encoding; the door lets none in, and here none may stop a tail.
    lengths: Iterable[int] = map(len, texts)
    if not joined.isascii():
        lengths = (len(text.encode(errors="replace")) for text in texts)
    starts = array("I", accumulate((length + 1 for length in lengths), initial=0))
    starts.pop()
    return Lines(joined.encode(errors="replace") + b"\n" if texts else b"", starts, array("q", stamps), flags)


def _split(texts: list[str], stamps: list[int], flags: bytes) -> tuple[list[str], list[int], bytes]:
    lines: list[str] = []
    times: list[int] = []
    marks = bytearray()
    for text, at, flag in zip(texts, stamps, flags, strict=True):
        parts = text.split("\n")
        lines += parts
        times += [at] * len(parts)
        marks += bytes([flag]) + bytes([flag | CONTINUES]) * (len(parts) - 1)
    return lines, times, bytes(marks)


class _Chunk:
    """Some lines in a row. It grows until it is closed, and is never changed after that."""

    __slots__ = ("first", "flags", "newest", "starts", "text", "times")

    def __init__(self, first: int, lines: Lines, newest: int) -> None:
        self.first = first
        self.text: bytes | bytearray = lines.text
        self.starts = lines.starts
        self.times = lines.times
        self.flags = bytearray(lines.flags)
        self.newest = newest

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def size(self) -> int:
        return len(self.text) + _PER_LINE * len(self.starts)

    def grow(self, lines: Lines) -> None:
        if isinstance(self.text, bytes):
            self.text = bytearray(self.text)
        base = len(self.text)
        self.text += lines.text
        self.starts.extend(start + base for start in lines.starts)
        self.times.extend(lines.times)
        self.flags += lines.flags

    def close(self) -> None:
        # Copies of the exact length: what grows has room to spare.
        self.text = bytes(self.text)
        self.starts, self.times = self.starts[:], self.times[:]

    def line(self, number: int) -> str:
        index = number - self.first
        end = self.starts[index + 1] if index + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[index] : end - 1].decode()


class Stretch(Struct, frozen=True):
    """A run of lines as it was when it was asked for, to be searched: where each line starts in ``text``."""

    first: int
    text: bytes
    starts: Sequence[int]
    flags: bytes

    def number(self, position: int) -> int:
        """The number of the line that a position in the text lies in."""
        return self.first + bisect_right(self.starts, position) - 1


class LogStore:
    """The lines of one stream. One thread puts lines in, others may read meanwhile.

    Beyond ``most_lines`` or ``most_bytes`` (text, starts, times and flags) the oldest are dropped;
    ``dropped`` counts them.
    """

    def __init__(self, most_lines: int = MOST_LINES, most_bytes: int = MOST_BYTES) -> None:
        self.most_lines = most_lines
        self.most_bytes = most_bytes
        self.first = 0
        self.end = 0
        self.size = 0
        self.dropped = 0
        self.dropped_until: int | None = None
        """The newest time of what was dropped (milliseconds since 1970)."""
        self._chunks: list[_Chunk] = []
        self._firsts: list[int] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self.end - self.first

    @property
    def is_full(self) -> bool:
        """Whether so much is kept that nothing older ought to be read."""
        return len(self) >= self.most_lines or self.size >= self.most_bytes

    # --- putting in -----------------------------------------------------------------------------------

    def append(self, lines: Lines) -> None:
        """Put lines after the last one."""
        if not lines:
            return
        newest = max(lines.times)
        with self._lock:
            last = self._chunks[-1] if self._chunks else None
            if last is not None:
                newest = max(newest, last.newest)
            if last is None or len(last.text) >= CHUNK_BYTES:
                if last is not None:
                    last.close()
                self._chunks.append(_Chunk(self.end, lines, newest))
                self._firsts.append(self.end)
            else:
                last.grow(lines)
                last.newest = newest
            self.end += len(lines)
            self.size += len(lines.text) + _PER_LINE * len(lines)
            self._drop_oldest()

    def prepend(self, lines: Lines) -> None:
        """Put lines before the first one."""
        if not lines:
            return
        with self._lock:
            self.first -= len(lines)
            self._chunks.insert(0, _Chunk(self.first, lines, max(lines.times)))
            self._firsts.insert(0, self.first)
            self.size += self._chunks[0].size

    def _drop_oldest(self) -> None:
        while len(self._chunks) > 1 and (
            self.end - self.first > self.most_lines or self.size > self.most_bytes
        ):
            gone = self._chunks.pop(0)
            self._firsts.pop(0)
            self.first += len(gone)
            self.dropped += len(gone)
            self.dropped_until = max(gone.newest, self.dropped_until or 0)
            self.size -= gone.size

    # --- reading --------------------------------------------------------------------------------------

    def _chunk_of(self, number: int) -> _Chunk:
        if not self.first <= number < self.end:
            raise IndexError(f"line {number} is not kept")
        return self._chunks[bisect_right(self._firsts, number) - 1]

    def text(self, number: int) -> str:
        """A line; raises `IndexError` for one that is not kept."""
        with self._lock:
            return self._chunk_of(number).line(number)

    def at(self, number: int) -> int:
        """When its event was (milliseconds since 1970); raises `IndexError`."""
        with self._lock:
            chunk = self._chunk_of(number)
            return chunk.times[number - chunk.first]

    def flags(self, number: int) -> int:
        """`CONTINUES` and `OWN`; raises `IndexError`."""
        with self._lock:
            chunk = self._chunk_of(number)
            return chunk.flags[number - chunk.first]

    def times(self, first: int, end: int) -> list[int]:
        """When the events of the lines from ``first`` on and before ``end`` were, of those that are kept."""
        found: list[int] = []
        with self._lock:
            first, end = max(first, self.first), min(end, self.end)
            while first < end:
                chunk = self._chunk_of(first)
                found += chunk.times[first - chunk.first : end - chunk.first]
                first = chunk.first + len(chunk)
        return found

    def first_at(self) -> int | None:
        """The time of the first line that is kept."""
        with self._lock:
            return self._chunks[0].times[0] if self._chunks else None

    def newest_at(self) -> int | None:
        """The newest time of all lines; late ones may follow it."""
        with self._lock:
            return self._chunks[-1].newest if self._chunks else None

    def number_at(self, at: int) -> int:
        """The first line that is not older than a time, ``end`` if there is none. Lines that came late, after
        newer ones, are not looked for."""
        with self._lock:
            for chunk in self._chunks[bisect_left(self._chunks, at, key=lambda one: one.newest) :]:
                index = bisect_left(chunk.times, at)
                if index < len(chunk):
                    return chunk.first + index
            return self.end

    def stretches(self, first: int, end: int) -> Iterator[Stretch]:
        """The lines from ``first`` on and before ``end`` that are kept, in runs of about 1 MiB."""
        while True:
            with self._lock:
                first, stop = max(first, self.first), min(end, self.end)
                if first >= stop:
                    return
                chunk = self._chunk_of(first)
                stretch = _stretch(chunk, first, min(stop, chunk.first + len(chunk)))
            yield stretch
            first = stretch.first + len(stretch.starts)

    def backwards(self, first: int, end: int) -> Iterator[Stretch]:
        """The same runs, the last one first."""
        while True:
            with self._lock:
                start, end = max(first, self.first), min(end, self.end)
                if start >= end:
                    return
                chunk = self._chunk_of(end - 1)
                stretch = _stretch(chunk, max(start, chunk.first), end)
            yield stretch
            end = stretch.first

    def events_since(self, at: int) -> Iterator[tuple[int, str]]:
        """Time and text of every event that is not older than a time, in no promised order."""
        with self._lock:
            chunks = []
            for chunk in reversed(self._chunks):
                if chunk.newest < at:
                    break
                chunks.append((chunk.first, bytes(chunk.text), chunk.times[:], bytes(chunk.flags)))
        for _, text, times, flags in chunks:
            lines = text.decode().split("\n")[:-1]
            for index, (line, when, flag) in enumerate(zip(lines, times, flags, strict=True)):
                if when < at or flag & CONTINUES:
                    continue
                end = index + 1
                while end < len(flags) and flags[end] & CONTINUES:
                    end += 1
                yield when, "\n".join(lines[index:end]) if end > index + 1 else line


def _stretch(chunk: _Chunk, first: int, end: int) -> Stretch:
    low, high = first - chunk.first, end - chunk.first
    if low == 0 and high == len(chunk) and isinstance(chunk.text, bytes):
        return Stretch(first, chunk.text, chunk.starts, bytes(chunk.flags))
    begin = chunk.starts[low]
    stop = chunk.starts[high] if high < len(chunk) else len(chunk.text)
    text = bytes(memoryview(chunk.text)[begin:stop])
    starts = chunk.starts[low:high]
    if begin:
        starts = array("I", (start - begin for start in starts))
    return Stretch(first, text, starts, bytes(chunk.flags[low:high]))
