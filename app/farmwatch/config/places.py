"""A place named by one argument: the address of a page of the Deadline Cloud monitor, or a session's id."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from farmwatch.aws.cleaning import clean
from farmwatch.aws.model import SessionRef
from farmwatch.aws.reply import is_id

KINDS = ("farm", "queue", "job", "session")

_ID = re.compile(r"\b(farm|queue|job|session)-[0-9a-f]{32}\b")
_REGION = re.compile(r"^[a-z]{2}(?:-[a-z]+)+-\d$")

FindSession = Callable[[str], SessionRef | None]
"""Finds a session by its id alone, where the history knows it."""


class UnknownPlace(ValueError):  # noqa: N818 - named for what the wrangler is told
    """The argument names no place; the text is one line that says why."""


def is_place(text: str) -> bool:
    """Whether an argument is meant as a place, be it a good one or not."""
    return text.startswith(("http://", "https://", "session-"))


def options_of(place: str, find: FindSession) -> dict[str, str]:
    """The options that a place stands for, as far as it names them: ``farm_id``, ``queue_id``, ``job_id``,
    ``session_id`` and ``region``. Raises `UnknownPlace`.

    A page of the monitor has an address like ``https://<subdomain>.<region>.deadlinecloud.amazonaws.com/<region>
    /farms/<farm>/queues/<queue>?jobId=<job>``; whatever else of it names an id is understood too.
    """
    if place.startswith(("http://", "https://")):
        return _of_address(place)
    if not is_id("session", place):
        raise UnknownPlace(
            f"{clean(place, 80)!r} is not the id of a session: "
            "session- and 32 digits of 0-9 and a-f are wanted"
        )
    ref = find(place)
    if ref is None:
        raise UnknownPlace(
            f"the history does not know {place}: give its farm, queue and job too "
            "(--farm-id, --queue-id, --job-id, --session-id)"
        )
    ids = (ref.farm_id, ref.queue_id, ref.job_id, ref.session_id)
    return {f"{kind}_id": one for kind, one in zip(KINDS, ids, strict=True)}


def _of_address(address: str) -> dict[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise UnknownPlace(f"{clean(address, 80)!r} is not an address") from None
    found: dict[str, str] = {}
    for match in _ID.finditer(unquote(f"{parts.path}?{parts.query}#{parts.fragment}")):
        name = f"{match[1]}_id"
        if found.setdefault(name, match[0]) != match[0]:
            raise UnknownPlace(f"{clean(address, 120)!r} names two {match[1]}s")
    if "farm_id" not in found:
        raise UnknownPlace(f"{clean(address, 120)!r} names no farm")
    words = [*(parts.hostname or "").split("."), *parts.path.split("/")]
    region = next((word for word in words if _REGION.match(word)), None)
    return found if region is None else {**found, "region": region}
