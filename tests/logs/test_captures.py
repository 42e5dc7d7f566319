"""What is made of the captures of AWS's own worker agent: whose the lines are, and why a session ended so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from msgspec.structs import replace

from farmwatch.logs.cancellation import TargetStatus
from farmwatch.logs.evidence import Part
from farmwatch.logs.failure import Failure, failed_action, has_failed, investigate
from farmwatch.logs.lanes import SESSION, WORKER
from farmwatch.logs.parsing import CLEANUP, UPLOAD
from farmwatch.logs.store import OWN
from farmwatch.words.action import action_name, exit_words
from tests.canned import START, a_fault
from tests.captures import NAMES, Scenario, scenario


@dataclass(frozen=True)
class Expected:
    """What is to be told of a capture: the action to blame, the sentence, the last status, and which action
    each section of the log is of (``None``: the session's clean-up, which is of none)."""

    sentence: str | None
    blamed: int | None
    sections: tuple[int | None, ...]
    status: str | None = None


SPOT = "the worker's log says “Spot interruption detected. Termination in 0:01:28”"
PROVISIONING = "the service says “Log provisioning error: Could not create log stream”"

EXPECTED = {
    "attached": Expected(
        "task  Frame=3 failed with exit code 9: its last error was “ERROR: frame 3 lost its licence”.",
        3,
        (0, 1, 2, 3, None),
    ),
    "canceled": Expected(
        "task  Frame=1 was canceled: the service asked the worker to cancel it; "
        "who canceled it is not told by the session or its job.",
        0,
        (0, None),
        "Frame 1 sample 22",
    ),
    "enterfails": Expected(
        "enter Inner env: [b]x[/b] failed with exit code 3: reported “No licence for the toolset”.",
        1,
        (0, 1, 4, 5, None),
    ),
    "exitfails": Expected(
        "exit Inner env: [b]x[/b] failed with exit code 5; why is not shown by what was read.",
        5,
        (0, 1, 2, 3, 4, 5, 6, None),
    ),
    "fails": Expected(
        "task  Frame=2 failed with exit code 7: reported “Failed to load asset /mnt/assets/tree_v07.abc”.",
        2,
        (0, 1, 2, 3, None),
        "Frame 2 tile 50%",
    ),
    "killed": Expected(
        "task  Frame=1 failed with exit code -9 (SIGKILL); why is not shown by what was read; "
        "last status “eating memory”.",
        0,
        (0, None),
        "eating memory",
    ),
    "log_error": Expected(f"task  Frame=1 failed: {PROVISIONING}.", 0, ()),
    "missing": Expected(
        "task  Frame=1 failed with exit code 127: the command is not there: "
        "“/sessions/_zefzzmj/tmpercvz8uy.sh: 19: exec: /no/such/renderer: not found”.",
        0,
        (0, None),
    ),
    "ok": Expected(None, None, (0, 1, 2, None)),
    "spot": Expected(f"task  Frame=1 was interrupted: {SPOT}.", 0, (0, None), "Frame 1 sample 17"),
    "timeout": Expected(
        "task  Frame=1 was stopped because it took too long: "
        "the service says “TIMEOUT - Exceeded the allotted runtime limit.”.",
        0,
        (0, None),
        "simulating",
    ),
    "traceback": Expected(
        "task  Frame=1 failed with exit code 1: it raised FileNotFoundError: [Errno 2] No such file or "
        "directory: '/mnt/assets/missing.usd'.",
        0,
        (0, None),
    ),
    "uploadfails": Expected(
        "task  Frame=1 itself ended with exit code 0; the upload of its job attachments failed with "
        "exit code 1: it raised PermissionError: [Errno 13] Permission denied: "
        "'/home/render/.deadline/job_attachments'.",
        1,
        (0, 1, None),
    ),
}


SILENT = (TargetStatus("job", "GetJob"),)


def explain(found: Scenario, told: Sequence[TargetStatus] = SILENT) -> Failure:
    """The card of a capture, with what the screens call its action."""
    action = failed_action(found.actions)
    assert action is not None
    steps = {action.step_id: "task"} if action.step_id is not None else {}
    name, words = action_name(action, steps), exit_words(action.exit_code)
    return investigate(found.session, found.actions, name, words, found.logs(), told)


def texts(failure: Failure, part: Part) -> list[str]:
    return [one.text for one in failure.evidence if one.part is part]


def test_every_capture_is_expected_to_tell_something() -> None:
    assert set(NAMES) == set(EXPECTED)


@pytest.mark.parametrize("name", NAMES)
def test_each_section_is_of_the_action_that_wrote_it(name: str) -> None:
    found = scenario(name)
    lane = found.logs().browser.lanes[SESSION]
    lane.find_sections()
    outline = lane.outline
    numbers = [
        outline.actions[section.head].number if section.head in outline.actions else None
        for section in outline.sections
    ]
    assert tuple(numbers) == EXPECTED[name].sections
    assert [section.title == CLEANUP for section in outline.sections] == [one is None for one in numbers]
    # Each banner stands with the rule above it, and each line in the section of its action.
    for section in outline.sections:
        assert lane.section_of(section.first) == lane.section_of(lane.section_end(section) - 1) == section


@pytest.mark.parametrize("name", NAMES)
def test_a_line_is_of_the_action_that_ran_as_it_was_written(name: str) -> None:
    found = scenario(name)
    lane = found.logs().browser.lanes[SESSION]
    lane.find_sections()
    for number in range(lane.store.first, lane.store.end):
        section = lane.section_of(number)
        assert section is not None
        action = lane.outline.actions.get(section.head)
        if action is None:
            continue
        at = lane.store.at(number) / 1000
        assert action.started_at is not None
        assert action.ended_at is not None
        # A process that is canceled, or killed, may be heard of shortly after it has ended.
        assert action.started_at.timestamp() - 0.002 <= at <= action.ended_at.timestamp() + 0.5


@pytest.mark.parametrize("name", NAMES)
def test_the_sentence_names_what_is_to_blame(name: str) -> None:
    found, expected = scenario(name), EXPECTED[name]
    if expected.sentence is None:
        assert not has_failed(found.session, found.actions)
        assert failed_action(found.actions) is None
        return
    failure = explain(found)
    assert failure.sentence == expected.sentence
    assert failure.action is not None
    assert failure.action.number == expected.blamed
    assert failure.is_complete


@pytest.mark.parametrize("name", [name for name in NAMES if name != "ok"])
def test_a_last_status_is_shown_as_one_and_never_as_a_reason(name: str) -> None:
    status, failure = EXPECTED[name].status, explain(scenario(name))
    reasons = failure.sentence.partition("; last status ")[0]
    if status is None:
        assert texts(failure, Part.STATUS) == []
    else:
        assert texts(failure, Part.STATUS)[-1] == f"openjd_status: {status}"
        assert status not in reasons
        assert status not in texts(failure, Part.ACTION)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "ok"])
