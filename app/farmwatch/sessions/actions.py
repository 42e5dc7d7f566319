"""The actions of a session, followed: only what can still change is asked for again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.fault_source import CONNECTION
from farmwatch.aws.model import Fault, FaultKind, SessionRef
from farmwatch.aws.session_action import NEVER_ATTEMPTED, NOT_BEGUN, SessionAction
from farmwatch.history.events import Event, EventKind, NoRecords, Records, Watched
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import LASTING, Rest, Schedule
from farmwatch.polling.target import PollResult, Target
from farmwatch.sessions.changes import ACTION_CALLS, Changes, action_value, was_over
from farmwatch.sessions.error_log import ErrorLog, LoggedError

EVERY = timedelta(seconds=15)
"""How often workers report progress (observed)."""

RUNNING_EVERY = timedelta(seconds=5)
"""How often actions are asked for while one of them runs and somebody looks: the end of one, and a failure,
are reported at once."""

BATCH = 100
SINGLES = 10
"""Actions asked for one by one in a poll, where BatchGetSessionAction is not to be had."""

TRIES = 3
"""How often an action that has ended is asked for, where the service goes on telling of it as it was."""

MORE_IN = 0.5
"""Seconds until the next batch, while there are more than one takes."""


class ActionsObserved(Struct, frozen=True):
    """The actions of a session in their order, as of ``seen_at``; ``fault`` says that the newest poll failed.

    ``undetailed`` is why messages and exit codes are missing. ``steps`` has the names of steps by their
    ids, as far as they could be had; ``errors`` the calls that failed.
    """

    actions: tuple[SessionAction, ...] = ()
    seen_at: datetime | None = None
    fault: Fault | None = None
    undetailed: Fault | None = None
    steps: Mapping[str, str] = {}
    errors: tuple[LoggedError, ...] = ()


_LOST_PLACE = (FaultKind.REFUSED, FaultKind.GONE, FaultKind.BAD_REPLY)


class _Page(Struct):
    token: str | None
    actions: tuple[SessionAction, ...]
    is_last: bool

    @property
    def can_change(self) -> bool:
        return self.is_last or not all(action.is_final for action in self.actions)


class ActionsTarget(Target):
    """Follows the actions of one session with ListSessionActions and BatchGetSessionAction. What it saw is
    written down in ``records`` before anybody is told."""

    def __init__(
        self, ref: SessionRef, records: Records | None = None, *, somebody_looks: bool = False
    ) -> None:
        self.key = f"actions of {ref.session_id}"
        self.schedule = Schedule(EVERY)
        self.observed = ActionsObserved()
        self.session_is_final = False
        """Set by whoever follows the session: then the last looks are taken, and no more is asked."""
        self.somebody_looks = somebody_looks
        """Whether it is worth asking more often than workers report while an action runs."""
        self._ref = ref
        self._pages: list[_Page] = []
        self._details: dict[str, SessionAction] = {}
        self._steps = StepNames(ref)
        self._error_log = ErrorLog()
        self._changes = Changes(ref, records or NoRecords(), ACTION_CALLS)
        self._seen_until: datetime | None = None
        self._unseen: set[str] = set()
        self._tries: Counter[str] = Counter()
        self._batches = Rest()
        self._singles = Rest()
        self._undetailed_why: Fault | None = None

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        """Ask for the pages that can still change, then for messages and exit codes that are missing, up to
        100 by one call, then for names of steps. It is final when the session is and every action is over."""
        past = self._changes.open()
        if past is not None:
            self._error_log.remember(past.entries, ACTION_CALLS)
            self._seen_until = past.actions_until
        fault = api if isinstance(api, Fault) else self._load(api)
        if fault is not None or isinstance(api, Fault):
            self._note(fault, clock, "ListSessionActions")
            observed = replace(self.observed, fault=fault, errors=self._error_log.entries)
            return PollResult(fault, events=self._publish(observed, clock.now()))
        summaries = [action for page in self._pages for action in page.actions]
        wanted = self._undetailed(summaries)
        ended = {action.action_id for action in summaries if action.is_final}
        at_once, undetailed = self._detail(api, wanted, ended, clock)
        self._note(None, clock, "ListSessionActions")
        self._steps.look(api, {action.step_id for action in summaries if action.step_id}, clock)
        observed = ActionsObserved(
            actions=tuple(sorted(map(self._whole, summaries), key=lambda action: action.number)),
            seen_at=clock.now(),
            undetailed=undetailed,
            steps=dict(self._steps.found),
            errors=self._error_log.entries,
        )
        events = self._publish(observed, observed.seen_at or clock.now())
        if undetailed is not None and undetailed.kind not in (*LASTING, FaultKind.BAD_REPLY):
            # It passes, and then the last word of what has ended is still to be asked for.
            return PollResult(undetailed, events=events)
        more = undetailed is None and len(wanted) > at_once
        final = self.session_is_final and all(action.is_final for action in observed.actions)
        runs = any(action.status not in NOT_BEGUN and not action.is_final for action in observed.actions)
        self.schedule.interval = RUNNING_EVERY if runs and self.somebody_looks else EVERY
        return PollResult(final=final and not more, again_in=MORE_IN if more else None, events=events)

    def _publish(self, observed: ActionsObserved, at: datetime) -> tuple[Event, ...]:
        values = self._changes.faults(observed.errors)
        good = observed.fault is None
        ends = {
            (EventKind.ACTION, action.action_id): (action, observed.steps.get(action.step_id or "", ""))
            for action in observed.actions
        }
        if good:
            keys = {action.action_id: (EventKind.ACTION, action.action_id) for action in observed.actions}
            # The end of what was over before anybody looked was not seen by anybody.
            self._unseen |= {
                action.action_id
                for action in observed.actions
                if not self._changes.has_seen(keys[action.action_id]) and was_over(action, self._seen_until)
            }
            values |= {
                keys[action.action_id]: action_value(action)
                for action in observed.actions
                if action.action_id not in self._unseen
            }
        events = self._changes.write(
            values,
            may_end=frozenset({EventKind.FAULT}),
            after=self._seen_until,
            at=at,
            watched=Watched(self._ref, actions_until=at if good else None),
            ends=ends,
        )
        self._seen_until = at if good else self._seen_until
        self.observed = observed
        return events

    def _note(self, fault: Fault | None, clock: Clock, *operations: str) -> None:
        if fault is not None:
            # The connection is the session's as well, which tells of it.
            if fault.source is not CONNECTION:
                self._error_log.take_fault(fault, clock.now())
            return
        for operation in operations:
            self._error_log.call_succeeded(operation, clock.now())

    # --- the list -----------------------------------------------------------------------------------

    def _load(self, api: DeadlineApi) -> Fault | None:
        """Ask for the pages from the first that can still change to the last."""
        settled = next((n for n, page in enumerate(self._pages) if page.can_change), 0)
        fault = self._load_from(settled, api)
        if fault is not None and settled and fault.kind in _LOST_PLACE:
            # The place in the list may be forgotten by the service, whose tokens expire: once more from the
            # beginning.
            fault = self._load_from(0, api)
        return fault

    def _load_from(self, index: int, api: DeadlineApi) -> Fault | None:
        pages = self._pages[:index]
        token = self._pages[index].token if index else None
        while True:
            page = api.session_actions(self._ref, token)
            if isinstance(page, Fault):
                return page
            pages.append(_Page(token, page.items, is_last=page.next is None))
            if page.next is None:
                self._pages = pages
                return None
            token = page.next

    # --- message and exit code ------------------------------------------------------------------------

    def _whole(self, summary: SessionAction) -> SessionAction:
        """The newest summary with the message and the exit code of the newest detail."""
        detail = self._details.get(summary.action_id)
        if detail is None:
            return summary
        if detail.is_final and not summary.is_final:
            # It ended between the two questions. A running action with an exit code there is none.
            return replace(detail, parameters=detail.parameters or summary.parameters, detailed=True)
        return replace(
            summary,
            parameters=detail.parameters or summary.parameters,
            exit_code=detail.exit_code,
            message=detail.message,
            detailed=True,
        )

    def _undetailed(self, summaries: Iterable[SessionAction]) -> list[str]:
        """Whose message and exit code are to be asked for: what runs, and what has ended since it was; the
        newest first, because it is read first, and what was never begun last."""
        running: list[str] = []
        ended: list[str] = []
        unbegun: list[str] = []
        for summary in summaries:
            known = self._details.get(summary.action_id)
            if summary.status in NOT_BEGUN:
                continue
            if not summary.is_final:
                running.append(summary.action_id)
            elif known is None or not known.is_final:
                (unbegun if summary.status == NEVER_ATTEMPTED else ended).append(summary.action_id)
        # One that the service does not tell must not stand in the way of the others for ever.
        left = [one for one in (*reversed(ended), *reversed(unbegun)) if self._tries[one] < TRIES]
        return running + sorted(left, key=self._tries.__getitem__)

    def _detail(
        self, api: DeadlineApi, wanted: list[str], ended: Collection[str], clock: Clock
    ) -> tuple[int, Fault | None]:
        """Ask for message and exit code: how many are asked for at once, and why they are missing, if they
        are. Only a look at one that has ``ended`` is a try: while it runs, its last word is not there yet."""
        now, stirred_at = clock.monotonic(), self.schedule.stirred_at
        if not wanted:
            self._note(None, clock, *_DETAIL_CALLS)
            return BATCH, None
        if self._batches.is_over(now, stirred_at):
            some = wanted[:BATCH]
            found = api.session_actions_by_id(self._ref, some)
            if not isinstance(found, Fault):
                self._tries.update(one for one in some if one in ended)
                self._details |= found
                self._batches.end()
                self._note(None, clock, *_DETAIL_CALLS)
                return BATCH, None
            if found.kind not in (FaultKind.DENIED, FaultKind.REFUSED, FaultKind.BAD_REPLY):
                self._note(found, clock)
                return BATCH, found
            # Denied, or unknown to an older botocore: the single question may yet be answered.
            self._batches.begin(now)
        if not self._singles.is_over(now, stirred_at):
            return SINGLES, self._undetailed_why
        for action_id in wanted[:SINGLES]:
            one = api.session_action(self._ref, action_id)
            if isinstance(one, Fault):
                self._note(one, clock)
                if one.kind in LASTING:
                    self._singles.begin(now)
                    self._undetailed_why = one
                return SINGLES, one
            self._tries[action_id] += action_id in ended
            self._details[action_id] = one
        self._singles.end()
        self._note(None, clock, *_DETAIL_CALLS)
        return SINGLES, None


_DETAIL_CALLS = ("GetSessionAction", "BatchGetSessionAction")


class StepNames:
    """The names of steps, which no action tells; each is asked for once, and a fault is not worth a word."""

    def __init__(self, ref: SessionRef) -> None:
        self.found: dict[str, str] = {}
        self._ref = ref
        self._rest = Rest()

    def look(self, api: DeadlineApi, step_ids: Iterable[str], clock: Clock) -> None:
        """Ask for the steps that have no name yet (GetStep); after a fault the others have to wait."""
        for step_id in step_ids:
            if step_id in self.found or not self._rest.is_over(clock.monotonic()):
                continue
            step = api.step(self._ref, step_id)
            if isinstance(step, Fault):
                self._rest.begin(clock.monotonic())
            else:
                self._rest.end()
                self.found[step_id] = step.name
