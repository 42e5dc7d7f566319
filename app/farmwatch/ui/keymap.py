"""Keys of one's own: which there are, whether a choice of others holds together, and where one key means
several things."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import KEY_NAME_REPLACEMENTS, KEY_TO_UNICODE_NAME, Keys

from farmwatch.ui.keys import PROGRAM_BINDINGS
from farmwatch.ui.screens.acting import ActScreen
from farmwatch.ui.screens.alerts.screen import AlertsScreen
from farmwatch.ui.screens.asking import AskScreen
from farmwatch.ui.screens.columns import ColumnsScreen
from farmwatch.ui.screens.connect import ConnectScreen
from farmwatch.ui.screens.details import DetailsScreen
from farmwatch.ui.screens.digest.screen import DigestScreen
from farmwatch.ui.screens.goto.screen import GotoScreen
from farmwatch.ui.screens.help import HelpScreen
from farmwatch.ui.screens.history.screen import HistoryScreen
from farmwatch.ui.screens.log.merged import MergedLogScreen
from farmwatch.ui.screens.log.screen import LogScreen
from farmwatch.ui.screens.picker.screen import PickerScreen
from farmwatch.ui.screens.session.screen import SessionScreen
from farmwatch.ui.screens.wall.screen import WallScreen
from farmwatch.ui.screens.why.screen import WhyScreen
from farmwatch.ui.widgets.log_panel import LogPanel
from farmwatch.ui.widgets.log_prompt import LogPrompt
from farmwatch.ui.widgets.log_view import LogView
from farmwatch.ui.widgets.virtual_table import VirtualTable
from farmwatch.words.text import clean


class ProgramKeys(DOMNode):
    """Stands for the program, which cannot be named from here."""

    BINDINGS = PROGRAM_BINDINGS


SCOPES: Mapping[str, Sequence[type[DOMNode]]] = {
    "lists": (PickerScreen, VirtualTable),
    "session": (SessionScreen, VirtualTable),
    "log": (LogScreen, LogPanel, LogView),
    "merged logs": (MergedLogScreen, LogPanel, LogView),
    "card": (WhyScreen, VirtualTable),
    "history": (HistoryScreen, VirtualTable),
    "wall": (WallScreen, VirtualTable),
    "alerts": (AlertsScreen, VirtualTable),
    "handover": (DigestScreen,),
}
"""Where keys hold at the same time, besides those of the whole program."""

PAGES: Mapping[str, Sequence[type[DOMNode]]] = {
    "search and save": (LogPrompt,),
    "pages": (HelpScreen,),
    "details": (DetailsScreen,),
    "columns": (ColumnsScreen,),
    "connect": (ConnectScreen,),
    "goto": (GotoScreen,),
    "acting": (ActScreen,),
    "asking": (AskScreen,),
}
"""Where only their own keys hold."""

RESERVED = ("ctrl+c", "ctrl+z", "ctrl+q", "ctrl+p")
"""Keys that the terminal, or the program as a whole, needs."""

MODIFIERS = ("ctrl", "shift", "alt", "super", "hyper", "meta")


class BadKeys(ValueError):  # noqa: N818 - named for what the wrangler is told
    """Keys that cannot be; the text is one line that says which and why."""


def bindings_of(*holders: type[DOMNode]) -> Iterator[Binding]:
    """The key bindings that these declare, a key each."""
    for holder in holders:
        for binding in holder.BINDINGS:
            if isinstance(binding, Binding):
                yield from Binding.make_bindings([binding])


def all_bindings() -> dict[str, list[Binding]]:
    """Every binding by its id: one for each key that it has where it is declared first."""
    found: dict[str, list[Binding]] = {}
    app: Sequence[type[DOMNode]] = (ProgramKeys,)
    for holders in (app, *SCOPES.values(), *PAGES.values()):
        for holder in holders:
            declared: dict[str, dict[str, Binding]] = {}
            for binding in bindings_of(holder):
                declared.setdefault(binding.id or "", {}).setdefault(binding.key, binding)
            for name, by_key in declared.items():
                found.setdefault(name, list(by_key.values()))
    return found


def check(keys: Mapping[str, str]) -> None:
    """Whether keys of one's own hold together. Raises `BadKeys` for the id of no binding, for what is no key,
    and for two actions on one key of one screen."""
    known = all_bindings()
    for name, wanted in keys.items():
        if name not in known:
            near = get_close_matches(name, known, n=3)
            hint = f"like it: {', '.join(near)}" if near else "farmwatch config --example lists them"
            raise BadKeys(f"keys.{clean(name, 40)} is no key binding; {hint}")
        for key in _split(wanted):
            if not is_key(key):
                raise BadKeys(f'keys.{name}: {clean(key, 40)!r} is no key; one is like "f5", "ctrl+r" or "x"')
            if key in RESERVED:
                raise BadKeys(f"keys.{name}: {key} is taken by the program itself")
    for scope, holders in (*SCOPES.items(), *PAGES.items()):
        _check_scope(scope, (*holders, *(() if scope in PAGES else (ProgramKeys,))), keys)


def _check_scope(scope: str, holders: Sequence[type[DOMNode]], keys: Mapping[str, str]) -> None:
    taken: dict[str, str] = {}
    by_default: dict[str, set[str]] = {}
    for binding in bindings_of(*holders):
        by_default.setdefault(binding.id or "", set()).add(binding.key)
    for binding in bindings_of(*holders):
        name = binding.id or ""
        for key in _split(keys[name]) if name in keys else [binding.key]:
            other = taken.setdefault(key, name)
            # What shares a key by default knows how to.
            knows_how = key in by_default[name] & by_default[other]
            if other != name and (name in keys or other in keys) and not knows_how:
                mine, its = (name, other) if name in keys else (other, name)
                raise BadKeys(f"keys.{mine}: {key} is the key of {its} already ({scope})")


def _split(keys: str) -> list[str]:
    """The keys in a list, by the names that Textual has for them."""
    return [_normal(key.strip()) for key in keys.split(",") if key.strip()] or [""]


def _normal(key: str) -> str:
    if len(key) == 1 and not key.isalnum():
        name = unicodedata.name(key, key).lower().replace("-", "_").replace(" ", "_")
        return KEY_NAME_REPLACEMENTS.get(name, name)
    return key


def is_key(key: str) -> bool:
    """Whether a key has that name: a character, a name like ``f5`` or ``question_mark``, with modifiers."""
    *modifiers, last = key.split("+")
    if any(one not in MODIFIERS for one in modifiers) or not last:
        return False
    named = {*(one.value for one in Keys), *KEY_TO_UNICODE_NAME, *KEY_NAME_REPLACEMENTS.values()}
    if len(last) == 1 or last in named:
        return True
    try:
        unicodedata.lookup(last.replace("_", " ").upper())
    except KeyError:
        return False
    return True


def differences(keys: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """By key what it means where, for those that mean several things; as they are in force."""
    meant: dict[str, dict[str, tuple[str, str]]] = {}
    for scope, holders in SCOPES.items():
        for binding in bindings_of(*holders):
            name = binding.id or ""
            for key in _split(keys[name]) if name in keys else [binding.key]:
                if binding.tooltip or binding.show:
                    meant.setdefault(key, {}).setdefault(name, (scope, binding.description))
    return {key: list(those.values()) for key, those in sorted(meant.items()) if len(those) > 1}


def several_meanings(keys: Mapping[str, str], name_of: Callable[[str], str]) -> list[tuple[str, str]]:
    """The names of the keys that mean several things, each with what it means where, in words."""
    return [
        (name_of(key), " · ".join(f"{words} ({scope})" for scope, words in meanings))
        for key, meanings in differences(keys).items()
    ]


def example() -> str:
    """Every binding as a line of a settings file, commented, at its default."""
    lines = []
    for name, bindings in sorted(all_bindings().items()):
        words = next((one.tooltip for one in bindings if one.tooltip), bindings[0].description)
        if not any(one.system for one in bindings):
            lines.append(f'# {name} = "{",".join(one.key for one in bindings)}"  # {words or name}')
    return "\n".join(lines)
