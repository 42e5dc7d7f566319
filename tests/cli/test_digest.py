"""``farmwatch digest``: what is handed over, from the history alone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import east_asian_width

import msgspec
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from farmwatch.alerts.alert import Acknowledgement, Alert, Mute, MuteKind, Wish
from farmwatch.alerts.life import acknowledged
from farmwatch.alerts.seen import subject_of
from farmwatch.aws.model import SessionRef
from farmwatch.cli import main as cli
from farmwatch.config.paths import history_file
from farmwatch.history.events import Event, EventKind, Watched
from farmwatch.history.kept_alerts import KeptText
from farmwatch.history.store import VERSION, History
from farmwatch.rules.finding import Severity
from tests.canned import REF

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def just_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The times of a test are told by when it begins: that this file was read may be long ago."""
    monkeypatch.setitem(globals(), "NOW", datetime.now(UTC))


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli.cli, ["digest", *arguments])


def told(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def members(*arguments: str) -> Any:
    return json.loads(run("--json", *arguments).output)


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def session(number: int, job: str = REF.job_id) -> SessionRef:
    return replace(REF, session_id=f"session-{number:032x}", job_id=job)


def status(ref: SessionRef, new: str, hours: float, old: str | None = None) -> Event:
    return Event(ref, EventKind.STATUS, "", old, new, ago(hours))


def action(ref: SessionRef, number: int, new: str, hours: float, code: int | None = None) -> Event:
    key = f"sessionaction-{ref.session_id[8:]}-{number}"
    return Event(ref, EventKind.ACTION, key, "RUNNING", new, ago(hours), exit_code=code, step="Render")


def request(ref: SessionRef, new: str, hours: float, token: str = "t") -> Event:
    old = None if new == "ASKED" else "ASKED"
    return Event(
        ref, EventKind.REQUEST, f"UpdateSession ENDED {ref.session_id} {token}", old, new, ago(hours)
    )


def an_alert(number: int, **changes: Any) -> Alert:
    ref = session(number)
    alert = Alert(
        f"alert-{number}",
        "stuck",
        subject_of(ref),
        Severity.STUCK,
        "silent",
        "silent 38 min of 55; siblings' median 12 min, n = 14",
        ago(2),
        ago(2),
        name=f"sq010 {number}",
        fired_at=ago(2),
    )
    return replace(alert, **changes)


def keep(
    events: Iterable[Event] = (),
    watched: Iterable[Watched] = (),
    alerts: Iterable[Alert] = (),
    mutes: Iterable[Mute] = (),
) -> None:
    """Write a history as a Farmwatch does that ended, or still runs."""
    history = History(history_file(), run="one", watcher="mira@ops1")
    history.write(enumerate(events, 1), watched)
    alerts = list(alerts)
    kept = [KeptText(one.id, NOW, text(replace(one, wish=Wish()))) for one in alerts]
    wishes = [KeptText(one.id, one.wish.at, text(one.wish)) for one in alerts if one.wish.at is not None]
    wishes += [KeptText(one.id, one.at, text(one)) for one in mutes]
    history.keep_alerts(kept, wishes)
    history.close()


def text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def seen(number: int, hours: float = 0.0, **changes: Any) -> Watched:
    found = Watched(
        session(number), "Northlight", "lighting", "sq010", ago(hours), worker_id=f"worker-{number:032x}"
    )
    return replace(found, **changes)


def test_without_a_history_nobody_knows_what_happened_and_nothing_is_made() -> None:
    output = told()
    assert "Nothing is recorded of this time: not watched, or nothing ran." in output
    assert not history_file().parent.exists()


def test_what_ran_is_told_by_job_with_how_it_ended() -> None:
    keep(
        [
            status(session(1), "STARTED", 5),
            action(session(1), 1, "SUCCEEDED", 4),
            status(session(1), "ENDED", 3, "STARTED"),
            status(session(2), "STARTED", 5),
            action(session(2), 1, "FAILED", 4, 1),
            status(session(2), "ENDED", 3, "STARTED"),
            status(session(3), "STARTED", 20),
        ],
        [seen(1, 3), seen(2, 3), seen(3)],
    )
    (job,) = members()["jobs"]
    assert (job["job"], job["queue"], job["farm"]) == ("sq010", "lighting", "Northlight")
    assert (job["sessions"], job["running"], job["ended"], job["endedWell"]) == (3, 1, 2, 1)
    assert job["actions"] == {"succeeded": 1, "failed": 1, "interrupted": 0, "canceled": 0}
    assert "sq010 3 sessions, 2 ended (1 well), 1 running; actions: 1 succeeded, 1 failed" in told()


def test_failures_of_one_cause_are_one_line_with_their_number_their_workers_and_an_example() -> None:
    events = [action(session(n), 1, "FAILED", 4 - n / 10, 137) for n in (1, 2, 3)]
    keep([*events, action(session(1), 2, "FAILED", 1, -11)], [seen(n) for n in (1, 2, 3)])
    output = told()
    assert "3 × sq010 Render failed, exit code 137 (SIGKILL), on 00000000, 00000000, 00000000" in output
    assert "1 × sq010 Render failed, exit code -11 (SIGSEGV)" in output
    assert f"3 sessions; the newest: {events[2].subject}" in output
    first, _ = members()["failures"]
    assert (first["count"], first["exitCode"], first["step"]) == (3, 137, "Render")
    assert first["workerIds"] == [one.worker_id for one in (seen(1), seen(2), seen(3))]
    assert first["exampleActionId"] == events[2].subject


def test_the_same_error_of_a_log_is_one_cause_in_all_jobs() -> None:
    error = "AccessDeniedException: not authorized"
    refs = session(1), session(2, "job-" + "b" * 32)
    keep([Event(ref, EventKind.LOG_ERROR, "", None, error, ago(1)) for ref in refs])
    assert f"2 × 2 jobs session log: {error}" in told()


def test_what_was_interrupted_is_a_number_and_no_failure() -> None:
    keep([action(session(n), 1, "INTERRUPTED", 1) for n in (1, 2)], [seen(1), seen(2)])
    output = told()
    assert "Interrupted 2 actions of 1 job, on 2 workers" in output
    assert "Failed" not in output
    assert members()["failures"] == []


def test_troubles_are_told_with_their_evidence_and_who_knows_of_them() -> None:
    known = acknowledged(an_alert(2), "ada", ago(1), "disk is being cleaned")
    over = an_alert(3, resolved_at=ago(0.5), was_known=Acknowledgement("bob", ago(1), ago(0), "rebooted"))
    keep(
        [status(session(1), "STARTED", 3)], [seen(1)], [an_alert(1), known, over, an_alert(4, fired_at=None)]
    )
    found = members()
    assert [one["name"] for one in found["firing"]] == ["sq010 1"]
    assert [(one["acknowledgedBy"], one["note"]) for one in found["acknowledged"]] == [
        ("ada", "disk is being cleaned")
    ]
    assert [(one["acknowledgedBy"], one["note"]) for one in found["resolved"]] == [("bob", "rebooted")]
    output = told()
    assert "In trouble now sq010 1 stuck: silent since" in output
    assert "for 2 h silent 38 min of 55; siblings' median 12 min, n = 14" in output
    assert "known to ada since" in output
    assert ": disk is being cleaned" in output
    assert "sq010 4" not in output, "it never fired"


def test_what_somebody_asked_to_be_told_of_is_no_trouble_and_has_a_heading_of_its_own() -> None:
    asked = {"rule": "asked: all ended", "severity": Severity.CERTAIN, "evidence": "2 sessions have ended"}
    words = "all of it has ended, FAILED: of its actions 1 failed"
    late = an_alert(1, **asked, words=words, since=ago(1), resolved_at=ago(1))
    quiet = an_alert(2, **asked, words="nobody was told yet", since=ago(0.1))
    early = an_alert(3, **asked, words="long ago", since=ago(9), resolved_at=ago(9))
    keep([status(session(1), "STARTED", 3)], [seen(1)], [late, quiet, early])
    found = members("--since", "6h")
    assert sorted(one["name"] for one in found["asked"]) == ["sq010 1", "sq010 2"]
    assert (found["firing"], found["resolved"]) == ([], [])
    output = told("--since", "6h")
    assert f"Asked to be told of sq010 1 {words}" in output
    assert "sq010 2 nobody was told yet" in output
    assert "asked: all ended" not in output
    assert "In trouble now" not in output
    assert "Resolved" not in output


def test_what_was_resolved_before_that_time_is_not_told() -> None:
    keep(alerts=[an_alert(1, resolved_at=ago(8))])
    assert members("--since", "6h")["resolved"] == []
    assert len(members("--since", "10h")["resolved"]) == 1


def test_what_is_muted_or_snoozed_is_told_with_its_end() -> None:
    snoozed = an_alert(1, wish=Wish(ago(1), None, NOW + timedelta(hours=3)))
    mute = Mute(MuteKind.JOB, REF.job_id, "ada", ago(1), NOW + timedelta(hours=5))
    over = Mute(MuteKind.RULE, "dead worker", "ada", ago(3), ago(1))
    keep([status(session(1), "STARTED", 3)], [seen(1)], [snoozed], [mute, over])
    output = told()
    assert "In trouble now" not in output
    assert "silent until" in output
    assert "job sq010 is muted until" in output
    assert [one["value"] for one in members()["mutes"]] == [REF.job_id]


def test_requests_are_told_with_who_sent_them_and_what_came_of_it() -> None:
    keep(
        [
            request(session(1), "ASKED", 2, "a"),
            request(session(1), "TAKEN", 2, "a"),
            request(session(2), "ASKED", 1, "b"),
            request(session(2), "TAKEN", 1, "b"),
            request(session(3), "DENIED: AccessDeniedException", 1, "c"),
            request(session(3), "ASKED", 0.5, "d"),
        ],
        [seen(1), seen(2), seen(3)],
    )
    output = told()
    assert "mira@ops1 2 × end the session sq010: taken" in output
    assert "sq010 session-00000000: denied AccessDeniedException" in output
    assert "asked; what came of it is not known" in output
    assert [one["count"] for one in members()["requests"]] == [2, 1, 1]


def test_what_nobody_saw_is_not_that_nothing_happened() -> None:
    gaps = [
        Event(session(n), EventKind.GAP, "", None, "NO NETWORK", ago(3 - n / 10), after=ago(5))
        for n in (1, 2)
    ]
    keep([status(session(1), "STARTED", 6), *gaps], [seen(1, 2), seen(2, 2)])
    found = members()
    assert [(one["sessions"], one["why"]) for one in found["notSeen"]] == [(2, ["NO NETWORK"])]
    assert found["jobs"][0]["running"] == 0
    assert found["jobs"][0]["notSeen"] == 2
    output = told()
    assert "2 sessions of default, NO NETWORK" in output
    assert "no session was seen: not watched, or nothing ran." in output
    assert "2 sessions have not been seen for a while" in output


def test_times_of_which_nothing_is_recorded_are_told() -> None:
    looked = Event(session(1), EventKind.STATUS, "", None, "STARTED", ago(6), after=ago(6.2))
    keep([looked, action(session(1), 1, "SUCCEEDED", 5.5), action(session(1), 2, "SUCCEEDED", 2)], [seen(1)])
    found = members("--since", "8h")["nothingRecorded"]
    lengths = [
        (datetime.fromisoformat(one["to"]) - datetime.fromisoformat(one["from"])).total_seconds() / 3600
        for one in found
    ]
    assert [round(one, 1) for one in lengths] == [1.8, 3.5, 2.0]
    assert "nothing was recorded. Not watched, or nothing changed." in told("--since", "8h")


def test_until_an_earlier_time_what_came_later_is_left_out() -> None:
    keep(
        [status(session(1), "STARTED", 6), status(session(1), "ENDED", 1, "STARTED")],
        [seen(1, 1)],
    )
    (job,) = members("--since", "8h", "--until", "2h")["jobs"]
    assert (job["running"], job["ended"]) == (1, 0)


HOSTILE = "[x](http://e.vil) @all `<script>` | \x1b[31m *b* \u202e"


def test_names_from_the_farm_are_text_in_a_ticket_and_nothing_else() -> None:
    alert = acknowledged(an_alert(1, name=HOSTILE, evidence=HOSTILE), "ada", ago(1), HOSTILE)
    keep([action(session(1), 1, "FAILED", 1, 1)], [seen(1, job=HOSTILE, farm="# " + HOSTILE)], [alert])
    output = run("--markdown").output
    for line in output.splitlines():
        # What lies outside of the code spans is ours.
        outside = "".join(line.split("`")[::2])
        assert line.count("`") % 2 == 0
        assert not set("[]@<>*|") & set(outside), line
    assert output.startswith("## Handover, ")
    assert "### Acknowledged" in output
    for every in (output, run().output, run("--json").output):
        assert "\x1b" not in every
        assert "\u202e" not in every


def test_no_line_for_a_terminal_is_wider_than_100_columns() -> None:
    alerts = [
        an_alert(1, evidence="words " * 80),
        an_alert(2, evidence="w" * 300),
        an_alert(3, evidence="夜" * 90),
        an_alert(4, evidence="a   " * 60),
    ]
    keep([action(session(1), 1, "FAILED", 1, 1)], [seen(1, job="long " * 50)], alerts)
    output = run().output
    widths = [sum(1 + (east_asian_width(one) == "W") for one in line) for line in output.splitlines()]
    assert 90 < max(widths) <= 100
    assert output.count("夜") == 90
    begins = {len(line) - len(line.lstrip()) for line in output.splitlines() if line.strip()}
    assert begins == {0, 2, 6, 8}, "where a line is broken between spaces none begins the next one"


def test_failures_before_the_step_has_a_name_are_of_the_same_cause() -> None:
    first = replace(action(session(1), 1, "FAILED", 2, 7), step="", service_at=ago(3))
    keep([first, action(session(2), 1, "FAILED", 1, 7)], [seen(1), seen(2)])
    (cause,) = members()["failures"]
    assert (cause["count"], cause["step"]) == (2, "Render")
    assert datetime.fromisoformat(cause["firstAt"]) < ago(2.9)


def test_it_reads_while_another_farmwatch_writes() -> None:
    keep([status(session(1), "STARTED", 1)], [seen(1)])
    database = sqlite3.connect(history_file(), isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    try:
        assert members()["jobs"][0]["sessions"] == 1
    finally:
        database.execute("ROLLBACK")
        database.close()


def test_a_history_of_a_newer_farmwatch_is_read() -> None:
    keep([status(session(1), "STARTED", 1)], [seen(1)])
    database = sqlite3.connect(history_file())
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    assert members()["version"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since", "soon"), "--since 'soon' is not a time"),
        (("--until", "soon"), "--until 'soon' is not a time"),
        (("--since", "1h", "--until", "2h"), "--until is to be after --since"),
        (("--json", "--markdown"), "exclude each other"),
    ],
)
def test_what_cannot_be_understood_is_said(arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_a_damaged_history_is_said_and_left_alone() -> None:
    history_file().parent.mkdir(parents=True)
    history_file().write_bytes(b"no database" * 1000)
    result = run()
    assert result.exit_code == 1
    assert "the history cannot be read" in result.output
