"""The life of alerts, as one pure step: what they were, and what a pass has found, lead to what they are and
to what is to be told.

An alert fires when what was found is sure enough, and is resolved by two passes in a row that saw anew that
all is well. What cannot be seen resolves nothing. While it fires and nobody has acknowledged it, it is told
every four hours. In quiet hours nobody is told of anything; what still fires when they end is told then. What
somebody asked to be told of fires at once, and is over when it was told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.alerts.alert import (
    ACKNOWLEDGED_FOR,
    CONNECTION_LOST,
    LAST_STATES,
    Acknowledgement,
    Alert,
    Found,
    Mute,
    Notice,
    Wish,
)
from farmwatch.alerts.notices import notices_of
from farmwatch.rules.finding import Severity
from farmwatch.rules.well import NOT_RESPONDING

PASSES = 2
"""Passes in a row that see all well, after which an alert is resolved."""

STUCK_FOR = timedelta(minutes=5)
"""How long something is found to be stuck before that fires: two signals of a rule are no proof."""

UNSURE_FOR = timedelta(minutes=1)
"""How long an alert that needs several passes is pending where no other pass comes."""

RESOLVED_FOR = timedelta(hours=12)
"""How long an alert that is resolved is remembered."""

UNSEEN_FOR = timedelta(days=3)
"""How long one is remembered that cannot be seen any more, as of a worker that was deleted."""

FLAPPING_ON, FLAPPING_OFF = 0.30, 0.25
"""The shares of changes among the last states above which an alert is flapping, and below which no more."""

GREATER_OF_WORKERS = (NOT_RESPONDING, "dead worker", "bad worker")
"""The rules whose alerts mute those of the sessions on the worker."""

Alerts = Mapping[str, Alert]
"""By their ids."""


class Pass(Struct, frozen=True):
    """What a refresh of a connection has shown. ``well`` has by the ids of alerts when it was seen that all
    is well there; ``settled`` are ids of alerts that are over at once; ``over`` ids of sessions that were
    seen to have ended. What is in none of them cannot be seen."""

    connection: str
    found: tuple[Found, ...] = ()
    well: Mapping[str, datetime] = {}
    settled: frozenset[str] = frozenset()
    over: frozenset[str] = frozenset()


def step(
    alerts: Alerts, seen: Pass | None, now: datetime, mutes: Iterable[Mute] = (), *, is_quiet: bool = False
) -> tuple[dict[str, Alert], list[Notice]]:
    """What becomes of all alerts by a pass, or, without one, by the time alone; and what is to be told, where
    it is not in quiet hours."""
    found = {} if seen is None else {one.id: one for one in seen.found}
    stepped: dict[str, Alert] = {}
    for key, alert in alerts.items():
        if seen is not None and alert.subject.connection == seen.connection and not alert.is_asked:
            stepped[key] = _judged(alert, found.get(key), seen, now)
        else:
            stepped[key] = alert
    for key, one in found.items():
        if key not in stepped:
            stepped[key] = _begun(one, now)
    living = {key: _aged(alert, now) for key, alert in stepped.items() if not _leaves(alert, now)}
    muted = _muted(living)
    if is_quiet:
        return muted, []
    return notices_of(alerts, muted, tuple(one for one in mutes if one.until > now), now)


# --- what a pass says ---------------------------------------------------------------------------------------


def _begun(found: Found, now: datetime) -> Alert:
    return Alert(
        found.id,
        found.rule,
        found.subject,
        found.severity,
        found.words,
        found.evidence,
        found.since,
        now,
        found.name,
        found.worker_id,
        found.sessions,
        found.needs,
    )


def _judged(alert: Alert, found: Found | None, seen: Pass, now: datetime) -> Alert:
    well_at = seen.well.get(alert.id)
    is_well = well_at is not None and (alert.well_at is None or well_at > alert.well_at)
    if alert.resolved_at is not None:
        return _resolved_judged(alert, found, well_at if is_well else None, now)
    if alert.subject.session_id in seen.over:
        alert = replace(alert, is_over=True)
    if found is not None:
        alert = replace(
            alert,
            severity=found.severity,
            words=found.words,
            evidence=found.evidence,
            # Some rules know no more than when they have found it, and an hour that slides goes on.
            since=min(alert.since, found.since),
            name=found.name or alert.name,
            worker_id=found.worker_id or alert.worker_id,
            sessions=found.sessions or alert.sessions,
            unseen_since=None,
        )
    elif alert.is_over or alert.id in seen.settled:
        return _resolved(alert, now)
    if is_well:
        # A finding is told until its rule has seen all well twice: the first of these passes counts here too.
        good = alert.good + 1
        alert = _with_state(
            replace(alert, good=good, bad=0, well_at=well_at, unseen_since=None), is_bad=False
        )
        return _resolved(alert, now) if found is None and good >= PASSES else alert
    if found is not None:
        return _with_state(replace(alert, bad=alert.bad + 1, good=0), is_bad=True)
    if well_at is not None:
        # Seen well, but by nothing newer than the pass before.
        return alert
    return replace(alert, unseen_since=alert.unseen_since or now)


def _resolved_judged(alert: Alert, found: Found | None, well_at: datetime | None, now: datetime) -> Alert:
    if found is not None:
        anew = _begun(found, now)
        keeps = alert.is_flapping
        anew = replace(
            anew,
            states=alert.states,
            is_flapping=alert.is_flapping,
            flapping_told=alert.flapping_told,
            notified_at=alert.notified_at if keeps else None,
            wish=replace(alert.wish, acknowledgement=None),
        )
        return _with_state(anew, is_bad=True)
    if well_at is not None:
        return _with_state(replace(alert, well_at=well_at), is_bad=False)
    return alert


def _resolved(alert: Alert, now: datetime) -> Alert:
    """Over; an acknowledgement ends with the trouble."""
    wish, known = alert.wish, alert.wish.acknowledgement
    if known is not None:
        wish = Wish(_after(alert, now), None, wish.snoozed_until)
    was_known = known or alert.was_known
    return replace(alert, resolved_at=now, unseen_since=None, muted_by="", wish=wish, was_known=was_known)


def _with_state(alert: Alert, *, is_bad: bool) -> Alert:
    states = (*alert.states, is_bad)[-LAST_STATES:]
    changes = sum(one != other for one, other in pairwise(states))
    share = changes / (LAST_STATES - 1)
    is_flapping = share > FLAPPING_ON or (alert.is_flapping and share >= FLAPPING_OFF)
    return replace(
        alert, states=states, is_flapping=is_flapping, flapping_told=alert.flapping_told and is_flapping
    )


# --- what the time says -------------------------------------------------------------------------------------


def _leaves(alert: Alert, now: datetime) -> bool:
    if alert.resolved_at is not None:
        return alert.fired_at is None or now - alert.resolved_at >= RESOLVED_FOR
    return alert.unseen_since is not None and now - alert.unseen_since >= UNSEEN_FOR


def _aged(alert: Alert, now: datetime) -> Alert:
    """Fires where that is sure enough by now; an acknowledgement ends when its time has come. A time that is
    still to come was written down by a clock that went wrong."""
    if alert.is_asked and alert.is_open and (alert.notified_at or alert.acknowledgement) is not None:
        return _resolved(alert, now)
    if alert.fired_at is None and alert.unseen_since is None and _is_sure(alert, now):
        alert = replace(alert, fired_at=now)
    times = {
        name: now
        for name in ("found_at", "fired_at", "resolved_at", "unseen_since", "notified_at")
        if (at := getattr(alert, name)) is not None and at > now
    }
    alert = replace(alert, **times) if times else alert
    known = alert.wish.acknowledgement
    if known is not None:
        if known.until <= now:
            return replace(alert, wish=replace(alert.wish, acknowledgement=None), was_known=known)
        if known.until > now + ACKNOWLEDGED_FOR:
            known = replace(known, until=now + ACKNOWLEDGED_FOR)
            return replace(alert, wish=replace(alert.wish, acknowledgement=known))
    return alert


def _is_sure(alert: Alert, now: datetime) -> bool:
    if alert.resolved_at is not None or not alert.bad:
        return False
    lasted = now - alert.found_at
    if alert.severity is Severity.STUCK:
        return lasted >= STUCK_FOR
    return alert.bad >= alert.needs or lasted >= UNSURE_FOR


def _muted(alerts: Alerts) -> dict[str, Alert]:
    """Which alerts come from a greater one: a connection that is lost, or a worker that is dead or bad."""
    lost = {one.subject.connection: key for key, one in alerts.items() if _is_lost(one)}
    workers = {
        (one.subject.connection, one.subject.worker_id): key
        for rule in reversed(GREATER_OF_WORKERS)
        for key, one in alerts.items()
        if one.is_open and one.rule == rule
    }
    muted: dict[str, Alert] = {}
    for key, alert in alerts.items():
        by = lost.get(alert.subject.connection, "") if alert.rule != CONNECTION_LOST else ""
        if not by and alert.subject.session_id and alert.worker_id:
            by = workers.get((alert.subject.connection, alert.worker_id), "")
        by = by if alert.resolved_at is None and not alert.is_asked else ""
        muted[key] = alert if by == alert.muted_by else replace(alert, muted_by=by)
    return muted


def _is_lost(alert: Alert) -> bool:
    return alert.is_open and alert.rule == CONNECTION_LOST


# --- what somebody wants ------------------------------------------------------------------------------------


def _after(alert: Alert, now: datetime) -> datetime:
    """When a wish was said: after the one before it, whatever the clocks of two machines say."""
    former = alert.wish.at
    return now if former is None else max(now, former + timedelta(microseconds=1))


def acknowledged(alert: Alert, who: str, now: datetime, note: str = "") -> Alert:
    """Known to somebody, for four hours or until the trouble is over."""
    known = Acknowledgement(who, now, now + ACKNOWLEDGED_FOR, note)
    return replace(alert, wish=replace(alert.wish, at=_after(alert, now), acknowledgement=known))


def snoozed(alert: Alert, until: datetime, now: datetime) -> Alert:
    """Not to be told of until then."""
    return replace(alert, wish=replace(alert.wish, at=_after(alert, now), snoozed_until=until))


def undone(alert: Alert, now: datetime) -> Alert:
    """As if nobody had acknowledged it or wanted it to be silent."""
    return replace(alert, wish=Wish(_after(alert, now)))


def with_wish(alert: Alert, wish: Wish) -> Alert:
    """With what was said of it, be it here or to another program, if that is newer."""
    if wish.at is None or (alert.wish.at is not None and wish.at <= alert.wish.at):
        return alert
    return replace(alert, wish=wish)