def test_everything_that_a_sentence_quotes_is_shown_and_leads_to_its_line(name: str) -> None:
    found = scenario(name)
    failure = explain(found)
    shown = " ".join(one.text for one in failure.evidence)
    for quoted in failure.sentence.split("“")[1:]:
        assert quoted.split("”")[0] in shown
    lanes = found.logs().browser.lanes
    for one in failure.evidence:
        assert (one.line is not None) == ("log" in one.source and one.part is not Part.CONFIGURATION)
        if one.line is not None and one.line[0] == SESSION:
            assert lanes[SESSION].store.text(one.line[1]) == one.text


@pytest.mark.parametrize("name", [name for name in NAMES if name != "ok"])
def test_the_warning_that_every_such_worker_writes_explains_nothing(name: str) -> None:
    failure = explain(scenario(name))
    assert not any("Worker Agent's user" in one.text for one in failure.evidence)


def test_a_failed_upload_is_told_from_the_task_that_went_well() -> None:
    failure = explain(scenario("uploadfails"))
    assert "Process pid 26842 exited with code: 0 (unsigned) / 0x0 (hex)" in texts(failure, Part.PROCESS)
    last = texts(failure, Part.LAST)
    assert last[-1] == "Process pid 26848 exited with code: 1 (unsigned) / 0x1 (hex)"
    assert "frame 1 reads a scene" not in last


def test_an_upload_is_within_the_section_of_its_task() -> None:
    lane = scenario("attached").logs().browser.lanes[SESSION]
    lane.find_sections()
    titles = [section.title for section in lane.sections()]
    assert UPLOAD not in titles
    uploads = [n for n in range(lane.store.end) if lane.store.text(n) == f"--------- {UPLOAD}"]
    assert len(uploads) == 2
    found = [lane.section_of(number) for number in uploads]
    assert [lane.outline.actions[one.head].number for one in found if one is not None] == [1, 2]


def test_what_interrupts_a_worker_is_of_its_session_though_it_names_none() -> None:
    found = scenario("spot")
    store = found.logs().browser.lanes[WORKER].store
    own = [store.text(number) for number in range(store.end) if store.flags(number) & OWN]
    for words in (
        "Spot interruption detected. Termination in 0:01:28",
        "Spot terminate happening at",
        "Draining any remaining Sessions.",
        "Shutting down 1 Sessions",
        "Status set to STOPPING.",
    ):
        assert sum(words in text for text in own) == 1, words
    assert not any("Library Version" in text or "Requesting AWS Credentials" in text for text in own)
    shown = texts(explain(found), Part.WORKER)
    assert any("Spot interruption detected" in text for text in shown)
    assert any("Action.Cancel" in text for text in shown)


