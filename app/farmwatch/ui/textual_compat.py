"""Textual's private parts that views pass through: most touches of them keep faults from ending the program.

Textual ends an app at the first exception in a handler, a timer, a watcher, a layout or a drawing. All of
these pass through a few methods of its own. They are guarded here, class by class when the first widget of a
class starts, so that overridden ones are guarded too: in an app that is a `ContainedApp` the exception is
handed to the app, and what Textual was doing goes on; in every other app nothing changes. The version of
Textual is pinned in pyproject.toml, and `tests/ui/test_containment.py` tries every guard.
"""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from time import monotonic
from typing import Any, TypeVar

from textual import events, reactive
from textual._callback import invoke
from textual._compositor import ChopsUpdate, Compositor
from textual._context import active_message_pump
from textual._parser import Parser
from textual._styles_cache import StylesCache
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.box_model import BoxModel
from textual.content import Content
from textual.css.stylesheet import Stylesheet
from textual.geometry import Region, Size, Spacing
from textual.layout import DockArrangeResult
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from farmwatch.ui.textual_terminal import Method, TerminalAnswer, feed, tick

T = TypeVar("T")


PANEL_HEIGHT, PANEL_WIDTH = 3, 40
"""Lines and columns for a widget whose own size could not be found: enough to say so."""


class ContainedApp(App[T]):
    """An app that is told of the faults of its views, instead of ended by them."""

    pressed_at = float("-inf")
    """When a key was pressed, or the mouse moved, for the last time (`monotonic`)."""

    has_theme = False
    """Whether it has been given its theme: Textual asks for the variables of its own before."""

    _has_started = False
    """Whether the app handles messages: a fault of the app itself before that is the end."""

    def __init__(self, **given: Any) -> None:
        _guard_textual()
        _guard(type(self))
        super().__init__(**given)

    @abstractmethod
    def view_failed(self, error: Exception, doing: str, widget: Widget | None = None, part: str = "") -> None:
        """A view failed. With a ``part`` (drawing, layout, composing) the fault is to be shown in the place
        of the widget, until `view_is_well` is called with the same one; without, it is to be told."""

    @abstractmethod
    def view_is_well(self, widget: Widget, part: str) -> None:
        """A part of a widget went well."""

    @abstractmethod
    def is_shown_as_failed(self, widget: Widget, part: str) -> bool:
        """Whether a fault of this part of a widget is shown in its place."""

    @abstractmethod
    def drawn_instead(self, widget: Widget, crop: Region) -> list[Strip] | None:
        """What is drawn in the place of a widget that fails; nothing where it does not."""

    @abstractmethod
    def cannot_go_on(self, error: Exception) -> None:
        """The last resort: not a view failed, but the app could not start, or cannot read its terminal any
        more. It is to end."""

    @abstractmethod
    def terminal_answered(self, answer: str) -> None:
        """The terminal has answered something that is no key (an OSC, without ``ESC ]`` and its end)."""

    async def on_event(self, event: events.Event) -> None:
        """Take note of when somebody was there."""
        if isinstance(event, events.InputEvent):
            self.pressed_at = monotonic()
        await super().on_event(event)

    def on_terminal_answer(self, message: TerminalAnswer) -> None:
        """What comes from the thread that reads the terminal."""
        self.terminal_answered(message.answer)

    def panic(self, *_: Any) -> None:
        """What Textual calls when the thread that reads the terminal has failed."""
        self.cannot_go_on(OSError("the terminal cannot be read any more"))

    async def _process_messages_loop(self) -> None:
        self._has_started = True
        await super()._process_messages_loop()

    def _handle_exception(self, error: Exception) -> None:
        pump = active_message_pump.get(None)
        if pump is self and not self._has_started:
            self.cannot_go_on(error)
        elif isinstance(pump, Widget) and not pump.is_mounted:
            # Its children are not there, and nobody composes them again.
            self.view_failed(error, f"composing {named(pump)}", pump, "composing")
        else:
            self.view_failed(error, f"refreshing {named(pump)}")


def begin_with_theme(app: ContainedApp[Any], name: str) -> None:
    """Set the theme of an app that does not run yet. As it is set otherwise it counts from the first message
    on: everything gets its styles by Textual's own theme, and then once more."""
    app.has_theme = True
    app.set_reactive(App.theme, name)
    app.stylesheet.set_variables(app.get_css_variables())
    app.set_class(app.current_theme.dark, "-dark-mode", update=False)
    app.set_class(not app.current_theme.dark, "-light-mode", update=False)
    app._refresh_truecolor_filter(app.ansi_theme)


def put_on_border(widget: Widget, *, title: Content | None = None, subtitle: Content | None = None) -> None:
    """Give a box another title or subtitle, and draw that line of it anew. Textual by itself draws the whole
    box, and all that is in it: with every second that something grows older, the most of what a screen
    costs."""
    size, offset = widget.outer_size, widget.content_offset
    for name, words, line in (("_border_title", title, 0), ("_border_subtitle", subtitle, size.height - 1)):
        if words is not None:
            setattr(widget, name, words)
            lines = [Region(-offset.x, line - offset.y, size.width, 1)] if size else []
            widget.refresh(*lines)


