"""How tasks ended: every failure and interruption since a time, once, and how long tasks of a step take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

from msgspec import Struct

from farmwatch.aws.model import SessionRef
from farmwatch.aws.session_action import SessionAction
from farmwatch.aws.task import Task, TaskSearch, session_of
from farmwatch.wall.calls import Calls
from farmwatch.wall.entry import Entry
from farmwatch.wall.names import Names
from farmwatch.wall.values import Failure

PAGES = 3
"""Pages of a search for what is over that one refresh reads for ten queues, after the first refresh; more
only where the last of them told something new."""

MOST_PAGES = 100
"""Pages that there can be: all that a search gives."""

OVERLAP = timedelta(minutes=3)
"""How far before the newest task of the search before a search begins: what is told late is not missed."""

TRIES = 20
"""How often an action that should have ended is asked for, where the service tells of it as it was."""

BATCH = 100
"""Actions that one call takes (service model)."""

PROBED = 8
"""Actions of a session that ended unseen that are asked for at once."""

OPENED_CALLS = 2
"""Calls for such actions in one refresh."""

SIBLINGS = 50
"""Tasks of a step that were seen to end out of which the median is taken."""

STEPS = 1_000
"""Steps of which it is known how long their tasks take: those of which a task was seen to end last."""

REMEMBERED = 50_000
"""Actions whose outcome is known, of which it is remembered that they need not be asked for again."""

FAILURES = 20_000
"""Failures and interruptions that are told. Where there are more, they are told from a later time on."""

Searches = Sequence[tuple[str, tuple[str, ...]]]
"""A farm, and up to ten of its queues, for each search."""


JobIds = tuple[str, str, str]
"""The ids of a job: of its farm, its queue, and its own."""


class _Failed(Struct):
    ref: SessionRef
    action: SessionAction
    task: Task | None
    worker_id: str = ""
    host: str = ""


def _at(failed: _Failed) -> datetime:
    action = failed.action
    return action.ended_at or action.started_at or datetime.min.replace(tzinfo=UTC)


class Outcomes:
    """Finds out how tasks ended. ``known`` has the sessions that are on the wall, by their ids; of others it
    keeps entries of its own until it is known on which worker they were. ``wants`` tells whether a session
    belongs to the wall."""

    def __init__(
        self,
        connection: str,
        since: datetime,
        known: Callable[[str], Entry | None],
        wants: Callable[[SessionRef], bool],
    ) -> None:
        self.since = since
        self._connection = connection
        self._known = known
        self._wants = wants
        self._wanted: dict[str, tuple[SessionRef, Task | None]] = {}
        self._tries: dict[str, int] = {}
        self._judged: dict[str, None] = {}
        self._failed: dict[str, _Failed] = {}
        self._strangers: dict[str, Entry] = {}
        self._lasted: dict[str, dict[str, float]] = {}
        self._medians: dict[str, tuple[timedelta | None, int]] = {}
        """Those of `_lasted`, as far as they were asked for since it changed."""
        self.succeeded: dict[str, dict[str, datetime]] = {}
        """When each worker, by its id, was last seen to have succeeded in a step, by the ids of steps."""
        self._unopened: dict[str, tuple[SessionRef, int]] = {}
        self._opened: dict[str, None] = {}
        self._rest: dict[str, None] = {}
        """Of what is wanted, the actions that there need not be."""
        self._retried: dict[str, tuple[JobIds, int]] = {}
        """Of tasks that were tried again, by their ids, their jobs and how often they have failed."""
        self._listed_for: dict[str, int] = {}
        """Of these, for how many failures the sessions of their jobs were listed."""
        self._from: dict[tuple[str, tuple[str, ...]], datetime] = {}

    def look_since(self, since: datetime) -> None:
        """Tell of failures from this time on; where that is earlier they are searched for anew."""
        if since < self.since:
            self._from.clear()
            self._opened.clear()
        self.since = since

    # --- searching ----------------------------------------------------------------------------------------

    def find_failed(self, calls: Calls, searches: Searches) -> Iterator[None]:
        """Search for tasks that failed."""
        for farm_id, queue_ids in searches:
            yield from self._search(calls, farm_id, queue_ids, "FAILED", "ENDED_AT")

    def find_given_back(self, calls: Calls, searches: Searches) -> Iterator[None]:
        """Search for tasks that wait again though they had a session: they may have been interrupted."""
        for farm_id, queue_ids in searches:
            yield from self._search(calls, farm_id, queue_ids, "READY", "UPDATED_AT")

    def find_succeeded(self, calls: Calls, searches: Searches) -> Iterator[None]:
        """Search for how long the newest tasks took that ended well."""
        for farm_id, queue_ids in searches:
            search = TaskSearch(
                farm_id, queue_ids, ("SUCCEEDED",), self.since, sort="ENDED_AT", descending=True
            )
            page = calls.ask("SearchTasks of SUCCEEDED", calls.api.search_tasks, search)
            yield
            for task in () if page is None else page.items:
                if task.started_at is not None and task.ended_at is not None:
                    self._note_time(task.step_id, task.task_id, task.ended_at - task.started_at)
                    self._note_success(task.step_id, task.session_id or "", task.ended_at)

    def _search(
        self, calls: Calls, farm_id: str, queue_ids: tuple[str, ...], status: str, field: str
    ) -> Iterator[None]:
        mark = (status, queue_ids)
        since = self._from.get(mark)
        search = TaskSearch(
            farm_id, queue_ids, (status,), since or self.since, field, sort=field, descending=True
        )
        newest: datetime | None = None
        offset = 0
        for number in range(1, MOST_PAGES + 1):
            name = f"SearchTasks of {status}"
            page = calls.ask(name, calls.api.search_tasks, search, offset)
            yield
            if page is None:
                return
            is_news = False
            for task in page.items:
                at = task.ended_at if field == "ENDED_AT" else task.updated_at
                newest = at if newest is None or (at is not None and at > newest) else newest
                self.note_retries(farm_id, task)
                if task.action_id is not None:
                    is_news |= task.action_id not in self._judged and task.action_id not in self._wanted
                    session_id = session_of(task.action_id)
                    self.want(
                        SessionRef(self._connection, farm_id, task.queue_id, task.job_id, session_id), task
                    )
            if page.next is None or (since is not None and number >= PAGES and not is_news):
                break
            offset = int(page.next)
        if newest is not None:
            self._from[mark] = newest - OVERLAP

    def note_retries(self, farm_id: str, task: Task) -> None:
        """Take note of how often a task has failed that was tried again."""
        if not task.retries:
            return
        failures = task.retries + (task.run_status == "FAILED")
        if self._listed_for.get(task.task_id, 0) < failures:
            self._retried[task.task_id] = (farm_id, task.queue_id, task.job_id), failures

    def jobs_to_list(self, most: int) -> list[JobIds]:
        """Some jobs whose sessions are to be listed: tasks of theirs have failed more often than is known. A
        task tells of its newest action alone, so that one which began and failed between two refreshes is
        found by no search."""
        retried, self._retried = self._retried, {}
        if not retried:
            return []
        known = Counter(one.action.task_id for one in self._failed.values())
        known.update(task.task_id for _, task in self._wanted.values() if task is not None)
        lacking = {key: one for key, one in retried.items() if known[key] < one[1]}
        jobs = list(dict.fromkeys(job for job, _ in lacking.values()))[:most]
        for task_id, (job, failures) in lacking.items():
            if job in jobs:
                self._listed_for[task_id] = failures
        while len(self._listed_for) > REMEMBERED:
            del self._listed_for[next(iter(self._listed_for))]
        return jobs

    def want(self, ref: SessionRef, task: Task) -> None:
        """How this task's newest action ended is to be found out."""
        if task.action_id is not None:
            self._want(ref, task.action_id, task)

    def _want(self, ref: SessionRef, action_id: str, task: Task | None) -> None:
        if action_id in self._judged or not self._wants(ref):
            return
        self._wanted[action_id] = ref, task
        if self._known(ref.session_id) is None and ref.session_id not in self._strangers:
            self._strangers[ref.session_id] = Entry(ref)

    def want_rest(self, ref: SessionRef, action_id: str) -> None:
        """A session is over: the actions that it had after this one are to be found out, one after the other,
        until one is not there. One that began and was interrupted between two refreshes was seen by none."""
        stem, _, number = action_id.rpartition("-")
        self._opened[ref.session_id] = None
        if number.isdecimal() and f"{stem}-{int(number) + 1}" not in self._judged:
            following = f"{stem}-{int(number) + 1}"
            self._want(ref, following, None)
            self._rest[following] = None

    def note_ended(self, ref: SessionRef, ended_at: datetime) -> None:
        """A session has ended that nobody saw running: its actions are looked through."""
        if ended_at >= self.since and ref.session_id not in self._opened:
            self._unopened[ref.session_id] = ref, 0

    def open_ended(self, calls: Calls) -> Iterator[None]:
        """Look through the actions of sessions that ended unseen: what was interrupted there, and taken up by
        another session since, is found by no search. The numbers of a session's actions count up from 0
        (observed), so many sessions are asked about by one call; what is not there is left out."""
        for _ in range(OPENED_CALLS):
            some = list(self._unopened.items())[: BATCH // PROBED]
            if not some:
                return
            probes = [
                (ref, f"sessionaction-{session_id.partition('-')[2]}-{number}")
                for session_id, (ref, first) in some
                for number in range(first, first + PROBED)
            ]
            found = calls.ask("BatchGetSessionAction", calls.api.actions_of_sessions, probes)
            yield
            if found is None:
                return
            for session_id, (ref, first) in some:
                del self._unopened[session_id]
                self._opened[session_id] = None
                own = [found[action_id] for of, action_id in probes if of == ref and action_id in found]
                if len(own) == PROBED:
                    self._unopened[session_id] = ref, first + PROBED
                for action in own:
                    if action.kind == "taskRun" and action.status in ("FAILED", "INTERRUPTED"):
                        self._want(ref, action.action_id, None)

    # --- what is asked for --------------------------------------------------------------------------------

    def strangers(self) -> list[Entry]:
        """Sessions that are not on the wall, and were not asked for yet."""
        return [entry for entry in self._strangers.values() if entry.asked_at == float("-inf")]

    def entry(self, session_id: str) -> Entry | None:
        """A session that is not on the wall, as long as something of it is to be found out."""
        return self._strangers.get(session_id)

    def give_up(self, session_id: str) -> Entry | None:
        """What is known of a session that was not on the wall, and is from now on."""
        return self._strangers.pop(session_id, None)

    def wanted(self) -> list[tuple[SessionRef, str]]:
        """The actions whose outcome is to be found out."""
        return [(ref, action_id) for action_id, (ref, _) in self._wanted.items()]

    def judge(self, ref: SessionRef, action_id: str, action: SessionAction | None) -> None:
        """Take what is known of an action by now; ``None`` where it could not be had."""
        wanted = self._wanted.get(action_id)
        if action is None and action_id in self._rest:
            self._settle(action_id)
            return
        if action is None or not action.is_final:
            if wanted is not None:
                tries = self._tries[action_id] = self._tries.get(action_id, 0) + 1
                if tries >= TRIES:
                    self._settle(action_id)
            return
        task = None if wanted is None else wanted[1]
        lasted = action.duration(action.started_at) if action.started_at and action.ended_at else None
        if (
            action.kind == "taskRun"
            and action.status == "SUCCEEDED"
            and action.step_id
            and lasted is not None
        ):
            self._note_time(action.step_id, action.task_id or action_id, lasted)
            self._note_success(action.step_id, ref.session_id, action.ended_at)
        if action.kind == "taskRun" and action.status in ("FAILED", "INTERRUPTED"):
            self._failed[action_id] = _Failed(ref, action, task)
            self._bound()
        is_of_rest = action_id in self._rest
        self._settle(action_id)
        if is_of_rest:
            self.want_rest(ref, action_id)

    def _bound(self) -> None:
        """Keep the newest only, a tenth less than there may be: a program stays open for weeks."""
        if len(self._failed) <= FAILURES:
            return
        oldest_first = sorted(self._failed, key=lambda action_id: _at(self._failed[action_id]))
        dropped = oldest_first[: -(FAILURES - FAILURES // 10)]
        self.since = max(self.since, _at(self._failed[dropped[-1]]) + timedelta(microseconds=1))
        for action_id in dropped:
            del self._failed[action_id]

    def _settle(self, action_id: str) -> None:
        self._wanted.pop(action_id, None)
        self._tries.pop(action_id, None)
        self._rest.pop(action_id, None)
        self._judged[action_id] = None
        for remembered in (self._judged, self._opened):
            while len(remembered) > REMEMBERED:
                del remembered[next(iter(remembered))]

    # --- what is known ------------------------------------------------------------------------------------

    def failures(self, names: Names) -> Iterator[Failure]:
        """All that are known, the newest last, those before ``since`` too, as far as they were told; sessions
        are let go of whose workers are known."""
        for failed in self._failed.values():
            entry = self._known(failed.ref.session_id) or self._strangers.get(failed.ref.session_id)
            if not failed.worker_id and entry is not None and entry.row.session is not None:
                failed.worker_id = entry.row.session.worker_id
                failed.host = (entry.row.session.host.name if entry.row.session.host else None) or ""
            at = failed.action.ended_at or failed.action.started_at
            if at is None:
                continue
            job_id = failed.ref.job_id
            yield Failure(
                failed.ref,
                failed.action,
                at,
                names.job(job_id),
                names.user(job_id),
                names.step(failed.action.step_id or ""),
                failed.worker_id,
                failed.host,
                0 if failed.task is None else failed.task.retries,
            )
        busy = {ref.session_id for ref, _ in self._wanted.values()}
        for session_id, entry in list(self._strangers.items()):
            if session_id not in busy and entry.asked_at > float("-inf"):
                del self._strangers[session_id]

    def refs(self) -> list[SessionRef]:
        """The sessions in which something failed."""
        return [failed.ref for failed in self._failed.values()]

    def steps(self) -> list[tuple[SessionRef, str]]:
        """The steps of which something failed."""
        return [(one.ref, one.action.step_id) for one in self._failed.values() if one.action.step_id]

    def median(self, step_id: str) -> tuple[timedelta | None, int]:
        """How long tasks of a step took that were seen to end, and how many of them that were."""
        known = self._medians.get(step_id)
        if known is None:
            lasted = self._lasted.get(step_id)
            known = (timedelta(seconds=median(lasted.values())), len(lasted)) if lasted else (None, 0)
            self._medians[step_id] = known
        return known

    def _note_time(self, step_id: str, task_id: str, lasted: timedelta) -> None:
        self._medians.clear()
        of_step = self._lasted[step_id] = self._lasted.pop(step_id, {})
        while len(self._lasted) > STEPS:
            del self._lasted[next(iter(self._lasted))]
        of_step.pop(task_id, None)
        of_step[task_id] = lasted.total_seconds()
        while len(of_step) > SIBLINGS:
            del of_step[next(iter(of_step))]

    def _note_success(self, step_id: str, session_id: str, ended_at: datetime | None) -> None:
        entry = self._known(session_id)
        worker_id = "" if entry is None else entry.row.worker_id
        if ended_at is None or not worker_id:
            return
        of_step = self.succeeded[step_id] = self.succeeded.pop(step_id, {})
        former = of_step.pop(worker_id, None)
        of_step[worker_id] = ended_at if former is None else max(former, ended_at)
        while len(of_step) > SIBLINGS:
            del of_step[next(iter(of_step))]
        while len(self.succeeded) > STEPS:
            del self.succeeded[next(iter(self.succeeded))]
