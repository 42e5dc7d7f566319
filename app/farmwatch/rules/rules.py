"""The rules of trouble, a pure function each: facts and thresholds in, a finding or none out.

What is compared is as of the time when it was seen; a rule guesses at nothing that was not. Interruptions
are no trouble, of no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.model import ENDED, UPDATE_FAILED
from farmwatch.aws.session_action import NOT_BEGUN
from farmwatch.rules.facts import ActionFacts, SessionFacts, TaskFacts, WorkerFacts
from farmwatch.rules.finding import NOT_SEEN, Finding, Severity, Verdict
from farmwatch.rules.thresholds import Thresholds

LINE_IS_OLD = timedelta(minutes=10)
"""How long before the action was seen its log may have been read for the silence to count."""

METRICS_ARE_OLD = timedelta(minutes=10)
"""How long before the action was seen its worker may have told of its processor for that to count."""

BUSY = 50.0
"""Per cent of a worker's processor above which it works."""

QUIET_WORKING = "quiet, working"
"""What is silent is called where its worker's processor says that it works."""

LEAST_GAPS = 2
"""Times between two changes of an action's progress that have a median worth comparing with."""

LEAST_SESSIONS = 2
"""Sessions of a worker that have to be quiet for the worker to be called dead: one alone may hang by
itself."""

_MINUTE = timedelta(minutes=1)
_RUNNING = "RUNNING"
_NOT_RESPONDING = "NOT_RESPONDING"


def lasting(span: timedelta) -> str:
    """A duration in whole minutes, from two hours on in hours too: ``38 min``, ``2 h 05 min``, ``5 h``."""
    minutes = span // _MINUTE
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes % 60 else f"{minutes // 60} h"


# --- of what a session does now ---------------------------------------------------------------------------


def silent(facts: SessionFacts, limits: Thresholds) -> Verdict:
    """The log has had no line for long, and for much of the run. A silence that is longer than the run says
    nothing: the log may be of something else, or not be written yet."""
    action = facts.action
    if action is None or action.status != _RUNNING or action.started_at is None:
        return None
    if action.line_at is None or action.line_seen_at is None:
        return NOT_SEEN
    if action.line_seen_at < action.seen_at - LINE_IS_OLD:
        return NOT_SEEN
    silence = action.line_seen_at - action.line_at
    if silence < limits.silent:
        return None
    run = action.line_seen_at - action.started_at
    if silence > run or silence < run * limits.silent_share:
        return None
    if action.cpu is not None and _works(action):
        return None
    baseline = (
        f"siblings' median {_short(action.median)}, n = {action.siblings}"
        if action.median is not None and action.siblings >= limits.few_siblings
        else "no baseline of siblings"
    )
    return Finding(
        "silent",
        Severity.SUSPECT,
        f"silent {lasting(silence)} of {lasting(run).removesuffix(' min')}",
        f"silent {lasting(silence)} of a run of {lasting(run)}; {baseline}; {_of_worker(action)}",
        action.line_at,
    )


def quiet_working(facts: SessionFacts, limits: Thresholds) -> Verdict:
    """It would be called silent if its worker's processor were not busy, on which nothing else runs."""
    action = facts.action
    if action is None or action.cpu is None or not _works(action):
        return None
    if action.line_at is None or action.line_seen_at is None:
        return None
    signal = silent(replace(facts, action=replace(action, cpu=None)), limits)
    if not isinstance(signal, Finding):
        return signal
    evidence = f"silent {lasting(action.line_seen_at - action.line_at)}; {_of_worker(action)}"
    return replace(
        signal, rule=QUIET_WORKING, severity=Severity.WORKING, words=QUIET_WORKING, evidence=evidence
    )


def _is_told(action: ActionFacts) -> bool:
    """Whether its worker has told of its processor lately, and since the last line of the log."""
    at, line_at = action.cpu_at, action.line_at
    if action.cpu is None or at is None or line_at is None:
        return False
    return at > line_at and action.seen_at - at < METRICS_ARE_OLD


def _works(action: ActionFacts) -> bool:
    """Whether its worker is busy, which says something of it only where nothing else runs there."""
    return action.on_worker == 1 and action.cpu is not None and action.cpu > BUSY and _is_told(action)


