from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from farmwatch.aws.model import FaultKind, Page, SessionRef
from farmwatch.aws.session_action import SessionAction
from farmwatch.polling.poller import Poller
from farmwatch.sessions.actions import BATCH, EVERY, SINGLES, TRIES, ActionsTarget
from farmwatch.sessions.tracker import SessionTarget
from tests.canned import REF, START, STEP_ID, CannedFarm, HandClock, a_fault, a_session, an_action


class Watch:
    """A target and a farm whose session has these actions, in pages of three."""

    def __init__(self, *actions: SessionAction, page: int = 3, **answers: Any) -> None:
        self.actions = list(actions)
        self.page = page
        self.clock = HandClock()
        self.farm = CannedFarm(
            **{
                "session_actions": self.give_page,
                "session_actions_by_id": self.give_details,
                "step": "Render",
                **answers,
            }
        )
        self.target = ActionsTarget(REF)

    def give_page(self, ref: SessionRef, token: str | None) -> Page[SessionAction]:
        first = int(token or 0)
        following = first + self.page
        return Page(
            tuple(self.actions[first:following]), str(following) if following < len(self.actions) else None
        )

    def give_details(self, ref: SessionRef, action_ids: Sequence[str]) -> dict[str, SessionAction]:
        return {one.action_id: self.detail(one) for one in self.actions if one.action_id in action_ids}

    @staticmethod
    def detail(action: SessionAction) -> SessionAction:
        return replace(action, message=f"message {action.number}", exit_code=action.number, detailed=True)

    def poll(self) -> Any:
        polled = self.target.poll(self.farm, self.clock)
        self.clock.move(EVERY.total_seconds())
        return polled

    def detailed(self) -> list[list[str]]:
        """Whose message and exit code were asked for, by their numbers, a list for each time."""
        asked = self.asked("session_actions_by_id")
        return [[one.rpartition("-")[2] for one in those] for those in asked]

    def asked(self, name: str) -> list[Any]:
        return [question[-1] for question in self.farm.asked if question[0] == name]


def test_actions_are_told_in_their_order_with_message_and_exit_code() -> None:
    watch = Watch(an_action(10), an_action(2, "FAILED"), an_action(1))
    watch.poll()
    told = [(one.number, one.message, one.exit_code) for one in watch.target.observed.actions]
    assert told == [(1, "message 1", 1), (2, "message 2", 2), (10, "message 10", 10)]


def test_a_page_in_which_nothing_can_change_is_not_asked_for_again() -> None:
    watch = Watch(*(an_action(n) for n in range(6)), an_action(6, "RUNNING"))
    watch.poll()
    assert watch.asked("session_actions") == [None, "3", "6"]
    watch.poll()
    assert watch.asked("session_actions")[3:] == ["6"]


def test_new_actions_appear() -> None:
    watch = Watch(an_action(0), an_action(1), an_action(2))
    watch.poll()
    watch.actions += [an_action(3), an_action(4)]
    watch.poll()
    assert [one.number for one in watch.target.observed.actions] == [0, 1, 2, 3, 4]


def test_only_what_runs_or_has_just_ended_is_asked_for_in_detail() -> None:
    watch = Watch(
        an_action(0), an_action(1, "RUNNING"), an_action(2, "ASSIGNED"), an_action(3, "NEVER_ATTEMPTED")
    )
    watch.poll()
    watch.poll()
    assert watch.detailed() == [["1", "0", "3"], ["1"]]


def test_what_was_never_begun_is_asked_for_why_after_all_that_was() -> None:
    watch = Watch(an_action(0, "FAILED"), an_action(1, "NEVER_ATTEMPTED"), an_action(2, "CANCELED"))
    watch.poll()
    watch.poll()
    assert watch.detailed() == [["2", "0", "1"]]
    assert watch.target.observed.actions[1].message == "message 1"


