"""How a message did not arrive, in words that have no secret in them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from farmwatch.aws.cleaning import clean
from farmwatch.aws.redaction import redact

LONGEST = 200


class Failure(Struct, frozen=True):
    """A message did not arrive, and why; ``retry_after`` are seconds that the receiver wants to be left
    alone, where it said so."""

    words: str
    retry_after: float | None = None


def hidden(text: str, secrets: Iterable[str]) -> str:
    """A harmless line of a text that may quote secrets, without them; the longest of them come first."""
    for secret in secrets:
        text = text.replace(secret, "(hidden)")
    return clean(redact(text).strip(), LONGEST)
