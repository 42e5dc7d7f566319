"""Telling of alerts while the screens are shown: over the screen, and by the terminal."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from msgspec.structs import replace

from farmwatch.alerts.alert import Alert, Notice, NoticeKind, Subject, id_of
from farmwatch.config.notify_table import NotifyTable
from farmwatch.config.settings import Settings
from farmwatch.notify.terminal import QUERY_ID
from farmwatch.notify.trial import Tried
from farmwatch.rules.finding import Severity
from farmwatch.ui.screens.alerts.screen import AlertsScreen
from farmwatch.ui.screens.picker.screen import PickerScreen
from farmwatch.ui.telling import MOST, Telling
from tests.canned import START, CannedFarm
from tests.payloads import ESCAPES
from tests.ui.stage import Stage, on_stage
from tests.wall.night import Night, Run

PLAIN = {"TERM": "xterm-256color"}

KNOWS_OSC99 = f"99;i={QUERY_ID}:p=?;a=focus,report"


class Written(list[str]):
    """What was written to the terminal."""

    def titles(self) -> list[str]:
        """Of what was told by OSC 99, and of nothing else."""
        found = re.findall(r"\x1b\]99;i=[^;]*p=title[^;]*;([^\x1b]*)\x1b\\", "".join(self))
        return [base64.b64decode(title).decode() for title in found]

    def ids(self) -> list[str]:
        return re.findall(r"\x1b\]99;i=([^:]*):d=0", "".join(self))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    texts = Written()
    monkeypatch.setattr("farmwatch.ui.telling.write_to_terminal", lambda _, text: texts.append(text))
    monkeypatch.setattr("farmwatch.ui.telling.SOON", 0.01)
    monkeypatch.setattr("farmwatch.ui.telling.REST", 0.01)
    return texts


@asynccontextmanager
async def told(terminal: str = "auto", farm: CannedFarm | None = None) -> AsyncIterator[Stage]:
    """The program in a terminal of which nothing is known."""
    settings = Settings(notify=NotifyTable(terminal=terminal))  # type: ignore[arg-type]
    async with on_stage(farm or CannedFarm(), settings, tells=True) as stage:
        yield stage


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever terminal the tests are run in."""
    monkeypatch.setattr(Telling.__init__, "__kwdefaults__", {"ascii_only": False, "environ": PLAIN})


def an_alert(name: str = "sq010", **changes: object) -> Alert:
    subject = Subject("default", job_id=f"job-{name}")
    alert = Alert(
        id=id_of("stuck", subject),
        rule="stuck",
        subject=subject,
        severity=Severity.STUCK,
        words="silent",
        evidence="silent 38 min of 55",
        since=START,
        found_at=START,
        fired_at=START,
        name=name,
    )
    return replace(alert, **changes)


def a_notice(*alerts: Alert, kind: NoticeKind = NoticeKind.FIRED, cause: str = "") -> Notice:
    return Notice(kind, START + timedelta(minutes=1), alerts, cause)


async def hear(stage: Stage, *notices: Notice) -> None:
    """Have notices told; until all of them are."""
    telling = stage.app.telling
    for notice in notices:
        telling.hear(notice)
    await stage.pilot.pause()
    await stage.wait_for(lambda: telling.is_at_rest)


async def test_the_terminal_is_asked_and_by_what_it_answers_it_is_told(written: Written) -> None:
    async with told() as stage:
        assert written == [f"\x1b]99;i={QUERY_ID}:p=?;\x1b\\"]
        await hear(stage, a_notice(an_alert("early")))
        assert written.pop() == "\x07"
        stage.app.terminal_answered(KNOWS_OSC99)
        await hear(stage, a_notice(an_alert()))
        assert written.titles() == ["stuck: sq010 (silent)"]


async def test_what_is_resolved_takes_the_place_of_what_fired_without_a_sound(written: Written) -> None:
    async with told("osc99") as stage:
        alert = an_alert()
        await hear(stage, a_notice(alert))
        over = replace(alert, resolved_at=START + timedelta(minutes=9))
        await hear(stage, a_notice(over, kind=NoticeKind.RESOLVED))
        assert written.ids() == [alert.id, alert.id]
        assert ":s=" not in written[0]
        assert ":s=" in written[1]
        assert "resolved: stuck: sq010" in written.titles()[1]
        assert "resolved: stuck: sq010" in stage.text


async def test_what_cannot_be_replaced_rings_once_and_its_end_is_told_on_the_screen_alone(
    written: Written,
) -> None:
    async with told("bell") as stage:
        alert = an_alert()
        await hear(stage, a_notice(alert))
        await hear(stage, a_notice(alert, kind=NoticeKind.RESOLVED))
        assert written == ["\x07"]


