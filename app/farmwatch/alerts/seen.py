"""What a refresh of the wall shows of troubles: each with what it is about, by whatever it was found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from farmwatch.alerts.alert import CONNECTION_LOST, Alert, Found, Subject, id_of
from farmwatch.alerts.life import Pass
from farmwatch.aws.model import Fault, FaultKind, SessionRef
from farmwatch.rules.finding import Finding, Severity
from farmwatch.rules.rules import SESSION_RULES, TASK_RULES
from farmwatch.rules.thresholds import DEFAULTS
from farmwatch.rules.well import NOT_RESPONDING, STUCK_RULE
from farmwatch.wall.values import WallObserved, WallRow

_OF_SESSIONS = frozenset(rule.name for rule in SESSION_RULES)
_OF_TASKS = frozenset(rule.name for rule in TASK_RULES)

FORGIVEN_AFTER = DEFAULTS.bad_worker_forgiven
"""How long after its last failure a task is forgiven, as a worker is."""


def pass_of(observed: WallObserved, alerts: Iterable[Alert], now: datetime) -> Pass:
    """What the newest refresh of a connection shows of the alerts that there are, and of troubles that are
    new. One that failed shows that the connection is lost, and nothing else."""
    connection = observed.connection
    if observed.fault is not None:
        return Pass(connection, (_lost(connection, observed.fault, now),))
    found = [
        *(one for row in observed.rows if row.findings for one in _of_session(row)),
        *_of_workers(observed),
        *_of_tasks(observed, now),
    ]
    return Pass(
        connection,
        tuple(found),
        _well(observed, alerts),
        frozenset(_settled(observed, alerts, now)),
        frozenset(row.ref.session_id for row in observed.rows if _is_over(row)),
    )


def _lost(connection: str, fault: Fault, now: datetime) -> Found:
    words = fault.kind.value
    subject, evidence = Subject(connection), f"{fault.sentence} {fault.remedy}".strip()
    return Found(
        CONNECTION_LOST, subject, Severity.CERTAIN, words, evidence, now, connection or "connection", needs=2
    )


def _is_over(row: WallRow) -> bool:
    return row.ended_at is not None or (row.fault is not None and row.fault.kind is FaultKind.GONE)


def subject_of(ref: SessionRef) -> Subject:
    """A session, as alerts name it."""
    return Subject(ref.connection, ref.farm_id, ref.queue_id, ref.job_id, ref.session_id)


# --- sessions -----------------------------------------------------------------------------------------------


def _of_session(row: WallRow) -> Iterator[Found]:
    own = [one for one in row.findings if one.rule in _OF_SESSIONS and one.is_serious]
    signals = [one for one in own if one.severity is Severity.STUCK]
    for one in own:
        if one.severity is Severity.CERTAIN:
            yield _session_found(one.rule, row, Severity.CERTAIN, [one])
    if signals:
        yield _session_found(STUCK_RULE, row, Severity.STUCK, signals)


def _session_found(rule: str, row: WallRow, severity: Severity, findings: Sequence[Finding]) -> Found:
    name = " ".join(filter(None, (row.job or row.ref.job_id, row.frame)))
    return Found(
        rule,
        subject_of(row.ref),
        severity,
        ", ".join(one.words for one in findings),
        "; ".join(one.evidence for one in findings),
        min(one.since for one in findings),
        name,
        row.worker_id,
        (row.ref,),
    )


# --- workers and tasks --------------------------------------------------------------------------------------


def _of_workers(observed: WallObserved) -> Iterator[Found]:
    running: defaultdict[str, list[SessionRef]] = defaultdict(list)
    for row in observed.rows:
        if row.worker_id and not _is_over(row):
            running[row.worker_id].append(row.ref)
    for worker_id, findings in observed.worker_findings.items():
        worker = observed.workers.get(worker_id)
        host = None if worker is None or worker.host is None else worker.host.name
        for one in findings:
            if one.is_serious:
                # By what the rule went by: the status of now may be another one already.
                by_status = one.rule == "dead worker" and "NOT_RESPONDING" in one.evidence
                rule = NOT_RESPONDING if by_status else one.rule
                yield Found(
                    rule,
                    # The farm is not known of every worker, and an id is to be the same everywhere.
                    Subject(observed.connection, worker_id=worker_id),
                    one.severity,
                    one.words,
                    one.evidence,
                    one.since,
                    host or worker_id,
                    worker_id,
                    tuple(running.get(worker_id, ())),
                )


def _last_failures(observed: WallObserved) -> Mapping[str, datetime]:
    """When each task failed last, by its id."""
    last: dict[str, datetime] = {}
    for failure in observed.failures:
        task_id = failure.action.task_id
        if task_id and not failure.is_interruption:
            last[task_id] = max(failure.at, last.get(task_id, failure.at))
    return last


def _of_tasks(observed: WallObserved, now: datetime) -> Iterator[Found]:
    last = _last_failures(observed)
    told = set[str]()
    running = {
        row.task.task_id: row.ref for row in observed.rows if row.task is not None and not _is_over(row)
    }
    for failure in observed.failures:
        task_id = failure.action.task_id
        if not failure.findings or not task_id or task_id in told or now - last[task_id] >= FORGIVEN_AFTER:
            continue
        told.add(task_id)
        ref = failure.ref
        for one in failure.findings:
            if one.rule in _OF_TASKS and one.is_serious:
                given = " ".join(failure.action.parameters.values())
                yield Found(
                    one.rule,
                    Subject(ref.connection, ref.farm_id, ref.queue_id, ref.job_id, task_id=task_id),
                    one.severity,
                    one.words,
                    one.evidence,
                    one.since,
                    " ".join(filter(None, (failure.job or ref.job_id, failure.step, given))),
                    sessions=(running.get(task_id, ref),),
                )


# --- what is well, or over ----------------------------------------------------------------------------------


def _well(observed: WallObserved, alerts: Iterable[Alert]) -> dict[str, datetime]:
    well: dict[str, datetime] = {}
    for alert in alerts:
        subject = alert.subject
        if subject.connection != observed.connection:
            continue
        if alert.rule == CONNECTION_LOST:
            at = observed.seen_at
        else:
            at = observed.well.get(subject.session_id or subject.worker_id, {}).get(alert.rule)
        if at is not None:
            well[alert.id] = at
    return well


def _settled(observed: WallObserved, alerts: Iterable[Alert], now: datetime) -> Iterator[str]:
    """What somebody has called not stuck, and the tasks that are forgiven."""
    for row in observed.rows:
        if any(one.is_contradicted for one in row.findings):
            yield id_of(STUCK_RULE, subject_of(row.ref))
    last = _last_failures(observed)
    for alert in alerts:
        failed_at = last.get(alert.subject.task_id)
        if failed_at is not None and now - failed_at >= FORGIVEN_AFTER:
            yield alert.id


def strangers(observed: WallObserved, alerts: Iterable[Alert]) -> list[SessionRef]:
    """The sessions of alerts that are not resolved, and that the connection's wall does not have: each is to
    be looked at, because it may have ended while nobody watched."""
    known = {row.ref.session_id for row in observed.rows}
    return [
        ref
        for alert in alerts
        if alert.resolved_at is None
        and not alert.is_over
        and not alert.is_asked
        and (ref := alert.subject.ref) is not None
        and ref.connection == observed.connection
        and ref.session_id not in known
    ]
