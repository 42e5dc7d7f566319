"""What can be done to sessions, tasks and jobs, and what came of it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from farmwatch.actions.following import Became
from farmwatch.actions.following import Came as CameOf
from farmwatch.actions.request import Outcome, Requested
from farmwatch.actions.wishes import (
    CANCELED,
    READY,
    SUCCEEDED,
    SUSPENDED,
    EndSession,
    UpdateJob,
    UpdateTask,
    Wish,
    operation_of,
)
from farmwatch.aws.model import SessionRef, Who
from farmwatch.aws.session_action import SessionAction
from farmwatch.words.text import short_id

Severity = Literal["information", "warning", "error"]

HOW_TO_ALLOW = "Read-only. Begin with --allow-actions, or set actions = true in the settings file, to act."


class Choice(Struct, frozen=True):
    """Something that can be done: ``title`` says what, ``does`` what it means, and ``names`` has what to, one
    for each of the ``wishes``."""

    title: str
    does: str
    wishes: tuple[Wish, ...]
    names: tuple[str, ...]


class TaskRef(Struct, frozen=True):
    """A task of a session's job; ``name`` is what it is called, and ``is_over`` says that it does not run."""

    ref: SessionRef
    step_id: str
    task_id: str
    name: str
    is_over: bool


_OF_A_TASK = {
    READY: ("Requeue", "READY again: a worker takes it up anew"),
    SUCCEEDED: ("Mark as succeeded", "it is not run again, and what depends on it goes on"),
    CANCELED: ("Cancel", "its process is told to end, and it is not run again"),
    SUSPENDED: ("Suspend", "its process is told to end, and it waits until it is requeued"),
}
_OF_A_JOB = {
    CANCELED: ("Cancel", "all of its tasks that are not over: what runs is told to end"),
    SUSPENDED: ("Suspend", "all of its tasks that are not over: they wait until they are requeued"),
    READY: ("Requeue", "all of its tasks that are over or suspended are READY again"),
}


def session_choices(sessions: Sequence[tuple[SessionRef, str]]) -> list[Choice]:
    """To end these sessions, each with the name of its job."""
    if not sessions:
        return []
    return [
        Choice(
            f"End {_these(len(sessions), 'session')}",
            "what runs is canceled, and waits to be run by another session",
            tuple(EndSession(ref) for ref, _ in sessions),
            tuple(f"{name}  session {short_id(ref.session_id)}" for ref, name in sessions),
        )
    ]


def task_choices(tasks: Sequence[TaskRef]) -> list[Choice]:
    """To requeue those of the tasks that are over, or mark them as succeeded; to cancel or suspend those that
    are not."""
    found: list[Choice] = []
    for target, (word, does) in _OF_A_TASK.items():
        meant = [one for one in tasks if one.is_over == (target in (READY, SUCCEEDED))]
        if meant:
            found.append(
                Choice(
                    _titled(word, _these(len(meant), "task")),
                    does,
                    tuple(UpdateTask(one.ref, one.step_id, one.task_id, target) for one in meant),
                    tuple(f"{one.name}  task {short_id(one.task_id)}" for one in meant),
                )
            )
    return found


def job_choices(connection: str, farm_id: str, queue_id: str, job_id: str, name: str) -> list[Choice]:
    """To cancel, suspend or requeue a job."""
    return [
        Choice(
            f"{word} the job",
            does,
            (UpdateJob(connection, farm_id, queue_id, job_id, target),),
            (f"{name}  job {short_id(job_id)}",),
        )
        for target, (word, does) in _OF_A_JOB.items()
    ]


def choices_in_session(
    ref: SessionRef, job: str, action: SessionAction | None, *, is_over: bool
) -> list[Choice]:
    """To end a session unless it ``is_over``, and what can be done to the task of an action of it."""
    found = [] if is_over else session_choices([(ref, job)])
    if action is not None and action.step_id and action.task_id:
        told = " ".join([job, *action.parameters.values()])
        found += task_choices([TaskRef(ref, action.step_id, action.task_id, told, action.is_final)])
    return found


