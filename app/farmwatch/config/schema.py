"""The settings file, declared once: types, ranges, defaults and help, from which the errors, the example, the
completions and the README's table are made.

It is TOML, and lies where the platform keeps such files, or where ``FARMWATCH_CONFIG`` says. What is not
understood in it is told at once: a setting that is silently ignored is looked for at three in the morning.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct, field

from farmwatch.aws.cleaning import clean
from farmwatch.config.alerts_table import AlertsTable
from farmwatch.config.notify_table import NotifyTable, TargetTable, check_target
from farmwatch.config.paths import replace_private
from farmwatch.config.quiet_hours import quiet_hours_of
from farmwatch.config.rules_table import RulesTable, SessionRulesTable

SHORTEST_INTERVAL = 1.0
LONGEST_INTERVAL = 3600.0

DEFAULT_LOG_REQUESTS = 5.0
"""GetLogEvents a second: a share of the 10 to 30 that an account has in a region (a quota that cannot be
raised, and that everything else of the studio draws on too)."""

DEFAULT_HISTORY_DAYS = 120.0
"""As long as the service keeps jobs."""

DEFAULT_ENDED_MINUTES = 10.0

ERROR_WORDS = (
    "ERROR",
    "FATAL",
    "CRITICAL",
    "SEVERE",
    "PANIC",
    "Traceback",
    "error:",
    "fatal:",
    "failed to",
    "core dumped",
    "segmentation fault",
    "out of memory",
)
"""What renderers, Python and the shell write when something is wrong."""

WARNING_WORDS = ("WARNING", "WARN", "warning:")

CONNECTION_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$"

SECRET = ("notify.",)
"""What the names of settings begin with whose values are not shown, not even where they are wrong."""

_NAMES = "up to 40 letters, digits, - _ and ., a letter or a digit first"
_Word = Annotated[str, Meta(min_length=1, max_length=200)]
_WORDS = 'a list of words like ["ERROR", "fatal:"]'
_ID = "{0}- and 32 digits of 0-9 and a-f"


class BadSetting(ValueError):  # noqa: N818 - named for what the wrangler is told
    """Something in the file cannot be; the text is one line that says where, and what is allowed."""


class ConnectionTable(Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says about a connection. What is empty is left to boto3."""

    profile: Annotated[str, Meta(max_length=200, description="AWS profile")] = ""
    region: Annotated[
        str,
        Meta(
            pattern="^([a-z]{2}(-[a-z]+)+-[0-9]+)?$",
            description="AWS region",
            extra={"allowed": "the name of a region like us-west-2"},
        ),
    ] = ""
    endpoint_url: Annotated[
        str,
        Meta(
            pattern="^(https?://[^ ]+)?$",
            description="endpoint to use instead of AWS's",
            extra={"allowed": "a URL that begins with http:// or https://"},
        ),
    ] = ""
    farm: Annotated[
        str,
        Meta(
            pattern="^(farm-[0-9a-f]{32})?$",
            description="farm to open at, where the connection is the only one",
            extra={"allowed": _ID.format("farm")},
        ),
    ] = ""
    queue: Annotated[
        str,
        Meta(
            pattern="^(queue-[0-9a-f]{32})?$",
            description="queue of that farm to open at",
            extra={"allowed": _ID.format("queue")},
        ),
    ] = ""
    monitor_url: Annotated[
        str,
        Meta(
            pattern="^(https?://[^ ]+)?$",
            description="address of its Deadline Cloud monitor, region and all, for links in what is told",
            extra={"allowed": "a URL like https://NAME.REGION.deadlinecloud.amazonaws.com/REGION"},
        ),
    ] = ""


