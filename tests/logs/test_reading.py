"""What the lines of a log say, in the forms that were captured."""

import json
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch.aws.log_page import LogEvent
from farmwatch.config.schema import ERROR_WORDS, WARNING_WORDS
from farmwatch.logs.parsing import (
    Directive,
    Notice,
    Parameter,
    Severities,
    Severity,
    banner,
    directive,
    exit_code,
    is_about,
    is_banner_rule,
    is_rule,
    parameter,
    phase,
    worker_event,
)
from tests.canned import SESSION_ID
from tests.captures import NAMES, lines_in

OTHER = "session-2c22b6f1a0d94f4f8f4b7a6d5c3e1f00"


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
    lines = lines_in("fails.session.log")
    assert [one for line in lines if (one := banner(line))] == [
        "Entering Environment: Toolset",
        "Running Task",
        "Running Task",
        "Exiting Environment: Toolset",
        "Session Cleanup",
    ]
    assert [code for line in lines if (code := exit_code(line)) is not None] == [0, 0, 7, 0]
    assert [given for line in lines if (given := parameter(line))] == [
        Parameter("Frame", "INT", "1"),
        Parameter("Frame", "INT", "2"),
    ]
    assert {one for line in lines if (one := phase(line))} == {"Setup", "Running action"}
    kinds = Counter(found.kind for line in lines if (found := directive(line)))
    assert kinds["fail"] == 1
    assert (kinds["progress"], kinds["status"]) == (5, 6)
    assert sum(map(is_rule, lines)) == 26
    assert sum(map(is_banner_rule, lines)) == 10


@pytest.mark.parametrize(
    ("name", "codes"), [("killed", [-9]), ("traceback", [1]), ("timeout", [-9]), ("uploadfails", [0, 0, 1])]
)
def test_the_exit_codes_that_were_captured(name: str, codes: list[int]) -> None:
    lines = lines_in(f"{name}.session.log")
    assert [one for line in lines if (one := exit_code(line)) is not None] == codes


@pytest.mark.parametrize("name", NAMES)
def test_every_captured_line_of_a_worker_is_an_event(name: str) -> None:
    events = [worker_event(line) for line in lines_in(f"{name}.worker.log")]
    assert events
    assert None not in events


def test_the_captured_spot_interruption_reads_as_it_happened() -> None:
    events = [event for line in lines_in("spot.worker.log") if (event := worker_event(line)) is not None]
    assert [event.notice for event in events if event.notice is not None] == [
        Notice.SPOT,
        Notice.SPOT,
        Notice.DRAIN,
        Notice.DRAIN,
        Notice.STOPPING,
    ]
    lines = [event.line for event in events]
    assert "INFO                        Spot interruption detected. Termination in 0:01:28" in lines
    assert "INFO    Action.Cancel       Canceling Action.  action 0" in lines


def test_what_the_service_wants_canceled_is_told_in_a_few_words() -> None:
    events = [event for line in lines_in("canceled.worker.log") if (event := worker_event(line)) is not None]
    (asking,) = [event for event in events if event.cancels]
    (actions,) = asking.cancels.values()
    assert [action.rpartition("-")[2] for action in actions] == ["0", "1"]
    assert asking.line.startswith("INFO    API.Resp            cancels action 0, 1  operation=")
    assert "logConfiguration" not in asking.line


@pytest.mark.parametrize(
    ("message", "notice"),
    [
        ("Received signal 15...", Notice.SIGNAL),
        ("Auto-scaling life-cycle change event detected. Termination in 0:02:00", Notice.SCALING),
        ("Draining any remaining Sessions.", Notice.DRAIN),
        ("No spot interruption detected", None),
        ("Main event loop exited.", None),
    ],
)
def test_what_ends_a_worker_is_told_by_its_words(message: str, notice: Notice | None) -> None:
    event = worker_event(json.dumps({"level": "INFO", "message": message}))
    assert event is not None
    assert event.notice is notice
    of_a_session = worker_event(json.dumps({"level": "INFO", "message": message, "session_id": OTHER}))
    assert of_a_session is not None
    assert of_a_session.notice is None


def about(session_id: str, line: str, at: int = 0) -> bool:
    return is_about(session_id, lambda when: when == 0)(LogEvent(at, line))


