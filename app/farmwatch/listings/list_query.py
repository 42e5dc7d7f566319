"""Which list is wanted: a value, from which what follows the list is made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from msgspec import Struct

from farmwatch.aws.model import JobSearch
from farmwatch.listings.jobs import Jobs
from farmwatch.listings.lists import Farms, ListTarget, Queues, Sessions
from farmwatch.listings.place import Level, Place
from farmwatch.listings.session_facts import FailedActions, HostFinder


class ListQuery(Struct, frozen=True):
    """The list that stands at a place, asked for every ``interval`` while it is looked at.

    For jobs, ``search`` is what the service finds and sorts; those of the statuses in ``first`` come before
    the others, ``backwards`` after them, and ``drains`` says that all of it is loaded, to be sorted here.
    """

    place: Place
    interval: timedelta
    search: JobSearch | None = None
    first: tuple[tuple[str, ...], ...] = ()
    backwards: bool = False
    drains: bool = False

    @property
    def key(self) -> str:
        """The same for all searches of one list."""
        return f"{self.place.level} {' '.join((self.place.connection, *self.place.ids))}"


def target_of(query: ListQuery) -> ListTarget[Any]:
    """What follows the list. Raises `ValueError` for a place that is no list."""
    place, key, interval = query.place, query.key, query.interval
    if place.level is Level.FARMS:
        return ListTarget(key, Farms(), interval)
    if place.level is Level.QUEUES:
        return ListTarget(key, Queues(place.ids[0]), interval)
    if place.level is Level.JOBS:
        search = query.search or JobSearch(place.ids[0], place.ids[1])
        jobs = Jobs(search, query.first, backwards=query.backwards, drains=query.drains)
        return ListTarget(key, jobs, interval)
    if place.level is Level.SESSIONS:
        sessions = Sessions(place.connection, *place.ids)
        return ListTarget(key, sessions, interval, HostFinder(sessions.ref), FailedActions(sessions.ref))
    raise ValueError(f"{place.level} is no list")
