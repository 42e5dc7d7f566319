"""The handover: what ran, failed, is in trouble and is known to whom, to read and to copy as a whole."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from farmwatch.history.recorder import Recorder
from farmwatch.history.time_expression import FORMS, parse_since
from farmwatch.listings.place import Place
from farmwatch.monitor.digests import DigestHandle, DigestObserved, DigestQuery
from farmwatch.polling.freshness import Freshness, State
from farmwatch.ui.content import content
from farmwatch.ui.navigation import GoBack
from farmwatch.ui.screens.following import BACK, HELP, HISTORY, NOW, QUIT, FollowingScreen
from farmwatch.ui.themes import style_sheet
from farmwatch.ui.widgets.lines import put
from farmwatch.ui.widgets.prompt import For, Prompt
from farmwatch.words.digest import heading, markdown, parts, sections
from farmwatch.words.keys import key
from farmwatch.words.text import Part, clock_time, muted

if TYPE_CHECKING:
    from farmwatch.alerts.digest import Digest
    from farmwatch.aws.model import SessionRef
    from farmwatch.monitor.update import Update


class DigestScreen(FollowingScreen):
    """One page that scrolls; lies over the place that it was opened from."""

    CSS_PATH = style_sheet("digest")
    BINDINGS = [
        BACK,
        Binding("s", "since", "Since", tooltip="Look back to another time", id="since"),
        Binding(
            "y",
            "copy_digest",
            "Copy",
            tooltip="Copy all of it as Markdown, fit for a ticket",
            id="copy-digest",
        ),
        NOW,
        HISTORY,
        HELP,
        QUIT,
    ]

    def __init__(self, place: Place, recorder: Recorder, since: datetime | None = None) -> None:
        """``since``: look back to that time at first."""
        super().__init__(place)
        self._since = since
        self._recorder = recorder
        self._handle: DigestHandle | None = None
        self._drawn: Digest | None = None

    def tells_of(self, ref: SessionRef | None) -> bool:  # noqa: ARG002 - of none of them
        """What happens to what is marked is not to be seen here at once."""
        return False

    @property
    def held(self) -> DigestHandle | None:
        """The hold on what is handed over; ``None`` before it is first seen."""
        return self._handle

    @property
    def observed(self) -> DigestObserved:
        """What is handed over, as it was last read."""
        return DigestObserved() if self._handle is None else self._handle.observed

    @property
    def page(self) -> VerticalScroll:
        """The page, which scrolls."""
        return self.query_one("#digest-page", VerticalScroll)

    @property
    def prompt(self) -> Prompt:
        """The line to type a time into; not there until one is asked for."""
        return self.query_one(Prompt)

    def wake(self) -> None:
        """Read it, or go on reading it where another screen lay above."""
        if self._handle is None:
            query = DigestQuery(self._recorder, self._since)
            self._handle = DigestHandle(self.monitor.look(query, query.ref), query)
        else:
            self._handle.wake()

    def rest(self) -> None:
        """Stop reading; what was read stays."""
        if self._handle is not None:
            self._handle.rest()

    def let_go(self) -> None:
        """Stop reading; `wake` begins anew."""
        if self._handle is not None:
            self._handle.close()
        self._handle = None

    def look_since(self, since: datetime | None) -> None:
        """Look back to another time; ``None`` for the last twelve hours."""
        self._since = since
        if self._handle is not None:
            self._handle.choose(since)

    def crumb(self) -> tuple[str, ...]:
        """The handover stands behind the place that it was opened from."""
        return ("Handover",)

    def body(self) -> ComposeResult:
        """The line to type into, and the page."""
        yield Prompt(id="digest-prompt")
        with VerticalScroll(id="digest-page"):
            yield Static(id="digest-text")

    def on_mount(self) -> None:
        """Give the page the focus."""
        self.page.focus()

    # --- drawing --------------------------------------------------------------------------------------

    def take(self, update: Update) -> bool:
        """Take what was read; nothing else is of interest."""
        return self._handle is not None and update.subject == self._handle.subject

    def draw(self, now: datetime) -> None:
        """Bring up to date: since when, when it was read, and all of it where that was read anew."""
        observed = self.observed
        digest, is_read = observed.digest, observed.seen_at is not None
        what: list[Part] = (
            [("Reading the history…", "muted")] if digest is None else [(heading(digest), "strong")]
        )
        told: Part = (
            f"read at {clock_time(observed.seen_at or now, now)}" if is_read else "not read",
            "muted",
        )
        fresh = Freshness(State.FINAL if is_read else State.WAITING, None)
        self.draw_edges(what if is_read else muted(what), fresh, now, told=[told])
        if digest is None:
            trouble = self._recorder.trouble
            words = f"The history cannot be read. {trouble}" if trouble else "Reading the history…"
            put(self.query_one("#digest-text", Static), content((words, "muted")))
        elif digest is not self._drawn:
            put(self.query_one("#digest-text", Static), _page(digest, self.page.content_size.width))
        self._drawn = digest

    def on_resize(self) -> None:
        """Lines are broken anew."""
        self._drawn = None
        self.call_after_refresh(self.redraw)

    # --- keys -----------------------------------------------------------------------------------------

    def action_copy_digest(self) -> None:
        """Copy all of it as Markdown, and say so."""
        digest = self.observed.digest
        if digest is not None:
            self.app.copy_to_clipboard(markdown(digest))
            self.notify("Copied the handover as Markdown", timeout=2)

    def action_since(self) -> None:
        """Open the line for a time to look back to; it counts when it is entered."""
        self.prompt.ask(For.SINCE, f"since when: {FORMS}; empty: the last 12 h")

    @on(Prompt.Entered)
    def _take_entered(self, message: Prompt.Entered) -> None:
        since: datetime | None = None
        if message.text:
            try:
                since = parse_since(message.text, self.farmwatch.clock.now())
            except ValueError as error:
                self.notify(str(error), severity="error", markup=False)
                return
        self.look_since(since)
        self.prompt.close(self.page)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """While something is typed, a letter is a letter."""
        return action not in ("since", "copy_digest") or not isinstance(self.focused, Prompt)

    def action_up(self) -> None:
        """Close the line; else leave the handover."""
        if self.prompt.is_open:
            self.prompt.close(self.page)
        else:
            self.post_message(GoBack())

    def chosen_id(self) -> str | None:
        """There is none: all of it is copied."""
        return None


def _page(digest: Digest, width: int) -> Content:
    """The sections, one below the other; what does not fit into a line goes on below it, further in."""
    lines: list[Content] = []

    def add(text: Content, first: str, rest: str) -> None:
        room = max(20, width - len(rest))
        for number, part in enumerate(text.wrap(room)):
            lines.append(Content.assemble(rest if number else first, part))

    if digest.watchers:
        add(content((f"Seen by {', '.join(digest.watchers)}", "muted")), "", "")
    for section in sections(digest):
        lines += [Content(""), content((section.title, section.tone))]
        for line in section.lines:
            add(content(*parts(line.pieces)), "  ", "      ")
            for below in line.below:
                add(content(*parts(below)), "      ", "        ")
    copies = f"{key('copy-digest', 'y')} copies all of it as Markdown, {key('since', 's')} looks back further"
    return Content("\n").join([*lines, Content(""), content((copies, "muted"))])
