"""The lines at the edges of every screen: who and where, how fresh, what is wrong."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from farmwatch.aws.model import Fault, FaultKind, Who
from farmwatch.listings.place import Place
from farmwatch.polling.freshness import Freshness, Rhythm, State
from farmwatch.ui.content import content
from farmwatch.ui.textual_compat import put_on_border
from farmwatch.words.keys import key
from farmwatch.words.text import FRESHNESS_GLYPHS, Part, brief, clock_time, span

if TYPE_CHECKING:
    from textual.screen import Screen

SKEW = timedelta(minutes=4)
"""How far off a clock may be before it is worth a word: from five minutes on signatures are refused."""


def put(widget: Static, words: Content) -> None:
    """Show ``words`` in a widget: nothing is drawn for the same words in the same colours, and the screen is
    laid out anew only for another number of lines."""
    before = widget.content
    if not isinstance(before, Content):
        widget.update(words)
    elif not words.is_same(before):
        width = widget.content_size.width
        grows = not width or _height(words, width) != _height(before, width)
        # What is not shown needs no room; it is laid out when it comes to be shown.
        widget.update(words, layout=widget.display and grows)


def _height(words: Content, width: int) -> int:
    return words.get_height({}, width)


def entitle(widget: Widget, title: Content | None = None, subtitle: Content | None = None) -> None:
    """Give a box its title or subtitle, and draw that only where it is another one."""
    if title is not None and widget.border_title != title.markup:
        put_on_border(widget, title=title)
    if subtitle is not None and widget.border_subtitle != subtitle.markup:
        put_on_border(widget, subtitle=subtitle)


class TwoSided(Widget):
    """One line with a left and a right part; the left one is cut where there is no room for both."""

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._left = self._right = Content()

    def put(self, left: Content, right: Content) -> None:
        """Show these two; nothing is drawn where they are the ones there."""
        if not (left.is_same(self._left) and right.is_same(self._right)):
            self._left, self._right = left, right
            self.refresh()

    def render(self) -> Content:
        """The line in the cells there are, with two at least between its parts."""
        width = self.content_size.width
        right = self._right.truncate(width, ellipsis=True)
        room = max(0, width - right.cell_length - (2 if right.cell_length else 0))
        left = self._left.truncate(room, ellipsis=True)
        gap = max(0, width - left.cell_length - right.cell_length)
        return Content.assemble(left, " " * gap, right)


class Masthead(TwoSided):
    """The first line: the program, as whom and where it asks, how much it asks, the time."""

    def show(
        self,
        who: Who | None,
        *,
        connections: tuple[int, int] = (0, 1),
        name: str = "",
        marked: int = 0,
        alerts: int = 0,
        demo: bool,
        requests: int,
        now: datetime,
        unsaved: bool = False,
        skew: timedelta | None = None,
    ) -> None:
        """``who`` is ``None`` where what is shown belongs to no connection. Of several ``connections`` some
        may be in trouble, and ``name`` is the one that is shown; ``alerts`` are those that nobody has
        acknowledged; ``skew`` is how far this machine's clock is
        ahead of the service's."""
        parts: list[Part] = [("farmwatch", "strong")]
        if demo:
            parts.append(("  DEMO", "warning"))
        if unsaved:
            parts.append(("  HISTORY NOT SAVED", "error"))
        if skew is not None and abs(skew) > SKEW:
            sign = "+" if skew > timedelta(0) else "-"
            parts.append((f"  CLOCK {sign}{brief(abs(skew))}", "warning"))
        if alerts:
            parts.append((f"  ✗ {alerts:,} {'alert' if alerts == 1 else 'alerts'}", "error"))
        lost, number = connections
        if lost and number > 1:
            parts.append((f"  {lost} of {number} connections in trouble", "error"))
        if name:
            parts.append((f"  {name}", "strong"))
        if who is not None:
            told = [one for one in (who.profile, who.name) if one and not (demo and one == "demo")]
            parts += [(f"  {one}", "") for one in told]
            parts.append((f"  {who.region}", "accent"))
        if marked:
            parts.append((f"  ◆ {marked} marked", "accent"))
        right = content(
            (f"{requests} {'call' if requests == 1 else 'calls'}/min   ", "muted"),
            (f"{now.astimezone():%H:%M:%S}", ""),
        )
        self.put(content(*parts), right)


