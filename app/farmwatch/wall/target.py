"""One connection's part of the wall: refresh after refresh, one call a step, on a budget of n/100 calls.

SearchTasks finds what runs in ten queues, a hundred tasks a call; BatchGetSession and BatchGetSessionAction
tell of a hundred sessions and their actions. Sessions that run no task just now are found by a slower sweep
of ListSessions over active jobs, which is also the way where SearchTasks is denied or refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Container, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain

from msgspec.structs import replace

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import ACTIVE_TASK_RUN_STATUSES, ENDED, Fault, FaultKind, JobSearch, SessionRef
from farmwatch.aws.task import Task, TaskSearch, session_of
from farmwatch.history.events import Event, Records
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import Schedule
from farmwatch.polling.target import PollResult, Target
from farmwatch.wall.calls import Calls
from farmwatch.wall.entry import Entry
from farmwatch.wall.judging import Judging
from farmwatch.wall.names import Names, name_rows
from farmwatch.wall.notes import Notes
from farmwatch.wall.outcomes import REMEMBERED, Outcomes
from farmwatch.wall.scope import Chosen, Scope, in_batches, in_tens
from farmwatch.wall.surroundings import Surroundings
from farmwatch.wall.turns import Turns, asked_every
from farmwatch.wall.values import WallObserved

EVERY = timedelta(seconds=10)

SHARE = 0.8
"""How much of the connection's budget of requests the wall takes at the most: where a refresh needs more, the
next one comes later."""

LEAST_REST = 1.0
"""Seconds between two refreshes, of which the former has taken its whole interval."""

LEAVES_AFTER = timedelta(minutes=10)
"""How long a session that has ended stays."""

KEPT_FAILED = 2_000
"""Sessions that failed, and have ended, that stay until somebody looks at them."""

SWEPT_JOBS = 3
"""Jobs whose sessions are listed in one refresh; they take turns."""

SWEPT_PAST = 2
"""Jobs that are over whose sessions are listed in one refresh, until each has been once; and as many at the
most in which more has failed than was seen."""

SWEPT_JOBS_ALONE = 20
"""The same where sessions are found in no other way."""

TURNS = 3
"""Refreshes in which everything has had its turn."""

SEARCH = "SearchTasks"


class WallTarget(Target):
    """Follows all that runs in a scope of one connection; every poll is one step of a refresh.

    ``rate`` is how many requests a second the connection makes at the most; failures are told from ``since``
    on.
    """

    rank = 1
    """What somebody watches for itself goes first."""

    def __init__(
        self,
        connection: str,
        scope: Scope,
        since: datetime,
        records: Records | None = None,
        *,
        rate: float,
        interval: timedelta = EVERY,
        leaves_after: timedelta = LEAVES_AFTER,
    ) -> None:
        self.key = "wall"
        self.schedule = Schedule(interval)
        self.observed = WallObserved(connection, since=since, interval=interval)
        self.leaves_after = leaves_after
        self._connection = connection
        self._chosen = Chosen(scope, connection)
        self._rate = rate
        self._wished = interval
        self._calls = Calls()
        self._surroundings = Surroundings(self._chosen)
        self._names = Names()
        self._notes = Notes(records, self._names, self._surroundings)
        self._outcomes = Outcomes(
            connection, since, lambda session_id: self._entries.get(session_id), self._chosen.wants
        )
        self.judging = Judging(self._outcomes, self._surroundings)
        self._turns = Turns()
        self._entries: dict[str, Entry] = {}
        self._active: deque[tuple[str, str, str]] = deque()
        self._past: deque[tuple[str, str, str]] = deque()
        self._listed: dict[tuple[str, str, str], None] = {}
        self._past_since: dict[str, datetime] = {}
        self._queue_turn = 0
        self._number = 0
        self._began = 0.0
        self._round: Iterator[None] | None = None
        self._clock: Clock | None = None

    # --- wishes, from any thread ------------------------------------------------------------------------

    def looked_at(self, session_id: str) -> None:
        """Somebody has looked at a session: if it has ended it need not stay."""
        entry = self._entries.get(session_id)
        if entry is not None:
            entry.was_looked_at = True

    def look_at_rows(self, session_ids: Collection[str]) -> None:
        """These sessions are in sight, and no others: they are asked about as if there were few."""
        self._turns.in_sight = session_ids

    def want_well(self, asked_of: Container[str], strangers: Iterable[SessionRef]) -> None:
        """Tell of which of these sessions and workers all is well; ``strangers`` are to be looked at once,
        whether they still run or not."""
        self.judging.asked_of = asked_of
        self._chosen.look_at(strangers)

    def look_since(self, since: datetime) -> None:
        """Tell of failures from this time on; they are searched for by the next refresh."""
        self._outcomes.look_since(since)

    # --- polling ----------------------------------------------------------------------------------------

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        """Make the next step: one call, as a rule. What was seen is written down before it is shown."""
        self._clock = clock
        if isinstance(api, Fault):
            return self._break_off(api)
        if self._round is None:
            self._number += 1
            self._calls.begin()
            self._began = clock.monotonic()
            self._round = self._refresh()
        self._calls.by(api, clock)
        is_over = next(self._round, self) is self
        if self._calls.fault is not None:
            return self._break_off(self._calls.fault)
        if not is_over:
            events = self._write() if self._notes.is_due(self._seconds) else ()
            return PollResult(events=events, is_step=True, again_in=0.0)
        self._round = None
        events = self._write()
        self._finish()
        # An interval after this one began, not after it has ended: of thousands it takes a while.
        rest = self.schedule.in_force.total_seconds() - (self._seconds - self._began)
        return PollResult(events=events, again_in=max(LEAST_REST, rest))

    def _break_off(self, fault: Fault) -> PollResult:
        self._round = None
        events = self._write()
        self.observed = replace(self.observed, fault=fault)
        return PollResult(fault, events=events)

    @property
    def _now(self) -> datetime:
        assert self._clock is not None  # noqa: S101 - set by every poll before anything else
        return self._clock.now()

    @property
    def _seconds(self) -> float:
        assert self._clock is not None  # noqa: S101 - as above
        return self._clock.monotonic()

    def _refresh(self) -> Iterator[None]:
        """A refresh, one call at a time."""
        self._turns.begin(self._number, self._began, self.schedule.interval.total_seconds())
        for ref in self._chosen.to_look_at():
            self._take_listed(ref, None, is_over=False)
        yield from self._chosen.look(self._calls)
        for ref, one in self._chosen.of_workers:
            self._take_listed(ref, one.ended_at, is_over=one.lifecycle_status == ENDED)
        yield from self._surroundings.look(self._calls, self._seconds)
        yield from self._find_running()
        # What need not be so fresh takes turns, so that no refresh takes much more than the others.
        turn, is_first = self._number % TURNS, self._number == 1
        if SEARCH in self._calls.denied:
            yield from self._sweep(SWEPT_JOBS_ALONE, every_queue=True)
        else:
            searches = self._searches()
            yield from self._outcomes.find_failed(self._calls, searches)
            if turn == 1 or is_first:
                yield from self._outcomes.find_given_back(self._calls, searches)
            if turn == 2:
                yield from self._outcomes.find_succeeded(self._calls, searches)
            if turn == 0 or is_first:
                yield from self._sweep(SWEPT_JOBS, every_queue=is_first)
            yield from self._sweep_past()
        if turn:
            yield from self._surroundings.look_at_workers(self._calls, self._seconds)
            yield from self._outcomes.open_ended(self._calls)
        yield from self._ask_sessions()
        if is_first and SEARCH not in self._calls.denied:
            # Not before it is known on which workers the sessions are that succeeded.
            yield from self._outcomes.find_succeeded(self._calls, self._searches())
        yield from self._ask_actions()
        yield from self._names.look(self._calls, self._refs(), self._steps())
        if self._calls.gone:
            # A queue, or a farm, may be no more.
            self._surroundings.forget()

    # --- what runs --------------------------------------------------------------------------------------

    def _searches(self) -> list[tuple[str, tuple[str, ...]]]:
        """The farm and the queues of each search."""
        return [
            (farm_id, group)
            for farm_id, queues in self._surroundings.queues.items()
            for group in in_tens(queues)
        ]

    def _find_running(self) -> Iterator[None]:
        is_whole = True
        for farm_id, queue_ids in self._searches():
            search, offset = TaskSearch(farm_id, queue_ids), 0
            while True:
                page = self._calls.ask(SEARCH, self._calls.api.search_tasks, search, offset)
                yield
                if page is None:
                    is_whole = False
                    break
                for task in page.items:
                    self._take_running(farm_id, task)
                if page.next is None:
                    break
                offset = int(page.next)
            if self.observed.seen_at is None:
                self._show()
        if is_whole:
            self._look_after_vanished()

    def _take_running(self, farm_id: str, task: Task) -> None:
        self._outcomes.note_retries(farm_id, task)
        if task.action_id is None:
            return
        session_id = session_of(task.action_id)
        known = self._entries.get(session_id)
        if known is not None and known.row.task is task:
            # Byte for byte as it was, which most of thousands are.
            known.found_in = self._number
            return
        ref = SessionRef(self._connection, farm_id, task.queue_id, task.job_id, session_id)
        if not self._chosen.wants(ref):
            return
        entry = known or self._new(ref)
        if entry.is_busy_elsewhere(task, self._number):
            return
        former = entry.row.task
        if former is not None and former.action_id is not None and former.action_id != task.action_id:
            self._outcomes.want(entry.row.ref, former)
        entry.take_task(task, self._number)

    def _new(self, ref: SessionRef) -> Entry:
        # One that something is to be found out of already is the same one, and is written down once.
        entry = self._entries[ref.session_id] = self._outcomes.give_up(ref.session_id) or Entry(ref)
        entry.found_in = self._number
        return entry

    def _look_after_vanished(self) -> None:
        """What runs no more is not over because of that: its session, and how its action ended, are asked."""
        for entry in self._entries.values():
            task = entry.row.task
            if entry.found_in == self._number - 1 and task is not None and entry.ended_since is None:
                self._outcomes.want(entry.row.ref, task)
                entry.asked_at = float("-inf")

    def _sweep(self, jobs: int, *, every_queue: bool) -> Iterator[None]:
        """Sessions that run no task just now: of a few active jobs, which take turns."""
        queues = [(farm, one) for farm, some in self._surroundings.queues.items() for one in sorted(some)]
        if not every_queue and queues:
            self._queue_turn = (self._queue_turn + 1) % len(queues)
            queues = [queues[self._queue_turn]]
        for farm_id, queue_id in queues:
            search = JobSearch(farm_id, queue_id, only=ACTIVE_TASK_RUN_STATUSES)
            page = self._calls.ask("SearchJobs", self._calls.api.search_jobs, search)
            yield
            if page is not None:
                self._names.know(page.items)
                found = [(farm_id, queue_id, job.job_id) for job in page.items]
                kept = [one for one in self._active if one[1] != queue_id or one in found]
                # One that has ended before its turn has come is not forgotten.
                self._past += [one for one in self._active if one not in kept and one not in self._listed]
                known = set(kept)
                self._active = deque([*(one for one in found if one not in known), *kept])
        for _ in range(min(jobs, len(self._active))):
            job = self._active[0]
            self._active.rotate(-1)
            if self._chosen.wants_any_of(*job):
                yield from self._list_sessions(job)

    def _sweep_past(self) -> Iterator[None]:
        """The sessions of jobs that ended since then, each job once: nobody may have watched them. Before
        those of jobs in which more has failed than was seen."""
        for farm_id, queue_ids in self._searches():
            for queue_id in queue_ids:
                former = self._past_since.get(queue_id)
                if former is None or self._outcomes.since < former:
                    self._past_since[queue_id] = self._outcomes.since
                    yield from self._find_past(farm_id, queue_id)
        past = [self._past.popleft() for _ in range(min(SWEPT_PAST, len(self._past)))]
        for job in (*self._outcomes.jobs_to_list(SWEPT_PAST), *past):
            if self._chosen.wants_any_of(*job):
                yield from self._list_sessions(job)

    def _find_past(self, farm_id: str, queue_id: str) -> Iterator[None]:
        search, offset = JobSearch(farm_id, queue_id, sort="ENDED_AT"), 0
        while True:
            page = self._calls.ask("SearchJobs by ENDED_AT", self._calls.api.search_jobs, search, offset)
            yield
            if page is None:
                return
            since = self._outcomes.since
            recent = [job for job in page.items if job.ended_at is not None and job.ended_at >= since]
            self._names.know(recent)
            self._past += [(farm_id, queue_id, job.job_id) for job in recent]
            if page.next is None or len(recent) < len(page.items):
                return
            offset = int(page.next)

    def _list_sessions(self, job: tuple[str, str, str]) -> Iterator[None]:
        self._listed[job] = None
        if len(self._listed) > REMEMBERED:
            del self._listed[next(iter(self._listed))]
        token: str | None = None
        while True:
            page = self._calls.ask("ListSessions", self._calls.api.sessions, *job, token)
            yield
            if page is None:
                return
            for summary in page.items:
                ref = SessionRef(self._connection, *job, summary.session_id)
                if self._chosen.wants(ref):
                    self._take_listed(ref, summary.ended_at, is_over=summary.is_final)
            token = page.next
            if token is None:
                return

    def _take_listed(self, ref: SessionRef, ended_at: datetime | None, *, is_over: bool) -> None:
        entry = self._entries.get(ref.session_id)
        if entry is not None:
            entry.found_in = max(entry.found_in, 0)
        elif not is_over:
            self._new(ref)
        elif ended_at is not None:
            self._outcomes.note_ended(ref, ended_at)

    # --- details ----------------------------------------------------------------------------------------

    def _ask_sessions(self) -> Iterator[None]:
        living = [entry for entry in self._entries.values() if entry.ended_since is None]
        for batch in in_batches([*self._turns.of_sessions(living), *self._outcomes.strangers()]):
            refs = [entry.row.ref for entry in batch]
            answers = self._calls.ask("BatchGetSession", self._calls.api.sessions_by_id, refs)
            yield
            if answers is None:
                return
            self._notes.remember(batch)
            for entry in batch:
                answer = answers[entry.row.ref.session_id]
                self._notes.take(entry, entry.take_session(answer, self._now))
                entry.asked_at = self._seconds
                self._end_if_over(entry, answer)

    def _end_if_over(self, entry: Entry, answer: object) -> None:
        is_gone = isinstance(answer, Fault) and answer.kind is FaultKind.GONE
        if entry.ended_since is None and (is_gone or entry.row.ended_at is not None):
            entry.ended_since = self._seconds
            task = entry.row.task
            if task is not None and task.action_id is not None:
                self._outcomes.want(entry.row.ref, task)
                self._outcomes.want_rest(entry.row.ref, task.action_id)

    def _ask_actions(self) -> Iterator[None]:
        now = self._seconds
        entries = self._entries.values()
        at_work = [one for one in entries if one.found_in == self._number and one.row.task is not None]
        wanted: list[tuple[SessionRef, str]] = []
        for entry in self._turns.of_actions(at_work):
            task = entry.row.task
            if task is not None and task.action_id is not None:
                wanted.append((entry.row.ref, task.action_id))
                wanted += ((entry.row.ref, before) for before in entry.before())
        wanted += self._outcomes.wanted()
        for batch in in_batches(list(dict.fromkeys(wanted))):
            found = self._calls.ask("BatchGetSessionAction", self._calls.api.actions_of_sessions, batch)
            yield
            if found is None:
                return
            at = self._now
            for ref, action_id in batch:
                action = found.get(action_id)
                of = self._entries.get(ref.session_id) or self._outcomes.entry(ref.session_id)
                if of is not None:
                    of.action_asked_at = now
                    if action is not None:
                        if not of.knows_its_past:
                            self._notes.remember([of])
                        self._notes.take(
                            of, of.take_action(action, at, self._names.step(action.step_id or ""))
                        )
                self._outcomes.judge(ref, action_id, action)

    # --- what is written down, and shown ------------------------------------------------------------------

    def _write(self) -> tuple[Event, ...]:
        return self._notes.write(self._seconds, self._now)

    def _refs(self) -> Iterable[SessionRef]:
        return chain((entry.row.ref for entry in self._entries.values()), self._outcomes.refs())

    def _steps(self) -> Iterable[tuple[SessionRef, str]]:
        rows = (entry.row for entry in self._entries.values())
        return chain(
            ((row.ref, row.task.step_id) for row in rows if row.task is not None), self._outcomes.steps()
        )

    def _finish(self) -> None:
        """The refresh is over: those that have ended long enough ago leave, and all of it is shown."""
        self._notes.saw(self._seen_now(), self._now)
        self._let_leave()
        needed = self._calls.count / (SHARE * self._rate)
        self.schedule.interval = max(self._wished, timedelta(seconds=needed))
        self._show(self._now)

    def _seen_now(self) -> Iterator[Entry]:
        """The sessions that this refresh has seen: among what runs, or by an answer about them."""
        for entry in self._entries.values():
            is_seen = entry.found_in == self._number or entry.asked_at >= self._began
            if is_seen and entry.row.seen_at is not None:
                yield entry

    def _let_leave(self) -> None:
        until = self._seconds - self.leaves_after.total_seconds()
        kept = 0
        for session_id, entry in reversed(list(self._entries.items())):
            if entry.ended_since is None or entry.ended_since > until:
                continue
            if entry.row.failed and not entry.was_looked_at and kept < KEPT_FAILED:
                kept += 1
            else:
                del self._entries[session_id]

    def _show(self, at: datetime | None = None) -> None:
        rows = name_rows(self._entries.values(), self._names, self._outcomes.median)
        running = [one for one in self._entries.values() if one.ended_since is None]
        of_two = 2 * self.schedule.interval.total_seconds()
        recent = self._seconds - of_two - asked_every(len(running))
        interval = self.schedule.interval
        every, since = tuple(self._outcomes.failures(self._names)), self._outcomes.since
        if at is not None:
            self.judging.hear(self._entries.values(), rows, every, at, interval)
        rows = tuple(map(self.judging.told, rows))
        failures = tuple(self.judging.told_of(one) for one in every if one.at >= since)
        interrupted = sum(failure.is_interruption for failure in failures)
        busy = chain((row.worker_id for row in rows), (one.worker_id for one in failures))
        self.observed = WallObserved(
            self._connection,
            rows,
            failures,
            self._chosen.workers(self._surroundings.workers, busy),
            self.judging.workers,
            self.judging.well,
            dict(self._surroundings.names),
            since,
            running=len(running),
            troubled=sum(any(one.is_serious for one in row.findings) for row in rows),
            failed=len(failures) - interrupted,
            interrupted=interrupted,
            refreshed=sum(one.found_in == self._number or one.asked_at >= recent for one in running),
            calls=self._calls.count,
            interval=interval,
            is_stretched=interval > self._wished,
            from_sessions=SEARCH in self._calls.denied,
            denied=dict(self._calls.denied),
            seen_at=at or self.observed.seen_at,
        )