def _of_worker(action: ActionFacts) -> str:
    if action.on_worker > 1:
        return f"{action.on_worker} sessions on its worker"
    if action.cpu is None or not _is_told(action):
        return "no metrics of its worker"
    return f"its worker's CPU {action.cpu:g} % at {action.cpu_at:%H:%M} (Metrics)"


def nears_silence(action: ActionFacts, limits: Thresholds, within: timedelta) -> bool:
    """Whether a log is silent by the thresholds, or will be within a time if no line comes, whatever its
    worker does; not where that cannot be seen."""
    if action.status != _RUNNING or action.started_at is None:
        return False
    if action.line_at is None or action.line_seen_at is None:
        return False
    if action.line_seen_at < action.seen_at - LINE_IS_OLD:
        return False
    silence, run = action.line_seen_at - action.line_at, action.line_seen_at - action.started_at
    return silence <= run and silence + within >= max(limits.silent, (run + within) * limits.silent_share)


def frozen_progress(facts: SessionFacts, limits: Thresholds) -> Verdict:
    """The per cent have not changed for long, by the action's own measure too."""
    action = facts.action
    if action is None or action.status != _RUNNING or action.progress_since is None:
        return None
    unchanged = action.seen_at - action.progress_since
    if unchanged < limits.frozen or len(action.gaps) < LEAST_GAPS:
        return None
    usual = median(action.gaps)
    if unchanged.total_seconds() < usual * limits.frozen_times:
        return None
    return Finding(
        "frozen progress",
        Severity.SUSPECT,
        f"progress frozen {lasting(unchanged)}",
        f"{action.progress:g} % unchanged for {lasting(unchanged)}; before, it changed every "
        f"{_short(usual)} (median of {len(action.gaps)})",
        action.progress_since,
    )


def straggler(facts: SessionFacts, limits: Thresholds) -> Verdict:
    """It runs much longer than its siblings ran. With few siblings it is called slow; with fewer there is no
    baseline, and nothing is said."""
    action = facts.action
    if action is None or action.median is None or action.status != _RUNNING or action.started_at is None:
        return None
    run = action.seen_at - action.started_at
    if run < limits.straggler or action.siblings < limits.few_siblings:
        return None
    if run.total_seconds() <= action.median * limits.straggler_times:
        return None
    is_sure = action.siblings >= limits.siblings
    times = f", {run.total_seconds() / action.median:.1f} times that" if action.median else ""
    words = "straggler" if is_sure else "slow"
    return Finding(
        "straggler",
        Severity.SUSPECT if is_sure else Severity.SLOW,
        f"{words} {lasting(run)}" if is_sure else lasting(run),
        f"running for {lasting(run)}; siblings' median {_short(action.median)}, n = {action.siblings}{times}",
        action.started_at,
    )


def never_started(facts: SessionFacts, limits: Thresholds) -> Verdict:
    """An action waits in a session that has begun, and nothing runs there."""
    action = facts.action
    if action is None or action.waits_since is None or action.status not in NOT_BEGUN:
        return None
    if facts.status != "STARTED":
        return None
    waited = action.seen_at - action.waits_since
    if waited < limits.never_started or action.runs_before:
        return None
    if action.runs_before is None:
        return NOT_SEEN
    return Finding(
        "never started",
        Severity.SUSPECT,
        f"never started {lasting(waited)}",
        f"{action.status} for {lasting(waited)} in a session that is STARTED, and nothing runs in it",
        action.waits_since,
    )


# --- of a session -----------------------------------------------------------------------------------------


def will_not_end(facts: SessionFacts, limits: Thresholds) -> Verdict:
    """It was to end some time ago, and has not."""
    if facts.ending_since is None or facts.target != ENDED or facts.status == UPDATE_FAILED:
        return None
    waited = facts.seen_at - facts.ending_since
    if waited < limits.will_not_end:
        return None
    return Finding(
        "will not end",
        Severity.SUSPECT,
        f"will not end {lasting(waited)}",
        f"target ENDED for {lasting(waited)}, and still {facts.status}",
        facts.ending_since,
    )