class Crumbs(Widget):
    """The second line: the way down from the farms to here. A click on a part goes there."""

    class Chosen(Message):
        """Somebody wants to go to this place on the way."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    parts: reactive[tuple[tuple[str, Place], ...]] = reactive(())

    def render(self) -> Content:
        """The names of the way, the last one bold, cut to fit the line."""
        drawn, _ = self._lay_out()
        return drawn

    def _lay_out(self) -> tuple[Content, list[tuple[int, int, Place]]]:
        """The line, and the cells that each place takes on it. Where it is too long, its longest names are
        cut, the last one least: it says where one is."""
        width = self.content_size.width
        separator = " › "
        names = [Content(name) for name, _ in self.parts]
        room = width - len(separator) * max(0, len(names) - 1)
        widths = _shares([name.cell_length for name in names], room)
        names = [name.truncate(most, ellipsis=True) for name, most in zip(names, widths, strict=True)]
        pieces: list[Content] = []
        spans: list[tuple[int, int, Place]] = []
        at = 0
        for index, (name, (_, place)) in enumerate(zip(names, self.parts, strict=True)):
            if index:
                pieces.append(content((separator, "muted")))
                at += len(separator)
            last = index == len(names) - 1
            pieces.append(name.stylize("bold") if last else name)
            spans.append((at, at + name.cell_length, place))
            at += name.cell_length
        return Content("").join(pieces), spans

    def on_click(self, event: events.Click) -> None:
        """Tell which place was clicked on; between the names there is none."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        for first, end, place in self._lay_out()[1]:
            if first <= offset.x < end:
                self.post_message(self.Chosen(place))


def _shares(wanted: list[int], room: int) -> list[int]:
    """Cells for each name: the longest give way first, the last one only when the others have."""
    shares = list(wanted)
    while shares and sum(shares) > room:
        others = range(len(shares) - 1)
        longest = max(others, key=lambda index: shares[index], default=-1)
        if longest < 0 or shares[longest] <= 8:
            longest = len(shares) - 1
        if shares[longest] <= 4:
            break
        shares[longest] -= 1
    return shares


TELL_NEWS = ("app.history", "history", "app.marked", "marked")
"""What leads to where news of what is marked can be read."""


