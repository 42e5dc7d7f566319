"""The hold on the wall: everything that runs, on several connections, as one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from farmwatch.monitor.update import WallLinesRef, WallMetricsRef, WallRef
from farmwatch.polling.freshness import Rhythm
from farmwatch.wall.last_lines import LastLines
from farmwatch.wall.worker_metrics import WorkerMetrics

if TYPE_CHECKING:
    from farmwatch.aws.model import SessionRef
    from farmwatch.monitor.handles import Look
    from farmwatch.polling.schedule import RequestBudget
    from farmwatch.polling.target import Target
    from farmwatch.wall.target import WallTarget
    from farmwatch.wall.values import LastLine, LogLine, WallObserved


class WallPart(NamedTuple):
    """What is followed of the wall on one connection: what runs, the newest lines of its logs, and how busy
    the workers are of those that are silent."""

    look: Look
    target: WallTarget
    lines_look: Look
    lines: LastLines
    metrics_look: Look
    metrics: WorkerMetrics


def part_of(
    name: str, target: WallTarget, budget: RequestBudget, look: Callable[[Target, Hashable], Look]
) -> WallPart:
    """What is followed on the connection of that name; logs are read on the ``budget``, and trouble is judged
    by them. ``look`` begins to follow something, under what names it."""
    lines = LastLines(name, partial(getattr, target, "observed"), budget)
    metrics = WorkerMetrics(partial(getattr, target.judging, "silent"), budget)
    target.judging.lines, target.judging.cpu = lines.known, metrics.known
    return WallPart(
        look(target, WallRef(name)),
        target,
        look(lines, WallLinesRef(name)),
        lines,
        look(metrics, WallMetricsRef(name)),
        metrics,
    )


class WallHandle:
    """All that runs, as it is known by now, of each connection for itself: one that is lost takes nothing
    from the others."""

    def __init__(self, parts: Mapping[str, WallPart]) -> None:
        self._parts = parts
        self._reads_always = False

    @property
    def observed(self) -> tuple[WallObserved, ...]:
        """What is known of each connection that the wall is about."""
        return tuple(part.target.observed for part in self._parts.values())

    @property
    def rhythms(self) -> Mapping[str, Rhythm]:
        """How often each connection is asked, and when next."""
        return {name: part.look.rhythm or Rhythm(timedelta(0)) for name, part in self._parts.items()}

    @property
    def rhythm(self) -> Rhythm:
        """That of the connection which is asked the least often."""
        return max(self.rhythms.values(), key=lambda one: one.interval, default=Rhythm(timedelta(0)))

    def refresh(self) -> None:
        """Ask at once; for logs that are denied, or not there, too."""
        for part in self._parts.values():
            part.look.poller.now(part.target.key)
            part.lines.want_again()
            part.lines_look.poller.now(part.lines.key)
            part.metrics.want_again()
            part.metrics_look.poller.now(part.metrics.key)

    def pause(self, *, paused: bool) -> None:
        """Stop asking, or go on."""
        for part in self._parts.values():
            part.look.poller.pause(part.target.key, paused)
            part.lines_look.poller.pause(part.lines.key, paused)
            part.metrics_look.poller.pause(part.metrics.key, paused)

    def looked_at(self, connection: str, session_id: str) -> None:
        """Somebody has looked at a session: if it has failed and ended, it need not stay."""
        if connection in self._parts:
            self._parts[connection].target.looked_at(session_id)

    def look_since(self, since: datetime) -> None:
        """Tell of failures from this time on."""
        for part in self._parts.values():
            part.target.look_since(since)
            part.look.poller.now(part.target.key)

    # --- the rules of trouble -----------------------------------------------------------------------------

    def contradict(self, subjects: frozenset[str]) -> None:
        """These, by their ids (`WallRow.subject`), are not stuck, whatever the rules say, and no others."""
        for part in self._parts.values():
            part.target.judging.judge.contradicted = subjects

    def take_fired(self) -> list[str]:
        """The names of the rules that began to hold since this was asked last, once for each time."""
        fired: list[str] = []
        for part in self._parts.values():
            news = part.target.judging.judge.fired
            while news:
                fired.append(news.popleft())
        return fired

    # --- the newest lines of their logs -------------------------------------------------------------------

    def want_lines(self, refs: Iterable[SessionRef] | None) -> None:
        """These sessions are in sight: the newest lines of their logs are wanted, and they themselves are
        asked about more often than others of many. Logs of others are read where the budget leaves room.
        Before the first call, and after one with ``None``, no log is asked for unless that is done always
        (`read_always`)."""
        if refs is None and self._reads_always:
            refs = ()
        by_connection: dict[str, list[SessionRef]] = {name: [] for name in self._parts}
        for ref in refs or ():
            if ref.connection in by_connection:
                by_connection[ref.connection].append(ref)
        for name, part in self._parts.items():
            part.target.look_at_rows({ref.session_id for ref in by_connection[name]})
            part.lines.want(None if refs is None else map(_key, by_connection[name]))
            if refs is not None:
                part.lines_look.poller.soon(part.lines.key, 0)

    def read_always(self) -> None:
        """Have the newest lines read from now on, in sight or not, where the budget leaves room: silence is
        judged by them."""
        self._reads_always = True
        self.want_lines(None)

    @property
    def lines(self) -> Mapping[str, LastLine]:
        """The newest lines that are known, by the keys of their rows (`WallRow.key`)."""
        parts = [part.lines.observed.lines for part in self._parts.values()]
        if len(parts) == 1:
            return parts[0]
        return dict(chain.from_iterable(lines.items() for lines in parts))

    def want_tail(self, ref: SessionRef | None) -> None:
        """The newest lines of this session's log are wanted, every 5 s; ``None``: of none any more."""
        for name, part in self._parts.items():
            part.lines.want_tail(_key(ref) if ref is not None and ref.connection == name else "")
            part.lines_look.poller.soon(part.lines.key, 0)

    def newest(self, ref: SessionRef) -> tuple[LogLine, ...]:
        """The newest lines of a session's log, oldest first, some fifty; none before they are read, nor of
        another session than the one that they are wanted of. `lines` says why a log cannot be read."""
        part = self._parts.get(ref.connection)
        if part is None:
            return ()
        observed = part.lines.observed
        return observed.tail if observed.tail_of == _key(ref) else ()

    def close(self) -> None:
        """Let go of it: nothing more is asked for it."""
        for part in self._parts.values():
            part.look.let_go()
            part.lines_look.let_go()
            part.metrics_look.let_go()


def _key(ref: SessionRef) -> str:
    """The key that the row of a session has."""
    return f"{ref.connection} {ref.session_id}"
