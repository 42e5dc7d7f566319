"""The screens tell of alerts from the start, whatever they show."""

from __future__ import annotations

from farmwatch.config.alerts_table import AlertsTable
from farmwatch.config.notify_table import NotifyTable, TargetTable
from farmwatch.config.settings import Settings
from tests.notify.receiver import receiving
from tests.ui.stage import on_stage
from tests.waiting import eventually
from tests.wall.night import Night, Run


async def test_a_target_is_told_though_nobody_has_opened_the_wall_or_the_alerts() -> None:
    night = Night(Run(1, lifecycle="UPDATE_FAILED"))
    with receiving() as receiver:
        table = NotifyTable(targets={"chat": TargetTable(webhook=receiver.url)})
        async with on_stage(night, Settings(notify=table)) as stage:
            await stage.move(60, step=5)
            assert stage.app.walls.open_alerts == 1
            eventually(lambda: receiver.told)
            (told,) = receiver.told
            assert told["rule"] == "update failed"


async def test_without_targets_no_alert_is_judged_before_somebody_asks() -> None:
    async with on_stage(Night(Run(1, lifecycle="UPDATE_FAILED"))) as stage:
        await stage.move(60, step=5)
        assert stage.app.walls.alerts is None
    async with on_stage(
        Night(Run(1, lifecycle="UPDATE_FAILED")), Settings(alerts=AlertsTable(from_start=True))
    ) as stage:
        await stage.move(60, step=5)
        assert stage.app.walls.open_alerts == 1


async def test_the_alerts_say_who_cannot_be_told_and_why() -> None:
    night = Night(Run(1, lifecycle="UPDATE_FAILED"))
    with receiving() as receiver:
        receiver.answers = [(500, {})]
        table = NotifyTable(targets={"chat": TargetTable(webhook=f"{receiver.url}/secret")})
        async with on_stage(night, Settings(notify=table), size=(160, 30)) as stage:
            await stage.press("A")
            await stage.move(60, step=5)
            eventually(lambda: stage.app.notifier.deliveries.failing)
            await stage.move(2)
            told = "chat (webhook 127.0.0.1) is not reached: HTTP 500 Internal Server Error; 1 not told yet"
            assert told in stage.text
            assert "secret" not in stage.text
