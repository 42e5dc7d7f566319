"""What somebody asked to be told of: that a session ends, that all of a job or of the wall has ended, or that
a line of their logs matches a pattern. When it happens it is an alert, which is over as soon as it was told.

It is kept in the state file until its alert is kept, so that a restart loses none and repeats none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.alerts.alert import ASKED, Found, Subject, id_of
from farmwatch.aws.cleaning import clean
from farmwatch.aws.model import Fault, FaultKind, SessionRef
from farmwatch.aws.reply import are_ids
from farmwatch.config.state import KeptAsked, KeptState, StateFile
from farmwatch.listings.discovery import JOB_ENDS, JobRef
from farmwatch.monitor.asked import AskedKind, Waiting
from farmwatch.monitor.handles import SessionHandle
from farmwatch.monitor.session_set import SessionSetHandle
from farmwatch.polling.schedule import LASTING
from farmwatch.rules.finding import Severity

if TYPE_CHECKING:
    from farmwatch.monitor.monitor import Monitor
    from farmwatch.monitor.own_lines import LinesOfMany, LineWatch
    from farmwatch.monitor.update import SessionSnapshot
    from farmwatch.monitor.wall import WallHandle
    from farmwatch.sessions.actions import ActionsObserved
    from farmwatch.wall.values import WallObserved, WallRow

MOST = 100
"""Things that can be waited for at once."""

LONGEST_NAME = 200


class TooManyAsked(ValueError):  # noqa: N818 - named for what the wrangler is told
    """So much is waited for that nothing more can be; the text says so."""


def subject_of(kept: KeptAsked) -> Subject:
    """What its alert is about. Asked again it is another alert; asked once it is the same one everywhere."""
    said = "\0".join((kept.kind, kept.at.isoformat(), kept.pattern, kept.name))
    farm_id, queue_id, job_id, session_id = (*kept.ids, "", "", "", "")[:4]
    asked = sha256(said.encode(errors="replace")).hexdigest()[:16]
    return Subject(kept.connection, farm_id, queue_id, job_id, session_id, asked=asked)


def _is_sound(kept: KeptAsked) -> bool:
    """Whether it names something that can be waited for; a file can say anything."""
    if kept.kind not in {one.value for one in AskedKind} or not are_ids(kept.ids) or kept.at.tzinfo is None:
        return False
    if len(kept.name) > 2 * LONGEST_NAME:
        return False
    if not kept.ids:
        is_one, may_be = not kept.connection, (AskedKind.ALL_ENDED, AskedKind.LINE)
    elif len(kept.ids) == 3:
        is_one, may_be = bool(kept.connection), (AskedKind.ALL_ENDED, AskedKind.LINE)
    else:
        is_one, may_be = len(kept.ids) == 4 and bool(kept.connection), (AskedKind.ENDED, AskedKind.LINE)
    return is_one and kept.kind in may_be and (kept.kind != AskedKind.LINE or _has_pattern(kept))


def _has_pattern(kept: KeptAsked) -> bool:
    from farmwatch.logs.patterns import lasting_query
    from farmwatch.logs.scan import BadPattern

    try:
        lasting_query(kept.pattern)
    except BadPattern:
        return False
    return True


class _Watch(Struct, eq=False):
    waiting: Waiting
    handle: SessionHandle | SessionSetHandle | None = None
    lines: LineWatch | None = None
    """For a line of a session's log."""

    of_many: LinesOfMany | None = None
    """For a line of the logs of a job or the wall."""

    found: Found | None = None
    """What has happened, until its alert is kept."""
    is_told: bool = False

    def close(self) -> None:
        for one in (self.lines, self.of_many, self.handle):
            if one is not None:
                one.close()
        self.lines = self.of_many = self.handle = None


