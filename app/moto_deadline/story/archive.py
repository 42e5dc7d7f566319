"""Thousands of jobs of the last months: only what a list shows is made, until one is looked into."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from moto_deadline.story.account import Record, job_status
from moto_deadline.story.plays import FAILS, WELL, open_session, session_play, submit

if TYPE_CHECKING:
    from moto_deadline.story.story import Story

ARCHIVED = 5000
"""Jobs of the archive's queue."""


def fill_archive(story: Story, farm_id: str, queue_id: str, users: Sequence[str]) -> None:
    """Thousands of jobs of the last months, of which only what a list shows is made."""
    chance = story.chance("archive")
    at = story.start - timedelta(minutes=30)
    jobs: dict[str, Record] = {}
    for number in range(ARCHIVED):
        at -= timedelta(minutes=chance.uniform(5, 50))
        frames = chance.randrange(2, 13)
        fate = chance.choices((WELL, FAILS, None), (92, 6, 2))[0]
        counts = {"SUCCEEDED": frames - 1, "FAILED": 1} if fate == FAILS else {"SUCCEEDED": frames}
        if fate is None:
            counts = {"CANCELED": frames}
        job: Record = {
            "jobId": story.new_id("job"),
            "queueId": queue_id,
            "name": f"dailies_sq{number // 40:03}_sh{number * 10 % 9999:04}_v{chance.randrange(1, 30):03}",
            "lifecycleStatus": "CREATE_COMPLETE",
            "lifecycleStatusMessage": "Job creation completed successfully",
            "priority": chance.choice((20, 50, 50, 80)),
            "createdAt": at,
            "createdBy": chance.choice(users),
            "taskRunStatusCounts": counts,
            "taskRunStatus": job_status(counts),
        }
        if fate is not None:
            started = at + timedelta(seconds=chance.uniform(10, 200))
            job |= {"startedAt": started, "endedAt": started + timedelta(minutes=frames)}
        jobs[job["jobId"]] = job
        story.archive[job["jobId"]] = (farm_id, fate or WELL)
    story.account.jobs[queue_id] = jobs


def write_out_archived(story: Story, farm_id: str, job: Record, queue_id: str, fate: str) -> None:
    """The steps, tasks and sessions of a job of long ago, as they have been."""
    known = {**job, "taskRunStatusCounts": dict(job["taskRunStatusCounts"])}
    frames = sum(job["taskRunStatusCounts"].values())
    here, story.at = story.at, job["createdAt"]
    run = submit(story, farm_id, queue_id, job["name"], frames=frames, by=job["createdBy"], job=job)
    story.at = here
    started: datetime | None = known.get("startedAt")
    if started is not None:
        fleets = list(story.account.fleets[farm_id])
        chance = story.chance(job["jobId"])
        worker = chance.choice(list(story.account.workers[chance.choice(fleets)].values()))
        story.at = started
        session = open_session(run, worker)
        story.at = here
        pace = max(10.0, (known["endedAt"] - started).total_seconds() / (frames + 1))
        play = session_play(run, session, worker, fate=fate, fate_at=frames - 1, pace=pace, steps=2)
        story.play_out(play, started)
    else:
        for task in run.tasks:
            run.set_status(task, "CANCELED")
    # Looking into a job changes nothing of what its list has said.
    job.clear()
    job.update(known)
