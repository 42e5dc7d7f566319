"""All rules over all facts, pass after pass.

A finding holds after two passes in a row that found it, and is over after two in a row in which all was well
by 90 % of the threshold. A pass counts where what it looks at was seen anew since the pass before: what
cannot be seen begins nothing, and ends nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec.structs import replace

from farmwatch.aws.session_action import FINAL
from farmwatch.rules.facts import SessionFacts, TaskFacts, WorkerFacts
from farmwatch.rules.finding import NOT_SEEN, Finding, NotSeen, Severity, Verdict, contradicted, worst_first
from farmwatch.rules.rules import EVERY_RULE, SESSION_RULES, TASK_RULES, WORKER_RULES, Rule
from farmwatch.rules.thresholds import DEFAULTS, Thresholds, relaxed

FIRED = 100_000
"""Names of rules that fired that are kept for whoever counts them."""

PASSES = 2
"""Passes in a row after which a finding holds, or is over."""

STUCK = 2
"""Signals that make something stuck."""

PLACES = {name: place for place, (name, _) in enumerate(EVERY_RULE)}
"""In which order findings that are as bad are told, by the names of their rules."""

LimitsOf = Callable[[SessionFacts], Thresholds]
Findings = Mapping[str, tuple[Finding, ...]]

F = TypeVar("F", SessionFacts, WorkerFacts, TaskFacts)

ACTION_RULES = tuple(rule for rule in SESSION_RULES if rule.is_of_action)
OWN_RULES = tuple(rule for rule in SESSION_RULES if not rule.is_of_action)
LASTING_RULES = tuple(rule for rule in OWN_RULES if rule.outlives)
"""Those of a session that is over."""

_OWN = frozenset(rule.name for rule in OWN_RULES)
_LASTING = frozenset(rule.name for rule in LASTING_RULES)


class _State:
    """What a rule has said of one thing. ``finding`` is the newest; it holds, or waits for another pass."""

    __slots__ = ("bad", "finding", "good", "holds", "seen_at", "subject")

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.seen_at: datetime | None = None
        self.finding: Finding | None = None
        self.bad = self.good = 0
        self.holds = False


_States = dict[str, _State]
"""By the names of the rules."""


def _still_about(facts: SessionFacts, states: _States) -> _States:
    """What was found of what a session does is over with that; most of the rest with the session."""
    names = _LASTING if facts.is_over else _OWN
    is_done = facts.is_over or (facts.action is not None and facts.action.status in FINAL)
    subject = None if is_done else facts.subject
    return {name: state for name, state in states.items() if name in names or state.subject == subject}


class Judge:
    """Remembers what was found of each thing. ``limits_of`` tells which thresholds a session has; workers and
    tasks have the ``limits``."""

    def __init__(self, limits: Thresholds = DEFAULTS, limits_of: LimitsOf | None = None) -> None:
        self.fired: deque[str] = deque(maxlen=FIRED)
        """The names of the rules that began to hold, the newest last, until somebody takes them out."""
        self.contradicted: Container[str] = ()
        """What was called not stuck (`SessionFacts.subject`)."""
        self._limits = limits
        self._limits_of = limits_of
        self._sessions: dict[str, _States] = {}
        self._workers: dict[str, _States] = {}
        self._tasks: dict[str, _States] = {}

    def limits_of(self, facts: SessionFacts) -> Thresholds:
        """The thresholds that a session has."""
        return self._limits if self._limits_of is None else self._limits_of(facts)

    def judge(self, sessions: Iterable[SessionFacts], now: datetime, fresh_for: timedelta) -> Findings:
        """A pass over all sessions there are: the findings of those that have any, by their ids, the worst
        first. What was seen longer than ``fresh_for`` ago is not fresh."""
        held, self._sessions = self._sessions, {}
        found: dict[str, tuple[Finding, ...]] = {}
        oldest, limits, limits_of = now - fresh_for, self._limits, self._limits_of
        for facts in sessions:
            states = held.get(facts.ref.session_id)
            if states is not None:
                states = _still_about(facts, states)
            if facts.seen_at >= oldest:
                if limits_of is not None:
                    limits = limits_of(facts)
                action = facts.action
                if action is not None and action.seen_at >= oldest and not facts.is_over:
                    states = self._apply(ACTION_RULES, facts, action.seen_at, limits, states)
                rules = LASTING_RULES if facts.is_over else OWN_RULES
                states = self._apply(rules, facts, facts.seen_at, limits, states)
            if states:
                session_id = facts.ref.session_id
                self._sessions[session_id] = states
                findings = self._held(states, is_contradicted=facts.subject in self.contradicted)
                if findings:
                    found[session_id] = findings
        return found

    def judge_workers(self, workers: Iterable[WorkerFacts]) -> Findings:
        """A pass over all workers there are: the findings of those that have any, by their ids."""
        things = ((facts.worker_id, facts) for facts in workers)
        found, self._workers = self._judge(WORKER_RULES, things, self._workers)
        return found

    def judge_tasks(self, tasks: Iterable[TaskFacts]) -> Findings:
        """A pass over all tasks that failed: the findings of those that have any, by their ids."""
        things = ((facts.task_id, facts) for facts in tasks)
        found, self._tasks = self._judge(TASK_RULES, things, self._tasks)
        return found

    def _judge(
        self, rules: Sequence[Rule[F]], things: Iterable[tuple[str, F]], held: Mapping[str, _States]
    ) -> tuple[Findings, dict[str, _States]]:
        found: dict[str, tuple[Finding, ...]] = {}
        kept: dict[str, _States] = {}
        for key, facts in things:
            states = self._apply(rules, facts, facts.seen_at, self._limits, held.get(key))
            if states:
                kept[key] = states
                findings = self._held(states, is_contradicted=False)
                if findings:
                    found[key] = findings
        return found, kept

    def _apply(
        self,
        rules: Sequence[Rule[F]],
        facts: F,
        seen_at: datetime,
        limits: Thresholds,
        states: _States | None,
    ) -> _States | None:
        """What is known of a thing by what the rules say of it now."""
        looser: Thresholds | None = None
        for rule in rules:
            state = None if states is None else states.get(rule.name)
            if state is None:
                verdict = rule.check(facts, limits)
                if verdict is None or verdict is NOT_SEEN:
                    continue
                state = _State(facts.subject)
                states = {} if states is None else states
                states[rule.name] = state
            elif state.holds:
                # Once for all rules: thresholds are looked up by every one of them.
                looser = looser or relaxed(limits)
                verdict = rule.check(facts, looser)
            else:
                verdict = rule.check(facts, limits)
            if self._take(rule, state, verdict, seen_at) and states is not None:
                del states[rule.name]
        return states

    def _take(self, rule: Rule[F], state: _State, verdict: Verdict, seen_at: datetime) -> bool:
        """Take what a rule says; whether that is the end of it."""
        if isinstance(verdict, NotSeen) or (state.seen_at is not None and seen_at <= state.seen_at):
            return False
        state.seen_at = seen_at
        if verdict is None:
            state.bad, state.good = 0, state.good + 1
            return not state.holds or state.good >= PASSES
        # What began earlier than it was seen now has not begun anew.
        since = verdict.since if state.finding is None else min(state.finding.since, verdict.since)
        state.finding = verdict if since == verdict.since else replace(verdict, since=since)
        state.bad, state.good = state.bad + 1, 0
        if not state.holds and (rule.holds_at_once or state.bad >= PASSES):
            state.holds = True
            self.fired.append(rule.name)
        return False

    def _held(self, states: _States, *, is_contradicted: bool) -> tuple[Finding, ...]:
        """What holds, the worst first: two signals make something stuck."""
        findings = [state.finding for state in states.values() if state.holds and state.finding is not None]
        if len(findings) > 1:
            findings.sort(key=_place)
        if is_contradicted:
            return contradicted(findings, is_so=True)
        if len(findings) < STUCK:
            return tuple(findings)
        signals = sum(one.severity is Severity.SUSPECT for one in findings)
        if signals >= STUCK:
            findings = [
                replace(one, severity=Severity.STUCK) if one.severity is Severity.SUSPECT else one
                for one in findings
            ]
            if signals == len(findings):
                return tuple(findings)
        return worst_first(findings)


def _place(finding: Finding) -> int:
    return PLACES[finding.rule]
