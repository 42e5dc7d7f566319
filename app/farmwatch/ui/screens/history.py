"""The history: what happened since somebody last looked, over all the sessions that were watched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input

from farmwatch.ui.history_text import counted, happened, place_of, seen_between, summary, title
from farmwatch.ui.place import Place
from farmwatch.ui.screens.following import BACK, COPY_ID, HELP, NOW, QUIT, FollowingScreen
from farmwatch.ui.text import Part, TimeStyle, clock_time, lifecycle, muted, short_id
from farmwatch.ui.widgets.table_cells import Cell
from farmwatch.ui.widgets.virtual_table import Column, VirtualTable
from farmwatch.watch.entries import Entry, Kind
from farmwatch.watch.freshness import Freshness, State
from farmwatch.watch.recorder import Recorder
from farmwatch.watch.review import Reviewed, ReviewTarget, Story
from farmwatch.watch.since import FORMS, parse_since
from farmwatch.watch.target import News

COLUMNS = (
    Column("seen", "Seen", keep=8, min_width=8),
    Column("what", "What happened", keep=9, min_width=30, flex=True),
    Column("after", "And not before", keep=5, min_width=14),
    Column("service", "By the service", keep=6, min_width=14),
    Column("by", "By", keep=3, min_width=6, max_width=24),
)


class HistoryRows:
    """A row for each session, and below it one for each thing that happened to it."""

    def __init__(self) -> None:
        self._rows: list[tuple[Story, Entry | None]] = []
        self._keys: list[str] = []
        self._at: dict[str, int] = {}
        self.now: datetime | None = None
        self.times = TimeStyle.LOCAL

    def show(self, stories: Sequence[Story], text: str) -> None:
        """Take what happened; ``text`` leaves only what has all of its words."""
        words = text.casefold().split()
        rows: list[tuple[Story, Entry | None]] = []
        for story in stories:
            ref = story.watched.ref
            about = (
                f"{title(story.watched)} {place_of(story.watched)} {ref.job_id} {ref.session_id}".casefold()
            )
            entries = [
                entry
                for entry in story.entries
                if all(word in about or word in _words_of(entry) for word in words)
            ]
            if entries:
                shown = Story(story.watched, tuple(entries))
                rows += [(shown, None), *((shown, entry) for entry in entries)]
        self._rows = rows
        self._keys = [_key(story, entry) for story, entry in rows]
        self._at = {key: index for index, key in enumerate(self._keys)}

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        return self._keys[index]

    def index(self, key: str) -> int | None:
        return self._at.get(key)

    def place(self, key: str | None) -> Place | None:
        """The session that a row is about."""
        index = self._at.get(key or "")
        if index is None:
            return None
        ref = self._rows[index][0].watched.ref
        return Place(ref.connection, ref.farm_id, ref.queue_id, ref.job_id, ref.session_id)

    def cells(self, index: int) -> Sequence[Cell]:
        story, entry = self._rows[index]
        now = self.now or story.entries[-1].at
        if entry is None:
            return self._heading(story, now)
        service = "" if entry.service_at is None else clock_time(entry.service_at, now, self.times)
        return [
            clock_time(entry.at, now, self.times),
            [("  ", ""), *happened(entry)],
            (seen_between(entry, now, self.times), "muted"),
            service,
            (entry.watcher, "muted"),
        ]

    def _heading(self, story: Story, now: datetime) -> Sequence[Cell]:
        statuses = [entry for entry in story.entries if entry.kind is Kind.STATUS and entry.new]
        last: list[Part] = [lifecycle(statuses[-1].new or ""), ("  ", "")] if statuses else []
        session = short_id(story.watched.ref.session_id)
        return [
            (clock_time(story.entries[-1].at, now, self.times), "muted"),
            [
                *last,
                (title(story.watched), "strong"),
                (f"  {session}", "accent"),
                (f"   {place_of(story.watched)}", "muted"),
            ],
            (counted(story), "muted"),
            "",
            "",
        ]


def _words_of(entry: Entry) -> str:
    words = "".join(text for text, _ in happened(entry))
    return f"{words} {entry.kind} {entry.subject} {entry.watcher}".casefold()


def _key(story: Story, entry: Entry | None) -> str:
    session_id = story.watched.ref.session_id
    return (
        session_id if entry is None else f"{session_id} {entry.at} {entry.kind} {entry.subject} {entry.new}"
    )


class HistoryScreen(FollowingScreen):
    """Looks back, and leads to every session."""

    BINDINGS = [
        BACK,
        Binding("slash", "filter", "Filter", key_display="/", tooltip="Show only what has these words"),
        Binding("s", "since", "Since", tooltip="Look back to another time"),
        Binding("t", "times", "Times", show=False, tooltip="Times local, UTC, or relative"),
        NOW,
        COPY_ID,
        HELP,
        QUIT,
    ]

    def __init__(self, place: Place, recorder: Recorder) -> None:
        super().__init__(place)
        self._target = ReviewTarget(recorder)
        self._rows = HistoryRows()
        self._text = ""
        self._asks_since = False

    @property
    def reviewed(self) -> Reviewed:
        return self.news.observed if self.news else self._target.observed

    @property
    def table(self) -> VirtualTable:
        return self.query_one(VirtualTable)

    @property
    def box(self) -> Input:
        return self.query_one("#history-box", Input)

    def target(self) -> ReviewTarget:
        return self._target

    def crumb(self) -> tuple[str, ...]:
        return ("History",)

    def body(self) -> ComposeResult:
        yield Input(id="history-box", compact=True)
        yield VirtualTable(COLUMNS, empty="Reading the history…", id="history-table")

    def on_mount(self) -> None:
        self.table.rows = self._rows
        self.table.focus()
        super().on_mount()

    # --- drawing --------------------------------------------------------------------------------------

    def hear(self, news: News) -> None:
        if news.key == self._followed:
            self.news = news
            self._show_rows()
        super().hear(news)

    def _show_rows(self) -> None:
        if self.is_alive:
            self._rows.now = self.farmwatch.clock.now()
            self._rows.show(self.reviewed.stories, self._text)
            self.table.rows_changed()

    def draw(self, now: datetime) -> None:
        reviewed = self.reviewed
        self._rows.now = now
        what = summary(reviewed, now)
        if self._text:
            what.append((f"   / {self._text}", "accent"))
        read = reviewed.seen_at is not None
        # What is written down does not grow old.
        told: Part = (f"read at {clock_time(reviewed.seen_at or now, now)}" if read else "not read", "muted")
        fresh = Freshness(State.FINAL if read else State.WAITING, None)
        self.draw_edges(what if read else muted(what), fresh, now, told=[told])
        self.table.empty = self._empty_words(reviewed, now)

    def _empty_words(self, reviewed: Reviewed, now: datetime) -> str:
        trouble = self._target.recorder.trouble
        if reviewed.seen_at is None:
            return f"The history cannot be read.\n{trouble}" if trouble else "Reading the history…"
        if self._text and reviewed.stories:
            return f"Nothing of it has “{self._text}”. Escape clears the filter."
        since = "" if reviewed.since is None else f" since {clock_time(reviewed.since, now)}"
        return (
            f"Nothing happened{since} to a session that was watched.\n"
            "s looks back to another time. A session is watched while its screen is open."
        )

    # --- keys -----------------------------------------------------------------------------------------

    @on(VirtualTable.RowSelected)
    def _open(self, message: VirtualTable.RowSelected) -> None:
        place = self._rows.place(message.key)
        if place is not None:
            self.farmwatch.visit(place)

    def action_times(self) -> None:
        self._rows.times = self._rows.times.following
        self._show_rows()
        self.redraw()

    def action_filter(self) -> None:
        self._ask(since=False, hint="show only what has these words", text=self._text)

    def action_since(self) -> None:
        self._ask(since=True, hint=f"since when: {FORMS}; nothing: since the last look", text="")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        # While something is typed, a letter is a letter.
        return action not in ("filter", "since", "times") or not isinstance(self.focused, Input)

    def _ask(self, *, since: bool, hint: str, text: str) -> None:
        self._asks_since = since
        box = self.box
        box.placeholder = hint
        with self.prevent(Input.Changed):
            box.value = text
        box.cursor_position = len(text)
        box.display = True
        # At once: what is typed right after the key belongs here.
        self.set_focus(box)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if not self._asks_since and self.box.display:
            self._text = event.value.strip()
            self._show_rows()
            self.redraw()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        if self._asks_since:
            since: datetime | None = None
            if event.value.strip():
                try:
                    since = parse_since(event.value, self.farmwatch.clock.now())
                except ValueError as error:
                    self.notify(str(error), severity="error", markup=False)
                    return
            self._target.choose(since)
            self.action_now()
        self._close_box()

    def _close_box(self) -> None:
        self.box.display = False
        self.table.focus()

    def action_up(self) -> None:
        if self.box.display:
            if not self._asks_since:
                self._text = ""
            self._close_box()
        elif self._text:
            self._text = ""
        else:
            self.app.pop_screen()
            return
        self._show_rows()
        self.redraw()

    def chosen_id(self) -> str | None:
        place = self._rows.place(self.table.cursor_key)
        return None if place is None else place.session_id
