"""Tells of alerts, by whatever the settings name: whoever is to be told is so, with a screen or without."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from farmwatch.notify.state import Deliveries

if TYPE_CHECKING:
    import sqlite3

    from farmwatch.alerts.alert import Notice
    from farmwatch.config.settings import Settings
    from farmwatch.history.recorder import Recorder
    from farmwatch.monitor.walls import Walls
    from farmwatch.notify.delivery import Delivery
    from farmwatch.notify.heartbeat import Heartbeat
    from farmwatch.notify.trial import Tried
    from farmwatch.polling.clock import Clock

JUDGED_WITHIN = timedelta(minutes=2)
"""How long ago alerts were judged last, at the most, while all is well."""

SEEN_WITHIN = timedelta(minutes=10)
"""How long ago each connection was asked about, at the most, beyond its own interval."""

FAILING_FOR = timedelta(minutes=15)
"""How long a target may fail until that is no longer well."""

PATIENCE = 1.0
"""Seconds that a message on its way is waited for in the end."""


class Notifier:
    """Follows the wall from the start where somebody is to be told, and hands every notice to the targets.

    Nobody is told of what happens in a demo.
    """

    def __init__(
        self, walls: Walls, settings: Settings, clock: Clock, recorder: Recorder | None = None
    ) -> None:
        self._walls = walls
        self._settings = settings
        self._clock = clock
        self._recorder = recorder
        self._owner = os.urandom(8).hex()
        self._lanes: tuple[Delivery, ...] = ()
        self._heartbeat: Heartbeat | None = None

    def start(self, *, alerts: bool = False) -> None:
        """Judge alerts from now on where the settings, or ``alerts``, want that, and tell of them."""
        settings = self._settings
        tells = settings.notify.has_any and not settings.demo
        if not (alerts or tells or settings.alerts.from_start or settings.demo):
            return
        self._walls.judge_always()
        if not tells:
            return
        # The first frame does not wait for these.
        from farmwatch.notify.delivery import Delivery
        from farmwatch.notify.heartbeat import Heartbeat

        self._lanes = tuple(
            Delivery(name, target, self._clock, self._keep, self._owner)
            for name, target in settings.notify.targets.items()
        )
        if settings.notify.heartbeat_url:
            self._heartbeat = Heartbeat(settings.notify, self._clock, self.trouble)
            self._heartbeat.start()
        for lane in self._lanes:
            lane.start()
        self._walls.told_to(self.tell)

    def stop(self) -> None:
        """Tell no more; what has not arrived is told by the next run of the program, or another one."""
        if self._heartbeat is not None:
            self._heartbeat.close(0.0)
        for lane in self._lanes:
            lane.close(PATIENCE / len(self._lanes))
        if self._lanes:
            from farmwatch.history.kept_messages import let_go

            self._keep(lambda database: let_go(database, self._owner))

    def tell(self, notice: Notice) -> None:
        """Have every target told that wants to be; returns at once."""
        from farmwatch.notify.message import message_of

        handle = self._walls.handle
        message = (
            message_of(notice, pages=self.pages)
            if handle is None
            else message_of(notice, handle.observed, handle.lines, self.pages)
        )
        for lane in self._lanes:
            lane.put(message)

    @property
    def pages(self) -> dict[str, str]:
        """The addresses of the Deadline Cloud monitors, by connection, as far as the settings have them."""
        return {one.name: one.monitor_url for one in self._settings.connections if one.monitor_url}

    @property
    def deliveries(self) -> Deliveries:
        """How it stands with all of them now."""
        heartbeat = None if self._heartbeat is None else self._heartbeat.state
        return Deliveries(tuple(lane.state for lane in self._lanes), heartbeat)

    def test(self, name: str = "") -> tuple[Tried, ...]:
        """Send a test message to a target, or to all of them, and wait for what comes of it: for a thread of
        its own. Raises `KeyError` where there is none of that name."""
        from farmwatch.notify.trial import try_targets

        return try_targets(self._settings.notify, self._clock.now(), name)

    def trouble(self) -> str:
        """What is wrong with the watching, in words: nobody would be told of troubles. Empty where all is
        well."""
        now, handle, alerts = self._clock.now(), self._walls.handle, self._walls.alerts
        if handle is None or alerts is None:
            return "no wall is followed"
        judged_at = alerts.observed.seen_at
        if judged_at is None or now - judged_at > JUDGED_WITHIN:
            return "alerts are not judged"
        for observed in handle.observed:
            rhythm = handle.rhythms.get(observed.connection)
            since = None if rhythm is None else rhythm.asking_since or rhythm.next_at
            late = observed.interval + SEEN_WITHIN
            if since is None or now - since > late:
                return f"nothing is asked on the connection {observed.connection}"
        for state in (lane.state for lane in self._lanes):
            if state.failing_since is not None and now - state.failing_since > FAILING_FOR:
                return f"the target {state.name} cannot be told"
        return ""

    def _keep(self, do: Callable[[sqlite3.Connection], object]) -> object:
        recorder = self._recorder
        return None if recorder is None else recorder.ask(lambda history: history.change(do))
