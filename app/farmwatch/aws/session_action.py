"""What Deadline Cloud tells about one action of a session, as a frozen, validated value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct, field

from farmwatch.aws.cleaning import clean
from farmwatch.aws.reply import (
    BadReply,
    Reply,
    mapping,
    optional_text,
    optional_time,
    text,
)

KINDS = ("envEnter", "envExit", "taskRun", "syncInputJobAttachments")
"""The kinds of session action; a definition has exactly one of them as its member (service model)."""

NOT_BEGUN = frozenset({"ASSIGNED", "SCHEDULED"})
"""Statuses of what is still to come: there is no message and no exit code yet."""

NEVER_ATTEMPTED = "NEVER_ATTEMPTED"
"""The status of what will not be begun any more; its message says why (captured)."""

FINAL = frozenset({"SUCCEEDED", "FAILED", "INTERRUPTED", "CANCELED", "NEVER_ATTEMPTED", "RECLAIMED"})
"""Statuses that nothing follows. (Inferred from their names and the worker agent's source.)"""

TIMED_OUT = "TIMEOUT - "
"""How the message of a FAILED action begins when it ran into its time limit (the worker agent's source)."""


class SessionAction(Struct, frozen=True, gc=False):
    """One thing a worker does in a session.

    ``kind`` is the member that its definition has, or one nobody has seen yet. ``progress`` is per cent,
    0 where the service leaves it out. ``exit_code`` (signed, 32 bits) and ``message`` are only told by
    GetSessionAction and BatchGetSessionAction: ``detailed`` says whether this value comes from there.
    """

    action_id: str
    status: str
    kind: str
    environment_id: str | None = None
    step_id: str | None = None
    task_id: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    worker_updated_at: datetime | None = None
    progress: float = 0.0
    exit_code: int | None = None
    message: str | None = None
    detailed: bool = False

    @property
    def number(self) -> int:
        """Its place in the session: ids end in a number that counts up."""
        return int(self.action_id.rpartition("-")[2])

    @property
    def is_final(self) -> bool:
        """Whether its status is one that nothing follows."""
        return self.status in FINAL

    @property
    def timed_out(self) -> bool:
        """Whether it failed because it took too long; the status alone does not tell."""
        return self.status == "FAILED" and (self.message or "").startswith(TIMED_OUT)

    @property
    def environment(self) -> str | None:
        """The environment's name, out of an id as ``STEP:<step>:Name``."""
        return None if self.environment_id is None else self.environment_id.split(":", 2)[-1]

    def duration(self, now: datetime) -> timedelta | None:
        """How long it has run, or ran; ``None`` before it has begun."""
        if self.started_at is None:
            return None
        return max((self.ended_at or now) - self.started_at, timedelta(0))

    @classmethod
    def from_reply(cls, reply: Reply) -> SessionAction:
        """Of a summary or of a whole reply; raises `BadReply`."""
        action_id = text(reply, "sessionActionId")
        if not _is_action_id(action_id):
            raise BadReply("sessionActionId is not the id of a session action")
        definition = mapping(reply, "definition")
        if definition is None:
            raise BadReply("definition is missing")
        # botocore shows a member that it does not know yet as SDK_UNKNOWN_MEMBER.
        kind = next((name for name in definition if definition[name] is not None), "")
        members = mapping(definition, kind) if kind in KINDS else None
        return cls(
            action_id=action_id,
            status=text(reply, "status"),
            kind=clean(str(kind)),
            started_at=optional_time(reply, "startedAt"),
            ended_at=optional_time(reply, "endedAt"),
            worker_updated_at=optional_time(reply, "workerUpdatedAt"),
            progress=_progress(reply),
            exit_code=_exit_code(reply),
            message=optional_text(reply, "progressMessage"),
            # Only the whole reply names the session.
            detailed="sessionId" in reply,
            **_definition(members or {}),
        )


class _Part(Struct, rename="camel", gc=False):
    environment_id: str | None = None
    step_id: str | None = None
    task_id: str | None = None
    parameters: dict[str, dict[str, str]] = {}


class _Definition(Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    env_enter: _Part | None = None
    env_exit: _Part | None = None
    task_run: _Part | None = None
    sync_input_job_attachments: _Part | None = None


class _Whole(Struct, rename="camel", gc=False):
    """An action as BatchGetSessionAction writes it (service model)."""

    session_action_id: str
    session_id: str
    status: str
    definition: _Definition
    started_at: datetime | None = None
    ended_at: datetime | None = None
    worker_updated_at: datetime | None = None
    progress_percent: float = 0.0
    process_exit_code: int | None = None
    progress_message: str | None = None


_WHOLE = msgspec.json.Decoder(_Whole)


def read_quickly(item: bytes) -> SessionAction | None:
    """What `SessionAction.from_reply` reads of a whole reply, out of its JSON, the texts of which have to be
    harmless as they stand. ``None`` where it is not just as the service model has it: then that says why.

    Thousands are read with every refresh of a large wall, and this takes a third of the time."""
    try:
        found = _WHOLE.decode(item)
    except msgspec.MsgspecError:
        return None
    definition = found.definition
    of_kinds = (
        definition.env_enter,
        definition.env_exit,
        definition.task_run,
        definition.sync_input_job_attachments,
    )
    parts = [(kind, part) for kind, part in zip(KINDS, of_kinds, strict=True) if part is not None]
    times = found.started_at, found.ended_at, found.worker_updated_at
    if (
        len(parts) != 1
        or not found.status
        or not _is_action_id(found.session_action_id)
        or not all(one is None or one.tzinfo is UTC for one in times)
    ):
        return None
    ((kind, part),) = parts
    return SessionAction(
        found.session_action_id,
        found.status,
        kind,
        part.environment_id,
        part.step_id,
        part.task_id,
        {name: " ".join(value.values()) for name, value in part.parameters.items()},
        *times,
        min(100.0, max(0.0, found.progress_percent)),
        found.process_exit_code,
        found.progress_message,
        detailed=True,
    )


def _is_action_id(text: str) -> bool:
    return text.startswith("sessionaction-") and text.rpartition("-")[2].isdecimal()


def _definition(members: Reply) -> dict[str, Any]:
    return {
        "environment_id": optional_text(members, "environmentId"),
        "step_id": optional_text(members, "stepId"),
        "task_id": optional_text(members, "taskId"),
        "parameters": parameters_of(mapping(members, "parameters") or {}),
    }


def parameters_of(found: Reply) -> dict[str, str]:
    """The task's parameters without their types: ``{"Frame": {"int": "5"}}`` is ``{"Frame": "5"}``."""
    parameters = {}
    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, Mapping):
            raise BadReply("parameters holds something that is not a structure")
        parameters[clean(name)] = clean(" ".join(str(one) for one in value.values()))
    return parameters


def _progress(reply: Reply) -> float:
    value = reply.get("progressPercent")
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise BadReply("progressPercent is not a number")
    return min(100.0, max(0.0, float(value)))


def _exit_code(reply: Reply) -> int | None:
    value = reply.get("processExitCode")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise BadReply("processExitCode is not a whole number")
    return value
