"""What is known of all connections of a wall, and what a tab has to show of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from farmwatch.aws.model import SessionRef
from farmwatch.history.running import RunningView
from farmwatch.listings.place import Place
from farmwatch.monitor.monitor import Monitor
from farmwatch.monitor.wall import WallHandle
from farmwatch.polling.freshness import Freshness, Rhythm, freshness
from farmwatch.rules.finding import contradicted
from farmwatch.ui.screens.wall.failures import FAILURES
from farmwatch.ui.screens.wall.running import TROUBLE
from farmwatch.ui.screens.wall.view import TabView, View
from farmwatch.ui.screens.wall.workers import WORKERS
from farmwatch.wall.item import WallItem
from farmwatch.wall.values import Failure, LastLine, WallObserved, WallRow
from farmwatch.wall.workers import WorkerRow, workers_of
from farmwatch.words.text import short_id


class Known:
    """The newest of each connection: one that is lost takes nothing from the others."""

    def __init__(self) -> None:
        self.before = RunningView()
        """How many ran over the last hours, as far as the history knows."""
        self.lines: Mapping[str, LastLine] = {}
        """The newest lines of logs, by the keys of their rows."""
        self.contradicted: frozenset[str] | None = None
        """What was called not stuck, where that has changed: rows tell so before they are judged anew."""
        self._parts: dict[str, tuple[WallObserved, Rhythm]] = {}

    def __len__(self) -> int:
        return len(self._parts)

    @property
    def observed(self) -> list[WallObserved]:
        """What was seen of each connection."""
        return [one for one, _ in self._parts.values()]

    def take(self, connection: str, observed: WallObserved, rhythm: Rhythm) -> None:
        """Take what was seen of a connection."""
        self._parts[connection] = observed, rhythm

    def begin_with(self, handle: WallHandle) -> None:
        """Begin with what is known by now."""
        self.lines = handle.lines
        rhythms = handle.rhythms
        self._parts = {one.connection: (one, rhythms[one.connection]) for one in handle.observed}

    def fresh(self, now: datetime) -> Mapping[str, Freshness]:
        """How fresh each connection's part is."""
        return {
            name: freshness(rhythm, seen_at=one.seen_at, fault=one.fault, final=False, now=now)
            for name, (one, rhythm) in self._parts.items()
        }

    def view(self, now: datetime, picked: frozenset[str]) -> View:
        """What rows may draw on besides what they are about."""
        names: dict[str, str] = {}
        for one in self.observed:
            names.update(one.names)
        stale = frozenset(name for name, fresh in self.fresh(now).items() if not fresh.is_fresh)
        return View(now, names, self.lines, picked, stale)

    @staticmethod
    def frame_of(row: object) -> str:
        """The parameters of the task that a row is about."""
        return row.frame if isinstance(row, WallRow | Failure) else ""

    def names_of(self, ref: SessionRef) -> dict[str, str]:
        """The names of a session's farm, queue and job, by their ids, as far as they are known."""
        for one in self.observed:
            if one.connection == ref.connection:
                found = {of: one.names.get(of, "") for of in (ref.farm_id, ref.queue_id)}
                every: list[WallRow | Failure] = [*one.rows, *one.failures]
                found[ref.job_id] = next((row.job for row in every if row.ref == ref), "")
                return {of: name for of, name in found.items() if name}
        return {}

    def way_to(self, ref: SessionRef, monitor: Monitor) -> Place:
        """Where a session is, of whose place the names are known then, or asked for."""
        place = Place.at(ref)
        # What the wall has names for need not be asked for by its id.
        monitor.names |= self.names_of(ref)
        monitor.want_names(place)
        return place

    def item_of(self, row: object, ref: SessionRef) -> tuple[WallItem, str]:
        """What is put on a wall for a row, and its name: a worker, or the session that it is about."""
        if isinstance(row, WorkerRow):
            worker = (ref.farm_id, row.fleet_id, row.worker_id)
            return WallItem(row.connection, worker), row.host or row.worker_id
        return WallItem(ref.connection, Place.at(ref).ids), self.name_of(row, ref)

    def name_of(self, row: object, ref: SessionRef) -> str:
        """The name of the job of a session that a row is about; its short id before that is known."""
        job = row.job if isinstance(row, WallRow | Failure) else self.names_of(ref).get(ref.job_id)
        return job or short_id(ref.job_id)

    def sessions_of(self, rows: Iterable[object], tab: TabView) -> list[tuple[SessionRef, str]]:
        """The sessions that rows are about, each once, with their jobs and frames."""
        found: dict[SessionRef, str] = {}
        for row in rows:
            ref = None if row is None else tab.ref_of(row)
            if ref is not None:
                found.setdefault(ref, f"{self.name_of(row, ref)} {self.frame_of(row)}".rstrip())
        return list(found.items())

    def _as_called(self, row: WallRow) -> WallRow:
        if self.contradicted is None or not row.findings:
            return row
        return replace(row, findings=contradicted(row.findings, is_so=row.subject in self.contradicted))

    def items(self, tab: TabView) -> list[Any]:
        """What the rows of a tab are about."""
        if tab is FAILURES:
            return [failure for one in self.observed for failure in one.failures]
        if tab is WORKERS:
            return [worker for one in self.observed for worker in workers_of(one)]
        rows = [self._as_called(row) for one in self.observed for row in one.rows]
        return [row for row in rows if row.is_troubled] if tab is TROUBLE else rows