class OwnWatches:
    """Holds on to everything that is waited for. May be used from any thread."""

    def __init__(
        self, monitor: Monitor, file: StateFile, wall: Callable[[], tuple[str, WallHandle | None]]
    ) -> None:
        """``wall`` tells which wall is followed, by its name, and the hold on it."""
        self._monitor = monitor
        self._file = file
        self._wall = wall
        self._lock = threading.RLock()
        self._watches: dict[str, _Watch] = {}

    def take_up(self) -> None:
        """Wait for all that the state file has, by now, and can be waited for."""
        for kept in self._file.state.asked[:MOST]:
            if _is_sound(kept):
                self._hold(kept)

    def add(self, kept: KeptAsked) -> bool:
        """Wait for something, and remember it; whether it was not waited for already. Raises `TooManyAsked`,
        and `BadPattern` (`logs.patterns`)."""
        if kept.kind == AskedKind.LINE:
            from farmwatch.logs.patterns import lasting_query

            lasting_query(kept.pattern)
        with self._lock:
            kept = replace(kept, name=clean(kept.name, LONGEST_NAME))
            if any(_is_same(kept, one.kept) for one in self.waiting):
                return False
            if len(self._watches) >= MOST:
                raise TooManyAsked(f"{MOST} things are waited for already: take some back first.")
            self._hold(kept)
        self._file.change(lambda state: replace(state, asked=(*state.asked, kept)))
        return True

    def remove(self, watch_id: str) -> None:
        """Wait for it no longer."""
        with self._lock:
            watch = self._watches.pop(watch_id, None)
        if watch is not None:
            watch.close()
            self._forget(watch.waiting.kept)

    def _forget(self, kept: KeptAsked) -> None:
        def without(state: KeptState) -> KeptState:
            return replace(state, asked=tuple(one for one in state.asked if one != kept))

        self._file.change(without)

    def _hold(self, kept: KeptAsked) -> None:
        kind = AskedKind(kept.kind)
        watch_id = id_of(ASKED + kind.value, subject_of(kept))
        with self._lock:
            watch = self._watches.get(watch_id)
            if watch is None:
                watch = self._watches[watch_id] = _Watch(Waiting(watch_id, kind, kept))
            if (
                kind is AskedKind.LINE
                and len(kept.ids) != 4
                and watch.of_many is None
                and watch.found is None
            ):
                from farmwatch.monitor.own_lines import LinesOfMany

                hold = partial(self._monitor.watch_session, actions=False)
                watch.of_many = LinesOfMany(hold, kept.pattern, kept.at)
            if watch.handle is not None or watch.found is not None or not kept.ids:
                return
            if kept.connection not in self._monitor.connections:
                return
            if len(kept.ids) == 3:
                watch.handle = self._monitor.watch_session_set(JobRef(kept.connection, *kept.ids))
                return
            ref, of_its_end = SessionRef(kept.connection, *kept.ids), kind is AskedKind.ENDED
            watch.handle = handle = self._monitor.watch_session(ref, actions=of_its_end)
            if kind is AskedKind.LINE:
                from farmwatch.monitor.own_lines import LineWatch

                watch.lines = LineWatch(handle, kept.pattern, kept.at)

    # --- what is known ------------------------------------------------------------------------------------

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """All that is waited for, and has not happened, the oldest first."""
        with self._lock:
            watches = [watch.waiting for watch in self._watches.values() if watch.found is None]
        return tuple(sorted(watches, key=lambda one: (one.kept.at, one.id)))

    @property
    def wants_wall(self) -> bool:
        """Whether the wall has to be followed for it."""
        return any(not one.kept.ids for one in self.waiting)

    def happened(self, now: datetime) -> list[Found]:
        """What has happened, each until it was settled."""
        with self._lock:
            watches = list(self._watches.values())
        for watch in watches:
            if watch.found is None:
                watch.waiting, watch.found = self._look(watch, now)
                if watch.found is not None:
                    watch.close()
        return [watch.found for watch in watches if watch.found is not None and not watch.is_told]

    def settle(self, ids: Iterable[str], *, is_kept: bool) -> None:
        """There are alerts with these ids, which are kept for the next run, or are not: then what they come
        from is."""
        known = set(ids)
        with self._lock:
            done = [
                (key, one) for key, one in self._watches.items() if one.found is not None and key in known
            ]
            for key, watch in done:
                watch.is_told = True
                if is_kept:
                    del self._watches[key]
        for _, watch in done:
            if is_kept:
                self._forget(watch.waiting.kept)

    # --- whether it has happened ----------------------------------------------------------------------------

    def _look(self, watch: _Watch, now: datetime) -> tuple[Waiting, Found | None]:
        waiting = watch.waiting
        kept, handle = waiting.kept, watch.handle
        if not kept.ids:
            return self._look_at_wall(waiting, watch.of_many, now)
        if handle is None:
            unseen = f"there is no connection {clean(kept.connection, 60)!r} in this run"
            return replace(waiting, unseen=unseen), None
        if isinstance(handle, SessionSetHandle):
            if watch.of_many is not None:
                return _look_at_lines_of_job(waiting, handle, watch.of_many, now)
            return _look_at_job(waiting, handle, now)
        snapshot = handle.snapshot
        if watch.lines is not None:
            fault, line = watch.lines.look(snapshot)
            words = None if line is None else (line.words, line.text, line.at)
        else:
            fault = snapshot.session.fault
            words = None if not snapshot.is_final else _how_ended(snapshot, now)
        waiting = replace(waiting, unseen=_unseen(fault))
        if words is None:
            return waiting, None
        found = _found(waiting, *words, sessions=(snapshot.ref,))
        session = snapshot.session.session
        return waiting, found if session is None else replace(found, worker_id=session.worker_id)

    def _look_at_wall(
        self, waiting: Waiting, lines: LinesOfMany | None, now: datetime
    ) -> tuple[Waiting, Found | None]:
        name, handle = self._wall()
        if handle is None or name != waiting.kept.name:
            return replace(waiting, unseen="another wall is followed"), None
        every = handle.observed
        if lines is not None:
            rows = [row for one in every for row in one.rows]
            since = waiting.kept.at
            return _look_at_lines(
                waiting, lines, [row.ref for row in rows if not _is_before(row, since)], now
            )
        fault = next((one.fault for one in every if one.fault is not None), None)
        waiting = replace(waiting, unseen=_unseen(fault))
        if fault is not None or not every or not all(_is_seen(one, waiting.kept.at) for one in every):
            return waiting, None
        rows = [row for one in every for row in one.rows]
        if any(one.running for one in every) or not all(map(_is_over, rows)):
            return waiting, None
        gone = sum(row.ended_at is None for row in rows)
        evidence = f"{len(rows) - gone:,} sessions that the wall still shows have ended"
        evidence += f", {gone:,} are not found any more" if gone else ""
        return waiting, _found(waiting, "nothing runs on it any more", evidence, now)


