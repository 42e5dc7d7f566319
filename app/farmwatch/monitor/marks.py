"""What is marked: watched and recorded in the background until it has ended, whatever is on the screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from farmwatch.aws.model import Fault, SessionRef
from farmwatch.aws.reply import are_ids
from farmwatch.config.state import KeptMark, KeptState, StateFile
from farmwatch.history.events import EventKind
from farmwatch.listings.discovery import JOB_ENDS, Discovered, JobRef
from farmwatch.monitor.handles import ListHandle, SessionHandle
from farmwatch.monitor.session_set import SessionSetHandle
from farmwatch.monitor.update import SessionSnapshot, Update

if TYPE_CHECKING:
    from farmwatch.listings.place import Place
    from farmwatch.monitor.monitor import Monitor

MARK_LIST = "list of marks"

Marked = SessionRef | JobRef


class MarkSnapshot(Struct, frozen=True):
    """What is known of something that is marked. ``status`` is the session's lifecycle status, or the job's
    task run status, empty before it is seen; ``running`` of its ``sessions`` have not ended. ``changes``
    counts what was seen to change since somebody looked, ``changed_at`` is when the newest was."""

    ref: Marked
    name: str
    marked_at: datetime
    status: str = ""
    running: int = 0
    sessions: int = 0
    failed: int = 0
    changes: int = 0
    changed_at: datetime | None = None
    seen_at: datetime | None = None
    fault: Fault | None = None
    is_over: bool = False
    is_watched: bool = True
    """Whether it can be watched at all: its connection may be none of this run."""

    @property
    def key(self) -> str:
        """By what a list tells it from others."""
        return key_of(self.ref)


def key_of(ref: Marked) -> str:
    """A key for something that can be marked: its connection and its own id."""
    return f"{ref.connection} {ref.session_id if isinstance(ref, SessionRef) else ref.job_id}"


class _Mark(Struct, eq=False):
    snapshot: MarkSnapshot
    handle: SessionHandle | SessionSetHandle | None = None
    sessions: dict[SessionRef, tuple[bool, int]] = field(default_factory=dict)
    """Of each session whether it runs, and how many of its actions failed."""
    is_begun: bool = False
    """Whether the sessions of a job were looked for: those that come after that are news."""

    def put(self, ref: SessionRef, *, is_running: bool, failed: int) -> None:
        """Take note of a session. What is told of all of them is counted along."""
        was_running, had_failed = self.sessions.get(ref, (False, 0))
        self.sessions[ref] = is_running, failed
        self.snapshot = replace(
            self.snapshot,
            sessions=len(self.sessions),
            running=self.snapshot.running + is_running - was_running,
            failed=self.snapshot.failed + failed - had_failed,
        )


class Marks:
    """Holds a handle on everything that is marked, and remembers it in the state file until it has ended."""

    def __init__(self, monitor: Monitor, file: StateFile) -> None:
        self._monitor = monitor
        self._file = file
        # The Monitor's own: it is held when `hear` is called, and another would be taken the other way round.
        self._lock = monitor.lock
        self._marks: dict[str, _Mark] = {}
        self._changes: Counter[str] = Counter()
        self._is_attended: Callable[[SessionRef], bool] = lambda _: False
        self._hear_of: Callable[[tuple[Marked, ...]], None] = lambda _: None
        monitor.subscribe(self.hear)

    def attended_by(self, is_attended: Callable[[SessionRef], bool]) -> None:
        """Whether somebody looks at a session just now: what comes in of it is no news then."""
        self._is_attended = is_attended

    def told_to(self, hear: Callable[[tuple[Marked, ...]], None]) -> None:
        """Tell this one what is marked, now and whenever somebody marks more or less."""
        self._hear_of = hear
        self._tell()

    def _tell(self) -> None:
        # Not under the lock: who is told may take others.
        with self._lock:
            held = self.held
        self._hear_of(held)

    @property
    def held(self) -> tuple[Marked, ...]:
        """What is marked, can be watched, and is not over."""
        marks = tuple(self._marks.values())
        return tuple(
            one.snapshot.ref for one in marks if one.snapshot.is_watched and not one.snapshot.is_over
        )

    def take_up(self) -> None:
        """Watch what the state file has as marked, by now; let go of what it has no more."""
        kept = {key_of(ref): (ref, mark) for mark in self._file.read_again().marks if (ref := ref_of(mark))}
        with self._lock:
            for key in [
                key for key, mark in self._marks.items() if key not in kept and not mark.snapshot.is_over
            ]:
                self._let_go(key)
            for key, (ref, mark) in kept.items():
                held = self._marks.get(key)
                if held is None or not (held.snapshot.is_watched or held.snapshot.is_over):
                    self._hold(ref, mark.name, mark.at)
        self._tell()

    # --- marking ------------------------------------------------------------------------------------------

    def toggle(self, ref: Marked, name: str) -> bool:
        """Mark something, or take the mark off it; whether it is marked now. What was over is marked anew: a
        job may have been started again."""
        with self._lock:
            former = self._marks.get(key_of(ref))
            if former is not None and not former.snapshot.is_over:
                self.remove(ref)
                return False
            at = self._monitor.clock.now()
            self._hold(ref, name, at)
            kept = KeptMark(ref.connection, ids_of(ref), name, at)
            self._file.change(lambda state: replace(_without(state, ref), marks=(*state.marks, kept)))
        self._tell()
        self._monitor.read_again(MARK_LIST)
        return True

    def remove(self, ref: Marked) -> None:
        """Take the mark off something, be it over or not."""
        with self._lock:
            self._let_go(key_of(ref))
            self._file.change(lambda state: _without(state, ref))
        self._tell()
        self._monitor.read_again(MARK_LIST)

    def below(self, place: Place) -> frozenset[str]:
        """The ids of what is marked directly below a place."""
        with self._lock:
            refs = [mark.snapshot.ref for mark in self._marks.values() if not mark.snapshot.is_over]
        return frozenset(
            ids_of(ref)[-1]
            for ref in refs
            if (ref.connection, ids_of(ref)[:-1]) == (place.connection, place.ids)
        )

    def _hold(self, ref: Marked, name: str, at: datetime) -> None:
        is_watched = ref.connection in self._monitor.connections
        mark = self._marks[key_of(ref)] = _Mark(MarkSnapshot(ref, name, at, is_watched=is_watched))
        if not is_watched:
            return
        mark.handle = (
            self._monitor.watch_session(ref)
            if isinstance(ref, SessionRef)
            else self._monitor.watch_session_set(ref)
        )

    def _let_go(self, key: str) -> None:
        mark = self._marks.pop(key, None)
        self._changes.pop(key, None)
        if mark is not None and mark.handle is not None:
            mark.handle.close()

    # --- what is known ------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """How many marks there are on what has not ended."""
        return sum(not mark.snapshot.is_over for mark in tuple(self._marks.values()))

    @property
    def changes(self) -> int:
        """How much was seen to change of all that is marked, since somebody looked."""
        return sum(self._changes.values())

    @property
    def unwatched(self) -> tuple[str, ...]:
        """The connections of marks that cannot be watched, because they are none of this run."""
        refs = [mark.snapshot.ref for mark in tuple(self._marks.values()) if not mark.snapshot.is_watched]
        return tuple(dict.fromkeys(ref.connection for ref in refs))

    def watch(self) -> ListHandle[MarkSnapshot]:
        """Follow the list of everything that is marked."""
        return self._monitor.watch_local_list(MARK_LIST, self.rows)

    def looked(self) -> None:
        """Somebody has looked at what is marked, or at the history."""
        with self._lock:
            self._changes.clear()

    def sessions(self) -> dict[SessionRef, SessionSnapshot]:
        """Every session that is watched because of a mark, as it is known now."""
        found: dict[SessionRef, SessionSnapshot] = {}
        with self._lock:
            for mark in self._marks.values():
                if isinstance(mark.handle, SessionSetHandle):
                    found |= mark.handle.sessions
                elif mark.handle is not None:
                    found[mark.handle.subject] = mark.handle.snapshot
        return found

    def discovered(self) -> tuple[Discovered, ...]:
        """What was found of the sessions of each job that is marked."""
        with self._lock:
            handles = [mark.handle for mark in self._marks.values()]
        return tuple(one.discovered for one in handles if isinstance(one, SessionSetHandle))

    def rows(self) -> list[MarkSnapshot]:
        """Everything that is marked, as it is known now."""
        with self._lock:
            return [replace(mark.snapshot, changes=self._changes[key]) for key, mark in self._marks.items()]

    # --- news ---------------------------------------------------------------------------------------------

    def hear(self, update: Update) -> None:
        """Take note of an update that may be of something marked; called by the Monitor."""
        subject = update.subject
        with self._lock:
            if isinstance(subject, JobRef):
                mark = self._marks.get(key_of(subject))
                if mark is not None and mark.handle is not None:
                    self._note_job(mark, update.snapshot.discovered)
            elif isinstance(subject, SessionRef) and isinstance(update.snapshot, SessionSnapshot):
                job = JobRef(subject.connection, subject.farm_id, subject.queue_id, subject.job_id)
                marks = [self._marks.get(key_of(one)) for one in (subject, job)]
                for mark in [one for one in marks if one is not None and one.handle is not None]:
                    self._note_session(mark, subject, update)

    def _note_session(self, mark: _Mark, ref: SessionRef, update: Update) -> None:
        # What is seen without a look before it is not news, but what was there when it was marked.
        events = [one for one in update.events if one.kind is not EventKind.GAP and one.after is not None]
        if events:
            self._note_change(mark, ref, len(events), events[-1].at)
        snapshot: SessionSnapshot = update.snapshot
        mark.put(ref, is_running=not snapshot.session.is_final, failed=_failed(snapshot))
        if isinstance(mark.snapshot.ref, JobRef):
            self._end_if_over(mark)
            return
        session = snapshot.session.session
        mark.snapshot = replace(
            mark.snapshot,
            status=mark.snapshot.status if session is None else session.lifecycle_status,
            seen_at=snapshot.session.seen_at,
            fault=snapshot.session.fault,
        )
        if snapshot.is_final:
            self._end(mark)

    def _note_change(self, mark: _Mark, ref: SessionRef, count: int, at: datetime) -> None:
        mark.snapshot = replace(mark.snapshot, changed_at=at)
        if not self._is_attended(ref):
            self._changes[mark.snapshot.key] += count

    def _note_job(self, mark: _Mark, discovered: Discovered) -> None:
        for ref, summary in discovered.sessions:
            if ref not in mark.sessions:
                mark.put(ref, is_running=not summary.is_final, failed=0)
                if mark.is_begun:
                    self._note_change(mark, ref, 1, self._monitor.clock.now())
        mark.is_begun = mark.is_begun or discovered.seen_at is not None
        job = discovered.job
        mark.snapshot = replace(
            mark.snapshot,
            name=mark.snapshot.name if job is None else job.name,
            status=mark.snapshot.status if job is None else job.task_run_status,
            seen_at=discovered.seen_at,
            fault=discovered.fault,
        )
        self._end_if_over(mark)

    def _end_if_over(self, mark: _Mark) -> None:
        # Looked at as a whole only where it may be: a job can have thousands of sessions.
        may_be = not mark.snapshot.running and mark.snapshot.status in JOB_ENDS
        if may_be and isinstance(mark.handle, SessionSetHandle) and mark.handle.is_over:
            self._end(mark)

    def _end(self, mark: _Mark) -> None:
        """It is over: what is known stays, and nothing more is asked for it; it is marked no longer than this
        run of the program."""
        ref = mark.snapshot.ref
        mark.snapshot = replace(mark.snapshot, is_over=True)
        if mark.handle is not None:
            mark.handle.close()
            mark.handle = None
        self._file.change(lambda state: _without(state, ref))


def _failed(snapshot: SessionSnapshot) -> int:
    return sum(action.status == "FAILED" for action in snapshot.actions.actions)


def ids_of(ref: Marked) -> tuple[str, ...]:
    """The ids of farm, queue and job, and of the session where it is one."""
    ids = (ref.farm_id, ref.queue_id, ref.job_id)
    return (*ids, ref.session_id) if isinstance(ref, SessionRef) else ids


def ref_of(mark: KeptMark) -> Marked | None:
    """What a mark of the state file is on; ``None`` where that names nothing."""
    if not mark.connection or not are_ids(mark.ids):
        return None
    if len(mark.ids) == 4:
        return SessionRef(mark.connection, *mark.ids)
    return JobRef(mark.connection, *mark.ids) if len(mark.ids) == 3 else None


def _without(state: KeptState, ref: Marked) -> KeptState:
    kept = tuple(mark for mark in state.marks if (mark.connection, mark.ids) != (ref.connection, ids_of(ref)))
    return state if len(kept) == len(state.marks) else replace(state, marks=kept)
