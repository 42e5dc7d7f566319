"""Sending what was confirmed, and telling what came of it: what the service answered, and in the end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from farmwatch.actions.request import Outcome, Requested
from farmwatch.actions.wishes import EndSession, confirmed, ref_of
from farmwatch.monitor.update import RequestRef
from farmwatch.ui.requests_followed import MOST, follow
from farmwatch.words.requests import Choice, became_words, result
from farmwatch.words.text import clean

if TYPE_CHECKING:
    from textual.app import App

    from farmwatch.monitor.monitor import Monitor
    from farmwatch.monitor.update import Update

LONGEST = 600
"""Characters of a notice."""


def make(app: App[Any], monitor: Monitor, choice: Choice) -> None:
    """Send every wish of a choice, each under a token of its own, and show together what the service
    answered; and, of as many as are worth following, what came of them."""
    sent = [confirmed(wish) for wish in choice.wishes]
    open_ones = {wish.token for wish in sent}
    results: list[Requested] = []
    followed = set[str]()
    became: list[Requested] = []

    def hear(update: Update) -> None:
        # In the Monitor's threads, one update at a time.
        token = update.subject.token if isinstance(update.subject, RequestRef) else ""
        if token in open_ones:
            request: Requested = update.snapshot.observed
            open_ones.discard(token)
            results.append(request)
            if request.is_followed:
                followed.add(token)
            if not open_ones:
                later(tell)
        elif token in followed and update.snapshot.observed.became is not None:
            followed.discard(token)
            became.append(update.snapshot.observed)
        else:
            return
        if not open_ones and not followed:
            end()
            if became:
                later(tell_became)

    def later(what: Callable[[], None]) -> None:
        # When the program is on its way out there is nobody left to tell.
        with suppress(RuntimeError):
            app.call_later(what)

    def tell() -> None:
        words, severity = result(choice, results, monitor.who(ref_of(sent[0]).connection))
        shown = "\n".join(clean(line, LONGEST) for line in words.split("\n"))
        app.notify(shown, severity=severity, timeout=6 if severity == "information" else 20, markup=False)
        taken = {one.wish.token for one in results if one.outcome is Outcome.TAKEN}
        pairs = zip(sent, choice.names, strict=True)
        ending = {one.ref: name for one, name in pairs if isinstance(one, EndSession) and one.token in taken}
        follow(app, monitor, ending)

    def tell_became() -> None:
        names = {wish.token: name for wish, name in zip(sent, choice.names, strict=True)}
        ends = [(names[one.wish.token], one.became) for one in became if one.became is not None]
        words, severity = became_words(choice.title, ends)
        app.notify(clean(words, LONGEST), severity=severity, timeout=10, markup=False)

    # An answer may take half a minute, where the network is bad.
    app.notify(clean(f"Asking: {choice.title}…", LONGEST), timeout=3, markup=False)
    end = monitor.subscribe(hear)
    for wish in sent:
        monitor.act(wish, follows=len(sent) <= MOST)
