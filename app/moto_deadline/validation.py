"""Checks of what was asked, all of them read from botocore's service model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from moto_deadline.exceptions import ValidationException

_TYPES: Mapping[str, type] = {"string": str, "integer": int, "long": int, "timestamp": datetime}
"""What a member that holds no others is, by its type in the service model."""


@cache
def _service() -> ServiceModel:
    # Each time it is asked for, botocore reads it anew: thirty times as much to hold for as many operations.
    return botocore.session.get_session().get_service_model("deadline")


def operation(name: str) -> OperationModel:
    """The service model of an operation."""
    return _service().operation_model(name)


def checked(name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a request to the operation ``name``; raises `ValidationException` naming every field
    that does not fit: missing, of a wrong pattern, length, range or value."""
    problems: list[tuple[str, str]] = []
    shape = operation(name).input_shape
    found: dict[str, Any] = _value(shape, asked, "", problems) if shape is not None else {}
    if problems:
        many = "error" if len(problems) == 1 else "errors"
        told = "; ".join(f"Value at '{field}' failed to satisfy constraint: {why}" for field, why in problems)
        raise ValidationException(f"{len(problems)} validation {many} detected: {told}", problems)
    return found


def _value(shape: Shape, value: Any, path: str, problems: list[tuple[str, str]]) -> Any:
    if isinstance(shape, StructureShape):
        return _structure(shape, value, path, problems)
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            problems.append((path, "Member must be a list"))
            return value
        _check_size(shape, len(value), path, problems, "length")
        return [_value(shape.member, one, f"{path}.{n + 1}", problems) for n, one in enumerate(value)]
    if shape.type_name in _TYPES and type(value) is not _TYPES[shape.type_name]:
        problems.append((path, f"Member must be of type {shape.type_name}"))
    elif shape.type_name == "string":
        _check_text(shape, value, path, problems)
    elif shape.type_name in ("integer", "long"):
        _check_size(shape, value, path, problems, "value")
    return value


def _structure(shape: StructureShape, value: Any, path: str, problems: list[tuple[str, str]]) -> Any:
    if not isinstance(value, Mapping):
        problems.append((path, "Member must be a structure"))
        return value
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        at = f"{path}.{name}" if path else name
        if name not in value or value[name] is None:
            if name in shape.required_members:
                problems.append((at, "Member must not be null"))
            continue
        found[name] = _value(member, value[name], at, problems)
    return found


def _check_text(shape: Shape, value: str, path: str, problems: list[tuple[str, str]]) -> None:
    allowed = getattr(shape, "enum", None)
    pattern = shape.metadata.get("pattern")
    if allowed and value not in allowed:
        problems.append((path, f"Member must satisfy enum value set: [{', '.join(allowed)}]"))
    elif pattern and re.fullmatch(pattern, value) is None:
        problems.append((path, f"Member must satisfy regular expression pattern: {pattern}"))
    _check_size(shape, len(value), path, problems, "length")


def _check_size(shape: Shape, size: int, path: str, problems: list[tuple[str, str]], what: str) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        problems.append((path, f"Member must have {what} greater than or equal to {least}"))
    if most is not None and size > most:
        problems.append((path, f"Member must have {what} less than or equal to {most}"))