class LogsTable(Struct, frozen=True, forbid_unknown_fields=True):
    """How logs are read, and what in them is an error."""

    requests_per_second: Annotated[
        float,
        Meta(
            ge=0.1,
            le=30,
            description="pages of logs a second and connection; an account has 10 to 30",
        ),
    ] = DEFAULT_LOG_REQUESTS
    error_words: Annotated[
        tuple[_Word, ...],
        Meta(
            description="words that make a line an error; in small letters in any case, else as written",
            extra={"allowed": _WORDS},
        ),
    ] = ERROR_WORDS
    warning_words: Annotated[
        tuple[_Word, ...],
        Meta(description="the same for warnings", extra={"allowed": _WORDS}),
    ] = WARNING_WORDS


class HistoryTable(Struct, frozen=True, forbid_unknown_fields=True):
    """How long what was seen is kept."""

    days: Annotated[float, Meta(ge=1, le=3650, description="days that what was seen is kept")] = (
        DEFAULT_HISTORY_DAYS
    )


class WallTable(Struct, frozen=True, forbid_unknown_fields=True):
    """The wall."""

    ended_minutes: Annotated[
        float, Meta(ge=0, le=1440, description="minutes that a session stays on the wall after it has ended")
    ] = DEFAULT_ENDED_MINUTES


class SettingsFile(Struct, frozen=True, forbid_unknown_fields=True):
    """All that the settings file can say."""

    interval: Annotated[
        float,
        Meta(
            ge=SHORTEST_INTERVAL,
            le=LONGEST_INTERVAL,
            description="seconds between two refreshes of a running session",
        ),
    ] = 2.0
    actions: Annotated[
        bool,
        Meta(
            description="whether sessions, tasks and jobs may be ended, canceled and requeued from here",
            extra={"allowed": "true or false"},
        ),
    ] = False
    logs: LogsTable = LogsTable()
    history: HistoryTable = HistoryTable()
    wall: WallTable = WallTable()
    rules: RulesTable = RulesTable()
    alerts: AlertsTable = AlertsTable()
    notify: NotifyTable = NotifyTable()
    connections: Annotated[
        dict[str, ConnectionTable], Meta(description="connections by name, for --connection")
    ] = field(default_factory=dict)
    keys: Annotated[
        dict[str, str],
        Meta(
            description="keys of one's own: the name of a key binding, and its keys",
            extra={"allowed": 'the names of keys like "f5,ctrl+r"'},
        ),
    ] = field(default_factory=dict)


class Option(Struct, frozen=True):
    """One setting, as it is told: ``name`` with its table (``logs.error_words``; ``NAME`` and ``ACTION``
    stand for names), what is ``allowed``, its default, and what it is for."""

    name: str
    allowed: str
    default: Any
    help: str


def options() -> tuple[Option, ...]:
    """Every setting, in the order of the file; those of a connection under ``connections.NAME``."""
    return tuple(_options(SettingsFile, ""))


def _options(table: type[Struct], prefix: str) -> Iterator[Option]:
    hints = get_type_hints(table, include_extras=True)
    for one in msgspec.structs.fields(table):
        hint, name = hints[one.name], f"{prefix}{one.name}"
        if isinstance(hint, type) and issubclass(hint, Struct):
            yield from _options(hint, f"{name}.")
            continue
        kind, meta = get_args(hint)[:2]
        values = get_args(kind)[1:] if one.default_factory is dict else ()
        if values and issubclass(values[0], Struct) and meta.extra:
            yield Option(f"{name}.NAME", _allowed(kind, meta), "", meta.description or "")
        elif values and issubclass(values[0], Struct):
            yield from _options(values[0], f"{name}.NAME.")
        elif values:
            yield Option(f"{name}.ACTION", _allowed(kind, meta), "", meta.description or "")
        else:
            yield Option(name, _allowed(kind, meta), one.default, meta.description or "")


def _allowed(kind: Any, meta: Meta) -> str:
    if meta.extra:
        return str(meta.extra["allowed"])
    number = {int: "a whole number", float: "a number"}.get(kind)
    return f"{number} from {meta.ge:g} to {meta.le:g}" if number else "a text"