def test_naming_a_session_is_not_being_about_it() -> None:
    line = f'{{"level": "INFO", "type": "Worker", "message": "{SESSION_ID}", "session_id": "{OTHER}"}}'
    assert not about(SESSION_ID, line)
    assert about(OTHER, line)
    assert not about(SESSION_ID, f"plain words about {SESSION_ID}")


def test_the_end_of_a_worker_is_about_every_session_that_runs_then() -> None:
    line = '{"level": "INFO", "message": "Spot interruption detected. Termination in 0:01:39"}'
    assert about(SESSION_ID, line)
    assert about(OTHER, line)
    assert not about(SESSION_ID, line, at=1)
    assert not about(SESSION_ID, "Spot interruption detected. Termination in 0:01:39")
    assert not about(SESSION_ID, line.replace('"level"', '"session_id": "x", "level"'))


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


# --- severities ---------------------------------------------------------------------------------------

USUAL = [
    *((word, Severity.ERROR) for word in ERROR_WORDS),
    *((word, Severity.WARNING) for word in WARNING_WORDS),
]


@pytest.mark.parametrize(("word", "severity"), USUAL)
def test_each_usual_word_makes_a_line_bad_by_itself(word: str, severity: Severity) -> None:
    usual = Severities.of()
    assert usual.of_line(f"12:00 {word} 7") is severity
    assert usual.of_line(f"12:00 x{word} 7") is Severity.NONE
    any_case = word == word.lower()
    assert usual.of_line(f"12:00 {word.swapcase()} 7") is (severity if any_case else Severity.NONE)


WORDS = st.text(alphabet="aB[].*(\\$", min_size=1, max_size=4)


@settings(max_examples=80)
@given(WORDS, WORDS)
def test_whatever_word_is_chosen_is_no_pattern(error: str, warning: str) -> None:
    chosen = Severities.of(errors=[error, ""], warnings=[warning])
    assert chosen.of_line(f"x {error} x") is Severity.ERROR
    assert chosen.of_line(f"x {warning} x") is not Severity.NONE
    assert chosen.of_line("1 2 3") is Severity.NONE


def test_no_words_leave_only_what_is_always_an_error() -> None:
    none = Severities.of(errors=[], warnings=[])
    assert none.of_line("ERROR: out of memory") is Severity.NONE
    assert none.of_line("MyError: no") is Severity.ERROR
    assert none.of_line("KeyboardException") is Severity.ERROR
    assert none.of_line("MyErrors: no") is Severity.NONE
    assert none.of_line("a MyError: no") is Severity.NONE


def test_a_line_that_is_both_is_an_error() -> None:
    assert Severities.of().of_line("WARNING: failed to open") is Severity.ERROR


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("ok", []),
        ("missing", ["exited with code: 127"]),
        ("fails", ["openjd_fail: ", "exited with code: 7 "]),
        ("killed", ["exited with code: -9 "]),
        ("timeout", ["TIMEOUT - ", "exited with code: -9 "]),
    ],
)
def test_the_errors_of_the_captured_logs(name: str, bad: list[str]) -> None:
    usual = Severities.of()
    lines = lines_in(f"{name}.session.log")
    found = [line for line in lines if usual.of_line(line) is Severity.ERROR]
    for part in bad:
        assert sum(part in line for line in found) == 1
    assert bool(found) == bool(bad)


# --- the session's log --------------------------------------------------------------------------------

KINDS = ["progress", "status", "fail", "env", "redacted_env", "unset_env", "session_runtime_loglevel"]


@settings(max_examples=60)
@given(st.sampled_from(KINDS), st.text(alphabet="a é:=\t东", min_size=1, max_size=8))
def test_every_kind_of_directive_keeps_its_value_as_it_is(kind: str, value: str) -> None:
    found = directive(f"openjd_{kind}: {value}")
    assert found == Directive(kind, value)
    assert found.percent is None


@settings(max_examples=80)
@given(st.floats(allow_nan=False))
def test_whatever_number_is_reported_the_percentage_is_one(value: float) -> None:
    found = directive(f"openjd_progress: {value}")
    assert found is not None
    assert found.percent == min(100.0, max(0.0, value))


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("--------- Running Task", "Running Task"),
        ("--------- Entering Environment: Maya 2026 ", "Entering Environment: Maya 2026"),
        ("--------- Job Attachments Upload for Task", "Job Attachments Upload for Task"),
        ("--------- Session Cleanup", "Session Cleanup"),
        ("--------- Render statistics", None),
        ("--------- Running Tasks", None),
        ("--------- Running Task now", None),
        ("--------- Entering Environment: ", None),
        ("--------- ", None),
        ("---------", None),
        ("-" * 46, None),
        (" --------- Running Task", None),
    ],
)
def test_what_a_banner_announces(line: str, title: str | None) -> None:
    assert banner(line) == title


