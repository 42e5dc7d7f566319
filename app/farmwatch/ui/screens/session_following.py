"""What the screens of one session have in common: the session that is watched, and the logs they read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farmwatch.polling.freshness import Freshness, freshness
from farmwatch.ui.screens.following import FollowingScreen
from farmwatch.words.text import short_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from farmwatch.aws.model import Session
    from farmwatch.aws.session_action import SessionAction
    from farmwatch.listings.place import Place
    from farmwatch.logs.sources import SessionLogs
    from farmwatch.monitor.handles import LogsHandle, SessionHandle
    from farmwatch.monitor.update import LogSnapshot, SessionSnapshot, Update
    from farmwatch.sessions.actions import ActionsObserved
    from farmwatch.sessions.tracker import SessionObserved
    from farmwatch.words.requests import Choice


class SessionFollowing(FollowingScreen):
    """Shows one session; a subclass says which of its logs it reads. All screens of a session hold on to one
    watch, so that what one has learnt the others know."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._handle: SessionHandle | None = None
        self._reading: LogsHandle | None = None
        self._lanes: tuple[int, ...] = ()
        self._is_awake = False

    # --- for the subclass -----------------------------------------------------------------------------

    def lanes_read(self) -> tuple[int, ...]:
        """The logs that are read while the screen is seen: the session's (0), its worker's (1)."""
        return ()

    def take_session(self) -> None:
        """The session, or its actions, may be other than before."""

    def take_log(self, lane: int) -> None:
        """A log may be other than before."""

    # --- what is held ---------------------------------------------------------------------------------

    @property
    def handle(self) -> SessionHandle:
        """The hold on the session, taken when it is first asked for. Once it was let go of it stays, and
        tells what was last known: taking a screen down has no order."""
        if self._handle is None:
            self._handle = self.monitor.watch_session(self.place.ref)
        return self._handle

    @property
    def held(self) -> SessionHandle | None:
        """The same where it has been taken; ``None`` before that."""
        return self._handle

    @property
    def reading(self) -> LogsHandle:
        """The logs, with what has been read of them; none is asked for where `lanes_read` has none."""
        if self._reading is None:
            self._lanes = self.lanes_read() if self._is_awake else ()
            self._reading = self.handle.read_logs(self._lanes)
        return self._reading

    @property
    def logs(self) -> SessionLogs:
        """Both logs of the session, as far as they have been read."""
        return self.reading.logs

    def wake(self) -> None:
        """Take hold of the session, anew where it was let go of; it is looked at, and the logs wanted are
        read."""
        if self._handle is not None and not self._handle.is_open:
            self._handle = None
        self._is_awake = True
        self.handle.attend(attended=True)
        self.read_what_is_wanted()

    def rest(self) -> None:
        """Read no more logs, and ask for the actions as where nobody looks; the session stays watched."""
        self._is_awake = False
        self.handle.attend(attended=False)
        self._stop_reading()

    def read_what_is_wanted(self) -> None:
        """Begin or end reading logs, where that is other than before."""
        wanted = self.lanes_read() if self._is_awake else ()
        if wanted != self._lanes:
            self._stop_reading()
            if wanted:
                self.reading.bring_up_to_date()

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.close()
        self._reading, self._lanes = None, ()

    def let_go(self) -> None:
        """Stop reading, and let go of the session; the handle stays, for what is still drawn."""
        self._stop_reading()
        if self._handle is not None:
            self._handle.close()

    def take(self, update: Update) -> bool:
        """Take news of the session and of the logs that are read; none any more once it was let go of."""
        if self._handle is None or not self._handle.is_open:
            return False
        if update.subject == self.place.ref:
            if self._reading is not None:
                self._reading.bring_up_to_date()
            self.take_session()
            return True
        lane = None if self._reading is None else self._lane_of(update)
        if lane is None:
            return False
        self.take_log(lane)
        return True

    def _lane_of(self, update: Update) -> int | None:
        from farmwatch.monitor.update import LogRef

        ref = update.subject
        return ref.lane if isinstance(ref, LogRef) and ref.session == self.place.ref else None

    def choices_about(self, action: SessionAction | None) -> Sequence[Choice]:
        """To end the session while it has not ended, and what can be done to the task of an action of it."""
        from farmwatch.words.requests import choices_in_session

        ref = self.place.ref
        name = self.monitor.names.get(ref.job_id) or short_id(ref.job_id)
        return choices_in_session(ref, name, action, is_over=self.observed.is_final)

    # --- what is known --------------------------------------------------------------------------------

    @property
    def snapshot(self) -> SessionSnapshot:
        """All that is known of the session now."""
        return self.handle.snapshot

    @property
    def observed(self) -> SessionObserved:
        """What is known of the session but its actions: the newest reply, its errors, its statuses."""
        return self.snapshot.session

    @property
    def session(self) -> Session | None:
        """The newest good reply; ``None`` before the first."""
        return self.snapshot.session.session

    @property
    def actions(self) -> ActionsObserved:
        """The session's actions, as of when they were last seen."""
        return self.snapshot.actions

    def action(self, action_id: str | None) -> SessionAction | None:
        """The session action with that id; ``None`` where it is not known."""
        return next((one for one in self.actions.actions if one.action_id == action_id), None)

    def session_freshness(self, now: datetime) -> Freshness:
        """How fresh the session itself is; final once it has ended."""
        snapshot = self.snapshot
        observed = snapshot.session
        return freshness(
            snapshot.rhythm, seen_at=observed.seen_at, fault=observed.fault, final=observed.is_final, now=now
        )

    def actions_freshness(self, now: datetime) -> Freshness:
        """How fresh the actions are, by their own polls; final once they and the session have ended."""
        snapshot = self.snapshot
        over = snapshot.session.is_final and all(action.is_final for action in snapshot.actions.actions)
        return freshness(
            snapshot.actions_rhythm,
            seen_at=snapshot.actions.seen_at,
            fault=snapshot.actions.fault,
            final=over,
            now=now,
        )

    @staticmethod
    def log_freshness(snapshot: LogSnapshot, now: datetime) -> Freshness | None:
        """How fresh a log is; ``None`` where it is not asked for."""
        log = snapshot.log
        if log is None:
            return None
        return freshness(snapshot.rhythm, seen_at=log.seen_at, fault=log.fault, final=log.over, now=now)
