"""What is told of a notice, wherever it goes: a title, a few lines, and the facts one by one."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from farmwatch.alerts.alert import ASKED, Alert, Notice, NoticeKind, Subject
from farmwatch.aws.cleaning import clean
from farmwatch.aws.model import DEFAULT_CONNECTION
from farmwatch.words.text import brief

if TYPE_CHECKING:
    from farmwatch.wall.values import LastLine, WallObserved, WallRow

LONGEST_TITLE = 120
LONGEST_LINE = 300
"""Characters of a line of the body, and of any of the facts."""

MOST_ALERTS = 50
"""Alerts of one cause whose ids a message has."""

TEST = "test"
"""The kind of a message that only tries whether it arrives."""


class Message(Struct, frozen=True, rename="camel"):
    """Something to be told. A later message with the same ``id`` replaces it: that is the id of the alert, or
    of the cause that several have. ``kind`` is that of the notice (`NoticeKind`), or `TEST`.

    ``title`` is one line of at most `LONGEST_TITLE` characters, ``body`` a few short ones. What is not known
    of the facts is empty. ``alerts`` are the ids of the alerts, `MOST_ALERTS` of ``count``; ``sessions`` is
    how many sessions are concerned; ``lasting`` are seconds since ``since``. ``last_line`` is the newest line
    in the log of the session, where the wall has read it. ``link`` is the address of a page, or else a
    command. All texts are harmless: no controls, no marks that change a direction.
    """

    id: str
    kind: str
    severity: str
    at: datetime
    title: str
    body: str = ""
    rule: str = ""
    connection: str = ""
    farm_id: str = ""
    farm: str = ""
    queue_id: str = ""
    queue: str = ""
    job_id: str = ""
    job: str = ""
    session_id: str = ""
    task_id: str = ""
    worker_id: str = ""
    worker: str = ""
    frame: str = ""
    reason: str = ""
    evidence: str = ""
    last_line: str = ""
    since: datetime | None = None
    lasting: float = 0.0
    sessions: int = 0
    count: int = 1
    alerts: tuple[str, ...] = ()
    cause: str = ""
    link: str = ""


def as_json(message: Message) -> bytes:
    """A message as JSON, its names in camel case, its times as ISO 8601."""
    return msgspec.json.encode(message)


def message_of(
    notice: Notice,
    observed: Iterable[WallObserved] = (),
    lines: Mapping[str, LastLine] | None = None,
    pages: Mapping[str, str] | None = None,
) -> Message:
    """What is told of a notice. ``observed`` and ``lines`` are what the wall knows just now; ``pages`` are
    the addresses of the Deadline Cloud monitors, by their connections, where they are known."""
    worst = min(notice.alerts, key=lambda one: (one.severity.rank, one.since, one.id))
    several = len(notice.alerts) > 1
    subject = _common(notice.alerts) if several else worst.subject
    walls = [one for one in observed if one.connection == subject.connection]
    names = {key: name for wall in walls for key, name in wall.names.items()}
    row = next((row for wall in walls for row in wall.rows if row.ref.session_id == _session_of(worst)), None)
    worker_id = worst.worker_id or subject.worker_id if not several else _common_worker(notice.alerts)
    job = _job_of(subject, walls)
    line = (lines or {}).get(row.key) if row is not None and not several else None
    sessions = {ref.session_id for alert in notice.alerts for ref in alert.sessions}
    since = min(alert.since for alert in notice.alerts)
    until = worst.resolved_at if notice.kind is NoticeKind.RESOLVED and worst.resolved_at else notice.at
    name = _cause_name(notice.cause, job, worst, worker_id, walls) if several else worst.name
    facts = Message(
        id=_id_of(notice, worst),
        kind=notice.kind.value,
        severity=worst.severity.value,
        at=notice.at,
        title="",
        rule=_line(worst.rule if len({one.rule for one in notice.alerts}) == 1 else ""),
        connection=_line(subject.connection),
        farm_id=_line(subject.farm_id),
        farm=_line(names.get(subject.farm_id, "")),
        queue_id=_line(subject.queue_id),
        queue=_line(names.get(subject.queue_id, "")),
        job_id=_line(subject.job_id),
        job=_line(job),
        session_id=_line(subject.session_id),
        task_id=_line(subject.task_id or _task_of(row, several=several)),
        worker_id=_line(worker_id),
        worker=_line(_host_of(worker_id, walls)),
        frame=_line("" if row is None or several else row.frame),
        reason=_line(_reason(notice.alerts)),
        evidence=_line(worst.evidence),
        last_line=_line("" if line is None or line.at is None else line.text),
        since=since,
        lasting=max(0.0, (until - since).total_seconds()),
        sessions=len(sessions),
        count=len(notice.alerts),
        alerts=tuple(alert.id for alert in notice.alerts[:MOST_ALERTS]),
        cause=_line(notice.cause),
        link=_link(subject, (pages or {}).get(subject.connection, "")),
    )
    return msgspec.structs.replace(facts, title=_title(facts, name), body=_body(facts, until))


def trial_message(at: datetime) -> Message:
    """A message that says that messages arrive."""
    title = "Farmwatch: a test message"
    return Message(TEST, TEST, "", at, title, "Whoever reads this is told of the farm's troubles.")


# --- its facts ----------------------------------------------------------------------------------------------


def _id_of(notice: Notice, worst: Alert) -> str:
    if len(notice.alerts) == 1:
        return worst.id
    named = f"{worst.subject.connection}\0{notice.cause}"
    return sha256(named.encode(errors="replace")).hexdigest()[:16]


def _common(alerts: Iterable[Alert]) -> Subject:
    """The ids that all of these are about."""
    subjects = [alert.subject for alert in alerts]
    return Subject(
        **{
            name: values.pop() if len(values) == 1 else ""
            for name in Subject.__struct_fields__
            for values in ({getattr(one, name) for one in subjects},)
        }
    )


def _common_worker(alerts: Iterable[Alert]) -> str:
    workers = {alert.worker_id or alert.subject.worker_id for alert in alerts}
    return workers.pop() if len(workers) == 1 else ""


def _session_of(alert: Alert) -> str:
    if alert.subject.session_id or not alert.sessions:
        return alert.subject.session_id
    return alert.sessions[0].session_id if alert.subject.task_id else ""


def _task_of(row: WallRow | None, *, several: bool) -> str:
    return "" if row is None or row.task is None or several else row.task.task_id


def _job_of(subject: Subject, walls: Iterable[WallObserved]) -> str:
    if not subject.job_id:
        return ""
    for wall in walls:
        rows = ((row.ref.job_id, row.job) for row in wall.rows)
        failures = ((one.ref.job_id, one.job) for one in wall.failures)
        for job_id, job in chain(rows, failures):
            if job and job_id == subject.job_id:
                return job
    return ""


def _host_of(worker_id: str, walls: Iterable[WallObserved]) -> str:
    for wall in walls:
        worker = wall.workers.get(worker_id)
        if worker is not None and worker.host is not None:
            return worker.host.name or ""
        for row in wall.rows:
            if worker_id and row.worker_id == worker_id and row.session is not None and row.session.host:
                return row.session.host.name or ""
    return ""


def _cause_name(cause: str, job: str, worst: Alert, worker_id: str, walls: Iterable[WallObserved]) -> str:
    """What several alerts have in common, by its name where that is known."""
    kind = cause.partition(" ")[0]
    if kind == "worker":
        return f"worker {_host_of(worker_id, walls) or worker_id}"
    if kind == "job":
        return f"job {job or worst.subject.job_id}"
    return f"connection {worst.subject.connection}"


def _reason(alerts: Iterable[Alert]) -> str:
    """What is the matter in few words, each said once."""
    return ", ".join(dict.fromkeys(alert.words or alert.rule for alert in alerts))


def _link(subject: Subject, page: str) -> str:
    if page and subject.farm_id and subject.queue_id:
        link = f"{page.rstrip('/')}/farms/{subject.farm_id}/queues/{subject.queue_id}"
        return _line(f"{link}?jobId={subject.job_id}" if subject.job_id else link)
    words = ["farmwatch"]
    if subject.connection != DEFAULT_CONNECTION:
        words += ["--connection", subject.connection]
    for option in ("farm", "queue", "job", "session"):
        one = getattr(subject, f"{option}_id")
        if not one:
            break
        words += [f"--{option}-id", one]
    return _line(shlex.join(words), 500)


# --- its words ----------------------------------------------------------------------------------------------

_BEGINNINGS = {
    NoticeKind.REPEATED.value: "still firing: ",
    NoticeKind.RESOLVED.value: "resolved: ",
    NoticeKind.FLAPPING.value: "flapping: ",
}


def _title(facts: Message, name: str) -> str:
    what = facts.rule or "trouble"
    about = f"{facts.count} alerts, {name}" if facts.count > 1 else name or facts.worker or facts.session_id
    if facts.rule.startswith(ASKED):
        # It is no trouble, of which one says what it is called first.
        return _line(f"{about}: {facts.reason}", LONGEST_TITLE)
    # Some rules say their own name again.
    told = facts.reason.removeprefix(f"{what}: ")
    reason = f" ({told})" if told not in ("", what) else ""
    return _line(f"{_BEGINNINGS.get(facts.kind, '')}{what}: {about}{reason}", LONGEST_TITLE)


def _body(facts: Message, until: datetime) -> str:
    since = facts.since or facts.at
    lasted = "lasted" if facts.kind == NoticeKind.RESOLVED.value else "for"
    where = " / ".join(
        filter(None, (facts.connection, facts.farm or facts.farm_id, facts.queue or facts.queue_id))
    )
    worker = " ".join(dict.fromkeys(filter(None, (facts.worker, facts.worker_id))))
    rows = (
        ("", facts.evidence),
        ("job: ", facts.job or facts.job_id),
        ("frame: ", facts.frame),
        ("worker: ", worker),
        ("sessions: ", str(facts.sessions) if facts.sessions > 1 else ""),
        ("where: ", where),
        ("since: ", f"{since:%Y-%m-%d %H:%M} UTC, {lasted} {brief(until - since)}"),
        ("last line: ", facts.last_line),
        ("", facts.link),
    )
    return "\n".join(_line(f"{label}{value}") for label, value in rows if value)


def _line(text: str, longest: int = LONGEST_LINE) -> str:
    """A harmless line of so many characters at most; what was cut is told by its last one."""
    line = clean(text, 4 * LONGEST_LINE)
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
