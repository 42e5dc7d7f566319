"""The rules of trouble on a wall: what they are told of everything that runs, and whom what they find is told
of. One pass a refresh."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from farmwatch.rules.facts import ActionFacts, SessionFacts, TaskFacts, WorkerFacts
from farmwatch.rules.finding import worst_first
from farmwatch.rules.judge import Findings, Judge
from farmwatch.rules.rules import nears_silence
from farmwatch.rules.well import well_session, well_worker
from farmwatch.wall.entry import Entry
from farmwatch.wall.outcomes import Outcomes
from farmwatch.wall.surroundings import Surroundings
from farmwatch.wall.values import Failure, LastLine, WallRow, WorkerCpu

FRESH_FOR = timedelta(seconds=60)
"""How long after two intervals what was seen is fresh enough to be judged: not everything is asked for by
every refresh."""


NEARLY_SILENT = timedelta(minutes=10)
"""How long before a log is silent it is looked at what its worker does."""

QUIET = timedelta(minutes=3)
"""How long there has to be no line before anything of that is asked at all."""


_NONE: Mapping[str, tuple[datetime, ...]] = {}


def no_lines() -> Mapping[str, LastLine]:
    """Where nobody reads logs."""
    return {}


def no_cpu() -> Mapping[str, WorkerCpu]:
    """Where nobody looks at workers."""
    return {}


class Judging:
    """Tells the rules what is known, and rows and failures what was found of them.

    ``lines`` tells the newest lines of logs that are known, by the keys of rows. Without a line nobody is
    called silent. ``cpu`` tells how busy workers are, by their ids, as far as that was asked for.
    """

    def __init__(self, outcomes: Outcomes, surroundings: Surroundings) -> None:
        self.judge = Judge()
        self._outcomes = outcomes
        self._surroundings = surroundings
        self.lines: Callable[[], Mapping[str, LastLine]] = no_lines
        self.cpu: Callable[[], Mapping[str, WorkerCpu]] = no_cpu
        self.silent: Sequence[WallRow] = ()
        """The rows whose logs are silent, or soon will be, each alone on its worker."""
        self.workers: Findings = {}
        """What was found of workers, by their ids."""
        self.asked_of: Container[str] = ()
        """The ids of the sessions and workers of which somebody wants to know whether all is well."""
        self.well: Mapping[str, Mapping[str, datetime]] = {}
        """Of those, by their ids, by which rules all is well, and when that was seen."""
        self._well_workers: Mapping[str, Mapping[str, datetime]] = {}
        self._sessions: Findings = {}
        self._tasks: Findings = {}
        self._searched = -1

    def hear(
        self,
        entries: Iterable[Entry],
        rows: Sequence[WallRow],
        failures: Sequence[Failure],
        now: datetime,
        interval: timedelta,
    ) -> None:
        """A pass: the rows are those of the entries, with names and medians; ``failures`` are all that are
        known. What was seen long before the last ``interval`` begins nothing, and ends nothing."""
        lines, surroundings = self.lines(), self._surroundings
        # Where no line is known nobody is silent.
        on_worker, cpu = sessions_on_workers(rows) if lines else {}, self.cpu()
        facts = [
            facts_of(
                entry,
                row,
                lines.get(row.key),
                surroundings.names.get(row.ref.queue_id, ""),
                on_worker,
                cpu,
            )
            for entry, row in zip(entries, rows, strict=True)
        ]
        self.silent = [
            row
            for row, one in zip(rows, facts, strict=True)
            if one is not None and lines and self._nears_silence(one) and on_worker.get(row.worker_id) == 1
        ]
        known = [one for one in facts if one is not None]
        self._sessions = self.judge.judge(known, now, 2 * interval + FRESH_FOR)
        failed = [one for one in failures if not one.is_interruption and one.worker_id]
        self._tasks = self.judge.judge_tasks(tasks_of(failed, now))
        # A status that was seen once is not seen twice; failures are news with every refresh.
        is_new = self._searched != surroundings.searched or not surroundings.workers
        self._searched = surroundings.searched
        workers = worker_facts(known, failed, self._outcomes, surroundings, now, is_new=is_new)
        self.workers = self.judge.judge_workers(workers)
        if is_new:
            self._well_workers = {
                one.worker_id: well_worker(one) for one in workers if one.worker_id in self.asked_of
            }
        well = {one.ref.session_id: well_session(one) for one in known if one.ref.session_id in self.asked_of}
        self.well = {**well, **self._well_workers}

    def _nears_silence(self, facts: SessionFacts) -> bool:
        action = facts.action
        if action is None or action.line_at is None or action.line_seen_at is None or facts.is_over:
            return False
        if action.line_seen_at - action.line_at < QUIET:
            return False
        return nears_silence(action, self.judge.limits_of(facts), NEARLY_SILENT)

    def told(self, row: WallRow) -> WallRow:
        """A row with what was found of it; while it runs, of its worker and of its task too."""
        found = self._sessions.get(row.ref.session_id, ())
        if row.ended_at is None:
            of_worker = self.workers.get(row.worker_id, ())
            of_task = () if row.task is None else self._tasks.get(row.task.task_id, ())
            if of_worker or of_task:
                found = (*of_task, *of_worker, *found)
        if found == row.findings:
            return row
        return replace(row, findings=worst_first(found))

    def told_of(self, failure: Failure) -> Failure:
        """A failure with what was found of its task."""
        found = self._tasks.get(failure.action.task_id or "", ())
        return replace(failure, findings=found) if found and not failure.is_interruption else failure


def sessions_on_workers(rows: Iterable[WallRow]) -> Mapping[str, int]:
    """How many sessions run on each worker, by its id."""
    return Counter(row.session.worker_id for row in rows if row.session is not None and row.ended_at is None)


def facts_of(
    entry: Entry,
    row: WallRow,
    line: LastLine | None,
    queue: str,
    on_worker: Mapping[str, int],
    cpu: Mapping[str, WorkerCpu],
) -> SessionFacts | None:
    """What is known of a session; ``None`` before it was seen. ``on_worker`` is how many sessions run on
    workers, ``cpu`` how busy those are, both by their ids."""
    session, action = row.session, row.action
    if session is None or row.seen_at is None:
        return None
    acts, busy = None, cpu.get(session.worker_id)
    if action is not None and entry.action_seen_at is not None:
        acts = ActionFacts(
            action.action_id,
            action.status,
            entry.action_seen_at,
            action.started_at,
            action.progress,
            entry.progress_since,
            entry.gaps,
            entry.waits_since,
            None if entry.waits_since is None else entry.runs_before,
            None if line is None else line.at,
            None if line is None else line.seen_at,
            None if row.median is None else row.median.total_seconds(),
            row.siblings,
            on_worker.get(session.worker_id, 0),
            None if busy is None else busy.percent,
            None if busy is None else busy.at,
        )
    return SessionFacts(
        row.ref,
        session.lifecycle_status,
        row.seen_at,
        queue,
        row.job,
        session.target_lifecycle_status,
        row.ended_at is not None,
        entry.ending_since,
        session.log.error,
        None if session.worker_log is None else session.worker_log.error,
        entry.failed_at,
        acts,
        session.worker_id,
    )


def tasks_of(failed: Iterable[Failure], now: datetime) -> list[TaskFacts]:
    """The tasks that failed, each with the workers that it failed on."""
    found: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
    for one in failed:
        if one.action.task_id:
            found[one.action.task_id][one.worker_id] = one.at
    return [TaskFacts(task_id, now, failed_on) for task_id, failed_on in found.items()]


def worker_facts(
    sessions: Iterable[SessionFacts],
    failed: Iterable[Failure],
    outcomes: Outcomes,
    surroundings: Surroundings,
    now: datetime,
    *,
    is_new: bool,
) -> list[WorkerFacts]:
    """The workers that are known, with how steps ended there, and since when their sessions are quiet.
    ``is_new`` says that they were searched for since the pass before."""
    failures: defaultdict[str, defaultdict[str, list[datetime]]] = defaultdict(lambda: defaultdict(list))
    steps: dict[str, str] = {}
    for one in failed:
        if one.action.step_id:
            failures[one.worker_id][one.action.step_id].append(one.at)
            steps[one.action.step_id] = one.step
    quiet: defaultdict[str, list[datetime | None]] = defaultdict(list)
    for facts in sessions:
        if not facts.is_over:
            quiet[facts.worker_id].append(quiet_since(facts))
    workers, succeeded = surroundings.workers, outcomes.succeeded
    return [
        WorkerFacts(
            worker_id,
            "" if worker is None else worker.status,
            now,
            {step_id: tuple(times) for step_id, times in failures[worker_id].items()}
            if worker_id in failures
            else _NONE,
            succeeded,
            steps,
            tuple(quiet.get(worker_id, ())),
            is_new,
        )
        for worker_id, worker in {**dict.fromkeys((*quiet, *failures)), **workers}.items()
    ]


def quiet_since(facts: SessionFacts) -> datetime | None:
    """Since when what a session does has neither a line of log nor progress, ``None`` where that is not
    known."""
    action = facts.action
    if action is None or action.status != "RUNNING" or action.line_at is None:
        return None
    return None if action.progress_since is None else max(action.line_at, action.progress_since)