@pytest.mark.parametrize(
    ("line", "expected"),
    [("-" * 40, True), ("=" * 46, True), ("-" * 39, False), ("-" * 46 + "x", False), ("", False)],
)
def test_a_rule_is_long_and_nothing_else(line: str, expected: bool) -> None:
    assert is_rule(line) is expected


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("Process pid 6881 exited with code: 0 (unsigned) / 0x0 (hex)", 0),
        ("Process pid 1 exited with code: -9 (unsigned) / -0x9 (hex)", -9),
        ("Process pid 1 exited with code: 3221225477 (unsigned) / 0xc0000005 (hex)", 3221225477),
        ("Process pid x exited with code: 1", None),
        ("the Process pid 1 exited with code: 1", None),
        ("", None),
    ],
)
def test_an_exit_code_is_what_the_runtime_reports(line: str, code: int | None) -> None:
    assert exit_code(line) == code


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Frame(INT) = 1", Parameter("Frame", "INT", "1")),
        ("Frame(CHUNK[INT]) = 1-5", Parameter("Frame", "CHUNK[INT]", "1-5")),
        ("Camera(STRING) = a = b (c)", Parameter("Camera", "STRING", "a = b (c)")),
        ("Scene(PATH) = ", Parameter("Scene", "PATH", "")),
        ("print(x) == 1", None),
        ("Frame = 1", None),
        (" Frame(INT) = 1", None),
    ],
)
def test_a_parameter_and_its_value(line: str, expected: Parameter | None) -> None:
    assert parameter(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"), [("Phase: Setup", "Setup"), ("Phase:", None), ("The Phase: Setup", None)]
)
def test_the_phase_that_begins(line: str, expected: str | None) -> None:
    assert phase(line) == expected


# --- the worker's log ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        ("DEBUG", Severity.NONE),
        ("INFO", Severity.NONE),
        ("WARNING", Severity.WARNING),
        ("ERROR", Severity.ERROR),
        ("CRITICAL", Severity.ERROR),
        ("FATAL", Severity.ERROR),
        ("error", Severity.NONE),
    ],
)
def test_how_bad_an_event_is_its_level_says(level: str, severity: Severity) -> None:
    event = worker_event(json.dumps({"level": level, "message": "ERROR"}))
    assert event is not None
    assert event.severity is severity


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.sampled_from(["type", "subtype", "message", "session_id", "action_id", "ti", "queue_id", "é\n"])


@settings(max_examples=100)
@given(st.text(max_size=5), st.dictionaries(MEMBERS, JSON))
def test_whatever_an_event_holds_it_is_one_harmless_line(level: str, members: dict[str, object]) -> None:
    event = worker_event(json.dumps({"level": level, **members}))
    assert event is not None
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800-\udfff]", event.line)
    assert set(event.rest) == {name.replace("\n", "␊") for name in members} & {"queue_id", "action_id", "é␊"}


def test_an_event_tells_what_has_no_place_of_its_own_but_no_ids() -> None:
    text = json.dumps(
        {
            "level": "INFO",
            "type": "Session",
            "message": "Added.",
            "queue_id": "queue-1",
            "action_ids": ["sessionaction-1-0"],
            "count": 2,
            "user": "job-user",
            "nothing": None,
        }
    )
    event = worker_event(text)
    assert event is not None
    assert event.line == "INFO    Session             Added.  count=2  user=job-user  nothing=null"
    assert event.rest["queue_id"] == "queue-1"
    assert event.rest["action_ids"] == '["sessionaction-1-0"]'


@pytest.mark.parametrize("name", ["fails", "ok", "uploadfails", "log_error"])
def test_the_sessions_of_a_captured_worker_log_are_told_apart_as_the_json_tells_them(name: str) -> None:
    lines = lines_in(f"{name}.worker.log")
    sessions = {found for line in lines if (found := json.loads(line).get("session_id")) is not None}
    for session_id in sessions:
        own = is_about(session_id, lambda at: True)
        for line in lines:
            assert own(LogEvent(0, line)) == (json.loads(line).get("session_id") == session_id)
