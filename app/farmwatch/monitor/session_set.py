"""The sessions of a job, or the active ones of a queue, watched together: those that come later as well."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from farmwatch.aws.model import SessionRef
from farmwatch.listings.discovery import JOB_ENDS, Discovered, JobRef, QueueRef
from farmwatch.monitor.handles import Look, LookHandle, SessionHandle
from farmwatch.monitor.update import SessionSnapshot
from farmwatch.polling.freshness import Rhythm


class SessionSetSnapshot(Struct, frozen=True):
    """What is known of a job's or a queue's sessions: which they are, and how they are looked for."""

    ref: JobRef | QueueRef
    discovered: Discovered
    rhythm: Rhythm

    @property
    def sessions(self) -> tuple[SessionRef, ...]:
        """The sessions that were found, in the order in which they were."""
        return tuple(ref for ref, _ in self.discovered.sessions)


class SessionSet:
    """Holds a handle on every session that was found. Used by the Monitor alone, under its lock."""

    def __init__(self, ref: JobRef | QueueRef, watch: Callable[[SessionRef], SessionHandle]) -> None:
        self.ref = ref
        self.handles: dict[SessionRef, SessionHandle] = {}
        self._watch = watch

    def take(self, discovered: Discovered) -> None:
        """Watch those that are new. One that is watched is watched to its end, and then let go of where it is
        not among those that were found."""
        found = {ref for ref, _ in discovered.sessions}
        for ref in found - self.handles.keys():
            self.handles[ref] = self._watch(ref)
        for ref in self.handles.keys() - found:
            if self.handles[ref].snapshot.is_final:
                self.handles.pop(ref).close()

    def close(self) -> None:
        """Let go of every session."""
        for handle in self.handles.values():
            handle.close()
        self.handles.clear()


class SessionSetHandle(LookHandle):
    """The sessions of a job, or the active ones of a queue. Letting go of it lets go of all of them."""

    def __init__(self, look: Look, session_set: SessionSet) -> None:
        super().__init__(look)
        self._session_set = session_set

    @property
    def subject(self) -> JobRef | QueueRef:
        """The job or the queue, by which its updates are known."""
        return self._session_set.ref

    @property
    def discovered(self) -> Discovered:
        """Which sessions were found."""
        observed: Discovered = self.look.target.observed
        return observed

    @property
    def sessions(self) -> dict[SessionRef, SessionSnapshot]:
        """What is known now of each session that is watched."""
        return {ref: handle.snapshot for ref, handle in list(self._session_set.handles.items())}

    @property
    def is_over(self) -> bool:
        """Whether all of it has ended, and nothing new is to be expected: the job is done, or the queue has
        no active one."""
        found = self.discovered
        if found.seen_at is None or found.fault is not None:
            return False
        if not all(snapshot.is_final for snapshot in self.sessions.values()):
            return False
        if isinstance(self.subject, QueueRef):
            return found.jobs == 0
        return found.job is not None and found.job.task_run_status in JOB_ENDS
