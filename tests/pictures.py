"""``make screenshots``: pictures of the program in named states, from a frozen simulation."""

from __future__ import annotations

import asyncio
import html
import os
import re
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from moto import mock_aws

import moto_deadline
from farmwatch.aws.model import DEFAULT_CONNECTION
from farmwatch.config.settings import ConnectionSettings, Settings
from farmwatch.history.recorder import Recorder
from farmwatch.listings.place import Place
from farmwatch.wall.item import WallItem
from moto_deadline.simulation import FrozenClock, Simulation
from tests.canned import HandClock
from tests.ui.log.stage import settle
from tests.ui.stage import Stage, on_stage

FOLDER = Path(__file__).resolve().parent.parent / "screenshots"


@dataclass
class Farm:
    """The frozen simulation, the questions asked of it, and a way to cut the line."""

    simulation: Simulation
    clock: FrozenClock
    ask: Any
    offline: bool = False
    counts: Callable[[], None] | None = None

    def count_by(self, counts: Callable[[], None]) -> None:
        """Call this for each request from now on."""
        self.counts = counts

    def requested(self) -> None:
        if self.counts is not None:
            self.counts()

    def settings(self, name: str, depth: int = 4) -> Settings:
        """Where a session of the cast is, so many levels down."""
        ids = self.simulation.cast[name]
        names = ("farm_id", "queue_id", "job_id", "session_id")
        place: Any = {name: getattr(ids, name) for name in names[:depth]}
        return Settings((ConnectionSettings(profile="northlight", region=moto_deadline.REGION),), **place)


class _CutLine:
    """Passes questions on, until the line is cut."""

    def __init__(self, farm: Farm, client: Any) -> None:
        self._farm = farm
        self._client = client

    def __getattr__(self, name: str) -> Any:
        from botocore.exceptions import EndpointConnectionError

        method = getattr(self._client, name)

        def ask(**asked: Any) -> Any:
            if self._farm.offline:
                raise EndpointConnectionError(
                    endpoint_url="https://management.deadline.us-west-2.amazonaws.com"
                )
            return method(**asked)

        return ask


@contextmanager
def frozen_farm() -> Iterator[Farm]:
    """The embedded farm, standing still; its client asks under ``mock_aws``."""
    import boto3
    import botocore.session

    from farmwatch.aws.client import DeadlineClient
    from farmwatch.aws.log_reader import LogReader
    from farmwatch.aws.parsing import QuickParsers, parse_timestamp

    moto_deadline.register()
    with mock_aws():
        clock = FrozenClock()
        farm = Farm(moto_deadline.install(Simulation(clock=clock)), clock, None)
        core = botocore.session.Session()
        core.register_component("response_parser_factory", QuickParsers(parse_timestamp))
        session = boto3.Session(botocore_session=core, region_name=moto_deadline.REGION)
        client, logs = session.client("deadline"), session.client("logs")
        connection: Any = SimpleNamespace(deadline=client, logs=logs)
        cut: Any = _CutLine(farm, client)
        reader = LogReader(connection, by_role=False)
        farm.ask = DeadlineClient(cut, logs=reader, on_request=farm.requested)
        yield farm


async def pass_time(stage: Stage, farm: Farm, seconds: int) -> None:
    """Let simulation and program go on together, second by second."""
    for _ in range(seconds):
        farm.clock.step(1)
        await stage.move(1)


Scene = Callable[[Stage, Farm], Awaitable[None]]


async def picker(stage: Stage, farm: Farm) -> None:
    await stage.press("down", "down")
    await pass_time(stage, farm, 2)


async def session(stage: Stage, farm: Farm) -> None:
    await pass_time(stage, farm, 96)


async def log_panel(stage: Stage, farm: Farm) -> None:
    await pass_time(stage, farm, 3)


async def offline(stage: Stage, farm: Farm) -> None:
    await pass_time(stage, farm, 3)
    farm.offline = True
    await pass_time(stage, farm, 42)


async def history(stage: Stage, farm: Farm) -> None:
    await pass_time(stage, farm, 60)
    farm.offline = True
    await pass_time(stage, farm, 45)
    farm.offline = False
    await pass_time(stage, farm, 60)
    for name in ("worker_log_error", "living"):
        ids = farm.simulation.cast[name]
        stage.app.go_to(Place(DEFAULT_CONNECTION, ids.farm_id, ids.queue_id, ids.job_id, ids.session_id))
        await stage.pilot.pause()
        await pass_time(stage, farm, 20)
    await stage.press("h")
    await stage.press("space")


def then(*keys: str) -> Scene:
    """Let the session be seen, then press keys, each answered before the next."""

    async def happens(stage: Stage, farm: Farm) -> None:
        await pass_time(stage, farm, 3)
        for key in keys:
            await stage.press(key)
            await pass_time(stage, farm, 2)
            await settle(stage)

    return happens


PICTURES: dict[str, tuple[str, int, tuple[int, int], Scene]] = {
    # name: session of the cast, levels down, size, what happens before
    "picker": ("living", 2, (120, 32), picker),
    "session": ("update_succeeded", 4, (120, 36), session),
    "log-panel": ("worker_log_error", 4, (120, 36), log_panel),
    "failed-session": ("failed", 4, (120, 34), log_panel),
    "log": ("living", 4, (120, 36), then("l")),
    "outline": ("failed", 4, (120, 36), then("enter", "o", "escape", "e")),
    "both-logs": ("interrupted", 4, (140, 36), then("l", "i")),
    "why": ("failed", 4, (120, 30), then("c")),
    "history": ("update_succeeded", 4, (120, 36), history),
    "offline": ("living", 4, (120, 36), offline),
}


