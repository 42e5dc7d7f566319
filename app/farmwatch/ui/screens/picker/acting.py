"""What can be done to a row of a list: to a job, and to a session."""

from __future__ import annotations

from farmwatch.aws.model import Job, SessionSummary
from farmwatch.listings.place import Place
from farmwatch.words.requests import Choice, job_choices, session_choices
from farmwatch.words.text import short_id


def choices_at(place: Place, item: object) -> list[Choice]:
    """What can be done to what stands at a place, and was listed as that item; nothing for what is neither a
    job nor a session that has not ended."""
    if isinstance(item, Job) and len(place.ids) == 3:
        return job_choices(place.connection, *place.ids, item.name)
    if isinstance(item, SessionSummary) and len(place.ids) == 4 and not item.is_final:
        return session_choices([(place.ref, f"job {short_id(place.ref.job_id)}")])
    return []
