"""By which way a terminal is told: as the settings say, or by what is known of it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from msgspec import Struct

from farmwatch.aws.cleaning import clean
from farmwatch.notify.terminal import Multiplexer, Way

AUTO = "auto"
"""The setting that leaves the choice to the program."""

NAMES = {
    Way.OSC99: "OSC 99",
    Way.OSC777: "OSC 777",
    Way.OSC9: "OSC 9",
    Way.BELL: "the bell",
    Way.OFF: "nothing",
}
"""What the ways are called."""

TMUX_TIMEOUT = 1.0
"""Seconds that tmux has to answer."""


class Terminal(Struct, frozen=True):
    """A terminal that is known: by what way it is told, and how the environment gives it away. ``programs``
    are beginnings of ``TERM_PROGRAM``, of ``LC_TERMINAL`` and of what it calls itself when it is asked,
    ``terms`` are beginnings of ``TERM``, and ``variables`` are those that it alone sets; all in small letters
    but the last."""

    name: str
    way: Way
    programs: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    may_be_asked: bool = True
    """Whether one may ask it for OSC 99: it must not print what it does not know."""


TERMINALS = (
    Terminal("kitty", Way.OSC99, ("kitty",), ("xterm-kitty",), ("KITTY_WINDOW_ID",)),
    Terminal("Ghostty", Way.OSC777, ("ghostty",), ("xterm-ghostty",), ("GHOSTTY_RESOURCES_DIR",)),
    Terminal("WezTerm", Way.OSC777, ("wezterm",), ("wezterm",), ("WEZTERM_PANE",)),
    Terminal("foot", Way.OSC777, ("foot",), ("foot",)),
    Terminal("urxvt", Way.OSC777, ("rxvt-unicode",), ("rxvt-unicode",)),
    Terminal("Konsole", Way.OSC777, ("konsole",), (), ("KONSOLE_VERSION",)),
    Terminal("Windows Terminal", Way.OSC777, ("windows terminal",), (), ("WT_SESSION",)),
    Terminal("iTerm2", Way.OSC9, ("iterm.app", "iterm2")),
    Terminal("Zed", Way.OSC9, ("zed",), (), ("ZED_TERM",)),
    Terminal("Alacritty", Way.BELL, ("alacritty",), ("alacritty",), ("ALACRITTY_WINDOW_ID",)),
    Terminal("Terminal of macOS", Way.BELL, ("apple_terminal",), may_be_asked=False),
    Terminal("Linux console", Way.BELL, (), ("linux",), may_be_asked=False),
    Terminal("dumb terminal", Way.BELL, (), ("dumb",), may_be_asked=False),
    Terminal("terminal of VTE", Way.BELL, ("vte",), ("vte",), ("VTE_VERSION",)),
)
"""All that are known; of variables, which programs inherit from other terminals, the first one counts."""


class Choice(Struct, frozen=True):
    """The way that was chosen, and in words why; ``inside`` is what hands it on. With ``asks`` the terminal
    is to be asked for OSC 99, which is better."""

    way: Way
    why: str
    inside: Multiplexer | None = None
    asks: bool = False


class Tmux(Struct, frozen=True):
    """What tmux says: whether programs may write to its terminal (``off``, ``on``, ``all``; empty before tmux
    3.3, which always lets them), and what that terminal calls itself; empty where it does not."""

    passthrough: str = ""
    terminal: str = ""
    term: str = ""


def choose(setting: str, environ: Mapping[str, str], tmux: Tmux | None = None) -> Choice:
    """By which way the terminal is told. ``setting`` is `AUTO` or a `Way`; ``tmux`` is what tmux says, where
    the program runs in it and tmux has answered."""
    inside = multiplexer(environ)
    if setting != AUTO:
        return Choice(Way(setting), "the settings say so", inside)
    known = _known(environ, inside, tmux)
    if inside is None:
        if known is None:
            term = clean(environ.get("TERM", ""), 40)
            may_be_asked = bool(term) and not term.startswith("screen")
            return Choice(Way.BELL, f"nothing else is known of TERM={term}", None, may_be_asked)
        asks = known.may_be_asked and known.way is not Way.OSC99
        return Choice(known.way, f"the terminal is {known.name}", None, asks)
    # Through tmux nothing is asked: the answer would be typed into whatever pane is in front.
    if known is None:
        return Choice(Way.BELL, f"the terminal outside {inside.value} is not known", inside)
    if inside is Multiplexer.TMUX and tmux is not None and tmux.passthrough == "off":
        return Choice(Way.BELL, "allow-passthrough is off in tmux", inside)
    return Choice(known.way, f"the terminal outside {inside.value} is {known.name}", inside)


def multiplexer(environ: Mapping[str, str]) -> Multiplexer | None:
    """What the program runs in, here or at the other end of ssh."""
    if environ.get("TMUX") or environ.get("TERM", "").startswith("tmux"):
        return Multiplexer.TMUX
    return Multiplexer.SCREEN if environ.get("STY") else None


def _known(environ: Mapping[str, str], inside: Multiplexer | None, tmux: Tmux | None) -> Terminal | None:
    """The terminal, by the surest sign that there is of it."""
    if tmux is not None and (tmux.terminal or tmux.term):
        # The variables are those of the terminal that the server was started from.
        return _by_program(tmux.terminal) or _by_term(tmux.term)
    return (
        _by_program(environ.get("TERM_PROGRAM", ""))
        or _by_program(environ.get("LC_TERMINAL", ""))
        or (None if inside else _by_term(environ.get("TERM", "")))
        or next((one for one in TERMINALS if any(environ.get(name) for name in one.variables)), None)
    )


def _by_program(name: str) -> Terminal | None:
    return next((one for one in TERMINALS if one.programs and name.lower().startswith(one.programs)), None)


def _by_term(term: str) -> Terminal | None:
    return next((one for one in TERMINALS if one.terms and term.lower().startswith(one.terms)), None)


def ask_tmux(environ: Mapping[str, str]) -> Tmux | None:
    """What the tmux says that the program runs in; ``None`` outside of one, or where it does not answer
    within `TMUX_TIMEOUT`. Blocks; raises nothing."""
    if not environ.get("TMUX"):
        return None
    pane = environ.get("TMUX_PANE", "")
    command = [
        "tmux",
        "display-message",
        "-p",
        *(["-t", pane] if pane else []),
        "#{allow-passthrough}\n#{client_termtype}\n#{client_termname}",
    ]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and words of its own
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TMUX_TIMEOUT,
            check=True,
            env=dict(environ),
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.SubprocessError):
        return None
    passthrough, terminal, term, *_ = [clean(one.strip(), 80) for one in done.stdout.split("\n")] + [""] * 3
    return Tmux(_PASSTHROUGH.get(passthrough, passthrough), terminal, term)


_PASSTHROUGH = {"0": "off", "1": "on", "2": "all"}
"""In a format an option that is one of several words is its number."""