@pytest.mark.parametrize("is_one_by_one", [False, True])
def test_an_action_that_is_watched_while_it_runs_keeps_its_outcome(is_one_by_one: bool) -> None:
    def give_one(ref: SessionRef, action_id: str) -> SessionAction:
        return Watch.detail(watch.actions[0]) if watch.actions[0].is_final else watch.actions[0]

    def give_some(ref: SessionRef, action_ids: Sequence[str]) -> dict[str, SessionAction]:
        return {one: give_one(ref, one) for one in action_ids}

    batch = a_fault(FaultKind.DENIED) if is_one_by_one else give_some
    watch = Watch(
        an_action(7, "RUNNING", message="tile 75 %"), session_actions_by_id=batch, session_action=give_one
    )
    for _ in range(TRIES + 3):
        watch.poll()
    assert watch.target.observed.actions[0].message == "tile 75 %"
    watch.actions = [an_action(7, "FAILED")]
    watch.poll()
    (action,) = watch.target.observed.actions
    assert (action.status, action.exit_code, action.message) == ("FAILED", 7, "message 7")


def test_looks_at_an_action_that_runs_do_not_count_as_looks_at_its_end() -> None:
    watch = Watch(an_action(0, "RUNNING"), session_actions_by_id={})
    for _ in range(TRIES + 3):
        watch.poll()
    before = len(watch.detailed())
    watch.actions = [an_action(0)]
    for _ in range(TRIES + 3):
        watch.poll()
    assert len(watch.detailed()) == before + TRIES


def test_an_action_that_ends_between_the_two_questions_is_told_as_ended_with_its_exit_code() -> None:
    ended = an_action(0, "FAILED", exit_code=7, ended_at=START, detailed=True)
    watch = Watch(an_action(0, "RUNNING"), session_actions_by_id=lambda *_: {ended.action_id: ended})
    watch.poll()
    (action,) = watch.target.observed.actions
    assert (action.status, action.exit_code) == ("FAILED", 7)
    assert action.ended_at == START


@pytest.mark.parametrize(
    ("status", "looks", "seconds"),
    [
        ("RUNNING", True, 5),
        ("CANCELING", True, 5),
        ("RUNNING", False, 15),
        ("SUCCEEDED", True, 15),
        ("ASSIGNED", True, 15),
    ],
)
def test_actions_are_asked_for_more_often_while_one_runs_and_somebody_looks(
    status: str, looks: bool, seconds: int
) -> None:
    watch = Watch(an_action(0, status))
    watch.target.somebody_looks = looks
    watch.poll()
    assert watch.target.schedule.interval == timedelta(seconds=seconds)
    watch.actions = [an_action(0)]
    watch.poll()
    assert watch.target.schedule.interval == EVERY


def test_the_last_word_of_an_action_is_asked_for_when_it_has_ended() -> None:
    watch = Watch(an_action(0, "RUNNING"))
    watch.poll()
    watch.actions = [an_action(0, "FAILED")]
    watch.poll()
    watch.poll()
    assert len(watch.asked("session_actions_by_id")) == 2


def test_more_than_a_batch_is_asked_for_in_turns_the_newest_first() -> None:
    watch = Watch(*(an_action(n) for n in range(BATCH + 20)), page=100)
    assert watch.poll().again_in is not None
    assert watch.poll().again_in is None
    first, second = watch.asked("session_actions_by_id")
    assert len(first) == BATCH
    assert first[0].endswith(f"-{BATCH + 19}")
    assert len(second) == 20


def test_where_batches_are_denied_actions_are_asked_for_one_by_one() -> None:
    watch = Watch(
        an_action(0),
        an_action(1),
        session_actions_by_id=a_fault(FaultKind.DENIED),
        session_action=lambda ref, action_id: Watch.detail(an_action(int(action_id.rpartition("-")[2]))),
    )
    watch.poll()
    watch.poll()
    assert [one.exit_code for one in watch.target.observed.actions] == [0, 1]
    assert len(watch.asked("session_actions_by_id")) == 1


