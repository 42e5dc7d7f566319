"""The picker: farms, queues, jobs and sessions, each a table that keeps itself up to date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace as kept_with
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Input, Static

from farmwatch.config.state import KeptState
from farmwatch.listings.lists import ListObserved
from farmwatch.listings.place import Level, Place
from farmwatch.polling.freshness import Freshness, State, freshness
from farmwatch.ui.content import content
from farmwatch.ui.marking import mark, put_on_wall
from farmwatch.ui.navigation import GoTo, ShowDetails
from farmwatch.ui.screens.arranging import arrangement_of, choose_columns
from farmwatch.ui.screens.following import ACT, ASK, BACK, COLUMNS, LAST, MARK, NOW, PAUSE, FollowingScreen
from farmwatch.ui.screens.orders import Detail, Sort
from farmwatch.ui.screens.picker.lists import LEVELS, NONE, query_for, summary
from farmwatch.ui.screens.picker.rows import PickerRows
from farmwatch.ui.themes import style_sheet
from farmwatch.ui.widgets.lines import entitle, put
from farmwatch.ui.widgets.virtual_table import VirtualTable
from farmwatch.wall.item import WallItem
from farmwatch.words.keys import key
from farmwatch.words.text import Part, clock_time

if TYPE_CHECKING:
    from farmwatch.listings.list_query import ListQuery
    from farmwatch.monitor.handles import ListHandle
    from farmwatch.monitor.update import Snapshot, Update
    from farmwatch.words.requests import Choice

TYPING_PAUSE = 0.25
"""Seconds without a key before a filter is put to the service: one search a word, not one a letter."""

TYPED = ("filter", "mark", "act", "ask", "put", "columns")
"""What the keys do that are letters."""

MARKED = (Level.JOBS, Level.SESSIONS)

SCROLL_PAUSE = 0.3
"""Seconds until rows that came into sight are asked for: a held Page Down is one request, not fifty."""


class PickerScreen(FollowingScreen):
    """One level of the picker."""

    CSS_PATH = style_sheet("picker")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (160, "-wide")]

    BINDINGS = [
        BACK,
        Binding(
            "slash",
            "filter",
            "Filter",
            key_display="/",
            priority=True,
            tooltip="Filter",
            id="filter",
        ),
        Binding("s", "sort", "Sort", tooltip="Change sort order", id="sort"),
        Binding("S", "reverse", "Reverse", show=False, tooltip="Reverse the sort order", id="reverse"),
        Binding("d", "details", "Details", tooltip="Everything about the row", id="details"),
        MARK,
        ACT,
        ASK,
        COLUMNS,
        Binding(
            "w", "put", "Wall", show=False, tooltip="Put the row on the wall, or take it off", id="wall-item"
        ),
        NOW,
        # With it the keys take more than 80 columns.
        replace(PAUSE, show=False),
        *LAST,
    ]

    def __init__(self, place: Place, cursor_key: str | None = None, kept: KeptState | None = None) -> None:
        """``kept`` has the order and the columns that were chosen; else they are those of the level."""
        super().__init__(place)
        self.lists = self.level_listed()
        """What is listed."""
        self.level = LEVELS[self.lists]
        kept = kept or KeptState()
        column, self.backwards = kept.orders.get(self.lists, ("", False))
        self._arrangement = arrangement_of(kept, self.lists)
        sorts = self.level.sorts
        self.sort_by = next((sort for sort in sorts if sort.column == column), sorts[0])
        self.text = ""
        self._cursor_key = cursor_key
        self._rows = PickerRows(self.level)
        self._handle: ListHandle[Any] | None = None
        self._snapshot: Snapshot | None = None
        self._nothing: ListObserved[Any] = ListObserved()
        self._typing: Timer | None = None
        self._fresh_before = False
        self._searching = False
        self._users: set[str] = set()

    def level_listed(self) -> Level:
        """What is listed: what stands at the place."""
        return self.place.level

    @property
    def asks_the_service(self) -> bool:
        """Whether filter and order are the service's: only jobs can be searched, and only if allowed."""
        return self.lists is Level.JOBS and not self.observed.note

    @property
    def observed(self) -> ListObserved[Any]:
        """The list as it was last heard of; an empty one before that."""
        return self._nothing if self._snapshot is None else self._snapshot.observed

    @property
    def table(self) -> VirtualTable:
        """The table of the list."""
        return self.query_one(VirtualTable)

    # --- what the screen is made of -------------------------------------------------------------------

    def body(self) -> ComposeResult:
        """The table, and from 160 columns on the details of a row beside it."""
        with Horizontal(id="rows"):
            # Nothing is fresh before it was seen.
            table = VirtualTable(
                self.level.columns,
                empty=f"Asking for {self.level.singular}s…",
                id="table",
                classes="-stale",
            )
            self._mark_order(table)
            table.arrange_columns(self._arrangement)
            if self._cursor_key:
                table.cursor_key = self._cursor_key
            yield table
            yield Static(id="details")

    # --- what is shown -------------------------------------------------------------------------------

    @property
    def held(self) -> ListHandle[Any] | None:
        """The hold on the list, another one for every search; ``None`` before it is first seen."""
        return self._handle

    def wake(self) -> None:
        """Begin to follow the list, or go on where another screen lay above."""
        if self._handle is None:
            self._handle = self._watch()
        else:
            self._handle.wake()

    def rest(self) -> None:
        """Ask for nothing; the list stays as it is known."""
        if self._handle is not None:
            self._handle.rest()

    def let_go(self) -> None:
        """Let go of the list; what it had stays on the screen."""
        if self._handle is not None:
            self._handle.close()
        self._handle = None

    def _watch(self) -> ListHandle[Any]:
        if self.lists is Level.CONNECTIONS:
            return self.monitor.watch_connection_list()
        return self.monitor.watch_list(self._query())

    def _query(self) -> ListQuery:
        return query_for(
            self.place, self.sort_by, self.text, backwards=self.backwards, users=self._users_meant()
        )

    def on_mount(self) -> None:
        """Give the table its rows, and the focus."""
        self._rows.now = self.farmwatch.clock.now()
        self.table.rows = self._rows
        self.table.focus()

    def named_places(self) -> Iterable[tuple[Place, str]]:
        """What is listed, where it is by names and this is the list of a place."""
        if self.lists not in (Level.FARMS, Level.QUEUES, Level.JOBS):
            return []
        return [(self.place.into(item.key), item.name) for item in self.observed.items]

    # --- drawing --------------------------------------------------------------------------------------

    def take(self, update: Update) -> bool:
        """Take what was heard of this list; news of the search before it is of no interest any more."""
        if self._handle is None or update.subject != self._handle.subject:
            return False
        self._snapshot = update.snapshot
        self._searching = False
        self._show_rows()
        return True

    def _show_rows(self) -> None:
        if not self.is_alive:
            return
        self._rows.now = self.farmwatch.clock.now()
        self._rows.marked = self.farmwatch.marks.below(self.place) if self.lists in MARKED else frozenset()
        self._rows.on_wall = self._on_wall()
        if self.asks_the_service:
            sort = self.sort_by if self.sort_by.here else None
            self._rows.show(self.observed, sort, backwards=self.backwards)
        else:
            self._rows.show(self.observed, self.sort_by, self.text, backwards=self.backwards)
        self.table.rows_changed()

    def _on_wall(self) -> frozenset[str]:
        """The keys of the rows that were put on the wall."""
        here, items = self.place, self.farmwatch.walls.items
        if not here.connection:
            return frozenset(one.connection for one in items if not one.ids)
        own = [one.ids for one in items if one.connection == here.connection and one.ids]
        return frozenset(ids[-1] for ids in own if ids[:-1] == here.ids)

    def draw(self, now: datetime) -> None:
        """Bring the edges, how fresh the rows look, the words for none and the details up to date."""
        observed = self.observed
        fresh = freshness(self.rhythm, seen_at=observed.seen_at, fault=observed.fault, final=False, now=now)
        self._rows.now = now
        what: list[Part] = []
        if self._searching:
            what.append(("searching…", "warning"))
        elif self.observed.seen_at:
            what += summary(self.level, self.observed, len(self._rows))
        if self.text:
            what.append((f"   / {self.text}", "accent"))
            what.append(("  server search" if self.asks_the_service else "  this list", "muted"))
        if self.observed.note:
            what.append((f"   {self.observed.note}", "warning"))
        what.append((f"   {self.sort_by.backwards if self.backwards else self.sort_by.word}", "muted"))
        if self.sort_by.here and self.asks_the_service and not self.observed.complete:
            what.append((" (this list)", "muted"))
        self.draw_edges(what, fresh, now)
        self._draw_staleness(fresh, now)
        self.table.empty = self._empty_words(fresh)
        self._draw_details()

    def tick(self) -> None:
        """The rows of jobs and sessions tell ages and durations, so they too are drawn."""
        super().tick()
        if self.level.ticks and self.is_alive:
            faults = self.farmwatch.view_faults
            faults.contain(None, "drawing the rows", lambda: self.table.rows_changed())

    def _draw_staleness(self, fresh: Freshness, now: datetime) -> None:
        # While another search is under way the rows are those of the one before.
        is_fresh = fresh.is_fresh and not self._searching
        self._rows.fresh = is_fresh
        table = self.table
        if self._fresh_before != is_fresh:
            self._fresh_before = is_fresh
            table.set_class(not is_fresh, "-stale")
            table.rows_changed()
        dated = "" if fresh.is_fresh or fresh.age is None else f" as of {clock_time(now - fresh.age, now)} "
        entitle(table, subtitle=content(dated))

    def _empty_words(self, fresh: Freshness) -> str:
        nouns = f"{self.level.singular}s"
        if fresh.fault is not None and self.observed.seen_at is None:
            return f"{fresh.fault.sentence}\n{fresh.fault.remedy}"
        if self.observed.seen_at is None:
            asking = "Starting the demo farm" if self.farmwatch.settings.demo else "Asking"
            return f"{asking}…" if fresh.state is State.WAITING else f"No {nouns} seen yet."
        if self.text:
            return f"No match for “{self.text}”. {key('back', 'Escape')} clears the filter."
        return NONE[self.lists]

    def _draw_details(self) -> None:
        pane = self.query_one("#details", Static)
        if not pane.display:
            return
        parts: list[Part] = []
        for label, value in self._detailed():
            parts.append((f"{label:<12} ", "muted"))
            parts += value
            parts.append(("\n", ""))
        put(pane, content(*parts))

    def _detailed(self) -> Sequence[Detail]:
        """Everything about the row under the cursor."""
        item = self._rows.item(self.table.cursor_key)
        return () if item is None else self.level.details(item, self._rows.view())

    # --- what the table says --------------------------------------------------------------------------

    def on_virtual_table_row_highlighted(self) -> None:
        """The cursor is on another row: show the details of that."""
        if self.is_alive:
            self._draw_details()

    @on(VirtualTable.RowSelected)
    def _open(self, message: VirtualTable.RowSelected) -> None:
        self._go_into(message.key)

    @on(VirtualTable.NearEnd)
    def _load_more(self) -> None:
        if not self.observed.complete and self._handle is not None and self.observed.items:
            self._handle.want(len(self.observed.items) + 1)

    @on(VirtualTable.ViewChanged)
    def _look_at(self, message: VirtualTable.ViewChanged) -> None:
        rows = self._rows
        keys = [rows.key(index) for index in range(message.first, min(message.last + 1, len(rows)))]
        if self._handle is None:
            return
        self._handle.look_at(keys)
        known = self.observed.hosts.keys() & self.observed.failures.keys()
        unknown = self.lists is Level.SESSIONS and any(key not in known for key in keys)
        seen = [self.observed.seen[key] for key in keys if key in self.observed.seen]
        old = self.farmwatch.clock.now() - self.level.interval
        if unknown or any(at < old for at in seen):
            self._handle.refresh_within(SCROLL_PAUSE)

    @on(VirtualTable.HeaderClicked)
    def _sort_by_column(self, message: VirtualTable.HeaderClicked) -> None:
        for sort in self.level.sorts:
            if sort.column == message.column_key:
                self._sort(sort, backwards=sort is self.sort_by and not self.backwards)

    # --- filter and order -----------------------------------------------------------------------------

    def _go_into(self, key: str) -> None:
        item = self._rows.item(key)
        if item is None:
            return
        if self.lists is Level.CONNECTIONS:
            given = self.farmwatch.connections[key]
            place = Place(key, given.farm_id, given.queue_id)
            self.monitor.want_names(place)
            self.post_message(GoTo(place))
            return
        if self.lists is not Level.SESSIONS:
            # Only what has been gone into is remembered by name: the lists themselves are long.
            self.monitor.names[key] = item.name
        self.post_message(GoTo(self.place.into(key)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """While something is typed, a letter is a letter; only jobs and sessions can be marked, or ended."""
        if action in TYPED and isinstance(self.focused, Input):
            return False
        if action == "act":
            return self.lists in (*MARKED, Level.MARKED)
        return action not in ("mark", "ask") or self.lists in (*MARKED, Level.MARKED)

    async def action_filter(self) -> None:
        """Open the filter's line, with what is in it, and type there."""
        if not self.query("#filter"):
            # Only now: most lists are never filtered, and the first frame need not wait for it.
            hint = f"filter {self.level.singular}s"
            await self.mount(Input(placeholder=hint, id="filter", compact=True), before="#rows")
        line = self.query_one("#filter", Input)
        line.display = True
        # At once, and the key goes before others: what is typed right after it belongs to the filter.
        self.set_focus(line)

    def action_sort(self) -> None:
        """Sort by the next order that the level has, its usual way round."""
        sorts = self.level.sorts
        self._sort(sorts[(sorts.index(self.sort_by) + 1) % len(sorts)])

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._sort(self.sort_by, backwards=not self.backwards)

    def _sort(self, sort: Sort, *, backwards: bool = False) -> None:
        self.sort_by, self.backwards = sort, backwards
        # Who comes back, or goes into another queue, finds the order that was chosen.
        order = {str(self.lists): (sort.column, backwards)}
        self.farmwatch.kept.change(lambda state: kept_with(state, orders={**state.orders, **order}))
        self._mark_order(self.table)
        if self.asks_the_service:
            self._search_anew()
        else:
            self._show_rows()
        self.redraw()

    def _mark_order(self, table: VirtualTable) -> None:
        table.sort_column = self.sort_by.column
        table.sort_reverse = self.sort_by.descending != self.backwards

    def action_mark(self) -> None:
        """Mark the job or the session under the cursor, or take the mark off it."""
        item = self._rows.item(self.table.cursor_key)
        if item is not None:
            mark(self.farmwatch, self.place.into(item.key), getattr(item, "name", ""))
            self._show_rows()
            self.redraw()

    def action_put(self) -> None:
        """Put the connection, farm, queue, job or session under the cursor on the wall, or take it off."""
        row = self.table.cursor_key
        place = None if row is None else self._place_of(row)
        if place is not None:
            item = self._rows.item(row)
            put_on_wall(self.farmwatch, WallItem(place.connection, place.ids), getattr(item, "name", ""))
            self._show_rows()
            self.redraw()

    def _place_of(self, key: str | None) -> Place | None:
        """Where what a row is about is; ``None`` where there is no such row."""
        return None if self._rows.item(key) is None or key is None else self.place.into(key)

    def choices(self) -> Sequence[Choice]:
        """What can be done to the job or the session under the cursor."""
        from farmwatch.ui.screens.picker.acting import choices_at

        place = self._place_of(self.table.cursor_key)
        return () if place is None else choices_at(place, self._rows.item(self.table.cursor_key))

    def asked_about(self) -> Sequence[tuple[Place, str]]:
        """The job or the session under the cursor."""
        place, item = self._place_of(self.table.cursor_key), self._rows.item(self.table.cursor_key)
        return () if place is None else [(place, getattr(item, "name", ""))]

    def action_columns(self) -> None:
        """Choose the columns of this list, and of all others of its kind."""
        choose_columns(self, self.table, self.level.columns, self.lists)

    def action_details(self) -> None:
        """Show everything about the row under the cursor, over the list."""
        rows = [(label.strip(), "".join(text for text, _ in value)) for label, value in self._detailed()]
        if rows:
            self.post_message(ShowDetails(self.level.singular.capitalize(), rows))

    @property
    def has_open_filter(self) -> bool:
        """Whether the line for the filter is shown."""
        return any(line.display for line in self.query("#filter"))

    def action_up(self) -> None:
        """Clear the filter and close its line; where there is none, up as on every screen."""
        if self.text or self.has_open_filter:
            self._close_filter(clear=True)
        else:
            super().action_up()

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        self.text = event.value.strip()
        if self.asks_the_service:
            if self._typing is not None:
                self._typing.stop()
            self._typing = self.set_timer(TYPING_PAUSE, self._search_anew)
        else:
            if self.text and self._handle is not None and self.lists is Level.SESSIONS:
                self._handle.look_everywhere()
                self._handle.refresh_within(TYPING_PAUSE)
            self._show_rows()
        self.redraw()

    @on(Input.Submitted, "#filter")
    def _typed_all(self) -> None:
        self._close_filter(clear=False)

    def on_key(self, event: events.Key) -> None:
        """Down leads from the filter into the table."""
        if event.key == "down" and isinstance(self.focused, Input):
            event.stop()
            self.table.focus()

    def _close_filter(self, *, clear: bool) -> None:
        line = self.query_one("#filter", Input)
        if clear:
            line.value = ""
        line.display = bool(line.value)
        self.table.focus()

    def _search_anew(self) -> None:
        """Another search, another list: what is shown stays until its first page is there."""
        former, self._handle = self._handle, self._watch()
        if former is not None:
            former.close()
        self._searching = True
        self.redraw()

    def _users_meant(self) -> list[str]:
        """Users seen in this list that what was typed is a part of: the service knows whole names only."""
        word = self.text.casefold()
        if self.lists is not Level.JOBS:
            return []
        self._users |= {item.created_by for item in self.observed.items}
        return sorted(user for user in self._users if word and user and word in user.casefold())

    def chosen_id(self) -> str | None:
        """The id of the row under the cursor."""
        return self.table.cursor_key
