"""Reading a parsed reply of botocore: every member checked and cleaned, or `BadReply`.

botocore does not check what it parses: a captive portal's HTML becomes an empty dict without an
exception. So whatever the service model promises is insisted on here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from msgspec import Raw

from farmwatch.aws.cleaning import clean

T = TypeVar("T")
Reply = Mapping[str, Any]

_HEX = re.compile(r"[0-9a-f]{32}")


class BadReply(Exception):  # noqa: N818 - named for what the wrangler is told
    """A reply that counts as no observation; the text says what is wrong with it."""


def is_id(kind: str, text: str) -> bool:
    """Whether ``text`` is an id of that kind: ``farm-`` and 32 lower-case hexadecimal digits."""
    prefix, _, rest = text.partition("-")
    return prefix == kind and _HEX.fullmatch(rest) is not None


def are_ids(ids: Sequence[str]) -> bool:
    """Whether these are ids of a farm, a queue, a job and a session, in this order, as far as they go."""
    kinds = ("farm", "queue", "job", "session")
    return len(ids) <= len(kinds) and all(is_id(kind, one) for kind, one in zip(kinds, ids, strict=False))


def text(reply: Reply, name: str) -> str:
    """A text that must be there and not be empty, made harmless; raises `BadReply`."""
    value = reply.get(name)
    if not isinstance(value, str) or not value:
        raise BadReply(f"{name} is missing" if value is None else f"{name} is not a text")
    return clean(value)


def optional_text(reply: Reply, name: str) -> str | None:
    """A text, made harmless, perhaps empty; ``None`` where the member is missing. Raises `BadReply`."""
    value = reply.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadReply(f"{name} is not a text")
    return clean(value)


def id_of_kind(reply: Reply, name: str, kind: str) -> str:
    """An id of that kind, as `is_id` knows them, which must be there; raises `BadReply`."""
    value = text(reply, name)
    if not is_id(kind, value):
        raise BadReply(f"{name} is not a {kind} id")
    return value


def optional_time(reply: Reply, name: str) -> datetime | None:
    """A time, in UTC, which one without a zone is taken for; ``None`` where the member is missing. Raises
    `BadReply`, for times out of range as well."""
    value = reply.get(name)
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise BadReply(f"{name} is not a time")
    # The service speaks UTC; botocore marks it so, but with a zone object of its own.
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError as error:
        raise BadReply(f"{name} is out of range") from error


def time(reply: Reply, name: str) -> datetime:
    """A time that must be there, in UTC; raises `BadReply`."""
    value = optional_time(reply, name)
    if value is None:
        raise BadReply(f"{name} is missing")
    return value


def whole(reply: Reply, name: str, default: int | None = None) -> int:
    """A whole number (true and false are none), ``default`` where it is missing; raises `BadReply`."""
    value = reply.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadReply(f"{name} is missing" if value is None else f"{name} is not a whole number")
    return value


def mapping(reply: Reply, name: str) -> Reply | None:
    """A structure, its members not yet checked; ``None`` where it is missing. Raises `BadReply`."""
    value = reply.get(name)
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise BadReply(f"{name} is not a structure")
    return value


def some_list(reply: Reply, name: str) -> Sequence[Any]:
    """A list that must be there, its members not yet checked; raises `BadReply`."""
    value = reply.get(name)
    if not isinstance(value, list):
        raise BadReply(f"{name} is missing" if value is None else f"{name} is not a list")
    return value


def texts(reply: Reply, name: str) -> dict[str, str] | None:
    """A map of texts; ``None`` where the member is missing, which is not the same as empty."""
    found = mapping(reply, name)
    if found is None:
        return None
    if not all(isinstance(key, str) and isinstance(value, str) for key, value in found.items()):
        raise BadReply(f"{name} holds something that is not a text")
    return {clean(key): clean(value) for key, value in found.items()}


def each(reply: object, name: str, read: Callable[[Any], T]) -> tuple[T, ...]:
    """Every member of the list ``name`` of a reply, parsed or as it came, read by ``read``; raises
    `BadReply`."""
    if not isinstance(reply, Mapping):
        raise BadReply("the reply is not a structure")
    found = some_list(reply, name)
    if not all(isinstance(item, Raw | Mapping) for item in found):
        raise BadReply(f"{name} holds something that is not a structure")
    return tuple(read(item) for item in found)
