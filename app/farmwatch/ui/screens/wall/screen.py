"""The wall: everything that runs, what is in trouble, what failed and which worker is bad."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from farmwatch.listings.place import Place
from farmwatch.monitor.update import RunningRef, WallLinesRef, WallRef
from farmwatch.ui.content import content
from farmwatch.ui.marking import mark, put_on_wall
from farmwatch.ui.navigation import GoBack, ShowDetails, ShowLog, ShowMergedLogs, ShowWhy, Visit
from farmwatch.ui.screens.arranging import arrangement_of, choose_columns
from farmwatch.ui.screens.following import FollowingScreen
from farmwatch.ui.screens.orders import Detail, Sort
from farmwatch.ui.screens.wall import telling
from farmwatch.ui.screens.wall.acting import choices_of
from farmwatch.ui.screens.wall.choices import kept_as, kept_order, with_order
from farmwatch.ui.screens.wall.contradicting import call_not_stuck
from farmwatch.ui.screens.wall.failures import FAILURES, cause
from farmwatch.ui.screens.wall.keys import TABS, TYPED, WALL_BINDINGS
from farmwatch.ui.screens.wall.known import Known
from farmwatch.ui.screens.wall.rows import Heading, Order, WallRows
from farmwatch.ui.screens.wall.running import RUNNING
from farmwatch.ui.screens.wall.strip import WallStrip
from farmwatch.ui.screens.wall.view import View
from farmwatch.ui.screens.wall.wishes import LogWishes
from farmwatch.ui.themes import style_sheet
from farmwatch.ui.widgets.lines import put
from farmwatch.ui.widgets.prompt import For, Prompt
from farmwatch.ui.widgets.virtual_table import VirtualTable
from farmwatch.wall.values import Failure
from farmwatch.wall.workers import WorkerRow

if TYPE_CHECKING:
    from farmwatch.aws.model import SessionRef
    from farmwatch.monitor.handles import LookHandle
    from farmwatch.monitor.update import Snapshot, Update
    from farmwatch.monitor.wall import WallHandle
    from farmwatch.words.requests import Choice


class WallScreen(FollowingScreen):
    """Four tables of one thing, of which one is seen; lies over the place that it was opened from."""

    CSS_PATH = style_sheet("wall")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (160, "-wide")]
    BINDINGS = WALL_BINDINGS
    is_wall = True

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.tab = RUNNING
        """The tab that is shown."""
        self._known = Known()
        self._rows = {key: WallRows(tab, cause if tab is FAILURES else None) for key, tab in TABS.items()}
        self._orders = {key: Order(sort=tab.sorts[0], folds=True) for key, tab in TABS.items()}
        self._picked: set[str] = set()
        self._handle: WallHandle | None = None
        self._wishes: LogWishes | None = None
        self._night: LookHandle | None = None
        self._is_behind = False
        """Whether something has come in that the rows do not show yet."""

    # --- what it is about -------------------------------------------------------------------------------

    def tells_of(self, ref: SessionRef | None) -> bool:  # noqa: ARG002 - of all of them
        """Whatever comes in is to be seen here."""
        return True

    @property
    def held(self) -> WallHandle | None:
        """The hold on the wall; ``None`` before it is first seen."""
        return self._handle

    @property
    def rows(self) -> WallRows:
        """The rows of the tab that is shown."""
        return self._rows[self.tab.key]

    @property
    def order(self) -> Order:
        """How the rows of that tab are chosen and put in order."""
        return self._orders[self.tab.key]

    @property
    def table(self) -> VirtualTable:
        """The table of the tab that is shown."""
        return self.query_one(f"#wall-{self.tab.key}", VirtualTable)

    @property
    def prompt(self) -> Prompt:
        """The line to type a filter, a time or a name into; not there until one is asked for."""
        return self.query_one(Prompt)

    def wake(self) -> None:
        """Follow the wall, and show what came in while another screen lay above."""
        handle = self.farmwatch.walls.follow()
        if handle is not self._handle or self._wishes is None:
            self._handle, self._wishes = handle, LogWishes(handle)
        self._known.begin_with(handle)
        recorder = self.farmwatch.recorder
        if self._night is not None:
            self._night.wake()
        elif recorder is not None:
            self._night = self.monitor.watch_running(recorder)
        self._is_behind = True

    def rest(self) -> None:
        """The wall is followed on; what only this screen shows is not."""
        if self._wishes is not None:
            self._wishes.want_none()
        if self._night is not None:
            self._night.rest()

    def let_go(self) -> None:
        """The wall is followed on in the background; what failed by now has been on the screen."""
        if self._wishes is not None:
            self._wishes.want_none()
            self.farmwatch.walls.was_left()
        if self._night is not None:
            self._night.close()
        self._handle = self._wishes = self._night = None

    def crumb(self) -> tuple[str, ...]:
        """The wall stands behind the place that it was opened from."""
        name = self.farmwatch.walls.name
        return (f"Wall {name}" if name else "Wall",)

    def body(self) -> ComposeResult:
        """The tabs with their numbers, the line to type into, a table a tab, and beside it the row."""
        yield WallStrip()
        yield Prompt(id="wall-prompt")
        with Horizontal(id="rows"):
            for key, tab in TABS.items():
                yield VirtualTable(tab.columns, id=f"wall-{key}", classes="wall-table")
            yield Static(id="wall-details")

    def on_mount(self) -> None:
        """Give the tables their rows, in the order and with the columns of this wall."""
        for key in TABS:
            self.query_one(f"#wall-{key}", VirtualTable).rows = self._rows[key]
        self._take_choices()
        self._show_tab()

    # --- choices ------------------------------------------------------------------------------------------

    def _take_choices(self) -> None:
        kept, wall = self.farmwatch.kept.state, self.farmwatch.walls.name
        for key, tab in TABS.items():
            self._orders[key] = kept_order(kept, wall, tab)
            table = self.query_one(f"#wall-{key}", VirtualTable)
            table.arrange_columns(arrangement_of(kept, kept_as(wall, tab)))
            table.stand_roomy(self._rows[key].below if kept.roomy else None)

    def _choose(self, order: Order) -> None:
        """Take another order for the tab that is shown, and remember it for this wall."""
        self._orders[self.tab.key] = order
        tab, wall = self.tab, self.farmwatch.walls.name
        self.farmwatch.kept.change(lambda state: with_order(state, wall, tab, order))
        self._show_rows()
        self.redraw()

    # --- drawing --------------------------------------------------------------------------------------------

    def take(self, update: Update) -> bool:
        """Take what was seen of a connection's part; the rows are laid out anew when they are drawn."""
        if isinstance(update.subject, RunningRef):
            self._known.before = update.snapshot.observed
            return True
        if self._handle is None:
            return False
        if isinstance(update.subject, WallLinesRef):
            self._known.lines = self._handle.lines
            return True
        if not isinstance(update.subject, WallRef):
            return False
        snapshot: Snapshot = update.snapshot
        self.monitor.names |= snapshot.observed.names
        self._known.take(update.connection, snapshot.observed, snapshot.rhythm)
        self._is_behind = True
        return True

    def _view(self, now: datetime) -> View:
        return self._known.view(now, frozenset(self._picked))

    def _show_rows(self) -> None:
        if not self.is_alive:
            return
        self._is_behind = False
        now = self.farmwatch.clock.now()
        self.rows.show(self._known.items(self.tab), self.order, self._view(now))
        table = self.table
        order = self.order
        table.sort_column = None if order.sort is None else order.sort.column
        table.sort_reverse = order.sort is not None and order.sort.descending != order.backwards
        table.rows_changed()

    def _show_tab(self) -> None:
        for key in TABS:
            self.query_one(f"#wall-{key}", VirtualTable).display = key == self.tab.key
        self._show_rows()
        self.set_focus(self.table)

    def draw(self, now: datetime) -> None:
        """Bring the edges, the numbers, the ages in the rows and the row under the cursor up to date."""
        rows = self.rows
        rows.view = self._view(now)
        if self._is_behind or rows.needs_order:
            self._show_rows()
        every, observed = self._known.fresh(now), self._known.observed
        several = len(self._known) > 1
        self.draw_edges(
            telling.what(self.tab, rows, self.order, observed, now),
            telling.together(every),
            now,
            told=telling.freshness_of_each(every, observed, now) if several else None,
            notes=telling.notes(every, observed, several=several),
        )
        left, right = telling.strip(TABS, self.tab, observed, self._known.before)
        self.query_one(WallStrip).show(left, right)
        self._want_lines()
        self.table.empty = telling.empty(self.tab, self.order.text, observed, every, now)
        self._draw_details()

    def tick(self) -> None:
        """Ages and durations go on in every row."""
        super().tick()
        if self.is_alive:
            faults = self.farmwatch.view_faults
            faults.contain(None, "drawing the rows", lambda: self.table.rows_changed())

    def _draw_details(self) -> None:
        pane = self.query_one("#wall-details", Static)
        if not pane.display:
            return
        parts = telling.detail_parts(self._detailed())
        ref = self._ref()
        if self._handle is not None and ref is not None:
            lines = self._handle.newest(ref)
            parts += telling.newest_lines(lines, self.farmwatch.clock.now(), pane.content_size)
        put(pane, content(*parts))

    @on(VirtualTable.ViewChanged)
    def _want_lines(self) -> None:
        """The newest lines are wanted of what is in sight, which the history knows by name from then on, and
        of the row under the cursor where it stands whole at the right."""
        if self._wishes is not None and self.is_current:
            items = self.rows.in_sight(*self.table.in_view)
            self.farmwatch.action_names.see(items)
            refs = [self.tab.ref_of(item) for item in items]
            in_sight = [ref for ref in refs if ref is not None] if self.tab is not FAILURES else []
            self._wishes.want(in_sight, self._ref() if self.query_one("#wall-details").display else None)

    def _detailed(self) -> Sequence[Detail]:
        item, view = self.rows.item(self.table.cursor_key), self.rows.view
        return () if item is None or view is None else self.tab.details(item, view)

    # --- what the table says ------------------------------------------------------------------------------

    @on(VirtualTable.RowHighlighted)
    def _moved(self) -> None:
        self.rows.was_moved(self.farmwatch.clock.now())
        if self.is_alive:
            self._draw_details()

    @on(VirtualTable.RowSelected)
    def _open(self, message: VirtualTable.RowSelected) -> None:
        row = self.rows.row(message.key)
        if isinstance(row, Heading):
            self.action_fold()
        elif isinstance(row, WorkerRow):
            self.show_tab(RUNNING.key, f"worker:{row.worker_id.removeprefix('worker-')[:12]}")
        elif isinstance(row, Failure):
            self.action_why()
        elif row is not None:
            self.post_message(Visit(self._way_to(row.ref)))

    @on(VirtualTable.HeaderClicked)
    def _sort_by_column(self, message: VirtualTable.HeaderClicked) -> None:
        order = self.order
        for sort in self.tab.sorts:
            if sort.column == message.column_key:
                turned = sort is order.sort and not order.backwards
                self._choose(replace(order, sort=sort, backwards=turned))

    @on(WallStrip.Chosen)
    def _follow_number(self, message: WallStrip.Chosen) -> None:
        self.show_tab(message.tab, message.text)

    def _way_to(self, ref: SessionRef) -> Place:
        """Where a session is, which somebody is about to look at."""
        if self._handle is not None:
            self._handle.looked_at(ref.connection, ref.session_id)
        return self._known.way_to(ref, self.monitor)

    def _ref(self) -> SessionRef | None:
        """The session that the row under the cursor is about."""
        item = self.rows.item(self.table.cursor_key)
        return None if item is None else self.tab.ref_of(item)

    # --- keys -----------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """While something is typed, a letter is a letter."""
        return action not in TYPED or not isinstance(self.focused, Prompt)

    def action_tab(self, key: str) -> None:
        """Show another tab, as it was left."""
        self.show_tab(key, self._orders[key].text)

    def show_tab(self, key: str, text: str) -> None:
        """Show the rows of a tab that a filter leaves."""
        self.tab = TABS[key]
        self._orders[key] = replace(self._orders[key], text=text)
        self.prompt.display = False
        self._show_tab()
        self.redraw()

    def action_order(self) -> None:
        """Sort by the next order that the tab has, its usual way round."""
        sorts: Sequence[Sort] = self.tab.sorts
        at = next((n for n, sort in enumerate(sorts) if sort is self.order.sort), -1)
        self._choose(replace(self.order, sort=sorts[(at + 1) % len(sorts)], backwards=False))

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._choose(replace(self.order, backwards=not self.order.backwards))

    def action_group(self) -> None:
        """Group by the next field there is, and after the last one not at all."""
        groups = ["", *self.tab.groups]
        self._choose(replace(self.order, group=groups[(groups.index(self.order.group) + 1) % len(groups)]))

    def action_fold(self) -> None:
        """Unfold the row, or fold it; of a row with nothing below it the one that it belongs to."""
        turned = self.rows.turn(self.table.cursor_key)
        self.table.rows_changed()
        if turned is not None:
            # What was folded away has no row any more; the cursor goes to what it was folded into.
            self.table.cursor_key = turned

    def action_fold_all(self) -> None:
        """Unfold everything; fold it where nothing is left to unfold."""
        self.rows.turn_all()
        self.table.rows_changed()

    def action_pick(self) -> None:
        """Pick the row under the cursor, or take it out of what is picked, and go on to the next one."""
        item = self.rows.item(self.table.cursor_key)
        if item is not None:
            self._picked ^= {item.key}
            self.rows.view = self._view(self.farmwatch.clock.now())
            self.table.rows_changed()
            self.table.action_move(1)
            self.redraw()

    @property
    def chosen_items(self) -> list[Any]:
        """What the rows are about that are picked, in their order; where none is, that under the cursor."""
        return self.rows.items(self._picked) or [self.rows.item(self.table.cursor_key)]

    @property
    def chosen(self) -> list[tuple[SessionRef, str]]:
        """The sessions of these rows, with their jobs and frames."""
        return self._known.sessions_of(self.chosen_items, self.tab)

    def choices(self) -> Sequence[Choice]:
        """To end the sessions of these rows, and what can be done to their tasks."""
        return choices_of(self.chosen_items, self._known)

    def action_logs(self) -> None:
        """Show the logs of the sessions that are picked as one, merged by time."""
        if chosen := self.chosen:
            self.post_message(ShowMergedLogs(self.place, chosen))

    def action_not_stuck(self) -> None:
        """Call the session under the cursor not stuck, or take that back."""
        call_not_stuck(self.farmwatch, self.rows.item(self.table.cursor_key), self._known)
        self._show_rows()
        self.redraw()

    def action_details(self) -> None:
        """Show everything about the row under the cursor, over the wall."""
        rows = [(label.strip(), "".join(text for text, _ in value)) for label, value in self._detailed()]
        if rows:
            self.post_message(ShowDetails(self.tab.one.capitalize(), rows))

    def action_log(self) -> None:
        """Show the log of the session under the cursor; of a failure at its action."""
        if (ref := self._ref()) is not None:
            self.post_message(ShowLog(self._way_to(ref), action_id=self._failed_action()))

    def action_why(self) -> None:
        """Show why the session under the cursor failed; of a failure, why that action did."""
        if (ref := self._ref()) is not None:
            self.post_message(ShowWhy(self._way_to(ref), action_id=self._failed_action()))

    def _failed_action(self) -> str | None:
        """The id of the action that the row under the cursor tells the failure of."""
        item = self.rows.item(self.table.cursor_key)
        return item.action.action_id if isinstance(item, Failure) else None

    def action_mark(self) -> None:
        """Mark the session under the cursor, or take the mark off it."""
        if (ref := self._ref()) is not None:
            item = self.rows.item(self.table.cursor_key)
            mark(self.farmwatch, Place.at(ref), getattr(item, "job", ""))

    def action_put(self) -> None:
        """Put the worker or the session under the cursor on the wall, or take it off."""
        row, ref = self.rows.item(self.table.cursor_key), self._ref()
        if ref is not None:
            item, name = self._known.item_of(row, ref)
            put_on_wall(self.farmwatch, item, name)
            self.wake()
            self.redraw()

    def action_columns(self) -> None:
        """Choose the columns of this tab, for this wall."""
        choose_columns(self, self.table, self.tab.columns, kept_as(self.farmwatch.walls.name, self.tab))

    def action_roomy(self) -> None:
        """Give every row a second line, with what it said last; or take it away again."""
        self.farmwatch.kept.change(lambda state: replace(state, roomy=not state.roomy))
        roomy = self.farmwatch.kept.state.roomy
        for key, rows in self._rows.items():
            self.query_one(f"#wall-{key}", VirtualTable).stand_roomy(rows.below if roomy else None)

    def action_up(self) -> None:
        """Close the line and drop the filter; else drop what is picked; else leave the wall."""
        if self.prompt.is_open or self.order.text:
            if self.prompt.asks_for is For.FILTER or not self.prompt.is_open:
                self._orders[self.tab.key] = replace(self.order, text="")
            self._close_prompt()
        elif self._picked:
            self._picked.clear()
        else:
            self.post_message(GoBack())
            return
        self._show_rows()
        self.redraw()

    # --- what is typed --------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Open the line for a filter, with the one there is; every letter typed filters at once."""
        self.prompt.ask_filter(self.tab.fields, self.order.text)

    def action_since(self) -> None:
        """Open the line for a time from which on failures are told; it counts when it is entered."""
        self.prompt.ask(For.SINCE, telling.SINCE_HINT)

    def action_wall(self) -> None:
        """Open the line for the name of a wall; one that is not there yet is made."""
        self.prompt.ask(For.NAME, telling.name_hint(self.farmwatch.walls.names))

    @on(Prompt.Filtered)
    def _filter(self, message: Prompt.Filtered) -> None:
        self._orders[self.tab.key] = replace(self.order, text=message.text)
        self._show_rows()
        self.redraw()

    @on(Prompt.Entered)
    def _take_entered(self, message: Prompt.Entered) -> None:
        if message.asked_for is For.SINCE:
            try:
                self.farmwatch.walls.look_back(message.text)
            except ValueError as error:
                self.notify(str(error), severity="error", markup=False)
                return
        elif message.asked_for is For.NAME:
            self.show_wall(message.text)
        self._close_prompt()

    def show_wall(self, name: str) -> None:
        """Show another wall, with the columns and orders that were chosen for it."""
        self.farmwatch.walls.choose(name)
        self._picked.clear()
        self._take_choices()
        self.wake()
        self.redraw()

    def _close_prompt(self) -> None:
        self.prompt.close(self.table)

    def chosen_id(self) -> str | None:
        """The id of the worker or the session under the cursor."""
        item = self.rows.item(self.table.cursor_key)
        if isinstance(item, WorkerRow):
            return item.worker_id
        ref = self._ref()
        return None if ref is None else ref.session_id
