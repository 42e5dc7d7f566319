"""The newest lines of the logs of a wall's sessions: whose turn it is, on which budget, and what is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from farmwatch.aws.log_page import LogEvent, LogPage, LogSource
from farmwatch.aws.model import DEFAULT_CONNECTION, Fault, FaultKind, LogConfiguration
from farmwatch.logs.times import milliseconds
from farmwatch.monitor.monitor import Monitor
from farmwatch.monitor.update import Update, WallLinesRef
from farmwatch.polling.poller import Poller
from farmwatch.polling.schedule import RequestBudget
from farmwatch.wall.last_lines import LastLines, LinesObserved
from farmwatch.wall.values import LastLine, WallObserved, WallRow
from tests.canned import REF, START, CannedFarm, HandClock, a_fault, a_session
from tests.pictures import frozen_farm

RATE = 5.0


def a_row(number: int) -> WallRow:
    session_id = f"session-{number:032x}"
    options = {"logGroupName": "/aws/deadline/farm/queue", "logStreamName": session_id}
    session = a_session(session_id=session_id, log=LogConfiguration("awslogs", options, {}))
    return WallRow(replace(REF, session_id=session_id), session=session, seen_at=START)


def a_page(*texts: str, at: int = milliseconds(START)) -> LogPage:
    events = [LogEvent(at + number, text) for number, text in enumerate(texts)]
    return LogPage(events, "f/1/s", "b/1/s")


class Lines:
    """The newest lines of so many sessions, on a poller that is moved by hand."""

    def __init__(self, count: int) -> None:
        self.clock = HandClock()
        self.rows = tuple(a_row(number) for number in range(count))
        self.answers: dict[str, LogPage | Fault] = {}
        self.farm = CannedFarm(log_page=self._page)
        self.budget = RequestBudget(rate=RATE, burst=RATE)
        self.target = LastLines(DEFAULT_CONNECTION, lambda: self.wall, self.budget)
        self.poller = Poller(lambda: self.farm, lambda _: None, self.clock)
        self.poller.follow(self.target)

    @property
    def wall(self) -> WallObserved:
        return WallObserved(DEFAULT_CONNECTION, self.rows)

    def _page(self, source: LogSource, _: object) -> LogPage | Fault:
        return self.answers.get(source.stream, a_page("first", f"newest of {source.stream[-4:]}"))

    def want(self, *rows: WallRow) -> None:
        self.target.want([row.key for row in rows])
        self.poller.soon(self.target.key, 0)

    def want_tail(self, row: WallRow) -> None:
        self.target.want_tail(row.key)
        self.poller.soon(self.target.key, 0)

    def change(self, number: int, row: WallRow) -> None:
        self.rows = (*self.rows[:number], row, *self.rows[number + 1 :])

    def run(self, seconds: int) -> None:
        self.poller.run_due()
        for _ in range(seconds):
            self.clock.move(1)
            self.poller.run_due()

    @property
    def streams(self) -> list[str]:
        """Whose logs were asked for, in that order."""
        return [question[1].stream for question in self.farm.asked if question[0] == "log_page"]

    def asked(self, row: WallRow) -> int:
        return self.streams.count(row.ref.session_id)

    @property
    def observed(self) -> LinesObserved:
        return self.target.observed

    def line(self, row: WallRow) -> LastLine:
        return self.observed.lines[row.key]


def ids(rows: Sequence[WallRow]) -> list[str]:
    return [row.ref.session_id for row in rows]


def test_no_log_is_asked_for_before_somebody_wants_lines() -> None:
    lines = Lines(5)
    lines.run(30)
    assert lines.streams == []


def test_rows_in_sight_are_asked_for_before_the_others() -> None:
    lines = Lines(30)
    wanted = lines.rows[20:23]
    lines.want(*wanted)
    lines.run(0)
    assert lines.streams[:3] == ids(wanted)
    lines.run(60)
    assert set(lines.streams) == set(ids(lines.rows))
    assert lines.line(lines.rows[0]).text == "newest of 0000"


def test_many_in_sight_take_turns_on_the_budget_and_leave_the_others_none() -> None:
    lines = Lines(200)
    wanted = lines.rows[:80]
    lines.want(*wanted)
    lines.run(60)
    assert len(lines.streams) <= RATE + 60 * RATE
    counts = {lines.asked(row) for row in wanted}
    assert max(counts) - min(counts) <= 1
    assert min(counts) >= 3
    assert set(lines.streams) == set(ids(wanted))


def test_a_line_that_is_not_old_is_not_asked_for_again() -> None:
    lines = Lines(1)
    lines.want(*lines.rows)
    lines.run(9)
    assert lines.asked(lines.rows[0]) == 1
    lines.run(3)
    assert lines.asked(lines.rows[0]) == 2


def test_the_newest_line_that_is_not_blank_is_told_with_its_time_and_when_it_was_read() -> None:
    lines = Lines(1)
    (row,) = lines.rows
    lines.answers[row.ref.session_id] = a_page("Frame 12\nsaved: /out/0012.exr", "  ")
    lines.want(row)
    lines.run(0)
    assert lines.line(row) == LastLine("saved: /out/0012.exr", START, lines.clock.now())
    # An empty page is no proof that there is no line.
    lines.answers[row.ref.session_id] = a_page()
    lines.run(12)
    assert lines.line(row).text == "saved: /out/0012.exr"


def test_a_log_that_is_denied_says_why_is_asked_for_rarely_and_keeps_nothing_from_the_others() -> None:
    lines = Lines(3)
    denied, other, _ = lines.rows
    lines.answers[denied.ref.session_id] = a_fault(FaultKind.DENIED, sentence="You may not read this log.")
    lines.want(*lines.rows)
    lines.run(600)
    assert lines.line(denied).text == "You may not read this log."
    assert lines.line(denied).at is None
    assert lines.asked(denied) <= 7
    assert lines.asked(other) >= 50
    assert lines.observed.fault is None
    del lines.answers[denied.ref.session_id]
    lines.target.want_again()
    lines.run(2)
    assert lines.line(denied).text == "newest of 0000"


def test_a_log_that_cannot_be_read_at_all_says_why_without_a_call() -> None:
    lines = Lines(1)
    row = lines.rows[0]
    assert row.session is not None
    session = replace(row.session, log=LogConfiguration("elsewhere", {}, {}))
    lines.change(0, replace(row, session=session))
    lines.want(row)
    lines.run(5)
    assert lines.line(row).text == "the driver is not awslogs"
    assert lines.streams == []


def test_a_session_that_is_not_known_yet_is_left_out() -> None:
    lines = Lines(1)
    row = lines.rows[0]
    lines.change(0, replace(row, session=None))
    lines.want(row)
    lines.run(5)
    assert lines.streams == []
    assert not lines.observed.lines


def test_a_session_that_has_ended_is_asked_for_once_more_and_no_longer() -> None:
    lines = Lines(1)
    row = lines.rows[0]
    lines.want(row)
    lines.run(0)
    lines.change(0, replace(row, ended_at=lines.clock.now()))
    lines.run(600)
    assert lines.asked(row) == 2
    assert lines.line(row).text == "newest of 0000"


def test_a_line_leaves_with_its_session() -> None:
    lines = Lines(2)
    lines.want(*lines.rows)
    lines.run(0)
    before = lines.observed.lines
    gone, stays = lines.rows
    lines.rows = (stays,)
    lines.run(2)
    assert set(lines.observed.lines) == {stays.key}
    # What somebody was told of stays as it was.
    assert set(before) == {gone.key, stays.key}


def test_what_all_logs_share_is_a_fault_of_them_all_and_the_lines_stay() -> None:
    lines = Lines(2)
    lines.want(*lines.rows)
    lines.run(0)
    known = lines.observed.lines
    for row in lines.rows:
        lines.answers[row.ref.session_id] = a_fault(FaultKind.NETWORK)
    lines.run(15)
    assert lines.observed.fault is not None
    assert lines.observed.lines == known
    lines.answers.clear()
    lines.run(90)
    assert lines.observed.fault is None


def test_the_newest_lines_of_one_session_are_read_every_five_seconds_before_all_others() -> None:
    lines = Lines(40)
    wanted = lines.rows[39]
    lines.answers[wanted.ref.session_id] = a_page(*(f"line {number}" for number in range(50)))
    lines.want(*lines.rows)
    lines.want_tail(wanted)
    lines.run(0)
    assert lines.streams[0] == wanted.ref.session_id
    assert [line.text for line in lines.observed.tail] == [f"line {number}" for number in range(50)]
    assert lines.line(wanted).text == "line 49"
    lines.run(50)
    assert 9 <= lines.asked(wanted) <= 11
    lines.want_tail(lines.rows[0])
    lines.run(1)
    assert [line.text for line in lines.observed.tail] == ["first", "newest of 0000"]


@pytest.mark.long
def test_on_a_farm_every_session_in_sight_has_its_newest_line_or_says_why_not() -> None:
    updates: list[Update] = []
    with frozen_farm() as farm:
        clock = HandClock(farm.clock.now())
        monitor = Monitor({DEFAULT_CONNECTION: lambda *_: farm.ask}, clock=clock)
        monitor.subscribe(updates.append)
        handle = monitor.watch_wall([], clock.now() - timedelta(hours=1))

        def run(seconds: int) -> None:
            for _ in range(seconds):
                clock.move(1)
                monitor.run_due()

        run(30)
        assert not handle.lines
        refs = [row.ref for row in handle.observed[0].rows if row.ended_at is None][:10]
        handle.want_lines(refs)
        handle.want_tail(refs[0])
        run(30)
        rows = {row.ref: row for row in handle.observed[0].rows}
        lines = {ref: handle.lines[rows[ref].key] for ref in refs}
        assert all(line.text or line.at is None for line in lines.values())
        assert any(line.at is not None for line in lines.values())
        newest = handle.newest(refs[0])
        assert len(newest) > 1
        assert lines[refs[0]].text in {line.text for line in newest}
        assert handle.newest(refs[1]) == ()
        assert WallLinesRef(DEFAULT_CONNECTION) in {update.subject for update in updates}
        handle.close()
        assert not monitor.targets