def update_failed(facts: SessionFacts, limits: Thresholds) -> Verdict:  # noqa: ARG001 - as every rule's
    """It was to be changed, and the service says that this has failed."""
    if facts.status != UPDATE_FAILED:
        return None
    return Finding(
        "update failed",
        Severity.CERTAIN,
        "update failed",
        f"the lifecycle status is UPDATE_FAILED, the target {facts.target or 'not known'}",
        facts.seen_at,
    )


def failed_running(facts: SessionFacts, limits: Thresholds) -> Verdict:
    """An action of it failed, and it is still there, which it is for a while where all is well."""
    if facts.failed_at is None or facts.status != "STARTED":
        return None
    waited = facts.seen_at - facts.failed_at
    if waited < limits.failed_running:
        return None
    return Finding(
        "failed, still running",
        Severity.CERTAIN,
        f"failed, still running {lasting(waited)}",
        f"an action FAILED {lasting(waited)} ago, and the session is still STARTED",
        facts.failed_at,
    )


def log_trouble(facts: SessionFacts, limits: Thresholds) -> Verdict:  # noqa: ARG001 - as every rule's
    """The service says that its log, or its worker's, cannot be written."""
    if facts.log_error is None and facts.worker_log_error is None:
        return None
    told = [] if facts.log_error is None else [f"log: {facts.log_error}"]
    if facts.worker_log_error is not None:
        told.append(f"worker log: {facts.worker_log_error}")
    words = "; ".join(told)
    return Finding("log trouble", Severity.CERTAIN, words, f"the service says: {words}", facts.seen_at)


# --- of a worker, and of a task -----------------------------------------------------------------------------


def bad_worker(facts: WorkerFacts, limits: Thresholds) -> Verdict:
    """Tasks of a step fail on it one after the other while the step succeeds elsewhere. One job is enough: a
    full disk fails task after task of one job until the job is over."""
    for step, times in facts.failures.items():
        run = _dense(times, limits.bad_worker, limits.bad_worker_within)
        if not run or facts.seen_at - run[-1] >= limits.bad_worker_forgiven:
            continue
        others = [
            worker_id
            for worker_id, at in facts.successes.get(step, {}).items()
            if worker_id != facts.worker_id and at >= run[-1] - limits.bad_worker_within
        ]
        if len(others) < limits.bad_worker_others:
            continue
        return Finding(
            "bad worker",
            Severity.CERTAIN,
            f"bad worker: {len(run)} failed",
            f"{len(run)} tasks of {facts.steps.get(step) or step} failed on it within "
            f"{_within(run)}; the step succeeded on {len(others)} other workers",
            run[0],
        )
    return None


def _dense(times: tuple[datetime, ...], count: int, within: timedelta) -> list[datetime]:
    """The newest times of which there are so many within a time; none where there are not."""
    ordered = sorted(times)
    for last in range(len(ordered) - 1, count - 2, -1):
        run = [at for at in ordered[: last + 1] if ordered[last] - at <= within]
        if len(run) >= count:
            return run
    return []


def dead_worker(facts: WorkerFacts, limits: Thresholds) -> Verdict:
    """The service does not hear from it, or none of its sessions has a sign of life."""
    if not facts.is_new:
        return NOT_SEEN
    if facts.status == _NOT_RESPONDING:
        return Finding(
            "dead worker",
            Severity.CERTAIN,
            "dead worker: not responding",
            "the worker's status is NOT_RESPONDING",
            facts.seen_at,
        )
    if len(facts.quiet_since) < LEAST_SESSIONS:
        return None
    known = [since for since in facts.quiet_since if since is not None]
    if len(known) < len(facts.quiet_since):
        return None
    quiet = facts.seen_at - max(known)
    if quiet < limits.silent:
        return None
    return Finding(
        "dead worker",
        Severity.CERTAIN,
        f"dead worker: quiet {lasting(quiet)}",
        f"none of its {len(known)} sessions has had a line of log, or progress, for {lasting(quiet)}",
        max(known),
    )


