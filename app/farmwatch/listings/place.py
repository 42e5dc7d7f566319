"""Where on the farm the wrangler is: the ids passed on the way down."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from farmwatch.aws.model import SessionRef


class Level(StrEnum):
    """What is on screen at a place."""

    CONNECTIONS = "connections"
    FARMS = "farms"
    QUEUES = "queues"
    JOBS = "jobs"
    SESSIONS = "sessions"
    SESSION = "session"
    MARKED = "marked"
    """A list beside the way down: what is marked, wherever it is."""


class Place(Struct, frozen=True):
    """The connection, and the ids from the farm down to where one is; those below are ``None``. Without a
    connection it is the list of connections."""

    connection: str
    farm_id: str | None = None
    queue_id: str | None = None
    job_id: str | None = None
    session_id: str | None = None

    @classmethod
    def at(cls, ref: SessionRef) -> Place:
        """The place of a session; of what the history has of a whole job the place of that."""
        session_id = None if ref.session_id == ref.job_id else ref.session_id
        return cls(ref.connection, ref.farm_id, ref.queue_id, ref.job_id, session_id)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that are set, from the farm down."""
        return tuple(one for one in (self.farm_id, self.queue_id, self.job_id, self.session_id) if one)

    @property
    def level(self) -> Level:
        """What is listed below the last id that is set; with all four of them, the session itself."""
        return list(Level)[len(self.ids) + 1] if self.connection else Level.CONNECTIONS

    @property
    def parent(self) -> Place | None:
        """The place one level up on its connection; ``None`` for the list of farms."""
        return Place(self.connection, *self.ids[:-1]) if self.ids else None

    def into(self, below: str) -> Place:
        """The place one level down, at the thing with that id, or on the connection of that name."""
        if not self.connection:
            return Place(below)
        return Place(self.connection, *(*self.ids, below))

    @property
    def trail(self) -> tuple[Place, ...]:
        """Every place from the list of farms down to this one."""
        way = [self]
        while (up := way[0].parent) is not None:
            way.insert(0, up)
        return tuple(way)

    @property
    def ref(self) -> SessionRef:
        """The session; only for a place at a session."""
        farm_id, queue_id, job_id, session_id = self.ids
        return SessionRef(self.connection, farm_id, queue_id, job_id, session_id)


CONNECTIONS = Place("")
"""The list of connections."""
