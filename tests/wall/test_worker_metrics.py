"""How busy workers are by their own logs: which are asked about, how often, and what is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from farmwatch.aws.log_page import LogEvent, LogPage, LogSource
from farmwatch.aws.model import Fault, FaultKind, LogConfiguration
from farmwatch.logs.times import milliseconds, moment
from farmwatch.polling.poller import Poller
from farmwatch.polling.schedule import RequestBudget
from farmwatch.wall.values import WallRow
from farmwatch.wall.worker_metrics import ASKED_EVERY, EVERY, MOST, WorkerMetrics, newest_cpu
from tests.canned import REF, START, CannedFarm, HandClock, a_fault, a_session

CAPTURES = Path(__file__).parents[1] / "data" / "agent"


def a_row(number: int, fleet: str = "fleet-1") -> WallRow:
    worker_id = f"worker-{number:032x}"
    options = {"logGroupName": f"/aws/deadline/farm/{fleet}", "logStreamName": worker_id}
    session = a_session(
        session_id=f"session-{number:032x}",
        worker_id=worker_id,
        worker_log=LogConfiguration("awslogs", options, {}),
    )
    return WallRow(replace(REF, session_id=session.session_id), session=session, seen_at=START)


def told(cpu: object, of: str = "Metrics") -> str:
    return json.dumps({"level": "INFO", "type": of, "subtype": "System", "cpu-usage-percent": cpu})


def a_page(*texts: str) -> LogPage:
    at = milliseconds(START)
    return LogPage([LogEvent(at + number, text) for number, text in enumerate(texts)], "f/1/s", "b/1/s")


class Metrics:
    """The workers of so many silent sessions, on a poller that is moved by hand."""

    def __init__(self, *rows: WallRow, rate: float = 5.0) -> None:
        self.clock = HandClock()
        self.rows = list(rows)
        self.answer: LogPage | Fault = a_page(told("12.5"), told("93.0"), '{"level": "INFO"}')
        self.sources: list[LogSource] = []
        self.farm = CannedFarm(log_page=self._page)
        self.budget = RequestBudget(rate=rate, burst=rate)
        self.target = WorkerMetrics(lambda: self.rows, self.budget)
        self.poller = Poller(lambda: self.farm, lambda _: None, self.clock)
        self.poller.follow(self.target)

    def _page(self, source: LogSource, _: object) -> LogPage | Fault:
        self.sources.append(source)
        return self.answer

    def run(self, seconds: float) -> None:
        self.poller.run_due()
        for _ in range(int(seconds)):
            self.clock.move(1)
            self.poller.run_due()

    @property
    def streams(self) -> list[str]:
        return [source.stream for source in self.sources]


def test_the_newest_figure_of_the_worker_of_a_silent_session_is_told_and_asked_for_every_five_minutes() -> (
    None
):
    row = a_row(1)
    metrics = Metrics(row)
    metrics.run(ASKED_EVERY - 10)
    assert metrics.target.known()[row.worker_id].percent == 93.0
    assert metrics.streams == [row.worker_id]
    assert metrics.sources[0].fleet_id is not None
    metrics.run(ASKED_EVERY)
    assert metrics.streams == [row.worker_id] * 2


def test_nobody_is_asked_where_nothing_is_silent_and_what_is_over_is_forgotten() -> None:
    metrics = Metrics()
    metrics.run(60)
    assert metrics.streams == []
    metrics.rows = [a_row(1)]
    metrics.run(60)
    assert metrics.target.known()
    metrics.rows = []
    metrics.run(ASKED_EVERY + 30)
    assert metrics.target.known() == {}
    assert len(metrics.streams) == 1


def test_of_a_thousand_silent_sessions_no_more_are_asked_about_than_the_budget_of_a_pass() -> None:
    metrics = Metrics(*map(a_row, range(1_000)))
    minutes = 15
    metrics.run(60 * minutes)
    passes = 60 * minutes / EVERY.total_seconds()
    assert MOST * passes / 2 <= len(metrics.streams) <= MOST * (passes + 1)
    # Those that are known are kept fresh, before others are asked about.
    assert len(set(metrics.streams)) <= MOST * (ASKED_EVERY / EVERY.total_seconds() + 1)


def test_who_reads_a_log_goes_first() -> None:
    metrics = Metrics(*map(a_row, range(10)), rate=2.0)
    metrics.run(0)
    asked = len(metrics.streams)
    assert asked < 10
    for _ in range(20):
        metrics.budget.spend(metrics.clock.monotonic())
        metrics.budget.spend(metrics.clock.monotonic())
        metrics.run(1)
    assert len(metrics.streams) == asked
    metrics.run(60)
    assert len(set(metrics.streams)) == 10


def test_a_fleet_whose_logs_are_denied_is_asked_about_once_in_a_while_and_others_are_not_kept_from_it() -> (
    None
):
    metrics = Metrics(*map(a_row, range(50)))
    metrics.answer = a_fault(FaultKind.DENIED)
    metrics.run(600)
    assert 1 <= len(metrics.streams) <= 7
    assert metrics.target.known() == {}
    assert set(metrics.target.observed.denied) == {"/aws/deadline/farm/fleet-1"}
    assert metrics.target.observed.fault is None
    metrics.answer = a_page(told("93.0"))
    metrics.rows.append(a_row(77, fleet="fleet-2"))
    metrics.run(30)
    assert a_row(77).worker_id in metrics.target.known()
    metrics.target.want_again()
    metrics.run(60)
    assert len(metrics.target.known()) > 10
    assert metrics.target.observed.denied == {}


@pytest.mark.parametrize("kind", [FaultKind.GONE, FaultKind.REFUSED, FaultKind.BAD_REPLY])
def test_a_log_that_is_not_there_is_its_own_trouble(kind: FaultKind) -> None:
    metrics = Metrics(a_row(1))
    metrics.answer = a_fault(kind)
    metrics.run(ASKED_EVERY - 1)
    assert len(metrics.streams) == 1
    assert metrics.target.observed.fault is None


def test_what_all_logs_share_is_a_fault_and_what_is_known_stays() -> None:
    metrics = Metrics(a_row(1))
    metrics.run(30)
    known = metrics.target.known()
    metrics.answer = a_fault(FaultKind.NETWORK)
    metrics.run(ASKED_EVERY)
    assert metrics.target.observed.fault is not None
    assert metrics.target.known() == known
    metrics.answer = a_page()
    metrics.run(90)
    assert metrics.target.observed.fault is None
    assert metrics.target.known() == known, "an empty page is no proof of anything"


def test_a_worker_whose_log_cannot_be_read_at_all_is_not_asked_about() -> None:
    row = a_row(1)
    assert row.session is not None
    without = replace(row, session=replace(row.session, worker_log=None))
    metrics = Metrics(without, replace(a_row(2), session=None), a_row(3))
    metrics.run(60)
    assert metrics.streams == [a_row(3).worker_id]


@pytest.mark.parametrize(
    "text",
    [
        told("much"),
        told(None),
        told("NaN"),
        told("inf"),
        told(["93"]),
        told("93", of="Session"),
        '{"level": "INFO", "type": "Metrics", "cpu-usage-percent": ',
        "cpu-usage-percent",
        '["cpu-usage-percent"]',
    ],
)
def test_what_is_no_figure_is_passed_over(text: str) -> None:
    assert newest_cpu([LogEvent(1, text)]) is None
    cpu = newest_cpu([LogEvent(1, told("7.5")), LogEvent(2, text)])
    assert cpu is not None
    assert (cpu.percent, cpu.at) == (7.5, moment(1))


@pytest.mark.parametrize(("name", "percent"), [("canceled", 95.3), ("spot", 63.0), ("ok", None)])
def test_the_figure_of_a_real_log_is_read(name: str, percent: float | None) -> None:
    lines = (CAPTURES / f"{name}.worker.log").read_text().splitlines()
    events = [LogEvent(number, line.partition("\t")[2]) for number, line in enumerate(lines)]
    cpu = newest_cpu(events)
    assert (None if cpu is None else cpu.percent) == percent
