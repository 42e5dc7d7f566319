"""The panel of a log: its view, the line to type into, and a line that tells what is switched on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from farmwatch.logs.browse import CONTEXTS, Browser
from farmwatch.logs.scan import Query
from farmwatch.ui.content import content
from farmwatch.ui.navigation import ShowDetails
from farmwatch.ui.widgets.lines import put
from farmwatch.ui.widgets.log_finding import Finding
from farmwatch.ui.widgets.log_prompt import Asks, LogPrompt
from farmwatch.ui.widgets.log_view import LogView
from farmwatch.words.keys import key
from farmwatch.words.log import (
    counted,
    events_parts,
    fitting,
    place_parts,
    search_parts,
    selection_parts,
)
from farmwatch.words.text import Part


class LogPanel(Vertical):
    """Searching, filtering, folding, and taking out what is on screen; whoever owns it reads the log.

    ``read_the_rest`` waits until everything is read, and tells whether it is.
    """

    BINDINGS = [
        Binding(
            "slash",
            "ask('search')",
            "Search",
            key_display="/",
            priority=True,
            tooltip="Search the log",
            id="search",
        ),
        Binding("n", "match(True)", "Next", show=False, tooltip="Next line that matches", id="next-match"),
        Binding(
            "N",
            "match(False)",
            "Previous",
            show=False,
            tooltip="Previous line that matches",
            id="previous-match",
        ),
        Binding(
            "ampersand",
            "ask('filter')",
            "Filter",
            key_display="&",
            priority=True,
            tooltip="Filter: show only the lines that match",
            id="filter-lines",
        ),
        Binding(
            "C", "context", "Context", show=False, tooltip="Lines shown around those that match", id="context"
        ),
        Binding("e", "error(True)", "Error", tooltip="Next line that is an error", id="next-error"),
        Binding(
            "E",
            "error(False)",
            "Previous error",
            show=False,
            tooltip="Previous line that is an error",
            id="previous-error",
        ),
        Binding(
            "z", "fold", "Fold", show=False, tooltip="Fold or unfold the section of this action", id="fold"
        ),
        Binding(
            "Z", "fold_all", "Fold all", show=False, tooltip="Fold or unfold all sections", id="fold-all"
        ),
        Binding(
            "u",
            "repeats",
            "Repeats",
            show=False,
            tooltip="Fold or unfold lines that are the same",
            id="repeats",
        ),
        Binding("w", "wrap", "Wrap", show=False, tooltip="Wrap long lines, or cut them", id="wrap"),
        Binding(
            "t",
            "times",
            "Times",
            show=False,
            tooltip="Times local, UTC, since the action began, off",
            id="times",
        ),
        Binding(
            "number_sign",
            "numbers",
            "Numbers",
            key_display="#",
            show=False,
            tooltip="Line numbers",
            id="numbers",
        ),
        Binding(
            "y", "copy_lines", "Copy", show=False, tooltip="Copy the line, or the selected ones", id="copy"
        ),
        Binding("enter", "whole", "Whole", key_display="⏎", show=False, tooltip="Show full line", id="open"),
        Binding(
            "s", "ask('save')", "Save", priority=True, show=False, tooltip="Save the log to a file", id="save"
        ),
    ]

    class Changed(Message):
        """Something is switched on or off."""

    class WantsAll(Message):
        """All of the log is wanted, not only its end: to be searched, filtered, counted."""

    def __init__(
        self, browser: Browser, session_id: str, read_the_rest: Callable[[], Awaitable[bool]]
    ) -> None:
        super().__init__()
        self.view = LogView(browser, id="lines")
        self._browser = browser
        self._session_id = session_id
        self._read_the_rest = read_the_rest
        self._finding = Finding(self.view, self.notify)
        self._searched_before: Query | None = None

    def compose(self) -> ComposeResult:
        """The view, the prompt, and the line that tells what is switched on."""
        yield self.view
        yield LogPrompt(id="prompt")
        yield Static(id="state")

    def show_state(
        self, how_far: Sequence[Part], *, is_read: bool = True, over: bool = False, live: bool = True
    ) -> None:
        """Bring the line up to date; ``how_far`` is how much of the log is read, ``is_read`` says that it can
        be at all, ``over`` that nothing more is to come, ``live`` that what comes is seen at once."""
        view, state = self.view, self.query_one("#state", Static)
        drawing, folded = view.drawing, len(self._browser.reduction.folded)
        seeking = self._finding.seeking is not None
        # What matters most comes first: a narrow line has no room for the rest.
        groups: list[list[Part]] = [
            selection_parts(len(view.selection)) if view.is_selecting else [],
            place_parts(view.following, view.below, view.new_below, over=over, live=live) if is_read else [],
            events_parts(self._browser),
            search_parts(self._browser, view.cursor),
            [("looking for errors…", "accent")] if seeking else [],
            list(how_far),
            [(f"{folded} folded", "muted")] if folded else [],
            [(f"from column {drawing.aside + 1}", "muted")] if drawing.aside else [],
            [("wrap", "muted")] if view.wrap else [],
            [(f"times {drawing.times}", "muted")],
        ]
        put(state, content(*fitting(groups, state.content_size.width)))

    @on(LogView.Worked)
    def _worked(self) -> None:
        self._finding.go_on()
        self.post_message(self.Changed())

    def _change(self) -> None:
        self.view.changed()
        self.post_message(self.Changed())

    def give_up(self) -> bool:
        """Give up a selection, else the filter, else the search; whether there was any."""
        browser = self._browser
        if self.view.unmark():
            return True
        if browser.reduction.query is not None:
            browser.filter_by(None, None)
        elif browser.search is not None:
            browser.look_for(None, None)
        else:
            return False
        self._change()
        return True

    # --- searching and filtering ----------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """While something is typed, a slash is a slash."""
        return action != "ask" or not isinstance(self.screen.focused, Input)

    def action_ask(self, what: str) -> None:
        """Open the prompt: ``what``, a value of `Asks`, says for a search, a filter or a file to save to. It
        begins with the search or filter there is, or with a name for the file."""
        asks, browser = Asks(what), self._browser
        self._searched_before = browser.search
        before = {Asks.SEARCH: browser.search, Asks.FILTER: browser.reduction.query}.get(asks)
        text = before.text if before is not None else ""
        if asks is Asks.SAVE:
            from farmwatch.ui.widgets.log_save import suggested

            text = str(suggested(self._session_id, browser.shown))
        self.query_one(LogPrompt).ask(asks, text, is_regex=before is not None and before.is_regex)

    @on(LogPrompt.Typed)
    def _typed(self, message: LogPrompt.Typed) -> None:
        if message.asks is Asks.SEARCH:
            self._finding.look_for(message.query)
        self.post_message(self.Changed())

    @on(LogPrompt.Entered)
    def _entered(self, message: LogPrompt.Entered) -> None:
        self.view.focus()
        if message.asks is Asks.SAVE:
            self._save(message.text)
            return
        self.post_message(self.WantsAll())
        if message.asks is Asks.FILTER:
            self._browser.filter_by(message.query, self.view.cursor)
            self.view.changed()
        else:
            self._finding.look_for(message.query)
            self._finding.first_match()
        self.post_message(self.Changed())

    @on(LogPrompt.Left)
    def _left(self, message: LogPrompt.Left) -> None:
        self.view.focus()
        if message.asks is Asks.SEARCH:
            self._finding.look_for(self._searched_before)
        self.post_message(self.Changed())

    def action_match(self, forward: bool) -> None:
        """Go to the next line that matches the search, or the one before."""
        self._finding.match(forward)

    def action_error(self, forward: bool) -> None:
        """Go to the next line that is an error, or the one before."""
        self._finding.error(forward)

    def action_context(self) -> None:
        """Show 2, 0 or 5 lines around those that match the filter: each press goes on to the next."""
        reduction = self._browser.reduction
        at = CONTEXTS.index(reduction.context) if reduction.context in CONTEXTS else -1
        self._browser.reduce(context=CONTEXTS[(at + 1) % len(CONTEXTS)])
        self._change()

    # --- how lines are shown --------------------------------------------------------------------------

    def action_fold(self) -> None:
        """Fold the section that the cursor is in, or unfold it."""
        cursor = self.view.cursor
        section = None if cursor is None else self._browser.section_of(cursor)
        if section is not None:
            self._browser.fold(section.head)
            self._change()

    def action_fold_all(self) -> None:
        """Fold every section, or unfold them where any is folded."""
        self._browser.fold_all()
        self._change()

    def action_repeats(self) -> None:
        """Show lines that are the same as one, with how many there are, or each of them again."""
        self._browser.reduce(repeats=not self._browser.reduction.repeats)
        self._change()

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them again, from their first column on."""
        drawing = self.view.drawing
        drawing.wrap, drawing.aside = not drawing.wrap, 0
        self._change()

    def action_times(self) -> None:
        """Write times local, in UTC, since the action began or not: each press goes on to the next."""
        drawing = self.view.drawing
        drawing.times = drawing.times.following
        self._change()

    def action_numbers(self) -> None:
        """Number the lines, or not. To count from the first, all of the log has to be read."""
        drawing = self.view.drawing
        drawing.numbers = not drawing.numbers
        if drawing.numbers:
            self.post_message(self.WantsAll())
        self._change()

    # --- taking out -----------------------------------------------------------------------------------

    def action_copy_lines(self) -> None:
        """Copy the line, or the selected ones as far as a terminal takes them, and end the selection."""
        from farmwatch.ui.widgets.log_save import copied

        text, taken = copied(self._browser, self.view.selection)
        if not taken:
            return
        self.app.copy_to_clipboard(text)
        wanted = len(self.view.selection)
        cut = f" of {wanted:,}: a terminal takes no more; {key('save', 's')} saves" if taken < wanted else ""
        self.notify(f"Copied {counted(taken, 'line')}{cut}", markup=False, timeout=3)
        self.view.unmark()

    def action_whole(self) -> None:
        """Show the whole line under the cursor and all that is known about it, over the log."""
        from farmwatch.ui.widgets.log_save import whole_line

        cursor = self.view.cursor
        if cursor is not None:
            self.post_message(ShowDetails("Line", whole_line(self._browser, cursor)))

    def _save(self, path: str) -> None:
        from farmwatch.ui.widgets.log_save import Saving

        saving = Saving(self._browser, path, self._read_the_rest, self.notify)
        self.run_worker(saving.run(), group="save", exit_on_error=False)