async def test_several_of_one_cause_are_over_in_the_terminal_when_the_last_one_is(written: Written) -> None:
    async with told("osc99") as stage:
        alerts = [an_alert(f"sq{number}", worker_id="worker-1") for number in range(5)]
        await hear(stage, a_notice(*alerts, cause="worker worker-1"))
        assert "5 alerts" in written.titles()[0]
        await hear(stage, *(a_notice(one, kind=NoticeKind.RESOLVED) for one in alerts[:4]))
        assert len(written.ids()) == 1
        await hear(stage, a_notice(alerts[4], kind=NoticeKind.RESOLVED))
        assert written.ids() == [written.ids()[0]] * 2


async def test_a_storm_is_one_notification(written: Written) -> None:
    async with told("osc99") as stage:
        await hear(stage, *(a_notice(an_alert(f"sq{number}")) for number in range(MOST + 9)))
        assert written.titles() == ["12 alerts in 12 notices"]
        assert stage.text.count("alerts in 12 notices") == 1


async def test_what_was_put_away_is_not_shown_again_when_it_is_over(written: Written) -> None:
    async with told("osc99") as stage:
        alert = an_alert()
        await hear(stage, a_notice(alert))
        stage.app.terminal_answered(f"99;i={alert.id}:p=close;")
        await hear(stage, a_notice(alert, kind=NoticeKind.RESOLVED))
        assert len(written.ids()) == 1


async def test_a_click_on_a_notification_opens_the_alerts(written: Written) -> None:
    async with told("osc99", Night(Run(1))) as stage:
        assert isinstance(stage.app.screen, PickerScreen)
        stage.app.terminal_answered("99;i=3f9a;")
        await stage.wait_for(lambda: isinstance(stage.app.screen, AlertsScreen))
        assert written == []


async def test_nothing_is_written_where_it_is_off(written: Written) -> None:
    async with told("off") as stage:
        await hear(stage, a_notice(an_alert()))
        assert written == []
        assert "stuck: sq010 (silent)" in stage.text
        assert "silent 38 min of 55" in stage.text
        assert "A shows all alerts" in stage.text


async def test_over_the_alerts_themselves_nothing_is_shown_but_the_terminal_is_told(written: Written) -> None:
    async with told("bell", Night(Run(1))) as stage:
        await stage.press("A")
        await hear(stage, a_notice(an_alert()))
        assert written == ["\x07"]
        assert "shows all alerts" not in stage.text


@pytest.mark.long
async def test_hostile_names_reach_neither_the_screen_nor_the_terminal(written: Written) -> None:
    async with told("osc777") as stage:
        for payload in ESCAPES.values():
            await hear(stage, a_notice(an_alert(payload, evidence=payload)))
        assert len(written) == len(ESCAPES)
        for text in written:
            inside = text.removeprefix("\x1b]777;notify;").removesuffix("\x07")
            assert not re.search(r"[\x00-\x1f\x7f-\x9f]", inside)
            assert inside.count(";") == 1


async def test_alerts_of_the_wall_are_told_by_the_program(written: Written) -> None:
    async with told("bell", Night(Run(1, lifecycle="UPDATE_FAILED"), Run(2))) as stage:
        await stage.press("W")
        await stage.move(60, 5)
        await stage.wait_for(lambda: stage.app.telling.is_at_rest)
        assert written == ["\x07"]
        assert "update failed" in stage.text


async def test_t_on_the_alerts_tries_it_and_so_does_a_word(written: Written) -> None:
    async with told("osc9", Night(Run(1))) as stage:
        await stage.press("A", "t")
        assert [text.startswith("\x1b]9;Farmwatch: a test") for text in written] == [True]
        assert "told by OSC 9: the settings say so" in " ".join(stage.text.split())
        await stage.press("colon", *"test-notice", "enter")
        assert len(written) == 2


async def test_what_came_of_a_test_of_the_targets_is_said(written: Written) -> None:
    tried = (Tried("night", "webhook", "chat.example", ""), Tried("pager", "command", "page", "exit code 3"))
    async with told("bell") as stage:
        stage.app.telling.test(lambda: tried)
        await stage.wait_for(lambda: "not told: exit code 3" in stage.text)
        assert "told (webhook chat.example)" in stage.text, "all in one notice"
        assert written == ["\x07"]


async def test_what_is_due_while_the_screens_are_taken_down_is_let_go(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("farmwatch.ui.telling.SOON", 1_000.0)
    async with told() as stage:
        stage.app.telling.hear(a_notice(an_alert()))
        await stage.pilot.pause()
        assert not stage.app.telling.is_at_rest
        before = list(written)
    stage.app.telling._tell_all()  # noqa: SLF001 - as its timer does, at whatever moment
    assert stage.app.telling.is_at_rest
    assert written == before
