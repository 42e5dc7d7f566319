"""A session action in words: pure functions from its value to what stands in the table and on its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from farmwatch.aws.session_action import NEVER_ATTEMPTED, SessionAction
from farmwatch.words.text import BAR, Part, lasted, progress_bar, short_id, span

SIGNALS = {
    1: "SIGHUP",
    2: "SIGINT",
    3: "SIGQUIT",
    4: "SIGILL",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    13: "SIGPIPE",
    14: "SIGALRM",
    15: "SIGTERM",
    24: "SIGXCPU",
    25: "SIGXFSZ",
}
"""Signals by their numbers on Linux, where workers run; this machine may be of another kind."""

STOPS_THE_REST = ("FAILED", "CANCELED", "INTERRUPTED", "RECLAIMED")
"""Statuses after which what is queued in the session becomes NEVER_ATTEMPTED (the worker agent's source)."""


def exit_words(code: int | None) -> str:
    """An exit code as a person reads it: ``-9 (SIGKILL)``, ``-1073741819 (0xC0000005)``, ``137 (SIGKILL)``.

    A small negative one is the signal that ended a process on POSIX; a large one is a Windows status, which
    is known by its hexadecimal digits; a shell says 128 and the number of the signal.
    """
    if code is None:
        return ""
    if code < -255:
        return f"{code} (0x{code & 0xFFFFFFFF:08X})"
    signal = _signal(code)
    return f"{code} ({signal})" if signal else str(code)


def _signal(code: int) -> str:
    return SIGNALS.get(-code if code < 0 else code - 128, "")


def action_name(action: SessionAction, steps: Mapping[str, str]) -> str:
    """What the action is: ``enter Maya``, ``Render  Frame=5``, ``sync job attachments``."""
    step = "" if action.step_id is None else steps.get(action.step_id, short_id(action.step_id))
    if action.kind == "envEnter":
        return f"enter {action.environment or 'environment'}"
    if action.kind == "envExit":
        return f"exit {action.environment or 'environment'}"
    if action.kind == "taskRun":
        parameters = " ".join(f"{name}={value}" for name, value in action.parameters.items())
        return f"{step or 'task'}  {parameters}".rstrip()
    if action.kind == "syncInputJobAttachments":
        return f"sync job attachments of {step}" if step else "sync job attachments"
    return action.kind


def action_progress(action: SessionAction) -> Sequence[Part]:
    """A bar and per cent, while there is something to be seen of it."""
    if action.status == "SUCCEEDED" or (action.status != "RUNNING" and not action.progress):
        return ("", ""), ("", "")
    done = round(action.progress * BAR / 100)
    tone = "error" if action.status == "FAILED" else "success"
    return [*progress_bar(done, tone), (f" {action.progress:>3.0f} %", "")]


def action_message(action: SessionAction, actions: Sequence[SessionAction]) -> Part:
    """Its message; where it has none, what (it is inferred, and says so) stands behind its status."""
    if not action.message:
        words = inferred_words(action, actions)
        return words, "warning" if action.status == "INTERRUPTED" else "muted"
    tone = "error" if action.status == "FAILED" else ("muted" if action.is_final else "")
    return action.message, tone


def inferred_words(action: SessionAction, actions: Sequence[SessionAction]) -> str:
    """What an action's status means beside the other ``actions`` of its session; empty where no more than
    the status is known. No reply says so, and neither the words nor their place may look as if one did."""
    if action.status == NEVER_ATTEMPTED:
        before = [one for one in actions if one.number < action.number and one.status in STOPS_THE_REST]
        if before:
            return f"not started: action {before[-1].number} {before[-1].status.lower()} (inferred)"
    if action.status == "INTERRUPTED":
        return "taken away from the worker: spot, drain or shutdown (inferred; the worker's log tells)"
    return ""


def took_words(action: SessionAction, now: datetime) -> str:
    """How long it has run, or ran: ``00:42:17``, or ``9 ms`` where seconds would say nothing. Empty before it
    has begun."""
    took = action.duration(now)
    if took is None:
        return ""
    return span(took) if action.ended_at is None else lasted(took)


def action_end(action: SessionAction) -> Part:
    """How it ended: a time-out is not the same as an exit code."""
    code, words = action.exit_code, exit_words(action.exit_code)
    if action.timed_out:
        how = f"{_signal(code)} ({code})" if code is not None and _signal(code) else words
        return f"timed out, {how}" if how else "timed out", "error"
    tone = "muted" if action.exit_code == 0 else "error" if action.status == "FAILED" else "warning"
    return words, tone


def action_counts(actions: Sequence[SessionAction]) -> list[Part]:
    """How many there are, run and failed; for the title of the table."""
    if not actions:
        return []
    parts: list[Part] = [(f"  {len(actions):,}", "muted")]
    for status, tone in (("RUNNING", "success"), ("FAILED", "error"), ("INTERRUPTED", "warning")):
        count = sum(action.status == status for action in actions)
        if count:
            parts.append((f"  {count:,} {status.lower()}", tone))
    return parts


def notable(actions: Sequence[SessionAction]) -> SessionAction | None:
    """The one to look at first: what failed, else what was interrupted, else what runs, else the last."""
    for status in ("FAILED", "INTERRUPTED", "RUNNING"):
        for action in actions:
            if action.status == status:
                return action
    return actions[-1] if actions else None


def action_rows(
    action: SessionAction, actions: Sequence[SessionAction], steps: Mapping[str, str], now: datetime
) -> list[tuple[str, str]]:
    """Everything that is known about an action, whole. Under the name of a member stands what the reply has
    there, and nothing else."""
    begun, ended = action.started_at, action.ended_at
    # Some actions last 9 ms: to the second their start and their end would be the same.
    is_short = begun is not None and ended is not None and ended - begun < timedelta(seconds=1)

    def at(time: datetime | None, *, exact: bool = False) -> str:
        return time.isoformat(timespec="milliseconds" if exact else "seconds") if time else "(missing)"

    exit_code = "(missing)" if action.exit_code is None else str(action.exit_code)
    ending = action_end(action)[0]
    inferred = inferred_words(action, actions)
    rows = [
        ("action", action_name(action, steps)),
        ("sessionActionId", action.action_id),
        ("status", action.status),
        ("progressPercent", f"{action.progress:g}"),
        ("progressMessage", action.message or "(missing)"),
        ("processExitCode", exit_code),
        ("startedAt", at(begun, exact=is_short)),
        ("endedAt", at(ended, exact=is_short)),
        ("workerUpdatedAt", at(action.worker_updated_at)),
        ("duration", took_words(action, now) or "(not started)"),
        ("definition", action.kind),
    ]
    if ending not in ("", exit_code):
        rows.insert(2, ("ending", ending))
    if inferred:
        rows.insert(2, ("meaning", inferred))
    for name, value in (
        ("environmentId", action.environment_id),
        ("stepId", action.step_id),
        ("taskId", action.task_id),
    ):
        if value is not None:
            rows.append((name, value))
    return rows + [(f"parameters.{name}", value) for name, value in action.parameters.items()]