def test_a_notice_of_a_time_when_the_session_did_not_run_is_not_of_it() -> None:
    found = scenario("spot")
    began = found.session.started_at - timedelta(hours=2)
    earlier = replace(found.session, started_at=began, ended_at=began + timedelta(hours=1))
    store = replace(found, session=earlier).logs().browser.lanes[WORKER].store
    assert not any(
        store.flags(number) & OWN for number in range(store.end) if '"session_id"' not in store.text(number)
    )


def test_a_drained_worker_is_named_where_no_spot_notice_is() -> None:
    found = scenario("spot")
    spot, words = "Spot interruption detected. Termination in 0:01:28", "Received signal 15..."
    events = [
        event._replace(text=event.text.replace(spot, words))
        for event in found.worker_log
        if "Spot terminate" not in event.text
    ]
    failure = explain(replace(found, worker_log=tuple(events)))
    assert failure.sentence == f"task  Frame=1 was interrupted: the worker's log says “{words}”."


def test_an_interruption_that_no_log_shows_is_told_by_the_service() -> None:
    failure = explain(replace(scenario("spot"), worker_log=()))
    assert failure.sentence == (
        "task  Frame=1 was interrupted: the service says “The Worker received an EC2 spot interruption”."
    )


def test_the_service_asking_for_a_cancel_is_an_event_of_the_session() -> None:
    found = scenario("canceled")
    store = found.logs().browser.lanes[WORKER].store
    asking = [
        number
        for number in range(store.end)
        if store.flags(number) & OWN and '"type": "API"' in store.text(number)
    ]
    assert len(asking) == 1
    assert "cancels action 0, 1" in " ".join(texts(explain(found), Part.WORKER))


def test_who_canceled_is_told_as_far_as_the_session_and_those_above_its_action_know() -> None:
    found = scenario("canceled")
    canceled = explain(found, [TargetStatus("job", "GetJob", "targetTaskRunStatus CANCELED", "mira", START)])
    (evidence,) = [one for one in canceled.evidence if one.part is Part.CANCEL]
    assert (evidence.source, evidence.at) == ("GetJob", START)
    assert canceled.sentence == (
        "task  Frame=1 was canceled: the job has targetTaskRunStatus CANCELED, updatedBy mira; "
        "the service asked the worker to cancel it."
    )
    session = replace(found.session, target_lifecycle_status="ENDED", updated_by="jon")
    failure = explain(replace(found, session=session))
    assert failure.sentence == (
        "task  Frame=1 was canceled: the session has targetLifecycleStatus ENDED, updatedBy jon; "
        "the service asked the worker to cancel it."
    )
    assert texts(failure, Part.CANCEL) == ["targetLifecycleStatus ENDED, updatedBy jon"]


def test_one_task_that_was_canceled_is_told_of_by_itself() -> None:
    found = scenario("canceled")
    task = TargetStatus("task", "GetTask", "targetRunStatus CANCELED", "mira", START)
    unread = TargetStatus("step", "GetStep", fault=a_fault(message="no"))
    failure = explain(found, [TargetStatus("job", "GetJob"), unread, task])
    assert failure.sentence == (
        "task  Frame=1 was canceled: the task has targetRunStatus CANCELED, updatedBy mira; "
        "the service asked the worker to cancel it."
    )
    assert len(texts(failure, Part.CANCEL)) == 2
    silent = explain(
        found,
        [TargetStatus("job", "GetJob"), TargetStatus("step", "GetStep"), TargetStatus("task", "GetTask")],
    )
    assert silent.sentence.endswith("not told by the session, its job, its step or its task.")
    hidden = explain(
        found, [TargetStatus("job", "GetJob"), unread, TargetStatus("task", "GetTask", fault=a_fault())]
    )
    assert hidden.sentence.endswith("is not known: its step and its task cannot be read.")


def test_a_worker_that_reports_the_end_has_canceled_nothing() -> None:
    found = scenario("canceled")
    session = replace(found.session, updated_by=found.session.worker_id)
    assert texts(explain(replace(found, session=session)), Part.CANCEL) == []


def test_a_job_that_cannot_be_read_is_said_and_one_not_yet_read_is_waited_for() -> None:
    found = scenario("canceled")
    action = found.action(0)
    told = [TargetStatus("job", "GetJob", fault=a_fault(message="no"))]
    failure = investigate(found.session, found.actions, "x", "", found.logs(), told)
    assert failure.action == action
    assert failure.sentence.endswith("who canceled it is not known: its job cannot be read.")
    assert failure.is_complete
    assert [text.endswith("no") for text in texts(failure, Part.CANCEL)] == [True]
    waiting = investigate(found.session, found.actions, "x", "", found.logs())
    assert waiting.sentence.endswith("who canceled it is not known yet.")
    assert not waiting.is_complete


def test_what_was_not_started_is_told_with_what_stood_in_the_way() -> None:
    found = scenario("missing")
    failure = explain(replace(found, actions=found.actions[1:]))
    assert failure.sentence == (
        "task  Frame=2 was not started: the service says “Previous action failed: "
        "sessionaction-0146b4b1b4b5a0fb3388face9cae81a3-0”."
    )
