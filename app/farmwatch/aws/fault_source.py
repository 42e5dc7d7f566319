"""Where an error shows, as a typed value: on screen, among the errors of a session, and in the history."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Origin(StrEnum):
    """What shows an error: a call that fails, a member of a reply that tells of one, the connection that no
    call can be made over, or the monitor itself."""

    CALL = "call"
    MEMBER = "member"
    CONNECTION = "connection"
    MONITOR = "Farmwatch"


class FaultSource(Struct, frozen=True):
    """Where an error shows. ``name`` is the API operation, or the member's path in the reply (``log.error``);
    empty for the connection and the monitor."""

    origin: Origin
    name: str = ""

    def __post_init__(self) -> None:
        if bool(self.name) != (self.origin in (Origin.CALL, Origin.MEMBER)):
            raise ValueError(f"{self.name!r} is no name for a source of kind {self.origin.value}")

    @classmethod
    def of(cls, subject: str) -> FaultSource:
        """The source that a `Fault` names as its operation, and the history as its subject."""
        return _NAMELESS.get(subject) or cls(Origin.CALL, subject)

    @property
    def subject(self) -> str:
        """How it is written into the history; `of` is the way back, for all but members."""
        return _SUBJECTS.get(self.origin, self.name)

    @property
    def words(self) -> str:
        """What it is called on screen."""
        return self.name or self.origin.value


CONNECTION = FaultSource(Origin.CONNECTION)
MONITOR = FaultSource(Origin.MONITOR)

_SUBJECTS = {Origin.CONNECTION: "", Origin.MONITOR: "farmwatch"}
_NAMELESS = {_SUBJECTS[one.origin]: one for one in (CONNECTION, MONITOR)}
