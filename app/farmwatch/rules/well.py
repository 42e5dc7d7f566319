"""By which rules all is well with something, and that is known.

A rule that says nothing may have too little to go by: since when something has been as it is, is known only
as of when it was first looked at. What was found before, perhaps by another run of the program, is over only
where the rule would say nothing though it had been so all the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec.structs import replace

from farmwatch.rules.facts import ActionFacts, SessionFacts, WorkerFacts
from farmwatch.rules.finding import NotSeen, Severity
from farmwatch.rules.judge import OWN_RULES, STUCK
from farmwatch.rules.rules import LEAST_SESSIONS, QUIET_WORKING, SESSION_RULES, bad_worker
from farmwatch.rules.thresholds import DEFAULTS, Thresholds, relaxed

STUCK_RULE = "stuck"
"""What several signals of the rules of an action are called together."""

NOT_RESPONDING = "not responding"
"""What a worker is called that the service does not hear from."""

_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


def well_session(facts: SessionFacts, limits: Thresholds = DEFAULTS) -> Mapping[str, datetime]:
    """By the names of the rules by which all is well with a session, `STUCK_RULE` among them, when that was
    seen; by 90 % of the thresholds."""
    limits = relaxed(limits)
    ending = None if facts.ending_since is None else _ALWAYS
    worst = replace(facts, ending_since=ending)
    well = {rule.name: facts.seen_at for rule in OWN_RULES if rule.check(worst, limits) is None}
    if facts.action is not None and _signals(worst, facts.action, limits) < STUCK:
        well[STUCK_RULE] = facts.action.seen_at
    return well


def _signals(facts: SessionFacts, action: ActionFacts, limits: Thresholds) -> int:
    """How many signals there may be that a session is stuck; what is certain is no signal."""
    waits = None if action.waits_since is None else _ALWAYS
    worst = replace(facts, action=replace(action, waits_since=waits))
    may_be = {rule.name: rule.check(worst, limits) for rule in SESSION_RULES if rule.name != QUIET_WORKING}
    names = {
        name
        for name, verdict in may_be.items()
        if isinstance(verdict, NotSeen) or (verdict is not None and verdict.severity is Severity.SUSPECT)
    }
    if action.status == "RUNNING" and action.started_at is not None:
        run = action.seen_at - action.started_at
        if run >= limits.frozen and not action.gaps:
            names.add("frozen progress")
        if run >= limits.straggler and action.siblings < limits.siblings:
            names.add("straggler")
    return len(names)


def well_worker(facts: WorkerFacts, limits: Thresholds = DEFAULTS) -> Mapping[str, datetime]:
    """The same of a worker; `NOT_RESPONDING` is told apart from one whose sessions are quiet."""
    limits = relaxed(limits)
    well: list[str] = []
    is_known = facts.failures or any(facts.worker_id in some for some in facts.successes.values())
    if is_known and bad_worker(facts, limits) is None:
        well.append("bad worker")
    if facts.status and facts.status != "NOT_RESPONDING":
        well.append(NOT_RESPONDING)
        lives = any(
            since is not None and facts.seen_at - since < limits.silent for since in facts.quiet_since
        )
        if lives or len(facts.quiet_since) < LEAST_SESSIONS:
            well.append("dead worker")
    return dict.fromkeys(well, facts.seen_at)
