"""Alerts as rows of a table: the worst first, each with its state, its evidence and who knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from farmwatch.alerts.alert import Alert, Mute, State
from farmwatch.monitor.alerts import AlertsObserved
from farmwatch.ui.screens.alerts.beside import Beside, Names, cells_of, key_of, texts_of
from farmwatch.ui.widgets.table_cells import spans
from farmwatch.ui.widgets.virtual_table import Cell, Column
from farmwatch.wall.filtering import Filter
from farmwatch.words.text import Part, TimeStyle, brief, clock_time_and_age, day_time, short_id

COLUMNS = (
    Column("state", "State", keep=20, width=14),
    Column("what", "What", keep=19, min_width=16, flex=True),
    Column("trouble", "Trouble", keep=18, min_width=20, flex=True),
    Column("since", "For", keep=17, width=6),
    Column("who", "Acknowledged", keep=16, min_width=12, max_width=24),
    Column("note", "Note", keep=12, min_width=8, max_width=30),
    Column("sessions", "Sessions", keep=10, width=8, right=True),
    Column("evidence", "Evidence", keep=8, min_width=24, flex=True),
    Column("worker", "Worker", keep=6, min_width=8, max_width=16),
    Column("told", "Told", keep=5, width=12),
    Column("connection", "Connection", keep=3, min_width=10, max_width=16),
)

_STATES: Mapping[State, Part] = {
    State.FIRING: ("✗ firing", "error"),
    State.CANNOT_SEE: ("? cannot see", "warning"),
    State.ACKNOWLEDGED: ("✓ known", "accent"),
    State.PENDING: ("◌ pending", "muted"),
    State.RESOLVED: ("○ resolved", "muted"),
}


def state_part(alert: Alert, now: datetime, mutes: Sequence[Mute] = ()) -> Part:
    """What has become of an alert, in a word; that nobody is told of it, by a greater alert or by one of the
    ``mutes``, goes before that it fires."""
    if alert.is_asked and alert.resolved_at is not None:
        return "○ told", "muted"
    if alert.is_open and alert.acknowledgement is None:
        if alert.muted_by or any(mute.covers(alert) for mute in mutes):
            return "· muted", "muted"
        if alert.is_snoozed(now):
            return "z snoozed", "accent"
        if alert.is_flapping:
            return "≈ flapping", "warning"
        if alert.is_asked:
            return "! happened", "accent"
    return _STATES[alert.state]


def _who(alert: Alert) -> str:
    known = alert.acknowledgement
    return "" if known is None else known.who or "somebody here"


def _note(alert: Alert, now: datetime, mutes: Sequence[Mute]) -> str:
    """What was said of it, or until when nobody is told of it."""
    known = alert.acknowledgement
    return known.note if known is not None and known.note else _silent(alert, now, mutes)


def _silent(alert: Alert, now: datetime, mutes: Sequence[Mute]) -> str:
    """Until when nobody is told of it, by what was said of it or of its rule, its queue or its job."""
    if not alert.is_open:
        return ""
    times = [alert.wish.snoozed_until, *(one.until for one in mutes if one.covers(alert))]
    until = max((at for at in times if at is not None), default=now)
    return f"silent until {day_time(until, now)}" if until > now else ""


def _worker(alert: Alert) -> str:
    worker_id = alert.worker_id or alert.subject.worker_id
    return short_id(worker_id).removeprefix("worker-")


def _lasted(alert: Alert, now: datetime) -> str:
    return brief((alert.resolved_at or now) - alert.since)


FIELDS = (
    "state",
    "rule",
    "severity",
    "job",
    "worker",
    "who",
    "note",
    "queue",
    "farm",
    "connection",
    "session",
    "task",
    "what",
    "trouble",
    "evidence",
)
"""What a filter can ask for."""


def _texts(alert: Alert, names: Names, now: datetime, mutes: Sequence[Mute]) -> Mapping[str, str]:
    """What a filter looks in, by `FIELDS`."""
    subject = alert.subject
    sessions = (subject.session_id, *(ref.session_id for ref in alert.sessions))
    return {
        "state": f"{state_part(alert, now, mutes)[0]} {alert.state.value}",
        "rule": alert.rule,
        "severity": alert.severity.value,
        # It begins with the name of the job, where it is about one.
        "job": f"{alert.name} {subject.job_id}" if subject.job_id else "",
        "worker": f"{alert.name if subject.worker_id else ''} {alert.worker_id or subject.worker_id}",
        "who": _who(alert),
        "note": _note(alert, now, mutes),
        "queue": f"{names(subject.queue_id)} {subject.queue_id}",
        "farm": f"{names(subject.farm_id)} {subject.farm_id}",
        "connection": subject.connection,
        "session": " ".join(sessions),
        "task": subject.task_id,
        "what": alert.name,
        "trouble": alert.words,
        "evidence": alert.evidence,
    }


def details(alert: Alert, observed: AlertsObserved, now: datetime) -> list[tuple[str, str]]:
    """Everything about an alert, names and values."""

    def at(time: datetime | None) -> str:
        return "–" if time is None else clock_time_and_age(time, now, TimeStyle.LOCAL)

    by_id = {one.id: one for one in observed.alerts}
    known, greater = alert.acknowledgement, by_id.get(alert.muted_by)
    mutes = [mute for mute in observed.mutes if mute.covers(alert)]
    rows = [
        ("state", state_part(alert, now, mutes)[0]),
        ("what", alert.name),
        ("rule", alert.rule),
        ("trouble", alert.words),
        ("evidence", alert.evidence),
        ("since", at(alert.since)),
        ("fired", at(alert.fired_at)),
        ("told", at(alert.notified_at)),
    ]
    if alert.unseen_since is not None:
        rows.append(("cannot be seen since", at(alert.unseen_since)))
    if alert.resolved_at is not None:
        rows.append(("resolved", at(alert.resolved_at)))
    if known is not None:
        rows.append(("acknowledged", f"{known.who or 'here'}, {at(known.at)}, until {at(known.until)}"))
        rows.append(("note", known.note or "–"))
    if alert.is_snoozed(now):
        rows.append(("silent until", at(alert.wish.snoozed_until)))
    if greater is not None:
        rows.append(("muted by", f"{greater.rule}: {greater.name}"))
    rows += [(f"{mute.kind.value} muted until", f"{at(mute.until)}, {mute.who or 'here'}") for mute in mutes]
    rows.append(("worker", alert.worker_id or "–"))
    rows += [("session", ref.session_id) for ref in alert.sessions]
    subject = alert.subject
    names = ("job_id", "queue_id", "farm_id", "task_id")
    values = (subject.job_id, subject.queue_id, subject.farm_id, subject.task_id)
    rows += [(name.removesuffix("_id"), value) for name, value in zip(names, values, strict=True) if value]
    rows.append(("connection", subject.connection))
    return rows


def whole(alert: Alert, now: datetime, mutes: Sequence[Mute]) -> list[Part]:
    """What is cut off in a row as a rule: the evidence, who knows of it, and until when nobody is told."""
    known = alert.acknowledgement
    parts: list[Part] = [(alert.evidence, "")]
    if known is not None:
        said = f"  ✓ {_who(alert)}, {clock_time_and_age(known.at, now, TimeStyle.LOCAL)}"
        parts.append((f"{said}: {known.note}" if known.note else said, "accent"))
    if silent := _silent(alert, now, mutes):
        parts.append((f"  {silent}", "accent"))
    return parts


class AlertRows:
    """The rows that a filter leaves. Below the alerts stands what is waited for, and what is muted."""

    def __init__(self) -> None:
        self.now = datetime.min.replace(tzinfo=UTC)
        self.unknown: tuple[str, ...] = ()
        """Fields that were typed and that there are none of."""
        self._names: Names = lambda _: ""
        self._mutes: Sequence[Mute] = ()
        self._rows: Sequence[Alert | Beside] = ()
        self._at: dict[str, int] = {}

    @property
    def unneeded(self) -> tuple[str, ...]:
        """The columns in which nothing would stand, or the same in every row: others have their room."""
        cells = [self.cells(index) for index in range(len(self))]
        told = {
            column.key: {words for row in cells if (words := "".join(text for text, _ in spans(row[at])))}
            for at, column in enumerate(COLUMNS)
        }
        least = {"who": 1, "note": 1, "connection": 2}
        return tuple(key for key, needed in least.items() if len(told[key]) < needed)

    def show(self, observed: AlertsObserved, text: str, now: datetime, names: Names) -> None:
        """Have these from now on; ``names`` tells those of queues and jobs."""
        wanted = Filter.of(text, FIELDS)
        self.now, self._names, self.unknown = now, names, wanted.unknown
        self._mutes = observed.mutes
        rows: list[Alert | Beside] = [*observed.alerts, *observed.waiting, *observed.mutes]
        self._rows = [one for one in rows if self._is_left(one, wanted)] if wanted.terms else rows
        self._at = {self.key(index): index for index in range(len(self._rows))}

    def _is_left(self, row: Alert | Beside, wanted: Filter) -> bool:
        about = self._names, self.now
        texts = _texts(row, *about, self._mutes) if isinstance(row, Alert) else texts_of(row, *about)
        return wanted.leaves(lambda field: texts.get(field, ""), FIELDS)

    def row(self, key: str | None) -> Alert | Beside | None:
        """What a row is about; ``None`` where there is no such row."""
        index = None if key is None else self._at.get(key)
        return None if index is None else self._rows[index]

    def alert(self, key: str | None) -> Alert | None:
        """The alert of a row; ``None`` where there is no such row, or it is about none."""
        row = self.row(key)
        return row if isinstance(row, Alert) else None

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        """The id of the alert in a row, or the key of what else is there."""
        row = self._rows[index]
        return row.id if isinstance(row, Alert) else key_of(row)

    def index(self, key: str) -> int | None:
        """Where a row is; ``None`` where it is not there."""
        return self._at.get(key)

    def cells(self, index: int) -> Sequence[Cell]:
        """What stands in a row."""
        alert, now = self._rows[index], self.now
        if not isinstance(alert, Alert):
            return cells_of(alert, self._names, now)
        tone = "" if alert.is_open else "muted"
        return (
            state_part(alert, now, self._mutes),
            (alert.name, tone),
            (
                f"{alert.rule}: {alert.words}"
                if alert.rule not in alert.words and not alert.is_asked
                else alert.words,
                tone,
            ),
            (_lasted(alert, now), tone),
            _who(alert),
            _note(alert, now, self._mutes),
            f"{len(alert.sessions):,}" if alert.sessions else "",
            (alert.evidence, "muted"),
            _worker(alert),
            ("" if alert.notified_at is None else day_time(alert.notified_at, now), "muted"),
            alert.subject.connection,
        )
