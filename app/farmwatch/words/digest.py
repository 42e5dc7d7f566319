"""A handover in words: sections of lines, as text for a terminal, for the screen, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from unicodedata import combining, east_asian_width

from msgspec import Struct

from farmwatch.alerts.alert import Alert, State
from farmwatch.alerts.digest import Cause, Digest, Gap, JobRun, RequestsSent, known_by
from farmwatch.history.events import EventKind, Watched
from farmwatch.words.action import exit_words
from farmwatch.words.history import REQUESTED
from farmwatch.words.text import Part, brief, clean, clock_time, day_time, short_id

WIDTH = 100
"""Columns of the text for a terminal."""

MOST = 40
"""Lines of one section that are told; of what is beyond them the number."""

LONGEST = 300
"""Characters of a text from elsewhere."""


class Piece(Struct, frozen=True):
    """A part of a line; ``is_value`` says that its text is not ours, so that nothing in it may be taken for
    more than text."""

    text: str
    tone: str = ""
    is_value: bool = False


class Line(Struct, frozen=True):
    """One thing that is told, and below it what belongs to it."""

    pieces: tuple[Piece, ...]
    below: tuple[tuple[Piece, ...], ...] = ()


class Section(Struct, frozen=True):
    """Lines under a title; ``tone`` is how bad they are."""

    title: str
    lines: tuple[Line, ...]
    tone: str = "strong"


def _own(text: str, tone: str = "") -> Piece:
    return Piece(text, tone)


def _value(text: str, tone: str = "") -> Piece:
    return Piece(clean(text, LONGEST).strip() or "–", tone, is_value=True)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


# --- what it is about ---------------------------------------------------------------------------------------


def heading(digest: Digest) -> str:
    """From when to when it tells."""
    begin, end = (clock_time(at, digest.now) for at in (digest.since, digest.until))
    return f"Handover, {begin} to {end} ({brief(digest.until - digest.since)})"


def _time(at: datetime, digest: Digest) -> str:
    return day_time(at, digest.now)


def _job(watched: Watched) -> Piece:
    return _value(watched.job or short_id(watched.ref.job_id), "strong")


def _where(watched: Watched) -> tuple[Piece, ...]:
    ref = watched.ref
    farm, queue = watched.farm or short_id(ref.farm_id), watched.queue or short_id(ref.queue_id)
    return _value(farm, "muted"), _own(" › ", "muted"), _value(queue, "muted")


def _listed(those: Sequence[str], most: int = 4) -> Iterator[Piece]:
    for number, one in enumerate(those[:most]):
        yield from ([_own(", ")] if number else [])
        yield _value(short_id(one).removeprefix("worker-"))
    if len(those) > most:
        yield _own(f" and {len(those) - most:,} more")


# --- sections -----------------------------------------------------------------------------------------------


def sections(digest: Digest) -> list[Section]:
    """All that there is to tell, the worst first; a section only where it has something."""
    silenced = [_alert(one, digest) for one in digest.silenced] + _mutes(digest)
    found = [
        Section("Not seen", tuple(_not_seen(digest)), "warning"),
        Section("In trouble now", tuple(_alert(one, digest) for one in digest.firing), "error"),
        Section("Acknowledged", tuple(_alert(one, digest) for one in digest.acknowledged), "accent"),
        Section("Failed", tuple(_cause(one, digest) for one in digest.causes), "error"),
        Section("Interrupted", tuple(_interruptions(digest)), "warning"),
        Section("Asked to be told of", tuple(_alert(one, digest) for one in digest.asked), "accent"),
        Section("Resolved", tuple(_alert(one, digest) for one in digest.resolved)),
        Section("Muted or silent", tuple(silenced)),
        Section("Requests sent from here", tuple(_request(one, digest) for one in digest.requests)),
        Section("What ran", tuple(_ran(digest))),
    ]
    return [_shortened(one) for one in found if one.lines]


def _shortened(section: Section) -> Section:
    count = len(section.lines)
    if count <= MOST:
        return section
    rest = Line((_own(f"and {count - MOST:,} more", "muted"),))
    return Section(section.title, (*section.lines[:MOST], rest), section.tone)


def _not_seen(digest: Digest) -> Iterator[Line]:
    """What was not watched: that nothing is told of it does not mean that nothing happened."""
    looked = digest.looked_at
    if looked is None:
        yield Line(
            (_own("Nothing is recorded of this time: not watched, or nothing ran. Which is not known."),)
        )
    elif digest.is_behind:
        words = f"Since {_time(looked, digest)} no session was seen: not watched, or nothing ran."
        yield Line((_own(words),))
    for begin, end in digest.silences:
        times = f"{_time(begin, digest)} to {_time(end, digest)} ({brief(end - begin)})"
        yield Line((_own(f"{times}: nothing was recorded. Not watched, or nothing changed."),))
    unseen = sum(one.unseen for one in digest.jobs)
    if unseen:
        verb, those = ("has", "it") if unseen == 1 else ("have", "they")
        words = f"{_count(unseen, 'session')} {verb} not been seen for a while: {those} may have ended."
        yield Line((_own(words),))
    yield from (_gap(one, digest) for one in digest.gaps)


def _gap(gap: Gap, digest: Digest) -> Line:
    lasted = brief(gap.end - gap.begin)
    times = f"{_time(gap.begin, digest)} to {_time(gap.end, digest)} ({lasted})"
    words = f"{times}: {_count(gap.sessions, 'session')} of "
    why = [one for one in gap.why if one != "not watched"]
    reasons = (_own(", "), _value("; ".join(why))) if why else (_own(" not watched"),)
    return Line((_own(words), _value(gap.connection), *reasons))


def _alert(alert: Alert, digest: Digest) -> Line:
    end = alert.resolved_at or digest.until
    lasted = f"for {brief(end - alert.since)}"
    cannot = "  cannot be seen now" if alert.state is State.CANNOT_SEE else ""
    is_clear = alert.is_asked or alert.rule in alert.words
    trouble = alert.words if is_clear else f"{alert.rule}: {alert.words}"
    at = _time(alert.since, digest)
    since = f"  {at}" if alert.is_asked else f"  since {at}, {lasted}"
    pieces = (
        _value(alert.name or alert.subject.connection, "strong"),
        _own("  "),
        _value(trouble),
        _own(since, "muted"),
        _own(cannot, "warning"),
    )
    below: list[tuple[Piece, ...]] = [(_value(alert.evidence, "muted"),)] if alert.evidence else []
    known, until = known_by(alert), alert.wish.snoozed_until
    if known is not None:
        by = (
            _own("known to "),
            _value(known.who or "somebody here"),
            _own(f" since {_time(known.at, digest)}"),
        )
        until_words = f" until {_time(known.until, digest)}" if alert.acknowledgement is not None else ""
        note = (_own(": "), _value(known.note)) if known.note else ()
        below.append((*by, _own(until_words), *note))
    if until is not None and until > digest.now:
        below.append((_own(f"silent until {_time(until, digest)}"),))
    if alert.muted_by:
        below.append((_own("comes from a greater trouble"),))
    return Line(pieces, tuple(below))


def _mutes(digest: Digest) -> list[Line]:
    names = {
        of: name
        for one in digest.jobs
        for of, name in (
            (one.watched.ref.job_id, one.watched.job),
            (one.watched.ref.queue_id, one.watched.queue),
        )
        if name
    }
    return [
        Line(
            (
                _own(f"{one.kind.value} "),
                _value(names.get(one.value, one.value), "strong"),
                _own(f" is muted until {_time(one.until, digest)}, by "),
                _value(one.who or "somebody here"),
            )
        )
        for one in digest.mutes
    ]


def _cause(cause: Cause, digest: Digest) -> Line:
    times = _time(cause.first_at, digest)
    if cause.count > 1:
        last = _time(cause.last_at, digest)
        times = times if last == times else f"{times} to {last}"
    which: tuple[Piece, ...] = (_job(cause.watched),)
    if cause.jobs > 1:
        which = (_own(_count(cause.jobs, "job")),)
    elif cause.step:
        which = (*which, _own(" "), _value(cause.step))
    on = (_own(", on "), *_listed(cause.workers)) if cause.workers else ()
    pieces = (_own(f"{cause.count:,} × ", "strong"), *which, _own("  "), *_what(cause), *on)
    of = f", {_count(cause.sessions, 'session')}" if cause.sessions > 1 else ""
    example = (
        _own(f"{times}{of}; the newest: ", "muted"),
        _value(
            cause.example.subject if cause.kind is EventKind.ACTION else cause.example.ref.session_id, "muted"
        ),
    )
    return Line(pieces, (example,))


def _what(cause: Cause) -> tuple[Piece, ...]:
    match cause.kind:
        case EventKind.ACTION:
            how = exit_words(cause.exit_code)
            return (_own(f"failed, exit code {how}" if how else "failed, exit code not known", "error"),)
        case EventKind.STATUS:
            return (_own("the session's update failed", "error"),)
    which = "session log: " if cause.kind is EventKind.LOG_ERROR else "worker log: "
    return _own(which, "error"), _value(cause.text, "error")


def _interruptions(digest: Digest) -> Iterator[Line]:
    those = digest.interruptions
    if those.count:
        words = f"{_count(those.count, 'action')} of {_count(those.jobs, 'job')}"
        on = (
            (_own(f", on {_count(len(those.workers), 'worker')}: "), *_listed(those.workers))
            if those.workers
            else ()
        )
        yield Line((_own(words), *on))


def _request(sent: RequestsSent, digest: Digest) -> Line:
    outcome, _, why = sent.outcome.partition(": ")
    told = {"ASKED": "asked; what came of it is not known", "TAKEN": "taken"}.get(outcome, outcome.lower())
    times = _time(sent.first_at, digest)
    if _time(sent.last_at, digest) != times:
        times = f"{times} to {_time(sent.last_at, digest)}"
    tone = "success" if outcome in ("TAKEN", "DONE") else "warning"
    return Line(
        (
            _own(f"{times}  "),
            _value(sent.who or "somebody here"),
            _own(f"  {sent.count:,} × " if sent.count > 1 else "  "),
            _value(REQUESTED.get(sent.wished, sent.wished)),
            _own("  "),
            _job(sent.watched),
            *((_own("  "), _value(short_id(sent.example))) if sent.count == 1 else ()),
            _own(": "),
            _value(told, tone),
            *((_own("  "), _value(why)) if why else ()),
        )
    )


def _ran(digest: Digest) -> Iterator[Line]:
    """All jobs together, and each."""
    jobs = digest.jobs
    if len(jobs) > 1:
        yield Line((_own(f"{_count(len(jobs), 'job')}: {_run_words(jobs)}"),))
    for one in jobs:
        yield Line((_job(one.watched), _own(f"  {_run_words([one])}   "), *_where(one.watched)))


def _run_words(runs: Sequence[JobRun]) -> str:
    """How many sessions there were, what became of them, and of their actions."""

    def total(name: str) -> int:
        return sum(getattr(one, name) for one in runs)

    sessions = [_count(total("sessions"), "session")]
    ended, well = total("ended"), total("well")
    if ended:
        sessions.append(f"{ended:,} ended well" if well == ended else f"{ended:,} ended ({well:,} well)")
    sessions += [f"{total(name):,} {word}" for name, word in _SESSIONS if total(name)]
    actions = [f"{total(name):,} {name}" for name in _ACTIONS if total(name)]
    return ", ".join(sessions) + (f"; actions: {', '.join(actions)}" if actions else "")


_SESSIONS = (("running", "running"), ("unseen", "not seen"))
_ACTIONS = ("succeeded", "failed", "interrupted", "canceled")


# --- as text ------------------------------------------------------------------------------------------------


def text_lines(digest: Digest) -> list[str]:
    """For a terminal, no line longer than `WIDTH` columns."""
    lines = [heading(digest), *_by(digest)]
    for section in sections(digest):
        lines += ["", section.title]
        for line in section.lines:
            lines += _wrapped(line.pieces, "  ", "      ")
            for pieces in line.below:
                lines += _wrapped(pieces, "      ", "        ")
    return [clean(line) for line in lines]


def _by(digest: Digest) -> list[str]:
    words = f"Seen by {', '.join(digest.watchers)}." if digest.watchers else ""
    return _wrapped([_own(clean(words, LONGEST))], "", "") if words else []


def _wrapped(pieces: Iterable[Piece], first: str, rest: str) -> list[str]:
    text = clean("".join(piece.text for piece in pieces))
    lines, line = list[str](), first
    for word in _words(text.split(" "), WIDTH - len(rest)):
        if _cells(line) + _cells(word) > WIDTH and line.strip():
            lines.append(line.rstrip())
            line = rest
        # Of several spaces where a line is broken none begins the next one.
        if word or line.strip() or not lines:
            line += f"{word} "
    return [*lines, line.rstrip()]


def _words(words: Iterable[str], width: int) -> Iterator[str]:
    """Words, those cut that are wider than a line."""
    for word in words:
        while _cells(word) > width:
            end = next(n for n in range(len(word), 0, -1) if _cells(word[:n]) <= width)
            yield word[:end]
            word = word[end:]
        yield word


def _cells(text: str) -> int:
    """Columns that a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(one) else 1 + (east_asian_width(one) in "WF") for one in text)