def default_path(environ: Mapping[str, str]) -> Path:
    """Where the settings file is, or would be."""
    named = environ.get("FARMWATCH_CONFIG")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("farmwatch", appauthor=False) / "config.toml"


def read(path: Path) -> SettingsFile:
    """What a file says; without the file, nothing. Raises `BadSetting`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return SettingsFile()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{_shown(path)} cannot be read: {_why(error)}") from error
    return understand(text, path)


def understand(text: str, path: Path) -> SettingsFile:
    """What the text of a settings file says. Raises `BadSetting`."""
    import tomllib  # most have no such file, and the first frame waits

    try:
        return _understood(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{_shown(path)} is not TOML: {clean(str(error), 120)}") from error
    except BadSetting as error:
        raise BadSetting(f"{_shown(path)}: {error}") from error


def _shown(path: Path) -> str:
    return clean(str(path), 200)


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _understood(said: dict[str, Any]) -> SettingsFile:
    named = said.get("connections", {})
    _want_table(named, "connections")
    for name, table in named.items():
        if not re.match(CONNECTION_NAME, name):
            shown = clean(name, 40)
            raise BadSetting(f"connections.{shown!r} is no name for a connection: {_NAMES}")
        _convert(table, ConnectionTable, f"connections.{name}")
    rules = said.get("rules", {})
    _want_table(rules, "rules")
    for kind in ("queue", "job"):
        named = rules.get(kind, {})
        _want_table(named, f"rules.{kind}")
        for name, table in named.items():
            _convert(table, SessionRulesTable, f"rules.{kind}.{clean(name, 40)}")
    notify = said.get("notify", {})
    _want_table(notify, "notify")
    targets = notify.get("targets", {})
    _want_table(targets, "notify.targets")
    for name, table in targets.items():
        if not re.match(CONNECTION_NAME, name):
            raise BadSetting(f"notify.targets.{clean(name, 40)!r} is no name for a target: {_NAMES}")
        target = _convert(table, TargetTable, f"notify.targets.{name}")
        if wrong := check_target(name, target):
            raise BadSetting(wrong)
    file: SettingsFile = _convert(said, SettingsFile, "")
    try:
        quiet_hours_of(file.alerts.quiet_hours)
    except ValueError as error:
        raise BadSetting(f"alerts.quiet_hours: {error}") from None
    return file


def _want_table(value: Any, name: str) -> None:
    if not isinstance(value, dict):
        raise BadSetting(f"[{name}] is not a table")


def _convert(said: Any, table: type[Any], at: str) -> Any:
    """A table of the file as its struct; raises `BadSetting` that names the first key that cannot be."""
    if at:
        _want_table(said, at)
    try:
        made = msgspec.convert(said, table)
    except msgspec.ValidationError as error:
        raise BadSetting(_told(str(error), said, at)) from None
    for option in options():
        # Of a table of its own the names are those of the options below it.
        name = option.name if not at else option.name.removeprefix(f"{_pattern(at)}.")
        value = _at(said, name.split("."))
        if isinstance(value, float) and math.isnan(value):
            raise BadSetting(f"{at}{'.' if at else ''}{name} is nan; {option.allowed} is wanted")
    return made


def _pattern(at: str) -> str:
    """What the options of a table are called in the schema; thresholds for some are those for all."""
    if at.startswith(("rules.queue.", "rules.job.")):
        return "rules"
    if at.startswith("notify.targets."):
        return "notify.targets.NAME"
    return "connections.NAME" if at.startswith("connections.") else at


def _told(words: str, said: Any, at: str) -> str:
    """What msgspec says about a key, in the words of the schema."""
    found, _, path = words.partition(" - at `$")
    # What is wrong in a list is told of the list.
    keys = [key for key in path.rstrip("`").partition("[")[0].split(".") if key]
    unknown = re.search(r"unknown field `(.*)`", found, re.DOTALL)
    prefix = ".".join((at, *keys) if at else keys)
    if unknown:
        start = "".join(f"{one}." for one in (_pattern(at), *keys) if one)
        known = sorted({_below(one.name, start) for one in options() if one.name.startswith(start)})
        if _pattern(at) == "rules":
            known = list(SessionRulesTable.__struct_fields__)
        shown = clean(unknown[1], 40)
        name = f"{prefix}.{shown}" if prefix else shown
        return f"{name} is not known here; what is: {', '.join(known)}"
    value = _at(said, keys)
    if isinstance(getattr(SettingsFile(), prefix, None), Struct | dict):
        return _keys(value) if isinstance(value, dict) else f"[{prefix}] is not a table"
    pattern = ".".join(one for one in (_pattern(at), *keys) if one)
    option = next(one for one in options() if one.name == pattern)
    shown = "not that" if prefix.startswith(SECRET) else clean(repr(value), 60)
    if option.allowed == _WORDS:
        return f"{prefix} is not {option.allowed}"
    return f"{prefix} is {shown}; {option.allowed} is wanted"


def _keys(said: dict[str, Any]) -> str:
    name, value = next((name, value) for name, value in said.items() if not isinstance(value, str))
    return (
        f'keys.{clean(name, 40)} is {clean(repr(value), 40)}; the names of keys like "f5,ctrl+r" are wanted'
    )


def _below(name: str, prefix: str) -> str:
    """A setting by its name, and of a table that is not asked about the table alone."""
    table = name.removeprefix(prefix).partition(".")
    return name if prefix or not table[1] else f"[{table[0]}]"


def _at(said: Any, keys: list[str]) -> Any:
    for key in keys:
        said = said.get(key) if isinstance(said, dict) else None
    return said


# --- as it is shown ------------------------------------------------------------------------------------


def as_toml(value: Any) -> str:
    """A value as a settings file would have it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(as_toml(one) for one in value)}]"
    if isinstance(value, str):
        return msgspec.json.encode(value).decode()
    return f"{value:g}"


