"""``farmwatch``: the screens."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farmwatch.aws.reply import are_ids
from farmwatch.cli import memory
from farmwatch.cli.connections import fail, opener, recorder_of
from farmwatch.listings.place import CONNECTIONS, Place

PLACES = ("farm_id", "queue_id", "job_id", "session_id")
"""The options that say where to begin."""

TURN = 0.001
"""Seconds after which a thread that computes has to let another one go on. A frame is written by a thread of
its own, and a key read by one, while the connection is made or replies are read: with Python's 5 ms each of
them waits that long."""

if TYPE_CHECKING:
    from farmwatch.cli.demo import DemoFarm
    from farmwatch.config.settings import Settings
    from farmwatch.config.state import KeptState


def run(options: dict[str, Any]) -> int:
    """Run the monitor; the exit code."""
    # Whatever is written, a picture of the screen too, is for this user's eyes.
    os.umask(0o077)
    from farmwatch.config import debug_log

    log = debug_log.begin(debug=options.pop("debug"))
    try:
        return _run(options, fresh=options.pop("fresh", False), wall=options.pop("wall", None))
    finally:
        debug_log.end(log)


def left_at(kept: KeptState, settings: Settings, options: Mapping[str, Any]) -> Place | None:
    """Where somebody was when the program was left; ``None`` where another place was asked for, or the
    connection is another one now."""
    place = kept.place
    if place is None or any(value for name, value in options.items() if name in PLACES):
        return None
    if not place.connection:
        return CONNECTIONS if len(settings.connections) > 1 else None
    here = {one.name: one.where for one in settings.connections}
    if here.get(place.connection) != place.where or not are_ids(place.ids):
        return None
    return Place(place.connection, *place.ids)


def check_keys(settings: Settings) -> None:
    """End the program where keys of one's own do not hold together."""
    if settings.keys:
        from farmwatch.ui.keymap import BadKeys, check

        try:
            check(settings.keys)
        except BadKeys as error:
            fail(f"{settings.sources['keys']}: {error}")


def _run(options: dict[str, Any], *, fresh: bool, wall: str | None) -> int:
    from farmwatch.config.settings import SettingsError, resolve
    from farmwatch.config.state import StateFile, state_file

    try:
        settings = resolve(**options, environ=os.environ, home=Path.home())
    except SettingsError as error:
        fail(str(error))
    demo_farm: DemoFarm | None = None
    if settings.demo:
        from farmwatch.cli import demo

        if not demo.is_installed():
            fail(demo.HOW_TO_GET_IT)
        demo_farm = demo.DemoFarm()
    from farmwatch.ui.app import FarmwatchApp
    from farmwatch.ui.hangup import guarded
    from farmwatch.ui.terminal import has_few_colours
    from farmwatch.ui.textual_terminal import resuming
    from farmwatch.words.ascii import speaks_utf8

    check_keys(settings)
    recorder = recorder_of(settings)
    # What is done in the demo is gone with it.
    kept = StateFile(None if settings.demo else state_file())
    app = FarmwatchApp(
        settings,
        partial(opener, demo_farm=demo_farm),
        ascii_only=not speaks_utf8(),
        few_colours=has_few_colours(),
        recorder=recorder,
        kept=kept,
        place=None if fresh else left_at(kept.state, settings, options),
        wall=wall,
    )

    def finish() -> None:
        if demo_farm is not None:
            demo_farm.stop()
        recorder.close()
        kept.close()
        if demo_farm is not None:
            shutil.rmtree(recorder.path.parent, ignore_errors=True)

    sys.setswitchinterval(TURN)
    recorder.start()
    with guarded(app.end, finish) as guard:
        memory.IdleCollector(lambda: app.pressed_at).start()
        if guard is not None:
            app.driver_class = resuming(app.driver_class, guard)
        try:
            app.run()
        finally:
            finish()
    # Whoever ended without having been asked to has failed.
    return 1 if app.return_code is None else app.return_code
