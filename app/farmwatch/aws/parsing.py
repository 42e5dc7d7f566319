"""A quicker parser of replies. botocore's own asks of every member of every structure anew what is to be done
with it, which takes a third of the time that a reply of a hundred sessions costs.

Of the replies that a wall asks for again and again the items are not even parsed, but handed on as they came:
few of them have changed since the last time, and the others need not be read (`ReadOnce`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Generic, TypeVar

import msgspec
from botocore.model import Shape
from botocore.parsers import DEFAULT_TIMESTAMP_PARSER, ResponseParserFactory, RestJSONParser
from msgspec import Raw

from farmwatch.aws.cleaning import are_harmless
from farmwatch.aws.reply import BadReply, Reply

T = TypeVar("T")

Read = Callable[[Any], Any]


class _Tasks(msgspec.Struct, rename="camel"):
    tasks: list[Raw]
    total_results: int | None = None
    next_item_offset: int | None = None


class _Workers(msgspec.Struct, rename="camel"):
    workers: list[Raw]
    total_results: int | None = None
    next_item_offset: int | None = None


class _Sessions(msgspec.Struct):
    sessions: list[Raw]
    errors: list[dict[str, Any]]


class _Actions(msgspec.Struct, rename="camel"):
    session_actions: list[Raw]
    errors: list[dict[str, Any]]


_AS_THEY_CAME: Mapping[str, type[msgspec.Struct]] = {
    "SearchTasksResponse": _Tasks,
    "SearchWorkersResponse": _Workers,
    "BatchGetSessionResponse": _Sessions,
    "BatchGetSessionActionResponse": _Actions,
}
"""The replies whose items are not parsed, by their shapes (service model)."""

_TIMES = ("startedAt", "endedAt", "createdAt", "updatedAt", "workerUpdatedAt")
"""The members of these items that are times (service model)."""

GENERATION = 60.0
"""Seconds for which an item is remembered at the least; a wall reads each again within that."""

MOST = 30_000
"""Items that are remembered of one kind, twice as many at the most."""

_AS_IT_IS = frozenset({"string", "character", "integer", "long", "float", "double", "boolean"})


class QuickParser(RestJSONParser):
    """Reads what botocore's parser reads, in the same way; how a shape is read is found out once."""

    _parse_shape: Callable[[Any, Any], Any]

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self._reads: dict[Shape, list[tuple[str, str, Read | None]]] = {}

    def _parse_payload(self, response: Any, shape: Any, member_shapes: Any, final_parsed: Any) -> None:
        kind = _AS_THEY_CAME.get(shape.name)
        if kind is not None:
            try:
                found = msgspec.json.decode(response["body"], type=kind)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                # Whatever it is, it is read, or breaks, as any other reply.
                pass
            else:
                final_parsed.update(
                    zip(kind.__struct_encode_fields__, msgspec.structs.astuple(found), strict=True)
                )
                return
        super()._parse_payload(response, shape, member_shapes, final_parsed)  # type: ignore[misc]

    def _handle_structure(self, shape: Any, value: Any) -> Any:
        if value is None or shape.is_document_type or (shape.is_tagged_union and not _has_one(value, shape)):
            return super()._handle_structure(shape, value)  # type: ignore[misc]
        reads = self._reads.get(shape)
        if reads is None:
            reads = self._reads[shape] = [
                (member.serialization.get("name", name), name, self._read_of(member))
                for name, member in shape.members.items()
            ]
        found: dict[str, Any] = {}
        for wire_name, name, read in reads:
            raw = value.get(wire_name)
            if raw is not None:
                found[name] = raw if read is None else read(raw)
        return found

    def _read_of(self, shape: Any) -> Read | None:
        """How a value of a shape is read; ``None`` where it is as it came."""
        if shape.serialization.get("location") or shape.serialization.get("jsonvalue"):
            return lambda value: self._parse_shape(shape, value)
        kind = shape.type_name
        if kind in _AS_IT_IS:
            return None
        if kind == "structure":
            return lambda value: self._handle_structure(shape, value)
        if kind == "list":
            return self._list_of(self._read_of(shape.member))
        if kind == "map" and self._read_of(shape.key) is None and self._read_of(shape.value) is None:
            return lambda value: dict(value.items())
        return lambda value: self._parse_shape(shape, value)

    @staticmethod
    def _list_of(read: Read | None) -> Read:
        if read is None:
            return lambda values: list(values)
        return lambda values: [None if value is None else read(value) for value in values]


def _has_one(value: Any, shape: Any) -> bool:
    """Whether a union has exactly one member and it is known: all else about unions is left to botocore."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((name, of_member),) = value.items()
    member = shape.members.get(name)
    return of_member is not None and member is not None and "name" not in member.serialization


class QuickParsers(ResponseParserFactory):
    """Makes the parsers of a session's clients, which read times by a function."""

    def __init__(self, timestamp_parser: Read) -> None:
        super().__init__()
        self._read_time = timestamp_parser
        self.set_parser_defaults(timestamp_parser=timestamp_parser)

    def create_parser(self, protocol_name: str) -> Any:
        """The quicker one for the protocol of Deadline Cloud, botocore's own for every other."""
        if protocol_name == "rest-json":
            return QuickParser(timestamp_parser=self._read_time)
        return super().create_parser(protocol_name)


def parse_timestamp(value: Any) -> datetime:
    """A time of a reply. botocore's own parser takes two thirds of the time a reply of 100 sessions costs;
    this one knows the form that the service uses, and leaves every other to it."""
    if isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    other: datetime = DEFAULT_TIMESTAMP_PARSER(value)
    return other


def structure(item: object) -> Reply:
    """An item of a reply, parsed or as it came, with its members; raises `BadReply` where it has none, or a
    time is none."""
    members = msgspec.json.decode(item) if isinstance(item, Raw) else item
    if not isinstance(members, Mapping):
        raise BadReply("a list holds something that is not a structure")
    if isinstance(item, Raw):
        return {**members, **{name: _moment(name, members[name]) for name in _TIMES if name in members}}
    return members


def _moment(name: str, value: object) -> datetime | None:
    try:
        return None if value is None else parse_timestamp(value)
    except Exception as error:
        # botocore's own raises many kinds.
        raise BadReply(f"{name} is not a time") from error


def member_of(item: object, name: str) -> object:
    """A member of an item of a reply, as it is; ``None`` where there is none."""
    members = msgspec.json.decode(item) if isinstance(item, Raw) else item
    return members.get(name) if isinstance(members, Mapping) else None


class ReadOnce(Generic[T]):
    """Reads items of replies. One that came before, byte for byte, is what it was then: the very same value.

    ``quickly`` reads one straight from its JSON, in which every text is harmless as it stands; ``None`` where
    it is to be read as any other. Of the bytes only a hash of 64 bits is kept. May be used from any thread.
    """

    def __init__(
        self, read: Callable[[Reply], T], quickly: Callable[[bytes], T | None] = lambda _: None
    ) -> None:
        self._read = read
        self._quickly = quickly
        self._young: dict[int, T] = {}
        self._old: dict[int, T] = {}
        self._since = monotonic()

    def __call__(self, item: object) -> T:
        """What the item tells; raises `BadReply`."""
        if not isinstance(item, Raw):
            return self._read(structure(item))
        written = bytes(item)
        key = hash(written)
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is None and are_harmless(written):
                value = self._quickly(written)
            if value is None:
                value = self._read(structure(item))
            now = monotonic()
            if now - self._since >= GENERATION or len(self._young) >= MOST:
                self._old, self._young, self._since = self._young, {}, now
            self._young[key] = value
        return value
