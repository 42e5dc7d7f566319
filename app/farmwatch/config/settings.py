"""What the program was told: options first, then the environment, then the defaults of the ``deadline``
command, which a workstation set up for Deadline Cloud has already."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.cleaning import clean
from farmwatch.aws.model import DEFAULT_CONNECTION
from farmwatch.aws.reply import is_id
from farmwatch.config.preferences import (
    DEFAULT_HISTORY_DAYS,
    DEFAULT_LOG_REQUESTS,
    LONGEST_INTERVAL,
    SHORTEST_INTERVAL,
    BadPreference,
    Preferences,
    place,
    read,
)

DEFAULT_INTERVAL = timedelta(seconds=2)
DEMO_REGION = "us-west-2"

DEFAULT_CHAIN = "(default)"
"""How the ``deadline`` command calls "no profile: whatever boto3 finds"."""

_LEVELS = ("farm", "queue", "job", "session")

_Found = Callable[[str, str], str | None]


class SettingsError(ValueError):
    """Something that was asked for cannot be; the text is one line for whoever asked."""


class Settings(Struct, frozen=True):
    """How the program runs. ``None`` leaves a thing to boto3. ``interval`` is how often a living session is
    asked for (1 s to 1 h), ``log_requests`` how many pages of logs a second at the most; the words make a
    line of a log an error or a warning (``None``: the usual ones), and what was seen is kept for
    ``history_kept``. ``connection`` names the profile and region that are watched. ``notes`` are lines about
    what was found wrong and left aside."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    farm_id: str | None = None
    queue_id: str | None = None
    job_id: str | None = None
    session_id: str | None = None
    interval: timedelta = DEFAULT_INTERVAL
    log_requests: float = DEFAULT_LOG_REQUESTS
    error_words: tuple[str, ...] | None = None
    warning_words: tuple[str, ...] | None = None
    history_kept: timedelta = timedelta(days=DEFAULT_HISTORY_DAYS)
    demo: bool = False
    connection: str = DEFAULT_CONNECTION
    notes: tuple[str, ...] = ()


def resolve(
    *,
    profile: str | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
    farm_id: str | None = None,
    queue_id: str | None = None,
    job_id: str | None = None,
    session_id: str | None = None,
    interval: float | None = None,
    demo: bool = False,
    environ: Mapping[str, str],
    home: Path,
) -> Settings:
    """The settings that hold; raises `SettingsError`.

    Options go before the settings file (`farmwatch.config.preferences`) and before the environment
    (``AWS_PROFILE``, ``AWS_DEFAULT_REGION``), that before the set-up of the ``deadline`` command
    (``~/.deadline/config``, or the file ``DEADLINE_CONFIG_FILE_PATH`` names); what none of them says is
    boto3's to find. A demo looks at the settings file alone.
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
    try:
        preferred = read(place(environ))
    except BadPreference as error:
        raise SettingsError(str(error)) from error
    asked = Settings(
        profile,
        region,
        endpoint_url,
        farm_id,
        queue_id,
        job_id,
        session_id,
        interval=_interval(interval, preferred),
        log_requests=preferred.log_requests,
        error_words=preferred.error_words,
        warning_words=preferred.warning_words,
        history_kept=timedelta(days=preferred.history_days),
        demo=demo,
    )
    if demo:
        settings = replace(asked, profile=None, region=DEMO_REGION, endpoint_url=None)
    else:
        settings = _with_deadline_defaults(asked, environ, home)
    _check_parents(settings)
    return settings


def _interval(seconds: float | None, preferred: Preferences) -> timedelta:
    if seconds is None:
        return DEFAULT_INTERVAL if preferred.interval is None else timedelta(seconds=preferred.interval)
    if math.isnan(seconds) or not SHORTEST_INTERVAL <= seconds <= LONGEST_INTERVAL:
        raise SettingsError(f"--interval {seconds:g} is not between 1 and 3600 seconds")
    return timedelta(seconds=seconds)


def _check_parents(settings: Settings) -> None:
    ids = (settings.farm_id, settings.queue_id, settings.job_id, settings.session_id)
    for depth, level in enumerate(_LEVELS[1:], start=1):
        missing = [f"--{_LEVELS[above]}-id" for above in range(depth) if ids[above] is None]
        if ids[depth] is not None and missing:
            raise SettingsError(f"--{level}-id needs {' and '.join(missing)} too")


def _with_deadline_defaults(asked: Settings, environ: Mapping[str, str], home: Path) -> Settings:
    path = Path(environ.get("DEADLINE_CONFIG_FILE_PATH") or home / ".deadline" / "config").expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return asked
    except (OSError, UnicodeDecodeError) as error:
        return _left_aside(asked, path, error)
    import configparser  # most have no such file, and the first frame waits

    config = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        config.read_string(text)
    except configparser.Error as error:
        return _left_aside(asked, path, error)

    def found(section: str, name: str) -> str | None:
        return config.get(section, name, fallback="").strip() or None

    profile = asked.profile or environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")
    # The deadline command has a profile of its own choice only where nobody names another one.
    section = profile or found("defaults", "aws_profile_name") or DEFAULT_CHAIN
    if profile is None and section != DEFAULT_CHAIN:
        asked = replace(asked, profile=section)
    return _with_default_places(asked, f"profile-{section}", found, environ)


def _left_aside(asked: Settings, path: Path, error: Exception) -> Settings:
    note = f"{clean(str(path))} could not be read and was left aside ({type(error).__name__})"
    return replace(asked, notes=(note,))


def _with_default_places(
    asked: Settings, section: str, found: _Found, environ: Mapping[str, str]
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
    region = asked.region or environ.get("AWS_DEFAULT_REGION") or farm_region
    queue_id = found(places, "queue_id")
    if queue_id is not None and not is_id("queue", queue_id):
        notes.append(f"the default queue of the deadline command is not a queue id: {clean(queue_id, 60)}")
        queue_id = None
    # Whoever names the farm and nothing below it wants to see the farm.
    if asked.farm_id is None or asked.job_id is not None:
        queue_id = asked.queue_id or queue_id
    else:
        queue_id = asked.queue_id
    return replace(asked, farm_id=farm_id, queue_id=queue_id, region=region, notes=tuple(notes))