def example() -> str:
    """A settings file with every setting in it, commented, at its default."""
    lines = ["# Settings of Farmwatch. What is commented out is as it is without this file."]
    table = ""
    for option in options():
        names = option.name.split(".")
        above = ".".join(names[:-1])
        if above != table:
            table = above
            header = f"[{above.replace('NAME', 'west')}]"
            lines += ["", header if "NAME" not in above else f"# {header}"]
        lines.append(f"# {option.help} ({option.allowed})")
        if names[-1] not in ("ACTION", "NAME"):
            lines.append(f"# {names[-1]} = {as_toml(option.default)}")
    return "\n".join(lines) + "\n"


def table() -> str:
    """Every setting as a table in Markdown, for the README."""
    lines = ["| setting | default | allowed | what it is for |", "|---|---|---|---|"]
    for option in options():
        default = as_toml(option.default) if option.default != "" else ""
        shown = "see the example" if len(default) > 40 else f"`{default}`" if default else ""
        lines.append(f"| `{option.name}` | {shown} | {option.allowed} | {option.help} |")
    return "\n".join(lines)


# --- writing ---------------------------------------------------------------------------------------------


def add_connection(path: Path, name: str, connection: ConnectionTable) -> None:
    """Write a connection at the end of a settings file, whose text stays as it is; a new file is its owner's
    alone. Raises `BadSetting` where the file cannot be, or has one of that name, and `OSError`."""
    if not re.match(CONNECTION_NAME, name):
        raise BadSetting(f"{clean(name, 40)!r} is no name for a connection: {_NAMES}")
    try:
        before = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        before = ""
    if name in understand(before, path).connections:
        raise BadSetting(f"{_shown(path)} has a connection {name!r} already")
    told = ((one, getattr(connection, one)) for one in connection.__struct_fields__)
    key = as_toml(name) if "." in name else name
    lines = [f"[connections.{key}]", *(f"{one} = {as_toml(value)}" for one, value in told if value)]
    gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
    after = f"{before}{gap}" + "\n".join(lines) + "\n"
    understand(after, path)
    replace_private(path, after)