def _is_same(one: KeptAsked, other: KeptAsked) -> bool:
    """Whether two ask for the same; of a wall the name says which."""
    return replace(one, at=other.at, name=other.name if one.ids else one.name) == other


def _is_seen(observed: WallObserved, since: datetime) -> bool:
    """Whether a connection's part of the wall was seen anew."""
    return observed.seen_at is not None and observed.seen_at >= since


def _is_over(row: WallRow) -> bool:
    return row.ended_at is not None or (row.fault is not None and row.fault.kind is FaultKind.GONE)


def _unseen(fault: Fault | None) -> str:
    return "" if fault is None else f"{fault.kind.value}: {fault.sentence}"


def _found(
    waiting: Waiting, words: str, evidence: str, since: datetime, sessions: tuple[SessionRef, ...] = ()
) -> Found:
    kept = waiting.kept
    name = kept.name if kept.ids else f"wall {kept.name}".rstrip()
    rule = ASKED + waiting.kind.value
    return Found(rule, subject_of(kept), Severity.CERTAIN, words, evidence, since, name, sessions=sessions)


def _how_ended(snapshot: SessionSnapshot, now: datetime) -> tuple[str, str, datetime]:
    """How a session ended, what was seen of it, and when."""
    session = snapshot.session.session
    ended_at = now if session is None or session.ended_at is None else session.ended_at
    fault = snapshot.actions.fault
    if fault is not None and fault.kind in LASTING:
        words = "it has ended; how its actions did cannot be seen"
        return words, f"the lifecycle status is ENDED; {fault.sentence}", ended_at
    counted = _counted([snapshot.actions])
    actions = snapshot.actions.actions
    failed = [one for one in actions if one.status == "FAILED"]
    evidence = f"the lifecycle status is ENDED; {len(actions):,} session actions"
    if failed and failed[-1].message:
        evidence += f"; the last failure: {clean(failed[-1].message, 200)}"
    return f"it has ended: {counted}", evidence, ended_at


