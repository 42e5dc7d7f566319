"""What can be put on a wall."""

from __future__ import annotations

from msgspec import Struct


class WallItem(Struct, frozen=True):
    """Something that is on the wall: a whole connection (no ids), a farm, a queue, or a job."""

    connection: str
    ids: tuple[str, ...] = ()