def poison_task(facts: TaskFacts, limits: Thresholds) -> Verdict:
    """The same task failed on several workers: it is the task."""
    if len(facts.failed_on) < limits.poison_task:
        return None
    times = sorted(facts.failed_on.values())
    return Finding(
        "poison task",
        Severity.CERTAIN,
        f"poison task: failed on {len(times)} workers",
        f"the same task failed on {len(times)} workers within {_within(times)}",
        times[0],
    )


def _within(times: Sequence[datetime]) -> str:
    """How long these times took, from the first to the last of them; a minute at the least."""
    return lasting(max(_MINUTE, times[-1] - times[0]))


def _short(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else lasting(timedelta(seconds=seconds))


# --- all of them --------------------------------------------------------------------------------------------

F = TypeVar("F", SessionFacts, WorkerFacts, TaskFacts)


class Rule(Struct, Generic[F], frozen=True):
    """A rule: its name, when it fires in words, and what it says of facts. ``is_of_action`` says that it is
    over with the action; ``holds_at_once`` that the service says so itself, so that no second pass is needed;
    ``outlives`` that it is of sessions that are over too."""

    name: str
    fires: Callable[[Thresholds], str]
    check: Callable[[F, Thresholds], Verdict]
    is_of_action: bool = False
    holds_at_once: bool = False
    outlives: bool = False


SESSION_RULES: tuple[Rule[SessionFacts], ...] = (
    Rule(
        "silent",
        lambda t: f"no log line for {lasting(t.silent)}, and for {t.silent_share * 100:g} % of the run",
        silent,
        is_of_action=True,
    ),
    Rule(
        QUIET_WORKING,
        lambda _: f"silent, but the CPU of its worker, where it runs alone, above {BUSY:g} %: no trouble",
        quiet_working,
        is_of_action=True,
    ),
    Rule(
        "frozen progress",
        lambda t: f"per cent unchanged for {lasting(t.frozen)}, and {t.frozen_times:g} times its own median",
        frozen_progress,
        is_of_action=True,
    ),
    Rule(
        "straggler",
        lambda t: (
            f"running for {lasting(t.straggler)}, and {t.straggler_times:g} times the median of {t.siblings} "
            f"siblings; of {t.few_siblings} or more, slow"
        ),
        straggler,
        is_of_action=True,
    ),
    Rule(
        "never started",
        lambda t: f"ASSIGNED for {lasting(t.never_started)} in a STARTED session, and nothing runs in it",
        never_started,
        is_of_action=True,
    ),
    Rule("will not end", lambda t: f"target ENDED for {lasting(t.will_not_end)}", will_not_end),
    Rule("update failed", lambda _: "UPDATE_FAILED, at once", update_failed, holds_at_once=True),
    Rule(
        "failed, still running",
        lambda t: f"still STARTED {lasting(t.failed_running)} after an action failed",
        failed_running,
    ),
    Rule(
        "log trouble",
        lambda _: "the service tells an error of a log",
        log_trouble,
        holds_at_once=True,
        outlives=True,
    ),
)

WORKER_RULES: tuple[Rule[WorkerFacts], ...] = (
    Rule(
        "bad worker",
        lambda t: (
            f"{t.bad_worker} failures of a step within {lasting(t.bad_worker_within)} while it succeeds on "
            f"{t.bad_worker_others} others; forgiven after {lasting(t.bad_worker_forgiven)}"
        ),
        bad_worker,
    ),
    Rule(
        "dead worker",
        lambda t: f"NOT_RESPONDING, or all of its sessions quiet for {lasting(t.silent)}",
        dead_worker,
    ),
)

TASK_RULES: tuple[Rule[TaskFacts], ...] = (
    Rule("poison task", lambda t: f"the same task failed on {t.poison_task} workers", poison_task),
)

EVERY_RULE: tuple[tuple[str, Callable[[Thresholds], str]], ...] = (
    *((rule.name, rule.fires) for rule in SESSION_RULES),
    *((rule.name, rule.fires) for rule in WORKER_RULES),
    *((rule.name, rule.fires) for rule in TASK_RULES),
)
"""All rules by their names, each with when it fires, in words."""
