"""All alerts: judged after every refresh of the wall, kept in the history, and shared with every program that
uses the same one."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from farmwatch.alerts.alert import Alert, Mute, MuteKind, Notice, State, Wish
from farmwatch.alerts.life import Pass, acknowledged, snoozed, step, undone, with_wish
from farmwatch.alerts.seen import pass_of, strangers
from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault
from farmwatch.history.kept_alerts import KeptText
from farmwatch.history.kept_messages import SAME_WITHIN
from farmwatch.monitor.handles import Look, LookHandle
from farmwatch.monitor.update import Snapshot, Update, WallRef
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import RequestBudget, Schedule
from farmwatch.polling.target import PollResult, Target

if TYPE_CHECKING:
    from farmwatch.history.recorder import Recorder
    from farmwatch.history.store import History
    from farmwatch.monitor.asked import WaitedFor, Waiting
    from farmwatch.wall.target import WallTarget
    from farmwatch.wall.values import WallObserved

_log = logging.getLogger(__name__)

EVERY = timedelta(seconds=5)
"""How often the time alone is judged by, and what other programs have said is read."""

KEPT_AGAIN = timedelta(seconds=30)
"""After how long it is tried again to write what could not be written."""

WallOf = Callable[[str], "WallTarget | None"]
"""The wall of a connection, where it is followed."""

QuietUntil = Callable[[datetime], datetime | None]
"""When the quiet hours end that a time is in; ``None`` where it is in none."""

T = TypeVar("T")

_PLACES = {state: place for place, state in enumerate(State)}


class AlertsObserved(Struct, frozen=True):
    """All alerts, the worst first, and what is muted, as of ``seen_at``. ``is_kept`` says whether the history
    has them; they are judged by ``walls`` connections. ``waiting`` is what somebody asked to be told of and
    has not happened; ``quiet_until`` is when the quiet hours end that it is in."""

    alerts: tuple[Alert, ...] = ()
    mutes: tuple[Mute, ...] = ()
    seen_at: datetime | None = None
    is_kept: bool = False
    walls: int = 0
    fault: Fault | None = None
    waiting: tuple[Waiting, ...] = ()
    quiet_until: datetime | None = None

    @property
    def open(self) -> int:
        """How many have fired, and are neither resolved nor acknowledged, nor come from a greater one; what
        somebody asked to be told of is none of them."""
        states = (State.FIRING, State.CANNOT_SEE)
        return sum(one.state in states and not (one.muted_by or one.is_asked) for one in self.alerts)


class AlertsTarget(Target):
    """Takes what the walls tell, a step each; asks nobody. Wishes may come from any thread."""

    needs_connection = False

    def __init__(
        self, recorder: Recorder | None, wall_of: WallOf, quiet_until: QuietUntil | None = None
    ) -> None:
        self.own: WaitedFor | None = None
        """What somebody asked to be told of, where that is known."""
        self._quiet_until = quiet_until or (lambda _: None)
        self.key = "alerts"
        self.schedule = Schedule(EVERY)
        self.budget = RequestBudget()
        self.observed = AlertsObserved()
        self.who = "" if recorder is None else recorder.watcher
        self._recorder = recorder
        self._wall_of = wall_of
        self._lock = threading.RLock()
        self._heard: deque[WallObserved] = deque()
        self._newest: dict[str, WallObserved] = {}
        self._alerts: dict[str, Alert] = {}
        self._mutes: dict[str, Mute] = {}
        self._said: dict[str, KeptText] = {}
        self._written: dict[str, Alert] = {}
        self._looked_at = set[str]()
        self._has_read = recorder is None
        self._keep_again_at = datetime.min.replace(tzinfo=UTC)
        self._tellers: list[Callable[[Notice], None]] = []

    def told_to(self, teller: Callable[[Notice], None]) -> None:
        """Tell this one of every notice, after it was kept, in a thread of the Monitor's."""
        self._tellers.append(teller)

    def hear(self, observed: WallObserved) -> bool:
        """A wall was refreshed, or could not be; whether that is news."""
        with self._lock:
            former = self._newest.get(observed.connection)
            if former is observed or (observed.seen_at is None and observed.fault is None):
                return False
            is_news = former is None or observed.fault is not None or observed.seen_at != former.seen_at
            self._newest[observed.connection] = observed
            if is_news:
                self._heard.append(observed)
            return is_news

    # --- wishes -----------------------------------------------------------------------------------------

    def wish(self, ids: Iterable[str], change: Callable[[Alert], Alert], now: datetime) -> None:
        """Have these alerts as somebody wants them; it is written with the next poll."""
        with self._lock:
            for key in ids:
                alert = self._alerts.get(key)
                if alert is not None:
                    self._alerts[key] = change(alert)
                    self._say(self._alerts[key])
            self._show(self.observed.seen_at or now)

    def mute(self, mute: Mute, now: datetime) -> None:
        """Mute all alerts of a rule, a queue or a job."""
        with self._lock:
            self._mutes[mute.id] = mute
            self._said[mute.id] = KeptText(mute.id, mute.at, msgspec.json.encode(mute).decode())
            self._show(self.observed.seen_at or now)

    # --- polling ----------------------------------------------------------------------------------------

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:  # noqa: ARG002 - nobody is asked
        """Read what others have said, take what was heard, keep what has changed, and only then tell."""
        now = clock.now()
        if not self._has_read and not self._read_all(now):
            return PollResult()
        self._read_wishes()
        notices: list[Notice] = []
        own = self.own
        # It looks at what others know, in their own time.
        happened = Pass("", tuple(own.happened(now) if own is not None else ()))
        self._take_over(happened, now)
        is_quiet = self._quiet_until(now) is not None
        with self._lock:
            heard, self._heard = self._heard, deque()
            mutes, former = tuple(self._mutes.values()), self._alerts
            passes = [pass_of(observed, self._alerts.values(), now) for observed in heard]
            for seen in (*passes, *self._not_followed(), happened, None):
                self._alerts, told = step(self._alerts, seen, now, mutes, is_quiet=is_quiet)
                notices += told
            self._say_what_ended(former)
        self._ask_walls(heard)
        is_kept = self._keep(now)
        if own is not None:
            own.settle((one.id for one in happened.found), is_kept=is_kept or self._recorder is None)
        with self._lock:
            self._show(now, is_kept=is_kept)
        for notice in notices:
            self._tell(notice)
        return PollResult()

    def _not_followed(self) -> list[Pass]:
        """Passes over the connections whose wall nobody follows any more: there nothing can be seen."""
        connections = {alert.subject.connection for alert in self._alerts.values()} | self._newest.keys()
        gone = [connection for connection in sorted(connections) if self._wall_of(connection) is None]
        for connection in gone:
            self._newest.pop(connection, None)
        return [Pass(connection) for connection in gone]

    def _say_what_ended(self, former: Mapping[str, Alert]) -> None:
        """An acknowledgement that has ended with its trouble has ended for every program."""
        for key, alert in self._alerts.items():
            was = former.get(key)
            if was is not None and was.wish.at != alert.wish.at:
                self._say(alert)

    def _say(self, alert: Alert) -> None:
        if alert.wish.at is not None:
            text = msgspec.json.encode(alert.wish).decode()
            self._said[alert.id] = KeptText(alert.id, alert.wish.at, text)

    def _tell(self, notice: Notice) -> None:
        for teller in self._tellers:
            try:
                teller(notice)
            except Exception:  # noqa: BLE001 - whatever it is
                # One that fails must keep nothing from the others, and ends no poller's thread.
                _log.exception("a notice could not be told")

    def _ask_walls(self, heard: Iterable[WallObserved]) -> None:
        """Let the walls tell what is well of the alerts that there are, and look at what they do not know."""
        with self._lock:
            alerts = tuple(self._alerts.values())
        subjects = frozenset(one.subject.session_id or one.subject.worker_id for one in alerts) - {""}
        latest = {one.connection: one for one in heard if one.fault is None}
        for connection in self._newest:
            wall = self._wall_of(connection)
            if wall is None:
                continue
            unknown = strangers(latest[connection], alerts) if connection in latest else []
            unknown = [ref for ref in unknown if ref.session_id not in self._looked_at]
            self._looked_at |= {ref.session_id for ref in unknown}
            wall.want_well(subjects, unknown)

    def _show(self, now: datetime, *, is_kept: bool | None = None) -> None:
        alerts = sorted(self._alerts.values(), key=_place)
        self.observed = AlertsObserved(
            tuple(alerts),
            tuple(mute for mute in self._mutes.values() if mute.until > now),
            now,
            self.observed.is_kept if is_kept is None else is_kept,
            len(self._newest),
            waiting=() if self.own is None else self.own.waiting,
            quiet_until=self._quiet_until(now),
        )

    # --- the history ------------------------------------------------------------------------------------

    def _read_all(self, now: datetime) -> bool:
        """Take over what a former run has kept, which nobody has seen yet in this one; whether there is no
        more to wait for. Judged before that, every alert would be told again."""
        assert self._recorder is not None  # noqa: S101 - without a history nothing is to be read
        kept = self._recorder.ask(lambda history: history.alerts())
        if kept is None:
            return bool(self._recorder.trouble)
        found = {one.id: alert for one in kept if (alert := _decoded(one, Alert)) is not None}
        with self._lock:
            self._alerts = {**{key: _unseen(one, now) for key, one in found.items()}, **self._alerts}
            self._written = {key: _essence(alert) for key, alert in found.items()}
        self._has_read = True
        return True

    def _take_over(self, happened: Pass, now: datetime) -> None:
        """What another program has told long ago, of what was asked for once, is not told again here."""
        news = {one.id for one in happened.found} - self._alerts.keys()
        if not news or self._recorder is None:
            return
        kept = self._recorder.ask(lambda history: history.alerts()) or ()
        for one in kept:
            alert = _decoded(one, Alert) if one.id in news else None
            if alert is not None and alert.resolved_at is not None and now - alert.resolved_at > SAME_WITHIN:
                with self._lock:
                    self._alerts[one.id] = alert
                self._written[one.id] = _essence(alert)

    def _read_wishes(self) -> None:
        wishes = self._recorder.ask(lambda history: history.alert_wishes()) if self._recorder else None
        with self._lock:
            for one in wishes or ():
                if one.id in self._alerts:
                    wish = _decoded(one, Wish)
                    if wish is not None:
                        self._alerts[one.id] = with_wish(self._alerts[one.id], wish)
                elif " " in one.id:
                    mute = _decoded(one, Mute)
                    former = self._mutes.get(one.id)
                    if mute is not None and (former is None or mute.at > former.at):
                        self._mutes[one.id] = mute

    def _keep(self, now: datetime) -> bool:
        """Write what has changed; whether all of it is kept."""
        recorder = self._recorder
        if recorder is None:
            return False
        with self._lock:
            essences = {key: _essence(one) for key, one in self._alerts.items()}
            changed = [
                KeptText(key, now, msgspec.json.encode(_as_kept(self._alerts[key])).decode())
                for key, essence in essences.items()
                if self._written.get(key) != essence
            ]
            gone = [key for key in self._written if key not in essences]
            said = dict(self._said)
        if not (changed or gone or said):
            return self.observed.is_kept or not recorder.trouble
        if now < self._keep_again_at:
            return False
        wishes = list(said.values())

        def put(history: History) -> bool:
            return history.keep_alerts(changed, wishes, gone)

        if not recorder.ask(put):
            self._keep_again_at = now + KEPT_AGAIN
            return False
        self._written = essences
        with self._lock:
            # What was said meanwhile is still to be written.
            self._said = {key: one for key, one in self._said.items() if said.get(key) != one}
        return True


