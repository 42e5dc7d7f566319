"""Why it failed: one sentence, and everything that shows it, each piece with its source and its time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.widgets import Static

from farmwatch.listings.place import Place
from farmwatch.logs.evidence import Evidence
from farmwatch.logs.evidence import Part as About
from farmwatch.logs.failure import Failure, failed_action, has_failed, investigate, wanted_since
from farmwatch.logs.lanes import SESSION, WORKER
from farmwatch.logs.parsing import Severities
from farmwatch.logs.times import milliseconds
from farmwatch.ui.content import content
from farmwatch.ui.navigation import GoBack, ShowLog
from farmwatch.ui.screens.following import ACT, BACK, HELP, NOW, QUIT
from farmwatch.ui.screens.session_following import SessionFollowing
from farmwatch.ui.themes import style_sheet
from farmwatch.ui.widgets.lines import entitle, put
from farmwatch.ui.widgets.table_cells import Cell
from farmwatch.ui.widgets.table_columns import Column
from farmwatch.ui.widgets.virtual_table import VirtualTable
from farmwatch.words.action import action_name, exit_words, took_words
from farmwatch.words.log_line import stamp
from farmwatch.words.text import Part, action_status, clock_time, lifecycle

if TYPE_CHECKING:
    from farmwatch.words.requests import Choice

COLUMNS = (
    Column("part", "What", keep=7, width=11),
    Column("at", "Time", keep=8, width=8),
    Column("source", "Source", keep=6, width=16),
    Column("text", "Evidence", keep=9, min_width=20, flex=True),
)


_TITLES = {
    "INTERRUPTED": "Why it was interrupted",
    "RECLAIMED": "Why it was interrupted",
    "CANCELED": "Why it was canceled",
}


class EvidenceRows:
    """Pieces of evidence as rows of a table."""

    def __init__(self, severities: Severities) -> None:
        self.evidence: tuple[Evidence, ...] = ()
        self._severities = severities
        self.now: datetime | None = None

    def __len__(self) -> int:
        return len(self.evidence)

    def key(self, index: int) -> str:
        """Its number, as text: a piece of evidence has no name."""
        return str(index)

    def index(self, key: str) -> int | None:
        """Where the piece of that number is; ``None`` where there are not so many."""
        return int(key) if key.isdecimal() and int(key) < len(self.evidence) else None

    def cells(self, index: int) -> Sequence[Cell]:
        """What it is about, on the first of several only; its time of day, its source, the text."""
        one = self.evidence[index]
        is_first = index == 0 or self.evidence[index - 1].part is not one.part
        at = "" if one.at is None or self.now is None else clock_time(one.at, self.now)
        tone = "error" if one.part is About.CONFIGURATION else self._severities.of_line(one.text).value
        what = one.part if is_first else ""
        return [(what, "accent"), (at[-8:], "muted"), (one.source, "muted"), (one.text, tone)]


class WhyScreen(SessionFollowing):
    """Explains a session that did not go well; lies over the session's screen or its log."""

    CSS_PATH = style_sheet("why")
    BINDINGS = [
        BACK,
        Binding(
            "c", "copy_card", "Copy", tooltip="Copy all of it as plain text, fit for a ticket", id="copy-card"
        ),
        NOW,
        ACT,
        HELP,
        QUIT,
    ]

    def __init__(self, place: Place, action_id: str | None = None) -> None:
        """``action_id`` is the action to explain, where it is not to be the first that failed."""
        super().__init__(place)
        self._action_id = action_id
        self.failure: Failure | None = None
        self._read: object = None

    def lanes_read(self) -> tuple[int, ...]:
        """Both: there may be evidence in either."""
        return (SESSION, WORKER)

    @cached_property
    def _rows(self) -> EvidenceRows:
        return EvidenceRows(self.farmwatch.severities)

    def wake(self) -> None:
        """Follow the session, read its logs back as far as the failure needs, and work the card out."""
        super().wake()
        self._want()
        self._consider()

    def crumb(self) -> tuple[str, ...]:
        """It stands behind the session that it explains."""
        return ("why",)

    def body(self) -> ComposeResult:
        """The card with the sentence, and the table of the evidence."""
        with Container(id="card", classes="box"):
            yield Static(id="sentence")
            yield Static(id="about")
        yield VirtualTable(COLUMNS, empty="Nothing to show.", id="evidence")

    def on_mount(self) -> None:
        """Give the table its rows and the focus, and work the card out."""
        table = self.query_one("#evidence", VirtualTable)
        table.rows = self._rows
        table.focus()
        self._consider()

    def take_session(self) -> None:
        """Read back as far as is needed by now, and work the card out anew."""
        self._want()
        self._consider()

    def take_log(self, lane: int) -> None:  # noqa: ARG002 - whichever it is
        """Lines of either log may change the card: read back further, and work it out anew."""
        self._want()
        self._consider()

    def _want(self) -> None:
        """Read both logs back as far as the failure needs, and ask who has canceled what was canceled."""
        session, action = self.session, failed_action(self.actions.actions, self._action_id)
        if action is not None and action.status == "CANCELED":
            self.handle.want_canceled_by(action)
        if session is None:
            return
        self.reading.want_time(SESSION, wanted_since(action, session))
        # What ran beside it began some time before.
        self.reading.want_time(WORKER, milliseconds(session.started_at))

    # --- drawing --------------------------------------------------------------------------------------

    def draw(self, now: datetime) -> None:
        """Bring edges, card and evidence up to date; where nothing is to be explained, the card says so."""
        fresh = self.session_freshness(now)
        session = self.session
        what: list[Part] = [lifecycle(session.lifecycle_status)] if session is not None else []
        self.draw_edges(what, fresh, now)
        failure = self.failure
        entitle(self.query_one("#card"), content(self._title()))
        table = self.query_one("#evidence", VirtualTable)
        if failure is None:
            put(self.query_one("#sentence", Static), content((self._nothing(), "muted")))
            put(self.query_one("#about", Static), content(("", "")))
        else:
            put(self.query_one("#sentence", Static), content((failure.sentence, "strong")))
            put(self.query_one("#about", Static), content(*self._about(failure, now)))
        evidence = () if failure is None else failure.evidence
        if evidence != self._rows.evidence or self._rows.now is None:
            self._rows.evidence = evidence
            self._rows.now = now
            table.rows_changed()

    def _title(self) -> str:
        """A spot instance that was taken away, or a job that was canceled, has not failed; and what is still
        running may yet end well."""
        session = self.session
        action = None if self.failure is None else self.failure.action
        if action is None or session is None or not session.is_final:
            return "Problems"
        return _TITLES.get(action.status, "Why it failed")

    def _nothing(self) -> str:
        """What there is to be told where nothing is to be explained."""
        if self.session is None:
            return "Asking for the session…"
        if self.actions.seen_at is None:
            fault = self.actions.fault
            if fault is not None:
                return f"{fault.sentence} {fault.remedy}"
            return "Asking for the session's actions…"
        return "No problems, as far as is known."

    def _consider(self) -> None:
        """Work out the card, if anything that it is made of has come in since it was."""
        session, actions = self.session, self.actions
        # That a log was asked for again, and had nothing new, changes nothing.
        logs = tuple(
            (log.first, log.end, log.seen_at is None, log.filling, log.fault)
            for log in (self.reading.snapshot(lane).log for lane in self.lanes_read())
            if log is not None
        )
        snapshot = self.snapshot
        action = failed_action(actions.actions, self._action_id)
        told = () if action is None else snapshot.canceled.get(action.action_id, ())
        told_by = self.observed.told_to_end_by
        read = (session, actions.actions, actions.steps, logs, told, told_by)
        if read == self._read:
            return
        self._read = read
        if session is None or not has_failed(session, actions.actions):
            self.failure = None
            return
        name = "" if action is None else action_name(action, actions.steps)
        words = "" if action is None else exit_words(action.exit_code)
        self.failure = investigate(
            session, actions.actions, name, words, self.logs, told, self._action_id, told_by
        )

    def _about(self, failure: Failure, now: datetime) -> list[Part]:
        parts: list[Part] = []
        action = failure.action
        if action is not None:
            parts.append(action_status(action.status))
            words = exit_words(action.exit_code)
            parts.append((f"   exit {words}" if words else "", "error"))
            took = took_words(action, now)
            if took and action.started_at is not None:
                parts.append((f"   ran {took} from {clock_time(action.started_at, now)}", ""))
        session = self.session
        if session is not None:
            host = session.host.name if session.host is not None and session.host.name else session.worker_id
            parts.append((f"   on {host}", "muted"))
        if not failure.is_complete:
            parts.append(("   reading the logs…", "accent"))
        return parts

    # --- keys -----------------------------------------------------------------------------------------

    @on(VirtualTable.RowSelected)
    def _jump(self, message: VirtualTable.RowSelected) -> None:
        index = self._rows.index(message.key)
        line = None if index is None else self._rows.evidence[index].line
        if line is None:
            self.notify("This is not from a log", timeout=2)
            return
        self.post_message(ShowLog(self.place, line=line))

    def choices(self) -> Sequence[Choice]:
        """To end the session while it has not ended, and what can be done to the task that is explained."""
        return self.choices_about(failed_action(self.actions.actions, self._action_id))

    def action_copy_card(self) -> None:
        """Copy the card as plain text, fit for a ticket, and say so; nothing where there is no failure."""
        if self.failure is not None:
            self.app.copy_to_clipboard(self.card())
            self.notify("Copied the card", timeout=2)

    def card(self) -> str:
        """All of it as plain text; times in UTC, ids whole."""
        failure, names = self.failure, self.monitor.names
        if failure is None:
            return ""
        lines = [failure.sentence, ""]
        for kind, value in zip(("farm", "queue", "job", "session"), self.place.ids, strict=False):
            name = names.get(value, "")
            lines.append(f"{kind:<8} {name + '  ' if name else ''}{value}")
        session = self.session
        if session is not None:
            lines += [f"worker   {session.worker_id}", f"fleet    {session.fleet_id}"]
        if failure.action is not None:
            lines.append(f"action   {failure.action.action_id}")
        if not failure.is_complete:
            lines += ["", "(the logs were not read whole when this was copied)"]
        part = None
        for one in failure.evidence:
            if one.part is not part:
                lines += ["", f"{one.part}:"]
                part = one.part
            at = stamp(milliseconds(one.at)) if one.at is not None else "-"
            lines.append(f"  {at}  {one.source}: {one.text}")
        return "\n".join(lines) + "\n"

    def action_up(self) -> None:
        """Leave the card, for the session's screen or its log."""
        self.post_message(GoBack())

    def chosen_id(self) -> str | None:
        """The session's."""
        return self.place.session_id
