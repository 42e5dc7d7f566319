"""The jobs of a queue as rows: their columns, their orders, and everything that is known of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from farmwatch.aws.model import ACTIVE_TASK_RUN_STATUSES, TASK_RUN_STATUSES, Job
from farmwatch.listings.jobs import FAILED
from farmwatch.ui.screens.orders import Detail, Sort, newest
from farmwatch.ui.screens.picker.list_view import NEWEST_FIRST, LevelView, View, named, when
from farmwatch.ui.widgets.virtual_table import Cell, Column
from farmwatch.words.text import BAR, Part, day_time, progress_bar, span, task_run


def progress(job: Job) -> list[Part]:
    """How far a job is: a bar of what succeeded, failed and is to come, and the percentage that is over."""
    tasks = job.tasks
    if not tasks:
        return [("–", "muted")]
    failed = min(BAR, -(-job.tasks_failed * BAR // tasks))
    over = max(failed, job.tasks_over * BAR // tasks)
    return [*progress_bar(over, failed=failed), (f" {job.tasks_over * 100 // tasks:>3} %", "")]


def _cells(job: Job, view: View) -> Sequence[Cell]:
    return (
        named(job.name, job.key, view),
        task_run(job.task_run_status),
        progress(job),
        (f"{job.tasks_failed:,}✗", "error") if job.tasks_failed else "",
        str(job.priority) if job.priority is not None else "",
        day_time(job.created_at, view.now),
        job.created_by,
    )


def _details(job: Job, view: View) -> Sequence[Detail]:
    known = [status for status in TASK_RUN_STATUSES if status in job.task_counts]
    others = sorted(job.task_counts.keys() - set(known))
    counts: list[Detail] = [
        (f"  {status.lower()}", [(f"{job.task_counts[status]:,}", task_run(status)[1])])
        for status in (*known, *others)
    ]
    ran: list[Part] = [("–", "muted")]
    if job.started_at:
        ran = [(span((job.ended_at or view.now) - job.started_at), "")]
    return (
        ("name", [(job.name, "strong")]),
        ("status", [task_run(job.task_run_status)]),
        ("target", [(job.target_task_run_status or "–", "")]),
        ("lifecycle", [(job.lifecycle_status or "–", "")]),
        *_if(bool(job.lifecycle_message), "message", job.lifecycle_message),
        ("progress", progress(job)),
        ("tasks", [(f"{job.tasks:,}", "")]),
        *counts,
        ("retries", [(_count(job.task_retries), "")]),
        ("priority", [(_count(job.priority), "")]),
        ("created", when(job.created_at, view)),
        ("by", [(job.created_by or "–", "")]),
        ("updated", when(job.updated_at, view)),
        *_if(bool(job.updated_by), "by", job.updated_by),
        ("started", when(job.started_at, view)),
        ("ended", when(job.ended_at, view)),
        ("running for" if job.started_at and not job.ended_at else "ran for", ran),
        ("max failed", [(_count(job.max_failed_tasks), "")]),
        ("max retries", [(_count(job.max_retries_per_task), "")]),
        ("max workers", [(_count(job.max_workers), "")]),
        *_if(bool(job.source_job_id), "copy of", job.source_job_id),
        ("job", [(job.job_id, "")]),
        *((f"  {name}", [(value, "")]) for name, value in job.parameters.items()),
    )


def _if(there: bool, label: str, value: str) -> Sequence[Detail]:
    return ((label, [(value, "")]),) if there else ()


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _words(job: Job, view: View) -> str:  # noqa: ARG001 - as of every level
    return f"{job.name} {job.job_id} {job.created_by} {job.task_run_status}"


def _done(job: Job) -> float:
    return job.tasks_over / job.tasks if job.tasks else 0.0


JOBS = LevelView(
    singular="job",
    interval=timedelta(seconds=5),
    columns=(
        Column("name", "Name", flex=True, keep=9, min_width=23),
        Column("status", "Status", keep=8, min_width=11),
        Column("tasks", "Tasks", keep=7, min_width=BAR + 6),
        Column("failed", "Failed", keep=6, min_width=6, right=True),
        Column("priority", "Prio", keep=4, min_width=4, right=True),
        Column("created", "Created", keep=5, min_width=9),
        Column("by", "By", keep=3, min_width=6, max_width=16),
    ),
    sorts=(
        Sort(
            "status",
            "running first, then newest",
            "running last, oldest first",
            lambda job: (not job.is_active, newest(job.created_at), job.key),
            first=(ACTIVE_TASK_RUN_STATUSES,),
        ),
        Sort(
            "failed",
            "failures first",
            "failures last",
            lambda job: (
                -job.tasks_failed,
                job.task_run_status not in FAILED,
                not job.is_active,
                newest(job.created_at),
            ),
            descending=True,
            first=(FAILED, ACTIVE_TASK_RUN_STATUSES),
            here=True,
        ),
        NEWEST_FIRST,
        Sort(
            "name",
            "by name",
            "by name, backwards",
            lambda job: (job.name.casefold(), job.key),
            field="NAME",
            field_descends=False,
        ),
        Sort(
            "priority",
            "highest priority first",
            "lowest priority first",
            lambda job: (-(job.priority or 0), newest(job.created_at), job.key),
            descending=True,
            field="PRIORITY",
        ),
        Sort(
            "tasks",
            "least done first",
            "most done first",
            lambda job: (_done(job), newest(job.created_at), job.key),
            here=True,
        ),
        Sort(
            "by",
            "by user",
            "by user, backwards",
            lambda job: (job.created_by.casefold(), newest(job.created_at), job.key),
            field="CREATED_BY",
            field_descends=False,
        ),
    ),
    cells=_cells,
    words=_words,
    details=_details,
    ticks=True,
)
