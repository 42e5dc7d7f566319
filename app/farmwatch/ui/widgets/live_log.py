"""The newest lines of a session's log, following, to look at only: the log screen does everything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.widgets import Static

from farmwatch.logs.lines import Lane
from farmwatch.logs.parsing import Severities
from farmwatch.polling.freshness import Freshness, State
from farmwatch.ui.content import content
from farmwatch.ui.widgets.lines import entitle, put
from farmwatch.words.log_line import LogTimes, line_parts, time_text
from farmwatch.words.text import FRESHNESS_GLYPHS, Part, joined

LONGEST = 400
"""Characters of a line that are looked at: no terminal shows more of it here."""


class LiveLog(Static):
    """Draws as many of a log's newest lines as it has rows. Nothing is drawn while nothing comes in."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._drawn: tuple[object, ...] = ()

    def show(
        self,
        lane: Lane,
        severities: Severities,
        fresh: Freshness | None,
        nothing: Callable[[], Sequence[Part]],
        *,
        session_is_final: bool,
    ) -> None:
        """Bring it up to date. ``fresh`` is ``None`` where the log is not read at all; ``nothing`` is asked
        why there is no line. Of a session that is final only last lines are still to come."""
        self._entitle(fresh, session_is_final)
        store, size = lane.store, self.content_size
        if not len(store):
            self._drawn = ()
            put(self, Content("\n").join(content(part) for part in nothing()))
            return
        now = (store, store.first, store.end, size)
        if now == self._drawn:
            return
        self._drawn = now
        parts: list[Part] = []
        for number in range(max(store.first, store.end - max(1, size.height)), store.end):
            try:
                text, at = store.text(number)[:LONGEST], store.at(number)
            except IndexError:
                # Dropped a moment ago, by the thread that reads.
                continue
            parts.append((f"{time_text(at, LogTimes.LOCAL, None, wide=False)}  ", "muted"))
            parts += [
                (piece, "strong" if tone == "title" else "error" if tone == "failure" else tone)
                for piece, tone in line_parts(text, severities, of_worker=lane.of_worker, in_traceback=False)
            ]
            parts.append(("\n", ""))
        # It is as high as its place: nothing is to be laid out anew for other lines.
        self.update(content(*joined(parts)).rstrip("\n"), layout=False)

    def _entitle(self, fresh: Freshness | None, session_is_final: bool) -> None:
        title: list[Part] = [("Session log", "")]
        self.set_class(fresh is not None and not fresh.is_fresh, "-stale")
        if fresh is not None:
            mark, tone = FRESHNESS_GLYPHS[fresh.state]
            words = {State.LIVE: "following", State.FINAL: "ended"}.get(fresh.state, fresh.state.value)
            if fresh.fault is not None:
                words = fresh.fault.kind.value
            elif fresh.state is State.LIVE and session_is_final:
                mark, words, tone = FRESHNESS_GLYPHS[State.WAITING][0], "last lines may come", "muted"
            title.append((f"  {mark} {words}", tone))
        entitle(self, content(*title), content(("l: all of it", "muted")))