# --- on the screen ------------------------------------------------------------------------------------------


def parts(pieces: Iterable[Piece]) -> list[Part]:
    """A line as text with tones."""
    return [(piece.text, piece.tone) for piece in pieces]


# --- as Markdown --------------------------------------------------------------------------------------------


def markdown(digest: Digest) -> str:
    """Fit for a ticket or chat. What is not ours stands in code spans, in which nothing is markup, a link or
    a mention; and there are no tables, which many chats do not have."""
    lines = [f"## {heading(digest)}"]
    if digest.watchers:
        lines += ["", f"Seen by {', '.join(map(_code, digest.watchers))}."]
    for section in sections(digest):
        lines += ["", f"### {section.title}", ""]
        for line in section.lines:
            lines.append(f"- {_marked(line.pieces)}")
            lines += [f"  - {_marked(pieces)}" for pieces in line.below]
    return "\n".join(lines) + "\n"


def _marked(pieces: Iterable[Piece]) -> str:
    return "".join(_code(one.text) if one.is_value else " ".join(one.text.split("  ")) for one in pieces)


def _code(text: str) -> str:
    """A code span: a grave accent would end it, and longer fences are not known to every chat."""
    return f"`{clean(text, LONGEST).strip().replace('`', 'ˋ') or '–'}`"
