"""A handover is made, from the history alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from farmwatch.alerts.alert import Alert, Mute, State, Wish
from farmwatch.alerts.digest import UNSEEN_AFTER, Cause, Digest, Gap, Interruptions, JobRun, RequestsSent
from farmwatch.alerts.life import with_wish
from farmwatch.aws.model import ENDED, SessionRef
from farmwatch.history.events import Event, EventKind, Past, Watched
from farmwatch.history.kept_alerts import KeptText

BACK = timedelta(hours=12)
"""How far back it looks by default: a night and its evening."""

SILENT_AFTER = timedelta(hours=1)
"""How long nothing is recorded before that is told: nobody may have watched."""

INTERRUPTED = frozenset({"INTERRUPTED", "RECLAIMED"})
"""What was taken away from a worker, and is begun again elsewhere: no failure."""

ALL = 2**31
"""More entries than there are."""

T = TypeVar("T")


class Reads(Protocol):
    """The history, as far as it is read here."""

    def entries(
        self, *, since: datetime | None = None, session_id: str | None = None, limit: int = 10_000
    ) -> list[Event]:
        """The newest entries since then, oldest first."""

    def sessions(self) -> dict[SessionRef, Watched]:
        """Every session."""

    def past(self, refs: Sequence[SessionRef]) -> Mapping[SessionRef, Past]:
        """What is known of these sessions."""

    def alerts(self) -> list[KeptText]:
        """All alerts that are kept."""

    def alert_wishes(self) -> list[KeptText]:
        """What somebody wants of alerts, and what is muted."""


class Facts(Struct, frozen=True):
    """What the history has of a time: ``statuses`` of the sessions that have no entry of one."""

    entries: Sequence[Event]
    sessions: Mapping[SessionRef, Watched]
    statuses: Mapping[SessionRef, str | None]
    alerts: Sequence[KeptText]
    wishes: Sequence[KeptText]


def read_facts(history: Reads, since: datetime) -> Facts:
    """Read it. Raises what reading the history does."""
    entries, sessions = history.entries(since=since, limit=ALL), history.sessions()
    told = {one.ref for one in entries if one.kind is EventKind.STATUS}
    silent = [ref for ref, one in sessions.items() if ref not in told and (_looked(one) or since) > since]
    past = history.past(silent) if silent else {}
    statuses = {ref: one.values.get((EventKind.STATUS, "")) for ref, one in past.items()}
    return Facts(entries, sessions, statuses, history.alerts(), history.alert_wishes())


def digest_from(facts: Facts, since: datetime, until: datetime, now: datetime) -> Digest:
    """The digest of what the history has."""
    alerts, mutes = _alerts_of(facts.alerts, facts.wishes, now)
    return digest_of(facts.entries, facts.sessions, facts.statuses, alerts, mutes, since, until, now)


def digest_of(
    entries: Iterable[Event],
    sessions: Mapping[SessionRef, Watched],
    statuses: Mapping[SessionRef, str | None],
    alerts: Iterable[Alert],
    mutes: Sequence[Mute],
    since: datetime,
    until: datetime,
    now: datetime,
) -> Digest:
    """The digest of ``entries`` since then and what is known of the ``sessions``; ``statuses`` has what those
    are that have no entry of a status."""
    by_session: defaultdict[SessionRef, list[Event]] = defaultdict(list)
    later: dict[SessionRef, Event] = {}
    requests: list[Event] = []
    for entry in sorted(entries, key=lambda one: one.at):
        if entry.at > until:
            if entry.kind is EventKind.STATUS:
                later.setdefault(entry.ref, entry)
        elif entry.kind is EventKind.REQUEST:
            requests.append(entry)
        else:
            by_session[entry.ref].append(entry)
    stories = [
        story
        for ref in {**by_session, **statuses}
        if (story := _story(ref, by_session.get(ref, ()), sessions, statuses, later.get(ref), since, until))
    ]
    looks = [min(at, until) for one in sessions.values() if (at := _looked(one)) is not None and at >= since]
    told = [*requests, *(one for story in stories for one in story.entries)]
    seen = [entry.at for entry in told]
    looked_at = max((*looks, *seen), default=None)
    return Digest(
        since,
        until,
        now,
        _jobs(stories),
        _causes(stories),
        _interruptions(stories),
        requests=_requests(requests, sessions),
        gaps=_gaps(stories, since),
        silences=_silences(told, since, looked_at),
        looked_at=looked_at,
        watchers=tuple(sorted({one.watcher for one in told} - {""})),
        mutes=tuple(sorted(mutes, key=lambda one: one.until)),
        **_sorted_alerts(alerts, mutes, since, until, now),
    )


# --- sessions -----------------------------------------------------------------------------------------------


class _Story(Struct, frozen=True):
    """A session: what happened to it, what became of its actions and its logs, and what it was at the end."""

    watched: Watched
    entries: Sequence[Event]
    actions: Mapping[str, Event]
    errors: Sequence[Event]
    status: str
    ended: bool
    is_unseen: bool


def _looked(watched: Watched) -> datetime | None:
    return max(filter(None, (watched.session_until, watched.actions_until)), default=None)


def _story(
    ref: SessionRef,
    entries: Sequence[Event],
    sessions: Mapping[SessionRef, Watched],
    statuses: Mapping[SessionRef, str | None],
    later: Event | None,
    since: datetime,
    until: datetime,
) -> _Story | None:
    """``None`` for a session that was not seen in that time."""
    watched = sessions.get(ref) or Watched(ref)
    changes = [one.new for one in entries if one.kind is EventKind.STATUS]
    status = changes[-1] if changes else later.old if later is not None else statuses.get(ref)
    looked = _looked(watched)
    if not entries and (status in (None, ENDED) or looked is None or looked < since):
        return None
    ended = ENDED in changes
    last = max(filter(None, (looked, *(one.at for one in entries[-1:]))), default=since)
    return _Story(
        watched,
        entries,
        {one.subject: one for one in entries if one.kind is EventKind.ACTION},
        [one for one in entries if _is_error(one)],
        status or "",
        ended,
        status != ENDED and until - last > UNSEEN_AFTER,
    )


def _is_error(entry: Event) -> bool:
    match entry.kind:
        case EventKind.LOG_ERROR | EventKind.WORKER_LOG_ERROR:
            return entry.new is not None
        case EventKind.STATUS:
            return entry.new == "UPDATE_FAILED"
    return False


def _job_key(watched: Watched) -> tuple[str, str]:
    return watched.ref.connection, watched.ref.job_id


def _jobs(stories: Iterable[_Story]) -> tuple[JobRun, ...]:
    """What became of each job; the most failures first."""
    runs: dict[tuple[str, str], JobRun] = {}
    for story in stories:
        if not any(one.kind is not EventKind.FAULT for one in story.entries) and not story.status:
            # Asked for in vain: nothing is known of it.
            continue
        former = runs.get(_job_key(story.watched)) or JobRun(story.watched)
        ends = [one.new or "" for one in story.actions.values()]
        failed, interrupted = ends.count("FAILED"), sum(one in INTERRUPTED for one in ends)
        is_over = story.ended or story.status == ENDED
        runs[_job_key(story.watched)] = replace(
            former,
            watched=max(former.watched, story.watched, key=lambda one: len(one.farm + one.queue + one.job)),
            sessions=former.sessions + 1,
            running=former.running + (not is_over and not story.is_unseen),
            unseen=former.unseen + (not is_over and story.is_unseen),
            ended=former.ended + is_over,
            well=former.well + (is_over and not failed and not interrupted and not story.errors),
            succeeded=former.succeeded + ends.count("SUCCEEDED"),
            failed=former.failed + failed,
            interrupted=former.interrupted + interrupted,
            canceled=former.canceled + ends.count("CANCELED"),
        )
    return tuple(sorted(runs.values(), key=lambda one: (-one.failed, -one.sessions, _job_key(one.watched))))


# --- failures -----------------------------------------------------------------------------------------------


def _failures(story: _Story) -> Iterator[Event]:
    yield from (one for one in story.actions.values() if one.new == "FAILED")
    yield from story.errors


def _happened_at(entry: Event) -> datetime:
    return entry.service_at or entry.at


def _causes(stories: Sequence[_Story]) -> tuple[Cause, ...]:
    """The failures, those of one cause together; the most frequent first. Where the name of a step was not
    known yet it is that of the only one that is."""
    steps: defaultdict[tuple[object, ...], set[str]] = defaultdict(set)
    for story in stories:
        for one in _failures(story):
            steps[(*_job_key(story.watched), one.exit_code)] |= {one.step} - {""}
    folded: defaultdict[tuple[object, ...], list[tuple[Event, Watched]]] = defaultdict(list)
    for story in stories:
        for one in _failures(story):
            if one.kind is EventKind.ACTION:
                about: tuple[object, ...] = (*_job_key(story.watched), one.exit_code)
                known = steps[about]
                about = (*about, next(iter(known)) if len(known) == 1 else one.step)
            else:
                about = (story.watched.ref.connection, one.new)
            folded[one.kind, *about].append((one, story.watched))
    causes = []
    for those in folded.values():
        newest, watched = max(those, key=lambda one: _happened_at(one[0]))
        causes.append(
            Cause(
                newest.kind,
                watched,
                newest,
                len(those),
                min(_happened_at(one) for one, _ in those),
                _happened_at(newest),
                len({one.ref for one, _ in those}),
                len({one.ref.job_id for one, _ in those}),
                tuple(sorted({of.worker_id for _, of in those} - {""})),
                "" if newest.kind is EventKind.ACTION else newest.new or "",
                max(one.step for one, _ in those),
                newest.exit_code,
            )
        )
    return tuple(sorted(causes, key=lambda one: (-one.count, -one.last_at.timestamp())))


def _interruptions(stories: Iterable[_Story]) -> Interruptions:
    those = [story.watched for story in stories for one in story.actions.values() if one.new in INTERRUPTED]
    workers = tuple(sorted({one.worker_id for one in those} - {""}))
    return Interruptions(len(those), len(set(map(_job_key, those))), workers)


# --- requests, and what nobody saw --------------------------------------------------------------------------


def _requests(entries: Iterable[Event], sessions: Mapping[SessionRef, Watched]) -> tuple[RequestsSent, ...]:
    last: dict[str, tuple[Event, datetime]] = {}
    for entry in entries:
        begun = last[entry.subject][1] if entry.subject in last else entry.at
        last[entry.subject] = entry, begun
    names = {_job_key(one): one for one in sessions.values() if one.job}
    folded: defaultdict[tuple[str, ...], list[tuple[Event, datetime]]] = defaultdict(list)
    for entry, begun in last.values():
        wished = entry.subject.rpartition(" ")[0].rpartition(" ")[0]
        key = (entry.watcher, wished, entry.new or "", entry.ref.connection, entry.ref.job_id)
        folded[key].append((entry, begun))
    found = []
    for (who, wished, outcome, *_), those in folded.items():
        newest = those[-1][0]
        watched = sessions.get(newest.ref) or Watched(newest.ref)
        watched = watched if watched.job else replace(names.get(_job_key(watched), watched), ref=newest.ref)
        times = [begun for _, begun in those]
        example = newest.subject.rpartition(" ")[0].rpartition(" ")[2]
        found.append(RequestsSent(watched, who, wished, outcome, len(those), min(times), max(times), example))
    return tuple(sorted(found, key=lambda one: one.first_at))


def _gaps(stories: Iterable[_Story], since: datetime) -> tuple[Gap, ...]:
    """When nobody saw some session, by connection: what overlaps is told as one."""
    found: defaultdict[str, list[tuple[datetime, datetime, str, SessionRef]]] = defaultdict(list)
    for story in stories:
        for one in story.entries:
            if one.kind is EventKind.GAP and one.after is not None:
                begin = max(one.after, since)
                found[one.ref.connection].append((begin, one.at, one.new or "", one.ref))
    gaps: list[Gap] = []
    for connection, those in sorted(found.items()):
        merged: list[tuple[datetime, datetime, set[str], set[SessionRef]]] = []
        for begin, end, why, ref in sorted(those, key=lambda one: one[0]):
            if merged and begin <= merged[-1][1]:
                first, last, reasons, refs = merged[-1]
                merged[-1] = first, max(last, end), reasons | {why}, refs | {ref}
            else:
                merged.append((begin, end, {why}, {ref}))
        gaps += [
            Gap(connection, begin, end, len(refs), tuple(sorted(reasons - {""})))
            for begin, end, reasons, refs in merged
        ]
    return tuple(sorted(gaps, key=lambda one: one.begin))


def _silences(
    entries: Iterable[Event], since: datetime, looked_at: datetime | None
) -> tuple[tuple[datetime, datetime], ...]:
    """The times without any entry, until somebody looked last; what is recorded as a gap is none of them."""
    if looked_at is None:
        return ()
    marks = sorted((max(one.after or one.at, since), one.at) for one in entries)
    found, until = [], since
    for begin, end in [*marks, (looked_at, looked_at)]:
        if begin - until > SILENT_AFTER:
            found.append((until, begin))
        until = max(until, end)
    return tuple(found)


# --- alerts -------------------------------------------------------------------------------------------------


def _alerts_of(
    kept: Iterable[KeptText], wishes: Iterable[KeptText], now: datetime
) -> tuple[list[Alert], list[Mute]]:
    alerts = {one.id: alert for one in kept if (alert := _decoded(one, Alert)) is not None}
    mutes: list[Mute] = []
    for one in wishes:
        if one.id in alerts:
            wish = _decoded(one, Wish)
            alerts[one.id] = alerts[one.id] if wish is None else _wished(alerts[one.id], wish, now)
        elif " " in one.id:
            mute = _decoded(one, Mute)
            mutes += [mute] if mute is not None and mute.until > now else []
    return list(alerts.values()), mutes


def _wished(alert: Alert, wish: Wish, now: datetime) -> Alert:
    """With what was said of it; an acknowledgement ends with the trouble, and by its time."""
    known = wish.acknowledgement
    if known is not None and (known.until <= now or alert.resolved_at is not None):
        wish = replace(wish, acknowledgement=None)
        alert = replace(alert, was_known=alert.was_known or known)
    return with_wish(alert, wish)


def _decoded(kept: KeptText, kind: type[T]) -> T | None:
    """What is kept; ``None`` for what another Farmwatch has kept in another form."""
    try:
        return msgspec.json.decode(kept.text, type=kind)
    except msgspec.DecodeError:
        return None


def _sorted_alerts(
    alerts: Iterable[Alert], mutes: Iterable[Mute], since: datetime, until: datetime, now: datetime
) -> dict[str, tuple[Alert, ...]]:
    found: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert in sorted(alerts, key=lambda one: (one.severity.rank, one.since, one.id)):
        if alert.fired_at is None or alert.fired_at > until:
            continue
        if alert.is_asked:
            if alert.resolved_at is None or alert.resolved_at >= since:
                found["asked"].append(alert)
        elif alert.state is State.RESOLVED:
            resolved_at = alert.resolved_at or now
            if since <= resolved_at <= until:
                found["resolved"].append(alert)
        elif alert.acknowledgement is not None:
            found["acknowledged"].append(alert)
        elif alert.muted_by or alert.is_snoozed(now) or any(mute.covers(alert) for mute in mutes):
            found["silenced"].append(alert)
        else:
            found["firing"].append(alert)
    return {name: tuple(those) for name, those in found.items()}
