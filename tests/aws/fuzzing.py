"""Replies made from the service model, and broken in every way there is."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.awsrequest import AWSResponse
from msgspec import Struct

from farmwatch.aws.cleaning import clean
from farmwatch.aws.model import Fault, FaultKind
from tests.aws.asking import GIVEN, QUESTIONS, http_response, real_questions

NASTY: tuple[Any, ...] = (
    None,
    "",
    0,
    -1,
    True,
    [],
    {},
    [None],
    {"": None},
    1e308,
    10**30,
    "\x1b[31mred\x07\u202e[@click=app.quit]x[/]",
    "\ud800",
    "x" * 20_000,
    "not-an-id",
    [[[[[[]]]]]],
    float("nan"),
)
ID = re.compile(r"^(farm|queue|job|session|step|fleet|worker)-[0-9a-f]{32}$")


TOKENS = ("next", "forward", "backward")
"""What is only ever given back to the service, as it came."""


class Replies:
    """Makes the body of a reply; the same seed makes the same ones."""

    def __init__(self, seed: str) -> None:
        self.rng = random.Random(seed)

    def body(self, shape: Any) -> bytes:
        """The reply to an operation, as it comes over the wire."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.04:
            return rng.choice(
                [b"", b"{}", b"[]", b"null", b"<html>Sign in</html>", b"\xff\xfe\x00", b"[" * 100_000]
            )
        # Half of the replies have nothing wrong with them, or one thing only.
        broken = 0.0 if kind < 0.3 else rng.choice([0.01, 0.05, 0.3])
        text = json.dumps(self._structure(shape, broken, 0))
        if kind > 0.97:
            text = text[: rng.randrange(len(text) + 1)]
        return text.encode("utf-8", "surrogatepass")

    def _value(self, shape: Any, name: str, broken: float, depth: int) -> Any:
        rng = self.rng
        if rng.random() < broken:
            return rng.choice(NASTY)
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape, broken, depth + 1)
        if kind == "list":
            if depth > 5:
                return []
            return [self._value(shape.member, name, broken, depth + 1) for _ in range(rng.randrange(4))]
        if kind == "map":
            keys = [self._value(shape.key, "", 0.0, depth) for _ in range(rng.randrange(3))]
            return {str(key): self._value(shape.value, "", broken, depth + 1) for key in keys}
        if kind == "string":
            return self._text(shape, name)
        if kind == "timestamp":
            return rng.choice(["2026-03-14T02:10:00Z", "2026-03-14T02:10:00.123+02:00", 1773454200])
        if kind in ("integer", "long"):
            return rng.choice([0, 1, 7, 1773454200000])
        return rng.random() < 0.5 if kind == "boolean" else rng.random() * 100

    def _structure(self, shape: Any, broken: float, depth: int) -> Any:
        rng = self.rng
        names = list(shape.members)
        if getattr(shape, "is_tagged_union", False):
            names = [rng.choice(names)]
        found = {
            shape.members[name].serialization.get("name", name): self._value(
                shape.members[name], name, broken, depth
            )
            for name in names
            if depth < 8 and (name in shape.required_members or rng.random() < 0.7)
            if rng.random() >= broken
        }
        if rng.random() < broken:
            found["aMemberOfTomorrow"] = rng.choice(NASTY)
        return found

    def _text(self, shape: Any, name: str) -> str:
        rng = self.rng
        if name in GIVEN and rng.random() < 0.9:
            return GIVEN[name]
        if name.endswith("Id") and shape.metadata.get("pattern", "").startswith(name[:-2].lower()):
            return f"{name[:-2].lower()}-{rng.getrandbits(128):032x}"
        if getattr(shape, "enum", None):
            return str(rng.choice([*shape.enum, "A_STATUS_OF_TOMORROW"]))
        return rng.choice(["a name", "ünïcode ☃", "\x1b]0;title\x07", "x" * 300, "worker-" + "0" * 32])


class Fuzzed:
    """Asks every question of a client whose answers are made up."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.ask, *clients = real_questions("http://127.0.0.1:9")
        self._shapes = {
            name: client.meta.service_model.operation_model(name).output_shape
            for client in clients
            for name in client.meta.service_model.operation_names
        }
        self._body = b""
        for client in clients:
            client.meta.events.register("before-send", self._answer)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        return http_response(request.url, self._body)

    def run(self, question: str, count: int) -> Counter[str]:
        """Ask so many times; what came of it. Raises `AssertionError` with the reply that is wrong."""
        # The same replies, whatever was asked before: the order of the tests is chance.
        replies = Replies(f"{self._seed} {question}")
        operation, ask = QUESTIONS[question]
        outcome: Counter[str] = Counter()
        for number in range(count):
            self._body = replies.body(self._shapes[operation])
            try:
                answer = ask(self.ask)
                wrong = "" if isinstance(answer, Fault) else "; ".join(wrong_in(answer))
            except Exception as error:
                answer, wrong = None, f"{type(error).__name__}: {error}"
            assert not wrong, f"{question}, reply {number}: {wrong[:300]}\n{self._body[:2000]!r}"
            outcome[answer.kind.name if isinstance(answer, Fault) else "good"] += 1
        assert set(outcome) <= {"good", FaultKind.BAD_REPLY.name, FaultKind.SERVICE.name}, outcome
        return outcome


def wrong_in(value: Any, name: str = "") -> list[str]:
    """What must not be in a value: text that is not clean, times without a zone, ids that are none."""
    if name in TOKENS:
        return []
    if isinstance(value, str):
        found = [] if value == clean(value, len(value)) else [f"{name} is not clean: {value[:60]!r}"]
        if name in ("farm_id", "queue_id", "job_id", "session_id") and not ID.match(value):
            found.append(f"{name} is no id: {value[:60]!r}")
        return found
    if isinstance(value, datetime):
        return [] if value.tzinfo else [f"{name} has no zone"]
    if isinstance(value, Mapping):
        return [one for key, item in value.items() for one in (*wrong_in(key), *wrong_in(item, name))]
    if isinstance(value, list | tuple):
        return [one for item in value for one in wrong_in(item, name)]
    if isinstance(value, Struct):
        return [one for member in value.__struct_fields__ for one in wrong_in(getattr(value, member), member)]
    return []