def test_one_by_one_means_a_few_in_a_poll() -> None:
    denied = a_fault(FaultKind.DENIED)
    many = [an_action(n) for n in range(SINGLES + 5)]
    watch = Watch(
        *many, page=100, session_actions_by_id=denied, session_action=lambda *_: Watch.detail(many[0])
    )
    watch.poll()
    assert len(watch.asked("session_action")) == SINGLES


def test_where_details_are_denied_the_actions_are_told_without_and_why() -> None:
    denied = a_fault(FaultKind.DENIED)
    watch = Watch(an_action(0), session_actions_by_id=denied, session_action=denied)
    polled = watch.poll()
    assert polled.fault is None
    assert watch.target.observed.undetailed is denied
    assert [one.detailed for one in watch.target.observed.actions] == [False]


def test_details_that_are_denied_are_tried_again_less_and_less_and_the_list_goes_on() -> None:
    denied = a_fault(FaultKind.DENIED, operation="GetSessionAction")
    watch = Watch(an_action(0), session_actions_by_id=denied, session_action=denied)
    for _ in range(20):
        assert watch.poll().fault is None
    assert len(watch.asked("session_actions")) == 20
    assert len(watch.asked("session_action")) == 5
    (trouble,) = watch.target.observed.errors
    assert (trouble.count, trouble.is_open) == (5, True)
    watch.farm.answers["session_action"] = [Watch.detail(an_action(0, "FAILED"))]
    watch.target.schedule.stir(watch.clock.monotonic())
    watch.poll()
    assert watch.target.observed.actions[0].detailed, "somebody wanted to know"
    assert not watch.target.observed.errors[0].is_open


def test_a_fault_that_passes_does_not_make_the_last_word_of_a_session_be_forgotten() -> None:
    slow = a_fault(FaultKind.SLOW_DOWN, operation="BatchGetSessionAction")
    watch = Watch(an_action(0, "FAILED"), session_actions_by_id=slow)
    watch.target.session_is_final = True
    polled = watch.poll()
    assert (polled.fault, polled.final) == (slow, False)
    assert [one.status for one in watch.target.observed.actions] == ["FAILED"]
    watch.farm.answers["session_actions_by_id"] = [watch.give_details]
    assert watch.poll().final
    assert watch.target.observed.actions[0].exit_code == 0


def test_a_connection_that_cannot_be_made_is_told_by_the_session_and_not_by_its_actions_too() -> None:
    watch = Watch(an_action(0))
    lost = a_fault(FaultKind.LOGIN, operation="", code="CredentialRetrievalError")
    watch.target.poll(lost, watch.clock)
    assert watch.target.observed.fault is lost
    assert watch.target.observed.errors == ()


def test_an_action_that_is_never_told_is_given_up() -> None:
    watch = Watch(an_action(0), session_actions_by_id={})
    for _ in range(TRIES + 3):
        watch.poll()
    assert len(watch.asked("session_actions_by_id")) == TRIES


def test_a_fault_leaves_what_was_seen_and_it_goes_on_from_there() -> None:
    fault = a_fault(FaultKind.NETWORK)
    pages = [Page((an_action(0),), "t"), Page((an_action(1),)), fault, Page((an_action(1), an_action(2)))]
    watch = Watch(an_action(0), an_action(1), session_actions=pages)
    watch.poll()
    assert watch.poll().fault is fault
    assert len(watch.target.observed.actions) == 2
    assert watch.poll().fault is None
    assert len(watch.target.observed.actions) == 3
    assert watch.asked("session_actions") == [None, "t", "t", "t"]


