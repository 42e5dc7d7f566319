"""The Monitor: connections, what is watched on them, and who is told.

It knows no screen and needs none. Whoever wants something watched holds a handle, and lets go of it; whoever
wants to know subscribes. What was seen to change is in the history before anybody is told of it.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct, field

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Farm, Fault, Job, Queue, SessionRef, Who
from farmwatch.history.events import NoRecords, Records
from farmwatch.listings.connection_check import EVERY as CHECKED_EVERY
from farmwatch.listings.connection_check import ConnectionCheck, ConnectionObserved
from farmwatch.listings.discovery import JobDiscovery, JobRef, QueueDiscovery, QueueRef
from farmwatch.listings.lists import NameTarget
from farmwatch.listings.local_list import KnownRow, LocalList
from farmwatch.listings.place import Place
from farmwatch.monitor.handles import (
    HistoryHandle,
    JobFinderHandle,
    ListHandle,
    Look,
    LookHandle,
    QueueCountsHandle,
    SessionHandle,
)
from farmwatch.monitor.session_set import SessionSet, SessionSetHandle, SessionSetSnapshot
from farmwatch.monitor.session_watch import SessionWatch
from farmwatch.monitor.update import (
    AlertsRef,
    ConnectionRef,
    ConnectionSnapshot,
    HistoryRef,
    IdentityRef,
    ListRef,
    LogRef,
    NameRef,
    RequestRef,
    RunningRef,
    Snapshot,
    Update,
)
from farmwatch.polling.clock import Clock, SystemClock
from farmwatch.polling.freshness import Rhythm
from farmwatch.polling.poller import Poller
from farmwatch.polling.schedule import RequestBudget
from farmwatch.polling.target import Target, TargetUpdate
from farmwatch.sessions.actions import ActionsTarget
from farmwatch.sessions.tracker import SessionGroup, SessionTarget

if TYPE_CHECKING:
    from datetime import datetime

    from farmwatch.actions.wishes import Wish
    from farmwatch.history.recorder import Recorder
    from farmwatch.listings.list_query import ListQuery
    from farmwatch.logs.parsing import Severities
    from farmwatch.logs.sources import SessionLogs
    from farmwatch.monitor.alerts import AlertsHandle, QuietUntil
    from farmwatch.monitor.wall import WallHandle
    from farmwatch.rules.judge import Judge
    from farmwatch.wall.item import WallItem
    from farmwatch.wall.target import WallTarget

_log = logging.getLogger(__name__)

OpenConnection = Callable[[Callable[[], None], Callable[[Who], None]], DeadlineApi | Fault]
"""Connects, in a thread of its own. It is handed what to call before every request, and what to call when it
knows as whom it asks."""

Listener = Callable[[Update], None]
"""Is told of every update, in the thread that brought it, one at a time and in their order. It returns at
once: it puts the update into a queue, or posts it."""

DEFAULT_INTERVAL = timedelta(seconds=2)

REQUESTS = 12.0
"""Requests a second that a connection makes at the most, logs apart: what a wall of ten thousand sessions
takes. AWS publishes no rate; a service that says "slower" is obeyed by all of them together."""

TOGETHER = 4.0
"""Requests right after each other, where a wall takes all that there are: others wait a third of a second."""

CONNECTION_LIST = "list of connections"


class _Connection(Struct, eq=False):
    """A connection, with all that it does not share with others."""

    name: str
    poller: Poller
    group: SessionGroup
    log_budget: RequestBudget
    farm_id: str | None = None
    """The farm by which it is tried, where its farms cannot be listed."""
    check: Look | None = None
    """The look at whether it answers, where somebody wants to know."""
    who: Who = field(default_factory=lambda: Who("", "", ""))


class Monitor:
    """Watches sessions and lists on connections, one poller each, and tells whoever subscribed.

    ``connections`` has by name what opens each; ``records`` is where what is seen is written down first.
    ``interval`` is how often a living session is asked for (1 s to 1 h); ``log_requests`` how many pages of
    logs a second a connection asks for at the most; ``severities`` makes what tells errors in logs.
    """

    def __init__(
        self,
        connections: Mapping[str, OpenConnection],
        records: Records | None = None,
        *,
        clock: Clock | None = None,
        interval: timedelta = DEFAULT_INTERVAL,
        log_requests: float = 5.0,
        severities: Callable[[], Severities] | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.interval = interval
        self.names: dict[str, str] = {}
        """The names of farms, queues and jobs by their ids, as far as they are known."""
        self._records = records or NoRecords()
        self.log_requests = log_requests
        self._severities = severities
        self.lock = self._lock = threading.RLock()
        """Held while updates are told. Who subscribes and also changes what is watched takes it for that."""
        self._listeners: list[Listener] = []
        self._numbers = itertools.count(1)
        self._sessions: dict[tuple[str, str], SessionWatch] = {}
        self._looks: dict[tuple[str, str], Look] = {}
        self._is_started = False
        self._checks_connections = False
        self._connections = {name: self._connection(name, open_) for name, open_ in connections.items()}

    def _connection(self, name: str, open_connection: OpenConnection) -> _Connection:
        def connect() -> DeadlineApi | Fault:
            return open_connection(
                lambda: poller.budget.spend(self.clock.monotonic()), partial(self._identify, name)
            )

        budget = RequestBudget(rate=REQUESTS, together=TOGETHER)
        poller = Poller(connect, partial(self._take, name), self.clock, budget)
        log_budget = RequestBudget(rate=self.log_requests, burst=max(2.0, self.log_requests))
        poller.other_budgets.append(log_budget)
        return _Connection(name, poller, SessionGroup(self._records), log_budget)

    # --- start, end, and who is told ------------------------------------------------------------------

    def start(self) -> None:
        """Poll from now on, in threads of its own."""
        with self._lock:
            self._is_started = True
            connections = tuple(self._connections.values())
        for connection in connections:
            connection.poller.start()

    def stop(self) -> None:
        """Ask for nothing more; does not wait for calls that are under way."""
        for connection in self._connections.values():
            connection.poller.stop()

    def run_due(self) -> int:
        """Poll all that is due, in this thread; for tests with a clock moved by hand. How many were."""
        return sum(connection.poller.run_due() for connection in self._connections.values())

    @property
    def targets(self) -> tuple[Target, ...]:
        """All that is asked about, or was and is paused or final."""
        return tuple(target for one in self._connections.values() for target in one.poller.targets)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell this one of every update from now on; call what is returned to end that."""
        with self._lock:
            self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _publish(self, update: Update) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(update)
            except Exception:  # noqa: BLE001 - whatever it is
                # One that fails must keep nothing from the others, and ends no poller's thread.
                _log.exception("a listener failed on %s", type(update.subject).__name__)

    # --- connections ----------------------------------------------------------------------------------

    @property
    def connections(self) -> tuple[str, ...]:
        """The names of the connections, in the order in which they were given."""
        return tuple(self._connections)

    def who(self, connection: str) -> Who:
        """As whom a connection asks, as far as it is known."""
        return self._connections[connection].who

    def connection(self, name: str) -> ConnectionSnapshot:
        """What is known of a connection now."""
        one = self._connections[name]
        check = one.check
        observed = ConnectionObserved() if check is None else check.target.observed
        rhythm = None if check is None else check.rhythm
        return ConnectionSnapshot(name, one.who, observed, rhythm or Rhythm(CHECKED_EVERY))

    @property
    def in_trouble(self) -> tuple[str, ...]:
        """The connections that do not answer, by the newest look at each."""
        return tuple(name for name in self.connections if self.connection(name).observed.fault is not None)

    def add_connection(self, name: str, open_connection: OpenConnection) -> None:
        """Have one connection more, from now on. Raises `ValueError` where there is one of that name."""
        with self._lock:
            if name in self._connections:
                raise ValueError(f"there is a connection {name!r} already")
            connection = self._connection(name, open_connection)
            self._connections = {**self._connections, name: connection}
            is_started = self._is_started
            if self._checks_connections:
                self._check(name)
        if is_started:
            connection.poller.start()

    def identify(self, name: str, who: Who, farm_id: str | None = None) -> None:
        """Say beforehand as whom a connection is to ask, and by which farm it can be tried."""
        self._connections[name].farm_id = farm_id
        self._identify(name, who)

    def check_connections(self) -> None:
        """Look again and again, from now on, whether each connection answers, be anything watched on it or
        not; those that come later too."""
        with self._lock:
            self._checks_connections = True
            for name in self._connections:
                self._check(name)

    def _check(self, name: str) -> None:
        connection = self._connections[name]
        if connection.check is None:
            connection.check = self._look(name, ConnectionCheck(connection.farm_id), ConnectionRef(name))

    def requests_last_minute(self) -> int:
        """Requests made in the last 60 seconds, by all connections together."""
        return sum(one.poller.requests_last_minute() for one in self._connections.values())

    def clock_skew(self, connection: str) -> timedelta | None:
        """How far this machine's clock is ahead of the service's, by the newest reply."""
        return self._connections[connection].poller.skew

    def _identify(self, name: str, who: Who) -> None:
        with self._lock:
            self._connections[name].who = who
            self._publish(Update(name, IdentityRef(name), who))
            self.read_again(CONNECTION_LIST)

    def read_again(self, key: str) -> None:
        """Read the lists of that kind at once, where somebody looks at one."""
        with self._lock:
            for look in self._looks.values():
                if look.target.key.startswith(key):
                    look.poller.now(look.target.key)

    # --- watching -------------------------------------------------------------------------------------

    def watch_session(self, ref: SessionRef, *, actions: bool = True) -> SessionHandle:
        """Watch a session from now on; at once, though others may watch it already. Without its ``actions``
        where nobody else wants them: then `SessionSnapshot.is_final` may never come."""
        with self._lock:
            key = (ref.connection, ref.session_id)
            watch = self._sessions.get(key)
            if watch is None:
                watch = self._sessions[key] = self._session_watch(ref)
            watch.holders += 1
            if actions:
                watch.want_actions(wanted=True)
            watch.start()
        return SessionHandle(watch, partial(self._let_go, watch, actions))

    def _session_watch(self, ref: SessionRef) -> SessionWatch:
        connection = self._connections[ref.connection]
        actions = ActionsTarget(ref, self._records)
        session = SessionTarget(ref, self.interval, self._records, actions, connection.group)

        def make_logs() -> SessionLogs:
            # Not needed, nor imported, as long as nobody reads a log.
            from farmwatch.logs.parsing import Severities
            from farmwatch.logs.sources import SessionLogs

            severities = Severities.of() if self._severities is None else self._severities()
            return SessionLogs(ref, connection.log_budget, severities, self._records)

        return SessionWatch(connection.poller, session, actions, make_logs)

    def _let_go(self, watch: SessionWatch, actions: bool) -> None:
        with self._lock:
            watch.holders -= 1
            if actions:
                watch.want_actions(wanted=False)
            key = (watch.ref.connection, watch.ref.session_id)
            if not watch.holders and self._sessions.get(key) is watch:
                del self._sessions[key]
                watch.stop()

    def watch_list(self, query: ListQuery) -> ListHandle[Any]:
        """Follow a list for as long as somebody looks at it."""
        from farmwatch.listings.list_query import target_of

        connection, target = query.place.connection, target_of(query)
        subject = ListRef(connection, query.key, next(self._numbers))
        target.key = f"{query.key} #{subject.number}"
        return ListHandle(self._look(connection, target, subject), target)

    def find_jobs(self, connection: str, farm_id: str, text: str) -> JobFinderHandle:
        """Search all queues of a farm for jobs with a text in their names."""
        from farmwatch.listings.job_finder import JobFinder

        subject = ListRef(connection, "jobs by name", next(self._numbers))
        target = JobFinder(f"jobs by name #{subject.number}", connection, farm_id)
        target.look_for(text)
        return JobFinderHandle(self._look(connection, target, subject), target)

    def watch_queue_counts(self, connection: str, farm_id: str) -> QueueCountsHandle:
        """Count the tasks of a farm's queues, of those that are said to be in sight."""
        from farmwatch.listings.queue_counts import QueueCountsTarget

        subject = ListRef(connection, "counts of queues", next(self._numbers))
        target = QueueCountsTarget(f"counts of queues #{subject.number}", farm_id)
        return QueueCountsHandle(self._look(connection, target, subject), target)

    def watch_connection_list(self) -> ListHandle[Any]:
        """Follow the list of connections; each of them is looked at from now on."""
        self.check_connections()
        return self.watch_local_list(CONNECTION_LIST, lambda: list(map(self.connection, self.connections)))

    def watch_local_list(self, key: str, rows: Callable[[], Sequence[KnownRow]]) -> ListHandle[Any]:
        """Follow a list of what is known here; ``rows`` tells what it is now, ``key`` what kind it is."""
        subject = ListRef("", key, next(self._numbers))
        target: LocalList[Any] = LocalList(f"{key} #{subject.number}", rows)
        return ListHandle(self._look(self.connections[0], target, subject), target)

    def watch_history(self, recorder: Recorder) -> HistoryHandle:
        """Follow what the history has to tell; it asks nobody."""
        from farmwatch.history.query import HistoryQuery

        ref = HistoryRef(next(self._numbers))
        target = HistoryQuery(recorder, key=f"history #{ref.number}")
        return HistoryHandle(self.look(target, ref), target)

    def watch_running(self, recorder: Recorder) -> LookHandle:
        """Follow how many sessions ran over the last hours, by the history; it asks nobody."""
        from farmwatch.history.running import RunningQuery

        ref = RunningRef(next(self._numbers))
        return LookHandle(self.look(RunningQuery(recorder, key=f"running #{ref.number}"), ref))

    def look(self, target: Target, subject: Hashable) -> Look:
        """Follow what asks nobody; its updates have that subject."""
        return self._look(self.connections[0], target, subject)

    def watch_session_set(self, ref: JobRef | QueueRef) -> SessionSetHandle:
        """Watch all sessions of a job, or all active ones of a queue, and those that come later."""
        target = JobDiscovery(ref) if isinstance(ref, JobRef) else QueueDiscovery(ref)
        target.key = f"{target.key} #{next(self._numbers)}"
        session_set = SessionSet(ref, self.watch_session)
        return SessionSetHandle(self._look(ref.connection, target, session_set), session_set)

    def watch_wall(
        self,
        items: Sequence[WallItem],
        since: datetime,
        keeps_ended: timedelta = timedelta(minutes=10),
        judge: Callable[[], Judge] | None = None,
    ) -> WallHandle:
        """Follow all that runs on every connection, or in what is chosen; failures from ``since`` on. What
        has ended is told of for so long. By what ``judge`` makes trouble is found, by default by the rules
        with their usual thresholds."""
        from farmwatch.monitor.wall import WallHandle, WallPart, part_of
        from farmwatch.wall.scope import scope_of
        from farmwatch.wall.target import WallTarget

        parts: dict[str, WallPart] = {}
        for name, connection in self._connections.items():
            scope = scope_of(items, name)
            if scope is not None:
                rate = connection.poller.budget.rate
                target = WallTarget(name, scope, since, self._records, rate=rate, leaves_after=keeps_ended)
                if judge is not None:
                    target.judging.judge = judge()
                parts[name] = part_of(name, target, connection.log_budget, partial(self._look, name))
        return WallHandle(parts)

    def act(self, wish: Wish, *, follows: bool = False) -> LookHandle:
        """Send a wish that was confirmed (`farmwatch.actions.wishes`), once; ``follows``: look at the task or
        job until it is so. Its updates, by a `RequestRef`, tell what came of it, after the history has it."""
        from farmwatch.actions.request import RequestTarget
        from farmwatch.actions.wishes import ref_of

        target = RequestTarget(wish, self._records, follows=follows)
        return LookHandle(self._look(ref_of(wish).connection, target, RequestRef(wish.token)))

    def watch_alerts(self, recorder: Recorder | None, quiet: QuietUntil | None = None) -> AlertsHandle:
        """Judge alerts by whatever walls are followed, from now on; they are kept where there is a history,
        and told outside of quiet hours. Only one at once does."""
        from farmwatch.monitor.alerts import AlertsHandle, AlertsTarget

        def wall_of(connection: str) -> WallTarget | None:
            look = self._looks.get((connection, "wall"))
            return None if look is None else cast("WallTarget", look.target)

        target = AlertsTarget(recorder, wall_of, quiet)
        return AlertsHandle(self._look(self.connections[0], target, AlertsRef()), target, self.subscribe)

    def want_names(self, place: Place) -> None:
        """Ask for the names of a place's farm, queue and job until they are known."""
        farm_id, queue_id, job_id = place.farm_id, place.queue_id, place.job_id
        if farm_id:
            self._want_name(place, farm_id, lambda api: api.farm(farm_id))
        if farm_id and queue_id:
            self._want_name(place, queue_id, lambda api: api.queue(farm_id, queue_id))
        if farm_id and queue_id and job_id:
            self._want_name(place, job_id, lambda api: api.job(farm_id, queue_id, job_id))

    def _want_name(
        self, place: Place, of: str, ask: Callable[[DeadlineApi], Farm | Queue | Job | Fault]
    ) -> None:
        if of not in self.names:
            target = NameTarget(f"name of {of}", ask)
            self._look(place.connection, target, NameRef(place.connection, of))

    def _look(self, connection: str, target: Target, subject: Hashable) -> Look:
        """Follow a target that one alone looks at."""
        poller = self._connections[connection].poller

        def let_go() -> None:
            with self._lock:
                self._looks.pop((connection, target.key), None)
                poller.drop(target.key)
                if isinstance(subject, SessionSet):
                    subject.close()

        look = Look(subject, poller, target, let_go)
        with self._lock:
            self._looks[connection, target.key] = look
        poller.follow(target)
        return look

    # --- news from the pollers, in their threads --------------------------------------------------------

    def _take(self, name: str, news: TargetUpdate) -> None:
        with self._lock:
            look = self._looks.get((name, news.key))
            if look is not None:
                self._take_look(name, news, look)
                return
            # Of whatever is followed for a session the key ends with the session's id.
            watch = self._sessions.get((name, news.key.rpartition(" ")[2]))
            if watch is not None:
                self._take_session(name, news, watch)

    def _take_look(self, name: str, news: TargetUpdate, look: Look) -> None:
        look.rhythm = news.rhythm
        subject, observed = look.subject, news.observed
        if isinstance(subject, SessionSet):
            if observed.fault is None and observed.seen_at is not None:
                subject.take(observed)
            snapshot = SessionSetSnapshot(subject.ref, observed, news.rhythm)
            self._publish(Update(name, subject.ref, snapshot, news.events))
        elif isinstance(subject, NameRef):
            if observed is not None:
                self.names[subject.id] = observed
                self._publish(Update(name, subject, observed))
        elif isinstance(subject, ConnectionRef):
            self._publish(Update(name, subject, self.connection(name)))
            self.read_again(CONNECTION_LIST)
        else:
            is_local = isinstance(look.target, LocalList) or isinstance(subject, HistoryRef | AlertsRef)
            connection = "" if is_local else name
            self._publish(Update(connection, subject, Snapshot(observed, news.rhythm), news.events))
            if isinstance(subject, RequestRef) and not observed.is_followed:
                # It was made, and is over.
                look.let_go()

    def _take_session(self, name: str, update: TargetUpdate, watch: SessionWatch) -> None:
        watch.take(update)
        lane = watch.lane_of(update.key)
        if lane is not None:
            self._publish(Update(name, LogRef(watch.ref, lane), watch.log_snapshot(lane), update.events))
        else:
            self._publish(Update(name, watch.ref, watch.snapshot(), update.events))
