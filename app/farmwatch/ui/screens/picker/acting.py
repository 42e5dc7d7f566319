"""What can be done to a row of a list: to a job, and to a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farmwatch.aws.model import Job, SessionRef, SessionSummary
from farmwatch.listings.place import Place
from farmwatch.words.requests import Choice, job_choices, session_choices
from farmwatch.words.text import short_id

if TYPE_CHECKING:
    from farmwatch.monitor.marks import MarkSnapshot


def choices_at(place: Place, item: object) -> list[Choice]:
    """What can be done to what stands at a place, and was listed as that item; nothing for what is neither a
    job nor a session that has not ended."""
    if isinstance(item, Job) and len(place.ids) == 3:
        return job_choices(place.connection, *place.ids, item.name)
    if isinstance(item, SessionSummary) and len(place.ids) == 4 and not item.is_final:
        return session_choices([(place.ref, f"job {short_id(place.ref.job_id)}")])
    return []


def choices_of_mark(row: MarkSnapshot) -> list[Choice]:
    """What can be done to something that is marked; nothing where its connection is none of this run, or to a
    session that has ended."""
    ref = row.ref
    if not row.is_watched:
        return []
    if not isinstance(ref, SessionRef):
        return job_choices(ref.connection, ref.farm_id, ref.queue_id, ref.job_id, row.name)
    return [] if row.is_over else session_choices([(ref, row.name)])