def end_with(app: App[Any], error: Exception) -> None:
    """What the app ends with where somebody waits for it, as a test does: the first fault of its own."""
    app._exception = app._exception or error
    app._exception_event.set()


def is_taken_down(widget: Widget) -> bool:
    """Whether it is on its way out: its children go one by one, before it."""
    return widget._pruning


def forget_what_was_drawn() -> None:
    """Textual keeps, by widget, the edges of the last thousand of them, with all that each has drawn."""
    StylesCache.get_inner_outer.cache_clear()


def named(pump: object) -> str:
    """A widget as a programmer knows it: its class, and its id if it has one."""
    widget_id = getattr(pump, "id", None)
    return type(pump).__name__ + (f"#{widget_id}" if widget_id else "")


def _app_of(pump: Any) -> ContainedApp[Any] | None:
    """The app that contains what befalls a view; nothing in another program's app."""
    app = pump.app
    return app if isinstance(app, ContainedApp) else None


# --- the guards ---------------------------------------------------------------------------------------------
# Each takes the method that it guards, and what that was called with.


async def _dispatch_message(method: Method, pump: MessagePump, message: Message) -> None:
    try:
        await method(pump, message)
    except Exception as error:
        app = _app_of(pump)
        if app is None:
            raise
        if isinstance(message, events.Compose) and isinstance(pump, Widget):
            app.view_failed(error, f"composing {named(pump)}", pump, "composing")
        else:
            app.view_failed(error, f"handling {type(message).__name__} in {named(pump)}")


async def _flush_next_callbacks(method: Method, pump: MessagePump) -> None:
    app = _app_of(pump)
    if app is None:
        await method(pump)
        return
    # As Textual does, but that a callback which fails does not take the ones behind it with it.
    callbacks = pump._next_callbacks.copy()
    pump._next_callbacks.clear()
    for callback in callbacks:
        try:
            with pump.prevent(*callback._prevent):
                await invoke(callback.callback)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the program
            app.view_failed(error, f"calling back {named(pump)}")


def _render_lines(method: Method, widget: Widget, crop: Region) -> list[Strip]:
    app = _app_of(widget)
    if app is None:
        return method(widget, crop)  # type: ignore[no-any-return]
    try:
        lines: list[Strip] = method(widget, crop)
    except Exception as error:  # noqa: BLE001 - as above
        app.view_failed(error, f"drawing {named(widget)}", widget, "drawing")
        lines = []
    else:
        app.view_is_well(widget, "drawing")
    instead = app.drawn_instead(widget, crop)
    return lines if instead is None else instead


def _get_box_model(method: Method, widget: Widget, container: Size, *given: Any, **options: Any) -> BoxModel:
    height = Fraction(min(PANEL_HEIGHT, container.height))
    model: BoxModel = _laid_out(
        widget,
        "size",
        lambda: method(widget, container, *given, **options),
        lambda: BoxModel(Fraction(container.width), height, Spacing(0, 0, 0, 0)),
    )
    app = _app_of(widget)
    if app is not None and model.height < height and app.is_shown_as_failed(widget, "layout"):
        # Without children it may have no height of its own.
        return model._replace(height=height)
    return model


def _get_content_width(method: Method, widget: Widget, container: Size, *given: Any) -> int:
    return _laid_out(  # type: ignore[no-any-return]
        widget,
        "width",
        lambda: method(widget, container, *given),
        lambda: min(PANEL_WIDTH, container.width),
    )


def _get_content_height(method: Method, widget: Widget, container: Size, *given: Any) -> int:
    return _laid_out(  # type: ignore[no-any-return]
        widget,
        "height",
        lambda: method(widget, container, *given),
        lambda: min(PANEL_HEIGHT, container.height),
    )


def _arrange(method: Method, widget: Widget, *given: Any, **options: Any) -> DockArrangeResult:
    app = _app_of(widget)
    if app is not None and any(
        app.is_shown_as_failed(widget, part) for part in ("size", "width", "height", "composing")
    ):
        # Its children would cover what is said in its place.
        return _no_children()
    return _laid_out(  # type: ignore[no-any-return]
        widget, "layout", lambda: method(widget, *given, **options), _no_children
    )


def _no_children() -> DockArrangeResult:
    return DockArrangeResult([], set(), Spacing(0, 0, 0, 0))


def _size_updated(method: Method, widget: Widget, *given: Any, **options: Any) -> bool:
    return _laid_out(  # type: ignore[no-any-return]
        widget, "change of size", lambda: method(widget, *given, **options), lambda: False
    )


