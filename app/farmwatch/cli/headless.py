"""Watching without a screen: the loops of ``farmwatch watch`` and ``farmwatch wait``."""

from __future__ import annotations

import json
import os
import select
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TextIO

from farmwatch.aws.cleaning import clean
from farmwatch.aws.model import Fault, FaultKind, SessionRef
from farmwatch.cli.report import Record, Report, record
from farmwatch.cli.watched import CommandWatch
from farmwatch.monitor.update import SessionSnapshot, Update

HEARTBEAT = 60.0
"""Seconds between two lines that say that it is being watched."""

LOOK_EVERY = 1.0
"""Seconds between two looks at the clock, and at whether anybody still reads."""

TOLD_WITHIN = 10.0
"""Seconds after which what has ended is told, or never will be: an update was lost."""

WELL, OWN_ERROR, TIMED_OUT, LOGIN_NEEDED, ENDED_BADLY = 0, 1, 3, 4, 5
"""Exit codes of ``farmwatch wait``. (2 is that of a command line which is no good.)"""

BAD_ACTIONS = ("FAILED", "INTERRUPTED")


class OutputClosed(Exception):  # noqa: N818 - named for what happened
    """The output was closed at its other end."""


class Output:
    """Lines, each of them flushed at once. Raises `OutputClosed` where the other end was closed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        """Write a line, with its end, and flush it; raises `OutputClosed`."""
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (BrokenPipeError, ConnectionResetError):
            raise OutputClosed from None

    def check(self) -> None:
        """See whether anybody still reads, while there is nothing to write."""
        if not hasattr(select, "poll"):
            return
        try:
            number = self._stream.fileno()
        except (OSError, ValueError):
            return
        looks = select.poll()
        looks.register(number, 0)
        happened: list[tuple[int, int]] = looks.poll(0)
        if any(what & select.POLLERR for _, what in happened):
            raise OutputClosed


def as_json_line(told: Record) -> str:
    """A record as a line of JSON."""
    return json.dumps(told, ensure_ascii=False)


def as_text(told: Record) -> str:
    """A record as a line for people: local time, session, what happened."""
    at = datetime.fromisoformat(told["at"]).astimezone()
    who = told.get("sessionId") or told.get("jobId") or told.get("queueId") or told.get("connection", "")
    return clean(f"{at:%Y-%m-%d %H:%M:%S}  {who}  {_what(told)}", 4096)


def _what(told: Record) -> str:
    kind, subject = told.get("kind", ""), told.get("subject", "")
    about = f"{kind} {subject}".rstrip()
    old, new = told.get("old"), told.get("new")
    words = {
        "snapshot": f"{about} is {new}",
        "change": f"{about}: {old or 'new'} -> {new or 'gone'}",
        "fault": f"fault: {subject or 'connection'}: {new}",
        "recovered": f"recovered: {subject or 'connection'} (was {old})",
        "gap": f"not watched since {told.get('after', '?')}: {new}",
        "heartbeat": "watching, all of it live" if told.get("fresh") else "watching, not all of it is live",
        "end": f"ended: {new}",
    }
    return words[told["type"]]


class Step(Protocol):
    """What a command does with what has come in; the exit code where it ends by that."""

    def __call__(self, updates: Sequence[Update], lost: int) -> int | None:
        """Called once a second at least; ``lost`` is how many updates were dropped since. ``None``: go on."""


def run(watching: CommandWatch, step: Step) -> int:
    """Go on until a step ends it, or somebody stops it; the exit code."""
    while not watching.inbox.is_stopped:
        code = step(*watching.inbox.take(LOOK_EVERY))
        if code is not None:
            return code
    return WELL


class Telling:
    """Tells everything that happens, until all has ended (if so wanted) or nobody reads."""

    def __init__(
        self,
        watching: CommandWatch,
        output: Output,
        line: Callable[[Record], str],
        *,
        until_ended: bool = False,
    ) -> None:
        self._watching = watching
        self._output = output
        self._line = line
        self._until_ended = until_ended
        self._report = Report()
        self._clock = watching.monitor.clock
        self._beat_at = self._clock.monotonic() + HEARTBEAT
        self._over_since: float | None = None

    def __call__(self, updates: Sequence[Update], lost: int) -> int | None:
        """Tell of these updates, and now and then that it is being watched; 0 where that was the end."""
        self._watching.keep_up()
        try:
            for told in self._records(updates, lost):
                self._output.write(self._line(told))
            self._output.check()
        except OutputClosed:
            return WELL
        return WELL if self._until_ended and self._is_told(updates) else None

    def _is_told(self, updates: Sequence[Update]) -> bool:
        """Whether all has ended, and nothing of it is still to be told. What is known of a session is newer
        than the updates that have come in: its end can be known a moment before it can be told."""
        if not self._watching.is_over():
            self._over_since = None
            return False
        now = self._clock.monotonic()
        if self._over_since is None:
            self._over_since = now
            return False
        if updates:
            return False
        ended = self._report.ended
        return now - self._over_since >= TOLD_WITHIN or all(ref in ended for ref in self._watching.sessions)

    def _records(self, updates: Sequence[Update], lost: int) -> Iterator[Record]:
        now, wanted = self._clock.now(), self._watching.wanted
        if lost:
            why = f"the output is slow: {lost} updates were lost"
            yield record("gap", now, wanted, new=why, fresh=False)
        for update in updates:
            yield from self._report.take(update, now)
        if self._clock.monotonic() >= self._beat_at:
            self._beat_at = self._clock.monotonic() + HEARTBEAT
            yield self._report.heartbeat(
                "" if wanted is None else wanted.connection, now, fresh=self._watching.is_fresh(now)
            )


class Waiting:
    """Waits until all has ended, whatever fails meanwhile, and then ``say``s why it waits no longer.

    It gives up after ``timeout``, if there is one, and where a login is needed for longer than ``patience``.
    """

    def __init__(
        self,
        watching: CommandWatch,
        say: Callable[[str], None],
        *,
        timeout: timedelta | None = None,
        patience: timedelta = timedelta(minutes=10),
    ) -> None:
        self._watching = watching
        self._say = say
        self._timeout = timeout
        self._patience = patience
        self._clock = watching.monitor.clock
        self._began = self._clock.monotonic()
        self._login_since: float | None = None

    def __call__(self, updates: Sequence[Update], lost: int) -> int | None:  # noqa: ARG002 - as every step
        """Judge all that is known by now, whatever the updates were; an exit code where that ends it."""
        found = self._outcome()
        if found is None:
            return None
        code, why = found
        self._say(why)
        return code

    def _outcome(self) -> tuple[int, str] | None:
        watching, now = self._watching, self._clock.monotonic()
        if watching.is_over():
            return outcome(watching)
        login = _login_fault(watching)
        if login is None:
            self._login_since = None
        elif self._login_since is None:
            self._login_since = now
        elif now - self._login_since >= self._patience.total_seconds():
            needed = _minutes(now - self._login_since)
            return LOGIN_NEEDED, f"a login has been needed for {needed}: {login.remedy}"
        given_up = _given_up(watching)
        if given_up is not None:
            return OWN_ERROR, f"{given_up} was not found for so long that it is no longer asked for"
        if self._timeout is not None and now - self._began >= self._timeout.total_seconds():
            return TIMED_OUT, f"not ended after {_minutes(now - self._began)}: {_state(watching)}"
        return None


def outcome(watching: CommandWatch) -> tuple[int, str]:
    """How what has ended did so."""
    job = next((found.job for found in watching.discovered), None)
    bad = [words for snapshot in watching.sessions.values() for words in bad_parts(snapshot)]
    if job is not None:
        # What failed and was then done again well is not the job's failure. A log is not written again.
        status = job.task_run_status
        if status != "SUCCEEDED":
            return ENDED_BADLY, _listed(f"the job ended {status}", bad)
        bad = [words for words in bad if "log" in words.split(" is ")[0]]
        return (
            (ENDED_BADLY, _listed("the job SUCCEEDED, but not its logs", bad))
            if bad
            else (WELL, "the job SUCCEEDED")
        )
    if bad:
        return ENDED_BADLY, _listed("ended", bad)
    return WELL, "ended, with no failed or interrupted action and no log error"


def bad_parts(snapshot: SessionSnapshot) -> list[str]:
    """What of an ended session is not well, in words."""
    session = snapshot.session.session
    found = [
        f"session action {action.number} {action.status}"
        for action in snapshot.actions.actions
        if action.status in BAD_ACTIONS
    ]
    if session is not None:
        worker = session.worker_log
        errors = (("log.error", session.log.error), ("workerLog.error", worker.error if worker else None))
        found += [f"{name} is {error}" for name, error in errors if error]
    return found


def _listed(begin: str, bad: Sequence[str]) -> str:
    shown = [*bad[:3], *([f"{len(bad) - 3} more"] if len(bad) > 3 else [])]
    return clean(f"{begin}: {', '.join(shown)}" if shown else begin, 500)


def _login_fault(watching: CommandWatch) -> Fault | None:
    faults = [snapshot.session.fault for snapshot in watching.sessions.values()]
    faults += [found.fault for found in watching.discovered]
    return next((fault for fault in faults if fault is not None and fault.kind is FaultKind.LOGIN), None)


def _given_up(watching: CommandWatch) -> str | None:
    """The session that nothing more is asked about, though its end was not seen."""
    if not isinstance(watching.wanted, SessionRef):
        return None
    snapshot = watching.sessions[watching.wanted]
    is_given_up = snapshot.session.fault is not None and snapshot.rhythm.stopped
    return watching.wanted.session_id if is_given_up else None


def _state(watching: CommandWatch) -> str:
    sessions = watching.sessions
    living = sum(not snapshot.session.is_final for snapshot in sessions.values())
    if isinstance(watching.wanted, SessionRef):
        known = next(iter(sessions.values())).session.session
        return "it was never seen" if known is None else f"lifecycleStatus is {known.lifecycle_status}"
    return f"{living} of {len(sessions)} sessions have not ended"


def _minutes(seconds: float) -> str:
    minutes, left = divmod(round(seconds), 60)
    return f"{minutes} min {left} s" if minutes else f"{left} s"


def close_quietly(stream: TextIO) -> None:
    """Let nothing be written at the very end to an output that nobody reads."""
    try:
        stream.flush()
    except (OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
