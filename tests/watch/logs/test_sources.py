"""Where the logs of a session are, and which action a section is of."""

from dataclasses import replace
from datetime import timedelta

from farmwatch.cloud.log_page import LogEvent
from farmwatch.cloud.model import LogConfiguration
from farmwatch.watch.cadence import Budget
from farmwatch.watch.logs.lines import SESSION, WORKER
from farmwatch.watch.logs.sources import SessionLogs, Unread, actions_of, find, milliseconds
from farmwatch.watch.logs.store import lines_of
from tests.canned import (
    FARM_ID,
    FLEET_ID,
    QUEUE_ID,
    REF,
    SESSION_ID,
    START,
    WORKER_ID,
    a_session,
    an_action,
)

NAMED = LogConfiguration("awslogs", {"logGroupName": "/a/group", "logStreamName": "a stream"}, {})


def test_the_names_come_from_the_reply() -> None:
    found = find(REF, a_session(log=NAMED, worker_log=NAMED), SESSION)
    assert found.source is not None
    assert (found.source.group, found.source.stream, found.guessed) == ("/a/group", "a stream", False)
    assert (found.source.queue_id, found.source.fleet_id) == (QUEUE_ID, None)
    worker = find(REF, a_session(worker_log=NAMED), WORKER)
    assert worker.source is not None
    assert (worker.source.queue_id, worker.source.fleet_id) == (None, FLEET_ID)


def test_names_that_are_missing_are_guessed_and_marked() -> None:
    nameless = LogConfiguration("awslogs", None, None)
    found = find(REF, a_session(log=nameless, worker_log=nameless), SESSION)
    assert found.source is not None
    assert (found.source.group, found.source.stream) == (f"/aws/deadline/{FARM_ID}/{QUEUE_ID}", SESSION_ID)
    assert found.guessed
    found = find(REF, a_session(worker_log=nameless), WORKER)
    assert found.source is not None
    assert (found.source.group, found.source.stream) == (f"/aws/deadline/{FARM_ID}/{FLEET_ID}", WORKER_ID)


def test_what_cannot_be_read_is_not_asked_for() -> None:
    assert find(REF, a_session(worker_log=None), WORKER).unread is Unread.MISSING
    other = replace(NAMED, driver="fluentd")
    assert find(REF, a_session(log=other), SESSION).unread is Unread.DRIVER
    logs = SessionLogs(REF, Budget())
    assert logs.found[SESSION].unread is Unread.UNKNOWN
    assert logs.take(a_session(log=other, worker_log=None)) == []


def test_a_log_is_opened_once_and_anew_where_its_place_is_another() -> None:
    logs = SessionLogs(REF, Budget())
    session = a_session(log=NAMED, worker_log=None)
    (tail,) = logs.take(session)
    assert logs.take(session) == []
    assert logs.lane_of(tail.key) == SESSION
    moved = replace(NAMED, options={"logGroupName": "/a/group", "logStreamName": "another"})
    (other,) = logs.take(replace(session, log=moved))
    assert other.key != tail.key
    assert logs.browser.lanes[SESSION].store is other.store


def test_a_tail_knows_when_its_session_is_over() -> None:
    logs = SessionLogs(REF, Budget())
    (tail,) = logs.take(a_session(log=NAMED, worker_log=None))
    assert not tail.session_is_final
    logs.take(a_session(log=NAMED, worker_log=None, lifecycle_status="ENDED", ended_at=START))
    assert tail.session_is_final
    assert tail.session_ended_at == START


def test_what_is_in_sight_is_read_first() -> None:
    logs = SessionLogs(REF, Budget())
    logs.take(a_session(log=NAMED, worker_log=replace(NAMED, options={})))
    logs.look_at((WORKER,))
    assert logs.tails[WORKER].rank < logs.tails[SESSION].rank
    logs.look_at((SESSION, WORKER))
    assert logs.tails[WORKER].rank == logs.tails[SESSION].rank


def banners(*titles: tuple[float, str]) -> SessionLogs:
    """A log with these banners, so many seconds after the start."""
    logs = SessionLogs(REF, Budget())
    events = []
    for seconds, title in titles:
        at = milliseconds(START) + round(seconds * 1000)
        events += [LogEvent(at, text) for text in ("=" * 46, f"--------- {title}", "=" * 46, "line")]
    logs.browser.lanes[SESSION].store.append(lines_of(events))
    logs.browser.lanes[SESSION].find_sections()
    return logs


def test_sections_are_of_the_actions_of_their_kind_that_began_next_to_them() -> None:
    logs = banners(
        (0, "Entering Environment: Maya"), (10, "Running Task"), (20, "Running Task"), (500, "Running Task")
    )
    enter = an_action(0, kind="envEnter", started_at=START)
    first = an_action(1, started_at=START + timedelta(seconds=11))
    second = an_action(2, started_at=START + timedelta(seconds=19))
    never = an_action(3, "ASSIGNED")
    sections = logs.browser.lanes[SESSION].sections()
    found = actions_of(sections, (second, never, first, enter))
    assert [found.get(section.head) for section in sections] == [enter, first, second, None]
    assert logs.line_of(first, (enter, first, second)) == sections[1].head


def test_an_action_without_a_banner_begins_with_what_was_written_then() -> None:
    logs = banners((0, "Running Task"))
    sync = an_action(1, kind="syncInputJobAttachments", started_at=START - timedelta(hours=1))
    assert logs.line_of(sync, (sync,)) == 0
    late = an_action(2, started_at=START + timedelta(hours=1))
    assert logs.line_of(late, (late,)) is None
    assert logs.line_of(an_action(3, "ASSIGNED"), ()) is None
