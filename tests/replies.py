"""Replies that follow botocore's service model, made by chance: whatever it allows, they may hold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import botocore.session
import hypothesis.strategies as st
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

_MODEL = botocore.session.get_session().get_service_model("deadline")

_TIMES = st.integers(1577836800, 2051222400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def replies(operation: str) -> st.SearchStrategy[dict[str, Any]]:
    """Any reply of an operation: every required member, others or not, enum values nobody has seen."""
    return _structure(_reply_of(operation))


def required(operation: str) -> list[str]:
    return list(_reply_of(operation).required_members)


def _reply_of(operation: str) -> StructureShape:
    shape = _MODEL.operation_model(operation).output_shape
    assert isinstance(shape, StructureShape)
    return shape


def _structure(shape: StructureShape) -> st.SearchStrategy[dict[str, Any]]:
    must = {name: _value(member) for name, member in shape.members.items() if name in shape.required_members}
    may = {name: _value(member) for name, member in shape.members.items() if name not in must}
    return st.fixed_dictionaries(must, optional=may)


def _value(shape: Shape) -> st.SearchStrategy[Any]:
    if isinstance(shape, StructureShape):
        return _structure(shape)
    if isinstance(shape, ListShape):
        return st.lists(_value(shape.member), max_size=3)
    if isinstance(shape, MapShape):
        return st.dictionaries(_value(shape.key), _value(shape.value), max_size=4)
    if isinstance(shape, StringShape):
        return _string(shape)
    kinds = {
        "timestamp": _TIMES,
        "integer": st.integers(0, 2**31 - 1),
        "long": st.integers(0, 2**40),
        "float": st.floats(allow_nan=False),
        "double": st.floats(allow_nan=False),
        "boolean": st.booleans(),
    }
    return kinds[shape.type_name]


def _string(shape: StringShape) -> st.SearchStrategy[str]:
    if shape.enum:
        return st.sampled_from([*shape.enum, "SOMETHING_NEW"])
    pattern = shape.metadata.get("pattern")
    if pattern:
        return st.from_regex(f"^(?:{pattern})$", fullmatch=True).filter(lambda text: "\n" not in text)
    return st.text(min_size=shape.metadata.get("min", 1), max_size=40)
