"""The requests that ask about a hundred sessions, or session actions, at once. botocore looks at each of the
four members of each identifier by itself; they are texts, and are written down as they are, all at once."""

from __future__ import annotations

from typing import Any

import msgspec

OPERATIONS = ("BatchGetSession", "BatchGetSessionAction")
"""Those whose requests have ``identifiers`` alone, in their body (service model)."""

_NAME = "identifiers"


def write_at_once(client: Any) -> None:
    """Have a client of botocore do so. It must not validate its parameters: it would miss them."""
    for operation in OPERATIONS:
        client.meta.events.register(f"before-parameter-build.deadline.{operation}", _keep)
        client.meta.events.register(f"before-call.deadline.{operation}", _write)


def _keep(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context[_NAME] = params.pop(_NAME)


def _write(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    params["body"] = msgspec.json.encode({_NAME: context[_NAME]})