async def wall(stage: Stage, farm: Farm) -> None:
    await pass_time(stage, farm, 2)
    await stage.press("W")
    for seconds in (11, 11, 1):
        for _ in range(60):
            stage.app.monitor.run_due()
        farm.clock.step(seconds)
        stage.clock.move(seconds)
    await pass_time(stage, farm, 1)


def then_at_wall(*keys: str) -> Scene:
    """The wall as it is after some refreshes, then press keys."""

    async def happens(stage: Stage, farm: Farm) -> None:
        await wall(stage, farm)
        for key in keys:
            await stage.press(key)
        await pass_time(stage, farm, 1)

    return happens


async def wall_later(stage: Stage, farm: Farm, refreshes: int) -> None:
    """The wall after so many refreshes more."""
    await wall(stage, farm)
    for _ in range(refreshes):
        for _ in range(60):
            stage.app.monitor.run_due()
        farm.clock.step(12)
        stage.clock.move(12)


async def trouble(stage: Stage, farm: Farm) -> None:
    await wall_later(stage, farm, 3)
    await pass_time(stage, farm, 1)
    await stage.press("2")
    await pass_time(stage, farm, 1)


async def alerts(stage: Stage, farm: Farm) -> None:
    """What fires after some minutes, and one of it acknowledged."""
    await wall_later(stage, farm, 8)
    await stage.press("A", "down", "a", *"restart its driver", "enter")
    stage.app.clear_notifications()
    await pass_time(stage, farm, 1)


async def handover(stage: Stage, farm: Farm) -> None:
    await alerts(stage, farm)
    await stage.press("D")
    await settle(stage)
    stage.app.clear_notifications()
    await pass_time(stage, farm, 1)


async def quiet_wall(stage: Stage, farm: Farm) -> None:
    """The wall of a queue in which nothing happens."""
    ids = farm.simulation.cast["living"]
    queues = farm.simulation.account.queues[ids.farm_id]
    archive = next(one for one, queue in queues.items() if queue["displayName"] == "dailies archive")
    stage.app.walls.choose("dailies")
    stage.app.walls.toggle(WallItem(DEFAULT_CONNECTION, (ids.farm_id, archive)))
    await wall(stage, farm)


PICTURES |= {
    "wall": ("living", 1, (160, 45), wall),
    "wall-quiet": ("living", 1, (120, 16), quiet_wall),
    "wall-trouble": ("living", 1, (120, 20), trouble),
    "wall-failures": ("living", 1, (160, 36), then_at_wall("3")),
    "wall-workers": ("living", 1, (140, 36), then_at_wall("4")),
    "merged-logs": (
        "living",
        1,
        (140, 36),
        then_at_wall("end", "up", "up", "up", "space", "space", "space", "L"),
    ),
    "alerts": ("living", 1, (120, 16), alerts),
    "handover": ("living", 1, (120, 36), handover),
    "wall-80x24": ("living", 1, (80, 24), wall),
    "wall-300x90": ("living", 1, (300, 90), then_at_wall("b")),
    "wall-light": ("living", 1, (120, 36), then_at_wall("f2")),
    "wall-no-colour": ("living", 1, (120, 36), wall),
}

NO_COLOUR = {"wall-no-colour"}
"""Pictures of a terminal without colours."""


@asynccontextmanager
async def scene(farm: Farm, name: str) -> AsyncIterator[Stage]:
    cast, depth, size, happens = PICTURES[name]
    farm.offline = False
    clock = HandClock(farm.clock.now())
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "history.sqlite", watcher="mira@ops1", clock=clock)
        colours = {"NO_COLOR": "1"} if name in NO_COLOUR else {}
        with mock.patch.dict(os.environ, colours):
            async with on_stage(
                farm.ask,
                farm.settings(cast, depth),
                size=size,
                clock=clock,
                counts_requests=farm.count_by,
                recorder=recorder,
            ) as stage:
                # Jitter would draw another picture every time.
                for target in stage.app.monitor.targets:
                    target.schedule.jitter.seed(7)
                await happens(stage, farm)
                yield stage
        recorder.close()


def tidy(svg: str) -> str:
    """A picture that asks no other machine for a font."""
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    fonts = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"
    svg = re.sub(r"font-family: [^;]+;", f"font-family: {fonts};", svg)
    # Blanks at the beginning of a piece of text have a width too.
    return svg.replace("<text ", '<text xml:space="preserve" ')


async def draw(name: str) -> str:
    with frozen_farm() as farm:
        async with scene(farm, name) as stage:
            return tidy(stage.app.export_screenshot(title="farmwatch"))


_RULE = re.compile(r"\.([\w-]+-r\d+) \{ fill: (#\w+)")
_TEXT = re.compile(r'<text [^>]*?class="([\w-]+)"[^>]* y="([\d.]+)"[^>]*>([^<]*)</text>')


def words(svg: str) -> list[tuple[str, str, str]]:
    """What a picture shows: every piece of text with its height and its colour."""
    colours = dict(_RULE.findall(svg))
    return [(y, colours.get(name, ""), html.unescape(text)) for name, y, text in _TEXT.findall(svg)]


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(HOME=home, TZ="UTC", AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing")
        time.tzset()
        FOLDER.mkdir(exist_ok=True)
        for name in PICTURES:
            (FOLDER / f"{name}.svg").write_text(asyncio.run(draw(name)), encoding="utf-8")
            print(f"screenshots/{name}.svg")


if __name__ == "__main__":
    main()
