"""The walls that somebody has made: what is on each, which one is followed, and since when it tells."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from farmwatch.config.quiet_hours import quiet_hours_of
from farmwatch.config.state import KeptAsked, KeptState, KeptWallItem, StateFile
from farmwatch.monitor.contradictions import Contradictions
from farmwatch.monitor.marks import ids_of
from farmwatch.monitor.update import WallRef
from farmwatch.wall.item import WallItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from farmwatch.alerts.alert import Notice
    from farmwatch.config.settings import Settings
    from farmwatch.history.recorder import Recorder
    from farmwatch.monitor.alerts import AlertsHandle
    from farmwatch.monitor.marks import Marked, Marks
    from farmwatch.monitor.monitor import Monitor
    from farmwatch.monitor.own_watches import OwnWatches
    from farmwatch.monitor.update import Update
    from farmwatch.monitor.wall import WallHandle
    from farmwatch.rules.judge import Judge
    from farmwatch.wall.values import Failure, WallRow

FIRST_LOOK = timedelta(hours=8)
"""How far back the wall looks that nobody has left yet."""


class Walls:
    """Holds the wall that is followed, in the background too, and remembers the choices in the state file.

    The wall without a name is all that the connections have, as long as nothing is chosen for it.
    """

    def __init__(
        self, monitor: Monitor, file: StateFile, settings: Settings, recorder: Recorder | None = None
    ) -> None:
        """The ``settings`` tell how long a session stays that has ended, the thresholds of the rules of
        trouble, and the quiet hours; ``recorder`` is the history in which alerts are kept, where there is
        one."""
        self._monitor = monitor
        self._settings = settings
        self._file = file
        self._recorder = recorder
        self._alerts: AlertsHandle | None = None
        self._tellers: list[Callable[[Notice], None]] = []
        self._handle: WallHandle | None = None
        self.contradictions = Contradictions(file)
        """What on it was called not stuck."""
        self._marked: tuple[Marked, ...] = ()
        self._is_of_marked = False
        self._is_told = self._judges_always = False
        self._marks: Marks | None = None
        self.name = file.state.wall
        """Which wall is followed, or would be."""
        self.since = file.state.wall_left_at or monitor.clock.now() - FIRST_LOOK
        """From when on failures are told."""

    @cached_property
    def own(self) -> OwnWatches:
        """What somebody asked to be told of."""
        # Here, because the first frame does not wait for all that makes an alert.
        from farmwatch.monitor.own_watches import OwnWatches

        return OwnWatches(
            self._monitor,
            self._file,
            lambda: (self.name, None if self._is_of_marked else self._handle),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The walls that there are, by their names; the one without a name is always there."""
        return tuple(sorted({"", *self._file.state.walls}))

    @property
    def items(self) -> tuple[WallItem, ...]:
        """What was put on the wall that is followed; nothing where it is all there is."""
        kept = self._file.state.walls.get(self.name, ())
        return tuple(WallItem(one.connection, one.ids) for one in kept)

    @property
    def handle(self) -> WallHandle | None:
        """The hold on the wall; ``None`` before it was followed."""
        return self._handle

    @property
    def alerts(self) -> AlertsHandle | None:
        """All alerts; ``None`` before a wall was followed: they are judged by what is on it."""
        return self._alerts

    @property
    def open_alerts(self) -> int:
        """How many alerts somebody should know of, and nobody has acknowledged."""
        return 0 if self._alerts is None else self._alerts.observed.open

    @property
    def _has_alerts_in_sight(self) -> bool:
        alerts = () if self._alerts is None else self._alerts.observed.alerts
        return any(one.resolved_at is None and one.unseen_since is None for one in alerts)

    def name_of(self, of: str) -> str:
        """The name of a farm, a queue or a job by its id, wherever it is known; empty where it is not."""
        names = self._monitor.names
        if of not in names and self._handle is not None:
            for one in self._handle.observed:
                every: list[WallRow | Failure] = [*one.rows, *one.failures]
                jobs = (row.job for row in every if row.ref.job_id == of and row.job)
                if found := one.names.get(of) or next(jobs, ""):
                    # It may leave the wall before it is asked for again.
                    names[of] = found
        return names.get(of, "")

    def told_to(self, teller: Callable[[Notice], None]) -> None:
        """Tell this one of every notice from now on, in a thread of the Monitor's; it returns at once."""
        self._tellers.append(teller)
        if self._alerts is not None:
            self._alerts.told_to(teller)

    def follow(self) -> WallHandle:
        """Follow the wall, and judge its alerts, from now on whatever is on the screen."""
        self.judge()
        with self._monitor.lock:
            if self._is_of_marked:
                self._let_go()
            handle = self._handle
            if handle is None:
                handle = self._begin(self.items)
                if self._judges_always:
                    handle.read_always()
        return handle

    def _begin(self, items: Sequence[WallItem]) -> WallHandle:
        self._handle = handle = self._monitor.watch_wall(
            items, self.since, self._settings.wall_keeps_ended, self._judge
        )
        handle.contradict(self.contradictions.subjects)
        if not self._is_told:
            self._is_told = True
            self._monitor.subscribe(self._take)
        return handle

    def _let_go(self) -> None:
        if self._handle is not None:
            self._handle.close()
        self._handle, self._is_of_marked = None, False

    def judge_marked(self, marked: tuple[Marked, ...]) -> None:
        """Judge what is marked as well, from now on, until it is over: by a wall of its own, for as long as
        nobody follows another."""
        if marked:
            self.judge()
        with self._monitor.lock:
            if marked == self._marked:
                return
            self._marked = marked
            if self._handle is None or self._is_of_marked:
                self._follow_marked()

    def _follow_marked(self) -> None:
        self._let_go()
        if self._marked:
            self._is_of_marked = True
            self._begin([WallItem(ref.connection, ids_of(ref)) for ref in self._marked]).read_always()

    def judge_always(self) -> WallHandle:
        """Follow the wall, and judge its alerts as well as can be while nobody looks: for that the logs are
        read, too, as far as the budget allows."""
        self._judges_always = True
        handle = self.follow()
        handle.read_always()
        return handle

    def judge(self) -> AlertsHandle:
        """Judge alerts from now on, and wait for what somebody asked to be told of; the wall is followed
        where that is about it."""
        if self._alerts is None:
            quiet = quiet_hours_of(self._settings.alerts.quiet_hours)
            self._alerts = self._monitor.watch_alerts(self._recorder, quiet.until)
            for teller in self._tellers:
                self._alerts.told_to(teller)
            self.own.take_up()
            self._alerts.wait_for(self.own)
            if self.own.wants_wall:
                self.follow()
        return self._alerts

    def take_up(self, marks: Marks | None = None) -> None:
        """Go on waiting for what somebody asked to be told of, in a run before this one; judge what is
        marked."""
        if self._file.state.asked:
            self.judge()
        if marks is not None:
            self._marks = marks
            marks.told_to(self.judge_marked)

    def ask(self, kept: KeptAsked) -> bool:
        """Wait for something that somebody wants to be told of; whether it was not waited for already. Raises
        `TooManyAsked`, and `BadPattern`."""
        alerts = self.judge()
        is_new = self.own.add(kept)
        if not kept.ids:
            self.follow()
        alerts.refresh()
        return is_new

    def ask_no_more(self, watch_id: str) -> None:
        """Wait for it no longer."""
        self.own.remove(watch_id)
        self.judge().refresh()

    def _judge(self) -> Judge:
        from farmwatch.monitor.limits import Limits
        from farmwatch.rules.judge import Judge

        limits = Limits(self._settings.rules)
        return Judge(limits.all, limits.of)

    def _take(self, update: Update) -> None:
        if isinstance(update.subject, WallRef) and self._handle is not None:
            self.contradictions.count(self._handle.take_fired())
            if self._is_of_marked and self._marks is not None and not self._has_alerts_in_sight:
                # What has ended has to be seen to be well before it is let go of.
                self.judge_marked(self._marks.held)

    def toggle_not_stuck(self, row: WallRow) -> bool:
        """Call what a session does now not stuck, or take that back; whether it is called so now."""
        is_so = self.contradictions.toggle(row)
        if self._handle is not None:
            self._handle.contradict(self.contradictions.subjects)
        return is_so

    def begin_anew(self) -> None:
        """There are other connections, or other things on the wall: follow it as it is now, if it was
        followed before."""
        if self._is_of_marked:
            self._follow_marked()
        elif self._handle is not None:
            self._let_go()
            self.follow()

    def choose(self, name: str) -> None:
        """Follow another wall; one that is not there yet is made with the first thing that is put on it."""
        if name != self.name:
            self.name = name
            self._file.change(lambda state: replace(state, wall=name))
            self.begin_anew()

    def has(self, item: WallItem) -> bool:
        """Whether something was put on the wall."""
        return item in self.items

    def toggle(self, item: WallItem) -> bool:
        """Put something on the wall, or take it off; whether it is there now."""
        is_there = self.has(item)
        self._change_items([one for one in self.items if one != item] + ([] if is_there else [item]))
        return not is_there

    def _change_items(self, items: Iterable[WallItem]) -> None:
        kept = tuple(KeptWallItem(one.connection, one.ids) for one in items)
        name = self.name

        def change(state: KeptState) -> KeptState:
            walls = {**state.walls, name: kept}
            if not kept:
                del walls[name]
            return replace(state, walls=walls)

        self._file.change(change)
        self.begin_anew()

    def look_since(self, since: datetime) -> None:
        """Tell of failures from this time on."""
        self.since = since
        if self._handle is not None:
            self._handle.look_since(since)

    def look_back(self, text: str) -> None:
        """Tell of failures from a time on as people say it, or, where nothing is said, since the last visit.
        Raises `ValueError`, in words, where it cannot be understood, or nobody was here before."""
        from farmwatch.history.time_expression import parse_since

        if text:
            self.look_since(parse_since(text, self._monitor.clock.now()))
        elif self.left_at is None:
            raise ValueError("The wall was not left before.")
        else:
            self.look_since(self.left_at)

    @property
    def left_at(self) -> datetime | None:
        """When the wall was left last, in this run or one before."""
        return self._file.state.wall_left_at

    def was_left(self) -> None:
        """Somebody has looked at the wall until now."""
        now = self._monitor.clock.now()
        self._file.change(lambda state: replace(state, wall_left_at=now))