@pytest.mark.parametrize("kind", [FaultKind.GONE, FaultKind.REFUSED, FaultKind.BAD_REPLY])
def test_a_place_in_the_list_that_is_forgotten_is_found_again_at_once(kind: FaultKind) -> None:
    pages = [Page((an_action(0),), "t"), Page((an_action(1),)), a_fault(kind), Page((an_action(0),))]
    watch = Watch(an_action(0), an_action(1), session_actions=pages)
    watch.poll()
    assert watch.poll().fault is None
    assert watch.asked("session_actions") == [None, "t", "t", None]


def test_a_session_that_is_not_found_is_asked_for_once() -> None:
    gone = a_fault(FaultKind.GONE)
    watch = Watch(session_actions=gone)
    assert watch.poll().fault is gone
    assert watch.asked("session_actions") == [None]


def test_names_of_steps_are_asked_for_once() -> None:
    watch = Watch(an_action(0), an_action(1, "RUNNING"))
    watch.poll()
    watch.poll()
    assert watch.asked("step") == [STEP_ID]
    assert watch.target.observed.steps == {STEP_ID: "Render"}


def test_a_name_that_is_denied_is_no_fault_and_not_asked_for_at_every_poll() -> None:
    watch = Watch(an_action(0), step=a_fault(FaultKind.DENIED))
    for _ in range(20):
        assert watch.poll().fault is None
    # In its 300 seconds after 0, 15, 30, 60 and 120; then no more than every five minutes.
    assert len(watch.asked("step")) == 5


def test_it_is_final_when_the_session_and_all_its_actions_are() -> None:
    watch = Watch(an_action(0), an_action(1, "RUNNING"))
    watch.target.session_is_final = True
    assert not watch.poll().final
    watch.actions[1] = an_action(1, "CANCELED")
    assert watch.poll().final


# --- with the session -----------------------------------------------------------------------------------


class WithSession:
    """A session and its actions, followed by nobody's screen."""

    def __init__(self, *sessions: Any, actions: Any) -> None:
        self.clock = HandClock()
        pages = [Page(tuple(some)) for some in actions]
        self.farm = CannedFarm(
            session=list(sessions), session_actions=pages, session_actions_by_id={}, step="Render"
        )
        self.poller = Poller(lambda: self.farm, lambda _: None, self.clock)
        self.actions = ActionsTarget(REF)
        self.poller.follow(SessionTarget(REF, timedelta(seconds=2), actions=self.actions))
        self.poller.follow(self.actions)
        self.poller.run_due()

    def move(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.move(1)
            self.poller.run_due()


def test_actions_are_asked_for_at_once_when_the_session_has_changed() -> None:
    changed = a_session(updated_at=START)
    watch = WithSession(a_session(), changed, actions=[[an_action(0, "RUNNING")], [an_action(0)]])
    before = watch.farm.count("session_actions")
    watch.move(2)
    assert watch.farm.count("session_actions") == before + 1
    assert [one.status for one in watch.actions.observed.actions] == ["SUCCEEDED"]
    watch.move(10)
    assert watch.farm.count("session_actions") == before + 1, "it has not changed again"


def test_a_session_that_changes_does_not_shorten_the_wait_after_a_fault() -> None:
    farm_says = [a_session(), a_session(updated_at=START)]
    watch = WithSession(*farm_says, actions=[[]])
    watch.farm.answers["session_actions"] = [a_fault(FaultKind.CLOCK)]
    watch.poller.now(watch.actions.key)
    watch.poller.run_due()
    before = watch.farm.count("session_actions")
    watch.move(10)
    assert watch.farm.count("session_actions") == before


def test_when_the_session_ends_the_last_looks_are_taken_and_no_more_is_asked() -> None:
    ended = a_session(lifecycle_status="ENDED", ended_at=START)
    watch = WithSession(a_session(), ended, actions=[[an_action(0, "RUNNING")], [an_action(0)]])
    watch.move(120)
    assert [one.status for one in watch.actions.observed.actions] == ["SUCCEEDED"]
    asked = len(watch.farm.asked)
    watch.move(3600)
    assert len(watch.farm.asked) == asked
