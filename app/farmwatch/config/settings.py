"""What the program was told: options first, then the environment, then the settings file and the defaults of
the ``deadline`` command, which a workstation set up for Deadline Cloud has already."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from farmwatch.aws.cleaning import clean
from farmwatch.aws.model import DEFAULT_CONNECTION
from farmwatch.aws.reply import is_id
from farmwatch.config import deadline_command
from farmwatch.config.alerts_table import AlertsTable
from farmwatch.config.notify_table import NotifyTable
from farmwatch.config.rules_table import RulesTable
from farmwatch.config.schema import (
    DEFAULT_ENDED_MINUTES,
    DEFAULT_HISTORY_DAYS,
    DEFAULT_LOG_REQUESTS,
    ERROR_WORDS,
    LONGEST_INTERVAL,
    SHORTEST_INTERVAL,
    WARNING_WORDS,
    BadSetting,
    ConnectionTable,
    SettingsFile,
    default_path,
    read,
)

DEFAULT_INTERVAL = timedelta(seconds=2)
DEMO_REGION = "us-west-2"

_LEVELS = ("farm", "queue", "job", "session")

_Found = Callable[[str, str], str | None]


class SettingsError(ValueError):
    """Something that was asked for cannot be; the text is one line for whoever asked."""


class ConnectionSettings(Struct, frozen=True):
    """A connection: a profile in a region, and its name. ``None`` leaves a thing to boto3; the demo's has no
    credentials to look for. ``farm_id`` and ``queue_id`` are where it is opened, if anywhere; ``monitor_url``
    is the address of its Deadline Cloud monitor, empty where that is not known."""

    name: str = DEFAULT_CONNECTION
    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    demo: bool = False
    farm_id: str | None = None
    queue_id: str | None = None
    monitor_url: str = ""

    @property
    def where(self) -> tuple[str, ...]:
        """Its profile, region and endpoint, to tell it from another one of the same name."""
        return (self.profile or "", self.region or "", self.endpoint_url or "")


class Settings(Struct, frozen=True):
    """How the program runs. ``connections`` are those to watch, one at least; the ids name the place to open
    at, on the first of them. ``interval`` is how often a living session is asked for (1 s to 1 h),
    ``log_requests`` how many pages of logs a second and connection at the most; the words make a line of a
    log an error or a warning, what was seen is kept for ``history_kept``, and what has ended stays on the
    wall for ``wall_keeps_ended``. ``rules`` are the thresholds of the rules of trouble, ``alerts`` has when
    nobody is told of it. With ``allow_actions`` sessions, tasks and jobs may be ended, canceled and requeued;
    else everything is only read. ``keys`` are keys of one's own, by the id of the key binding. ``notes`` are
    lines about what was found wrong and left aside; ``sources`` tells where what is not a default comes
    from."""

    connections: tuple[ConnectionSettings, ...] = (ConnectionSettings(),)
    farm_id: str | None = None
    queue_id: str | None = None
    job_id: str | None = None
    session_id: str | None = None
    interval: timedelta = DEFAULT_INTERVAL
    log_requests: float = DEFAULT_LOG_REQUESTS
    error_words: tuple[str, ...] = ERROR_WORDS
    warning_words: tuple[str, ...] = WARNING_WORDS
    history_kept: timedelta = timedelta(days=DEFAULT_HISTORY_DAYS)
    wall_keeps_ended: timedelta = timedelta(minutes=DEFAULT_ENDED_MINUTES)
    rules: RulesTable = RulesTable()
    alerts: AlertsTable = AlertsTable()
    notify: NotifyTable = NotifyTable()
    allow_actions: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    demo: bool = False
    notes: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def connection(self) -> ConnectionSettings:
        """The first connection: the only one, unless several were asked for."""
        return self.connections[0]


def resolve(
    *,
    profile: str | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
    connections: Sequence[str] = (),
    all_connections: bool = False,
    farm_id: str | None = None,
    queue_id: str | None = None,
    job_id: str | None = None,
    session_id: str | None = None,
    interval: float | None = None,
    allow_actions: bool = False,
    demo: bool = False,
    environ: Mapping[str, str],
    home: Path,
) -> Settings:
    """The settings that hold; raises `SettingsError`.

    Options go before the settings file (`farmwatch.config.schema`) and before the environment
    (``AWS_PROFILE``, ``AWS_DEFAULT_REGION``), that before the set-up of the ``deadline`` command
    (``~/.deadline/config``, or the file ``DEADLINE_CONFIG_FILE_PATH`` names); what none of them says is
    boto3's to find. A demo looks at the settings file alone. ``connections`` names some of those in the
    settings file, ``all_connections`` takes all of them; then the file alone says what they are.
    """
    ids = (farm_id, queue_id, job_id, session_id)
    for level, given in zip(_LEVELS, ids, strict=True):
        if given is not None and not is_id(level, given):
            raise SettingsError(
                f"--{level}-id {clean(given, 80)!r} is not a {level} id: "
                f"{level}- and 32 digits of 0-9 and a-f are wanted"
            )
    if endpoint_url is not None and not endpoint_url.startswith(("http://", "https://")):
        raise SettingsError(
            f"--endpoint-url {clean(endpoint_url, 80)!r} is not a URL that begins with http:// or https://"
        )
    path = default_path(environ)
    try:
        file = read(path)
    except BadSetting as error:
        raise SettingsError(str(error)) from error
    sources = {
        name: f"--{name.replace('_', '-')}"
        for name, given in (("profile", profile), ("region", region), ("endpoint_url", endpoint_url))
        if given is not None
    }
    sources |= {f"{level}_id": f"--{level}-id" for level, one in zip(_LEVELS, ids, strict=True) if one}
    if interval is not None:
        sources["interval"] = "--interval"
    if allow_actions:
        sources["allow_actions"] = "--allow-actions"
    asked = Settings(
        (ConnectionSettings(DEFAULT_CONNECTION, profile, region, endpoint_url, demo),),
        *ids,
        interval=_interval(interval, file),
        log_requests=file.logs.requests_per_second,
        error_words=file.logs.error_words,
        warning_words=file.logs.warning_words,
        history_kept=timedelta(days=file.history.days),
        wall_keeps_ended=timedelta(minutes=file.wall.ended_minutes),
        rules=file.rules,
        alerts=file.alerts,
        notify=file.notify,
        allow_actions=allow_actions or file.actions,
        keys=file.keys,
        demo=demo,
        sources={**_of_file(file, path), **sources},
    )
    if connections or all_connections:
        settings = _named(asked, connections, file, path)
    elif demo:
        settings = replace(asked, connections=(ConnectionSettings(region=DEMO_REGION, demo=True),))
    else:
        settings = _with_deadline_defaults(asked, environ, home)
    _check_parents(settings)
    return settings


def _of_file(file: SettingsFile, path: Path) -> dict[str, str]:
    """What the file says other than the defaults, and that the file says so."""
    usual, where = SettingsFile(), clean(str(path), 200)
    told = {
        "interval": file.interval != usual.interval,
        "log_requests": file.logs.requests_per_second != usual.logs.requests_per_second,
        "error_words": file.logs.error_words != usual.logs.error_words,
        "warning_words": file.logs.warning_words != usual.logs.warning_words,
        "history_kept": file.history.days != usual.history.days,
        "wall_keeps_ended": file.wall.ended_minutes != usual.wall.ended_minutes,
        "terminal": file.notify.terminal != usual.notify.terminal,
        "heartbeat_url": bool(file.notify.heartbeat_url),
        "heartbeat_minutes": file.notify.heartbeat_minutes != usual.notify.heartbeat_minutes,
        "targets": bool(file.notify.targets),
        "allow_actions": file.actions,
        "keys": bool(file.keys),
        **{
            f"rules.{name}": getattr(file.rules, name) != getattr(usual.rules, name)
            for name in file.rules.__struct_fields__
        },
        **{
            f"alerts.{name}": getattr(file.alerts, name) != getattr(usual.alerts, name)
            for name in file.alerts.__struct_fields__
        },
    }
    return {name: where for name, is_told in told.items() if is_told}


def _interval(seconds: float | None, file: SettingsFile) -> timedelta:
    if seconds is None:
        return timedelta(seconds=file.interval)
    if math.isnan(seconds) or not SHORTEST_INTERVAL <= seconds <= LONGEST_INTERVAL:
        raise SettingsError(f"--interval {seconds:g} is not between 1 and 3600 seconds")
    return timedelta(seconds=seconds)


def _named(asked: Settings, names: Sequence[str], file: SettingsFile, path: Path) -> Settings:
    """Connections of the settings file: those of these names, or all."""
    told = asked.connection
    for option, given in (
        ("--profile", told.profile),
        ("--region", told.region),
        ("--endpoint-url", told.endpoint_url),
        ("--demo", told.demo),
    ):
        if given:
            raise SettingsError(f"{option} goes without --connection: a connection says that itself")
    where = clean(str(path), 200)
    known = ", ".join(file.connections) or "none; farmwatch config --example shows how they are named"
    for name in names:
        if name not in file.connections:
            raise SettingsError(f"--connection {clean(name, 40)!r} is not in {where}; what is: {known}")
    chosen = tuple(dict.fromkeys(names or file.connections))
    if not chosen:
        raise SettingsError(f"--all-connections: {where} has {known}")
    connections = tuple(connection_of(name, file.connections[name]) for name in chosen)
    sources = {**asked.sources, **{f"connections.{name}": where for name in chosen}}
    settings = replace(asked, connections=connections, sources=sources)
    if len(chosen) > 1:
        if asked.farm_id is not None:
            raise SettingsError(f"--farm-id goes with one connection: {len(chosen)} were asked for")
        return settings
    (only,) = connections
    if asked.farm_id is not None or only.farm_id is None:
        return settings
    sources = {**sources, "farm_id": where, **({"queue_id": where} if only.queue_id else {})}
    return replace(settings, farm_id=only.farm_id, queue_id=asked.queue_id or only.queue_id, sources=sources)


def connection_of(name: str, table: ConnectionTable) -> ConnectionSettings:
    """A connection of the settings file."""
    return ConnectionSettings(
        name,
        table.profile or None,
        table.region or None,
        table.endpoint_url or None,
        farm_id=table.farm or None,
        queue_id=table.queue or None,
        monitor_url=table.monitor_url,
    )


def _check_parents(settings: Settings) -> None:
    ids = (settings.farm_id, settings.queue_id, settings.job_id, settings.session_id)
    for depth, level in enumerate(_LEVELS[1:], start=1):
        missing = [f"--{_LEVELS[above]}-id" for above in range(depth) if ids[above] is None]
        if ids[depth] is not None and missing:
            raise SettingsError(f"--{level}-id needs {' and '.join(missing)} too")


def _with_deadline_defaults(asked: Settings, environ: Mapping[str, str], home: Path) -> Settings:
    path = deadline_command.path_of(environ, home)
    where = clean(str(path), 200)
    try:
        config = deadline_command.read(path)
    except deadline_command.NotReadable as error:
        return replace(asked, notes=(f"{where} could not be read and was left aside ({error})",))
    if config is None:
        return asked
    profile = asked.connection.profile or environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")
    # The deadline command has a profile of its own choice only where nobody names another one.
    section = profile or config.default_profile or deadline_command.DEFAULT_CHAIN
    if profile is None and section != deadline_command.DEFAULT_CHAIN:
        asked = _told_by(asked, where, profile=section)
    return _with_default_places(asked, f"profile-{section}", config.get, environ, where)


def _told_by(settings: Settings, where: str, **told: str) -> Settings:
    """The settings with what a source says of the only connection."""
    connection = replace(settings.connection, **told)
    sources = {**settings.sources, **dict.fromkeys(told, where)}
    return replace(settings, connections=(connection,), sources=sources)


def _with_default_places(
    asked: Settings, section: str, found: _Found, environ: Mapping[str, str], where: str
) -> Settings:
    """The default farm, its region and its queue: only as far as the options do not go another way."""
    notes: list[str] = []
    farm_id = found(f"{section} defaults", "farm_id")
    if farm_id is not None and not is_id("farm", farm_id):
        notes.append(f"the default farm of the deadline command is not a farm id: {clean(farm_id, 60)}")
        farm_id = None
    if farm_id is None or asked.farm_id not in (None, farm_id):
        return replace(asked, notes=tuple(notes))
    places = f"{section} {farm_id} defaults"
    farm_region = found(places, "farm_region")
    if asked.connection.region is None and (region := environ.get("AWS_DEFAULT_REGION")):
        asked = _told_by(asked, "AWS_DEFAULT_REGION", region=region)
    elif asked.connection.region is None and farm_region:
        asked = _told_by(asked, where, region=farm_region)
    queue_id = found(places, "queue_id")
    if queue_id is not None and not is_id("queue", queue_id):
        notes.append(f"the default queue of the deadline command is not a queue id: {clean(queue_id, 60)}")
        queue_id = None
    # Whoever names the farm and nothing below it wants to see the farm.
    if asked.farm_id is None or asked.job_id is not None:
        queue_id = asked.queue_id or queue_id
    else:
        queue_id = asked.queue_id
    told = {"farm_id": farm_id, "queue_id": queue_id}
    sources = {name: where for name, value in told.items() if value and value != getattr(asked, name)}
    return replace(asked, **told, notes=tuple(notes), sources={**asked.sources, **sources})
