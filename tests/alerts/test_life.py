"""The life of alerts: when one fires, is told, is resolved, and what keeps it silent."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from farmwatch.alerts.alert import Alert, Mute, MuteKind, NoticeKind, State, Wish, id_of
from farmwatch.alerts.life import Pass, acknowledged, snoozed, step, undone, with_wish
from farmwatch.alerts.notices import REPEATED_EVERY, WITHIN
from tests.alerts.facts import NOW, Life, a_ref, asked, dead, failed, lost, minutes, stuck


def test_the_same_trouble_has_the_same_id_everywhere_and_no_other_has() -> None:
    one, other = failed(1), failed(2)
    assert one.id == id_of(one.rule, one.subject) == "82f207db6f9a9b17"
    assert one.id == failed(1, worker_id="worker-9").id
    assert len({one.id, other.id, failed(1, "west").id, stuck(1).id}) == 4


def test_what_is_certain_fires_at_once_and_is_told_once() -> None:
    life = Life()
    life.see(failed())
    assert life.of(failed()).state is State.FIRING
    assert life.kinds == []  # others of the same cause may come
    for _ in range(5):
        life.see(failed())
    assert life.kinds == ["fired"]


def test_it_began_when_it_was_found_first_though_a_rule_knows_no_more_than_now() -> None:
    life = Life()
    life.see(failed())
    life.see(replace(failed(), since=life.now))
    assert life.of(failed()).since == NOW


def test_what_is_stuck_is_pending_for_five_minutes() -> None:
    life = Life()
    for _ in range(30):
        life.see(stuck())
        assert life.of(stuck()).state is State.PENDING
    life.see(stuck())
    assert life.of(stuck()).state is State.FIRING


def test_a_connection_is_lost_by_two_passes_or_by_one_after_which_no_other_comes() -> None:
    life = Life()
    life.see(lost())
    assert life.of(lost()).state is State.PENDING
    life.see(lost())
    assert life.of(lost()).state is State.FIRING
    life = Life()
    life.see(lost())
    life.wait(60)
    assert life.of(lost()).state is State.FIRING


def test_two_fresh_good_passes_resolve_and_one_does_not() -> None:
    life = Life()
    life.see(failed())
    life.wait(30)
    life.see(well=(failed(),))
    assert life.of(failed()).state is State.FIRING
    life.see(failed())
    life.see(well=(failed(),))
    assert life.of(failed()).state is State.FIRING
    life.see(well=(failed(),))
    assert life.of(failed()).state is State.RESOLVED
    assert life.kinds == ["fired", "resolved"]


def test_a_good_pass_that_has_seen_nothing_anew_does_not_count() -> None:
    life = Life()
    life.see(failed())
    for _ in range(5):
        life.alerts, _ = step(life.alerts, Pass("east", well={failed().id: NOW}), life.now)
    assert life.of(failed()).state is State.FIRING


def test_what_cannot_be_seen_is_not_resolved_and_does_not_fire_again() -> None:
    life = Life()
    life.see(failed())
    life.wait(30)
    for _ in range(10):
        life.see()
    assert life.of(failed()).state is State.CANNOT_SEE
    for _ in range(10):
        life.see(failed())
    assert life.of(failed()).state is State.FIRING
    assert life.kinds == ["fired"]


def test_what_is_pending_and_cannot_be_seen_does_not_fire() -> None:
    life = Life()
    life.see(stuck())
    life.see()
    life.wait(600)
    assert life.of(stuck()).state is State.PENDING
    assert life.kinds == []


def test_what_another_connection_shows_says_nothing() -> None:
    life = Life()
    life.see(failed())
    life.see(failed(2, "west"), connection="west")
    assert life.of(failed()).state is State.FIRING


def test_the_end_of_a_session_resolves_what_was_found_of_it() -> None:
    life = Life()
    life.see(failed())
    life.wait(30)
    life.see(over=(a_ref().session_id,))
    assert life.of(failed()).state is State.RESOLVED


def test_it_is_told_every_four_hours_while_nobody_acknowledges_it() -> None:
    life = Life()
    life.see(failed())
    for _ in range(9):
        life.wait(3600)
        life.see(failed())
    assert life.kinds == ["fired", "still firing", "still firing"]


def test_an_acknowledgement_is_silent_for_four_hours_and_not_for_ever() -> None:
    life = Life()
    life.see(failed())
    life.wait(30)
    life.alerts[failed().id] = acknowledged(life.of(failed()), "ada", life.now, "disk is being cleaned")
    known = life.of(failed()).acknowledgement
    assert known is not None
    assert (known.who, known.note) == ("ada", "disk is being cleaned")
    life.wait(3 * 3600)
    assert life.of(failed()).state is State.ACKNOWLEDGED
    life.wait(3600)
    assert life.of(failed()).state is State.FIRING
    assert life.kinds == ["fired", "still firing"]


def test_who_knew_of_a_trouble_is_still_known_when_it_is_over() -> None:
    life = Life()
    life.see(failed())
    life.alerts[failed().id] = acknowledged(life.of(failed()), "ada", life.now, "cleaned")
    life.see(well=(failed(),))
    life.see(well=(failed(),))
    over = life.of(failed())
    assert over.resolved_at is not None
    assert over.was_known is not None
    assert (over.was_known.who, over.was_known.note) == ("ada", "cleaned")


def test_an_acknowledgement_ends_with_the_trouble() -> None:
    life = Life()
    life.see(failed())
    life.alerts[failed().id] = acknowledged(life.of(failed()), "ada", life.now)
    life.see(well=(failed(),))
    life.see(well=(failed(),))
    life.see(failed())
    assert life.of(failed()).state is State.FIRING


def test_what_is_snoozed_is_told_when_its_time_has_come() -> None:
    life = Life()
    life.see(failed())
    life.alerts[failed().id] = snoozed(life.of(failed()), minutes(60), life.now)
    life.wait(1800)
    assert life.kinds == []
    life.wait(1800)
    assert life.kinds == ["fired"]


def test_undone_it_is_as_if_nobody_had_said_anything() -> None:
    life = Life()
    life.see(failed())
    alert = acknowledged(snoozed(life.of(failed()), minutes(60), life.now), "ada", life.now)
    life.alerts[failed().id] = undone(alert, life.now)
    life.wait(30)
    assert life.kinds == ["fired"]


def test_the_newest_wish_counts_whoever_has_said_it() -> None:
    life = Life()
    life.see(failed())
    alert = acknowledged(life.of(failed()), "ada", NOW)
    assert with_wish(life.of(failed()), alert.wish).acknowledgement is not None
    # Said by a clock that is behind: it still comes after what it takes back.
    taken_back = undone(alert, minutes(-5))
    assert with_wish(alert, taken_back.wish).acknowledgement is None
    assert with_wish(taken_back, alert.wish).acknowledgement is None
    assert with_wish(alert, Wish()) is alert


def test_a_rule_a_queue_or_a_job_can_be_muted_until_a_time() -> None:
    for kind, value in (
        (MuteKind.RULE, "update failed"),
        (MuteKind.QUEUE, "queue-1"),
        (MuteKind.JOB, "job-1"),
    ):
        mutes = [Mute(kind, value, "ada", NOW, minutes(60))]
        alerts, _ = step({}, Pass("east", (failed(), dead("worker-2"))), NOW)
        alerts, notices = step(alerts, None, minutes(30), mutes)
        assert [notice.alerts[0].rule for notice in notices] == ["dead worker"]
        _, notices = step(alerts, None, minutes(60), mutes)
        assert [notice.alerts[0].rule for notice in notices] == ["update failed"]


def test_five_of_one_cause_are_one_notice() -> None:
    life = Life()
    life.see(*(failed(number) for number in range(3)), failed(9, worker_id="worker-2"))
    life.see(*(failed(number) for number in range(6)), failed(9, worker_id="worker-2"))
    life.wait(20)
    assert [(one.kind, len(one.alerts), one.cause) for one in life.notices] == [
        (NoticeKind.FIRED, 6, "worker worker-1"),
        (NoticeKind.FIRED, 1, ""),
    ]
    life.wait(3600)
    assert len(life.notices) == 2


def test_a_notice_waits_as_long_as_others_come_and_thirty_seconds_at_the_most() -> None:
    life = Life()
    life.see(failed(1))
    life.wait(20)
    assert life.kinds == []
    life.wait(2)
    assert life.kinds == ["fired"]  # two refreshes have brought none
    life = Life()
    life.see(failed(1))
    life.wait(10)
    life.see(failed(1), failed(2))
    life.wait(9)
    assert life.kinds == []
    life.wait(1)
    assert [one.alerts[0].id for one in life.notices] == [failed(1).id]
    life.wait(12)
    assert life.kinds == ["fired", "fired"]


def test_four_of_one_cause_are_told_one_by_one() -> None:
    life = Life()
    life.see(*(failed(number) for number in range(4)))
    life.wait(30)
    assert [len(one.alerts) for one in life.notices] == [1, 1, 1, 1]


def test_a_dead_worker_mutes_its_sessions_until_it_is_well() -> None:
    life = Life()
    life.see(dead(), failed(1), failed(2, worker_id="worker-2"))
    life.wait(30)
    assert {one.alerts[0].rule + one.alerts[0].name for one in life.notices} == {
        "dead worker",
        "update failedshot 2",
    }
    life.see(failed(1), well=(dead(),))
    life.see(failed(1), well=(dead(),))
    assert sorted(life.kinds) == ["fired", "fired", "fired", "resolved"]


def test_a_connection_that_is_lost_mutes_its_sessions_and_no_others() -> None:
    life = Life()
    life.see(failed(1))
    life.see(failed(2, "west"), connection="west")
    life.see(lost())
    life.see(lost())
    life.wait(30)
    assert [one.alerts[0].name for one in life.notices] == ["shot 2", "east"]
    # It is back, and the trouble is still there.
    life.see(failed(1), well=(lost(),))
    life.see(failed(1), well=(lost(),))
    assert [one.alerts[0].name for one in life.notices if one.kind is NoticeKind.FIRED][-1] == "shot 1"


def test_what_comes_and_goes_is_told_as_flapping_once() -> None:
    life = Life()
    for _ in range(12):
        life.see(failed())
        life.wait(30)
        life.see(well=(failed(),))
        life.see(well=(failed(),))
    assert life.of(failed()).is_flapping
    assert life.kinds.count("flapping") == 1
    at = life.kinds.index("flapping")
    assert life.kinds[at:] == ["flapping"]
    # Steady for a while it flaps no more, and its end is told again.
    for _ in range(20):
        life.see(failed())
    assert not life.of(failed()).is_flapping
    life.see(well=(failed(),))
    life.see(well=(failed(),))
    assert life.kinds[at:] == ["flapping", "resolved"]


def test_what_is_resolved_leaves_after_half_a_day() -> None:
    life = Life()
    life.see(failed())
    life.see(well=(failed(),))
    life.see(well=(failed(),))
    life.wait(11 * 3600)
    assert failed().id in life.alerts
    life.wait(3600)
    assert not life.alerts


def test_in_quiet_hours_nobody_is_told_and_what_still_fires_after_them_is_told_then_once() -> None:
    life = Life()
    life.see(failed(7))
    life.wait(30)
    life.is_quiet = True
    life.see(*(failed(number) for number in range(6)), dead("worker-9"), well=(failed(7),))
    life.wait(4 * 3600)
    life.see(*(failed(number) for number in range(6)), well=(failed(7), dead("worker-9")))
    life.see(*(failed(number) for number in range(6)), well=(failed(7), dead("worker-9")))
    assert life.kinds == ["fired"]
    assert life.of(dead("worker-9")).state is State.RESOLVED
    life.is_quiet = False
    life.wait(5)
    life.wait(5)
    assert [(one.kind.value, len(one.alerts), one.cause) for one in life.notices[1:]] == [
        ("fired", 6, "worker worker-1")
    ]


def test_what_was_acknowledged_in_quiet_hours_is_not_told_after_them() -> None:
    life = Life()
    life.is_quiet = True
    life.see(failed())
    life.alerts[failed().id] = acknowledged(life.of(failed()), "ada", life.now)
    life.is_quiet = False
    life.wait(60)
    assert life.kinds == []


def test_what_somebody_asked_for_is_told_at_once_and_then_over_without_a_word() -> None:
    life = Life()
    life.see(lost(), asked(), failed(), over=(a_ref().session_id,))
    assert [(one.kind.value, one.alerts[0].rule) for one in life.notices] == [("fired", "asked: ended")]
    life.see(lost(), failed(2), over=(a_ref().session_id,))
    assert life.of(asked()).state is State.RESOLVED
    # Found again it is what was told already.
    life.see(asked(), over=(a_ref().session_id,))
    life.wait(5 * 3600)
    told = [one.kind for one in life.notices if any(alert.is_asked for alert in one.alerts)]
    assert told == [NoticeKind.FIRED]


def test_what_somebody_asked_for_is_not_lost_in_quiet_hours_nor_by_what_is_not_seen() -> None:
    life = Life()
    life.is_quiet = True
    life.see(asked(), lost())
    life.see(lost())
    life.see(lost(), over=(a_ref().session_id,))
    assert life.of(asked()).state is State.FIRING
    assert life.kinds == []
    life.is_quiet = False
    life.wait(5)
    assert "asked: ended" in {one.alerts[0].rule for one in life.notices}


def test_what_somebody_knows_of_already_is_over_too() -> None:
    life = Life()
    life.is_quiet = True
    life.see(asked())
    life.alerts[asked().id] = acknowledged(life.of(asked()), "ada", life.now)
    life.wait(5)
    assert life.of(asked()).state is State.RESOLVED


# --- any order of facts, clocks and restarts ----------------------------------------------------------------

FACTS = st.lists(
    st.tuples(
        st.sampled_from(["see", "wait", "restart", "acknowledge", "lose", "quiet", "loud"]),
        # Seconds; clocks go back too.
        st.sampled_from([1, 10, 29, 31, 300, 3600, 4 * 3600, 20 * 3600, -10, -7200]),
        st.lists(st.sampled_from(["bad", "well", "unseen", "over"]), min_size=7, max_size=7),
    ),
    max_size=40,
)


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(FACTS)
def test_every_cause_is_told_once_and_nothing_fires_in_silence(
    facts: list[tuple[str, int, list[str]]],
) -> None:
    now, alerts = NOW, dict[str, Alert]()
    subjects = [*(failed(number) for number in range(5)), asked(5), dead("worker-7")]
    is_quiet = False
    for kind, seconds, states in facts:
        now += timedelta(seconds=seconds)
        former, seen = alerts, None
        is_quiet = kind == "quiet" or (is_quiet and kind != "loud")
        if kind == "see":
            by_state = list(zip(subjects, states, strict=True))
            seen = Pass(
                "east",
                tuple(one for one, state in by_state if state == "bad"),
                {one.id: now for one, state in by_state if state == "well"},
                over=frozenset(one.subject.session_id for one, state in by_state if state == "over") - {""},
            )
        elif kind == "lose":
            seen = Pass("east", (lost(),))
        elif kind == "acknowledge":
            alerts = {key: acknowledged(one, "ada", now) for key, one in alerts.items()}
        elif kind == "restart":
            alerts = msgspec.json.decode(msgspec.json.encode(alerts), type=dict[str, Alert])
            assert alerts == former
        alerts, notices = step(alerts, seen, now, is_quiet=is_quiet)
        assert not (is_quiet and notices)
        fired = [alert for one in notices if one.kind is NoticeKind.FIRED for alert in one.alerts]
        assert len({alert.id for alert in fired}) == len(fired)
        for alert in fired:
            # Told once, from when it fired until it was resolved.
            before = former.get(alert.id)
            assert before is None or before.resolved_at is not None or before.notified_at is None
        for key, alert in alerts.items():
            is_loud = alert.is_open and alert.acknowledgement is None and not alert.muted_by
            is_loud = is_loud and not is_quiet
            if is_loud and alert.notified_at is None:
                assert not alert.is_asked
                assert alert.fired_at is not None
                assert now - alert.fired_at < WITHIN
            elif is_loud and alert.notified_at is not None:
                assert now - alert.notified_at < REPEATED_EVERY
            if alert.muted_by:
                assert alerts[alert.muted_by].is_open
            before = former.get(key)
            if before is not None and before.is_open and not alert.is_open:
                if alert.is_asked:
                    assert before.notified_at is not None or before.acknowledgement is not None
                    continue
                # Only what was seen resolves.
                assert seen is not None
                assert key in seen.well or alert.is_over
