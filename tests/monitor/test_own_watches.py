"""What somebody asked to be told of: followed without any screen, told once, and kept over a restart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from farmwatch.alerts.alert import Alert, MuteKind, Notice, State
from farmwatch.aws.log_page import LogSource
from farmwatch.aws.model import DEFAULT_CONNECTION, FaultKind, Page
from farmwatch.config.alerts_table import AlertsTable
from farmwatch.config.settings import Settings
from farmwatch.config.state import KeptAsked, StateFile
from farmwatch.history.recorder import Recorder
from farmwatch.logs.scan import BadPattern
from farmwatch.logs.times import milliseconds
from farmwatch.monitor import own_lines
from farmwatch.monitor.asked import Waiting
from farmwatch.monitor.monitor import Monitor
from farmwatch.monitor.own_watches import MOST, TooManyAsked
from farmwatch.monitor.walls import Walls
from tests.canned import FARM_ID, QUEUE_ID, START, HandClock, a_fault, a_job, a_summary
from tests.logs.model_log import ModelLog
from tests.wall.night import Night, Run, session_id

JOB_ID = f"job-{1:032x}"


class Program:
    """A Farmwatch without screens: a Monitor, its walls, the history and the state file."""

    def __init__(
        self, night: Night, folder: Path, clock: HandClock, quiet_hours: tuple[str, ...] = ()
    ) -> None:
        self.clock = clock
        self.recorder = Recorder(folder / "history.sqlite", watcher="ada", clock=clock)
        answers: Any = night
        self.monitor = Monitor({DEFAULT_CONNECTION: lambda *_: answers}, self.recorder, clock=clock)
        self.file = StateFile(folder / "state.json")
        settings = Settings(alerts=AlertsTable(quiet_hours=quiet_hours))
        self.walls = Walls(self.monitor, self.file, settings, self.recorder)
        self.notices: list[Notice] = []
        self.walls.take_up()
        self.walls.judge().told_to(self.notices.append)

    def ask(self, kind: str, *ids: str, pattern: str = "", name: str = "shot_01", wall: bool = False) -> None:
        connection = "" if wall else DEFAULT_CONNECTION
        self.walls.ask(KeptAsked(connection, ids, kind, self.clock.now(), name, pattern))

    def ask_of_session(self, kind: str = "ended", number: int = 1, pattern: str = "") -> None:
        self.ask(kind, FARM_ID, QUEUE_ID, JOB_ID, session_id(number), pattern=pattern)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / 5)):
            while self.monitor.run_due():
                pass
            self.clock.move(5)
        while self.monitor.run_due():
            pass

    def end(self) -> None:
        self.monitor.stop()
        self.recorder.close()
        self.file.close()

    @property
    def alerts(self) -> tuple[Alert, ...]:
        return self.walls.judge().observed.alerts

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        return self.walls.judge().observed.waiting

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(one.alerts[0].rule, one.alerts[0].words) for one in self.notices]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def night() -> Night:
    return Night(Run(1), Run(2, frame=2))


@pytest.fixture
def program(night: Night, tmp_path: Path, clock: HandClock) -> Iterator[Program]:
    made = Program(night, tmp_path, clock)
    yield made
    made.end()


def end(night: Night, number: int = 1, status: str = "SUCCEEDED") -> None:
    run = night.runs[number - 1]
    run.lifecycle, run.status = "ENDED", status


def test_a_session_that_ends_is_told_once_with_how_it_ended(program: Program, night: Night) -> None:
    program.ask_of_session()
    program.run(20)
    (waiting,) = program.waiting
    assert (waiting.kind.value, waiting.unseen) == ("ended", "")
    end(night)
    program.run(30)
    assert program.told == [("asked: ended", "it has ended: no action failed")]
    (alert,) = program.alerts
    assert (alert.name, alert.state, alert.worker_id != "") == ("shot_01", State.RESOLVED, True)
    assert program.waiting == ()
    assert program.file.state.asked == ()
    program.run(5 * 3600)
    assert len(program.told) == 1


def test_what_failed_in_it_is_said(program: Program, night: Night) -> None:
    program.ask_of_session()
    end(night, status="FAILED")
    night.runs[0].message = "No space left on device"
    program.run(30)
    assert program.told == [("asked: ended", "it has ended: of its actions 1 failed")]
    assert "No space left on device" in program.alerts[0].evidence


def test_one_that_has_ended_already_is_told_at_once(program: Program, night: Night) -> None:
    end(night)
    program.ask_of_session()
    program.run(10)
    assert len(program.told) == 1


def test_what_cannot_be_seen_has_not_ended(program: Program, night: Night) -> None:
    program.ask_of_session()
    for kind in (FaultKind.NETWORK, FaultKind.GONE):
        night.answers["session"] = [a_fault(kind)]
        night.answers["sessions_by_id"] = [a_fault(kind)]
        program.run(300)
        assert program.told == []
        assert program.waiting[0].unseen.startswith(kind.value)


def test_all_of_a_job_has_ended_when_the_job_is_over_and_its_sessions_are(
    program: Program, night: Night
) -> None:
    night.answers["sessions"] = [Page((a_summary(1), a_summary(2)))]
    night.answers["job"] = [a_job(1, "READY", job_id=JOB_ID)]
    program.ask("all ended", FARM_ID, QUEUE_ID, JOB_ID)
    program.run(60)
    end(night, 1)
    program.run(60)
    night.answers["job"] = [a_job(1, "FAILED", job_id=JOB_ID)]
    program.run(60)
    assert program.told == []
    end(night, 2, "FAILED")
    program.run(60)
    assert program.told == [("asked: all ended", "all of it has ended, FAILED: of its actions 1 failed")]
    assert program.alerts[0].subject.job_id == JOB_ID


def test_all_of_the_wall_has_ended_when_nothing_runs_on_it(program: Program, night: Night) -> None:
    program.ask("all ended", wall=True, name="")
    program.run(30)
    end(night, 1)
    program.run(120)
    assert program.told == []
    searched = night.answers["search_tasks"]
    night.answers["search_tasks"] = [a_fault()]
    program.run(60)
    assert "asked: all ended" not in dict(program.told)
    assert "The network is away" in program.waiting[0].unseen
    night.answers["search_tasks"] = searched
    end(night, 2)
    program.run(600)
    assert ("asked: all ended", "nothing runs on it any more") in program.told


def test_a_line_that_matches_is_told_with_the_line(program: Program, night: Night, clock: HandClock) -> None:
    log = ModelLog()
    log.add(milliseconds(START) - 1000, "saving frame 1")
    night.answers["log_page"] = [log]
    program.ask_of_session("line", pattern="saving frame")
    program.run(30)
    # What was written before it was asked for is no news.
    assert program.told == []
    log.add(milliseconds(clock.now()), "Saving Frame 2 \x1b[2J")
    program.run(60)
    assert program.told == [("asked: line", "a line matched saving frame")]
    assert program.alerts[0].evidence.startswith("Saving Frame 2 ")
    assert program.alerts[0].evidence.isprintable()


def test_a_line_that_never_came_is_told_when_the_session_has_ended(program: Program, night: Night) -> None:
    night.answers["log_page"] = [ModelLog()]
    program.ask_of_session("line", pattern="never")
    program.run(30)
    night.runs[0].lifecycle, night.runs[0].status = "ENDED", "SUCCEEDED"
    program.run(900)
    assert [rule for rule, _ in program.told] == ["asked: line"]
    assert program.told[0][1].startswith("it has ended: ")


class Logs:
    """A log of its own for every session, by its number."""

    def __init__(self, night: Night, job: str = "READY") -> None:
        self.of = {run.number: ModelLog() for run in night.runs}
        self.read: list[str] = []
        """The streams that were asked for, in their order."""

        night.answers["log_page"] = [self]
        night.answers["sessions"] = [Page(tuple(a_summary(run.number) for run in night.runs))]
        night.answers["job"] = [a_job(1, job, job_id=JOB_ID)]

    def log_page(self, source: LogSource, token: str | None = None, **asked: Any) -> Any:
        self.read.append(source.stream)
        of = {session_id(number): log for number, log in self.of.items()}
        return of[source.stream].log_page(source, token, **asked)


def test_a_line_of_any_session_of_a_job_is_told_with_that_session(
    program: Program, night: Night, clock: HandClock
) -> None:
    logs = Logs(night)
    logs.of[1].add(milliseconds(START) - 1000, "out of memory")
    program.ask("line", FARM_ID, QUEUE_ID, JOB_ID, pattern="out of memory")
    program.run(60)
    assert program.told == [], "what was written before it was asked for is no news"
    logs.of[2].add(milliseconds(clock.now()), "CUDA: Out of memory")
    program.run(60)
    assert program.told == [("asked: line", "a line matched out of memory")]
    (alert,) = program.alerts
    assert (alert.evidence, alert.subject.job_id) == ("CUDA: Out of memory", JOB_ID)
    assert [ref.session_id for ref in alert.sessions] == [session_id(2)]
    assert program.waiting == ()


def test_of_many_sessions_the_logs_are_read_in_turns_and_each_has_one(
    program: Program, night: Night, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_lines, "TURNS", 2)
    night.runs += [Run(number, frame=number) for number in range(3, 8)]
    logs = Logs(night)
    program.ask("line", FARM_ID, QUEUE_ID, JOB_ID, pattern="needle")
    for _ in range(60):
        logs.read.clear()
        program.run(5)
        assert len(set(logs.read)) <= 4, "those whose turn ends, and those whose turn begins"
    logs.of[7].add(milliseconds(clock.now()), "a needle")
    program.run(120)
    assert [ref.session_id for ref in program.alerts[0].sessions] == [session_id(7)]


def test_a_line_that_arrives_late_is_looked_at_in_the_next_turn(
    program: Program, night: Night, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_lines, "TURNS", 1)
    logs = Logs(night)
    program.ask("line", wall=True, name="", pattern="needle")
    program.run(60)
    before = milliseconds(clock.now())
    for log in logs.of.values():
        log.add(before + 30_000, "thread")
    program.run(60)
    logs.of[1].add(before, "a needle")
    program.run(120)
    assert program.told == [("asked: line", "a line matched needle")]


def test_a_job_that_is_over_without_the_line_says_so(program: Program, night: Night) -> None:
    logs = Logs(night, job="SUCCEEDED")
    program.ask("line", FARM_ID, QUEUE_ID, JOB_ID, pattern="needle")
    program.run(30)
    assert program.told == []
    for run in night.runs:
        end(night, run.number)
        run.session_ended_at = program.clock.now()
    logs.of[1].add(milliseconds(program.clock.now()), "thread")
    program.run(900)
    assert program.told == [("asked: line", "all of it has ended: no line matched needle")]


def test_a_session_that_had_ended_before_it_was_asked_for_is_not_read(program: Program, night: Night) -> None:
    logs = Logs(night)
    end(night, 1)
    night.runs[0].session_ended_at = START - timedelta(hours=1)
    program.ask("line", FARM_ID, QUEUE_ID, JOB_ID, pattern="needle")
    program.run(60)
    assert set(logs.read) == {session_id(2)}


def test_a_line_of_any_session_on_the_wall_is_told(program: Program, night: Night, clock: HandClock) -> None:
    logs = Logs(night)
    program.ask("line", wall=True, name="", pattern="needle")
    program.ask("line", wall=True, name="dailies", pattern="needle")
    program.run(60)
    assert sorted(one.unseen for one in program.waiting) == ["", "another wall is followed"]
    logs.of[2].add(milliseconds(clock.now()), "a needle")
    program.run(60)
    assert program.told == [("asked: line", "a line matched needle")]
    assert [ref.session_id for ref in program.alerts[0].sessions] == [session_id(2)]
    (left,) = program.waiting
    assert left.kept.name == "dailies"


def test_nothing_is_read_for_it_once_it_is_taken_back(program: Program, night: Night) -> None:
    logs = Logs(night)
    program.ask("line", FARM_ID, QUEUE_ID, JOB_ID, pattern="needle")
    program.run(60)
    assert logs.read
    program.walls.ask_no_more(program.waiting[0].id)
    program.run(10)
    logs.read.clear()
    program.run(120)
    assert logs.read == []


def test_logs_that_cannot_be_read_are_said_to_be_so(program: Program, night: Night) -> None:
    logs = Logs(night)
    for log in logs.of.values():
        log.faults = [a_fault(FaultKind.DENIED)] * 50
    program.ask("line", FARM_ID, QUEUE_ID, JOB_ID, pattern="needle")
    program.run(60)
    assert program.waiting[0].unseen.startswith("DENIED")
    assert program.told == []


def test_a_restart_keeps_what_is_waited_for_and_repeats_nothing(
    program: Program, night: Night, tmp_path: Path, clock: HandClock
) -> None:
    program.ask_of_session()
    program.run(10)
    program.end()
    end(night)
    again = Program(night, tmp_path, clock)
    again.run(20)
    assert len(again.told) == 1
    again.end()
    # As if the program had ended before the state file was written.
    file = StateFile(tmp_path / "state.json")
    asked = KeptAsked(
        DEFAULT_CONNECTION, (FARM_ID, QUEUE_ID, JOB_ID, session_id(1)), "ended", START, "shot_01"
    )
    file.change(lambda state: replace(state, asked=(asked,)))
    file.close()
    last = Program(night, tmp_path, clock)
    last.run(20)
    assert last.told == []
    assert last.file.state.asked == ()
    last.end()


def test_two_programs_tell_each_and_one_that_sees_it_much_later_tells_nothing(
    program: Program, night: Night, tmp_path: Path
) -> None:
    program.ask_of_session()
    program.file.close(60)
    other, late = (Program(night, tmp_path, HandClock()) for _ in range(2))
    other.run(10)
    late.run(10)
    end(night)
    program.run(30)
    other.run(30)
    assert [len(one.told) for one in (program, other)] == [1, 1], "somebody may look at either"
    late.clock.move(3600)
    late.run(30)
    assert late.told == []
    assert [alert.state for alert in late.alerts if alert.is_asked] == [State.RESOLVED]
    assert late.waiting == ()
    for one in (other, late):
        one.end()
    begun_later = Program(night, tmp_path, HandClock())
    begun_later.run(30)
    assert begun_later.told == []
    assert begun_later.waiting == ()
    begun_later.end()


def test_no_line_of_a_log_and_no_message_is_written_into_the_history(
    program: Program, night: Night, tmp_path: Path
) -> None:
    log = ModelLog()
    night.answers["log_page"] = [log]
    program.ask_of_session("line", pattern="saving frame")
    program.ask_of_session(number=2)
    program.run(30)
    log.add(milliseconds(program.clock.now()), "saving frame 2 of a secret film")
    end(night, 2, "FAILED")
    night.runs[1].message = "a secret disk is full"
    program.run(60)
    assert sorted("secret" in one.alerts[0].evidence for one in program.notices) == [True, True]
    program.end()
    for file in tmp_path.iterdir():
        assert b"secret" not in file.read_bytes(), file


def test_it_is_waited_for_no_longer_where_somebody_says_so(program: Program, night: Night) -> None:
    program.ask_of_session()
    program.run(10)
    program.walls.ask_no_more(program.waiting[0].id)
    end(night)
    program.run(30)
    assert program.told == []
    assert program.waiting == ()
    assert program.file.state.asked == ()


def test_in_quiet_hours_it_waits_for_their_end(night: Night, tmp_path: Path, clock: HandClock) -> None:
    program = Program(night, tmp_path, clock, ("02:00-02:20",))
    program.ask_of_session()
    end(night)
    program.run(300)
    assert program.told == []
    assert program.alerts[0].state is State.FIRING
    assert program.walls.judge().observed.quiet_until == START + timedelta(minutes=10)
    program.run(330)
    assert len(program.told) == 1
    program.end()


def test_a_mute_of_its_rule_holds_for_it_too(program: Program, night: Night) -> None:
    program.ask_of_session()
    program.run(10)
    now, alerts = program.clock.now(), program.walls.judge()
    alerts.mute(MuteKind.RULE, "asked: ended", now + timedelta(hours=1), now)
    end(night)
    program.run(60)
    assert program.told == []
    now = program.clock.now()
    alerts.mute(MuteKind.RULE, "asked: ended", now, now)
    program.run(10)
    assert len(program.told) == 1


def test_what_cannot_be_waited_for_is_refused_in_words(program: Program) -> None:
    with pytest.raises(BadPattern, match="can take for ever"):
        program.ask_of_session("line", pattern="(a+)+$")
    for number in range(MOST):
        program.ask_of_session(number=number)
    with pytest.raises(TooManyAsked, match="100 things are waited for already"):
        program.ask_of_session(number=MOST)


def test_a_file_that_says_what_cannot_be_is_no_harm(night: Night, tmp_path: Path, clock: HandClock) -> None:
    ids = (FARM_ID, QUEUE_ID, JOB_ID, session_id(1))
    sound = KeptAsked(DEFAULT_CONNECTION, ids, "ended", START, "shot_01")
    asked = (
        replace(sound, kind="exploded"),
        replace(sound, ids=("../../etc", "x", "y", "z")),
        replace(sound, ids=ids[:2]),
        replace(sound, kind="line", pattern="(a+)+$"),
        replace(sound, kind="line"),
        replace(sound, kind="line", ids=ids[:3]),
        replace(sound, kind="line", ids=(), pattern="x"),
        replace(sound, kind="ended", ids=ids[:3]),
        replace(sound, kind="all ended"),
        replace(sound, at=START.replace(tzinfo=None)),
        replace(sound, name="x" * 100_000),
        replace(sound, connection="elsewhere"),
        sound,
    )
    file = StateFile(tmp_path / "state.json")
    file.change(lambda state: replace(state, asked=asked))
    file.close()
    program = Program(night, tmp_path, clock)
    program.run(20)
    assert sorted(one.unseen for one in program.waiting) == [
        "",
        "there is no connection 'elsewhere' in this run",
    ]
    program.end()
