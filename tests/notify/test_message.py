"""What is told of a notice."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from farmwatch.alerts.alert import Alert, Notice, NoticeKind
from farmwatch.alerts.life import Pass, step
from farmwatch.aws.model import DEFAULT_CONNECTION
from farmwatch.notify.message import LONGEST_LINE, LONGEST_TITLE, as_json, message_of, trial_message
from farmwatch.wall.values import LastLine, WallObserved, WallRow
from tests.alerts.facts import NOW, a_ref, failed, stuck
from tests.canned import a_session

HOSTILE = "shot\x1b]0;owned\x07\u202e\u2066\x9b31m$(reboot)`id`;'\"\n" + "x" * 5000


def an_alert(number: int = 1, **changes: Any) -> Alert:
    alerts, _ = step({}, Pass("east", (failed(number),)), NOW, ())
    return replace(next(iter(alerts.values())), **changes)


def a_notice(kind: NoticeKind = NoticeKind.FIRED, **changes: Any) -> Notice:
    return Notice(kind, NOW + timedelta(minutes=38), (an_alert(**changes),))


def a_wall() -> WallObserved:
    row = WallRow(a_ref(), session=a_session(worker_id="worker-1"), job="shot 1", step="render")
    return WallObserved("east", (row,), names={"farm-1": "Feature", "queue-1": "Lighting"})


def test_a_message_has_what_the_wall_knows_of_the_session() -> None:
    wall = a_wall()
    lines = {wall.rows[0].key: LastLine("Saving the frame", NOW, NOW)}
    told = message_of(a_notice(), [wall], lines)
    assert told.title == "update failed: shot 1 (UPDATE_FAILED)"
    assert (told.farm, told.queue, told.job) == ("Feature", "Lighting", "shot 1")
    assert (told.worker, told.worker_id) == ("ip-10-0-0-12", "worker-1")
    assert told.last_line == "Saving the frame"
    assert told.lasting == 38 * 60
    assert "for 38 min" in told.body
    assert told.id == told.alerts[0]


def test_what_is_resolved_has_the_id_of_what_fired_and_how_long_that_lasted() -> None:
    resolved = a_notice(NoticeKind.RESOLVED, resolved_at=NOW + timedelta(minutes=20))
    told = message_of(resolved)
    assert told.id == message_of(a_notice()).id
    assert told.title.startswith("resolved: ")
    assert told.lasting == 20 * 60


def test_several_of_one_cause_are_one_message_that_names_it() -> None:
    alerts = tuple(an_alert(number) for number in range(1, 8))
    told = message_of(Notice(NoticeKind.FIRED, NOW, alerts, "worker worker-1"), [a_wall()])
    assert told.title == "update failed: 7 alerts, worker ip-10-0-0-12 (UPDATE_FAILED)"
    assert (told.count, told.sessions, len(told.alerts)) == (7, 7, 7)
    assert (told.session_id, told.job_id, told.farm_id) == ("", "", "farm-1")
    # The same cause, told again, replaces it.
    again = message_of(Notice(NoticeKind.REPEATED, NOW, alerts[1:], "worker worker-1"))
    assert again.id == told.id != alerts[0].id


def test_the_link_is_a_page_where_one_is_known_and_else_a_command() -> None:
    ref = a_ref()
    told = message_of(a_notice(), pages={"east": "https://studio.example/us-west-2/"})
    assert told.link == f"https://studio.example/us-west-2/farms/farm-1/queues/queue-1?jobId={ref.job_id}"
    command = message_of(a_notice()).link
    assert command.startswith("farmwatch --connection east --farm-id farm-1")
    assert command.endswith(f"--session-id {ref.session_id}")
    own = an_alert(subject=replace(an_alert().subject, connection=DEFAULT_CONNECTION))
    assert "--connection" not in message_of(Notice(NoticeKind.FIRED, NOW, (own,))).link


def test_no_text_of_a_message_has_controls_or_is_long_whatever_the_names() -> None:
    hostile = replace(an_alert(), name=HOSTILE, words=HOSTILE, evidence=HOSTILE, worker_id=HOSTILE)
    wall = replace(
        a_wall(),
        rows=(replace(a_wall().rows[0], job=HOSTILE),),
        names={"farm-1": HOSTILE, "queue-1": HOSTILE},
    )
    lines = {wall.rows[0].key: LastLine(HOSTILE, NOW, NOW)}
    told = message_of(Notice(NoticeKind.FIRED, NOW, (hostile,)), [wall], lines)
    assert len(told.title) <= LONGEST_TITLE
    assert all(len(line) <= LONGEST_LINE for line in told.body.splitlines())
    for name, text in json.loads(as_json(told)).items():
        if isinstance(text, str):
            assert not set(text) & {*map(chr, range(32)), *map(chr, range(127, 160)), "\u202e", "\u2066"} - (
                {"\n"} if name == "body" else set()
            ), name
            assert name == "body" or len(text) <= LONGEST_LINE


def test_a_message_is_json_with_names_in_camel_case() -> None:
    alerts, _ = step({}, Pass("east", (stuck(),)), NOW, ())
    told = json.loads(as_json(message_of(Notice(NoticeKind.FIRED, NOW, tuple(alerts.values())))))
    assert told["sessionId"] == a_ref().session_id
    assert told["severity"] == "stuck"
    assert told["at"] == "2026-03-14T02:10:00Z"
    assert json.loads(as_json(trial_message(NOW)))["kind"] == "test"
