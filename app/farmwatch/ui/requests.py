"""Sending what was confirmed, and telling what came of it when all of that is known."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from farmwatch.actions.request import Outcome, Requested
from farmwatch.actions.wishes import EndSession, confirmed, ref_of
from farmwatch.monitor.update import RequestRef
from farmwatch.ui.requests_followed import follow
from farmwatch.words.requests import Choice, result
from farmwatch.words.text import clean

if TYPE_CHECKING:
    from textual.app import App

    from farmwatch.monitor.monitor import Monitor
    from farmwatch.monitor.update import Update

LONGEST = 600
"""Characters of a notice."""


def make(app: App[Any], monitor: Monitor, choice: Choice) -> None:
    """Send every wish of a choice, each under a token of its own, and show what came of them together."""
    sent = [confirmed(wish) for wish in choice.wishes]
    open_ones = {wish.token for wish in sent}
    results: list[Requested] = []

    def hear(update: Update) -> None:
        # In the Monitor's threads, one update at a time.
        subject = update.subject
        if isinstance(subject, RequestRef) and subject.token in open_ones:
            open_ones.discard(subject.token)
            results.append(update.snapshot.observed)
            if not open_ones:
                end()
                # When the program is on its way out there is nobody left to tell.
                with suppress(RuntimeError):
                    app.call_later(tell)

    def tell() -> None:
        words, severity = result(choice, results, monitor.who(ref_of(sent[0]).connection))
        shown = "\n".join(clean(line, LONGEST) for line in words.split("\n"))
        app.notify(shown, severity=severity, timeout=6 if severity == "information" else 20, markup=False)
        taken = {one.wish.token for one in results if one.outcome is Outcome.TAKEN}
        pairs = zip(sent, choice.names, strict=True)
        ending = {one.ref: name for one, name in pairs if isinstance(one, EndSession) and one.token in taken}
        follow(app, monitor, ending)

    # An answer may take half a minute, where the network is bad.
    app.notify(clean(f"Asking: {choice.title}…", LONGEST), timeout=3, markup=False)
    end = monitor.subscribe(hear)
    for wish in sent:
        monitor.act(wish)
