"""The settings file: what a person prefers, and would not type at every start.

It is TOML, and lies where the platform keeps such files, or where ``FARMWATCH_CONFIG`` says. What is not
understood in it is told at once: a preference that is silently ignored is looked for at three in the morning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from farmwatch.aws.cleaning import clean

SHORTEST_INTERVAL = 1.0
LONGEST_INTERVAL = 3600.0

DEFAULT_LOG_REQUESTS = 5.0
"""GetLogEvents a second: a share of the 10 to 30 that an account has in a region (a quota that cannot be
raised, and that everything else of the studio draws on too)."""

LEAST_LOG_REQUESTS = 0.1
MOST_LOG_REQUESTS = 30.0

LONGEST_WORD = 200

DEFAULT_HISTORY_DAYS = 120.0
"""As long as the service keeps jobs."""

LEAST_HISTORY_DAYS = 1.0
MOST_HISTORY_DAYS = 3650.0


class BadPreference(ValueError):  # noqa: N818 - named for what the wrangler is told
    """Something in the file cannot be; the text is one line that says where."""


class Preferences(Struct, frozen=True):
    """What the file says. ``interval`` (seconds) is ``None`` where it says nothing; the words are those that
    make a line of a log an error or a warning, ``None`` for the usual ones; ``history_days`` is how long what
    was seen is kept."""

    interval: float | None = None
    log_requests: float = DEFAULT_LOG_REQUESTS
    error_words: tuple[str, ...] | None = None
    warning_words: tuple[str, ...] | None = None
    history_days: float = DEFAULT_HISTORY_DAYS


def place(environ: Mapping[str, str]) -> Path:
    """Where the settings file is, or would be."""
    named = environ.get("FARMWATCH_CONFIG")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("farmwatch", appauthor=False) / "config.toml"


def read(path: Path) -> Preferences:
    """What a file says; without the file, nothing. Raises `BadPreference`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Preferences()
    except (OSError, UnicodeDecodeError) as error:
        raise BadPreference(f"{_name(path)} cannot be read: {_why(error)}") from error
    import tomllib  # most have no such file, and the first frame waits

    try:
        return _understood(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadPreference(f"{_name(path)} is not TOML: {clean(str(error), 120)}") from error
    except BadPreference as error:
        raise BadPreference(f"{_name(path)}: {error}") from error


def _name(path: Path) -> str:
    return clean(str(path), 200)


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _understood(said: dict[str, Any]) -> Preferences:
    tables = {name: said.pop(name, {}) for name in ("logs", "history")}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise BadPreference(f"[{name}] is not a table")
    found: dict[str, Any] = {}
    for table, prefix, wanted in (
        (said, "", _TOP),
        (tables["logs"], "logs.", _LOGS),
        (tables["history"], "history.", _HISTORY),
    ):
        for name, value in table.items():
            if name not in wanted:
                known = ", ".join(sorted([f"{prefix}{one}" for one in wanted]))
                raise BadPreference(f"{prefix}{clean(name, 40)} is not known here; what is: {known}")
            member, check = wanted[name]
            found[member] = check(f"{prefix}{name}", value)
    return Preferences(**found)


def _number(least: float, most: float) -> Callable[[str, Any], float]:
    def check(name: str, value: Any) -> float:
        if type(value) not in (int, float) or not least <= value <= most:
            shown = clean(repr(value), 40)
            raise BadPreference(f"{name} is {shown}; a number from {least:g} to {most:g} is wanted")
        return float(value)

    return check


def _words(name: str, value: Any) -> tuple[str, ...]:
    is_list = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
    if not is_list or any(len(one) > LONGEST_WORD for one in value):
        raise BadPreference(f'{name} is not a list of words like ["ERROR", "fatal:"]')
    return tuple(value)


_TOP = {"interval": ("interval", _number(SHORTEST_INTERVAL, LONGEST_INTERVAL))}
_LOGS = {
    "requests_per_second": ("log_requests", _number(LEAST_LOG_REQUESTS, MOST_LOG_REQUESTS)),
    "error_words": ("error_words", _words),
    "warning_words": ("warning_words", _words),
}
_HISTORY = {"days": ("history_days", _number(LEAST_HISTORY_DAYS, MOST_HISTORY_DAYS))}
