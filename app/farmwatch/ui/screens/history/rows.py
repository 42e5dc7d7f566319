"""The history as rows of a table: sessions that unfold, and in them action changes folded into one row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from farmwatch.history.events import Event, EventKind
from farmwatch.history.query import SessionHistory, is_failure
from farmwatch.listings.place import Place
from farmwatch.ui.widgets.table_cells import Cell
from farmwatch.ui.widgets.virtual_table import Column
from farmwatch.words.history import (
    action_counts,
    counted,
    failures_of,
    happened,
    place_of,
    title,
)
from farmwatch.words.text import Part, TimeStyle, clock_time, lifecycle, short_id

COLUMNS = (
    Column("seen", "Seen", keep=8, min_width=8),
    Column("failed", "Failed", keep=7, width=6, right=True),
    Column("what", "What happened", keep=9, min_width=44, flex=True),
    Column("after", "Earliest", keep=5, min_width=8),
    Column("service", "Service time", keep=6, min_width=8),
    Column("by", "Seen by", keep=3, min_width=6, max_width=24),
)


class Row(Struct, frozen=True):
    """A session (no entry), the changes of its actions together (several entries), or one change.

    ``parent`` is the key of the row that it is folded into; ``is_open`` is ``None`` where there is nothing to
    unfold.
    """

    key: str
    story: SessionHistory
    entries: tuple[Event, ...] = ()
    parent: str | None = None
    depth: int = 0
    is_open: bool | None = None


class HistoryRows:
    """A row for each session; unfolded, the rows of what happened to it below it. What is looked for, by
    words or as failures only, is shown unfolded; else everything begins folded."""

    def __init__(self, name_of: Callable[[str], str] = lambda _: "") -> None:
        self._name_of = name_of
        self._rows: list[Row] = []
        self._at: dict[str, int] = {}
        self._stories: list[SessionHistory] = []
        self._narrowed = False
        self._turned = set[str]()
        """Keys of the rows that are not as they begin: unfolded, or folded where all is narrowed."""
        self.now: datetime | None = None
        self.times = TimeStyle.LOCAL

    def show(
        self, session_histories: Sequence[SessionHistory], text: str = "", *, failures_only: bool = False
    ) -> None:
        """Take what happened; ``text`` leaves what has all of its words, ``failures_only`` what failed."""
        words = text.casefold().split()
        narrowed = bool(words) or failures_only
        if narrowed != self._narrowed:
            self._narrowed = narrowed
            self._turned.clear()
        self._stories = [
            SessionHistory(story.watched, entries)
            for story in session_histories
            if (entries := self._wanted(story, words, failures_only=failures_only))
        ]
        self._lay_out()

    def _wanted(self, story: SessionHistory, words: list[str], *, failures_only: bool) -> tuple[Event, ...]:
        if not words and not failures_only:
            return story.entries
        ref = story.watched.ref
        about = f"{title(story.watched)} {place_of(story.watched)} {ref.job_id} {ref.session_id}".casefold()
        return tuple(
            entry
            for entry in story.entries
            if (is_failure(entry) or not failures_only)
            and all(word in about or word in self._words_of(entry) for word in words)
        )

    def _words_of(self, entry: Event) -> str:
        words = "".join(text for text, _ in happened(entry, self._name_of))
        return f"{words} {entry.kind} {entry.subject} {entry.watcher}".casefold()

    # --- folding --------------------------------------------------------------------------------------

    def turn(self, key: str | None) -> str | None:
        """Unfold a row, or fold it; of a row with nothing below it the one that it belongs to. Returns the
        key of the row that was turned."""
        index = self._at.get(key or "")
        if index is None:
            return None
        row = self._rows[index]
        turned = row.key if row.is_open is not None else row.parent
        if turned is not None:
            self._turned ^= {turned}
            self._lay_out()
        return turned

    def turn_all(self) -> None:
        """Unfold everything; fold it where nothing is left to unfold."""
        open_all = any(row.is_open is False for row in self._rows)
        keys = {_key(story) for story in self._stories} | {_actions_key(story) for story in self._stories}
        self._turned = keys if open_all is not self._narrowed else set()
        self._lay_out()

    def is_group(self, key: str | None) -> bool:
        """Whether a row is the changes of actions together."""
        index = self._at.get(key or "")
        return (
            index is not None and len(self._rows[index].entries) > 0 and self._rows[index].is_open is not None
        )

    def _is_open(self, key: str) -> bool:
        return (key in self._turned) is not self._narrowed

    def _lay_out(self) -> None:
        self._rows = [row for story in self._stories for row in self._rows_of(story)]
        self._at = {row.key: index for index, row in enumerate(self._rows)}

    def _rows_of(self, story: SessionHistory) -> list[Row]:
        session_key = _key(story)
        heading = Row(session_key, story, is_open=self._is_open(session_key))
        if not heading.is_open:
            return [heading]
        actions = tuple(entry for entry in story.entries if entry.kind is EventKind.ACTION)
        rows = [heading]
        for entry in story.entries:
            if entry.kind is not EventKind.ACTION:
                rows.append(Row(_key(story, entry), story, (entry,), session_key, 1))
            elif entry is actions[-1]:
                # Where the newest of them is, so that the times go down the column in their order.
                group_key = _actions_key(story)
                group = Row(group_key, story, actions, session_key, 1, self._is_open(group_key))
                rows.append(group)
                if group.is_open:
                    rows += [Row(_key(story, one), story, (one,), group_key, 2) for one in actions]
        return rows

    # --- as rows of a table ---------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        """The id of the row's session; for a row below it, with what sets that apart."""
        return self._rows[index].key

    def index(self, key: str) -> int | None:
        """Where the row is; ``None`` where it is folded away or left out."""
        return self._at.get(key)

    def place(self, key: str | None) -> Place | None:
        """The session that a row is about."""
        index = self._at.get(key or "")
        if index is None:
            return None
        ref = self._rows[index].story.watched.ref
        return Place.at(ref)

    def cells(self, index: int) -> Sequence[Cell]:
        """A cell for each of `COLUMNS`; a row that unfolds sums up what is below it."""
        row = self._rows[index]
        now = self.now or row.story.entries[-1].at
        if row.is_open is not None:
            return self._folding(row, now)
        (entry,) = row.entries
        return [
            clock_time(entry.at, now, self.times),
            "",
            [("    " * row.depth, ""), *happened(entry, self._name_of)],
            ("" if entry.after is None else clock_time(entry.after, now, self.times), "muted"),
            "" if entry.service_at is None else clock_time(entry.service_at, now, self.times),
            (entry.watcher, "muted"),
        ]

    def _folding(self, row: Row, now: datetime) -> Sequence[Cell]:
        mark: list[Part] = [("    " * row.depth, ""), ("▾ " if row.is_open else "▸ ", "muted")]
        entries = row.entries or row.story.entries
        what = [(action_counts(entries), "")] if row.entries else _heading(row.story)
        failed = failures_of(entries)
        return [
            (clock_time(entries[-1].at, now, self.times), "muted"),
            (f"✗ {failed:,}", "error") if failed else "",
            [*mark, *what],
            "",
            "",
            "",
        ]


def _heading(story: SessionHistory) -> list[Part]:
    statuses = [entry for entry in story.entries if entry.kind is EventKind.STATUS and entry.new]
    last: list[Part] = [lifecycle(statuses[-1].new or ""), ("  ", "")] if statuses else []
    return [
        *last,
        (title(story.watched), "strong"),
        (f"  {counted(story)}", ""),
        (f"  {short_id(story.watched.ref.session_id)}", "accent"),
        (f"   {place_of(story.watched)}", "muted"),
    ]


def _key(story: SessionHistory, entry: Event | None = None) -> str:
    session_id = story.watched.ref.session_id
    if entry is None:
        return session_id
    return f"{session_id} {entry.at} {entry.kind} {entry.subject} {entry.new}"


def _actions_key(story: SessionHistory) -> str:
    return f"{story.watched.ref.session_id} actions"
