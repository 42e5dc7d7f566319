"""What failed and what was interrupted, as rows of the wall: a session action each, folded by cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from farmwatch.aws.model import SessionRef
from farmwatch.rules.finding import summary
from farmwatch.ui.screens.orders import Detail, Sort
from farmwatch.ui.screens.wall import running
from farmwatch.ui.screens.wall.view import TabView, Text, View, picked, short_worker
from farmwatch.ui.widgets.virtual_table import Cell, Column
from farmwatch.wall.values import Failure
from farmwatch.words.action import action_end
from farmwatch.words.text import (
    Part,
    TimeStyle,
    action_status,
    clock_time,
    clock_time_and_age,
    day_time,
    short_id,
)


def job_name(failure: Failure) -> str:
    """The job's name; its short id before that is known."""
    return failure.job or short_id(failure.ref.job_id)


def message(failure: Failure) -> str:
    """What the service tells about it: the newest progress message."""
    return failure.action.message or ""


def cause(failure: Failure) -> str:
    """The same for those that are told as one: what the job is, how it ended, and with which message."""
    return f"{failure.ref.connection} {failure.ref.job_id} {failure.action.status} {message(failure)}"


def _end(failure: Failure) -> Part:
    if failure.is_interruption and failure.action.exit_code is None:
        return "interrupted", "warning"
    return action_end(failure.action)


def _when(failure: Failure, view: View) -> str:
    """To the second today, with the day before that."""
    is_today = failure.at.astimezone().date() == view.now.astimezone().date()
    return clock_time(failure.at, view.now) if is_today else day_time(failure.at, view.now)


def _cells(failure: Failure, view: View) -> Sequence[Cell]:
    return (
        picked(failure.key, job_name(failure), view),
        failure.step,
        failure.frame,
        action_status(failure.action.status),
        _end(failure),
        message(failure),
        short_worker(failure.worker_id),
        f"{failure.retries}" if failure.retries else "",
        _when(failure, view),
        failure.user,
        view.name(failure.ref.queue_id),
        failure.ref.connection,
    )


def _below(failure: Failure, view: View) -> Cell:  # noqa: ARG001 - as every tab's
    found = running.trouble(failure.findings)
    return found if found[0] else (message(failure), "muted")


def _details(failure: Failure, view: View) -> Sequence[Detail]:
    action = failure.action
    parameters: list[Detail] = [(name, [(value, "")]) for name, value in action.parameters.items()]
    return (
        ("job", [(job_name(failure), "strong")]),
        ("step", [(failure.step or "–", "")]),
        *parameters,
        ("status", [action_status(action.status)]),
        ("exit code", [_end(failure)]),
        *running.found(failure.findings, view),
        ("message", [(message(failure) or "–", "")]),
        ("when", [(clock_time_and_age(failure.at, view.now, TimeStyle.LOCAL), "")]),
        ("retries", [(str(failure.retries), "")]),
        ("host", [(failure.host or "–", "")]),
        ("worker", [(failure.worker_id or "–", "")]),
        ("user", [(failure.user or "–", "")]),
        ("action", [(action.action_id, "")]),
        ("session", [(failure.ref.session_id, "")]),
        ("job", [(failure.ref.job_id, "")]),
        ("queue", [(f"{view.name(failure.ref.queue_id)}  ", ""), (failure.ref.queue_id, "muted")]),
        ("farm", [(f"{view.name(failure.ref.farm_id)}  ", ""), (failure.ref.farm_id, "muted")]),
        ("connection", [(failure.ref.connection, "")]),
    )


def _ref(failure: Failure) -> SessionRef:
    return failure.ref


def _newest(failure: Failure) -> tuple[float, str]:
    return -failure.at.timestamp(), failure.key


FIELDS: Mapping[str, Text] = {
    "job": lambda one, _: f"{one.job} {one.ref.job_id}",
    "step": lambda one, _: one.step,
    "frame": lambda one, _: one.frame,
    "status": lambda one, _: one.action.status,
    "exit": lambda one, _: _end(one)[0],
    "message": lambda one, _: message(one),
    "trouble": lambda one, _: " ".join(summary(one.findings)),
    "worker": lambda one, _: one.worker_id.removeprefix("worker-"),
    "host": lambda one, _: one.host,
    "user": lambda one, _: one.user,
    "queue": lambda one, view: f"{view.name(one.ref.queue_id)} {one.ref.queue_id}",
    "connection": lambda one, _: one.ref.connection,
    "session": lambda one, _: one.ref.session_id,
}

FAILURES = TabView(
    "failures",
    "Failures",
    "failed or interrupted task",
    "failed or interrupted tasks",
    (
        Column("job", "Job", flex=True, keep=20, min_width=22),
        Column("step", "Step", keep=6, min_width=6, max_width=16),
        Column("frame", "Frame", keep=16, min_width=6, max_width=18),
        Column("status", "Status", keep=9, width=13),
        Column("exit", "Exit code", keep=15, min_width=9, max_width=24),
        Column("message", "Message", keep=14, min_width=22, flex=True),
        Column("worker", "Worker", keep=12, width=8),
        Column("retries", "Retries", keep=5, width=7, right=True),
        Column("when", "When", keep=17, min_width=8),
        Column("user", "User", keep=4, min_width=5, max_width=14),
        Column("queue", "Queue", keep=7, min_width=6, max_width=18),
        Column("connection", "Connection", keep=3, min_width=10, max_width=16),
    ),
    (
        Sort("when", "newest first", "oldest first", _newest, descending=True),
        Sort("job", "by job", "by job, backwards", lambda one: (one.job.casefold(), _newest(one))),
        Sort("frame", "by frame", "by frame, backwards", lambda one: (len(one.frame), one.frame, one.key)),
        Sort("status", "by status", "by status, backwards", lambda one: (one.action.status, _newest(one))),
        Sort("exit", "by exit code", "by exit code, backwards", lambda one: (_end(one)[0], _newest(one))),
        Sort("message", "by message", "by message, backwards", lambda one: (message(one), _newest(one))),
        Sort("worker", "by worker", "by worker, backwards", lambda one: (one.worker_id, _newest(one))),
        Sort("retries", "most retries first", "fewest first", lambda one: (-one.retries, _newest(one))),
        Sort("user", "by user", "by user, backwards", lambda one: (one.user.casefold(), _newest(one))),
        Sort("step", "by step", "by step, backwards", lambda one: (one.step.casefold(), _newest(one))),
        Sort("queue", "by queue", "by queue, backwards", lambda one: (one.ref.queue_id, _newest(one))),
        Sort(
            "connection",
            "by connection",
            "by connection, backwards",
            lambda one: (one.ref.connection, _newest(one)),
        ),
    ),
    _cells,
    _below,
    FIELDS,
    {
        "queue": lambda one, view: f"{view.name(one.ref.queue_id)}  {one.ref.connection}",
        "job": lambda one, _: job_name(one),
        "worker": lambda one, _: f"{short_worker(one.worker_id)}  {one.host}",
        "user": lambda one, _: one.user,
        "connection": lambda one, _: one.ref.connection,
    },
    _details,
    lambda one: one.ref.connection,
    _ref,
)
