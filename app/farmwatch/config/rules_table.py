"""What the settings file says of the rules of trouble: every threshold, in minutes where it is a time, and
others for the queues and jobs of some names."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

WEEK = 7 * 24 * 60.0


def _minutes(description: str) -> Meta:
    return Meta(ge=1, le=WEEK, description=description)


def _times(description: str) -> Meta:
    return Meta(ge=1, le=1000, description=description)


def _count(description: str, most: int = 50) -> Meta:
    return Meta(ge=1, le=most, description=description)


_SILENT = _minutes("minutes without a line of log that make a session silent")
_SILENT_SHARE = Meta(ge=0.01, le=1, description="share of the run that they have to be")
_FROZEN = _minutes("minutes without progress that make it frozen")
_FROZEN_TIMES = _times("the same, in medians of the action's own times between two changes")
_STRAGGLER = _minutes("minutes of running that make a straggler")
_STRAGGLER_TIMES = _times("the same, in medians of the finished tasks of the step")
_SIBLINGS = _count("finished tasks of a step whose median is a baseline")
_FEW_SIBLINGS = _count("finished tasks of a step by which a task is called slow, and no straggler")
_NEVER_STARTED = _minutes("minutes that an action waits where nothing runs")
_WILL_NOT_END = _minutes("minutes after which a session should have ended that was to")
_FAILED_RUNNING = _minutes("minutes after which a session should have ended whose action failed")


class SessionRulesTable(Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds for some sessions; what is not given is as for all others."""

    silent: Annotated[float, _SILENT] | None = None
    silent_share: Annotated[float, _SILENT_SHARE] | None = None
    frozen: Annotated[float, _FROZEN] | None = None
    frozen_times: Annotated[float, _FROZEN_TIMES] | None = None
    straggler: Annotated[float, _STRAGGLER] | None = None
    straggler_times: Annotated[float, _STRAGGLER_TIMES] | None = None
    siblings: Annotated[int, _SIBLINGS] | None = None
    few_siblings: Annotated[int, _FEW_SIBLINGS] | None = None
    never_started: Annotated[float, _NEVER_STARTED] | None = None
    will_not_end: Annotated[float, _WILL_NOT_END] | None = None
    failed_running: Annotated[float, _FAILED_RUNNING] | None = None


_OF_SESSIONS = "those of [rules] but for workers and tasks"


class RulesTable(Struct, frozen=True, forbid_unknown_fields=True):
    """The thresholds of the rules of trouble."""

    silent: Annotated[float, _SILENT] = 30.0
    silent_share: Annotated[float, _SILENT_SHARE] = 0.5
    frozen: Annotated[float, _FROZEN] = 20.0
    frozen_times: Annotated[float, _FROZEN_TIMES] = 3.0
    straggler: Annotated[float, _STRAGGLER] = 60.0
    straggler_times: Annotated[float, _STRAGGLER_TIMES] = 3.0
    siblings: Annotated[int, _SIBLINGS] = 10
    few_siblings: Annotated[int, _FEW_SIBLINGS] = 3
    never_started: Annotated[float, _NEVER_STARTED] = 10.0
    will_not_end: Annotated[float, _WILL_NOT_END] = 10.0
    failed_running: Annotated[float, _FAILED_RUNNING] = 10.0
    bad_worker: Annotated[int, _count("failures of a step that make a worker bad", 1000)] = 3
    bad_worker_others: Annotated[int, _count("other workers on which the step has to succeed")] = 2
    bad_worker_within: Annotated[float, _minutes("minutes within which they fail and succeed")] = 60.0
    bad_worker_forgiven: Annotated[
        float, _minutes("minutes after its last failure in which a worker is forgiven")
    ] = 300.0
    poison_task: Annotated[int, _count("workers on which a task fails that is poison", 1000)] = 3
    queue: Annotated[
        dict[str, SessionRulesTable],
        Meta(
            description="a table of thresholds for the queues of that name",
            extra={"allowed": _OF_SESSIONS},
        ),
    ] = field(default_factory=dict)
    job: Annotated[
        dict[str, SessionRulesTable],
        Meta(
            description='the same for jobs, by a pattern of names like "comp_*"; goes before that of a queue',
            extra={"allowed": _OF_SESSIONS},
        ),
    ] = field(default_factory=dict)
