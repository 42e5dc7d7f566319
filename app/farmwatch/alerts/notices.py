"""What is to be told of alerts, by how they were and are: one notice a cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from farmwatch.alerts.alert import Alert, Mute, Notice, NoticeKind

WITHIN = timedelta(seconds=30)
"""How long a notice waits for others of the same cause, as long as others come at all."""

NO_OTHER_FOR = timedelta(seconds=22)
"""After how long without another alert of its connection it waits no more: two refreshes of the wall, and a
bit, as one takes longer than another."""

SEVERAL = 5
"""As many of the same cause are one notice."""

REPEATED_EVERY = timedelta(hours=4)
"""How often an alert is told of that fires, and that nobody has acknowledged."""


def notices_of(
    former: Mapping[str, Alert], alerts: Mapping[str, Alert], mutes: Sequence[Mute], now: datetime
) -> tuple[dict[str, Alert], list[Notice]]:
    """The alerts, with when they were told of, and what is to be told now."""
    told = dict(alerts)
    notices: list[Notice] = []

    def tell(kind: NoticeKind, some: Iterable[Alert], *, is_due: Callable[[Alert], bool]) -> None:
        for group, cause in _by_cause(list(some), is_due):
            for alert in group:
                at = alert.notified_at if kind is NoticeKind.RESOLVED else now
                told[alert.id] = replace(told[alert.id], notified_at=at)
            notices.append(Notice(kind, now, tuple(told[alert.id] for alert in group), cause))

    for alert in alerts.values():
        if (
            alert.is_flapping
            and not alert.flapping_told
            and alert.is_open
            and not _is_quiet(alert, mutes, now)
        ):
            told[alert.id] = replace(alert, flapping_told=True, notified_at=now)
            notices.append(Notice(NoticeKind.FLAPPING, now, (told[alert.id],)))
    loud = [one for one in told.values() if one.is_open and not _is_quiet(one, mutes, now)]
    # What somebody asked for is no trouble, and waits for no other.
    tell(
        NoticeKind.FIRED,
        (one for one in loud if one.is_asked and one.notified_at is None),
        is_due=lambda _: True,
    )
    waiting = [one for one in loud if not one.is_asked and one.notified_at is None]
    newest: dict[str, datetime] = {}
    for one in waiting:
        at = newest.get(one.subject.connection)
        newest[one.subject.connection] = max(at or _fired_at(one), _fired_at(one))
    tell(
        NoticeKind.FIRED,
        waiting,
        is_due=lambda one: (
            now - _fired_at(one) >= WITHIN or now - newest[one.subject.connection] >= NO_OTHER_FOR
        ),
    )
    tell(
        NoticeKind.REPEATED,
        (one for one in loud if one.notified_at is not None and now - one.notified_at >= REPEATED_EVERY),
        is_due=lambda _: True,
    )
    tell(
        NoticeKind.RESOLVED,
        (
            one
            for one in alerts.values()
            if one.resolved_at is not None
            and one.notified_at is not None
            and not one.is_flapping
            and not one.is_asked
            and _was_open(former.get(one.id))
            and not one.is_snoozed(now)
            and not any(mute.covers(one) for mute in mutes)
        ),
        is_due=lambda _: True,
    )
    return told, notices


def _fired_at(alert: Alert) -> datetime:
    return alert.fired_at or alert.found_at


def _was_open(alert: Alert | None) -> bool:
    return alert is not None and alert.is_open


def _is_quiet(alert: Alert, mutes: Sequence[Mute], now: datetime) -> bool:
    """Whether nobody is to be told of it now."""
    return (
        alert.acknowledgement is not None
        or bool(alert.muted_by)
        or alert.is_snoozed(now)
        or any(mute.covers(alert) for mute in mutes)
    )


def _by_cause(
    waiting: Sequence[Alert], is_due: Callable[[Alert], bool]
) -> Iterator[tuple[Sequence[Alert], str]]:
    """Those that are due, each with the others of its cause where these are several; and what that is."""
    left = {alert.id: alert for alert in waiting}
    # The narrowest first: what is the matter with a worker is not the matter with its connection.
    for kind, cause_of in _CAUSES:
        groups: defaultdict[tuple[str, str], list[Alert]] = defaultdict(list)
        for alert in left.values():
            if cause := cause_of(alert):
                groups[alert.subject.connection, cause].append(alert)
        for (_, cause), group in groups.items():
            if len(group) >= SEVERAL:
                if any(map(is_due, group)):
                    yield group, f"{kind} {cause}"
                for alert in group:
                    del left[alert.id]
    yield from (((alert,), "") for alert in left.values() if is_due(alert))


_CAUSES: tuple[tuple[str, Callable[[Alert], str]], ...] = (
    ("worker", lambda alert: alert.worker_id or alert.subject.worker_id),
    ("job", lambda alert: alert.subject.job_id),
    ("connection", lambda alert: alert.subject.connection),
)
"""What several alerts can have in common, and what that is of one."""