def _laid_out(widget: Widget, part: str, do: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    app = _app_of(widget)
    if app is None:
        return do()
    try:
        done = do()
    except Exception as error:  # noqa: BLE001 - as above
        app.view_failed(error, f"finding the {part} of {named(widget)}", widget, part)
        return otherwise()
    app.view_is_well(widget, part)
    return done


def _on_timer_update(method: Method, screen: Screen[Any]) -> None:
    try:
        method(screen)
    except Exception as error:
        app = _app_of(screen)
        if app is None:
            raise
        # What is still wanted would be tried again at once, sixty times a second. The next change asks anew.
        screen._layout_required = screen._scroll_required = screen._repaint_required = False
        screen._dirty_widgets.clear()
        app.view_failed(error, f"refreshing {named(screen)}")


def _screen_resized(method: Method, screen: Screen[Any], size: Size) -> None:
    """Lay out a screen that has another size by now. Textual does so whenever one is told of its size, which
    for a screen that opens is three times the same."""
    if _app_of(screen) is None or screen._compositor.size != size:
        method(screen, size)


def _on_screen_resume(method: Method, screen: Screen[Any], event: events.ScreenResume) -> None:
    """Draw a screen that opens once. Textual lays it out, which draws all of it, and has it drawn again."""
    is_new = screen._size != screen.app.size
    method(screen, event)
    if is_new and _app_of(screen) is not None and not screen._compositor._dirty_regions:
        screen._repaint_required = False


def _render_partial_update(method: Method, compositor: Compositor) -> ChopsUpdate | None:
    """Draw what has changed. Textual has all widgets drawn between the first line that has changed and the
    last, all of their lines; with a clock above and a key line below that is the whole screen."""
    regions = tuple(compositor._dirty_regions)
    if compositor.root is None or _app_of(compositor.root) is None:
        return method(compositor)  # type: ignore[no-any-return]
    # For this once it stands before the one of the class.
    vars(compositor)["_get_renders"] = lambda _: _renders(compositor, regions)
    try:
        return method(compositor)  # type: ignore[no-any-return]
    finally:
        del vars(compositor)["_get_renders"]


def _renders(
    compositor: Compositor, regions: Iterable[Region]
) -> Iterator[tuple[Region, Region, list[Strip]]]:
    """Of each widget where it is, from which line to which it lies in one of these, and those lines."""
    for widget, (region, clip) in compositor.visible_widgets.items():
        shown = region.intersection(clip)
        changed = [shown.intersection(one) for one in regions if shown.overlaps(one)]
        if changed:
            top, bottom = min(one.y for one in changed), max(one.bottom for one in changed)
            lines = Region(shown.x, top, shown.width, bottom - top)
            yield region, lines, widget.render_lines(lines.translate(-region.offset))


def _invoke_watcher(method: Method, watcher: Any, *given: Any) -> None:
    try:
        method(watcher, *given)
    except Exception as error:
        app = _app_of(watcher)
        if app is None:
            raise
        app.view_failed(error, f"following a change in {named(watcher)}")


def _reparse(method: Method, sheet: Stylesheet) -> None:  # noqa: ARG001 - as every guard
    """Read style sheets that have changed. Textual reads all of them into another `Stylesheet`, so that this
    one stays whole when one is no good, and forgets how they read: at the start everything is read twice, and
    again for every style sheet of a screen that is opened. But `parse` changes nothing either before all went
    well, and remembers what it has read until the variables change."""
    sheet.parse()


def _start_messages(method: Method, pump: MessagePump) -> None:
    _guard(type(pump))
    method(pump)


def _timer(method: Method, timer: Timer, *given: Any, **options: Any) -> None:
    """Have a timer of one call make it, also late. Textual leaves out the calls whose time has passed when
    the timer is begun, and on a machine that is held up that may be the only one."""
    method(timer, *given, **options)
    if timer._repeat == 0:
        timer._skip = False


_METHODS: dict[str, Method] = {
    guard.__name__: guard
    for guard in (
        _dispatch_message,
        _flush_next_callbacks,
        _get_box_model,
        _size_updated,
        _on_timer_update,
        _screen_resized,
        _on_screen_resume,
    )
} | {
    "render_lines": _render_lines,
    "arrange": _arrange,
    "get_content_width": _get_content_width,
    "get_content_height": _get_content_height,
}

_guarded: set[type] = set()
"""The classes whose methods are guarded."""


def _guard(cls: type) -> None:
    """Guard what a class of message pumps, and all its bases, define themselves."""
    if cls in _guarded:
        return
    _guarded.add(cls)
    for base in cls.__bases__:
        if issubclass(base, MessagePump):
            _guard(base)
    for name, guard in _METHODS.items():
        if name in vars(cls):
            _guard_one(cls, name, guard)


def _guard_one(owner: Any, name: str, guard: Method) -> None:
    method = vars(owner)[name]

    @functools.wraps(method)
    def guarded(*given: Any, **options: Any) -> Any:
        return guard(method, *given, **options)

    setattr(owner, name, guarded)


def _guard_textual() -> None:
    """Guard what every widget passes when it starts, and the watchers of reactive attributes; once."""
    if MessagePump not in _guarded:
        _guard(MessagePump)
        _guard_one(MessagePump, "_start_messages", _start_messages)
        _guard_one(reactive, "invoke_watcher", _invoke_watcher)
        _guard_one(Timer, "__init__", _timer)
        _guard_one(Stylesheet, "reparse", _reparse)
        _guard_one(Compositor, "render_partial_update", _render_partial_update)
        _guard_one(XTermParser, "feed", feed)
        _guard_one(Parser, "tick", tick)
