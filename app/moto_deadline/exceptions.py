"""The errors of Deadline Cloud, with the members that its service model gives them."""

from __future__ import annotations

from moto.core.exceptions import ServiceException

# moto finds the shape of an error by the name of the package that its class says to come from.
_AS_IN_MOTO = "moto.deadline.exceptions"


class ResourceNotFoundException(ServiceException):
    """There is no such thing; ``resource_type`` is farm, queue, job, session..."""

    __module__ = _AS_IN_MOTO
    code = "ResourceNotFoundException"

    def __init__(self, resource_type: str, resource_id: str) -> None:
        super().__init__(f"Resource of type {resource_type} with id {resource_id} does not exist.")
        self.resourceId = resource_id
        self.resourceType = resource_type


class ValidationException(ServiceException):
    """Something asked for does not fit the service model. ``fields`` are pairs of name and what is wrong."""

    __module__ = _AS_IN_MOTO
    code = "ValidationException"

    def __init__(
        self,
        message: str,
        fields: list[tuple[str, str]],
        reason: str = "FIELD_VALIDATION_FAILED",
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.fieldList = [{"name": name, "message": text} for name, text in fields]


class ConflictException(ServiceException):
    """The thing is in a state that does not allow what was asked."""

    __module__ = _AS_IN_MOTO
    code = "ConflictException"

    def __init__(self, message: str, reason: str, resource_id: str, resource_type: str = "session") -> None:
        super().__init__(message)
        self.reason = reason
        self.resourceId = resource_id
        self.resourceType = resource_type