def _these(count: int, what: str) -> str:
    return f"the {what}" if count == 1 else f"{count:,} {what}s"


def _titled(word: str, what: str) -> str:
    first, _, rest = word.partition(" ")
    return " ".join(filter(None, (first, what, rest)))


# --- what came of it -----------------------------------------------------------------------------------


def result(choice: Choice, results: Sequence[Requested], who: Who) -> tuple[str, Severity]:
    """What came of all requests of a choice, a line for every outcome that there was, and how bad that is."""
    lines = []
    for outcome in Outcome:
        those = [one for one in results if one.outcome is outcome]
        if those:
            of = "" if len(results) == 1 else f" ({len(those):,} of {len(results):,})"
            what = choice.title if len(results) > 1 else f"{choice.title}: {choice.names[0]}"
            lines.append(f"{outcome}{of}  {what}. {_why(those[0], who)}".rstrip())
    outcomes = {one.outcome for one in results}
    if outcomes == {Outcome.TAKEN}:
        return lines[0], "information"
    return "\n".join(lines), "warning" if outcomes <= {Outcome.TAKEN, Outcome.NOT_KNOWN} else "error"


class Came(StrEnum):
    """What came of the wish that a session ends, after it was taken."""

    ENDED = "ENDED"
    FAILED = "UPDATE_FAILED"
    LATE = "NOT ENDED"


_CAME = {
    Came.ENDED: "",
    Came.FAILED: "The service could not end it: its host may have to be stopped.",
    Came.LATE: "It was taken 15 min ago, and has not ended.",
}


def ended_words(sessions: Sequence[tuple[str, Came]]) -> tuple[str, Severity]:
    """What came of it that sessions were to end, by their names, and how bad that is."""
    lines = []
    for came in Came:
        names = [name for name, what in sessions if what is came]
        if names:
            of = names[0] if len(names) == 1 else f"{len(names):,} of {len(sessions):,} sessions"
            lines.append(f"{came}  {of}. {_CAME[came]}".rstrip())
    return " ".join(lines), "information" if all(what is Came.ENDED for _, what in sessions) else "warning"


_BECAME = {
    CameOf.DONE: "By now: {}.",
    CameOf.OVER_BEFORE: "It ended by itself: {}.",
    CameOf.FAILED: "The service could not do it: {}.",
    CameOf.LATE: "It was taken 15 min ago, and nothing has come of it: {}.",
    CameOf.UNSEEN: "It was taken; what came of it cannot be seen: {}.",
}


def became_words(title: str, ends: Sequence[tuple[str, Became]]) -> tuple[str, Severity]:
    """What came of the wishes of a choice of that ``title``, by the names of what they were about, and how
    bad that is."""
    lines = []
    for came in CameOf:
        those = [(name, became) for name, became in ends if became.came is came]
        if those:
            of = "" if len(ends) == 1 else f" ({len(those):,} of {len(ends):,})"
            what = title if len(ends) > 1 else f"{title}: {those[0][0]}"
            statuses = ", ".join(sorted({became.status for _, became in those} - {""})) or "–"
            lines.append(f"{came}{of}  {what}. {_BECAME[came].format(statuses)}")
    fine = all(became.came is CameOf.DONE for _, became in ends)
    return " ".join(lines), "information" if fine else "warning"


def _why(one: Requested, who: Who) -> str:
    fault = one.fault
    if fault is None:
        return ""
    match one.outcome:
        case Outcome.REFUSED:
            return f"The service says: {fault.message or fault.sentence}"
        case Outcome.DENIED:
            by = f"profile {who.profile}" if who.profile else who.name or "this login"
            return f"{by} lacks deadline:{operation_of(one.wish)}. {fault.message}"
        case Outcome.NOT_KNOWN:
            return (
                f"{fault.sentence} It may have been taken or not, and is not repeated: see what comes of it."
            )
    return f"{fault.sentence} It is not asked again by itself."