def _place(alert: Alert) -> tuple[int, int, float, str]:
    return _PLACES[alert.state], alert.severity.rank, -alert.since.timestamp(), alert.id


def _unseen(alert: Alert, now: datetime) -> Alert:
    is_done = alert.resolved_at is not None or alert.is_asked
    return alert if is_done else replace(alert, unseen_since=alert.unseen_since or now)


def _essence(alert: Alert) -> Alert:
    """What has to be kept when it changes; the rest is as new with every pass."""
    return replace(
        alert, evidence="", words="", bad=0, good=0, well_at=None, states=(), sessions=(), wish=Wish()
    )


def _as_kept(alert: Alert) -> Alert:
    """As it is written: wishes stand apart. What was asked for has a line of a log, or a message, as its
    evidence, and these are never written."""
    return replace(alert, wish=Wish(), evidence="" if alert.is_asked else alert.evidence)


def _decoded(kept: KeptText, kind: type[T]) -> T | None:
    """What is kept; ``None`` for what another Farmwatch has kept in another form."""
    try:
        return msgspec.json.decode(kept.text, type=kind)
    except msgspec.DecodeError:
        return None


class AlertsHandle(LookHandle):
    """The hold on all alerts. Wishes count at once, and are kept with the next poll."""

    def __init__(
        self,
        look: Look,
        target: AlertsTarget,
        subscribe: Callable[[Callable[[Update], None]], Callable[[], None]],
    ) -> None:
        super().__init__(look)
        self._target = target
        self._unsubscribe = subscribe(self._hear)

    def _hear(self, update: Update) -> None:
        snapshot = update.snapshot
        is_wall = isinstance(update.subject, WallRef) and isinstance(snapshot, Snapshot)
        if is_wall and self._target.hear(snapshot.observed):
            self.look.poller.soon(self._target.key, 0)

    @property
    def observed(self) -> AlertsObserved:
        """What is known now."""
        return self._target.observed

    def told_to(self, teller: Callable[[Notice], None]) -> None:
        """Tell this one of every notice, in a thread of the Monitor's; it returns at once."""
        self._target.told_to(teller)

    def wait_for(self, own: WaitedFor) -> None:
        """Judge these too: what somebody asked to be told of."""
        self._target.own = own
        self.refresh()

    def acknowledge(self, ids: Iterable[str], note: str, now: datetime) -> None:
        """These are known, for four hours or until they are over."""
        who = self._target.who
        self._wish(ids, lambda alert: acknowledged(alert, who, now, note), now)

    def snooze(self, ids: Iterable[str], until: datetime, now: datetime) -> None:
        """Nobody is to be told of these until then."""
        self._wish(ids, lambda alert: snoozed(alert, until, now), now)

    def undo(self, ids: Iterable[str], now: datetime) -> None:
        """Take back what was said of these, and whatever mutes them."""
        wanted = set(ids)
        alerts = [alert for alert in self.observed.alerts if alert.id in wanted]
        for mute in self.observed.mutes:
            if any(mute.covers(alert) for alert in alerts):
                self.mute(mute.kind, mute.value, now, now)
        self._wish(wanted, lambda alert: undone(alert, now), now)

    def mute(self, kind: MuteKind, value: str, until: datetime, now: datetime) -> None:
        """Nobody is to be told of alerts of a rule (by its name), a queue or a job (by their ids) until
        then."""
        self._target.mute(Mute(kind, value, self._target.who, now, until), now)
        self.refresh()

    def _wish(self, ids: Iterable[str], change: Callable[[Alert], Alert], now: datetime) -> None:
        self._target.wish(ids, change, now)
        self.refresh()

    def close(self) -> None:
        """Judge no more."""
        self._unsubscribe()
        super().close()
