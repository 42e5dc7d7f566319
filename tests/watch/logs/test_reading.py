"""What the lines of a log say, in the forms that were captured."""

from collections import Counter
from pathlib import Path

import pytest

from farmwatch.watch.logs.reading import (
    Directive,
    Severities,
    Severity,
    banner,
    directive,
    exit_code,
    is_about,
    is_rule,
    parameter,
    phase,
    worker_event,
)
from tests.canned import SESSION_ID

CAPTURES = Path(__file__).resolve().parent.parent.parent / "data"
OTHER = "session-2c22b6f1a0d94f4f8f4b7a6d5c3e1f00"


def captured(name: str) -> list[str]:
    text = (CAPTURES / name).read_text(encoding="utf-8")
    return [line.partition("\t")[2] for line in text.splitlines()]


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("ERROR: License server unreachable", Severity.ERROR),
        ("12:00 | ERROR | out", Severity.ERROR),
        ("error: no such file", Severity.ERROR),
        ("Fatal: no memory", Severity.ERROR),
        ("openjd_fail: No licence", Severity.ERROR),
        ("KeyError: 'missing'", Severity.ERROR),
        ("Process pid 12 exited with code: 7 (unsigned) / 0x7 (hex)", Severity.ERROR),
        ("TIMEOUT - Runtime limit reached", Severity.ERROR),
        ("WARNING: texture cache at 92%", Severity.WARNING),
        ("Process pid 12 exited with code: 0 (unsigned) / 0x0 (hex)", Severity.NONE),
        ("0 errors found", Severity.NONE),
        ("terror everywhere", Severity.NONE),
        ("ERRORLEVEL=0", Severity.NONE),
        ("openjd_status: all well", Severity.NONE),
    ],
)
def test_how_bad_a_line_is(line: str, severity: Severity) -> None:
    assert Severities.of().of_line(line) is severity


def test_the_words_may_be_chosen_and_the_runtimes_own_stay() -> None:
    chosen = Severities.of(errors=["kaputt", "[E]"], warnings=[])
    assert chosen.of_line("Alles KAPUTT!") is Severity.ERROR
    assert chosen.of_line("[E] no") is Severity.ERROR
    assert chosen.of_line("[e] no") is Severity.NONE
    assert chosen.of_line("openjd_fail: x") is Severity.ERROR
    assert chosen.of_line("WARNING: x") is Severity.NONE


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("openjd_progress: 12.5", Directive("progress", "12.5")),
        ("openjd_status: Frame 1", Directive("status", "Frame 1")),
        ("openjd_fail: no", Directive("fail", "no")),
        ("openjd_env: A=b", Directive("env", "A=b")),
        ("openjd_unknown: x", None),
        (" openjd_fail: no", None),
        ("openjd_fail:no", None),
    ],
)
def test_a_directive_stands_at_the_beginning_of_a_line(line: str, expected: Directive | None) -> None:
    assert directive(line) == expected


@pytest.mark.parametrize(
    ("value", "percent"),
    [("12.5", 12.5), ("-3", 0.0), ("400", 100.0), ("many", None), ("nan", None), ("1e400", 100)],
)
def test_a_progress_is_between_0_and_100_or_none(value: str, percent: float | None) -> None:
    assert Directive("progress", value).percent == percent
    assert Directive("status", value).percent is None


def test_the_captured_failure_reads_as_it_happened() -> None:
    lines = captured("session_logs/failed_exit_7.log")
    assert [one for line in lines if (one := banner(line))] == [
        "Entering Environment: Toolset",
        "Running Task",
        "Exiting Environment: Toolset",
    ]
    assert [one for line in lines if (one := exit_code(line)) is not None] == [0, 7, 0]
    assert [one for line in lines if (one := parameter(line))] == [("Frame", "1")]
    assert {one for line in lines if (one := phase(line))} == {"Setup", "Running action"}
    kinds = Counter(found.kind for line in lines if (found := directive(line)))
    assert kinds["fail"] == 1
    assert (kinds["progress"], kinds["status"]) == (5, 6)
    assert sum(map(is_rule, lines)) == 18


@pytest.mark.parametrize(
    ("name", "code"), [("killed_sigkill", -9), ("python_traceback", 1), ("timed_out", -9)]
)
def test_the_exit_codes_that_were_captured(name: str, code: int) -> None:
    codes = [one for line in captured(f"session_logs/{name}.log") if (one := exit_code(line)) is not None]
    assert codes == [code]


def test_every_captured_line_of_the_worker_is_an_event() -> None:
    events = [worker_event(line) for line in captured("worker_logs/two_sessions.log")]
    assert None not in events
    lines = [event.line for event in events if event is not None]
    assert lines[0] == "INFO    Worker.Create       Created Worker."
    assert "WARNING Action.Interrupt    The Worker received an EC2 spot interruption  action 0" in lines
    bad = [event.severity for event in events if event is not None and event.severity is not Severity.NONE]
    assert bad == [Severity.WARNING, Severity.ERROR]


@pytest.mark.parametrize("session_id", [SESSION_ID, OTHER])
def test_events_are_told_apart_by_their_session(session_id: str) -> None:
    lines = captured("worker_logs/two_sessions.log")
    own = list(filter(is_about(session_id), lines))
    assert len(own) >= 8
    assert all(f'"session_id": "{session_id}"' in line for line in own)


def test_naming_a_session_is_not_being_about_it() -> None:
    line = f'{{"level": "INFO", "type": "Worker", "message": "{SESSION_ID}", "session_id": "{OTHER}"}}'
    assert not is_about(SESSION_ID)(line)
    assert not is_about(SESSION_ID)(f"plain words about {SESSION_ID}")


@pytest.mark.parametrize(
    "line", ["", "plain", "{", "{}", '{"level": 7}', "[1]", '{"level": "INFO"', "{" * 5000, "null"]
)
def test_what_is_no_event_stays_a_line(line: str) -> None:
    assert worker_event(line) is None


def test_what_was_hidden_in_the_json_is_made_harmless() -> None:
    event = worker_event(r'{"level": "INFO", "message": "\u001b[2Jgone", "\u001bname": ["\u202e"]}')
    assert event is not None
    assert "\x1b" not in event.line
    assert "\u202e" not in event.line
