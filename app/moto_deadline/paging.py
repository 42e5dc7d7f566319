"""Pages of the List operations, with tokens that tell a client nothing."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from moto_deadline.exceptions import ValidationException

PAGE_SIZE = 100


def page(items: Sequence[dict[str, Any]], asked: dict[str, Any], name: str, key: str) -> dict[str, Any]:
    """The page of ``items`` that a request wants, as a reply with its list under ``name``.

    A token holds the ``key`` of the last item given, so that what comes in or goes away meanwhile shifts
    nothing; and the question it belongs to, because the service refuses it with any other.
    """
    size = asked.get("maxResults", PAGE_SIZE)
    if not 1 <= size <= PAGE_SIZE:
        why = f"must be between 1 and {PAGE_SIZE}"
        raise ValidationException(f"maxResults {why}", [("maxResults", why)])
    question = {k: v for k, v in sorted(asked.items()) if k not in ("maxResults", "nextToken")}
    start = 0
    if asked.get("nextToken"):
        after = _read_token(asked["nextToken"], name, question)
        start = next((n + 1 for n, item in enumerate(items) if item[key] == after["key"]), after["at"])
    shown = list(items[start : start + size])
    reply: dict[str, Any] = {name: shown}
    if start + size < len(items):
        token = {"list": name, "asked": question, "key": shown[-1][key], "at": start + size}
        reply["nextToken"] = base64.urlsafe_b64encode(json.dumps(token).encode()).decode()
    return reply


def _read_token(token: str, name: str, question: dict[str, Any]) -> dict[str, Any]:
    try:
        read = json.loads(base64.urlsafe_b64decode(token.encode()))
        if read["list"] == name and read["asked"] == question and isinstance(read["at"], int):
            return {"key": read["key"], "at": read["at"]}
    except (ValueError, KeyError, TypeError, binascii.Error):
        pass
    why = "is not a token of this list"
    raise ValidationException(f"nextToken {why}", [("nextToken", why)])