def _counted(every: Sequence[ActionsObserved]) -> str:
    """How many session actions did not succeed, in words."""
    statuses = [action.status for observed in every for action in observed.actions]
    counts = [(statuses.count(status), status.lower()) for status in ("FAILED", "INTERRUPTED", "CANCELED")]
    told = ", ".join(f"{count:,} {word}" for count, word in counts if count)
    return f"of its actions {told}" if told else "no action failed"


def _is_before(row: WallRow, since: datetime) -> bool:
    return row.ended_at is not None and row.ended_at < since


def _look_at_lines(
    waiting: Waiting, lines: LinesOfMany, sessions: Iterable[SessionRef], now: datetime
) -> tuple[Waiting, Found | None]:
    fault, match = lines.look(sessions, now)
    waiting = replace(waiting, unseen=_unseen(fault))
    if match is None:
        return waiting, None
    line, ref = match
    return waiting, _found(waiting, line.words, line.text, line.at, sessions=(ref,))


def _look_at_lines_of_job(
    waiting: Waiting, handle: SessionSetHandle, lines: LinesOfMany, now: datetime
) -> tuple[Waiting, Found | None]:
    discovered, since = handle.discovered, waiting.kept.at
    known = [(ref, one.session.session) for ref, one in handle.sessions.items()]
    sessions = [
        ref for ref, one in known if one is not None and (one.ended_at is None or one.ended_at >= since)
    ]
    waiting, found = _look_at_lines(waiting, lines, sessions, now)
    if discovered.fault is not None:
        waiting = replace(waiting, unseen=_unseen(discovered.fault))
    job = discovered.job
    if found is not None or job is None or not handle.is_over or not lines.is_done:
        return waiting, found
    evidence = f"the task run status of the job is {job.task_run_status}; its logs are read to their ends"
    words = f"all of it has ended: no line matched {clean(waiting.kept.pattern, LONGEST_NAME)}"
    return waiting, _found(waiting, words, evidence, now if job.ended_at is None else job.ended_at)


def _look_at_job(waiting: Waiting, handle: SessionSetHandle, now: datetime) -> tuple[Waiting, Found | None]:
    discovered = handle.discovered
    waiting = replace(waiting, unseen=_unseen(discovered.fault))
    job = discovered.job
    # Looked at as a whole only where it may be over: a job can have thousands of sessions.
    if job is None or job.task_run_status not in JOB_ENDS or not handle.is_over:
        return waiting, None
    sessions = handle.sessions
    counted = _counted([one.actions for one in sessions.values()])
    evidence = (
        f"the task run status of the job is {job.task_run_status}; {len(sessions):,} sessions have ended"
    )
    ended_at = now if job.ended_at is None else job.ended_at
    words = f"all of it has ended, {job.task_run_status}: {counted}"
    found = _found(waiting, words, evidence, ended_at)
    # Its name may not have been known when somebody asked.
    return waiting, replace(found, name=clean(job.name, LONGEST_NAME) or found.name)
