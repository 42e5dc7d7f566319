from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from farmwatch.aws.model import Fault, FaultKind, LogConfiguration, Session
from farmwatch.sessions.tracker import SessionTracker
from tests.canned import REF, START, a_fault, a_session


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def test_the_first_answer_marks_nothing_as_changed() -> None:
    assert SessionTracker(REF).observe(a_session(), START).changed == frozenset()


def test_a_change_names_the_members_that_differ() -> None:
    tracker = SessionTracker(REF)
    tracker.observe(a_session(), START)
    ended = a_session(lifecycle_status="ENDED", ended_at=START)
    assert tracker.observe(ended, START + seconds(2)).changed == {"lifecycle_status", "ended_at"}


def test_a_status_is_seen_between_two_polls() -> None:
    tracker = SessionTracker(REF)
    tracker.observe(a_session(), START)
    observed = tracker.observe(a_session(lifecycle_status="UPDATE_IN_PROGRESS"), START + seconds(2))
    last = observed.moments[-1]
    assert (last.status, last.after, last.at) == ("UPDATE_IN_PROGRESS", START, START + seconds(2))


def test_a_fault_keeps_the_last_good_reply_and_its_time() -> None:
    tracker = SessionTracker(REF)
    tracker.observe(a_session(), START)
    observed = tracker.observe(a_fault(), START + seconds(2))
    assert (observed.session, observed.seen_at) == (a_session(), START)


def test_a_good_reply_after_a_fault_clears_the_fault() -> None:
    tracker = SessionTracker(REF)
    tracker.observe(a_fault(), START)
    assert tracker.observe(a_session(), START + seconds(2)).fault is None


def test_a_status_nobody_has_seen_yet_is_kept_as_it_came() -> None:
    observed = SessionTracker(REF).observe(a_session(lifecycle_status="HIBERNATING"), START)
    assert [moment.status for moment in observed.moments] == ["HIBERNATING"]


def test_update_succeeded_is_not_final() -> None:
    observed = SessionTracker(REF).observe(a_session(lifecycle_status="UPDATE_SUCCEEDED"), START)
    assert not observed.is_final


def test_an_end_time_is_final_whatever_the_status_says() -> None:
    assert SessionTracker(REF).observe(a_session(ended_at=START), START).is_final


# --- errors -------------------------------------------------------------------------------------------


def test_a_log_error_is_kept_and_marked_as_over_when_it_is_gone() -> None:
    tracker = SessionTracker(REF)
    broken = a_session(log=LogConfiguration("awslogs", {}, {}, error="Missing log group"))
    tracker.observe(broken, START)
    observed = tracker.observe(a_session(), START + seconds(2))
    assert [(t.source.words, t.message, t.over_at) for t in observed.errors] == [
        ("log.error", "Missing log group", START + seconds(2))
    ]


def test_another_text_of_a_log_error_is_another_error() -> None:
    tracker = SessionTracker(REF)
    for at, error in enumerate(("Missing log group", "Could not create log stream")):
        log = LogConfiguration("awslogs", {}, {}, error=error)
        observed = tracker.observe(a_session(worker_log=log), START + seconds(at))
    assert [(t.message, t.is_open) for t in observed.errors] == [
        ("Could not create log stream", True),
        ("Missing log group", False),
    ]


def test_a_failed_update_is_an_error_until_the_status_changes() -> None:
    tracker = SessionTracker(REF)
    failed = a_session(lifecycle_status="UPDATE_FAILED", target_lifecycle_status="ENDED")
    assert tracker.observe(failed, START).errors[0].is_open
    observed = tracker.observe(a_session(), START + seconds(2))
    assert [(t.code, t.is_open) for t in observed.errors] == [("UPDATE_FAILED", False)]


def test_the_same_failing_call_is_counted_not_repeated() -> None:
    tracker = SessionTracker(REF)
    for at in range(7):
        observed = tracker.observe(a_fault(request_id=f"r{at}"), START + seconds(at))
    (trouble,) = observed.errors
    assert (trouble.count, trouble.first_at, trouble.last_at, trouble.request_id) == (
        7,
        START,
        START + seconds(6),
        "r6",
    )


def test_a_call_that_fails_differently_ends_the_former_error() -> None:
    tracker = SessionTracker(REF)
    tracker.observe(a_fault(), START)
    observed = tracker.observe(a_fault(FaultKind.SLOW_DOWN, code="ThrottlingException"), START + seconds(1))
    assert {t.code: t.is_open for t in observed.errors} == {
        "EndpointConnectionError": False,
        "ThrottlingException": True,
    }


answers = st.one_of(
    st.builds(
        lambda status, error: replace(
            a_session(lifecycle_status=status), log=LogConfiguration("awslogs", None, None, error)
        ),
        st.sampled_from(["STARTED", "UPDATE_IN_PROGRESS", "UPDATE_FAILED", "UPDATE_SUCCEEDED", "NEW"]),
        st.sampled_from([None, "Missing log group", "Could not create log stream"]),
    ),
    st.builds(lambda kind: a_fault(kind, code=kind.name), st.sampled_from(list(FaultKind))),
)


@given(st.lists(answers, max_size=60))
def test_every_status_in_a_good_reply_is_observed_once_in_order_and_none_is_invented(
    given_answers: list[Session | Fault],
) -> None:
    tracker = SessionTracker(REF)
    for at, answer in enumerate(given_answers):
        tracker.observe(answer, START + seconds(at))
    told = [a.lifecycle_status for a in given_answers if isinstance(a, Session)]
    changes = [status for index, status in enumerate(told) if index == 0 or told[index - 1] != status]
    assert [moment.status for moment in tracker.observed.moments] == changes


@given(st.lists(answers, min_size=1, max_size=60))
def test_the_open_errors_are_those_of_the_newest_answers(given_answers: list[Session | Fault]) -> None:
    tracker = SessionTracker(REF)
    for at, answer in enumerate(given_answers):
        tracker.observe(answer, START + seconds(at))
    still = {t.source.words for t in tracker.observed.errors if t.is_open}
    sessions = [a for a in given_answers if isinstance(a, Session)]
    wanted = {"GetSession"} if isinstance(given_answers[-1], Fault) else set()
    if sessions and sessions[-1].log.error:
        wanted.add("log.error")
    if sessions and sessions[-1].lifecycle_status == "UPDATE_FAILED":
        wanted.add("lifecycleStatus")
    assert still == wanted


def test_who_told_it_to_end_is_known_after_its_worker_has_reported_the_end() -> None:
    tracker = SessionTracker(REF)
    running = a_session()
    tracker.observe(replace(running, updated_by="jon"), START)
    assert tracker.observed.told_to_end_by is None, "who changes something else tells nothing to end"
    asked = replace(running, target_lifecycle_status="ENDED", updated_by="mira")
    tracker.observe(asked, START + seconds(2))
    tracker.observe(a_fault(), START + seconds(4))
    ended = replace(asked, lifecycle_status="ENDED", updated_by=running.worker_id)
    tracker.observe(ended, START + seconds(6))
    assert tracker.observed.told_to_end_by == "mira"