class Keys(Widget):
    """The last line: the keys that matter here. A click on one does what it does.

    One widget draws them all. As a widget a key, which is how Textual's footer has them, they took as long to
    come up as all the rest of a screen.
    """

    ALLOW_SELECT = False

    news: reactive[int] = reactive(0)
    """How much was seen to change of what is marked, since somebody looked."""

    def on_mount(self) -> None:
        """Be drawn again when other keys can be pressed than before."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[Any]) -> None:
        if self.is_attached and screen is self.screen:
            self.refresh()

    def render(self) -> Content:
        """The keys and their words, in the order of the screen's bindings."""
        shown: list[Content] = []
        for _, name, words, enabled in self._fitting():
            drawn = Content.assemble((name, "bold $footer-key-foreground"), " " + words)
            shown.append(drawn if enabled else drawn.stylize("dim"))
        return Content(" ").join(shown)

    def _fitting(self) -> list[tuple[str, str, str, bool]]:
        """What there is room for: key, its name, its words, and whether it can be pressed. Where it is narrow
        the last two, which lead to all the others and out, stay longest, and before them what tells news."""
        plain: dict[str, tuple[str, str, str, bool]] = {}
        telling: dict[str, tuple[str, str, str, bool]] = {}
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            tells_news = bool(self.news) and binding.action in TELL_NEWS
            if binding.show or tells_news:
                name, words = self.app.get_key_display(binding), binding.description
                words += f" +{self.news}" if tells_news else ""
                found = telling if tells_news else plain
                found.setdefault(binding.action, (binding.key, name, words, enabled))
        first, news, last = list(plain.values())[:-2], list(telling.values()), list(plain.values())[-2:]
        while sum(map(_cells, (*first, *news, *last))) - 1 > self.content_size.width:
            droppable = next((keys for keys in (first, news, last[:-1] and last) if keys), None)
            if droppable is None:
                break
            del droppable[0 if droppable is last else -1]
        return [*first, *news, *last]

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked on."""
        offset = event.get_content_offset(self)
        at = 0
        for one in self._fitting():
            if offset is not None and at <= offset.x < at + _cells(one) - 1:
                self.app.simulate_key(one[0])
            at += _cells(one)


def _cells(key: tuple[str, str, str, bool]) -> int:
    """The cells that a key takes, with the one to the next."""
    return cell_len(key[1]) + 1 + cell_len(key[2]) + 1


class StatusLine(TwoSided):
    """The third line: what is shown, and how fresh it is."""

    def show(self, what: list[Part], told: list[Part], *, is_fresh: bool) -> None:
        """``what`` stands left, ``told`` right; what is not fresh is drawn as such."""
        self.put(content(*what), content(*told))
        self.set_class(not is_fresh, "-stale")


def freshness_parts(fresh: Freshness, rhythm: Rhythm, now: datetime) -> list[Part]:
    """The age of what is shown, why it is not fresh, and when the next poll comes."""
    if fresh.state is not State.FINAL:
        following = _next_words(rhythm, now)
    else:
        # The last looks, in case the service still corrects itself, are not worth a word: what is final and
        # what is still to come do not stand side by side. Nor is a pause, after which nothing would go on.
        following = _no_more_words() if rhythm.stopped else ""
    return [age_part(fresh, rhythm, now), (f"   {following}" if following else "", "muted")]


def age_part(fresh: Freshness, rhythm: Rhythm, now: datetime) -> Part:
    """The age of what is shown, or why it is not fresh; for one box of a screen, or its edge."""
    mark, tone = FRESHNESS_GLYPHS[fresh.state]
    return f"{mark} {_state_words(fresh, rhythm, now)}", tone


def _state_words(fresh: Freshness, rhythm: Rhythm, now: datetime) -> str:
    age = fresh.age
    if fresh.fault is not None:
        word: str = fresh.fault.kind.value
        if fresh.fault.kind is FaultKind.SLOW_DOWN and rhythm.next_at is not None:
            word += f" until {clock_time(rhythm.next_at, now)}"
        return f"{word}, nothing seen yet" if age is None else f"{word}, seen {span(age)} ago"
    if fresh.state is State.FINAL and age is not None:
        return f"final, as of {clock_time(now - age, now)}"
    if age is None:
        return fresh.state.value
    if fresh.state is State.LIVE:
        return f"live {brief(age)}"
    return f"{fresh.state.value} {span(age)}"


def _next_words(rhythm: Rhythm, now: datetime) -> str:
    if rhythm.asking_since is not None:
        return "asking"
    if rhythm.paused:
        return f"paused: {key('pause', 'p')} goes on"
    if rhythm.next_at is None:
        return _no_more_words() if rhythm.stopped else "asking"
    wait = (rhythm.next_at - now).total_seconds()
    if wait <= 0:
        return "asking"
    if wait > 90:
        return f"next poll at {clock_time(rhythm.next_at, now)}"
    return f"next poll in {math.ceil(wait)} s"


def _no_more_words() -> str:
    return f"no more polls: {key('refresh', 'r')} refreshes"


class FaultLine(Static):
    """What is wrong and what to do about it, above the keys; not there while all is well."""

    def show(self, fault: Fault | None, notes: tuple[str, ...] = ()) -> None:
        """A fault, and below it what to do about it; without one the notes, a line each, or nothing."""
        self.display = fault is not None or bool(notes)
        if fault is not None:
            code = f"  {fault.operation}: {fault.code}" if fault.operation else f"  {fault.code}"
            request = f"  request {fault.request_id}" if fault.request_id else ""
            words = content(
                (f"✗ {fault.kind.value}  ", "error"),
                (fault.sentence, "strong"),
                (code + request, "muted"),
                "\n",
                (f"  {fault.remedy}", ""),
            )
            put(self, words)
        elif notes:
            put(self, content(("\n".join(notes), "")))
